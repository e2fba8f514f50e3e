CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE FUNCTION pg_temp.season_day(n int) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN n < 142 THEN date '2024-11-30' + n WHEN n < 277 THEN date '2025-11-29' + (n - 142) ELSE date '2026-11-14' + (n - 277) END $$;
CREATE SCHEMA patrol;
CREATE TYPE lift_type AS ENUM ('gondola', 'chairlift', 'drag_lift', 'magic_carpet');
CREATE TYPE snow_discipline AS ENUM ('alpine', 'snowboard', 'telemark', 'cross_country');

CREATE TABLE lifts (
  lift_code       text PRIMARY KEY,
  lift_name       text NOT NULL,
  lift_type       lift_type NOT NULL,
  sector          char(1) NOT NULL CHECK (sector IN ('N', 'S', 'G')),
  bottom_altitude integer NOT NULL,
  top_altitude    integer NOT NULL,
  hourly_capacity integer NOT NULL,
  closed_since    date
);
COMMENT ON COLUMN lifts.sector IS 'N = Nordhang, S = Sonnenalm, G = Gletscher (the glacier)';
COMMENT ON COLUMN lifts.bottom_altitude IS 'metres above sea level';
COMMENT ON COLUMN lifts.top_altitude IS 'metres above sea level';
COMMENT ON COLUMN lifts.hourly_capacity IS 'persons per hour at full speed';
COMMENT ON COLUMN lifts.closed_since IS 'out of operation since; null = running';

CREATE TABLE pass_products (
  product_code text PRIMARY KEY,
  product_name text NOT NULL,
  audience     char(1) NOT NULL CHECK (audience IN ('A', 'Y', 'K', 'S')),
  valid_days   smallint,
  list_price   integer NOT NULL
);
COMMENT ON TABLE pass_products IS 'Kinds of lift pass on sale';
COMMENT ON COLUMN pass_products.audience IS 'A = adult, Y = youth 13 to 17, K = child up to 12, S = senior from 65';
COMMENT ON COLUMN pass_products.valid_days IS 'number of consecutive days, starting on the day of sale; null = season pass';
COMMENT ON COLUMN pass_products.list_price IS 'euro cents';

CREATE TABLE guests (
  guest_id    integer PRIMARY KEY,
  full_name   text NOT NULL,
  country     text NOT NULL,
  skill_level smallint
);
COMMENT ON COLUMN guests.country IS 'country of residence';
COMMENT ON COLUMN guests.skill_level IS '1 = beginner, 2 = intermediate, 3 = advanced, 4 = expert; null = not stated';

CREATE TABLE passes (
  pass_id       integer PRIMARY KEY,
  product_code  text NOT NULL REFERENCES pass_products,
  guest_id      integer REFERENCES guests,
  sold_at       timestamp NOT NULL,
  sales_channel smallint NOT NULL CHECK (sales_channel BETWEEN 1 AND 4),
  price_paid    integer NOT NULL,
  refunded_on   date
);
COMMENT ON TABLE passes IS 'Lift passes sold';
COMMENT ON COLUMN passes.guest_id IS 'null = sold anonymously';
COMMENT ON COLUMN passes.sales_channel IS '1 = ticket office, 2 = web shop, 3 = partner hotel, 4 = vending machine';
COMMENT ON COLUMN passes.price_paid IS 'euro cents, after any discount';
COMMENT ON COLUMN passes.refunded_on IS 'null = not refunded';

CREATE TABLE lift_scans (
  pass_id    integer NOT NULL REFERENCES passes,
  lift_code  text NOT NULL REFERENCES lifts,
  scanned_at timestamp NOT NULL,
  outcome    char(1) NOT NULL CHECK (outcome IN ('A', 'X', 'B', 'P')),
  PRIMARY KEY (pass_id, scanned_at)
);
COMMENT ON TABLE lift_scans IS 'Turnstile readings at the lifts';
COMMENT ON COLUMN lift_scans.outcome IS 'A = admitted (a ride); refused: X = pass expired, B = pass blocked, P = photo does not match';

