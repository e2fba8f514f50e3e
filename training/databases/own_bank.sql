CREATE FUNCTION pg_temp.h(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext($1)::bigint + 2147483648)::float8/4294967296.0 $$;
CREATE TYPE loan_kind AS ENUM ('mortgage','auto','personal','student','home_improvement');
CREATE TABLE branch (
  branch_no smallint PRIMARY KEY, branch_nm varchar(40) NOT NULL UNIQUE, city varchar(40) NOT NULL, region_cd char(1) NOT NULL, opened_on date NOT NULL);
CREATE TABLE employee (
  emp_id int PRIMARY KEY, first_name varchar(30) NOT NULL, last_name varchar(30) NOT NULL, branch_no smallint NOT NULL REFERENCES branch, mgr_id int REFERENCES employee, job_cd char(2) NOT NULL CHECK (job_cd IN ('DR','BM','LO','TL')), hire_dt date NOT NULL);
CREATE TABLE customer (
  cust_no int PRIMARY KEY, first_name varchar(30) NOT NULL, last_name varchar(30) NOT NULL, seg char(1) NOT NULL, birth_dt date NOT NULL, city varchar(40) NOT NULL, home_branch smallint NOT NULL REFERENCES branch, joined_on date NOT NULL, email varchar(80));
CREATE TABLE acct_type (type_cd char(3) PRIMARY KEY, descr varchar(40) NOT NULL, mth_fee_cents int NOT NULL);
CREATE TABLE account (
  acct_no int PRIMARY KEY, type_cd char(3) NOT NULL REFERENCES acct_type, branch_no smallint NOT NULL REFERENCES branch, stat smallint NOT NULL CHECK (stat IN (1,2,3,9)), bal_cents bigint NOT NULL, opened_on date NOT NULL, closed_on date);
CREATE TABLE acct_holder (acct_no int NOT NULL REFERENCES account, cust_no int NOT NULL REFERENCES customer, role_cd char(1) NOT NULL CHECK (role_cd IN ('P','J')), PRIMARY KEY (acct_no, cust_no));
CREATE TABLE loan (
  loan_id int PRIMARY KEY, cust_no int NOT NULL REFERENCES customer, officer_id int NOT NULL REFERENCES employee, kind loan_kind NOT NULL, principal_cents bigint NOT NULL, rate_pct numeric(5,2) NOT NULL, term_mths smallint NOT NULL, applied_on date NOT NULL, disbursed_on date, stat char(1) NOT NULL CHECK (stat IN ('A','R','D','P','W')));
CREATE TABLE repayment (
  repay_id int PRIMARY KEY, loan_id int NOT NULL REFERENCES loan, due_dt date NOT NULL, due_cents int NOT NULL, paid_at timestamptz, paid_cents int);
CREATE TABLE txn (
  txn_id int PRIMARY KEY, acct_no int NOT NULL REFERENCES account, txn_at timestamptz NOT NULL, kind char(1) NOT NULL CHECK (kind IN ('D','W','T','F','I')), channel varchar(10) NOT NULL CHECK (channel IN ('atm','branch','online','mobile')), amt_cents int NOT NULL);
