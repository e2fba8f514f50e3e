CREATE SCHEMA sales;
CREATE SCHEMA mkt;
CREATE TABLE sales.rep (
  rep_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  region text NOT NULL CHECK (region IN ('north','south','east','west')),
  manager_id int REFERENCES sales.rep,
  quota_eur numeric(12,2)
);
CREATE TABLE sales.account (
  account_id int PRIMARY KEY,
  account_name text NOT NULL UNIQUE,
  industry text NOT NULL,
  country char(2) NOT NULL,
  owner_rep_id int REFERENCES sales.rep,
  tier smallint NOT NULL,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE TABLE sales.contact (
  contact_id int PRIMARY KEY,
  account_id int NOT NULL REFERENCES sales.account,
  first_name text NOT NULL,
  last_name text NOT NULL,
  job_title text,
  buying_role char(1) CHECK (buying_role IN ('D','I','U'))
);
CREATE TABLE sales.stage (
  stage_no smallint PRIMARY KEY,
  stage_name text NOT NULL,
  win_pct smallint NOT NULL
);
CREATE TABLE mkt.campaign (
  campaign_id int PRIMARY KEY,
  campaign_name text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email','event','webinar','paid_search','social')),
  budget_eur numeric(10,2) NOT NULL,
  starts_on date NOT NULL,
  ends_on date
);
CREATE TABLE sales.opportunity (
  opp_id int PRIMARY KEY,
  account_id int NOT NULL REFERENCES sales.account,
  rep_id int NOT NULL REFERENCES sales.rep,
  title text NOT NULL,
  stage_no smallint NOT NULL REFERENCES sales.stage,
  amount_eur numeric(12,2),
  opened_on date NOT NULL,
  closed_on date,
  loss_reason text CHECK (loss_reason IN ('price','competitor','no_budget','timing','no_response')),
  campaign_id int REFERENCES mkt.campaign
);
CREATE TABLE sales.activity (
  activity_id bigint PRIMARY KEY,
  opp_id int NOT NULL REFERENCES sales.opportunity,
  contact_id int REFERENCES sales.contact,
  rep_id int NOT NULL REFERENCES sales.rep,
  kind smallint NOT NULL,
  happened_at timestamptz NOT NULL,
  minutes int
);
CREATE TABLE mkt.lead (
  lead_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  company text,
  source text NOT NULL CHECK (source IN ('web_form','trade_fair','referral','cold_call','partner')),
  campaign_id int REFERENCES mkt.campaign,
  state char(2) NOT NULL CHECK (state IN ('NW','WK','QL','DQ','CV')),
  score smallint,
  created_at timestamptz NOT NULL,
  account_id int REFERENCES sales.account
);
CREATE TABLE mkt.campaign_member (
  campaign_id int REFERENCES mkt.campaign,
  contact_id int REFERENCES sales.contact,
  responded_on date,
  PRIMARY KEY (campaign_id, contact_id)
);
COMMENT ON COLUMN sales.rep.quota_eur IS 'Yearly quota; null for managers without own quota';
COMMENT ON COLUMN sales.account.tier IS '1=strategic, 2=key, 3=standard';
COMMENT ON COLUMN sales.account.deleted_at IS 'soft delete, null = live';
COMMENT ON COLUMN sales.contact.buying_role IS 'D=decision maker, I=influencer, U=user, null=unknown';
COMMENT ON TABLE sales.stage IS 'Pipeline steps; 8 = won, 9 = lost, all others are open';
COMMENT ON COLUMN sales.stage.win_pct IS 'Probability of winning in percent';
COMMENT ON COLUMN sales.opportunity.amount_eur IS 'Deal value; null = not estimated yet';
COMMENT ON COLUMN sales.opportunity.closed_on IS 'Day won or lost; null while open';
COMMENT ON COLUMN sales.activity.kind IS '1=phone call, 2=e-mail, 3=meeting, 4=demo';
COMMENT ON COLUMN sales.activity.minutes IS 'null for e-mails';
COMMENT ON TABLE mkt.campaign_member IS 'Contacts targeted by a campaign';
COMMENT ON COLUMN mkt.campaign_member.responded_on IS 'null = no response';
COMMENT ON COLUMN mkt.campaign.ends_on IS 'null = runs until further notice';
COMMENT ON COLUMN mkt.lead.state IS 'NW=new, WK=being worked, QL=qualified, DQ=disqualified, CV=converted';
COMMENT ON COLUMN mkt.lead.score IS '0-100; null = not scored';
COMMENT ON COLUMN mkt.lead.account_id IS 'Account it was converted to';

CREATE FUNCTION pg_temp.h(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(s || '#' || g::text)::bigint) % n)::int $$;
CREATE FUNCTION pg_temp.sk(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power((abs(hashtext(s || '#' || g::text)::bigint) % 100000) / 100000.0, 1.6))::int $$;

