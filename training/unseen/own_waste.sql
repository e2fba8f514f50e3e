CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE TYPE fuel_type AS ENUM ('diesel','electric','cng');
CREATE TYPE pickup_outcome AS ENUM ('emptied','not_out','contaminated','blocked');

CREATE TABLE materials (
  material_code text PRIMARY KEY,
  label         text NOT NULL,
  recyclable    boolean NOT NULL,
  gate_fee      numeric(6,2)
);
COMMENT ON COLUMN materials.gate_fee IS 'euro per tonne paid to the centre; negative = they pay us; null = not agreed';

CREATE TABLE centres (
  centre_id    serial PRIMARY KEY,
  centre_name  text NOT NULL,
  operator     text NOT NULL,
  max_tonnes   integer NOT NULL,
  saturday     boolean NOT NULL,
  closed_date  date
);
COMMENT ON TABLE centres IS 'recycling centres and other plants where trucks unload';
COMMENT ON COLUMN centres.max_tonnes IS 'licensed tonnes per year';
COMMENT ON COLUMN centres.saturday IS 'open on Saturdays';

CREATE TABLE staff (
  staff_id   serial PRIMARY KEY,
  first_name text NOT NULL,
  last_name  text NOT NULL,
  boss_id    integer REFERENCES staff,
  hired_date date NOT NULL,
  left_date  date
);

CREATE TABLE trucks (
  truck_id     serial PRIMARY KEY,
  plate        text NOT NULL UNIQUE,
  fuel         fuel_type NOT NULL,
  payload_kg   integer NOT NULL,
  bought_date  date NOT NULL,
  price_eur    integer NOT NULL,
  retired_date date
);