COMMENT ON TABLE branch IS 'Branches of the bank';
COMMENT ON COLUMN branch.region_cd IS 'N north, C central, S south';
COMMENT ON COLUMN employee.job_cd IS 'DR director, BM branch manager, LO loan officer, TL teller';
COMMENT ON COLUMN employee.mgr_id IS 'direct superior; null for the director';
COMMENT ON TABLE customer IS 'Persons banking with us';
COMMENT ON COLUMN customer.seg IS 'segment: R retail, S small business, P private banking';
COMMENT ON COLUMN customer.joined_on IS 'customer since';
COMMENT ON COLUMN customer.email IS 'null if not given';
COMMENT ON COLUMN acct_type.mth_fee_cents IS 'monthly fee, US cents';
COMMENT ON TABLE account IS 'Deposit accounts (loans are in loan)';
COMMENT ON COLUMN account.stat IS '1 open, 2 dormant, 3 frozen, 9 closed';
COMMENT ON COLUMN account.bal_cents IS 'current balance in US cents; negative when overdrawn';
COMMENT ON COLUMN account.closed_on IS 'null unless closed';
COMMENT ON TABLE acct_holder IS 'Who owns which account';
COMMENT ON COLUMN acct_holder.role_cd IS 'P primary holder (exactly one per account), J joint holder';
COMMENT ON COLUMN loan.officer_id IS 'loan officer in charge';
COMMENT ON COLUMN loan.principal_cents IS 'amount lent (or asked for), US cents';
COMMENT ON COLUMN loan.rate_pct IS 'yearly interest rate, percent';
COMMENT ON COLUMN loan.disbursed_on IS 'money paid out; null for pending and rejected applications';
COMMENT ON COLUMN loan.stat IS 'A application pending, R rejected, D disbursed and running, P paid off, W written off';
COMMENT ON TABLE repayment IS 'Instalments of loans, one row per due date';
COMMENT ON COLUMN repayment.due_cents IS 'US cents';
COMMENT ON COLUMN repayment.paid_at IS 'null while unpaid; unpaid with due_dt before today = overdue';
COMMENT ON COLUMN repayment.paid_cents IS 'US cents, null while unpaid';
COMMENT ON COLUMN txn.kind IS 'D deposit, W withdrawal, T transfer out, F fee, I interest credited';
COMMENT ON COLUMN txn.amt_cents IS 'US cents, always positive';
INSERT INTO branch VALUES
(1,'Main Street','Columbus','C','1994-05-02'),(2,'Riverside','Columbus','C','2003-09-15'),(3,'Lakefront','Cleveland','N','1998-03-09'),(4,'University Circle','Cleveland','N','2011-06-20'),
(5,'Old Market','Cincinnati','S','1996-10-01'),(6,'Hilltop','Cincinnati','S','2016-04-11'),(7,'Rubber City','Akron','N','2001-02-26'),(8,'Wright Plaza','Dayton','S','2005-08-08'),
(9,'Glass Quarter','Toledo','N','2007-11-19'),(10,'Polaris','Columbus','C','2019-01-14'),(11,'Arrow Mill','Springfield','C','2013-07-01'),(12,'Steelyard','Canton','N','2022-09-05'),(13,'Canal Point','Newark','C','2024-03-18');
INSERT INTO employee SELECT g, (ARRAY['Helen','Marcus','Priya','Daniel','Ruth','Omar','Grace','Victor','Nina','Paul','Sofia','Trevor','Alice','Kenji','Laura','Ian','Beth','Carlos','Yvonne'])[1+(g*7)%19], (ARRAY['Whitfield','Okafor','Brandt','Lindqvist','Moreno','Castle','Nguyen','Abbott','Pruitt','Salazar','Huang','Dempsey','Farrell','Kaplan','Rossi','Tanner','Vance'])[1+(g*5)%17],
 CASE WHEN g=1 THEN 1 WHEN g<=14 THEN g-1 ELSE 1+floor(13*power(pg_temp.h('eb'||g),1.4))::int END, NULL, CASE WHEN g=1 THEN 'DR' WHEN g<=14 THEN 'BM' WHEN g%5 IN (0,2) OR g<22 THEN 'LO' ELSE 'TL' END, '2022-01-03'::date + (floor(1700*pg_temp.h('eh'||g)))::int FROM generate_series(1,62) g;
UPDATE employee SET mgr_id = CASE WHEN emp_id=1 THEN NULL WHEN emp_id<=14 THEN 1 ELSE branch_no+1 END;
INSERT INTO customer SELECT g, (ARRAY['Emma','Liam','Noah','Olivia','Ava','Ethan','Mia','Lucas','Amelia','Henry','Isla','Jack','Chloe','Owen','Zoe','Samuel','Ella','Leo','Nora','Felix','Ivy','Adam','Lena','Oscar','Maya','Dylan','Rosa'])[1+floor(27*pg_temp.h('cf'||g))::int],
 (ARRAY['Hughes','Patel','Schmidt','Garcia','Kowalski','Bennett','Ito','Murphy','Larsen','Rivera','Cohen','Stewart','Adeyemi','Foster','Novak','Reyes','Griffin','Walsh','Becker','Simmons','Chavez','Doyle','Ferris','Holt','Jensen'])[1+floor(25*pg_temp.h('cl'||g))::int],
 CASE WHEN pg_temp.h('cs'||g)<0.68 THEN 'R' WHEN pg_temp.h('cs'||g)<0.88 THEN 'S' ELSE 'P' END, '1941-02-01'::date+floor(24000*pg_temp.h('cb'||g))::int,
 (ARRAY['Columbus','Cleveland','Cincinnati','Dayton','Akron','Toledo','Dublin','Canton','Springfield','Mansfield','Newark'])[1+floor(11*power(pg_temp.h('cc'||g),1.7))::int], 1+floor(12*power(pg_temp.h('ch'||g),1.5))::int, '2022-01-10'::date+floor(1740*power(pg_temp.h('cj'||g),1.3))::int, NULL FROM generate_series(1001,1240) g;
