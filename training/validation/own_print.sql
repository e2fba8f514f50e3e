CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE SCHEMA acct;
CREATE TYPE prod_t AS ENUM ('label', 'carton', 'brochure', 'magazine', 'book', 'poster');

CREATE TABLE cust (
  cno     int PRIMARY KEY,
  nm      text NOT NULL,
  ctry    char(2) NOT NULL,
  terms_d smallint NOT NULL,
  blk     boolean NOT NULL
);
COMMENT ON COLUMN cust.ctry IS 'ISO code, DE = Germany, NL = Netherlands, BE = Belgium, FR = France, AT = Austria';
COMMENT ON COLUMN cust.terms_d IS 'payment term: days after the invoice date; payment on the last of these days is still in time';
COMMENT ON COLUMN cust.blk IS 'blocked for new orders';

CREATE TABLE press (
  pr_cd  text PRIMARY KEY,
  nm     text NOT NULL,
  tech   smallint NOT NULL CHECK (tech BETWEEN 1 AND 4),
  max_w  int NOT NULL,
  hr_ct  int NOT NULL,
  ret_dt date
);
COMMENT ON TABLE press IS 'printing machines';
COMMENT ON COLUMN press.tech IS '1 sheetfed offset, 2 web offset, 3 flexo, 4 digital';
COMMENT ON COLUMN press.max_w IS 'widest paper it takes, mm';
COMMENT ON COLUMN press.hr_ct IS 'internal cost of a machine hour, euro cents';
COMMENT ON COLUMN press.ret_dt IS 'taken out of use; null = in use';

CREATE TABLE stk (
  sno   text PRIMARY KEY,
  descr text NOT NULL,
  fam   char(1) NOT NULL CHECK (fam IN ('C', 'U', 'B', 'F')),
  gsm   smallint NOT NULL,
  fsc   boolean NOT NULL,
  oh_kg int NOT NULL,
  min_kg int,
  px_t  int NOT NULL
);
COMMENT ON TABLE stk IS 'paper, board and film kept in store';
COMMENT ON COLUMN stk.fam IS 'C coated paper, U uncoated paper, B board, F film';
COMMENT ON COLUMN stk.gsm IS 'weight, grams per square metre';
COMMENT ON COLUMN stk.fsc IS 'certified as coming from responsible forestry';
COMMENT ON COLUMN stk.oh_kg IS 'on hand, kg';
COMMENT ON COLUMN stk.min_kg IS 'minimum stock, kg: order more when on hand is below it; null = bought only for a given job';
COMMENT ON COLUMN stk.px_t IS 'purchase price, whole euros per tonne (1000 kg)';

CREATE TABLE acct.qt (
  qno    int PRIMARY KEY,
  cno    int NOT NULL REFERENCES cust,
  qt_dt  date NOT NULL,
  amt_ct bigint NOT NULL,
  res    char(1) CHECK (res IN ('A', 'R', 'X')),
  rep    text NOT NULL
);
COMMENT ON TABLE acct.qt IS 'price quotes given to customers';
COMMENT ON COLUMN acct.qt.amt_ct IS 'quoted price, euro cents without VAT';
COMMENT ON COLUMN acct.qt.res IS 'A accepted, R rejected, X expired without an answer; null = still open';
COMMENT ON COLUMN acct.qt.rep IS 'sales person who made it';

CREATE TABLE job (
  jno    int PRIMARY KEY,
  cno    int NOT NULL REFERENCES cust,
  qno    int REFERENCES acct.qt,
  prod   prod_t NOT NULL,
  qty    int NOT NULL,
  sno    text NOT NULL REFERENCES stk,
  fin    text[] NOT NULL,
  st     char(1) NOT NULL CHECK (st IN ('P', 'R', 'F', 'S', 'X')),
  ord_dt date NOT NULL,
  due_dt date NOT NULL,
  shp_dt date
);
COMMENT ON TABLE job IS 'orders in print';
COMMENT ON COLUMN job.qno IS 'quote it came from; null = repeat order without a quote';
COMMENT ON COLUMN job.qty IS 'copies ordered';
COMMENT ON COLUMN job.sno IS 'stock it is printed on';
COMMENT ON COLUMN job.fin IS 'finishing steps: fold, stitch, glue, foil, diecut, varnish; empty = none';
COMMENT ON COLUMN job.st IS 'P prepress, R on press, F finishing, S shipped, X cancelled';
COMMENT ON COLUMN job.due_dt IS 'promised shipping date';
COMMENT ON COLUMN job.shp_dt IS 'null = not shipped';

