CREATE FUNCTION pg_temp.h(k text, g int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(k || ':' || g) & 2147483647) % n $$;
CREATE FUNCTION pg_temp.u(k text, g int) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(k || '/' || g) & 2147483647) % 100000) / 100000.0::float8 $$;

CREATE TYPE batch_state AS ENUM ('fermenting', 'conditioning', 'packaged', 'dumped');
CREATE TYPE tank_kind AS ENUM ('fermenter', 'bright', 'barrel');

CREATE TABLE styles (
  style_cd text PRIMARY KEY,
  style_name text NOT NULL,
  family text NOT NULL CHECK (family IN ('ale', 'lager', 'sour'))
);

CREATE TABLE recipes (
  recipe_id serial PRIMARY KEY,
  beer_name text NOT NULL UNIQUE,
  style_cd text NOT NULL REFERENCES styles,
  abv_target numeric(4,2) NOT NULL,
  ibu int,
  derived_from int REFERENCES recipes,
  created_on date NOT NULL,
  retired_on date,
  tags text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE recipes IS 'One row per beer we brew or used to brew';
COMMENT ON COLUMN recipes.abv_target IS 'intended alcohol, percent by volume';
COMMENT ON COLUMN recipes.ibu IS 'bitterness units; null if never measured';
COMMENT ON COLUMN recipes.derived_from IS 'recipe this one was developed from; null for originals';
COMMENT ON COLUMN recipes.retired_on IS 'null while still in the range';
COMMENT ON COLUMN recipes.tags IS 'any of: seasonal, vegan, export, collab, award';

CREATE TABLE ingredients (
  ingr_id serial PRIMARY KEY,
  ingr_name text NOT NULL,
  kind char(1) NOT NULL CHECK (kind IN ('M', 'H', 'Y', 'A')),
  supplier text,
  qty_oh numeric(9,1) NOT NULL,
  reorder_lvl numeric(9,1) NOT NULL,
  cost_ct int NOT NULL
);
COMMENT ON COLUMN ingredients.kind IS 'M malt, H hops, Y yeast, A adjunct (fruit, spice, sugar)';
COMMENT ON COLUMN ingredients.supplier IS 'null = we grow or culture it ourselves';
COMMENT ON COLUMN ingredients.qty_oh IS 'stock on hand in kg';
COMMENT ON COLUMN ingredients.reorder_lvl IS 'reorder when stock falls below this many kg';
COMMENT ON COLUMN ingredients.cost_ct IS 'purchase price per kg in cents';

CREATE TABLE recipe_items (
  recipe_id int NOT NULL REFERENCES recipes,
  ingr_id int NOT NULL REFERENCES ingredients,
  g_per_hl int NOT NULL,
  boil_min int,
  PRIMARY KEY (recipe_id, ingr_id)
);
COMMENT ON TABLE recipe_items IS 'Bill of materials of a recipe';
COMMENT ON COLUMN recipe_items.g_per_hl IS 'grams per hectolitre of beer';
COMMENT ON COLUMN recipe_items.boil_min IS 'minutes in the boil; null if not boiled';

CREATE TABLE tanks (
  tank_no text PRIMARY KEY,
  kind tank_kind NOT NULL,
  cap_l int NOT NULL,
  hall text NOT NULL,
  in_service boolean NOT NULL
);
COMMENT ON COLUMN tanks.cap_l IS 'capacity in litres';

CREATE TABLE batches (
  batch_no int PRIMARY KEY,
  recipe_id int NOT NULL REFERENCES recipes,
  tank_no text NOT NULL REFERENCES tanks,
  brewer text NOT NULL,
  brewed_on date NOT NULL,
  vol_l int NOT NULL,
  state batch_state NOT NULL,
  packed_on date,
  loss_pct numeric(4,1)
);
COMMENT ON TABLE batches IS 'Brews';
COMMENT ON COLUMN batches.vol_l IS 'volume into the tank, litres';
COMMENT ON COLUMN batches.packed_on IS 'null unless packaged';
COMMENT ON COLUMN batches.loss_pct IS 'percent of the volume lost until packaging, null unless packaged';

CREATE TABLE lab_results (
  result_id int PRIMARY KEY,
  batch_no int NOT NULL REFERENCES batches,
  test_cd smallint NOT NULL CHECK (test_cd BETWEEN 1 AND 5),
  taken_at timestamptz NOT NULL,
  reading numeric(8,2) NOT NULL,
  passed boolean
);
COMMENT ON TABLE lab_results IS 'Samples measured in our own lab';
COMMENT ON COLUMN lab_results.test_cd IS '1 = pH, 2 = alcohol % vol, 3 = gravity in degrees Plato, 4 = CO2 in g/l, 5 = microbiology in CFU/ml';
COMMENT ON COLUMN lab_results.passed IS 'null while the head brewer has not judged it';

CREATE TABLE kegs (
  keg_no int PRIMARY KEY,
  size_l smallint NOT NULL,
  batch_no int REFERENCES batches,
  stat char(1) NOT NULL CHECK (stat IN ('E', 'F', 'O', 'R', 'L')),
  filled_on date,
  outlet text,
  bought_on date NOT NULL
);
COMMENT ON COLUMN kegs.batch_no IS 'last filling; null if never filled';
COMMENT ON COLUMN kegs.stat IS 'E empty, F full in our cold store, O out at an outlet, R in repair, L lost';
COMMENT ON COLUMN kegs.outlet IS 'pub or shop that has the keg or had it last when lost; null in house';

CREATE VIEW v_packaged AS
SELECT b.batch_no, r.beer_name, b.packed_on, b.packed_on - b.brewed_on AS days_to_pack, round(b.vol_l * (100 - b.loss_pct) / 100) AS net_l
FROM batches b JOIN recipes r ON r.recipe_id = b.recipe_id WHERE b.state = 'packaged';
COMMENT ON VIEW v_packaged IS 'Packaged batches with days from brewing to packaging and net litres after losses';

INSERT INTO styles VALUES ('PIL','Pilsner','lager'),('HEL','Helles','lager'),('DUN','Dunkel','lager'),('BOC','Doppelbock','lager'),('IPA','India Pale Ale','ale'),('NEI','Hazy IPA','ale'),('PAL','Pale Ale','ale'),('STO','Stout','ale'),('POR','Porter','ale'),('WIT','Witbier','ale'),('SAI','Saison','ale'),('GOS','Gose','sour'),('BER','Berliner Weisse','sour'),('LAM','Fruit Sour','sour'),('BAR','Barley Wine','ale');

INSERT INTO recipes (beer_name, style_cd, abv_target, ibu, derived_from, created_on, retired_on, tags)
SELECT n.b, n.s, n.a, CASE WHEN pg_temp.h('ibu', g, 9) > 0 THEN (n.a * 5)::int + pg_temp.h('ib', g, 23) END, n.p, date '2022-01-15' + g * 37 - pg_temp.h('cr', g, 20),
  CASE WHEN pg_temp.h('ret', g + 3, 5) = 0 THEN date '2025-09-01' + pg_temp.h('rt', g, 400) END,
  CASE pg_temp.h('tag', g, 7) WHEN 0 THEN '{seasonal}'::text[] WHEN 1 THEN '{vegan,export}' WHEN 2 THEN '{seasonal,collab}' WHEN 3 THEN '{award,export}' WHEN 4 THEN '{vegan}' ELSE '{}' END
FROM (SELECT row_number() OVER ()::int AS g, v.* FROM (VALUES
('Harbour Pils','PIL',4.9,NULL),('Lantern Lager','HEL',5.1,NULL),('Night Ferry Stout','STO',5.8,NULL),('Crooked Mast IPA','IPA',6.4,NULL),('Fog Bank','NEI',6.6,4),('Gull Pale','PAL',5.0,NULL),('Anchor Porter','POR',5.6,3),('Dune Wit','WIT',4.7,NULL),('Salt Marsh Gose','GOS',4.3,NULL),('Cellarman''s Bock','BOC',7.8,2),('Double Mast','IPA',8.2,4),('Little Mast','IPA',3.8,4),('Raspberry Tide','LAM',4.5,9),('Cherry Tide','LAM',4.6,13),('Hay Barn Saison','SAI',6.1,NULL),('Dark Lantern','DUN',5.3,2),('Berliner Pier','BER',3.4,NULL),('Winter Keel','BAR',10.2,NULL),('Oatmeal Ferry','STO',5.2,3),('Citra Gull','PAL',5.3,6),('Rye Gull','PAL',5.5,6),('Fresh Hop Pils','PIL',5.2,1),('Export Pils','PIL',5.6,1),('Quiet Water','HEL',2.8,2),('Mango Fog','NEI',6.7,5),('Coffee Ferry','STO',6.0,19),('Sea Buckthorn Gose','GOS',4.4,9),('Old Captain','BAR',11.0,18),('Festival Helles','HEL',5.7,2),('Orange Dune','WIT',4.8,8),('Black Buoy','POR',6.9,7),('Elderflower Saison','SAI',5.9,15)) v(b, s, a, p)) n;

INSERT INTO ingredients (ingr_name, kind, supplier, qty_oh, reorder_lvl, cost_ct)
SELECT v.n, v.k, v.s, round((v.lvl * (0.3 + 3.2 * pg_temp.u('oh', v.o::int)))::numeric, 1), v.lvl, v.c
FROM (VALUES (1,'Pilsner malt','M','Weyerhof Maltings',2400,92),(2,'Pale ale malt','M','Weyerhof Maltings',1800,98),(3,'Munich malt','M','Weyerhof Maltings',600,104),(4,'Wheat malt','M','Graanhuis',500,99),(5,'Rye malt','M','Graanhuis',150,121),(6,'Roasted barley','M','Graanhuis',120,138),(7,'Chocolate malt','M','Simpkin Malt Co',100,145),(8,'Crystal malt','M','Simpkin Malt Co',200,127),(9,'Oat flakes','M','Graanhuis',150,110),(10,'Acidulated malt','M','Weyerhof Maltings',60,152),(11,'Citra','H','Hop Union West',40,3450),(12,'Mosaic','H','Hop Union West',40,3280),(13,'Cascade','H','Hop Union West',35,2150),(14,'Saaz','H','Zatec Growers',50,1890),(15,'Hallertau Blanc','H','Hallertauer Kontor',30,2240),(16,'Magnum','H','Hallertauer Kontor',45,1480),(17,'East Kent Goldings','H','Kentish Hops',25,2010),(18,'Garden Cascade','H',NULL,5,400),(19,'Lager yeast','Y','Fermolab',8,11800),(20,'House ale yeast','Y',NULL,6,900),(21,'Saison yeast','Y','Fermolab',3,13900),(22,'Lactobacillus culture','Y',NULL,2,1200),(23,'Witbier yeast','Y','Fermolab',3,12600),(24,'Sea salt','A','Brine & Co',20,180),(25,'Coriander seed','A','Spice Route',10,640),(26,'Orange peel','A','Spice Route',12,890),(27,'Raspberry puree','A','Beerenhof',150,520),(28,'Cherry puree','A','Beerenhof',150,495),(29,'Mango puree','A','Tropifruit',120,410),(30,'Coffee beans','A','Kade Roasters',15,1950),(31,'Elderflower','A',NULL,6,300),(32,'Sea buckthorn juice','A','Beerenhof',60,780),(33,'Lactose','A','Melkweg',50,260),(34,'Candi sugar','A','Spice Route',40,310)) v(o, n, k, s, lvl, c) ORDER BY v.o;

INSERT INTO recipe_items
SELECT r.recipe_id, i.ingr_id,
  CASE i.kind WHEN 'M' THEN 900 + pg_temp.h('gm', r.recipe_id * 100 + i.ingr_id, 14000) WHEN 'H' THEN 40 + pg_temp.h('gh', r.recipe_id * 100 + i.ingr_id, 520) WHEN 'Y' THEN 60 + pg_temp.h('gy', r.recipe_id * 100 + i.ingr_id, 50) ELSE 100 + pg_temp.h('ga', r.recipe_id * 100 + i.ingr_id, 4000) END,
  CASE i.kind WHEN 'H' THEN (ARRAY[60,60,30,15,5,NULL])[1 + pg_temp.h('bo', r.recipe_id * 100 + i.ingr_id, 6)] WHEN 'A' THEN (ARRAY[10,NULL,NULL])[1 + pg_temp.h('ba', r.recipe_id * 100 + i.ingr_id, 3)] END
FROM recipes r JOIN styles s ON s.style_cd = r.style_cd CROSS JOIN ingredients i
WHERE (i.ingr_id <= 2 AND (s.family = 'lager') = (i.ingr_id = 1))
  OR (i.ingr_id BETWEEN 3 AND 9 AND pg_temp.h('rm', r.recipe_id * 100 + i.ingr_id, 4) = 0)
  OR (i.kind = 'H' AND i.ingr_id NOT IN (17) AND pg_temp.h('rh', r.recipe_id * 100 + i.ingr_id, 10) < 3)
  OR (i.ingr_id = 19 AND s.family = 'lager') OR (i.ingr_id = 20 AND s.family = 'ale' AND r.style_cd NOT IN ('SAI', 'WIT')) OR (i.ingr_id = 21 AND r.style_cd = 'SAI') OR (i.ingr_id = 22 AND s.family = 'sour') OR (i.ingr_id = 23 AND r.style_cd = 'WIT')
  OR (i.ingr_id = 24 AND r.style_cd = 'GOS') OR (i.ingr_id IN (25, 26) AND r.style_cd = 'WIT') OR (i.ingr_id = 27 AND r.beer_name LIKE 'Raspberry%') OR (i.ingr_id = 28 AND r.beer_name LIKE 'Cherry%') OR (i.ingr_id = 29 AND r.beer_name LIKE 'Mango%') OR (i.ingr_id = 30 AND r.beer_name LIKE 'Coffee%') OR (i.ingr_id = 31 AND r.beer_name LIKE 'Elder%') OR (i.ingr_id = 32 AND r.beer_name LIKE 'Sea B%');

INSERT INTO tanks
SELECT (CASE WHEN g <= 14 THEN 'FV' WHEN g <= 20 THEN 'BT' ELSE 'BA' END) || lpad(g::text, 2, '0'),
  (CASE WHEN g <= 14 THEN 'fermenter' WHEN g <= 20 THEN 'bright' ELSE 'barrel' END)::tank_kind,
  CASE WHEN g <= 14 THEN (ARRAY[2000,2000,4000,6000])[1 + pg_temp.h('cap', g, 4)] WHEN g <= 20 THEN 3000 ELSE 225 END,
  CASE WHEN g <= 8 THEN 'Old Hall' WHEN g <= 17 THEN 'New Hall' WHEN g <= 20 THEN 'Cold Room' ELSE 'Barrel Cellar' END, g NOT IN (6, 18, 25)
FROM generate_series(1, 28) g;

INSERT INTO batches
SELECT 2200 + g, s.rid, s.tank, (ARRAY['Femke Bos','Femke Bos','Ruben Kuiper','Ruben Kuiper','Ruben Kuiper','Ada Willems','Ada Willems','Stijn Maes','Nora Peeters'])[1 + pg_temp.h('brw', g, 9)], s.d,
  (s.cap * (0.7 + 0.28 * pg_temp.u('vol', g)))::int, s.st::batch_state,
  CASE WHEN s.st = 'packaged' THEN s.d + s.ttl END, CASE WHEN s.st = 'packaged' THEN round((2 + 9 * power(pg_temp.u('loss', g), 2))::numeric, 1) END
FROM (SELECT x.*, CASE WHEN pg_temp.h('dump', g, 24) = 0 THEN 'dumped' WHEN x.d + x.ttl < '2026-11-24' THEN 'packaged' WHEN x.d < '2026-11-10' THEN 'conditioning' ELSE 'fermenting' END AS st
  FROM (SELECT g, r.recipe_id AS rid, t.tank_no AS tank, t.cap_l AS cap, date '2022-06-01' + (1634 * power(g / 640.0, 0.9))::int AS d,
    16 + (r.abv_target * 2)::int + pg_temp.h('ttl', g, 14) + CASE WHEN s.family = 'lager' THEN 18 ELSE 0 END AS ttl
    FROM generate_series(1, 640) g
    JOIN recipes r ON r.recipe_id = 1 + floor(31 * power(pg_temp.u('rec', g), 1.9))::int
    JOIN styles s ON s.style_cd = r.style_cd
    JOIN tanks t ON t.tank_no = CASE WHEN pg_temp.h('bar', g, 25) = 0 THEN 'BA' || lpad((21 + pg_temp.h('bar2', g, 7))::text, 2, '0') ELSE 'FV' || lpad((1 + floor(14 * power(pg_temp.u('tk', g), 1.3)))::text, 2, '0') END
    WHERE r.created_on < date '2022-06-01' + (1634 * power(g / 640.0, 0.9))::int AND (r.retired_on IS NULL OR r.retired_on > date '2022-06-01' + (1634 * power(g / 640.0, 0.9))::int)) x) s;

INSERT INTO lab_results
SELECT row_number() OVER (ORDER BY b.batch_no, t, k), b.batch_no, t,
  b.brewed_on + make_interval(days => CASE t WHEN 3 THEN 1 + k * 5 ELSE 9 + t * 2 + k * 3 END, hours => 6 + pg_temp.h('lh', b.batch_no * 10 + t, 11), mins => pg_temp.h('lm', b.batch_no * 10 + t, 60)),
  round((CASE t WHEN 1 THEN CASE WHEN s.family = 'sour' THEN 3.1 ELSE 4.1 END + 0.5 * x.u WHEN 2 THEN r.abv_target - 0.4 + 0.9 * x.u WHEN 3 THEN greatest(1.8, r.abv_target * 2.3 - k * 4.5 + x.u * 2) WHEN 4 THEN 4.1 + 1.6 * x.u ELSE floor(60 * power(x.u, 6)) END)::numeric, 2),
  CASE WHEN b.brewed_on >= '2026-10-20' AND pg_temp.h('jd', b.batch_no * 10 + t, 2) = 0 THEN NULL ELSE pg_temp.h('ps', b.batch_no * 30 + t * 3 + k, CASE WHEN b.state = 'dumped' THEN 3 ELSE 17 END) > 0 END
FROM batches b JOIN recipes r ON r.recipe_id = b.recipe_id JOIN styles s ON s.style_cd = r.style_cd CROSS JOIN generate_series(1, 5) t CROSS JOIN generate_series(1, 2) k
CROSS JOIN LATERAL (SELECT pg_temp.u('rd', b.batch_no * 30 + t * 3 + k) AS u) x
WHERE (k = 1 OR t = 3) AND b.brewed_on + 9 + t * 2 + k * 3 < '2026-11-26' AND pg_temp.h('skip', b.batch_no * 10 + t, 10) > 1 AND b.batch_no % 53 <> 7;

INSERT INTO kegs
SELECT g, (ARRAY[20,30,30,30,50])[1 + pg_temp.h('sz', g, 5)], CASE WHEN s.st = 'N' THEN NULL ELSE b.batch_no END, replace(s.st, 'N', 'E'), CASE WHEN s.st <> 'N' THEN b.packed_on + pg_temp.h('fd', g, 6) END,
  CASE WHEN s.st IN ('O', 'L') THEN (ARRAY['The Blue Heron','Café Zuid','De Kroon','The Blue Heron','Bar Kompas','The Blue Heron','Brasserie Noord','Tap & Tulip','De Kroon','Station Pub','Hop House','Bottle Shop Vliet'])[1 + pg_temp.h('ol', g, 12)] END,
  date '2022-05-01' + pg_temp.h('kb', g, 700)
FROM (SELECT g, (ARRAY['O','O','O','O','O','F','F','F','E','E','E','N','R','L'])[1 + pg_temp.h('ks', g, 14)] AS st, pg_temp.h('kf', g, 1000) AS kf FROM generate_series(1, 640) g) s
JOIN (SELECT batch_no, packed_on, row_number() OVER (ORDER BY packed_on DESC, batch_no DESC) AS rn FROM batches WHERE state = 'packaged') b ON b.rn = CASE WHEN s.st IN ('L', 'R') THEN 40 + s.kf % 160 ELSE 1 + s.kf % CASE WHEN s.st = 'O' THEN 45 ELSE 26 END END;
