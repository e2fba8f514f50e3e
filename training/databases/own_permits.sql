CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)/268435456.0 $$;

CREATE TABLE ref_district (
  district_no smallint PRIMARY KEY,
  district_name varchar(40) NOT NULL,
  historic boolean NOT NULL
);
COMMENT ON COLUMN ref_district.historic IS 'historic preservation overlay applies';
CREATE TABLE ref_permit_type (
  type_code varchar(4) PRIMARY KEY,
  type_name varchar(50) NOT NULL,
  parent_type varchar(4) REFERENCES ref_permit_type,
  target_days smallint
);
COMMENT ON TABLE ref_permit_type IS 'Permit types; trade permits hang below a main type';
COMMENT ON COLUMN ref_permit_type.parent_type IS 'main type; null for a main type';
COMMENT ON COLUMN ref_permit_type.target_days IS 'days allowed from filing to issue';
CREATE TABLE contractor (
  contractor_id int PRIMARY KEY,
  business_name varchar(60) NOT NULL UNIQUE,
  license_no varchar(12) NOT NULL,
  lic_expires date NOT NULL,
  trades text[] NOT NULL
);
COMMENT ON COLUMN contractor.lic_expires IS 'license valid through this day';
COMMENT ON COLUMN contractor.trades IS 'any of general, electrical, plumbing, mechanical, roofing, demolition';
CREATE TABLE inspector (
  insp_id int PRIMARY KEY,
  first_name varchar(30) NOT NULL,
  last_name varchar(30) NOT NULL,
  badge varchar(6) NOT NULL UNIQUE,
  home_district smallint REFERENCES ref_district,
  supervisor_id int REFERENCES inspector,
  hired_on date NOT NULL,
  left_on date
);
COMMENT ON TABLE inspector IS 'City building inspectors, former ones included';
COMMENT ON COLUMN inspector.home_district IS 'null = works city-wide';
COMMENT ON COLUMN inspector.left_on IS 'null while employed';
CREATE TABLE application (
  app_id int PRIMARY KEY,
  app_no varchar(14) NOT NULL UNIQUE,
  type_code varchar(4) NOT NULL REFERENCES ref_permit_type,
  district_no smallint NOT NULL REFERENCES ref_district,
  contractor_id int REFERENCES contractor,
  applicant varchar(60) NOT NULL,
  street varchar(60) NOT NULL,
  status char(2) NOT NULL CHECK (status IN ('RC','UR','IS','FN','DN','WD','EX')),
  valuation numeric(12,2) NOT NULL,
  sqft int,
  filed_on date NOT NULL,
  issued_on date,
  deleted boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE application IS 'Building permit applications';
COMMENT ON COLUMN application.app_no IS 'application number on all letters';
COMMENT ON COLUMN application.contractor_id IS 'null = owner-builder, no contractor';
COMMENT ON COLUMN application.applicant IS 'name of the property owner';
COMMENT ON COLUMN application.status IS 'RC received, UR under review, IS issued (work may go on), FN finaled (work complete), DN denied, WD withdrawn, EX expired';
COMMENT ON COLUMN application.street IS 'house number and street name';
COMMENT ON COLUMN application.valuation IS 'declared cost of the work, USD';
COMMENT ON COLUMN application.sqft IS 'floor area concerned, square feet; null where it does not apply';
COMMENT ON COLUMN application.issued_on IS 'permit issued; null until issued';
COMMENT ON COLUMN application.deleted IS 'entered in error, ignore in statistics when asked for valid applications';
CREATE TABLE inspection (
  inspn_id int PRIMARY KEY,
  app_id int NOT NULL REFERENCES application,
  insp_id int NOT NULL REFERENCES inspector,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 6),
  sched_at timestamptz NOT NULL,
  mins smallint,
  result char(1) CHECK (result IN ('P','F','C','N'))
);
COMMENT ON COLUMN inspection.kind IS '1 foundation, 2 framing, 3 electrical, 4 plumbing, 5 insulation, 6 final';
COMMENT ON COLUMN inspection.sched_at IS 'appointment';
COMMENT ON COLUMN inspection.mins IS 'time on site in minutes; null until done';
COMMENT ON COLUMN inspection.result IS 'P pass, F fail, C conditional pass, N no access; null = not done yet';
CREATE TABLE fee (
  fee_id int PRIMARY KEY,
  app_id int NOT NULL REFERENCES application,
  fee_kind varchar(10) NOT NULL CHECK (fee_kind IN ('filing','plan_check','permit','reinspect','penalty')),
  amount numeric(10,2) NOT NULL,
  assessed_on date NOT NULL,
  paid_on date,
  waived boolean NOT NULL
);
COMMENT ON COLUMN fee.amount IS 'USD';
COMMENT ON COLUMN fee.paid_on IS 'null = not paid';
COMMENT ON COLUMN fee.waived IS 'true = city does not collect it; neither paid nor outstanding';
CREATE TABLE ref_agency (
  agency_code char(3) PRIMARY KEY,
  agency_name varchar(40) NOT NULL
);
CREATE TABLE app_review (
  app_id int NOT NULL REFERENCES application,
  agency_code char(3) NOT NULL REFERENCES ref_agency,
  routed_on date NOT NULL,
  signed_on date,
  PRIMARY KEY (app_id, agency_code)
);
COMMENT ON TABLE app_review IS 'Which agencies must sign off an application';
COMMENT ON COLUMN app_review.routed_on IS 'sent to the agency';
COMMENT ON COLUMN app_review.signed_on IS 'agency signed off; null = pending';

