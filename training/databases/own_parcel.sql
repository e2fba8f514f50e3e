CREATE FUNCTION pg_temp.rnd(k text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(k),1,8))::bit(32)::bigint / 4294967296.0 $$;

CREATE TABLE depot (
  depot_id smallint PRIMARY KEY,
  depot_nm varchar(40) NOT NULL,
  city varchar(30) NOT NULL,
  depot_tp char(1) NOT NULL CHECK (depot_tp IN ('H','S','L')),
  hub_id smallint REFERENCES depot(depot_id),
  opened_on date NOT NULL,
  closed_on date
);
CREATE TABLE driver (
  drv_no int PRIMARY KEY,
  first_nm varchar(30) NOT NULL,
  last_nm varchar(30) NOT NULL,
  depot_id smallint NOT NULL REFERENCES depot(depot_id),
  lead_no int REFERENCES driver(drv_no),
  veh_tp smallint NOT NULL,
  hired_on date NOT NULL,
  left_on date
);
CREATE TABLE cust (
  cust_no int PRIMARY KEY,
  cust_nm varchar(60) NOT NULL,
  cust_tp char(1) NOT NULL,
  city varchar(30) NOT NULL,
  since_on date NOT NULL,
  is_del boolean NOT NULL DEFAULT false
);
CREATE TABLE svc (
  svc_cd varchar(4) PRIMARY KEY,
  svc_nm varchar(30) NOT NULL,
  promise_hrs int NOT NULL
);
CREATE TABLE depot_svc (
  depot_id smallint NOT NULL REFERENCES depot(depot_id),
  svc_cd varchar(4) NOT NULL REFERENCES svc(svc_cd),
  offered_since date NOT NULL,
  PRIMARY KEY (depot_id, svc_cd)
);
CREATE TABLE parcel (
  parcel_id int PRIMARY KEY,
  cust_no int NOT NULL REFERENCES cust(cust_no),
  svc_cd varchar(4) NOT NULL REFERENCES svc(svc_cd),
  orig_id smallint NOT NULL REFERENCES depot(depot_id),
  dest_id smallint NOT NULL REFERENCES depot(depot_id),
  wt_g int NOT NULL,
  price_cents int NOT NULL,
  decl_cents int,
  booked_at timestamptz NOT NULL,
  st_cd char(1) NOT NULL CHECK (st_cd IN ('B','T','O','D','R','L','X')),
  dlvd_at timestamptz
);
CREATE TABLE scan (
  scan_id int PRIMARY KEY,
  parcel_id int NOT NULL REFERENCES parcel(parcel_id),
  depot_id smallint NOT NULL REFERENCES depot(depot_id),
  ev_cd smallint NOT NULL,
  scan_ts timestamptz NOT NULL
);
CREATE TABLE attempt (
  att_id int PRIMARY KEY,
  parcel_id int NOT NULL REFERENCES parcel(parcel_id),
  drv_no int NOT NULL REFERENCES driver(drv_no),
  att_ts timestamptz NOT NULL,
  res_cd char(2) NOT NULL
);
CREATE TABLE claim (
  claim_id int PRIMARY KEY,
  parcel_id int NOT NULL REFERENCES parcel(parcel_id),
  rsn_cd char(3) NOT NULL,
  clm_cents int NOT NULL,
  filed_on date NOT NULL,
  closed_on date,
  paid_cents int
);
COMMENT ON TABLE depot IS 'hubs, stations and locker sites';
COMMENT ON COLUMN depot.depot_tp IS 'H hub, S station, L locker site';
COMMENT ON COLUMN depot.hub_id IS 'hub that feeds this depot; null for hubs';
COMMENT ON COLUMN depot.closed_on IS 'null while in operation';
COMMENT ON COLUMN driver.lead_no IS 'team lead (also a driver); null for leads';
COMMENT ON COLUMN driver.veh_tp IS '1 cargo bike, 2 van, 3 truck';
COMMENT ON COLUMN driver.left_on IS 'last working day, null = still with us';
COMMENT ON TABLE cust IS 'senders (paying customers)';
COMMENT ON COLUMN cust.cust_tp IS 'B business, P private';
COMMENT ON COLUMN cust.is_del IS 'account deleted';
COMMENT ON TABLE svc IS 'service levels';
COMMENT ON COLUMN svc.promise_hrs IS 'promised hours from booking to delivery';
COMMENT ON TABLE depot_svc IS 'services a depot offers';
COMMENT ON COLUMN parcel.orig_id IS 'origin depot';
COMMENT ON COLUMN parcel.dest_id IS 'destination depot';
COMMENT ON COLUMN parcel.wt_g IS 'grams';
COMMENT ON COLUMN parcel.price_cents IS 'shipping price charged, US cents';
COMMENT ON COLUMN parcel.decl_cents IS 'declared value, cents; null = none declared';
COMMENT ON COLUMN parcel.st_cd IS 'B booked, T in transit, O out for delivery, D delivered, R returned to sender, L lost, X cancelled';
COMMENT ON COLUMN parcel.dlvd_at IS 'null unless delivered';
COMMENT ON COLUMN scan.ev_cd IS '1 accepted, 2 departed depot, 3 arrived at depot, 4 loaded on vehicle, 5 damage hold';
COMMENT ON TABLE attempt IS 'delivery attempts at the door';
COMMENT ON COLUMN attempt.res_cd IS 'OK handed over, NB left with neighbour, NH nobody home, RF refused, BA bad address';
COMMENT ON COLUMN claim.rsn_cd IS 'DMG damaged, LST lost, LAT late, MIS contents missing';
COMMENT ON COLUMN claim.clm_cents IS 'amount claimed';
COMMENT ON COLUMN claim.closed_on IS 'null while open';
COMMENT ON COLUMN claim.paid_cents IS 'paid out; 0 = rejected, null while open';

