CREATE FUNCTION pg_temp.u(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,7))::bit(28)::int / 268435456.0 $$;
CREATE TYPE park_kind AS ENUM ('solar','wind','hybrid');
CREATE TYPE job_status AS ENUM ('planned','in_progress','done','cancelled');
CREATE TABLE park (
  park_id int PRIMARY KEY, park_name text NOT NULL, region text NOT NULL, country text NOT NULL, kind park_kind NOT NULL,
  grid_limit_mw numeric(6,1) NOT NULL, commissioned_on date NOT NULL, owner_name text NOT NULL);
CREATE TABLE device_model (
  model_id int PRIMARY KEY, manufacturer text NOT NULL, model_name text NOT NULL, device_type text NOT NULL CHECK (device_type IN ('turbine','inverter')),
  rated_kw int NOT NULL, rotor_diameter_m numeric(5,1));
CREATE TABLE device (
  device_id int PRIMARY KEY, serial_number text NOT NULL UNIQUE, park_id int NOT NULL REFERENCES park, model_id int NOT NULL REFERENCES device_model,
  installed_on date NOT NULL, decommissioned_on date);
CREATE TABLE monthly_reading (
  device_id int REFERENCES device, month date, energy_kwh numeric(12,1) NOT NULL, availability_pct numeric(5,2), curtailed_kwh numeric(11,1) NOT NULL, PRIMARY KEY (device_id, month));
COMMENT ON COLUMN monthly_reading.month IS 'first day of the month';
CREATE TABLE fault_code (
  fault_code text PRIMARY KEY, description text NOT NULL, severity text NOT NULL CHECK (severity IN ('info','warning','critical')));
CREATE TABLE fault (
  fault_id int PRIMARY KEY, device_id int NOT NULL REFERENCES device, fault_code text NOT NULL REFERENCES fault_code,
  began_at timestamptz NOT NULL, cleared_at timestamptz, lost_kwh numeric(10,1) NOT NULL);
CREATE TABLE technician (
  technician_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, home_region text NOT NULL, supervisor_id int REFERENCES technician,
  climbing_certified boolean NOT NULL, left_on date);
CREATE TABLE service_job (
  job_id int PRIMARY KEY, device_id int NOT NULL REFERENCES device, fault_id int REFERENCES fault, job_type text NOT NULL CHECK (job_type IN ('inspection','repair','upgrade','cleaning')),
  status job_status NOT NULL, scheduled_for date NOT NULL, completed_on date, parts_cost_eur numeric(10,2) NOT NULL);
COMMENT ON COLUMN service_job.fault_id IS 'null when not triggered by a fault';
CREATE TABLE job_technician (
  job_id int REFERENCES service_job, technician_id int REFERENCES technician, hours_worked numeric(4,1) NOT NULL, PRIMARY KEY (job_id, technician_id));

INSERT INTO park VALUES (1,'Los Almendros','Andalusia','Spain','solar',48.0,'2019-05-14','Helia Invest'),(2,'Cerro Alto','Castile and Leon','Spain','wind',36.0,'2017-09-02','Helia Invest'),
(3,'Tejo Sul','Alentejo','Portugal','hybrid',62.5,'2021-03-25','Lusora Energia'),(4,'Monte da Brisa','Algarve','Portugal','wind',28.0,'2020-11-10','Lusora Energia'),
(5,'Nordermarsch','Schleswig-Holstein','Germany','wind',75.0,'2016-06-30','Windkontor Nord'),(6,'Heidefeld','Brandenburg','Germany','solar',54.0,'2022-04-04','Windkontor Nord'),
(7,'Kronsberg Ost','Lower Saxony','Germany','hybrid',40.0,'2023-02-15','Elbwatt'),(8,'Plateau du Vent','Occitanie','France','wind',33.0,'2018-10-19','Soleval'),
(9,'Les Garrigues','Provence','France','solar',22.5,'2021-07-08','Soleval'),(10,'Masseria Nuova','Apulia','Italy','solar',30.0,'2022-09-21','Helia Invest'),
(11,'Monte Sarda','Sardinia','Italy','wind',26.0,'2024-03-11','Tirreno Power'),(12,'Vestervang','Jutland','Denmark','wind',58.0,'2018-01-17','Windkontor Nord'),(13,'Campo Largo','Extremadura','Spain','solar',95.0,'2026-08-20','Helia Invest');
INSERT INTO device_model VALUES (1,'Norrvind','NV-117','turbine',3600,117),(2,'Norrvind','NV-136','turbine',4200,136),(3,'Altamar','A90 Classic','turbine',2000,90),(4,'Altamar','A150','turbine',5600,150),
(5,'Helix Power','HX-250','inverter',250,NULL),(6,'Helix Power','HX-1500C','inverter',1500,NULL),(7,'Sunbridge','Central 2200','inverter',2200,NULL),(8,'Sunbridge','String 110','inverter',110,NULL),(9,'Voltera','VT-3000','inverter',3000,NULL),(10,'Norrvind','NV-163','turbine',6200,163);
INSERT INTO device SELECT g, (CASE WHEN t THEN 'WT' ELSE 'PV' END)||'-'||upper(substr(md5('sn'||g),1,2))||(10200+g*37)::text, p,
 CASE WHEN t THEN (ARRAY[1,1,1,2,2,3,3,4])[1+floor(8*pg_temp.u('mo'||g))::int] ELSE (ARRAY[5,6,6,6,7,7,9])[1+floor(7*pg_temp.u('mo'||g))::int] END,
 greatest(com-20+floor(60*pg_temp.u('ins'||g))::int, date '2016-05-01') + CASE WHEN pg_temp.u('lt'||g)<0.12 AND com<'2021-01-01' THEN 1500 ELSE 0 END,
 CASE WHEN pg_temp.u('dc'||g)<0.09 AND com<'2022-01-01' THEN date '2024-05-01'+floor(820*pg_temp.u('de'||g))::int END
 FROM (SELECT g, p.park_id p, p.commissioned_on com, p.kind='wind' OR (p.kind='hybrid' AND pg_temp.u('hy'||g)<0.5) t FROM
  (SELECT g, (ARRAY[1,1,1,1,1,2,2,3,3,3,3,4,4,5,5,5,5,5,5,6,6,6,7,7,8,8,9,10,10,11,12,12,12,12])[1+floor(34*pg_temp.u('pk'||g))::int] pid FROM generate_series(1,84) g) x JOIN park p ON p.park_id=x.pid) y;