INSERT INTO ref_district VALUES (1,'Old Harbor',true),(2,'Cathedral Hill',true),(3,'Millrace',false),(4,'Northfield',false),(5,'Sunnyside',false),(6,'Ferry Point',false),(7,'Garden Terrace',false),(8,'Railyard',true),(9,'Westmoor',false);
INSERT INTO ref_permit_type VALUES ('NEW','New construction',NULL,90),('ALT','Alteration',NULL,45),('ADD','Addition',NULL,60),('DEM','Demolition',NULL,30),('SGN','Sign',NULL,20),('ELEC','Electrical','ALT',10),('PLMB','Plumbing','ALT',10),('MECH','Mechanical','ALT',14),('ROOF','Reroofing','ALT',7),('SOLR','Solar panels','ALT',14),('ADU','Accessory dwelling unit','NEW',75),('DECK','Deck or porch','ADD',21),('POOL','Swimming pool','ADD',30);
INSERT INTO contractor
SELECT g, (ARRAY['Anchor','Bedrock','Cornerstone','Dunmore','Emerald','Fairview','Gable','Hearth','Ironside','Jensen','Keller','Lakeland','Monarch','Nolan','Oakline','Pioneer'])[1+(g*3)%16]||' '||(ARRAY['Builders','Electric','Plumbing','Roofing','Construction','Mechanical','Renovations'])[1+(g+g/16)%7],
 'CL-'||lpad((20417+g*613)::text,6,'0'),
 date '2026-07-31' + floor(pg_temp.r('cx'||g)*1000)::int,
 CASE (1+(g+g/16)%7) WHEN 2 THEN ARRAY['electrical'] WHEN 3 THEN ARRAY['plumbing','mechanical'] WHEN 4 THEN ARRAY['roofing'] WHEN 6 THEN ARRAY['mechanical'] WHEN 5 THEN ARRAY['general','demolition'] WHEN 1 THEN ARRAY['general'] ELSE ARRAY['general','roofing'] END
