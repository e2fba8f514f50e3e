CREATE SCHEMA billing;
CREATE TYPE call_kind AS ENUM ('local','national','international','voicemail','emergency');
CREATE TABLE plans (
  plan_cd varchar(8) PRIMARY KEY, plan_nm varchar(40) NOT NULL, seg char(1) NOT NULL CHECK (seg IN ('P','C','B')), fee_ct int NOT NULL,
  data_mb int, incl_min int NOT NULL, features text[] NOT NULL DEFAULT '{}', retired_on date);
CREATE TABLE subscribers (
  sub_id int PRIMARY KEY, fname varchar(30) NOT NULL, lname varchar(30) NOT NULL, birth_dt date NOT NULL, city varchar(30) NOT NULL,
  st smallint NOT NULL, joined_on date NOT NULL, left_on date, ref_by int REFERENCES subscribers);
CREATE TABLE lines (
  msisdn varchar(12) PRIMARY KEY, sub_id int NOT NULL REFERENCES subscribers, plan_cd varchar(8) NOT NULL REFERENCES plans,
  act_dt date NOT NULL, deact_dt date, is_esim boolean NOT NULL);
CREATE TABLE addons (addon_cd varchar(6) PRIMARY KEY, addon_nm varchar(40) NOT NULL, monthly_ct int NOT NULL);
CREATE TABLE line_addons (msisdn varchar(12) REFERENCES lines, addon_cd varchar(6) REFERENCES addons, booked_on date NOT NULL, ended_on date, PRIMARY KEY (msisdn, addon_cd));
CREATE TABLE cells (cell_id int PRIMARY KEY, site_nm varchar(40) NOT NULL, city varchar(30) NOT NULL, gen smallint NOT NULL);
CREATE TABLE calls (
  call_id int PRIMARY KEY, msisdn varchar(12) NOT NULL REFERENCES lines, cell_id int REFERENCES cells, start_ts timestamptz NOT NULL,
  dur_s int NOT NULL, kind call_kind NOT NULL, charge_ct int NOT NULL);
CREATE TABLE data_usage (
  msisdn varchar(12) REFERENCES lines, use_dt date, mb_dn int NOT NULL, mb_up int NOT NULL, mb_roam int NOT NULL, PRIMARY KEY (msisdn, use_dt));
CREATE TABLE billing.invoices (
  inv_no int PRIMARY KEY, sub_id int NOT NULL REFERENCES subscribers, bill_mon date NOT NULL, net_ct int NOT NULL, tax_ct int NOT NULL,
  due_dt date NOT NULL, paid_on date, inv_st char(1) NOT NULL CHECK (inv_st IN ('O','P','R','W')));
