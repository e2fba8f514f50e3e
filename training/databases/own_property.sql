CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)::numeric/268435456 $$;
CREATE TABLE staff (emp_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, job_cd char(2) NOT NULL CHECK (job_cd IN ('PM','CT','LS','AC')), boss_id int REFERENCES staff, hired_on date NOT NULL, left_on date);
COMMENT ON COLUMN staff.job_cd IS 'PM property manager, CT caretaker, LS leasing agent, AC accountant';
COMMENT ON COLUMN staff.boss_id IS 'line manager, null for the head';
COMMENT ON COLUMN staff.left_on IS 'null while employed';
CREATE TABLE bldg (bldg_id int PRIMARY KEY, bldg_name text NOT NULL, city text NOT NULL, built_year smallint NOT NULL, has_lift boolean NOT NULL, mgr_emp_id int NOT NULL REFERENCES staff, sold_on date);
COMMENT ON TABLE bldg IS 'buildings under management, now or formerly';
COMMENT ON COLUMN bldg.mgr_emp_id IS 'responsible property manager';
COMMENT ON COLUMN bldg.sold_on IS 'sold, no longer managed; null while managed';
CREATE TABLE unit (unit_id int PRIMARY KEY, bldg_id int NOT NULL REFERENCES bldg, unit_no text NOT NULL, floor_no smallint NOT NULL, bedrooms smallint, area_m2 numeric(6,1) NOT NULL, use_cd char(1) NOT NULL CHECK (use_cd IN ('A','S','O','P')), ask_rent numeric(8,2) NOT NULL);
COMMENT ON TABLE unit IS 'rentable units';
COMMENT ON COLUMN unit.floor_no IS '0 = ground floor, negative = basement';
COMMENT ON COLUMN unit.bedrooms IS '0 = studio; null unless apartment';
COMMENT ON COLUMN unit.use_cd IS 'A apartment, S shop, O office, P parking space';
COMMENT ON COLUMN unit.ask_rent IS 'asking rent, EUR per month';
CREATE TABLE tenant (tenant_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text, born_on date NOT NULL, credit_score smallint);
COMMENT ON COLUMN tenant.email IS 'null = wants letters';
COMMENT ON COLUMN tenant.credit_score IS '300 to 850, null if never checked';
CREATE TYPE lease_status AS ENUM ('draft','active','ended','evicted');
CREATE TABLE lease (lease_id int PRIMARY KEY, unit_id int NOT NULL REFERENCES unit, start_date date NOT NULL, end_date date, rent_amt numeric(8,2) NOT NULL, deposit_amt numeric(9,2) NOT NULL, status lease_status NOT NULL, notice_on date);
COMMENT ON COLUMN lease.end_date IS 'last day; null if open-ended';
COMMENT ON COLUMN lease.rent_amt IS 'EUR per month';
COMMENT ON COLUMN lease.notice_on IS 'tenant gave notice; null if none';
CREATE TABLE lease_tenant (lease_id int NOT NULL REFERENCES lease, tenant_id int NOT NULL REFERENCES tenant, is_main boolean NOT NULL, PRIMARY KEY (lease_id, tenant_id));
COMMENT ON TABLE lease_tenant IS 'who signed which lease';
COMMENT ON COLUMN lease_tenant.is_main IS 'main tenant, exactly one per lease';
CREATE TABLE rent_payment (pay_id int PRIMARY KEY, lease_id int NOT NULL REFERENCES lease, due_on date NOT NULL, due_amt numeric(8,2) NOT NULL, paid_amt numeric(8,2) NOT NULL DEFAULT 0, paid_on date, method_cd char(1));
COMMENT ON TABLE rent_payment IS 'one row per month of rent falling due, kept since July 2023';
COMMENT ON COLUMN rent_payment.paid_on IS 'null while nothing has been paid';
COMMENT ON COLUMN rent_payment.method_cd IS 'T bank transfer, D direct debit, C card, K cash; null while unpaid';
CREATE TABLE repair_cat (cat_cd text PRIMARY KEY, cat_name text NOT NULL, target_hrs smallint NOT NULL);
COMMENT ON COLUMN repair_cat.target_hrs IS 'promised hours from report to completion';
CREATE TABLE repair (repair_id int PRIMARY KEY, unit_id int NOT NULL REFERENCES unit, cat_cd text NOT NULL REFERENCES repair_cat, reported_at timestamp NOT NULL, done_at timestamp, prio smallint NOT NULL, cost_amt numeric(8,2), emp_id int REFERENCES staff, tenant_fault boolean NOT NULL);
COMMENT ON COLUMN repair.done_at IS 'null while open';
COMMENT ON COLUMN repair.prio IS '1 emergency, 2 urgent, 3 normal';
COMMENT ON COLUMN repair.cost_amt IS 'EUR; null until invoiced';
COMMENT ON COLUMN repair.emp_id IS 'caretaker assigned; null = not assigned';

