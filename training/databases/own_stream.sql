CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)::numeric/268435456 $$;
CREATE TABLE plans (plan_code text PRIMARY KEY, plan_name text NOT NULL, monthly_price_cents int NOT NULL, max_streams smallint NOT NULL, has_ads boolean NOT NULL);
COMMENT ON COLUMN plans.monthly_price_cents IS 'list price in US cents';
COMMENT ON COLUMN plans.max_streams IS 'simultaneous streams allowed';
CREATE TABLE accounts (account_id int PRIMARY KEY, email text NOT NULL UNIQUE, country_code char(2) NOT NULL, signed_up_at timestamptz NOT NULL, referred_by_account_id int REFERENCES accounts, closed_at timestamptz);
COMMENT ON TABLE accounts IS 'one per household';
COMMENT ON COLUMN accounts.country_code IS 'ISO 2-letter country';
COMMENT ON COLUMN accounts.referred_by_account_id IS 'account that invited this one, null if none';
COMMENT ON COLUMN accounts.closed_at IS 'null while the account is open';
CREATE TABLE profiles (profile_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, profile_name text NOT NULL, audience text NOT NULL CHECK (audience IN ('kids','teen','adult')), created_at timestamptz NOT NULL, is_deleted boolean NOT NULL DEFAULT false);
COMMENT ON TABLE profiles IS 'viewers within an account; deleted ones are kept for history';
CREATE TABLE subscriptions (subscription_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, plan_code text NOT NULL REFERENCES plans, started_on date NOT NULL, ended_on date, cancel_reason smallint, promo_code text);
COMMENT ON TABLE subscriptions IS 'an account has several over time, at most one running';
COMMENT ON COLUMN subscriptions.ended_on IS 'null while running';
COMMENT ON COLUMN subscriptions.cancel_reason IS '1 too expensive, 2 not enough content, 3 payment failed, 4 changed plan, 9 other; null while running';
COMMENT ON COLUMN subscriptions.promo_code IS 'null if paid at list price';
CREATE TYPE title_kind AS ENUM ('movie','series','special','documentary');
CREATE TABLE titles (title_id int PRIMARY KEY, title_name text NOT NULL, kind title_kind NOT NULL, release_year smallint NOT NULL, runtime_min smallint NOT NULL, age_rating smallint NOT NULL, is_original boolean NOT NULL, added_on date NOT NULL, removed_on date, audio_langs text[] NOT NULL);
COMMENT ON COLUMN titles.runtime_min IS 'minutes; for series: per episode';
COMMENT ON COLUMN titles.age_rating IS 'minimum age: 0, 6, 12, 16 or 18';
COMMENT ON COLUMN titles.is_original IS 'produced by us';
COMMENT ON COLUMN titles.removed_on IS 'taken out of the catalogue; null while available';
COMMENT ON COLUMN titles.audio_langs IS 'ISO language codes of the audio tracks, e.g. {en,es}';
CREATE TABLE genres (genre_id smallint PRIMARY KEY, genre_name text NOT NULL, parent_genre_id smallint REFERENCES genres);
COMMENT ON COLUMN genres.parent_genre_id IS 'null for a main genre';
CREATE TABLE title_genres (title_id int NOT NULL REFERENCES titles, genre_id smallint NOT NULL REFERENCES genres, is_primary boolean NOT NULL, PRIMARY KEY (title_id, genre_id));
CREATE TABLE devices (device_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, device_type char(2) NOT NULL CHECK (device_type IN ('TV','PH','TB','WB','GC')), model_name text NOT NULL, registered_at timestamptz NOT NULL, revoked_at timestamptz);
COMMENT ON COLUMN devices.device_type IS 'TV television, PH phone, TB tablet, WB web browser, GC game console';
COMMENT ON COLUMN devices.revoked_at IS 'signed out by the customer; null while active';
CREATE TABLE plays (play_id int PRIMARY KEY, profile_id int NOT NULL REFERENCES profiles, title_id int NOT NULL REFERENCES titles, device_id int NOT NULL REFERENCES devices, started_at timestamptz NOT NULL, watched_sec int NOT NULL, is_completed boolean NOT NULL, quality smallint NOT NULL);
COMMENT ON TABLE plays IS 'one row per playback session';
COMMENT ON COLUMN plays.watched_sec IS 'seconds watched';
COMMENT ON COLUMN plays.is_completed IS 'watched to the end';
COMMENT ON COLUMN plays.quality IS '1 SD, 2 HD, 3 UHD';

