CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(s) & 2147483647) % n $$;
CREATE TABLE dept (
  dept_id int PRIMARY KEY,
  dept_cd char(3) NOT NULL UNIQUE,
  dept_nm text NOT NULL,
  parent_dept_id int REFERENCES dept,
  cost_ctr int NOT NULL,
  site_city text NOT NULL,
  closed_on date
);
COMMENT ON TABLE dept IS 'organisational units; a tree via parent_dept_id (null for the top unit)';
COMMENT ON COLUMN dept.closed_on IS 'null while the unit exists';
CREATE TABLE emp (
  emp_no int PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  work_email text NOT NULL,
  hire_dt date NOT NULL,
  term_dt date,
  term_rsn char(1) CHECK (term_rsn IN ('V','D','R','E')),
  mgr_emp_no int REFERENCES emp,
  dept_id int NOT NULL REFERENCES dept,
  is_remote boolean NOT NULL
);
COMMENT ON TABLE emp IS 'all employees, present and former';
COMMENT ON COLUMN emp.term_dt IS 'last working day; null while employed';
COMMENT ON COLUMN emp.term_rsn IS 'V = resigned (voluntary), D = dismissed, R = retired, E = contract expired; null while employed';
COMMENT ON COLUMN emp.mgr_emp_no IS 'direct manager; null for the chief executive';
CREATE TABLE job_grade (
  grade_cd char(2) PRIMARY KEY,
  grade_nm text NOT NULL,
  min_sal_cents int NOT NULL,
  max_sal_cents int NOT NULL
);
COMMENT ON TABLE job_grade IS 'pay bands, full-time yearly gross in euro cents';
CREATE TABLE contract (
  ctr_id int PRIMARY KEY,
  emp_no int NOT NULL REFERENCES emp,
  ctr_type char(1) NOT NULL CHECK (ctr_type IN ('P','F','T','A')),
  start_dt date NOT NULL,
  end_dt date,
  grade_cd char(2) NOT NULL REFERENCES job_grade,
  wkly_hrs numeric(4,1) NOT NULL,
  sal_cents int NOT NULL
);
COMMENT ON TABLE contract IS 'employment contracts; at most one running per employee';
COMMENT ON COLUMN contract.ctr_type IS 'P = permanent, F = fixed-term, T = temp agency, A = apprenticeship';
COMMENT ON COLUMN contract.end_dt IS 'last day in force; null while the contract is running';
COMMENT ON COLUMN contract.wkly_hrs IS 'hours per week; 40 = full time';
COMMENT ON COLUMN contract.sal_cents IS 'agreed yearly gross salary, euro cents';
CREATE TABLE absence (
  abs_id int PRIMARY KEY,
  emp_no int NOT NULL REFERENCES emp,
  abs_type smallint NOT NULL CHECK (abs_type BETWEEN 1 AND 5),
  from_dt date NOT NULL,
  to_dt date NOT NULL,
  work_days numeric(4,1) NOT NULL,
  status char(1) NOT NULL CHECK (status IN ('R','A','D','X')),
  decided_by int REFERENCES emp
);
COMMENT ON COLUMN absence.abs_type IS '1 = vacation, 2 = sick leave, 3 = parental leave, 4 = unpaid leave, 5 = special leave';
COMMENT ON COLUMN absence.work_days IS 'working days missed';
COMMENT ON COLUMN absence.status IS 'R = requested (undecided), A = approved, D = declined, X = withdrawn';
COMMENT ON COLUMN absence.decided_by IS 'emp who approved or declined; null while undecided or withdrawn';
CREATE TABLE payslip (
  slip_id int PRIMARY KEY,
  emp_no int NOT NULL REFERENCES emp,
  pay_month date NOT NULL,
  gross_cents int NOT NULL,
  tax_cents int NOT NULL,
  soc_cents int NOT NULL,
  ot_hrs numeric(4,1) NOT NULL,
  paid_at timestamptz,
  UNIQUE (emp_no, pay_month)
);
COMMENT ON TABLE payslip IS 'one row per employee and month; amounts in euro cents, net = gross - tax - soc';
COMMENT ON COLUMN payslip.pay_month IS 'first day of the month paid for';
COMMENT ON COLUMN payslip.soc_cents IS 'social security contribution of the employee';
COMMENT ON COLUMN payslip.ot_hrs IS 'overtime hours';
COMMENT ON COLUMN payslip.paid_at IS 'null until transferred';
CREATE TABLE course (
  course_id int PRIMARY KEY,
  title text NOT NULL,
  provider text,
  dur_hrs int NOT NULL,
  fee_cents int NOT NULL,
  mandatory boolean NOT NULL
);
COMMENT ON COLUMN course.provider IS 'null for in-house courses';
COMMENT ON COLUMN course.fee_cents IS 'fee per participant, euro cents';
CREATE TABLE emp_course (
  emp_no int NOT NULL REFERENCES emp,
  course_id int NOT NULL REFERENCES course,
  enrolled_on date NOT NULL,
  completed_on date,
  score numeric(4,1),
  PRIMARY KEY (emp_no, course_id)
);
COMMENT ON TABLE emp_course IS 'training bookings';
COMMENT ON COLUMN emp_course.completed_on IS 'null while not completed';
COMMENT ON COLUMN emp_course.score IS 'exam result in percent; null without exam';
INSERT INTO dept VALUES
(1,'EXE','Executive Board',NULL,1000,'Hamburg',NULL),(2,'FIN','Finance',1,2000,'Hamburg',NULL),(3,'HRD','Human Resources',1,3000,'Hamburg',NULL),
(4,'ITD','Information Technology',1,4000,'Leipzig',NULL),(5,'OPS','Operations',1,5000,'Bremen',NULL),(6,'SAL','Sales',1,6000,'Hamburg',NULL),
(7,'MKT','Marketing',1,7000,'Hamburg',NULL),(8,'ACC','Accounting',2,2100,'Hamburg',NULL),(9,'CTL','Controlling',2,2200,'Hamburg',NULL),
(10,'REC','Recruiting',3,3100,'Leipzig',NULL),(11,'DEV','Software Development',4,4100,'Leipzig',NULL),(12,'SUP','IT Support',4,4200,'Bremen',NULL),
(13,'LOG','Logistics',5,5100,'Bremen',NULL),(14,'PRD','Production',5,5200,'Bremen',NULL),(15,'EXP','Export Sales',6,6100,'Rotterdam',NULL),
(16,'KAM','Key Accounts',6,6200,'Hamburg',NULL),(17,'PRS','Print Shop',5,5300,'Bremen','2025-06-30'),(18,'FLT','Vehicle Fleet',13,5110,'Bremen','2024-03-31');
INSERT INTO emp
SELECT g, (ARRAY['Anna','Lukas','Marta','Jonas','Elif','Peter','Sofia','Henrik','Carla','Tobias','Nadia','Felix','Greta','Omar','Ines','Paul','Yasmin','Stefan','Laura','Milan','Katrin','David','Bianca','Emil','Renate','Oskar','Julia','Marek','Hanna','Viktor','Selma'])[1+(g*7)%31],
 (ARRAY['Berger','Novak','Schuster','Lindqvist','Yilmaz','Hartmann','Ferrari','Petersen','Kowalski','Brandt','Haddad','Vogel','Nielsen','Castro','Reimann','Engel','Dvorak','Paulsen','Weiss','Moreau','Janssen','Otto','Ziegler','Rossi','Falk','Stein','Ivanova'])[1+(g*5+g/31)%27],
 '', '2022-01-03', NULL, NULL, NULL, CASE WHEN g<=17 THEN g ELSE (ARRAY[11,14,14,13,11,12,6,14,8,13,16,11,14,7,15,9,14,17,10,11,6,13,3,14,2,12,11,13])[1+pg_temp.h('d'||g,28)] END,
 pg_temp.h('rem'||g,10)<3
