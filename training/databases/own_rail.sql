CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(s),1,7))::bit(28)::int % n) $$;
CREATE FUNCTION pg_temp.u(s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),3,7))::bit(28)::int / 268435456.0 $$;
CREATE TYPE track_type AS ENUM ('single','double','siding','yard');
CREATE TYPE insp_method AS ENUM ('visual','ultrasonic','geometry_car','drone');
CREATE TYPE wo_status AS ENUM ('planned','approved','in_progress','done','cancelled');
CREATE TABLE rail_line (
  line_id int PRIMARY KEY,
  line_code text UNIQUE NOT NULL,
  line_name text NOT NULL,
  region text NOT NULL,
  opened_year smallint NOT NULL,
  electrified boolean NOT NULL
);
CREATE TABLE track_section (
  section_id int PRIMARY KEY,
  section_code text UNIQUE NOT NULL,
  line_id int NOT NULL REFERENCES rail_line,
  track track_type NOT NULL,
  length_m int NOT NULL,
  max_speed_kmh smallint NOT NULL,
  renewed_on date,
  closed_since date
);
COMMENT ON COLUMN track_section.closed_since IS 'null = open to traffic';
CREATE TABLE crew (
  crew_id int PRIMARY KEY,
  crew_name text NOT NULL,
  depot text NOT NULL,
  shift text NOT NULL CHECK (shift IN ('day','night','weekend')),
  disbanded_on date
);
CREATE TABLE worker (
  worker_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  crew_id int REFERENCES crew,
  grade char(1) NOT NULL,
  boss_id int REFERENCES worker,
  hired_on date NOT NULL,
  left_on date
);
COMMENT ON COLUMN worker.grade IS 'T trackman, W welder, I inspector, F foreman, M manager';
CREATE TABLE inspection (
  inspection_id int PRIMARY KEY,
  section_id int NOT NULL REFERENCES track_section,
  inspector_id int NOT NULL REFERENCES worker,
  method insp_method NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  result text CHECK (result IN ('passed','remarks','failed'))
);
CREATE TABLE defect_type (
  type_code varchar(4) PRIMARY KEY,
  description text NOT NULL,
  severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
  fix_days smallint NOT NULL
);
COMMENT ON COLUMN defect_type.severity IS '1 = most severe';
CREATE TABLE work_order (
  wo_id int PRIMARY KEY,
  section_id int NOT NULL REFERENCES track_section,
  kind text NOT NULL CHECK (kind IN ('grinding','tamping','rail_replacement','sleeper_replacement','welding','vegetation')),
  planned_on date NOT NULL,
  started_on date,
  finished_on date,
  status wo_status NOT NULL,
  cost_eur numeric(10,2)
);
CREATE TABLE wo_crew (
  wo_id int NOT NULL REFERENCES work_order,
  crew_id int NOT NULL REFERENCES crew,
  hours numeric(5,1) NOT NULL,
  PRIMARY KEY (wo_id, crew_id)
);
CREATE TABLE defect (
  defect_id int PRIMARY KEY,
  inspection_id int NOT NULL REFERENCES inspection,
  type_code varchar(4) NOT NULL REFERENCES defect_type,
  found_on date NOT NULL,
  fixed_on date,
  wo_id int REFERENCES work_order
);
COMMENT ON COLUMN defect.wo_id IS 'order that repairs it, if any';

INSERT INTO rail_line VALUES (1,'L10','Ostrava Main Line','North',1847,true),(2,'L11','Beskid Line','North',1888,true),(3,'L12','Silesian Freight Bypass','North',1964,true),(4,'L20','Morava Valley Line','Central',1856,true),(5,'L21','Hana Branch','Central',1871,false),
 (6,'L22','Jesenik Mountain Line','Central',1896,false),(7,'L30','Danube Line','South',1839,true),(8,'L31','Wine Road Branch','South',1901,false),(9,'L32','Thaya Line','South',1870,false),(10,'L40','Vltava Express Line','West',1874,true),(11,'L41','Sumava Line','West',1892,false),(12,'L42','Pilsen Connector','West',1998,true),(13,'L50','Lusatian Line','East',1859,false),(14,'L51','Harbour Railway','East',1912,true);
INSERT INTO track_section
SELECT row_number() OVER (ORDER BY line_id, n), line_code||'-'||lpad(n::text,2,'0'), line_id, t::track_type,
 CASE WHEN t IN ('siding','yard') THEN 350+pg_temp.h('le'||line_code||n,1400) ELSE 1800+floor(14000*power(pg_temp.u('le'||line_code||n),1.5))::int END,
 CASE WHEN t IN ('siding','yard') THEN (ARRAY[20,30,40])[1+pg_temp.h('sp'||line_code||n,3)] WHEN electrified THEN (ARRAY[100,120,140,160])[1+pg_temp.h('sp'||line_code||n,4)] ELSE (ARRAY[60,70,80,100])[1+pg_temp.h('sp'||line_code||n,4)] END,
 CASE WHEN pg_temp.h('rn'||line_code||n,5)>0 THEN '1994-04-01'::date + floor(11700*power(pg_temp.u('rw'||line_code||n),0.7))::int END, CASE WHEN pg_temp.h('cs'||line_code||n,16)=0 THEN '2023-02-01'::date + pg_temp.h('cd'||line_code||n,1250) END
