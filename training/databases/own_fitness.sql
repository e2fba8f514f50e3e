CREATE FUNCTION pg_temp.u(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,7))::bit(28)::int / 268435456.0 $$;
CREATE TYPE class_category AS ENUM ('cardio','strength','mind_body','aqua');
CREATE TABLE clubs (
  club_id int PRIMARY KEY, club_name text NOT NULL, city text NOT NULL, opened_on date NOT NULL,
  floor_sqm int NOT NULL, has_pool boolean NOT NULL, closed_on date);
COMMENT ON TABLE clubs IS 'gym locations';
COMMENT ON COLUMN clubs.floor_sqm IS 'usable floor area, square metres';
COMMENT ON COLUMN clubs.closed_on IS 'null while the club is open for business';
CREATE TABLE membership_plans (
  plan_code text PRIMARY KEY, plan_name text NOT NULL, tier char(1) NOT NULL CHECK (tier IN ('B','P','V')),
  fee_cents int NOT NULL, min_term_mo smallint NOT NULL);
COMMENT ON COLUMN membership_plans.tier IS 'B = basic, P = premium, V = VIP';
COMMENT ON COLUMN membership_plans.fee_cents IS 'list price per month in US cents';
COMMENT ON COLUMN membership_plans.min_term_mo IS 'minimum term in months, 0 = can leave any month';
CREATE TABLE members (
  member_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, sex char(1), birth_dt date NOT NULL,
  home_club_id int NOT NULL REFERENCES clubs, joined_on date NOT NULL, referred_by int REFERENCES members, deleted_at timestamptz);
COMMENT ON TABLE members IS 'everybody who ever signed up; soft delete';
COMMENT ON COLUMN members.sex IS 'F, M or X (diverse); null = not stated';
COMMENT ON COLUMN members.referred_by IS 'member who brought this one in, null = came alone';
COMMENT ON COLUMN members.deleted_at IS 'soft delete, null = live record';
CREATE TABLE contracts (
  contract_id int PRIMARY KEY, member_id int NOT NULL REFERENCES members, plan_code text NOT NULL REFERENCES membership_plans,
  start_dt date NOT NULL, end_dt date, stat char(1) NOT NULL, cxl_reason smallint, disc_pct numeric(4,1) NOT NULL DEFAULT 0);
COMMENT ON TABLE contracts IS 'a member may have several over the years';
COMMENT ON COLUMN contracts.stat IS 'A active, F frozen, C cancelled by member, E expired';
COMMENT ON COLUMN contracts.end_dt IS 'null while the contract is running';
COMMENT ON COLUMN contracts.cxl_reason IS '1 moved away, 2 too expensive, 3 health, 4 not using it, 9 other; null unless cancelled';
COMMENT ON COLUMN contracts.disc_pct IS 'discount on the list price, percent';
CREATE TABLE trainers (
  trainer_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, club_id int NOT NULL REFERENCES clubs,
  mentor_id int REFERENCES trainers, hourly_cents int NOT NULL, is_freelance boolean NOT NULL);
COMMENT ON COLUMN trainers.club_id IS 'base club of the trainer';
COMMENT ON COLUMN trainers.mentor_id IS 'senior trainer looking after this one';
COMMENT ON COLUMN trainers.hourly_cents IS 'hourly pay, cents';
CREATE TABLE class_types (
  type_id int PRIMARY KEY, class_name text NOT NULL, category class_category NOT NULL, dur_min smallint NOT NULL);
COMMENT ON COLUMN class_types.dur_min IS 'length of the class in minutes';
CREATE TABLE class_sessions (
  session_id int PRIMARY KEY, type_id int NOT NULL REFERENCES class_types, club_id int NOT NULL REFERENCES clubs,
  trainer_id int NOT NULL REFERENCES trainers, starts_at timestamptz NOT NULL, capacity smallint NOT NULL, is_cancelled boolean NOT NULL);
