CREATE FUNCTION pg_temp.h(k text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(k)::bigint) % n)::int $$;
CREATE SCHEMA visits;
CREATE SCHEMA conservation;
CREATE TYPE object_kind AS ENUM ('painting','drawing','sculpture','textile','coin','photograph','furniture','ceramic');

CREATE TABLE museum (
  museum_id   integer PRIMARY KEY,
  name        text NOT NULL,
  city        text NOT NULL,
  opened_year smallint NOT NULL,
  reopens_on  date
);
COMMENT ON COLUMN museum.reopens_on IS 'filled while the house is closed for building works; null = open to visitors';

CREATE TABLE maker (
  maker_id    integer PRIMARY KEY,
  full_name   text NOT NULL,
  birth_year  smallint,
  death_year  smallint,
  nationality text
);
COMMENT ON TABLE maker IS 'artists, craftspeople and workshops';
COMMENT ON COLUMN maker.birth_year IS 'null for workshops and where it is not known';
COMMENT ON COLUMN maker.death_year IS 'null for workshops and for living artists';

CREATE TABLE collection_object (
  object_id        integer PRIMARY KEY,
  accession_number text NOT NULL UNIQUE,
  title            text NOT NULL,
  kind             object_kind NOT NULL,
  maker_id         integer REFERENCES maker,
  museum_id        integer NOT NULL REFERENCES museum,
  made_year        smallint,
  on_display       boolean NOT NULL,
  acquired_on      date NOT NULL,
  acquisition_code char(1) NOT NULL CHECK (acquisition_code IN ('P','G','B','F','T')),
  insured_value    numeric(8,1),
  materials        text[] NOT NULL
);
COMMENT ON COLUMN collection_object.maker_id IS 'null = maker unknown';
COMMENT ON COLUMN collection_object.museum_id IS 'the house that owns it';
COMMENT ON COLUMN collection_object.made_year IS 'negative = BC; null = undated';
COMMENT ON COLUMN collection_object.on_display IS 'hangs or stands in our galleries; false = in store or away';
COMMENT ON COLUMN collection_object.acquisition_code IS 'P = purchase, G = gift, B = bequest, F = field find, T = transfer from another institution';
COMMENT ON COLUMN collection_object.insured_value IS 'thousand euro; null = never valued';

CREATE TABLE borrower (
  borrower_id  integer PRIMARY KEY,
  name         text NOT NULL,
  country_code char(2) NOT NULL
);
COMMENT ON TABLE borrower IS 'institutions we lend to';
COMMENT ON COLUMN borrower.country_code IS 'ISO 3166, two letters';

CREATE TABLE loan (
  loan_id     integer PRIMARY KEY,
  object_id   integer NOT NULL REFERENCES collection_object,
  borrower_id integer NOT NULL REFERENCES borrower,
  starts_on   date NOT NULL,
  due_on      date NOT NULL,
  returned_on date,
  fee         integer
);
COMMENT ON TABLE loan IS 'our objects lent to others';
COMMENT ON COLUMN loan.due_on IS 'last agreed day; back on that very day is in time';
COMMENT ON COLUMN loan.returned_on IS 'null = still away';
COMMENT ON COLUMN loan.fee IS 'euro for the whole loan; null = lent free of charge';

CREATE TABLE exhibition (
  exhibition_id integer PRIMARY KEY,
  museum_id     integer NOT NULL REFERENCES museum,
  title         text NOT NULL,
  opens_on      date NOT NULL,
  closes_on     date
);
COMMENT ON COLUMN exhibition.closes_on IS 'first day on which it can no longer be seen; null = permanent exhibition';

CREATE TABLE conservation.conservator (
  conservator_id integer PRIMARY KEY,
  full_name      text NOT NULL,
  freelance      boolean NOT NULL
);