CREATE TABLE run (
  rid    int PRIMARY KEY,
  jno    int NOT NULL REFERENCES job,
  pr_cd  text NOT NULL REFERENCES press,
  shft   char(1) NOT NULL CHECK (shft IN ('E', 'L', 'N')),
  beg_ts timestamp NOT NULL,
  end_ts timestamp,
  mr_min smallint NOT NULL,
  good   int
);
COMMENT ON TABLE run IS 'press runs; a job may need several';
COMMENT ON COLUMN run.shft IS 'E early, L late, N night';
COMMENT ON COLUMN run.beg_ts IS 'start including make-ready';
COMMENT ON COLUMN run.end_ts IS 'null = still on the press';
COMMENT ON COLUMN run.mr_min IS 'make-ready, minutes (part of the run)';
COMMENT ON COLUMN run.good IS 'good copies printed; null while still on the press';

CREATE TABLE waste (
  rid int NOT NULL REFERENCES run,
  rsn char(2) NOT NULL,
  kg  numeric(7,1) NOT NULL,
  rcy boolean NOT NULL,
  PRIMARY KEY (rid, rsn)
);
COMMENT ON TABLE waste IS 'spoilt paper by run and reason; no row = none';
COMMENT ON COLUMN waste.rsn IS 'MR make-ready, CO colour off, WB web break or jam, PL plate fault, HD handling';
COMMENT ON COLUMN waste.rcy IS 'true = went to recycling, false = landfill';

CREATE TABLE plate (
  pl_no   int PRIMARY KEY,
  jno     int NOT NULL REFERENCES job,
  colr    char(1) NOT NULL CHECK (colr IN ('C', 'M', 'Y', 'K', 'S')),
  made_ts timestamp NOT NULL,
  rmk     char(1)
);
COMMENT ON TABLE plate IS 'printing plates; digital work needs none';
COMMENT ON COLUMN plate.colr IS 'C cyan, M magenta, Y yellow, K black, S spot colour';
COMMENT ON COLUMN plate.rmk IS 'remake because of: D damage, T text change by the customer, R register error; null = first plate, no remake';

CREATE TABLE acct.inv (
  ino    int PRIMARY KEY,
  jno    int NOT NULL REFERENCES job,
  knd    char(1) NOT NULL CHECK (knd IN ('I', 'C')),
  inv_dt date NOT NULL,
  amt_ct bigint NOT NULL,
  pd_dt  date
);
COMMENT ON TABLE acct.inv IS 'invoices and credit notes for jobs';
COMMENT ON COLUMN acct.inv.knd IS 'I invoice, C credit note';
COMMENT ON COLUMN acct.inv.amt_ct IS 'euro cents without VAT; negative on credit notes';
COMMENT ON COLUMN acct.inv.pd_dt IS 'paid (credit notes: paid out) on; null = open';

INSERT INTO cust
SELECT g, n, (ARRAY['DE','DE','DE','DE','NL','NL','NL','BE','BE','FR','AT'])[1 + pg_temp.h('ct' || g, 11)], (ARRAY[14,30,30,30,30,45,60])[1 + pg_temp.h('tm' || g, 7)], pg_temp.h('bk' || g, 9) = 0
FROM (SELECT row_number() OVER ()::int AS g, n FROM unnest(ARRAY['Altmann Verlag','Bergkäse Union','Cosmea Kosmetik','Delta Pharma','Eifel Brunnen','Falk & Sohn','Galerie Nord','Hanse Touristik','Imkerei Brandt','Jansen Zaden','Kade Koffie','Lindenhof Wein','Maas Boeken','Nordlicht Media','Oase Tuin','Papeterie Dumont','Quadrat Design','Rhein Feinkost','Stadttheater Krefeld','Tulp Bloemen','Uhrwerk Meyer','Verde Naturkost','Wijnhuis Leuven','Xanten Museum','Ypsilon Mode','Zwerg Spielwaren','Atelier Lenoir','Brouwerij De Valk','Confiserie Hofer','Domus Immobilien','Edelweiss Reisen','Fietsgilde','Grafschaft Tee','Hofer Optik','Isar Sport','Kloster Apotheke','Lumen Leuchten','Molkerei Sander','Neuland Magazin','Orgel Festival','Polder Kaas','Rosenthal Seifen']) n) x;