INSERT INTO depot VALUES
 (1,'Northgate Hub','Columbus','H',NULL,'2016-03-01',NULL),
 (2,'Riverside Hub','Louisville','H',NULL,'2017-09-18',NULL),
 (3,'Lakefront Hub','Cleveland','H',NULL,'2019-05-06',NULL),
 (4,'Dayton South','Dayton','S',1,'2018-02-12',NULL),
 (5,'Queen City Station','Cincinnati','S',2,'2018-06-04',NULL),
 (6,'Toledo Docks','Toledo','S',3,'2019-10-21',NULL),
 (7,'Akron East','Akron','S',3,'2020-01-13',NULL),
 (8,'Speedway Station','Indianapolis','S',1,'2020-08-03',NULL),
 (9,'Bluegrass Station','Lexington','S',2,'2021-04-19',NULL),
 (10,'Fort Wayne West','Fort Wayne','S',1,'2021-11-08',NULL),
 (11,'Steel Valley Station','Pittsburgh','S',3,'2022-03-14',NULL),
 (12,'Campus Lockers','Columbus','L',1,'2022-09-01',NULL),
 (13,'Market Street Lockers','Louisville','L',2,'2023-02-20','2026-03-31'),
 (14,'Harbor Lockers','Erie','L',3,'2023-06-12','2025-12-31'),
 (15,'Motor City Station','Detroit','S',3,'2023-10-02',NULL),
 (16,'Union Station Lockers','Indianapolis','L',1,'2026-08-17',NULL);
INSERT INTO svc VALUES ('EXP','Express Next Day',24),('STD','Standard',72),('ECO','Economy',120),('SAT','Saturday Delivery',48),('SDY','Same Day',10),('FRG','Fragile Care',96),('BLK','Bulk Pallet',168);
INSERT INTO depot_svc SELECT d.depot_id, s.svc_cd, LEAST(d.opened_on + (30 * floor(12 * pg_temp.rnd(d.depot_id||s.svc_cd)))::int, date '2026-10-05')
FROM depot d CROSS JOIN svc s
WHERE s.svc_cd IN ('STD','ECO') OR d.depot_tp='H' AND s.svc_cd <> 'SDY' OR pg_temp.rnd('o'||d.depot_id||s.svc_cd) < CASE d.depot_tp WHEN 'S' THEN 0.55 ELSE 0.15 END;