CREATE TABLE conservation.treatment (
  treatment_id     integer PRIMARY KEY,
  object_id        integer NOT NULL REFERENCES collection_object,
  conservator_id   integer NOT NULL REFERENCES conservation.conservator,
  started_on       date NOT NULL,
  finished_on      date,
  hours            numeric(5,1) NOT NULL,
  condition_before smallint NOT NULL,
  condition_after  smallint
);
COMMENT ON TABLE conservation.treatment IS 'restoration work on single objects';
COMMENT ON COLUMN conservation.treatment.finished_on IS 'null = work still going on';
COMMENT ON COLUMN conservation.treatment.hours IS 'hours worked so far';
COMMENT ON COLUMN conservation.treatment.condition_before IS '1 = excellent, 2 = good, 3 = fair, 4 = poor, 5 = critical';
COMMENT ON COLUMN conservation.treatment.condition_after IS 'same scale as condition_before; null until finished';

CREATE TABLE visits.ticket_type (
  ticket_code  char(3) PRIMARY KEY,
  label        text NOT NULL,
  list_price   integer NOT NULL,
  admits       smallint NOT NULL
);
COMMENT ON COLUMN visits.ticket_type.list_price IS 'euro cents';
COMMENT ON COLUMN visits.ticket_type.admits IS 'how many people one ticket lets in';

CREATE TABLE visits.ticket_sale (
  sale_id       integer PRIMARY KEY,
  museum_id     integer NOT NULL REFERENCES museum,
  exhibition_id integer REFERENCES exhibition,
  ticket_code   char(3) NOT NULL REFERENCES visits.ticket_type,
  sold_at       timestamp NOT NULL,
  quantity      smallint NOT NULL,
  paid          integer NOT NULL,
  channel       char(1) NOT NULL CHECK (channel IN ('D','O','K','R'))
);
COMMENT ON COLUMN visits.ticket_sale.exhibition_id IS 'null = general admission, otherwise a ticket for that exhibition';
COMMENT ON COLUMN visits.ticket_sale.sold_at IS 'local time';
COMMENT ON COLUMN visits.ticket_sale.quantity IS 'number of tickets';
COMMENT ON COLUMN visits.ticket_sale.paid IS 'euro cents for the whole sale, all tickets together';
COMMENT ON COLUMN visits.ticket_sale.channel IS 'D = ticket desk, O = online shop, K = kiosk machine, R = reseller';

INSERT INTO museum VALUES (1,'Museum of Fine Arts','Aldersund',1887,NULL),(2,'Maritime Museum','Aldersund',1931,NULL),(3,'House of Textiles','Brevik',1974,NULL),(4,'Coin Cabinet','Aldersund',1902,'2027-04-15'),(5,'Photography Forum','Corvala',1998,NULL),(6,'Castle Museum','Dornfels',1926,NULL),(7,'Ceramics Pavilion','Brevik',2011,'2027-02-01'),(8,'Design Depot','Corvala',2019,NULL);

INSERT INTO maker
SELECT g, CASE WHEN g>38 THEN (ARRAY['Aldersund Mint','Brevik Weaving Works','Holm and Sons Pottery','Royal Tapestry Workshop','Corvala Glass and Clay Works','Nordlund Joinery'])[g-38] ELSE (ARRAY['Astrid','Bertil','Clara','Dirk','Eleonora','Frans','Giulia','Hendrik','Ilse','Jacob','Kristin','Lorenzo','Margarethe','Nils','Olga','Pieter','Rosa','Sixten','Teresa'])[1+(g*7)%19]||' '||(ARRAY['Almqvist','van Berkel','Conti','Dahl','Engström','de Graaf','Hartmann','Iversen','Jonker','Kraft','Lindqvist','Moretti','Nygaard','Oldenburg','Petri','Rask','Salviati'])[1+(g*5)%17] END,
 CASE WHEN g>38 OR g%11=5 THEN NULL ELSE b END, CASE WHEN g>38 OR b>1945 THEN NULL ELSE b+41+pg_temp.h('dy'||g,45) END,
 CASE WHEN g%14=9 THEN NULL WHEN g>38 THEN 'Swedish' ELSE (ARRAY['Swedish','Dutch','Italian','Norwegian','German','Dutch','Swedish','Danish'])[1+pg_temp.h('na'||g,8)] END
