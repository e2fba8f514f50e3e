CREATE TYPE pay_method AS ENUM ('cash','card','app','gift_card');
CREATE TABLE branch (
  branch_id int PRIMARY KEY, branch_name varchar(40) NOT NULL UNIQUE, city varchar(30) NOT NULL, region_cd char(2) NOT NULL,
  opened_on date NOT NULL, closed_on date, seats smallint NOT NULL, has_drive_thru boolean NOT NULL DEFAULT false);
CREATE TABLE menu_cat (
  cat_id int PRIMARY KEY, cat_name varchar(30) NOT NULL, parent_cat_id int REFERENCES menu_cat, sort_no smallint NOT NULL);
CREATE TABLE menu_item (
  item_id int PRIMARY KEY, item_name varchar(50) NOT NULL UNIQUE, cat_id int NOT NULL REFERENCES menu_cat, price_cents int NOT NULL,
  kcal int, is_veg boolean NOT NULL, disc_on date);
CREATE TABLE allergen (alg_cd char(2) PRIMARY KEY, descr varchar(30) NOT NULL);
CREATE TABLE item_allergen (item_id int REFERENCES menu_item, alg_cd char(2) REFERENCES allergen, PRIMARY KEY (item_id, alg_cd));
CREATE TABLE cust_order (
  order_id int PRIMARY KEY, branch_id int NOT NULL REFERENCES branch, ordered_at timestamptz NOT NULL, chan char(1) NOT NULL,
  st smallint NOT NULL, guests smallint, tip_cents int NOT NULL DEFAULT 0, pay_meth pay_method NOT NULL);
CREATE TABLE order_line (
  order_id int REFERENCES cust_order, line_no smallint, item_id int NOT NULL REFERENCES menu_item, qty smallint NOT NULL,
  unit_price_cents int NOT NULL, is_promo boolean NOT NULL, PRIMARY KEY (order_id, line_no));
CREATE TABLE supplier (
  supp_id int PRIMARY KEY, supp_name varchar(50) NOT NULL, city varchar(30) NOT NULL, lead_days smallint NOT NULL, rating numeric(2,1), is_active boolean NOT NULL);
CREATE TABLE supply_dlv (
  dlv_id int PRIMARY KEY, supp_id int NOT NULL REFERENCES supplier, branch_id int NOT NULL REFERENCES branch, ord_dt date NOT NULL,
  recv_dt date, amt_cents int NOT NULL, dlv_st char(1) NOT NULL);