INSERT INTO plans VALUES ('BASIC','Basic with Ads',599,1,true),('STD','Standard',1099,2,false),('PREM','Premium',1699,4,false),('STUD','Student',499,1,false),('FAM','Family Max',2199,6,false),('MOBL','Mobile Only',399,1,true);
INSERT INTO accounts
SELECT i, lower(f)||'.'||lower(l)||CASE WHEN i>120 THEN i::text ELSE '' END||'@'||(ARRAY['mailbox.example','quickpost.example','homenet.example','inboxly.example'])[1+floor(4*power(pg_temp.r('em'||i),1.5))::int],
 (ARRAY['US','GB','DE','CA','MX','FR','BR','AU','ES','JP'])[1+floor(10*power(pg_temp.r('co'||i),1.8))::int], s, CASE WHEN i>15 AND pg_temp.r('rf'||i)<0.28 THEN 1+floor((i-1)*power(pg_temp.r('rg'||i),2.9))::int END,
 CASE WHEN pg_temp.r('cl'||i)<0.16 THEN s+(('2026-11-20'::timestamptz-s)*(0.1+0.85*pg_temp.r('ca'||i))::float) END
FROM (SELECT i, (ARRAY['Olivia','Noah','Emma','Liam','Sofia','Mateo','Hannah','Felix','Chloe','Lucas','Aisha','Kenji','Priya','Tomas','Grace'])[1+i%15] f, (ARRAY['Becker','Nguyen','Harris','Moreau','Silva','Tanaka','Walsh'])[1+i*3/5%7] ||(ARRAY['','son','','er'])[1+i/60%4] l,
  date_trunc('second','2022-01-04 08:00+00'::timestamptz+make_interval(secs=>(1760*86400*power(i/260.0,0.8)+pg_temp.r('sg'||i)*80000)::int)) s FROM generate_series(1,260) i) q;
INSERT INTO profiles
SELECT row_number() OVER (ORDER BY a.account_id,k), a.account_id, (ARRAY['Mia','Leo','Zoe','Max','Dad','Mum','Kids','Ruby','Sam','Theo','Nora','Ivan'])[1+floor(12*pg_temp.r('pn'||account_id)+k*5)::int%12], CASE WHEN k=1 THEN 'adult' WHEN pg_temp.r('au'||account_id||k)<0.45 THEN 'adult' WHEN pg_temp.r('au'||account_id||k)<0.8 THEN 'kids' ELSE 'teen' END,
 signed_up_at+CASE WHEN k=1 THEN interval '2 minutes' ELSE make_interval(hours=>1+(pg_temp.r('pc'||account_id||k)*900)::int) END, k>1 AND pg_temp.r('pd'||account_id||k)<0.14
FROM accounts a, generate_series(1,5) k WHERE k<=1+floor(4.6*power(pg_temp.r('pk'||account_id),1.7));
INSERT INTO subscriptions
SELECT row_number() OVER (ORDER BY s,account_id), account_id, (ARRAY['STD','BASIC','PREM','STD','FAM','STUD','MOBL'])[1+floor(7*power(pg_temp.r('pl'||account_id||k),1.3))::int], s, e,
 CASE WHEN e IS NULL THEN NULL WHEN k<n THEN CASE WHEN pg_temp.r('cr'||account_id||k)<0.7 THEN 4 ELSE 3 END ELSE (ARRAY[1,2,3,9])[1+floor(4*power(pg_temp.r('cr'||account_id||k),1.4))::int] END, CASE WHEN pg_temp.r('pr'||account_id||k)<0.2 THEN (ARRAY['SUMMER','FRIEND10','BLACKFRI','TRYME'])[1+floor(4*power(pg_temp.r('pq'||account_id||k),1.4))::int] END
