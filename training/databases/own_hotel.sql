CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(md5(s))::bigint + 2147483648) % n)::int $$;
CREATE FUNCTION pg_temp.sk(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power(pg_temp.h(s, 10000) / 10000.0, 1.7))::int $$;
CREATE SCHEMA finance;
CREATE TYPE reservation_status AS ENUM ('booked','checked_in','checked_out','cancelled','no_show');
CREATE TYPE payment_method AS ENUM ('card','cash','bank_transfer','voucher');

CREATE TABLE hotels (hotel_id int PRIMARY KEY, name text NOT NULL, city text NOT NULL, country_code char(2) NOT NULL, stars smallint NOT NULL CHECK (stars BETWEEN 2 AND 5), opened_on date NOT NULL, closed_on date, has_parking boolean NOT NULL);
COMMENT ON TABLE hotels IS 'Houses of the chain, including closed ones';
COMMENT ON COLUMN hotels.closed_on IS 'null while the hotel is operating';
INSERT INTO hotels VALUES (1,'Grand Alder','Vienna','AT',5,'1998-04-12',NULL,true),(2,'Alder Riverside','Lisbon','PT',4,'2006-06-01',NULL,false),(3,'Alder City Inn','Prague','CZ',3,'2012-03-15',NULL,false),(4,'Alder Seaview','Valencia','ES',4,'2010-05-20',NULL,true),(5,'Alpenhof Alder','Innsbruck','AT',4,'2003-12-01',NULL,true),(6,'Alder Central','Berlin','DE',4,'2015-09-10',NULL,true),(7,'Alder Budget North','Hamburg','DE',2,'2018-02-01','2025-06-30',true),(8,'Casa Alder','Seville','ES',3,'2019-04-04',NULL,false),(9,'Alder Old Harbour','Porto','PT',5,'2021-07-01',NULL,true),(10,'Alder Expo','Munich','DE',3,'2022-10-15',NULL,true),(11,'Alder Lakes','Salzburg','AT',3,'2008-05-01','2024-12-31',false),(12,'Alder Airport','Vienna','AT',3,'2026-05-15',NULL,true);

CREATE TABLE room_types (type_code char(3) PRIMARY KEY, label text NOT NULL, max_guests smallint NOT NULL, beds smallint NOT NULL, list_price numeric(8,2) NOT NULL);
COMMENT ON COLUMN room_types.list_price IS 'EUR per night before any discount';
INSERT INTO room_types VALUES ('SGL','Single',1,1,79),('DBL','Double',2,1,119),('TWN','Twin',2,2,115),('FAM','Family',4,3,179),('JUN','Junior Suite',3,2,229),('STE','Suite',4,2,349),('ACC','Accessible Double',2,1,109);

CREATE TABLE rooms (room_id int PRIMARY KEY, hotel_id int NOT NULL REFERENCES hotels, room_number text NOT NULL, type_code char(3) NOT NULL REFERENCES room_types, floor smallint NOT NULL, out_of_order_since date, UNIQUE (hotel_id, room_number));
COMMENT ON COLUMN rooms.out_of_order_since IS 'null = can be sold';
INSERT INTO rooms SELECT row_number() OVER (ORDER BY hotel_id, n), hotel_id, (fl*100 + k)::text, (ARRAY['DBL','TWN','SGL','FAM','JUN','ACC','STE'])[1+pg_temp.sk('rt'||hotel_id||'/'||n,7)], fl, CASE WHEN pg_temp.h('oo'||hotel_id||'/'||n,14)=0 THEN '2026-02-01'::date + pg_temp.h('ood'||hotel_id||n,290) END
FROM (SELECT h.hotel_id, n, 1+(n-1)/6 fl, 1+(n-1)%6 k FROM hotels h, LATERAL generate_series(1, 12 + h.stars*3 + pg_temp.h('nr'||h.hotel_id,9)) n) s;