COMMENT ON TABLE branch IS 'restaurants of the chain';
COMMENT ON COLUMN branch.region_cd IS 'NW = Pacific Northwest, MT = Mountain, CA = California';
COMMENT ON COLUMN branch.closed_on IS 'last day of business, null while operating';
COMMENT ON COLUMN menu_cat.parent_cat_id IS 'null for top-level categories';
COMMENT ON COLUMN menu_item.kcal IS 'calories per portion, null if not measured';
COMMENT ON COLUMN menu_item.price_cents IS 'list price, cents';
COMMENT ON COLUMN menu_item.is_veg IS 'vegetarian';
COMMENT ON COLUMN menu_item.disc_on IS 'date taken off the menu, null while on the menu';
COMMENT ON TABLE cust_order IS 'orders of guests, one row per check';
COMMENT ON COLUMN cust_order.chan IS 'D = dine-in, T = takeaway, L = home delivery, K = drive-through';
COMMENT ON COLUMN cust_order.st IS '1 placed, 2 in kitchen, 3 completed, 4 refunded, 9 cancelled';
COMMENT ON COLUMN cust_order.guests IS 'party size, dine-in only';
COMMENT ON COLUMN cust_order.tip_cents IS '0 = no tip';
COMMENT ON TABLE order_line IS 'line revenue = qty * unit_price_cents';
COMMENT ON COLUMN order_line.unit_price_cents IS 'price charged per piece, cents, after any promotion';
COMMENT ON COLUMN supplier.rating IS '1.0 to 5.0, null = not yet rated';
COMMENT ON COLUMN supplier.lead_days IS 'agreed lead time';
COMMENT ON TABLE supply_dlv IS 'supplies ordered by branches from suppliers';
COMMENT ON COLUMN supply_dlv.recv_dt IS 'arrival, null until it arrives';
COMMENT ON COLUMN supply_dlv.dlv_st IS 'O = ordered, R = received in full, P = received partially, X = rejected';
CREATE FUNCTION pg_temp.u(text, bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5($1||':'||$2),1,7))::bit(28)::int / 268435456.0 $$;
INSERT INTO branch SELECT n, (ARRAY['Harbor Street','Pike Corner','Union Square','Ballard Mill','Pearl Yard','Hawthorne','Old Depot','Riverside','Capitol Grill House','Willamette Landing','Campus Gate','Tacoma Dome','Monroe Street','Foothills','Bench Avenue','Garden City','Truckee Walk','Virginia Lake','Midtown K','Tower Bridge','Jack London','Lake Merritt','Rockridge','Airport Way','Greenwood','Alberta Arts','Fremont Canal','Natomas','Northgate','Keizer Station','Sparks Marina','Queen Anne'])[n],
 (ARRAY['Seattle','Seattle','Seattle','Seattle','Portland','Portland','Portland','Spokane','Salem','Salem','Eugene','Tacoma','Spokane','Boise','Boise','Boise','Reno','Reno','Sacramento','Sacramento','Oakland','Oakland','Oakland','Portland','Seattle','Portland','Seattle','Sacramento','Seattle','Salem','Reno','Seattle'])[n],
 CASE WHEN n BETWEEN 14 AND 18 OR n = 31 THEN 'MT' WHEN n BETWEEN 19 AND 23 OR n = 28 THEN 'CA' ELSE 'NW' END,
 CASE WHEN n = 32 THEN DATE '2026-11-16' WHEN n > 22 THEN DATE '2022-03-01' + (n-22)*131 ELSE DATE '2009-05-04' + n*211 END,
 CASE n WHEN 12 THEN DATE '2024-06-30' WHEN 18 THEN DATE '2025-09-14' WHEN 23 THEN DATE '2026-01-31' WHEN 7 THEN DATE '2023-02-28' END,
 30 + (pg_temp.u('seat',n)*90)::int, pg_temp.u('dt',n) < 0.4 FROM generate_series(1,32) n;