INSERT INTO press VALUES ('SM1','Speedmaster 102','1',1020,18500,NULL),('SM2','Speedmaster 74','1',740,13200,NULL),('RA1','Rapida 145','1',1450,22400,NULL),('LT1','Lithoman','2',1980,41000,NULL),('RO1','Rotoman','2',1260,33500,'2026-02-27'),('FX1','Flexo Primera','3',670,15800,NULL),('FX2','Flexo Gallus','3',430,11900,NULL),('IG1','Indigo 12000','4',750,9800,NULL),('IG2','Indigo 7900','4',530,7600,'2025-08-15'),('TB1','TruePress B2','4',740,10400,NULL);

INSERT INTO stk VALUES ('C090','Gloss coated 90','C',90,true,18200,12000,940),('C115','Gloss coated 115','C',115,true,9100,10000,955),('C135','Silk coated 135','C',135,true,14350,8000,970),('C170','Silk coated 170','C',170,false,5200,6000,985),('C250','Art silk 250','C',250,true,7400,4000,1040),('C300','Art gloss 300','C',300,false,2100,NULL,1065),
 ('U070','Offset white 70','U',70,true,22600,15000,860),('U080','Offset white 80','U',80,true,11900,14000,870),('U090','Book cream 90','U',90,true,16800,9000,910),('U120','Recycled grey 120','U',120,true,3300,2500,1120),('U160','Natural design 160','U',160,false,640,NULL,1980),
 ('B230','Folding boxboard 230','B',230,true,8700,7000,1090),('B280','Folding boxboard 280','B',280,true,6150,6500,1105),('B325','Solid bleached 325','B',325,false,4800,3500,1390),('B400','Grey board 400','B',400,true,1250,NULL,720),
 ('F050','Clear PP film 50','F',46,false,2900,2000,2650),('F060','White PP film 60','F',57,false,1450,1800,2580),('F080','PE squeezable 80','F',76,false,980,600,2890),('L080','Label paper 80','U',80,true,4400,3000,1310),('L085','Wet-strength label 85','C',85,true,2650,2800,1460);

CREATE TEMP TABLE q AS
SELECT g, 1 + (least(pg_temp.h('c1' || g, 42), pg_temp.h('c2' || g, 44)) % 41) AS cno, date '2025-01-07' + g * 686 / 940 AS d, (25000 + power(pg_temp.h('am' || g, 1000) / 1000.0, 3) * 3800000)::bigint / 10 * 10 + 5 * pg_temp.h('a5' || g, 2) AS amt, pg_temp.h('rs' || g, 100) AS hs FROM generate_series(1, 940) g;
INSERT INTO acct.qt
SELECT 20000 + g, cno, d, amt, CASE WHEN d > '2026-10-20' AND pg_temp.h('op' || g, 100) < 30 THEN NULL WHEN hs < 52 THEN 'A' WHEN hs < 79 THEN 'R' ELSE 'X' END,
 (ARRAY['Birgit Sommer','Birgit Sommer','Tom Akkerman','Tom Akkerman','Tom Akkerman','Yusuf Demir','Claire Fontaine','Claire Fontaine'])[1 + pg_temp.h('rp' || g, 8)] FROM q;