INSERT INTO sales.rep SELECT g,
 (ARRAY['Helena','Marco','Ingrid','Pascal','Beatriz','Anders','Yvonne','Dimitri','Saskia','Rafael','Linnea','Gustav','Noemi','Cedric','Tamara','Elias','Vera','Joost','Paola','Mikkel','Ilse','Ruben','Greta','Stefan','Alina','Bruno','Katja','Oskar'])[g],
 (ARRAY['Lindqvist','Bianchi','Sorensen','Vasseur','Moreira','Dahl','Keller','Petrov','de Vries','Ortega','Holm','Berger','Conti'])[1+(g*5)%13],
 (ARRAY['north','south','east','west'])[CASE WHEN g IN (2,3,4,5) THEN g-1 ELSE 1+pg_temp.sk(g,'reg',4) END],
 CASE WHEN g=1 THEN NULL WHEN g<=5 THEN 1 ELSE 2+pg_temp.sk(g,'reg',4) END,
 CASE WHEN g<=3 THEN NULL ELSE 180000 + pg_temp.h(g,'quota',30)*20000 + g*500 END
FROM generate_series(1,28) g;
INSERT INTO sales.account SELECT g,
 (ARRAY['Aurora','Brightwater','Castell','Delta','Evergreen','Fjord','Granit','Hanse','Iberia','Jupiter','Kronos','Lumen','Meridian','Nordlicht'])[1+g%14] || ' ' || (ARRAY['Pharma','Energy','Foods','Logistics','Insurance','Robotics','Textiles','Media','Retail','Mining','Shipping'])[1+g%11] || CASE WHEN g>154 THEN ' II' ELSE '' END,
 (ARRAY['manufacturing','retail','energy','logistics','insurance','health care','public sector','media'])[1+pg_temp.sk(g,'ind',8)],
 (ARRAY['DE','NL','FR','IT','ES','SE','DK','AT','PL'])[1+pg_temp.sk(g,'ctry',9)],
 CASE WHEN pg_temp.h(g,'noown',14)>0 THEN 4+pg_temp.sk(g,'own',23) END,
 CASE WHEN pg_temp.h(g,'tier',10)=0 THEN 1 WHEN pg_temp.h(g,'tier',10)<4 THEN 2 ELSE 3 END,
 timestamptz '2022-01-11 09:15' + g * interval '9 days 5 hours',
 CASE WHEN pg_temp.h(g,'del',13)=0 THEN timestamptz '2026-02-03 16:40' + pg_temp.h(g,'dd',260) * interval '1 day' END
