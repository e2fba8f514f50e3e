CREATE FUNCTION pg_temp.u(n bigint, s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 $$;
CREATE FUNCTION pg_temp.k(n bigint, s text, m int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 * m)::int $$;
CREATE SCHEMA safety;
CREATE TYPE trial_phase AS ENUM ('I', 'II', 'III', 'IV');
CREATE TABLE staff (
  staff_id integer PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  role_code text NOT NULL CHECK (role_code IN ('PI', 'CRC', 'CRA', 'DM', 'MM')),
  reports_to integer REFERENCES staff,
  hired_on date NOT NULL
);
CREATE TABLE site (
  site_id integer PRIMARY KEY,
  site_name text NOT NULL,
  city text NOT NULL,
  country text NOT NULL,
  investigator_id integer REFERENCES staff
);
CREATE TABLE study (
  study_id integer PRIMARY KEY,
  protocol_no text NOT NULL UNIQUE,
  title text NOT NULL,
  phase trial_phase NOT NULL,
  sponsor text NOT NULL,
  indication text NOT NULL,
  start_date date NOT NULL,
  end_date date,
  target_n integer NOT NULL
);
CREATE TABLE study_site (
  study_id integer REFERENCES study,
  site_id integer REFERENCES site,
  activated_on date NOT NULL,
  closed_on date,
  PRIMARY KEY (study_id, site_id)
);
CREATE TABLE subject (
  subject_no text PRIMARY KEY,
  study_id integer NOT NULL,
  site_id integer NOT NULL,
  sex char(1) NOT NULL CHECK (sex IN ('F', 'M')),
  birth_year smallint NOT NULL,
  consented_on date NOT NULL,
  arm char(1) CHECK (arm IN ('T', 'P')),
  status char(1) NOT NULL CHECK (status IN ('S', 'F', 'A', 'C', 'W')),
  withdrawn_on date,
  FOREIGN KEY (study_id, site_id) REFERENCES study_site
);
CREATE TABLE visit (
  visit_id integer PRIMARY KEY,
  subject_no text NOT NULL REFERENCES subject,
  visit_type text NOT NULL CHECK (visit_type IN ('SCR', 'BL', 'TRT', 'FU', 'EOS')),
  planned_on date NOT NULL,
  actual_on date,
  weight_kg numeric(5,1),
  sbp_mmhg smallint
);
CREATE TABLE dose (
  dose_id integer PRIMARY KEY,
  subject_no text NOT NULL REFERENCES subject,
  given_at timestamptz NOT NULL,
  dose_mg numeric(6,1) NOT NULL,
  route char(2) NOT NULL CHECK (route IN ('PO', 'IV', 'SC')),
  reduced boolean NOT NULL
);
CREATE TABLE safety.ae_term (
  term_code text PRIMARY KEY,
  term text NOT NULL,
  organ_class text NOT NULL
);
CREATE TABLE safety.adverse_event (
  ae_id integer PRIMARY KEY,
  subject_no text NOT NULL REFERENCES subject,
  term_code text NOT NULL REFERENCES safety.ae_term,
  onset_on date NOT NULL,
  resolved_on date,
  grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 5),
  serious boolean NOT NULL,
  related smallint NOT NULL CHECK (related IN (0, 1, 2))
);
COMMENT ON COLUMN staff.role_code IS 'PI principal investigator, CRC study coordinator, CRA monitor, DM data manager, MM medical monitor';
COMMENT ON COLUMN staff.reports_to IS 'line manager';
COMMENT ON TABLE site IS 'hospitals and clinics taking part in studies';
COMMENT ON COLUMN site.investigator_id IS 'principal investigator in charge; null = vacant';
COMMENT ON TABLE study IS 'clinical studies';
COMMENT ON COLUMN study.indication IS 'disease under study';
COMMENT ON COLUMN study.end_date IS 'null while the study is running';
COMMENT ON COLUMN study.target_n IS 'planned number of enrolled subjects';
COMMENT ON TABLE study_site IS 'which sites take part in which study';
COMMENT ON COLUMN study_site.closed_on IS 'null while the site is open for this study';
COMMENT ON TABLE subject IS 'study participants (patients), one row per signed consent = enrolled';
COMMENT ON COLUMN subject.arm IS 'T = treatment, P = placebo; null = not randomised';
COMMENT ON COLUMN subject.status IS 'S in screening, F screen failure, A active, C completed, W withdrawn';
COMMENT ON COLUMN subject.withdrawn_on IS 'only for status W';
COMMENT ON COLUMN visit.visit_type IS 'SCR screening, BL baseline, TRT treatment, FU follow-up, EOS end of study';
COMMENT ON COLUMN visit.actual_on IS 'null = did not take place (yet); missed if planned_on has passed';
COMMENT ON COLUMN visit.sbp_mmhg IS 'systolic blood pressure, mmHg';
COMMENT ON COLUMN dose.route IS 'PO oral, IV intravenous, SC subcutaneous';
COMMENT ON COLUMN dose.reduced IS 'dose reduced below protocol';
COMMENT ON TABLE safety.adverse_event IS 'adverse events (side effects) reported';
COMMENT ON COLUMN safety.adverse_event.resolved_on IS 'null = ongoing';
COMMENT ON COLUMN safety.adverse_event.grade IS '1 mild, 2 moderate, 3 severe, 4 life-threatening, 5 fatal';
COMMENT ON COLUMN safety.adverse_event.serious IS 'SAE';
COMMENT ON COLUMN safety.adverse_event.related IS 'relation to study drug: 0 not related, 1 possibly, 2 related';