CREATE TABLE routes (
  route_id      serial PRIMARY KEY,
  route_name    text NOT NULL UNIQUE,
  district      text NOT NULL,
  material_code text NOT NULL REFERENCES materials,
  weekday       smallint NOT NULL CHECK (weekday BETWEEN 1 AND 6),
  suspended     boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN routes.weekday IS '1 = Monday ... 6 = Saturday';

CREATE TABLE bins (
  bin_id       serial PRIMARY KEY,
  route_id     integer NOT NULL REFERENCES routes,
  address      text NOT NULL,
  customer     text NOT NULL CHECK (customer IN ('residential','commercial','public')),
  litres       smallint NOT NULL,
  placed_date  date NOT NULL,
  removed_date date
);
COMMENT ON TABLE bins IS 'a bin takes the material of its route';
COMMENT ON COLUMN bins.removed_date IS 'null while in use';

CREATE TABLE trips (
  trip_id   serial PRIMARY KEY,
  route_id  integer NOT NULL REFERENCES routes,
  truck_id  integer NOT NULL REFERENCES trucks,
  driver_id integer NOT NULL REFERENCES staff,
  centre_id integer REFERENCES centres,
  left_ts   timestamptz NOT NULL,
  back_ts   timestamptz,
  km        numeric(5,1) NOT NULL,
  net_kg    integer
);
COMMENT ON TABLE trips IS 'one run of a truck over a route';
COMMENT ON COLUMN trips.back_ts IS 'back at the depot; null = broke down on the way';
COMMENT ON COLUMN trips.net_kg IS 'load on the weighbridge of the centre; null after a breakdown';

CREATE TABLE pickups (
  trip_id    integer NOT NULL REFERENCES trips,
  bin_id     integer NOT NULL REFERENCES bins,
  stop_ts    timestamptz NOT NULL,
  outcome    pickup_outcome NOT NULL,
  kg         numeric(6,1),
  PRIMARY KEY (trip_id, bin_id)
);
COMMENT ON COLUMN pickups.kg IS 'null unless emptied';

CREATE TABLE complaints (
  complaint_id serial PRIMARY KEY,
  bin_id       integer NOT NULL REFERENCES bins,
  category     text NOT NULL CHECK (category IN ('missed','noise','damage','spill','rude_staff')),
  channel      text NOT NULL CHECK (channel IN ('phone','web','app','counter')),
  filed_ts     timestamptz NOT NULL,
  resolved_ts  timestamptz,
  refund_eur   numeric(6,2)
);
COMMENT ON COLUMN complaints.resolved_ts IS 'null = still open';
COMMENT ON COLUMN complaints.refund_eur IS 'null = no refund';

INSERT INTO materials VALUES ('RES','Residual waste',false,96.5),('PAP','Paper and cardboard',true,-42),('GLA','Glass',true,-18.5),('BIO','Organic waste',true,55.2),('PLA','Plastic packaging',true,31.75),('MET','Scrap metal',true,-110),('HAZ','Hazardous household waste',false,640),('TEX','Textiles',true,NULL);

INSERT INTO centres(centre_name,operator,max_tonnes,saturday,closed_date) VALUES ('Eastfield Recycling Park','City Works',42000,true,NULL),('Quarry Lane Transfer Station','City Works',65000,false,NULL),('Greenloop Composting','Greenloop Ltd',18000,false,NULL),
 ('Harbour Glassworks','Vitrosa',9000,false,NULL),('Fennel Street Depot','City Works',7500,true,'2025-09-30'),('Cinder Hill Energy Plant','Therma AG',120000,true,NULL),('Northbank Paper Mill','Pulpa Group',30000,false,NULL),('Old Foundry Scrapyard','Ferrum Brothers',5200,true,NULL);

INSERT INTO staff(first_name,last_name,boss_id,hired_date,left_date)
SELECT (ARRAY['Amir','Bettina','Carlos','Dagmar','Emeka','Frida','Gustav','Halina','Igor','Jana','Karim','Luisa','Milan','Nora','Otto','Paula','Quentin','Renata','Stefan','Tamara','Ulrich','Vera','Wanda','Xavier','Yasmin','Zoran','Alba','Bruno','Celine','Dario','Edith','Felix','Gina','Henrik','Ines','Jonas','Katya','Leon'])[g],
 (ARRAY['Keller','Mbeki','Sorensen','Duarte','Hoffman','Ricci','Blum','Castro','Dvorak','Egan','Farouk','Garnier','Hale','Ivanova'])[1+pg_temp.h('sl'||g,14)],
 CASE WHEN g=1 THEN NULL WHEN g<=5 THEN 1 ELSE 2+pg_temp.h('bo'||g,7)%4 END, date '2008-02-01' + CASE WHEN g<=5 THEN g*201 ELSE 1500 + pg_temp.h('hi'||g,5000) END,
 CASE WHEN g IN (9,17,26,33,38) THEN date '2025-11-30' + g*8 END
FROM generate_series(1,38) g;

INSERT INTO trucks(plate,fuel,payload_kg,bought_date,price_eur,retired_date)
SELECT 'WM-' || 300+g*17, (ARRAY['diesel','diesel','electric','diesel','cng','diesel','electric'])[1+pg_temp.h('fu'||g,7)]::fuel_type, 7000 + 500*pg_temp.h('pl'||g,12), date '2014-05-12' + g*190 + pg_temp.h('bd'||g,60),
 165000 + g*4000 + 1000*pg_temp.h('pr'||g,40), CASE WHEN g IN (1,2,5) THEN date '2025-06-30' + g*61 END
FROM generate_series(1,22) g;

INSERT INTO routes(route_name,district,material_code,weekday,suspended)
SELECT d || ' ' || m || ' ' || row_number() OVER (PARTITION BY d,m ORDER BY g), d, m, 1+pg_temp.h('wd'||g,13)%6, g IN (8,27,35)
FROM (SELECT g, (ARRAY['Old Town','Riverside','Riverside','Westhill','Westhill','Harbour','Meadows','Meadows','Meadows','Lindenfeld','Station Quarter'])[1+pg_temp.h('ds'||g,11)] AS d, (ARRAY['RES','RES','RES','PAP','PAP','BIO','BIO','PLA','GLA','MET','HAZ'])[1+pg_temp.h('mt'||g,11)] AS m FROM generate_series(1,40) g) t;

INSERT INTO bins(route_id,address,customer,litres,placed_date,removed_date)
SELECT 1+floor(38*power(pg_temp.h('br'||g,1000)/1000.0,1.25))::int, (ARRAY['Cherry Lane','Station Road','Mill Street','Church Walk','Dock Road','King Street','Elm Avenue','Tannery Row','Market Square','Bishop Street','Rope Walk','Park Terrace'])[1+pg_temp.h('ad'||g,12)] || ' ' || (3*g)%97+1,
 (ARRAY['residential','residential','residential','residential','commercial','commercial','public'])[1+pg_temp.h('cu'||g,7)], (ARRAY[120,120,240,240,240,660,1100])[1+pg_temp.h('li'||g,7)], date '2022-03-01' + pg_temp.h('pd'||g,1300),
 CASE WHEN pg_temp.h('rm'||g,100) < 9 THEN date '2025-10-01' + pg_temp.h('rd'||g,400) END
FROM generate_series(1,290) g;
UPDATE bins SET removed_date = '2026-05-05' WHERE bin_id = 202;

INSERT INTO trips(route_id,truck_id,driver_id,centre_id,left_ts,back_ts,km,net_kg)
SELECT rt, tk, CASE WHEN dv IN (9,17) AND dt > '2026-01-30' THEN 11 WHEN dv IN (26,33) AND dt > '2026-05-01' THEN 20 ELSE dv END,
 CASE WHEN bd THEN NULL ELSE CASE m WHEN 'BIO' THEN 3 WHEN 'GLA' THEN 4 WHEN 'PAP' THEN CASE WHEN h2<7 THEN 7 ELSE 1 END WHEN 'MET' THEN CASE WHEN h2<6 THEN 8 ELSE 1 END WHEN 'PLA' THEN CASE WHEN h2<4 AND dt<'2025-09-30' THEN 5 ELSE 1 END ELSE CASE WHEN h2<5 THEN 6 ELSE 2 END END END,
 lt AT TIME ZONE 'UTC', CASE WHEN bd THEN NULL ELSE (lt + (150 + pg_temp.h('tm'||i,260))*interval '1 minute') AT TIME ZONE 'UTC' END,
 18 + pg_temp.h('km'||i,480)/10.0 + rt%5*3, CASE WHEN bd THEN NULL ELSE 1500 + 10*pg_temp.h('nk'||i,380) + CASE m WHEN 'RES' THEN 1400 WHEN 'GLA' THEN 700 ELSE 0 END END
FROM (SELECT *, row_number() OVER (ORDER BY lt, rt) AS i FROM (
  SELECT DISTINCT ON (w, rt) w, rt, r.material_code AS m, date '2024-07-01' + w*7 + r.weekday - 1 AS dt, (date '2024-07-01' + w*7 + r.weekday - 1)::timestamp + (330 + pg_temp.h('lt'||g,150))*interval '1 minute' AS lt,
   pg_temp.h('bk'||g,1000) < 26 AS bd, pg_temp.h('h2'||g,10) AS h2,
   6 + floor(30*power(pg_temp.h('dr'||g,1000)/1000.0,1.4))::int AS dv,
   CASE WHEN w > 50 THEN 6 + pg_temp.h('tk'||g,16) ELSE 1 + pg_temp.h('tk'||g,18) END AS tk
  FROM (SELECT g, g/10 AS w, 1+floor(39*power(pg_temp.h('tr'||g,1000)/1000.0,1.15))::int AS rt FROM generate_series(0,1240) g) a JOIN routes r ON r.route_id=rt AND (NOT r.suspended OR g<700)
  ORDER BY w, rt, g) b) c ORDER BY i;

INSERT INTO pickups
SELECT t.trip_id, b.bin_id, t.left_ts + (20 + pg_temp.h('st'||t.trip_id||'-'||b.bin_id,120))*interval '1 minute', oc, CASE WHEN oc='emptied' THEN round((b.litres*(0.05 + pg_temp.h('kg'||t.trip_id||'-'||b.bin_id,160)/1000.0))::numeric,1) END
FROM trips t JOIN bins b ON b.route_id=t.route_id AND b.placed_date <= t.left_ts::date AND (b.removed_date IS NULL OR b.removed_date > t.left_ts::date)
CROSS JOIN LATERAL (SELECT (CASE WHEN x < 880 THEN 'emptied' WHEN x < 935 THEN 'not_out' WHEN x < 935 + CASE WHEN t.route_id%3=0 THEN 45 ELSE 25 END THEN 'contaminated' ELSE 'blocked' END)::pickup_outcome AS oc FROM (SELECT pg_temp.h('oc'||t.trip_id||'-'||b.bin_id,1000) AS x) y) z
WHERE pg_temp.h('in'||t.trip_id||'-'||b.bin_id,100) < 56 AND b.bin_id NOT IN (44,131,202);

INSERT INTO complaints(bin_id,category,channel,filed_ts,resolved_ts,refund_eur)
SELECT bin_id, ct, (ARRAY['phone','phone','phone','web','web','app','app','app','app','counter'])[1+pg_temp.h('ch'||g,10)], f, CASE WHEN op THEN NULL ELSE f + (3 + pg_temp.h('rs'||g,500) * CASE WHEN ct='damage' THEN 2 ELSE 1 END)*interval '1 hour' END,
 CASE WHEN NOT op AND pg_temp.h('rf'||g,100) < CASE ct WHEN 'damage' THEN 60 WHEN 'missed' THEN 22 ELSE 4 END THEN 5 + pg_temp.h('ra'||g,90)*0.5 + CASE WHEN ct='damage' THEN 25 ELSE 0 END END
FROM (SELECT g, (ARRAY['missed','missed','missed','missed','missed','noise','noise','damage','damage','spill','rude_staff'])[1+pg_temp.h('ct'||g,11)] AS ct, pg_temp.h('op'||g,100) < CASE WHEN g > 560 THEN 40 ELSE 4 END AS op,
  1+floor(289*power(pg_temp.h('cb'||g,1000)/1000.0,1.8))::int AS b, (date '2024-07-10' + (g*139/100))::timestamp AT TIME ZONE 'UTC' + (420+pg_temp.h('ft'||g,840))*interval '1 minute' AS f FROM generate_series(1,620) g) c JOIN bins ON bin_id = 1 + (b*53)%290
WHERE f::date > placed_date AND (removed_date IS NULL OR f::date < removed_date);
UPDATE routes SET suspended = true WHERE route_name = 'Lindenfeld HAZ 1';
