CREATE TYPE disp_group AS ENUM ('sale','service','complaint','dead');
CREATE TABLE team (
  team_id smallint PRIMARY KEY,
  team_nm text NOT NULL UNIQUE,
  site_city text NOT NULL,
  outsourced boolean NOT NULL DEFAULT false,
  lead_agt_id int
);
CREATE TABLE agent (
  agt_id int PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  team_id smallint NOT NULL REFERENCES team,
  sup_agt_id int REFERENCES agent,
  emp_typ char(1) NOT NULL CHECK (emp_typ IN ('F','P','A')),
  hired_dt date NOT NULL,
  left_dt date,
  rate_cents int NOT NULL
);
CREATE TABLE queue (
  queue_id smallint PRIMARY KEY,
  q_nm text NOT NULL UNIQUE,
  lang_cd char(2) NOT NULL CHECK (lang_cd IN ('en','de','fr','pl')),
  target_secs int NOT NULL,
  retired_dt date
);
CREATE TABLE agent_queue (
  agt_id int REFERENCES agent,
  queue_id smallint REFERENCES queue,
  lvl smallint NOT NULL CHECK (lvl BETWEEN 1 AND 3),
  certified_dt date,
  PRIMARY KEY (agt_id, queue_id)
);
CREATE TABLE disposition (
  disp_cd char(3) PRIMARY KEY,
  descr text NOT NULL,
  disp_grp disp_group NOT NULL
);
CREATE TABLE customer (
  cust_no int PRIMARY KEY,
  full_nm text NOT NULL,
  city text NOT NULL,
  seg char(1) NOT NULL CHECK (seg IN ('P','S','C')),
  dnc boolean NOT NULL DEFAULT false,
  created_dt date NOT NULL
);
CREATE TABLE call_log (
  call_id bigint PRIMARY KEY,
  queue_id smallint NOT NULL REFERENCES queue,
  agt_id int REFERENCES agent,
  cust_no int REFERENCES customer,
  dir char(1) NOT NULL CHECK (dir IN ('I','O')),
  ts_in timestamptz NOT NULL,
  ts_answ timestamptz,
  talk_secs int,
  wrap_secs int,
  disp_cd char(3) REFERENCES disposition,
  csat smallint CHECK (csat BETWEEN 1 AND 5)
);
CREATE TABLE callback (
  cb_id int PRIMARY KEY,
  call_id bigint NOT NULL REFERENCES call_log,
  agt_id int NOT NULL REFERENCES agent,
  due_ts timestamptz NOT NULL,
  done_ts timestamptz,
  st smallint NOT NULL,
  tries smallint NOT NULL DEFAULT 0
);
COMMENT ON TABLE team IS 'Teams; a team sits at one site';
COMMENT ON COLUMN team.outsourced IS 'true = run by a partner company';
COMMENT ON COLUMN team.lead_agt_id IS 'Team leader (agent.agt_id); null = vacant';
COMMENT ON COLUMN agent.sup_agt_id IS 'Direct supervisor, also an agent; null at the top';
COMMENT ON COLUMN agent.emp_typ IS 'F=full-time, P=part-time, A=agency temp';
COMMENT ON COLUMN agent.left_dt IS 'Last working day; null while employed';
COMMENT ON COLUMN agent.rate_cents IS 'Gross pay per hour, euro cents';
COMMENT ON COLUMN queue.target_secs IS 'Service level: answer within this many seconds';
COMMENT ON COLUMN queue.retired_dt IS 'null = queue still in use';
COMMENT ON TABLE agent_queue IS 'Which agent may serve which queue';
COMMENT ON COLUMN agent_queue.lvl IS 'Skill: 1=trainee, 2=regular, 3=expert';
COMMENT ON COLUMN agent_queue.certified_dt IS 'null = not certified yet';
COMMENT ON TABLE disposition IS 'Wrap-up codes the agent sets after a call';
COMMENT ON COLUMN disposition.disp_grp IS 'dead = wrong number, prank, no speech';
COMMENT ON COLUMN customer.seg IS 'P=private, S=small business, C=corporate';
COMMENT ON COLUMN customer.dnc IS 'Do-not-call flag';
COMMENT ON TABLE call_log IS 'One row per call, inbound and outbound';
COMMENT ON COLUMN call_log.agt_id IS 'null when no agent took the call';
COMMENT ON COLUMN call_log.cust_no IS 'null = caller not identified';
COMMENT ON COLUMN call_log.dir IS 'I=inbound, O=outbound';
COMMENT ON COLUMN call_log.ts_in IS 'Call entered the queue (outbound: dialled)';
COMMENT ON COLUMN call_log.ts_answ IS 'null = never answered; an unanswered inbound call is an abandoned call';
COMMENT ON COLUMN call_log.talk_secs IS 'Talk time in seconds; null if not answered';
COMMENT ON COLUMN call_log.wrap_secs IS 'After-call work in seconds; null if not answered';
COMMENT ON COLUMN call_log.csat IS 'Survey score 1 (bad) to 5 (good); null = no survey';
COMMENT ON TABLE callback IS 'Call-backs promised to a customer during a call';
COMMENT ON COLUMN callback.agt_id IS 'Agent who has to call back';
COMMENT ON COLUMN callback.done_ts IS 'null unless reached or not reached';
COMMENT ON COLUMN callback.st IS '0=open, 1=reached, 2=not reached (given up), 3=cancelled';