FROM (SELECT l.*, n, CASE WHEN pg_temp.h('tr'||line_code||n,100)<18 THEN 'siding' WHEN pg_temp.h('tr'||line_code||n,100)<27 THEN 'yard' WHEN l.electrified AND pg_temp.h('tr'||line_code||n,100)<80 THEN 'double' ELSE 'single' END t FROM rail_line l CROSS JOIN generate_series(1,16) n WHERE n <= 5+pg_temp.h('ns'||line_code,12)) x;
INSERT INTO crew VALUES (1,'Falcons','Ostrava','day',NULL),(2,'Iron Hands','Ostrava','night',NULL),(3,'Blue Team','Olomouc','day',NULL),(4,'Owls','Olomouc','night',NULL),(5,'Red Team','Brno','day',NULL),(6,'Night Riders','Brno','night',NULL),(7,'Bohemians','Plzen','day',NULL),(8,'Foxes','Plzen','weekend',NULL),(9,'Lynx','Liberec','day','2024-12-31'),(10,'Weekenders','Brno','weekend',NULL),(11,'Elbe Crew','Liberec','night',NULL),(12,'Old Guard','Ostrava','weekend','2023-06-30'),(13,'Trainees','Olomouc','day',NULL);
INSERT INTO worker
SELECT g, (ARRAY['Jan','Petr','Eva','Tomas','Lukas','Hana','Martin','Jakub','Lenka','Pavel','Michal','Katerina','Ondrej','Filip','Zuzana','Radek','Marek'])[1+(g*5)%17], (ARRAY['Novotny','Svoboda','Dvorak','Cerny','Prochazka','Kucera','Vesely','Horak','Nemec','Pokorny','Marek','Jelinek','Ruzicka','Benes','Fiala','Sedlacek','Dolezal','Zeman','Kolar'])[1+(g*7)%19],
 CASE WHEN g<=4 OR (g>=17 AND g<=28) THEN NULL WHEN g<=16 THEN g-4 ELSE 1+floor(12*power(pg_temp.u('wc'||g),1.3))::int END,
 CASE WHEN g<=4 THEN 'M' WHEN g<=16 THEN 'F' WHEN g<=28 THEN 'I' WHEN pg_temp.h('gr'||g,4)=0 THEN 'W' ELSE 'T' END, NULL, '2005-03-01'::date + floor(7800*power(pg_temp.u('hi'||g),0.6))::int, CASE WHEN pg_temp.h('lf'||g,8)=0 AND g>28 THEN '2026-10-31'::date - pg_temp.h('ld'||g,200) END
FROM generate_series(1,95) g;
UPDATE worker SET boss_id = CASE WHEN worker_id=1 THEN NULL WHEN worker_id<=4 THEN 1 WHEN worker_id<=16 THEN 2+worker_id%2 WHEN worker_id<=28 THEN 4 ELSE crew_id+4 END;
INSERT INTO inspection
SELECT g, s, 17+floor(12*power(pg_temp.u('ii'||g),1.4))::int, (CASE WHEN pg_temp.h('im'||g,100)<52 THEN 'visual' WHEN pg_temp.h('im'||g,100)<74 THEN 'ultrasonic' WHEN pg_temp.h('im'||g,100)<90 THEN 'geometry_car' ELSE 'drone' END)::insp_method, st,
 CASE WHEN st < '2026-11-22' THEN st + make_interval(mins=>25+floor(340*power(pg_temp.u('id'||g),1.7))::int) END,
 CASE WHEN st < '2026-11-22' THEN CASE WHEN pg_temp.h('ir'||g,100)<64 THEN 'passed' WHEN pg_temp.h('ir'||g,100)<89 THEN 'remarks' ELSE 'failed' END END