FROM generate_series(1,160) g;
UPDATE emp SET work_email=lower(first_nm||'.'||last_nm)||CASE WHEN emp_no>27*5 THEN emp_no::text ELSE '' END||'@nordkontor.example',
 hire_dt = CASE WHEN emp_no<=17 THEN date '2022-01-03' + emp_no*9 ELSE date '2022-02-01' + pg_temp.h('hd'||emp_no,1720) END,
 mgr_emp_no = CASE WHEN emp_no=1 THEN NULL WHEN emp_no<=17 THEN (SELECT d.parent_dept_id FROM dept d WHERE d.dept_id=emp.dept_id)
   WHEN emp_no>70 AND emp_no%3<>0 THEN (SELECT min(e.emp_no) FROM emp e WHERE e.dept_id=emp.dept_id AND e.emp_no>17) ELSE dept_id END;
UPDATE emp SET is_remote=false WHERE dept_id IN (13,14,17);
UPDATE emp SET term_dt='2025-06-30', hire_dt=least(hire_dt, date '2024-11-01'-emp_no), term_rsn=CASE WHEN emp_no%4=0 THEN 'R' ELSE 'D' END WHERE dept_id=17;
UPDATE emp SET term_dt=hire_dt+120+pg_temp.h('td'||emp_no,800), term_rsn=(ARRAY['V','V','E','V','D','R','V','E'])[1+pg_temp.h('tr'||emp_no,8)]
 WHERE emp_no>17 AND dept_id<>17 AND pg_temp.h('t'||emp_no,3)=0 AND hire_dt+120+pg_temp.h('td'||emp_no,800) < '2026-11-20';