INSERT INTO staff VALUES
(1,'Margaret','Ellison','MM',NULL,'2015-02-01'),(2,'Dieter','Vogel','PI',1,'2016-05-15'),(3,'Aisha','Rahman','PI',1,'2017-09-01'),(4,'Carlos','Mendes','PI',1,'2018-01-08'),(5,'Helen','Sorensen','PI',1,'2018-11-19'),
(6,'Tomasz','Wilk','PI',1,'2019-03-04'),(7,'Louise','Bernard','PI',1,'2020-06-01'),(8,'Samuel','Adeyemi','PI',1,'2021-02-15'),(9,'Yuki','Tanaka','PI',1,'2021-10-04'),
(10,'Rebecca','Stone','CRA',1,'2019-08-12'),(11,'Pavel','Novak','CRA',10,'2022-03-01'),(12,'Ingrid','Halvorsen','CRA',10,'2023-04-17'),(13,'Matteo','Ricci','CRA',10,'2024-09-02'),
(14,'Fiona','Doyle','CRC',2,'2020-01-20'),(15,'Jan','Peeters','CRC',2,'2022-07-11'),(16,'Leila','Haddad','CRC',3,'2021-05-03'),(17,'Bruno','Costa','CRC',4,'2023-02-06'),(18,'Katrin','Maurer','CRC',5,'2022-10-17'),
(19,'Owen','Pritchard','CRC',6,'2024-01-15'),(20,'Camille','Roux','CRC',7,'2023-08-28'),(21,'Anita','Desai','DM',1,'2018-06-04'),(22,'Viktor','Lindqvist','DM',21,'2022-11-07'),(23,'Grace','Mbeki','DM',21,'2025-03-10'),(24,'Daniel','Brandt','DM',21,'2025-09-01'),(25,'Elena','Petrova','MM',1,'2024-05-13');
INSERT INTO site VALUES
(1,'Charite Mitte Trial Unit','Berlin','Germany',2),(2,'Isar Clinic','Munich','Germany',2),(3,'St Bride Hospital','London','United Kingdom',3),(4,'Northgate Infirmary','Manchester','United Kingdom',3),(5,'Hospital do Mar','Lisbon','Portugal',4),
(6,'Rigshospital West','Copenhagen','Denmark',5),(7,'Vistula Medical Centre','Warsaw','Poland',6),(8,'Baltic Heart Institute','Gdansk','Poland',6),(9,'Hopital Saint-Luc','Lyon','France',7),(10,'Clinique des Acacias','Paris','France',7),
(11,'Lakeside University Hospital','Zurich','Switzerland',NULL),(12,'Midlands Research Clinic','Birmingham','United Kingdom',8),(13,'Elbe Oncology Centre','Hamburg','Germany',9),(14,'Porto Diabetes Clinic','Porto','Portugal',NULL),(15,'Royal Forth Hospital','Edinburgh','United Kingdom',8);
INSERT INTO study VALUES
(1,'CVX-101','Cardivex in chronic heart failure','III','Norvanta Pharma','Heart failure','2022-02-14','2025-06-30',60),
(2,'CVX-204','Cardivex dose finding in hypertension','II','Norvanta Pharma','Hypertension','2022-09-01','2024-08-31',40),
(3,'GLU-310','Glumira once weekly in type 2 diabetes','III','Helixor Bio','Type 2 diabetes','2023-01-16',NULL,70),
(4,'ONC-055','First in human study of HX-55 in solid tumours','I','Helixor Bio','Solid tumours','2023-05-02','2025-01-31',18),
(5,'DRM-220','Dermalin cream in atopic eczema','II','Solenne SA','Atopic eczema','2023-10-09',NULL,45),
(6,'RSP-401','Long-term safety of Respilar in asthma','IV','Norvanta Pharma','Asthma','2024-02-01',NULL,50),
(7,'NEU-118','Neurafen in migraine prevention','II','Kestrel Therapeutics','Migraine','2024-06-17',NULL,36),
(8,'ONC-071','HX-71 in advanced breast cancer','II','Helixor Bio','Breast cancer','2025-01-20',NULL,40),
(9,'GLU-315','Glumira in adolescents with type 2 diabetes','III','Helixor Bio','Type 2 diabetes','2025-08-04',NULL,30),
(10,'ART-009','Artivax in rheumatoid arthritis','I','Kestrel Therapeutics','Rheumatoid arthritis','2026-10-12',NULL,20);
INSERT INTO study_site
SELECT s.study_id, t.site_id, d.d, CASE WHEN s.end_date IS NOT NULL THEN s.end_date - pg_temp.k(s.study_id * 100 + t.site_id,'c',40) WHEN pg_temp.u(s.study_id * 100 + t.site_id,'cl') < 0.15 AND s.study_id < 8 THEN date '2026-02-01' + pg_temp.k(s.study_id * 100 + t.site_id,'c',200) END
FROM study s JOIN site t ON pg_temp.u(s.study_id * 100 + t.site_id,'ss') < 0.42 + 0.03 * (t.site_id % 4) AND t.site_id <> 14
CROSS JOIN LATERAL (SELECT s.start_date + pg_temp.k(s.study_id * 100 + t.site_id,'a',CASE WHEN s.study_id = 10 THEN 30 ELSE 120 END) d) d;

