CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(md5(s))::bigint + 2147483648) % n)::int $$;
CREATE FUNCTION pg_temp.sk(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power(pg_temp.h(s, 10000) / 10000.0, 1.7))::int $$;

CREATE TABLE hd_team (team_id serial PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, tier smallint NOT NULL CHECK (tier IN (1,2,3)), office varchar(30) NOT NULL);
INSERT INTO hd_team (name, tier, office) VALUES ('Service Desk',1,'Dublin'),('Desktop Support',2,'Dublin'),('Network Operations',2,'Leeds'),('Identity & Access',2,'Gdansk'),('Business Apps',2,'Gdansk'),('Server Platform',3,'Leeds'),('Security Response',3,'Toronto'),('Print & Devices',1,'Toronto'),('Database Admins',3,'Gdansk');

CREATE TABLE hd_agent (agent_id int PRIMARY KEY, first_name varchar(30) NOT NULL, last_name varchar(30) NOT NULL, manager_id int REFERENCES hd_agent, hired_on date NOT NULL, left_on date, contractor boolean NOT NULL DEFAULT false, skills text[] NOT NULL DEFAULT '{}');
COMMENT ON TABLE hd_agent IS 'IT staff working on tickets';
COMMENT ON COLUMN hd_agent.left_on IS 'null = still with us';
INSERT INTO hd_agent
SELECT 300+g, (ARRAY['Aoife','Bartek','Ciara','Dmitri','Eoin','Fatima','Gosia','Hamish','Isla','Jakub','Kasia','Liam','Magda','Neve','Oscar','Priya','Rory','Sinead','Tomasz','Uma'])[1+g%20], (ARRAY['Byrne','Cullen','Dabrowski','Ellis','Fraser','Gallagher','Hughes','Iqbal','Jankowska','Kerr','Lynch','Mazur','Nolan'])[1+(g*3+g/20)%13],
 CASE WHEN g = 1 THEN NULL WHEN g <= 5 THEN 301 ELSE 302 + pg_temp.sk('mg'||g,4) END, '2022-01-10'::date + pg_temp.sk('hi'||g,1500), CASE WHEN g > 5 AND pg_temp.h('lf'||g,8)=0 THEN '2026-04-01'::date + pg_temp.h('lfd'||g,200) END, g > 5 AND pg_temp.h('co'||g,4)=0,
 (ARRAY['windows','macos','linux','networking','sql','azure'])[1+pg_temp.h('s1'||g,3):3+pg_temp.h('s1'||g,3)]
FROM generate_series(1,42) g;

CREATE TABLE hd_agent_team (agent_id int NOT NULL REFERENCES hd_agent, team_id int NOT NULL REFERENCES hd_team, is_lead boolean NOT NULL DEFAULT false, PRIMARY KEY (agent_id, team_id));
INSERT INTO hd_agent_team SELECT agent_id, team_id, row_number() OVER (PARTITION BY team_id ORDER BY agent_id) = 1 FROM
 (SELECT agent_id, 1 + pg_temp.sk('t1'||agent_id,9) team_id FROM hd_agent UNION SELECT agent_id, 1 + pg_temp.sk('t2'||agent_id,9) FROM hd_agent WHERE pg_temp.h('t2x'||agent_id,5) < 2 ) s WHERE agent_id <> 301;

CREATE TABLE hd_category (cat_id int PRIMARY KEY, name varchar(40) NOT NULL, parent_id int REFERENCES hd_category);
INSERT INTO hd_category VALUES (1,'Hardware',NULL),(2,'Software',NULL),(3,'Network',NULL),(4,'Access',NULL),(10,'Laptop fault',1),(11,'Printer jam',1),(12,'Docking station',1),(13,'New equipment',1),(20,'Installation request',2),(21,'Application crash',2),(22,'Licence',2),(23,'Email',2),(30,'VPN',3),(31,'Wi-Fi',3),(32,'Slow connection',3),(40,'Password reset',4),(41,'New account',4),(42,'Shared folder',4),(43,'Smart card',4);

CREATE TABLE hd_sla (prio smallint PRIMARY KEY, label varchar(20) NOT NULL, respond_min int NOT NULL, resolve_min int NOT NULL);
COMMENT ON TABLE hd_sla IS 'Targets per priority, minutes from opening (clock runs 24x7)';
INSERT INTO hd_sla VALUES (1,'Critical',15,240),(2,'High',60,480),(3,'Normal',240,2880),(4,'Low',480,7200);

