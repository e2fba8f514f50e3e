CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(s),1,7))::bit(28)::int % n) $$;
CREATE FUNCTION pg_temp.u(s text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),3,7))::bit(28)::int / 268435456.0 $$;
CREATE TYPE ord_channel AS ENUM ('phone','web','edi','rep');
CREATE TABLE price_list (
  pl_code char(3) PRIMARY KEY,
  pl_name text NOT NULL,
  valid_from date NOT NULL,
  valid_to date
);
COMMENT ON TABLE price_list IS 'Price lists customers are assigned to';
COMMENT ON COLUMN price_list.valid_to IS 'Last day of validity; null = open-ended';
CREATE TABLE customer (
  cust_no int PRIMARY KEY,
  cust_name text NOT NULL,
  cust_type char(1) NOT NULL CHECK (cust_type IN ('R','H','S','C')),
  city text NOT NULL,
  pl_code char(3) NOT NULL REFERENCES price_list,
  cr_limit_cents bigint,
  blocked boolean NOT NULL DEFAULT false,
  opened_on date NOT NULL,
  closed_on date
);
COMMENT ON TABLE customer IS 'Trade customers (accounts)';
COMMENT ON COLUMN customer.cust_type IS 'R restaurant, H hotel, S retail shop, C canteen';
COMMENT ON COLUMN customer.cr_limit_cents IS 'Credit limit in cents; null = cash only';
COMMENT ON COLUMN customer.blocked IS 'true = no new orders accepted (dunning)';
COMMENT ON COLUMN customer.closed_on IS 'Account closed; null = account is active';
CREATE TABLE category (
  cat_id int PRIMARY KEY,
  cat_name text NOT NULL,
  parent_id int REFERENCES category
);
COMMENT ON COLUMN category.parent_id IS 'null for main categories';
CREATE TABLE product (
  prod_id int PRIMARY KEY,
  sku varchar(8) UNIQUE NOT NULL,
  descr text NOT NULL,
  cat_id int NOT NULL REFERENCES category,
  temp_zone smallint NOT NULL,
  unit_wt_g int NOT NULL,
  vat_pct numeric(4,1) NOT NULL,
  qty_oh int NOT NULL,
  reord_lvl int NOT NULL,
  disc_on date
);
COMMENT ON TABLE product IS 'Articles, one row per sales unit (case)';
COMMENT ON COLUMN product.descr IS 'Product name';
COMMENT ON COLUMN product.temp_zone IS '1 ambient, 2 chilled, 3 frozen';
COMMENT ON COLUMN product.unit_wt_g IS 'Weight of one case in grams';
COMMENT ON COLUMN product.qty_oh IS 'Cases on hand';
COMMENT ON COLUMN product.reord_lvl IS 'Reorder level in cases';
COMMENT ON COLUMN product.disc_on IS 'Discontinued since; null = still sold';
CREATE TABLE pl_price (
  pl_code char(3) NOT NULL REFERENCES price_list,
  prod_id int NOT NULL REFERENCES product,
  price_cents int NOT NULL,
  min_qty smallint NOT NULL DEFAULT 1,
  PRIMARY KEY (pl_code, prod_id)
);
COMMENT ON TABLE pl_price IS 'List price of a product in a price list; no row = not offered in that list';
COMMENT ON COLUMN pl_price.price_cents IS 'Net price per case, cents';
COMMENT ON COLUMN pl_price.min_qty IS 'Minimum order quantity in cases';
CREATE TABLE sales_order (
  ord_no int PRIMARY KEY,
  cust_no int NOT NULL REFERENCES customer,
  ord_ts timestamptz NOT NULL,
  want_date date NOT NULL,
  ord_st char(1) NOT NULL CHECK (ord_st IN ('N','P','D','X')),
  channel ord_channel NOT NULL
);
COMMENT ON COLUMN sales_order.ord_ts IS 'When the order was placed';
COMMENT ON COLUMN sales_order.want_date IS 'Delivery day asked for by the customer';
COMMENT ON COLUMN sales_order.ord_st IS 'N new, P picked, D delivered, X cancelled';
CREATE TABLE order_line (
  ord_no int NOT NULL REFERENCES sales_order,
  line_no smallint NOT NULL,
  prod_id int NOT NULL REFERENCES product,
  qty int NOT NULL,
  unit_cents int NOT NULL,
  short_qty int NOT NULL DEFAULT 0,
  PRIMARY KEY (ord_no, line_no)
);
COMMENT ON COLUMN order_line.qty IS 'Cases ordered';
COMMENT ON COLUMN order_line.unit_cents IS 'Net price per case in cents; line value = qty * unit_cents';
COMMENT ON COLUMN order_line.short_qty IS 'Cases that could not be supplied (out of stock)';
CREATE TABLE delivery (
  dlv_id int PRIMARY KEY,
  ord_no int NOT NULL REFERENCES sales_order,
  driver text NOT NULL,
  left_at timestamptz NOT NULL,
  arrived_at timestamptz,
  cool_ok boolean
);
COMMENT ON TABLE delivery IS 'Delivery runs, one row per order';
COMMENT ON COLUMN delivery.left_at IS 'Departure from the depot';
COMMENT ON COLUMN delivery.arrived_at IS 'Arrival at the customer; null while on the road';
COMMENT ON COLUMN delivery.cool_ok IS 'Cold chain check passed; null = not measured';
CREATE TABLE credit_note (
  cn_no int PRIMARY KEY,
  ord_no int NOT NULL REFERENCES sales_order,
  prod_id int REFERENCES product,
  reason char(2) NOT NULL CHECK (reason IN ('DM','SH','PR','LT','RT')),
  amt_cents int NOT NULL,
  issued_on date NOT NULL
);
COMMENT ON TABLE credit_note IS 'Credits granted to customers';
COMMENT ON COLUMN credit_note.prod_id IS 'null = credit for the whole order';
COMMENT ON COLUMN credit_note.reason IS 'DM damaged, SH short delivery, PR price error, LT late delivery, RT goods returned';

