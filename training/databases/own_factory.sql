CREATE FUNCTION pg_temp.h(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext($1)::bigint + 2147483648)::float8/4294967296.0 $$;
CREATE SCHEMA maint;
CREATE TABLE machine (mach_cd varchar(8) PRIMARY KEY, mach_nm text NOT NULL, hall char(1) NOT NULL, mtype char(3) NOT NULL CHECK (mtype IN ('CNC','PRS','WLD','INJ','GRD','ASM')), install_dt date NOT NULL, rated_kw numeric(6,1) NOT NULL, in_svc boolean NOT NULL DEFAULT true);
CREATE TABLE shift (shift_cd char(1) PRIMARY KEY, shift_nm text NOT NULL, start_tm time NOT NULL, prem_pct numeric(4,1) NOT NULL);
CREATE TABLE operator (op_id int PRIMARY KEY, fname text NOT NULL, lname text NOT NULL, lead_id int REFERENCES operator, hired_on date NOT NULL, left_on date);
CREATE TABLE part (part_no varchar(10) PRIMARY KEY, part_desc text NOT NULL, kind_cd char(2) NOT NULL CHECK (kind_cd IN ('FG','SF','RM')), unit_cost numeric(10,2) NOT NULL, wt_g int NOT NULL, qty_oh int NOT NULL, qty_min int NOT NULL, disc_on date);
CREATE TABLE bom (parent_no varchar(10) NOT NULL REFERENCES part, comp_no varchar(10) NOT NULL REFERENCES part, qty_per numeric(8,2) NOT NULL, PRIMARY KEY (parent_no, comp_no));
CREATE TABLE work_order (wo_no int PRIMARY KEY, part_no varchar(10) NOT NULL REFERENCES part, mach_cd varchar(8) NOT NULL REFERENCES machine, qty_plan int NOT NULL, prio smallint NOT NULL CHECK (prio BETWEEN 1 AND 4), wo_stat char(3) NOT NULL CHECK (wo_stat IN ('PLN','REL','HLD','FIN','CXL')), rel_at timestamptz, due_dt date NOT NULL, fin_at timestamptz);
CREATE TABLE run (run_id int PRIMARY KEY, wo_no int NOT NULL REFERENCES work_order, op_id int NOT NULL REFERENCES operator, shift_cd char(1) NOT NULL REFERENCES shift, run_dt date NOT NULL, run_min int NOT NULL, qty_good int NOT NULL, qty_scrap int NOT NULL);
CREATE TABLE defect (defect_id int PRIMARY KEY, run_id int NOT NULL REFERENCES run, dcode char(2) NOT NULL CHECK (dcode IN ('DM','SF','WD','AS','MT')), qty int NOT NULL, sev smallint NOT NULL CHECK (sev IN (1,2,3)), disp char(1) CHECK (disp IN ('S','R','U')));
CREATE TABLE maint.downtime (stop_id int PRIMARY KEY, mach_cd varchar(8) NOT NULL REFERENCES machine, reason smallint NOT NULL, planned boolean NOT NULL, start_ts timestamptz NOT NULL, end_ts timestamptz, repair_cost numeric(10,2));
COMMENT ON COLUMN machine.mtype IS 'CNC milling/turning, PRS press, WLD welding cell, INJ injection moulding, GRD grinder, ASM assembly station';
COMMENT ON COLUMN machine.rated_kw IS 'rated power, kW';
COMMENT ON COLUMN machine.in_svc IS 'false = taken out of service';
COMMENT ON COLUMN machine.hall IS 'factory hall A-D';
COMMENT ON TABLE shift IS 'Shift models';
COMMENT ON COLUMN shift.prem_pct IS 'wage premium in percent';
COMMENT ON TABLE operator IS 'Shop floor staff';
COMMENT ON COLUMN operator.lead_id IS 'team lead; null for the team leads themselves';
COMMENT ON COLUMN operator.left_on IS 'null while employed';
COMMENT ON TABLE part IS 'Part master';
COMMENT ON COLUMN part.kind_cd IS 'FG finished good, SF semi-finished, RM raw material / purchased';
COMMENT ON COLUMN part.unit_cost IS 'EUR per piece';
COMMENT ON COLUMN part.wt_g IS 'grams per piece';
COMMENT ON COLUMN part.qty_oh IS 'pieces on hand';
COMMENT ON COLUMN part.qty_min IS 'reorder level; below it the part is short';
COMMENT ON COLUMN part.disc_on IS 'discontinued since; null = current part';
COMMENT ON TABLE bom IS 'Bill of materials: qty_per pieces of comp_no go into one piece of parent_no';
COMMENT ON TABLE work_order IS 'Production orders';
COMMENT ON COLUMN work_order.prio IS '1 urgent, 2 high, 3 normal, 4 low';
COMMENT ON COLUMN work_order.wo_stat IS 'PLN planned, REL released (in production), HLD on hold, FIN finished, CXL cancelled';
COMMENT ON COLUMN work_order.rel_at IS 'release to the shop floor; null if never released';
COMMENT ON COLUMN work_order.fin_at IS 'null unless finished';
COMMENT ON TABLE run IS 'What an operator produced for an order in one shift';
COMMENT ON COLUMN run.run_min IS 'minutes worked';
COMMENT ON COLUMN run.qty_good IS 'good pieces';
COMMENT ON COLUMN defect.dcode IS 'DM dimension, SF surface, WD weld, AS assembly, MT material';
COMMENT ON COLUMN defect.sev IS '1 minor, 2 major, 3 critical';
COMMENT ON COLUMN defect.disp IS 'decision: S scrap, R rework, U use as is; null while undecided';
COMMENT ON COLUMN defect.qty IS 'pieces affected';
COMMENT ON TABLE maint.downtime IS 'Stops of machines';
COMMENT ON COLUMN maint.downtime.reason IS '1 mechanical, 2 electrical, 3 tool change, 4 no material, 5 maintenance, 6 software';
COMMENT ON COLUMN maint.downtime.end_ts IS 'null while the machine is still down';
COMMENT ON COLUMN maint.downtime.repair_cost IS 'EUR; null if nothing was spent';
INSERT INTO machine SELECT t||'-'||lpad(n::text,2,'0'), nm, hall, t, '2009-04-01'::date+floor(5900*pg_temp.h('mi'||nm))::int, kw, nm NOT IN ('Arburg 320','Schuler 160','Jung Flat') FROM (VALUES
('CNC',1,'Okuma Genos','A',22.5),('CNC',2,'Mazak Quick Turn','A',18.0),('CNC',3,'Hermle C32','A',31.0),('CNC',4,'Haas VF-4','A',14.9),('CNC',5,'DMG Lathe','B',26.4),('CNC',6,'Chiron Mill','B',19.5),
('PRS',1,'Schuler 400','B',75.0),('PRS',2,'Schuler 160','B',45.0),('PRS',3,'Aida Servo','B',90.0),('PRS',4,'Bruderer Fast','B',37.5),
('WLD',1,'Robot Cell North','C',28.0),('WLD',2,'Robot Cell South','C',28.5),('WLD',3,'Spot Welder','C',16.0),
('INJ',1,'Arburg 320','D',33.0),('INJ',2,'Engel Victory','D',41.0),('INJ',3,'Krauss 250','D',52.0),('INJ',4,'Arburg 570','D',47.5),
('GRD',1,'Studer Round','A',12.0),('GRD',2,'Jung Flat','A',9.5),
('ASM',1,'Assembly Bench 1','C',3.0),('ASM',2,'Assembly Bench 2','C',3.2),('ASM',3,'Screwdriving Cell','D',5.5),('ASM',4,'Leak Test Station','C',4.1),('ASM',5,'Packing Line','D',7.7)) v(t,n,nm,hall,kw);
INSERT INTO shift VALUES ('E','Early','06:00',0),('L','Late','14:00',8.5),('N','Night','22:00',25),('W','Weekend','07:00',40);
INSERT INTO operator SELECT g, (ARRAY['Anna','Jonas','Petra','Milan','Katja','Stefan','Elif','Bruno','Ines','Tomasz','Greta','Pavel','Sabine','Ahmed','Doris','Luca','Hanna','Rafael','Ute','Dario','Vera','Erik','Jana'])[1+(g*9)%23], (ARRAY['Keller','Novotny','Wagner','Demir','Fischer','Horvat','Lang','Pereira','Schuster','Vogel','Zimmer','Baumann','Krol','Maier','Santos','Weiss','Yilmaz','Roth','Brandl'])[1+(g*11)%19],
 CASE WHEN g<=6 THEN NULL ELSE 1+floor(6*power(pg_temp.h('ol'||g),1.3))::int END, '2012-03-01'::date+floor(5200*pg_temp.h('oh'||g))::int, NULL FROM generate_series(1,74) g;