CREATE TEMP TABLE j AS
SELECT row_number() OVER (ORDER BY od, k)::int AS n, x.* FROM (
 SELECT qno AS k, cno, qno, qt_dt + 2 + pg_temp.h('od' || qno, 12) AS od, amt_ct AS amt FROM acct.qt WHERE res = 'A'
 UNION ALL SELECT g, 1 + pg_temp.h('rc' || g, 36), NULL, date '2025-01-20' + g * 670 / 150, 40000 + 5 * pg_temp.h('ra' || g, 180000) FROM generate_series(1, 150) g) x WHERE od <= '2026-11-25';

INSERT INTO job
SELECT 31000 + n, cno, qno, pd::prod_t,
 CASE pd WHEN 'label' THEN 5000 * (4 + pg_temp.h('qy' || n, 80)) WHEN 'carton' THEN 1000 * (5 + pg_temp.h('qy' || n, 90)) WHEN 'poster' THEN 100 * (2 + pg_temp.h('qy' || n, 40)) WHEN 'magazine' THEN 1000 * (8 + pg_temp.h('qy' || n, 70)) WHEN 'book' THEN 250 * (2 + pg_temp.h('qy' || n, 28)) ELSE 500 * (1 + pg_temp.h('qy' || n, 60)) END,
 CASE pd WHEN 'label' THEN (ARRAY['F050','F060','L080','L080','L085','F050'])[1 + pg_temp.h('sn' || n, 6)] WHEN 'carton' THEN (ARRAY['B230','B280','B325','B230'])[1 + pg_temp.h('sn' || n, 4)] WHEN 'book' THEN (ARRAY['U070','U080','U090','U120'])[1 + pg_temp.h('sn' || n, 4)] WHEN 'magazine' THEN (ARRAY['C090','C090','C115','U070'])[1 + pg_temp.h('sn' || n, 4)] WHEN 'poster' THEN (ARRAY['C135','C170','U120'])[1 + pg_temp.h('sn' || n, 3)] ELSE (ARRAY['C115','C135','C170','C250','U160'])[1 + pg_temp.h('sn' || n, 5)] END,
 CASE pd WHEN 'label' THEN (ARRAY['{}','{foil}','{varnish}','{diecut}','{diecut,varnish}'])[1 + pg_temp.h('fi' || n, 5)] WHEN 'carton' THEN (ARRAY['{diecut,glue}','{diecut,glue}','{diecut,glue,foil}','{diecut,glue,varnish}'])[1 + pg_temp.h('fi' || n, 4)] WHEN 'book' THEN (ARRAY['{fold,glue}','{fold,stitch}','{fold,glue,foil}'])[1 + pg_temp.h('fi' || n, 3)] WHEN 'magazine' THEN (ARRAY['{fold,stitch}','{fold,stitch,varnish}','{fold,glue}'])[1 + pg_temp.h('fi' || n, 3)] WHEN 'poster' THEN (ARRAY['{}','{}','{varnish}'])[1 + pg_temp.h('fi' || n, 3)] ELSE (ARRAY['{fold}','{fold,stitch}','{}','{fold,varnish}'])[1 + pg_temp.h('fi' || n, 4)] END::text[],
 CASE WHEN pg_temp.h('cx' || n, 100) < 5 THEN 'X' WHEN sh < '2026-11-26' THEN 'S' WHEN od < '2026-11-13' THEN 'F' WHEN od < '2026-11-20' THEN 'R' ELSE 'P' END, od, du,
 CASE WHEN pg_temp.h('cx' || n, 100) >= 5 AND sh < '2026-11-26' THEN sh END
FROM (SELECT *, greatest(du + (ARRAY[-3,-2,-2,-1,-1,-1,0,0,0,0,0,0,1,1,2,3,6,11])[1 + pg_temp.h('dl' || n, 18)] + CASE WHEN pd = 'book' THEN 1 ELSE 0 END, od + 4) AS sh FROM (SELECT n, cno, qno, od, od + 9 + pg_temp.h('du' || n, 17) AS du, (ARRAY['label','label','label','carton','carton','carton','brochure','brochure','brochure','magazine','magazine','book','book','poster'])[1 + pg_temp.h('pd' || n, 14)] AS pd FROM j) a) b;