COMMENT ON TABLE plans IS 'tariffs, old ones kept';
COMMENT ON COLUMN plans.seg IS 'P = prepaid, C = consumer contract, B = business contract';
COMMENT ON COLUMN plans.fee_ct IS 'monthly fee, euro cents';
COMMENT ON COLUMN plans.data_mb IS 'monthly data allowance in MB, null = unlimited';
COMMENT ON COLUMN plans.incl_min IS 'included call minutes per month';
COMMENT ON COLUMN plans.features IS 'any of: 5g, eu_roaming, hotspot, voicemail_plus, multi_sim';
COMMENT ON COLUMN plans.retired_on IS 'no longer sold from this day, null while on sale';
COMMENT ON TABLE subscribers IS 'customers (persons)';
COMMENT ON COLUMN subscribers.st IS '0 pending, 1 active, 2 suspended, 3 churned';
COMMENT ON COLUMN subscribers.left_on IS 'churn date, null if not churned';
COMMENT ON COLUMN subscribers.ref_by IS 'subscriber who referred this one';
COMMENT ON TABLE lines IS 'phone numbers; a subscriber may have several';
COMMENT ON COLUMN lines.msisdn IS 'phone number';
COMMENT ON COLUMN lines.act_dt IS 'activation';
COMMENT ON COLUMN lines.deact_dt IS 'deactivation, null while in use';
COMMENT ON COLUMN addons.monthly_ct IS 'price per month, euro cents';
COMMENT ON COLUMN line_addons.ended_on IS 'null while booked';
COMMENT ON TABLE cells IS 'radio cells';
COMMENT ON COLUMN cells.gen IS '2 = GSM, 4 = LTE, 5 = 5G';
COMMENT ON TABLE calls IS 'outgoing calls';
COMMENT ON COLUMN calls.cell_id IS 'serving cell, null when roaming abroad';
COMMENT ON COLUMN calls.dur_s IS 'seconds, 0 = not answered';
COMMENT ON COLUMN calls.charge_ct IS 'euro cents on top of the plan, 0 if included';
COMMENT ON COLUMN data_usage.mb_dn IS 'MB downloaded';
COMMENT ON COLUMN data_usage.mb_up IS 'MB uploaded';
COMMENT ON COLUMN data_usage.mb_roam IS 'part of download + upload used while roaming, MB';
COMMENT ON COLUMN billing.invoices.bill_mon IS 'first day of the billed month';
COMMENT ON COLUMN billing.invoices.net_ct IS 'euro cents before tax; total = net_ct + tax_ct';
COMMENT ON COLUMN billing.invoices.paid_on IS 'null while unpaid';
COMMENT ON COLUMN billing.invoices.inv_st IS 'O = open, P = paid, R = reminder sent, W = written off';
CREATE FUNCTION pg_temp.u(text, bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5($1||':'||$2),1,7))::bit(28)::int / 268435456.0 $$;
INSERT INTO plans VALUES
('PRE05','Prepaid Mini','P',499,1000,50,'{}',NULL),('PRE10','Prepaid Plus','P',999,5000,200,'{eu_roaming}',NULL),('PRE15','Prepaid Max','P',1499,12000,400,'{eu_roaming,5g}',NULL),
('CLS','Classic S','C',1290,3000,300,'{voicemail_plus}','2023-09-30'),('CLM','Classic M','C',1990,8000,1000,'{eu_roaming,voicemail_plus}','2024-03-31'),
('FLXS','Flex S','C',1490,10000,1000,'{eu_roaming}',NULL),('FLXM','Flex M','C',2490,30000,3000,'{eu_roaming,5g,hotspot}',NULL),('FLXL','Flex L','C',3990,NULL,6000,'{eu_roaming,5g,hotspot,multi_sim}',NULL),
('YNG','Young Unlimited','C',2990,NULL,2000,'{5g,hotspot}',NULL),('SNR','Silver Talk','C',990,2000,600,'{voicemail_plus}',NULL),
('BIZS','Business Start','B',2190,15000,2000,'{eu_roaming,hotspot}',NULL),('BIZM','Business Pro','B',3490,50000,5000,'{eu_roaming,5g,hotspot,multi_sim}',NULL),('BIZX','Business Unlimited','B',5990,NULL,10000,'{eu_roaming,5g,hotspot,multi_sim,voicemail_plus}',NULL),
('BIZO','Business Legacy','B',2790,4000,1500,'{}','2022-12-31'),('TAB','Tablet Data','C',890,20000,0,'{5g}',NULL),('IOT','Machine SIM','B',290,200,0,'{}',NULL);
INSERT INTO subscribers SELECT n, (ARRAY['Anna','Bruno','Clara','David','Elif','Felix','Greta','Hassan','Ines','Jonas','Katja','Lukas','Mara','Nico','Olga','Pavel','Rosa','Stefan','Tanja','Uwe','Vera','Wim','Yusuf','Zoe','Emil','Ida'])[1+floor(26*pg_temp.u('f',n))::int],
 (ARRAY['Albers','Becker','Costa','Dietrich','Ebner','Fischer','Graf','Hartmann','Iversen','Jansen','Keller','Lorenz','Maier','Novak','Otto','Petrov','Richter','Sommer','Thiel','Ulrich','Vogel','Wagner','Yilmaz','Zimmer','Aydin','Brandt','Lehmann','Schulte','Krause','Winter'])[1+floor(30*pg_temp.u('l',n))::int],
 DATE '1944-02-01' + floor(22600*pg_temp.u('b',n)^0.8)::int, (ARRAY['Hamburg','Berlin','Munich','Cologne','Leipzig','Bremen','Dresden','Stuttgart','Kiel','Freiburg'])[1+floor(10*pg_temp.u('c',n)^1.6)::int],
 st, jd, CASE WHEN st = 3 THEN least(jd + 60 + floor(700*pg_temp.u('lv',n))::int, DATE '2026-11-20' - n % 30) END, CASE WHEN pg_temp.u('r',n) < 0.28 AND n > 12 THEN 1 + floor((n-2)*pg_temp.u('rr',n)^2.2)::int END
