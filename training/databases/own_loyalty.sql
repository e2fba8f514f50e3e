CREATE FUNCTION pg_temp.rnd(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,8))::bit(32)::bigint / 4294967296.0 $$;
CREATE SCHEMA ref;
CREATE TYPE partner_kind AS ENUM ('airline','hotel','car_rental','bank','retail');
CREATE TYPE reward_category AS ENUM ('flight','upgrade','hotel_night','voucher','merchandise','charity');

CREATE TABLE ref.tier (
  tier_code char(1) PRIMARY KEY,
  tier_name text NOT NULL UNIQUE,
  qualifying_points int NOT NULL,
  bonus_pct smallint NOT NULL,
  lounge_access boolean NOT NULL
);
CREATE TABLE ref.benefit (
  benefit_id smallint PRIMARY KEY,
  benefit_name text NOT NULL,
  at_airport boolean NOT NULL
);
CREATE TABLE ref.tier_benefit (
  tier_code char(1) NOT NULL REFERENCES ref.tier,
  benefit_id smallint NOT NULL REFERENCES ref.benefit,
  uses_per_year smallint,
  PRIMARY KEY (tier_code, benefit_id)
);
CREATE TABLE member (
  member_id int PRIMARY KEY,
  card_no text NOT NULL UNIQUE,
  first_name text NOT NULL,
  last_name text NOT NULL,
  country char(2) NOT NULL,
  joined_on date NOT NULL,
  tier_code char(1) NOT NULL REFERENCES ref.tier,
  referred_by int REFERENCES member(member_id),
  email_opt_in boolean NOT NULL,
  closed_on date
);
CREATE TABLE partner (
  partner_id int PRIMARY KEY,
  partner_name text NOT NULL,
  kind partner_kind NOT NULL,
  country char(2) NOT NULL,
  points_per_100 smallint NOT NULL,
  contract_ends_on date
);
CREATE TABLE point_txn (
  txn_id int PRIMARY KEY,
  member_id int NOT NULL REFERENCES member,
  partner_id int REFERENCES partner,
  txn_type char(2) NOT NULL CHECK (txn_type IN ('FL','PA','BO','RD','EX','AD')),
  points int NOT NULL,
  spend_cents int,
  posted_at timestamptz NOT NULL,
  is_reversed boolean NOT NULL DEFAULT false
);
CREATE TABLE reward (
  reward_id int PRIMARY KEY,
  reward_name text NOT NULL,
  category reward_category NOT NULL,
  points_cost int NOT NULL,
  partner_id int REFERENCES partner,
  withdrawn_on date
);
CREATE TABLE redemption (
  redemption_id int PRIMARY KEY,
  member_id int NOT NULL REFERENCES member,
  reward_id int NOT NULL REFERENCES reward,
  points_used int NOT NULL,
  copay_cents int NOT NULL DEFAULT 0,
  requested_at timestamptz NOT NULL,
  status smallint NOT NULL CHECK (status IN (0,1,2,3,9)),
  fulfilled_at timestamptz
);
CREATE TABLE tier_history (
  member_id int NOT NULL REFERENCES member,
  tier_code char(1) NOT NULL REFERENCES ref.tier,
  valid_from date NOT NULL,
  valid_to date,
  PRIMARY KEY (member_id, valid_from)
);
CREATE VIEW member_balance AS SELECT member_id, sum(points) AS balance FROM point_txn WHERE NOT is_reversed GROUP BY member_id;