CREATE TABLE instructors (
  instructor_id integer PRIMARY KEY,
  full_name     text NOT NULL,
  languages     text[] NOT NULL,
  mentor_id     integer REFERENCES instructors
);
COMMENT ON COLUMN instructors.languages IS 'two-letter codes: de, en, fr, it, nl, pl, ru';
COMMENT ON COLUMN instructors.mentor_id IS 'senior instructor in charge of a trainee; null = fully qualified';

CREATE TABLE lessons (
  lesson_id        integer PRIMARY KEY,
  instructor_id    integer NOT NULL REFERENCES instructors,
  guest_id         integer NOT NULL REFERENCES guests,
  discipline       snow_discipline NOT NULL,
  starts_at        timestamp NOT NULL,
  duration_minutes smallint NOT NULL,
  fee              integer NOT NULL,
  status           char(1) NOT NULL CHECK (status IN ('B', 'D', 'C', 'W', 'N')),
  rating           smallint
);
COMMENT ON TABLE lessons IS 'Private lessons, one guest each';
COMMENT ON COLUMN lessons.fee IS 'euro cents for the whole lesson';
COMMENT ON COLUMN lessons.status IS 'B = booked and still to come, D = delivered, C = cancelled by the guest, W = called off because of weather, N = guest did not show up';
COMMENT ON COLUMN lessons.rating IS 'by the guest, 1 (poor) to 5 (excellent); null = not rated';

CREATE TABLE rentals (
  rental_id   integer PRIMARY KEY,
  guest_id    integer NOT NULL REFERENCES guests,
  equipment   text NOT NULL,
  taken_at    timestamp NOT NULL,
  returned_at timestamp,
  daily_rate  integer NOT NULL
);
COMMENT ON TABLE rentals IS 'Equipment hired out, one piece per row';
COMMENT ON COLUMN rentals.equipment IS 'skis, snowboard, boots, helmet, touring set or sledge';
COMMENT ON COLUMN rentals.returned_at IS 'null = not brought back';
COMMENT ON COLUMN rentals.daily_rate IS 'euro cents a day';

CREATE TABLE patrol.incidents (
  incident_id      integer PRIMARY KEY,
  happened_at      timestamp NOT NULL,
  lift_code        text REFERENCES lifts,
  cause            char(3) NOT NULL,
  severity         smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
  response_seconds integer,
  details          jsonb NOT NULL
);
COMMENT ON TABLE patrol.incidents IS 'Accidents and rescues, one injured or ill person each';
COMMENT ON COLUMN patrol.incidents.lift_code IS 'lift where it happened; null = on a slope';
COMMENT ON COLUMN patrol.incidents.cause IS 'FAL = fall, COL = collision, LFT = getting on or off a lift, MED = illness, AVA = avalanche';
COMMENT ON COLUMN patrol.incidents.severity IS '1 = treated on the spot, 2 = medical centre, 3 = hospital, 4 = flown out by helicopter';
COMMENT ON COLUMN patrol.incidents.response_seconds IS 'from the call until the patrol arrived; null = not recorded';
COMMENT ON COLUMN patrol.incidents.details IS 'age (years, number), helmet (true/false), light (good, flat, dark)';