INSERT INTO subject
SELECT protocol_no || '-' || lpad((row_number() OVER (PARTITION BY study_id ORDER BY con, n))::text, 3, '0'), study_id, site_id,
  CASE WHEN study_id = 8 OR pg_temp.u(n,'sx') < 0.53 THEN 'F' ELSE 'M' END, CASE WHEN study_id = 9 THEN 2009 + pg_temp.k(n,'by',5) ELSE 1942 + pg_temp.k(n,'by',60) END,
  con, CASE WHEN st IN ('S','F') THEN NULL WHEN pg_temp.u(n,'ar') < 0.56 THEN 'T' ELSE 'P' END, st,
  CASE WHEN st = 'W' THEN least(con + 30 + pg_temp.k(n,'wd',130), '2026-11-25') END
FROM (SELECT n, z.study_id, z.site_id, con, CASE WHEN con >= '2026-11-08' THEN 'S' WHEN pg_temp.u(n,'sf') < 0.12 THEN 'F' WHEN con < '2026-10-10' AND pg_temp.u(n,'w') < 0.15 THEN 'W' WHEN con + 206 > '2026-11-28' THEN 'A' ELSE 'C' END st
 FROM (SELECT n, (SELECT study_id FROM unnest(ARRAY[1,2,3,4,5,6,7,8,9,10], ARRAY[52,86,150,163,197,242,276,312,333,341]) w(study_id, hi) WHERE n <= hi ORDER BY hi LIMIT 1) study_id FROM generate_series(1, 341) n) g
 CROSS JOIN LATERAL (SELECT ss.*, count(*) OVER () c, row_number() OVER (ORDER BY md5(ss.study_id || 'x' || ss.site_id)) r, s.end_date, s.protocol_no FROM study_site ss JOIN study s ON s.study_id = ss.study_id WHERE ss.study_id = g.study_id) z
 CROSS JOIN LATERAL (SELECT z.activated_on + 3 + floor(power(pg_temp.u(n,'co'),0.8) * (least(coalesce(z.end_date - 240, '2026-11-26'), coalesce(z.closed_on - 20, '2026-11-26')) - z.activated_on - 3))::int con) q
 WHERE z.r = 1 + floor(power(pg_temp.u(n,'si'),1.5) * z.c)::int) x JOIN study USING (study_id)
