CREATE FUNCTION pg_temp.u(s text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),1,7))::bit(28)::int / 268435456.0::double precision $$;

CREATE TABLE member (
  mno int PRIMARY KEY,
  fname text NOT NULL,
  lname text NOT NULL,
  village text NOT NULL,
  joined date NOT NULL,
  resigned date,
  shares int NOT NULL,
  sponsor_mno int REFERENCES member
);
CREATE TABLE crop (
  crop_code varchar(4) PRIMARY KEY,
  crop_name text NOT NULL,
  crop_group text NOT NULL CHECK (crop_group IN ('cereal','oilseed','fruit','vegetable','root')),
  perishable boolean NOT NULL
);
CREATE TABLE field (
  fid int PRIMARY KEY,
  mno int NOT NULL REFERENCES member,
  field_name text NOT NULL,
  area_ha numeric(6,2) NOT NULL,
  soil text NOT NULL CHECK (soil IN ('clay','loam','sand','peat')),
  organic boolean NOT NULL,
  leased boolean NOT NULL
);
CREATE TABLE planting (
  fid int NOT NULL REFERENCES field,
  crop_code varchar(4) NOT NULL REFERENCES crop,
  season int NOT NULL,
  sown_ha numeric(6,2) NOT NULL,
  PRIMARY KEY (fid, crop_code, season)
);
CREATE TABLE depot (
  depot_id int PRIMARY KEY,
  depot_name text NOT NULL,
  town text NOT NULL,
  capacity_t int NOT NULL,
  cooled boolean NOT NULL
);
CREATE TABLE grade (
  grade char(1) PRIMARY KEY,
  grade_name text NOT NULL,
  price_adj_pct numeric(5,1) NOT NULL
);
CREATE TABLE delivery (
  dlv_no int PRIMARY KEY,
  mno int NOT NULL REFERENCES member,
  crop_code varchar(4) NOT NULL REFERENCES crop,
  depot_id int NOT NULL REFERENCES depot,
  grade char(1) REFERENCES grade,
  arrived timestamptz NOT NULL,
  gross_kg int NOT NULL,
  tare_kg int NOT NULL,
  eur_per_t numeric(8,2) NOT NULL,
  rejected boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN delivery.gross_kg IS 'loaded truck, incl. tare; net weight = gross - tare';
COMMENT ON COLUMN delivery.grade IS 'null until graded';
CREATE TABLE lab_test (
  test_id int PRIMARY KEY,
  dlv_no int NOT NULL REFERENCES delivery,
  tested_on date NOT NULL,
  moisture_pct numeric(4,1) NOT NULL,
  foreign_pct numeric(4,2) NOT NULL,
  tester text NOT NULL
);
CREATE TABLE payment (
  pay_no int PRIMARY KEY,
  mno int NOT NULL REFERENCES member,
  kind text NOT NULL CHECK (kind IN ('advance','settlement','bonus','dividend')),
  season int NOT NULL,
  amount_eur numeric(10,2) NOT NULL,
  due_on date NOT NULL,
  paid_on date
);
COMMENT ON COLUMN payment.paid_on IS 'null while outstanding';

INSERT INTO crop VALUES ('WW','Winter Wheat','cereal',false),('SB','Spring Barley','cereal',false),('MZ','Maize','cereal',false),('OA','Oats','cereal',false),('RS','Rapeseed','oilseed',false),('SF','Sunflower','oilseed',false),
 ('AP','Apples','fruit',true),('PL','Plums','fruit',true),('CH','Cherries','fruit',true),('TO','Tomatoes','vegetable',true),('ON','Onions','vegetable',false),('CB','Cabbage','vegetable',true),('PO','Potatoes','root',false),('SU','Sugar Beet','root',false),('CA','Carrots','root',true);
INSERT INTO grade VALUES ('E','Extra',8.0),('1','First class',0.0),('2','Second class',-12.5),('F','Feed',-35.0),('I','Industrial',-48.0);
INSERT INTO depot VALUES (1,'Mill Lane','Altdorf',2400,false),(2,'Station Silo','Brunnthal',5200,false),(3,'Orchard Hall','Kirchfeld',850,true),(4,'River Quay','Neuhafen',9000,false),(5,'South Store','Marktau',1300,true),(6,'Old Dairy','Altdorf',600,true);

INSERT INTO member
SELECT g, (ARRAY['Johann','Greta','Karl','Rosa','Anton','Maria','Josef','Theresa','Franz','Lukas','Elisabeth','Georg','Magda'])[1+(g*6)%13],
 (ARRAY['Bauer','Huber','Lechner','Wimmer','Steiner','Moser','Gruber','Pichler','Eder','Haas','Fuchs','Auer','Reiter','Winkler'])[1+(g*5)%14],
 (ARRAY['Altdorf','Kirchfeld','Oberau','Brunnthal','Marktau','Seewies','Hochstein','Lindach','Moosbach'])[1+floor(9*pg_temp.u('mv'||g)^1.5)::int],
 date '1988-02-01' + floor(13000*(g/140.0)^0.8)::int + floor(60*pg_temp.u('mj'||g))::int, NULL, 1+floor(45*pg_temp.u('ms'||g)^2.2)::int,
 CASE WHEN g>8 AND pg_temp.u('mp'||g)<0.7 THEN 1+floor((g-2)*pg_temp.u('mq'||g)^2.1)::int END
FROM generate_series(1,140) g;
UPDATE member SET shares = 53 WHERE mno = 18;
UPDATE member SET resigned = date '2022-06-30' + mno*9 WHERE mno IN (11,19,27,44,58,63,90,101,117);

INSERT INTO field
SELECT g, 1+floor(136*pg_temp.u('fm'||g)^1.2)::int,
 (ARRAY['Long','Upper','Lower','Mill','Church','Stone','Fox','Hazel','Brook','Sunny','Far'])[1+g%11]||' '||(ARRAY['Acre','Meadow','Slope','Corner','Field','Patch','Strip'])[1+(g*3)%7],
 round((0.6+34*pg_temp.u('fa'||g)^2)::numeric,2), (ARRAY['loam','loam','clay','sand','clay','loam','peat'])[1+floor(7*pg_temp.u('fs'||g))::int], pg_temp.u('fo'||g)<0.27, pg_temp.u('fl'||g)<0.36
FROM generate_series(1,290) g;

INSERT INTO planting
SELECT DISTINCT ON (f.fid, c.crop_code, s) f.fid, c.crop_code, s, CASE WHEN k=1 THEN round(f.area_ha*(0.55+0.1*floor(3*pg_temp.u('pa'||f.fid||s))::numeric),2) ELSE round(f.area_ha*0.2,2) END
FROM field f, generate_series(2023,2026) s, generate_series(1,2) k,
 LATERAL (SELECT crop_code FROM crop ORDER BY crop_name OFFSET floor(15*pg_temp.u('pc'||f.fid||s||k))::int LIMIT 1) c
WHERE pg_temp.u('pz'||f.fid||s)<0.85 AND (k=1 OR pg_temp.u('pk'||f.fid||s)<0.2)
ORDER BY f.fid, c.crop_code, s, k;

INSERT INTO delivery
SELECT row_number() OVER (ORDER BY arr, g), CASE WHEN x < 0.55 THEN 1+(m+31*length(c.crop_group))%131 ELSE m END, c.crop_code,
 CASE c.crop_group WHEN 'fruit' THEN (ARRAY[3,3,6])[1+floor(3*x)::int] WHEN 'vegetable' THEN (ARRAY[5,6,5])[1+floor(3*x)::int] WHEN 'root' THEN (ARRAY[5,4,1])[1+floor(3*x)::int] ELSE (ARRAY[4,2,4,1,2,4])[1+floor(6*x)::int] END,
 CASE WHEN arr > '2026-11-10' OR rej THEN NULL ELSE (ARRAY['1','1','1','E','2','1','2','F','E','I'])[1+floor(10*pg_temp.u('dg'||g))::int] END,
 arr, tare + 400 + floor((CASE WHEN c.crop_group='fruit' THEN 3800 WHEN c.perishable THEN 6000 ELSE 17500 END)*pg_temp.u('dk'||g)^1.2)::int, tare,
 round((CASE c.crop_group WHEN 'cereal' THEN 205 WHEN 'oilseed' THEN 440 WHEN 'fruit' THEN 690 WHEN 'vegetable' THEN 380 ELSE 120 END * (0.85+0.4*pg_temp.u('de'||g)))::numeric,2), rej
FROM (SELECT g, 1+floor(131*pg_temp.u('dm'||g)^1.7)::int m, pg_temp.u('dx'||g) x, pg_temp.u('dr'||g)<0.045 rej, 3200+20*floor(210*pg_temp.u('dt'||g))::int tare,
   make_timestamptz(2023+floor(4*pg_temp.u('dy'||g)^0.9)::int, 6, 10, 5, 0, 0, 'UTC') + make_interval(mins => 1440*floor(160*pg_temp.u('dd'||g)^1.1)::int + floor(800*(pg_temp.u('dh'||g)+pg_temp.u('di'||g))/2)::int) arr,
   (SELECT array_agg(crop_code ORDER BY md5('k'||crop_code)) FROM crop) cc
  FROM generate_series(1,2600) g) d JOIN crop c ON c.crop_code = cc[1+floor(14.5*pg_temp.u('dc'||g)^1.5)::int];
UPDATE delivery d SET rejected = false WHERE rejected AND EXISTS (SELECT 1 FROM member m WHERE m.mno = d.mno AND m.mno % 9 = 4);
DELETE FROM delivery d USING member m WHERE m.mno = d.mno AND (d.arrived::date > m.resigned OR d.arrived::date < m.joined);

INSERT INTO lab_test
SELECT 300+row_number() OVER (ORDER BY dlv_no, k), dlv_no, arrived::date + k - 1 + floor(2.4*pg_temp.u('ld'||dlv_no||k))::int,
 round((CASE WHEN c.perishable THEN 76 ELSE 11 END + 8*pg_temp.u('lm'||dlv_no||k))::numeric,1), round((CASE WHEN rejected THEN 2.2 ELSE 0.1 END + 2.5*pg_temp.u('lf'||dlv_no||k)^2.5)::numeric,2),
 (ARRAY['Dr. Sommer','B. Vogl','Dr. Sommer','K. Ilic','P. Nemeth'])[1+floor(5*pg_temp.u('lt'||dlv_no))::int]
FROM delivery JOIN crop c USING (crop_code), generate_series(1,2) k WHERE (k=1 AND pg_temp.u('lx'||dlv_no)<0.55) OR (k=2 AND pg_temp.u('lx'||dlv_no)<0.05) OR (k=1 AND rejected);

INSERT INTO payment
SELECT row_number() OVER (ORDER BY due, mno, kind), mno, kind, season, amt, due, CASE WHEN due > '2026-11-20' OR pg_temp.u('yp'||mno||kind||season) < 0.04 THEN NULL ELSE due - 3 + floor(21*pg_temp.u('yq'||mno||kind||season)^2)::int END
FROM (SELECT mno, 'advance' kind, extract(year FROM arrived)::int season, round(sum((gross_kg-tare_kg)/1000.0*eur_per_t)*0.5,2) amt, make_date(extract(year FROM arrived)::int,11,15)+(mno%5) due FROM delivery WHERE NOT rejected GROUP BY 1,3
 UNION ALL SELECT mno, 'settlement', extract(year FROM arrived)::int, round(sum((gross_kg-tare_kg)/1000.0*eur_per_t*(1+price_adj_pct/100))*0.46,2), make_date(extract(year FROM arrived)::int+1,3,31) FROM delivery JOIN grade USING (grade) WHERE arrived < '2026-01-01' GROUP BY 1,3
 UNION ALL SELECT mno, 'bonus', extract(year FROM arrived)::int, 75*count(*), make_date(extract(year FROM arrived)::int+1,5,15) FROM delivery WHERE grade='E' AND arrived < '2026-01-01' GROUP BY 1,3 HAVING count(*)>=2
 UNION ALL SELECT mno, 'dividend', s, round(shares*(11+s%4*2.35),2), make_date(s+1,6,30) FROM member, generate_series(2023,2025) s WHERE joined < make_date(s,6,1) AND (resigned IS NULL OR resigned > make_date(s+1,6,30)) AND shares>=5) x;

CREATE VIEW delivery_value AS
SELECT d.dlv_no, d.mno, d.gross_kg - d.tare_kg AS net_kg, round((d.gross_kg - d.tare_kg) / 1000.0 * d.eur_per_t * (1 + g.price_adj_pct / 100), 2) AS value_eur
FROM delivery d JOIN grade g ON g.grade = d.grade
WHERE NOT d.rejected;
COMMENT ON VIEW delivery_value IS 'accepted and graded deliveries with net weight and value after the grade adjustment';