CREATE TABLE guests (guest_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, country_code char(2) NOT NULL, loyalty char(1) CHECK (loyalty IN ('B','S','G','P')), email text, referred_by int REFERENCES guests, deleted_at timestamptz);
COMMENT ON TABLE guests IS 'Guest profiles';
COMMENT ON COLUMN guests.loyalty IS 'loyalty tier: B bronze, S silver, G gold, P platinum; null = not a member';
COMMENT ON COLUMN guests.referred_by IS 'guest who recommended us to this guest';
COMMENT ON COLUMN guests.deleted_at IS 'profile deleted (soft delete); null for active profiles';
INSERT INTO guests SELECT g, f, l, (ARRAY['DE','AT','GB','FR','ES','IT','US','NL','PT','SE'])[1+pg_temp.sk('gc'||g,10)], CASE WHEN pg_temp.h('lo'||g,10) < 6 THEN (ARRAY['B','S','G','P'])[1+pg_temp.sk('lt'||g,4)] END,
 CASE WHEN pg_temp.h('ge'||g,7) > 0 THEN lower(f)||g||'@'||(ARRAY['inboxly.com','postfach.eu','mailhaven.org'])[1+g%3] END, CASE WHEN g > 20 AND pg_temp.h('rf'||g,5) = 0 THEN 1 + pg_temp.sk('rb'||g,20) END,
 CASE WHEN pg_temp.h('gd'||g,16)=0 THEN '2025-01-10 09:00+00'::timestamptz + make_interval(hours => pg_temp.h('gdh'||g,15000)) END
FROM (SELECT g, (ARRAY['Amelie','Bastian','Chiara','Diego','Edith','Felix','Greta','Hugo','Ines','Jonas','Klara','Leon','Mila','Nils','Olga','Pablo','Rita','Stefan','Tilda','Umberto','Vera','Wanda','Yann'])[1+g%23] f, (ARRAY['Adler','Bianchi','Carvalho','Dubois','Evans','Ferreira','Gruber','Huber','Ivanova','Jensen','Kowalski','Larsen','Martin','Nowak','Olsen','Petit','Rossi','Schmid','Torres'])[1+(g*5+g/23)%19] l FROM generate_series(1,260) g) s;

CREATE TABLE rate_plans (plan_code text PRIMARY KEY, name text NOT NULL, discount_pct numeric(4,1) NOT NULL, refundable boolean NOT NULL, breakfast boolean NOT NULL);
COMMENT ON COLUMN rate_plans.discount_pct IS 'percent off the list price';
INSERT INTO rate_plans VALUES ('BAR','Best Available',0,true,false),('BBR','Bed and Breakfast',0,true,true),('ADV','Advance Purchase',15,false,false),('CRP','Corporate',12.5,true,true),('LNG','Long Stay',20,true,false),('MEM','Member Rate',10,true,false),('PKG','Spa Package',5,false,true),('STF','Staff Rate',50,false,false);

CREATE TABLE reservations (reservation_id int PRIMARY KEY, room_id int NOT NULL REFERENCES rooms, guest_id int NOT NULL REFERENCES guests, plan_code text NOT NULL REFERENCES rate_plans, check_in date NOT NULL, check_out date NOT NULL, status reservation_status NOT NULL, channel smallint NOT NULL, booked_at timestamptz NOT NULL, nightly_rate numeric(8,2) NOT NULL);
COMMENT ON COLUMN reservations.channel IS '1 own website, 2 phone, 3 walk-in, 4 online travel agency, 5 corporate portal';
COMMENT ON COLUMN reservations.nightly_rate IS 'agreed EUR per night; room revenue of a stay = nights x nightly_rate';
COMMENT ON COLUMN reservations.check_out IS 'day of departure; nights = check_out - check_in';
COMMENT ON COLUMN reservations.status IS 'checked_in = guest in house now, checked_out = stay completed';
INSERT INTO reservations
SELECT 10000+g, s.room_id, guest_id, plan_code, ci, ci+nights,
 CASE WHEN pg_temp.h('st'||g,100) < 11 THEN 'cancelled' WHEN ci > '2026-11-27' THEN 'booked' WHEN pg_temp.h('st'||g,100) < 15 THEN 'no_show' WHEN ci+nights > '2026-11-27' THEN 'checked_in' ELSE 'checked_out' END::reservation_status,
 channel, LEAST(ci::timestamptz - make_interval(days => CASE channel WHEN 3 THEN 0 ELSE 1 + pg_temp.sk('la'||g,120) END, hours => pg_temp.h('bh'||g,14) - 20), '2026-11-27 20:00+00'::timestamptz - make_interval(hours => g % 50)), round((t.list_price * (1 - p.discount_pct/100) * (0.85 + pg_temp.h('pr'||g,40)/100.0))::numeric,0)