INSERT INTO price_list VALUES ('STD','Standard','2022-01-01',NULL),('GAS','Gastronomy','2022-01-01',NULL),('HOT','Hotel chains','2022-07-01',NULL),
 ('PUB','Public canteens','2023-01-01','2027-12-31'),('PRO','Spring promotion 2024','2024-03-01','2024-05-31'),('OLD','Legacy 2022','2022-01-01','2022-12-31');
INSERT INTO category VALUES (1,'Fresh produce',NULL),(2,'Fruit',1),(3,'Vegetables',1),(4,'Dairy',NULL),(5,'Cheese',4),(6,'Milk and cream',4),(7,'Meat and fish',NULL),(8,'Beef',7),(9,'Poultry',7),(10,'Seafood',7),(11,'Dry goods',NULL),(12,'Pasta and rice',11),(13,'Canned goods',11),(14,'Baking',11),(15,'Beverages',NULL),(16,'Soft drinks',15),(17,'Coffee and tea',15),(18,'Frozen food',NULL),(19,'Frozen vegetables',18),(20,'Ice cream',18),(21,'Exotic spices',11);
CREATE TEMP TABLE p0 AS SELECT row_number() OVER () AS id, * FROM (VALUES
 ('Gala apples 13 kg',2,1,13000,1850),('Conference pears 12 kg',2,1,12000,2240),('Bananas 18 kg',2,1,18000,2390),('Lemons 10 kg',2,1,10000,2150),('Strawberries 4 kg',2,2,4000,2680),('Hass avocados 4 kg',2,2,4000,1990),
 ('Vine tomatoes 5 kg',3,2,5000,1240),('Iceberg lettuce 10 heads',3,2,4500,980),('Carrots 10 kg',3,1,10000,890),('Yellow onions 25 kg',3,1,25000,1420),('Baking potatoes 25 kg',3,1,25000,1680),('Mushrooms 3 kg',3,2,3000,1150),('Red peppers 5 kg',3,2,5000,1530),
 ('Gouda young 4 kg',5,2,4000,3290),('Emmental block 3 kg',5,2,3000,2960),('Mozzarella 10 x 125 g',5,2,1250,1180),('Parmesan wheel quarter 9 kg',5,2,9000,14900),('Feta in brine 2 kg',5,2,2000,1690),
 ('Whole milk 12 x 1 l',6,2,12600,1320),('Whipping cream 6 x 1 l',6,2,6300,2080),('Butter 10 x 250 g',6,2,2500,2350),('Plain yoghurt 5 kg',6,2,5000,1090),
 ('Beef mince 5 kg',8,2,5000,4350),('Rib-eye whole 3 kg',8,2,3000,8900),('Beef goulash 5 kg',8,2,5000,5250),
 ('Chicken breast 5 kg',9,2,5000,3980),('Whole chickens 10 kg',9,2,10000,4120),('Turkey escalope 5 kg',9,2,5000,4690),
 ('Salmon fillet 3 kg',10,2,3000,6150),('Cod loins 5 kg',10,3,5000,7200),('King prawns 2 kg',10,3,2000,3890),
 ('Spaghetti 5 kg',12,1,5000,980),('Penne 5 kg',12,1,5000,990),('Basmati rice 10 kg',12,1,10000,2280),('Risotto rice 5 kg',12,1,5000,1450),
 ('Peeled tomatoes 6 x 2.5 kg',13,1,16200,2190),('Chickpeas 6 x 2.5 kg',13,1,16100,1870),('Tuna in oil 6 x 1.7 kg',13,1,11000,7490),('Sweetcorn 12 x 340 g',13,1,4300,1390),
 ('Wheat flour 25 kg',14,1,25000,1590),('Caster sugar 10 kg',14,1,10000,1180),('Dark chocolate drops 2.5 kg',14,1,2500,2790),('Dry yeast 20 x 500 g',14,1,10000,4450),
 ('Cola 24 x 0.33 l',16,1,8600,1290),('Orange juice 12 x 1 l',16,1,12700,1780),('Still water 24 x 0.5 l',16,1,12400,690),('Tonic water 24 x 0.2 l',16,1,8900,1690),
 ('Espresso beans 6 x 1 kg',17,1,6200,8490),('Filter coffee 12 x 500 g',17,1,6300,6290),('Earl grey 300 bags',17,1,900,1890),('Peppermint tea 300 bags',17,1,800,1790),
 ('Frozen peas 10 kg',19,3,10000,1690),('Frozen spinach 10 kg',19,3,10000,1580),('French fries 10 kg',19,3,10000,1490),
 ('Vanilla ice cream 5 l',20,3,2900,1350),('Chocolate ice cream 5 l',20,3,2950,1390),('Lemon sorbet 5 l',20,3,3100,1290),('Cassata slices 40 pcs',20,3,3600,2490)) v(descr,cat,zone,wt,base);
