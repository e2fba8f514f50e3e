CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int % n) $$;

CREATE TABLE cust (
  cust_id  integer PRIMARY KEY,
  cust_nm  varchar(60) NOT NULL UNIQUE,
  ctry_cd  char(2) NOT NULL,
  seg_cd   char(1) NOT NULL CHECK (seg_cd IN ('C','F','P','G')),
  cr_lim_ct bigint,
  act_flg  boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE cust IS 'Customers: the ship owners who send vessels to the yard';
COMMENT ON COLUMN cust.ctry_cd IS 'ISO country of the head office';
COMMENT ON COLUMN cust.seg_cd IS 'segment: C = commercial cargo, F = ferry operator, P = private yacht owner, G = government';
COMMENT ON COLUMN cust.cr_lim_ct IS 'credit limit in euro cents; null = cash in advance only';
COMMENT ON COLUMN cust.act_flg IS 'active customer';

CREATE TABLE vsl (
  vsl_id   integer PRIMARY KEY,
  vsl_nm   varchar(40) NOT NULL UNIQUE,
  imo_no   integer UNIQUE,
  cust_id  integer NOT NULL REFERENCES cust,
  vsl_typ  varchar(3) NOT NULL CHECK (vsl_typ IN ('BLK','CON','FER','TUG','YAC','PAT')),
  len_m    numeric(5,1) NOT NULL,
  bld_yr   smallint NOT NULL,
  lst_surv_dt date
);
COMMENT ON TABLE vsl IS 'Vessels known to the yard';
COMMENT ON COLUMN vsl.imo_no IS 'IMO number; null for craft too small to have one';
COMMENT ON COLUMN vsl.vsl_typ IS 'vessel type: BLK = bulk carrier, CON = container ship, FER = ferry, TUG = tug, YAC = yacht, PAT = patrol boat';
COMMENT ON COLUMN vsl.len_m IS 'length over all in metres';
COMMENT ON COLUMN vsl.bld_yr IS 'year built';
COMMENT ON COLUMN vsl.lst_surv_dt IS 'date of the last class survey; null = never surveyed';

CREATE TABLE dck (
  dck_id   smallint PRIMARY KEY,
  dck_nm   varchar(30) NOT NULL,
  dck_typ  char(2) NOT NULL CHECK (dck_typ IN ('GD','FD','SL','QB')),
  max_len_m numeric(5,1) NOT NULL,
  day_rt_ct integer NOT NULL,
  oos_dt   date
);
COMMENT ON TABLE dck IS 'Docks and berths of the yard';
COMMENT ON COLUMN dck.dck_typ IS 'GD = graving dock, FD = floating dock, SL = slipway, QB = quay berth';
COMMENT ON COLUMN dck.max_len_m IS 'longest vessel it can take, metres';
COMMENT ON COLUMN dck.day_rt_ct IS 'charge per day in euro cents';
COMMENT ON COLUMN dck.oos_dt IS 'out of service since; null = in service';

CREATE TABLE emp (
  emp_id   integer PRIMARY KEY,
  fst_nm   varchar(30) NOT NULL,
  lst_nm   varchar(30) NOT NULL,
  trd_cd   varchar(3) NOT NULL CHECK (trd_cd IN ('WLD','PNT','ELC','MEC','PIP','PM')),
  hr_rt_ct integer NOT NULL,
  hire_dt  date NOT NULL,
  term_dt  date,
  sup_id   integer REFERENCES emp,
  certs    text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE emp IS 'Employees of the yard';
COMMENT ON COLUMN emp.trd_cd IS 'trade: WLD = welder, PNT = painter, ELC = electrician, MEC = mechanic, PIP = pipefitter, PM = project manager';
COMMENT ON COLUMN emp.hr_rt_ct IS 'hourly rate in euro cents';
COMMENT ON COLUMN emp.term_dt IS 'date of leaving; null = still employed';
COMMENT ON COLUMN emp.sup_id IS 'direct supervisor';
COMMENT ON COLUMN emp.certs IS 'certificates held: hot_work, confined_space, crane, high_voltage, diving';

CREATE TABLE prj (
  prj_id   integer PRIMARY KEY,
  vsl_id   integer NOT NULL REFERENCES vsl,
  dck_id   smallint NOT NULL REFERENCES dck,
  mgr_id   integer NOT NULL REFERENCES emp,
  prj_st   char(1) NOT NULL CHECK (prj_st IN ('Q','P','D','X')),
  arr_dt   date NOT NULL,
  prom_dt  date NOT NULL,
  dep_dt   date,
  quot_ct  bigint
);
COMMENT ON TABLE prj IS 'Repair projects: one stay of one vessel at the yard';
COMMENT ON COLUMN prj.mgr_id IS 'project manager in charge';
COMMENT ON COLUMN prj.prj_st IS 'status: Q = quoted, P = in progress, D = delivered, X = cancelled';
COMMENT ON COLUMN prj.arr_dt IS 'arrival at the yard (planned arrival for quoted and cancelled ones)';
COMMENT ON COLUMN prj.prom_dt IS 'redelivery date promised to the owner';
COMMENT ON COLUMN prj.dep_dt IS 'actual departure; null unless delivered';
COMMENT ON COLUMN prj.quot_ct IS 'quoted price in euro cents; null = time and material, no fixed quote';

CREATE TABLE wo (
  wo_id    integer PRIMARY KEY,
  prj_id   integer NOT NULL REFERENCES prj,
  cat_cd   varchar(3) NOT NULL CHECK (cat_cd IN ('HUL','ENG','ELE','PAI','PIP','PRP')),
  est_hrs  numeric(6,1),
  opn_ts   timestamp NOT NULL,
  cls_ts   timestamp,
  wrty_flg boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE wo IS 'Work orders within a project';
COMMENT ON COLUMN wo.cat_cd IS 'category: HUL = hull steel, ENG = engine, ELE = electrical, PAI = painting, PIP = piping, PRP = propeller and shaft';
COMMENT ON COLUMN wo.est_hrs IS 'estimated hours; null = not estimated';
COMMENT ON COLUMN wo.cls_ts IS 'closed at; null = still open';
COMMENT ON COLUMN wo.wrty_flg IS 'warranty work, not charged to the owner';

CREATE TABLE tms (
  tms_id   integer PRIMARY KEY,
  wo_id    integer NOT NULL REFERENCES wo,
  emp_id   integer NOT NULL REFERENCES emp,
  wrk_dt   date NOT NULL,
  hrs      numeric(4,2) NOT NULL,
  ot_flg   boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE tms IS 'Timesheet lines';
COMMENT ON COLUMN tms.ot_flg IS 'overtime';

CREATE TABLE inv (
  inv_id   integer PRIMARY KEY,
  prj_id   integer NOT NULL REFERENCES prj,
  inv_dt   date NOT NULL,
  due_dt   date NOT NULL,
  amt_ct   bigint NOT NULL,
  pd_dt    date
);
COMMENT ON TABLE inv IS 'Invoices to the owners';
COMMENT ON COLUMN inv.amt_ct IS 'invoice amount in euro cents';
COMMENT ON COLUMN inv.pd_dt IS 'date paid in full; null = unpaid';

INSERT INTO cust VALUES
 (1,'Nordfjord Bulk AS','NO','C',250000000,true),(2,'Helios Maritime','GR','C',400000000,true),(3,'Baltic Star Ferries','EE','F',180000000,true),
 (4,'Sund Line','DK','F',220000000,true),(5,'Royal Coast Guard','GB','G',900000000,true),(6,'Ms Clarisse Duval','FR','P',NULL,true),
 (7,'Oranje Towage BV','NL','C',90000000,true),(8,'Adria Yacht Charter','HR','P',35000000,true),(9,'Aegean Box Lines','GR','C',310000000,true),
 (10,'Hanse Container GmbH','DE','C',500000000,true),(11,'Isla Verde Ferries','ES','F',NULL,false),(12,'Fisheries Inspectorate','NO','G',600000000,true),
 (13,'Mr Tobias Lindqvist','SE','P',NULL,true),(14,'Scheldt Tugs NV','BE','C',75000000,true),(15,'Gulf of Finland Shipping','FI','C',160000000,true),
 (16,'Port of Rostock Authority','DE','G',450000000,true),(17,'Monarch Yachts Ltd','GB','P',60000000,false),(18,'Piraeus Ferry Union','GR','F',140000000,true),
 (19,'Tern Island Cruises','IE','F',55000000,true),(20,'Lofoten Salmon Transport','NO','C',NULL,true);

INSERT INTO vsl
SELECT g, nm, CASE WHEN typ IN ('YAC','PAT') AND g%3<>0 THEN NULL ELSE 9100000 + g*7919 END, cu, typ,
 CASE typ WHEN 'BLK' THEN 140 WHEN 'CON' THEN 150 WHEN 'FER' THEN 70 WHEN 'TUG' THEN 24 WHEN 'YAC' THEN 18 ELSE 32 END + pg_temp.h('ln'||g, CASE typ WHEN 'BLK' THEN 850 WHEN 'CON' THEN 900 WHEN 'FER' THEN 900 WHEN 'TUG' THEN 140 WHEN 'YAC' THEN 420 ELSE 500 END)/10.0,
 1988 + pg_temp.h('by'||g,36), CASE WHEN g%11=4 THEN NULL ELSE date '2021-06-01' + pg_temp.h('sv'||g,1950) END
FROM (SELECT g, nm, cu, CASE c.seg_cd WHEN 'F' THEN 'FER' WHEN 'P' THEN 'YAC' WHEN 'G' THEN (ARRAY['PAT','PAT','TUG'])[1+g%3] ELSE CASE cu WHEN 7 THEN 'TUG' WHEN 14 THEN 'TUG' WHEN 9 THEN 'CON' WHEN 10 THEN 'CON' WHEN 1 THEN 'BLK' ELSE (ARRAY['BLK','CON'])[1+g%2] END END AS typ
 FROM (SELECT g, nm, (ARRAY[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,1,2,3,4,5,7,9,10,12,14,15,18,1,2,4,5,8,9,10,7,3,16,2,10,4,19,1,12,9,8])[g] AS cu
 FROM unnest(ARRAY['Fjordheim','Helios Spirit','Baltic Princess','Sund Express','HMS Plover','Belle Epoque','Maas Lion','Adriana','Naxos Trader','Hanse Bremen','Isla Bonita','Havorn','Silver Tern','Schelde Bull','Saima','Warnow Guard','Monarch III','Piraeus Star','Fjordkraft','Helios Dawn','Tallinn Queen','Oresund','HMS Curlew','Maas Tiger','Paros Trader','Hanse Kiel','Skua','Schelde Bear','Vaasa','Aegina','Fjordvik','Helios Pride','Kattegat','HMS Dunlin','Mirna','Milos Trader','Hanse Lubeck','Maas Bear','Saaremaa','Warnow Pilot','Helios Glory','Hanse Emden','Skagerrak','Tern Voyager','Fjordnes','Fulmar','Syros Trader','Kornati']) WITH ORDINALITY u(nm,g)) a JOIN cust c ON c.cust_id=cu) b;

INSERT INTO dck VALUES (1,'North Graving Dock','GD',260,980000,NULL),(2,'South Graving Dock','GD',190,720000,NULL),(3,'Floating Dock Atlas','FD',170,610000,NULL),(4,'Floating Dock Bruno','FD',95,340000,'2026-03-15'),
 (5,'Slipway 1','SL',65,145000,NULL),(6,'Slipway 2','SL',45,110000,NULL),(7,'Quay East','QB',280,210000,NULL),(8,'Quay West','QB',240,195000,NULL),(9,'Old Slipway','SL',30,60000,'2024-10-01'),(10,'Quay Basin','QB',120,90000,NULL);

INSERT INTO emp
SELECT g, (ARRAY['Anton','Birgit','Cormac','Daniela','Erik','Fatima','Goran','Hilde','Ivan','Jolanta','Kofi','Lena','Marek','Nadia','Olaf','Petra','Rafael','Sinead','Tomas','Ursula','Viktor','Wioletta','Aaron','Bella','Casper','Doris','Emil','Freya','Georg','Hanna','Ilya','Judith','Kurt','Ludmila','Mats','Nils','Oskar','Pilar','Ruben','Stina','Tariq','Ulla'])[g],
 (ARRAY['Jansen','Novak','Brandt','Olsen','Murphy','Kowalski','Silva','Weber','Haddad','Lund','Petrov','Meyer','Costa'])[1+pg_temp.h('en'||g,13)],
 CASE WHEN g<=5 THEN 'PM' ELSE (ARRAY['WLD','WLD','WLD','PNT','PNT','ELC','MEC','MEC','PIP'])[1+pg_temp.h('tr'||g,9)] END,
 CASE WHEN g<=5 THEN 6800 ELSE 3400 END + 50*pg_temp.h('rt'||g,32), date '2005-03-01' + pg_temp.h('hd'||g, 7000), CASE WHEN g IN (11,19,27,36) THEN date '2025-08-31' + g*11 END,
 CASE WHEN g=1 THEN NULL WHEN g<=5 THEN 1 ELSE 2 + pg_temp.h('su'||g,4) END,
 ARRAY(SELECT c FROM unnest(ARRAY['hot_work','confined_space','crane','high_voltage','diving']) WITH ORDINALITY x(c,i) WHERE pg_temp.h('ce'||g||c,10) < 5 - i)
FROM generate_series(1,42) g;

INSERT INTO prj
SELECT i, vs, dk, mg, st, ar, ar+du, CASE WHEN st='D' THEN ar+du+CASE WHEN lt<45 THEN -(lt%4) ELSE (lt-44)%13 END END,
 CASE WHEN pg_temp.h('qn'||i,100)<14 THEN NULL ELSE round(((CASE typ WHEN 'BLK' THEN 900000 WHEN 'CON' THEN 1100000 WHEN 'FER' THEN 600000 WHEN 'TUG' THEN 140000 WHEN 'YAC' THEN 60000 ELSE 210000 END)*(0.4+pg_temp.h('qt'||i,130)/100.0)))::bigint*100 END
FROM (SELECT i, v.vsl_id vs, v.vsl_typ typ, (date '2024-01-08' + i*7 + pg_temp.h('ar'||i,6)) ar, 8 + pg_temp.h('du'||i,26) du, pg_temp.h('lt'||i,100) lt, 1+pg_temp.h('mg'||i,5) mg,
  CASE WHEN i>149 THEN CASE WHEN i%7=3 THEN 'X' ELSE 'Q' END WHEN pg_temp.h('xx'||i,100)<7 THEN 'X' WHEN date '2024-01-08' + i*7 + 40 > date '2026-11-24' THEN 'P' ELSE 'D' END st,
  (SELECT d.dck_id FROM dck d WHERE d.max_len_m >= v.len_m AND (d.oos_dt IS NULL OR d.oos_dt > date '2024-01-08' + i*7 + 60) ORDER BY (d.max_len_m - v.len_m > 140)::int, pg_temp.h('dk'||i||'-'||d.dck_id,1000), d.dck_id LIMIT 1) dk
 FROM generate_series(1,156) i JOIN vsl v ON v.vsl_id = 1+floor(45*power(pg_temp.h('pv'||i,1000)/1000.0,1.2))::int) a;

DELETE FROM prj p USING prj e WHERE e.vsl_id=p.vsl_id AND e.prj_id<p.prj_id AND e.arr_dt+42 > p.arr_dt;

INSERT INTO wo
SELECT row_number() OVER (ORDER BY ar, prj_id, k), prj_id, (ARRAY['HUL','HUL','ENG','ENG','ELE','PAI','PAI','PIP','PRP'])[1+pg_temp.h('ca'||prj_id||'-'||k,9)],
 CASE WHEN pg_temp.h('ee'||prj_id||'-'||k,100)<10 THEN NULL ELSE 15+pg_temp.h('eh'||prj_id||'-'||k,130)/2.0 END, op,
 CASE WHEN prj_st='D' THEN least(op + (30+pg_temp.h('cl'||prj_id||'-'||k,260))*interval '1 hour', dep_dt + interval '17 hours') WHEN k%3=1 AND op + interval '80 hours' < timestamp '2026-11-27' THEN op + (24+pg_temp.h('cl'||prj_id||'-'||k,50))*interval '1 hour' END,
 pg_temp.h('wy'||prj_id||'-'||k,100)<8
FROM (SELECT p.prj_id, p.prj_st, p.arr_dt ar, p.dep_dt, k, p.arr_dt + (7*60+pg_temp.h('op'||p.prj_id||'-'||k,3200))*interval '1 minute' op FROM prj p, generate_series(1,6) k WHERE p.prj_st IN ('P','D') AND k <= 2+pg_temp.h('nw'||p.prj_id,5)) a;

INSERT INTO tms
SELECT row_number() OVER (ORDER BY wd, wo_id, k), wo_id, CASE WHEN e.term_dt < wd OR e.hire_dt > wd THEN 12 ELSE ei END, wd, hr, hr>8
FROM (SELECT w.wo_id, k, least(w.opn_ts::date + 1 + k/2, coalesce(w.cls_ts::date, date '2026-11-27')) wd, 6+pg_temp.h('te'||w.wo_id||'-'||k,36) ei, 2 + pg_temp.h('th'||w.wo_id||'-'||k,33)*0.25 hr
 FROM wo w, generate_series(0,8) k WHERE k < 1+pg_temp.h('nt'||w.wo_id,9) AND w.opn_ts < '2026-11-26' AND pg_temp.h('no'||w.wo_id,100)>4) a JOIN emp e ON e.emp_id=ei WHERE wd <= '2026-11-27';

INSERT INTO inv
SELECT row_number() OVER (ORDER BY dt, prj_id), prj_id, dt, dt + tr, amt, CASE WHEN dt + tr + pl <= date '2026-11-27' AND pg_temp.h('np'||prj_id||'-'||k,100) >= 6 THEN dt + tr + pl END
FROM (SELECT p.prj_id, k, CASE k WHEN 1 THEN p.arr_dt+3 ELSE p.dep_dt+4 END dt, (ARRAY[14,30,30,45])[1+c.cust_id%4] tr, -12+pg_temp.h('pl'||p.prj_id||'-'||k,40) pl,
  round(coalesce(p.quot_ct, 18500000 + 10000*pg_temp.h('tm'||p.prj_id,4000)) * CASE k WHEN 1 THEN 0.3 ELSE 0.7 + pg_temp.h('ex'||p.prj_id,20)/100.0 END)::bigint amt
 FROM prj p JOIN vsl v USING (vsl_id) JOIN cust c USING (cust_id), generate_series(1,2) k WHERE (k=2 AND p.prj_st='D' AND p.dep_dt+4 <= '2026-11-27') OR (k=1 AND p.prj_st IN ('P','D') AND p.prj_id%3<>0 AND p.arr_dt+3 <= '2026-11-27')) a;