INSERT INTO driver
SELECT g, (ARRAY['Marcus','Tanya','Luis','Denise','Kofi','Hannah','Rafael','Priya','Owen','Jasmine','Terrence','Elena','Viktor','Shannon','Andre','Mei','Caleb','Rosa','Dmitri','Bethany','Omar','Nicole','Trevor'])[1+(g*7)%23],
 (ARRAY['Whitfield','Okafor','Delgado','Brandt','Nguyen','Kessler','Boyd','Ramirez','Holloway','Petrov','Sandoval','McCrary','Lindqvist','Hayes','Abernathy','Cho','Farrell'])[1+(g*5)%17],
 CASE WHEN g<=8 THEN (ARRAY[1,2,3,4,5,7,8,11])[g] WHEN g<=21 THEN (ARRAY[1,2,3,4,5,6,7,8,9,10,11,15,12])[g-8] ELSE (ARRAY[1,3,2,1,8,5,4,3,11,1,7,6,2,15,9,10,13,14])[1+floor(18*power(pg_temp.rnd('dd'||g),1.4))::int] END,
 CASE WHEN g<=8 THEN NULL ELSE 1+floor(8*power(pg_temp.rnd('ld'||g),1.3))::int END,
 CASE WHEN pg_temp.rnd('v'||g)<0.62 THEN 2 WHEN pg_temp.rnd('v'||g)<0.83 THEN 1 ELSE 3 END,
 CASE WHEN g<=21 THEN date '2022-01-10' + (g*37)%600 WHEN g>64 THEN date '2026-08-03' + (g%8)*9 ELSE date '2022-05-02' + floor(1300*pg_temp.rnd('h'||g))::int END,
 CASE WHEN g>21 AND g<=64 AND pg_temp.rnd('l'||g)<0.27 THEN date '2026-01-15' + floor(280*pg_temp.rnd('lo'||g))::int END
FROM generate_series(1,70) g;

INSERT INTO cust
SELECT 10000+g,
 CASE WHEN g%5<3 THEN (ARRAY['Buckeye','Maple Lane','Great Lakes','Ironwood','Bluebird','Prairie','Cobalt','Old Mill','Sunnyside','Harvest','Redbrick','Pinnacle','Tri-State','Copperhill'])[1+g%14]||' '||(ARRAY['Outfitters','Bike Parts','Books','Coffee Roasters','Electronics','Pet Supply','Garden Center','Ceramics','Pharmacy','Toys','Auto Glass'])[1+g%11]
 ELSE (ARRAY['Janet','Harold','Simone','Gareth','Lucille','Victor','Amara','Doug','Patrice','Ingrid','Leo'])[1+g%11]||' '||(ARRAY['Fischer','Tran','Mbeki','Walsh','Coleman','Novak','Prescott','Avila','Stokes','Lundgren','Pham','Reyes','Dalton'])[1+g%13] END,
 CASE WHEN g%5<3 THEN 'B' ELSE 'P' END,
 (ARRAY['Columbus','Cleveland','Louisville','Cincinnati','Indianapolis','Pittsburgh','Dayton','Detroit','Toledo','Akron','Lexington','Fort Wayne','Erie','Ann Arbor'])[1+floor(14*power(pg_temp.rnd('cc'||g),1.5))::int],
 date '2022-01-03' + floor(1500*pg_temp.rnd('cs'||g))::int,
 pg_temp.rnd('cd'||g)<0.08
FROM generate_series(1,140) g;

INSERT INTO parcel
SELECT x.parcel_id, x.cust_no, x.svc_cd, x.orig_id, CASE WHEN x.dest_id=x.orig_id THEN 1+x.dest_id%11 ELSE x.dest_id END, x.wt_g,
 (490 + x.wt_g*0.11 + CASE x.svc_cd WHEN 'EXP' THEN 900 WHEN 'SDY' THEN 1600 WHEN 'SAT' THEN 700 WHEN 'FRG' THEN 650 WHEN 'BLK' THEN 4200 WHEN 'STD' THEN 250 ELSE 0 END)::int,
 CASE WHEN pg_temp.rnd('dv'||g)<0.38 THEN 500*(2+floor(180*power(pg_temp.rnd('dw'||g),2.5))::int) END,
 x.booked_at, x.st,
 CASE WHEN x.st='D' AND x.svc_cd='SDY' THEN x.booked_at + make_interval(mins => (120+600*pg_temp.rnd('f'||g))::int) WHEN x.st='D' THEN GREATEST(x.booked_at + interval '4 hours', date_trunc('day', x.booked_at + make_interval(mins => (s.promise_hrs*60*(0.35+0.62*pg_temp.rnd('f'||g)+CASE WHEN pg_temp.rnd('late'||g)<0.2 THEN 0.55 ELSE 0 END))::int)) + make_interval(mins => 480 + (690*sqrt(pg_temp.rnd('dh'||g)*pg_temp.rnd('di'||g)))::int)) END