CREATE TABLE hd_user (user_id int PRIMARY KEY, first_name varchar(30) NOT NULL, last_name varchar(30) NOT NULL, dept varchar(30) NOT NULL, site varchar(30) NOT NULL, vip boolean NOT NULL DEFAULT false);
COMMENT ON TABLE hd_user IS 'Employees who can open tickets';
INSERT INTO hd_user SELECT 5000+g, (ARRAY['Adam','Beth','Carl','Dora','Evan','Faye','Glen','Hope','Ivan','Jill','Kurt','Lena','Mark','Nina','Owen','Pia','Ralf','Sara','Theo','Ursula','Vic'])[1+g%21], (ARRAY['Archer','Bishop','Carter','Dixon','Emerson','Finch','Gardner','Harper','Ingram','Jarvis','Knox','Lambert','Mercer','Norris','Osborne','Parsons'])[1+(g*3+g/21)%16], (ARRAY['Sales','Finance','Engineering','Warehouse','Marketing','HR','Legal'])[1+pg_temp.sk('de'||g,7)], (ARRAY['Dublin','Leeds','Toronto','Gdansk','Remote'])[1+pg_temp.sk('us'||g,5)], pg_temp.h('vi'||g,15)=0 FROM generate_series(1,210) g;

CREATE TABLE hd_asset (asset_tag varchar(10) PRIMARY KEY, kind varchar(10) NOT NULL CHECK (kind IN ('laptop','desktop','monitor','phone','printer')), model varchar(40) NOT NULL, user_id int REFERENCES hd_user, state varchar(10) NOT NULL CHECK (state IN ('in_use','stock','repair','scrapped')), bought_on date NOT NULL, warranty_end date, price numeric(9,2) NOT NULL, specs jsonb);
COMMENT ON COLUMN hd_asset.user_id IS 'holder; null unless in use';
COMMENT ON COLUMN hd_asset.price IS 'purchase price, EUR';
COMMENT ON COLUMN hd_asset.warranty_end IS 'null = bought without warranty';
COMMENT ON COLUMN hd_asset.specs IS 'laptops and desktops only: {"ram_gb": number, "os": text}';
INSERT INTO hd_asset SELECT 'A-'||(2000+g), kind, CASE kind WHEN 'laptop' THEN (ARRAY['Nordbook 14','Nordbook 15 Pro','Stratus X1'])[1+pg_temp.sk('mo'||g,3)] WHEN 'desktop' THEN (ARRAY['Tower M5','Mini Z2'])[1+g%2] WHEN 'monitor' THEN (ARRAY['ViewLine 24','ViewLine 27','ViewLine 34 Curved'])[1+pg_temp.sk('mo'||g,3)] WHEN 'phone' THEN (ARRAY['Pebble 8','Pebble 9'])[1+pg_temp.sk('mo'||g,2)] ELSE 'JetPress 400' END,
 CASE WHEN st='in_use' THEN 5001 + pg_temp.h('au'||g,195) END, st, d, CASE WHEN pg_temp.h('wa'||g,9) > 0 THEN (d + make_interval(years => CASE kind WHEN 'phone' THEN 2 ELSE 3 END))::date END,
 (CASE kind WHEN 'laptop' THEN 1100 WHEN 'desktop' THEN 780 WHEN 'monitor' THEN 240 WHEN 'phone' THEN 420 ELSE 1600 END) + pg_temp.h('pr'||g,350) + 0.9,
 CASE WHEN kind IN ('laptop','desktop') THEN jsonb_build_object('ram_gb',(ARRAY[16,8,32,64])[1+pg_temp.sk('ra'||g,4)],'os',(ARRAY['Windows 11','macOS','Windows 10','Ubuntu'])[1+pg_temp.sk('so'||g,4)]) END
FROM (SELECT g, (ARRAY['laptop','monitor','phone','desktop','printer'])[1+pg_temp.sk('ki'||g,5)] kind, CASE WHEN pg_temp.h('as'||g,20) < 13 THEN 'in_use' WHEN pg_temp.h('as'||g,20) < 17 THEN 'stock' WHEN pg_temp.h('as'||g,20) = 17 THEN 'repair' ELSE 'scrapped' END st, '2022-02-01'::date + pg_temp.h('bo'||g,1740) d FROM generate_series(1,290) g) s;