CREATE TABLE patrol.snow_reports (
  sector              char(1) NOT NULL,
  measured_on         date NOT NULL,
  depth_cm            integer NOT NULL,
  fresh_snow          integer NOT NULL,
  morning_temperature smallint,
  avalanche_level     smallint NOT NULL,
  PRIMARY KEY (sector, measured_on)
);
COMMENT ON TABLE patrol.snow_reports IS 'Daily readings at 7 am in the season';
COMMENT ON COLUMN patrol.snow_reports.sector IS 'same letters as lifts.sector';
COMMENT ON COLUMN patrol.snow_reports.depth_cm IS 'total snow depth';
COMMENT ON COLUMN patrol.snow_reports.fresh_snow IS 'new snow in the last 24 hours, millimetres';
COMMENT ON COLUMN patrol.snow_reports.morning_temperature IS 'tenths of a degree Celsius; null = sensor failed';
COMMENT ON COLUMN patrol.snow_reports.avalanche_level IS '1 = low, 2 = moderate, 3 = considerable, 4 = high, 5 = very high';

INSERT INTO lifts VALUES ('G1','Talbahn','gondola','N',1120,1845,2400,NULL),('G2','Gletscherbahn','gondola','G',1980,2760,2800,NULL),('G3','Sonnenjet','gondola','S',1105,1710,3200,NULL),
 ('C1','Kammlift','chairlift','N',1640,2105,2100,NULL),('C2','Rabenstein','chairlift','N',1530,1990,1800,NULL),('C3','Almexpress','chairlift','S',1480,1935,2600,NULL),('C4','Eisbruch','chairlift','G',2540,3015,1650,NULL),('C5','Murmel','chairlift','S',1390,1760,1500,'2026-03-09'),('C6','Steinbock','chairlift','N',1700,2240,1950,NULL),
 ('D1','Firnlift','drag_lift','G',2720,3080,1100,NULL),('D2','Hirschboden','drag_lift','S',1450,1620,900,'2025-04-21'),('D3','Waldlift','drag_lift','N',1190,1385,850,NULL),('D4','Gamslift','drag_lift','G',2690,2885,980,'2026-11-20'),
 ('M1','Pinguin','magic_carpet','S',1110,1128,1200,NULL),('M2','Schneehase','magic_carpet','N',1122,1149,1000,NULL);

INSERT INTO pass_products VALUES ('AD1','Adult day','A',1,6400),('AD3','Adult three days','A',3,17600),('AD6','Adult week','A',6,31900),('ADS','Adult season','A',NULL,69000),('YO1','Youth day','Y',1,4500),('YO6','Youth week','Y',6,22400),('YOS','Youth season','Y',NULL,41500),
 ('CH1','Child day','K',1,3200),('CH6','Child week','K',6,15900),('CHS','Child season','K',NULL,27500),('SE1','Senior day','S',1,5700),('SE6','Senior week','S',6,28700),('SES','Senior season','S',NULL,58000),('AD2','Adult weekend','A',2,12300),('SE14','Senior fortnight','S',14,49900);

INSERT INTO guests
SELECT g, (ARRAY['Anna','Bram','Carla','David','Elif','Finn','Greta','Hugo','Ines','Jonas','Katja','Lars','Mila','Niels','Olga','Pavel','Quinn','Rosa','Sander','Tilda','Ulrich','Vera','Wout','Xenia','Yann','Zora','Emil','Frida','Gianni','Hanne','Ivo','Judith'])[1 + k % 32] || ' ' ||
 (ARRAY['Aigner','Bakker','Conti','Dahl','Ebner','Fischer','Gruber','Hansen','Ivanov','Jansen','Keller','Leroy','Moser','Novak','Olsen','Peeters','Quist','Ricci','Steiner','Thaler','Urban','Visser','Weber','Yilmaz','Zeman','Brandt','Costa','Dubois','Egger','Fabry','Huber','Koster'])[1 + k / 32],
 (ARRAY['Austria','Austria','Germany','Germany','Germany','Germany','Netherlands','Netherlands','Netherlands','Belgium','Belgium','Italy','Czechia','Czechia','Denmark','Poland','United Kingdom','France'])[1 + pg_temp.h('co' || g, 18)],
 CASE WHEN pg_temp.h('sk' || g, 9) < 8 THEN (ARRAY[1,1,2,2,2,3,3,4])[1 + pg_temp.h('sk' || g, 9)] END
