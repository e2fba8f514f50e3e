CREATE FUNCTION pg_temp.u(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5($1),1,7))::bit(28)::int / 268435456.0::float8 $$;
CREATE FUNCTION pg_temp.pick(text[], text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1[1+floor(pg_temp.u($2)*cardinality($1))::int] $$;

CREATE SCHEMA plan;
CREATE SCHEMA ci;
CREATE TYPE plan.issue_kind AS ENUM ('bug','story','task','spike');
CREATE TYPE plan.issue_state AS ENUM ('open','in_progress','review','done','wontfix');
CREATE TABLE plan.members (
  member_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  team text NOT NULL CHECK (team IN ('Management','Platform','Payments','Mobile','Data','Web','QA')),
  manager_id int REFERENCES plan.members,
  hired_on date NOT NULL,
  left_on date,
  contractor boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN plan.members.left_on IS 'null = still with us';
CREATE TABLE plan.projects (
  project_id int PRIMARY KEY,
  key text NOT NULL UNIQUE,
  name text NOT NULL,
  owner_id int NOT NULL REFERENCES plan.members,
  archived_at timestamptz
);
COMMENT ON COLUMN plan.projects.archived_at IS 'null = live';
CREATE TABLE plan.sprints (
  sprint_id int PRIMARY KEY,
  project_id int NOT NULL REFERENCES plan.projects,
  name text NOT NULL,
  begins_on date NOT NULL,
  ends_on date NOT NULL,
  goal_pts smallint
);
COMMENT ON COLUMN plan.sprints.goal_pts IS 'story points aimed at, null = no goal agreed';
CREATE TABLE plan.issues (
  issue_id int PRIMARY KEY,
  project_id int NOT NULL REFERENCES plan.projects,
  title text NOT NULL,
  kind plan.issue_kind NOT NULL,
  prio smallint NOT NULL CHECK (prio BETWEEN 1 AND 4),
  state plan.issue_state NOT NULL,
  pts smallint,
  assignee_id int REFERENCES plan.members,
  created_at timestamptz NOT NULL,
  closed_at timestamptz
);
COMMENT ON COLUMN plan.issues.prio IS '1 blocker, 2 major, 3 normal, 4 minor';
COMMENT ON COLUMN plan.issues.pts IS 'story points, null = not estimated';
COMMENT ON COLUMN plan.issues.closed_at IS 'set when done or wontfix';
CREATE TABLE plan.sprint_issues (
  sprint_id int REFERENCES plan.sprints,
  issue_id int REFERENCES plan.issues,
  added_on date NOT NULL,
  PRIMARY KEY (sprint_id, issue_id)
);
CREATE TABLE ci.repos (
  repo_id int PRIMARY KEY,
  project_id int NOT NULL REFERENCES plan.projects,
  name text NOT NULL,
  lang text NOT NULL,
  is_public boolean NOT NULL,
  topics text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE ci.commits (
  sha char(12) PRIMARY KEY,
  repo_id int NOT NULL REFERENCES ci.repos,
  author_id int NOT NULL REFERENCES plan.members,
  issue_id int REFERENCES plan.issues,
  ts timestamptz NOT NULL,
  lines_add int NOT NULL,
  lines_del int NOT NULL
);
COMMENT ON COLUMN ci.commits.issue_id IS 'null = not linked to an issue';
CREATE TABLE ci.builds (
  build_id int PRIMARY KEY,
  sha char(12) NOT NULL REFERENCES ci.commits,
  queued_at timestamptz NOT NULL,
  dur_s int,
  result char(1) CHECK (result IN ('P','F','T','X')),
  runner text NOT NULL
);
COMMENT ON COLUMN ci.builds.dur_s IS 'seconds';
COMMENT ON COLUMN ci.builds.result IS 'P passed, F failed, T timed out, X cancelled; null while running';
CREATE TABLE ci.releases (
  release_id int PRIMARY KEY,
  repo_id int NOT NULL REFERENCES ci.repos,
  version text NOT NULL,
  released_on date NOT NULL,
  hotfix boolean NOT NULL DEFAULT false,
  yanked_on date
);
COMMENT ON COLUMN ci.releases.yanked_on IS 'withdrawn; null = still available';

INSERT INTO plan.members VALUES
(1,'Marta','Kowalska','Management',NULL,'2022-01-10',NULL,false),(2,'Henrik','Dahl','Platform',1,'2022-01-17',NULL,false),(3,'Aisha','Rahman','Payments',1,'2022-02-01',NULL,false),(4,'Luca','Ferri','Mobile',1,'2022-03-14',NULL,false),
(5,'Grace','Okafor','Data',1,'2022-02-21',NULL,false),(6,'Pavel','Novotny','Web',1,'2022-04-04',NULL,false),(7,'Ines','Carvalho','QA',2,'2022-05-02',NULL,false);
INSERT INTO plan.members
SELECT g, (ARRAY['Tomasz','Yuki','Elif','Daniel','Priya','Oskar','Nadia','Ben','Sara','Mateo','Hana','Viktor','Chloe','Amir','Lena','Jorge','Freya','Rohan','Mila','Kofi','Agnes','Dmitri','Laila','Sean','Bianca','Emre','Noor','Filip','Keiko','Andre','Wanda','Igor','Rosa','Tariq','Linnea','Hugo','Zofia','Samir','Eleni','Gustav','Maya','Colin'])[g-7],
 (ARRAY['Wrona','Tanaka','Yilmaz','Brooks','Menon','Lind','Haddad','Carter','Lopez','Rios','Kimura','Sokolov','Martin','Farahani','Vogt','Silva','Nilsen','Iyer','Jovic','Mensah','Toth','Orlov','Mansour','Murphy','Conti','Kaya','Aziz','Horak','Sato','Dubois','Nowak','Petrov','Marino','Hussain','Berg','Laurent','Zielinska','Nasser','Papadakis','Holm','Cohen','Gallagher'])[g-7],
 (ARRAY['Platform','Payments','Mobile','Data','Web','QA'])[t], t+1, h, CASE WHEN pg_temp.u('l'||g)<0.24 THEN h+250+floor(pg_temp.u('ll'||g)*420)::int END, pg_temp.u('co'||g)<0.2
FROM (SELECT g, 1+floor(6*power(pg_temp.u('t'||g),1.25))::int t, date '2022-02-01'+floor(pg_temp.u('h'||g)*1400)::int h FROM generate_series(8,49) g) x;
INSERT INTO plan.projects VALUES (1,'PAY','Checkout Payments',3,NULL),(2,'MOB','Courier App',4,NULL),(3,'WEB','Customer Portal',6,NULL),(4,'DWH','Data Warehouse',5,NULL),(5,'PLT','Build Platform',2,NULL),(6,'INV','Invoice Engine',3,NULL),(7,'LEG','Legacy Billing',3,'2025-03-31 16:00+00'),(8,'OBS','Observability',2,NULL),(9,'KIO','Kiosk Terminal',4,'2024-11-15 12:30+00'),(10,'DOC','Docs Site',6,NULL),(11,'FRD','Fraud Scoring',5,NULL),(12,'LAB','Voice Ordering Lab',1,NULL);
INSERT INTO plan.sprints
SELECT row_number() OVER (ORDER BY n, project_id)::int, project_id, key||' Sprint '||n, b, b+20, CASE WHEN pg_temp.u('gp'||key||n)<0.85 THEN 12+floor(pg_temp.u('gq'||key||n)*30)::int END
FROM plan.projects, generate_series(1,39) n, LATERAL (SELECT date '2024-09-02'+21*(n-1) b) y WHERE project_id IN (1,2,3,4,5,6);
INSERT INTO plan.issues
SELECT row_number() OVER (ORDER BY c, g)::int, p, pg_temp.pick(ARRAY['Crash when opening','Improve speed of','Wrong total in','Add export to','Refactor','Upgrade library used by','Translate','Timeout while loading','Add retry to','Missing validation in','Document','Investigate memory use of','Support dark mode in','Rate limit','Clean up logs of'],'t1'||g)||' '||pg_temp.pick(ARRAY['login page','refund dialog','card form','order list','nightly import','route map','invoice PDF','search box','push notifications','user settings','audit trail','tax report','session cache','image upload','health check','API gateway','address lookup'],'t2'||g),
 k::plan.issue_kind, pr, CASE WHEN cl <= timestamptz '2026-11-26 00:00+00' AND z<0.9 THEN CASE WHEN pg_temp.u('wf'||g)<0.12 THEN 'wontfix' ELSE 'done' END WHEN pg_temp.u('op'||g)<0.5 THEN 'open' WHEN pg_temp.u('op'||g)<0.82 THEN 'in_progress' ELSE 'review' END::plan.issue_state,
 CASE WHEN pg_temp.u('pt'||g)<0.78 THEN (ARRAY[1,1,2,2,3,3,3,5,5,8,13])[1+floor(11*pg_temp.u('pp'||g))::int] END,
 CASE WHEN pg_temp.u('as'||g)<0.91 THEN 2+floor(48*power(pg_temp.u('at'||g),1.2))::int END, c, CASE WHEN cl <= timestamptz '2026-11-26 00:00+00' AND z<0.9 THEN cl END
FROM (SELECT g, p, k, pr, c, c+make_interval(mins=>90+floor((CASE pr WHEN 1 THEN 7000 WHEN 2 THEN 26000 WHEN 3 THEN 60000 ELSE 140000 END)*power(pg_temp.u('du'||g),1.8))::int) cl, pg_temp.u('z'||g) z
 FROM (SELECT g, 1+floor(11*power(pg_temp.u('p'||g),1.5))::int p, (ARRAY['bug','bug','bug','bug','story','story','story','task','task','task','spike'])[1+floor(11*pg_temp.u('k'||g))::int] k, (ARRAY[1,2,2,2,3,3,3,3,3,4,4])[1+floor(11*pg_temp.u('pr'||g))::int] pr,
  pg_temp.u('c'||g) cu, g h FROM generate_series(1,1450) g) a
 CROSS JOIN LATERAL (SELECT timestamptz '2023-01-09 07:00+00'+make_interval(days=>floor((CASE p WHEN 7 THEN 790 WHEN 9 THEN 650 ELSE 1410 END)*power(cu,0.85))::int, mins=>floor(660*pg_temp.u('cm'||g))::int) c) b) x;
INSERT INTO plan.sprint_issues
SELECT s.sprint_id, i.issue_id, s.begins_on - CASE WHEN k=1 THEN floor(pg_temp.u('ad'||i.issue_id)*6)::int-2 ELSE 1 END
FROM plan.issues i CROSS JOIN generate_series(1,2) k JOIN plan.sprints s ON s.project_id=i.project_id AND i.created_at::date+3+21*k BETWEEN s.begins_on AND s.ends_on
WHERE pg_temp.u('si'||i.issue_id)<CASE k WHEN 1 THEN 0.8 ELSE 0.2 END AND (k=1 OR i.closed_at IS NULL OR i.closed_at::date>=s.begins_on);
INSERT INTO ci.repos VALUES
(1,1,'checkout-api','Go',false,'{payments,api,critical}'),(2,1,'card-vault','Rust',false,'{payments,security,critical}'),(3,1,'checkout-widget','TypeScript',true,'{payments,frontend}'),(4,2,'courier-android','Kotlin',false,'{mobile,frontend}'),(5,2,'courier-ios','Swift',false,'{mobile,frontend}'),(6,2,'route-service','Go',false,'{api,maps}'),
(7,3,'portal-web','TypeScript',false,'{frontend}'),(8,3,'portal-backend','Python',false,'{api}'),(9,4,'dwh-models','SQL',false,'{analytics}'),(10,4,'ingest-jobs','Python',false,'{analytics,batch}'),(11,4,'metrics-catalog','Python',true,'{analytics}'),(12,5,'build-runner','Go',true,'{tooling}'),
(13,5,'deploy-cli','Rust',true,'{tooling}'),(14,5,'infra-modules','HCL',false,'{tooling,critical}'),(15,6,'invoice-core','Java',false,'{payments,critical}'),(16,6,'pdf-renderer','Java',true,'{batch}'),(17,7,'billing-mono','Java',false,'{payments,legacy}'),(18,8,'trace-collector','Go',true,'{tooling,api}'),
(19,8,'dashboards','TypeScript',false,'{frontend}'),(20,9,'kiosk-shell','C++',false,'{legacy}'),(21,10,'docs-site','TypeScript',true,'{}'),(22,11,'fraud-model','Python',false,'{analytics,critical}'),(23,11,'fraud-rules','Python',false,'{}'),(24,12,'voice-proto','Python',false,'{}');
INSERT INTO ci.commits
SELECT left(md5('sha'||g),12), r.repo_id, a, CASE WHEN li THEN i.issue_id END, t, la, floor(la*1.1*power(pg_temp.u('ld'||g),1.7))::int
FROM (SELECT g, 1+floor(1450*power(pg_temp.u('ci'||g),0.95))::int ii, pg_temp.u('cl'||g)<0.77 li, 1+floor(700*power(pg_temp.u('la'||g),4))::int la FROM generate_series(1,3600) g) x
JOIN plan.issues i ON i.issue_id=x.ii
CROSS JOIN LATERAL (SELECT array_agg(repo_id ORDER BY repo_id) rs FROM ci.repos q WHERE q.project_id=i.project_id) rr
JOIN ci.repos r ON r.repo_id = rr.rs[1+floor(cardinality(rr.rs)*power(pg_temp.u('cr'||g),1.4))::int]
CROSS JOIN LATERAL (SELECT COALESCE(CASE WHEN pg_temp.u('ca'||g)<0.8 THEN i.assignee_id END, 2+floor(44*power(pg_temp.u('cb'||g),1.3))::int) a, LEAST(i.created_at+make_interval(mins=>floor(30000*pg_temp.u('ct'||g))::int), timestamptz '2026-11-26 18:00+00'-make_interval(mins=>floor(4000*pg_temp.u('ct'||g))::int)) t) y
WHERE EXISTS (SELECT 1 FROM plan.members m WHERE m.member_id=a AND m.member_id NOT IN (1,31) AND m.hired_on<=t::date AND (m.left_on IS NULL OR m.left_on>=t::date));
INSERT INTO ci.builds
SELECT row_number() OVER (ORDER BY q, sha, n)::int, sha, q, CASE WHEN res IS NULL THEN NULL WHEN res='T' THEN 3600 ELSE 45+floor(1500*power(pg_temp.u('bd'||sha||n),2))::int+base END, res, run
FROM (SELECT c.sha, n, c.ts+make_interval(secs=>4+floor(50*pg_temp.u('bq'||c.sha||n))::int+(n-1)*2700) q,
 CASE WHEN c.ts > timestamptz '2026-11-24' AND pg_temp.u('bn'||c.sha||n)<0.5 THEN NULL WHEN pg_temp.u('br'||c.sha||n) < (CASE WHEN r.lang IN ('Java','C++') THEN 0.27 WHEN r.lang='Go' THEN 0.11 ELSE 0.17 END) THEN 'F' WHEN pg_temp.u('br'||c.sha||n)>0.975 THEN 'T' WHEN pg_temp.u('br'||c.sha||n)>0.94 THEN 'X' ELSE 'P' END res,
 CASE WHEN r.lang='Swift' THEN 'mac-m2' ELSE pg_temp.pick(ARRAY['linux-small','linux-small','linux-large','linux-large','linux-large','linux-arm','windows-1'],'bx'||c.sha||n) END run, CASE WHEN r.lang IN ('Rust','C++','Swift') THEN 240 ELSE 20 END base
 FROM ci.commits c JOIN ci.repos r USING (repo_id) CROSS JOIN generate_series(1,2) n WHERE r.repo_id NOT IN (9,24) AND pg_temp.u('bb'||c.sha||n)<CASE n WHEN 1 THEN 0.72 ELSE 0.14 END) x;
INSERT INTO ci.releases
SELECT row_number() OVER (ORDER BY d, r)::int, r, (1+n/8)||'.'||(n%8)||'.'||CASE WHEN hf THEN 1 ELSE 0 END, d, hf, CASE WHEN pg_temp.u('y'||r||n)<0.07 THEN d+1+floor(pg_temp.u('yy'||r||n)*12)::int END
FROM (SELECT repo_id r, n, pg_temp.u('hf'||repo_id||n)<0.23 hf, date '2023-02-06'+floor((n+pg_temp.u('rd'||repo_id||n))*(58+90*pg_temp.u('rp'||repo_id)))::int d FROM ci.repos, generate_series(0,20) n WHERE repo_id NOT IN (9,19,23,24)) x
WHERE d <= CASE r WHEN 17 THEN date '2025-03-31' WHEN 20 THEN date '2024-11-15' ELSE date '2026-11-20' END;