WHERE con > start_date;

INSERT INTO visit
SELECT row_number() OVER (ORDER BY s.consented_on, s.subject_no, v.off), s.subject_no, v.t, p.pl, a.ac,
  CASE WHEN a.ac IS NOT NULL AND pg_temp.u(q.id,'wn') > 0.04 THEN round((54 + 48 * pg_temp.u(q.sid,'w') + (CASE WHEN s.sex = 'M' THEN 9 ELSE 0 END) - CASE WHEN s.arm = 'T' AND s.study_id IN (3, 9) THEN v.off * 0.03 ELSE 0 END + 2 * pg_temp.u(q.id,'w2'))::numeric, 1) END,
  CASE WHEN a.ac IS NOT NULL THEN 112 + pg_temp.k(q.sid,'bp',38) + pg_temp.k(q.id,'b2',14) - CASE WHEN s.arm = 'T' AND s.study_id IN (1, 2) THEN v.off / 16 ELSE 0 END END
FROM subject s JOIN (VALUES ('SCR',0),('BL',14),('TRT',42),('TRT',70),('TRT',98),('TRT',126),('TRT',154),('FU',182),('EOS',206)) v(t, off) ON s.status NOT IN ('S','F') OR v.off = 0 OR (s.status = 'S' AND v.off = 14)
CROSS JOIN LATERAL (SELECT hashtext(s.subject_no)::bigint sid, hashtext(s.subject_no || v.off)::bigint id) q
CROSS JOIN LATERAL (SELECT s.consented_on + v.off pl) p
CROSS JOIN LATERAL (SELECT CASE WHEN v.off = 0 THEN p.pl WHEN p.pl + 5 >= '2026-11-27' OR (v.off > 14 AND pg_temp.u(q.id,'ms') < 0.07) THEN NULL ELSE p.pl - 2 + pg_temp.k(q.id,'ac',8) END ac) a
WHERE s.withdrawn_on IS NULL OR p.pl < s.withdrawn_on - 6;