FROM (SELECT g, (g * 37) % 1024 AS k FROM generate_series(1, 340) g) x;

CREATE TEMP TABLE p AS
SELECT g, pg_temp.season_day(d) + make_interval(hours => 7 + pg_temp.h('hr' || g, 8), mins => pg_temp.h('mi' || g, 60)) AS sold, d,
 CASE WHEN d % 142 < 12 AND pg_temp.h('sp' || g, 3) = 0 THEN (ARRAY['ADS','ADS','YOS','CHS','SES'])[1 + pg_temp.h('ss' || g, 5)]
  ELSE (ARRAY['AD1','AD1','AD1','AD1','AD3','AD3','AD6','AD6','AD6','YO1','YO1','YO6','CH1','CH1','CH6','CH6','SE1','SE6','AD2','AD2'])[1 + pg_temp.h('pr' || g, 20)] END AS pc
FROM (SELECT g, (g * 287 / 1600) AS d FROM generate_series(1, 1600) g) x;

INSERT INTO passes
SELECT 50000 + g, pc, CASE WHEN pr.valid_days IS NULL OR pg_temp.h('an' || g, 100) < 62 THEN 1 + pg_temp.h('gu' || g, 300) END, sold, ch,
 pr.list_price - CASE WHEN ch = 2 THEN pr.list_price * 5 / 100 WHEN ch = 3 AND pg_temp.h('di' || g, 2) = 0 THEN pr.list_price * 12 / 100 ELSE 0 END,
 CASE WHEN pg_temp.h('rf' || g, 100) < 4 THEN sold::date + pg_temp.h('rd' || g, 5) END
FROM (SELECT *, (ARRAY[1,1,1,1,2,2,2,3,3,4])[1 + pg_temp.h('ch' || g, 10)] AS ch FROM p) p JOIN pass_products pr ON pr.product_code = p.pc;

INSERT INTO lift_scans
SELECT DISTINCT ON (pass_id, t) pass_id, lc, t, oc
FROM (SELECT g, pass_id, oc, refunded_on, CASE WHEN pg_temp.h('lc' || g, 60) = 7 THEN 'M1' WHEN pg_temp.h('lc' || g, 60) = 19 THEN 'M2' ELSE (ARRAY['G1','G1','G1','G2','G2','G3','G3','G3','G3','C1','C1','C2','C3','C3','C4','C6','C6','D1','D3','C5','D4'])[1 + pg_temp.h('ld' || g, 21)] END AS lc,
   CASE WHEN dy = 0 THEN sold_at + make_interval(mins => 5 + pg_temp.h('sn' || g, 95), secs => pg_temp.h('sc' || g, 60)) ELSE sold_at::date + dy + make_interval(hours => 8 + pg_temp.h('sh' || g, 8), mins => pg_temp.h('sm' || g, 60), secs => pg_temp.h('sc' || g, 60)) END AS t
  FROM (SELECT *, CASE WHEN oc = 'X' THEN valid_days + pg_temp.h('dx' || g, 3) ELSE pg_temp.h('dy' || g, coalesce(valid_days, 60)) END AS dy
   FROM (SELECT g, s.*, r.valid_days, CASE WHEN pg_temp.h('oc' || g, 1000) < 940 THEN 'A' WHEN pg_temp.h('oc' || g, 1000) < 958 THEN 'P' WHEN pg_temp.h('oc' || g, 1000) < 982 AND r.valid_days IS NOT NULL THEN 'X' WHEN pg_temp.h('oc' || g, 1000) > 985 THEN 'B' ELSE 'A' END AS oc
    FROM generate_series(1, 6200) g JOIN passes s ON s.pass_id = 50001 + pg_temp.h('sp' || g, 1560) JOIN pass_products r USING (product_code) WHERE s.pass_id % 37 <> 5) w) v) x