UPDATE customer SET email = lower(first_name||'.'||last_name)||cust_no%100||(ARRAY['@mailbox.example','@postline.example','@inbox.example'])[1+cust_no%3] WHERE pg_temp.h('em'||cust_no)<0.82;
INSERT INTO acct_type VALUES ('CHK','Everyday Checking',500),('SAV','Savings',0),('BUS','Business Checking',1500),('MMK','Money Market',1000),('YTH','Youth Savings',0),('CDP','Certificate of Deposit',0);
INSERT INTO account SELECT g, (ARRAY['CHK','CHK','CHK','CHK','SAV','SAV','SAV','BUS','BUS','MMK','YTH'])[1+floor(11*pg_temp.h('at'||g))::int], 1, CASE WHEN s<0.74 THEN 1 WHEN s<0.84 THEN 2 WHEN s<0.89 THEN 3 ELSE 9 END,
 CASE WHEN s>=0.89 THEN 0 WHEN pg_temp.h('an'||g)<0.07 THEN -floor(60000*pg_temp.h('ab'||g)) ELSE floor(4500000*power(pg_temp.h('ab'||g),3))+517 END, '2022-01-12'::date, NULL FROM (SELECT g, pg_temp.h('as'||g) s FROM generate_series(500101,500460) g) q;
INSERT INTO acct_holder SELECT acct_no, 1001+floor(225*power(pg_temp.h('hp'||acct_no),1.15))::int, 'P' FROM account;
INSERT INTO acct_holder SELECT acct_no, 1001+floor(225*pg_temp.h('hj'||acct_no))::int, 'J' FROM account WHERE pg_temp.h('hq'||acct_no)<0.24 ON CONFLICT DO NOTHING;
UPDATE account a SET branch_no = CASE WHEN pg_temp.h('ao'||a.acct_no)<0.8 THEN c.home_branch ELSE 1+floor(12*pg_temp.h('ap'||a.acct_no))::int END, opened_on = c.joined_on + floor(('2026-11-20'::date - c.joined_on)*power(pg_temp.h('ad'||a.acct_no),2.2))::int FROM acct_holder h JOIN customer c ON c.cust_no=h.cust_no WHERE h.acct_no=a.acct_no AND h.role_cd='P';
UPDATE account SET closed_on = opened_on + 1 + floor(('2026-11-25'::date - opened_on)*pg_temp.h('ax'||acct_no))::int WHERE stat=9;
INSERT INTO loan SELECT g, c.cust_no, o.emp_id, k, (CASE k WHEN 'mortgage' THEN 9000000+floor(320*pg_temp.h('lp'||g))*100000 WHEN 'auto' THEN 800000+floor(380*pg_temp.h('lp'||g))*10000 WHEN 'student' THEN 500000+floor(250*pg_temp.h('lp'||g))*10000 WHEN 'personal' THEN 200000+floor(180*pg_temp.h('lp'||g))*10000 ELSE 600000+floor(420*pg_temp.h('lp'||g))*10000 END)::bigint,
 (CASE k WHEN 'mortgage' THEN 4.1 WHEN 'auto' THEN 5.4 WHEN 'student' THEN 3.9 WHEN 'personal' THEN 8.7 ELSE 6.2 END + floor(300*pg_temp.h('lr'||g))/100)::numeric(5,2), CASE k WHEN 'mortgage' THEN 240 WHEN 'auto' THEN 60 WHEN 'student' THEN 120 WHEN 'personal' THEN (ARRAY[12,24,36])[1+g%3] ELSE (ARRAY[48,84])[1+g%2] END,
 c.joined_on + floor(('2026-11-10'::date - c.joined_on)*pg_temp.h('la'||g))::int, NULL, 'A'
 FROM (SELECT g, (ARRAY['mortgage','mortgage','auto','auto','auto','personal','personal','personal','personal','student','home_improvement'])[1+floor(11*pg_temp.h('lk'||g))::int]::loan_kind k, 1001+floor(235*power(pg_temp.h('lc'||g),1.2))::int cn, floor(18*power(pg_temp.h('lo'||g),1.3))::int rn FROM generate_series(7001,7190) g) q JOIN customer c ON c.cust_no=q.cn JOIN (SELECT emp_id, row_number() OVER (ORDER BY emp_id DESC)-1 rn FROM employee WHERE job_cd='LO') o ON o.rn=q.rn;