FROM (
 SELECT g, 500000+g AS parcel_id,
  10001+CASE WHEN g%3=0 THEN (floor(30*power(pg_temp.rnd('pc'||g),1.8)))::int ELSE (floor(118*power(pg_temp.rnd('pd'||g),1.3)))::int END AS cust_no,
  (ARRAY['STD','STD','STD','ECO','ECO','EXP','EXP','EXP','SAT','FRG','SDY','BLK'])[1+floor(12*pg_temp.rnd('ps'||g))::int] AS svc_cd,
  (ARRAY[1,3,2,5,8,4,7,11,6,9,15,10])[1+floor(12*power(pg_temp.rnd('po'||g),1.5))::int] AS orig_id,
  (ARRAY[1,8,2,3,5,11,4,15,7,9,6,10,12,14,13])[1+floor(15*power(pg_temp.rnd('pe'||g),1.3))::int] AS dest_id,
  (120+18000*power(pg_temp.rnd('pw'||g),3))::int AS wt_g,
  timestamptz '2024-01-03 07:00+00' + make_interval(days => floor(1059*power(g/1200.0,0.85))::int, mins => (600*pg_temp.rnd('pt'||g))::int) AS booked_at,
  CASE WHEN g>1188 THEN (ARRAY['B','T','T','O','T','B','O','T','B','X','T','B'])[g-1188]
   WHEN g>1165 AND g%4=0 THEN 'T' WHEN g>1170 AND g%5=0 THEN 'O'
   WHEN pg_temp.rnd('q'||g)<0.025 THEN 'L' WHEN pg_temp.rnd('q'||g)<0.075 THEN 'R' WHEN pg_temp.rnd('q'||g)<0.11 THEN 'X' ELSE 'D' END AS st
 FROM generate_series(1,1200) g) x JOIN svc s ON s.svc_cd=x.svc_cd;

INSERT INTO scan
SELECT row_number() OVER (ORDER BY ts, parcel_id, ev), parcel_id, dep, ev, ts FROM (
 SELECT p.parcel_id, CASE WHEN e.ev<=2 THEN p.orig_id ELSE p.dest_id END AS dep, e.ev,
  p.booked_at + make_interval(mins => (COALESCE(extract(epoch FROM p.dlvd_at-p.booked_at)/60, 2880)*(CASE e.ev WHEN 1 THEN 0.05 WHEN 2 THEN 0.22 WHEN 3 THEN 0.52 WHEN 5 THEN 0.6 ELSE 0.8 END + 0.08*pg_temp.rnd('sc'||p.parcel_id||e.ev)))::int) AS ts
 FROM parcel p CROSS JOIN (VALUES (1),(2),(3),(4),(5)) e(ev)
 WHERE p.st_cd NOT IN ('X','B')
  AND (e.ev<5 OR pg_temp.rnd('dm'||p.parcel_id)<0.05)
  AND NOT (p.st_cd='L' AND e.ev>2) AND NOT (p.st_cd='T' AND e.ev>2) AND NOT (e.ev=4 AND pg_temp.rnd('ms'||p.parcel_id)<0.06)) z;