FROM (SELECT n, CASE WHEN n > 250 THEN 0 WHEN pg_temp.u('s',n) < 0.72 THEN 1 WHEN pg_temp.u('s',n) < 0.8 THEN 2 ELSE 3 END st, CASE WHEN n > 250 THEN DATE '2026-11-10' + n - 250 ELSE DATE '2022-01-05' + floor(1690*(n/250.0)^0.9)::int + n % 7 END jd FROM generate_series(1,260) n) s;
INSERT INTO lines SELECT '49171' || lpad((2000000 + k*7919 % 900001 + k)::text,7,'0'), sub_id, p, ad, CASE WHEN st = 3 THEN left_on WHEN pg_temp.u('de',k) < 0.06 AND ad < '2026-06-01' THEN ad + 30 + floor(120*pg_temp.u('dd',k))::int END, pg_temp.u('es',k) < 0.18 + 0.12*(extract(year FROM ad)-2022)
FROM (SELECT s.*, sub_id*10+j k, CASE WHEN j=1 THEN joined_on ELSE least(joined_on + floor(50*j*pg_temp.u('la',sub_id*10+j))::int, coalesce(left_on - 10, DATE '2026-11-01')) END ad,
 (ARRAY['FLXM','FLXS','PRE10','FLXL','BIZS','CLM','PRE05','YNG','SNR','TAB','BIZM','CLS','PRE15','BIZX','BIZO'])[1+floor(15*pg_temp.u('pl',sub_id*10+j)^1.5)::int] p
 FROM subscribers s, LATERAL generate_series(1,1+floor(3.2*pg_temp.u('nl',sub_id)^3)::int) j WHERE s.st <> 0) x;
UPDATE lines SET plan_cd = CASE lines.plan_cd WHEN 'CLS' THEN 'FLXS' WHEN 'CLM' THEN 'FLXM' ELSE 'BIZS' END FROM plans p WHERE p.plan_cd = lines.plan_cd AND lines.act_dt >= p.retired_on;
INSERT INTO addons VALUES ('ROAMW','World Roaming',990),('INTL','International Minutes',490),('MUSIC','Music Stream',399),('SEC','Device Security',199),('DATA5','Extra 5 GB',590),('DATA20','Extra 20 GB',1290),('INSUR','Phone Insurance',649),('MSIM','Second SIM',450),('VIDEO','Video Pass',799),('FAX','Fax Service',250);
INSERT INTO line_addons SELECT msisdn, a, d, CASE WHEN l.deact_dt IS NOT NULL THEN greatest(l.deact_dt, d) WHEN pg_temp.u('ae'||msisdn,j) < 0.3 THEN least(d + 30 + floor(300*pg_temp.u('ax'||msisdn,j))::int, DATE '2026-11-25') END
FROM lines l, LATERAL (SELECT DISTINCT ON (a) j, a, l.act_dt + floor(25*pg_temp.u('ad'||l.msisdn,j))::int d FROM (SELECT j, (ARRAY['DATA5','SEC','MUSIC','INTL','INSUR','ROAMW','DATA20','VIDEO','MSIM'])[1+floor(9*pg_temp.u('aa'||l.msisdn,j)^1.4)::int] a FROM generate_series(1,floor(3.6*pg_temp.u('na'||l.msisdn,1)^1.6)::int) j) q ORDER BY a, j) z;
INSERT INTO cells SELECT n, (ARRAY['Harbour Tower','Central Station','Town Hall','Airport','University','Stadium','Market Square','Ring Road','Old Brewery','Fairground','TV Tower','Museum Island'])[1+n%12] || ' ' || (ARRAY['North','South','East','West'])[1+(n/12)%4], (ARRAY['Hamburg','Berlin','Munich','Cologne','Leipzig','Bremen','Dresden','Stuttgart','Kiel','Freiburg'])[1+floor(10*pg_temp.u('cc',n)^1.3)::int],
 CASE WHEN pg_temp.u('cg',n) < 0.12 THEN 2 WHEN pg_temp.u('cg',n) < 0.65 THEN 4 ELSE 5 END FROM generate_series(1,48) n;
