CREATE FUNCTION pg_temp.h(k text, g int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(k || ':' || g) & 2147483647) % n $$;
CREATE FUNCTION pg_temp.u(k text, g int) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashtext(k || '/' || g) & 2147483647) % 100000) / 100000.0::float8 $$;

CREATE TABLE lang (
  lang_cd char(2) PRIMARY KEY,
  name varchar(40) NOT NULL,
  rtl boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE lang IS 'Languages we work in, ISO 639-1 codes';
COMMENT ON COLUMN lang.rtl IS 'written right to left';

CREATE TABLE client (
  client_no integer PRIMARY KEY,
  name varchar(80) NOT NULL,
  seg char(1) NOT NULL CHECK (seg IN ('C','L','G','N')),
  city varchar(40) NOT NULL,
  country varchar(40) NOT NULL,
  since date NOT NULL,
  pay_days smallint NOT NULL,
  closed_on date
);
COMMENT ON COLUMN client.seg IS 'C = corporate, L = law firm, G = government, N = non-profit';
COMMENT ON COLUMN client.pay_days IS 'payment term in days after the invoice date';
COMMENT ON COLUMN client.closed_on IS 'account closed; null while the client is active';

CREATE TABLE translator (
  tr_id integer PRIMARY KEY,
  first_name varchar(30) NOT NULL,
  last_name varchar(30) NOT NULL,
  native_lang char(2) NOT NULL REFERENCES lang,
  city varchar(40),
  emp char(1) NOT NULL CHECK (emp IN ('F','S')),
  rate_ct numeric(6,2) NOT NULL,
  mentor_id integer REFERENCES translator,
  joined_on date NOT NULL,
  active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE translator IS 'Linguists, own staff and freelance';
COMMENT ON COLUMN translator.emp IS 'F = freelance, S = salaried staff';
COMMENT ON COLUMN translator.rate_ct IS 'rate per source word in euro cents';
COMMENT ON COLUMN translator.mentor_id IS 'senior colleague who looks after this translator; null if none';
COMMENT ON COLUMN translator.active IS 'false = left us, kept for history';

CREATE TABLE tr_pair (
  tr_id integer NOT NULL REFERENCES translator,
  src_lang char(2) NOT NULL REFERENCES lang,
  tgt_lang char(2) NOT NULL REFERENCES lang,
  certified boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tr_id, src_lang, tgt_lang)
);
COMMENT ON TABLE tr_pair IS 'Language pairs a translator works in';
COMMENT ON COLUMN tr_pair.certified IS 'sworn / certified for this pair';

CREATE TABLE invoice (
  inv_no integer PRIMARY KEY,
  client_no integer NOT NULL REFERENCES client,
  kind char(1) NOT NULL CHECK (kind IN ('I','C')),
  issued date NOT NULL,
  amt_cents bigint NOT NULL,
  vat_pct numeric(4,1) NOT NULL,
  paid_on date
);
COMMENT ON TABLE invoice IS 'Outgoing invoices and credit notes';
COMMENT ON COLUMN invoice.kind IS 'I = invoice, C = credit note (amount negative)';
COMMENT ON COLUMN invoice.amt_cents IS 'net amount in euro cents';
COMMENT ON COLUMN invoice.vat_pct IS 'VAT rate in percent, on top of the net amount';
COMMENT ON COLUMN invoice.paid_on IS 'null while unpaid';

CREATE TABLE job (
  job_no integer PRIMARY KEY,
  client_no integer NOT NULL REFERENCES client,
  src_lang char(2) NOT NULL REFERENCES lang,
  tgt_lang char(2) NOT NULL REFERENCES lang,
  dom smallint NOT NULL,
  words integer NOT NULL,
  recvd_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  status char(1) NOT NULL CHECK (status IN ('N','A','H','D','X')),
  inv_no integer REFERENCES invoice
);
COMMENT ON TABLE job IS 'Translation orders, one per document and target language';
COMMENT ON COLUMN job.dom IS 'subject: 1 legal, 2 medical, 3 technical, 4 marketing, 5 literary';
COMMENT ON COLUMN job.words IS 'source words ordered';
COMMENT ON COLUMN job.status IS 'N = new, A = assigned, H = on hold, D = delivered in full, X = cancelled';
COMMENT ON COLUMN job.inv_no IS 'invoice the job was billed on; null until billed';

CREATE TABLE delivery (
  dlv_id integer PRIMARY KEY,
  job_no integer NOT NULL REFERENCES job,
  tr_id integer NOT NULL REFERENCES translator,
  sent_at timestamptz NOT NULL,
  words integer NOT NULL,
  mins integer NOT NULL,
  qa_score smallint,
  rejected boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE delivery IS 'Files handed in by translators; a job may be delivered in parts';
COMMENT ON COLUMN delivery.words IS 'source words covered by this part';
COMMENT ON COLUMN delivery.mins IS 'working time in minutes';
COMMENT ON COLUMN delivery.qa_score IS 'quality score 0-100, null until reviewed';
COMMENT ON COLUMN delivery.rejected IS 'sent back to the translator by QA';

INSERT INTO lang VALUES ('en','English',false),('de','German',false),('fr','French',false),('es','Spanish',false),('it','Italian',false),('pt','Portuguese',false),('nl','Dutch',false),('pl','Polish',false),('sv','Swedish',false),('ja','Japanese',false),('zh','Chinese',false),('ar','Arabic',true),('he','Hebrew',true),('cs','Czech',false),('fi','Finnish',false),('tr','Turkish',false),('fa','Persian',true),('ko','Korean',false);

INSERT INTO client
SELECT g, n.name,
  CASE WHEN n.name ~ '(Partners|Legal|Law|Rechtsanw)' THEN 'L' WHEN n.name ~ '(Ministry|City of|Office|Agency)' THEN 'G' WHEN n.name ~ '(Foundation|Aid|Museum|Society)' THEN 'N' ELSE 'C' END,
  ct.a[1], ct.a[2],
  date '2022-01-10' + pg_temp.h('since', g::int, 1500),
  (ARRAY[14,30,30,30,45,60])[1 + pg_temp.h('pd', g::int, 6)],
  CASE WHEN pg_temp.h('cl', g::int, 9) = 0 THEN date '2026-03-15' + pg_temp.h('cld', g::int, 200) END
FROM unnest(ARRAY['Halvorsen Medical','Brightwater Foods','Kessler & Partners','Nordlicht Energie','Atelier Moreau','Ministry of Transport','Pagoda Electronics','Vela Cosmetics','Orchard Legal','Lumen Robotics','City of Rotterdam','Saffron Travel','Tidewater Shipping','Baltic Timber','Medicor Pharma','Open Rivers Foundation','Castellano Wines','Fjord Software','Granite Insurance','Weber Rechtsanwälte','Kite Publishing','Solenne Fashion','Harbour Aid','Optima Diagnostics','Patent Office Bern','Quillfeather Books','Redstone Mining','Stellar Games','Trattoria Holding','Umbra Optics','Vantage Law','Wolfram Pumps','Xenia Hotels','Yarrow Seeds','Zephyr Wind','Amber Museum','Bluebell Toys','Cobalt Chemicals','Dunlin Aerospace','Evergreen Paper','Food Safety Agency','Garnet Jewellers','Hazel Furniture','Iris Cinema','Jade Tea Company','Krona Bank','Larch Architects','Maple Syrup Union','Nimbus Cloud','Ocean Society','Petrel Airlines','Quarry Stone','Rosenthal Partners','Sable Motors','Teal Telecom']) WITH ORDINALITY n(name, g)
CROSS JOIN LATERAL (SELECT CASE pg_temp.h('city', n.g::int, 14) WHEN 0 THEN ARRAY['Hamburg','Germany'] WHEN 1 THEN ARRAY['Hamburg','Germany'] WHEN 2 THEN ARRAY['Berlin','Germany'] WHEN 3 THEN ARRAY['Munich','Germany'] WHEN 4 THEN ARRAY['Lyon','France'] WHEN 5 THEN ARRAY['Paris','France'] WHEN 6 THEN ARRAY['Rotterdam','Netherlands'] WHEN 7 THEN ARRAY['Zurich','Switzerland'] WHEN 8 THEN ARRAY['Bern','Switzerland'] WHEN 9 THEN ARRAY['Milan','Italy'] WHEN 10 THEN ARRAY['London','United Kingdom'] WHEN 11 THEN ARRAY['Oslo','Norway'] WHEN 12 THEN ARRAY['Madrid','Spain'] ELSE ARRAY['Vienna','Austria'] END AS a) ct;

INSERT INTO translator
SELECT g, (ARRAY['Anna','Marek','Claire','Jonas','Lucia','Pieter','Yuki','Omar','Hanna','Tomas','Elif','Sofia','Erik','Mei','Paulo','Ingrid','Noam','Julia','Bastian','Carla'])[1 + (g * 7) % 20],
  (ARRAY['Lindqvist','Nowak','Dubois','Brandt','Ferrari','de Vries','Tanaka','Haddad','Virtanen','Novotny','Yilmaz','Alvarez','Olsen','Chen','Carvalho','Schuster','Levi'])[1 + (g * 5) % 17],
  (ARRAY['de','fr','en','es','it','de','nl','pl','fr','sv','ja','zh','ar','pt','cs','he','en','fi','tr','de'])[1 + pg_temp.h('nat', g, 20)],
  CASE WHEN pg_temp.h('tc', g, 8) > 0 THEN (ARRAY['Lyon','Berlin','Hamburg','Warsaw','Porto','Berlin','Prague','Ghent','Leeds','Turin'])[1 + pg_temp.h('tc2', g, 10)] END,
  CASE WHEN pg_temp.h('emp', g, 10) < 7 THEN 'F' ELSE 'S' END,
  6 + round((12 * pg_temp.u('rate', g))::numeric, 2),
  CASE WHEN g > 8 AND pg_temp.h('men', g, 5) > 0 THEN 1 + floor(8 * power(pg_temp.u('men2', g), 1.6))::int END,
  date '2022-01-03' + pg_temp.h('jn', g, 1600),
  pg_temp.h('act', g, 7) > 0
FROM generate_series(1, 64) g;

INSERT INTO tr_pair
SELECT t.tr_id, l.lang_cd, t.native_lang, pg_temp.h('cert' || l.lang_cd, t.tr_id, 3) = 0
FROM translator t JOIN lang l ON l.lang_cd <> t.native_lang
WHERE (l.lang_cd = 'en' AND pg_temp.h('pe', t.tr_id, 6) > 0) OR (l.lang_cd = 'de' AND pg_temp.h('pd', t.tr_id, 3) = 0) OR (l.lang_cd IN ('fr','es','it','nl') AND pg_temp.h('px' || l.lang_cd, t.tr_id, 5) = 0) OR pg_temp.h('pz' || l.lang_cd, t.tr_id, 40) = 0;

INSERT INTO job
SELECT g, cl, src, CASE WHEN tgt = src THEN CASE WHEN src = 'en' THEN 'de' ELSE 'en' END ELSE tgt END, dom, words, rc, rc + make_interval(days => 2 + pg_temp.h('due', g, 18), hours => pg_temp.h('dueh', g, 8)),
  CASE WHEN pg_temp.h('st', g, 100) < 7 THEN 'X' WHEN rc >= '2026-11-08' THEN (ARRAY['N','A','N','A','H'])[1 + pg_temp.h('st2', g, 5)] WHEN rc >= '2026-10-01' THEN (ARRAY['A','D','D','D','H'])[1 + pg_temp.h('st3', g, 5)] ELSE 'D' END, NULL
FROM (SELECT g, 1 + floor(52 * power(pg_temp.u('jc', g), 1.7))::int AS cl,
  (ARRAY['en','en','en','en','de','de','fr','fr','es','it','nl','ja'])[1 + pg_temp.h('src', g, 12)] AS src,
  (ARRAY['de','de','de','fr','fr','es','es','it','en','en','en','nl','pl','sv','ja','zh','ar','pt','cs','tr'])[1 + pg_temp.h('tgt', g, 20)] AS tgt,
  (ARRAY[1,1,2,2,2,3,3,3,3,4,4,5])[1 + pg_temp.h('dom', g, 12)] AS dom,
  180 + floor(21000 * power(pg_temp.u('w', g), 3))::int AS words,
  timestamptz '2022-03-01 08:00+00' + make_interval(days => floor(1727 * power(g / 950.0, 0.75))::int, hours => pg_temp.h('rh', g, 11), mins => pg_temp.h('rm', g, 60)) AS rc
 FROM generate_series(1, 950) g) s;

INSERT INTO delivery
SELECT row_number() OVER (ORDER BY s.sent, s.job_no, s.p), s.job_no, s.tr, s.sent, greatest(50, s.words / s.parts), greatest(20, (s.words / s.parts * (0.09 + 0.1 * pg_temp.u('min', s.k)))::int),
  CASE WHEN s.sent < '2026-11-01' AND pg_temp.h('qa', s.k, 12) > 0 THEN 100 - floor(45 * power(pg_temp.u('qs', s.k), 2.2))::int END, pg_temp.h('rej', s.k, 19) = 0
FROM (SELECT j.job_no, p, j.words, x.parts, j.job_no * 4 + p AS k,
   j.recvd_at + (j.due_at - j.recvd_at) * (0.35 + 0.8 * pg_temp.u('snt', j.job_no * 4 + p)) AS sent,
   coalesce((SELECT tp.tr_id FROM tr_pair tp WHERE tp.src_lang = j.src_lang AND tp.tgt_lang = j.tgt_lang AND tp.tr_id NOT IN (5, 11, 19, 27, 42, 51) ORDER BY md5(tp.tr_id::text || (j.job_no / 3)) LIMIT 1), (ARRAY[1,2,3,4,6,7,8,9,10,12,13,14])[1 + floor(12 * power(pg_temp.u('ft', j.job_no), 2))::int]) AS tr
  FROM job j CROSS JOIN LATERAL (SELECT CASE WHEN j.status = 'D' THEN 1 + (j.words > 3000)::int + (pg_temp.h('pt', j.job_no, 3) = 0)::int WHEN j.status = 'A' THEN 2 ELSE 0 END AS parts) x
  CROSS JOIN LATERAL generate_series(1, CASE WHEN j.status = 'A' THEN 1 ELSE x.parts END) p) s
WHERE s.sent < '2026-11-27';

INSERT INTO invoice
SELECT 20000 + row_number() OVER (ORDER BY m, client_no), client_no, 'I', d, amt, vat, CASE WHEN pd < '2026-11-26' AND pg_temp.h('unp', client_no * 100 + extract(month FROM m)::int, 16) > 0 THEN pd END
FROM (SELECT j.client_no, date_trunc('month', j.recvd_at) m, (date_trunc('month', j.recvd_at) + interval '1 month')::date + pg_temp.h('iss', j.client_no, 6) AS d,
   sum(j.words) * (13 + pg_temp.h('pr', j.client_no, 9)) AS amt, CASE WHEN c.country = 'Germany' THEN 19.0 ELSE 0.0 END AS vat,
   (date_trunc('month', j.recvd_at) + interval '1 month')::date + c.pay_days - 9 + pg_temp.h('paid', j.client_no * 31 + count(*)::int + sum(j.words)::int, 28) AS pd
  FROM job j JOIN client c ON c.client_no = j.client_no WHERE j.status = 'D' AND j.recvd_at < '2026-10-15' GROUP BY j.client_no, m, c.country, c.pay_days) s;
INSERT INTO invoice
SELECT 29000 + row_number() OVER (ORDER BY inv_no), client_no, 'C', issued + 12, -(amt_cents / (4 + pg_temp.h('cn', inv_no, 5))), vat_pct, CASE WHEN pg_temp.h('cnp', inv_no, 4) > 0 THEN issued + 20 END
FROM invoice WHERE pg_temp.h('cr', inv_no, 17) = 0;
UPDATE job j SET inv_no = i.inv_no FROM invoice i
WHERE i.kind = 'I' AND i.client_no = j.client_no AND j.status = 'D' AND j.recvd_at < '2026-10-15' AND (date_trunc('month', j.recvd_at) + interval '1 month')::date + pg_temp.h('iss', j.client_no, 6) = i.issued;
