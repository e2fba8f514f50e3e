CREATE TYPE proc_kind AS ENUM ('free_circ','warehouse','transit','inward');
CREATE TABLE importer (
  eori varchar(14) PRIMARY KEY,
  nm text NOT NULL,
  city text NOT NULL,
  ctry char(2) NOT NULL,
  aeo char(1) NOT NULL DEFAULT 'N' CHECK (aeo IN ('N','C','S','F')),
  reg_dt date NOT NULL,
  susp_dt date
);
CREATE TABLE cust_off (
  off_cd char(4) PRIMARY KEY,
  off_nm text NOT NULL,
  mode char(1) NOT NULL CHECK (mode IN ('S','A','L','R','-')),
  parent_off_cd char(4) REFERENCES cust_off
);
CREATE TABLE tariff (
  hs_cd char(8) PRIMARY KEY,
  descr text NOT NULL,
  chap smallint NOT NULL,
  duty_pct numeric(5,2) NOT NULL,
  lic_req boolean NOT NULL DEFAULT false
);
CREATE TABLE broker (
  brk_id int PRIMARY KEY,
  brk_nm text NOT NULL,
  city text NOT NULL,
  lic_end_dt date
);
CREATE TABLE mandate (
  eori varchar(14) REFERENCES importer,
  brk_id int REFERENCES broker,
  from_dt date NOT NULL,
  to_dt date,
  PRIMARY KEY (eori, brk_id)
);
CREATE TABLE decl (
  decl_no bigint PRIMARY KEY,
  eori varchar(14) NOT NULL REFERENCES importer,
  off_cd char(4) NOT NULL REFERENCES cust_off,
  brk_id int REFERENCES broker,
  proc proc_kind NOT NULL,
  lane char(1) NOT NULL CHECK (lane IN ('G','Y','R')),
  st char(1) NOT NULL CHECK (st IN ('L','H','R','D','X')),
  lodged_ts timestamptz NOT NULL,
  rel_ts timestamptz
);
CREATE TABLE decl_line (
  decl_no bigint REFERENCES decl,
  line_no smallint,
  hs_cd char(8) NOT NULL REFERENCES tariff,
  orig_ctry char(2) NOT NULL,
  net_g bigint NOT NULL,
  val_cents bigint NOT NULL,
  pref boolean NOT NULL DEFAULT false,
  PRIMARY KEY (decl_no, line_no)
);
CREATE TABLE duty (
  duty_id int PRIMARY KEY,
  decl_no bigint NOT NULL REFERENCES decl,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  amt_cents bigint NOT NULL,
  due_dt date NOT NULL,
  paid_dt date
);
CREATE TABLE insp (
  insp_id int PRIMARY KEY,
  decl_no bigint NOT NULL REFERENCES decl,
  kind char(1) NOT NULL CHECK (kind IN ('D','P','X')),
  beg_ts timestamptz NOT NULL,
  end_ts timestamptz,
  result smallint,
  findings text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE importer IS 'Registered importers, keyed by EORI number';
COMMENT ON COLUMN importer.aeo IS 'Authorised economic operator: N=none, C=customs simplifications, S=security, F=full';
COMMENT ON COLUMN importer.reg_dt IS 'registered on';
COMMENT ON COLUMN importer.susp_dt IS 'suspended since; null = in good standing';
COMMENT ON TABLE cust_off IS 'Customs offices';
COMMENT ON COLUMN cust_off.mode IS 'S=seaport, A=airport, L=land border, R=rail terminal, -=head office without traffic';
COMMENT ON COLUMN cust_off.parent_off_cd IS 'supervising head office; null for head offices';
COMMENT ON TABLE tariff IS 'Tariff lines (8 digit commodity codes)';
COMMENT ON COLUMN tariff.chap IS 'HS chapter = first two digits';
COMMENT ON COLUMN tariff.duty_pct IS 'regular customs duty, percent of value';
COMMENT ON COLUMN tariff.lic_req IS 'import licence required';
COMMENT ON COLUMN broker.lic_end_dt IS 'licence given up on; null = active broker';
COMMENT ON TABLE mandate IS 'Which broker may declare for which importer';
COMMENT ON COLUMN mandate.to_dt IS 'revoked on; null = in force';
COMMENT ON TABLE decl IS 'Import declarations';
COMMENT ON COLUMN decl.brk_id IS 'null = importer declared without a broker';
COMMENT ON COLUMN decl.proc IS 'free_circ = release for free circulation, inward = inward processing';
COMMENT ON COLUMN decl.lane IS 'Risk lane: G=green, Y=yellow, R=red';
COMMENT ON COLUMN decl.st IS 'L=lodged, H=held, R=released, D=denied, X=cancelled by declarant';
COMMENT ON COLUMN decl.rel_ts IS 'Release of the goods; null unless released';
COMMENT ON COLUMN decl_line.orig_ctry IS 'country of origin, ISO code';
COMMENT ON COLUMN decl_line.net_g IS 'net mass, grams';
COMMENT ON COLUMN decl_line.val_cents IS 'customs value, euro cents';
COMMENT ON COLUMN decl_line.pref IS 'preferential origin claimed';
COMMENT ON TABLE duty IS 'Charges assessed on a declaration';
COMMENT ON COLUMN duty.kind IS '1=customs duty, 2=import VAT, 3=excise, 4=anti-dumping duty';
COMMENT ON COLUMN duty.amt_cents IS 'euro cents';
COMMENT ON COLUMN duty.paid_dt IS 'null = unpaid';
COMMENT ON COLUMN insp.kind IS 'D=documents, P=physical, X=X-ray scan';
COMMENT ON COLUMN insp.end_ts IS 'null while the inspection is running';
COMMENT ON COLUMN insp.result IS '0=conform, 1=minor discrepancy, 2=serious irregularity, 3=seizure; null while running';
COMMENT ON COLUMN insp.findings IS 'tags: weight, origin, undeclared, value, label, permit';

CREATE FUNCTION pg_temp.h(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashtext(s || '#' || g::text)::bigint) % n)::int $$;
CREATE FUNCTION pg_temp.sk(g int, s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT floor(n * power((abs(hashtext(s || '#' || g::text)::bigint) % 100000) / 100000.0, 1.7))::int $$;

INSERT INTO importer SELECT c || lpad((48210000 + g*7919)::text, 10, '0'),
 (ARRAY['Nordsee','Van Houten','Hanseatic','Delft','Alpina','Maas','Elbe','Ruhr','Flandria','Baltik','Orient','Pacific','Andes'])[1+g%13] || ' ' || (ARRAY['Coffee Import','Textil Handel','Electronics','Fruit Trading','Machinery','Wine & Spirits','Toys','Furniture','Steel'])[1+g%9] || CASE WHEN g%2=0 THEN ' GmbH' ELSE ' BV' END,
 CASE c WHEN 'DE' THEN (ARRAY['Hamburg','Bremen','Munich','Cologne','Leipzig'])[1+pg_temp.sk(g,'ci',5)] WHEN 'NL' THEN (ARRAY['Rotterdam','Amsterdam','Venlo'])[1+pg_temp.sk(g,'ci',3)] ELSE (ARRAY['Antwerp','Ghent'])[1+pg_temp.sk(g,'ci',2)] END,
 c, (ARRAY['N','N','C','N','F','S'])[1+pg_temp.sk(g,'aeo',6)], date '2022-01-20' + g*11, CASE WHEN pg_temp.h(g,'sus',11)=0 THEN date '2026-01-10' + pg_temp.h(g,'sd',290) END
FROM (SELECT g, CASE WHEN g%9=8 THEN 'BE' WHEN pg_temp.h(g,'c',5)<3 THEN 'DE' ELSE 'NL' END c FROM generate_series(1,115) g) x;
INSERT INTO cust_off VALUES ('HQ01','Head Office North','-',NULL),('HQ02','Head Office South','-',NULL),('HH01','Hamburg Port','S','HQ01'),('BR01','Bremerhaven','S','HQ01'),('RT01','Rotterdam Maasvlakte','S','HQ01'),('HH02','Hamburg Airport','A','HQ01'),('FR01','Frankfurt Airport Cargo','A','HQ02'),('LE01','Leipzig Airport','A','HQ02'),('GO01','Goerlitz Road','L','HQ02'),('DU01','Duisburg Rail','R','HQ02'),('WE01','Weil am Rhein','L','HQ02'),('CX01','Cuxhaven','S','HQ01');
INSERT INTO tariff VALUES ('09011100','Coffee, not roasted',9,0,false),('09012100','Coffee, roasted',9,7.5,false),('08030090','Bananas, fresh',8,16,false),('08051000','Oranges, fresh',8,12.8,false),('22042100','Wine in bottles',22,13.1,false),('22083000','Whisky',22,0,false),('24022000','Cigarettes',24,57.6,true),('30049000','Medicaments, packed',30,0,true),('39269097','Articles of plastic',39,6.5,false),('42022100','Handbags of leather',42,3,false),('44123100','Plywood, tropical',44,10,true),('61091000','T-shirts of cotton',61,12,false),('62034200','Trousers of cotton',62,12,false),('64039900','Footwear of leather',64,8,false),('72085100','Steel plate, hot-rolled',72,0,false),('73181500','Screws and bolts',73,3.7,false),('84713000','Laptops',84,0,false),('84145100','Fans',84,3.2,false),('85171300','Smartphones',85,0,false),('85414300','Solar modules',85,0,false),('87116000','Electric motorcycles',87,6,false),('87120030','Bicycles',87,14,false),('94016100','Upholstered seats',94,0,false),('94036000','Wooden furniture',94,0,false),('95030041','Stuffed toys',95,4.7,false),('93033000','Hunting rifles',93,3.2,true),('97012100','Paintings, antique',97,0,false);
INSERT INTO broker VALUES (1,'Kuhnert & Sohn','Hamburg',NULL),(2,'Maas Clearance','Rotterdam',NULL),(3,'Fastline Customs','Frankfurt',NULL),(4,'Zollwerk Nord','Bremen',NULL),(5,'Rhenus Clearing','Duisburg',NULL),(6,'Oudekerk Douane','Venlo',NULL),(7,'Border Plus','Leipzig','2025-03-31'),(8,'Hafenkontor','Hamburg',NULL),(9,'Grenzdienst Weil','Basel','2024-08-31'),(10,'Douane Expert','Antwerp',NULL);
CREATE TEMP TABLE imp AS SELECT eori, row_number() OVER (ORDER BY reg_dt)::int n FROM importer;
INSERT INTO mandate SELECT eori, b, date '2022-03-01' + pg_temp.h(n*20+b,'mf',900), CASE WHEN pg_temp.h(n*20+b,'mt',6)=0 THEN date '2025-01-01' + pg_temp.h(n*20+b,'me',600) END
FROM imp, generate_series(1,9) b WHERE pg_temp.h(n*20+b,'man',100) < 30 - b*2;
INSERT INTO decl
SELECT 26000000+g*13, i.eori, (ARRAY['HH01','RT01','FR01','BR01','LE01','DU01','GO01','HH02','WE01'])[1+pg_temp.sk(g,'off',9)],
 (SELECT m.brk_id FROM mandate m WHERE m.eori=i.eori ORDER BY pg_temp.h(g*20+m.brk_id,'bk',1000) LIMIT 1),
 (ARRAY['free_circ','free_circ','warehouse','inward','free_circ','transit'])[1+pg_temp.sk(g,'proc',6)]::proc_kind, ln, st, t,
 CASE WHEN st='R' THEN t + (CASE ln WHEN 'G' THEN 20+pg_temp.sk(g,'r',500) WHEN 'Y' THEN 240+pg_temp.sk(g,'r',4000) ELSE 900+pg_temp.sk(g,'r',12000) END) * interval '1 minute' END
FROM (SELECT *, CASE WHEN g>1130 AND pg_temp.h(g,'s0',2)=0 THEN CASE WHEN ln='R' OR pg_temp.h(g,'s1',4)=0 THEN 'H' ELSE 'L' END WHEN pg_temp.h(g,'s2',30)=0 THEN 'X' WHEN ln='R' AND pg_temp.h(g,'s3',6)=0 THEN 'D' WHEN ln<>'G' AND pg_temp.h(g,'s4',30)=0 THEN 'H' ELSE 'R' END st
 FROM (SELECT g, CASE WHEN pg_temp.h(g,'ln',100)<64 THEN 'G' WHEN pg_temp.h(g,'ln',100)<88 THEN 'Y' ELSE 'R' END ln,
  timestamptz '2023-01-09 05:00' + (g*1405/1200) * interval '1 day' + pg_temp.sk(g,'m',960) * interval '1 minute' t FROM generate_series(1,1200) g) y) x
JOIN imp i ON i.n = 1+pg_temp.sk(g,'im',108);
CREATE TEMP TABLE trf AS SELECT hs_cd, row_number() OVER (ORDER BY substr(hs_cd,4), hs_cd)::int n FROM tariff WHERE hs_cd NOT IN ('93033000','97012100');
INSERT INTO decl_line
SELECT d.decl_no, k, t.hs_cd, (ARRAY['CN','VN','BR','CN','TR','US','IN','CO','CH','GB'])[1+pg_temp.sk(z.u,'or',10)], 20000 + pg_temp.sk(z.u,'g',9000)::bigint*2711, 45000 + pg_temp.sk(z.u,'v',30000)::bigint*311, pg_temp.h(z.u,'pf',5)=0
FROM decl d, generate_series(1,5) k, LATERAL (SELECT ((d.decl_no-26000000)/13*10+k)::int u) z JOIN trf t ON t.n = 1+pg_temp.sk(z.u,'hs',25)
WHERE k <= 1+pg_temp.sk(((d.decl_no-26000000)/13)::int,'nl',5);
INSERT INTO duty
SELECT 50000+row_number() OVER (ORDER BY decl_no, kind), decl_no, kind, amt, dd, CASE WHEN dd < '2026-09-01' THEN CASE WHEN pg_temp.h(u,'np',14)>0 THEN dd - 12 + pg_temp.sk(u,'pd',40) END WHEN pg_temp.h(u,'np',3)=0 THEN dd - 13 + pg_temp.h(u,'pd',8) END
FROM (SELECT decl_no, kind, round(amt)::bigint amt, lodged_ts::date + 15 + 5*pg_temp.h(kind,'k',3) dd, (decl_no%1000003)::int*5+kind u FROM (
 SELECT d.decl_no, d.lodged_ts, 1 kind, sum(CASE WHEN l.pref THEN 0 ELSE l.val_cents*t.duty_pct/100 END) amt FROM decl d JOIN decl_line l USING (decl_no) JOIN tariff t USING (hs_cd) WHERE d.proc='free_circ' AND d.st NOT IN ('X','D') GROUP BY 1,2
 UNION ALL SELECT d.decl_no, d.lodged_ts, 2, sum(l.val_cents*1.05)*CASE d.off_cd WHEN 'RT01' THEN 0.21 ELSE 0.19 END FROM decl d JOIN decl_line l USING (decl_no) WHERE d.proc='free_circ' AND d.st NOT IN ('X','D') GROUP BY d.decl_no, d.lodged_ts, d.off_cd
 UNION ALL SELECT d.decl_no, d.lodged_ts, 3, sum(l.val_cents*0.23) FROM decl d JOIN decl_line l USING (decl_no) WHERE l.hs_cd IN ('22083000','24022000','22042100') AND d.proc='free_circ' AND d.st NOT IN ('X','D') GROUP BY 1,2
 UNION ALL SELECT d.decl_no, d.lodged_ts, 4, sum(l.val_cents*0.334) FROM decl d JOIN decl_line l USING (decl_no) WHERE l.hs_cd IN ('87120030','85414300','72085100') AND l.orig_ctry='CN' AND d.proc='free_circ' AND d.st NOT IN ('X','D') GROUP BY 1,2) a WHERE amt > 0) b;
INSERT INTO insp
SELECT 3000+row_number() OVER (ORDER BY decl_no, k), decl_no, CASE WHEN k=2 THEN 'P' ELSE (ARRAY['D','X','P'])[1+pg_temp.sk(u,'k',3)] END, b,
 CASE WHEN NOT run THEN b + (12+pg_temp.sk(u,'dur',420)) * interval '1 minute' END, CASE WHEN NOT run THEN r END,
 CASE WHEN NOT run AND r>0 THEN CASE WHEN pg_temp.h(u,'f2',3)=0 THEN ARRAY[f1, (ARRAY['permit','label'])[1+pg_temp.h(u,'f3',2)]] ELSE ARRAY[f1] END ELSE '{}' END
FROM (SELECT d.decl_no, k, u, d.lodged_ts + (40+pg_temp.sk(u,'bg',900)) * interval '1 minute' b, (k=1 OR pg_temp.h(u,'k1',2)=0) AND d.st IN ('L','H') AND d.lodged_ts > '2026-08-15' AND pg_temp.h(u,'run',3)>0 run,
  CASE WHEN d.st='D' THEN 2+pg_temp.h(u,'rr',2) WHEN d.lane='R' THEN greatest(0, pg_temp.h(u,'rr',5)-2) ELSE greatest(0, pg_temp.h(u,'rr',7)-5) END r, (ARRAY['weight','value','undeclared','origin'])[1+pg_temp.sk(u,'f',4)] f1
 FROM decl d, generate_series(1,2) k, LATERAL (SELECT ((d.decl_no-26000000)/13*3+k)::int u) z
 WHERE (d.lane='R' AND (k=1 OR pg_temp.h(u,'i2',3)=0)) OR (d.lane='Y' AND k=1 AND pg_temp.h(u,'iy',3)>0) OR (d.lane='G' AND k=1 AND pg_temp.h(u,'ig',25)=0)) x;