UPDATE loan SET stat = CASE WHEN applied_on>='2026-09-20' THEN CASE WHEN loan_id%3=0 THEN 'D' ELSE 'A' END WHEN pg_temp.h('ls'||loan_id)<0.15 THEN 'R' WHEN pg_temp.h('ls'||loan_id)<0.23 AND applied_on<'2025-06-01' THEN 'W' WHEN pg_temp.h('ls'||loan_id)<0.42 AND applied_on<'2025-09-01' THEN 'P' ELSE 'D' END;
UPDATE loan SET disbursed_on = applied_on + 4 + floor(33*pg_temp.h('ldd'||loan_id))::int WHERE stat IN ('D','P','W');
UPDATE loan SET disbursed_on = '2026-11-18' WHERE disbursed_on > '2026-11-18';
INSERT INTO repayment SELECT row_number() OVER (ORDER BY loan_id, n), loan_id, (disbursed_on + make_interval(months=>n))::date, ceil(principal_cents/term_mths*(1+rate_pct/100*term_mths/24))::int, NULL, NULL FROM loan, LATERAL generate_series(1, least(term_mths, CASE WHEN stat='P' THEN 12+loan_id%7 WHEN stat='W' THEN 10+loan_id%5 ELSE 24 END)) n WHERE disbursed_on IS NOT NULL AND (disbursed_on + make_interval(months=>n))::date <= '2026-12-31';
UPDATE repayment r SET paid_at = (due_dt + CASE WHEN pg_temp.h('pd'||repay_id)<0.8 THEN -floor(4*pg_temp.h('pe'||repay_id))::int ELSE 1+floor(38*power(pg_temp.h('pe'||repay_id),2))::int END)::timestamp + make_interval(hours=>7+floor(14*pg_temp.h('pf'||repay_id))::int, mins=>floor(60*pg_temp.h('pg'||repay_id))::int), paid_cents = due_cents
 FROM loan l WHERE l.loan_id=r.loan_id AND ((l.stat='P') OR (l.stat='D' AND due_dt<='2026-11-15' AND pg_temp.h('pu'||repay_id)<0.97) OR (l.stat='W' AND due_dt < l.disbursed_on + 200));
UPDATE repayment SET paid_at = '2026-11-20 10:12' WHERE paid_at > '2026-11-26';
UPDATE repayment SET paid_cents = due_cents/2 WHERE paid_at IS NOT NULL AND pg_temp.h('pp'||repay_id)<0.04;
INSERT INTO txn SELECT g, a.acct_no, a.opened_on::timestamp + make_interval(days=>floor((coalesce(a.closed_on,'2026-11-25') - a.opened_on)*pg_temp.h('td'||g))::int, hours=>6+floor(16*sqrt(pg_temp.h('th'||g)))::int, mins=>floor(60*pg_temp.h('tm'||g))::int), q.k, CASE WHEN q.k IN ('F','I') THEN 'online' WHEN q.k='T' THEN (ARRAY['online','mobile','mobile','branch'])[1+floor(4*pg_temp.h('tc'||g))::int] ELSE (ARRAY['atm','atm','branch','mobile','online'])[1+floor(5*pg_temp.h('tc'||g))::int] END,
 CASE q.k WHEN 'F' THEN (ARRAY[500,1500,2500,3500])[1+floor(4*pg_temp.h('ta'||g))::int] WHEN 'I' THEN 20+floor(4800*pg_temp.h('ta'||g)) WHEN 'D' THEN 2000+floor(520000*power(pg_temp.h('ta'||g),3)) ELSE 1000+floor(260000*power(pg_temp.h('ta'||g),3)) END
 FROM (SELECT g, 500101+floor(360*power(pg_temp.h('tx'||g),1.3))::int an, (ARRAY['D','D','D','D','W','W','W','T','T','F','I'])[1+floor(11*pg_temp.h('tk'||g))::int] k FROM generate_series(1,4000) g) q JOIN account a ON a.acct_no=q.an WHERE NOT (a.acct_no BETWEEN 500440 AND 500460);