INSERT INTO product SELECT id, 'G'||lpad((id*37+1000)::text,5,'0'), descr, cat, zone, wt, CASE WHEN cat IN (16,17,20) THEN 20.0 WHEN cat=10 THEN 10.0 ELSE 5.5 END,
  CASE WHEN id IN (23,45,57) THEN 0 ELSE pg_temp.h('oh'||id,190)+3 END, 20+pg_temp.h('rl'||id,7)*10,
  CASE id WHEN 51 THEN '2024-08-31'::date WHEN 58 THEN '2025-03-15' WHEN 25 THEN '2023-11-30' WHEN 43 THEN '2025-10-01' END FROM p0;
INSERT INTO pl_price SELECT l.c, p.id, round(p.base*l.f)::int, l.m FROM p0 p CROSS JOIN (VALUES ('STD',1.0,1),('GAS',0.93,2),('HOT',0.88,4),('PUB',0.85,5),('PRO',0.79,3),('OLD',0.81,1)) l(c,f,m)
 WHERE c='STD' OR (c='PRO' AND p.id%5=0) OR (c='OLD' AND p.id<31) OR (c IN ('GAS','HOT') AND p.id NOT IN (39,45,13)) OR (c='PUB' AND p.id NOT IN (17,24,38,31,58));
INSERT INTO customer
SELECT g, CASE t WHEN 'R' THEN (ARRAY['Trattoria ','Brasserie ','Restaurant ','Bistro '])[1+pg_temp.h('cn'||g,4)] WHEN 'H' THEN (ARRAY['Hotel ','Grand Hotel '])[1+pg_temp.h('cn'||g,2)] WHEN 'S' THEN 'Corner Shop ' ELSE 'Canteen ' END
  || (ARRAY['Bellavista','Goldener Hirsch','Lakeside','Old Mill','Zum Anker','Rosengarten','Marina','Central','Sole Mio','Riverside','Belle Epoque','Sternen','Alpenblick','Harbour View','Vier Jahreszeiten','Linden','Orchid','Castello','Nordwind','Seeblick','Weinberg','Post','Krone','Bellevue','Saffron','Olive Tree','Copper Pot','Green Door','Kastanie'])[1+(g*7)%29]
  || CASE WHEN g>58 THEN ' III' WHEN g>29 THEN ' II' ELSE '' END, t,
  (ARRAY['Basel','Zurich','Bern','Lucerne','Freiburg','Mulhouse','Winterthur','Aarau'])[1+floor(8*power(pg_temp.u('ci'||g),1.6))::int],
  CASE t WHEN 'H' THEN 'HOT' WHEN 'C' THEN 'PUB' WHEN 'R' THEN CASE WHEN g%4=0 THEN 'STD' ELSE 'GAS' END ELSE 'STD' END,
  CASE WHEN pg_temp.h('cl'||g,7)=0 THEN NULL ELSE (1+pg_temp.h('cx'||g,19))*50000 + g*1000 END,
  pg_temp.h('bl'||g,9)=0, '2022-01-10'::date + pg_temp.h('op'||g,1150), CASE WHEN pg_temp.h('cd'||g,8)=0 THEN '2025-02-01'::date + pg_temp.h('ce'||g,600) END
