CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(s) & 2147483647) % n $$;
CREATE TABLE venue (
  venue_id int PRIMARY KEY,
  name text NOT NULL,
  city text NOT NULL,
  capacity int NOT NULL,
  is_outdoor boolean NOT NULL,
  closed_since date
);
CREATE TABLE event (
  event_id int PRIMARY KEY,
  title text NOT NULL,
  genre text NOT NULL CHECK (genre IN ('rock','pop','classical','comedy','theatre','sport','festival')),
  venue_id int NOT NULL REFERENCES venue,
  parent_event_id int REFERENCES event,
  starts_at timestamptz NOT NULL,
  duration_min int NOT NULL,
  status char(3) NOT NULL,
  min_age smallint,
  tags text[] NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN event.parent_event_id IS 'the festival an act belongs to; null for stand-alone events and the festivals themselves';
COMMENT ON COLUMN event.status IS 'PLN = planned, not on sale; ONS = on sale; DON = took place; PST = postponed; CAN = cancelled';
COMMENT ON COLUMN event.min_age IS 'null = no age limit';
CREATE TABLE seat_cat (
  cat_code char(2) PRIMARY KEY,
  cat_name text NOT NULL,
  is_seated boolean NOT NULL
);
CREATE TABLE event_price (
  event_id int REFERENCES event,
  cat_code char(2) REFERENCES seat_cat,
  price_cents int NOT NULL,
  contingent int NOT NULL,
  PRIMARY KEY (event_id, cat_code)
);
COMMENT ON TABLE event_price IS 'which seat categories an event offers, list price (pence) and number of tickets put on sale';
CREATE TABLE customer (
  customer_id int PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  city text,
  birth_year smallint,
  signed_up_on date NOT NULL,
  newsletter boolean NOT NULL,
  deleted_at timestamptz
);
COMMENT ON COLUMN customer.deleted_at IS 'account deletion; null = live account';
CREATE TABLE ticket_order (
  order_id int PRIMARY KEY,
  customer_id int NOT NULL REFERENCES customer,
  ordered_at timestamptz NOT NULL,
  channel char(1) NOT NULL,
  status text NOT NULL CHECK (status IN ('open','paid','expired')),
  fee_cents int NOT NULL,
  promo_code text
);
COMMENT ON COLUMN ticket_order.channel IS 'W = website, A = mobile app, B = box office, P = phone';
COMMENT ON COLUMN ticket_order.fee_cents IS 'service fee for the order, pence';
CREATE TABLE ticket (
  ticket_id int PRIMARY KEY,
  order_id int NOT NULL REFERENCES ticket_order,
  event_id int NOT NULL,
  cat_code char(2) NOT NULL,
  seat_no text,
  price_cents int NOT NULL,
  FOREIGN KEY (event_id, cat_code) REFERENCES event_price
);
COMMENT ON COLUMN ticket.price_cents IS 'price charged after discount, pence; it counts as sold when the order is paid';
COMMENT ON COLUMN ticket.seat_no IS 'null for standing';
CREATE TABLE scan (
  scan_id int PRIMARY KEY,
  ticket_id int NOT NULL REFERENCES ticket,
  scanned_at timestamptz NOT NULL,
  gate text NOT NULL,
  result smallint NOT NULL
);
COMMENT ON TABLE scan IS 'entry control';
COMMENT ON COLUMN scan.result IS '0 = admitted, 1 = already used, 2 = wrong event, 3 = refunded ticket';
CREATE TABLE refund (
  refund_id int PRIMARY KEY,
  ticket_id int NOT NULL UNIQUE REFERENCES ticket,
  requested_on date NOT NULL,
  decided_on date,
  reason char(1) NOT NULL,
  outcome char(1),
  amount_cents int
);
COMMENT ON COLUMN refund.decided_on IS 'null while pending';
COMMENT ON COLUMN refund.reason IS 'C = event cancelled, P = event postponed, I = illness, G = goodwill, D = duplicate purchase';
COMMENT ON COLUMN refund.outcome IS 'A = accepted, R = rejected; null while pending';
COMMENT ON COLUMN refund.amount_cents IS 'money paid back, pence; only for accepted ones';
INSERT INTO venue VALUES (1,'Harbour Arena','Bristol',9800,false,NULL),(2,'Old Mill Theatre','York',640,false,NULL),(3,'Castle Meadow','Cardiff',22000,true,NULL),(4,'The Foundry','Sheffield',1850,false,NULL),(5,'Regent Concert Hall','Leeds',2300,false,NULL),
(6,'Kelvin Park','Glasgow',35000,true,NULL),(7,'The Basement','Manchester',420,false,NULL),(8,'Empire Playhouse','Liverpool',1500,false,'2025-09-30'),(9,'Tyneside Stadium','Newcastle',31000,true,NULL),(10,'Lantern Room','Bristol',300,false,NULL),(11,'Victoria Rooms','Leeds',980,false,NULL),(12,'Seafront Stage','Brighton',7000,true,NULL),(13,'Granary Hall','Norwich',760,false,NULL);
INSERT INTO event
SELECT g, t, ge, v, par, ts, du, CASE WHEN pg_temp.h('can'||g,14)=0 THEN 'CAN' WHEN ts>='2026-11-26' THEN CASE WHEN g%6=0 THEN 'PLN' WHEN g%11=8 THEN 'PST' ELSE 'ONS' END WHEN pg_temp.h('pst'||g,24)=0 THEN 'PST' ELSE 'DON' END, ma, tg
FROM (SELECT g, CASE WHEN ge IN ('rock','pop') THEN (ARRAY['Velvet Anchors','Nova Kestrel','The Paper Lions','Marlow & June','Static Orchard','Copper Radio','Ghostlight Avenue','Ruby Tarn','Northern Circuit','Hollow Pines','Iris Dale'])[1+pg_temp.h('a'||g,11)]||' '||(ARRAY['Live','On Tour','Unplugged','Winter Tour','Farewell Show'])[1+pg_temp.h('b'||g,5)]
  WHEN ge='classical' THEN (ARRAY['Pennine Philharmonic','Avon String Quartet','Cathedral Choir','Severn Chamber Orchestra'])[1+pg_temp.h('a'||g,4)]||': '||(ARRAY['Brahms Evening','Baroque Gems','Spring Serenade','Requiem','Film Classics'])[1+pg_temp.h('b'||g,5)]
  WHEN ge='comedy' THEN (ARRAY['Dev Malhotra','Sian Pugh','Big Col Farrow','Lottie Brack'])[1+pg_temp.h('a'||g,4)]||' - '||(ARRAY['Mildly Annoyed','Second Helping','No Refunds','Work in Progress'])[1+pg_temp.h('b'||g,4)]
  WHEN ge='theatre' THEN (ARRAY['The Lighthouse Widow','A Quiet Quarrel','Twelve Tin Soldiers','Mrs Oakley Regrets','The Glass Orchard'])[1+pg_temp.h('a'||g,5)]
  ELSE (ARRAY['Netball Super Final','Northern Darts Masters','City Basketball Derby','Indoor Athletics Gala'])[1+pg_temp.h('a'||g,4)] END t, ge,
  CASE ge WHEN 'rock' THEN (ARRAY[1,4,7,4,1,12,8])[1+pg_temp.h('v'||g,7)] WHEN 'pop' THEN (ARRAY[1,4,5,10,12,1])[1+pg_temp.h('v'||g,6)] WHEN 'classical' THEN (ARRAY[5,5,11,2])[1+pg_temp.h('v'||g,4)] WHEN 'comedy' THEN (ARRAY[7,10,8,7,11])[1+pg_temp.h('v'||g,5)] WHEN 'theatre' THEN (ARRAY[2,8,2,11])[1+pg_temp.h('v'||g,4)] ELSE (ARRAY[1,9,1])[1+pg_temp.h('v'||g,3)] END v,
  NULL::int par, (CASE WHEN g>=117 THEN date '2026-11-27'+g%4 ELSE date '2024-01-12'+pg_temp.h('d'||g,1040) END)+make_interval(hours=>(ARRAY[19,20,19,18,14,20])[1+pg_temp.h('hr'||g,6)],mins=>(ARRAY[0,30,30,0])[1+pg_temp.h('mi'||g,4)]) ts, (ARRAY[90,120,105,150,135])[1+pg_temp.h('du'||g,5)] du,
  CASE WHEN ge='comedy' THEN 16 WHEN ge='rock' AND g%3=0 THEN 14 WHEN ge='rock' AND g%7=1 THEN 18 END::smallint ma,
  CASE WHEN g%5=0 THEN ARRAY['family','matinee'] WHEN g%7=0 THEN ARRAY['acoustic'] WHEN g%11=0 THEN ARRAY['premiere','charity'] ELSE '{}'::text[] END tg
 FROM (SELECT g, (ARRAY['rock','pop','classical','comedy','theatre','rock','pop','sport','rock','comedy','theatre','classical','rock'])[1+pg_temp.h('g'||g,13)] ge FROM generate_series(1,130) g) q) e
UNION ALL SELECT 131+g, (ARRAY['Meadow Sounds 2024','Meadow Sounds 2025','Kelvin Weekender 2025','Meadow Sounds 2026','Seafront Jazz Days 2027'])[1+g], 'festival', (ARRAY[3,3,6,3,12])[1+g], NULL, (ARRAY['2024-07-12','2025-07-11','2025-08-22','2026-07-10','2026-11-28'])[1+g]::date+interval '12 hours', 600, (ARRAY['DON','DON','DON','DON','PLN'])[1+g], CASE WHEN g=2 THEN 16 END, ARRAY['open air'] FROM generate_series(0,4) g
UNION ALL SELECT 136+k, a, (ARRAY['rock','pop','rock'])[1+k%3], CASE p WHEN 133 THEN 6 ELSE 3 END, p, (CASE p WHEN 131 THEN date '2024-07-12' WHEN 132 THEN '2025-07-11' WHEN 133 THEN '2025-08-22' ELSE '2026-07-10' END)+k%3+make_interval(hours=>15+k%6), 60+15*(k%3), CASE WHEN k IN (4,11) THEN 'CAN' ELSE 'DON' END, NULL, '{}'
 FROM (SELECT k, (ARRAY[131,131,131,132,132,132,132,133,133,134,134,134,134,134])[k+1] p, (ARRAY['Copper Radio','Ruby Tarn','Saltmarsh','Iris Dale','Nova Kestrel','Velvet Anchors','Tin Harbour','Static Orchard','Hollow Pines','Copper Radio','Lowland Choir Boys','Ruby Tarn','Marlow & June','Ghostlight Avenue'])[k+1] a FROM generate_series(0,13) k) z;
UPDATE event SET title='Seafront Jazz Days' WHERE event_id=135;
INSERT INTO seat_cat VALUES ('ST','Standing',false),('S1','Stalls',true),('S2','Balcony',true),('S3','Upper Circle',true),('BX','Box',true),('VP','VIP Package',true),('WC','Wheelchair Space',true),('RV','Restricted View',true);
INSERT INTO event_price
SELECT e.event_id, c.cat_code, (((1500+pg_temp.h('p'||e.event_id,40)*100+CASE e.genre WHEN 'festival' THEN 9000 WHEN 'classical' THEN 1200 WHEN 'comedy' THEN -300 ELSE 500 END)*(CASE c.cat_code WHEN 'ST' THEN 80 WHEN 'S1' THEN 130 WHEN 'S2' THEN 100 WHEN 'S3' THEN 75 WHEN 'BX' THEN 190 WHEN 'VP' THEN 320 WHEN 'WC' THEN 60 ELSE 55 END))/100/50)*50,
 greatest(4,(v.capacity*(CASE c.cat_code WHEN 'ST' THEN 40 WHEN 'S1' THEN 30 WHEN 'S2' THEN 20 WHEN 'S3' THEN 12 WHEN 'WC' THEN 1 ELSE 3 END))/100)
FROM event e JOIN venue v ON v.venue_id=e.venue_id JOIN seat_cat c ON (CASE WHEN v.is_outdoor THEN c.cat_code IN ('ST','VP','WC') WHEN e.genre IN ('rock','pop') THEN c.cat_code IN ('ST','S2','VP') OR (c.cat_code='WC' AND e.event_id%2=0) WHEN e.genre='comedy' THEN c.cat_code IN ('S1','S2') ELSE c.cat_code IN ('S1','S2','S3','RV') OR (c.cat_code='BX' AND e.event_id%3=0) END)
WHERE e.parent_event_id IS NULL AND e.status<>'PLN' AND e.event_id%37<>5;
INSERT INTO customer
SELECT g, (ARRAY['Amelia','Rhys','Priya','Callum','Sophie','Mohammed','Freya','Declan','Grace','Tariq','Isla','Owen','Zara','Harvey','Megan','Kwame','Poppy','Ewan','Niamh','Joseph','Leila','Angus','Holly'])[1+(g*5)%23], (ARRAY['Thornton','Evans','Kaur','Mackenzie','Whitaker','Hussain','Doyle','Bennett','Okoye','Fletcher','Morgan','Sinclair','Patel','Barlow','Quinn','Ashworth','Hughes','Drummond','Sharma'])[1+(g*3+g/23)%19],
 CASE WHEN g%17=0 THEN NULL ELSE (ARRAY['Leeds','Bristol','Manchester','Leeds','Sheffield','Glasgow','Bristol','Leeds','York','Cardiff','Liverpool','Newcastle','Brighton','Manchester','Norwich','Sheffield'])[1+pg_temp.h('cc'||g,16)] END,
 CASE WHEN pg_temp.h('by'||g,6)<>0 THEN 1946+pg_temp.h('bz'||g,32)+pg_temp.h('bw'||g,30) END, date '2022-03-01'+(g*5.6)::int, pg_temp.h('nl'||g,5)<2, CASE WHEN pg_temp.h('del'||g,16)=0 THEN timestamptz '2025-02-03 10:15+00'+make_interval(days=>pg_temp.h('dw'||g,640),mins=>g) END FROM generate_series(1,290) g;
INSERT INTO ticket_order
SELECT row_number() OVER (ORDER BY ts), cu, ts, ch, CASE WHEN pg_temp.h('ex'||g,12)=0 THEN 'expired' WHEN ts>'2026-11-15' AND g%3=0 THEN 'open' ELSE 'paid' END, CASE ch WHEN 'B' THEN 0 WHEN 'P' THEN 350 WHEN 'W' THEN 250 ELSE 195 END, CASE pg_temp.h('pc'||g,15) WHEN 0 THEN 'EARLYBIRD' WHEN 1 THEN 'STUDENT10' WHEN 2 THEN CASE WHEN g%2=0 THEN 'FRIENDS' ELSE 'EARLYBIRD' END END
FROM (SELECT g, 1+least(pg_temp.h('cu'||g,276),pg_temp.h('cv'||g,276)+40) cu, timestamptz '2023-11-15 00:00+00'+make_interval(days=>pg_temp.h('ot'||g,1105),mins=>420+pg_temp.h('om'||g,960)) ts, (ARRAY['W','W','A','B','W','A','P','W','A','W','A'])[1+pg_temp.h('ch'||g,11)] ch FROM generate_series(1,1250) g) q;
UPDATE ticket_order o SET ordered_at = o.ordered_at + make_interval(days => 30+o.order_id%200) FROM customer c WHERE c.customer_id=o.customer_id AND o.ordered_at::date < c.signed_up_on AND o.ordered_at < '2026-04-01';
UPDATE customer c SET signed_up_on = s.d FROM (SELECT customer_id, min(ordered_at)::date-3 d FROM ticket_order GROUP BY 1) s WHERE s.customer_id=c.customer_id AND c.signed_up_on > s.d;
UPDATE customer c SET deleted_at = NULL FROM (SELECT customer_id, max(ordered_at) m FROM ticket_order GROUP BY 1) s WHERE s.customer_id=c.customer_id AND deleted_at < s.m AND c.customer_id%3<>0;
INSERT INTO ticket
SELECT row_number() OVER (ORDER BY order_id, k), order_id, event_id, cat_code, CASE WHEN is_seated THEN chr(65+order_id%18)||'-'||(1+(order_id*3)%30+k) END, CASE promo_code WHEN 'EARLYBIRD' THEN price_cents*85/100 WHEN 'STUDENT10' THEN price_cents*90/100 ELSE price_cents END
FROM (SELECT o.order_id, o.promo_code, p.event_id, p.cat_code, p.price_cents, s.is_seated, k FROM ticket_order o
 CROSS JOIN LATERAL (SELECT e.event_id FROM event e WHERE e.starts_at > o.ordered_at + interval '1 day' AND EXISTS (SELECT 1 FROM event_price p WHERE p.event_id=e.event_id) ORDER BY (e.starts_at - o.ordered_at) * (0.15+pg_temp.h('pk'||o.order_id||'-'||e.event_id,100)/100.0) / (CASE WHEN e.genre='festival' THEN 4 WHEN e.genre='rock' THEN 2 ELSE 1 END) LIMIT 1) e
 CROSS JOIN LATERAL (SELECT p.* FROM event_price p WHERE p.event_id=e.event_id ORDER BY md5(p.cat_code||o.order_id)||'' LIMIT 1) p JOIN seat_cat s ON s.cat_code=p.cat_code CROSS JOIN generate_series(1,5) k WHERE k<=(ARRAY[2,1,2,4,2,3,1,2,5])[1+pg_temp.h('n'||o.order_id,9)]) q;
DELETE FROM ticket_order o WHERE NOT EXISTS (SELECT 1 FROM ticket t WHERE t.order_id=o.order_id);
INSERT INTO refund
SELECT row_number() OVER (ORDER BY rq, ticket_id), ticket_id, rq, CASE WHEN pend THEN NULL ELSE least(rq+1+pg_temp.h('dx'||ticket_id,25), date '2026-11-27') END, rs, CASE WHEN pend THEN NULL WHEN rej THEN 'R' ELSE 'A' END, CASE WHEN pend OR rej THEN NULL WHEN rs='G' THEN price_cents/2 ELSE price_cents END
FROM (SELECT t.ticket_id, t.price_cents, rs, least(CASE WHEN rs='D' THEN o.ordered_at::date+1+pg_temp.h('rq'||t.ticket_id,4) WHEN rs='G' THEN e.starts_at::date+2+pg_temp.h('rq'||t.ticket_id,20) ELSE greatest(o.ordered_at::date+1, e.starts_at::date-pg_temp.h('rq'||t.ticket_id,14)) END, date '2026-11-25') rq, 
   pg_temp.h('rj'||t.ticket_id,3)=0 AND rs NOT IN ('C') rej, (o.ordered_at>'2026-09-20' AND t.ticket_id%2=0) pend
 FROM ticket t JOIN ticket_order o ON o.order_id=t.order_id JOIN event e ON e.event_id=t.event_id
 CROSS JOIN LATERAL (SELECT CASE WHEN e.status='CAN' AND pg_temp.h('rc'||t.ticket_id,6)<>0 THEN 'C' WHEN e.status='PST' AND pg_temp.h('rc'||t.ticket_id,3)=0 THEN 'P' WHEN e.status='DON' AND pg_temp.h('rc'||t.ticket_id,28)=0 THEN 'I' WHEN e.status='DON' AND pg_temp.h('rc'||t.ticket_id,28)=3 AND t.ticket_id%2=0 THEN 'G' WHEN pg_temp.h('rc'||t.ticket_id,40)=7 THEN 'D' END rs) r
 WHERE o.status='paid' AND rs IS NOT NULL) q;
INSERT INTO scan
SELECT row_number() OVER (ORDER BY ts, ticket_id), ticket_id, ts, gate, res FROM (
 SELECT t.ticket_id, e.starts_at - make_interval(mins=>5+least(pg_temp.h('sc'||t.ticket_id||k,70),pg_temp.h('sd'||t.ticket_id||k,80))) + make_interval(mins=>k*9) ts, (ARRAY['North','North','South','East','North','South'])[1+pg_temp.h('gt'||t.ticket_id,6)] gate,
  CASE WHEN r.outcome='A' THEN 3 WHEN k=2 THEN CASE WHEN t.ticket_id%4=0 THEN 2 ELSE 1 END ELSE 0 END res
 FROM ticket t JOIN ticket_order o ON o.order_id=t.order_id JOIN event e ON e.event_id=t.event_id LEFT JOIN refund r ON r.ticket_id=t.ticket_id CROSS JOIN generate_series(1,2) k
 WHERE o.status='paid' AND e.status='DON' AND e.starts_at<'2026-11-26' AND ((r.outcome='A' AND k=1 AND r.requested_on<e.starts_at::date AND t.ticket_id%7=0) OR (r.outcome IS DISTINCT FROM 'A' AND ((k=1 AND pg_temp.h('ns'||t.ticket_id,11)<>0) OR (k=2 AND pg_temp.h('ns'||t.ticket_id,11)<>0 AND pg_temp.h('k2'||t.ticket_id,23)=0))))) q;
