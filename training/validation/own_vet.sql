CREATE FUNCTION pg_temp.h(s text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtext(s) & 2147483647) % n $$;
CREATE TYPE spc AS ENUM ('dog','cat','rabbit','bird','reptile');
CREATE TABLE br (
  br_cd char(3) PRIMARY KEY,
  nm text NOT NULL,
  twn text NOT NULL,
  opn date NOT NULL,
  cls date,
  kn smallint NOT NULL
);
COMMENT ON TABLE br IS 'clinics (branches) of the group';
COMMENT ON COLUMN br.cls IS 'day the clinic was shut for good; null = still trading';
COMMENT ON COLUMN br.kn IS 'kennels for in-patients; 0 = no overnight stays';
CREATE TABLE stf (
  stf_no int PRIMARY KEY,
  fn text NOT NULL,
  ln text NOT NULL,
  rl char(2) NOT NULL CHECK (rl IN ('VT','VN','RC','PM')),
  br_cd char(3) NOT NULL REFERENCES br,
  fte numeric(3,2) NOT NULL,
  st_dt date NOT NULL,
  lv_dt date
);
COMMENT ON TABLE stf IS 'people employed';
COMMENT ON COLUMN stf.rl IS 'VT = vet, VN = veterinary nurse, RC = receptionist, PM = practice manager';
COMMENT ON COLUMN stf.fte IS 'share of a full-time week, 1 = full time; 0 = on-call only';
COMMENT ON COLUMN stf.st_dt IS 'first day of employment';
COMMENT ON COLUMN stf.lv_dt IS 'last day of employment; null = still with us';
CREATE TABLE cl (
  cl_id int PRIMARY KEY,
  fn text NOT NULL,
  ln text NOT NULL,
  pc text,
  reg date NOT NULL,
  mkt boolean
);
COMMENT ON TABLE cl IS 'clients, i.e. the owners of the animals';
COMMENT ON COLUMN cl.pc IS 'postcode';
COMMENT ON COLUMN cl.mkt IS 'agreed to marketing e-mails; null = never asked';
CREATE TABLE pat (
  pat_id int PRIMARY KEY,
  cl_id int NOT NULL REFERENCES cl,
  nm text NOT NULL,
  spc spc NOT NULL,
  brd text,
  nt boolean,
  dob date,
  wt_g int,
  dec_dt date,
  ins_pct smallint,
  alg text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE pat IS 'patients (animals)';
COMMENT ON COLUMN pat.spc IS 'species';
COMMENT ON COLUMN pat.brd IS 'breed; null = mixed or not recorded';
COMMENT ON COLUMN pat.nt IS 'neutered; null = not known';
COMMENT ON COLUMN pat.wt_g IS 'last weight in grams; null = never weighed';
COMMENT ON COLUMN pat.dec_dt IS 'date of death; null = alive';
COMMENT ON COLUMN pat.ins_pct IS 'per cent of each bill the insurer pays; null = not insured';
COMMENT ON COLUMN pat.alg IS 'known allergies; empty = none';
CREATE TABLE appt (
  appt_id int PRIMARY KEY,
  pat_id int NOT NULL REFERENCES pat,
  br_cd char(3) NOT NULL REFERENCES br,
  vet int NOT NULL REFERENCES stf,
  ts timestamp NOT NULL,
  mins smallint NOT NULL,
  st smallint NOT NULL CHECK (st BETWEEN 0 AND 4),
  rsn char(1) NOT NULL CHECK (rsn IN ('V','C','E','S','D','F'))
);
COMMENT ON COLUMN appt.ts IS 'start, local time';
COMMENT ON COLUMN appt.mins IS 'length of the slot';
COMMENT ON COLUMN appt.st IS '0 = booked, still to come; 1 = took place; 2 = cancelled by the client; 3 = no-show; 4 = cancelled by the clinic';
COMMENT ON COLUMN appt.rsn IS 'V = vaccination, C = check-up, E = emergency, S = surgery, D = dental, F = follow-up';
CREATE TABLE svc (
  svc_cd char(3) PRIMARY KEY,
  dsc text NOT NULL,
  cat text NOT NULL CHECK (cat IN ('consultation','vaccine','surgery','dental','imaging','drug','other')),
  lst_p int NOT NULL,
  ctl boolean NOT NULL
);
COMMENT ON TABLE svc IS 'price list: services and drugs';
COMMENT ON COLUMN svc.lst_p IS 'list price per unit, pence before VAT';
COMMENT ON COLUMN svc.ctl IS 'controlled drug';
CREATE TABLE tx (
  appt_id int REFERENCES appt,
  svc_cd char(3) REFERENCES svc,
  qty numeric(5,1) NOT NULL,
  u_p int NOT NULL,
  PRIMARY KEY (appt_id, svc_cd)
);
COMMENT ON TABLE tx IS 'what was done or given at an appointment';
COMMENT ON COLUMN tx.u_p IS 'unit price charged, pence before VAT; may be below or above the list price';
CREATE TABLE inv (
  inv_no int PRIMARY KEY,
  appt_id int NOT NULL UNIQUE REFERENCES appt,
  iss date NOT NULL,
  net_p int NOT NULL,
  st char(1) NOT NULL CHECK (st IN ('O','P','W')),
  pd date
);
COMMENT ON TABLE inv IS 'invoices';
COMMENT ON COLUMN inv.iss IS 'issued on';
COMMENT ON COLUMN inv.net_p IS 'total in pence before VAT';
COMMENT ON COLUMN inv.st IS 'O = open, P = paid, W = written off';
COMMENT ON COLUMN inv.pd IS 'paid on; null unless paid';
CREATE TABLE lab (
  lab_id int PRIMARY KEY,
  appt_id int NOT NULL REFERENCES appt,
  pnl char(4) NOT NULL,
  snt timestamp NOT NULL,
  rtn timestamp,
  res jsonb
);
COMMENT ON TABLE lab IS 'samples sent to the outside laboratory';
COMMENT ON COLUMN lab.pnl IS 'HAEM = blood count, BIOC = blood chemistry, URIN = urine, HIST = tissue';
COMMENT ON COLUMN lab.snt IS 'sent, local time';
COMMENT ON COLUMN lab.rtn IS 'result came back, local time; null = still waiting';
COMMENT ON COLUMN lab.res IS 'null while waiting; keys: flag (N = normal, H = above range, L = below range), fee_p (what the laboratory charges us, pence), cmt (free remark, often missing)';

INSERT INTO br VALUES ('ASH','Ashcombe Vets','Ashcombe','2009-04-06',NULL,14),('BRK','Brook Street Animal Clinic','Marlbury','2012-09-17',NULL,6),('CAN','Canal Side Vets','Marlbury','2016-02-01',NULL,0),('DUN','Dunmore Pet Hospital','Dunmore','2011-11-14',NULL,22),
('ELM','Elm Grove Surgery','Thornby','2018-05-08',NULL,4),('FOX','Foxhill Veterinary Centre','Thornby','2020-10-12',NULL,9),('GRE','Green Lane Vets','Ashcombe','2014-06-02','2025-10-31',0),('HAV','Havenport Cat Clinic','Havenport','2022-03-21',NULL,3),('LYD','Lydgate Vets','Lydgate','2026-10-05',NULL,5);

INSERT INTO stf
SELECT g, (ARRAY['Alice','Bernard','Chloe','Dominic','Eilidh','Farah','George','Hannah','Idris','Jasmine','Kieran','Leonie','Marcus','Nadia','Oscar','Petra','Rupert','Saffron','Theo','Una','Victor','Wilma','Yusuf'])[1+(g*7)%23],
 (ARRAY['Abbott','Birch','Cartwright','Devlin','Ellwood','Faulkner','Gill','Hadley','Ingram','Joyce','Khan','Lowe','Marsh','Nolan','Ormond','Parry','Rowe'])[1+(g*5+g/17)%17],
 r, CASE WHEN r='PM' THEN (ARRAY['ASH','BRK','CAN','DUN','ELM','FOX','HAV'])[g] ELSE (ARRAY['ASH','DUN','BRK','ELM','CAN','FOX','GRE','HAV','DUN','ASH','BRK','FOX'])[1+g%12] END,
 CASE WHEN r='PM' THEN 1 ELSE (ARRAY[1,1,1,0.8,0.6,0.5,1,0.8,0.4])[1+pg_temp.h('fte'||g,9)] END,
 CASE WHEN (ARRAY['ASH','DUN','BRK','ELM','CAN','FOX','GRE','HAV','DUN','ASH','BRK','FOX'])[1+g%12]='HAV' THEN date '2022-03-21' ELSE date '2020-10-12' - 0 END + CASE WHEN g%3=0 THEN pg_temp.h('std'||g,1900) ELSE pg_temp.h('std'||g,1000) END,
 CASE WHEN g>7 AND g%12=6 THEN date '2025-10-31' WHEN g IN (13,24,31,45,46,52) THEN date '2026-02-28'+g*4 END
FROM (SELECT g, CASE WHEN g<=7 THEN 'PM' WHEN g<=33 THEN 'VT' WHEN g<=50 THEN 'VN' ELSE 'RC' END r FROM generate_series(1,60) g) q;
UPDATE stf SET fte=0 WHERE stf_no IN (20,30,36,37,53);
UPDATE stf SET st_dt='2024-01-01'::date-pg_temp.h('s2'||stf_no,900) WHERE lv_dt <= st_dt + 60;

INSERT INTO cl
SELECT g, (ARRAY['Andrew','Beatrice','Colin','Daphne','Edward','Fiona','Graham','Harriet','Ian','Joan','Kenneth','Lydia','Martin','Noreen','Oliver','Pamela','Ravi','Sandra','Trevor','Ursula','Winston','Yvonne'])[1+(g*3)%22], (ARRAY['Aldridge','Baxter','Clegg','Dawson','Eastwood','Frost','Garside','Hobbs','Ibbotson','Jessop','Kendal','Leach','Mottram','Naylor','Oldfield','Pickles','Rashid','Sugden','Tordoff'])[1+(g*5+g/19)%19],
 CASE WHEN g%13=0 THEN NULL ELSE (ARRAY['AS1','AS2','MB4','MB7','DM1','DM3','TH2','TH5','HP1'])[1+pg_temp.h('pc'||g,9)]||' '||1+pg_temp.h('pd'||g,9)||chr(65+pg_temp.h('pe'||g,20))||'X' END,
 date '2019-03-01'+(g*9.6)::int, CASE pg_temp.h('mk'||g,6) WHEN 0 THEN NULL WHEN 1 THEN NULL WHEN 2 THEN false ELSE true END
FROM generate_series(1,265) g;

INSERT INTO pat
SELECT g, c, (ARRAY['Bella','Max','Luna','Charlie','Poppy','Oscar','Molly','Rex','Daisy','Simba','Willow','Biscuit','Pepper','Ziggy','Mabel','Rocky','Tilly','Pixel','Nala','Waffles','Toby','Misty','Figaro','Dot','Hugo'])[1+pg_temp.h('pn'||g,25)], s::spc,
 CASE WHEN pg_temp.h('bd'||g,4)=0 THEN NULL WHEN s='dog' THEN (ARRAY['Labrador','Cocker Spaniel','Border Collie','French Bulldog','Dachshund','Whippet'])[1+pg_temp.h('be'||g,6)] WHEN s='cat' THEN (ARRAY['British Shorthair','Siamese','Maine Coon','Ragdoll'])[1+pg_temp.h('be'||g,4)] WHEN s='rabbit' THEN (ARRAY['Netherland Dwarf','Mini Lop'])[1+pg_temp.h('be'||g,2)] WHEN s='bird' THEN (ARRAY['Budgerigar','Cockatiel'])[1+pg_temp.h('be'||g,2)] ELSE (ARRAY['Bearded Dragon','Corn Snake'])[1+pg_temp.h('be'||g,2)] END,
 CASE WHEN s IN ('bird','reptile') OR pg_temp.h('nt'||g,8)=0 THEN NULL ELSE pg_temp.h('nu'||g,5)<3 END,
 CASE WHEN pg_temp.h('db'||g,7)=0 THEN NULL ELSE date '2012-01-15'+pg_temp.h('dc'||g,2200)+pg_temp.h('dd'||g,2150) END,
 CASE WHEN pg_temp.h('wt'||g,9)=0 THEN NULL WHEN s='dog' THEN 4200+pg_temp.h('wu'||g,360)*100 WHEN s='cat' THEN 2800+pg_temp.h('wu'||g,45)*100+pg_temp.h('wv'||g,10)*10 WHEN s='rabbit' THEN 1100+pg_temp.h('wu'||g,1500) WHEN s='bird' THEN 32+pg_temp.h('wu'||g,70) ELSE 240+pg_temp.h('wu'||g,900) END,
 NULL, CASE WHEN s IN ('dog','cat') AND pg_temp.h('in'||g,20)<9 THEN (ARRAY[80,80,90,65,100])[1+pg_temp.h('io'||g,5)] END,
 CASE pg_temp.h('al'||g,22) WHEN 0 THEN ARRAY['penicillin'] WHEN 1 THEN ARRAY['chicken'] WHEN 2 THEN ARRAY['penicillin','grass pollen'] WHEN 3 THEN ARRAY['fleas'] WHEN 4 THEN ARRAY['beef','chicken'] ELSE '{}'::text[] END
FROM (SELECT g, 1+pg_temp.h('pcl'||g,262) c, (ARRAY['dog','dog','dog','dog','dog','cat','cat','cat','cat','rabbit','rabbit','bird','reptile'])[1+pg_temp.h('sp'||g,13)] s FROM generate_series(1,390) g) q;

INSERT INTO appt
SELECT row_number() OVER (ORDER BY ts, g), pat_id, b, v, ts, CASE r WHEN 'V' THEN 15 WHEN 'C' THEN 20 WHEN 'F' THEN 10 WHEN 'E' THEN 30 WHEN 'D' THEN 60 ELSE 90 END + CASE WHEN g%6=0 THEN 10 ELSE 0 END,
 CASE WHEN ts >= '2026-11-24' THEN CASE WHEN g%7=0 THEN 2 ELSE 0 END WHEN x<80 THEN 2 WHEN x<80+CASE r WHEN 'E' THEN 5 WHEN 'V' THEN 75 ELSE 55 END THEN 3 WHEN x>975 THEN 4 ELSE 1 END, r
FROM (SELECT a.*, CASE WHEN hb='GRE' AND ts>='2025-10-31' THEN 'ASH' WHEN hb='FOX' AND g%17=0 THEN 'ELM' ELSE hb END b FROM (
 SELECT g, p.pat_id, p.spc, d + make_interval(hours=>8+pg_temp.h('hh'||g,10), mins=>15*pg_temp.h('mm'||g,4)) ts, pg_temp.h('xx'||g,1000) x,
  (ARRAY['V','V','V','V','C','C','C','C','C','E','E','S','D','F','F','F'])[1+pg_temp.h('rs'||g,16)] r,
  CASE WHEN p.spc='cat' AND p.cl_id%5=0 THEN 'HAV' ELSE (ARRAY['ASH','DUN','DUN','BRK','BRK','ELM','CAN','FOX','FOX','GRE','ASH','DUN'])[1+pg_temp.h('hb'||p.cl_id,12)] END hb
 FROM (SELECT g, 1+floor(388*power(pg_temp.h('ap'||g,10000)/10000.0,1.3))::int pid, date '2024-01-02' + (g*1064/1650) d FROM generate_series(0,1650) g) s JOIN pat p ON p.pat_id = 1+(pid*37)%389 WHERE extract(isodow FROM d)<7 AND coalesce(p.dob < d-45, true)) a) b
CROSS JOIN LATERAL (SELECT stf_no v FROM stf WHERE rl='VT' AND st_dt <= ts::date AND (lv_dt IS NULL OR lv_dt >= ts::date) ORDER BY (br_cd<>b), (fte=0), md5(stf_no||'-'||g%29) LIMIT 1) z;
UPDATE cl SET reg = m FROM (SELECT cl_id c, min(ts)::date m FROM appt JOIN pat USING (pat_id) GROUP BY 1) q WHERE c=cl_id AND reg > m;
UPDATE pat SET dec_dt = m+2+pg_temp.h('dx'||pat_id,40) FROM (SELECT pat_id p, max(ts)::date m FROM appt GROUP BY 1) q WHERE p=pat_id AND m < '2026-09-20' AND (pg_temp.h('de'||pat_id,5)=0 OR dob < '2013-01-01');

INSERT INTO svc VALUES ('CON','Consultation','consultation',4850,false),('EMC','Emergency consultation','consultation',14500,false),('FUP','Follow-up consultation','consultation',3200,false),('VDG','Dog booster','vaccine',5400,false),('VCT','Cat booster','vaccine',5150,false),('VRB','Rabbit combined vaccine','vaccine',4700,false),
('SPY','Spay or castration','surgery',23500,false),('LMP','Lump removal','surgery',31800,false),('CRU','Cruciate ligament repair','surgery',189000,false),('SCL','Scale and polish','dental',21500,false),('EXT','Tooth extraction','dental',5800,false),('XRY','X-ray','imaging',16400,false),('USC','Ultrasound scan','imaging',19800,false),('MRI','MRI scan','imaging',210000,false),
('AMX','Amoxicillin tablet','drug',85,false),('MEL','Meloxicam per ml','drug',190,false),('KET','Ketamine per ml','drug',640,true),('BUP','Buprenorphine per ml','drug',1120,true),('MTD','Methadone per ml','drug',980,true),('WRM','Worming tablet','drug',720,false),('CHP','Microchip','other',1900,false),('NAI','Nail clipping','other',1400,false);
INSERT INTO tx
SELECT a.appt_id, s.svc_cd, CASE s.svc_cd WHEN 'AMX' THEN 7*(1+pg_temp.h('qa'||a.appt_id,3)) WHEN 'MEL' THEN 0.5*(1+pg_temp.h('qm'||a.appt_id,12)) WHEN 'KET' THEN 0.1*(2+pg_temp.h('qk'||a.appt_id,15)) WHEN 'BUP' THEN 0.1*(1+pg_temp.h('qb'||a.appt_id,9)) WHEN 'EXT' THEN 1+pg_temp.h('qe'||a.appt_id,4) WHEN 'WRM' THEN 1+pg_temp.h('qw'||a.appt_id,3) ELSE 1 END,
 CASE WHEN pg_temp.h('up'||a.appt_id||s.svc_cd,9)=0 THEN s.lst_p*85/100 WHEN a.ts<'2025-01-01' AND s.cat<>'drug' THEN s.lst_p*95/100 WHEN pg_temp.h('up'||a.appt_id||s.svc_cd,23)=1 THEN s.lst_p*110/100 ELSE s.lst_p END
FROM appt a JOIN pat p USING (pat_id) JOIN svc s ON CASE s.svc_cd
 WHEN 'CON' THEN a.rsn IN ('C','D') OR (a.rsn='S' AND a.appt_id%4=0) WHEN 'EMC' THEN a.rsn='E' WHEN 'FUP' THEN a.rsn='F'
 WHEN 'VDG' THEN a.rsn='V' AND p.spc='dog' WHEN 'VCT' THEN a.rsn='V' AND p.spc='cat' WHEN 'VRB' THEN a.rsn='V' AND p.spc='rabbit'
 WHEN 'SPY' THEN a.rsn='S' AND a.appt_id%3>0 AND p.spc IN ('dog','cat','rabbit') WHEN 'LMP' THEN a.rsn='S' AND (a.appt_id%3=0 OR p.spc IN ('bird','reptile')) WHEN 'CRU' THEN a.rsn='E' AND p.spc='dog' AND a.appt_id%11=3
 WHEN 'SCL' THEN a.rsn='D' WHEN 'EXT' THEN a.rsn='D' AND a.appt_id%5<2 WHEN 'XRY' THEN (a.rsn='E' AND a.appt_id%3=1) OR (a.rsn='C' AND a.appt_id%19=4) WHEN 'USC' THEN a.rsn IN ('C','E') AND a.appt_id%13=5
 WHEN 'AMX' THEN a.rsn IN ('C','E','S','D') AND pg_temp.h('t1'||a.appt_id,10)<4 WHEN 'MEL' THEN a.rsn IN ('S','E','D','F') AND pg_temp.h('t2'||a.appt_id,10)<5 WHEN 'KET' THEN a.rsn='S' AND a.appt_id%7<5 WHEN 'BUP' THEN a.rsn IN ('S','E') AND pg_temp.h('t3'||a.appt_id,10)<3
 WHEN 'WRM' THEN a.rsn IN ('V','C') AND pg_temp.h('t4'||a.appt_id,10)<3 AND p.spc IN ('dog','cat') WHEN 'CHP' THEN a.rsn='V' AND pg_temp.h('t5'||a.appt_id,14)=0 WHEN 'NAI' THEN (a.rsn='V' AND p.spc IN ('bird','reptile')) OR (a.rsn IN ('C','V') AND pg_temp.h('t6'||a.appt_id,17)=0) ELSE false END
WHERE a.st=1;
INSERT INTO inv
SELECT row_number() OVER (ORDER BY iss, appt_id)+20000, appt_id, iss, net, st, CASE WHEN st='P' THEN least(iss + CASE WHEN pg_temp.h('pz'||appt_id,3)=0 THEN 0 ELSE pg_temp.h('pq'||appt_id,48) END, date '2026-11-23') END
FROM (SELECT appt_id, iss, net, CASE WHEN iss > '2026-10-10' AND pg_temp.h('io'||appt_id,5)<3 THEN 'O' WHEN pg_temp.h('iw'||appt_id,33)=0 THEN 'W' WHEN pg_temp.h('iu'||appt_id,28)=0 THEN 'O' ELSE 'P' END st
 FROM (SELECT a.appt_id, least(a.ts::date + CASE WHEN pg_temp.h('is'||a.appt_id,4)=0 THEN 1+pg_temp.h('it'||a.appt_id,6) ELSE 0 END, date '2026-11-23') iss, sum(round(t.qty*t.u_p))::int net FROM appt a JOIN tx t USING (appt_id) GROUP BY a.appt_id) q) w;
INSERT INTO lab
SELECT row_number() OVER (ORDER BY snt, appt_id, pnl), appt_id, pnl, snt, rtn, CASE WHEN rtn IS NOT NULL THEN jsonb_build_object('flag', (ARRAY['N','N','N','N','H','H','L'])[1+pg_temp.h('fl'||appt_id||pnl,7)], 'fee_p', CASE pnl WHEN 'HIST' THEN 8900 WHEN 'BIOC' THEN 4200 WHEN 'HAEM' THEN 2600 ELSE 1850 END + 50*pg_temp.h('fe'||appt_id,9)) || CASE WHEN pg_temp.h('cm'||appt_id||pnl,9)=0 THEN '{"cmt":"sample haemolysed"}'::jsonb WHEN pg_temp.h('cm'||appt_id||pnl,9)=1 THEN '{"cmt":"repeat in 4 weeks"}'::jsonb ELSE '{}'::jsonb END END
FROM (SELECT appt_id, pnl, snt, CASE WHEN snt > '2026-11-18' OR pg_temp.h('lw'||appt_id,60)=0 THEN NULL ELSE snt + (CASE pnl WHEN 'HIST' THEN 70 ELSE 9 END + pg_temp.h('lr'||appt_id||pnl,60))*interval '1 hour' + (appt_id%60)*interval '1 minute' END rtn
 FROM (SELECT a.appt_id, pnl, a.ts + (30+pg_temp.h('ls'||a.appt_id,150))*interval '1 minute' snt FROM appt a, unnest(ARRAY['HAEM','BIOC','URIN','HIST']) pnl
  WHERE a.st=1 AND a.rsn<>'V' AND CASE pnl WHEN 'HAEM' THEN pg_temp.h('l1'||a.appt_id,100)<18 WHEN 'BIOC' THEN pg_temp.h('l2'||a.appt_id,100)<13 WHEN 'URIN' THEN pg_temp.h('l3'||a.appt_id,100)<9 ELSE EXISTS (SELECT 1 FROM tx t WHERE t.appt_id=a.appt_id AND t.svc_cd='LMP') END) q) w;