UPDATE emp SET mgr_emp_no=dept_id WHERE mgr_emp_no=emp_no OR mgr_emp_no IN (SELECT e.emp_no FROM emp e WHERE e.term_dt IS NOT NULL AND e.dept_id<>17);
INSERT INTO job_grade VALUES ('G1','Trainee',1400000,2100000),('G2','Assistant',2500000,3400000),('G3','Specialist',3200000,4600000),('G4','Senior Specialist',4400000,5900000),('G5','Team Lead',5400000,7200000),('G6','Department Head',7000000,9800000),('G7','Director',9200000,13500000),('G8','Board Member',14000000,26000000);
INSERT INTO contract
SELECT row_number() OVER (ORDER BY st, emp_no), emp_no, tp, st, en, gr, hrs, 0 FROM (
 SELECT e.emp_no, k.k, CASE WHEN k.k=2 THEN 'P' WHEN e.emp_no<=17 THEN 'P' ELSE (ARRAY['P','P','F','P','T','P','F','A','P'])[1+pg_temp.h('ct'||e.emp_no,9)] END tp,
  CASE k.k WHEN 1 THEN e.hire_dt ELSE e.hire_dt+370+e.emp_no%60 END st,
  CASE WHEN k.k=1 AND s.two THEN e.hire_dt+369+e.emp_no%60 ELSE e.term_dt END en,
  CASE WHEN e.emp_no=1 THEN 'G8' WHEN e.emp_no<=7 THEN 'G7' WHEN e.emp_no<=17 THEN 'G6' WHEN (ARRAY['P','P','F','P','T','P','F','A','P'])[1+pg_temp.h('ct'||e.emp_no,9)]='A' AND k.k=1 THEN 'G1'
   ELSE 'G'||((ARRAY[2,3,3,4,2,3,5,4,3])[1+pg_temp.h('gr'||e.emp_no,9)] - CASE WHEN k.k=1 AND s.two AND e.emp_no%2=0 THEN 1 ELSE 0 END)::text END gr,
  CASE WHEN e.emp_no<=17 THEN 40 ELSE (ARRAY[40,40,30,40,20,40,32,40,40,40])[1+pg_temp.h('wh'||e.emp_no||k.k,10)] END hrs
 FROM emp e CROSS JOIN LATERAL (SELECT (e.emp_no%5 IN (0,2) AND e.hire_dt+450 < coalesce(e.term_dt,'2026-11-01')) AS two) s CROSS JOIN generate_series(1,2) k(k) WHERE k.k=1 OR s.two) q;
UPDATE contract c SET grade_cd=CASE WHEN c.grade_cd='G1' AND c.ctr_type<>'A' THEN 'G2' ELSE c.grade_cd END;
UPDATE contract c SET sal_cents = round((g.min_sal_cents + (g.max_sal_cents-g.min_sal_cents)*(CASE WHEN pg_temp.h('ov'||c.ctr_id,15)=0 THEN 1.05 ELSE pg_temp.h('sl'||c.ctr_id,97)/100.0 END))*c.wkly_hrs/40/1000)*1000 FROM job_grade g WHERE g.grade_cd=c.grade_cd;
INSERT INTO payslip
SELECT row_number() OVER (ORDER BY m, c.emp_no), c.emp_no, m, gr, round(gr*(0.14+0.05*(gr>400000)::int+0.07*(gr>700000)::int)), round(gr*0.196), ot,
 CASE WHEN m='2026-11-01' OR (m='2026-10-01' AND c.emp_no%9=0) THEN NULL ELSE (m + interval '26 days' + interval '9 hours' + make_interval(mins => c.emp_no%50)) AT TIME ZONE 'UTC' END
FROM (SELECT e.emp_no, m::date m, e.dept_id, CASE WHEN pg_temp.h('ot'||e.emp_no||m::date,3)=0 THEN 1+pg_temp.h('oh'||e.emp_no||m::date,40)/2.0 ELSE 0 END ot
   FROM emp e CROSS JOIN generate_series(timestamp '2024-01-01','2026-11-01',interval '1 month') m WHERE e.hire_dt < m + interval '1 month' AND (e.term_dt IS NULL OR e.term_dt>=m)) c
