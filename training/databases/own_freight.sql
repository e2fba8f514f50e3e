CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)/268435456.0 $$;
CREATE FUNCTION pg_temp.pick(a text[], k text, p numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a[1+floor(power(pg_temp.r(k),p)*cardinality(a))::int] $$;

CREATE TABLE port (
  port_cd char(5) PRIMARY KEY,
  port_nm varchar(40) NOT NULL,
  ctry_cd char(2) NOT NULL,
  mode_cd char(1) NOT NULL CHECK (mode_cd IN ('S','A','R'))
);
COMMENT ON TABLE port IS 'Seaports, airports and rail terminals';
COMMENT ON COLUMN port.port_cd IS 'UN/LOCODE style code';
COMMENT ON COLUMN port.ctry_cd IS 'ISO country, two letters';
COMMENT ON COLUMN port.mode_cd IS 'S = seaport, A = airport, R = rail terminal';

CREATE TABLE carrier (
  carr_id int PRIMARY KEY,
  carr_nm varchar(40) NOT NULL UNIQUE,
  scac char(4) NOT NULL,
  mode_cd char(1) NOT NULL CHECK (mode_cd IN ('S','A','R')),
  actv boolean NOT NULL
);
COMMENT ON COLUMN carrier.scac IS 'standard carrier alpha code';
COMMENT ON COLUMN carrier.mode_cd IS 'S = ocean, A = air, R = rail';
COMMENT ON COLUMN carrier.actv IS 'false = contract ended, no new bookings';

CREATE TABLE staff (
  emp_id int PRIMARY KEY,
  f_nm varchar(30) NOT NULL,
  l_nm varchar(30) NOT NULL,
  office varchar(30) NOT NULL,
  mgr_id int REFERENCES staff
);
COMMENT ON TABLE staff IS 'Forwarding agents (people who handle shipments)';
COMMENT ON COLUMN staff.office IS 'city of the branch office';
COMMENT ON COLUMN staff.mgr_id IS 'line manager; null for the managing director';

CREATE TABLE customer (
  cust_no int PRIMARY KEY,
  cust_nm varchar(60) NOT NULL UNIQUE,
  city varchar(40) NOT NULL,
  ctry_cd char(2) NOT NULL,
  cr_lim numeric(12,2),
  terms_d smallint NOT NULL,
  dt_since date NOT NULL,
  dt_closed date
);
COMMENT ON TABLE customer IS 'Shippers we bill';
COMMENT ON COLUMN customer.cr_lim IS 'credit limit in USD; null = prepay only, no credit';
COMMENT ON COLUMN customer.terms_d IS 'payment terms in days';
COMMENT ON COLUMN customer.dt_since IS 'customer since';
COMMENT ON COLUMN customer.dt_closed IS 'account closed on; null while the account is active';

CREATE TABLE shipment (
  shp_id int PRIMARY KEY,
  shp_ref varchar(12) NOT NULL UNIQUE,
  cust_no int NOT NULL REFERENCES customer,
  orig_port char(5) NOT NULL REFERENCES port,
  dest_port char(5) NOT NULL REFERENCES port,
  svc_tp char(3) NOT NULL CHECK (svc_tp IN ('FCL','LCL','AIR','RRD')),
  stat_cd char(1) NOT NULL CHECK (stat_cd IN ('B','T','H','D','X')),
  wt_kg numeric(10,1) NOT NULL,
  vol_cbm numeric(8,2),
  hazmat boolean NOT NULL,
  dt_booked date NOT NULL,
  dt_deliv date,
  emp_id int REFERENCES staff
);
COMMENT ON TABLE shipment IS 'One row per house shipment (file)';
COMMENT ON COLUMN shipment.shp_ref IS 'shipment reference printed on all papers';
COMMENT ON COLUMN shipment.svc_tp IS 'FCL = full container, LCL = groupage (less than container), AIR = air freight, RRD = rail';
COMMENT ON COLUMN shipment.stat_cd IS 'B = booked, T = in transit, H = held by customs, D = delivered, X = cancelled';
COMMENT ON COLUMN shipment.vol_cbm IS 'volume in cubic metres; null if not measured';
COMMENT ON COLUMN shipment.hazmat IS 'dangerous goods';
COMMENT ON COLUMN shipment.dt_deliv IS 'delivered to consignee; null until delivered';
COMMENT ON COLUMN shipment.emp_id IS 'agent handling the file; null = not assigned yet';

CREATE TABLE leg (
  leg_id int PRIMARY KEY,
  shp_id int NOT NULL REFERENCES shipment,
  leg_no smallint NOT NULL,
  carr_id int NOT NULL REFERENCES carrier,
  load_port char(5) NOT NULL REFERENCES port,
  disch_port char(5) NOT NULL REFERENCES port,
  etd timestamptz NOT NULL,
  atd timestamptz,
  eta timestamptz NOT NULL,
  ata timestamptz,
  UNIQUE (shp_id, leg_no)
);
COMMENT ON TABLE leg IS 'Transport legs of a shipment in order of leg_no';
COMMENT ON COLUMN leg.load_port IS 'port of loading';
COMMENT ON COLUMN leg.disch_port IS 'port of discharge';
COMMENT ON COLUMN leg.etd IS 'planned departure';
COMMENT ON COLUMN leg.atd IS 'actual departure; null until departed';
COMMENT ON COLUMN leg.eta IS 'planned arrival';
COMMENT ON COLUMN leg.ata IS 'actual arrival; null until arrived';

CREATE TABLE charge (
  chg_id int PRIMARY KEY,
  shp_id int NOT NULL REFERENCES shipment,
  chg_tp smallint NOT NULL CHECK (chg_tp BETWEEN 1 AND 5),
  amt_cents bigint NOT NULL,
  cost_cents bigint NOT NULL,
  dt_inv date
);
COMMENT ON TABLE charge IS 'Charge lines of a shipment';
COMMENT ON COLUMN charge.chg_tp IS '1 = freight, 2 = fuel surcharge, 3 = customs clearance, 4 = storage, 5 = insurance';
COMMENT ON COLUMN charge.amt_cents IS 'billed to the customer (revenue), US cents';
COMMENT ON COLUMN charge.cost_cents IS 'what we pay the supplier, US cents';
COMMENT ON COLUMN charge.dt_inv IS 'invoiced on; null = not invoiced yet';

CREATE TABLE doc_tp (
  doc_cd char(3) PRIMARY KEY,
  doc_nm varchar(40) NOT NULL
);
COMMENT ON TABLE doc_tp IS 'Lookup: kinds of shipping documents';

CREATE TABLE shp_doc (
  shp_id int NOT NULL REFERENCES shipment,
  doc_cd char(3) NOT NULL REFERENCES doc_tp,
  dt_rcvd date,
  PRIMARY KEY (shp_id, doc_cd)
);
COMMENT ON TABLE shp_doc IS 'Documents required for a shipment';
COMMENT ON COLUMN shp_doc.dt_rcvd IS 'received on; null = still missing';

INSERT INTO port VALUES
('SGSIN','Singapore','SG','S'),('NLRTM','Rotterdam','NL','S'),('CNSHA','Shanghai','CN','S'),('DEHAM','Hamburg','DE','S'),('USLAX','Los Angeles','US','S'),('AEJEA','Jebel Ali','AE','S'),('BEANR','Antwerp','BE','S'),('INNSA','Nhava Sheva','IN','S'),('BRSSZ','Santos','BR','S'),('USSAV','Savannah','US','S'),('KRPUS','Busan','KR','S'),('MYPKG','Port Klang','MY','S'),('ZADUR','Durban','ZA','S'),
('DEFRA','Frankfurt','DE','A'),('HKHKG','Hong Kong','HK','A'),('USORD','Chicago OHare','US','A'),('GBLHR','London Heathrow','GB','A'),('QADOH','Doha','QA','A'),('JPNRT','Tokyo Narita','JP','A'),('NLAMS','Amsterdam Schiphol','NL','A'),
('PLMAL','Malaszewicze','PL','R'),('DEDUI','Duisburg','DE','R'),('CNXIY','Xian','CN','R'),('CNCKG','Chongqing','CN','R'),('KZALA','Almaty','KZ','R'),('HUBUD','Budapest','HU','R'),('ESALG','Algeciras','ES','S');

INSERT INTO carrier VALUES
(1,'Blue Meridian Line','BMLU','S',true),(2,'Northstar Ocean','NSTO','S',true),(3,'Harrow Shipping','HRWS','S',true),(4,'Pacific Crest Lines','PCCL','S',true),(5,'Adriamar','ADMR','S',false),(6,'Kestrel Container','KSTC','S',true),(7,'Goldwater Marine','GWMR','S',true),(8,'Veldt Lines','VLDT','S',false),
(9,'Skybridge Cargo','SKYB','A',true),(10,'Aurora Air Freight','AURA','A',true),(11,'Condor Hauler','CNDH','A',true),(12,'Jetstream Logistics','JTSL','A',false),(13,'Falcon Express Air','FLXA','A',true),
(14,'Steppe Rail','STPR','R',true),(15,'Transcontinental Wagon','TCWG','R',true),(16,'Iron Silk Railway','ISRW','R',true),(17,'Baltic Shortsea','BLSS','S',true),(18,'Polar Freightways','PLRF','A',true);

INSERT INTO staff VALUES
(1,'Helena','Brandt','Hamburg',NULL),(2,'Marcus','Oyelaran','Rotterdam',1),(3,'Priya','Nair','Singapore',1),(4,'Tom','Wexler','Chicago',1),(5,'Anneke','de Wit','Rotterdam',2),(6,'Joris','Maas','Rotterdam',2),(7,'Sven','Lindqvist','Hamburg',2),(8,'Katja','Vogel','Hamburg',2),(9,'Wei Ling','Tan','Singapore',3),(10,'Arif','Rahman','Singapore',3),(11,'Mei','Chow','Singapore',3),(12,'Grace','Okafor','Chicago',4),(13,'Daniel','Reyes','Chicago',4),(14,'Laura','Kim','Chicago',4),(15,'Pieter','Claes','Antwerp',2),(16,'Nora','Haddad','Dubai',3),(17,'Samir','Khan','Dubai',16),(18,'Elif','Demir','Dubai',16),(19,'Oscar','Fuentes','Chicago',12),(20,'Ruth','Adler','Hamburg',7),(21,'Ben','Castle','Antwerp',15),(22,'Ivy','Sutton','Chicago',4);

INSERT INTO customer
SELECT 1000+g,
 (ARRAY['Alder','Bluepeak','Corvus','Delmar','Eastgate','Fenwick','Granite','Hollis','Inverness','Juniper','Kingsley','Larkspur','Maple','Norwood','Orchard','Pinnacle','Quarry','Redstone','Sable','Tidewater','Upland','Verity','Westbrook','Yarrow','Zephyr','Cobalt','Ember','Summit'])[1+(g*5)%28] || ' ' ||
 (ARRAY['Foods','Machinery','Textiles','Chemicals','Auto Parts','Furniture','Medical','Electronics','Toys','Ceramics','Outdoor','Trading'])[1+(g*5+g/28)%12],
 c.city, c.cc,
 CASE WHEN pg_temp.r('cl'||g)<0.15 THEN NULL ELSE (5+floor(power(pg_temp.r('cm'||g),2)*90))*2500 END,
 (ARRAY[30,30,45,14,60])[1+floor(pg_temp.r('ct'||g)*5)::int],
 date '2022-01-03' + floor(power(pg_temp.r('cs'||g),1.6)*1500)::int,
 NULL
FROM generate_series(0,83) g,
LATERAL (SELECT 1+floor(power(pg_temp.r('cc'||g),1.5)*12)::int i) x,
LATERAL (SELECT (ARRAY['Hamburg','Rotterdam','Chicago','Singapore','Los Angeles','Munich','Antwerp','Manchester','Dubai','Atlanta','Lyon','Seoul'])[x.i] city, (ARRAY['DE','NL','US','SG','US','DE','BE','GB','AE','US','FR','KR'])[x.i] cc) c;
UPDATE customer SET dt_closed = dt_since + 200 + (cust_no*37)%600 WHERE cust_no % 11 = 3 AND dt_since < '2024-06-01';

INSERT INTO shipment
SELECT g, 'FF'||to_char(b.d,'YY')||lpad(g::text,5,'0'),
 1000+floor(power(pg_temp.r('sc'||g),1.9)*80)::int,
 p.o, p.d, s.svc,
 st.st,
 round((CASE s.svc WHEN 'FCL' THEN 6000 WHEN 'LCL' THEN 700 WHEN 'AIR' THEN 90 ELSE 5000 END * (0.4+power(pg_temp.r('sw'||g),2)*3))::numeric,1),
 CASE WHEN pg_temp.r('sn'||g)<0.08 THEN NULL ELSE round((CASE s.svc WHEN 'FCL' THEN 28 WHEN 'LCL' THEN 4 WHEN 'AIR' THEN 0.6 ELSE 30 END*(0.5+pg_temp.r('sv'||g)*1.6))::numeric,2) END,
 pg_temp.r('sh'||g)<0.09,
 b.d,
 CASE WHEN st.st='D' THEN b.d + CASE s.svc WHEN 'AIR' THEN 4+floor(pg_temp.r('sd'||g)*9)::int WHEN 'RRD' THEN 18+floor(pg_temp.r('sd'||g)*16)::int ELSE 24+floor(pg_temp.r('sd'||g)*36)::int END END,
 CASE WHEN st.st='B' AND pg_temp.r('se'||g)<0.4 THEN NULL ELSE 5+floor(power(pg_temp.r('sp'||g),1.4)*17)::int END
FROM generate_series(1,1200) g,
LATERAL (SELECT date '2022-01-10' + floor(1778*power(g/1200.0,0.8))::int d) b,
LATERAL (SELECT (ARRAY['FCL','FCL','FCL','FCL','LCL','LCL','LCL','AIR','AIR','RRD'])[1+floor(pg_temp.r('st'||g)*10)::int] svc) s,
LATERAL (SELECT CASE s.svc WHEN 'AIR' THEN ARRAY['HKHKG','DEFRA','USORD','GBLHR','JPNRT','QADOH','NLAMS'] WHEN 'RRD' THEN ARRAY['CNXIY','DEDUI','CNCKG','PLMAL','HUBUD','KZALA'] ELSE ARRAY['CNSHA','NLRTM','SGSIN','DEHAM','USLAX','INNSA','BEANR','KRPUS','USSAV','BRSSZ','AEJEA','MYPKG'] END a) l,
LATERAL (SELECT 1+floor(power(pg_temp.r('so'||g),1.6)*cardinality(l.a))::int io, 1+floor(power(pg_temp.r('sq'||g),1.2)*(cardinality(l.a)-1))::int k) i,
LATERAL (SELECT l.a[i.io] o, l.a[1+(i.io-1+i.k)%cardinality(l.a)] d) p,
LATERAL (SELECT pg_temp.r('ss'||g) x) z,
LATERAL (SELECT CASE WHEN z.x<0.06 THEN 'X' WHEN b.d>'2026-11-05' THEN (CASE WHEN z.x<0.55 THEN 'B' WHEN z.x<0.95 THEN 'T' ELSE 'H' END)
   WHEN b.d>'2026-08-25' THEN (CASE WHEN s.svc IN ('AIR','RRD') AND b.d<'2026-10-15' THEN 'D' WHEN z.x<0.15 THEN 'H' WHEN z.x<0.3 THEN 'B' ELSE 'T' END)
   ELSE 'D' END st) st;
-- a closed account books nothing after it closed
UPDATE customer c SET dt_closed = greatest(c.dt_closed, (SELECT max(s.dt_booked)+21 FROM shipment s WHERE s.cust_no=c.cust_no)) WHERE c.dt_closed IS NOT NULL;
UPDATE customer c SET dt_closed = NULL WHERE dt_closed > '2026-09-30';
UPDATE customer c SET dt_since = least(c.dt_since, (SELECT min(s.dt_booked)-9 FROM shipment s WHERE s.cust_no=c.cust_no));

INSERT INTO leg
SELECT row_number() OVER (ORDER BY q.shp_id, q.k)::int, q.shp_id, q.k, q.carr, q.lp, q.dp, q.etd,
 CASE WHEN q.stat_cd IN ('D','H') OR (q.stat_cd='T' AND q.k=1) THEN q.etd + make_interval(hours => floor(power(pg_temp.r('ld'||q.shp_id||'-'||q.k),3)*60)::int) END,
 q.eta,
 CASE WHEN q.stat_cd IN ('D','H') THEN q.eta + make_interval(hours => floor((power(pg_temp.r('la'||q.shp_id||'-'||q.k),2)*80)-14)::int) END
FROM (
 SELECT s.shp_id, s.stat_cd, k, n.n,
  CASE WHEN s.svc_tp='AIR' THEN (ARRAY[9,9,10,11,13,12,9,10])[1+floor(pg_temp.r('lc'||s.shp_id||k)*8)::int]
       WHEN s.svc_tp='RRD' THEN (ARRAY[14,15,16,16,14,16])[1+floor(pg_temp.r('lc'||s.shp_id||k)*6)::int]
       ELSE (ARRAY[1,1,1,2,2,3,4,4,5,6,7,2,3])[1+floor(pg_temp.r('lc'||s.shp_id||k)*13)::int] END carr,
  CASE WHEN k=1 THEN s.orig_port ELSE h.hub END lp,
  CASE WHEN k=n.n THEN s.dest_port ELSE h.hub END dp,
  s.dt_booked + interval '3 days' + make_interval(days => (k-1)*t.d+(k-1)*2, hours => floor(pg_temp.r('le'||s.shp_id||k)*24)::int) etd,
  s.dt_booked + interval '3 days' + make_interval(days => k*t.d+(k-1)*2, hours => floor(pg_temp.r('lf'||s.shp_id||k)*20)::int) eta
 FROM shipment s,
 LATERAL (SELECT 1+(pg_temp.r('ln'||s.shp_id)<0.45)::int n) n,
 LATERAL (SELECT CASE s.svc_tp WHEN 'AIR' THEN 1 WHEN 'RRD' THEN 8 ELSE 11 END d) t,
 LATERAL (SELECT x hub FROM unnest(CASE s.svc_tp WHEN 'AIR' THEN ARRAY['QADOH','DEFRA','NLAMS'] WHEN 'RRD' THEN ARRAY['KZALA','PLMAL','DEDUI'] ELSE ARRAY['SGSIN','AEJEA','NLRTM'] END) WITH ORDINALITY u(x,o) WHERE x NOT IN (s.orig_port,s.dest_port) ORDER BY o LIMIT 1) h,
 generate_series(1,n.n) k
) q;

INSERT INTO charge
SELECT row_number() OVER (ORDER BY s.shp_id, t)::int, s.shp_id, t, a.amt, floor(a.amt*(0.62+0.5*power(pg_temp.r('gc'||s.shp_id||t),2)))::bigint,
 CASE WHEN s.stat_cd='D' AND (s.dt_deliv < '2026-10-01' OR pg_temp.r('gi'||s.shp_id)<0.5) AND pg_temp.r('gj'||s.shp_id||t)<0.985 THEN s.dt_deliv+2+floor(pg_temp.r('gk'||s.shp_id)*6)::int END
FROM shipment s, generate_series(1,5) t,
LATERAL (SELECT floor((CASE t WHEN 1 THEN 60000+s.wt_kg*CASE s.svc_tp WHEN 'AIR' THEN 520 WHEN 'FCL' THEN 34 WHEN 'LCL' THEN 75 ELSE 48 END WHEN 2 THEN 9000+s.wt_kg*4 WHEN 3 THEN 14500 WHEN 4 THEN 5200 ELSE 8800 END)*(0.8+0.5*pg_temp.r('ga'||s.shp_id||t)))::bigint amt) a
WHERE s.stat_cd<>'X' AND (t=1 OR (t=2 AND pg_temp.r('g2'||s.shp_id)<0.7) OR (t=3 AND pg_temp.r('g3'||s.shp_id)<0.5) OR (t=4 AND pg_temp.r('g4'||s.shp_id)<0.14) OR (t=5 AND pg_temp.r('g5'||s.shp_id)<0.25));

INSERT INTO doc_tp VALUES ('BOL','Bill of lading'),('AWB','Air waybill'),('CIN','Commercial invoice'),('PKL','Packing list'),('COO','Certificate of origin'),('DGD','Dangerous goods declaration'),('EXP','Export declaration'),('PHY','Phytosanitary certificate');

INSERT INTO shp_doc
SELECT s.shp_id, d.doc_cd, CASE WHEN s.stat_cd='D' AND pg_temp.r('dr'||s.shp_id||d.doc_cd)<0.97 OR pg_temp.r('dr'||s.shp_id||d.doc_cd)<0.55 THEN s.dt_booked + 1 + floor(power(pg_temp.r('dd'||s.shp_id||d.doc_cd),2)*14)::int END
FROM shipment s, doc_tp d
WHERE (d.doc_cd='BOL' AND s.svc_tp IN ('FCL','LCL')) OR (d.doc_cd='AWB' AND s.svc_tp='AIR') OR (d.doc_cd='CIN' AND pg_temp.r('dc'||s.shp_id)<0.9) OR (d.doc_cd='PKL' AND pg_temp.r('dp'||s.shp_id)<0.7)
 OR (d.doc_cd='COO' AND pg_temp.r('do'||s.shp_id)<0.3) OR (d.doc_cd='DGD' AND s.hazmat) OR (d.doc_cd='EXP' AND pg_temp.r('de'||s.shp_id)<0.4) OR (d.doc_cd='PHY' AND pg_temp.r('dy'||s.shp_id)<0.05);