INSERT INTO staff
SELECT i, (ARRAY['Ingrid','Pavel','Marta','Joost','Sabine','Darko','Elena','Wim','Nadia','Piotr','Claire','Hugo','Yusuf','Anke','Rafael','Lotte','Milan','Greta','Oskar','Femke','Luca','Tessa'])[i], (ARRAY['Lindqvist','Horak','Zielinska','de Vries','Kramer','Petrovic','Rossi','Janssen','Haddad','Nowak','Dubois','Martens','Yilmaz','Vogel','Costa','Bakker','Jovic','Holm','Brandt','Smit','Bianchi','Claes'])[i],
 CASE WHEN i<=6 THEN 'PM' WHEN i<=15 THEN 'CT' WHEN i<=19 THEN 'LS' ELSE 'AC' END, CASE WHEN i=1 THEN NULL WHEN i<=6 OR i>=20 THEN 1 WHEN i<=15 THEN 2+floor(4*power(pg_temp.r('bo'||i),1.3))::int ELSE 3 END,
 '2022-01-10'::date+CASE WHEN i=1 THEN 0 WHEN i BETWEEN 7 AND 15 THEN (pg_temp.r('hi'||i)*330)::int ELSE (power(pg_temp.r('hi'||i),1.5)*1500)::int END, CASE WHEN i IN (6,14,18,22) THEN '2026-03-31'::date+(i-14)*10 END FROM generate_series(1,22) i;
INSERT INTO bldg
SELECT i, n, (ARRAY['Rotterdam','Antwerp','Utrecht','Utrecht','Rotterdam','Antwerp','Eindhoven','Ghent','Rotterdam','Ghent','Antwerp','Utrecht','Eindhoven','Antwerp','Rotterdam','Ghent'])[i], 1912+(pg_temp.r('by'||i)*109)::int, pg_temp.r('li'||i)<0.6, 1+floor(5*power(pg_temp.r('bm'||i),1.2))::int, CASE WHEN i IN (7,13) THEN '2025-06-30'::date+(i*11)::int END
FROM unnest(ARRAY['Maashof','Linden Court','The Granary','Kanaalhuis','Tulip Towers','Wharf 9','Parkzicht','Old Brewery','Zuiderpoort','Castle Gate','Mercator House','De Valk','Stationsplein 4','Orchard Row','Havenblok','Belfry Lofts']) WITH ORDINALITY t(n,i);
INSERT INTO unit
SELECT row_number() OVER (ORDER BY b,k), b, CASE u WHEN 'P' THEN 'P'||k ELSE f||'.'||lpad(k::text,2,'0') END, f, CASE WHEN u='A' THEN br END, a, u, round(CASE u WHEN 'P' THEN 70+pg_temp.r('pr'||b||'-'||k)*60 WHEN 'S' THEN a*24 WHEN 'O' THEN a*19 ELSE 380+a*11.5 END/5)*5
FROM (SELECT *, CASE u WHEN 'P' THEN 12.5 WHEN 'A' THEN 28+br*19+round(pg_temp.r('ar'||b||'-'||k)*18,1) ELSE 40+round(pg_temp.r('ar'||b||'-'||k)*130,1) END a FROM
 (SELECT b, k, CASE WHEN k<=2 AND b%3=0 THEN 'S' WHEN pg_temp.r('us'||b||'-'||k)<0.12 THEN 'P' WHEN pg_temp.r('us'||b||'-'||k)<0.2 THEN 'O' ELSE 'A' END u, CASE WHEN k<=2 AND b%3=0 THEN 0 WHEN pg_temp.r('us'||b||'-'||k)<0.12 THEN -1 ELSE k/3 END f, floor(4.3*pg_temp.r('br'||b||'-'||k))::int br
  FROM generate_series(1,16) b, generate_series(1,18) k WHERE k<=4+floor(15*power(pg_temp.r('bk'||b),1.4))) x) y;