UPDATE operator SET left_on = greatest(hired_on+200,'2025-02-01'::date)+floor(500*pg_temp.h('ox'||op_id))::int WHERE op_id>6 AND pg_temp.h('oy'||op_id)<0.17 AND hired_on<'2024-12-01';
INSERT INTO part SELECT 'FG-'||(1000+g*10), (ARRAY['Pump Housing','Gearbox Cover','Valve Block','Motor Bracket','Fan Shroud','Filter Cap','Hinge Set','Drive Shaft'])[1+(g-1)%8]||' '||(ARRAY['40','63','80','125'])[1+(g-1)/8], 'FG', round((18+240*power(pg_temp.h('pc'||g),2))::numeric,2), 180+floor(6200*pg_temp.h('pw'||g))::int, floor(900*power(pg_temp.h('po'||g),2))::int, 40+10*(g%9), CASE WHEN g%9=4 THEN '2025-01-15'::date+g*11 END FROM generate_series(1,32) g;
INSERT INTO part SELECT 'SF-'||(2000+g*10), (ARRAY['Turned Blank','Pressed Plate','Welded Frame','Moulded Insert','Ground Pin','Milled Flange'])[1+(g-1)%6]||' '||(ARRAY['S','M','L','XL'])[1+(g-1)/6], 'SF', round((3+40*pg_temp.h('sc'||g))::numeric,2), 40+floor(1900*pg_temp.h('sw'||g))::int, floor(2400*power(pg_temp.h('so'||g),1.5))::int, 150+20*(g%7), CASE WHEN g IN (7,19) THEN '2024-08-01'::date+g END FROM generate_series(1,24) g;
INSERT INTO part SELECT 'RM-'||(3000+g*10), (ARRAY['Steel Sheet 2 mm','Steel Bar 30','Aluminium Casting','Aluminium Bar 50','PA6 Granulate Bag','POM Granulate Bag','Hex Screw M6','Hex Screw M8','O-Ring 40','O-Ring 63','Ball Bearing 6204','Ball Bearing 6206','Brass Bushing','Copper Gasket','Spring Washer','Rubber Foot','Label Roll','Carton Small','Carton Large','Welding Wire Spool'])[g], 'RM', round((0.05+26*power(pg_temp.h('rc'||g),3))::numeric,2), 2+floor(2500*power(pg_temp.h('rw'||g),3))::int, floor(9000*power(pg_temp.h('ro'||g),1.5))::int, 300+100*(g%12), CASE WHEN g=10 THEN '2026-02-01'::date END FROM generate_series(1,20) g;
INSERT INTO bom SELECT f.part_no, s.part_no, 1+floor(3*pg_temp.h(f.part_no||s.part_no)) FROM part f JOIN part s ON s.kind_cd='SF' WHERE f.kind_cd='FG' AND pg_temp.h('b'||f.part_no||s.part_no)<0.09 AND s.part_no<>'SF-2240';
INSERT INTO bom SELECT f.part_no, s.part_no, CASE WHEN s.part_desc LIKE 'Hex%' THEN 2+floor(7*pg_temp.h(f.part_no||s.part_no)) WHEN s.part_desc LIKE '%Granulate%' THEN 0.25 ELSE 1+floor(2*pg_temp.h(f.part_no||s.part_no)) END FROM part f JOIN part s ON s.kind_cd='RM' WHERE f.kind_cd<>'RM' AND pg_temp.h('c'||f.part_no||s.part_no)<0.13 AND s.part_no<>'RM-3200';
INSERT INTO work_order SELECT g, p.part_no, m.mach_cd, 10*(3+floor(70*power(pg_temp.h('wq'||g),2))::int), (ARRAY[1,2,2,3,3,3,3,4])[1+floor(8*pg_temp.h('wp'||g))::int], 'PLN', NULL, '2023-02-06'::date+floor((g-40001)*2.18+30*pg_temp.h('wd'||g))::int, NULL
 FROM generate_series(40001,40650) g JOIN (SELECT part_no, row_number() OVER (ORDER BY part_no) rn FROM part WHERE kind_cd<>'RM') p ON p.rn=1+floor(53*power(pg_temp.h('wt'||g),1.3))::int JOIN (SELECT mach_cd, row_number() OVER (ORDER BY md5(mach_cd||'q')) rn FROM machine) m ON m.rn=1+floor(23*power(pg_temp.h('wm'||g),1.25))::int;