COMMENT ON TABLE class_sessions IS 'timetable: one row per scheduled class';
CREATE TABLE bookings (
  session_id int NOT NULL REFERENCES class_sessions, member_id int NOT NULL REFERENCES members,
  booked_at timestamptz NOT NULL, bstat char(1) NOT NULL CHECK (bstat IN ('B','A','N','X','W')), PRIMARY KEY (session_id, member_id));
COMMENT ON TABLE bookings IS 'members in class sessions';
COMMENT ON COLUMN bookings.bstat IS 'B booked, A attended, N no-show, X cancelled by member, W waiting list';
CREATE TABLE checkins (
  checkin_id int PRIMARY KEY, member_id int NOT NULL REFERENCES members, club_id int NOT NULL REFERENCES clubs,
  in_at timestamptz NOT NULL, out_at timestamptz);
COMMENT ON TABLE checkins IS 'turnstile visits';
COMMENT ON COLUMN checkins.out_at IS 'null = left without badging out';

INSERT INTO clubs VALUES
(1,'PulseHouse Riverside','Portland','2015-03-02',1850,true,NULL),(2,'PulseHouse Pearl','Portland','2018-09-10',1200,false,NULL),
(3,'PulseHouse Ballard','Seattle','2016-05-21',2100,true,NULL),(4,'PulseHouse Capitol Hill','Seattle','2019-01-14',980,false,NULL),
(5,'PulseHouse Downtown','Denver','2014-11-03',2450,true,NULL),(6,'PulseHouse Highlands','Denver','2021-06-01',1340,false,NULL),
(7,'PulseHouse Mission','San Francisco','2017-08-07',1120,false,'2025-08-31'),(8,'PulseHouse Midtown','Sacramento','2020-02-17',1660,true,NULL),
(9,'PulseHouse East Side','Austin','2022-04-11',1985,true,NULL),(10,'PulseHouse South Congress','Austin','2023-10-02',1075,false,NULL),
(11,'PulseHouse Desert Ridge','Phoenix','2019-09-30',2230,true,NULL),(12,'PulseHouse Old Town','Boise','2018-01-08',890,false,'2024-06-30'),
(13,'PulseHouse Lakefront','Boise','2024-07-15',1510,true,NULL);
INSERT INTO membership_plans VALUES
('FLEX','Flex Monthly','B',4490,0),('BAS12','Basic 12','B',2990,12),('BAS24','Basic 24','B',2490,24),('STU','Student','B',1990,6),
('PREM','Premium Monthly','P',6990,0),('PRE12','Premium 12','P',5490,12),('FAM','Family','P',8990,12),('VIP','Black Card','V',11900,12),('VIPM','Black Card Monthly','V',14900,0);
INSERT INTO members SELECT g,
 (ARRAY['Olivia','Marcus','Hannah','Diego','Priya','Ethan','Lena','Noah','Sofia','Kwame','Grace','Tomas','Aisha','Lucas','Megan','Victor','Chloe','Samuel','Naomi','Owen','Ines','Caleb','Ruth','Dmitri','Yuki','Brandon','Leila','Patrick','Elena','Jamal'])[1+floor(30*pg_temp.u('fn'||g))::int],
 (ARRAY['Whitfield','Okafor','Ramirez','Lindqvist','Patel','Nguyen','Castellano','Brooks','Haddad','Morales','Kowalski','Fischer','Tanaka','Sullivan','Abbott','Delgado','Prescott','Ivanov','Chandra','Osborne','Marchetti','Yates','Beaumont','Holloway','Sandoval','Mbeki','Thornton','Reyes','Voss','Carmichael','Larkin','Duarte','Engel','Farrow'])[1+floor(34*pg_temp.u('ln'||g))::int],
 CASE WHEN pg_temp.u('sx'||g)<0.52 THEN 'F' WHEN pg_temp.u('sx'||g)<0.91 THEN 'M' WHEN pg_temp.u('sx'||g)<0.95 THEN 'X' END,
 date '1952-01-01'+floor(20400*pow(pg_temp.u('bd'||g),0.6))::int,
 (ARRAY[5,5,5,3,3,1,1,9,9,11,8,2,4,6,10,13,7,12])[1+floor(18*pg_temp.u('hc'||g))::int],
 date '2022-01-05'+(g*6.3)::int+floor(20*pg_temp.u('jo'||g))::int,
 CASE WHEN g>20 AND pg_temp.u('rf'||g)<0.34 THEN 1+floor((g-2)*pow(pg_temp.u('rb'||g),2.2))::int END,
 CASE WHEN g<235 AND pg_temp.u('dl'||g)<0.09 THEN timestamptz '2026-02-01 08:00'+ floor(290*pg_temp.u('dd'||g))*interval '1 day'+interval '95 min'*floor(6*pg_temp.u('dh'||g)) END
 FROM generate_series(1,272) g;
