CREATE FUNCTION pg_temp.u(n bigint, s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 $$;
CREATE FUNCTION pg_temp.k(n bigint, s text, m int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 * m)::int $$;
CREATE TABLE vclass (
  cl_code char(1) PRIMARY KEY,
  cl_name text NOT NULL,
  cl_day_rate numeric(6,2) NOT NULL
);
CREATE TABLE station (
  st_id serial PRIMARY KEY,
  st_name text NOT NULL,
  st_city text NOT NULL,
  st_airport boolean NOT NULL,
  st_opened date NOT NULL,
  st_hub_id integer REFERENCES station
);
CREATE TABLE vehicle (
  vh_plate text PRIMARY KEY,
  vh_class char(1) NOT NULL REFERENCES vclass,
  vh_make text NOT NULL,
  vh_model text NOT NULL,
  vh_fuel text NOT NULL CHECK (vh_fuel IN ('petrol', 'diesel', 'hybrid', 'electric')),
  vh_home_st integer NOT NULL REFERENCES station,
  vh_odo integer NOT NULL,
  vh_retired date,
  vh_extras text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE driver (
  dr_id integer PRIMARY KEY,
  dr_first text NOT NULL,
  dr_last text NOT NULL,
  dr_born date NOT NULL,
  dr_country text NOT NULL,
  dr_loyalty text NOT NULL CHECK (dr_loyalty IN ('none', 'silver', 'gold'))
);
CREATE TABLE rental (
  rn_no integer PRIMARY KEY,
  rn_plate text NOT NULL REFERENCES vehicle,
  rn_driver integer NOT NULL REFERENCES driver,
  rn_out_st integer NOT NULL REFERENCES station,
  rn_in_st integer REFERENCES station,
  rn_picked_up timestamptz NOT NULL,
  rn_due timestamptz NOT NULL,
  rn_returned timestamptz,
  rn_km integer,
  rn_total_eur numeric(8,2) NOT NULL
);
CREATE TABLE extra_driver (
  xd_rental integer REFERENCES rental,
  xd_driver integer REFERENCES driver,
  PRIMARY KEY (xd_rental, xd_driver)
);
CREATE TABLE maint (
  mt_job integer PRIMARY KEY,
  mt_plate text NOT NULL REFERENCES vehicle,
  mt_kind text NOT NULL CHECK (mt_kind IN ('inspection', 'repair', 'tyres', 'recall', 'bodywork')),
  mt_workshop text,
  mt_start date NOT NULL,
  mt_end date,
  mt_cost_eur numeric(8,2)
);
CREATE TABLE damage (
  dm_id integer PRIMARY KEY,
  dm_rental integer NOT NULL REFERENCES rental,
  dm_part text NOT NULL,
  dm_sev smallint NOT NULL CHECK (dm_sev IN (1, 2, 3)),
  dm_repair_eur numeric(8,2),
  dm_charged boolean NOT NULL,
  dm_reported date NOT NULL
);
CREATE VIEW v_on_rent AS SELECT r.rn_no, r.rn_plate, d.dr_first, d.dr_last, r.rn_due FROM rental r JOIN driver d ON d.dr_id = r.rn_driver WHERE r.rn_returned IS NULL;
COMMENT ON TABLE rental IS 'rentals that were picked up';
COMMENT ON COLUMN rental.rn_returned IS 'null while the car is out; overdue when still out after rn_due';
COMMENT ON COLUMN rental.rn_in_st IS 'station of return, differs from rn_out_st for one-way rentals';
COMMENT ON TABLE extra_driver IS 'additional drivers, besides rn_driver';
COMMENT ON COLUMN damage.dm_sev IS '1 cosmetic, 2 minor, 3 major';
COMMENT ON COLUMN damage.dm_repair_eur IS 'null = not yet estimated';
COMMENT ON COLUMN damage.dm_charged IS 'charged to the customer';
COMMENT ON COLUMN vehicle.vh_odo IS 'odometer, km';
COMMENT ON COLUMN vehicle.vh_retired IS 'null = in fleet';
COMMENT ON COLUMN maint.mt_end IS 'null = still in the workshop';
COMMENT ON COLUMN maint.mt_workshop IS 'null = done in-house';
COMMENT ON VIEW v_on_rent IS 'cars currently out';

INSERT INTO vclass VALUES ('A','Mini',29),('B','Economy',36.5),('C','Compact',45),('D','Estate',58),('S','SUV',74.5),('V','Van',82),('L','Luxury',139),('K','Camper',118);
INSERT INTO station (st_name, st_city, st_airport, st_opened, st_hub_id) VALUES
('Dublin Airport','Dublin',true,'2009-04-01',NULL),('Dublin Docklands','Dublin',false,'2012-06-15',1),('Heuston','Dublin',false,'2016-03-01',1),('Cork Airport','Cork',true,'2010-05-10',NULL),('Cork City','Cork',false,'2018-09-03',4),
('Shannon Airport','Shannon',true,'2011-03-21',NULL),('Limerick Central','Limerick',false,'2017-02-01',6),('Galway Quays','Galway',false,'2015-05-18',6),('Belfast International','Belfast',true,'2013-07-01',NULL),('Belfast Titanic Quarter','Belfast',false,'2019-04-08',9),
('Kerry Airport','Killarney',true,'2020-06-01',4),('Sligo','Sligo',false,'2021-10-11',8),('Waterford','Waterford',false,'2023-03-06',4),('Derry Foyle','Derry',false,'2024-05-13',9),('Donegal Airport','Donegal',true,'2026-10-05',9);
INSERT INTO vehicle
SELECT (21 + n % 5) || '1-' || (ARRAY['D','D','C','G','L','KY'])[1 + pg_temp.k(n,'p1',6)] || '-' || (1200 + n * 37), cl, mk, md, fu,
  1 + floor(power(pg_temp.u(n,'hs'),1.35) * 14)::int, 4000 + floor(pg_temp.u(n,'od') * 118000)::int,
  CASE WHEN n % 13 = 6 THEN date '2025-01-20' + pg_temp.k(n,'re',600) END,
  (SELECT coalesce(array_agg(x ORDER BY x), '{}') FROM unnest(ARRAY['navigation','tow bar','roof rack','heated seats','winter tyres','dashcam']) x WHERE pg_temp.u(n * 31, x) < 0.24)
FROM (SELECT n, 1 + floor(power(pg_temp.u(n,'mm'),1.25) * 20)::int r FROM generate_series(1, 118) n) g
JOIN (VALUES (1,'B','Toyota','Yaris','hybrid'),(2,'C','Volkswagen','Golf','petrol'),(3,'B','Opel','Corsa','petrol'),(4,'S','Hyundai','Tucson','hybrid'),(5,'A','Fiat','500','petrol'),(6,'C','Ford','Focus','diesel'),(7,'S','Nissan','Qashqai','petrol'),(8,'D','Skoda','Octavia Combi','diesel'),(9,'C','Kia','Ceed','petrol'),(10,'B','Renault','Clio','petrol'),
(11,'V','Ford','Transit','diesel'),(12,'A','Kia','Picanto','petrol'),(13,'C','Volkswagen','ID.3','electric'),(14,'S','Toyota','RAV4','hybrid'),(15,'D','Volkswagen','Passat Variant','diesel'),(16,'S','Hyundai','Kona Electric','electric'),(17,'V','Renault','Trafic','diesel'),(18,'L','BMW','5 Series','diesel'),(19,'L','Mercedes-Benz','E-Class','hybrid'),(20,'A','Hyundai','i10','petrol')) m(r, cl, mk, md, fu) USING (r);
INSERT INTO driver
SELECT 2000 + n, (ARRAY['Aoife','Conor','Niamh','Sean','Claire','Patrick','Maria','David','Saoirse','Stefan','Julie','Michael','Ciara','Antonio','Kevin','Laura','Eoin','Anna','Brendan','Sophie','Hugo','Orla'])[1 + pg_temp.k(n,'f',22)],
  (ARRAY['Murphy','Byrne','Doherty','Kavanagh','Lynch','Gallagher','McCarthy','Walsh','Quinn','Nolan','Smith','Jones','Weber','Rossi','Dubois','Miller','Garcia','Hansen','Taylor','Fitzgerald','Power','Kenny','Moore'])[1 + pg_temp.k(n,'l',23)],
  date '1948-03-01' + pg_temp.k(n,'b',20300), (ARRAY['Ireland','United Kingdom','United States','Germany','France','Spain','Italy','Canada'])[1 + floor(power(pg_temp.u(n,'c'),1.9) * 8)::int],
  CASE WHEN pg_temp.u(n,'lo') < 0.6 THEN 'none' WHEN pg_temp.u(n,'lo') < 0.86 THEN 'silver' ELSE 'gold' END
FROM generate_series(1, 210) n;
INSERT INTO rental
SELECT 80000 + row_number() OVER (ORDER BY pu, plate), plate, dr, st, CASE WHEN ret IS NULL THEN NULL WHEN pg_temp.u(id,'ow') < 0.17 THEN 1 + floor(power(pg_temp.u(id,'is'),1.2) * 14)::int ELSE st END, pu, due, ret,
  CASE WHEN ret IS NOT NULL THEN (dur * (35 + 210 * pg_temp.u(id,'km')))::int + 12 END, round((dur * rate * (CASE lo WHEN 'gold' THEN 0.85 WHEN 'silver' THEN 0.93 ELSE 1 END) * (CASE WHEN extract(month FROM pu) IN (6, 7, 8) THEN 1.25 ELSE 1 END))::numeric, 2)
FROM (SELECT z.*, d.dr_loyalty lo, pu + dur * interval '1 day' due,
   CASE WHEN rk = 1 AND hashtext(plate) % 9 = 2 AND retd IS NULL THEN NULL WHEN pu + dur * interval '1 day' + lag_m > '2026-11-27 18:00+00' THEN NULL ELSE pu + dur * interval '1 day' + lag_m END ret
  FROM (SELECT y.*, row_number() OVER (PARTITION BY plate ORDER BY pu DESC) rk, date_trunc('minute', (CASE WHEN pg_temp.u(id,'lt') < 0.08 THEN (0.5 + 60 * power(pg_temp.u(id,'lh'),2)) ELSE - 7 * pg_temp.u(id,'er') END) * interval '1 hour') lag_m,
     2001 + floor(power(pg_temp.u(id,'dr'),1.3) * 196)::int dr, CASE WHEN pg_temp.u(id,'so') < 0.86 THEN home ELSE 1 + floor(power(pg_temp.u(id,'os'),1.3) * 14)::int END st
    FROM (SELECT plate, home, retd, rate, id, dur, date_trunc('minute', (base + (sum(dur + gap) OVER (PARTITION BY plate ORDER BY g))::int - dur)::timestamp AT TIME ZONE 'UTC' + (6.5 + 14 * power(pg_temp.u(id,'hr'),1.3)) * interval '1 hour') pu
      FROM (SELECT v.vh_plate plate, v.vh_home_st home, v.vh_retired retd, c.cl_day_rate rate, g, q.id, greatest(date '2023-01-05', make_date(2000 + left(v.vh_plate, 2)::int, 2, 1)) + hashtext(v.vh_plate || 'b') % 20 + 10 base,
        1 + floor(power(pg_temp.u(q.id,'du'),2.3) * 16)::int dur, 3 + floor(power(pg_temp.u(q.id,'ga'),1.6) * 95)::int gap
        FROM vehicle v JOIN vclass c ON c.cl_code = v.vh_class CROSS JOIN generate_series(1, 60) g CROSS JOIN LATERAL (SELECT hashtext(v.vh_plate || g)::bigint id) q) w) y
    WHERE pu < coalesce(retd - 20, '2026-11-27 14:00+00')) z JOIN driver d ON d.dr_id = z.dr JOIN station s ON s.st_id = z.st WHERE pu > s.st_opened) o;
INSERT INTO extra_driver SELECT DISTINCT rn_no, 2001 + pg_temp.k(rn_no * 3 + g,'xd',208) FROM rental CROSS JOIN generate_series(1, 2) g WHERE pg_temp.u(rn_no,'nx') < CASE g WHEN 1 THEN 0.17 ELSE 0.03 END AND 2001 + pg_temp.k(rn_no * 3 + g,'xd',208) <> rn_driver;
INSERT INTO maint
SELECT 600 + row_number() OVER (ORDER BY s, vh_plate), vh_plate, kd, CASE WHEN kd = 'inspection' AND pg_temp.u(id,'ih') < 0.4 THEN NULL ELSE (ARRAY['Murray Motors','Liffey Autocare','Shannonside Garage','Laganview Service','Lee Valley Tyres','Atlantic Bodyshop'])[1 + floor(power(pg_temp.u(id,'ws'),1.4) * 6)::int] END, s,
  CASE WHEN s + du >= '2026-11-27' THEN NULL ELSE s + du END, CASE WHEN s + du < '2026-11-20' THEN round((b * (0.6 + 1.3 * power(pg_temp.u(id,'co'),2)))::numeric, 2) END
FROM (SELECT v.vh_plate, id, (greatest(date '2023-02-01', make_date(2000 + left(v.vh_plate, 2)::int, 4, 1)) + pg_temp.k(id,'st',(date '2026-11-26' - greatest(date '2023-02-01', make_date(2000 + left(v.vh_plate, 2)::int, 4, 1))))) s, k.kd, k.b, 1 + floor(power(pg_temp.u(id,'du'),2) * k.dm)::int du, vh_retired
  FROM vehicle v CROSS JOIN generate_series(1, 8) g CROSS JOIN LATERAL (SELECT hashtext(v.vh_plate || 'm' || g)::bigint id) q
  JOIN (VALUES (0,'inspection',140,2),(1,'inspection',140,2),(2,'repair',560,12),(3,'tyres',390,3),(4,'bodywork',830,18),(5,'recall',95,4),(6,'repair',560,12),(7,'inspection',140,2)) k(i, kd, b, dm) ON k.i = pg_temp.k(q.id,'kd',8)
  WHERE g <= floor(power(pg_temp.u(hashtext(v.vh_plate),'mn'),0.8) * 9)) x WHERE s < coalesce(vh_retired, '2026-11-27');
INSERT INTO damage
SELECT 100 + row_number() OVER (ORDER BY rn_returned, rn_no), rn_no, (ARRAY['bumper','door','windscreen','alloy wheel','wing mirror','tailgate','interior','clutch'])[1 + floor(power(pg_temp.u(rn_no,'pa'),1.5) * 8)::int], sv,
  CASE WHEN rn_returned > '2026-11-08' OR pg_temp.u(rn_no,'ne') < 0.03 THEN NULL ELSE round((sv * sv * (70 + 190 * pg_temp.u(rn_no,'rp')))::numeric, 2) END, pg_temp.u(rn_no,'ch') < 0.3 + sv * 0.15, (rn_returned + pg_temp.k(rn_no,'rd',3) * interval '1 day')::date
FROM (SELECT r.*, CASE WHEN pg_temp.u(rn_no,'sv') < 0.55 THEN 1 WHEN pg_temp.u(rn_no,'sv') < 0.87 THEN 2 ELSE 3 END sv FROM rental r JOIN vehicle ON vh_plate = rn_plate WHERE rn_returned IS NOT NULL AND pg_temp.u(rn_no,'dm') < CASE vh_class WHEN 'V' THEN 0.17 WHEN 'S' THEN 0.11 ELSE 0.075 END) x;
UPDATE maint SET mt_end = NULL, mt_cost_eur = NULL WHERE mt_start >= '2026-11-14';