COMMENT ON TABLE ref.tier IS 'status levels of the frequent flyer programme';
COMMENT ON COLUMN ref.tier.qualifying_points IS 'points needed in a calendar year';
COMMENT ON COLUMN ref.tier.bonus_pct IS 'extra points on own flights, percent';
COMMENT ON TABLE ref.tier_benefit IS 'which benefit comes with which tier';
COMMENT ON COLUMN ref.tier_benefit.uses_per_year IS 'null = unlimited';
COMMENT ON TABLE member IS 'one row per loyalty account';
COMMENT ON COLUMN member.country IS 'ISO code of residence: DE, AT, CH, FR, IT, NL, ES, PL, GB, US';
COMMENT ON COLUMN member.tier_code IS 'current tier';
COMMENT ON COLUMN member.referred_by IS 'member who recruited this one; null = came alone';
COMMENT ON COLUMN member.closed_on IS 'account closed; null = active account';
COMMENT ON COLUMN partner.points_per_100 IS 'points per 100 euros spent';
COMMENT ON COLUMN partner.contract_ends_on IS 'null = open-ended contract';
COMMENT ON TABLE point_txn IS 'points ledger: earned positive, used or expired negative';
COMMENT ON COLUMN point_txn.partner_id IS 'only on PA rows';
COMMENT ON COLUMN point_txn.txn_type IS 'FL own flight, PA partner purchase, BO promotion bonus, RD redemption, EX expiry, AD manual adjustment';
COMMENT ON COLUMN point_txn.spend_cents IS 'euro cents spent at the partner, PA rows only';
COMMENT ON COLUMN point_txn.is_reversed IS 'booked back, does not count in balance';
COMMENT ON COLUMN reward.partner_id IS 'supplying partner; null = supplied by the airline itself';
COMMENT ON COLUMN reward.withdrawn_on IS 'no longer offered from this date; null = on offer';
COMMENT ON COLUMN redemption.copay_cents IS 'cash part in euro cents';
COMMENT ON COLUMN redemption.status IS '0 requested, 1 confirmed, 2 fulfilled, 3 cancelled by member, 9 refused';
COMMENT ON COLUMN redemption.fulfilled_at IS 'set when status 2';
COMMENT ON COLUMN tier_history.valid_to IS 'last day in the tier; null = current';
COMMENT ON VIEW member_balance IS 'current points balance per member, reversed entries left out';

INSERT INTO ref.tier VALUES ('B','Blue',0,0,false),('S','Silver',12000,25,false),('G','Gold',30000,50,true),('P','Platinum',65000,100,true),('E','Emerald Circle',150000,150,true);
INSERT INTO ref.benefit VALUES (1,'Priority boarding',true),(2,'Extra checked bag',true),(3,'Lounge guest pass',true),(4,'Free seat selection',false),(5,'Upgrade voucher',false),(6,'Priority phone line',false),(7,'Fast track security',true),(8,'Birthday bonus points',false),(9,'Companion ticket',false),(10,'Valet parking',true);
INSERT INTO ref.tier_benefit VALUES ('B',8,1),('S',1,NULL),('S',4,4),('S',8,1),('S',2,2),('G',1,NULL),('G',2,NULL),('G',3,6),('G',4,NULL),('G',5,1),('G',6,NULL),('G',8,1),('P',1,NULL),('P',2,NULL),('P',3,20),('P',4,NULL),('P',5,4),('P',6,NULL),('P',7,NULL),('P',8,1),('P',9,1),('E',1,NULL),('E',2,NULL),('E',3,NULL),('E',4,NULL),('E',5,10),('E',6,NULL),('E',7,NULL),('E',8,1),('E',9,2),('E',10,12);
INSERT INTO partner VALUES
 (1,'Alpenblick Hotels','hotel','AT',300,NULL),(2,'Rivoli Resorts','hotel','IT',250,'2027-06-30'),(3,'Stadtauto','car_rental','DE',200,NULL),(4,'Nordstern Bank','bank','DE',80,'2028-12-31'),
 (5,'Azul Iberia','airline','ES',120,NULL),(6,'Kestrel Airways','airline','GB',140,'2026-12-31'),(7,'Casa Verde Market','retail','ES',60,'2025-09-30'),(8,'Tulp Rent a Car','car_rental','NL',180,'2026-03-31'),
 (9,'Banque du Rhone','bank','FR',75,NULL),(10,'Wein & Co Versand','retail','AT',100,NULL),(11,'Pacific Crest Air','airline','US',110,'2027-03-31'),(12,'Maison Lumiere','retail','FR',90,'2024-12-31'),
 (13,'Harbour House Hotels','hotel','GB',280,NULL),(14,'Zlota Karta','bank','PL',70,'2026-11-30'),(15,'Gipfel Sport','retail','CH',95,'2029-01-31');