FROM (SELECT g, CASE WHEN g%4=0 THEN 1946+pg_temp.h('by'||g,44) ELSE 1580+pg_temp.h('by'||g,350) END b FROM generate_series(1,44) g) q;
UPDATE maker SET death_year = 2019 WHERE maker_id = 12;

INSERT INTO collection_object
SELECT g, m||'.'||extract(year FROM aq)||'.'||lpad(g::text,4,'0'), CASE k WHEN 'coin' THEN (ARRAY['Silver thaler','Gold ducat','Bronze drachm','Copper penny','Siege coin'])[1+pg_temp.h('ti'||g,5)] WHEN 'textile' THEN (ARRAY['Wall hanging with deer','Bridal coat','Altar cloth','Woven carpet','Sampler'])[1+pg_temp.h('ti'||g,5)] WHEN 'furniture' THEN (ARRAY['Writing desk','Oak chest','Stacking chair','Corner cupboard'])[1+pg_temp.h('ti'||g,4)] WHEN 'ceramic' THEN (ARRAY['Blue tile panel','Salt-glazed jug','Tureen with lid','Tall vase'])[1+pg_temp.h('ti'||g,4)] WHEN 'sculpture' THEN (ARRAY['Kneeling boy','Head of a woman','Madonna','Sleeping dog'])[1+pg_temp.h('ti'||g,4)]
  ELSE (ARRAY['Harbour at dawn','Portrait of a merchant','Winter road','Still life with lemons','The shipyard','Fishermen','Two sisters','View of Dornfels','The bridge','Storm off the cape'])[1+pg_temp.h('ti'||g,10)] END,
 k::object_kind, mk, m, my, false, aq, (ARRAY['P','P','P','G','G','G','B','B','T','P'])[1+pg_temp.h('ac'||g,10)],
 CASE WHEN pg_temp.h('iv'||g,6)=0 THEN NULL ELSE round(((2+pg_temp.h('iw'||g,300))*CASE k WHEN 'painting' THEN 4.7 WHEN 'sculpture' THEN 2.3 WHEN 'coin' THEN 0.1 WHEN 'photograph' THEN 0.2 ELSE 0.6 END)::numeric + pg_temp.h('ix'||g,10)/10.0,1) END,
 CASE k WHEN 'painting' THEN CASE WHEN g%3=0 THEN ARRAY['oil','wood panel'] ELSE ARRAY['oil','canvas'] END WHEN 'drawing' THEN ARRAY[(ARRAY['ink','chalk','charcoal'])[1+g%3],'paper'] WHEN 'sculpture' THEN (CASE g%3 WHEN 0 THEN ARRAY['marble'] WHEN 1 THEN ARRAY['bronze'] ELSE ARRAY['wood','gilding'] END) WHEN 'textile' THEN CASE WHEN g%4=0 THEN ARRAY['silk','gold thread'] WHEN g%4=1 THEN ARRAY['wool','silk'] ELSE ARRAY['linen'] END WHEN 'coin' THEN ARRAY[(ARRAY['silver','gold','bronze','copper'])[1+g%4]] WHEN 'photograph' THEN ARRAY['silver gelatin','paper'] WHEN 'furniture' THEN CASE WHEN g%2=0 THEN ARRAY['oak','brass'] ELSE ARRAY['beech','steel'] END ELSE ARRAY['clay','glaze'] END