CREATE FUNCTION pg_temp.h(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(s || '#' || g::text)::bigint) % n)::int $$;
CREATE FUNCTION pg_temp.sk(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power((abs(hashtext(s || '#' || g::text)::bigint) % 100000) / 100000.0, 1.7))::int $$;

INSERT INTO team VALUES (1,'Alder','Leeds',false,NULL),(2,'Birch','Leeds',false,NULL),(3,'Cedar','Wroclaw',false,NULL),(4,'Dogwood','Wroclaw',true,NULL),(5,'Elm','Leipzig',false,NULL),(6,'Fir','Leipzig',true,NULL),(7,'Ginkgo','Lille',true,NULL),(8,'Hazel','Leeds',false,NULL);
INSERT INTO agent SELECT g,
  (ARRAY['Amelia','Piotr','Jonas','Camille','Grace','Marek','Lena','Hugo','Owen','Zofia','Felix','Manon','Harriet','Tomasz','Klara','Louis','Callum','Agnieszka','Moritz','Chloe','Imogen','Jakub','Svenja','Theo','Rhys','Kinga','Anton','Elise','Nadia','Bartek'])[1+(g*7)%30],
  (ARRAY['Hartley','Kowalczyk','Brandt','Lefevre','Ashworth','Nowicki','Krause','Mercier','Pickering','Zielinski','Vogel','Garnier','Thornton','Mazur','Seidel','Roussel','Whitfield','Wrona','Lindner','Chevalier','Bradshaw','Sikora','Ebert','Faure','Holloway','Duda','Pohl','Marchand','Sutcliffe','Kaczmarek','Reuter'])[1+(g*11)%31],
  CASE WHEN g<=7 THEN g ELSE 1+pg_temp.sk(g,'team',7) END,
  CASE WHEN g=1 THEN NULL WHEN g<=7 THEN 1 ELSE 1+pg_temp.sk(g,'team',7) END,
  CASE WHEN g<=7 THEN 'F' ELSE (ARRAY['F','F','F','P','P','A'])[1+pg_temp.h(g,'emp',6)] END,
  CASE WHEN g<=7 THEN date '2022-01-10' + g*9 ELSE date '2022-02-01' + pg_temp.h(g,'hire',1500) END,
  CASE WHEN g>7 AND pg_temp.h(g,'left',5)=0 THEN date '2026-04-01' + pg_temp.h(g,'ld',210) END,
  1450 + pg_temp.h(g,'rate',60)*20 + CASE WHEN g<=7 THEN 150 + g*37 ELSE g END
FROM generate_series(1,64) g;
UPDATE team SET lead_agt_id = team_id WHERE team_id IN (1,2,3,5,6,7);
ALTER TABLE team ADD FOREIGN KEY (lead_agt_id) REFERENCES agent;
INSERT INTO queue VALUES (1,'Billing EN','en',30,NULL),(2,'Technical EN','en',60,NULL),(3,'Sales EN','en',20,NULL),(4,'Billing DE','de',30,NULL),(5,'Technical DE','de',60,NULL),(6,'Sales DE','de',20,NULL),(7,'Service FR','fr',45,NULL),(8,'Service PL','pl',45,NULL),(9,'Moving House EN','en',90,'2025-06-30'),(10,'Retention EN','en',40,NULL),(11,'Outbound Renewals','en',30,NULL),(12,'Fax Support DE','de',120,'2023-12-31'),(13,'Meter Readings PL','pl',90,'2025-12-31');
INSERT INTO agent_queue SELECT g, q, 1+pg_temp.h(g*50+q,'lvl',3), CASE WHEN pg_temp.h(g*50+q,'cert',4)>0 THEN date '2023-01-01'+pg_temp.h(g*50+q,'cd',1300) END
FROM generate_series(1,61) g, generate_series(1,13) q WHERE q<>12 AND pg_temp.h(g*50+q,'aq',100) < 32 - q;
INSERT INTO disposition VALUES ('S01','New contract sold','sale'),('S02','Upgrade sold','sale'),('S03','Offer sent','sale'),('V01','Invoice explained','service'),('V02','Address changed','service'),('V03','Fault report taken','service'),('V04','Password reset','service'),('V05','Meter reading recorded','service'),('C01','Complaint about bill','complaint'),('C02','Complaint about staff','complaint'),('C03','Complaint about waiting time','complaint'),('D01','Wrong number','dead'),('D02','Prank call','dead'),('D03','No speech','dead'),('V09','Transferred to branch','service');
INSERT INTO customer SELECT 40000+g*3,
  CASE WHEN pg_temp.h(g,'seg',10) < 6 THEN (ARRAY['Alice','Ben','Carla','Dieter','Emma','Fabien','Greta','Henryk','Isla','Jan','Kerstin','Luc','Marta','Nigel','Odile'])[1+g%15] || ' ' || (ARRAY['Frost','Weber','Dubois','Lis','Parker','Huber','Noel','Baran','Walsh','Keller','Petit','Krol','Finch'])[1+g%13]
  ELSE (ARRAY['Northgate','Silverline','Rhein','Atelier','Baltica','Moorland','Kestrel','Stadtwerk','Lumiere','Wisla','Beacon'])[1+g%11] || ' ' || (ARRAY['Dental','Logistics','Bakery','Hotels','Printing','Garage','Pharmacy'])[1+g%7] END,
  (ARRAY['Leeds','Hamburg','Manchester','Krakow','Lyon','Bristol','Dresden','Gdansk','Rennes','York'])[1+pg_temp.sk(g,'city',10)],
  CASE WHEN pg_temp.h(g,'seg',10) < 6 THEN 'P' WHEN pg_temp.h(g,'seg',10) < 9 THEN 'S' ELSE 'C' END,
  pg_temp.h(g,'dnc',9)=0, date '2022-01-15' + g*7