FROM generate_series(1,170) g;
INSERT INTO sales.contact SELECT g, 1+pg_temp.sk(g,'acc',168),
 (ARRAY['Anna','Bernd','Chiara','Daan','Elodie','Frida','Giulio','Hanna','Iker','Jens','Karin','Lars','Mireille','Nils','Olga','Pedro','Renate','Sven','Tilde'])[1+pg_temp.h(g,'fn',19)],
 (ARRAY['Albrecht','Bakker','Caruso','Dupont','Eriksson','Fuchs','Garcia','Hoekstra','Ivarsson','Jansen','Kruger','Larsen','Moreau','Neri','Olsen','Pawlak','Rossi','Schmitz','Torres','Ulrich','Wagner','Zimmer'])[1+pg_temp.h(g,'ln',22)],
 CASE WHEN pg_temp.h(g,'nj',12)>0 THEN (ARRAY['Head of Purchasing','IT Manager','Managing Director','Operations Manager','Buyer','Chief Financial Officer','Project Manager','Plant Manager'])[1+pg_temp.sk(g,'jt',8)] END,
 CASE WHEN pg_temp.h(g,'nr',5)>0 THEN (ARRAY['U','I','D'])[1+pg_temp.sk(g,'br',3)] END
FROM generate_series(1,300) g;
INSERT INTO sales.stage VALUES (1,'Prospecting',5),(2,'Needs analysis',15),(3,'Proposal sent',35),(4,'Negotiation',60),(5,'Verbal agreement',85),(8,'Won',100),(9,'Lost',0);
INSERT INTO mkt.campaign SELECT g, (ARRAY['Spring Launch','Efficiency Roadshow','Cloud Move','Winter Offer','Partner Day','Customer Stories','Security Week','Green Factory'])[1+g%8] || ' ' || (2022 + (g-1)/8),
 (ARRAY['email','webinar','event','paid_search','social'])[1+pg_temp.sk(g*3,'chan',5)], 4000 + pg_temp.h(g,'bud',46)*1000 + g*10, date '2022-02-01' + g*42,
 CASE WHEN g NOT IN (11,25,36,39) THEN date '2022-02-01' + g*42 + 20 + pg_temp.h(g,'len',70) END
FROM generate_series(1,39) g;
INSERT INTO sales.opportunity
SELECT 5000+g, a.account_id, 4+pg_temp.sk(g,'orep',24), (ARRAY['Licence renewal','Pilot project','Full rollout','Service contract','Hardware refresh','Training package'])[1+pg_temp.sk(g,'tit',6)] || ' ' || a.account_name, st,
 CASE WHEN st IN (1,2) AND pg_temp.h(g,'na',3)=0 THEN NULL ELSE 2500 + pg_temp.sk(g,'amt',1400)*150 + pg_temp.h(g,'am2',90) END, o,
 CASE WHEN st>=8 THEN least(o + 12 + pg_temp.sk(g,'cyc',210), date '2026-11-20') END,
 CASE WHEN st=9 AND pg_temp.h(g,'nlr',10)>0 THEN (ARRAY['price','competitor','no_response','timing','no_budget'])[1+pg_temp.sk(g,'lr',5)] END,
 CASE WHEN pg_temp.h(g,'hasc',5)<2 THEN 1+(g*38/820 + pg_temp.h(g,'cmp',3)) % 36 END