INSERT INTO calls SELECT row_number() OVER (ORDER BY ts), msisdn, CASE WHEN pg_temp.u('ro',n) > 0.05 THEN 1 + floor(46*pg_temp.u('ce',n)^1.3)::int END, ts, dur, k::call_kind, CASE WHEN dur = 0 OR k IN ('voicemail','emergency') THEN 0 WHEN k = 'international' THEN 29*(1+dur/60) WHEN pg_temp.u('ch',n) < 0.2 THEN 9*(1+dur/60) ELSE 0 END
FROM (SELECT n, l.msisdn, ts, k, CASE WHEN k <> 'voicemail' AND pg_temp.u('na',n) < 0.13 THEN 0 ELSE 8 + floor(2600*pg_temp.u('du',n)^3.2)::int END dur
 FROM (SELECT n, 1 + floor((SELECT count(*) FROM lines)*pg_temp.u('ml',n)^1.5)::int rn, timestamptz '2022-02-01 00:00+00' + floor(1760*pg_temp.u('cd',n)^0.75)*interval '1 day' + floor(1440*(0.15+0.85*pg_temp.u('cm',n)^0.9))*interval '1 minute' + n%60*interval '1 second' ts,
  (ARRAY['local','local','local','local','local','national','national','national','national','international','voicemail','voicemail'])[1+floor(12*pg_temp.u('ck',n))::int] k0, CASE WHEN n % 173 = 0 THEN 'emergency' ELSE (ARRAY['local','local','local','local','local','national','national','national','national','international','voicemail','voicemail'])[1+floor(12*pg_temp.u('ck',n))::int] END k FROM generate_series(1,4420) n) c
 JOIN (SELECT *, row_number() OVER (ORDER BY act_dt, msisdn) rn FROM lines) l ON l.rn = c.rn AND c.ts >= l.act_dt AND (l.deact_dt IS NULL OR c.ts < l.deact_dt)) y;
INSERT INTO data_usage SELECT msisdn, d, 20 + floor(4200*pg_temp.u('dn'||msisdn,x)^3)::int, floor(600*pg_temp.u('up'||msisdn,x)^3)::int, CASE WHEN pg_temp.u('rm'||msisdn,x) < 0.08 THEN 5 + floor(15*pg_temp.u('rq'||msisdn,x))::int ELSE 0 END
FROM (SELECT DISTINCT l.msisdn, DATE '2022-02-01' + floor(1760*pg_temp.u('ud'||l.msisdn,j)^0.7)::int d FROM lines l, generate_series(1,14) j) q JOIN lines l USING (msisdn), LATERAL (SELECT (d - DATE '2022-01-01') x) k
WHERE d >= l.act_dt AND (l.deact_dt IS NULL OR d < l.deact_dt) AND l.plan_cd <> 'PRE05';
INSERT INTO billing.invoices SELECT 100000 + row_number() OVER (ORDER BY m, sub_id), sub_id, m, net, round(net*0.19)::int, due, CASE WHEN i = 'P' THEN least(due - 12 + floor(26*pg_temp.u('pd',k)^1.3)::int, DATE '2026-11-26') END, i
FROM (SELECT q.*, m2::date m, (m2 + interval '1 month' + interval '19 days')::date due, sub_id*100+(extract(year FROM m2)::int-2022)*12+extract(month FROM m2)::int k FROM (SELECT s.sub_id, s.joined_on, s.left_on, s.st, sum(p.fee_ct)::int fee FROM subscribers s JOIN lines l ON l.sub_id = s.sub_id JOIN plans p ON p.plan_cd = l.plan_cd WHERE p.seg <> 'P' GROUP BY s.sub_id) q,
  LATERAL generate_series(date_trunc('month', q.joined_on) + interval '1 month', date_trunc('month', coalesce(q.left_on, DATE '2026-10-31')), interval '1 month') m2 WHERE m2 <= '2026-10-01') z,
 LATERAL (SELECT fee + floor(900*pg_temp.u('ex',k)^4)::int net) e, LATERAL (SELECT CASE WHEN m = '2026-10-01' AND pg_temp.u('is',k) < 0.6 THEN 'O' WHEN m >= '2026-07-01' AND pg_temp.u('is',k) < 0.12 THEN 'R' WHEN m >= '2026-07-01' AND pg_temp.u('is',k) < 0.17 THEN 'O' WHEN st >= 2 AND pg_temp.u('is',k) < 0.06 THEN 'W' ELSE 'P' END i) f;