FROM (SELECT g, 1 + pg_temp.h('ro'||g,(SELECT count(*)::int FROM rooms)) room_id, 1 + pg_temp.sk('gu'||g,245) guest_id, (ARRAY['BAR','BBR','ADV','MEM','CRP','PKG','LNG'])[1+pg_temp.sk('pl'||g,7)] plan_code, CASE WHEN g > 1620 THEN '2026-11-19'::date + pg_temp.h('ci'||g,26) ELSE '2023-01-02'::date + g*1400/1620 + pg_temp.h('ci'||g,20) END ci, 1 + pg_temp.sk('ni'||g,9) nights, (ARRAY[4,1,2,5,3])[1+pg_temp.sk('ch'||g,5)] channel FROM generate_series(1,1700) g) s
JOIN rooms r ON r.room_id = s.room_id JOIN room_types t USING (type_code) JOIN rate_plans p USING (plan_code) JOIN hotels h ON h.hotel_id = r.hotel_id
WHERE (h.closed_on IS NULL OR ci + nights <= h.closed_on) AND ci >= h.opened_on;

CREATE TABLE amenities (amenity_id int PRIMARY KEY, name text NOT NULL);
INSERT INTO amenities VALUES (1,'Swimming pool'),(2,'Sauna'),(3,'Gym'),(4,'Bicycle rental'),(5,'Restaurant'),(6,'Rooftop bar'),(7,'Meeting rooms'),(8,'Kids club'),(9,'EV charging'),(10,'Laundry'),(11,'Airport shuttle'),(12,'Tennis court');
CREATE TABLE hotel_amenities (hotel_id int NOT NULL REFERENCES hotels, amenity_id int NOT NULL REFERENCES amenities, fee numeric(6,2), PRIMARY KEY (hotel_id, amenity_id));
COMMENT ON COLUMN hotel_amenities.fee IS 'EUR per use; null = free of charge';
INSERT INTO hotel_amenities SELECT h.hotel_id, a.amenity_id, CASE WHEN pg_temp.h('af'||h.hotel_id||'/'||a.amenity_id,3)=0 THEN 4 + pg_temp.h('afe'||h.hotel_id||'/'||a.amenity_id,22) END FROM hotels h, amenities a WHERE a.amenity_id < 12 AND pg_temp.h('ha'||h.hotel_id||'/'||a.amenity_id,10) < h.stars + 1;

CREATE TABLE finance.payments (payment_id serial PRIMARY KEY, reservation_id int NOT NULL REFERENCES reservations, paid_at timestamptz NOT NULL, amount numeric(10,2) NOT NULL, method payment_method NOT NULL, is_refund boolean NOT NULL DEFAULT false);
COMMENT ON TABLE finance.payments IS 'Money received for reservations and money paid back';
COMMENT ON COLUMN finance.payments.amount IS 'EUR, always positive, also for refunds';
COMMENT ON COLUMN finance.payments.is_refund IS 'true = paid back to the guest';
INSERT INTO finance.payments (reservation_id, paid_at, amount, method, is_refund)
SELECT * FROM (
SELECT reservation_id, check_out::timestamptz + make_interval(hours => 7 + pg_temp.h('ph'||reservation_id,5), mins => pg_temp.h('pm'||reservation_id,60)), nightly_rate*(check_out-check_in), (ARRAY['card','cash','bank_transfer','voucher'])[1+pg_temp.sk('me'||reservation_id,4)]::payment_method, false FROM reservations WHERE status = 'checked_out' AND pg_temp.h('np'||reservation_id,40) > 0
UNION ALL SELECT reservation_id, booked_at + interval '3 minutes', nightly_rate, 'card', false FROM reservations WHERE status IN ('cancelled','no_show') AND pg_temp.h('dp'||reservation_id,2)=0
UNION ALL SELECT reservation_id, booked_at + interval '5 minutes', nightly_rate, 'card', false FROM reservations WHERE status IN ('booked','checked_in') AND pg_temp.h('dp'||reservation_id,3)>0
UNION ALL SELECT reservation_id, booked_at + interval '26 hours', nightly_rate, 'card', true FROM reservations WHERE status = 'cancelled' AND pg_temp.h('dp'||reservation_id,2)=0 AND pg_temp.h('rr'||reservation_id,3)>0) x ORDER BY 2,1;