CREATE TEMP TABLE r AS
SELECT b.*, row_number() OVER (ORDER BY beg, jno, i)::int AS rn FROM (
SELECT jno, prod, qty, i, tot, st, (ord_dt + 2 + i)::timestamp + make_interval(hours => pg_temp.h('rh' || jno || i, 24), mins => 5 * pg_temp.h('rm' || jno || i, 12)) AS beg,
 CASE WHEN prod = 'label' THEN (ARRAY['FX1','FX1','FX2','IG1'])[1 + pg_temp.h('pr' || jno, 4)] WHEN prod = 'carton' THEN (ARRAY['RA1','RA1','SM1'])[1 + pg_temp.h('pr' || jno, 3)] WHEN prod = 'magazine' THEN CASE WHEN ord_dt < '2026-02-10' AND pg_temp.h('pr' || jno, 5) < 2 THEN 'RO1' ELSE 'LT1' END
  WHEN prod = 'poster' THEN CASE WHEN qty < 1000 AND ord_dt < '2025-08-01' THEN 'IG2' WHEN qty < 1500 THEN 'IG1' ELSE 'RA1' END ELSE (ARRAY['SM1','SM2','SM2','RA1','IG1'])[1 + pg_temp.h('pr' || jno, 5)] END AS pr
FROM (SELECT *, 1 + CASE WHEN prod IN ('book', 'magazine') THEN 1 + pg_temp.h('nr' || jno, 2) ELSE pg_temp.h('nr' || jno, 5) / 4 END AS tot FROM job WHERE st IN ('R', 'F', 'S')) j CROSS JOIN LATERAL generate_series(1, tot) i) b;

INSERT INTO run
SELECT 80000 + rn, jno, pr, CASE WHEN extract(hour FROM beg) BETWEEN 6 AND 13 THEN 'E' WHEN extract(hour FROM beg) BETWEEN 14 AND 21 THEN 'L' ELSE 'N' END, beg,
 CASE WHEN NOT opn THEN beg + make_interval(mins => mr + 20 + (qty / tot / CASE WHEN pr LIKE 'FX%' THEN 500 WHEN pr IN ('LT1', 'RO1') THEN 300 WHEN pr IN ('IG1', 'IG2') THEN CASE WHEN prod = 'label' THEN 420 ELSE 60 END ELSE 140 END) + pg_temp.h('rx' || rn, 60)) END, mr,
 CASE WHEN NOT opn THEN qty / tot + pg_temp.h('rg' || rn, greatest(qty / tot / 25, 3)) - CASE WHEN pg_temp.h('rq' || rn, 14) = 0 THEN qty / tot / 12 ELSE 0 END END
FROM (SELECT *, st = 'R' AND i = tot AS opn, CASE WHEN pr LIKE 'IG%' THEN 4 + pg_temp.h('mr' || rn, 10) WHEN pr IN ('LT1', 'RO1') THEN 35 + pg_temp.h('mr' || rn, 50) ELSE 14 + pg_temp.h('mr' || rn, 40) END AS mr FROM r) x;

INSERT INTO waste
SELECT rid, k, round((CASE k WHEN 'MR' THEN mr_min * 1.4 WHEN 'CO' THEN 8 + pg_temp.h('wk' || rid || k, 120) WHEN 'WB' THEN 30 + pg_temp.h('wk' || rid || k, 380) WHEN 'PL' THEN 10 + pg_temp.h('wk' || rid || k, 90) ELSE 2 + pg_temp.h('wk' || rid || k, 30) END * CASE WHEN pr_cd LIKE 'IG%' THEN 0.15 WHEN pr_cd LIKE 'FX%' THEN 0.6 ELSE 1 END + pg_temp.h('wd' || rid || k, 10) / 10.0)::numeric, 1), pg_temp.h('wr' || rid || k, 100) < CASE WHEN pr_cd LIKE 'FX%' THEN 35 ELSE 88 END
FROM run CROSS JOIN unnest(ARRAY['MR','CO','WB','PL','HD']) k
WHERE end_ts IS NOT NULL AND pg_temp.h('ww' || rid || k, 100) < CASE k WHEN 'MR' THEN 90 WHEN 'CO' THEN 26 WHEN 'WB' THEN CASE WHEN pr_cd IN ('LT1', 'RO1') THEN 30 WHEN pr_cd LIKE 'FX%' THEN 12 ELSE 5 END WHEN 'PL' THEN CASE WHEN pr_cd LIKE 'IG%' THEN 0 ELSE 7 END ELSE 12 END;