INSERT INTO tenant
SELECT i, (ARRAY['Anna','Bram','Carla','Daan','Emre','Fleur','Gijs','Hanne','Ibrahim','Julia','Kasper','Lieke','Mohamed','Nina','Olivier','Petra','Quinten','Rosa','Stijn','Thea'])[1+(i*7+i/20)%20], (ARRAY['van Dijk','Peeters','Aydin','Visser','Maes','Mulder','Okafor','Willems','El Amrani','Hendriks','Schmidt','Laurent','Kowalski','Boersma','Wouters','Dijkstra','Ferreira'])[1+(i*5+i/17)%17],
 CASE WHEN pg_temp.r('em'||i)<0.88 THEN 'tenant'||i||'@'||(ARRAY['postvak.example','mailnest.example','webmail.example'])[1+floor(3*power(pg_temp.r('ed'||i),1.5))::int] END, '1948-02-11'::date+(pg_temp.r('bo'||i)*20200)::int, CASE WHEN pg_temp.r('cs'||i)<0.85 THEN 430+(pg_temp.r('cv'||i)*400)::int END FROM generate_series(1,240) i;
INSERT INTO lease
SELECT row_number() OVER (ORDER BY sd,unit_id), unit_id, sd, CASE WHEN k<n OR ended THEN ed WHEN pg_temp.r('oe'||unit_id)<0.55 THEN NULL ELSE date_trunc('month','2027-02-01'::date+(pg_temp.r('oz'||unit_id)*500)::int)::date-1 END, round(ask_rent*(0.82+0.05*k+0.1*pg_temp.r('rn'||unit_id||k))/5)*5, round(ask_rent*(1+floor(2*pg_temp.r('dp'||unit_id)))/50)*50+50,
 (CASE WHEN k<n OR ended THEN CASE WHEN pg_temp.r('ev'||unit_id||k)<0.06 THEN 'evicted' ELSE 'ended' END ELSE 'active' END)::lease_status, CASE WHEN (k<n OR ended) AND pg_temp.r('no'||unit_id||k)<0.7 THEN ed-60-(pg_temp.r('np'||unit_id||k)*25)::int WHEN NOT (k<n OR ended) AND pg_temp.r('no'||unit_id||k)<0.1 THEN '2026-10-05'::date+(pg_temp.r('np'||unit_id)*50)::int END
FROM (SELECT u.*, k, date_trunc('month', b0+((e0-b0)*(k-1)/n))::date+CASE WHEN k>1 AND pg_temp.r('gp'||unit_id||k)<0.3 THEN 31 ELSE 0 END sd0, date_trunc('month', b0+((e0-b0)*(k-1)/n)+CASE WHEN k>1 AND pg_temp.r('gp'||unit_id||k)<0.3 THEN 45 ELSE 0 END)::date sd, date_trunc('month', b0+((e0-b0)*k/n))::date-1 ed
 FROM (SELECT u.*, '2022-02-01'::date+(power(pg_temp.r('b0'||u.unit_id),2)*1100)::int b0, coalesce(b.sold_on, CASE WHEN pg_temp.r('va'||u.unit_id)<0.1 THEN '2026-07-20'::date ELSE '2026-11-20'::date END) e0, b.sold_on IS NOT NULL OR pg_temp.r('va'||u.unit_id)<0.1 ended, 1+floor(3*pg_temp.r('ln'||u.unit_id))::int n
  FROM unit u JOIN bldg b USING (bldg_id) WHERE pg_temp.r('nv'||u.unit_id)>0.06) u, LATERAL generate_series(1,n) k) q;