INSERT INTO member
SELECT g, 'MX'||lpad(((g*7919)%900000+100000)::text,6,'0'),
 (ARRAY['Anna','Lukas','Sofia','Jonas','Giulia','Pieter','Claire','Mateusz','Ines','Oliver','Katrin','Fabien','Elisa','Sven','Marta','Tom','Nadia','Reinhard','Chloe','Diego','Johanna'])[1+(g*4)%21],
 (ARRAY['Bauer','Rossi','Keller','Dubois','Nowak','van Dijk','Garcia','Schmid','Moreau','Harrison','Lehner','Conti','Vogel','Kowalska','Fuchs','Navarro','Becker','Wood','Brunner'])[1+(g*3)%19],
 (ARRAY['DE','DE','DE','AT','CH','FR','IT','NL','ES','PL','GB','US'])[1+floor(12*power(pg_temp.rnd('mc'||g),1.25))::int],
 date '2022-01-05' + floor(1740*power(g/220.0,0.9)*(0.96+0.04*pg_temp.rnd('mj'||g)))::int,
 CASE WHEN pg_temp.rnd('t'||g)<0.5 THEN 'B' WHEN pg_temp.rnd('t'||g)<0.74 THEN 'S' WHEN pg_temp.rnd('t'||g)<0.9 THEN 'G' WHEN pg_temp.rnd('t'||g)<0.97 THEN 'P' ELSE 'E' END,
 CASE WHEN g>15 AND pg_temp.rnd('rf'||g)<0.3 THEN 1+floor((g-5)*power(pg_temp.rnd('rg'||g),2))::int END,
 pg_temp.rnd('oi'||g)<0.64,
 CASE WHEN pg_temp.rnd('cl'||g)<0.09 AND g<190 THEN date '2026-11-10' - floor(300*pg_temp.rnd('cm'||g))::int END
FROM generate_series(1,220) g;

INSERT INTO reward VALUES
 (1,'Short-haul award flight','flight',15000,NULL,NULL),(2,'Long-haul award flight','flight',60000,NULL,NULL),(3,'Domestic award flight','flight',9000,NULL,NULL),(4,'Transatlantic award flight','flight',55000,11,NULL),
 (5,'Iberian weekend flight','flight',18000,5,NULL),(6,'Business class upgrade','upgrade',25000,NULL,NULL),(7,'Premium economy upgrade','upgrade',12000,NULL,NULL),(8,'First class upgrade','upgrade',48000,NULL,'2025-06-30'),
 (9,'Mountain hotel night','hotel_night',14000,1,NULL),(10,'Resort weekend','hotel_night',32000,2,NULL),(11,'London hotel night','hotel_night',21000,13,NULL),(12,'Shopping voucher 25','voucher',5000,12,'2024-12-31'),
 (13,'Wine voucher 50','voucher',9500,10,NULL),(14,'Duty free voucher','voucher',4000,NULL,NULL),(15,'Car rental day','voucher',8000,3,NULL),(16,'Cabin trolley','merchandise',22000,NULL,NULL),
 (17,'Noise cancelling headphones','merchandise',39000,NULL,'2026-02-28'),(18,'Ski jacket','merchandise',28000,15,NULL),(19,'Espresso set','merchandise',11000,NULL,NULL),(20,'Tree planting donation','charity',2000,NULL,NULL),
 (21,'Children''s hospital donation','charity',3000,NULL,NULL),(22,'Onboard wifi pass','voucher',2500,NULL,NULL),(23,'Wellness hotel night','hotel_night',19000,1,NULL),(24,'Golf bag','merchandise',31000,15,NULL);

