CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE SCHEMA ref;
CREATE TYPE task_kind AS ENUM ('fuelling','cleaning','catering','loading','deicing');

CREATE TABLE ref.carrier (
  carrier_cd   char(2) PRIMARY KEY,
  carrier_name text NOT NULL,
  country      text NOT NULL,
  alliance     text
);
COMMENT ON TABLE ref.carrier IS 'airlines';
COMMENT ON COLUMN ref.carrier.alliance IS 'null = independent';

CREATE TABLE ref.delay_reason (
  reason_cd smallint PRIMARY KEY,
  reason    text NOT NULL,
  grp       char(1) NOT NULL
);
COMMENT ON COLUMN ref.delay_reason.grp IS 'A = airline, H = ground handling, T = technical, W = weather, C = air traffic control';

CREATE TABLE stand (
  stand_no  text PRIMARY KEY,
  pier      char(1) NOT NULL,
  knd       smallint NOT NULL,
  max_span  numeric(4,1) NOT NULL,
  gpu       boolean NOT NULL,
  shut_since date
);
COMMENT ON TABLE stand IS 'aircraft parking positions';
COMMENT ON COLUMN stand.knd IS '1 contact stand with air bridge, 2 remote (bus), 3 cargo';
COMMENT ON COLUMN stand.max_span IS 'largest wingspan admitted, metres';
COMMENT ON COLUMN stand.gpu IS 'fixed ground power available';
COMMENT ON COLUMN stand.shut_since IS 'out of service since; null = usable';

CREATE TABLE handler (
  hdl_id        integer PRIMARY KEY,
  hdl_name      text NOT NULL,
  parent_hdl    integer REFERENCES handler,
  licence_until date NOT NULL,
  services      text[] NOT NULL
);
COMMENT ON TABLE handler IS 'ground handling companies';
COMMENT ON COLUMN handler.parent_hdl IS 'owning company, null if independent';
COMMENT ON COLUMN handler.services IS 'what they are licensed for: fuelling, cleaning, catering, loading, deicing';

CREATE TABLE flt (
  flt_id     integer PRIMARY KEY,
  flt_no     text NOT NULL,
  carrier_cd char(2) NOT NULL REFERENCES ref.carrier,
  dir        char(1) NOT NULL CHECK (dir IN ('A','D')),
  other_end  text NOT NULL,
  sched_at   timestamptz NOT NULL,
  actual_at  timestamptz,
  pax        smallint,
  status     char(1) NOT NULL
);
COMMENT ON TABLE flt IS 'one row per flight and day';
COMMENT ON COLUMN flt.dir IS 'A = arrival, D = departure';
COMMENT ON COLUMN flt.other_end IS 'city it comes from (arrivals) or goes to (departures)';
COMMENT ON COLUMN flt.actual_at IS 'landed / took off; null if it did not or not yet';
COMMENT ON COLUMN flt.pax IS 'passengers on board; null for cargo flights and flights not flown';
COMMENT ON COLUMN flt.status IS 'S = scheduled, O = operated, C = cancelled, V = diverted elsewhere';

CREATE TABLE flt_delay (
  flt_id    integer NOT NULL REFERENCES flt,
  reason_cd smallint NOT NULL REFERENCES ref.delay_reason,
  mins      smallint NOT NULL,
  PRIMARY KEY (flt_id, reason_cd)
);
COMMENT ON TABLE flt_delay IS 'delay minutes attributed to reasons; a flight may have several';

CREATE TABLE turn (
  turn_id    integer PRIMARY KEY,
  arr_flt_id integer NOT NULL REFERENCES flt,
  dep_flt_id integer NOT NULL REFERENCES flt,
  stand_no   text NOT NULL REFERENCES stand,
  hdl_id     integer NOT NULL REFERENCES handler,
  tail_no    text NOT NULL,
  on_block   timestamptz NOT NULL,
  off_block  timestamptz NOT NULL,
  target_min smallint NOT NULL
);
COMMENT ON TABLE turn IS 'turnarounds: aircraft on stand between an arriving and a departing flight';
COMMENT ON COLUMN turn.target_min IS 'agreed time on stand, minutes';
COMMENT ON COLUMN turn.tail_no IS 'aircraft registration';

CREATE TABLE turn_task (
  task_id    integer PRIMARY KEY,
  turn_id    integer NOT NULL REFERENCES turn,
  task       task_kind NOT NULL,
  begun_at   timestamptz NOT NULL,
  done_at    timestamptz,
  crew       smallint NOT NULL
);
COMMENT ON COLUMN turn_task.done_at IS 'null if the task was broken off';
COMMENT ON COLUMN turn_task.crew IS 'number of staff';