UPDATE work_order SET wo_stat = CASE WHEN due_dt>'2026-12-12' THEN 'PLN' WHEN due_dt>'2026-11-05' THEN (ARRAY['REL','REL','PLN','HLD','REL','CXL'])[1+floor(6*pg_temp.h('ws'||wo_no))::int] WHEN pg_temp.h('ws'||wo_no)<0.06 THEN 'CXL' WHEN pg_temp.h('ws'||wo_no)<0.085 THEN 'HLD' WHEN pg_temp.h('ws'||wo_no)<0.16 AND due_dt>'2026-05-01' THEN 'REL' ELSE 'FIN' END;
UPDATE work_order SET rel_at = (due_dt - 12 - floor(20*pg_temp.h('wr'||wo_no))::int)::timestamp + make_interval(hours=>6+floor(11*pg_temp.h('wh'||wo_no))::int, mins=>5*floor(12*pg_temp.h('wi'||wo_no))::int) WHERE wo_stat IN ('REL','HLD','FIN') OR (wo_stat='CXL' AND wo_no%3=0);
UPDATE work_order SET fin_at = rel_at + make_interval(days=>4+floor(24*power(pg_temp.h('wf'||wo_no),1.4))::int, hours=>floor(9*pg_temp.h('wg'||wo_no))::int, mins=>floor(60*pg_temp.h('wk'||wo_no))::int) WHERE wo_stat='FIN';
UPDATE work_order SET fin_at = '2026-11-24 13:20' WHERE fin_at > '2026-11-25';
UPDATE work_order SET rel_at = '2026-11-19 08:00' WHERE rel_at > '2026-11-20';
INSERT INTO run SELECT row_number() OVER (ORDER BY wo_no, n), wo_no, 1, s, d, 60+15*floor(28*pg_temp.h('rm'||wo_no||'/'||n))::int, 0, 0 FROM (SELECT w.wo_no, n, CASE WHEN extract(isodow FROM d)>=6 THEN 'W' ELSE (ARRAY['E','E','E','L','L','N'])[1+floor(6*pg_temp.h('rs'||w.wo_no||'/'||n))::int] END s, d FROM work_order w, LATERAL generate_series(1,1+floor(7*pg_temp.h('rn'||w.wo_no))::int) n, LATERAL (SELECT w.rel_at::date + floor(least(coalesce(w.fin_at::date,'2026-11-25') - w.rel_at::date, 25)*n/8.0)::int AS d) x WHERE w.rel_at IS NOT NULL AND w.wo_stat<>'CXL' AND NOT (w.wo_stat='REL' AND w.wo_no%4=1)) q;
UPDATE run r SET op_id = CASE WHEN pg_temp.h('rz'||run_id)<0.04 THEN 1+floor(4*pg_temp.h('ry'||run_id))::int ELSE 7+floor(65*power(pg_temp.h('rx'||run_id),1.25))::int END, qty_good = greatest(1, floor(run_min*(0.1+0.45*pg_temp.h('rg'||run_id))))::int, qty_scrap = floor(run_min*0.06*power(pg_temp.h('rk'||run_id),3))::int;
UPDATE run r SET op_id = 7 + (r.op_id*3)%5 FROM operator o WHERE o.op_id=r.op_id AND (o.hired_on > r.run_dt OR o.left_on < r.run_dt);
INSERT INTO defect SELECT row_number() OVER (ORDER BY run_id, n), run_id, (ARRAY['DM','DM','DM','SF','SF','AS','MT','WD'])[1+floor(8*pg_temp.h('dc'||run_id||'/'||n))::int], 1+floor(14*power(pg_temp.h('dq'||run_id||'/'||n),3))::int, CASE WHEN pg_temp.h('ds'||run_id||'/'||n)<0.55 THEN 1 WHEN pg_temp.h('ds'||run_id||'/'||n)<0.87 THEN 2 ELSE 3 END,
 CASE WHEN run_dt>'2026-10-15' AND pg_temp.h('dd'||run_id||'/'||n)<0.5 THEN NULL ELSE (ARRAY['S','S','R','R','R','U'])[1+floor(6*pg_temp.h('de'||run_id||'/'||n))::int] END FROM run, generate_series(1,2) n WHERE pg_temp.h('dn'||run_id||'/'||n)<0.21;