FROM (SELECT g, k, m, mk, CASE WHEN g%10=7 THEN NULL WHEN k='coin' AND g%3=0 THEN -420+pg_temp.h('my'||g,400) WHEN mk IS NOT NULL AND b IS NOT NULL THEN b+20+pg_temp.h('my'||g,35) WHEN k='photograph' THEN 1880+pg_temp.h('my'||g,120) WHEN mk>38 THEN 1890+pg_temp.h('my'||g,100) ELSE 1500+pg_temp.h('my'||g,380) END my, aq
 FROM (SELECT g, k, m, mk, b, CASE WHEN b IS NOT NULL THEN greatest(aq0, make_date(least(b+57,2022),6,1+g%28)) ELSE aq0 END aq
 FROM (SELECT g, k, CASE k WHEN 'coin' THEN 4 WHEN 'textile' THEN 3 WHEN 'photograph' THEN 5 WHEN 'ceramic' THEN CASE WHEN g%3=0 THEN 6 ELSE 7 END WHEN 'furniture' THEN CASE WHEN g%2=0 THEN 8 ELSE 6 END WHEN 'sculpture' THEN CASE WHEN g%4=0 THEN 6 ELSE 1 END ELSE CASE WHEN g%5=0 THEN 2 WHEN g%7=0 THEN 6 ELSE 1 END END m,
  CASE WHEN g%6=1 THEN NULL ELSE CASE k WHEN 'coin' THEN CASE WHEN g%3=0 THEN NULL ELSE 39 END WHEN 'textile' THEN CASE WHEN g%2=0 THEN 40 ELSE 42 END WHEN 'ceramic' THEN CASE WHEN g%2=0 THEN 41 ELSE 43 END WHEN 'furniture' THEN 44 WHEN 'photograph' THEN 4*(1+pg_temp.h('mk'||g,8)) ELSE 1+pg_temp.h('mk'||g,36) END END mk,
  CASE WHEN m0 < 9 THEN date '1905-03-10'+pg_temp.h('aq'||g,24000)+g ELSE date '1990-01-20'+pg_temp.h('aq'||g,12600) END aq0
 FROM (SELECT g, (ARRAY['painting','painting','painting','drawing','drawing','sculpture','textile','coin','coin','photograph','photograph','furniture','ceramic'])[1+pg_temp.h('k'||g,13)] k, pg_temp.h('m0'||g,20) m0 FROM generate_series(1,640) g) a) a2 LEFT JOIN (SELECT maker_id, birth_year b FROM maker) mm ON mm.maker_id=mk) b1) c;
UPDATE collection_object SET acquisition_code='F' WHERE kind IN ('coin','ceramic') AND maker_id IS NULL AND object_id%2=0;
UPDATE collection_object SET acquired_on = make_date(m.opened_year,1,1)+30+pg_temp.h('aq2'||object_id, (date '2026-08-01' - make_date(m.opened_year,2,1))) FROM museum m WHERE m.museum_id=collection_object.museum_id AND extract(year FROM acquired_on) < m.opened_year AND made_year < 1930;
UPDATE collection_object SET accession_number = museum_id||'.'||extract(year FROM acquired_on)||'.'||lpad(object_id::text,4,'0');
UPDATE collection_object o SET made_year = least(made_year, extract(year FROM acquired_on), (SELECT death_year FROM maker m WHERE m.maker_id=o.maker_id)) WHERE made_year IS NOT NULL;
UPDATE collection_object o SET made_year = NULL FROM maker m WHERE m.maker_id=o.maker_id AND made_year < birth_year+15;

INSERT INTO borrower VALUES (1,'Rijkshof Gallery','NL'),(2,'Stadtmuseum Falkenau','DE'),(3,'Galleria Sant''Orsola','IT'),(4,'Bergen Harbour Museum','NO'),(5,'Kunsthal Vesterport','DK'),(6,'Musée des Quais','FR'),(7,'Hallam City Art Gallery','GB'),(8,'Nordiska Samlingen','SE'),(9,'Lake Forum','CH'),(10,'Textilhaus Wiesengrund','DE'),(11,'Castello di Montalba','IT'),(12,'Uppland County Museum','SE'),(13,'Museum of Trade','NL'),(14,'Fundación Almagre','ES');