FROM (SELECT account_id,k,n, signed_up_at::date+((fin-signed_up_at::date)*(k-1)/n) s, CASE WHEN k<n THEN signed_up_at::date+((fin-signed_up_at::date)*k/n)-1 WHEN closed_at IS NOT NULL THEN fin WHEN pg_temp.r('le'||account_id)<0.12 THEN fin-20-(pg_temp.r('lf'||account_id)*60)::int%greatest((fin-signed_up_at::date)/n-19,1) END e
 FROM (SELECT *, coalesce(closed_at::date,'2026-11-25') fin, 1+floor(2.6*power(pg_temp.r('sk'||account_id),1.6))::int n FROM accounts WHERE pg_temp.r('ns'||account_id)>0.05) a, LATERAL generate_series(1,n) k WHERE (fin-signed_up_at::date)>30*n OR k=1 AND n=1) q;
INSERT INTO titles
SELECT i, n, kd::title_kind, ry, CASE kd WHEN 'movie' THEN 82+(pg_temp.r('rt'||i)*74)::int WHEN 'series' THEN 21+(pg_temp.r('rt'||i)*38)::int WHEN 'special' THEN 44+(pg_temp.r('rt'||i)*30)::int ELSE 50+(pg_temp.r('rt'||i)*60)::int END,
 (ARRAY[12,16,6,18,0])[1+floor(5*power(pg_temp.r('ar'||i),1.2))::int], pg_temp.r('og'||i)<0.3, GREATEST(make_date(ry,2,1)+(pg_temp.r('ma'||i)*280)::int, '2022-01-01'::date+(pg_temp.r('ad'||i)*1300*pg_temp.r('ae'||i))::int), CASE WHEN pg_temp.r('rm'||i)<0.15 AND ry<2025 THEN '2026-10-20'::date-(pg_temp.r('rn'||i)*90)::int*4 END,
 CASE floor(5*pg_temp.r('al'||i))::int WHEN 0 THEN ARRAY['en','es'] WHEN 1 THEN ARRAY['en'] WHEN 2 THEN ARRAY['de','en','fr'] WHEN 3 THEN ARRAY['en','es','pt'] ELSE ARRAY['ja','en'] END