FROM generate_series(1,56) g;
INSERT INTO inspector VALUES
(1,'Gloria','Whitfield','B-101',NULL,NULL,'2005-03-14',NULL),(2,'Raymond','Acosta','B-117',NULL,1,'2010-06-01',NULL),(3,'Denise','Holloway','B-122',NULL,1,'2012-09-17',NULL),(4,'Victor','Stanek','B-130',1,2,'2014-02-03',NULL),(5,'Maya','Lindgren','B-133',2,2,'2016-05-09',NULL),(6,'Carl','Dubois','B-138',3,2,'2016-10-24',NULL),(7,'Teresa','Mbeki','B-140',4,2,'2017-08-07',NULL),(8,'Howard','Pell','B-141',5,3,'2018-01-15',NULL),(9,'Aisha','Karimi','B-145',6,3,'2019-04-22',NULL),(10,'Leon','Fischer','B-149',7,3,'2019-11-04',NULL),(11,'Paula','Rinaldi','B-152',8,3,'2020-07-20',NULL),(12,'Dwight','Ames','B-156',9,3,'2021-03-01',NULL),(13,'Sofia','Marchetti','B-160',3,6,'2022-05-16',NULL),(14,'Jerome','Tate','B-161',4,7,'2022-09-12','2025-06-30'),(15,'Hanna','Olsen','B-165',1,4,'2023-02-20',NULL),(16,'Miguel','Santos','B-167',5,8,'2023-08-28',NULL),(17,'Irene','Cho','B-170',NULL,3,'2024-04-15','2026-02-27'),(18,'Patrick','Moody','B-171',2,5,'2024-10-07',NULL),(19,'Lucille','Grant','B-120',6,2,'2011-05-02','2024-12-31'),(20,'Ahmed','Saleh','B-176',NULL,2,'2026-03-02',NULL);
INSERT INTO application
SELECT g, 'BP'||to_char(f.d,'YYYY')||'-'||lpad(g::text,5,'0'), t.tc,
 1+floor(power(pg_temp.r('pd'||g),1.35)*9)::int,
 CASE WHEN pg_temp.r('po'||g)<0.2 THEN NULL ELSE 1+floor(power(pg_temp.r('pc'||g),1.7)*53)::int END,
 (ARRAY['Alvarez','Baker','Chandra','Donnelly','Engel','Freeman','Gonzalez','Hart','Ivanov','Johansson','Kaplan','Larsen','Murphy','Novak','Ortega','Patel','Reed','Schultz','Tran','Underwood','Vance','Wilcox','Yamada','Zeller'])[1+floor(pg_temp.r('pn'||g)*24)::int] || (ARRAY[' Family Trust',' Properties LLC',', Anna',', James',', Ruth',', Carlos',', Mei',', Thomas',', Diane',', Omar'])[1+floor(pg_temp.r('pm'||g)*10)::int],
 (12+floor(pg_temp.r('pa'||g)*880)::int)||' '||(ARRAY['Alder St','Bridge St','Canal Rd','Dock Ave','Elm St','Foundry Ln','Grove Ave','Hill St','Jasper Way','Kiln Rd','Linden Ave','Market St','Orchard Rd','Quay St'])[1+floor(power(pg_temp.r('pb'||g),1.3)*14)::int],
 s.st,
 round((CASE t.tc WHEN 'NEW' THEN 420000 WHEN 'ADU' THEN 145000 WHEN 'ADD' THEN 88000 WHEN 'ALT' THEN 52000 WHEN 'POOL' THEN 61000 WHEN 'DEM' THEN 24000 WHEN 'SOLR' THEN 21000 WHEN 'ROOF' THEN 14500 WHEN 'DECK' THEN 12000 WHEN 'MECH' THEN 9500 ELSE 4200 END*(0.4+2.4*power(pg_temp.r('pv'||g),3)))/50)*50,
 CASE WHEN t.tc IN ('NEW','ADU','ADD','ALT','DEM','DECK') THEN (CASE t.tc WHEN 'NEW' THEN 2300 WHEN 'ADU' THEN 750 WHEN 'DECK' THEN 260 ELSE 620 END*(0.5+1.5*pg_temp.r('pq'||g)))::int END,
 f.d,
 CASE WHEN s.st IN ('IS','FN','EX') THEN least(date '2026-11-20', f.d + 2 + floor(t.td*(0.25+1.5*power(pg_temp.r('pi'||g),1.5)))::int) END,
 pg_temp.r('px'||g) < 0.02
