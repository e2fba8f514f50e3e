CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int % n) $$;
CREATE SCHEMA exam;
CREATE SCHEMA finance;

CREATE TABLE finance.institutions (
  institution_id   integer PRIMARY KEY,
  institution_name text NOT NULL UNIQUE,
  kind             text NOT NULL CHECK (kind IN ('school','university','company','agency')),
  discount_percent numeric(4,1),
  contract_ends_on date
);
COMMENT ON TABLE finance.institutions IS 'Partner institutions that send us candidates';
COMMENT ON COLUMN finance.institutions.discount_percent IS 'discount on exam fees; null = none agreed';
COMMENT ON COLUMN finance.institutions.contract_ends_on IS 'null = open-ended contract';

CREATE TABLE exam.centres (
  centre_id         integer PRIMARY KEY,
  centre_name       text NOT NULL UNIQUE,
  city              text NOT NULL,
  country           text NOT NULL,
  opened_on         date NOT NULL,
  seats             integer NOT NULL,
  wheelchair_access boolean NOT NULL
);
COMMENT ON TABLE exam.centres IS 'Test centres';

CREATE TABLE exam.exams (
  exam_code       text PRIMARY KEY,
  title           text NOT NULL,
  language        text NOT NULL,
  level           text NOT NULL CHECK (level IN ('A1','A2','B1','B2','C1','C2')),
  fee_cents       integer NOT NULL,
  validity_months integer
);
COMMENT ON COLUMN exam.exams.level IS 'level of the Common European Framework, A1 lowest to C2 highest';
COMMENT ON COLUMN exam.exams.fee_cents IS 'list fee in euro cents';
COMMENT ON COLUMN exam.exams.validity_months IS 'how long a certificate is valid; null = for life';

CREATE TABLE exam.examiners (
  examiner_id     integer PRIMARY KEY,
  full_name       text NOT NULL,
  email           text NOT NULL UNIQUE,
  languages       text[] NOT NULL,
  certified_until date,
  mentor_id       integer REFERENCES exam.examiners
);
COMMENT ON COLUMN exam.examiners.languages IS 'languages the examiner may assess';
COMMENT ON COLUMN exam.examiners.certified_until IS 'null = certification not yet granted';
COMMENT ON COLUMN exam.examiners.mentor_id IS 'more experienced examiner who mentors this one';