INSERT INTO plate
SELECT 400000 + row_number() OVER (ORDER BY ts, jno, colr, rk NULLS FIRST), jno, colr, ts, rk FROM (
 SELECT j.jno, c AS colr, j.ord_dt + 1 + make_interval(hours => 7 + pg_temp.h('ph' || j.jno, 9), mins => pg_temp.h('pm' || j.jno || c, 60)) AS ts, NULL::text AS rk FROM job j CROSS JOIN unnest(ARRAY['C','M','Y','K','S']) c
 WHERE j.st <> 'X' AND j.ord_dt < '2026-11-25' AND NOT EXISTS (SELECT 1 FROM run WHERE run.jno = j.jno AND run.pr_cd LIKE 'IG%') AND (c IN ('K', 'C') OR c IN ('M', 'Y') AND (prod <> 'book' OR j.jno % 3 = 0) OR c = 'S' AND pg_temp.h('ps' || j.jno, 10) < 3) AND NOT (prod = 'book' AND c = 'C' AND j.jno % 3 > 0)) a
 WHERE true
UNION ALL SELECT 470000 + row_number() OVER (ORDER BY j.jno, c), j.jno, c, j.ord_dt + 3 + make_interval(hours => 6 + pg_temp.h('qh' || j.jno, 12), mins => pg_temp.h('qm' || j.jno || c, 60)), (ARRAY['D','D','T','T','T','R'])[1 + pg_temp.h('rk' || j.jno || c, 6)]
FROM job j CROSS JOIN unnest(ARRAY['C','M','K']) c WHERE j.st IN ('R', 'F', 'S') AND NOT (prod = 'book' AND c <> 'K') AND NOT EXISTS (SELECT 1 FROM run WHERE run.jno = j.jno AND run.pr_cd LIKE 'IG%') AND pg_temp.h('rp' || j.jno || c, 100) < 9;

INSERT INTO acct.inv
SELECT 610000 + row_number() OVER (ORDER BY d, jno, knd DESC), jno, knd, d, amt, CASE WHEN pd <= '2026-11-27' THEN pd END FROM (
 SELECT b.jno, 'I' AS knd, b.shp_dt + 1 + pg_temp.h('iv' || b.jno, 4) AS d, j.amt + CASE WHEN pg_temp.h('ix' || b.jno, 4) = 0 THEN 5 * pg_temp.h('iy' || b.jno, 4000) ELSE 0 END AS amt,
  CASE WHEN pg_temp.h('un' || b.jno, 100) < 3 THEN NULL ELSE b.shp_dt + 1 + pg_temp.h('iv' || b.jno, 4) + greatest(3, c.terms_d - 9 + pg_temp.h('py' || b.jno, CASE WHEN c.cno % 5 = 2 THEN 34 ELSE 15 END)) END AS pd
 FROM job b JOIN j ON 31000 + j.n = b.jno JOIN cust c ON c.cno = b.cno WHERE b.st = 'S' AND b.shp_dt < '2026-11-24' AND b.jno % 61 <> 9
 UNION ALL
 SELECT b.jno, 'C', b.shp_dt + 9 + pg_temp.h('cv' || b.jno, 20), -(j.amt / (8 + pg_temp.h('ca' || b.jno, 12))), b.shp_dt + 30 + pg_temp.h('cp' || b.jno, 20) FROM job b JOIN j ON 31000 + j.n = b.jno WHERE b.st = 'S' AND b.shp_dt < '2026-10-25' AND b.jno % 61 <> 9 AND pg_temp.h('cn' || b.jno, 100) < 6) x WHERE d <= '2026-11-27';