INSERT INTO maint.downtime SELECT g, m.mach_cd, r, r=5 OR (r=3 AND pg_temp.h('vp'||g)<0.6), ts, ts + make_interval(mins=>CASE r WHEN 3 THEN 10+floor(60*pg_temp.h('vm'||g))::int WHEN 5 THEN 90+floor(420*pg_temp.h('vm'||g))::int ELSE 8+floor(900*power(pg_temp.h('vm'||g),3))::int END), CASE WHEN r IN (1,2,6) AND pg_temp.h('vk'||g)<0.8 THEN round((40+4200*power(pg_temp.h('vc'||g),4))::numeric,2) WHEN r=5 THEN round((60+900*pg_temp.h('vc'||g))::numeric,2) END
 FROM (SELECT g, (ARRAY[1,1,1,2,3,3,3,4,4,5,6])[1+floor(11*pg_temp.h('vr'||g))::int] r, '2023-01-09 06:00'::timestamptz + make_interval(days=>floor(g*1.56)::int, hours=>floor(20*power(pg_temp.h('vh'||g),1.3))::int, mins=>floor(60*pg_temp.h('vi'||g))::int) ts FROM generate_series(1,905) g) q JOIN (SELECT mach_cd, row_number() OVER (ORDER BY md5(mach_cd||'z')) rn FROM machine WHERE mach_cd<>'ASM-02') m ON m.rn=1+floor(23*power(pg_temp.h('vx'||g),1.35))::int;
UPDATE maint.downtime SET end_ts = NULL, repair_cost = NULL WHERE stop_id IN (898,901,903,904,905);
