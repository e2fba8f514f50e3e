CREATE FUNCTION pg_temp.h(k text, g int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(k || ':' || g) & 2147483647) % n $$;
CREATE FUNCTION pg_temp.u(k text, g int) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(k || '/' || g) & 2147483647) % 100000) / 100000.0::float8 $$;

CREATE SCHEMA fare;

CREATE TABLE bus_line (
  line_code varchar(5) PRIMARY KEY,
  line_name varchar(60) NOT NULL,
  line_type varchar(10) NOT NULL CHECK (line_type IN ('city', 'regional', 'express', 'night')),
  depot varchar(20) NOT NULL,
  opened_on date NOT NULL,
  closed_on date
);

CREATE TABLE stop (
  stop_id integer PRIMARY KEY,
  stop_name varchar(60) NOT NULL,
  district varchar(30) NOT NULL,
  has_shelter boolean NOT NULL,
  step_free boolean NOT NULL,
  removed_on date
);

CREATE TABLE line_stop (
  line_code varchar(5) NOT NULL REFERENCES bus_line,
  stop_id integer NOT NULL REFERENCES stop,
  seq smallint NOT NULL,
  min_from_start smallint NOT NULL,
  PRIMARY KEY (line_code, stop_id),
  UNIQUE (line_code, seq)
);

CREATE TABLE vehicle (
  fleet_no integer PRIMARY KEY,
  plate varchar(12) NOT NULL UNIQUE,
  model varchar(40) NOT NULL,
  fuel varchar(10) NOT NULL CHECK (fuel IN ('diesel', 'electric', 'hybrid', 'hydrogen')),
  seats smallint NOT NULL,
  km_total integer NOT NULL,
  depot varchar(20) NOT NULL,
  in_service_from date NOT NULL,
  withdrawn_on date
);

CREATE TABLE driver (
  driver_id integer PRIMARY KEY,
  first_name varchar(30) NOT NULL,
  last_name varchar(30) NOT NULL,
  depot varchar(20) NOT NULL,
  hired_on date NOT NULL,
  left_on date,
  supervisor_id integer REFERENCES driver,
  weekly_hrs numeric(4,1) NOT NULL
);

CREATE TABLE trip (
  trip_id integer PRIMARY KEY,
  line_code varchar(5) NOT NULL REFERENCES bus_line,
  fleet_no integer REFERENCES vehicle,
  driver_id integer REFERENCES driver,
  dep_at timestamptz NOT NULL,
  arr_at timestamptz,
  pax integer,
  trip_status varchar(10) NOT NULL CHECK (trip_status IN ('completed', 'cut_short', 'cancelled'))
);
COMMENT ON TABLE trip IS 'single runs of a bus on a line; cancelled runs have no vehicle, driver, arrival or passenger count';
COMMENT ON COLUMN trip.pax IS 'passengers counted by the door sensors';

CREATE TABLE delay (
  delay_id integer PRIMARY KEY,
  trip_id integer NOT NULL REFERENCES trip,
  stop_id integer NOT NULL REFERENCES stop,
  delay_min smallint NOT NULL,
  cause_cd char(2)
);
COMMENT ON COLUMN delay.cause_cd IS 'TR traffic, BD breakdown, WX weather, ST staff shortage, PX passenger incident; null = unknown';

CREATE TABLE fare.ticket_type (
  type_cd varchar(4) PRIMARY KEY,
  label varchar(40) NOT NULL,
  price_cents integer NOT NULL
);