INSERT INTO contracts
SELECT row_number() OVER (ORDER BY s,m), m, p, s, CASE WHEN st IN ('C','E') THEN e END, st,
 CASE WHEN st='C' THEN (ARRAY[2,2,2,4,4,1,3,9])[1+floor(8*pg_temp.u('cr'||m||n))::int] END,
 (ARRAY[0,0,0,0,0,5,10,10,15,20,25])[1+floor(11*pg_temp.u('di'||m||n))::int]
FROM (SELECT m,n,p,s,e, CASE WHEN e>'2026-11-20' THEN (CASE WHEN pg_temp.u('fz'||m||n)<0.12 THEN 'F' ELSE 'A' END) ELSE st END st FROM (
 SELECT member_id m, 1 n, (ARRAY['BAS12','BAS12','BAS12','BAS12','BAS12','BAS24','FLEX','FLEX','FLEX','STU','STU','PRE12','PRE12','PRE12','PREM','FAM','FAM','VIP','VIPM'])[1+floor(19*pg_temp.u('pl'||member_id))::int] p, joined_on s,
  joined_on+30+floor(600*pg_temp.u('en'||member_id))::int e, CASE WHEN pg_temp.u('st'||member_id)<0.42 THEN 'A' WHEN pg_temp.u('st'||member_id)<0.50 THEN 'F' WHEN pg_temp.u('st'||member_id)<0.78 THEN 'C' ELSE 'E' END st FROM members
 UNION ALL
 SELECT member_id, 2, (ARRAY['PRE12','PRE12','BAS12','FAM','VIP','FLEX','PREM'])[1+floor(7*pg_temp.u('pl2'||member_id))::int], joined_on+640+floor(90*pg_temp.u('s2'||member_id))::int,
  joined_on+800+floor(900*pg_temp.u('e2'||member_id))::int, CASE WHEN pg_temp.u('t2'||member_id)<0.6 THEN 'A' WHEN pg_temp.u('t2'||member_id)<0.85 THEN 'C' ELSE 'E' END
  FROM members WHERE pg_temp.u('st'||member_id)>=0.50 AND pg_temp.u('r2'||member_id)<0.55 AND joined_on<'2024-10-01') a) b;
INSERT INTO trainers SELECT g,
 (ARRAY['Bianca','Rory','Tessa','Malik','Ingrid','Cole','Paloma','Hugo','Freya','Andre','Kiera','Stefan'])[1+(g*7)%12],
 (ARRAY['Stroud','Villanueva','Keane','Adeyemi','Bergstrom','Maddox','Quintero','Lambert','Novak','Harcourt','Pruitt','Soto','Wexler','Amari','Dunne','Falk','Gallo'])[1+(g*5)%17],
 (ARRAY[5,3,1,9,11,8,2,4,6,10,13,7])[1+floor(12*pow(pg_temp.u('tc'||g),1.3))::int],
 CASE WHEN g>6 AND pg_temp.u('me'||g)<0.7 THEN 1+floor(6*pow(pg_temp.u('mi'||g),1.5))::int END,
 2800+floor(34*pg_temp.u('hr'||g))::int*75, pg_temp.u('fr'||g)<0.35
 FROM generate_series(1,36) g;
