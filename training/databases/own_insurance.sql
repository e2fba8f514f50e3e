CREATE FUNCTION pg_temp.u(s text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$ SELECT ('x'||substr(md5(s),1,7))::bit(28)::int / 268435456.0::double precision $$;

CREATE TABLE product_line (
  line_cd char(3) PRIMARY KEY,
  line_nm text NOT NULL,
  compulsory boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN product_line.compulsory IS 'cover required by law';

CREATE TABLE agent (
  agent_no int PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  region char(1) NOT NULL,
  hired_on date NOT NULL,
  left_on date,
  comm_pct numeric(4,2) NOT NULL,
  mgr_no int REFERENCES agent
);
COMMENT ON TABLE agent IS 'sales agents and their managers';
COMMENT ON COLUMN agent.region IS 'N north, S south, E east, W west, H head office';
COMMENT ON COLUMN agent.left_on IS 'null while employed';
COMMENT ON COLUMN agent.comm_pct IS 'commission, percent of the yearly premium';

CREATE TABLE holder (
  holder_no int PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  dob date NOT NULL,
  city text NOT NULL,
  email text,
  risk_cls smallint NOT NULL,
  since_dt date NOT NULL
);
COMMENT ON TABLE holder IS 'policyholders (customers)';
COMMENT ON COLUMN holder.risk_cls IS '1 low, 2 normal, 3 elevated, 4 high';
COMMENT ON COLUMN holder.since_dt IS 'customer since';

CREATE TABLE policy (
  policy_no text PRIMARY KEY,
  holder_no int NOT NULL REFERENCES holder,
  agent_no int REFERENCES agent,
  line_cd char(3) NOT NULL REFERENCES product_line,
  stat char(1) NOT NULL,
  start_dt date NOT NULL,
  end_dt date,
  prem_cents int NOT NULL,
  deduct_cents int NOT NULL DEFAULT 0,
  pay_freq smallint NOT NULL
);
COMMENT ON COLUMN policy.agent_no IS 'selling agent, null = sold online';
COMMENT ON COLUMN policy.stat IS 'A active, L lapsed (premium unpaid), C cancelled by the customer, E expired, Q quote only';
COMMENT ON COLUMN policy.end_dt IS 'null = open-ended';
COMMENT ON COLUMN policy.prem_cents IS 'yearly premium in euro cents';
COMMENT ON COLUMN policy.deduct_cents IS 'deductible per claim in euro cents';
COMMENT ON COLUMN policy.pay_freq IS 'instalments per year: 1 yearly, 2 half-yearly, 4 quarterly, 12 monthly';

CREATE TABLE adjuster (
  adj_id int PRIMARY KEY,
  first_nm text NOT NULL,
  last_nm text NOT NULL,
  lvl char(1) NOT NULL,
  is_ext boolean NOT NULL,
  auth_limit int NOT NULL
);
COMMENT ON COLUMN adjuster.lvl IS 'J junior, S senior, P principal';
COMMENT ON COLUMN adjuster.is_ext IS 'external contractor';
COMMENT ON COLUMN adjuster.auth_limit IS 'may settle up to this amount, whole euros';

CREATE TABLE claim (
  claim_no int PRIMARY KEY,
  policy_no text NOT NULL REFERENCES policy,
  adj_id int REFERENCES adjuster,
  loss_dt date NOT NULL,
  reported_at timestamptz NOT NULL,
  closed_on date,
  stat char(2) NOT NULL,
  cause text NOT NULL CHECK (cause IN ('water','fire','theft','collision','storm','illness','other')),
  est_cents bigint NOT NULL
);
COMMENT ON TABLE claim IS 'claims made on policies';
COMMENT ON COLUMN claim.adj_id IS 'null until assigned';
COMMENT ON COLUMN claim.closed_on IS 'null while the claim is open';
COMMENT ON COLUMN claim.stat IS 'NW new, IN under investigation, AP approved, PD paid and closed, RJ rejected, WD withdrawn';
COMMENT ON COLUMN claim.est_cents IS 'estimated loss in euro cents';

CREATE TABLE prem_inst (
  inst_no int PRIMARY KEY,
  policy_no text NOT NULL REFERENCES policy,
  due_dt date NOT NULL,
  paid_dt date,
  amt_cents int NOT NULL,
  pay_meth char(2) NOT NULL
);
COMMENT ON TABLE prem_inst IS 'premium instalments billed to the policyholder';
COMMENT ON COLUMN prem_inst.paid_dt IS 'null = not paid yet';
COMMENT ON COLUMN prem_inst.pay_meth IS 'DD direct debit, CC credit card, BT bank transfer';

CREATE TABLE payout (
  payout_no int PRIMARY KEY,
  claim_no int NOT NULL REFERENCES claim,
  payee char(1) NOT NULL,
  amt_cents bigint NOT NULL,
  paid_on date NOT NULL,
  voided boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE payout IS 'money paid out on claims';
COMMENT ON COLUMN payout.payee IS 'H policyholder, R repair shop, T third party';
COMMENT ON COLUMN payout.voided IS 'returned by the bank, does not count';

INSERT INTO product_line VALUES ('MOT','Motor',true),('HOM','Home',false),('LIF','Life',false),('TRV','Travel',false),('LIA','Public Liability',true),('PET','Pet',false),('LEG','Legal Expenses',false),('CYB','Cyber',false);

INSERT INTO agent
SELECT g, (ARRAY['Aoife','Brendan','Ciara','Declan','Eimear','Fergal','Grainne','Hugh','Ita','Jarlath','Kathleen','Liam'])[1+(g*5)%12],
 (ARRAY['Byrne','Kavanagh','O''Shea','Moran','Quigley','Tierney','Walsh','Foley','Lynch'])[1+(g*7)%9],
 CASE WHEN g<=3 THEN 'H' ELSE (ARRAY['N','S','S','E','E','E','W'])[1+floor(7*pg_temp.u('ar'||g))::int] END,
 date '2012-03-01' + (g*131)%3900 + floor(pg_temp.u('ah'||g)*40)::int, NULL,
 round((4+8*pg_temp.u('ac'||g))::numeric,2),
 CASE WHEN g=1 THEN NULL WHEN g<=7 THEN 1+floor(2.99*pg_temp.u('am'||g))::int*(g>3)::int ELSE 2+floor(6*pg_temp.u('am'||g)^1.6)::int END
FROM generate_series(1,36) g;
UPDATE agent SET left_on = date '2023-02-10' + agent_no*33 WHERE agent_no IN (9,14,20,23,31,35);

INSERT INTO holder
SELECT g, (ARRAY['Sean','Mary','Patrick','Orla','Tom','Niamh','Conor','Sinead','Daniel','Roisin','Peter','Emma','Kevin','Laura','Mark','Fiona','Padraig','Anna','Cillian'])[1+(g*7)%19],
 (ARRAY['Murphy','Kelly','O''Brien','Ryan','O''Connor','Doyle','McCarthy','Gallagher','Kennedy','Dunne','Nolan','Power','Healy','Brady','Burke','Sheehan','Hogan'])[1+(g*5)%17],
 date '1944-01-15' + floor(pg_temp.u('hd'||g)*22000)::int,
 (ARRAY['Dublin','Cork','Galway','Limerick','Waterford','Kilkenny','Sligo','Athlone','Dundalk','Ennis'])[1+floor(10*pg_temp.u('hc'||g)^1.7)::int],
 CASE WHEN pg_temp.u('he'||g)<0.83 THEN 'customer'||g||'@'||(ARRAY['gmail.com','eircom.net','outlook.ie'])[1+g%3] END,
 1+floor(4*pg_temp.u('hr'||g)^1.5)::int,
 date '2022-01-05' + floor(pg_temp.u('hs'||g)*1500)::int
FROM generate_series(1,220) g;

INSERT INTO policy
SELECT 'P-'||(100000+g*37), h, CASE WHEN pg_temp.u('pa'||g)<0.78 THEN 1+floor(36*pg_temp.u('pb'||g)^1.4)::int END, l,
 CASE WHEN pg_temp.u('ps'||g)<0.62 THEN 'A' WHEN pg_temp.u('ps'||g)<0.72 THEN 'L' WHEN pg_temp.u('ps'||g)<0.83 THEN 'C' WHEN pg_temp.u('ps'||g)<0.93 THEN 'E' ELSE 'Q' END,
 s, NULL,
 (CASE l WHEN 'MOT' THEN 42000 WHEN 'HOM' THEN 31000 WHEN 'LIF' THEN 56000 WHEN 'TRV' THEN 9000 WHEN 'LIA' THEN 21000 WHEN 'PET' THEN 18000 WHEN 'LEG' THEN 12000 ELSE 26000 END * (0.6+1.6*pg_temp.u('pp'||g)^2))::int/12*12,
 (ARRAY[0,15000,25000,50000,100000])[1+floor(5*pg_temp.u('pd'||g)^1.3)::int],
 (ARRAY[1,12,4,12,2,1])[1+floor(6*pg_temp.u('pf'||g))::int]
FROM (SELECT g, hh.holder_no h, greatest(hh.since_dt, date '2022-01-10') + floor(pg_temp.u('pst'||g)*(date '2026-10-20' - hh.since_dt)*0.8)::int s,
   (ARRAY['MOT','HOM','MOT','LIF','HOM','TRV','PET','MOT','LIA','LEG','CYB'])[1+floor(11*pg_temp.u('pl'||g)^1.2)::int] l
 FROM generate_series(1,380) g JOIN holder hh ON hh.holder_no = 1+floor(206*pg_temp.u('ph'||g)^1.3)::int) x;
UPDATE policy SET end_dt = CASE stat WHEN 'A' THEN CASE WHEN pg_temp.u('e'||policy_no)<0.55 THEN NULL ELSE date '2026-12-31' + floor(400*pg_temp.u('e2'||policy_no))::int END
  WHEN 'Q' THEN NULL ELSE least(start_dt + 60 + floor(pg_temp.u('e3'||policy_no)*700)::int, date '2026-11-15') END;

INSERT INTO adjuster
SELECT g, (ARRAY['Noel','Deirdre','Martin','Una','Stephen','Helen','Rory'])[1+g%7], (ARRAY['Cahill','Devlin','Egan','Farrell','Geraghty','Keane','Larkin','Mulcahy','Prendergast'])[1+(g*4)%9],
 l, pg_temp.u('ax'||g)<0.3, CASE l WHEN 'J' THEN 5000 WHEN 'S' THEN 20000 ELSE 60000 END + 2500*floor(5*pg_temp.u('al'||g))::int
FROM (SELECT g, (ARRAY['J','S','S','P','J','S'])[1+floor(6*pg_temp.u('av'||g))::int] l FROM generate_series(1,24) g) x;

INSERT INTO claim
SELECT 50000+row_number() OVER (ORDER BY g), p.policy_no, CASE WHEN st='NW' AND pg_temp.u('ca'||g)<0.7 THEN NULL ELSE 1+floor(24*pg_temp.u('cb'||g)^1.5)::int END,
 loss, (loss + floor(25*pg_temp.u('cr'||g)^3)::int) + time '07:30' + (floor(pg_temp.u('ct'||g)*780)||' minutes')::interval,
 CASE WHEN st IN ('PD','RJ','WD') THEN least(loss + 27 + floor(pg_temp.u('cc'||g)*150)::int, date '2026-11-26') END, st, cs,
 (15000 + 2400000*pg_temp.u('ce'||g)^4 + 90000*pg_temp.u('ce2'||g))::int
FROM (SELECT g, p.policy_no, loss, CASE WHEN loss > date '2026-08-10' THEN (ARRAY['NW','IN','IN','AP','NW'])[1+floor(5*v)::int]
    WHEN v<0.60 THEN 'PD' WHEN v<0.76 THEN 'RJ' WHEN v<0.84 THEN 'WD' WHEN v<0.91 THEN 'AP' WHEN v<0.98 THEN 'IN' ELSE 'NW' END st,
   CASE p.line_cd WHEN 'MOT' THEN (ARRAY['collision','collision','theft','fire','storm'])[1+floor(5*w)::int] WHEN 'HOM' THEN (ARRAY['water','water','storm','fire','theft'])[1+floor(5*w)::int]
     WHEN 'LIF' THEN 'illness' WHEN 'PET' THEN 'illness' WHEN 'TRV' THEN (ARRAY['theft','illness','other'])[1+floor(3*w)::int] ELSE 'other' END cs
  FROM (SELECT g, q.policy_no, q.line_cd, q.start_dt + 3 + floor(pg_temp.u('cl'||g)^0.8*(least(coalesce(q.end_dt,'2026-11-02'),'2026-11-02') - q.start_dt - 5))::int loss, pg_temp.u('cv'||g) v, pg_temp.u('cw'||g) w
    FROM generate_series(1,760) g JOIN (SELECT *, row_number() OVER (ORDER BY policy_no) rn FROM policy WHERE stat<>'Q') q ON q.rn = 1+floor(340*pg_temp.u('cp'||g)^1.5)::int) p) p;

INSERT INTO prem_inst
SELECT row_number() OVER (ORDER BY d, policy_no), policy_no, d::date,
 CASE WHEN d > '2026-11-20' OR pg_temp.u('iu'||policy_no||d) < CASE stat WHEN 'L' THEN 0.3 ELSE 0.03 END THEN NULL ELSE d::date - 4 + floor(30*pg_temp.u('ip'||policy_no||d)^2.5)::int END,
 prem_cents/pay_freq, (ARRAY['DD','DD','CC','BT'])[1+floor(4*pg_temp.u('im'||policy_no))::int]
FROM policy, LATERAL generate_series(start_dt::timestamp, least(coalesce(end_dt,'2026-12-20'),'2026-12-20')::timestamp, make_interval(months => 12/pay_freq)) d
WHERE stat<>'Q';

INSERT INTO payout
SELECT 7000+row_number() OVER (ORDER BY claim_no, k), claim_no, (ARRAY['H','H','R','T','R'])[1+floor(5*pg_temp.u('op'||claim_no||k))::int],
 (est_cents*(0.25+0.5*pg_temp.u('oa'||claim_no||k))/(CASE WHEN k=1 THEN 1 ELSE 2 END))::bigint,
 CASE WHEN stat='PD' THEN closed_on - 20*(k=1)::int ELSE loss_dt+26 END - floor(6*pg_temp.u('od'||claim_no||k))::int, pg_temp.u('ov'||claim_no||k)<0.05
FROM claim, generate_series(1,3) k
WHERE (stat='PD' AND (k=1 OR pg_temp.u('on'||claim_no||k)<0.3)) OR (stat='AP' AND k=1 AND loss_dt < '2026-10-20' AND pg_temp.u('on'||claim_no)<0.6);