INSERT INTO attempt
SELECT row_number() OVER (ORDER BY z.ts, z.parcel_id), z.parcel_id, d.drv_no, z.ts, z.res FROM (
 SELECT p.parcel_id, p.dest_id, k.n,
  CASE WHEN p.st_cd='D' THEN p.dlvd_at - make_interval(hours => 24*(t.tot-k.n), mins => 7*(t.tot-k.n)) ELSE p.booked_at + make_interval(hours => 48+24*k.n, mins => 13*k.n) END AS ts,
  CASE WHEN p.st_cd='D' AND k.n=t.tot THEN CASE WHEN pg_temp.rnd('nb'||p.parcel_id)<0.17 THEN 'NB' ELSE 'OK' END
   ELSE CASE WHEN pg_temp.rnd('r'||p.parcel_id||k.n)<0.72 THEN 'NH' WHEN pg_temp.rnd('r'||p.parcel_id||k.n)<0.86 THEN 'BA' ELSE 'RF' END END AS res
 FROM parcel p JOIN svc s ON s.svc_cd=p.svc_cd
 CROSS JOIN LATERAL (SELECT CASE WHEN p.st_cd='R' THEN 2+(p.parcel_id%2) WHEN p.dlvd_at-p.booked_at > interval '50 hours' AND pg_temp.rnd('tt'||p.parcel_id)<0.3 THEN 2+CASE WHEN pg_temp.rnd('tu'||p.parcel_id)<0.2 AND p.dlvd_at-p.booked_at > interval '70 hours' THEN 1 ELSE 0 END ELSE 1 END AS tot) t
 JOIN generate_series(1,3) k(n) ON k.n<=t.tot
 WHERE p.st_cd IN ('D','R')) z
CROSS JOIN LATERAL (SELECT drv_no FROM driver dr WHERE dr.hired_on<=z.ts::date AND (dr.left_on IS NULL OR dr.left_on>=z.ts::date) AND (dr.hired_on<'2026-08-01') AND dr.drv_no<>17
  ORDER BY (dr.depot_id<>z.dest_id), pg_temp.rnd(dr.drv_no||'a'||z.parcel_id||z.n)*(1+(dr.drv_no*5)%7) LIMIT 1) d;

INSERT INTO claim
SELECT row_number() OVER (ORDER BY filed_on, parcel_id)+7000, parcel_id, rsn, clm, filed_on,
 CASE WHEN filed_on < '2026-09-20' AND pg_temp.rnd('co'||parcel_id)<0.93 THEN filed_on + 6 + floor(60*power(pg_temp.rnd('cl'||parcel_id),1.5))::int END,
 CASE WHEN filed_on < '2026-09-20' AND pg_temp.rnd('co'||parcel_id)<0.93 THEN CASE WHEN pg_temp.rnd('rej'||parcel_id)<0.3 THEN 0 WHEN pg_temp.rnd('rej'||parcel_id)<0.65 THEN clm ELSE (clm*(0.3+0.5*pg_temp.rnd('pp'||parcel_id)))::int END END
FROM (SELECT p.parcel_id, CASE WHEN p.st_cd='L' THEN 'LST' WHEN p.dlvd_at > p.booked_at + make_interval(hours=>s.promise_hrs) AND pg_temp.rnd('lt'||p.parcel_id)<0.5 THEN 'LAT' WHEN pg_temp.rnd('rs'||p.parcel_id)<0.68 THEN 'DMG' ELSE 'MIS' END AS rsn,
  (COALESCE(p.decl_cents*(0.4+0.6*pg_temp.rnd('ca'||p.parcel_id)), 1500+6000*pg_temp.rnd('cb'||p.parcel_id)))::int AS clm,
  LEAST((COALESCE(p.dlvd_at,p.booked_at+interval '9 days'))::date + 1 + floor(14*pg_temp.rnd('cf'||p.parcel_id))::int, date '2026-11-26') AS filed_on
 FROM parcel p JOIN svc s ON s.svc_cd=p.svc_cd
 WHERE p.booked_at<'2026-11-14' AND (p.st_cd='L' AND pg_temp.rnd('lc'||p.parcel_id)<0.85 OR p.st_cd='D' AND pg_temp.rnd('cx'||p.parcel_id)<CASE WHEN p.svc_cd='FRG' THEN 0.22 WHEN p.dlvd_at > p.booked_at + make_interval(hours=>s.promise_hrs) THEN 0.2 ELSE 0.06 END)) c;