INSERT INTO redemption
SELECT row_number() OVER (ORDER BY ts, g)+20000, member_id, reward_id, points_cost, copay, ts, st, CASE WHEN st=2 THEN ts + make_interval(hours=>(20+400*power(pg_temp.rnd('fu'||g),1.6))::int) END
FROM (SELECT g, m.member_id, r.reward_id, r.points_cost,
   CASE WHEN r.category IN ('flight','upgrade') THEN (2500+r.points_cost*(0.05+0.12*pg_temp.rnd('co'||g)))::int WHEN pg_temp.rnd('cq'||g)<0.25 THEN 990 ELSE 0 END AS copay,
   m.joined_on + interval '40 days' + (timestamptz '2026-11-26 20:00+00' - (m.joined_on + interval '40 days'))*pg_temp.rnd('rt'||g) AS ts,
   pg_temp.rnd('st'||g) AS q, r.withdrawn_on
  FROM generate_series(1,440) g
  JOIN member m ON m.member_id = 1+floor(185*power(pg_temp.rnd('rm'||g),1.3))::int AND m.member_id%11<>4
  JOIN reward r ON r.reward_id = (ARRAY[14,3,1,22,7,20,6,15,1,9,13,2,19,11,21,16,5,10,23,18,4,12,17,8])[1+floor(24*power(pg_temp.rnd('rr'||g),1.4))::int]
  WHERE m.closed_on IS NULL) x
CROSS JOIN LATERAL (SELECT CASE WHEN x.ts>'2026-11-08' THEN CASE WHEN q<0.45 THEN 0 WHEN q<0.75 THEN 1 ELSE 3 END WHEN q<0.83 THEN 2 WHEN q<0.91 THEN 3 WHEN q<0.97 THEN 9 ELSE 1 END AS st) s
WHERE x.withdrawn_on IS NULL OR x.ts < x.withdrawn_on;

INSERT INTO point_txn
SELECT row_number() OVER (ORDER BY ts, member_id, k), member_id, partner_id, ty, points, spend, date_trunc('minute', ts), rev FROM (
 SELECT 'f'||g AS k, m.member_id, NULL::int AS partner_id, 'FL' AS ty, ((700+13000*power(pg_temp.rnd('fp'||g),1.7))*(100+t.bonus_pct)/100)::int AS points, NULL::int AS spend,
   m.joined_on + interval '9 hours' + (timestamptz '2026-11-27 08:00+00' - m.joined_on)*pg_temp.rnd('ft'||g) AS ts, pg_temp.rnd('fr'||g)<0.015 AS rev, m.closed_on
  FROM generate_series(1,1700) g JOIN member m ON m.member_id = 1+floor(208*power(pg_temp.rnd('fm'||g),1.2))::int JOIN ref.tier t ON t.tier_code=m.tier_code WHERE m.member_id%23<>7
 UNION ALL
 SELECT 'p'||g, member_id, partner_id, 'PA', greatest(1,(sp*points_per_100/10000.0)::int), sp, ts, pg_temp.rnd('pr'||g)<0.03, closed_on FROM (
  SELECT g, m.member_id, p.partner_id, p.points_per_100, m.closed_on, p.contract_ends_on,
   ((CASE p.kind WHEN 'hotel' THEN 9000 WHEN 'airline' THEN 12000 WHEN 'car_rental' THEN 6000 ELSE 1500 END)*(0.5+4*power(pg_temp.rnd('psp'||g),2)))::int AS sp,
   m.joined_on + (timestamptz '2026-11-27 15:00+00' - m.joined_on)*pg_temp.rnd('ptt'||g) AS ts
  FROM generate_series(1,1000) g JOIN member m ON m.member_id = 1+floor(200*power(pg_temp.rnd('pm'||g),1.4))::int
  JOIN partner p ON p.partner_id = (ARRAY[4,1,9,5,13,3,10,6,7,2,14,8,12,15])[1+floor(14*power(pg_temp.rnd('pp'||g),1.5))::int]) y
  WHERE contract_ends_on IS NULL OR ts<contract_ends_on
 UNION ALL
 SELECT 'b'||g, m.member_id, NULL, 'BO', 500*(1+floor(6*power(pg_temp.rnd('bp'||g),2))::int), NULL, m.joined_on + interval '3 days' + (timestamptz '2026-11-26 12:00+00' - m.joined_on)*pg_temp.rnd('bt'||g)*0.9, false, m.closed_on
  FROM generate_series(1,260) g JOIN member m ON m.member_id = 1+floor(214*pg_temp.rnd('bm'||g))::int
 UNION ALL
 SELECT 'r'||redemption_id, member_id, NULL, 'RD', -points_used, NULL, requested_at + interval '5 minutes', false, NULL FROM redemption WHERE status IN (0,1,2)
 UNION ALL
 SELECT 'e'||g, m.member_id, NULL, 'EX', -(200+2600*pg_temp.rnd('ep'||g))::int, NULL, (CASE WHEN pg_temp.rnd('ey'||g)<0.4 THEN timestamptz '2024-12-31 23:30+00' ELSE timestamptz '2025-12-31 23:30+00' END), false, NULL
  FROM generate_series(1,70) g JOIN member m ON m.member_id=1+(g*3)%120
 UNION ALL
 SELECT 'a'||g, m.member_id, NULL, 'AD', CASE WHEN pg_temp.rnd('as'||g)<0.35 THEN -1 ELSE 1 END*(50*(1+floor(40*pg_temp.rnd('ap'||g))::int)), NULL, timestamptz '2024-02-01 08:00+00' + interval '1020 days'*pg_temp.rnd('at'||g), false, NULL
  FROM generate_series(1,60) g JOIN member m ON m.member_id=1+floor(60*pg_temp.rnd('am'||g))::int
) z WHERE (closed_on IS NULL OR ts<closed_on) AND ts < '2026-11-28';

