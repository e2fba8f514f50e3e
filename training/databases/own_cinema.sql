CREATE FUNCTION pg_temp.u(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5($1),1,7))::bit(28)::int / 268435456.0::float8 $$;
CREATE FUNCTION pg_temp.pick(text[], text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1[1+floor(pg_temp.u($2)*cardinality($1))::int] $$;

CREATE TYPE sales_channel AS ENUM ('desk','web','app','kiosk');
CREATE TABLE films (
  film_id serial PRIMARY KEY,
  title text NOT NULL,
  orig_lang char(2) NOT NULL,
  runtime smallint NOT NULL,
  age_limit smallint NOT NULL CHECK (age_limit IN (0,8,12,15,18)),
  release_date date NOT NULL,
  sequel_to int REFERENCES films
);
COMMENT ON COLUMN films.orig_lang IS 'ISO code of the original language: en, fr, de, ja, ko, es, hi';
COMMENT ON COLUMN films.runtime IS 'minutes';
COMMENT ON COLUMN films.age_limit IS 'minimum age in years, 0 = all ages';
COMMENT ON COLUMN films.sequel_to IS 'film this one continues, null = no sequel';
CREATE TABLE genres (
  genre char(3) PRIMARY KEY,
  label text NOT NULL
);
CREATE TABLE film_genres (
  film_id int REFERENCES films,
  genre char(3) REFERENCES genres,
  PRIMARY KEY (film_id, genre)
);
CREATE TABLE cinemas (
  site_no smallint PRIMARY KEY,
  name text NOT NULL,
  city text NOT NULL,
  opened date NOT NULL,
  closed date
);
COMMENT ON COLUMN cinemas.closed IS 'null while in business';
CREATE TABLE screens (
  screen_id smallint PRIMARY KEY,
  site_no smallint NOT NULL REFERENCES cinemas,
  label text NOT NULL,
  seats smallint NOT NULL,
  tech char(1) NOT NULL CHECK (tech IN ('S','L','X')),
  step_free boolean NOT NULL
);
COMMENT ON TABLE screens IS 'auditoriums';
COMMENT ON COLUMN screens.tech IS 'S = standard digital, L = laser, X = giant screen';
COMMENT ON COLUMN screens.step_free IS 'wheelchair access';
CREATE TABLE showings (
  showing_id int PRIMARY KEY,
  film_id int NOT NULL REFERENCES films,
  screen_id smallint NOT NULL REFERENCES screens,
  starts_at timestamptz NOT NULL,
  ver char(1) NOT NULL CHECK (ver IN ('D','O','S')),
  base_price int NOT NULL,
  cancelled_at timestamptz
);
COMMENT ON COLUMN showings.ver IS 'D = dubbed, O = original without subtitles, S = original with subtitles';
COMMENT ON COLUMN showings.base_price IS 'pence, adult ticket';
COMMENT ON COLUMN showings.cancelled_at IS 'null = took or takes place';
CREATE TABLE loyalty_cards (
  card_no int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  born date,
  tier char(1) NOT NULL CHECK (tier IN ('B','S','G')),
  points int NOT NULL DEFAULT 0,
  issued date NOT NULL,
  home_site smallint NOT NULL REFERENCES cinemas,
  blocked_on date
);
COMMENT ON TABLE loyalty_cards IS 'one card per member';
COMMENT ON COLUMN loyalty_cards.born IS 'null = not told';
COMMENT ON COLUMN loyalty_cards.tier IS 'B bronze, S silver, G gold';
COMMENT ON COLUMN loyalty_cards.home_site IS 'favourite cinema';
COMMENT ON COLUMN loyalty_cards.blocked_on IS 'null = card is valid';
CREATE TABLE tickets (
  ticket_id int PRIMARY KEY,
  showing_id int NOT NULL REFERENCES showings,
  card_no int REFERENCES loyalty_cards,
  sold_at timestamptz NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 5),
  price int NOT NULL,
  channel sales_channel NOT NULL,
  refunded boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN tickets.card_no IS 'null = bought without loyalty card';
COMMENT ON COLUMN tickets.kind IS '1 adult, 2 child, 3 student, 4 senior, 5 complimentary';
COMMENT ON COLUMN tickets.price IS 'pence';
CREATE TABLE snack_sales (
  sale_id int PRIMARY KEY,
  site_no smallint NOT NULL REFERENCES cinemas,
  card_no int REFERENCES loyalty_cards,
  sold_at timestamptz NOT NULL,
  item text NOT NULL,
  cat char(2) NOT NULL CHECK (cat IN ('PO','DR','SW','HT')),
  qty smallint NOT NULL,
  unit_price numeric(5,2) NOT NULL
);
COMMENT ON TABLE snack_sales IS 'kiosk sales, one row per item line';
COMMENT ON COLUMN snack_sales.card_no IS 'null = no loyalty card shown';
COMMENT ON COLUMN snack_sales.cat IS 'PO popcorn, DR drinks, SW sweets, HT hot food';
COMMENT ON COLUMN snack_sales.unit_price IS 'pounds';

INSERT INTO films VALUES
(1,'The Lantern Keeper','en',118,12,'2022-02-11',NULL),(2,'Midnight Ferry','en',104,15,'2022-03-18',NULL),(3,'Captain Pepper','en',92,0,'2022-05-27',NULL),(4,'La Dernière Valise','fr',111,12,'2022-06-10',NULL),
(5,'Iron Harvest Moon','en',137,15,'2022-07-22',NULL),(6,'Paper Cranes','ja',99,8,'2022-09-02',NULL),(7,'Crows of Winter','en',126,18,'2022-10-21',NULL),(8,'Granny Goes Surfing','en',95,8,'2022-12-16',NULL),
(9,'Die stille Post','de',108,12,'2023-01-20',NULL),(10,'Seoul Undercover','ko',129,15,'2023-02-17',NULL),(11,'The Lantern Keeper: Embers','en',124,12,'2023-03-31',1),(12,'Captain Pepper and the Whale','en',94,0,'2023-05-26',3),
(13,'Zero Gravity Club','en',115,12,'2023-06-30',NULL),(14,'Monsoon Wedding Band','hi',148,8,'2023-08-11',NULL),(15,'The Hollow House','en',101,18,'2023-10-13',NULL),(16,'Snowfall Express','en',98,0,'2023-12-08',NULL),
(17,'Iron Harvest Dawn','en',142,15,'2024-02-02',5),(18,'Corazón de Sal','es',113,15,'2024-03-15',NULL),(19,'The Quiet Goalkeeper','en',109,8,'2024-04-26',NULL),(20,'Captain Pepper in Space','en',96,0,'2024-05-31',12),
(21,'Neon Samurai','ja',121,15,'2024-07-12',NULL),(22,'A Map of Us','en',117,12,'2024-08-23',NULL),(23,'The Hollow House: Cellar','en',103,18,'2024-10-18',15),(24,'Reindeer Rescue','en',90,0,'2024-12-06',NULL),
(25,'The Lantern Keeper: Ashes','en',133,12,'2025-02-07',11),(26,'Le Chat du Notaire','fr',97,8,'2025-03-21',NULL),(27,'Tidebreaker','en',128,12,'2025-05-16',NULL),(28,'Seoul Undercover 2','ko',131,15,'2025-06-20',10),
(29,'Dragons of Dundee','en',106,8,'2025-07-25',NULL),(30,'Blue Hour','de',112,15,'2025-09-12',NULL),(31,'The Hollow House: Attic','en',99,18,'2025-10-17',23),(32,'The Last Toymaker','en',102,0,'2025-12-05',NULL),
(33,'Verdict at Noon','en',139,15,'2026-01-30',NULL),(34,'Mango Season','hi',151,8,'2026-03-13',NULL),(35,'Tidebreaker: Undertow','en',130,12,'2026-05-15',27),(36,'Robots Do Not Cry','en',93,0,'2026-07-10',NULL),
(37,'Northern Line','en',114,15,'2026-09-04',NULL),(38,'Granny Goes Skiing','en',97,8,'2026-10-23',8),(39,'Winterlight','en',120,12,'2026-11-13',NULL),(40,'The Glass Orchard','fr',122,12,'2026-11-20',NULL);
INSERT INTO genres VALUES ('ACT','Action'),('ANI','Animation'),('COM','Comedy'),('DRA','Drama'),('FAM','Family'),('HOR','Horror'),('ROM','Romance'),('SCI','Science Fiction'),('THR','Thriller'),('FAN','Fantasy'),('DOC','Documentary');
INSERT INTO film_genres SELECT split_part(x,'-',1)::int, g FROM unnest(string_to_array('1-FAN 2-THR 3-ANI,FAM 4-DRA,ROM 5-ACT,SCI 6-ANI,DRA 7-HOR,THR 8-COM,FAM 9-DRA 10-ACT,THR 11-FAN,ACT 12-ANI,FAM,COM 13-SCI,COM 14-ROM,COM 15-HOR 16-FAM,FAN 17-ACT,SCI 18-DRA,ROM 19-DRA,COM 20-ANI,FAM,SCI 21-ANI,ACT 22-ROM,DRA 23-HOR,THR 24-ANI,FAM 25-FAN,ACT 26-COM 27-ACT,THR 28-ACT,THR 29-ANI,FAN,FAM 30-DRA,ROM 31-HOR 32-FAM,DRA 33-DRA,THR 34-ROM,DRA 35-ACT 36-ANI,SCI 37-THR,DRA 38-COM,FAM 39-DRA 40-DRA',' ')) x, unnest(string_to_array(split_part(x,'-',2),',')) g;
INSERT INTO cinemas VALUES (1,'Lumen Leeds','Leeds','2011-04-01',NULL),(2,'Lumen Harbourside','Bristol','2014-09-12',NULL),(3,'Lumen Cardiff Bay','Cardiff','2016-05-20',NULL),(4,'Lumen York Minstergate','York','2008-11-07','2024-06-30'),(5,'Lumen Norwich','Norwich','2018-03-02',NULL),(6,'Lumen Bristol Arcade','Bristol','2022-06-17',NULL),(7,'Lumen Exeter Quay','Exeter','2023-02-10',NULL),(8,'Lumen Dundee','Dundee','2024-10-04',NULL);
INSERT INTO screens SELECT row_number() OVER (ORDER BY s, n), s, 'Screen '||n, 48+8*floor(pg_temp.u('se'||s||n)*14)::int + CASE WHEN n=1 THEN 96 ELSE 0 END, CASE WHEN n=1 AND s IN (1,2,3,8) THEN 'X' WHEN pg_temp.u('te'||s||n)<0.35 THEN 'L' ELSE 'S' END, pg_temp.u('sf'||s||n)<0.7
FROM (SELECT s, generate_series(1,(ARRAY[6,5,4,3,4,2,3,3])[s]) n FROM generate_series(1,8) s) x;
INSERT INTO loyalty_cards SELECT 4000+g*3,
 pg_temp.pick(ARRAY['Olivia','Jack','Amelia','Harry','Isla','Callum','Freya','Rhys','Poppy','Ewan','Grace','Owen','Megan','Dylan','Chloe','Aaron','Niamh','Liam','Zara','Ibrahim','Priya','Ravi','Hannah','Tom','Bethan','Gareth','Fiona','Alistair','Ruth','Derek','Sian','Kieran'],'f'||g),
 pg_temp.pick(ARRAY['Thompson','Evans','Hughes','Walker','Macleod','Patel','Khan','Robinson','Wright','Griffiths','Ward','Turner','Bennett','Shaw','Campbell','Foster','Price','Reid','Barker','Lloyd','Marsh','Holt','Singh','Doyle','Stone','Fletcher','Nash','Pugh','Crawford','Webb'],'l'||g),
 CASE WHEN pg_temp.u('b'||g)<0.86 THEN date '1944-01-01'+floor(pg_temp.u('bb'||g)*23400)::int END,
 CASE WHEN pg_temp.u('t'||g)<0.58 THEN 'B' WHEN pg_temp.u('t'||g)<0.87 THEN 'S' ELSE 'G' END, CASE WHEN pg_temp.u('pt'||g)<0.1 THEN 0 ELSE floor(power(pg_temp.u('p'||g),2)*5200)::int END,
 date '2022-01-05'+floor(pg_temp.u('i'||g)*1740)::int, 1+floor(8*power(pg_temp.u('h'||g),1.35))::int, CASE WHEN pg_temp.u('x'||g)<0.07 THEN date '2026-10-30'-floor(pg_temp.u('xx'||g)*200)::int END
FROM generate_series(1,210) g;
INSERT INTO showings
SELECT row_number() OVER (ORDER BY s, g)::int, film_id, screen_id, s, ver, bp, CASE WHEN pg_temp.u('ca'||g)<0.045 THEN s - make_interval(hours=>3+floor(60*pg_temp.u('cb'||g))::int) END
FROM (SELECT g, f.film_id, c.screen_id, ((f.release_date+floor(power(pg_temp.u('sd'||g),1.4)*45)::int)::timestamp + (ARRAY[interval '11 hours',interval '14 hours 15 min',interval '17 hours',interval '17 hours 30 min',interval '20 hours',interval '20 hours 15 min',interval '20 hours 30 min',interval '22 hours 45 min'])[1+floor(8*pg_temp.u('sh'||g))::int]) AT TIME ZONE 'UTC' s,
  CASE WHEN f.orig_lang='en' THEN CASE WHEN pg_temp.u('v'||g)<0.9 THEN 'O' ELSE 'S' END ELSE (ARRAY['D','D','S','S','S','O'])[1+floor(6*pg_temp.u('v'||g))::int] END ver,
  790 + 100*floor(pg_temp.u('bp'||g)*4)::int + CASE c.tech WHEN 'X' THEN 350 WHEN 'L' THEN 150 ELSE 0 END bp, c.site_no, f.release_date
 FROM generate_series(1,760) g JOIN films f ON f.film_id = 1+floor(38*power(pg_temp.u('sf'||g),0.9))::int JOIN screens c ON c.screen_id = 1+floor(30*power(pg_temp.u('ss'||g),1.25))::int) x JOIN cinemas k USING (site_no)
WHERE s::date >= k.opened AND (k.closed IS NULL OR s::date < k.closed) AND x.film_id < 39 AND s < '2026-11-29';
INSERT INTO tickets
SELECT row_number() OVER (ORDER BY sa, k)::int, showing_id, card, sa, kind, round(base_price*(ARRAY[1,0.7,0.8,0.75,0])[kind])::int, ch::sales_channel, cancelled_at IS NOT NULL OR pg_temp.u('re'||k)<0.025
FROM (SELECT h.*, n, h.showing_id||'/'||n k, ch, CASE WHEN ch IN ('web','app') THEN h.starts_at-make_interval(hours=>1,mins=>floor(power(pg_temp.u('m'||h.showing_id||'/'||n),2)*14000)::int) ELSE h.starts_at-make_interval(mins=>floor(pg_temp.u('m'||h.showing_id||'/'||n)*45)::int) END sa,
   (ARRAY[1,1,1,1,1,1,2,2,3,3,4])[1+floor(11*pg_temp.u('k'||h.showing_id||'/'||n))::int] + CASE WHEN pg_temp.u('free'||h.showing_id||'/'||n)<0.02 THEN NULL ELSE 0 END kind0
  FROM showings h CROSS JOIN LATERAL generate_series(1,(power(pg_temp.u('n'||h.showing_id),2.0)*24)::int) n
  CROSS JOIN LATERAL (SELECT pg_temp.pick(CASE WHEN h.cancelled_at IS NOT NULL THEN ARRAY['web','web','app'] ELSE ARRAY['desk','desk','web','web','web','app','app','kiosk'] END,'ch'||h.showing_id||'/'||n) ch) c) x
CROSS JOIN LATERAL (SELECT COALESCE(kind0,5) kind, CASE WHEN pg_temp.u('cd'||k)<0.34 THEN (SELECT lc.card_no FROM loyalty_cards lc WHERE lc.card_no = 4000+3*(1+floor(190*power(pg_temp.u('cn'||k),1.5))::int) AND lc.issued <= x.starts_at::date) END card) y
WHERE cancelled_at IS NULL OR sa < cancelled_at;
INSERT INTO snack_sales
SELECT row_number() OVER (ORDER BY s, g)::int, site_no, card, s, (ARRAY['Sweet Popcorn Large','Salted Popcorn Small','Salted Popcorn Large','Cola 0.5 l','Still Water','Lemonade 0.75 l','Latte','Wine Gums','Chocolate Buttons','Nachos with Cheese','Hot Dog','Caramel Popcorn Tub','Liquorice Mix','Pizza Slice'])[i], (ARRAY['PO','PO','PO','DR','DR','DR','DR','SW','SW','HT','HT','PO','SW','HT'])[i],
 (ARRAY[1,1,1,1,2,2,3,4])[1+floor(8*pg_temp.u('q'||g))::int], (ARRAY[6.40,4.20,5.90,3.80,2.50,4.30,3.60,2.95,3.20,6.10,5.50,7.25,3.10,4.95])[i]+CASE WHEN s>='2025-01-01' THEN 0.30 ELSE 0 END
FROM (SELECT g, h.s, c.site_no, 1+floor(14*power(pg_temp.u('it'||g),1.3))::int i, CASE WHEN pg_temp.u('sc'||g)<0.3 THEN (SELECT lc.card_no FROM loyalty_cards lc WHERE lc.card_no=4000+3*(1+floor(200*power(pg_temp.u('sn'||g),1.4))::int) AND lc.issued<=h.s::date) END card
 FROM generate_series(1,2600) g CROSS JOIN LATERAL (SELECT ((date '2022-02-11'+floor(pg_temp.u('dt'||g)*1745)::int)::timestamp+make_interval(hours=>10+floor(13*power(pg_temp.u('ho'||g),0.7))::int,mins=>floor(60*pg_temp.u('mn'||g))::int)) AT TIME ZONE 'UTC' s) h
 JOIN cinemas c ON c.site_no=1+floor(8*power(pg_temp.u('si'||g),1.2))::int AND h.s::date>=c.opened AND (c.closed IS NULL OR h.s::date<c.closed)) x;
SELECT setval('films_film_id_seq',40);