CROSS JOIN LATERAL (SELECT k.sal_cents, k.wkly_hrs FROM contract k WHERE k.emp_no=c.emp_no AND k.start_dt < c.m + interval '1 month' ORDER BY k.start_dt DESC LIMIT 1) k
CROSS JOIN LATERAL (SELECT round(k.sal_cents/12.0 + c.ot*k.sal_cents/12/(k.wkly_hrs*4.33)*1.25)::int AS gr) x;
INSERT INTO absence
SELECT row_number() OVER (ORDER BY f, emp_no), emp_no, tp, f, f+dur, CASE WHEN dur=0 AND emp_no%3=0 THEN 0.5 ELSE ceil((dur+1)*5/7.0) END, st, CASE WHEN st IN ('A','D') THEN coalesce(mgr_emp_no,3) END FROM (
 SELECT e.emp_no, e.mgr_emp_no, tp, e.hire_dt+30+pg_temp.h('af'||e.emp_no||'/'||k, greatest(coalesce(e.term_dt,date '2026-11-27')-e.hire_dt-30,1)) f,
  CASE tp WHEN 1 THEN pg_temp.h('du'||e.emp_no||'/'||k,15) WHEN 2 THEN pg_temp.h('du'||e.emp_no||'/'||k,9) WHEN 3 THEN 60+pg_temp.h('du'||e.emp_no||'/'||k,120) WHEN 4 THEN 3+pg_temp.h('du'||e.emp_no||'/'||k,20) ELSE pg_temp.h('du'||e.emp_no||'/'||k,2) END dur,
  CASE WHEN tp=2 THEN 'A' ELSE (ARRAY['A','A','A','D','A','A','X','A','A','R','A'])[1+pg_temp.h('as'||e.emp_no||'/'||k,11)] END st
 FROM emp e CROSS JOIN generate_series(1,14) k CROSS JOIN LATERAL (SELECT (ARRAY[1,2,1,2,1,5,1,2,1,2,4,1,1,2,1,5,1,2,2,3])[1+pg_temp.h('at'||e.emp_no||'/'||k,20)] tp) t
 WHERE k <= 2+pg_temp.h('an'||e.emp_no,12) AND pg_temp.h('no'||e.emp_no,13)<>0) q;
UPDATE absence SET status=CASE WHEN from_dt<'2026-09-01' AND status='R' THEN 'A' ELSE status END;
UPDATE absence a SET decided_by=coalesce(e.mgr_emp_no,3) FROM emp e WHERE e.emp_no=a.emp_no AND a.status='A' AND a.decided_by IS NULL;
UPDATE absence a SET status='R', decided_by=NULL WHERE from_dt>='2026-10-10' AND abs_type<>2 AND abs_id%2=0;
INSERT INTO course VALUES
(1,'Workplace Safety Basics',NULL,4,0,true),(2,'Data Protection Refresher',NULL,2,0,true),(3,'Excel for Analysts','Lernwerk Akademie',16,48000,false),(4,'Leadership Essentials','Kompass Training',24,129000,false),
(5,'Forklift Licence','TechSkills Nord',20,61500,false),(6,'Business English B2','Lingua Campus',60,89000,false),(7,'Fire Warden Training','TechSkills Nord',8,18500,true),(8,'Python Fundamentals','Codewerft',30,99000,false),
(9,'Negotiation Skills','Kompass Training',16,84000,false),(10,'First Aid','Red Heart Rescue',9,7500,false),(11,'Information Security Awareness',NULL,3,0,true),(12,'Project Management Foundation','Lernwerk Akademie',40,142000,false),
(13,'Spanish for Beginners','Lingua Campus',60,72000,false),(14,'Customs and Export Rules','Lernwerk Akademie',12,55000,false),(15,'Time Management Online','Codewerft',6,9900,false);
INSERT INTO emp_course
SELECT emp_no, course_id, d, CASE WHEN done THEN least(d+7+pg_temp.h('cd'||emp_no||'-'||course_id,80), date '2026-11-25') END,
 CASE WHEN done AND course_id IN (3,5,6,8,12,14,2,11) THEN 45+pg_temp.h('sc'||emp_no||'-'||course_id,111)/2.0 END FROM (
 SELECT e.emp_no, c.course_id, e.hire_dt+10+pg_temp.h('ce'||e.emp_no||'-'||c.course_id, greatest(coalesce(e.term_dt,date '2026-11-20')-e.hire_dt-10,1)) d, pg_temp.h('dn'||e.emp_no||'-'||c.course_id,10)<7 done
 FROM emp e CROSS JOIN course c WHERE c.course_id<>15 AND pg_temp.h('cc'||e.emp_no||'-'||c.course_id,100) < (ARRAY[74,66,21,12,19,30,24,17,9,33,48,14,6,11,0])[c.course_id] AND e.emp_no%17<>0) q;