INSERT INTO dose
SELECT row_number() OVER (ORDER BY d.d, s.subject_no), s.subject_no, d.d, CASE WHEN r.red THEN b.mg / 2 ELSE b.mg END, b.rt, r.red
FROM subject s JOIN (VALUES (1,50.0,'PO'),(2,25.0,'PO'),(3,2.5,'SC'),(4,120.0,'IV'),(5,10.0,'PO'),(6,4.0,'PO'),(7,75.0,'SC'),(8,200.0,'IV'),(9,1.5,'SC'),(10,40.0,'IV')) b(sid, mg, rt) ON b.sid = s.study_id
CROSS JOIN generate_series(0, 10) g
CROSS JOIN LATERAL (SELECT hashtext(s.subject_no || 'd' || g)::bigint id) q
CROSS JOIN LATERAL (SELECT (s.consented_on + 16 + g * 14)::timestamp AT TIME ZONE 'UTC' + (450 + pg_temp.k(q.id,'tm',600)) * interval '1 minute' d) d
CROSS JOIN LATERAL (SELECT pg_temp.u(q.id,'rd') < CASE WHEN s.study_id IN (4, 8) THEN 0.16 ELSE 0.04 END red) r
WHERE s.arm IS NOT NULL AND d.d < coalesce(s.withdrawn_on, '2026-11-27') AND pg_temp.u(q.id,'sk') > 0.06;

INSERT INTO safety.ae_term VALUES ('HEAD','Headache','Nervous system'),('NAUS','Nausea','Gastrointestinal'),('DIAR','Diarrhoea','Gastrointestinal'),('FATG','Fatigue','General'),('DIZZ','Dizziness','Nervous system'),('RASH','Rash','Skin'),('PRUR','Itching','Skin'),('HYPO','Low blood pressure','Vascular'),
('HYGL','Hypoglycaemia','Metabolism'),('VOMI','Vomiting','Gastrointestinal'),('NEUT','Neutropenia','Blood'),('ANEM','Anaemia','Blood'),('ISRX','Injection site reaction','General'),('PNEU','Pneumonia','Infections'),('UTIN','Urinary tract infection','Infections'),('MYOC','Myocardial infarction','Cardiac'),('AFIB','Atrial fibrillation','Cardiac'),('INSO','Insomnia','Psychiatric'),('SEIZ','Seizure','Nervous system');
INSERT INTO safety.adverse_event
SELECT 3000 + row_number() OVER (ORDER BY onset, subject_no), subject_no, (ARRAY['HEAD','NAUS','FATG','DIZZ','DIAR','RASH','VOMI','ISRX','PRUR','HYGL','INSO','HYPO','ANEM','UTIN','NEUT','PNEU','AFIB','MYOC'])[1 + floor(power(pg_temp.u(id,'te'),1.5) * 18)::int],
  onset, CASE WHEN gr = 5 OR pg_temp.u(id,'on') < 0.05 OR onset + rs >= '2026-11-27' THEN NULL ELSE onset + rs END, gr, gr >= 4 OR (gr = 3 AND pg_temp.u(id,'se') < 0.5) OR pg_temp.u(id,'s3') < 0.02,
  CASE WHEN arm = 'T' THEN (ARRAY[0,0,1,1,2,2])[1 + pg_temp.k(id,'re',6)] ELSE (ARRAY[0,0,0,1,1,2])[1 + pg_temp.k(id,'re',6)] END
FROM (SELECT s.subject_no, s.arm, q.id, s.consented_on + 16 + pg_temp.k(q.id,'os',160) onset, 1 + floor(power(pg_temp.u(q.id,'rs'),2.2) * 48)::int rs,
  CASE WHEN pg_temp.u(q.id,'gr') < 0.52 THEN 1 WHEN pg_temp.u(q.id,'gr') < 0.81 THEN 2 WHEN pg_temp.u(q.id,'gr') < 0.945 THEN 3 WHEN pg_temp.u(q.id,'gr') < 0.99 THEN 4 ELSE 5 END gr
  FROM subject s CROSS JOIN generate_series(1, 7) g CROSS JOIN LATERAL (SELECT hashtext(s.subject_no || 'ae' || g)::bigint id) q
  WHERE s.arm IS NOT NULL AND g <= floor(power(pg_temp.u(hashtext(s.subject_no || 'na'),'n'),1.4) * CASE WHEN s.study_id IN (4, 8) THEN 8 WHEN s.arm = 'T' THEN 6 ELSE 4 END)) x
WHERE onset < '2026-11-26';