FROM generate_series(1,180) g;
INSERT INTO call_log
SELECT 700000+g, q, CASE WHEN ans OR dir='O' THEN 1+pg_temp.sk(g,'agt',60) END,
  CASE WHEN pg_temp.h(g,'anon',8)>0 THEN 40000+3*(1+pg_temp.sk(g,'cust',170)) END,
  dir, t, CASE WHEN ans THEN t + (3+pg_temp.sk(g,'wait',CASE WHEN q IN (2,5) THEN 200 ELSE 95 END)) * interval '1 second' END,
  CASE WHEN ans THEN 20+pg_temp.sk(g,'talk',CASE WHEN q IN (2,5) THEN 1900 WHEN q=10 THEN 1500 ELSE 1000 END) END,
  CASE WHEN ans THEN 5+pg_temp.sk(g,'wrap',240) END,
  CASE WHEN ans AND pg_temp.h(g,'nod',25)>0 THEN (ARRAY['V01','V03','V03','V04','S01','C01','V02','S03','C03','V05','S02','C02','D03','D01','D02'])[1+pg_temp.sk(g,'disp',15)] END,
  CASE WHEN ans AND pg_temp.h(g,'srv',3)=0 THEN 5-pg_temp.sk(g,'cs',5) END
FROM (SELECT g, CASE WHEN r>=12 THEN 13 ELSE r END q, CASE WHEN r=11 OR pg_temp.h(g,'dir',12)=0 THEN 'O' ELSE 'I' END dir, pg_temp.h(g,'ans',100) >= CASE WHEN r IN (2,5) THEN 17 ELSE 9 END ans, t
  FROM (SELECT g, CASE WHEN r=9 AND t>='2025-07-01' THEN 1 WHEN r>=12 AND t>='2026-01-01' THEN 8 ELSE r END r, t
    FROM (SELECT g, 1+pg_temp.sk(g,'q',13) r, timestamptz '2024-01-02 08:00' + ((g*1054/3200) * interval '1 day') + pg_temp.sk(g,'min',720) * interval '1 minute' + pg_temp.h(g,'sec',60) * interval '1 second' t FROM generate_series(1,3200) g) x
    WHERE extract(isodow FROM t) < 7) y) z;
INSERT INTO callback
SELECT 9000+row_number() OVER (ORDER BY call_id), call_id, agt_id, due, CASE WHEN st IN (1,2) THEN due + (pg_temp.h(k,'late',4000)-900) * interval '1 minute' END, st, CASE WHEN st=0 THEN pg_temp.h(k,'tr',3) WHEN st=3 THEN 0 WHEN st=2 THEN 3+pg_temp.h(k,'tr',4) ELSE 1+pg_temp.sk(k,'tr',4) END
FROM (SELECT call_id, agt_id, call_id::int k, ts_answ + (20+pg_temp.h(call_id::int,'due',100)) * interval '1 hour' due,
   CASE WHEN ts_in >= '2026-09-15' AND pg_temp.h(call_id::int,'o',3)>0 THEN 0 WHEN pg_temp.h(call_id::int,'st',10)<7 THEN 1 WHEN pg_temp.h(call_id::int,'st',10)<9 THEN 2 ELSE 3 END st
  FROM call_log WHERE ts_answ IS NOT NULL AND cust_no IS NOT NULL AND dir='I' AND pg_temp.h(call_id::int,'cb',5)=0) x;
