CREATE FUNCTION pg_temp.u(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,7))::bit(28)::int / 268435456.0 $$;
CREATE SCHEMA inv;
CREATE TABLE prod_cat (cat_id int PRIMARY KEY, cat_nm text NOT NULL, parent_cat_id int REFERENCES prod_cat);
COMMENT ON COLUMN prod_cat.parent_cat_id IS 'null for a top-level category';
CREATE TABLE product (
  prod_id int PRIMARY KEY, prod_nm text NOT NULL, cat_id int NOT NULL REFERENCES prod_cat, form_cd char(2) NOT NULL,
  rx_only boolean NOT NULL, strength_mg numeric(7,2), price_cents int NOT NULL, reord_lvl int NOT NULL, disc_dt date);
COMMENT ON TABLE product IS 'article master';
COMMENT ON COLUMN product.form_cd IS 'TB tablet, CP capsule, SY syrup, CR cream, DR drops, DV device';
COMMENT ON COLUMN product.rx_only IS 'true = prescription needed, false = over the counter';
COMMENT ON COLUMN product.strength_mg IS 'active ingredient in mg per dose, null where not applicable';
COMMENT ON COLUMN product.price_cents IS 'shelf price per pack in US cents';
COMMENT ON COLUMN product.reord_lvl IS 'reorder level in packs';
COMMENT ON COLUMN product.disc_dt IS 'date discontinued, null = still in the range';
CREATE TABLE supplier (
  supp_no int PRIMARY KEY, supp_nm text NOT NULL, country text NOT NULL, lead_days smallint NOT NULL, gdp_stat smallint NOT NULL);
COMMENT ON COLUMN supplier.lead_days IS 'usual days from order to delivery';
COMMENT ON COLUMN supplier.gdp_stat IS 'good distribution practice audit: 0 not audited, 1 passed, 2 passed with remarks, 3 failed';
CREATE TABLE prod_supp (
  prod_id int REFERENCES product, supp_no int REFERENCES supplier, cost_cents int NOT NULL, is_pref boolean NOT NULL, PRIMARY KEY (prod_id, supp_no));
COMMENT ON TABLE prod_supp IS 'who can deliver what';
COMMENT ON COLUMN prod_supp.cost_cents IS 'purchase price per pack in US cents';
COMMENT ON COLUMN prod_supp.is_pref IS 'preferred source of the product';
CREATE TABLE store (
  store_no int PRIMARY KEY, store_nm text NOT NULL, city text NOT NULL, region text NOT NULL CHECK (region IN ('NORTH','SOUTH','EAST','WEST')),
  open_24h boolean NOT NULL, open_dt date NOT NULL, close_dt date);
COMMENT ON COLUMN store.close_dt IS 'null while trading';
CREATE TABLE sale (
  sale_id int PRIMARY KEY, store_no int NOT NULL REFERENCES store, sold_at timestamptz NOT NULL, pay_cd char(1) NOT NULL, card_no text, void_at timestamptz);
COMMENT ON TABLE sale IS 'till receipts';
COMMENT ON COLUMN sale.pay_cd IS 'C cash, D debit or credit card, I insurance, V voucher';
COMMENT ON COLUMN sale.card_no IS 'loyalty card, null = no card shown';
COMMENT ON COLUMN sale.void_at IS 'set when the receipt was voided; null = valid';
CREATE TABLE sale_ln (
  sale_id int REFERENCES sale, ln_no smallint, prod_id int NOT NULL REFERENCES product, qty int NOT NULL, amt_cents int NOT NULL, rx_no text, PRIMARY KEY (sale_id, ln_no));
COMMENT ON TABLE sale_ln IS 'receipt lines';
COMMENT ON COLUMN sale_ln.qty IS 'packs';
COMMENT ON COLUMN sale_ln.amt_cents IS 'line total after discount, US cents';
COMMENT ON COLUMN sale_ln.rx_no IS 'prescription number, null for over-the-counter items';
CREATE TABLE inv.batch (
  batch_id int PRIMARY KEY, prod_id int NOT NULL REFERENCES product, supp_no int NOT NULL REFERENCES supplier, lot_no text NOT NULL,
  recv_dt date NOT NULL, exp_dt date NOT NULL, qty_rcvd int NOT NULL, recall_cd char(1) NOT NULL CHECK (recall_cd IN ('N','I','R')));