FROM generate_series(1,1100) g,
LATERAL (SELECT date '2022-02-01' + floor(1748*power(g/1100.0,0.9))::int d) f,
LATERAL (SELECT tc, (SELECT target_days FROM ref_permit_type y WHERE y.type_code=x.tc) td FROM (SELECT (ARRAY['ALT','ALT','ALT','ALT','ROOF','ROOF','ROOF','ELEC','ELEC','ELEC','ELEC','ELEC','PLMB','PLMB','MECH','MECH','SOLR','SOLR','SOLR','ADD','ADD','NEW','NEW','ADU','DECK','DECK','DEM','SGN','POOL'])[1+floor(pg_temp.r('pt'||g)*29)::int] tc) x) t,
LATERAL (SELECT pg_temp.r('ps'||g) z) q,
LATERAL (SELECT CASE WHEN q.z<0.05 THEN 'DN' WHEN q.z<0.11 THEN 'WD' WHEN f.d > '2026-11-01' THEN (CASE WHEN q.z<0.7 THEN 'RC' ELSE 'UR' END) WHEN f.d > '2026-07-20' THEN (CASE WHEN q.z<0.3 THEN 'UR' WHEN t.td<15 AND q.z>0.6 AND f.d<'2026-08-20' THEN 'FN' WHEN f.d+2+(t.td*1.75)::int > '2026-11-20' THEN 'UR' ELSE 'IS' END) WHEN f.d > '2026-01-15' AND t.td >= 30 THEN 'IS' WHEN f.d > '2025-11-01' AND q.z<0.4 THEN 'IS' WHEN f.d < '2025-06-01' AND q.z<0.19 THEN 'EX' WHEN f.d > '2025-06-01' AND q.z<0.2 THEN 'IS' ELSE 'FN' END st) s;
INSERT INTO inspection
SELECT row_number() OVER (ORDER BY q.at, q.app_id, q.kind)::int, q.app_id, q.insp, q.kind, q.at,
 CASE WHEN q.at < '2026-11-21' THEN 15+floor(pg_temp.r('im'||q.app_id||'/'||q.kind||'/'||q.n)*(CASE q.kind WHEN 6 THEN 85 WHEN 2 THEN 60 ELSE 45 END))::int END,
 CASE WHEN q.at < '2026-11-21' THEN q.res END