CREATE TABLE hd_ticket (ticket_id int PRIMARY KEY, user_id int NOT NULL REFERENCES hd_user, asset_tag varchar(10) REFERENCES hd_asset, cat_id int NOT NULL REFERENCES hd_category, team_id int NOT NULL REFERENCES hd_team, agent_id int REFERENCES hd_agent, prio smallint NOT NULL REFERENCES hd_sla, state varchar(12) NOT NULL CHECK (state IN ('new','in_progress','waiting','resolved','closed','cancelled')), opened_at timestamptz NOT NULL, first_reply_at timestamptz, resolved_at timestamptz);
COMMENT ON COLUMN hd_ticket.state IS 'new, in_progress and waiting are open; resolved and closed are done';
COMMENT ON COLUMN hd_ticket.agent_id IS 'null while nobody is assigned';
COMMENT ON COLUMN hd_ticket.resolved_at IS 'null unless resolved or closed';
INSERT INTO hd_ticket
SELECT 40000+g, u, CASE WHEN cat < 20 AND pg_temp.h('ta'||g,3) > 0 THEN 'A-'||(2001+pg_temp.sk('tas'||g,250)) END, cat,
 CASE WHEN cat IN (11) THEN 8 WHEN cat < 20 THEN 1 + g%2 WHEN cat < 30 THEN (ARRAY[1,5,9])[1+pg_temp.sk('tt'||g,3)] WHEN cat < 40 THEN (ARRAY[3,1,6])[1+pg_temp.sk('tt'||g,3)] ELSE (ARRAY[1,4,7])[1+pg_temp.sk('tt'||g,3)] END,
 CASE WHEN st = 'new' OR (st = 'cancelled' AND g%2=0) THEN NULL ELSE 302 + pg_temp.sk('ag'||g,39) END, prio, st, t,
 CASE WHEN st = 'new' OR st = 'cancelled' AND g%2=0 THEN NULL ELSE t + make_interval(mins => 2 + pg_temp.sk('fr'||g, (ARRAY[25,90,300,700])[prio])) END,
 CASE WHEN st IN ('resolved','closed') THEN t + make_interval(mins => (ARRAY[26,95,310,710])[prio] + pg_temp.sk('re'||g,(ARRAY[400,900,5200,12000])[prio])) END
FROM (SELECT g, 5001 + pg_temp.sk('tu'||g,200) u, (ARRAY[40,30,21,10,31,20,11,23,41,42,22,12,13,32])[1+pg_temp.sk('ca'||g,14)] cat, (ARRAY[3,4,2,1])[1+pg_temp.sk('pr'||g,4)]::int prio,
  CASE WHEN pg_temp.h('st'||g,24)=0 THEN 'cancelled' WHEN g > 1330 AND pg_temp.h('st'||g,24) < 9 THEN 'new' WHEN g > 1310 AND pg_temp.h('st'||g,24) < 14 THEN 'in_progress' WHEN g > 1200 AND pg_temp.h('st'||g,24) < 4 THEN 'waiting' WHEN g > 1290 THEN 'resolved' ELSE 'closed' END st,
  '2023-01-02 07:00+00'::timestamptz + make_interval(days => g*1415/1400 + CASE WHEN extract(isodow FROM '2023-01-02'::date + g*1415/1400) > 5 AND pg_temp.h('we'||g,6) > 0 THEN 2 ELSE 0 END, mins => pg_temp.sk('mi'||g,720)) t FROM generate_series(1,1400) g) s;

CREATE TABLE hd_survey (ticket_id int PRIMARY KEY REFERENCES hd_ticket, score smallint NOT NULL CHECK (score BETWEEN 1 AND 5), remark text, sent_in date NOT NULL);
COMMENT ON TABLE hd_survey IS 'Satisfaction answers for finished tickets, 5 = very happy, 1 = very unhappy';
INSERT INTO hd_survey SELECT ticket_id, (ARRAY[5,4,3,2,1])[1+pg_temp.sk('sc'||ticket_id||'x'||agent_id%3,5)], CASE WHEN pg_temp.h('rm'||ticket_id,4)=0 THEN (ARRAY['Fast and friendly','Had to explain twice','Took far too long','Great help, thank you','Problem came back','Very slow reply'])[1+pg_temp.h('rk'||ticket_id,6)] END, resolved_at::date + pg_temp.h('sd'||ticket_id,5) FROM hd_ticket WHERE state IN ('closed','resolved') AND pg_temp.h('su'||ticket_id,5) < 2;