COMMENT ON TABLE inv.batch IS 'deliveries by manufacturer lot';
COMMENT ON COLUMN inv.batch.qty_rcvd IS 'packs received';
COMMENT ON COLUMN inv.batch.recall_cd IS 'N no issue, I under investigation, R recalled';
CREATE TABLE inv.stock_cnt (
  cnt_id int PRIMARY KEY, store_no int NOT NULL REFERENCES store, batch_id int NOT NULL REFERENCES inv.batch, cnt_dt date NOT NULL,
  qty_sys int NOT NULL, qty_cnt int NOT NULL, var_rsn smallint);
COMMENT ON TABLE inv.stock_cnt IS 'physical stock counts per store and batch';
COMMENT ON COLUMN inv.stock_cnt.qty_sys IS 'packs according to the system';
COMMENT ON COLUMN inv.stock_cnt.qty_cnt IS 'packs found on the shelf';
COMMENT ON COLUMN inv.stock_cnt.var_rsn IS 'reason for a difference: 1 damage, 2 theft, 3 expired goods removed, 4 booking error; null = no difference';

INSERT INTO prod_cat VALUES (1,'Medicines',NULL),(2,'Personal Care',NULL),(3,'Devices & Aids',NULL),(4,'Pain Relief',1),(5,'Antibiotics',1),(6,'Heart & Circulation',1),(7,'Allergy',1),(8,'Cough & Cold',1),(9,'Diabetes',1),(10,'Stomach & Digestion',1),
(11,'Skin Care',2),(12,'Vitamins',2),(13,'Baby Care',2),(14,'Diagnostics',3),(15,'Bandages',3),(16,'Mobility Aids',3);
INSERT INTO product SELECT row_number() OVER ()::int, n, c, f, rx, mg, pr, 10+5*(row_number() OVER ()*7%9)::int, d::date FROM (VALUES
('Ibuprofen 400 Tablets',4,'TB',false,400,899,NULL),('Ibuprofen 600 Tablets',4,'TB',true,600,1349,NULL),('Paracetamol 500 Tablets',4,'TB',false,500,549,NULL),('Naproxen 250 Tablets',4,'TB',false,250,1125,NULL),
('Diclofenac Gel',4,'CR',false,NULL,1479,NULL),('Tramadol 50 Capsules',4,'CP',true,50,2290,NULL),('Aspirin Protect 100',6,'TB',false,100,795,NULL),('Amoxicillin 500 Capsules',5,'CP',true,500,1680,NULL),
('Amoxicillin Syrup Children',5,'SY',true,250,1390,NULL),('Azithromycin 250 Tablets',5,'TB',true,250,2450,NULL),('Doxycycline 100 Capsules',5,'CP',true,100,1890,'2025-04-30'),('Cefalexin 500 Capsules',5,'CP',true,500,2275,NULL),
('Amlodipine 5 Tablets',6,'TB',true,5,1240,NULL),('Lisinopril 10 Tablets',6,'TB',true,10,1090,NULL),('Metoprolol 47.5 Tablets',6,'TB',true,47.5,1575,NULL),('Atorvastatin 20 Tablets',6,'TB',true,20,2180,NULL),
('Warfarin 5 Tablets',6,'TB',true,5,1460,'2024-09-15'),('Cetirizine 10 Tablets',7,'TB',false,10,729,NULL),('Loratadine 10 Tablets',7,'TB',false,10,765,NULL),('Fexofenadine 180 Tablets',7,'TB',true,180,1995,NULL),
('Azelastine Nasal Drops',7,'DR',false,NULL,1295,NULL),('Ambroxol Cough Syrup',8,'SY',false,15,985,NULL),('Dextromethorphan Syrup',8,'SY',false,10,1070,NULL),('Xylometazoline Nose Drops',8,'DR',false,NULL,465,NULL),
('Cold & Flu Day Capsules',8,'CP',false,NULL,1199,NULL),('Codeine Cough Syrup',8,'SY',true,10,1830,'2026-02-28'),('Metformin 850 Tablets',9,'TB',true,850,985,NULL),('Gliclazide 30 Tablets',9,'TB',true,30,1320,NULL),
('Empagliflozin 10 Tablets',9,'TB',true,10,5890,NULL),('Omeprazole 20 Capsules',10,'CP',false,20,1145,NULL),('Pantoprazole 40 Tablets',10,'TB',true,40,1665,NULL),('Loperamide 2 Capsules',10,'CP',false,2,675,NULL),
('Simethicone Baby Drops',13,'DR',false,40,1055,NULL),('Hydrocortisone 1% Cream',11,'CR',false,NULL,890,NULL),('Clotrimazole Cream',11,'CR',false,NULL,820,NULL),('Tretinoin Cream',11,'CR',true,NULL,3190,NULL),
('Urea Hand Cream',11,'CR',false,NULL,1240,NULL),('Vitamin D3 Capsules',12,'CP',false,0.05,1345,NULL),('Vitamin C 1000 Tablets',12,'TB',false,1000,995,NULL),('Magnesium 300 Capsules',12,'CP',false,300,1525,NULL),
('Folic Acid Tablets',12,'TB',false,0.4,685,NULL),('Zinc Oxide Baby Cream',13,'CR',false,NULL,745,NULL),('Blood Glucose Meter',14,'DV',false,NULL,3495,NULL),('Blood Pressure Monitor',14,'DV',false,NULL,5999,NULL),
('Digital Thermometer',14,'DV',false,NULL,1290,NULL),('Ear Thermometer',14,'DV',false,NULL,4250,'2025-12-31'),('Elastic Bandage 8 cm',15,'DV',false,NULL,590,NULL),('Knee Support',15,'DV',false,NULL,2780,NULL),
('Pulse Oximeter',14,'DV',false,NULL,3999,NULL),('Plaster Strips Sensitive',15,'DV',false,NULL,430,NULL),('Forearm Crutches',16,'DV',false,NULL,6450,NULL),('Iron 50 Capsules',12,'CP',false,50,1180,NULL)) v(n,c,f,rx,mg,pr,d);
INSERT INTO supplier VALUES (101,'Medora Wholesale','Germany',3,1),(102,'Northgate Pharma','United Kingdom',5,1),(103,'Sunrise Generics','India',21,2),(104,'Alpenmed AG','Switzerland',6,1),(105,'Castell Laboratorios','Spain',8,2),
(106,'Lakeland Health Supply','United States',2,1),(107,'Brightwell Devices','United States',4,0),(108,'Sanavia Farma','Italy',9,3),(109,'Ganga Lifesciences','India',18,1),(110,'Pacific Medi Trade','Singapore',14,0),(111,'Nordhaven Care','Denmark',7,1),(112,'Verity Drug Import','Canada',10,3);
INSERT INTO prod_supp SELECT prod_id, supp_no, round(price_cents*(0.46+0.28*pg_temp.u('co'||prod_id||supp_no)))::int, rn=1
 FROM (SELECT p.prod_id, p.price_cents, s.supp_no, row_number() OVER (PARTITION BY p.prod_id ORDER BY pow(pg_temp.u('ps'||p.prod_id||s.supp_no), CASE s.supp_no WHEN 101 THEN 3 WHEN 106 THEN 2 WHEN 103 THEN 1.6 ELSE 1 END)) rn
  FROM product p, supplier s WHERE s.supp_no<>112) x WHERE rn<=1+floor(3.4*pg_temp.u('np'||prod_id));