INSERT INTO loan
SELECT row_number() OVER (ORDER BY s, o), o, bo, s, d, CASE WHEN s >= '2026-06-01' AND g%5<3 THEN NULL ELSE least(d + CASE WHEN pg_temp.h('lt'||g,5)=0 THEN 1+pg_temp.h('lu'||g,28) ELSE -pg_temp.h('lv'||g,12) END, date '2026-11-24') END, CASE WHEN pg_temp.h('lf'||g,3)=0 THEN NULL ELSE 150*(2+pg_temp.h('lg'||g,42)) END
FROM (SELECT DISTINCT ON (sl, o) g, sl, o, date '2022-01-10' + sl*178 + pg_temp.h('ls'||g,45) s, date '2022-01-10' + sl*178 + pg_temp.h('ls'||g,45) + 48 + pg_temp.h('ld'||g,58) + CASE WHEN sl=9 AND g%3<2 THEN 70 ELSE 0 END d, 1+floor(13*power(pg_temp.h('lb'||g,1000)/1000.0,1.4))::int bo
 FROM (SELECT g, g/38 sl, 1+(floor(639*power(pg_temp.h('lo'||g,1000)/1000.0,1.9))::int*191)%640 o FROM generate_series(0,379) g) a ORDER BY sl, o, g) b JOIN collection_object ON object_id=o AND acquired_on < s;
UPDATE loan SET fee = NULL WHERE borrower_id = 7 AND extract(year FROM starts_on) = 2025;

INSERT INTO conservation.conservator VALUES (1,'Agnes Thorvald',false),(2,'Milo Bianchi',false),(3,'Renske Oud',false),(4,'Per Hallgren',true),(5,'Sofia Lund',false),(6,'Kaspar Weiss',true),(7,'Ingrid Moen',true),(8,'Tomas Eklund',false),(9,'Birgitta Falk',true),(10,'Hedda Wiklund',false);
INSERT INTO conservation.treatment
SELECT row_number() OVER (ORDER BY s, g), o, c, s, f, round((3+pg_temp.h('th'||g,900)/10.0*CASE WHEN cb>=4 THEN 1.6 ELSE 0.7 END)::numeric*2)/2, cb, CASE WHEN f IS NOT NULL THEN greatest(1, cb - CASE WHEN pg_temp.h('ta'||g,9)=0 THEN 0 ELSE 1+pg_temp.h('tb'||g,2) END) END
FROM (SELECT g, o, 1+pg_temp.h('tc'||g,8) c, s, CASE WHEN s + 6 + pg_temp.h('tf'||g,130) > '2026-11-20' THEN NULL ELSE s + 6 + pg_temp.h('tf'||g,130) END f, 2+pg_temp.h('tv'||g,4) cb
 FROM (SELECT g, 1+(floor(600*power(pg_temp.h('to'||g,1000)/1000.0,1.3))::int*77)%640 o, date '2022-01-17' + (g*1750/430) + pg_temp.h('ts'||g,9) s FROM generate_series(0,430) g) a) b JOIN collection_object co ON co.object_id=o AND acquired_on < s
WHERE NOT EXISTS (SELECT 1 FROM loan l WHERE l.object_id=o AND l.starts_on <= coalesce(f, date '2026-12-31') AND coalesce(l.returned_on, date '2026-12-31') >= s);
DELETE FROM conservation.treatment t USING conservation.treatment e WHERE e.object_id=t.object_id AND e.treatment_id<t.treatment_id AND coalesce(e.finished_on,'2026-12-31') >= t.started_on;

UPDATE collection_object o SET on_display = true FROM museum m WHERE m.museum_id=o.museum_id AND m.reopens_on IS NULL AND pg_temp.h('od'||object_id,100) < 34
 AND NOT EXISTS (SELECT 1 FROM loan l WHERE l.object_id=o.object_id AND l.returned_on IS NULL) AND NOT EXISTS (SELECT 1 FROM conservation.treatment t WHERE t.object_id=o.object_id AND t.finished_on IS NULL);