CREATE TABLE fare.sale (
  sale_id integer PRIMARY KEY,
  trip_id integer NOT NULL REFERENCES trip,
  type_cd varchar(4) NOT NULL REFERENCES fare.ticket_type,
  qty smallint NOT NULL,
  channel varchar(10) NOT NULL CHECK (channel IN ('driver', 'app', 'machine')),
  refunded boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE fare.sale IS 'tickets sold for a trip, qty of one type at the list price';

INSERT INTO bus_line VALUES
('1','Central Station - University','city','Millbrook','2022-01-02',NULL),('2','Harbour - Northgate','city','Millbrook','2022-01-02',NULL),('3','Hospital - Westfield','city','Millbrook','2022-01-02',NULL),('4','Old Town - Stadium','city','Eastfield','2022-01-02',NULL),('5','Riverside - Science Park','city','Eastfield','2022-03-14',NULL),('6','Castle Hill - Lakeside','city','Eastfield','2022-09-05',NULL),('7','Market Square - Greenacre','city','Millbrook','2022-01-02','2025-06-29'),('8','Ring Line','city','Eastfield','2023-04-03',NULL),('21','Millbrook - Ashcombe','regional','Ashcombe','2022-01-02',NULL),('22','Millbrook - Thornley','regional','Ashcombe','2022-01-02',NULL),('23','Ashcombe - Penhollow','regional','Ashcombe','2022-08-15',NULL),('24','Thornley - Brackwater','regional','Ashcombe','2022-01-02','2025-12-14'),('25','Lakeside - Dunmere','regional','Ashcombe','2024-05-06',NULL),('X1','Airport Express','express','Eastfield','2022-01-02',NULL),('X2','Science Park Express','express','Eastfield','2023-09-04',NULL),('X3','Coast Express','express','Ashcombe','2024-06-01',NULL),('N1','Night Owl North','night','Millbrook','2022-01-02',NULL),('N2','Night Owl South','night','Millbrook','2022-11-18',NULL),('N3','Night Owl Coast','night','Ashcombe','2026-11-06',NULL);

INSERT INTO stop
SELECT g, n, (ARRAY['Centre','Centre','Centre','Northgate','Northgate','Westfield','Harbour','Harbour','Lakeside','Ashcombe','Ashcombe','Thornley'])[1 + pg_temp.h('dis', g::int, 12)],
  pg_temp.h('she', g::int, 3) > 0, pg_temp.h('sf', g::int, 5) > 0, CASE WHEN pg_temp.h('rmv', g::int, 11) = 0 THEN date '2026-01-10' + pg_temp.h('rmd', g::int, 280) END
FROM unnest(ARRAY['Central Station','Market Square','Town Hall','Opera House','University Library','Science Park','Stadium East','Stadium West','St Mary''s Hospital','Children''s Clinic','Harbour Gate','Fish Quay','Ferry Terminal','Old Brewery','Castle Hill','Castle Gardens','Mill Lane','Millbrook Depot','Baker Street','Chapel Road','Northgate Cross','Northgate School','Elm Avenue','Poplar Court','Westfield Mall','Westfield Park','Garden Suburb','Lakeside Lido','Lakeside Campsite','Dunmere Village','Dunmere Church','Ashcombe Bus Station','Ashcombe High Street','Ashcombe Mill','Penhollow Green','Thornley Square','Thornley Quarry','Brackwater Lock','Airport Terminal 1','Airport Terminal 2','Airport Cargo','Coast Road','Lighthouse','Sandy Bay','Victoria Bridge','Victoria Park','Library Street','Court House','Fire Station','Railway Works','Gasworks Lane','Cemetery Gate','Rose Crescent','Tannery Yard','Windmill Rise','Greenacre Farm','Greenacre Estate','Potters Row','Abbey Walk','Abbey School','Queens Theatre','Ice Rink','Trade Fair','Tech College','Retail Park','Ring Road South','Ring Road North','Canal Basin','Swan Inn','Orchard Close']) WITH ORDINALITY AS x(n, g);

INSERT INTO line_stop
SELECT line_code, stop_id, seq, (seq - 1) * (CASE line_type WHEN 'city' THEN 3 WHEN 'night' THEN 4 WHEN 'express' THEN 8 ELSE 6 END) + pg_temp.h('mfs', stop_id, 2) * (seq > 1)::int
FROM (SELECT l.line_code, l.line_type, s.stop_id, row_number() OVER (PARTITION BY l.line_code ORDER BY md5(l.line_code || s.stop_name)) AS seq
  FROM bus_line l JOIN stop s ON s.stop_id NOT IN (41, 52, 70) AND (s.stop_id = 1 OR (hashtext(l.line_code || s.stop_name) & 2147483647) % 100 < CASE l.line_type WHEN 'city' THEN 19 WHEN 'regional' THEN 14 WHEN 'express' THEN 7 ELSE 12 END)) z;

INSERT INTO vehicle
SELECT 400 + g, (ARRAY['MB','EF','AC'])[1 + pg_temp.h('dep', g, 3)] || '-' || (1000 + pg_temp.h('pl', g, 9000))::text || chr(65 + g % 26), m[1], m[2], m[3]::int, 18000 + (780000 * pg_temp.u('km', g))::int,
  (ARRAY['Millbrook','Eastfield','Ashcombe'])[1 + pg_temp.h('dep', g, 3)], date '2022-01-10' + pg_temp.h('isf', g, 1300),
  CASE WHEN pg_temp.h('wd', g, 10) = 0 THEN date '2026-01-20' + pg_temp.h('wdd', g, 250) END
FROM generate_series(1, 76) g CROSS JOIN LATERAL (SELECT CASE pg_temp.h('mod', g, 10) WHEN 0 THEN ARRAY['Volta City 12','electric','34'] WHEN 1 THEN ARRAY['Volta City 12','electric','34'] WHEN 2 THEN ARRAY['Volta City 18','electric','49'] WHEN 3 THEN ARRAY['Norland D12','diesel','36'] WHEN 4 THEN ARRAY['Norland D12','diesel','36'] WHEN 5 THEN ARRAY['Norland D12','diesel','36'] WHEN 6 THEN ARRAY['Norland Coach 50','diesel','50'] WHEN 7 THEN ARRAY['Hybra Urban','hybrid','33'] WHEN 8 THEN ARRAY['Hybra Artic','hybrid','46'] ELSE ARRAY['Aqua H2','hydrogen','35'] END AS m) x;

INSERT INTO driver
SELECT g, (ARRAY['Grace','Samuel','Priya','Tom','Agnes','Karim','Diana','Leon','Ruth','Victor','Nina','Callum','Zofia','Hugo','Maria','Desmond','Ellen','Farid','Gwen','Ian'])[1 + (g * 3) % 20],
  (ARRAY['Whitlock','Okafor','Sharma','Barnes','Kowalska','Aziz','Marlow','Fischer','Dalton','Petrov','Hughes','Ferguson','Byrne','Castle','Mendes','Quinn','Archer','Rahman','Price'])[1 + (g * 7) % 19],
  (ARRAY['Millbrook','Millbrook','Millbrook','Eastfield','Eastfield','Ashcombe'])[1 + pg_temp.h('dd', g, 6)], date '2022-01-15' + pg_temp.h('hi', g, 1450),
  CASE WHEN g > 9 AND pg_temp.h('lf', g, 8) = 0 THEN date '2026-02-01' + pg_temp.h('lfd', g, 270) END,
  CASE WHEN g > 9 THEN 1 + floor(9 * power(pg_temp.u('sup', g), 1.5))::int WHEN g > 3 THEN 1 + g % 2 END, (ARRAY[39,39,39,39,30,24,19.5])[1 + pg_temp.h('wh', g, 7)]
FROM generate_series(1, 95) g;

INSERT INTO trip
SELECT row_number() OVER (ORDER BY t.dep, t.g), t.lc, CASE WHEN t.st <> 'cancelled' THEN v.fleet_no END, CASE WHEN t.st <> 'cancelled' THEN d.driver_id END, t.dep,
  CASE WHEN t.st <> 'cancelled' THEN t.dep + make_interval(mins => CASE WHEN t.st = 'cut_short' THEN t.dur / 2 ELSE t.dur END + floor(16 * power(pg_temp.u('late', t.g), 3))::int) END,
  CASE WHEN t.st <> 'cancelled' THEN 1 + floor((CASE t.line_type WHEN 'city' THEN 80 WHEN 'express' THEN 48 WHEN 'regional' THEN 42 ELSE 25 END) * power(pg_temp.u('pax', t.g), 1.3))::int END, t.st
FROM (SELECT s.*, l.line_type, (SELECT max(ls.min_from_start)::int + 3 FROM line_stop ls WHERE ls.line_code = l.line_code) AS dur,
    s.day + make_interval(hours => CASE WHEN l.line_type = 'night' THEN (s.hr % 5) ELSE 5 + s.hr END, mins => pg_temp.h('mn', s.g, 12) * 5) AS dep,
    CASE WHEN pg_temp.h('st', s.g, 23) = 0 THEN 'cancelled' WHEN pg_temp.h('st', s.g, 23) = 1 AND s.g % 2 = 0 THEN 'cut_short' ELSE 'completed' END AS st
  FROM (SELECT g, timestamptz '2024-01-02 00:00+00' + make_interval(days => (1052 * g / 2900)) AS day, floor(19 * (pg_temp.u('h1', g) + pg_temp.u('h2', g)) / 2)::int AS hr,
     (ARRAY['1','1','1','1','1','2','2','2','3','3','3','4','4','5','5','6','7','7','8','8','21','21','22','23','24','25','X1','X1','X1','X2','X3','N1','N2'])[1 + pg_temp.h('ln', g, 33)] AS lc FROM generate_series(1, 2900) g) s
  JOIN bus_line l ON l.line_code = s.lc AND l.opened_on < s.day AND (l.closed_on IS NULL OR l.closed_on > s.day)) t
JOIN vehicle v ON v.fleet_no = 401 + floor(72 * power(pg_temp.u('veh', t.g), 1.4))::int
JOIN driver d ON d.driver_id = 4 + floor(86 * power(pg_temp.u('drv', t.g), 1.5))::int
WHERE v.in_service_from < t.day AND (v.withdrawn_on IS NULL OR v.withdrawn_on > t.day) AND d.hired_on < t.day AND (d.left_on IS NULL OR d.left_on > t.day);

INSERT INTO delay
SELECT row_number() OVER (ORDER BY t.trip_id, s.seq), t.trip_id, s.stop_id, 2 + floor(40 * power(pg_temp.u('dm', t.trip_id * 3 + s.k), 3))::int,
  (ARRAY['TR','TR','TR','TR','BD','WX','WX','ST','PX',NULL])[1 + pg_temp.h('cc', t.trip_id * 3 + s.k, 10)]
FROM trip t CROSS JOIN LATERAL (SELECT ls.stop_id, ls.seq, row_number() OVER (ORDER BY md5(ls.stop_id::text || t.trip_id))::int AS k FROM line_stop ls WHERE ls.line_code = t.line_code) s
WHERE t.trip_status <> 'cancelled' AND s.k <= CASE WHEN pg_temp.h('nd', t.trip_id, 10) < 6 THEN 0 WHEN pg_temp.h('nd', t.trip_id, 10) < 9 THEN 1 ELSE 2 END;

INSERT INTO fare.ticket_type VALUES ('SGL','Single adult',280),('CHD','Single child',140),('SEN','Single senior',190),('DAY','Day pass',750),('GRP','Group day pass',1690),('WK','Weekly pass',2600),('AIR','Airport supplement',450),('BIK','Bicycle',150),('DOG','Dog',120);

INSERT INTO fare.sale
SELECT row_number() OVER (ORDER BY t.trip_id, k), t.trip_id, CASE WHEN t.line_code = 'X1' AND k = 1 THEN 'AIR' ELSE (ARRAY['SGL','SGL','SGL','SGL','SGL','CHD','CHD','SEN','SEN','DAY','DAY','GRP','WK','BIK'])[1 + pg_temp.h('tt', t.trip_id * 5 + k, 14)] END,
  1 + floor(7 * power(pg_temp.u('q', t.trip_id * 5 + k), 2))::int, (ARRAY['driver','driver','app','app','app','machine'])[1 + pg_temp.h('ch', t.trip_id * 5 + k, 6)], pg_temp.h('rf', t.trip_id * 5 + k, 41) = 0
FROM trip t CROSS JOIN generate_series(1, 4) k
WHERE t.trip_status <> 'cancelled' AND k <= pg_temp.h('ns', t.trip_id, 5);