FROM (SELECT i, n, (ARRAY['movie','series','movie','documentary','series','special'])[1+floor(6*power(pg_temp.r('kd'||i),1.2))::int] kd, (2026-floor(26*power(pg_temp.r('ry'||i),1.9)))::int ry
FROM unnest(ARRAY['Salt and Cinders','The Ninth Ferry','Harbour Lights','Moss Kingdom','Paper Detectives','Last Train to Vilnius','Copper Sky','The Beekeeper''s Ledger','Night Shift Nora','Glass Orchard','Static Hearts','A Winter in Oslo','Rookie Kitchen','The Lantern Code','Deep Field','Tidal','Sugar Street','Bandit Summer','The Quiet Auditor','Velvet Engines','Planet of Ice','Cricket and Crow','Redwood Falls','Signal Lost','The Cartographer','Mangrove','Queens of Clay','Brass Monkeys','Blue Hour Blues','Ember Academy','Zero Gravity Zoo','The Long Monsoon','Fault Lines','Dumpling Wars','Second Harvest','Cold Case Cornwall','Neon Samurai','The Understudy','Wild Atlantic','Bakers of Bologna','Half Moon Bay','Stone Soup','Midnight Grocers','The Iron Choir','Puddle Jumpers','Desert Radio','Ghosts of Lisbon','Room 414','Captain Marzipan','The Debt','Polar Express Lane','Afterglow','Kites Over Kabul','The Pepper Trade','Dragon Daycare','Lucky Strikeout','Under the Viaduct','The Violinist of Prague','Octopus Garden','Breakers','Small Town Senator','The Sleepwalker','Comet Chasers','One Take Live','Laugh Track Berlin','Marathon','Hidden Rivers','Wolfpack','The Clockmaker','Silver Linings Diner','Outpost Nine','Cloud Shepherds','Tango Nights','The Bridge Club','Running on Rye','Firefly Patrol','Echo Chamber','Ashes of Avalon','The Swedish Job','Tiny Giants'] || ARRAY['Volcano Diaries','Sunday Roast Live','Parallel','Thimble','The Good Witness','High Desert','Jungle Beat Box','Frostbite','Mirror Lake','The Spice Route']) WITH ORDINALITY t(n,i)) q;
INSERT INTO genres VALUES (1,'Drama',NULL),(2,'Comedy',NULL),(3,'Thriller',NULL),(4,'Kids & Family',NULL),(5,'Factual',NULL),(6,'Sci-Fi',NULL),(7,'Period Drama',1),(8,'Family Drama',1),(9,'Romantic Comedy',2),(10,'Stand-Up',2),(11,'Crime Thriller',3),(12,'Psychological Thriller',3),(13,'Animation',4),(14,'Nature',5),(15,'Food & Travel',5),(16,'Space Opera',6),(17,'Silent Film',NULL);
INSERT INTO title_genres SELECT title_id, g, k=1 FROM (SELECT DISTINCT ON (title_id,g) title_id,k,1+floor(16*power(pg_temp.r('tg'||title_id||'-'||k),1.15))::int g FROM titles, generate_series(1,3) k WHERE k<=1+floor(2.7*pg_temp.r('tk'||title_id)) ORDER BY title_id,g,k) q;
INSERT INTO devices
SELECT row_number() OVER (ORDER BY account_id,k), account_id, t, (CASE t WHEN 'TV' THEN ARRAY['Lumina 55','Vistar Q8','Oketa Smart 43'] WHEN 'PH' THEN ARRAY['Pivot X2','Arlo 12','Nimbus Mini'] WHEN 'TB' THEN ARRAY['Slate 10','Arlo Pad','Arlo Pad Mini'] WHEN 'WB' THEN ARRAY['Foxtrail','Chromatic','Harbor Browser'] ELSE ARRAY['PlayDeck 5','Orbit One','Orbit One S'] END)[1+floor(3*power(pg_temp.r('dm'||account_id||k),1.5))::int], g, CASE WHEN k>1 AND pg_temp.r('rv'||account_id||k)<0.18 THEN g+('2026-11-15'::timestamptz-g)*pg_temp.r('rw'||account_id||k)::float END
FROM (SELECT a.account_id, k, (ARRAY['TV','PH','WB','TB','GC'])[1+floor(5*power(pg_temp.r('dt'||account_id||k),1.35))::int] t, date_trunc('minute', signed_up_at+CASE WHEN k=1 THEN interval '5 minutes' ELSE ('2026-11-10'::timestamptz-signed_up_at)*pg_temp.r('dr'||account_id||k)::float*0.7 END) g FROM accounts a, generate_series(1,4) k WHERE k<=1+floor(4*power(pg_temp.r('dk'||account_id),1.4))) q;
INSERT INTO plays
SELECT row_number() OVER (ORDER BY st,i), profile_id, title_id, device_id, st, CASE WHEN dn THEN runtime_min*60-(pg_temp.r('ws'||i)*200)::int ELSE 40+(runtime_min*60*0.9*pg_temp.r('ws'||i))::int END, dn, CASE WHEN pg_temp.r('ql'||i)<0.14 THEN 1 WHEN pg_temp.r('ql'||i)<0.72 THEN 2 ELSE 3 END
FROM (SELECT q.*, t.title_id, t.runtime_min, d.device_id, pg_temp.r('dn'||i)<0.42+0.1*((t.title_id%5)-2) dn, row_number() OVER (PARTITION BY i ORDER BY md5(d.device_id||'x'||i%3)) rn
 FROM (SELECT i, p.profile_id, p.account_id, 1+floor(86*power(pg_temp.r('ti'||i),1.7))::int tt, date_trunc('day', GREATEST(p.created_at,'2023-01-01')+(coalesce(a.closed_at,'2026-11-26')-GREATEST(p.created_at,'2023-01-01'))*power(pg_temp.r('wh'||i),0.8)::float)+make_interval(mins=>((ARRAY[20,21,19,22,20,18,13,9,23,7])[1+floor(10*power(pg_temp.r('hr'||i),1.4))::int]*60+(pg_temp.r('mi'||i)*59)::int)) st
  FROM generate_series(1,4600) i JOIN profiles p ON p.profile_id=1+floor(480*power(pg_temp.r('pf'||i),1.25))::int JOIN accounts a USING (account_id) WHERE (NOT p.is_deleted OR i%4=0) AND coalesce(a.closed_at,'2026-11-26')-GREATEST(p.created_at,'2023-01-01')>interval '3 days' AND p.profile_id%9<>4) q
 JOIN titles t ON t.title_id=q.tt AND t.added_on<q.st AND (t.removed_on IS NULL OR t.removed_on>q.st) JOIN devices d ON d.account_id=q.account_id AND d.registered_at<q.st+interval '1 day' AND (d.revoked_at IS NULL OR d.revoked_at>q.st)) z WHERE rn=1;
