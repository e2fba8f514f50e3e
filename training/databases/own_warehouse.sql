CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(s) & 2147483647) % n $$;
CREATE SCHEMA purchasing;
COMMENT ON SCHEMA purchasing IS 'suppliers and orders to them';
CREATE TYPE unit_of_measure AS ENUM ('piece','box','roll','litre','metre');
CREATE TYPE purchasing.po_state AS ENUM ('draft','sent','partial','received','cancelled');
CREATE TABLE categories (
  category_id int PRIMARY KEY,
  category_name text NOT NULL,
  parent_id int REFERENCES categories
);
COMMENT ON TABLE categories IS 'two-level item categories; main categories have no parent';
CREATE TABLE items (
  item_id int PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  item_name text NOT NULL,
  category_id int NOT NULL REFERENCES categories,
  uom unit_of_measure NOT NULL,
  weight_g int NOT NULL,
  list_price numeric(9,2) NOT NULL,
  reorder_point int NOT NULL,
  is_hazmat boolean NOT NULL,
  discontinued_on date
);
COMMENT ON COLUMN items.weight_g IS 'grams per unit';
COMMENT ON COLUMN items.list_price IS 'sales price per unit, USD';
COMMENT ON COLUMN items.reorder_point IS 'order again when total stock on hand falls below this';
COMMENT ON COLUMN items.is_hazmat IS 'dangerous goods';
COMMENT ON COLUMN items.discontinued_on IS 'null while in the range';
CREATE TABLE bins (
  bin_id int PRIMARY KEY,
  bin_code text NOT NULL UNIQUE,
  zone char(1) NOT NULL CHECK (zone IN ('A','B','C','H','Q')),
  aisle int NOT NULL,
  max_kg int NOT NULL,
  is_blocked boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE bins IS 'storage locations (shelf places)';
COMMENT ON COLUMN bins.zone IS 'A = fast pick, B = bulk, C = cold room, H = hazardous goods, Q = quarantine';
COMMENT ON COLUMN bins.max_kg IS 'load limit, kg';
CREATE TABLE bin_stock (
  bin_id int REFERENCES bins,
  item_id int REFERENCES items,
  qty_oh int NOT NULL,
  qty_rsv int NOT NULL,
  last_count date,
  PRIMARY KEY (bin_id, item_id)
);
COMMENT ON TABLE bin_stock IS 'what lies where; available = qty_oh - qty_rsv';
COMMENT ON COLUMN bin_stock.qty_oh IS 'quantity on hand, units';
COMMENT ON COLUMN bin_stock.qty_rsv IS 'reserved for orders, units';
COMMENT ON COLUMN bin_stock.last_count IS 'last stocktaking; null = never counted';
CREATE TABLE operators (
  operator_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  shift char(1) NOT NULL,
  left_on date
);
COMMENT ON TABLE operators IS 'warehouse workers';
COMMENT ON COLUMN operators.shift IS 'E = early, L = late, N = night';
COMMENT ON COLUMN operators.left_on IS 'null while employed';
CREATE TABLE stock_moves (
  move_id int PRIMARY KEY,
  moved_at timestamptz NOT NULL,
  item_id int NOT NULL REFERENCES items,
  move_type smallint NOT NULL CHECK (move_type IN (10,20,30,40,50)),
  from_bin_id int REFERENCES bins,
  to_bin_id int REFERENCES bins,
  qty int NOT NULL,
  operator_id int REFERENCES operators
);
COMMENT ON COLUMN stock_moves.move_type IS '10 = goods receipt, 20 = pick for customer, 30 = relocation, 40 = scrapped, 50 = customer return';
COMMENT ON COLUMN stock_moves.from_bin_id IS 'null for goods coming in (10, 50)';
COMMENT ON COLUMN stock_moves.to_bin_id IS 'null for goods going out (20, 40)';
COMMENT ON COLUMN stock_moves.operator_id IS 'null when done by the automatic shuttle';
CREATE TABLE purchasing.suppliers (
  supplier_id int PRIMARY KEY,
  supplier_name text NOT NULL,
  city text NOT NULL,
  country_code char(2) NOT NULL,
  lead_days int NOT NULL,
  rating char(1),
  on_hold boolean NOT NULL
);
COMMENT ON COLUMN purchasing.suppliers.lead_days IS 'promised delivery time, days';
COMMENT ON COLUMN purchasing.suppliers.rating IS 'A (best) to D (worst); null = not yet rated';
COMMENT ON COLUMN purchasing.suppliers.on_hold IS 'no new orders allowed';
CREATE TABLE purchasing.purchase_orders (
  po_id int PRIMARY KEY,
  po_number text NOT NULL UNIQUE,
  supplier_id int NOT NULL REFERENCES purchasing.suppliers,
  ordered_on date NOT NULL,
  due_on date NOT NULL,
  received_on date,
  state purchasing.po_state NOT NULL,
  freight numeric(8,2) NOT NULL
);
COMMENT ON COLUMN purchasing.purchase_orders.received_on IS 'day of complete receipt; null before that';
COMMENT ON COLUMN purchasing.purchase_orders.state IS 'open orders are sent or partial';
COMMENT ON COLUMN purchasing.purchase_orders.freight IS 'freight charge, USD';
CREATE TABLE purchasing.po_lines (
  po_id int REFERENCES purchasing.purchase_orders,
  line_no int,
  item_id int NOT NULL REFERENCES items,
  qty_ordered int NOT NULL,
  qty_received int NOT NULL,
  unit_cost numeric(9,2) NOT NULL,
  PRIMARY KEY (po_id, line_no)
);
COMMENT ON COLUMN purchasing.po_lines.unit_cost IS 'USD per unit';
INSERT INTO categories VALUES (1,'Tools',NULL),(2,'Electrical',NULL),(3,'Paint and Chemicals',NULL),(4,'Plumbing',NULL),(5,'Safety',NULL),
(6,'Hand Tools',1),(7,'Power Tools',1),(8,'Cables',2),(9,'Lighting',2),(10,'Switches',2),(11,'Wall Paint',3),(12,'Solvents',3),(13,'Adhesives',3),(14,'Pipes',4),(15,'Fittings',4),(16,'Gloves',5),(17,'Eye Protection',5),(18,'Garden',NULL),(19,'Measuring Tools',1);
INSERT INTO items
SELECT row_number() OVER (ORDER BY c, b, v), upper(substr(bn,1,2))||'-'||(1000+c*37+b*11+v)::text||'-'||c, bn||' '||vn, c, u::unit_of_measure, w*(10+v*3)/10, round((p*(1+v*0.27)*(1+pg_temp.h(bn||vn,19)/100.0))::numeric,2), (20+pg_temp.h('ro'||bn||vn,13)*15), hz AND (c=12 OR v=1),
 CASE WHEN pg_temp.h('dc'||bn||vn,9)=0 THEN date '2024-02-01'+pg_temp.h('dd'||bn||vn,900) END
FROM (VALUES
 (6,1,'Claw Hammer','piece',620,18.5,false,ARRAY['Basic','Pro','Fiberglass']),(6,2,'Screwdriver Set','box',850,24.0,false,ARRAY['6-part','12-part']),(6,3,'Pliers','piece',310,14.2,false,ARRAY['Combination','Long Nose','Cutting','Locking']),(6,4,'Hex Key Set','box',410,11.9,false,ARRAY['Metric','Imperial']),
 (7,1,'Cordless Drill','piece',1650,119.0,false,ARRAY['12V','18V','18V Brushless']),(7,2,'Angle Grinder','piece',2200,84.0,false,ARRAY['115 mm','125 mm','230 mm']),(7,3,'Jigsaw','piece',2400,97.0,false,ARRAY['Compact','Pro']),(7,4,'Battery Pack','piece',640,58.0,true,ARRAY['2 Ah','4 Ah','5 Ah','8 Ah']),
 (8,1,'Copper Cable','roll',7400,89.0,false,ARRAY['3x1.5 mm','3x2.5 mm','5x2.5 mm','5x4 mm']),(8,2,'Network Cable','roll',5200,64.0,false,ARRAY['Cat 6','Cat 7']),(8,3,'Extension Lead','piece',900,17.0,false,ARRAY['3 m','5 m','10 m']),
 (9,1,'LED Bulb','piece',60,4.9,false,ARRAY['5 W','8 W','11 W','15 W']),(9,2,'Floodlight','piece',1300,39.0,false,ARRAY['20 W','50 W','100 W']),(9,3,'LED Strip','roll',420,22.0,false,ARRAY['Warm White','RGB']),
 (10,1,'Light Switch','piece',95,6.4,false,ARRAY['Single','Double','Dimmer']),(10,2,'Wall Socket','piece',110,5.8,false,ARRAY['Single','Double','USB']),
 (11,1,'Interior Paint','litre',1400,12.5,false,ARRAY['White','Ivory','Light Grey','Sky Blue']),(11,2,'Facade Paint','litre',1500,17.9,false,ARRAY['White','Sandstone']),
 (12,1,'Acetone','litre',790,9.6,true,ARRAY['Technical','Pure']),(12,2,'White Spirit','litre',780,7.4,true,ARRAY['Standard','Odourless']),(12,3,'Brush Cleaner','litre',900,8.8,true,ARRAY['Standard']),
 (13,1,'Wood Glue','piece',540,7.9,false,ARRAY['D2','D3','D4']),(13,2,'Epoxy Resin','box',1250,31.0,true,ARRAY['Slow','Fast']),(13,3,'Silicone Sealant','piece',390,6.1,false,ARRAY['Clear','White','Grey']),
 (14,1,'Copper Pipe','metre',590,11.0,false,ARRAY['15 mm','18 mm','22 mm','28 mm']),(14,2,'PVC Pipe','metre',480,4.2,false,ARRAY['40 mm','50 mm','110 mm']),
 (15,1,'Elbow Fitting','piece',70,2.9,false,ARRAY['15 mm','18 mm','22 mm']),(15,2,'Ball Valve','piece',280,13.7,false,ARRAY['1/2 inch','3/4 inch','1 inch']),(15,3,'Pipe Clamp','box',640,15.3,false,ARRAY['15 mm','22 mm']),
 (16,1,'Work Gloves','box',760,29.0,false,ARRAY['Leather','Nitrile','Winter']),(16,2,'Disposable Gloves','box',520,12.0,false,ARRAY['S','M','L']),
 (17,1,'Safety Glasses','piece',45,8.3,false,ARRAY['Clear','Tinted']),(17,2,'Welding Mask','piece',710,54.0,false,ARRAY['Passive','Automatic']),
 (19,1,'Tape Measure','piece',260,9.8,false,ARRAY['3 m','5 m','8 m']),(19,2,'Laser Level','piece',780,149.0,false,ARRAY['Cross Line','Rotary']),(19,3,'Spirit Level','piece',930,23.0,false,ARRAY['60 cm','120 cm'])
) t(c,b,bn,u,w,p,hz,vs) CROSS JOIN LATERAL unnest(vs) WITH ORDINALITY x(vn,v);
INSERT INTO bins
SELECT g, z||lpad(a::text,2,'0')||'-'||lpad((1+g%12)::text,2,'0')||'-'||(1+g%4), z, a, CASE z WHEN 'B' THEN 1500+250*(g%4) WHEN 'A' THEN 500+g%3*50 ELSE 600+g%5*50 END, pg_temp.h('bk'||g,14)=0
FROM (SELECT g, CASE WHEN g<=70 THEN 'A' WHEN g<=130 THEN 'B' WHEN g<=142 THEN 'C' WHEN g<=158 THEN 'H' ELSE 'Q' END z, 1+(g-1)/12 a FROM generate_series(1,170) g) q;
INSERT INTO operators SELECT g, (ARRAY['Tomas','Aisha','Kevin','Lena','Bruno','Priya','Dirk','Olga','Samuel','Mina','Hector','Joanna','Rafael','Ingrid','Walter','Fatima','Noel','Petra'])[g],
 (ARRAY['Okafor','Meyer','Sandoval','Larsen','Petrov','Chandra','Huber','Mazur','Whitfield','Tanaka','Delgado','Meyer','Kuhn','Solberg','Pike','Rahman','Baptiste','Horak'])[g],
 (ARRAY['E','E','L','E','N','L','E','L','L','N','E','E','L','E','N','L','E','L'])[g], CASE WHEN g IN (5,15) THEN date '2025-01-31'+g*20 END FROM generate_series(1,18) g;
INSERT INTO bin_stock
SELECT b.bin_id, i.item_id, 4+pg_temp.h('q'||b.bin_id||'-'||i.item_id,180)*CASE b.zone WHEN 'B' THEN 3 ELSE 1 END, 0,
 CASE WHEN pg_temp.h('lc'||b.bin_id||'-'||i.item_id,8)<>0 THEN date '2025-06-01'+pg_temp.h('ld'||b.bin_id||'-'||i.item_id,530) END
FROM bins b JOIN items i ON (b.zone IN ('A','B') AND NOT i.is_hazmat AND pg_temp.h('bs'||b.bin_id||'-'||i.item_id,1000)<26) OR (b.zone='H' AND i.is_hazmat AND pg_temp.h('bs'||b.bin_id||'-'||i.item_id,10)<2)
 OR (b.zone='C' AND i.category_id IN (11,13) AND NOT i.is_hazmat AND pg_temp.h('bs'||b.bin_id||'-'||i.item_id,10)<1) OR (b.zone='Q' AND pg_temp.h('bs'||b.bin_id||'-'||i.item_id,1000)<12)
WHERE i.item_id%19<>4;
UPDATE bin_stock SET qty_oh=qty_oh%23+1 WHERE item_id%6=1;
UPDATE bin_stock s SET qty_rsv=CASE WHEN b.zone='Q' THEN 0 WHEN (s.bin_id+s.item_id)%3=0 THEN s.qty_oh*((s.bin_id*7+s.item_id)%10)/10 ELSE 0 END FROM bins b WHERE b.bin_id=s.bin_id;
UPDATE bin_stock SET qty_oh=0, qty_rsv=0 WHERE (bin_id*3+item_id)%29=0;
INSERT INTO stock_moves
SELECT row_number() OVER (ORDER BY ts), ts, item_id, tp, CASE WHEN tp IN (20,30,40) THEN bin_id END, CASE tp WHEN 10 THEN bin_id WHEN 50 THEN 159+g%12 WHEN 30 THEN CASE WHEN 1+pg_temp.h('tb'||g,70)=bin_id THEN bin_id%70+1 ELSE 1+pg_temp.h('tb'||g,70) END END,
 CASE tp WHEN 10 THEN 20+pg_temp.h('mq'||g,200) WHEN 20 THEN 1+pg_temp.h('mq'||g,24) WHEN 30 THEN 5+pg_temp.h('mq'||g,60) ELSE 1+pg_temp.h('mq'||g,6) END,
 CASE WHEN pg_temp.h('au'||g,11)=0 THEN NULL WHEN ts>'2025-04-01' AND op IN (5,15) THEN 1 ELSE op END
FROM (SELECT g, s.bin_id, s.item_id, (ARRAY[10,20,20,20,30,20,20,50,20,10,20,30,20,40,20,10])[1+pg_temp.h('mt'||g,16)] tp,
  timestamptz '2024-01-02 00:00+00' + make_interval(days=>(pg_temp.h('md'||g,1058)*pg_temp.h('me'||g,100)/100.0)::int, mins=>330+pg_temp.h('mm'||g,950)) + interval '0 days' ts,
  1+least(pg_temp.h('op'||g,18),pg_temp.h('oq'||g,18)) op
 FROM generate_series(1,3600) g JOIN (SELECT bin_id, item_id, row_number() OVER (ORDER BY bin_id,item_id) rn, count(*) OVER () n FROM bin_stock) s ON s.rn=1+(pg_temp.h('mi'||g,100000)::bigint*pg_temp.h('mj'||g,1000)/1000)%s.n) q;
UPDATE stock_moves SET moved_at = timestamptz '2024-01-02 00:00+00' + (timestamptz '2026-11-27 00:00+00' - date_trunc('day',moved_at)) + (moved_at - date_trunc('day',moved_at)) WHERE move_id%3<>0;
INSERT INTO purchasing.suppliers VALUES
(1,'Ironwood Tool Works','Cleveland','US',14,'A',false),(2,'Baltic Cable AS','Tallinn','EE',28,'B',false),(3,'Lumenta Lighting','Eindhoven','NL',21,'A',false),(4,'Shenzhen Brightway','Shenzhen','CN',55,'C',false),(5,'Colorado Coatings','Denver','US',10,'B',false),
(6,'Kemi-Solv GmbH','Leverkusen','DE',18,'A',false),(7,'Rivera Pipe and Fittings','Monterrey','MX',16,'B',false),(8,'SafeHands Inc','Dayton','US',7,'A',false),(9,'Osaka Precision','Osaka','JP',40,'A',false),(10,'Volt and Co','Toledo','US',12,'D',true),
(11,'Great Lakes Hardware','Cleveland','US',9,NULL,false),(12,'Adriatic Chem','Rijeka','HR',30,'C',true),(13,'PowerForge Tools','Taichung','TW',48,'B',false),(14,'Northern Plumbing Supply','Duluth','US',11,'C',false),(15,'Clearview Optics','Rochester','US',15,NULL,false),(16,'Hanseatic Tools','Bremen','DE',24,NULL,false);
INSERT INTO purchasing.purchase_orders
SELECT g, 'PO-'||extract(year from d)||'-'||lpad(g::text,4,'0'), s, d, d+l, CASE st WHEN 'received' THEN least(d+l+dl, date '2026-11-26') END, st::purchasing.po_state, CASE WHEN g%9=0 THEN 0 ELSE round((35+pg_temp.h('fr'||g,900)*0.73+CASE WHEN l>30 THEN 420 ELSE 0 END)::numeric,2) END
FROM (SELECT g, s.supplier_id s, s.lead_days l, d, pg_temp.h('dl'||g,24)-9 dl,
  CASE WHEN pg_temp.h('cx'||g,17)=0 THEN 'cancelled' WHEN d>'2026-09-20' AND g%4=0 THEN 'draft' WHEN d+s.lead_days+pg_temp.h('dl'||g,24)-9 <= '2026-11-20' AND pg_temp.h('pp'||g,25)<>0 THEN 'received' WHEN pg_temp.h('pa'||g,2)=0 THEN 'partial' ELSE 'sent' END st
 FROM (SELECT g, date '2023-01-09'+(g*3.14)::int+pg_temp.h('od'||g,6) d, least(1+pg_temp.h('su'||g,15),1+pg_temp.h('sv'||g,15)) sid FROM generate_series(1,450) g) x JOIN purchasing.suppliers s ON s.supplier_id=x.sid) q;
INSERT INTO purchasing.po_lines
SELECT po_id, ln, item_id, qo, CASE state WHEN 'received' THEN qo WHEN 'partial' THEN CASE WHEN ln=1 THEN qo*6/10 WHEN ln=2 THEN qo ELSE 0 END ELSE 0 END, round((list_price*(0.44+pg_temp.h('uc'||po_id||'.'||ln,16)/100.0))::numeric,2)
FROM (SELECT p.po_id, p.state, ln, i.item_id, i.list_price, 10*(1+pg_temp.h('qo'||p.po_id||'.'||ln,30)) qo
 FROM purchasing.purchase_orders p CROSS JOIN generate_series(1,5) ln
 JOIN LATERAL (SELECT i.* FROM items i JOIN categories c ON c.category_id=i.category_id WHERE c.parent_id=(ARRAY[1,2,2,2,3,3,4,5,1,2,1,3,1,4,5,1])[p.supplier_id] ORDER BY md5(i.sku||p.po_id||'.'||ln||(SELECT count(*) FROM items)) LIMIT 1) i ON true
 WHERE ln <= 1+pg_temp.h('nl'||p.po_id,5)) q;