INSERT INTO store VALUES (1,'Central Station','Chicago','NORTH',true,'2009-05-04',NULL),(2,'Lincoln Park','Chicago','NORTH',false,'2014-03-17',NULL),(3,'Harbor Point','Milwaukee','NORTH',false,'2016-10-01',NULL),(4,'Elm Street','Dallas','SOUTH',true,'2012-07-09',NULL),
(5,'Galleria','Houston','SOUTH',false,'2018-02-26',NULL),(6,'Bayou Square','New Orleans','SOUTH',false,'2015-09-14','2025-06-30'),(7,'Beacon Hill','Boston','EAST',false,'2011-11-21',NULL),(8,'Liberty Plaza','Philadelphia','EAST',true,'2017-04-03',NULL),
(9,'Rittenhouse','Philadelphia','EAST',false,'2020-08-31',NULL),(10,'Sunset Mall','Los Angeles','WEST',false,'2013-06-24',NULL),(11,'Mission Bay','San Diego','WEST',true,'2019-12-02',NULL),(12,'Pioneer Square','Seattle','WEST',false,'2021-05-10','2024-12-31'),(13,'Lakeside','Oakland','WEST',false,'2026-03-02',NULL),(14,'Fenway Gate','Boston','EAST',false,'2024-02-05',NULL);
INSERT INTO inv.batch SELECT g, p, (SELECT supp_no FROM prod_supp ps WHERE ps.prod_id=p ORDER BY CASE WHEN is_pref AND pg_temp.u('pf'||g)<0.65 THEN 0 ELSE pg_temp.u('pz'||g||supp_no) END LIMIT 1),
 chr(65+floor(26*pg_temp.u('l1'||g))::int)||chr(65+floor(26*pg_temp.u('l2'||g))::int)||lpad(floor(99999*pg_temp.u('l3'||g))::text,5,'0'),
 r, r+180+floor(900*pg_temp.u('ex'||g))::int, 20*(1+floor(30*pow(pg_temp.u('qr'||g),1.6)))::int+floor(5*pg_temp.u('q2'||g))::int,
 CASE WHEN pg_temp.u('rc'||g)<0.07 THEN 'R' WHEN pg_temp.u('rc'||g)<0.13 THEN 'I' ELSE 'N' END
 FROM (SELECT g, 1+floor(51*pow(pg_temp.u('bp'||g),1.1))::int p, date '2023-07-03'+floor(g*4.12)::int r FROM generate_series(1,298) g) x;