CREATE TABLE bag (
  tag_no    bigint PRIMARY KEY,
  flt_id    integer NOT NULL REFERENCES flt,
  cabin     char(1) NOT NULL,
  wt_g      integer NOT NULL,
  is_xfer   boolean NOT NULL,
  bag_st    char(1) NOT NULL,
  claim_cts integer
);
COMMENT ON TABLE bag IS 'checked baggage (sample of belts 1-3)';
COMMENT ON COLUMN bag.cabin IS 'Y = economy, C = business';
COMMENT ON COLUMN bag.wt_g IS 'weight, grams';
COMMENT ON COLUMN bag.is_xfer IS 'transfer bag from/to a connecting flight';
COMMENT ON COLUMN bag.bag_st IS 'K = ok, L = left behind, D = damaged, X = lost';
COMMENT ON COLUMN bag.claim_cts IS 'compensation paid, euro cents; null = none paid';

INSERT INTO ref.carrier VALUES ('NV','Nordvik Air','Norway','Skybridge'),('LM','Lumen Airlines','Germany','Skybridge'),('QT','Quetzal Jet','Spain',NULL),('AZ','Azura','Italy','Meridian Group'),
 ('BL','Baltic Link','Latvia',NULL),('HX','Hexagon Express','United Kingdom',NULL),('CR','Crown Airways','United Kingdom','Meridian Group'),('TF','TransFreight','Luxembourg',NULL),
 ('GO','Gopher Cargo','United States',NULL),('SO','Solara','Portugal','Skybridge'),('PK','Parkland Regional','Ireland',NULL),('ZE','Zephyr','France','Meridian Group'),('OX','Oxbow Charter','Ireland',NULL);

INSERT INTO ref.delay_reason VALUES (11,'Late check-in','A'),(15,'Boarding discrepancies','A'),(19,'Wheelchair assistance','A'),(32,'Late loading','H'),(34,'Servicing equipment missing','H'),(36,'Fuelling late','H'),(39,'Bus shortage','H'),
 (41,'Aircraft defect','T'),(46,'Aircraft change','T'),(52,'Damage during ground operation','T'),(71,'Weather at departure airport','W'),(72,'Weather at destination','W'),(75,'De-icing','W'),(81,'En-route restrictions','C'),(83,'Slot at destination','C'),(89,'Runway congestion','C'),(99,'Volcanic ash','W');

INSERT INTO stand VALUES ('A1','A',1,36,true,NULL),('A2','A',1,36,true,NULL),('A3','A',1,36,true,NULL),('A4','A',1,52,true,NULL),('A5','A',1,65,true,'2026-09-14'),('B1','B',1,36,true,NULL),('B2','B',1,36,false,NULL),('B3','B',1,52,true,NULL),('B4','B',1,65,true,NULL),
 ('R1','B',2,29.5,false,NULL),('R2','B',2,29.5,false,NULL),('R3','B',2,36,false,NULL),('R4','B',2,36,true,'2025-11-03'),('R5','C',2,36,false,NULL),('R6','C',2,36,false,NULL),('R7','C',2,52,false,NULL),('K1','K',3,52,true,NULL),('K2','K',3,65,true,NULL),('K3','K',3,80,false,NULL),('K4','K',3,80,true,'2026-05-20');

INSERT INTO handler VALUES (1,'Apron One',NULL,'2028-12-31',ARRAY['fuelling','cleaning','catering','loading','deicing']),(2,'SwiftGround',NULL,'2027-06-30',ARRAY['cleaning','loading','deicing']),
 (3,'SwiftGround Cargo',2,'2026-12-31',ARRAY['loading','fuelling']),(4,'Palisade Aviation Services',NULL,'2029-03-31',ARRAY['cleaning','catering','loading']),(5,'Palisade Bus',4,'2026-08-31',ARRAY['cleaning']),
 (6,'Aurora Handling',1,'2027-09-30',ARRAY['fuelling','cleaning','loading','deicing']),(7,'Gull Ground',NULL,'2026-10-31',ARRAY['loading','catering']);

CREATE TEMP TABLE p AS
SELECT g, cd, cargo, (date '2025-01-02' + (g*757/1000))::timestamp + (5*60 + 5*pg_temp.h('ah'||g,200)) * interval '1 minute' AS s1,
  CASE WHEN cargo THEN 120 + 5*pg_temp.h('tg'||g,20) ELSE 35 + 5*pg_temp.h('tg'||g,13) END AS ground,
  CASE WHEN pg_temp.h('dl'||g,100) < 58 THEN -14 + pg_temp.h('da'||g,22) WHEN pg_temp.h('dl'||g,100) < 90 THEN 6 + pg_temp.h('da'||g,40) ELSE 40 + pg_temp.h('da'||g,170) END + CASE WHEN cd IN ('QT','OX') THEN 9 ELSE 0 END AS d1,
  CASE WHEN pg_temp.h('dm'||g,100) < 62 THEN pg_temp.h('db'||g,10) ELSE pg_temp.h('db'||g,55) END AS d2,
  CASE WHEN pg_temp.h('cx'||g,1000) < 28 THEN 'C' WHEN pg_temp.h('cx'||g,1000) < 42 THEN 'V' ELSE 'O' END AS st
