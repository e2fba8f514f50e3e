CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(s),1,7))::bit(28)::int % n) $$;
CREATE FUNCTION pg_temp.u(s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),3,7))::bit(28)::int / 268435456.0 $$;
CREATE SCHEMA equip;
CREATE TYPE sector AS ENUM ('food','water_utility','construction','agriculture','pharma');
CREATE TABLE clients (
  client_id int PRIMARY KEY,
  client_name text NOT NULL,
  sector sector NOT NULL,
  town text NOT NULL,
  is_vip boolean NOT NULL DEFAULT false,
  since date NOT NULL,
  inactive_from date
);
COMMENT ON TABLE clients IS 'Ordering parties';
COMMENT ON COLUMN clients.is_vip IS 'Framework contract, priority handling';
COMMENT ON COLUMN clients.inactive_from IS 'null = active client';
CREATE TABLE staff (
  staff_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  role_cd smallint NOT NULL,
  sup_id int REFERENCES staff,
  hired_on date NOT NULL,
  left_on date
);
COMMENT ON COLUMN staff.role_cd IS '1 technician, 2 analyst, 3 senior analyst, 4 head of lab';
COMMENT ON COLUMN staff.sup_id IS 'Direct supervisor';
COMMENT ON COLUMN staff.left_on IS 'null while employed';
CREATE TABLE samples (
  sample_id int PRIMARY KEY,
  lab_no text UNIQUE NOT NULL,
  client_id int NOT NULL REFERENCES clients,
  matrix_cd char(1) NOT NULL,
  taken_at timestamptz,
  recd_at timestamptz NOT NULL,
  mass_g numeric(8,1),
  state smallint NOT NULL CHECK (state IN (0,1,2,9)),
  rush boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE samples IS 'One row per container received at the desk';
COMMENT ON COLUMN samples.lab_no IS 'Sample number printed on the label';
COMMENT ON COLUMN samples.matrix_cd IS 'W water, S soil, F food, A air filter';
COMMENT ON COLUMN samples.taken_at IS 'Sampling time stated by client, null = not stated';
COMMENT ON COLUMN samples.recd_at IS 'Receipt at the lab';
COMMENT ON COLUMN samples.mass_g IS 'grams; null for air filters';
COMMENT ON COLUMN samples.state IS '0 registered, 1 in progress, 2 completed, 9 rejected';
CREATE TABLE test_methods (
  mth_cd varchar(10) PRIMARY KEY,
  title text NOT NULL,
  unit text NOT NULL,
  price_cents int NOT NULL,
  tat_hrs smallint NOT NULL,
  accredited boolean NOT NULL,
  limit_val numeric,
  matrices text[] NOT NULL
);
COMMENT ON TABLE test_methods IS 'Catalogue of tests offered';
COMMENT ON COLUMN test_methods.tat_hrs IS 'Promised turnaround in hours from start to end';
COMMENT ON COLUMN test_methods.limit_val IS 'Legal maximum in the unit of the method; null = no limit';
COMMENT ON COLUMN test_methods.matrices IS 'Matrix codes the method is validated for';
CREATE TABLE equip.instrument (
  instr_id int PRIMARY KEY,
  tag text UNIQUE NOT NULL,
  kind text NOT NULL,
  bought_on date NOT NULL,
  cost_eur numeric(10,2) NOT NULL,
  retired_on date
);
COMMENT ON COLUMN equip.instrument.tag IS 'Inventory label, the name everybody uses';
COMMENT ON COLUMN equip.instrument.retired_on IS 'null = in service';
CREATE TABLE equip.calib (
  calib_id int PRIMARY KEY,
  instr_id int NOT NULL REFERENCES equip.instrument,
  cal_date date NOT NULL,
  next_due date NOT NULL,
  passed boolean NOT NULL,
  done_by int REFERENCES staff
);
COMMENT ON TABLE equip.calib IS 'Calibration log';
COMMENT ON COLUMN equip.calib.done_by IS 'null = done by the manufacturer''s service';
CREATE TABLE sample_tests (
  sample_id int NOT NULL REFERENCES samples,
  mth_cd varchar(10) NOT NULL REFERENCES test_methods,
  instr_id int REFERENCES equip.instrument,
  analyst_id int REFERENCES staff,
  started_at timestamptz,
  ended_at timestamptz,
  res_val numeric(10,3),
  verdict char(1) CHECK (verdict IN ('C','N','I')),
  PRIMARY KEY (sample_id, mth_cd)
);
COMMENT ON TABLE sample_tests IS 'Tests ordered for a sample, with the result';
COMMENT ON COLUMN sample_tests.started_at IS 'null = still waiting';
COMMENT ON COLUMN sample_tests.ended_at IS 'null = not finished';
COMMENT ON COLUMN sample_tests.res_val IS 'Result in the unit of the method, null until finished';
COMMENT ON COLUMN sample_tests.verdict IS 'C compliant, N non-compliant, I inconclusive; null until finished';
CREATE TABLE reports (
  rpt_no text PRIMARY KEY,
  client_id int NOT NULL REFERENCES clients,
  issued_on date NOT NULL,
  kind char(1) NOT NULL,
  signed_by int REFERENCES staff
);
COMMENT ON COLUMN reports.kind IS 'I interim, F final, K corrected version';
CREATE TABLE report_samples (
  rpt_no text NOT NULL REFERENCES reports,
  sample_id int NOT NULL REFERENCES samples,
  PRIMARY KEY (rpt_no, sample_id)
);
COMMENT ON TABLE report_samples IS 'Which samples a report covers';

INSERT INTO clients
SELECT g, (ARRAY['Hallberg','Nordmark','Vesterdal','Kjellin','Ostby','Lindqvist','Brenna','Solheim','Fagerlund','Tornqvist','Sandvik','Ekdahl','Myhre','Rosenvall','Aspelund'])[1+g%15] || ' ' ||
 CASE s WHEN 1 THEN (ARRAY['Dairy','Bakery','Foods'])[1+g%3] WHEN 2 THEN 'Waterworks' WHEN 3 THEN (ARRAY['Bygg','Construction'])[1+g%2] WHEN 4 THEN (ARRAY['Farm','Growers'])[1+g%2] ELSE 'Pharma' END || CASE WHEN g>45 THEN ' Group' WHEN g>30 THEN ' AB' WHEN g>15 THEN ' & Co' ELSE '' END,
 (ARRAY['food','water_utility','construction','agriculture','pharma'])[s]::sector,
 (ARRAY['Gothenburg','Malmo','Lund','Uppsala','Kalmar','Vaxjo','Halmstad','Boras'])[1+floor(8*power(pg_temp.u('lt'||g),1.5))::int], pg_temp.h('vip'||g,6)=0, '2016-02-01'::date + pg_temp.h('sn'||g,3600), CASE WHEN pg_temp.h('in'||g,9)=0 THEN '2025-03-01'::date + pg_temp.h('ina'||g,500) END
FROM (SELECT g, CASE WHEN k<38 THEN 1 WHEN k<58 THEN 2 WHEN k<74 THEN 3 WHEN k<90 THEN 4 ELSE 5 END s FROM (SELECT g, pg_temp.h('se'||g,100) k FROM generate_series(1,60) g) y) x;
INSERT INTO staff VALUES (1,'Ingrid','Falk',4,NULL,'2012-03-01',NULL),(2,'Johan','Palm',3,1,'2014-08-15',NULL),(3,'Sara','Nyberg',3,1,'2015-01-12',NULL),(4,'Omar','Haddad',3,1,'2016-05-02','2025-06-30'),
 (5,'Elin','Sjoberg',2,2,'2017-09-01',NULL),(6,'Viktor','Holm',2,2,'2018-02-05',NULL),(7,'Maja','Wikstrom',2,2,'2018-11-19',NULL),(8,'Pavel','Novak',2,3,'2019-04-01',NULL),(9,'Lena','Ahlgren',2,3,'2020-01-07','2024-09-30'),(10,'Nils','Bergdahl',2,3,'2021-03-15',NULL),
 (11,'Aisha','Karimi',2,4,'2021-08-23',NULL),(12,'Oskar','Lundin',2,3,'2022-02-14',NULL),(13,'Tuva','Engman',1,5,'2022-06-01',NULL),(14,'Hugo','Strand',1,5,'2022-09-12','2023-12-31'),(15,'Freja','Moberg',1,6,'2023-01-09',NULL),(16,'Anton','Wallin',1,6,'2023-05-22',NULL),
 (17,'Klara','Dahl',1,8,'2023-10-02',NULL),(18,'Emil','Rask',1,8,'2024-03-04',NULL),(19,'Selma','Nyberg',1,10,'2024-08-19',NULL),(20,'Leo','Grahn',1,10,'2025-02-03','2026-04-30'),(21,'Wilma','Krantz',1,NULL,'2025-09-01',NULL),(22,'Axel','Forsman',2,3,'2026-02-02',NULL);
INSERT INTO test_methods VALUES ('PB-ICP','Lead by ICP-MS','ug/l',6400,72,true,10,'{W,S,F}'),('CD-ICP','Cadmium by ICP-MS','ug/l',6400,72,true,5,'{W,S,F}'),('AS-ICP','Arsenic by ICP-MS','ug/l',6400,72,true,10,'{W,S}'),('HG-CV','Mercury by cold vapour','ug/l',7900,96,true,1,'{W,S,F}'),
 ('NO3-IC','Nitrate by ion chromatography','mg/l',3800,48,true,50,'{W,S}'),('CL-IC','Chloride by ion chromatography','mg/l',3500,48,true,250,'{W}'),('PH-EL','pH value','pH',1200,24,true,NULL,'{W,S,F}'),('COND','Conductivity','uS/cm',1100,24,true,NULL,'{W}'),('TURB','Turbidity','NTU',1300,24,false,4,'{W}'),
 ('ECOLI','E. coli count','cfu/100ml',4200,60,true,0,'{W,F}'),('LISTERIA','Listeria monocytogenes','cfu/g',5600,120,true,100,'{F}'),('SALMON','Salmonella detection','cfu/25g',5900,120,true,0,'{F}'),('TVC','Total viable count','cfu/g',3300,96,true,NULL,'{F,W}'),
 ('FAT','Fat content','g/100g',3900,72,true,NULL,'{F}'),('PROT','Protein (Kjeldahl)','g/100g',4400,72,true,NULL,'{F}'),('MOIST','Moisture','%',1900,30,false,NULL,'{F,S}'),('AFLA','Aflatoxins by LC-MS','ug/kg',11800,144,true,4,'{F}'),
 ('PEST','Pesticide screening','ug/kg',16500,168,true,10,'{F,S,W}'),('PAH','PAH by GC-MS','mg/kg',12200,120,true,1,'{S,A}'),('ASB','Asbestos fibres','f/l',9800,48,false,15,'{A}'),('PM10','Fine dust mass','ug/m3',5200,48,true,50,'{A}'),('PFAS','PFAS sum by LC-MS','ng/l',18900,168,false,100,'{W}');
INSERT INTO equip.instrument VALUES (1,'ICP-01','ICP-MS','2017-05-10',182000,NULL),(2,'ICP-02','ICP-MS','2022-11-03',214500,NULL),(3,'IC-01','ion chromatograph','2016-09-20',48200,'2024-12-15'),(4,'IC-02','ion chromatograph','2023-02-08',53900,NULL),(5,'LC-01','LC-MS','2018-03-14',248000,NULL),(6,'LC-02','LC-MS','2024-06-19',291000,NULL),
 (7,'GC-01','GC-MS','2015-10-01',121000,NULL),(8,'PH-01','pH meter','2020-01-15',1450,NULL),(9,'PH-02','pH meter','2023-07-04',1690,NULL),(10,'INC-01','incubator','2014-04-22',5300,'2023-08-31'),(11,'INC-02','incubator','2019-12-02',6100,NULL),(12,'INC-03','incubator','2023-09-11',7250,NULL),
 (13,'BAL-01','balance','2018-06-06',3900,NULL),(14,'BAL-02','balance','2021-06-21',4150,NULL),(15,'MIC-01','microscope','2016-02-17',15800,NULL),(16,'TUR-01','turbidimeter','2019-05-28',2300,NULL),(17,'KJE-01','Kjeldahl unit','2017-11-30',18700,NULL),(18,'BAL-03','balance','2026-08-03',4600,NULL);
INSERT INTO equip.calib
SELECT row_number() OVER (ORDER BY d, instr_id), instr_id, d, d + CASE WHEN kind IN ('pH meter','balance') THEN 91 ELSE 182 END, pg_temp.h('cal'||tag||n,13)>0, CASE WHEN pg_temp.h('cb'||tag||n,3)=0 THEN NULL ELSE (ARRAY[5,6,7,8,10,13,15])[1+floor(7*power(pg_temp.u('cs'||tag||n),1.7))::int] END
FROM (SELECT i.*, n, greatest(bought_on+5,'2022-01-12'::date) + n*CASE WHEN kind IN ('pH meter','balance') THEN 85 ELSE 176 END + pg_temp.h('co'||tag||n,24) d FROM equip.instrument i, generate_series(0,20) n) x
WHERE d < '2026-11-20' AND (retired_on IS NULL OR d < retired_on) AND instr_id <> 18;
INSERT INTO samples
SELECT g, 'L'||to_char(r,'YY')||'-'||lpad(g::text,5,'0'), c.client_id, m, CASE WHEN pg_temp.h('tk'||g,8)>0 THEN r - make_interval(hours=>2+floor(90*power(pg_temp.u('tkh'||g),2))::int) END, r,
 CASE WHEN m<>'A' THEN round((40+1900*power(pg_temp.u('ms'||g),2))::numeric,1) END,
 CASE WHEN pg_temp.h('rj'||g,100)<4 THEN 9 WHEN r>='2026-11-23' THEN 0 WHEN r>='2026-11-08' AND g%3<>0 THEN 1 ELSE 2 END, (pg_temp.h('ru'||g,8)=0 OR g IN (1289,1293,1296,1299))
FROM (SELECT g, 1+floor(57*power(pg_temp.u('sc'||g),1.9))::int cid, '2022-01-10 00:00+00'::timestamptz + make_interval(days=>floor(1780*power(g/1300.0,0.85))::int, hours=>7+floor(10*power(pg_temp.u('rh'||g),1.2))::int, mins=>pg_temp.h('rm'||g,60)) r FROM generate_series(1,1300) g) x
JOIN clients c ON c.client_id=x.cid
CROSS JOIN LATERAL (SELECT CASE WHEN c.sector IN ('food','pharma') THEN CASE WHEN pg_temp.h('mx'||g,10)<8 THEN 'F' ELSE 'W' END WHEN c.sector='water_utility' THEN 'W' WHEN c.sector='construction' THEN CASE WHEN pg_temp.h('mx'||g,10)<5 THEN 'A' ELSE 'S' END ELSE CASE WHEN pg_temp.h('mx'||g,10)<6 THEN 'S' WHEN pg_temp.h('mx'||g,10)<8 THEN 'F' ELSE 'W' END END m) z;
INSERT INTO sample_tests
SELECT sample_id, mth_cd, CASE WHEN st IS NOT NULL THEN instr END, CASE WHEN st IS NOT NULL THEN an END, st, CASE WHEN state=2 THEN en END,
 CASE WHEN state=2 THEN val END, CASE WHEN state=2 THEN CASE WHEN pg_temp.h('vi'||sample_id||mth_cd,40)=0 THEN 'I' WHEN limit_val IS NOT NULL AND val>limit_val THEN 'N' ELSE 'C' END END
FROM (SELECT s.sample_id, s.state, t.mth_cd, t.limit_val, st, st + make_interval(mins => (t.tat_hrs*60*(0.25+0.95*pg_temp.u('en'||s.sample_id||t.mth_cd)*pg_temp.u('en2'||s.sample_id)))::int) en,
  round((CASE WHEN t.mth_cd='PH-EL' THEN 4+5*v WHEN t.limit_val=0 THEN CASE WHEN v>0.94 THEN floor(40*v) ELSE 0 END WHEN t.limit_val IS NULL THEN 3+60*v ELSE t.limit_val*1.15*power(v,2.2) END)::numeric,3) val,
  CASE WHEN t.mth_cd LIKE '%-ICP' THEN CASE WHEN s.recd_at>='2022-12-01' AND v<0.6 THEN 2 ELSE 1 END WHEN t.mth_cd LIKE '%-IC' THEN CASE WHEN s.recd_at>='2023-03-01' THEN 4 ELSE 3 END WHEN t.mth_cd IN ('AFLA','PEST','PFAS') THEN CASE WHEN s.recd_at>='2024-07-01' AND v<0.7 THEN 6 ELSE 5 END
   WHEN t.mth_cd='PAH' THEN 7 WHEN t.mth_cd='PH-EL' THEN CASE WHEN s.recd_at>='2023-08-01' THEN 9 ELSE 8 END WHEN t.mth_cd IN ('ECOLI','LISTERIA','SALMON','TVC') THEN CASE WHEN s.recd_at>='2023-10-01' AND v<0.5 THEN 12 ELSE 11 END WHEN t.mth_cd IN ('MOIST','PM10','FAT') THEN 13 WHEN t.mth_cd='ASB' THEN 15 WHEN t.mth_cd='TURB' THEN 16 WHEN t.mth_cd='PROT' THEN 17 END instr,
  CASE WHEN s.recd_at<'2024-09-01' THEN (ARRAY[5,6,9,7,8,10,11,12])[1+floor(8*power(pg_temp.u('an'||s.sample_id||t.mth_cd),1.4))::int] ELSE (ARRAY[7,5,12,6,8,10,11])[1+floor(7*power(pg_temp.u('an'||s.sample_id||t.mth_cd),1.4))::int] END an
 FROM samples s JOIN test_methods t ON s.matrix_cd = ANY(t.matrices) CROSS JOIN LATERAL (SELECT pg_temp.u('rv'||s.sample_id||t.mth_cd) v, CASE WHEN s.state=2 OR (s.state=1 AND pg_temp.h('ss'||s.sample_id||t.mth_cd,3)>0) THEN s.recd_at + make_interval(mins=>30+pg_temp.h('sd'||s.sample_id||t.mth_cd,CASE WHEN s.rush THEN 400 ELSE 2400 END)) END st) z
 WHERE s.state<>9 AND pg_temp.h('tt'||s.sample_id||t.mth_cd, CASE WHEN t.mth_cd IN ('PFAS','HG-CV','AS-ICP') THEN 9 WHEN s.matrix_cd='A' THEN 2 ELSE 4 END)=0) q;
CREATE TEMP TABLE r0 AS SELECT s.sample_id, s.client_id, (date_trunc('month', s.recd_at)+interval '1 month')::date + pg_temp.h('rd'||s.client_id||to_char(s.recd_at,'YYYYMM'),12) d FROM samples s WHERE s.state=2 AND pg_temp.h('nr'||s.sample_id,12)>0;
CREATE TEMP TABLE r1 AS SELECT row_number() OVER (ORDER BY d, client_id) n, client_id, d FROM (SELECT DISTINCT client_id, d FROM r0 WHERE d<'2026-11-27') x;
INSERT INTO reports SELECT 'R'||to_char(d,'YYYY')||'/'||lpad(n::text,4,'0'), client_id, d, CASE WHEN pg_temp.h('rk'||n,100)<80 THEN 'F' WHEN pg_temp.h('rk'||n,100)<92 THEN 'I' ELSE 'K' END, CASE WHEN pg_temp.h('sg'||n,10)<6 THEN 2 WHEN pg_temp.h('sg'||n,10)<9 THEN 3 ELSE 1 END FROM r1;
INSERT INTO report_samples SELECT 'R'||to_char(r1.d,'YYYY')||'/'||lpad(n::text,4,'0'), sample_id FROM r0 JOIN r1 USING (client_id,d);
