CREATE FUNCTION pg_temp.r(k text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (('x'||substr(md5(k),1,7))::bit(28)::int)::numeric/268435456 $$;
CREATE SCHEMA bill;
CREATE TABLE ship_line (scac text PRIMARY KEY CHECK (length(scac)=4), ln_nm text NOT NULL, ctry_cd char(2) NOT NULL, crd_days smallint NOT NULL);
COMMENT ON TABLE ship_line IS 'shipping lines, customers of the terminal';
COMMENT ON COLUMN ship_line.ctry_cd IS 'home country, ISO 2-letter code';
COMMENT ON COLUMN ship_line.crd_days IS 'payment term in days; 0 = cash customer';
CREATE TABLE vessel (vsl_id int PRIMARY KEY, imo_no int NOT NULL UNIQUE, vsl_nm text NOT NULL, scac text NOT NULL REFERENCES ship_line, flag char(2) NOT NULL, teu_cap int NOT NULL, built_yr smallint NOT NULL);
COMMENT ON COLUMN vessel.scac IS 'operating line';
COMMENT ON COLUMN vessel.flag IS 'flag state, ISO 2-letter code';
COMMENT ON COLUMN vessel.teu_cap IS 'nominal capacity in TEU';
CREATE TABLE vsl_call (call_id int PRIMARY KEY, vsl_id int NOT NULL REFERENCES vessel, voy_no text NOT NULL, berth_no smallint NOT NULL, eta timestamp NOT NULL, ata timestamp, atd timestamp, call_st char(1) NOT NULL CHECK (call_st IN ('E','B','D','X')));
COMMENT ON TABLE vsl_call IS 'one row per call of a vessel at this terminal; times are local';
COMMENT ON COLUMN vsl_call.eta IS 'estimated time of arrival';
COMMENT ON COLUMN vsl_call.ata IS 'actual arrival at berth, null until arrived';
COMMENT ON COLUMN vsl_call.atd IS 'actual departure, null until departed';
COMMENT ON COLUMN vsl_call.call_st IS 'E expected, B at berth, D departed, X cancelled';
CREATE TABLE iso_type (iso_cd text PRIMARY KEY, descr text NOT NULL, len_ft smallint NOT NULL, rf_yn boolean NOT NULL);
COMMENT ON COLUMN iso_type.rf_yn IS 'true = refrigerated (reefer)';
CREATE TABLE cntr (cntr_no text PRIMARY KEY, iso_cd text NOT NULL REFERENCES iso_type, scac text REFERENCES ship_line, tare_kg int NOT NULL);
COMMENT ON COLUMN cntr.scac IS 'owning line; null = shipper-owned box';
CREATE TABLE unit_visit (uv_id int PRIMARY KEY, cntr_no text NOT NULL REFERENCES cntr, call_id int NOT NULL REFERENCES vsl_call, ctgy char(1) NOT NULL CHECK (ctgy IN ('I','E','T')), fe char(1) NOT NULL CHECK (fe IN ('F','E')), gross_kg int NOT NULL, in_ts timestamp NOT NULL, out_ts timestamp, hold_cd smallint NOT NULL DEFAULT 0);
COMMENT ON TABLE unit_visit IS 'one stay of a container in the yard';
COMMENT ON COLUMN unit_visit.call_id IS 'vessel call that brings it (import, transshipment) or takes it (export)';
COMMENT ON COLUMN unit_visit.ctgy IS 'I import, E export, T transshipment';
COMMENT ON COLUMN unit_visit.fe IS 'F full (laden), E empty';
COMMENT ON COLUMN unit_visit.out_ts IS 'left the yard; null while in the yard';
COMMENT ON COLUMN unit_visit.hold_cd IS '0 none, 1 customs, 2 line, 3 damage';
CREATE TABLE yd_move (mv_id int PRIMARY KEY, uv_id int NOT NULL REFERENCES unit_visit, mv_kind text NOT NULL CHECK (mv_kind IN ('DSCH','LOAD','SHFT','GIN','GOUT')), mv_at timestamp NOT NULL, che_cd text NOT NULL, to_blk text);
COMMENT ON COLUMN yd_move.mv_kind IS 'DSCH discharge from vessel, LOAD onto vessel, SHFT yard shift, GIN gate in, GOUT gate out';
COMMENT ON COLUMN yd_move.che_cd IS 'handling equipment: QCnn quay crane, RTnn yard crane, RSnn reach stacker';
COMMENT ON COLUMN yd_move.to_blk IS 'yard block moved to; null when the move leaves the yard';
CREATE TABLE truck_visit (tv_id int PRIMARY KEY, uv_id int NOT NULL REFERENCES unit_visit, haulier text NOT NULL, plate text NOT NULL, in_at timestamp NOT NULL, out_at timestamp, trbl_yn boolean NOT NULL);
COMMENT ON TABLE truck_visit IS 'trucks through the gate, bringing (export) or fetching (import) one container';
COMMENT ON COLUMN truck_visit.out_at IS 'null while inside the terminal';
COMMENT ON COLUMN truck_visit.trbl_yn IS 'sent to the trouble desk';
CREATE TABLE bill.charge (chg_id int PRIMARY KEY, uv_id int NOT NULL REFERENCES unit_visit, trf_cd text NOT NULL CHECK (trf_cd IN ('THC','STO','RFR','WGH','INS')), amt_cents int NOT NULL, inv_dt date NOT NULL, paid_dt date);
COMMENT ON TABLE bill.charge IS 'invoiced charges per container stay';
COMMENT ON COLUMN bill.charge.trf_cd IS 'THC terminal handling, STO storage, RFR reefer power, WGH weighing, INS customs inspection';
COMMENT ON COLUMN bill.charge.amt_cents IS 'euro cents';
COMMENT ON COLUMN bill.charge.inv_dt IS 'invoice date';
COMMENT ON COLUMN bill.charge.paid_dt IS 'null while unpaid';

INSERT INTO ship_line VALUES ('ORNL','Orinoco Line','PA',30),('HSTG','Hansestern','DE',45),('KYOM','Kyomaru Shipping','JP',30),('DRVN','Drava Navigation','HR',0),('TLSK','Telskar Container','DK',60),('BOSP','Bosphorus Marine','TR',15),('EASC','East Cape Lines','ZA',0),('JADE','Jade River Ocean','CN',45),('LUSI','Lusitana Feeder','PT',14),('NWAY','Northway Feeder','DE',14),('GULF','Gulf Pearl Lines','AE',30);
INSERT INTO vessel
SELECT i, 9100000+i*7919%780000, n, CASE split_part(n,' ',1) WHEN 'Telskar' THEN 'TLSK' WHEN 'Jade' THEN 'JADE' WHEN 'Hansestern' THEN 'HSTG' WHEN 'Orinoco' THEN 'ORNL' WHEN 'Kyomaru' THEN 'KYOM' WHEN 'Bosphorus' THEN 'BOSP' WHEN 'Northway' THEN 'NWAY' WHEN 'Lusitana' THEN 'LUSI' WHEN 'Cape' THEN 'EASC' WHEN 'Drava' THEN 'DRVN' ELSE (ARRAY['TLSK','JADE','HSTG','ORNL','TLSK','KYOM','JADE','BOSP','NWAY','LUSI','TLSK','HSTG','EASC','DRVN','JADE','TLSK'])[1+(pg_temp.r('vl'||i)*16)::int%16] END,
 (ARRAY['PA','LR','PA','DK','SG','MT','LR','DE','PA','HK','CY','PT'])[1+(pg_temp.r('vf'||i)*12)::int%12], 700+(power(pg_temp.r('vt'||i),2)*15300)::int, 1998+(pg_temp.r('vb'||i)*26)::int
FROM unnest(ARRAY['Baltic Heron','Telskar Aurora','Jade Emperor','Orinoco Star','Telskar Borealis','Kyomaru Sakura','Jade Lotus','Bosphorus Queen','Northway Elbe','Lusitana Tejo','Telskar Corona','Hansestern Lübeck','Cape Agulhas','Drava Spirit','Jade Phoenix','Telskar Draco','Hansestern Rostock','Hansestern Wismar','Orinoco Sun','Orinoco Delta','Kyomaru Hikari','Kyomaru Nozomi','Bosphorus Pearl','Bosphorus Dawn','Northway Weser','Northway Ems','Lusitana Douro','Lusitana Minho','Cape Infanta','Cape Columbine','Drava Wave','Drava Pride','Jade Orchid','Jade Crane','Telskar Eridanus','Telskar Fornax','Amber Coast','Silver Gannet','Coral Merchant','Iron Duke','Stella Polaris','Maria Lucinda','Ocean Tern','Atlantic Petrel','Blue Marlin Bay','Sea Lavender']) WITH ORDINALITY t(n,i);
INSERT INTO vsl_call
SELECT i, v, upper(substr(md5('vy'||v),1,2))||lpad((i*3%997)::text,3,'0')||(ARRAY['E','W'])[1+i%2], 1+(power(pg_temp.r('be'||i),1.4)*5.99)::int%6, eta,
 CASE WHEN st IN ('B','D') THEN eta+dl END, CASE WHEN st='D' THEN eta+dl+make_interval(mins=>(420+pg_temp.r('du'||i)*2300)::int) END, st
FROM (SELECT i, 1+floor(44*power(pg_temp.r('cv'||i),1.5))::int v, CASE WHEN i>690 THEN '2026-11-20 06:00'::timestamp+make_interval(hours=>7*(i-691)) ELSE date_trunc('hour','2023-01-02 05:00'::timestamp+make_interval(mins=>(1416*1440*power(i/690.0,0.92))::int)) END eta,
  make_interval(mins=>(-180+pg_temp.r('dl'||i)*1500*pg_temp.r('dm'||i))::int) dl, CASE WHEN i>713 THEN 'E' WHEN i>709 THEN 'B' WHEN pg_temp.r('cx'||i)<0.05 THEN 'X' ELSE 'D' END st
 FROM generate_series(1,720) i) q;
INSERT INTO iso_type VALUES ('22G1','20 ft dry van',20,false),('42G1','40 ft dry van',40,false),('45G1','40 ft high cube',40,false),('L5G1','45 ft high cube',45,false),('22R1','20 ft reefer',20,true),('45R1','40 ft high cube reefer',40,true),('22U1','20 ft open top',20,false),('42P1','40 ft flat rack',40,false),('22T1','20 ft tank',20,false);
INSERT INTO cntr
SELECT (ARRAY['TLKU','JRVU','HSTU','ORIU','BSPU','KYMU','NWFU'])[1+floor(7*power(pg_temp.r('cp'||i),1.3))::int]||(1000000+i*314159%8999999)::text, c,
 CASE WHEN pg_temp.r('co'||i)<0.07 THEN NULL ELSE (ARRAY['TLSK','JADE','HSTG','ORNL','KYOM','BOSP','NWAY','EASC','LUSI'])[1+floor(9*power(pg_temp.r('cs'||i),1.6))::int] END,
 CASE WHEN c LIKE '2%' THEN 2200 ELSE 3700 END + CASE WHEN c LIKE '%R1' OR c LIKE '%T1' THEN 800 ELSE 0 END + (pg_temp.r('tw'||i)*60)::int*10
FROM (SELECT i, (ARRAY['45G1','22G1','42G1','45R1','45G1','22G1','L5G1','22R1','22U1','42P1','22T1'])[1+floor(11*power(pg_temp.r('ct'||i),1.3))::int] c FROM generate_series(1,290) i) q;
INSERT INTO unit_visit
SELECT i, cntr_no, call_id, ctgy, fe, tare_kg+CASE WHEN fe='F' THEN 3000+(pg_temp.r('gw'||i)*22000)::int ELSE 0 END, in_ts, CASE WHEN o<='2026-11-27 18:00' AND call_st IN ('D','B') THEN o END,
 CASE WHEN pg_temp.r('ho'||i)<0.06 OR (o>'2026-11-20' AND pg_temp.r('ho'||i)<0.2) THEN 1 WHEN pg_temp.r('ho'||i)>0.97 THEN 2 WHEN pg_temp.r('ho'||i)>0.945 THEN 3 ELSE 0 END
FROM (SELECT *, date_trunc('minute', CASE WHEN ctgy='E' THEN coalesce(ata,eta)-make_interval(mins=>(600+pg_temp.r('ei'||i)*9000)::int) ELSE ata+make_interval(mins=>(60+pg_temp.r('ii'||i)*500)::int) END) in_ts,
   date_trunc('minute', CASE WHEN ctgy='E' THEN coalesce(ata,eta)+make_interval(mins=>(100+pg_temp.r('eo'||i)*300)::int) ELSE ata+make_interval(mins=>(900+power(pg_temp.r('io'||i),2.2)*26000)::int) END) o
  FROM (SELECT i, c.*, CASE WHEN c.call_st='E' THEN 'E' WHEN pg_temp.r('cg'||i)<0.5 THEN 'I' WHEN pg_temp.r('cg'||i)<0.84 THEN 'E' ELSE 'T' END ctgy, CASE WHEN pg_temp.r('fe'||i)<0.23 THEN 'E' ELSE 'F' END fe, k.cntr_no, k.tare_kg
   FROM generate_series(1,1850) i JOIN vsl_call c ON c.call_id=LEAST(720,GREATEST(1,(i*720/1850.0+(pg_temp.r('cc'||i)-0.5)*12*pg_temp.r('cd'||(i/5))))::int) JOIN (SELECT *, row_number() OVER (ORDER BY md5(cntr_no)) rn FROM cntr) k ON k.rn=1+(i*37)%290
   WHERE c.call_st<>'X') a) b;
INSERT INTO yd_move
SELECT row_number() OVER (ORDER BY t,uv_id,k), uv_id, k, t, CASE WHEN k IN ('DSCH','LOAD') THEN 'QC0'||1+floor(6*power(pg_temp.r('qc'||uv_id||k),1.3))::int WHEN pg_temp.r('rt'||uv_id||k||n)<0.8 THEN 'RT'||lpad((1+floor(12*power(pg_temp.r('rn'||uv_id||k||n),1.4)))::text,2,'0') ELSE 'RS0'||1+floor(3*power(pg_temp.r('rs'||uv_id||n),1.4))::int END,
 CASE WHEN k IN ('LOAD','GOUT') THEN NULL ELSE (ARRAY['A','B','C','D','R'])[1+floor(5*power(pg_temp.r('bl'||uv_id||k||n),1.4))::int]||1+floor(3*pg_temp.r('bm'||uv_id||k||n))::int END
FROM (SELECT uv_id, CASE WHEN ctgy='E' THEN 'GIN' ELSE 'DSCH' END k, in_ts t, 0 n FROM unit_visit
 UNION ALL SELECT uv_id, CASE WHEN ctgy='I' THEN 'GOUT' ELSE 'LOAD' END, out_ts, 0 FROM unit_visit WHERE out_ts IS NOT NULL
 UNION ALL SELECT uv_id, 'SHFT', date_trunc('minute', in_ts+(LEAST(coalesce(out_ts,'2026-11-27 18:00'),'2026-11-27 18:00')-in_ts)*(0.2*s+0.15*pg_temp.r('st'||uv_id||s))::float), s FROM unit_visit, generate_series(1,4) s WHERE in_ts<'2026-11-27' AND s<=floor(5*power(pg_temp.r('sn'||uv_id),3.1))) m;
INSERT INTO truck_visit
SELECT row_number() OVER (ORDER BY mv_at,uv_id), uv_id, h, upper(substr(h,1,2))||'-'||lpad((100+floor(40*power(pg_temp.r('pl'||uv_id),1.5)))::text,3,'0'), mv_at-make_interval(mins=>(8+pg_temp.r('ti'||uv_id)*50)::int),
 CASE WHEN mv_at<'2026-11-27 06:00' THEN mv_at+make_interval(mins=>(5+pg_temp.r('to'||uv_id)*40+CASE WHEN tr THEN 70 ELSE 0 END)::int) END, tr
FROM (SELECT *, (ARRAY['Harrow Haulage','Quayside Trucking','Delmar Transport','Brandt & Söhne','Redline Cartage','Nordkap Logistik','Pinto Camiões','Swift Drayage'])[1+floor(8*power(pg_temp.r('ha'||uv_id),1.5))::int] h, pg_temp.r('tr'||uv_id)<0.09 tr FROM yd_move WHERE mv_kind IN ('GIN','GOUT')) q;
INSERT INTO bill.charge
SELECT row_number() OVER (ORDER BY d,uv_id,t), uv_id, t, a, d, CASE WHEN pg_temp.r('pd'||uv_id||t)<0.95 AND d+(4+(pg_temp.r('pt'||uv_id||t)*55)::int)<='2026-11-27' THEN d+(4+(pg_temp.r('pt'||uv_id||t)*55)::int) END
FROM (SELECT uv_id, 'THC' t, CASE WHEN ctgy='T' THEN 9800 ELSE 17500+(pg_temp.r('th'||uv_id)*6000)::int END a, out_ts::date+(pg_temp.r('iv'||uv_id)*3)::int d FROM unit_visit WHERE fe='F' AND out_ts IS NOT NULL
 UNION ALL SELECT uv_id, 'STO', (out_ts::date-in_ts::date-4)*4250, out_ts::date+1 FROM unit_visit WHERE out_ts::date-in_ts::date>4
 UNION ALL SELECT v.uv_id, 'RFR', (out_ts::date-in_ts::date+1)*6125, out_ts::date+2 FROM unit_visit v JOIN cntr c USING (cntr_no) JOIN iso_type i USING (iso_cd) WHERE rf_yn AND fe='F' AND out_ts IS NOT NULL
 UNION ALL SELECT uv_id, 'WGH', 7500, in_ts::date FROM unit_visit WHERE ctgy='E' AND fe='F' AND pg_temp.r('wg'||uv_id)<0.4
 UNION ALL SELECT uv_id, 'INS', 14000+(pg_temp.r('in'||uv_id)*20000)::int, in_ts::date+3 FROM unit_visit WHERE hold_cd=1 AND out_ts IS NOT NULL) q
WHERE d<='2026-11-27';