INSERT INTO lease SELECT 900+row_number() OVER (ORDER BY u.unit_id), u.unit_id, '2026-12-01'::date+((u.unit_id%2)*31), NULL, u.ask_rent, round(u.ask_rent*1.5/50)*50+50, 'draft', NULL FROM unit u JOIN bldg b USING (bldg_id) WHERE b.sold_on IS NULL AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.unit_id=u.unit_id AND l.status='active') AND u.unit_id%5<2;
INSERT INTO lease_tenant SELECT lease_id, t, true FROM (SELECT lease_id, 1+floor(225*power(pg_temp.r('lt'||lease_id),1.15))::int t FROM lease) q;
INSERT INTO lease_tenant SELECT l.lease_id, 1+(x.tenant_id*13+l.lease_id*7)%230, false FROM lease l JOIN unit u USING (unit_id) JOIN lease_tenant x USING (lease_id) WHERE u.use_cd='A' AND u.bedrooms>=1 AND pg_temp.r('l2'||lease_id)<0.42 ON CONFLICT DO NOTHING;
INSERT INTO rent_payment
SELECT row_number() OVER (ORDER BY d,lease_id), lease_id, d, rent_amt, CASE WHEN NOT paid THEN 0 WHEN x>0.965 THEN round(rent_amt*0.5/5)*5 ELSE rent_amt END, CASE WHEN paid THEN d+lag END, CASE WHEN paid THEN (ARRAY['D','T','C','K'])[1+floor(4*power(pg_temp.r('me'||lease_id||CASE WHEN x<0.1 THEN d::text ELSE '' END),1.6))::int] END
FROM (SELECT l.lease_id, l.rent_amt, g::date d, pg_temp.r('x'||l.lease_id||g::date) x, (power(pg_temp.r('lg'||l.lease_id||g::date),3)*34-3)::int lag, pg_temp.r('np'||l.lease_id||g::date)>CASE WHEN l.status='evicted' AND g>l.end_date-120 THEN 0.9 WHEN g>='2026-09-01' THEN 0.08 ELSE 0.012 END AND g::date+(power(pg_temp.r('lg'||l.lease_id||g::date),3)*34-3)::int<='2026-11-27' paid
 FROM lease l, generate_series(GREATEST(l.start_date,'2023-07-01'::date), LEAST(coalesce(l.end_date,'2026-11-01'),'2026-11-01'), interval '1 month') g WHERE l.status<>'draft') q;
INSERT INTO repair_cat VALUES ('HTG','Heating',24),('PLB','Plumbing',24),('ELE','Electrical',36),('LCK','Doors & Locks',48),('APP','Appliances',96),('PNT','Painting',240),('WIN','Windows',120),('ROF','Roof & Gutters',72),('PST','Pest Control',72),('LFT','Lift',24),('MLD','Damp & Mould',168),('GRD','Garden',336),('INT','Intercom',96);
INSERT INTO repair
SELECT i, unit_id, c, rp, CASE WHEN dn<='2026-11-27 17:00' AND pg_temp.r('op'||i)>0.03 THEN dn END, pr, CASE WHEN dn<='2026-11-10' AND pg_temp.r('op'||i)>0.05 THEN round(35+power(pg_temp.r('ct'||i),3)*1400*CASE WHEN c IN ('HTG','ROF','MLD') THEN 1.9 ELSE 1 END,2) END, CASE WHEN pg_temp.r('as'||i)<0.9 THEN CASE WHEN rp>='2026-03-01' THEN 7+floor(7*power(pg_temp.r('ca'||i),1.4))::int ELSE 7+floor(9*power(pg_temp.r('ca'||i),1.4))::int END END, pg_temp.r('tf'||i)<0.13
FROM (SELECT i, unit_id, cat_cd c, rp, date_trunc('minute', rp+make_interval(mins=>(45+target_hrs*60*power(pg_temp.r('du'||i),1.6)*1.9)::int)) dn, CASE WHEN pg_temp.r('pr'||i)<0.1 THEN 1 WHEN pg_temp.r('pr'||i)<0.33 THEN 2 ELSE 3 END pr
 FROM (SELECT i, (ARRAY['PLB','HTG','ELE','LCK','APP','MLD','WIN','PNT','ROF','INT','PST','LFT'])[1+floor(12*power(pg_temp.r('cc'||i),1.5))::int] c, 1+floor((SELECT count(*)-4 FROM unit)*power(pg_temp.r('un'||i),1.25))::int u, '2023-01-02'::timestamp+make_interval(mins=>(1421*1440*power(i/950.0,0.85))::int)+make_interval(mins=>(pg_temp.r('rm'||i)*700)::int) rp FROM generate_series(1,950) i) q JOIN repair_cat ON cat_cd=c JOIN unit ON unit_id=u JOIN bldg b USING (bldg_id) WHERE use_cd<>'P' AND (b.sold_on IS NULL OR rp<b.sold_on)) z;