JOIN lifts l ON l.lift_code = x.lc
WHERE (l.closed_since IS NULL OR x.t < l.closed_since) AND (x.refunded_on IS NULL OR x.t < x.refunded_on) AND (x.t < timestamp '2025-04-21' OR x.t >= timestamp '2025-11-29' AND x.t < timestamp '2026-04-13' OR x.t >= timestamp '2026-11-14' AND x.t < timestamp '2026-11-26') ORDER BY pass_id, t, g;

INSERT INTO instructors VALUES (1,'Stefan Oberhofer','{de,en}',NULL),(2,'Marie Lechner','{de,en,fr}',NULL),(3,'Luca Bertoldi','{it,de,en}',NULL),(4,'Hanna Wirth','{de,en,nl}',NULL),(5,'Joris van Dam','{nl,en,de}',NULL),(6,'Petra Kofler','{de,it}',NULL),(7,'Owen Hughes','{en}',NULL),
 (8,'Tereza Malá','{de,en,pl}',2),(9,'Felix Unterberger','{de,en}',1),(10,'Camille Roux','{fr,en}',2),(11,'Dmitri Sokolov','{ru,en,de}',NULL),(12,'Sarah Gasser','{de,en,it}',6),(13,'Bas Hoekstra','{nl,en,de,fr}',1),(14,'Kasia Wolska','{pl,de,en}',NULL),(15,'Matteo Ferri','{it,en}',3),(16,'Lena Thurner','{de}',1),(17,'Ruth Innerhofer','{de,it,en}',NULL);

INSERT INTO lessons
SELECT 7000 + g, (ARRAY[1,1,2,2,3,3,4,4,5,5,6,7,7,8,9,10,11,12,13,14,15,4,2])[1 + pg_temp.h('in' || g, 23)], 20 + pg_temp.h('lg' || g, 300), disc::snow_discipline, st, dur,
 dur * (CASE disc WHEN 'alpine' THEN 140 WHEN 'snowboard' THEN 145 WHEN 'telemark' THEN 165 ELSE 110 END) + 500 * pg_temp.h('fe' || g, 5), sta,
 CASE WHEN sta = 'D' AND pg_temp.h('rt' || g, 10) < 7 THEN (ARRAY[5,5,5,4,4,4,3,3,2,1])[1 + pg_temp.h('ra' || g, 10)] END
FROM (SELECT *, CASE WHEN st >= timestamp '2026-11-26' THEN 'B' WHEN hs < 79 THEN 'D' WHEN hs < 88 THEN 'C' WHEN hs < 95 THEN 'W' ELSE 'N' END AS sta FROM (
 SELECT g, (ARRAY['alpine','alpine','alpine','alpine','snowboard','snowboard','cross_country','telemark'])[1 + pg_temp.h('dc' || g, 8)] AS disc, (ARRAY[60,60,90,120,120,240])[1 + pg_temp.h('du' || g, 6)] AS dur, pg_temp.h('ls' || g, 100) AS hs,
 pg_temp.season_day(least(292, 3 + g * 291 / 900)) + make_interval(hours => 9 + pg_temp.h('lh' || g, 6), mins => 30 * pg_temp.h('lm' || g, 2)) AS st FROM generate_series(1, 900) g) x) y;

INSERT INTO rentals
SELECT 300 + g, 1 + pg_temp.h('rg' || g, 320), e, tk, CASE WHEN pg_temp.h('nb' || g, 100) < 2 OR ret >= timestamp '2026-11-26' THEN NULL ELSE ret END,
 CASE e WHEN 'skis' THEN 2600 + 400 * pg_temp.h('rr' || g, 4) WHEN 'snowboard' THEN 2800 + 300 * pg_temp.h('rr' || g, 3) WHEN 'boots' THEN 1200 + 200 * pg_temp.h('rr' || g, 2) WHEN 'helmet' THEN 600 WHEN 'sledge' THEN 900 ELSE 4900 END