FROM (SELECT g, CASE WHEN pg_temp.h('ty'||g,100)<48 THEN 'R' WHEN pg_temp.h('ty'||g,100)<66 THEN 'H' WHEN pg_temp.h('ty'||g,100)<87 THEN 'S' ELSE 'C' END t FROM generate_series(1,85) g) x;
UPDATE customer SET cust_no = cust_no + 4000;
INSERT INTO sales_order
SELECT 70000+g, 4001+floor(81*power(pg_temp.u('oc'||g),1.8))::int, ts, (ts::date + 1 + pg_temp.h('wd'||g,3)),
 CASE WHEN ts >= '2026-11-18' THEN CASE WHEN pg_temp.h('st'||g,3)=0 THEN 'P' ELSE 'N' END WHEN pg_temp.h('st'||g,100)<7 THEN 'X' ELSE 'D' END,
 CASE WHEN pg_temp.h('ch'||g,100)<43 THEN 'web' WHEN pg_temp.h('ch'||g,100)<70 THEN 'phone' WHEN pg_temp.h('ch'||g,100)<88 THEN 'edi' ELSE 'rep' END::ord_channel
FROM (SELECT g, '2022-03-01 00:00+00'::timestamptz + make_interval(days => floor(1732*power(g/1400.0,0.8))::int, hours => 6+floor(12*power(pg_temp.u('hr'||g),1.3))::int, mins => pg_temp.h('mi'||g,60)) ts FROM generate_series(1,1400) g) x;
INSERT INTO order_line
SELECT o.ord_no, l, p.id, q, round(p.base * CASE c.pl_code WHEN 'STD' THEN 1.0 WHEN 'GAS' THEN 0.93 WHEN 'HOT' THEN 0.88 ELSE 0.85 END * (0.9 + 0.025*(extract(year FROM o.ord_ts)-2022)))::int,
 CASE WHEN pg_temp.h('sh'||o.ord_no||'/'||l,14)=0 THEN 1+pg_temp.h('sq'||o.ord_no||l, q) ELSE 0 END
FROM sales_order o JOIN customer c USING (cust_no) CROSS JOIN LATERAL generate_series(1, 1+pg_temp.h('nl'||o.ord_no,5)) l
 CROSS JOIN LATERAL (SELECT 1+floor(14*power(pg_temp.u('q'||o.ord_no||'/'||l),2))::int q, 1+(floor(57*power(pg_temp.u('p'||o.ord_no||'/'||l),1.3))::int*23+7)%58 pid) z JOIN p0 p ON p.id=z.pid;
INSERT INTO delivery
SELECT row_number() OVER (ORDER BY o.ord_no)+200, o.ord_no, (ARRAY['Marco Ferri','Anna Keller','Yusuf Demir','Pierre Roth','Svenja Huber','Luca Bianchi','Tom Walder','Nadia Frei'])[1+floor(8*power(pg_temp.u('dr'||o.ord_no),1.5))::int], la,
 CASE WHEN o.ord_st='D' THEN la + make_interval(mins => 18+floor(300*power(pg_temp.u('du'||o.ord_no),2.2))::int) END,
 CASE WHEN o.ord_st='P' OR pg_temp.h('cm'||o.ord_no,4)=0 THEN NULL ELSE pg_temp.h('ck'||o.ord_no,17)>0 END
FROM sales_order o CROSS JOIN LATERAL (SELECT (o.want_date + CASE WHEN pg_temp.h('late'||o.ord_no,9)=0 THEN 1+pg_temp.h('ld'||o.ord_no,3) ELSE 0 END)::timestamp AT TIME ZONE 'UTC' + make_interval(hours=>5+pg_temp.h('dh'||o.ord_no,7), mins=>pg_temp.h('dm'||o.ord_no,60)) la) z
WHERE o.ord_st='D' OR (o.ord_st='P' AND o.ord_no%2=0);
INSERT INTO credit_note
SELECT 9000+row_number() OVER (ORDER BY l.ord_no,l.line_no), l.ord_no, CASE WHEN r IN ('LT') THEN NULL ELSE l.prod_id END, r, greatest(150, l.unit_cents*(1+pg_temp.h('ca'||l.ord_no,l.qty)) - l.ord_no%13), o.want_date + 2 + pg_temp.h('ci'||l.ord_no,25)
FROM order_line l JOIN sales_order o USING (ord_no) CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.h('cr'||l.ord_no||l.line_no,100)<38 THEN 'DM' WHEN pg_temp.h('cr'||l.ord_no||l.line_no,100)<64 THEN 'SH' WHEN pg_temp.h('cr'||l.ord_no||l.line_no,100)<77 THEN 'PR' WHEN pg_temp.h('cr'||l.ord_no||l.line_no,100)<89 THEN 'LT' ELSE 'RT' END r) z
WHERE o.ord_st='D' AND pg_temp.h('cy'||l.ord_no||'-'||l.line_no,8)=0 AND o.want_date < '2026-11-01';