INSERT INTO menu_cat VALUES (1,'Food',NULL,1),(2,'Drinks',NULL,2),(3,'Desserts',NULL,3),(4,'Starters',1,10),(5,'Burgers',1,11),(6,'Pizza',1,12),(7,'Pasta',1,13),(8,'Salads',1,14),(9,'Sides',1,15),(10,'Soft Drinks',2,20),(11,'Hot Drinks',2,21),(12,'Beer and Wine',2,22),(13,'Cakes',3,30),(14,'Ice Cream',3,31);
INSERT INTO menu_item SELECT n, a[1], a[2]::int, a[3]::int, CASE WHEN n % 11 = 5 THEN NULL ELSE a[4]::int + n END, a[5] = 'v', CASE WHEN n IN (6,19,28,41,47) THEN DATE '2023-04-01' + n*21 END
FROM (SELECT ordinality::int n, string_to_array(r,'|') a FROM unnest(ARRAY[
'Tomato Soup|4|690|180|v','Bruschetta|4|750|260|v','Chicken Wings|4|1090|560|n','Crispy Calamari|4|1250|480|n','Hummus Plate|4|890|390|v','Onion Rings Tower|4|820|610|v',
'Classic Burger|5|1290|780|n','Double Bacon Burger|5|1690|1120|n','Chicken Burger|5|1390|740|n','Veggie Burger|5|1350|610|v','Blue Cheese Burger|5|1590|930|n',
'Margherita|6|1190|820|v','Pepperoni|6|1390|980|n','Four Cheese|6|1450|1010|v','Garden Pizza|6|1350|790|v','Smoked Salmon Pizza|6|1790|870|n','Hawaii|6|1390|890|n','Truffle Pizza|6|1990|900|v','Calzone|6|1490|1040|n',
'Spaghetti Bolognese|7|1390|810|n','Carbonara|7|1450|940|n','Penne Arrabbiata|7|1190|660|v','Lasagna|7|1550|970|n','Mushroom Ravioli|7|1590|700|v',
'Caesar Salad|8|1150|430|n','Chicken Caesar|8|1390|550|n','Greek Salad|8|1090|360|v','Quinoa Bowl|8|1290|410|v',
'Fries|9|490|420|v','Sweet Potato Fries|9|590|440|v','Coleslaw|9|420|210|v','Garlic Bread|9|550|340|v','Mac and Cheese|9|690|520|v',
'Cola|10|350|140|v','Lemonade|10|390|120|v','Iced Tea|10|390|90|v','Sparkling Water|10|320|0|v',
'Espresso|11|290|4|v','Cappuccino|11|420|110|v','Hot Chocolate|11|450|280|v','Chai Latte|11|460|230|v',
'Pale Ale|12|690|200|v','House Red|12|850|150|v','House White|12|850|145|v',
'Tiramisu|13|790|450|v','Cheesecake|13|750|520|v','Carrot Cake|13|690|480|v','Vanilla Scoop|14|350|190|v','Chocolate Sundae|14|690|540|v','Affogato|14|590|240|v']) WITH ORDINALITY t(r,ordinality)) s;
INSERT INTO allergen VALUES ('GL','Gluten'),('MI','Milk'),('EG','Egg'),('NU','Tree nuts'),('FI','Fish'),('SO','Soy'),('SE','Sesame'),('CR','Crustaceans'),('LU','Lupin'),('CE','Celery');
INSERT INTO item_allergen SELECT i.item_id, a.c FROM menu_item i, LATERAL unnest(CASE i.cat_id WHEN 4 THEN ARRAY['CE'] WHEN 5 THEN ARRAY['GL','SE','EG'] WHEN 6 THEN ARRAY['GL','MI'] WHEN 7 THEN ARRAY['GL','EG','MI'] WHEN 13 THEN ARRAY['GL','EG','MI','NU'] WHEN 14 THEN ARRAY['MI'] WHEN 12 THEN ARRAY['GL'] ELSE ARRAY[]::text[] END) a(c) WHERE NOT (i.item_name LIKE 'House%') AND i.item_id <> 22;
INSERT INTO item_allergen VALUES (2,'GL'),(4,'CR'),(4,'GL'),(5,'SE'),(16,'FI'),(25,'FI'),(25,'MI'),(26,'FI'),(26,'MI'),(26,'EG'),(27,'MI'),(32,'GL'),(33,'GL'),(33,'MI'),(39,'MI'),(40,'MI'),(41,'MI'),(22,'GL'),(28,'SO'),(49,'NU'),(10,'SO'),(11,'MI');
INSERT INTO cust_order SELECT row_number() OVER (ORDER BY ts), b.branch_id, ts, ch,
 CASE WHEN ts > '2026-11-26' THEN (CASE WHEN n % 2 = 0 THEN 1 ELSE 2 END) WHEN s < 0.06 + (ch='L')::int*0.06 + (b.branch_id % 5)*0.01 THEN 9 WHEN s > 0.96 THEN 4 ELSE 3 END,
 CASE WHEN ch = 'D' THEN 1 + (pg_temp.u('g',n)^2*9)::int END,
 CASE WHEN ch IN ('D','L') AND pg_temp.u('tip',n) < 0.55 THEN 100 + (pg_temp.u('tp',n)^2*1900)::int ELSE 0 END,
 (ARRAY['card','card','card','card','card','cash','cash','app','app','gift_card'])[1+floor(10*pg_temp.u('pm',n))::int]::pay_method
