CREATE FUNCTION pg_temp.u(n bigint, s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 $$;
CREATE FUNCTION pg_temp.k(n bigint, s text, m int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(('x' || substr(md5(n || s), 1, 7))::bit(28)::int / 268435456.0 * m)::int $$;
CREATE TYPE coupon_kind AS ENUM ('PCT', 'FIX', 'SHIP');
CREATE TABLE cust (
  cust_no integer PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  email text NOT NULL UNIQUE,
  city text,
  ctry char(2) NOT NULL,
  seg smallint NOT NULL CHECK (seg IN (1, 2, 3)),
  signup_dt date NOT NULL,
  news_yn boolean NOT NULL DEFAULT false,
  deleted_at timestamptz
);
CREATE TABLE category (
  cat_id integer PRIMARY KEY,
  cat_nm text NOT NULL,
  parent_cat_id integer REFERENCES category
);
CREATE TABLE product (
  sku text PRIMARY KEY,
  prod_nm text NOT NULL,
  cat_id integer NOT NULL REFERENCES category,
  price_cents integer NOT NULL,
  wt_g integer,
  qty_oh integer NOT NULL,
  reord_lvl integer NOT NULL,
  launch_dt date NOT NULL,
  disc_dt date
);
CREATE TABLE coupon (
  coupon_cd text PRIMARY KEY,
  kind coupon_kind NOT NULL,
  val numeric(6,2),
  valid_from date NOT NULL,
  valid_to date,
  max_uses integer
);
CREATE TABLE coupon_cat (
  coupon_cd text REFERENCES coupon,
  cat_id integer REFERENCES category,
  PRIMARY KEY (coupon_cd, cat_id)
);
CREATE TABLE cust_order (
  ord_no integer PRIMARY KEY,
  cust_no integer NOT NULL REFERENCES cust,
  placed_at timestamptz NOT NULL,
  stat char(1) NOT NULL CHECK (stat IN ('N', 'P', 'S', 'D', 'X')),
  pay_meth char(2) NOT NULL,
  ship_cents integer NOT NULL,
  coupon_cd text REFERENCES coupon,
  shipped_at timestamptz,
  dlvd_at timestamptz
);
CREATE TABLE ord_line (
  ord_no integer REFERENCES cust_order,
  line_no smallint,
  sku text NOT NULL REFERENCES product,
  qty integer NOT NULL,
  unit_cents integer NOT NULL,
  disc_pct integer NOT NULL DEFAULT 0,
  PRIMARY KEY (ord_no, line_no)
);
CREATE TABLE rtn_reason (
  reason_cd char(3) PRIMARY KEY,
  descr text NOT NULL
);
CREATE TABLE rtn (
  rtn_id integer PRIMARY KEY,
  ord_no integer NOT NULL,
  line_no smallint NOT NULL,
  qty integer NOT NULL,
  reason_cd char(3) NOT NULL REFERENCES rtn_reason,
  rcvd_dt date NOT NULL,
  refund_cents integer,
  FOREIGN KEY (ord_no, line_no) REFERENCES ord_line
);
COMMENT ON TABLE cust IS 'registered customers';
COMMENT ON COLUMN cust.ctry IS 'ISO country code, upper case: US, CA, GB, DE, AU';
COMMENT ON COLUMN cust.seg IS '1 = private, 2 = business, 3 = employee';
COMMENT ON COLUMN cust.news_yn IS 'subscribed to newsletter';
COMMENT ON COLUMN cust.deleted_at IS 'account closed; null = active account';
COMMENT ON COLUMN category.parent_cat_id IS 'null for top-level categories';
COMMENT ON TABLE product IS 'catalogue, including discontinued articles';
COMMENT ON COLUMN product.price_cents IS 'current list price, US cents';
COMMENT ON COLUMN product.wt_g IS 'shipping weight in grams, null = not measured';
COMMENT ON COLUMN product.qty_oh IS 'quantity on hand';
COMMENT ON COLUMN product.reord_lvl IS 'reorder when qty_oh falls below this';
COMMENT ON COLUMN product.disc_dt IS 'discontinued on; null = still sold';
COMMENT ON COLUMN coupon.kind IS 'PCT = percent off, FIX = amount off, SHIP = free shipping';
COMMENT ON COLUMN coupon.val IS 'percent for PCT, US dollars for FIX, null for SHIP';
COMMENT ON COLUMN coupon.valid_to IS 'last day of validity, null = no expiry';
COMMENT ON COLUMN coupon.max_uses IS 'null = unlimited';
COMMENT ON TABLE coupon_cat IS 'categories a coupon is restricted to; no rows = valid for the whole shop';
COMMENT ON COLUMN cust_order.stat IS 'N new, P paid, S shipped, D delivered, X cancelled';
COMMENT ON COLUMN cust_order.pay_meth IS 'CC credit card, PP PayPal, IN invoice, GC gift card';
COMMENT ON COLUMN cust_order.ship_cents IS 'shipping fee charged, US cents, 0 = free shipping';
COMMENT ON COLUMN cust_order.dlvd_at IS 'delivered at';
COMMENT ON TABLE ord_line IS 'order items; line revenue in cents = qty * unit_cents * (100 - disc_pct) / 100';
COMMENT ON COLUMN ord_line.unit_cents IS 'unit price at time of order, before discount';
COMMENT ON COLUMN ord_line.disc_pct IS 'line discount, percent';
COMMENT ON TABLE rtn IS 'returned items';
COMMENT ON COLUMN rtn.refund_cents IS 'US cents, null = refund pending';

INSERT INTO category VALUES (1,'Camping',NULL),(2,'Clothing',NULL),(3,'Footwear',NULL),(4,'Climbing',NULL),(5,'Cycling',NULL),(6,'Electronics',NULL),
(11,'Tents',1),(12,'Sleeping Bags',1),(13,'Stoves',1),(14,'Camp Furniture',1),(21,'Jackets',2),(22,'Base Layers',2),(23,'Gloves and Hats',2),
(31,'Hiking Boots',3),(32,'Trail Running Shoes',3),(33,'Snowshoes',3),(41,'Ropes',4),(42,'Harnesses',4),(51,'Helmets',5),(52,'Bike Lights',5),(61,'GPS Devices',6),(62,'Headlamps',6);

INSERT INTO product
SELECT 'OG-' || (1000 + n * 7), nm, cat, price, CASE WHEN n % 13 = 4 THEN NULL ELSE wt END,
  CASE WHEN n % 17 = 5 THEN 0 ELSE floor(power(pg_temp.u(n,'oh'),1.7) * 260)::int + n % 3 END, 10 + 5 * pg_temp.k(n,'rl',8),
  date '2022-01-10' + pg_temp.k(n,'la',1300), CASE WHEN n % 9 = 7 THEN date '2026-01-05' + pg_temp.k(n,'di',290) END
FROM (VALUES
(1,'Ridgeline 2 Tent',11,24900,2150),(2,'Ridgeline 4 Tent',11,38900,3900),(3,'Featherlite Solo Tent',11,42900,980),(4,'Basecamp Dome 6',11,54900,8700),(5,'Drizzle Tarp',11,7900,640),
(6,'Alder Down Sleeping Bag',12,28900,920),(7,'Moorland Synthetic Sleeping Bag',12,11900,1650),(8,'Cocoon Liner',12,3450,210),(9,'Polar Night Expedition Bag',12,59900,1700),
(10,'Ember Pocket Stove',13,5490,95),(11,'Twin Burner Camp Stove',13,14900,4300),(12,'Piezo Windproof Stove',13,8990,320),(13,'Titanium Cook Pot',13,6490,140),
(14,'Foldaway Camp Chair',14,4990,3100),(15,'Roll-Top Table',14,8490,4600),(16,'Hammock Deluxe',14,6990,780),(17,'Camp Cot',14,12900,6900),
(18,'Stormshell Jacket',21,22900,460),(19,'Stormshell Pro Jacket',21,34900,510),(20,'Lofty Down Jacket',21,19900,390),(21,'Gale Windbreaker',21,8900,180),(22,'Fernwood Fleece',21,7490,350),
(23,'Merino Long Sleeve',22,7990,220),(24,'Merino Leggings',22,7490,210),(25,'Thermal Crew Top',22,4490,240),(26,'Thermal Tights',22,4290,230),
(27,'Summit Gloves',23,3990,120),(28,'Liner Gloves',23,1890,40),(29,'Wool Beanie',23,2450,70),(30,'Sun Cap',23,2190,60),
(31,'Granite Mid Boot',31,17900,1180),(32,'Granite High Boot',31,21900,1420),(33,'Meadow Light Boot',31,12900,960),(34,'Glacier Alpine Boot',31,36900,1760),
(35,'Swift Trail Shoe',32,12490,560),(36,'Swift Trail Shoe GTX',32,14990,610),(37,'Boulder Runner',32,13490,590),(38,'Mudclaw Racer',32,11990,490),
(39,'Dynamic Rope 60 m',41,17900,3700),(40,'Dynamic Rope 70 m',41,20900,4350),(41,'Half Rope 50 m',41,13900,2100),(42,'Accessory Cord 6 mm',41,1290,230),
(43,'Falcon Harness',42,6990,380),(44,'Falcon Kids Harness',42,5490,310),(45,'Big Wall Harness',42,12990,720),
(46,'Commuter Helmet',51,6490,340),(47,'Gravel Helmet',51,11990,280),(48,'Kids Helmet',51,3990,250),(49,'Enduro Full Face Helmet',51,21900,840),
(50,'Beam 400 Front Light',52,4990,130),(51,'Beam 900 Front Light',52,9490,190),(52,'Redline Tail Light',52,2490,50),(53,'Dynamo Light Set',52,13900,310),
(54,'Pathfinder GPS',61,29900,160),(55,'Pathfinder GPS Plus',61,44900,180),(56,'Satellite Messenger',61,33900,110),
(57,'Lumen 300 Headlamp',62,3490,85),(58,'Lumen 600 Headlamp',62,6990,110),(59,'Cave Explorer Headlamp',62,11900,260),(60,'Clip Light',62,1690,30)
) v(n, nm, cat, price, wt);

INSERT INTO cust
SELECT 10000 + n * 3, f, l, lower(f || '.' || l) || n || '@' || (ARRAY['mailbox.example','post.example','inbox.example'])[1 + n % 3],
  CASE WHEN n % 29 = 6 THEN NULL ELSE split_part(c, '/', 1) END, split_part(c, '/', 2),
  CASE WHEN n % 23 = 4 THEN 3 WHEN n % 6 = 1 THEN 2 ELSE 1 END,
  date '2022-01-03' + floor(power(pg_temp.u(n,'su'), 0.9) * 1500)::int, pg_temp.u(n,'nw') < 0.55,
  CASE WHEN n % 14 = 9 THEN timestamptz '2026-03-01 09:15+00' + pg_temp.k(n,'de',240) * interval '1 day 7 min' END
FROM (SELECT n, (ARRAY['Emma','Liam','Olivia','Noah','Priya','Lucas','Mia','Hannah','Jonas','Sofia','Ethan','Grace','Marcus','Amelia','Oscar','Chloe','Rafael','Nina','Tom','Isabel'])[1 + pg_temp.k(n,'fn',20)] f,
  (ARRAY['Bennett','Schneider','Nguyen','Carter','Patel','Walsh','Fischer','Morgan','Tremblay','Hughes','Kowalski','Brooks','Larsen','Reid','Okafor','Ramirez','Wood','Keller','Singh','Dawson'])[1 + pg_temp.k(n,'ln',20)] l,
  (ARRAY['Denver/US','Portland/US','Seattle/US','Boulder/US','Austin/US','Vancouver/CA','Toronto/CA','Calgary/CA','Leeds/GB','Bristol/GB','Munich/DE','Hamburg/DE','Melbourne/AU','Perth/AU'])[1 + floor(power(pg_temp.u(n,'ci'),1.5) * 14)::int] c
  FROM generate_series(1, 180) n) x;

INSERT INTO coupon VALUES ('WELCOME10','PCT',10,'2022-01-01',NULL,NULL),('SPRING24','PCT',15,'2024-03-01','2024-04-30',200),('TENTS20','PCT',20,'2024-05-01','2024-08-31',150),('FREESHIP','SHIP',NULL,'2023-01-01',NULL,NULL),
('BLACK25','PCT',25,'2025-11-24','2025-12-01',500),('SAVE15','FIX',15,'2023-06-01','2026-12-31',NULL),('CLIMB30','FIX',30,'2025-02-01','2025-05-31',80),('BIKEWEEK','PCT',12.5,'2025-06-01','2025-06-08',100),
('WINTERSHIP','SHIP',NULL,'2025-12-01','2026-02-28',300),('LOYAL50','FIX',50,'2026-01-01','2026-12-31',40),('VIP20','PCT',20,'2026-04-01',NULL,NULL),('OOPS5','FIX',5,'2024-09-01','2024-12-31',1000);
INSERT INTO coupon_cat VALUES ('TENTS20',11),('TENTS20',14),('CLIMB30',41),('CLIMB30',42),('BIKEWEEK',51),('BIKEWEEK',52),('SPRING24',31),('SPRING24',32),('SPRING24',21),('VIP20',61);

INSERT INTO cust_order
SELECT 500000 + row_number() OVER (ORDER BY placed, n), cust_no, placed, st, pm,
  CASE WHEN pg_temp.u(n,'fs') < 0.3 THEN 0 ELSE (ARRAY[490,590,890,1290])[1 + pg_temp.k(n,'sh',4)] END,
  (SELECT coupon_cd FROM (SELECT coupon_cd, row_number() OVER (ORDER BY md5(coupon_cd || n)) r FROM coupon WHERE placed::date >= valid_from AND placed::date <= coalesce(valid_to, '2099-01-01') AND coupon_cd <> 'OOPS5') q WHERE r = 1 AND pg_temp.u(n,'cp') < 0.28),
  CASE WHEN st IN ('S','D') THEN placed + (6 + pg_temp.k(n,'s1',90)) * interval '1 hour' END,
  CASE WHEN st = 'D' THEN placed + (6 + pg_temp.k(n,'s1',90) + 20 + pg_temp.k(n,'s2',170)) * interval '1 hour' END
FROM (SELECT n, c.cust_no, placed,
   CASE WHEN pg_temp.u(n,'x') < 0.07 THEN 'X' WHEN placed >= '2026-11-24' THEN CASE WHEN n % 3 = 0 THEN 'N' ELSE 'P' END
     WHEN placed >= '2026-11-14' THEN CASE WHEN n % 4 = 0 THEN 'P' ELSE 'S' END WHEN n % 83 = 11 THEN 'P' WHEN n % 67 = 11 THEN 'S' ELSE 'D' END st,
   CASE WHEN c.seg = 2 AND n % 5 < 3 THEN 'IN' ELSE (ARRAY['CC','CC','CC','CC','PP','PP','GC'])[1 + pg_temp.k(n,'pm',7)] END pm
  FROM generate_series(1, 1900) n JOIN cust c ON c.cust_no = 10000 + 3 * (1 + floor(power(pg_temp.u(n,'cu'),1.6) * 180)::int) AND c.cust_no % 11 <> 5
  CROSS JOIN LATERAL (SELECT timestamptz '2026-11-27 20:00+00' - power(pg_temp.u(n,'pl'),1.15) * (timestamptz '2026-11-27 20:00+00' - (c.signup_dt + 1)::timestamptz) p0) q
  CROSS JOIN LATERAL (SELECT date_trunc('minute', date_trunc('day', p0) + (7 + 15 * sqrt(pg_temp.u(n,'hr'))) * interval '1 hour') placed) q2
  WHERE p0 < coalesce(c.deleted_at, '2026-11-27 20:00+00') - interval '1 day') x;

INSERT INTO ord_line
SELECT ord_no, row_number() OVER (PARTITION BY ord_no ORDER BY g), sku, CASE WHEN pg_temp.u(ord_no * 10 + g,'q') < 0.72 THEN 1 ELSE 2 + floor(power(pg_temp.u(ord_no * 10 + g,'qq'),3) * 6)::int END,
  (price_cents * (0.88 + 0.03 * (extract(year FROM placed_at)::int - 2022)))::int, (ARRAY[0,0,0,0,0,0,5,10,10,20])[1 + pg_temp.k(ord_no * 10 + g,'d',10)]
FROM (SELECT DISTINCT ON (o.ord_no, p.sku) o.ord_no, o.placed_at, g, p.sku, p.price_cents
  FROM cust_order o CROSS JOIN generate_series(1, 5) g
  JOIN (SELECT *, row_number() OVER (ORDER BY md5(sku || 'r')) rn FROM product WHERE sku NOT IN ('OG-1063','OG-1343')) p ON p.rn = 1 + floor(power(pg_temp.u(o.ord_no * 10 + g,'p'),1.4) * 58)::int
  WHERE g <= 1 + floor(power(pg_temp.u(o.ord_no,'nl'),1.6) * 5) ORDER BY o.ord_no, p.sku, g) x;

INSERT INTO rtn_reason VALUES ('SIZ','Wrong size'),('DEF','Defective'),('DMG','Damaged in transit'),('WRG','Wrong item sent'),('CHG','Changed mind'),('LAT','Arrived too late'),('DUP','Ordered twice');
INSERT INTO rtn
SELECT 7000 + row_number() OVER (ORDER BY o.dlvd_at, l.line_no), l.ord_no, l.line_no, CASE WHEN l.qty > 1 AND l.ord_no % 3 > 0 THEN l.qty - 1 ELSE l.qty END,
  (ARRAY['SIZ','CHG','DEF','DMG','WRG','LAT'])[1 + floor(power(pg_temp.u(l.ord_no * 10 + l.line_no,'rr'),1.6) * 6)::int], r.rc,
  CASE WHEN r.rc >= '2026-11-10' OR pg_temp.u(l.ord_no,'pe') < 0.04 THEN NULL ELSE (CASE WHEN l.qty > 1 AND l.ord_no % 3 > 0 THEN l.qty - 1 ELSE l.qty END) * l.unit_cents * (100 - l.disc_pct) / 100 END
FROM ord_line l JOIN cust_order o ON o.ord_no = l.ord_no AND o.stat = 'D' JOIN product p ON p.sku = l.sku
CROSS JOIN LATERAL (SELECT (o.dlvd_at + (3 + pg_temp.k(l.ord_no,'rd',26)) * interval '1 day')::date rc) r
WHERE pg_temp.u(l.ord_no * 10 + l.line_no,'rt') < CASE WHEN p.cat_id IN (31,32) THEN 0.26 WHEN p.cat_id IN (21,22) THEN 0.2 WHEN p.cat_id IN (41,13,60) THEN 0.05 ELSE 0.1 END AND r.rc <= '2026-11-27';
INSERT INTO rtn SELECT max(rtn_id) + 1, 500003, 1, 1, 'DUP', '2022-04-01', 3000 FROM rtn;