INSERT INTO monthly_reading SELECT device_id, m, round((kw*730*f*av/100)::numeric,1), CASE WHEN pg_temp.u('an'||device_id||m)>0.02 THEN round(av::numeric,2) END,
 CASE WHEN pg_temp.u('cu'||device_id||m)<0.3 THEN round((kw*730*f*0.08*pg_temp.u('cv'||device_id||m))::numeric,1) ELSE 0 END
 FROM (SELECT d.device_id, g::date m, k.rated_kw kw, 100-18*pow(pg_temp.u('av'||d.device_id||g::date),4) av,
  CASE WHEN k.device_type='turbine' THEN 0.29+0.09*cos((extract(month FROM g)-1)*0.5236)+0.06*pg_temp.u('rn'||d.device_id||g::date) ELSE 0.155-0.085*cos((extract(month FROM g)-1)*0.5236)+0.03*pg_temp.u('rn'||d.device_id||g::date) END f
  FROM device d JOIN device_model k ON k.model_id=d.model_id, generate_series(timestamp '2023-01-01','2026-10-01','1 month') g WHERE g::date>d.installed_on AND (d.decommissioned_on IS NULL OR g::date<d.decommissioned_on)) x;
INSERT INTO fault_code VALUES ('GBX-OIL','Gearbox oil temperature high','critical'),('PIT-BAT','Pitch battery low','warning'),('YAW-ERR','Yaw misalignment','warning'),('BLD-ICE','Ice on blades','info'),('GEN-BRG','Generator bearing vibration','critical'),
('GRD-VLT','Grid voltage out of range','warning'),('INV-TMP','Inverter overtemperature','warning'),('INV-ISO','Insulation fault on DC side','critical'),('COM-LOS','Communication lost','info'),('FAN-STP','Cooling fan stopped','warning'),('SPD-TRP','Surge protection tripped','critical'),('DC-ARC','Arc detected on DC string','critical'),('SNS-DRF','Sensor drift','info');
INSERT INTO fault SELECT row_number() OVER (ORDER BY b,g), device_id, fc, b,
 CASE WHEN b>'2026-11-01' AND pg_temp.u('oc'||g)<0.7 THEN NULL WHEN pg_temp.u('on'||g)<0.01 AND b>'2026-06-01' THEN NULL ELSE least(b+interval '1 minute'*(12+floor(7000*pow(pg_temp.u('fd'||g),3.5))), timestamptz '2026-11-27 05:10') END,
 round((kw*(0.05+26*pow(pg_temp.u('lk'||g),4)))::numeric,1)
 FROM (SELECT g, d.device_id, k.rated_kw kw, b, CASE WHEN k.device_type='turbine' THEN (ARRAY['GBX-OIL','PIT-BAT','PIT-BAT','YAW-ERR','YAW-ERR','YAW-ERR','GEN-BRG','GRD-VLT','GRD-VLT','COM-LOS','COM-LOS','COM-LOS','COM-LOS','BLD-ICE'])[1+floor(14*pg_temp.u('fc'||g))::int]
   ELSE (ARRAY['INV-TMP','INV-TMP','INV-TMP','INV-ISO','COM-LOS','COM-LOS','GRD-VLT','FAN-STP','FAN-STP','SPD-TRP'])[1+floor(10*pg_temp.u('fc'||g))::int] END fc
  FROM (SELECT g, 1+floor(82*pow(pg_temp.u('fv'||g),1.5))::int did, timestamptz '2023-01-03 00:00'+interval '1 minute'*floor(g*2*1440+1440*pg_temp.u('fm'||g)) b FROM generate_series(1,711) g) x
  JOIN device d ON d.device_id=x.did JOIN device_model k ON k.model_id=d.model_id WHERE b::date>d.installed_on AND (d.decommissioned_on IS NULL OR b::date<d.decommissioned_on)) y;