FROM (SELECT n, 1 + floor(32*pg_temp.u('br',n)^1.4)::int br, timestamptz '2022-01-01 00:00+00' + floor(1791*pg_temp.u('day',n)^0.85)*interval '1 day' + (10*60 + floor(690*pg_temp.u('mi',n)^1.2))*interval '1 minute' + (n%60)*interval '1 second' ts,
 (ARRAY['D','D','D','D','D','T','T','L','L','K'])[1+floor(10*pg_temp.u('ch',n))::int] ch, pg_temp.u('st',n) s FROM generate_series(1,1900) n
 UNION ALL SELECT n, 1 + (n*7)%6, timestamptz '2026-11-27 10:00+00' + (n-5000)*37*interval '1 minute', (ARRAY['D','T','L'])[1+n%3], 0.5 FROM generate_series(5001,5015) n) o
JOIN branch b ON b.branch_id = o.br AND o.ts >= b.opened_on AND (b.closed_on IS NULL OR o.ts < b.closed_on) AND b.branch_id < 32 AND (o.ch <> 'K' OR b.has_drive_thru);
INSERT INTO order_line SELECT x.order_id, x.l, i.item_id, 1 + floor(3.6*pg_temp.u('q'||x.l,x.order_id)^2)::int, CASE WHEN x.pr THEN (i.price_cents*0.8)::int ELSE i.price_cents END, x.pr
FROM (SELECT o.order_id, l, o.ordered_at, 1 + (floor(48*pg_temp.u('it'||l,o.order_id)^1.25)::int*7 + 11) % 50 it, pg_temp.u('pr'||l,o.order_id) < 0.13 pr
 FROM cust_order o, LATERAL generate_series(1, 1+floor(4*pg_temp.u('ln',o.order_id))::int) l) x
JOIN menu_item i ON i.item_id = x.it;
INSERT INTO supplier SELECT n, (ARRAY['Cascade Produce','Golden Valley Farms','Bay Seafood','North Fork Dairy','Rainier Meats','Sierra Bakery','Blue Heron Coffee','Pacific Paper Goods','Columbia Beverage','Orchard Lane','Delta Rice Mill','Three Rivers Poultry','Sunset Oils','Redwood Brewing','Napa Cellars Direct','Snake River Potatoes','Yakima Hops','Mesa Spice Trading','Iron Kettle Soups','Silver Lake Ice Cream','Puget Packaging','Tule Greens','Cedar Mill Cheese','Lone Pine Honey','Harvest Moon Flour','Coastline Shellfish','Evergreen Linens','Basin Beef','Crater Lake Water','Old Mill Pasta'])[n],
 (ARRAY['Fresno','Seattle','Yakima','Oakland','Boise','Fresno','Portland','Tacoma'])[1+floor(8*pg_temp.u('sc',n))::int], 1 + floor(11*pg_temp.u('ld',n)^1.5)::int,
 CASE WHEN n % 9 = 4 THEN NULL ELSE round((2.2 + 2.7*pg_temp.u('ra',n))::numeric,1) END, n NOT IN (5,13,21,24,30) FROM generate_series(1,30) n;
INSERT INTO supply_dlv SELECT row_number() OVER (ORDER BY d, n), sid, br, d, CASE WHEN st <> 'O' THEN d + s.lead_days + floor(4*pg_temp.u('lt',n)^2)::int END, 8000 + (pg_temp.u('am',n)^2*290000)::int, st
FROM (SELECT n, 1+floor(30*pg_temp.u('ds',n)^1.3)::int sid, 1+floor(32*pg_temp.u('db',n)^1.2)::int br, DATE '2022-01-03' + floor(1788*pg_temp.u('dd',n))::int d, pg_temp.u('dst',n) z FROM generate_series(1,820) n) o
JOIN branch b ON b.branch_id = br AND d >= b.opened_on AND (b.closed_on IS NULL OR d < b.closed_on)
JOIN supplier s ON s.supp_id = sid, LATERAL (SELECT CASE WHEN d + 16 > DATE '2026-11-27' OR (z > 0.985 AND d > '2026-08-01') THEN 'O' WHEN z < 0.05 + (sid%4)*0.02 AND sid NOT IN (7,15,20) THEN 'X' WHEN z > 0.9 THEN 'P' ELSE 'R' END st) k;