FROM (SELECT g, e, tk, date_trunc('day', tk) + make_interval(days => pg_temp.h('rl' || g, 8), hours => 16, mins => pg_temp.h('rn' || g, 110)) AS ret FROM (SELECT g, (ARRAY['skis','skis','skis','skis','snowboard','snowboard','boots','boots','boots','helmet','helmet','touring set','sledge'])[1 + pg_temp.h('eq' || g, 13)] AS e,
  pg_temp.season_day(g * 289 / 1300) + make_interval(hours => 8 + pg_temp.h('rh' || g, 6), mins => pg_temp.h('ri' || g, 60)) AS tk FROM generate_series(1, 1300) g) x) y;

INSERT INTO patrol.incidents
SELECT g, pg_temp.season_day(g * 288 / 420) + make_interval(hours => 9 + pg_temp.h('ih' || g, 8), mins => pg_temp.h('im' || g, 60)),
 CASE WHEN ca = 'LFT' OR pg_temp.h('il' || g, 12) = 0 AND ca <> 'AVA' THEN (ARRAY['G1','C1','C2','C3','C3','C4','C6','D1','D3','D3','M1','C2','D1','G3'])[1 + pg_temp.h('ix' || g, 14)] END, ca,
 CASE WHEN ca = 'AVA' THEN 4 ELSE (ARRAY[1,1,1,1,2,2,2,3,3,4])[1 + pg_temp.h('is' || g, 10)] END,
 CASE WHEN pg_temp.h('ir' || g, 12) > 0 THEN 170 + pg_temp.h('it' || g, 900) + pg_temp.h('iu' || g, 400) END,
 jsonb_build_object('age', 6 + pg_temp.h('ia' || g, 68), 'helmet', pg_temp.h('ie' || g, 100) < 78, 'light', (ARRAY['good','good','good','flat','flat','dark'])[1 + pg_temp.h('ig' || g, 6)])
FROM (SELECT g, (ARRAY['FAL','FAL','FAL','FAL','FAL','FAL','COL','COL','COL','LFT','LFT','MED','MED'])[1 + pg_temp.h('ic' || g, 13)] AS c0, CASE WHEN g IN (61, 62, 233, 301) THEN 'AVA' ELSE (ARRAY['FAL','FAL','FAL','FAL','FAL','FAL','COL','COL','COL','LFT','LFT','MED','MED'])[1 + pg_temp.h('ic' || g, 13)] END AS ca FROM generate_series(1, 420) g) x;

INSERT INTO patrol.snow_reports
SELECT s, pg_temp.season_day(n), greatest(4, CASE s WHEN 'G' THEN 130 WHEN 'N' THEN 50 ELSE 25 END + (CASE WHEN n % 142 < 90 THEN n % 142 ELSE 180 - n % 142 END * CASE s WHEN 'G' THEN 1.6 WHEN 'N' THEN 1.0 ELSE 0.7 END)::int + fr / 10 + pg_temp.h('de' || s || n, 9)), fr,
 CASE WHEN pg_temp.h('tf' || s || n, 40) > 0 THEN (CASE s WHEN 'G' THEN -110 WHEN 'N' THEN -60 ELSE -35 END) + pg_temp.h('te' || n, 150) - 60 + pg_temp.h('tt' || s || n, 30) END,
 least(5, 1 + pg_temp.h('av' || n, 2) + fr / 150 + CASE WHEN s = 'G' THEN 1 ELSE 0 END)
FROM (SELECT s, n, CASE WHEN pg_temp.h('fr' || n, 10) < 6 THEN 0 WHEN pg_temp.h('fr' || n, 10) < 9 THEN 5 * pg_temp.h('fa' || n || s, 30) ELSE 100 + 5 * pg_temp.h('fa' || n || s, 70) END AS fr FROM unnest(ARRAY['N','S','G']) s, generate_series(0, 287) n) x;