DELETE FROM redemption WHERE member_id IN (SELECT member_id FROM member_balance WHERE balance < -15000) OR redemption_id%2=0 AND member_id IN (SELECT member_id FROM member_balance WHERE balance < 0);
DELETE FROM point_txn t WHERE txn_type = 'RD' AND NOT EXISTS (SELECT 1 FROM redemption r WHERE r.member_id = t.member_id AND r.points_used = -t.points AND date_trunc('minute', r.requested_at + interval '5 minutes') = t.posted_at);
DELETE FROM point_txn WHERE txn_type IN ('EX','AD') AND points < 0 AND member_id IN (SELECT member_id FROM member_balance WHERE balance < 0);
DELETE FROM redemption WHERE member_id IN (SELECT member_id FROM member_balance WHERE balance < 0);
DELETE FROM point_txn t WHERE txn_type = 'RD' AND NOT EXISTS (SELECT 1 FROM redemption r WHERE r.member_id = t.member_id);

UPDATE redemption SET status = CASE redemption_id%3 WHEN 0 THEN 1 ELSE 0 END, fulfilled_at = NULL WHERE status IN (1,2) AND requested_at > '2026-10-22';

INSERT INTO tier_history
SELECT member_id, CASE WHEN tier_code='B' AND pg_temp.rnd('dn'||member_id)<0.25 THEN 'S' ELSE 'B' END, joined_on, CASE WHEN n>1 THEN d1-1 END FROM
 (SELECT m.*, CASE WHEN tier_code<>'B' OR pg_temp.rnd('dn'||member_id)<0.25 THEN 2 ELSE 1 END AS n, joined_on + ((date '2026-11-20'-joined_on)*(0.25+0.3*pg_temp.rnd('th'||member_id)))::int AS d1 FROM member m) x;
INSERT INTO tier_history
SELECT m.member_id, CASE WHEN m.tier_code IN ('P','E') THEN 'G' ELSE m.tier_code END, h.valid_to+1, CASE WHEN m.tier_code IN ('P','E') THEN h.valid_to + 1 + ((date '2026-11-20'-h.valid_to)*(0.2+0.5*pg_temp.rnd('tj'||m.member_id)))::int END
FROM member m JOIN tier_history h USING (member_id) WHERE h.valid_to IS NOT NULL;
INSERT INTO tier_history
SELECT m.member_id, m.tier_code, h.valid_to+1, NULL FROM member m JOIN tier_history h USING (member_id) WHERE m.tier_code IN ('P','E') AND h.tier_code='G' AND h.valid_to IS NOT NULL;
