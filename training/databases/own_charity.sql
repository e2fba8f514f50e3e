CREATE FUNCTION pg_temp.u(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5($1),1,7))::bit(28)::int / 268435456.0::float8 $$;
CREATE FUNCTION pg_temp.pick(text[], text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1[1+floor(pg_temp.u($2)*cardinality($1))::int] $$;

CREATE TYPE pay_meth AS ENUM ('sepa','card','cash','paypal','cheque');
CREATE TABLE country (
  ctry_cd char(2) PRIMARY KEY,
  ctry_nm text NOT NULL,
  is_prog boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN country.is_prog IS 'true = programme country (we may run projects there)';
CREATE TABLE donor (
  donor_no int PRIMARY KEY,
  kind char(1) NOT NULL CHECK (kind IN ('I','O','F')),
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  org_nm text,
  city text NOT NULL,
  ctry_cd char(2) NOT NULL REFERENCES country,
  joined_on date NOT NULL,
  ref_by int REFERENCES donor,
  no_mail boolean NOT NULL DEFAULT false,
  del_on date
);
COMMENT ON TABLE donor IS 'supporters: private persons, companies, foundations';
COMMENT ON COLUMN donor.kind IS 'I = individual, O = company/organisation, F = foundation';
COMMENT ON COLUMN donor.first_nm IS 'for kind O and F: the contact person';
COMMENT ON COLUMN donor.org_nm IS 'null for individuals';
COMMENT ON COLUMN donor.ref_by IS 'donor who recruited this donor, null = came by himself';
COMMENT ON COLUMN donor.no_mail IS 'true = does not want post';
COMMENT ON COLUMN donor.del_on IS 'soft delete; null = active donor';
CREATE TABLE campaign (
  camp_id int PRIMARY KEY,
  title text NOT NULL,
  parent_id int REFERENCES campaign,
  chan char(2) NOT NULL CHECK (chan IN ('DM','EM','TV','ST','EV')),
  start_dt date NOT NULL,
  end_dt date,
  goal_eur numeric(10,2)
);
COMMENT ON TABLE campaign IS 'fundraising campaigns and their sub-campaigns';
COMMENT ON COLUMN campaign.parent_id IS 'main campaign; null = is a main campaign';
COMMENT ON COLUMN campaign.chan IS 'DM direct mail, EM e-mail, TV television, ST street, EV event';
COMMENT ON COLUMN campaign.end_dt IS 'null = open end';
COMMENT ON COLUMN campaign.goal_eur IS 'fundraising target, null = none set';
CREATE TABLE pledge (
  pledge_id int PRIMARY KEY,
  donor_no int NOT NULL REFERENCES donor,
  camp_id int NOT NULL REFERENCES campaign,
  amt_cents int NOT NULL,
  freq smallint NOT NULL CHECK (freq IN (1,3,12)),
  signed_on date NOT NULL,
  stopped_on date,
  stop_rsn char(2)
);
COMMENT ON TABLE pledge IS 'standing promises to give regularly';
COMMENT ON COLUMN pledge.amt_cents IS 'euro cents per instalment';
COMMENT ON COLUMN pledge.freq IS 'months between instalments: 1 monthly, 3 quarterly, 12 yearly';
COMMENT ON COLUMN pledge.stopped_on IS 'null while active';
COMMENT ON COLUMN pledge.stop_rsn IS 'FI financial, MV moved, DC deceased, UN unknown; null while active';
CREATE TABLE donation (
  don_id int PRIMARY KEY,
  donor_no int NOT NULL REFERENCES donor,
  camp_id int REFERENCES campaign,
  pledge_id int REFERENCES pledge,
  recv_at timestamptz NOT NULL,
  amt_cents int NOT NULL,
  meth pay_meth NOT NULL,
  st char(1) NOT NULL DEFAULT 'R' CHECK (st IN ('R','B','F'))
);
COMMENT ON COLUMN donation.camp_id IS 'null = unsolicited';
COMMENT ON COLUMN donation.pledge_id IS 'null = one-off gift';
COMMENT ON COLUMN donation.amt_cents IS 'euro cents';
COMMENT ON COLUMN donation.st IS 'R = received, B = bounced, F = refunded';
CREATE TABLE project (
  proj_id int PRIMARY KEY,
  proj_nm text NOT NULL,
  theme char(3) NOT NULL CHECK (theme IN ('WAT','EDU','HLT','EMG','AGR')),
  ctry_cd char(2) NOT NULL REFERENCES country,
  started_on date NOT NULL,
  closed_on date,
  budget_eur numeric(12,2) NOT NULL
);
COMMENT ON COLUMN project.theme IS 'WAT water, EDU education, HLT health, EMG emergency aid, AGR agriculture';
COMMENT ON COLUMN project.closed_on IS 'null while running';
CREATE TABLE camp_proj (
  camp_id int REFERENCES campaign,
  proj_id int REFERENCES project,
  share_pct numeric(5,2) NOT NULL,
  PRIMARY KEY (camp_id, proj_id)
);
COMMENT ON TABLE camp_proj IS 'which projects a campaign raises money for';
COMMENT ON COLUMN camp_proj.share_pct IS 'percent of the campaign income that goes to the project';
CREATE TABLE grant_award (
  grant_no int PRIMARY KEY,
  proj_id int NOT NULL REFERENCES project,
  partner text NOT NULL,
  st smallint NOT NULL CHECK (st BETWEEN 1 AND 5),
  awarded_on date,
  amt_eur numeric(10,2) NOT NULL,
  rpt_due date,
  rpt_recv date
);
COMMENT ON TABLE grant_award IS 'grants to local partner organisations';
COMMENT ON COLUMN grant_award.st IS '1 applied, 2 approved, 3 paid out, 4 rejected, 5 cancelled';
COMMENT ON COLUMN grant_award.awarded_on IS 'day of approval, null if never approved';
COMMENT ON COLUMN grant_award.rpt_due IS 'final report due, only for paid grants';
COMMENT ON COLUMN grant_award.rpt_recv IS 'final report received, null = not yet';

INSERT INTO country VALUES ('DE','Germany',false),('AT','Austria',false),('CH','Switzerland',false),('FR','France',false),('NL','Netherlands',false),('KE','Kenya',true),('NP','Nepal',true),('BD','Bangladesh',true),('PE','Peru',true),('ET','Ethiopia',true),('ML','Mali',true),('UG','Uganda',true),('HN','Honduras',true),('LB','Lebanon',true),('TD','Chad',true);

INSERT INTO donor
SELECT g, k, f, l,
  CASE k WHEN 'O' THEN l||' '||pg_temp.pick(ARRAY['Logistics','Printing','Bakery','Consulting','Electric','Pharmacy','Garden Centre','Software'],'o'||g)||' Ltd' WHEN 'F' THEN l||' Foundation' END,
  (ARRAY['Berlin','Hamburg','Munich','Vienna','Cologne','Zurich','Leipzig','Graz','Dresden','Basel','Lyon','Utrecht'])[ci],
  (ARRAY['DE','DE','DE','AT','DE','CH','DE','AT','DE','CH','FR','NL'])[ci],
  j, CASE WHEN g > 8 AND pg_temp.u('r'||g) < 0.32 THEN 1+floor(power(pg_temp.u('rr'||g),2)*(g-1))::int END,
  pg_temp.u('nm'||g) < 0.17, CASE WHEN pg_temp.u('del'||g) < 0.08 THEN j + 40 + floor(pg_temp.u('dd'||g)*260)::int END
FROM (SELECT g, CASE WHEN pg_temp.u('k'||g) < 0.78 THEN 'I' WHEN pg_temp.u('k'||g) < 0.92 THEN 'O' ELSE 'F' END k,
  pg_temp.pick(ARRAY['Anna','Lukas','Maria','Jonas','Sophie','Peter','Claudia','Markus','Elena','Thomas','Nina','Stefan','Ingrid','Paul','Katrin','Felix','Renate','Oliver','Laura','Georg','Miriam','Hannes','Birgit','David','Lea','Martin','Petra','Simon','Eva','Ralf','Julia','Karl','Sabine','Tim','Helga','Moritz'],'f'||g) f,
  pg_temp.pick(ARRAY['Bauer','Hartmann','Keller','Lindner','Vogel','Brandt','Steiner','Gruber','Huber','Wagner','Moser','Frank','Seidel','Lorenz','Albrecht','Winkler','Pohl','Kramer','Busch','Ziegler','Ernst','Horn','Dietrich','Engel','Sommer','Jansen','Roth','Berger','Kuhn','Arnold','Graf','Thiel','Voss','Haas','Schreiber','Noack','Pfeiffer','Riedel'],'l'||g) l,
  1+floor(12*power(pg_temp.u('c'||g),1.6))::int ci, date '2022-01-03' + floor(pg_temp.u('j'||g)*1500)::int j
  FROM generate_series(1,260) g) x;

INSERT INTO campaign VALUES
(1,'Clean Water Appeal 2022',NULL,'DM','2022-02-01','2022-05-31',80000),(2,'Clean Water Street Team',1,'ST','2022-03-01','2022-08-31',45000),(3,'Clean Water Newsletter',1,'EM','2022-02-15','2022-05-31',15000),
(4,'Christmas Giving 2022',NULL,'TV','2022-11-15','2022-12-31',150000),(5,'Earthquake Relief Nepal',NULL,'TV','2023-02-10','2023-06-30',120000),(6,'Run for Schools 2023',NULL,'EV','2023-05-01','2023-06-15',20000),
(7,'Monthly Heroes',NULL,'ST','2023-01-09',NULL,300000),(8,'Monthly Heroes Online',7,'EM','2023-03-01',NULL,90000),(9,'Christmas Giving 2023',NULL,'DM','2023-11-13','2023-12-31',140000),
(10,'Christmas Mailing for Firms',9,'DM','2023-11-20','2023-12-22',30000),(11,'Spring Gala 2024',NULL,'EV','2024-04-12','2024-04-30',60000),(12,'Clinics on Wheels',NULL,'TV','2024-06-03','2024-10-31',110000),
(13,'Clinics on Wheels Postcards',12,'DM','2024-06-20','2024-09-30',12000),(14,'Seeds of Hope',NULL,'EM','2024-03-04','2024-07-31',25000),(15,'Run for Schools 2024',NULL,'EV','2024-05-06','2024-06-17',24000),
(16,'Christmas Giving 2024',NULL,'DM','2024-11-11','2024-12-31',145000),(17,'Flood Aid Bangladesh',NULL,'TV','2025-07-08','2025-11-30',95000),(18,'Legacy Circle',NULL,'DM','2025-01-15',NULL,NULL),
(19,'Run for Schools 2025',NULL,'EV','2025-05-05','2025-06-16',28000),(20,'Christmas Giving 2025',NULL,'TV','2025-11-10','2025-12-31',160000),(21,'Classroom Kits',NULL,'EM','2026-02-02',NULL,35000),(22,'Autumn Lottery 2026',NULL,'EV','2026-09-01',NULL,NULL);

INSERT INTO pledge
SELECT g, d.donor_no, c.camp_id, a, f, s, CASE WHEN x.stp <= date '2026-11-20' THEN stp END, CASE WHEN x.stp <= date '2026-11-20' THEN (ARRAY['FI','FI','FI','UN','UN','MV','DC'])[1+floor(pg_temp.u('sr'||g)*7)::int] END
FROM generate_series(1,180) g
JOIN donor d ON d.donor_no = 1+floor(power(pg_temp.u('pd'||g),1.3)*210)::int
JOIN campaign c ON c.camp_id = CASE WHEN pg_temp.u('pc'||g) < 0.34 THEN 7 WHEN pg_temp.u('pc'||g) < 0.46 THEN 8 ELSE 1+floor(pg_temp.u('pcc'||g)*20)::int END
CROSS JOIN LATERAL (SELECT (CASE WHEN d.kind='I' THEN ARRAY[500,1000,1000,1500,2000,2500,3000,5000] ELSE ARRAY[5000,7500,10000,12500,15000,25000,30000,40000] END)[1+floor(pg_temp.u('pa'||g)*8)::int] a,
  CASE WHEN pg_temp.u('pf'||g)<0.63 THEN 1 WHEN pg_temp.u('pf'||g)<0.83 THEN 3 ELSE 12 END f, GREATEST(d.joined_on,c.start_dt)+floor(pg_temp.u('ps'||g)*60)::int s) y
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.u('px'||g)<0.42 THEN s+60+floor(pg_temp.u('py'||g)*600)::int END stp) x;

INSERT INTO donation
SELECT row_number() OVER (ORDER BY d0, k)::int, donor_no, camp_id, pledge_id,
  (d0::timestamp + make_interval(hours=>7+floor(15*pg_temp.u('h'||k))::int, mins=>floor(60*pg_temp.u('mi'||k))::int)) AT TIME ZONE 'UTC',
  a, m::pay_meth, CASE WHEN pg_temp.u('st'||k)<0.045 THEN 'B' WHEN pg_temp.u('st'||k)<0.065 THEN 'F' ELSE 'R' END
FROM (
 SELECT p.donor_no, p.camp_id, p.pledge_id, t.d::date d0, p.amt_cents a, CASE WHEN pg_temp.u('m'||p.pledge_id)<0.75 THEN 'sepa' WHEN pg_temp.u('m'||p.pledge_id)<0.92 THEN 'card' ELSE 'paypal' END m, 'p'||p.pledge_id||'/'||t.n k
 FROM pledge p CROSS JOIN LATERAL generate_series(p.signed_on::timestamp, COALESCE(p.stopped_on, date '2026-11-20')::timestamp, make_interval(months=>p.freq)) WITH ORDINALITY t(d,n)
 UNION ALL
 SELECT d.donor_no, c.camp_id, NULL, CASE WHEN c.camp_id IS NULL THEN d.joined_on+floor(pg_temp.u('od'||g)*(date '2026-11-22'-d.joined_on))::int ELSE c.start_dt+floor(pg_temp.u('od'||g)*(COALESCE(c.end_dt,date '2026-11-20')-c.start_dt+1))::int END,
  CASE WHEN d.kind='I' THEN (ARRAY[1000,2000,2500,3000,5000,5000,7500,10000,15000,25000])[1+floor(10*pg_temp.u('oa'||g))::int] + CASE WHEN pg_temp.u('ob'||g)<0.2 THEN floor(pg_temp.u('oc'||g)*1900)::int ELSE 0 END ELSE 10000+2500*floor(power(pg_temp.u('oa'||g),3)*400)::int END,
  pg_temp.pick(ARRAY['card','card','card','paypal','paypal','sepa','sepa','sepa','cash','cheque'],'om'||g), 'o'||g
 FROM generate_series(1,950) g JOIN donor d ON d.donor_no = 1+floor(power(pg_temp.u('on'||g),1.5)*250)::int
 LEFT JOIN campaign c ON c.camp_id = CASE WHEN pg_temp.u('ox'||g) < 0.72 THEN 1+floor(pg_temp.u('oy'||g)*21)::int END
) z;

INSERT INTO project VALUES
(1,'Wells for Turkana','WAT','KE','2022-02-01','2024-06-30',185000),(2,'Kisumu Girls School','EDU','KE','2022-04-01',NULL,240000),(3,'Mobile Clinic Marsabit','HLT','KE','2024-07-01',NULL,310000),
(4,'Gorkha School Rebuild','EDU','NP','2023-04-01','2025-12-31',275000),(5,'Nepal Earthquake Shelters','EMG','NP','2023-02-15','2023-12-15',130000),(6,'Mountain Springs Lamjung','WAT','NP','2024-01-15',NULL,98000),
(7,'Sylhet Flood Relief','EMG','BD','2025-07-10','2026-03-31',142000),(8,'Floating Schools','EDU','BD','2023-09-01',NULL,155000),(9,'Arsenic Free Wells','WAT','BD','2022-06-01','2025-05-31',168000),
(10,'Cusco Weavers Training','EDU','PE','2022-09-01','2024-08-31',72000),(11,'Andean Seed Bank','AGR','PE','2024-04-01',NULL,88000),(12,'Rural Midwives Puno','HLT','PE','2023-03-01',NULL,117000),
(13,'Tigray Emergency Kits','EMG','ET','2022-03-01','2023-02-28',205000),(14,'Drip Irrigation Oromia','AGR','ET','2023-01-15',NULL,190000),(15,'School Meals Addis','EDU','ET','2024-09-01',NULL,133000),
(16,'Mopti Millet Programme','AGR','ML','2022-05-01','2025-04-30',101000),(17,'Bamako Eye Clinic','HLT','ML','2024-02-01',NULL,164000),(18,'Gulu Beekeepers','AGR','UG','2023-06-01',NULL,47000),
(19,'Kampala Youth Workshops','EDU','UG','2022-10-01','2025-09-30',112000),(20,'Lake Victoria Sanitation','WAT','UG','2025-03-01',NULL,221000),(21,'Malaria Nets Gulu','HLT','UG','2024-05-01','2025-10-31',59000),
(22,'Coffee Cooperative Copan','AGR','HN','2023-08-01',NULL,83000),(23,'Hurricane Shelters Choloma','EMG','HN','2022-11-20','2023-11-30',94000),(24,'Clinic Boat La Mosquitia','HLT','HN','2025-02-01',NULL,126000),
(25,'Lalibela Reading Rooms','EDU','ET','2026-04-01',NULL,54000),(26,'Rainwater Tanks Kayes','WAT','ML','2026-06-15',NULL,76000);

INSERT INTO camp_proj
SELECT camp_id, proj_id, round((100.0*w/sum(w) OVER (PARTITION BY camp_id))::numeric,2)
FROM (SELECT c.camp_id, p.proj_id, 1+floor(5*pg_temp.u('w'||c.camp_id||'-'||p.proj_id))::int w FROM campaign c, project p
 WHERE c.camp_id < 22 AND p.proj_id < 26 AND pg_temp.u('cp'||c.camp_id||'-'||p.proj_id) < 0.16) x;

INSERT INTO grant_award
SELECT g, p.proj_id, pg_temp.pick(ARRAY['Maji Safi Trust','Maji Safi Trust','Nepal Rural Health Society','Water for All Dhaka','Yachay Wasi','Oromia Farmers Union','Sahel Women Network','Sahel Women Network','Gulu Development Forum','Manos Unidas Copan','Hope Bridge','Hope Bridge','Hope Bridge','Village Water Initiative','Barefoot Teachers','Healing Hands'],'gp'||g), st,
 CASE WHEN st IN (2,3,5) THEN aw END, round((2000+pg_temp.u('ga'||g)*28000)::numeric/50)*50 + CASE WHEN g%7=0 THEN 12.5 ELSE 0 END,
 CASE WHEN st=3 THEN aw+365 END, CASE WHEN st=3 AND pg_temp.u('gr'||g)<0.75 AND aw+365-40+floor(pg_temp.u('gd'||g)*110)::int <= date '2026-11-20' THEN aw+365-40+floor(pg_temp.u('gd'||g)*110)::int END
FROM generate_series(1,240) g JOIN project p ON p.proj_id = 1+floor(power(pg_temp.u('gj'||g),1.2)*24)::int
CROSS JOIN LATERAL (SELECT (ARRAY[3,3,3,3,3,3,2,2,1,1,4,4,5])[1+floor(13*pg_temp.u('gs'||g))::int] st, p.started_on+10+floor(pg_temp.u('gw'||g)*(LEAST(COALESCE(p.closed_on,date '2026-11-01'),date '2026-11-01')-p.started_on-20))::int aw) x;
