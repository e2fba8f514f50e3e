CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE TYPE product_t AS ENUM ('red_cells','plasma','platelets');

CREATE TABLE site (
  site_id   integer PRIMARY KEY,
  site_name text NOT NULL,
  city      text NOT NULL,
  site_type char(1) NOT NULL CHECK (site_type IN ('F','M','H')),
  closed_on date
);
COMMENT ON TABLE site IS 'places where blood is collected';
COMMENT ON COLUMN site.site_type IS 'F = fixed donor centre, M = mobile unit (bloodmobile), H = inside a hospital';
COMMENT ON COLUMN site.closed_on IS 'null while the site is in operation';

CREATE TABLE donor (
  donor_no       integer PRIMARY KEY,
  first_name     text NOT NULL,
  last_name      text NOT NULL,
  sex            char(1) NOT NULL CHECK (sex IN ('F','M')),
  birth_dt       date NOT NULL,
  blood_grp      text NOT NULL,
  home_city      text NOT NULL,
  reg_on         date NOT NULL,
  referred_by    integer REFERENCES donor,
  deferred_until date,
  is_active      boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN donor.blood_grp IS 'ABO group and Rh sign, e.g. O-, AB+';
COMMENT ON COLUMN donor.reg_on IS 'day of registration as a donor';
COMMENT ON COLUMN donor.referred_by IS 'donor who recruited this one; null if nobody did';
COMMENT ON COLUMN donor.deferred_until IS 'may not give blood before this day; null = never deferred';
COMMENT ON COLUMN donor.is_active IS 'false = left the register';

CREATE TABLE drive (
  drive_id     integer PRIMARY KEY,
  site_id      integer NOT NULL REFERENCES site,
  drive_name   text NOT NULL UNIQUE,
  held_on      date NOT NULL,
  host_kind    smallint NOT NULL,
  target_units smallint NOT NULL,
  cancelled    boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE drive IS 'one-day collection events; every donation belongs to one';
COMMENT ON COLUMN drive.host_kind IS '1 employer, 2 school or university, 3 faith group, 4 open to the public';
COMMENT ON COLUMN drive.target_units IS 'number of donations planned for the day';

CREATE TABLE donation (
  don_id   integer PRIMARY KEY,
  donor_no integer NOT NULL REFERENCES donor,
  drive_id integer NOT NULL REFERENCES drive,
  bled_at  timestamptz NOT NULL,
  dur_min  smallint,
  kind     char(2) NOT NULL CHECK (kind IN ('WB','PL','PT','DR')),
  vol_ml   smallint,
  hb_g_l   smallint NOT NULL,
  outcome  smallint NOT NULL,
  reaction boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN donation.bled_at IS 'needle in';
COMMENT ON COLUMN donation.dur_min IS 'minutes on the couch; null if abandoned';
COMMENT ON COLUMN donation.kind IS 'WB = whole blood, PL = plasma, PT = platelets, DR = double red cells';
COMMENT ON COLUMN donation.vol_ml IS 'millilitres collected; null if abandoned';
COMMENT ON COLUMN donation.hb_g_l IS 'haemoglobin before the donation, grams per litre';
COMMENT ON COLUMN donation.outcome IS '1 = full collection, 2 = short draw, 3 = abandoned';
COMMENT ON COLUMN donation.reaction IS 'donor fainted or had another adverse reaction';

CREATE TABLE assay (
  assay_cd   text PRIMARY KEY,
  assay_name text NOT NULL,
  cost_cents integer NOT NULL,
  mandatory  boolean NOT NULL
);
COMMENT ON TABLE assay IS 'laboratory tests on offer';
COMMENT ON COLUMN assay.cost_cents IS 'cost of one run, US cents';

CREATE TABLE lab_test (
  don_id   integer NOT NULL REFERENCES donation,
  assay_cd text NOT NULL REFERENCES assay,
  result   char(1) NOT NULL,
  PRIMARY KEY (don_id, assay_cd)
);
COMMENT ON TABLE lab_test IS 'which assays were run on which donation';
COMMENT ON COLUMN lab_test.result IS 'N = negative, R = reactive, I = indeterminate';

CREATE TABLE hospital (
  hosp_id   integer PRIMARY KEY,
  hosp_name text NOT NULL,
  city      text NOT NULL,
  trauma    boolean NOT NULL
);
COMMENT ON COLUMN hospital.trauma IS 'has a trauma centre';

CREATE TABLE hosp_request (
  req_no       integer PRIMARY KEY,
  hosp_id      integer NOT NULL REFERENCES hospital,
  requested_at timestamptz NOT NULL,
  product      product_t NOT NULL,
  blood_grp    text NOT NULL,
  units_req    smallint NOT NULL,
  urgency      text NOT NULL CHECK (urgency IN ('routine','urgent','emergency')),
  filled_at    timestamptz
);
COMMENT ON TABLE hosp_request IS 'orders for blood products from hospitals';
COMMENT ON COLUMN hosp_request.blood_grp IS 'group asked for';
COMMENT ON COLUMN hosp_request.filled_at IS 'order delivered; null while open';

CREATE TABLE stock_unit (
  unit_no    integer PRIMARY KEY,
  don_id     integer NOT NULL REFERENCES donation,
  product    product_t NOT NULL,
  expires_on date NOT NULL,
  state      char(1) NOT NULL CHECK (state IN ('A','Q','I','X')),
  req_no     integer REFERENCES hosp_request
);
COMMENT ON TABLE stock_unit IS 'bags made from donations; the blood group is that of the donor';
COMMENT ON COLUMN stock_unit.state IS 'A = available, Q = in quarantine, I = issued to a hospital, X = discarded';
COMMENT ON COLUMN stock_unit.req_no IS 'request it was issued for; null unless issued';

INSERT INTO site VALUES
 (1,'Riverside Donor Centre','Harlow Falls','F',NULL),(2,'Northgate Donor Centre','Harlow Falls','F',NULL),
 (3,'Bloodmobile Alpha','Harlow Falls','M',NULL),(4,'Bloodmobile Bravo','Kestrel Bay','M',NULL),
 (5,'St. Brigid Collection Suite','Kestrel Bay','H',NULL),(6,'Harbour Street Centre','Kestrel Bay','F','2025-03-31'),
 (7,'Millbrook Centre','Millbrook','F',NULL),(8,'Bloodmobile Charlie','Millbrook','M','2024-08-15'),
 (9,'Dunmore General Donor Room','Dunmore','H',NULL),(10,'Old Town Centre','Dunmore','F',NULL),
 (11,'Pinecrest Donor Lounge','Pinecrest','F',NULL),(12,'Bloodmobile Delta','Pinecrest','M',NULL),
 (13,'Lakeview Clinic Suite','Ashby','H',NULL);

INSERT INTO donor
SELECT g,
 CASE WHEN sx='F' THEN (ARRAY['Maria','Chloe','Ingrid','Priya','Hannah','Leila','Rosa','Emily','Naomi','Yuki','Fatima','Greta','Olivia','Tessa','Joan'])[1+pg_temp.h('fn'||g,15)]
  ELSE (ARRAY['Daniel','Omar','Lukas','Peter','Victor','Samuel','Kenji','Andre','Thomas','Rafael','George','Ivan','Marcus','Declan','Hugo'])[1+pg_temp.h('fn'||g,15)] END,
 (ARRAY['Novak','Okafor','Brennan','Silva','Lindqvist','Hartley','Moreau','Tanaka','Weiss','Delgado','Fraser','Kapoor','Jensen','Rossi','Whitaker','Adeyemi','Costa','Bauer','Quinn','Marsh','Petrov','Yilmaz','Ellison','Graves','Holt','Ferrara','Nilsen','Osborne','Sandoval','Vance'])[1+pg_temp.h('ln'||g,30)],
 sx, date '1952-03-01' + pg_temp.h('bd'||g,19500),
 (ARRAY['O+','O+','O+','O+','O+','O+','A+','A+','A+','A+','A+','B+','B+','O-','O-','A-','AB+','B-','AB-','O+'])[1+pg_temp.h('bg'||g,20)],
 (ARRAY['Harlow Falls','Harlow Falls','Harlow Falls','Kestrel Bay','Kestrel Bay','Millbrook','Dunmore','Dunmore','Pinecrest','Ashby','Wexley'])[1+pg_temp.h('hc'||g,11)],
 date '2022-01-10' + (g*6) - pg_temp.h('rg'||g,5),
 CASE WHEN g > 12 AND pg_temp.h('rf'||g,100) < 34 THEN 1 + floor((g-1)*power(pg_temp.h('rw'||g,1000)/1000.0,2.2))::int END,
 CASE WHEN pg_temp.h('df'||g,100) < 15 THEN date '2024-02-01' + pg_temp.h('dd'||g,1300) END,
 pg_temp.h('ac'||g,100) >= 11
FROM (SELECT g, CASE WHEN pg_temp.h('sx'||g,100) < 54 THEN 'F' ELSE 'M' END sx FROM generate_series(1,240) g) t;

WITH hosts(i,nm,k) AS (VALUES (0,'Brightline Insurance',1),(1,'Harlow State University',2),(2,'Grace Chapel',3),(3,'Town Hall Plaza',4),(4,'Cobalt Logistics',1),
 (5,'Westmoor High School',2),(6,'Central Mosque',3),(7,'Farmers Market',4),(8,'Kestrel Port Authority',1),(9,'Millbrook College',2),(10,'Fire Station 9',4),
 (11,'Orchard Foods',1),(12,'St. Anne Parish',3),(13,'Summit Mall',4),(14,'Dunmore Steel',1),(15,'Pinecrest Library',4),(16,'Redwood Software',1))
INSERT INTO drive
SELECT g, s, nm || ' ' || to_char(d,'Mon YYYY'), d, k, 20 + 5*pg_temp.h('tg'||g,7), pg_temp.h('cx'||g,100) < 9
FROM (SELECT g, date '2023-01-05' + (g*147/10) AS d, (g*5)%17 AS hi,
   (ARRAY[1,1,1,2,2,3,3,3,3,4,4,5,7,7,9,10,11,12])[1+pg_temp.h('st'||g,18)] AS s0 FROM generate_series(1,95) g) t
JOIN hosts ON i = hi
CROSS JOIN LATERAL (SELECT CASE WHEN s0=5 AND g%3=0 AND d < '2025-03-31' THEN 6 WHEN s0=7 AND d < '2024-08-15' THEN 8 ELSE s0 END AS s) z;

INSERT INTO donation
SELECT g, dn, dr, (held_on + interval '8 hours' + pg_temp.h('hr'||g,600) * interval '1 minute')::timestamp AT TIME ZONE 'UTC',
 CASE WHEN oc=3 THEN NULL WHEN kd='WB' THEN 7 + pg_temp.h('du'||g,9) WHEN kd='DR' THEN 28 + pg_temp.h('du'||g,15) ELSE 45 + pg_temp.h('du'||g,50) END,
 kd,
 CASE WHEN oc=3 THEN NULL WHEN oc=2 THEN 120 + pg_temp.h('vo'||g,150) WHEN kd='WB' THEN 450 + 5*pg_temp.h('vo'||g,9) WHEN kd='DR' THEN 360 + pg_temp.h('vo'||g,30)
  WHEN kd='PL' THEN 600 + 10*pg_temp.h('vo'||g,22) ELSE 220 + pg_temp.h('vo'||g,90) END,
 122 + pg_temp.h('hb'||g,30) + pg_temp.h('hc'||g,18), oc, pg_temp.h('re'||g,100) < CASE oc WHEN 1 THEN 3 WHEN 2 THEN 25 ELSE 55 END
FROM (SELECT g, 1 + floor(228*power(pg_temp.h('dn'||g,10000)/10000.0,1.6))::int AS dn0, 
   (ARRAY['WB','WB','WB','WB','WB','WB','WB','WB','WB','WB','WB','WB','WB','PL','PL','PL','PT','PT','DR','WB'])[1+pg_temp.h('kd'||g,20)] AS kd,
   CASE WHEN pg_temp.h('oc'||g,100) < 89 THEN 1 WHEN pg_temp.h('oc'||g,100) < 95 THEN 2 ELSE 3 END AS oc,
   1 + pg_temp.h('dv'||g,95) AS dr0 FROM generate_series(1,3400) g) t
CROSS JOIN LATERAL (SELECT 1 + (dn0*37) % 240 AS dn) q
JOIN drive ON drive_id = dr0 CROSS JOIN LATERAL (SELECT drive_id AS dr) y
JOIN donor ON donor_no = dn
WHERE NOT cancelled AND held_on > reg_on AND drive_id NOT IN (17,58) AND (pg_temp.h('kp'||g,100) < 40 + 55*(drive_id%4)/3);

INSERT INTO assay VALUES ('HIV','HIV 1/2 combo',1850,true),('HBV','Hepatitis B surface antigen',1240,true),('HCV','Hepatitis C antibody',1415,true),
 ('SYP','Syphilis screen',620,true),('CMV','Cytomegalovirus antibody',990,false),('MAL','Malaria smear',2300,false),('WNV','West Nile virus NAT',3150,false),('ZIK','Zika virus NAT',3480,false);

INSERT INTO lab_test
SELECT d.don_id, a.assay_cd, CASE WHEN pg_temp.h('rs'||d.don_id||a.assay_cd,1000) < CASE a.assay_cd WHEN 'CMV' THEN 260 WHEN 'SYP' THEN 19 WHEN 'HBV' THEN 12 WHEN 'HIV' THEN 5 ELSE 9 END THEN 'R'
  WHEN pg_temp.h('ri'||d.don_id||a.assay_cd,1000) < 11 THEN 'I' ELSE 'N' END
FROM donation d CROSS JOIN assay a
WHERE d.outcome IN (1,2) AND pg_temp.h('tk'||d.don_id||a.assay_cd,100) < CASE a.assay_cd WHEN 'HIV' THEN 98 WHEN 'HBV' THEN 97 WHEN 'HCV' THEN 96 WHEN 'SYP' THEN 94 WHEN 'CMV' THEN 18 WHEN 'MAL' THEN 6 WHEN 'WNV' THEN 11 ELSE 0 END;

INSERT INTO hospital VALUES (1,'Harlow Falls General','Harlow Falls',true),(2,'Mercy West','Harlow Falls',false),(3,'Children''s Hospital of Harlow','Harlow Falls',false),
 (4,'St. Brigid Medical Center','Kestrel Bay',true),(5,'Kestrel Bay Surgical','Kestrel Bay',false),(6,'Dunmore General','Dunmore',true),(7,'Millbrook Community','Millbrook',false),
 (8,'Lakeview Clinic','Ashby',false),(9,'Pinecrest Oncology Institute','Pinecrest',false),(10,'Veterans Hospital','Dunmore',false),(11,'Wexley Cottage Hospital','Wexley',false),(12,'Redstone Birth Center','Wexley',false);

INSERT INTO hosp_request
SELECT g, h, ts, (ARRAY['red_cells','red_cells','red_cells','plasma','platelets','red_cells','plasma'])[1+pg_temp.h('rp'||g,7)]::product_t,
 (ARRAY['O+','O+','O-','O-','A+','A+','A-','B+','AB+','B-','AB-'])[1+pg_temp.h('rb'||g,11)], 1 + pg_temp.h('ru'||g,4) + pg_temp.h('rv'||g,3)*pg_temp.h('rz'||g,3), ur,
 CASE WHEN pg_temp.h('fo'||g,100) < 6 OR (g > 530 AND pg_temp.h('fo'||g,100) < 45) THEN NULL
  ELSE ts + (CASE ur WHEN 'emergency' THEN 25 + pg_temp.h('fl'||g,140) WHEN 'urgent' THEN 120 + pg_temp.h('fl'||g,900) ELSE 600 + pg_temp.h('fl'||g,4800) END) * interval '1 minute' END
FROM (SELECT g, (ARRAY[1,1,1,1,1,2,2,3,4,4,4,4,5,6,6,6,7,8,9,9,10,11])[1+pg_temp.h('rh'||g,22)] AS h,
  ((date '2023-01-09' + (g*257/100)) + pg_temp.h('rt'||g,1440) * interval '1 minute')::timestamp AT TIME ZONE 'UTC' AS ts,
  (ARRAY['routine','routine','routine','urgent','urgent','emergency'])[1+pg_temp.h('ug'||g,6)] AS ur FROM generate_series(1,549) g) t;

INSERT INTO stock_unit
SELECT row_number() OVER (ORDER BY don_id, p), don_id, p, ex,
 CASE WHEN bad THEN 'X' WHEN ex > '2026-11-20' AND hs < 62 THEN 'A' WHEN ex > '2026-11-20' AND hs < 78 THEN 'Q' WHEN hs < 10 OR r IS NULL THEN 'X' ELSE 'I' END,
 CASE WHEN bad OR (ex > '2026-11-20' AND hs < 78) OR hs < 10 THEN NULL ELSE r END
FROM (SELECT d.don_id, p, d.bled_at::date + CASE p WHEN 'red_cells' THEN 42 WHEN 'plasma' THEN 365 ELSE 5 END AS ex, pg_temp.h('sx'||d.don_id||p,100) AS hs,
  EXISTS (SELECT 1 FROM lab_test t WHERE t.don_id=d.don_id AND t.result='R' AND t.assay_cd<>'CMV') AS bad, d.bled_at, dn.blood_grp
 FROM donation d JOIN donor dn USING (donor_no) CROSS JOIN unnest(enum_range(NULL::product_t)) p
 WHERE d.outcome=1 AND ((p='red_cells' AND d.kind IN ('WB','DR')) OR (p='plasma' AND (d.kind='PL' OR (d.kind='WB' AND pg_temp.h('pp'||d.don_id,100) < 35))) OR (p='platelets' AND d.kind='PT'))) u
LEFT JOIN LATERAL (SELECT r.req_no AS r FROM hosp_request r WHERE r.product=u.p AND r.filled_at > u.bled_at + interval '1 day' AND r.filled_at::date <= u.ex
  ORDER BY (r.blood_grp=u.blood_grp) DESC, pg_temp.h('rq'||u.don_id||r.req_no,1000), r.req_no LIMIT 1) q ON true;
