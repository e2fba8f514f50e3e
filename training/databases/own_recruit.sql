CREATE FUNCTION pg_temp.rnd(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,8))::bit(32)::bigint / 4294967296.0 $$;
CREATE TYPE application_status AS ENUM ('received','screening','interview','offer','hired','rejected','withdrawn');

CREATE TABLE consultants (
  consultant_id integer PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  team text NOT NULL CHECK (team IN ('Technology','Finance','Healthcare','Engineering')),
  manager_id integer REFERENCES consultants,
  started_on date NOT NULL,
  left_on date
);
CREATE TABLE clients (
  client_id integer PRIMARY KEY,
  client_name text NOT NULL,
  industry text NOT NULL,
  city text NOT NULL,
  is_active boolean NOT NULL
);
CREATE TABLE candidates (
  candidate_id integer PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  city text NOT NULL,
  source text NOT NULL CHECK (source IN ('website','referral','job board','headhunted','career fair')),
  salary_expectation integer,
  notice_weeks smallint NOT NULL,
  languages text[] NOT NULL,
  registered_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE TABLE skills (
  skill_id integer PRIMARY KEY,
  skill_name text NOT NULL,
  skill_area text NOT NULL
);
CREATE TABLE candidate_skills (
  candidate_id integer NOT NULL REFERENCES candidates,
  skill_id integer NOT NULL REFERENCES skills,
  years_experience smallint NOT NULL,
  PRIMARY KEY (candidate_id, skill_id)
);
CREATE TABLE vacancies (
  vacancy_id integer PRIMARY KEY,
  client_id integer NOT NULL REFERENCES clients,
  consultant_id integer NOT NULL REFERENCES consultants,
  title text NOT NULL,
  contract_type text NOT NULL CHECK (contract_type IN ('permanent','fixed-term','interim')),
  salary_min integer NOT NULL,
  salary_max integer NOT NULL,
  is_remote boolean NOT NULL,
  opened_on date NOT NULL,
  closed_on date
);
CREATE TABLE applications (
  application_id integer PRIMARY KEY,
  candidate_id integer NOT NULL REFERENCES candidates,
  vacancy_id integer NOT NULL REFERENCES vacancies,
  applied_at timestamptz NOT NULL,
  status application_status NOT NULL,
  UNIQUE (candidate_id, vacancy_id)
);
CREATE TABLE interviews (
  interview_id integer PRIMARY KEY,
  application_id integer NOT NULL REFERENCES applications,
  starts_at timestamptz NOT NULL,
  duration_minutes smallint NOT NULL,
  interview_type text NOT NULL CHECK (interview_type IN ('phone','video','on-site')),
  score smallint CHECK (score BETWEEN 1 AND 10)
);
CREATE TABLE placements (
  placement_id integer PRIMARY KEY,
  application_id integer NOT NULL UNIQUE REFERENCES applications,
  start_date date NOT NULL,
  end_date date,
  annual_salary integer NOT NULL,
  fee_pct numeric(4,1) NOT NULL,
  invoice_paid_on date
);
COMMENT ON COLUMN interviews.score IS '10 best; null if the candidate did not show up or it has not taken place';
COMMENT ON COLUMN placements.fee_pct IS 'our fee in percent of annual_salary';
COMMENT ON COLUMN placements.end_date IS 'null while employed there';

INSERT INTO consultants
SELECT g, (ARRAY['Fiona','Gregor','Aisha','Callum','Morag','Daniel','Yasmin','Euan','Rebecca','Tariq','Louise','Stuart','Hazel','Ben','Catriona'])[1+(g*2)%15],
 (ARRAY['Sinclair','Ahmed','Baxter','Drummond','Lowe','Patterson','Quinn','Rutherford','Shaw','Tennant','Urquhart','Weir','Hobbs'])[1+(g*3)%13],
 CASE WHEN g<=4 THEN (ARRAY['Technology','Finance','Healthcare','Engineering'])[g] ELSE (ARRAY['Technology','Finance','Technology','Healthcare','Engineering','Technology','Finance'])[1+g%7] END,
 CASE WHEN g=1 THEN NULL WHEN g<=4 THEN 1 ELSE (ARRAY[1,2,1,3,4,1,2])[1+g%7] END,
 CASE WHEN g<=4 THEN date '2022-01-10'+g*21 WHEN g>=25 THEN date '2026-08-03'+g ELSE date '2022-02-14' + floor(1100*pg_temp.rnd('cs'||g))::int END,
 CASE WHEN g IN (9,14,19,22) THEN date '2026-02-27' + (g*41)%200 END
FROM generate_series(1,26) g;

INSERT INTO clients
SELECT g, (ARRAY['Blackfriars','Caledonian','Northwind','Silverlake','Hartwell','Pennine','Orchid','Stonebridge','Kingfisher','Meadowbank','Trident'])[1+g%11]||' '||
 (CASE i WHEN 1 THEN (ARRAY['Software','Digital','Cloud Services'])[1+g%3] WHEN 2 THEN (ARRAY['Capital','Insurance','Wealth'])[1+g%3] WHEN 3 THEN (ARRAY['Care Homes','Clinics','Biotech'])[1+g%3] WHEN 4 THEN (ARRAY['Foundry','Aerospace','Rail'])[1+g%3] ELSE (ARRAY['Stores','Fashion','Grocers'])[1+g%3] END)||CASE WHEN g>33 THEN ' Group' ELSE '' END,
 (ARRAY['technology','financial services','healthcare','manufacturing','retail'])[i],
 (ARRAY['Edinburgh','London','Manchester','Glasgow','Leeds','Newcastle','Bristol','Aberdeen'])[1+floor(8*power(pg_temp.rnd('cc'||g),1.3))::int], pg_temp.rnd('ca'||g)<0.84
FROM (SELECT g, (ARRAY[1,2,1,3,4,1,2,5,3,1,4])[1+(g*5)%11] AS i FROM generate_series(1,45) g) x;

INSERT INTO candidates
SELECT g, (ARRAY['Alice','Mohammed','Isla','Jack','Zofia','Liam','Priyanka','George','Freya','Kwame','Eilidh','Harry','Nia','Oscar','Leila','Rory','Sunita','Theo','Agnieszka','Finlay','Grace'])[1+(g*8)%21],
 (ARRAY['Robertson','Khan','MacLeod','Hughes','Nowicka','O''Brien','Sharma','Clarke','Stewart','Mensah','Evans','Wallace','Grant','Price','Farah','Cooper','Murray','Bell','Wright'])[1+(g*5)%19],
 (ARRAY['Edinburgh','Glasgow','London','Manchester','Leeds','Newcastle','Aberdeen','Dundee','Bristol','York'])[1+floor(10*power(pg_temp.rnd('ci'||g),1.4))::int],
 (ARRAY['website','job board','referral','headhunted','career fair'])[1+floor(5*power(pg_temp.rnd('so'||g),1.35))::int],
 CASE WHEN pg_temp.rnd('se'||g)<0.82 THEN 500*(48+floor(160*power(pg_temp.rnd('sf'||g),1.5))::int) END,
 (ARRAY[0,2,4,4,4,8,12])[1+floor(7*pg_temp.rnd('nw'||g))::int],
 CASE WHEN pg_temp.rnd('la'||g)<0.55 THEN ARRAY['English'] WHEN pg_temp.rnd('la'||g)<0.7 THEN ARRAY['English','French'] WHEN pg_temp.rnd('la'||g)<0.82 THEN ARRAY['English','German'] WHEN pg_temp.rnd('la'||g)<0.9 THEN ARRAY['English','Spanish','French'] WHEN pg_temp.rnd('la'||g)<0.96 THEN ARRAY['English','Polish'] ELSE ARRAY['English','Arabic'] END,
 timestamptz '2023-02-01 08:15+00' + make_interval(days => floor(1390*power(g/280.0,0.85))::int, mins => (700*pg_temp.rnd('ra'||g))::int),
 CASE WHEN pg_temp.rnd('de'||g)<0.07 AND g<230 THEN timestamptz '2026-02-02 10:00+00' + interval '280 days'*pg_temp.rnd('df'||g) END
FROM generate_series(1,280) g;

INSERT INTO skills VALUES (1,'Python','software'),(2,'Java','software'),(3,'SQL','data'),(4,'Machine learning','data'),(5,'React','software'),(6,'Kubernetes','infrastructure'),(7,'AWS','infrastructure'),(8,'Network security','infrastructure'),(9,'Financial modelling','finance'),(10,'IFRS reporting','finance'),(11,'Audit','finance'),(12,'Payroll','finance'),(13,'Intensive care nursing','clinical'),(14,'Radiography','clinical'),(15,'Clinical trials','clinical'),(16,'CAD','engineering'),(17,'Welding','engineering'),(18,'PLC programming','engineering'),(19,'Project management','management'),(20,'Stakeholder management','management'),(21,'Agile coaching','management'),(22,'Tableau','data'),(23,'COBOL','software');
INSERT INTO candidate_skills
SELECT c.candidate_id, s.skill_id, 1+floor(16*power(pg_temp.rnd('yr'||c.candidate_id||'-'||s.skill_id),1.8))::int
FROM candidates c JOIN skills s ON pg_temp.rnd('k'||c.candidate_id||'-'||s.skill_id) < 0.24 - 0.008*((s.skill_id*7)%23) AND s.skill_id<>23 AND c.candidate_id%13<>6;

INSERT INTO vacancies
SELECT g, 1+floor(42*power(pg_temp.rnd('vc'||g),1.3))::int, (SELECT consultant_id FROM consultants k WHERE k.started_on<=x.op AND k.consultant_id<=24 AND (k.left_on IS NULL OR k.left_on>x.op) ORDER BY pg_temp.rnd('vk'||g||'-'||k.consultant_id)*(1+(k.consultant_id*3)%5) LIMIT 1),
 (ARRAY['Data Engineer','Software Developer','Financial Controller','Staff Nurse','Mechanical Engineer','Project Manager','DevOps Engineer','Data Analyst','Internal Auditor','Radiographer','Payroll Manager','Automation Engineer','Security Analyst','Clinical Research Associate'])[t],
 (ARRAY['permanent','permanent','permanent','fixed-term','interim'])[1+floor(5*pg_temp.rnd('vt'||g))::int], smin, smin + 1000*(4+floor(14*pg_temp.rnd('vx'||g))::int), pg_temp.rnd('vr'||g)<0.31, op,
 CASE WHEN op + (25+120*pg_temp.rnd('vd'||g))::int < '2026-11-20' AND pg_temp.rnd('ve'||g)<0.92 THEN op + (25+120*pg_temp.rnd('vd'||g))::int END
FROM (SELECT g, 1+floor(14*power(pg_temp.rnd('vi'||g),1.25))::int AS t, 1000*(28+floor(45*power(pg_temp.rnd('vs'||g),1.4))::int) AS smin, date '2024-01-08' + floor(1040*power(g/160.0,0.92))::int AS op FROM generate_series(1,160) g) x;

INSERT INTO applications
SELECT row_number() OVER (ORDER BY ts, candidate_id, vacancy_id), candidate_id, vacancy_id, ts,
 (CASE WHEN ts > '2026-10-25' THEN CASE WHEN q<0.4 THEN 'received' WHEN q<0.65 THEN 'screening' WHEN q<0.85 THEN 'interview' WHEN q<0.9 THEN 'offer' ELSE 'rejected' END
  WHEN closed_on IS NULL AND q<0.5 THEN CASE WHEN q<0.2 THEN 'screening' WHEN q<0.42 THEN 'interview' ELSE 'offer' END
  WHEN closed_on IS NOT NULL AND rk=1 AND q<0.68 THEN 'hired' WHEN q<0.87 THEN 'rejected' ELSE 'withdrawn' END)::application_status
FROM (SELECT c.candidate_id, v.vacancy_id, v.closed_on, pg_temp.rnd('q'||v.vacancy_id||'-'||c.candidate_id) AS q,
   date_trunc('minute', LEAST(v.opened_on::timestamptz + interval '8 hours' + interval '1 day'*floor(24*power(pg_temp.rnd('ad'||v.vacancy_id||'-'||c.candidate_id),1.5)) + interval '11 hours'*pg_temp.rnd('ah'||v.vacancy_id||'-'||c.candidate_id), timestamptz '2026-11-27 07:00+00' + interval '9 hours'*pg_temp.rnd('ah'||v.vacancy_id||'-'||c.candidate_id))) AS ts,
   row_number() OVER (PARTITION BY v.vacancy_id ORDER BY pg_temp.rnd('rk'||v.vacancy_id||'-'||c.candidate_id)) AS rk
  FROM vacancies v JOIN candidates c ON c.registered_at < v.opened_on AND (c.deleted_at IS NULL OR c.deleted_at > v.opened_on + 30)
   AND pg_temp.rnd('ap'||v.vacancy_id||'-'||c.candidate_id) < 0.012 + 0.09*pg_temp.rnd('vp'||v.vacancy_id)*power(pg_temp.rnd('cp'||c.candidate_id),1.3) AND v.vacancy_id%19<>7 AND c.candidate_id%17<>9) x;

INSERT INTO interviews
SELECT row_number() OVER (ORDER BY ts, application_id, n), application_id, ts, (CASE ty WHEN 'phone' THEN (ARRAY[20,30,30])[1+application_id%3] WHEN 'video' THEN (ARRAY[45,60,30])[1+application_id%3] ELSE (ARRAY[60,90,120])[1+application_id%3] END), ty,
 CASE WHEN ts < '2026-11-27' AND pg_temp.rnd('ns'||application_id||n)>=0.07 THEN LEAST(10, 1+floor(CASE WHEN status IN ('hired','offer') THEN 5+5*pg_temp.rnd('sc'||application_id||n) ELSE 9*pg_temp.rnd('sc'||application_id||n) END)::int) END
FROM (SELECT a.application_id, a.status, k.n, CASE k.n WHEN 1 THEN CASE WHEN pg_temp.rnd('it'||a.application_id)<0.6 THEN 'phone' ELSE 'video' END WHEN 2 THEN CASE WHEN pg_temp.rnd('iu'||a.application_id)<0.45 THEN 'video' ELSE 'on-site' END ELSE 'on-site' END AS ty,
  date_trunc('day', a.applied_at) + interval '1 day'*(k.n*6 + floor(5*pg_temp.rnd('id'||a.application_id||k.n))) + interval '9 hours' + interval '30 minutes'*floor(17*pg_temp.rnd('ih'||a.application_id||k.n)) AS ts
  FROM applications a JOIN generate_series(1,3) k(n) ON k.n <= CASE WHEN a.status='hired' THEN 2+(a.application_id%3)/2 WHEN a.status='offer' THEN 2 WHEN a.status='interview' THEN 1 WHEN a.status IN ('rejected','withdrawn') THEN floor(2.2*pg_temp.rnd('in'||a.application_id))::int ELSE 0 END) z;

INSERT INTO placements
SELECT row_number() OVER (ORDER BY a.applied_at, a.application_id), a.application_id, sd, CASE WHEN v.contract_type<>'permanent' AND sd+200 < '2026-10-01' THEN sd + 180 + (a.application_id%4)*30 WHEN pg_temp.rnd('pe'||a.application_id)<0.13 AND sd+120<'2026-11-01' THEN sd + 20 + (95*pg_temp.rnd('pf'||a.application_id))::int END,
 100*round((v.salary_min + (v.salary_max-v.salary_min)*(0.2+0.8*pg_temp.rnd('ps'||a.application_id)))/100), (ARRAY[15.0,17.5,18.0,20.0,22.5,25.0])[1+floor(6*pg_temp.rnd('pp'||a.application_id))::int],
 CASE WHEN sd < '2026-10-20' AND pg_temp.rnd('ip'||a.application_id)<0.88 THEN sd + 8 + floor(45*power(pg_temp.rnd('iq'||a.application_id),1.3))::int END
FROM applications a JOIN vacancies v USING (vacancy_id)
CROSS JOIN LATERAL (SELECT (date_trunc('week', a.applied_at + interval '40 days'))::date + 7*((SELECT c.notice_weeks FROM candidates c WHERE c.candidate_id=a.candidate_id)/2)::int AS sd) s
WHERE a.status='hired';