INSERT INTO exhibition VALUES (1,1,'Light of the North','2024-02-10','2024-06-17'),(2,1,'The Merchant''s Eye','2024-09-21','2025-01-27'),(3,1,'Four Centuries of Portraits','2015-05-02',NULL),(4,2,'Ships in Bottles','2024-03-16','2024-10-07'),(5,2,'Lost at Sea','2025-04-05','2025-11-03'),(6,2,'Harbour Life','2008-06-14',NULL),(7,3,'Silk Roads North','2024-05-04','2024-11-04'),(8,3,'Weaving Now','2026-03-14','2026-11-02'),(9,4,'Gold!','2024-04-13','2025-01-06'),
(10,5,'Grain and Shadow','2024-01-20','2024-05-27'),(11,5,'Women behind the Camera','2025-02-15','2025-09-15'),(12,5,'Night Trains','2026-05-09','2027-01-11'),(13,6,'Knights and Kitchens','2011-04-23',NULL),(14,6,'Chairs of Power','2025-05-17','2026-01-12'),(15,7,'Fire and Glaze','2024-06-08','2025-02-03'),(16,8,'Plastic Dreams','2025-10-11','2026-04-13'),(17,8,'Repair!','2026-06-06','2027-02-08'),(18,1,'Lemon, Skull, Candle','2026-09-12','2027-01-25'),(19,2,'Lighthouses','2026-12-12','2027-05-31');

INSERT INTO visits.ticket_type VALUES ('ADU','Adult',1400,1),('CON','Concession',900,1),('CHI','Child under 16',400,1),('FAM','Family ticket',3200,4),('SCH','School group',6500,25),('TOU','Guided group',14500,15),('MEM','Friends of the museums',0,1),('PAT','Patron evening',9500,2);
INSERT INTO visits.ticket_sale
SELECT row_number() OVER (ORDER BY ts, g), m, e, tc, ts, q, q*((tt.list_price + CASE WHEN e IS NOT NULL AND tc<>'MEM' THEN 300*tt.admits ELSE 0 END)*CASE ch WHEN 'O' THEN 90 WHEN 'R' THEN 80 ELSE 100 END/100), ch
FROM (SELECT g, m, ts, (SELECT x.exhibition_id FROM exhibition x WHERE x.museum_id=m AND x.opens_on<=ts::date AND (x.closes_on IS NULL OR x.closes_on>ts::date) AND x.exhibition_id NOT IN (3,13) AND pg_temp.h('ex'||g,10)<5 ORDER BY x.closes_on IS NULL, x.exhibition_id LIMIT 1) e,
 (ARRAY['ADU','ADU','ADU','ADU','CON','CON','CON','CHI','FAM','FAM','MEM','MEM','SCH','TOU'])[1+pg_temp.h('tt'||g,14)] tc, (ARRAY[1,2,2,1,3,1,2,4])[1+pg_temp.h('tq'||g,8)] q0,
 (ARRAY['D','D','D','O','O','O','O','K','K','R'])[1+pg_temp.h('tch'||g,10)] ch
 FROM (SELECT g, (ARRAY[1,1,1,1,2,2,2,3,4,5,5,6,6,6,7,8,8])[1+pg_temp.h('tm'||g,17)] m, (date '2024-01-02' + (g*1056/2600) + make_interval(hours=>9+pg_temp.h('thh'||g,9), mins=>pg_temp.h('tmm'||g,60))) ts FROM generate_series(0,2600) g) a
 WHERE extract(isodow FROM ts)<>1 AND NOT (m=4 AND ts>='2025-03-01') AND NOT (m=7 AND ts>='2026-01-12')) b JOIN visits.ticket_type tt ON tt.ticket_code=tc
CROSS JOIN LATERAL (SELECT CASE WHEN tc IN ('FAM','SCH','TOU') THEN 1 ELSE q0 END q) z;
