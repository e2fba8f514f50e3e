CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(md5(s))::bigint + 2147483648) % n)::int $$;
CREATE FUNCTION pg_temp.sk(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power(pg_temp.h(s, 10000) / 10000.0, 1.7))::int $$;

CREATE TABLE svc_zone (zone_cd char(3) PRIMARY KEY, zone_nm varchar(40) NOT NULL, parent_cd char(3) REFERENCES svc_zone);
COMMENT ON TABLE svc_zone IS 'Grid zones: regions and the districts in them';
COMMENT ON COLUMN svc_zone.parent_cd IS 'region the district belongs to; null for a region';
INSERT INTO svc_zone VALUES ('NOR','Northern Region',NULL),('SOU','Southern Region',NULL),('COA','Coastal Region',NULL),
('LKS','Lakeside','NOR'),('PNH','Pine Hill','NOR'),('OLD','Old Town','NOR'),('QRY','Quarry Road','NOR'),
('MIL','Mill District','SOU'),('AIR','Airport','SOU'),('VIN','Vineyards','SOU'),('RVB','River Bend','SOU'),
('HRB','Harbour','COA'),('DUN','Dunes','COA'),('LTH','Lighthouse','COA');

CREATE TABLE tariff (tar_cd varchar(6) PRIMARY KEY, tar_nm varchar(40) NOT NULL, cls char(1) NOT NULL CHECK (cls IN ('R','C','I')), rate_ct numeric(6,2) NOT NULL, fix_ct_mo int NOT NULL, is_green boolean NOT NULL DEFAULT false, valid_to date);
COMMENT ON COLUMN tariff.cls IS 'R residential, C commercial, I industrial';
COMMENT ON COLUMN tariff.rate_ct IS 'energy price, cents per kWh';
COMMENT ON COLUMN tariff.fix_ct_mo IS 'standing charge per month, cents';
COMMENT ON COLUMN tariff.valid_to IS 'last day of sale; null while the tariff is on sale';
INSERT INTO tariff VALUES ('R01','Home Standard','R',14.20,950,false,NULL),('R02','Night Saver','R',11.80,1250,false,NULL),('R03','Home Green','R',15.60,990,true,NULL),
('R04','Home Classic','R',16.90,700,false,'2023-12-31'),('C01','Business Flex','C',13.10,2450,false,NULL),('C02','Business Green','C',13.95,2600,true,NULL),
('C03','Shop Basic','C',14.75,1800,false,'2024-06-30'),('I01','Industry Base','I',9.40,18500,false,NULL),('I02','Industry Peak','I',8.85,24000,false,NULL),
('R05','Solar Return','R',12.30,1400,true,NULL),('C04','Street Light','C',10.50,500,false,NULL);

CREATE TABLE customer (cust_no int PRIMARY KEY, first_nm varchar(30) NOT NULL, last_nm varchar(30) NOT NULL, cust_cls char(1) NOT NULL CHECK (cust_cls IN ('R','C','I')), city varchar(30) NOT NULL, email varchar(60), dt_since date NOT NULL, dt_left date, autopay boolean NOT NULL);
COMMENT ON TABLE customer IS 'Contract holders';
COMMENT ON COLUMN customer.cust_cls IS 'R residential, C commercial, I industrial';
COMMENT ON COLUMN customer.dt_left IS 'end of supply; null while still a customer';
COMMENT ON COLUMN customer.dt_since IS 'customer since';
INSERT INTO customer
SELECT 1000 + g, f, l, CASE WHEN pg_temp.h('cl'||g,20) < 12 THEN 'R' WHEN pg_temp.h('cl'||g,20) < 18 THEN 'C' ELSE 'I' END,
 (ARRAY['Harwick','Millbrook','Stonebridge','Eastport','Lindale','Oakhurst','Fairhaven','Granby'])[1+pg_temp.sk('ci'||g,8)],
 CASE WHEN pg_temp.h('em'||g,6) = 0 THEN NULL ELSE lower(f||'.'||l)||'@'||(ARRAY['mailbox.net','postline.com','webmail.org'])[1+pg_temp.h('md'||g,3)] END,
 '2022-01-05'::date + pg_temp.h('si'||g,1500), CASE WHEN pg_temp.h('le'||g,9) = 0 THEN '2026-03-01'::date + pg_temp.h('ld'||g,230) END, pg_temp.h('ap'||g,5) < 2
FROM (SELECT g, (ARRAY['Anna','Bruno','Clara','David','Elena','Frank','Grace','Henry','Irene','James','Karen','Louis','Marta','Nolan','Olive','Peter','Quinn','Rosa','Simon','Tessa'])[1+g%20] f,
 (ARRAY['Abbott','Barlow','Castillo','Drummond','Ellery','Fontaine','Grimes','Holloway','Ibarra','Jansen','Keller','Lindqvist','Moreau','Novak','Okafor','Pritchard','Reyes'])[1+(g*7)%17] l FROM generate_series(1,125) g) s;