FROM (SELECT g, cd, cd IN ('TF','GO') AS cargo FROM (SELECT g, (ARRAY['NV','NV','LM','LM','LM','LM','QT','QT','AZ','BL','HX','HX','HX','CR','CR','TF','GO','SO','PK','PK','ZE','NV','OX'])[1+pg_temp.h('cr'||g,23)] cd FROM generate_series(1,919) g) a) b;

INSERT INTO flt
SELECT 2*g-1, cd || (100 + 2*pg_temp.h('fn'||cd||oc,150))::text, cd, 'A', c1, s1 AT TIME ZONE 'UTC',
 CASE WHEN st='O' AND s1 < '2026-11-21' THEN (s1 + d1*interval '1 minute') AT TIME ZONE 'UTC' END,
 CASE WHEN st='O' AND s1 < '2026-11-21' AND NOT cargo THEN 40 + pg_temp.h('px'||g,110) + CASE WHEN cd IN ('LM','CR') THEN 30 ELSE 0 END END,
 CASE WHEN s1 >= '2026-11-21' THEN CASE WHEN st='C' THEN 'C' ELSE 'S' END ELSE st END
FROM (SELECT *, 1+pg_temp.h('oe'||cd||pg_temp.h('oz'||g,4),18) AS oc FROM p) p CROSS JOIN LATERAL (SELECT (ARRAY['Oslo','Frankfurt','Madrid','Rome','Riga','London','Lisbon','Dublin','Paris','Bergen','Munich','Seville','Milan','Manchester','Porto','Vilnius','Lyon','Luxembourg'])[oc] AS c1) x;

INSERT INTO flt
SELECT 2*g, f.carrier_cd || (substr(f.flt_no,3)::int + 1)::text, f.carrier_cd, 'D', f.other_end, f.sched_at + ground*interval '1 minute',
 CASE WHEN s1 < '2026-11-21' AND f.status='O' AND pg_temp.h('dc'||g,100) > 1 THEN greatest(f.sched_at + ground*interval '1 minute', f.actual_at + (ground-10)*interval '1 minute') + d2*interval '1 minute' END,
 CASE WHEN s1 < '2026-11-21' AND f.status='O' AND pg_temp.h('dc'||g,100) > 1 AND NOT cargo THEN 38 + pg_temp.h('py'||g,112) + CASE WHEN cd IN ('LM','CR') THEN 28 ELSE 0 END END,
 CASE WHEN f.status='S' THEN 'S' WHEN f.status='O' AND pg_temp.h('dc'||g,100) > 1 THEN 'O' ELSE 'C' END
FROM p JOIN flt f ON f.flt_id = 2*g-1;

INSERT INTO flt_delay
SELECT flt_id, r1, CASE WHEN two THEN late*2/3 ELSE late END FROM (SELECT *, (ARRAY[11,15,19,32,32,34,36,39,41,41,41,46,71,72,75,81,81,81,81,83,83,89,15,52])[1+pg_temp.h('r1'||flt_id,24)] AS r1,
  pg_temp.h('tw'||flt_id,100) < 30 AS two FROM (SELECT flt_id, (extract(epoch FROM actual_at - sched_at)/60)::int AS late FROM flt) f WHERE late > 15) q
UNION ALL
SELECT flt_id, r2, late - late*2/3 FROM (SELECT *, (ARRAY[11,15,32,34,36,41,81,89])[1+pg_temp.h('r2'||flt_id,8)] AS r2, (ARRAY[11,15,19,32,32,34,36,39,41,41,41,46,71,72,75,81,81,81,81,83,83,89,15,52])[1+pg_temp.h('r1'||flt_id,24)] AS r1
  FROM (SELECT flt_id, (extract(epoch FROM actual_at - sched_at)/60)::int AS late FROM flt) f WHERE late > 15) q WHERE r1<>r2 AND pg_temp.h('tw'||flt_id,100) < 30;