FROM (SELECT g, date '2022-04-01' + (g*1650/820) o, CASE WHEN g>690 AND pg_temp.h(g,'op',4)>0 THEN 1+pg_temp.h(g,'os',5) WHEN g>560 AND pg_temp.h(g,'op',9)=0 THEN 3+pg_temp.h(g,'os',3) WHEN pg_temp.h(g,'w',100)<43 THEN 8 ELSE 9 END st FROM generate_series(1,820) g) x
JOIN sales.account a ON a.account_id = 1 + pg_temp.sk(g,'oacc',160);
INSERT INTO sales.activity
SELECT row_number() OVER (ORDER BY o.opp_id, k), o.opp_id, (SELECT c.contact_id FROM sales.contact c WHERE c.account_id=o.account_id ORDER BY pg_temp.h(c.contact_id,'ac'||o.opp_id||k,1000) LIMIT 1),
 CASE WHEN pg_temp.h(o.opp_id*20+k,'hlp',6)=0 THEN 4+pg_temp.h(o.opp_id*20+k,'hr',24) ELSE o.rep_id END, kd,
 o.opened_on + pg_temp.h(o.opp_id*20+k,'day',greatest(1,least(coalesce(o.closed_on,date '2026-11-22')-o.opened_on,300))) * interval '1 day' + interval '8 hours' + pg_temp.sk(o.opp_id*20+k,'mn',600) * interval '1 minute',
 CASE kd WHEN 1 THEN 3+pg_temp.sk(o.opp_id*20+k,'du',45) WHEN 3 THEN 30+15*pg_temp.sk(o.opp_id*20+k,'du',9) WHEN 4 THEN 45+15*pg_temp.sk(o.opp_id*20+k,'du',6) END
FROM sales.opportunity o, generate_series(1,11) k, LATERAL (SELECT (ARRAY[1,2,3,4])[1+pg_temp.sk(o.opp_id*20+k,'kd',4)] kd) z
WHERE k <= pg_temp.sk(o.opp_id,'cnt',11);
INSERT INTO mkt.lead SELECT 100+g,
 (ARRAY['Aline','Boris','Carmen','Dirk','Eva','Finn','Gloria','Henk','Irina','Jorge','Kim','Lotte','Matteo','Nora','Otto','Pia','Quentin'])[1+g%17],
 (ARRAY['Andersen','Becker','Costa','Dijkstra','Engel','Fabre','Greco','Haas','Iversen','Jung','Koch','Lopez','Maier','Nielsen','Oster','Peeters','Romano','Sanchez','Thomsen'])[1+g%19],
 CASE WHEN pg_temp.h(g,'nc',9)>0 THEN (ARRAY['Altmark','Boreal','Corvus','Dunes','Echo','Falk','Gamma','Helix'])[1+pg_temp.h(g,'c1',8)] || ' ' || (ARRAY['Tools','Systems','Trading','Packaging','Clinics','Farms'])[1+pg_temp.h(g,'c2',6)] END,
 (ARRAY['web_form','trade_fair','referral','partner','cold_call'])[1+pg_temp.sk(g,'src',5)],
 CASE WHEN pg_temp.h(g,'lc',3)>0 THEN 1+(g*37/900 + pg_temp.h(g,'lcm',3)) % 37 END, st,
 CASE WHEN st<>'NW' OR pg_temp.h(g,'sc',2)=0 THEN CASE WHEN st IN ('CV','QL') THEN 45 ELSE 5 END + pg_temp.h(g,'scv',55) END,
 timestamptz '2022-03-01 07:30' + (g*1720/900) * interval '1 day' + pg_temp.h(g,'lm',700) * interval '1 minute',
 CASE WHEN st='CV' THEN 1+pg_temp.h(g,'la',165) END
FROM (SELECT g, CASE WHEN g>860 AND pg_temp.h(g,'ls',3)>0 THEN 'NW' WHEN g>800 AND pg_temp.h(g,'ls',2)=0 THEN 'WK' WHEN pg_temp.h(g,'l2',10)<2 THEN 'CV' WHEN pg_temp.h(g,'l2',10)<4 THEN 'QL' WHEN pg_temp.h(g,'l2',10)<5 THEN 'WK' ELSE 'DQ' END st FROM generate_series(1,900) g) x;
INSERT INTO mkt.campaign_member SELECT g, c, CASE WHEN pg_temp.h(g*400+c,'rs',100) < 12 + g%5*4 THEN date '2022-02-01' + g*42 + 1 + pg_temp.h(g*400+c,'rd',25) END
FROM generate_series(1,38) g, generate_series(1,292) c WHERE g<>17 AND pg_temp.h(g*400+c,'mem',100) < 6 + pg_temp.h(g,'sz',10);