CREATE TABLE exam.sessions (
  session_id            integer PRIMARY KEY,
  exam_code             text NOT NULL REFERENCES exam.exams,
  centre_id             integer NOT NULL REFERENCES exam.centres,
  chief_examiner_id     integer REFERENCES exam.examiners,
  held_on               date NOT NULL,
  registration_deadline date NOT NULL,
  cancelled             boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE exam.sessions IS 'One exam on one day in one centre';
COMMENT ON COLUMN exam.sessions.chief_examiner_id IS 'null = not appointed yet';

CREATE TABLE exam.candidates (
  candidate_id   integer PRIMARY KEY,
  full_name      text NOT NULL,
  birth_date     date NOT NULL,
  nationality    text NOT NULL,
  institution_id integer REFERENCES finance.institutions,
  newsletter     boolean NOT NULL,
  created_at     timestamp NOT NULL
);
COMMENT ON COLUMN exam.candidates.institution_id IS 'partner institution that sent the candidate; null = private candidate';
COMMENT ON COLUMN exam.candidates.newsletter IS 'has agreed to receive the newsletter';
COMMENT ON COLUMN exam.candidates.created_at IS 'when the candidate account was opened';

CREATE TABLE exam.registrations (
  registration_id integer PRIMARY KEY,
  session_id      integer NOT NULL REFERENCES exam.sessions,
  candidate_id    integer NOT NULL REFERENCES exam.candidates,
  registered_at   timestamp NOT NULL,
  status          text NOT NULL CHECK (status IN ('booked','sat','absent','withdrawn')),
  special_needs   text[],
  UNIQUE (session_id, candidate_id)
);
COMMENT ON COLUMN exam.registrations.status IS 'booked = exam still to come, sat = took the exam, absent = did not turn up, withdrawn = cancelled by the candidate or by us';
COMMENT ON COLUMN exam.registrations.special_needs IS 'extra_time, large_print, separate_room, screen_reader; null = none';

CREATE TABLE exam.results (
  registration_id integer PRIMARY KEY REFERENCES exam.registrations,
  examiner_id     integer NOT NULL REFERENCES exam.examiners,
  reading         smallint NOT NULL,
  listening       smallint NOT NULL,
  writing         smallint NOT NULL,
  speaking        smallint,
  passed          boolean NOT NULL,
  published_on    date
);
COMMENT ON TABLE exam.results IS 'Marks of those who sat the exam, each part out of 100';
COMMENT ON COLUMN exam.results.examiner_id IS 'examiner who marked it';
COMMENT ON COLUMN exam.results.speaking IS 'null = exempt from the speaking test';
COMMENT ON COLUMN exam.results.published_on IS 'null = not yet published';

CREATE TABLE finance.payments (
  payment_id      integer PRIMARY KEY,
  registration_id integer NOT NULL REFERENCES exam.registrations,
  amount_cents    integer NOT NULL,
  method          text NOT NULL CHECK (method IN ('card','transfer','cash','invoice')),
  paid_at         timestamp NOT NULL,
  refunded_at     timestamp
);
COMMENT ON COLUMN finance.payments.amount_cents IS 'amount received in euro cents';
COMMENT ON COLUMN finance.payments.refunded_at IS 'when the whole amount was paid back; null = not refunded';

INSERT INTO finance.institutions VALUES (1,'Linguaviva Institute','school',10,'2027-06-30'),(2,'University of Graz','university',15,NULL),(3,'Bosch Mobility','company',5,'2026-12-31'),(4,'GoAbroad Agency','agency',12.5,'2026-08-31'),(5,'Lycee Victor Hugo','school',NULL,NULL),
 (6,'University of Porto','university',15,'2028-01-31'),(7,'Nestle Careers','company',NULL,'2027-03-31'),(8,'Parla School','school',8,'2025-12-31'),(9,'Au Pair World','agency',7.5,NULL),(10,'ETH Language Centre','university',20,'2027-09-30'),(11,'Babel Evening School','school',10,NULL),(12,'Care Nurses Europe','agency',NULL,'2027-12-31');

INSERT INTO exam.centres VALUES (1,'Vienna Ring','Vienna','Austria','2009-09-01',120,true),(2,'Graz Campus','Graz','Austria','2014-02-10',60,true),(3,'Berlin Mitte','Berlin','Germany','2007-04-16',150,true),(4,'Munich Isar','Munich','Germany','2012-10-01',90,false),
 (5,'Porto Ribeira','Porto','Portugal','2016-03-14',45,false),(6,'Lyon Bellecour','Lyon','France','2011-01-17',80,true),(7,'Zurich West','Zurich','Switzerland','2018-08-20',70,true),(8,'Madrid Centro','Madrid','Spain','2010-05-03',110,false),(9,'Berlin Spandau','Berlin','Germany','2021-11-08',40,true),(10,'Seville Triana','Seville','Spain','2023-02-06',35,true),(11,'Bilbao Ria','Bilbao','Spain','2026-10-19',50,true);

INSERT INTO exam.exams VALUES ('DE-A1','Start Deutsch','German','A1',9900,NULL),('DE-A2','Deutsch im Alltag','German','A2',11900,NULL),('DE-B1','Zertifikat Deutsch','German','B1',15900,NULL),('DE-B2','Deutsch Beruf','German','B2',18900,60),('DE-C1','Deutsch Hochschule','German','C1',22500,24),
 ('EN-B1','English Threshold','English','B1',16500,NULL),('EN-B2','English Vantage','English','B2',19500,36),('EN-C1','Advanced English','English','C1',23900,36),('EN-C2','English Mastery','English','C2',26500,NULL),
 ('FR-A2','Francais Survie','French','A2',10900,NULL),('FR-B2','Francais Avance','French','B2',17900,48),('ES-B1','Espanol Intermedio','Spanish','B1',14900,60),('ES-C1','Espanol Superior','Spanish','C1',20900,60),('PT-B1','Portugues Lingua Viva','Portuguese','B1',13900,NULL),('IT-B1','Italiano Insieme','Italian','B1',13900,NULL);

INSERT INTO exam.examiners
SELECT g, fn||' '||ln, lower(fn)||'.'||lower(ln)||'@examcentre.example', l, CASE WHEN g IN (17,23,26) THEN NULL ELSE date '2025-12-31' + pg_temp.h('cu'||g,1100) - CASE WHEN g%8=5 THEN 400 ELSE 0 END END, CASE WHEN g<=6 THEN NULL WHEN g%5=0 THEN NULL ELSE 1+pg_temp.h('me'||g,6) END
FROM (SELECT g, (ARRAY['Agnes','Bernd','Chiara','Dominic','Elsa','Fernando','Greta','Hugo','Ingrid','Joao','Katrin','Louis','Marta','Niamh','Oliver','Paloma','Quirin','Rosa','Simon','Teresa','Uwe','Valerie','Wanda','Xenia','Yves','Zoe'])[g] fn, (ARRAY['Bauer','Moreau','Rossi','Walsh','Pereira','Garcia','Huber','Lang','Dupont','Ramos'])[1+pg_temp.h('xn'||g,10)] ln,
 CASE g%6 WHEN 0 THEN ARRAY['German'] WHEN 1 THEN ARRAY['German','English'] WHEN 2 THEN ARRAY['English'] WHEN 3 THEN ARRAY['French','Spanish'] WHEN 4 THEN ARRAY['Spanish','Portuguese'] ELSE ARRAY['English','Italian','French'] END l FROM generate_series(1,26) g) a;

INSERT INTO exam.sessions
SELECT g, ec, ce, CASE WHEN d > '2026-11-27' AND g%3<>0 THEN NULL ELSE (SELECT x.examiner_id FROM exam.examiners x JOIN exam.exams e ON e.exam_code=ec AND e.language = ANY(x.languages) WHERE x.certified_until IS NOT NULL ORDER BY pg_temp.h('cx'||g||'-'||x.examiner_id,10000), x.examiner_id LIMIT 1) END,
 d, d - 21 - (g%2)*7, pg_temp.h('cn'||g,100) < 6
FROM (SELECT g, (ARRAY['DE-A1','DE-A2','DE-B1','DE-B1','DE-B2','DE-C1','EN-B1','EN-B2','EN-B2','EN-C1','EN-C2','FR-A2','FR-B2','ES-B1','ES-C1','PT-B1'])[1+pg_temp.h('ec'||g,16)] ec, 1+floor(10*power(pg_temp.h('ce'||g,1000)/1000.0,1.2))::int ce, date '2024-02-03' + g*6 + pg_temp.h('sd'||g,5) d FROM generate_series(1,176) g) a
WHERE d <= '2026-12-19';

INSERT INTO exam.candidates
SELECT g, (ARRAY['Amelie','Bojan','Cristina','Deniz','Elif','Filip','Giulia','Hamid','Irena','Jakub','Kenji','Layla','Mateo','Nora','Omar','Priya','Rui','Sara','Tuan','Vera','Wei','Yusuf'])[1+pg_temp.h('fn'||g,22)] || ' ' || (ARRAY['Ahmadi','Bianchi','Celik','Dimitrov','Eriksen','Fischer','Gomes','Horvat','Ito','Jovanovic','Khan','Le','Martin','Nowak','Ortiz','Popescu','Rahman','Sato','Tran','Usman','Vidal','Yilmaz','Zhang'])[1+pg_temp.h('ln'||g,23)],
 date '1972-01-15' + 4000 + pg_temp.h('bd'||g,9300) - CASE WHEN g%9=0 THEN 3500 ELSE 0 END, (ARRAY['Turkish','Indian','Brazilian','Serbian','Vietnamese','Polish','Italian','Iranian','Chinese','Spanish','Romanian','Nigerian'])[1+pg_temp.h('na'||g,12)],
 CASE WHEN pg_temp.h('in'||g,100) < 44 THEN 1+pg_temp.h('ii'||g,11) END, pg_temp.h('nl'||g,100)<38, date '2024-01-04' + (g*1030/640) + (400+pg_temp.h('cr'||g,900))*interval '1 minute'
FROM generate_series(1,640) g;

INSERT INTO exam.registrations
SELECT row_number() OVER (ORDER BY rg, session_id, candidate_id), session_id, candidate_id, rg,
 CASE WHEN cancelled THEN 'withdrawn' WHEN hh<7 THEN 'withdrawn' WHEN held_on > '2026-11-27' THEN 'booked' WHEN hh<14 THEN 'absent' ELSE 'sat' END,
 CASE WHEN hs<6 THEN ARRAY['extra_time'] WHEN hs<8 THEN ARRAY['large_print'] WHEN hs<11 THEN ARRAY['extra_time','separate_room'] WHEN hs<12 THEN ARRAY['screen_reader','extra_time'] END
FROM (SELECT DISTINCT ON (s.session_id, c.candidate_id) s.session_id, c.candidate_id, s.cancelled, s.held_on, greatest(c.created_at + interval '17 minutes', s.registration_deadline - (1+pg_temp.h('rg'||s.session_id||'-'||k,50))*interval '1 day' + (430+pg_temp.h('rt'||s.session_id||'-'||k,800))*interval '1 minute') rg,
  pg_temp.h('st'||s.session_id||'-'||k,100) hh, pg_temp.h('sn'||s.session_id||'-'||k,100) hs
 FROM exam.sessions s, generate_series(1,22) k, exam.candidates c WHERE k <= 5+pg_temp.h('ns'||s.session_id,14) AND c.candidate_id = 1 + (greatest(20, (s.held_on - date '2024-01-04')*600/1030) - pg_temp.h('cc'||s.session_id||'-'||k,190) + 640) % 640 AND c.created_at::date < s.registration_deadline
 ORDER BY s.session_id, c.candidate_id, k) a WHERE rg < '2026-11-27 18:00';

INSERT INTO exam.results
SELECT registration_id, ex, r, l, w, s, (r+l+w+coalesce(s,(r+l+w)/3)) >= 240 AND least(r,l,w,coalesce(s,100)) >= 40, CASE WHEN held_on + 24 <= '2026-11-27' THEN held_on + 12 + pg_temp.h('pu'||session_id,20)%12 END
FROM (SELECT r.registration_id, s.session_id, s.held_on, (SELECT x.examiner_id FROM exam.examiners x JOIN exam.exams e ON e.exam_code=s.exam_code AND e.language = ANY(x.languages) WHERE x.certified_until IS NOT NULL ORDER BY pg_temp.h('mk'||r.registration_id||'-'||x.examiner_id,10000), x.examiner_id LIMIT 1) ex,
 38+pg_temp.h('re'||r.registration_id,62) r, 34+pg_temp.h('li'||r.registration_id,66) l, 36+pg_temp.h('wr'||r.registration_id,60) w, CASE WHEN pg_temp.h('sx'||r.registration_id,100)<4 THEN NULL ELSE 45+pg_temp.h('sp'||r.registration_id,55) END s
 FROM exam.registrations r JOIN exam.sessions s USING (session_id) WHERE r.status='sat') a;

INSERT INTO finance.payments
SELECT row_number() OVER (ORDER BY pt, registration_id), registration_id, amt, CASE WHEN institution_id IS NOT NULL AND hm<50 THEN 'invoice' WHEN hm<72 THEN 'card' WHEN hm<92 THEN 'transfer' ELSE 'cash' END, pt,
 CASE WHEN status='withdrawn' AND (cancelled OR hm<60) AND held_on - 5 <= '2026-11-26' THEN greatest(pt, (held_on - 12)::timestamp) + (1+hm)*interval '1 hour' END
FROM (SELECT r.registration_id, r.status, s.cancelled, s.held_on, c.institution_id, round(e.fee_cents*(100-coalesce(i.discount_percent,0))/100)::int amt, pg_temp.h('pm'||r.registration_id,100) hm, r.registered_at + (3+pg_temp.h('pt'||r.registration_id,7000))*interval '1 minute' pt
 FROM exam.registrations r JOIN exam.sessions s USING (session_id) JOIN exam.exams e USING (exam_code) JOIN exam.candidates c USING (candidate_id) LEFT JOIN finance.institutions i USING (institution_id)) a
WHERE pt < '2026-11-27 20:00' AND pg_temp.h('un'||registration_id,100) >= 5;