INSERT INTO class_types VALUES (1,'Spin 45','cardio',45),(2,'HIIT Express','cardio',30),(3,'Zumba','cardio',60),(4,'Body Pump','strength',55),(5,'Kettlebell Basics','strength',45),
(6,'Barbell Club','strength',75),(7,'Vinyasa Yoga','mind_body',60),(8,'Yin Yoga','mind_body',75),(9,'Pilates Mat','mind_body',50),(10,'Aqua Fit','aqua',45),(11,'Deep Water Run','aqua',40),
(12,'Boxing Drill','cardio',50),(13,'Meditation','mind_body',30),(14,'Prenatal Yoga','mind_body',60);
INSERT INTO class_sessions SELECT g, t, CASE WHEN t IN (10,11) THEN (ARRAY[1,3,5,5,8,9,11])[1+floor(7*pg_temp.u('cp'||g))::int] ELSE c END,
 1+floor(33*pow(pg_temp.u('tr'||g),1.4))::int, ts,
 (ARRAY[8,10,12,12,15,18,20,24])[1+floor(8*pg_temp.u('ca'||g))::int], pg_temp.u('cn'||g)<0.06
 FROM (SELECT g, 1+floor(13*pow(pg_temp.u('ty'||g),1.25))::int t, (ARRAY[5,5,5,3,3,1,1,9,11,8,2,4,6,6,10])[1+floor(15*pg_temp.u('cl'||g))::int] c,
  timestamptz '2024-01-02 00:00'+floor(g*1.156)*interval '1 day'+(ARRAY[6,7,7,9,12,17,18,18,18,19,20])[1+floor(11*pg_temp.u('hh'||g))::int]*interval '1 hour'+(CASE WHEN pg_temp.u('mm'||g)<0.3 THEN 30 ELSE 0 END)*interval '1 min' ts
  FROM generate_series(1,918) g) x;
INSERT INTO bookings SELECT s, m, ts-floor(9*pg_temp.u('ba'||s||'-'||m))*interval '1 day'-floor(600*pg_temp.u('bm'||s||'-'||m))*interval '1 min'-interval '20 min',
 CASE WHEN ts>'2026-11-22' THEN (CASE WHEN v<0.78 THEN 'B' WHEN v<0.9 THEN 'W' ELSE 'X' END) WHEN canc THEN 'X' WHEN v<0.69 THEN 'A' WHEN v<0.80 THEN 'N' WHEN v<0.94 THEN 'X' ELSE 'W' END
 FROM (SELECT DISTINCT s.session_id s, s.starts_at ts, s.is_cancelled canc, m.member_id m, pg_temp.u('bs'||s.session_id||'-'||m.member_id) v
  FROM class_sessions s, generate_series(1,2+floor(9*pg_temp.u('nb'||s.session_id))::int) j
, members m WHERE m.member_id=1+floor(255*pow(pg_temp.u('bk'||s.session_id||'-'||j),1.5))::int AND m.joined_on<s.starts_at::date-10 AND (m.deleted_at IS NULL OR m.deleted_at>s.starts_at)) q;
INSERT INTO checkins SELECT row_number() OVER (ORDER BY ts,g), m, c, ts, CASE WHEN pg_temp.u('ob'||g)>0.05 THEN ts+(22+floor(110*pow(pg_temp.u('du'||g),1.2)))*interval '1 min' END
 FROM (SELECT g, m.member_id m, CASE WHEN pg_temp.u('oc'||g)<0.82 THEN m.home_club_id ELSE (ARRAY[5,3,1,9,11,8])[1+floor(6*pg_temp.u('o2'||g))::int] END c, ts FROM
  (SELECT g, 1+floor(262*pow(pg_temp.u('cm'||g),1.35))::int mid, timestamptz '2023-01-02 00:00'+floor(g*0.3165)*interval '1 day'+(ARRAY[5,6,6,7,7,8,9,10,11,12,12,13,15,16,17,17,17,18,18,18,18,19,19,20])[1+floor(24*pg_temp.u('ch'||g))::int]*interval '1 hour'+floor(59*pg_temp.u('ci'||g))*interval '1 min' ts FROM generate_series(1,4500) g) x
  JOIN members m ON m.member_id=x.mid WHERE m.joined_on<x.ts::date AND (m.deleted_at IS NULL OR m.deleted_at>x.ts)) y;