FROM (SELECT g, 1+floor(((SELECT count(*) FROM track_section)-4)*power(pg_temp.u('is'||g),1.5))::int s, '2022-02-01 00:00+00'::timestamptz + make_interval(days=>floor(1759*power(g/1500.0,0.9))::int, hours=>5+floor(15*power(pg_temp.u('ih'||g),1.5))::int, mins=>pg_temp.h('imi'||g,60)) st FROM generate_series(1,1500) g) x;
INSERT INTO defect_type VALUES ('RCK','Rail crack',1,3),('BRK','Broken rail',1,1),('SQT','Squat',3,60),('GAU','Gauge widening',2,14),('TWI','Track twist',2,10),('SLP','Rotten sleeper',3,90),('FAS','Missing fastening',3,30),('BAL','Fouled ballast',4,180),('VEG','Overgrown track',4,120),('WEL','Faulty weld',2,21),('SWI','Switch blade wear',2,28),('DRN','Blocked drain',4,150),('INS','Insulated joint failure',2,7),('LUB','Dry flange lubricator',4,100),('BUF','Damaged buffer stop',3,60);
INSERT INTO work_order
SELECT 3000+g, s, (ARRAY['tamping','vegetation','welding','grinding','sleeper_replacement','rail_replacement'])[1+k], pd,
 CASE WHEN st IN ('in_progress','done') THEN pd + CASE WHEN pg_temp.h('wl'||g,3)=0 THEN pg_temp.h('wd'||g,19) ELSE 0 END END,
 NULL, st::wo_status, CASE WHEN st='done' THEN round(((ARRAY[4200,900,2600,5100,11800,36500])[1+k]*(0.5+1.4*pg_temp.u('wco'||g)))::numeric,2) END
FROM (SELECT g, 1+floor(((SELECT count(*) FROM track_section)-1)*power(pg_temp.u('ws'||g),1.35))::int s, floor(6*power(pg_temp.u('wk'||g),1.3))::int k, pd, CASE WHEN pg_temp.h('wx'||g,100)<6 THEN 'cancelled' WHEN pd>'2026-11-25' THEN CASE WHEN g%3=0 THEN 'approved' ELSE 'planned' END WHEN pd>'2026-10-25' THEN CASE WHEN g%4=0 THEN 'in_progress' WHEN g%4=1 THEN 'approved' ELSE 'done' END WHEN pg_temp.h('wy'||g,60)=0 THEN 'planned' ELSE 'done' END st
 FROM (SELECT g, '2022-03-01'::date + floor(1760*power(g/700.0,0.9))::int pd FROM generate_series(1,700) g) y) x;
UPDATE work_order SET finished_on = started_on + floor(16*power(pg_temp.u('wf'||wo_id),2))::int WHERE status='done';
UPDATE work_order SET finished_on = '2026-11-26' WHERE finished_on > '2026-11-26';
UPDATE work_order SET started_on = finished_on WHERE finished_on < started_on;
UPDATE work_order SET started_on = '2026-11-24' WHERE started_on > '2026-11-26';
INSERT INTO wo_crew
SELECT wo_id, c, round((3+45*power(pg_temp.u('wh'||wo_id||'/'||c),1.8))::numeric,1) FROM (SELECT DISTINCT wo_id, 1+floor(12*power(pg_temp.u('wcr'||wo_id||'-'||n),1.5))::int c FROM work_order, generate_series(1,3) n WHERE status IN ('in_progress','done') AND n <= 1+pg_temp.h('wn'||wo_id,3)) x
 WHERE NOT (c=9 AND wo_id>3400) AND NOT (c=12 AND wo_id>3180);
INSERT INTO defect
SELECT row_number() OVER (ORDER BY i.started_at, n)+500, i.inspection_id, (ARRAY['FAS','SLP','VEG','SQT','WEL','BAL','RCK','GAU','DRN','SWI','TWI','INS','BRK','LUB'])[1+floor(14*power(pg_temp.u('dt'||i.inspection_id||n),1.6))::int], i.started_at::date, NULL, NULL
FROM inspection i CROSS JOIN generate_series(1,4) n WHERE (i.result='failed' AND n<=2+pg_temp.h('dn'||i.inspection_id,3)) OR (i.result='remarks' AND n<=1+pg_temp.h('dn'||i.inspection_id,3));
UPDATE defect d SET fixed_on = CASE WHEN pg_temp.h('fx'||d.defect_id,100)<88 THEN d.found_on + 1 + floor(t.fix_days*1.4*power(pg_temp.u('fd'||d.defect_id),1.2))::int END FROM defect_type t WHERE t.type_code=d.type_code;
UPDATE defect SET fixed_on=NULL WHERE fixed_on>'2026-11-26';
UPDATE defect d SET wo_id = (SELECT w.wo_id FROM work_order w WHERE w.section_id=i.section_id AND w.status='done' AND w.finished_on>=d.found_on AND w.started_on <= d.fixed_on ORDER BY w.finished_on LIMIT 1) FROM inspection i WHERE i.inspection_id=d.inspection_id AND d.fixed_on IS NOT NULL;
UPDATE defect d SET fixed_on = w.finished_on FROM work_order w WHERE w.wo_id=d.wo_id;
UPDATE defect d SET wo_id = (SELECT w.wo_id FROM work_order w WHERE w.section_id=i.section_id AND w.status IN ('planned','approved','in_progress') ORDER BY w.wo_id DESC LIMIT 1) FROM inspection i WHERE i.inspection_id=d.inspection_id AND d.fixed_on IS NULL;