CREATE TABLE meter (meter_no int PRIMARY KEY, cust_no int NOT NULL REFERENCES customer, tar_cd varchar(6) NOT NULL REFERENCES tariff, zone_cd char(3) NOT NULL REFERENCES svc_zone, mtr_typ smallint NOT NULL, max_amp smallint NOT NULL, dt_inst date NOT NULL, dt_rmvd date);
COMMENT ON TABLE meter IS 'Meters at customer premises, also the removed ones';
COMMENT ON COLUMN meter.mtr_typ IS '1 mechanical, 2 digital, 3 smart, 4 prepaid';
COMMENT ON COLUMN meter.max_amp IS 'main fuse, amperes';
COMMENT ON COLUMN meter.dt_rmvd IS 'date removed; null while in place';
INSERT INTO meter
SELECT 70000 + g, c.cust_no,
 CASE c.cust_cls WHEN 'R' THEN (ARRAY['R01','R02','R03','R04'])[1+pg_temp.sk('ta'||g,4)] WHEN 'C' THEN (ARRAY['C01','C02','C03'])[1+pg_temp.sk('ta'||g,3)] ELSE (ARRAY['I01','I02'])[1+pg_temp.sk('ta'||g,2)] END,
 (ARRAY['RVB','LKS','HRB','MIL','OLD','PNH','VIN','AIR','DUN','QRY'])[1+pg_temp.sk('zo'||g,10)],
 CASE WHEN pg_temp.h('mt'||g,20) < 9 THEN 3 WHEN pg_temp.h('mt'||g,20) < 14 THEN 2 WHEN pg_temp.h('mt'||g,20) < 17 THEN 1 ELSE 4 END,
 (ARRAY[40,63,80,100,160])[1+pg_temp.sk('am'||g,5)], '2022-02-01'::date + pg_temp.sk('in'||g,1250),
 CASE WHEN pg_temp.h('rm'||g,11) = 0 THEN '2026-01-10'::date + pg_temp.h('rd'||g,280) END
FROM (SELECT g, 1001 + pg_temp.h('cu'||g,118) cn FROM generate_series(1,140) g) s JOIN customer c ON c.cust_no = cn;

CREATE TABLE reading (rdg_id serial PRIMARY KEY, meter_no int NOT NULL REFERENCES meter, dt_rdg date NOT NULL, kwh numeric(10,1) NOT NULL, src char(1) NOT NULL CHECK (src IN ('A','E','C')));
COMMENT ON TABLE reading IS 'Monthly meter readings';
COMMENT ON COLUMN reading.kwh IS 'consumption since the previous reading, kWh';
COMMENT ON COLUMN reading.src IS 'A actual, E estimated, C read by the customer';
INSERT INTO reading (meter_no, dt_rdg, kwh, src)
SELECT m.meter_no, d, round(((CASE left(m.tar_cd,1) WHEN 'R' THEN 180 WHEN 'C' THEN 900 ELSE 6200 END) * (0.6 + pg_temp.h('k'||m.meter_no,100)/60.0) * (1 + 0.25*cos(2*pi()*(extract(month FROM d)::float-1)/12)) + pg_temp.h('x'||m.meter_no||d,400)/7.0)::numeric,1),
 CASE WHEN pg_temp.h('s'||m.meter_no||d,20) < (CASE m.mtr_typ WHEN 3 THEN 17 WHEN 2 THEN 12 ELSE 9 END) THEN 'A' WHEN pg_temp.h('s'||m.meter_no||d,20) < 18 THEN 'E' ELSE 'C' END
FROM meter m CROSS JOIN LATERAL (SELECT (mo + make_interval(days => 1 + pg_temp.h('d'||m.meter_no||mo,26)))::date d FROM generate_series('2024-01-01'::timestamp,'2026-10-01','1 month') mo) x
WHERE d > m.dt_inst AND (m.dt_rmvd IS NULL OR d <= m.dt_rmvd);