FROM (
 SELECT a.app_id, k.kind, n.n,
  a.issued_on + make_interval(days => 6+k.o::int*16+(n.n-1)*9+floor(pg_temp.r('id'||a.app_id||'/'||k.kind)*8)::int, hours => 8+floor(power(pg_temp.r('ih'||a.app_id||'/'||k.kind||n.n),1.3)*8)::int, mins => 30*floor(pg_temp.r('ii'||a.app_id||k.kind||n.n)*2)::int) AS at,
  CASE WHEN n.n < k.cnt THEN (CASE WHEN pg_temp.r('in'||a.app_id||k.kind)<0.2 THEN 'N' ELSE 'F' END) WHEN a.status='EX' THEN 'F' WHEN pg_temp.r('ij'||a.app_id||k.kind)<0.12 AND k.kind<>6 THEN 'C' ELSE 'P' END res,
  CASE WHEN pg_temp.r('ix'||a.app_id||k.kind)<0.25 THEN (ARRAY[2,3,3])[1+floor(pg_temp.r('iy'||a.app_id||k.kind)*3)::int]
       ELSE coalesce((ARRAY[CASE WHEN a.issued_on>'2023-03-15' AND pg_temp.r('iz'||a.app_id||k.kind)<0.4 THEN 15 ELSE 4 END,5,CASE WHEN a.issued_on>'2022-06-01' AND pg_temp.r('iz'||a.app_id||k.kind)<0.35 THEN 13 ELSE 6 END,7,CASE WHEN a.issued_on>'2023-09-15' AND pg_temp.r('iz'||a.app_id||k.kind)<0.5 THEN 16 ELSE 8 END,CASE WHEN a.issued_on<'2024-08-01' AND pg_temp.r('iz'||a.app_id||k.kind)<0.6 THEN 19 ELSE 9 END,10,11,12])[a.district_no],2) END insp
 FROM application a,
 LATERAL (SELECT kk.kind, kk.o, 1+(pg_temp.r('ik'||a.app_id||'/'||kk.kind)<0.17)::int+(pg_temp.r('ik'||a.app_id||'/'||kk.kind)<0.03)::int cnt FROM unnest(CASE WHEN a.type_code IN ('NEW','ADU') THEN ARRAY[1,2,3,4,5,6] WHEN a.type_code IN ('ADD','ALT') THEN ARRAY[2,3,4,6] WHEN a.type_code='ELEC' OR a.type_code='SOLR' THEN ARRAY[3,6] WHEN a.type_code='PLMB' THEN ARRAY[4] WHEN a.type_code='POOL' THEN ARRAY[1,4,6] WHEN a.type_code='DECK' THEN ARRAY[1,6] ELSE ARRAY[6] END) WITH ORDINALITY kk(kind,o)) k,
 LATERAL generate_series(1,k.cnt) n(n)
 WHERE a.issued_on IS NOT NULL AND (a.status='FN' OR (a.status='IS' AND k.o<=2 AND k.kind<6) OR (a.status='EX' AND k.o=1 AND pg_temp.r('ie'||a.app_id)<0.5))
) q WHERE q.at < '2026-12-19';
UPDATE inspection SET sched_at = sched_at + make_interval(days => CASE extract(dow from sched_at) WHEN 6 THEN 2 ELSE 1 END) WHERE extract(dow from sched_at) IN (0,6);
UPDATE inspection SET mins = NULL, result = NULL WHERE sched_at >= '2026-11-21';
INSERT INTO fee
SELECT row_number() OVER (ORDER BY q.d, q.app_id, q.k)::int, q.app_id, q.k, round(q.amt::numeric,2), q.d, CASE WHEN NOT q.w AND q.paid THEN q.d + floor(power(pg_temp.r('fp'||q.app_id||q.k),2)*40)::int END, q.w
FROM (
 SELECT a.app_id, f.k, f.amt, f.d, pg_temp.r('fw'||a.app_id||f.k)<0.03 w, (f.k='filing' OR (a.status IN ('IS','FN','EX') AND f.k IN ('plan_check','permit') AND pg_temp.r('fq'||a.app_id||f.k)<0.97) OR pg_temp.r('fq'||a.app_id||f.k)<0.6) AND f.d < '2026-10-10' paid
 FROM application a, LATERAL (
  SELECT 'filing' k, 45+5*floor(pg_temp.r('ff'||a.app_id)*8) amt, a.filed_on d
  UNION ALL SELECT 'plan_check', 60+a.valuation*0.0021, a.filed_on+4 WHERE a.type_code IN ('NEW','ADU','ADD','ALT','POOL','DEM') AND a.status<>'WD'
  UNION ALL SELECT 'permit', 85+a.valuation*0.0093, a.issued_on WHERE a.issued_on IS NOT NULL
  UNION ALL SELECT 'penalty', 250+250*floor(pg_temp.r('fn'||a.app_id)*4), a.filed_on+1 WHERE pg_temp.r('fm'||a.app_id)<0.04
  UNION ALL SELECT 'reinspect', 110, (SELECT min(i.sched_at)::date FROM inspection i WHERE i.app_id=a.app_id AND i.result IN ('F','N')) WHERE EXISTS (SELECT 1 FROM inspection i WHERE i.app_id=a.app_id AND i.result IN ('F','N')) AND pg_temp.r('fr'||a.app_id)<0.7
 ) f
) q;
INSERT INTO ref_agency VALUES ('FIR','Fire Marshal'),('ZON','Zoning Office'),('PWK','Public Works'),('HIS','Historic Preservation Board'),('ENV','Environmental Health'),('TRF','Traffic Engineering');
INSERT INTO app_review
SELECT a.app_id, y.agency_code, a.filed_on+2, CASE WHEN a.issued_on IS NOT NULL THEN least(a.issued_on, a.filed_on+2+floor(pg_temp.r('rs'||a.app_id||y.agency_code)*(a.issued_on-a.filed_on-1))::int) WHEN pg_temp.r('rt'||a.app_id||y.agency_code)<0.4 AND a.filed_on<'2026-10-20' THEN a.filed_on+5+floor(pg_temp.r('rs'||a.app_id||y.agency_code)*20)::int END
FROM application a JOIN ref_district d ON d.district_no=a.district_no, ref_agency y
WHERE a.type_code NOT IN ('ELEC','PLMB','MECH') AND a.status<>'RC' AND ((y.agency_code='ZON' AND a.type_code IN ('NEW','ADU','ADD','DECK','SGN','POOL')) OR (y.agency_code='FIR' AND a.type_code IN ('NEW','ALT','ADU','SOLR')) OR (y.agency_code='HIS' AND d.historic) OR (y.agency_code='PWK' AND a.type_code IN ('NEW','DEM','POOL')) OR (y.agency_code='ENV' AND a.type_code IN ('DEM','POOL') AND pg_temp.r('re'||a.app_id)<0.7));
CREATE VIEW v_fee_due AS SELECT app_id, sum(amount) AS amount_due FROM fee WHERE paid_on IS NULL AND NOT waived GROUP BY app_id;
COMMENT ON VIEW v_fee_due IS 'Outstanding fees per application, USD (unpaid, not waived); applications without any are not listed';