INSERT INTO inv.stock_cnt SELECT g, st, b, dt, q, q+d, CASE WHEN d<>0 THEN (ARRAY[1,2,2,2,3,3,4,4,4,4])[1+floor(10*pg_temp.u('vr'||g))::int] END
 FROM (SELECT g, st, b.batch_id b, b.recv_dt+20+floor(240*pg_temp.u('cd'||g))::int dt, 6+floor(70*pow(pg_temp.u('qs'||g),1.5))::int q,
   CASE WHEN pg_temp.u('vd'||g)<0.66 THEN 0 WHEN pg_temp.u('vd'||g)<0.92 THEN -(1+floor(5*pg_temp.u('ve'||g))::int) ELSE 1+floor(3*pg_temp.u('ve'||g))::int END d
  FROM (SELECT g, (ARRAY[1,1,1,4,4,8,8,2,3,5,7,9,10,11,6,12])[1+floor(16*pg_temp.u('cs'||g))::int] st, 1+floor(g*0.288)::int bid FROM generate_series(1,980) g) x JOIN inv.batch b ON b.batch_id=x.bid) y JOIN store s ON s.store_no=y.st
 WHERE dt<'2026-11-24' AND (s.close_dt IS NULL OR dt<s.close_dt);
INSERT INTO sale SELECT row_number() OVER (ORDER BY ts,g), st, ts, (ARRAY['C','C','C','D','D','D','D','D','I','I','I','V'])[1+floor(12*pg_temp.u('py'||g))::int],
 CASE WHEN pg_temp.u('kc'||g)<0.46 THEN 'LC'||(40210+floor(190*pow(pg_temp.u('kn'||g),1.7)))::text END, CASE WHEN pg_temp.u('vo'||g)<0.03 THEN ts+(3+floor(50*pg_temp.u('vt'||g)))*interval '1 min' END
 FROM (SELECT g, (ARRAY[1,1,1,1,4,4,4,8,8,8,2,2,3,5,5,7,9,10,10,11,11,6,12,13,14])[1+floor(25*pg_temp.u('ss'||g))::int] st,
  timestamptz '2024-01-02 00:00'+floor(g*0.5015)*interval '1 day'+(ARRAY[8,9,9,10,10,11,12,13,15,16,17,17,17,18,19,22])[1+floor(16*pg_temp.u('sh'||g))::int]*interval '1 hour'+floor(60*pg_temp.u('sm'||g))*interval '1 min' ts FROM generate_series(1,2110) g) x
 JOIN store s ON s.store_no=x.st WHERE (s.close_dt IS NULL OR ts<s.close_dt) AND ts>s.open_dt;
INSERT INTO sale_ln SELECT sale_id, row_number() OVER (PARTITION BY sale_id ORDER BY j), prod_id, q, round(q*price_cents*(CASE WHEN pg_temp.u('ld'||sale_id||'-'||j)<0.2 THEN 0.9 ELSE 1 END))::int,
 CASE WHEN rx_only THEN 'RX'||(700000+floor(99999*pg_temp.u('rx'||sale_id||'-'||j)))::int END
 FROM (SELECT s.sale_id, j, s.sold_at, 1+floor(3*pow(pg_temp.u('lq'||s.sale_id||'-'||j),2))::int q, 1+floor(50*pow(pg_temp.u('lp'||s.sale_id||'-'||j),1.35))::int pid
  FROM sale s, generate_series(1,4) j WHERE j<=1+floor(3.7*pow(pg_temp.u('nl'||s.sale_id),1.3))::int) x JOIN product p ON p.prod_id=x.pid WHERE j=1 OR p.disc_dt IS NULL OR x.sold_at<p.disc_dt;
UPDATE sale_ln l SET prod_id=3, rx_no=NULL, amt_cents=l.qty*549 FROM product p, sale s WHERE p.prod_id=l.prod_id AND s.sale_id=l.sale_id AND p.disc_dt IS NOT NULL AND s.sold_at>=p.disc_dt;