CREATE TABLE bill (bill_no int PRIMARY KEY, cust_no int NOT NULL REFERENCES customer, dt_bill date NOT NULL, dt_due date NOT NULL, amt_cents int NOT NULL, st char(1) NOT NULL CHECK (st IN ('O','P','D','W','X')), dt_paid date);
COMMENT ON COLUMN bill.amt_cents IS 'amount incl. tax, cents';
COMMENT ON COLUMN bill.st IS 'O open, P paid, D in dunning, W written off, X cancelled; O and D are unpaid';
COMMENT ON COLUMN bill.dt_paid IS 'null unless paid';
INSERT INTO bill
SELECT 500000 + row_number() OVER (ORDER BY d, cust_no), cust_no, d, d + 21, amt, st, CASE WHEN st = 'P' THEN LEAST(d + 4 + pg_temp.sk('pd'||cust_no||d,42), '2026-11-27'::date) END
FROM (SELECT c.cust_no, d, ((CASE c.cust_cls WHEN 'R' THEN 7900 WHEN 'C' THEN 26500 ELSE 118000 END) * (0.5 + pg_temp.h('b'||c.cust_no,100)/80.0))::int + pg_temp.h('bb'||c.cust_no||d,3000) amt,
  CASE WHEN pg_temp.h('xx'||c.cust_no||d,45) = 0 THEN 'X' WHEN pg_temp.h('ww'||c.cust_no||d,60) = 0 THEN 'W' WHEN d > '2026-11-01' AND pg_temp.h('oo'||c.cust_no||d,4) > 0 THEN 'O' WHEN pg_temp.h('oo'||c.cust_no||d,30) = 0 THEN 'O' WHEN pg_temp.h('dd'||c.cust_no||d,25) = 0 THEN 'D' ELSE 'P' END st
 FROM customer c CROSS JOIN LATERAL (SELECT (mo + make_interval(days => 3 + pg_temp.h('bd'||c.cust_no,15)))::date d FROM generate_series('2024-01-01'::timestamp,'2026-11-01','2 months') mo) x
 WHERE d > c.dt_since + 30 AND (c.dt_left IS NULL OR d < c.dt_left + 40)) s;

CREATE TABLE outage (outage_id int PRIMARY KEY, zone_cd char(3) NOT NULL REFERENCES svc_zone, cause char(2) NOT NULL CHECK (cause IN ('WX','EQ','TR','AN','VH','PM','UN')), sev smallint NOT NULL, ts_start timestamptz NOT NULL, ts_end timestamptz, cust_aff int NOT NULL);
COMMENT ON TABLE outage IS 'Supply interruptions per district';
COMMENT ON COLUMN outage.cause IS 'WX weather, EQ equipment failure, TR fallen tree, AN animal, VH vehicle, PM planned maintenance, UN unknown';
COMMENT ON COLUMN outage.sev IS '1 minor, 2 major, 3 critical';
COMMENT ON COLUMN outage.ts_end IS 'power restored; null while the outage lasts';
COMMENT ON COLUMN outage.cust_aff IS 'number of customers without power';
INSERT INTO outage
SELECT 8000 + g, (ARRAY['HRB','RVB','PNH','OLD','LKS','VIN','MIL','DUN','QRY','AIR'])[1+pg_temp.sk('oz'||g,10)], (ARRAY['WX','EQ','TR','PM','AN','UN','VH'])[1+pg_temp.sk('oc'||g,7)], 1+pg_temp.sk('os'||g,3), t,
 CASE WHEN g > 513 AND g % 2 = 0 THEN NULL ELSE t + make_interval(mins => 12 + pg_temp.sk('od'||g,900)) END, 5 + pg_temp.sk('oa'||g,2400)
FROM (SELECT g, '2022-01-03 00:00+00'::timestamptz + make_interval(hours => g*82 + pg_temp.h('oh'||g,70), mins => pg_temp.h('om'||g,60)) t FROM generate_series(1,521) g) s;

CREATE TABLE crew (crew_id int PRIMARY KEY, crew_nm varchar(30) NOT NULL, depot varchar(30) NOT NULL, is_contr boolean NOT NULL);
COMMENT ON COLUMN crew.is_contr IS 'true = outside contractor';
INSERT INTO crew VALUES (1,'Alpha Line','Harwick',false),(2,'Bravo Line','Harwick',false),(3,'Cable One','Eastport',false),(4,'Cable Two','Eastport',false),(5,'Substation North','Lindale',false),(6,'Substation South','Granby',false),(7,'Tree Service Hale','Oakhurst',true),(8,'Volt & Sons','Millbrook',true),(9,'Night Shift','Harwick',false),(10,'GridFix','Fairhaven',true),(11,'Rapid Response','Stonebridge',false),(12,'Coastline Electric','Eastport',true),(13,'Training Crew','Lindale',false);

CREATE TABLE outage_crew (outage_id int NOT NULL REFERENCES outage, crew_id int NOT NULL REFERENCES crew, min_site int NOT NULL, PRIMARY KEY (outage_id, crew_id));
COMMENT ON TABLE outage_crew IS 'Crews sent to an outage';
COMMENT ON COLUMN outage_crew.min_site IS 'time on site, minutes';
INSERT INTO outage_crew
SELECT DISTINCT ON (outage_id, crew_id) outage_id, crew_id, 10 + pg_temp.sk('ms'||outage_id||k,400)
FROM (SELECT outage_id, k, CASE WHEN sev = 3 THEN 1 + pg_temp.sk('oc1'||outage_id||k,11) ELSE 1 + pg_temp.sk('oc2'||outage_id||k,12) END crew_id FROM outage, generate_series(1,2) k WHERE pg_temp.h('ock'||outage_id||k,10) < (CASE WHEN k = 1 THEN 9 ELSE 4 END)) s ORDER BY outage_id, crew_id, k;
