CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)/268435456.0 $$;
CREATE SCHEMA finance;
CREATE TYPE segment AS ENUM ('smb','mid_market','enterprise');
CREATE TYPE sub_status AS ENUM ('trialing','active','past_due','paused','cancelled');

CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  name text NOT NULL UNIQUE,
  industry text NOT NULL,
  country char(2) NOT NULL,
  segment segment NOT NULL,
  parent_account_id bigint REFERENCES accounts,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE TABLE users (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  first_name text NOT NULL,
  last_name text NOT NULL,
  role text NOT NULL CHECK (role IN ('owner','admin','member','billing','viewer')),
  is_active boolean NOT NULL DEFAULT true,
  last_login_at timestamptz
);
CREATE TABLE plans (
  id int PRIMARY KEY,
  name text NOT NULL UNIQUE,
  billing_period char(1) NOT NULL CHECK (billing_period IN ('M','Y')),
  price_cents int NOT NULL,
  included_seats int,
  retired_on date
);
CREATE TABLE features (
  id int PRIMARY KEY,
  feature_key text NOT NULL UNIQUE,
  label text NOT NULL
);
CREATE TABLE plan_features (
  plan_id int NOT NULL REFERENCES plans,
  feature_id int NOT NULL REFERENCES features,
  PRIMARY KEY (plan_id, feature_id)
);
CREATE TABLE subscriptions (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  plan_id int NOT NULL REFERENCES plans,
  status sub_status NOT NULL,
  seats int NOT NULL,
  discount_pct numeric(4,1) NOT NULL DEFAULT 0,
  started_on date NOT NULL,
  cancelled_on date,
  cancel_reason text CHECK (cancel_reason IN ('price','missing_feature','competitor','shutdown','other')),
  settings jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE usage_daily (
  account_id bigint NOT NULL REFERENCES accounts,
  day date NOT NULL,
  api_calls int NOT NULL,
  storage_mb int NOT NULL,
  active_users int NOT NULL,
  PRIMARY KEY (account_id, day)
);
CREATE TABLE finance.invoices (
  id bigint PRIMARY KEY,
  invoice_no text NOT NULL UNIQUE,
  subscription_id bigint NOT NULL REFERENCES public.subscriptions,
  state smallint NOT NULL CHECK (state BETWEEN 0 AND 4),
  issued_on date,
  due_on date,
  amount_cents bigint NOT NULL,
  tax_cents bigint NOT NULL
);
CREATE TABLE finance.payments (
  id bigint PRIMARY KEY,
  invoice_id bigint NOT NULL REFERENCES finance.invoices,
  method char(2) NOT NULL,
  amount_cents bigint NOT NULL,
  paid_at timestamptz NOT NULL,
  succeeded boolean NOT NULL
);
COMMENT ON COLUMN accounts.deleted_at IS 'soft delete; null = live account';
COMMENT ON COLUMN accounts.parent_account_id IS 'parent company account, if it is a subsidiary';
COMMENT ON COLUMN users.last_login_at IS 'null = never logged in';
COMMENT ON COLUMN plans.billing_period IS 'M monthly, Y yearly';
COMMENT ON COLUMN plans.price_cents IS 'list price per billing period, USD cents';
COMMENT ON COLUMN plans.included_seats IS 'null = unlimited';
COMMENT ON COLUMN plans.retired_on IS 'no longer sold since; null = on sale';
COMMENT ON COLUMN subscriptions.settings IS 'keys: auto_renew (bool), region (us, eu, ap)';
COMMENT ON COLUMN finance.invoices.state IS '0 draft, 1 open, 2 paid, 3 void, 4 written off';
COMMENT ON COLUMN finance.invoices.issued_on IS 'null while draft';
COMMENT ON COLUMN finance.invoices.amount_cents IS 'net of tax, USD cents';
COMMENT ON COLUMN finance.payments.method IS 'CC card, BT bank transfer, PP wallet, CH cheque';
COMMENT ON TABLE finance.payments IS 'payment attempts, failed ones too';

INSERT INTO plans VALUES (1,'Starter','M',2900,3,NULL),(2,'Starter Annual','Y',29000,3,NULL),(3,'Team','M',9900,10,NULL),(4,'Team Annual','Y',99000,10,NULL),(5,'Business','M',29900,40,NULL),(6,'Business Annual','Y',299000,40,NULL),(7,'Enterprise','Y',1800000,NULL,NULL),(8,'Solo','M',1200,1,'2024-03-31'),(9,'Legacy Pro','M',7900,8,'2023-06-30'),(10,'Nonprofit','Y',12000,15,NULL),(11,'Agency','M',19900,25,NULL),(12,'Government','Y',900000,NULL,NULL);
INSERT INTO features VALUES (1,'sso','Single sign-on'),(2,'audit_log','Audit log'),(3,'api','API access'),(4,'webhooks','Webhooks'),(5,'custom_roles','Custom roles'),(6,'sandbox','Sandbox environment'),(7,'priority_support','Priority support'),(8,'white_label','White labeling'),(9,'export_csv','CSV export'),(10,'dashboards','Shared dashboards'),(11,'data_residency','Data residency');
INSERT INTO plan_features SELECT p.id, f.id FROM plans p, features f WHERE
 f.id=9 OR (f.id=3 AND p.id NOT IN (1,8)) OR (f.id=10 AND p.id NOT IN (8)) OR (f.id=4 AND p.id IN (3,4,5,6,7,9,11,12)) OR (f.id IN (1,2,7) AND p.id IN (5,6,7,12)) OR (f.id=5 AND p.id IN (6,7,12)) OR (f.id=6 AND p.id=7) OR (f.id=11 AND p.id IN (7,12)) OR (f.id=7 AND p.id=11);

INSERT INTO accounts
SELECT g,
 (ARRAY['Acorn','Brightline','Copperfield','Driftwood','Evergreen','Foxglove','Gantry','Harborview','Ironwood','Jetty','Keystone','Lumen','Mosaic','Northgate','Oakhurst','Paperclip','Quillon','Ridgeway','Silverlake','Timberline','Umbra','Vantage','Willowbend','Xenial','Yellowtail','Zenbridge','Bluefin','Cascade','Dovetail','Everly'])[1+(g*7)%30] || ' ' ||
 (ARRAY['Analytics','Retail','Health','Logistics','Studios','Bank','Energy','Learning','Foods','Robotics','Travel'])[1+(g*3+g/30)%11],
 (ARRAY['Software','Retail','Healthcare','Finance','Education','Manufacturing','Media','Hospitality'])[1+floor(power(pg_temp.r('ai'||g),1.5)*8)::int],
 (ARRAY['US','US','US','GB','DE','CA','FR','AU','IN','SE','BR','JP'])[1+floor(power(pg_temp.r('ac'||g),1.2)*12)::int],
 s.seg::segment,
 NULL,
 timestamptz '2022-01-05 08:00+00' + make_interval(hours => floor(power(g/210.0,0.85)*41500)::int, mins => floor(pg_temp.r('am'||g)*1400)::int),
 NULL
FROM generate_series(1,210) g, LATERAL (SELECT CASE WHEN pg_temp.r('as'||g)<0.6 THEN 'smb' WHEN pg_temp.r('as'||g)<0.87 THEN 'mid_market' ELSE 'enterprise' END seg) s;
UPDATE accounts SET parent_account_id = (ARRAY[3,3,3,11,11,24,24,31,40])[1+floor(pg_temp.r('ap'||id)*9)::int] WHERE id > 50 AND pg_temp.r('aq'||id) < 0.14;
UPDATE accounts SET deleted_at = '2025-02-01 10:00+00'::timestamptz + make_interval(days => floor(pg_temp.r('ad'||id)*600)::int) WHERE id < 150 AND pg_temp.r('ae'||id) < 0.07 AND id NOT IN (3,11,24,31,40);

INSERT INTO users
SELECT row_number() OVER (ORDER BY a.id, k), a.id,
 (ARRAY['Amara','Bruno','Chloe','Dmitri','Elena','Farid','Greta','Hugo','Imani','Jonas','Keiko','Liam','Marta','Noah','Olga','Pablo','Quinn','Rosa','Sanjay','Tessa','Uma','Viktor','Wendy','Yusuf','Zoe'])[1+floor(pg_temp.r('uf'||a.id||'/'||k)*25)::int],
 (ARRAY['Abbott','Bianchi','Castillo','Dahl','Eriksen','Fischer','Gupta','Hayes','Ito','Jansen','Kowalski','Lopez','Moreau','Nguyen','Osei','Petrov','Quist','Romano','Stone','Tanaka','Ueda','Varga','Walsh','Young','Zimmer'])[1+floor(pg_temp.r('ul'||a.id||'/'||k)*25)::int],
 CASE WHEN k=1 THEN 'owner' WHEN pg_temp.r('ur'||a.id||'/'||k)<0.15 THEN 'admin' WHEN pg_temp.r('ur'||a.id||'/'||k)<0.7 THEN 'member' WHEN pg_temp.r('ur'||a.id||'/'||k)<0.8 THEN 'billing' ELSE 'viewer' END,
 a.deleted_at IS NULL AND pg_temp.r('ua'||a.id||'/'||k) < 0.85,
 CASE WHEN pg_temp.r('uq'||a.id||'/'||k) < 0.9 THEN greatest(a.created_at + interval '2 hours', coalesce(a.deleted_at, timestamptz '2026-11-25 09:00+00') - make_interval(hours => floor(power(pg_temp.r('ut'||a.id||'/'||k),4)*14000)::int, mins => floor(pg_temp.r('uv'||a.id||'/'||k)*60)::int)) END
FROM accounts a, generate_series(1, CASE a.segment WHEN 'smb' THEN 1+(a.id%3) WHEN 'mid_market' THEN 3+(a.id%4) ELSE 6+(a.id%7) END::int) k;

INSERT INTO subscriptions
SELECT row_number() OVER (ORDER BY x.account_id, x.k), x.account_id, x.plan_id,
 x.st::sub_status, x.seats, x.disc, x.started,
 CASE WHEN x.st='cancelled' THEN least(date '2026-11-20', x.started + 40 + floor(pg_temp.r('sx'||x.account_id||'/'||x.k)*700)::int) END,
 CASE WHEN x.st='cancelled' THEN (ARRAY['price','price','price','missing_feature','missing_feature','competitor','shutdown','other'])[1+floor(pg_temp.r('sy'||x.account_id||'/'||x.k)*8)::int] END,
 jsonb_build_object('auto_renew', pg_temp.r('sa'||x.account_id||'/'||x.k)<0.78, 'region', CASE WHEN x.country IN ('GB','DE','FR','SE') THEN 'eu' WHEN x.country IN ('AU','IN','JP') THEN 'ap' ELSE 'us' END)
FROM (
 SELECT a.id account_id, a.country, k, p.plan_id,
  CASE WHEN a.deleted_at IS NOT NULL OR pg_temp.r('ss'||a.id||'/'||k)<(CASE k WHEN 1 THEN 0.25 ELSE 0.12 END) THEN 'cancelled'
       WHEN d.started > '2026-10-25' THEN 'trialing'
       WHEN pg_temp.r('ss'||a.id||'/'||k)<0.33 THEN 'past_due' WHEN pg_temp.r('ss'||a.id||'/'||k)<0.37 THEN 'paused' ELSE 'active' END st,
  CASE p.plan_id WHEN 1 THEN 1+a.id%3 WHEN 2 THEN 1+a.id%4 WHEN 8 THEN 1 WHEN 7 THEN 80+floor(power(pg_temp.r('se'||a.id),2)*420)::int WHEN 12 THEN 60+a.id%90 WHEN 5 THEN 12+a.id%31 WHEN 6 THEN 15+a.id%33 ELSE 3+a.id%11 END seats,
  (ARRAY[0,0,0,0,10,15,20,25])[1+floor(pg_temp.r('sd'||a.id||'/'||k)*8)::int] disc,
  d.started
 FROM accounts a, generate_series(1, CASE WHEN pg_temp.r('sn'||a.id)<0.06 THEN 0 WHEN pg_temp.r('sn'||a.id)<0.72 THEN 1 WHEN pg_temp.r('sn'||a.id)<0.95 THEN 2 ELSE 3 END) k,
 LATERAL (SELECT least(date '2026-11-16' + (a.id%5)::int, a.created_at::date + 1 + (k-1)*120 + floor(pg_temp.r('sg'||a.id||'/'||k)*40)::int) started) d,
 LATERAL (SELECT CASE a.segment WHEN 'smb' THEN (CASE WHEN d.started<'2023-06-30' AND pg_temp.r('sp'||a.id)<0.25 THEN 9 WHEN d.started<'2024-03-31' AND pg_temp.r('sp'||a.id)<0.45 THEN 8 ELSE (ARRAY[1,1,1,3,3,2,4,10])[1+floor(pg_temp.r('sq'||a.id||'/'||k)*8)::int] END)
    WHEN 'mid_market' THEN (ARRAY[3,4,5,5,5,6,11,11])[1+floor(pg_temp.r('sq'||a.id||'/'||k)*8)::int]
    ELSE (ARRAY[7,7,6,5,12,7,6,12])[1+floor(pg_temp.r('sq'||a.id||'/'||k)*8)::int] END plan_id) p
) x;
UPDATE subscriptions s SET cancelled_on = least(s.cancelled_on, a.deleted_at::date) FROM accounts a WHERE a.id=s.account_id AND a.deleted_at IS NOT NULL AND a.deleted_at::date > s.started_on;

INSERT INTO usage_daily
SELECT a.id, d.day, floor((CASE a.segment WHEN 'smb' THEN 150 WHEN 'mid_market' THEN 1100 ELSE 7400 END)*(0.2+1.6*pg_temp.r('da'||a.id||d.day))*(0.4+pg_temp.r('db'||a.id))*(CASE WHEN extract(isodow from d.day)>5 THEN 0.3 ELSE 1 END))::int,
 floor((CASE a.segment WHEN 'smb' THEN 800 WHEN 'mid_market' THEN 5200 ELSE 31000 END)*(0.3+pg_temp.r('ds'||a.id))+(d.day-date '2026-09-01')*(a.id%9))::int,
 ceil((SELECT count(*) FROM users u WHERE u.account_id=a.id)*(0.25+0.7*pg_temp.r('du'||a.id||d.day))*(CASE WHEN extract(isodow from d.day)>5 THEN 0.4 ELSE 1 END))::int
FROM accounts a, LATERAL (SELECT g::date AS day FROM generate_series(timestamp '2026-09-01', timestamp '2026-11-20', interval '2 days') g) d
WHERE a.deleted_at IS NULL AND a.id % 3 <> 1 AND a.created_at < d.day;

INSERT INTO finance.invoices
SELECT row_number() OVER (ORDER BY z.iss, z.sid), 'INV-'||to_char(z.iss,'YYYY')||'-'||lpad((row_number() OVER (ORDER BY z.iss, z.sid))::text,5,'0'), z.sid, z.st,
 CASE WHEN z.st=0 THEN NULL ELSE z.iss END, CASE WHEN z.st=0 THEN NULL ELSE z.iss + CASE z.segment WHEN 'enterprise' THEN 45 WHEN 'mid_market' THEN 30 ELSE 14 END END,
 z.amt, CASE WHEN z.country IN ('GB','DE','FR','SE') THEN floor(z.amt*0.2) WHEN z.country IN ('AU','CA') THEN floor(z.amt*0.1) ELSE 0 END
FROM (
 SELECT s.id sid, i.iss::date iss, a.segment, a.country,
  floor(p.price_cents*(1-s.discount_pct/100)*(CASE WHEN p.included_seats IS NULL THEN s.seats/80.0 ELSE 1 END))::bigint amt,
  CASE WHEN i.iss > '2026-11-12' THEN 0 WHEN pg_temp.r('is'||s.id||i.iss::date)<0.02 THEN 3 WHEN i.iss < '2026-05-01' AND pg_temp.r('is'||s.id||i.iss::date)<0.035 THEN 4 WHEN i.iss > '2026-08-01' AND (s.status='past_due' OR pg_temp.r('is'||s.id||i.iss::date)<0.12) THEN 1 WHEN i.iss > '2026-10-15' AND pg_temp.r('is'||s.id||i.iss::date)<0.6 THEN 1 ELSE 2 END st
 FROM subscriptions s JOIN plans p ON p.id=s.plan_id JOIN accounts a ON a.id=s.account_id,
 LATERAL generate_series(s.started_on::timestamp, coalesce(s.cancelled_on, date '2026-11-20')::timestamp, CASE p.billing_period WHEN 'M' THEN interval '1 month' ELSE interval '1 year' END) i(iss)
 WHERE s.status<>'trialing'
) z;

INSERT INTO finance.payments
SELECT row_number() OVER (ORDER BY q.pd, q.id), q.id, q.m, q.amt, q.pd, q.ok FROM (
 SELECT i.id, CASE WHEN pg_temp.r('pm'||i.subscription_id)<0.6 THEN 'CC' WHEN pg_temp.r('pm'||i.subscription_id)<0.85 THEN 'BT' WHEN pg_temp.r('pm'||i.subscription_id)<0.97 THEN 'PP' ELSE 'CH' END m,
  i.amount_cents+i.tax_cents amt, i.issued_on + make_interval(days => floor(power(pg_temp.r('pd'||i.id),1.3)*(i.due_on-i.issued_on)*1.3)::int, hours => 6+floor(pg_temp.r('ph'||i.id)*14)::int, mins => floor(pg_temp.r('pi'||i.id)*60)::int) AS pd, true AS ok
 FROM finance.invoices i WHERE i.state=2
 UNION ALL
 SELECT i.id, CASE WHEN pg_temp.r('pm'||i.subscription_id)<0.8 THEN 'CC' ELSE 'PP' END, i.amount_cents+i.tax_cents, i.issued_on + make_interval(hours => 5+floor(pg_temp.r('pk'||i.id)*10)::int), false
 FROM finance.invoices i WHERE i.state IN (1,2,4) AND pg_temp.r('pf'||i.id) < CASE i.state WHEN 2 THEN 0.05 ELSE 0.5 END
) q;
