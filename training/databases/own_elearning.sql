CREATE FUNCTION pg_temp.u(s text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),1,7))::bit(28)::int / 268435456.0::double precision $$;

CREATE SCHEMA catalog;
COMMENT ON SCHEMA catalog IS 'what we teach';
CREATE TYPE catalog.course_level AS ENUM ('beginner','intermediate','advanced');
CREATE TYPE signup_plan AS ENUM ('free','pro','team');

CREATE TABLE catalog.categories (
  id int PRIMARY KEY,
  name text NOT NULL,
  parent_id int REFERENCES catalog.categories
);
COMMENT ON TABLE catalog.categories IS 'two levels: main topics and subtopics';
COMMENT ON COLUMN catalog.categories.parent_id IS 'null for main topics';

CREATE TABLE catalog.courses (
  id int PRIMARY KEY,
  title text NOT NULL,
  category_id int NOT NULL REFERENCES catalog.categories,
  level catalog.course_level NOT NULL,
  list_price_cents int NOT NULL,
  lang char(2) NOT NULL,
  published_on date,
  retired_on date,
  tags text[] NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN catalog.courses.category_id IS 'always a subtopic';
COMMENT ON COLUMN catalog.courses.list_price_cents IS 'US cents, 0 = free course';
COMMENT ON COLUMN catalog.courses.lang IS 'language of instruction: en, es, de, pt';
COMMENT ON COLUMN catalog.courses.published_on IS 'null while a draft';
COMMENT ON COLUMN catalog.courses.retired_on IS 'set once the course is taken off sale';

CREATE TABLE catalog.lessons (
  id int PRIMARY KEY,
  course_id int NOT NULL REFERENCES catalog.courses,
  pos smallint NOT NULL,
  title text NOT NULL,
  kind smallint NOT NULL,
  dur_s int,
  is_preview boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN catalog.lessons.pos IS 'order within the course, from 1';
COMMENT ON COLUMN catalog.lessons.kind IS '1 video, 2 reading, 3 quiz, 4 assignment';
COMMENT ON COLUMN catalog.lessons.dur_s IS 'length in seconds, videos only';
COMMENT ON COLUMN catalog.lessons.is_preview IS 'may be watched without enrolling';

CREATE TABLE catalog.instructors (
  id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  country char(2) NOT NULL,
  rev_share numeric(4,1) NOT NULL
);
COMMENT ON COLUMN catalog.instructors.rev_share IS 'percent of the course revenue paid to the instructor';

CREATE TABLE catalog.course_instructors (
  course_id int NOT NULL REFERENCES catalog.courses,
  instructor_id int NOT NULL REFERENCES catalog.instructors,
  is_lead boolean NOT NULL,
  PRIMARY KEY (course_id, instructor_id)
);

CREATE TABLE learners (
  id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  country char(2) NOT NULL,
  plan signup_plan NOT NULL,
  signed_up_at timestamptz NOT NULL,
  referred_by int REFERENCES learners,
  deactivated_at timestamptz
);
COMMENT ON TABLE learners IS 'user accounts of students';
COMMENT ON COLUMN learners.country IS 'ISO code: US, GB, DE, BR, MX, IN, ES, CA, NG';
COMMENT ON COLUMN learners.referred_by IS 'the learner who brought this one in';
COMMENT ON COLUMN learners.deactivated_at IS 'null = account is live';

CREATE TABLE enrolments (
  id int PRIMARY KEY,
  learner_id int NOT NULL REFERENCES learners,
  course_id int NOT NULL REFERENCES catalog.courses,
  enrolled_at timestamptz NOT NULL,
  completed_at timestamptz,
  progress smallint NOT NULL,
  channel text NOT NULL CHECK (channel IN ('organic','ads','email','partner')),
  paid_cents int NOT NULL,
  refunded boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN enrolments.completed_at IS 'null until the course is finished';
COMMENT ON COLUMN enrolments.progress IS 'percent of lessons done, 0-100';
COMMENT ON COLUMN enrolments.paid_cents IS 'US cents after discount';
COMMENT ON COLUMN enrolments.refunded IS 'money given back, does not count as revenue';

CREATE TABLE quiz_attempts (
  id int PRIMARY KEY,
  enrolment_id int NOT NULL REFERENCES enrolments,
  lesson_id int NOT NULL REFERENCES catalog.lessons,
  started_at timestamptz NOT NULL,
  submitted_at timestamptz,
  score numeric(5,1)
);
COMMENT ON TABLE quiz_attempts IS 'a learner may try a quiz several times; a score of 70 or more passes';
COMMENT ON COLUMN quiz_attempts.submitted_at IS 'null if the attempt was abandoned';
COMMENT ON COLUMN quiz_attempts.score IS 'percent, null if abandoned';

CREATE TABLE certificates (
  cert_no text PRIMARY KEY,
  enrolment_id int NOT NULL UNIQUE REFERENCES enrolments,
  issued_on date NOT NULL,
  valid_until date,
  revoked boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN certificates.valid_until IS 'null = never expires';

INSERT INTO catalog.categories VALUES (1,'Programming',NULL),(2,'Data',NULL),(3,'Design',NULL),(4,'Business',NULL),(5,'Languages',NULL),
 (11,'Python',1),(12,'JavaScript',1),(13,'Mobile Apps',1),(21,'Databases',2),(22,'Machine Learning',2),(23,'Spreadsheets',2),
 (31,'Photography',3),(32,'User Interfaces',3),(41,'Bookkeeping',4),(42,'Marketing',4),(43,'Leadership',4),(51,'Spanish',5),(52,'German',5);

INSERT INTO catalog.courses
SELECT g, t, c, (ARRAY['beginner','beginner','intermediate','advanced','intermediate'])[1+floor(5*pg_temp.u('cl'||g))::int]::catalog.course_level,
 CASE WHEN pg_temp.u('cp'||g)<0.15 THEN 0 ELSE 1900+1000*floor(18*pg_temp.u('cq'||g)^1.5)::int END,
 (ARRAY['en','en','en','es','de','pt'])[1+floor(6*pg_temp.u('cg'||g))::int],
 CASE WHEN g IN (7,18,29,33,44) THEN NULL ELSE date '2022-02-01' + floor(1450*pg_temp.u('cd'||g)^1.3)::int END, NULL,
 (ARRAY['{bestseller,project}','{project}','{}','{exam-prep}','{new}','{bestseller}','{project,exam-prep}']::text[])[1+floor(7*pg_temp.u('ct'||g))::int]::text[]
FROM (SELECT row_number() OVER ()::int g, t, c FROM (VALUES
 ('Python from Zero',11),('Clean Python',11),('Automate Your Office with Python',11),('Python Web Services',11),('Testing Python Code',11),
 ('JavaScript Essentials',12),('Modern JavaScript Patterns',12),('Node in Practice',12),('Web Animations',12),
 ('Build Your First Android App',13),('Swift for Beginners',13),('Cross-Platform Apps',13),
 ('SQL for Analysts',21),('Database Design',21),('Query Tuning',21),('Data Warehousing Basics',21),
 ('Machine Learning Foundations',22),('Neural Networks Step by Step',22),('Forecasting Time Series',22),('Recommender Systems',22),
 ('Spreadsheets Made Easy',23),('Pivot Tables and Dashboards',23),('Financial Models in Spreadsheets',23),
 ('Portrait Photography',31),('Night Photography',31),('Photo Editing Workflow',31),('Street Photography',31),
 ('Interface Design Principles',32),('Prototyping Fast',32),('Designing for Accessibility',32),
 ('Bookkeeping Step by Step',41),('Year-End Closing',41),('Taxes for Freelancers',41),
 ('Email Marketing',42),('Search Ads that Work',42),('Brand Storytelling',42),
 ('First-Time Manager',43),('Difficult Conversations',43),('Remote Teams',43),
 ('Spanish for Travellers',51),('Spanish Conversation',51),('Business Spanish',51),('German A1',52),('German Grammar Clinic',52),('Business German',52)) v(t,c)) x;
UPDATE catalog.courses SET retired_on = published_on + 500 + id*7 WHERE id IN (4,9,16,25,31,42);

INSERT INTO catalog.lessons
SELECT row_number() OVER (ORDER BY c.id, k), c.id, k,
 CASE WHEN k=1 THEN 'Welcome' WHEN k%5=0 THEN 'Quiz '||k/5 WHEN kd=4 THEN 'Assignment '||k WHEN kd=2 THEN 'Reading: '||(ARRAY['Background','Checklist','Case Study','Further Sources'])[1+k%4] ELSE (ARRAY['First Steps','Core Ideas','Worked Example','Common Mistakes','Going Deeper','Wrap-up'])[1+(k+c.id)%6]||' '||k END,
 kd, CASE WHEN kd=1 THEN 120+floor(1500*pg_temp.u('ld'||c.id||'-'||k)^1.4)::int END, k=1 OR (k=2 AND pg_temp.u('lp'||c.id)<0.4)
FROM catalog.courses c, generate_series(1, 10+floor(14*pg_temp.u('ln'||c.id))::int) k,
 LATERAL (SELECT CASE WHEN k%5=0 THEN 3 WHEN k>2 AND pg_temp.u('lk'||c.id||'-'||k)<0.2 THEN 2 WHEN k>4 AND pg_temp.u('lk'||c.id||'-'||k)<0.3 THEN 4 ELSE 1 END kd) z;

INSERT INTO catalog.instructors
SELECT g, (ARRAY['Hannah','Marcus','Priya','Diego','Elena','Tobias','Amara'])[1+g%7], (ARRAY['Whitfield','Santos','Iyer','Brandt','Okafor','Navarro','Lindqvist','Chapman'])[1+(g*3)%8],
 (ARRAY['US','US','GB','DE','ES','BR','IN'])[1+floor(7*pg_temp.u('ic'||g))::int], 15+2.5*floor(11*pg_temp.u('ir'||g))::int
FROM generate_series(1,30) g;

INSERT INTO catalog.course_instructors
SELECT DISTINCT ON (id, i) id, i, k=1 FROM (
 SELECT c.id, k, 1+floor(28*pg_temp.u('ci'||c.id||'-'||k)^1.5)::int i FROM catalog.courses c, generate_series(1,3) k WHERE k=1 OR pg_temp.u('cn'||c.id||'-'||k)<0.35) x
ORDER BY id, i, k;

INSERT INTO learners
SELECT g, (ARRAY['Olivia','Noah','Sofia','Lucas','Mia','Arjun','Chloe','Mateo','Lena','Felix','Zoe','Samuel','Ines','Oscar','Nia','Jonas','Camila'])[1+(g*5)%17],
 (ARRAY['Bennett','Alves','Gupta','Hoffmann','Reyes','Adeyemi','Campbell','Fuentes','Keller','Turner','Barbosa','Sharma','Wagner','Morales','Eze','Hughes','Tremblay','Rojas','Stein'])[1+(g*7)%19],
 (ARRAY['US','IN','GB','DE','BR','MX','ES','CA','NG'])[1+floor(9*pg_temp.u('lc'||g)^1.6)::int],
 CASE WHEN pg_temp.u('lp'||g)<0.55 THEN 'free' WHEN pg_temp.u('lp'||g)<0.85 THEN 'pro' ELSE 'team' END::signup_plan,
 timestamptz '2022-03-01 06:00+00' + make_interval(mins => floor(2400000*(g/300.0)^0.9*(0.98+0.02*pg_temp.u('ls'||g)))::int),
 CASE WHEN g>15 AND pg_temp.u('lr'||g)<0.3 THEN 1+floor((g-1)*pg_temp.u('lq'||g)^2.2)::int END, NULL
FROM generate_series(1,300) g;
UPDATE learners SET deactivated_at = signed_up_at + make_interval(mins => 30000+floor(280000*pg_temp.u('lx'||id))::int) WHERE pg_temp.u('ly'||id)<0.12 AND signed_up_at < '2026-03-01';

INSERT INTO enrolments
SELECT row_number() OVER (ORDER BY e, l, c), l, c, e, CASE WHEN done THEN e + make_interval(mins => days*1440 + floor(1400*w)::int) END,
 CASE WHEN done THEN 100 ELSE least(98, floor(100*pg_temp.u('ep'||l||'-'||c)^1.3)::int) END,
 (ARRAY['organic','organic','ads','email','organic','ads','partner'])[1+floor(7*pg_temp.u('ec'||l||'-'||c))::int],
 CASE WHEN price=0 OR plan='team' THEN 0 WHEN plan='pro' THEN price*7/10 WHEN w<0.3 THEN price*8/10 ELSE price END,
 price>0 AND plan<>'team' AND NOT done AND w<0.13
FROM (SELECT *, pg_temp.u('ef'||l||'-'||c)<0.42 AND e + make_interval(days => days+1) < timestamptz '2026-11-26' AS done FROM
 (SELECT DISTINCT ON (l.id, c.id) l.id l, c.id c, l.plan, c.list_price_cents price, 2+floor(110*pg_temp.u('ey'||l.id||'-'||c.id)^1.8)::int days, pg_temp.u('ew'||l.id||'-'||c.id) w,
   greatest(l.signed_up_at, c.published_on + time '09:10') + make_interval(mins => floor(pg_temp.u('et'||g)^1.5*extract(epoch FROM least(l.deactivated_at, c.retired_on::timestamptz, timestamptz '2026-11-25') - greatest(l.signed_up_at, c.published_on + time '09:10'))/60)::int) e
  FROM generate_series(1,2000) g JOIN learners l ON l.id = 1+floor(296*pg_temp.u('el'||g)^1.2)::int
   JOIN (SELECT *, row_number() OVER (ORDER BY md5('o'||id)) rn FROM catalog.courses WHERE published_on IS NOT NULL) c ON c.rn = 1+floor(39*pg_temp.u('eo'||g)^1.7)::int
  WHERE least(l.deactivated_at, c.retired_on::timestamptz, timestamptz '2026-11-25') - greatest(l.signed_up_at, c.published_on + time '09:10') > interval '5 days'
  ORDER BY l.id, c.id, g) x) y;

INSERT INTO quiz_attempts
SELECT row_number() OVER (ORDER BY s, eid, lid), eid, lid, s, CASE WHEN NOT ab THEN s + make_interval(secs => 150+floor(2600*pg_temp.u('qd'||key)^1.6)::int) END,
 CASE WHEN NOT ab THEN round((100 - 68*pg_temp.u('qs'||key)^1.5 + 6*least(k,2) - 12)::numeric, 1) END
FROM (SELECT e.id eid, l.id lid, k, e.id||'-'||l.id||'-'||k AS key, pg_temp.u('qa'||e.id||'-'||l.id||'-'||k)<0.06 ab,
   e.enrolled_at + (coalesce(e.completed_at, least(e.enrolled_at + interval '40 days', timestamptz '2026-11-26')) - e.enrolled_at) * (l.pos/26.0 + 0.02*k) s
  FROM enrolments e JOIN catalog.lessons l ON l.course_id = e.course_id AND l.kind = 3 CROSS JOIN generate_series(1,3) k
  WHERE e.progress > l.pos*4 AND (k=1 OR pg_temp.u('qk'||e.id||'-'||l.id||'-'||k)<0.3/k) AND pg_temp.u('qz'||e.id||'-'||l.id)<0.8) x;

INSERT INTO certificates
SELECT 'C'||to_char(completed_at,'YY')||'-'||(20000+id*13), id, completed_at::date + floor(4*pg_temp.u('xi'||id))::int, CASE WHEN pg_temp.u('xv'||id)<0.45 THEN completed_at::date + 730 END, pg_temp.u('xr'||id)<0.04
FROM enrolments WHERE completed_at IS NOT NULL AND pg_temp.u('xc'||id)<0.72 AND completed_at < '2026-11-22';