INSERT INTO technician SELECT g, (ARRAY['Mateo','Ingrid','Jonas','Carla','Ruben','Amelie','Tiago','Greta','Luca','Sven','Marta','Bruno','Elise'])[1+(g*5)%13],
 (ARRAY['Serrano','Lindholm','Becker','Fontaine','Pereira','Conti','Vogel','Nielsen','Aguilar','Moreau','Salgado'])[1+(g*3)%11],
 (ARRAY['Iberia','Iberia','Iberia','Iberia','Central Europe','Central Europe','Central Europe','France','France','Italy','Nordics'])[1+floor(11*pg_temp.u('tr'||g))::int],
 CASE WHEN g>5 THEN 1+floor(5*pow(pg_temp.u('su'||g),1.3))::int WHEN g>1 THEN 1 END, pg_temp.u('cc'||g)<0.62, CASE WHEN pg_temp.u('lf'||g)<0.14 AND g>6 THEN date '2025-01-31'+floor(600*pg_temp.u('ld'||g))::int END
 FROM generate_series(1,34) g;
INSERT INTO service_job SELECT row_number() OVER (ORDER BY sch, dev, k), dev, fid, jt, st::job_status, sch, CASE WHEN st='done' THEN least(sch+floor(8*pow(pg_temp.u('cd'||k),2))::int, date '2026-11-26') END,
 CASE WHEN st='cancelled' OR (jt='inspection' AND pg_temp.u('pz'||k)<0.6) THEN 0 ELSE round((35+CASE jt WHEN 'repair' THEN 9800 WHEN 'upgrade' THEN 21000 ELSE 600 END*pow(pg_temp.u('pc'||k),2.6))::numeric,2) END
 FROM (SELECT *, CASE WHEN pg_temp.u('cx'||k)<0.05 THEN 'cancelled' WHEN sch>'2026-11-24' THEN 'planned' WHEN sch>'2026-10-15' AND pg_temp.u('js'||k)<0.35 THEN 'planned' WHEN sch>'2026-10-15' AND pg_temp.u('js'||k)<0.65 THEN 'in_progress' ELSE 'done' END st FROM (
  SELECT 'f'||f.fault_id k, f.device_id dev, f.fault_id fid, 'repair' jt, least(f.began_at::date+1+floor(9*pg_temp.u('sf'||f.fault_id))::int, date '2026-11-30') sch FROM fault f JOIN fault_code c ON c.fault_code=f.fault_code
   WHERE pg_temp.u('jf'||f.fault_id)<CASE c.severity WHEN 'critical' THEN 0.85 WHEN 'warning' THEN 0.45 ELSE 0.06 END
  UNION ALL
  SELECT 'r'||g, d.device_id, NULL, CASE WHEN pg_temp.u('rt'||g)<0.55 THEN 'inspection' WHEN pg_temp.u('rt'||g)<0.63 THEN 'upgrade' WHEN k.device_type='inverter' OR pg_temp.u('rt'||g)<0.70 THEN 'cleaning' ELSE 'inspection' END, s
   FROM (SELECT g, 1+floor(80*pow(pg_temp.u('rd'||g),1.15))::int did, date '2023-01-09'+floor(g*5.26)::int s FROM generate_series(1,270) g) x JOIN device d ON d.device_id=x.did JOIN device_model k ON k.model_id=d.model_id WHERE s>d.installed_on AND (d.decommissioned_on IS NULL OR s<d.decommissioned_on)) q) z;
INSERT INTO job_technician SELECT DISTINCT ON (job_id, t) job_id, t, h FROM (SELECT j.job_id, x, 1+floor(32*pow(pg_temp.u('jt'||j.job_id||'-'||x),1.3))::int t, round((1+CASE j.job_type WHEN 'repair' THEN 11 WHEN 'upgrade' THEN 14 ELSE 5 END*pg_temp.u('hw'||j.job_id||'-'||x))::numeric*2)/2 h
  FROM service_job j, generate_series(1,3) x WHERE j.status IN ('done','in_progress') AND x<=1+floor(2.8*pg_temp.u('nt'||j.job_id))) q JOIN technician t2 ON t2.technician_id=q.t JOIN service_job j2 USING (job_id) WHERE t2.left_on IS NULL OR j2.scheduled_for<t2.left_on ORDER BY job_id, t, x;
CREATE VIEW open_fault AS SELECT f.fault_id, d.serial_number, p.park_name, c.severity, f.began_at FROM fault f JOIN device d ON d.device_id = f.device_id JOIN park p ON p.park_id = d.park_id JOIN fault_code c ON c.fault_code = f.fault_code WHERE f.cleared_at IS NULL;