INSERT INTO turn
SELECT row_number() OVER (ORDER BY g), 2*g-1, 2*g, CASE WHEN cargo THEN (ARRAY['K1','K2','K2','K3','K1','K1'])[1+pg_temp.h('sk'||g,6)]
   ELSE (ARRAY['A1','A1','A1','A2','A2','A3','A3','A4','B1','B1','B1','B1','B2','B2','B3','B4','R1','R2','R3','R3','R5','R6','A2','A5'])[1+pg_temp.h('sk'||g,CASE WHEN s1<'2026-09-14' THEN 24 ELSE 23 END)] END,
 CASE WHEN cargo THEN (ARRAY[3,3,3,1])[1+pg_temp.h('hd'||g,4)] WHEN cd IN ('LM','CR') THEN (ARRAY[1,1,1,4])[1+pg_temp.h('hd'||g,4)] WHEN cd IN ('HX','PK') THEN (ARRAY[2,2,6])[1+pg_temp.h('hd'||g,3)] ELSE (ARRAY[1,2,4,6,6,7])[1+pg_temp.h('hd'||g,6)] END,
 CASE cd WHEN 'NV' THEN 'LN-' WHEN 'LM' THEN 'D-A' WHEN 'QT' THEN 'EC-' WHEN 'AZ' THEN 'I-A' WHEN 'BL' THEN 'YL-' WHEN 'SO' THEN 'CS-' WHEN 'ZE' THEN 'F-H' WHEN 'TF' THEN 'LX-' WHEN 'GO' THEN 'N8' WHEN 'PK' THEN 'EI-' WHEN 'OX' THEN 'EI-O' ELSE 'G-E' END || (ARRAY['BKR','DUV','FJA','KLM','NOP','RST','WXY'])[1+pg_temp.h('tl'||g,CASE WHEN cd IN ('LM','NV') THEN 7 ELSE 3 END)],
 a.actual_at + (3 + pg_temp.h('tx'||g,6))*interval '1 minute', d.actual_at - (6 + pg_temp.h('ty'||g,9))*interval '1 minute', ground - 10
FROM p JOIN flt a ON a.flt_id=2*g-1 JOIN flt d ON d.flt_id=2*g WHERE a.actual_at IS NOT NULL AND d.actual_at IS NOT NULL;

INSERT INTO turn_task
SELECT row_number() OVER (ORDER BY t.turn_id, k), t.turn_id, k, b, CASE WHEN pg_temp.h('bk'||t.turn_id||k,100) < 2 THEN NULL ELSE b + (CASE k WHEN 'loading' THEN 12 + pg_temp.h('te'||t.turn_id||k,24) WHEN 'fuelling' THEN 8 + pg_temp.h('te'||t.turn_id||k,15) WHEN 'deicing' THEN 5 + pg_temp.h('te'||t.turn_id||k,13) ELSE 6 + pg_temp.h('te'||t.turn_id||k,16) END)*interval '1 minute' END,
 CASE k WHEN 'loading' THEN 3 + pg_temp.h('cw'||t.turn_id||k,4) WHEN 'fuelling' THEN 1 + pg_temp.h('cw'||t.turn_id||k,2) ELSE 2 + pg_temp.h('cw'||t.turn_id||k,4) END
FROM turn t JOIN flt f ON f.flt_id=t.dep_flt_id CROSS JOIN unnest(enum_range(NULL::task_kind)) k CROSS JOIN LATERAL (SELECT t.on_block + (2 + pg_temp.h('tb'||t.turn_id||k,14))*interval '1 minute' AS b) z
WHERE CASE k WHEN 'loading' THEN pg_temp.h('hk'||t.turn_id||k,100) < 97 WHEN 'fuelling' THEN pg_temp.h('hk'||t.turn_id||k,100) < 78
  WHEN 'deicing' THEN extract(month FROM t.on_block) IN (11,12,1,2,3) AND pg_temp.h('hk'||t.turn_id||k,100) < 31
  WHEN 'catering' THEN f.pax IS NOT NULL AND pg_temp.h('hk'||t.turn_id||k,100) < 55 ELSE f.pax IS NOT NULL AND pg_temp.h('hk'||t.turn_id||k,100) < 85 END;

INSERT INTO bag
SELECT 4470001000 + g*7 + g%3, flt_id, CASE WHEN pg_temp.h('cb'||g,100) < 13 THEN 'C' ELSE 'Y' END, 6500 + 10*pg_temp.h('wt'||g,1700) + CASE WHEN pg_temp.h('hv'||g,20)=0 THEN 4000 ELSE 0 END, xf, st,
 CASE WHEN st='K' OR pg_temp.h('cl'||g,100) < 35 THEN NULL WHEN st='X' THEN 25000 + 50*pg_temp.h('cm'||g,1500) ELSE 2000 + 25*pg_temp.h('cm'||g,500) END
FROM (SELECT g, flt_id, xf, CASE WHEN hs < 12 + CASE WHEN xf THEN 50 ELSE 0 END THEN 'L' WHEN hs < 80 AND hs > 67 THEN 'D' WHEN hs > 990 THEN 'X' ELSE 'K' END AS st
 FROM (SELECT g, pg_temp.h('xf'||g,100) < 24 AS xf, pg_temp.h('bs'||g,1000) AS hs, 1 + pg_temp.h('bf'||g,1838) AS f FROM generate_series(1,5200) g) a JOIN flt ON flt_id = f WHERE pax IS NOT NULL) b;
