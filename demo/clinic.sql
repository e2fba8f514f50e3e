-- The demonstration database: Harbor Animal Care, a group of veterinary clinics.
--
-- Written for this project; every person, animal and figure in it is made up. The data comes
-- from md5 of a row number and a salt, so that every load, on any machine and any PostgreSQL
-- from 15 on, gives the same rows. All dates are fixed: the books end on 2025-06-30.
--
-- Load into an empty database:  psql -X -v ON_ERROR_STOP=1 -f demo/clinic.sql DATABASE

SET client_min_messages = warning;
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET search_path = public;

BEGIN;

CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'Invoices and payments';

CREATE TYPE staff_role AS ENUM ('executive', 'manager', 'veterinarian', 'technician', 'receptionist');
CREATE TYPE appt_status AS ENUM ('booked', 'completed', 'cancelled', 'no_show');
CREATE TYPE billing.pay_method AS ENUM ('card', 'cash', 'transfer', 'insurance');
CREATE DOMAIN email_addr AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');

CREATE TABLE clinic (
    clinic_id  integer PRIMARY KEY,
    clinic_nm  text NOT NULL UNIQUE,
    city       text NOT NULL,
    state_cd   char(2) NOT NULL,
    opened_on  date NOT NULL,
    closed_on  date,
    rooms      smallint,
    is_24h     boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE clinic IS 'Clinics of the group, closed ones included';
COMMENT ON COLUMN clinic.closed_on IS 'Day the clinic was closed; null while it is open';
COMMENT ON COLUMN clinic.rooms IS 'Number of examination rooms';
COMMENT ON COLUMN clinic.is_24h IS 'True for emergency clinics, which are open around the clock';

CREATE TABLE staff (
    emp_no      integer PRIMARY KEY,
    first_nm    text NOT NULL,
    last_nm     text NOT NULL,
    role        staff_role NOT NULL,
    clinic_id   integer REFERENCES clinic,
    mgr_emp_no  integer REFERENCES staff,
    hired_on    date NOT NULL,
    left_on     date,
    sal_mth     numeric(9,2) NOT NULL
);
COMMENT ON TABLE staff IS 'Employees, present and former';
COMMENT ON COLUMN staff.clinic_id IS 'Clinic the employee works at; null at head office';
COMMENT ON COLUMN staff.mgr_emp_no IS 'Employee number of the direct manager';
COMMENT ON COLUMN staff.left_on IS 'Last day of employment; null for current employees';
COMMENT ON COLUMN staff.sal_mth IS 'Gross salary per month in USD';

CREATE TABLE client (
    cust_no         integer PRIMARY KEY,
    first_nm        text NOT NULL,
    last_nm         text NOT NULL,
    email           email_addr,
    phone           text,
    city            text,
    post_cd         text,
    home_clinic_id  integer NOT NULL REFERENCES clinic,
    joined_on       date NOT NULL,
    ref_src         text,
    mkt_ok          boolean NOT NULL DEFAULT false,
    deleted_at      timestamptz
);
COMMENT ON TABLE client IS 'Pet owners';
COMMENT ON COLUMN client.cust_no IS 'Customer number';
COMMENT ON COLUMN client.ref_src IS 'How the client heard of us: friend, web, walk-in, vet, ad';
COMMENT ON COLUMN client.mkt_ok IS 'Client agreed to receive marketing mail';
COMMENT ON COLUMN client.deleted_at IS 'When the account was deleted; null for live accounts';

CREATE TABLE breed (
    breed_id  integer PRIMARY KEY,
    species   text NOT NULL CHECK (species IN ('dog', 'cat', 'rabbit', 'bird', 'reptile')),
    breed_nm  text NOT NULL,
    UNIQUE (species, breed_nm)
);

CREATE TABLE patient (
    patient_id   integer PRIMARY KEY,
    cust_no      integer NOT NULL REFERENCES client,
    pet_nm       text NOT NULL,
    breed_id     integer NOT NULL REFERENCES breed,
    sex          char(1) CHECK (sex IN ('M', 'F', 'N', 'S')),
    dob          date,
    chip_no      text UNIQUE,
    insured      boolean NOT NULL,
    deceased_on  date,
    deleted_at   timestamptz
);
COMMENT ON TABLE patient IS 'Animals, each belonging to one client';
COMMENT ON COLUMN patient.sex IS 'M male, F female, N neutered male, S spayed female; null if unknown';
COMMENT ON COLUMN patient.dob IS 'Date of birth, often estimated';
COMMENT ON COLUMN patient.chip_no IS 'Microchip number; null if the animal has none';
COMMENT ON COLUMN patient.deleted_at IS 'When the record was deleted; null for live records';

CREATE TABLE appointment (
    appt_id     integer PRIMARY KEY,
    clinic_id   integer NOT NULL REFERENCES clinic,
    patient_id  integer NOT NULL REFERENCES patient,
    emp_no      integer NOT NULL REFERENCES staff,
    starts_at   timestamptz NOT NULL,
    dur_min     smallint NOT NULL,
    st_cd       appt_status NOT NULL,
    channel     char(1) NOT NULL CHECK (channel IN ('P', 'W', 'D')),
    booked_at   timestamptz NOT NULL
);
COMMENT ON TABLE appointment IS 'Appointments, kept or not';
COMMENT ON COLUMN appointment.emp_no IS 'Veterinarian the appointment is with';
COMMENT ON COLUMN appointment.dur_min IS 'Planned length in minutes';
COMMENT ON COLUMN appointment.st_cd IS 'Status of the appointment';
COMMENT ON COLUMN appointment.channel IS 'How it was booked: P by phone, W on the web site, D at the front desk';

CREATE TABLE visit (
    visit_id    integer PRIMARY KEY,
    appt_id     integer UNIQUE REFERENCES appointment,
    patient_id  integer NOT NULL REFERENCES patient,
    clinic_id   integer NOT NULL REFERENCES clinic,
    emp_no      integer NOT NULL REFERENCES staff,
    dt_svc      date NOT NULL,
    wt_kg       numeric(5,2),
    temp_c      numeric(3,1),
    follow_up   boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE visit IS 'What took place: one row per examination of one animal';
COMMENT ON COLUMN visit.appt_id IS 'Appointment the visit was booked as; null for walk-ins';
COMMENT ON COLUMN visit.emp_no IS 'Veterinarian who saw the animal';
COMMENT ON COLUMN visit.dt_svc IS 'Date of service';
COMMENT ON COLUMN visit.wt_kg IS 'Body weight in kilograms, if taken';

CREATE TABLE diagnosis (
    dx_cd      text PRIMARY KEY,
    dx_nm      text NOT NULL,
    body_sys   text NOT NULL,
    chronic    boolean NOT NULL
);
COMMENT ON TABLE diagnosis IS 'Catalogue of diagnoses';
COMMENT ON COLUMN diagnosis.body_sys IS 'Organ system';

CREATE TABLE visit_diagnosis (
    visit_id  integer NOT NULL REFERENCES visit,
    dx_cd     text NOT NULL REFERENCES diagnosis,
    is_prim   boolean NOT NULL,
    PRIMARY KEY (visit_id, dx_cd)
);
COMMENT ON COLUMN visit_diagnosis.is_prim IS 'True for the main diagnosis of the visit';

CREATE TABLE service (
    svc_cd      text PRIMARY KEY,
    svc_nm      text NOT NULL,
    svc_cat     char(3) NOT NULL,
    list_price  numeric(8,2) NOT NULL,
    active      boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE service IS 'Price list';
COMMENT ON COLUMN service.svc_cat IS 'CON consultation, VAC vaccination, SUR surgery, DEN dentistry, LAB laboratory, IMG imaging, OTH other';
COMMENT ON COLUMN service.list_price IS 'Current price in USD before discount and tax';

CREATE TABLE visit_service (
    visit_id    integer NOT NULL REFERENCES visit,
    line_no     smallint NOT NULL,
    svc_cd      text NOT NULL REFERENCES service,
    qty         smallint NOT NULL CHECK (qty > 0),
    unit_price  numeric(8,2) NOT NULL,
    disc_pct    numeric(4,1) NOT NULL DEFAULT 0,
    PRIMARY KEY (visit_id, line_no)
);
COMMENT ON TABLE visit_service IS 'Services rendered in a visit';
COMMENT ON COLUMN visit_service.unit_price IS 'Price charged per unit on that day, before discount';
COMMENT ON COLUMN visit_service.disc_pct IS 'Discount in percent';

CREATE TABLE drug (
    drug_id     integer PRIMARY KEY,
    drug_nm     text NOT NULL UNIQUE,
    drug_class  text NOT NULL,
    ctrl_sub    boolean NOT NULL,
    unit_cost   numeric(7,2) NOT NULL
);
COMMENT ON TABLE drug IS 'Medicines kept in stock';
COMMENT ON COLUMN drug.ctrl_sub IS 'True for controlled substances';
COMMENT ON COLUMN drug.unit_cost IS 'Purchase price of one pack in USD';

CREATE TABLE prescription (
    rx_no     integer PRIMARY KEY,
    visit_id  integer NOT NULL REFERENCES visit,
    drug_id   integer NOT NULL REFERENCES drug,
    packs     smallint NOT NULL,
    days      smallint NOT NULL,
    refills   smallint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN prescription.days IS 'Length of the course in days';

CREATE TABLE clinic_stock (
    clinic_id    integer NOT NULL REFERENCES clinic,
    drug_id      integer NOT NULL REFERENCES drug,
    qty_oh       integer NOT NULL,
    reorder_lvl  integer NOT NULL,
    counted_on   date NOT NULL,
    PRIMARY KEY (clinic_id, drug_id)
);
COMMENT ON TABLE clinic_stock IS 'Stock of medicines by clinic';
COMMENT ON COLUMN clinic_stock.qty_oh IS 'Packs on hand';
COMMENT ON COLUMN clinic_stock.reorder_lvl IS 'Order more when the packs on hand fall below this';

CREATE TABLE billing.invoice (
    inv_no     integer PRIMARY KEY,
    cust_no    integer NOT NULL REFERENCES public.client,
    clinic_id  integer NOT NULL REFERENCES public.clinic,
    visit_id   integer UNIQUE REFERENCES public.visit,
    dt_inv     date NOT NULL,
    dt_due     date NOT NULL,
    amt_net    numeric(10,2) NOT NULL,
    amt_tax    numeric(10,2) NOT NULL,
    amt_gross  numeric(10,2) GENERATED ALWAYS AS (amt_net + amt_tax) STORED,
    st_cd      char(1) NOT NULL CHECK (st_cd IN ('O', 'P', 'V', 'C'))
);
COMMENT ON TABLE billing.invoice IS 'Invoices; one per visit, and some for goods sold over the counter';
COMMENT ON COLUMN billing.invoice.visit_id IS 'Null for sales over the counter';
COMMENT ON COLUMN billing.invoice.amt_net IS 'Amount before tax in USD';
COMMENT ON COLUMN billing.invoice.st_cd IS 'O open, P paid, V void, C in collection';

CREATE TABLE billing.payment (
    pay_id   integer PRIMARY KEY,
    inv_no   integer NOT NULL REFERENCES billing.invoice,
    dt_paid  date NOT NULL,
    amt      numeric(10,2) NOT NULL,
    method   billing.pay_method NOT NULL
);
COMMENT ON TABLE billing.payment IS 'Payments received; an invoice may be paid in parts';

-- A number in [0, 1) for row i and a salt, and three shorthands for it.
CREATE FUNCTION pg_temp.u(i integer, salt text) RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(i || ':' || salt), 1, 7))::bit(28)::integer / 268435456.0::double precision $$;
CREATE FUNCTION pg_temp.n(i integer, salt text, lo integer, hi integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT lo + floor(pg_temp.u(i, salt) * (hi - lo + 1))::integer $$;
CREATE FUNCTION pg_temp.pick(i integer, salt text, choices text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT choices[pg_temp.n(i, salt, 1, cardinality(choices))] $$;
CREATE FUNCTION pg_temp.first_nm(i integer, salt text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pick(i, salt, '{Aaron,Alice,Amir,Ana,Ben,Bianca,Carla,Carlos,Chloe,Daniel,Deepa,Diego,Elena,Emma,Erik,Fatima,Felix,Grace,Hana,Hugo,Ines,Isaac,Ivy,Jack,Jada,Joel,Jonas,Julia,Karim,Kate,Laura,Leo,Lily,Louis,Maya,Marcus,Mei,Nadia,Nathan,Nora,Oscar,Paula,Quinn,Rosa,Ryan,Sam,Sofia,Tara,Theo,Uma,Victor,Wendy,Yara,Zoe}') $$;
CREATE FUNCTION pg_temp.last_nm(i integer, salt text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT pg_temp.pick(i, salt, '{Abbott,Alvarez,Baker,Bauer,Berg,Brooks,Chan,Costa,Cruz,Dalton,Diaz,Doyle,Evans,Farrell,Fischer,Foster,Garcia,Gibson,Gupta,Hall,Hansen,Hughes,Ito,Jensen,Johnson,Kaplan,Kelly,Khan,Kim,Lang,Larsen,Lopez,Marsh,Meyer,Moore,Morris,Nguyen,Novak,"O''Brien",Olsen,Park,Patel,Perez,Quinn,Reyes,Rossi,Santos,Schmidt,Shah,Silva,Smith,Sullivan,Tanaka,Torres,Usman,Vega,Walsh,Weber,Wong,Young}') $$;

INSERT INTO clinic VALUES
    (1, 'Harbor Portland',        'Portland',  'OR', '2009-03-02', NULL,         8, true),
    (2, 'Harbor Salem',           'Salem',     'OR', '2011-09-05', NULL,         5, false),
    (3, 'Harbor Eugene',          'Eugene',    'OR', '2014-04-14', NULL,         5, false),
    (4, 'Harbor Bend',            'Bend',      'OR', '2018-06-04', NULL,         3, false),
    (5, 'Harbor Seattle North',   'Seattle',   'WA', '2012-01-16', NULL,         7, true),
    (6, 'Harbor Seattle South',   'Seattle',   'WA', '2016-10-03', NULL,         4, false),
    (7, 'Harbor Tacoma',          'Tacoma',    'WA', '2015-05-11', NULL,         4, false),
    (8, 'Harbor Spokane',         'Spokane',   'WA', '2019-02-18', NULL,         4, false),
    (9, 'Harbor Boise',           'Boise',     'ID', '2021-08-30', '2024-09-30', 3, false);

INSERT INTO breed VALUES
    (1, 'dog', 'Labrador Retriever'), (2, 'dog', 'German Shepherd'), (3, 'dog', 'Beagle'),
    (4, 'dog', 'French Bulldog'), (5, 'dog', 'Border Collie'), (6, 'dog', 'Dachshund'),
    (7, 'dog', 'Poodle'), (8, 'dog', 'Mixed breed'), (9, 'cat', 'Domestic Shorthair'),
    (10, 'cat', 'Maine Coon'), (11, 'cat', 'Siamese'), (12, 'cat', 'Ragdoll'),
    (13, 'cat', 'Domestic Longhair'), (14, 'rabbit', 'Holland Lop'), (15, 'rabbit', 'Rex'),
    (16, 'bird', 'Cockatiel'), (17, 'bird', 'Budgerigar'), (18, 'reptile', 'Leopard Gecko'),
    (19, 'reptile', 'Bearded Dragon'), (20, 'dog', 'Pug');

INSERT INTO diagnosis VALUES
    ('CAR01', 'Heart murmur', 'cardiac', true), ('CAR02', 'Cardiomyopathy', 'cardiac', true),
    ('DEN01', 'Dental tartar', 'dental', false), ('DEN02', 'Tooth abscess', 'dental', false),
    ('DRM01', 'Flea allergy', 'skin', false), ('DRM02', 'Atopic dermatitis', 'skin', true),
    ('DRM03', 'Hot spot', 'skin', false), ('EAR01', 'Ear infection', 'ear', false),
    ('END01', 'Diabetes mellitus', 'endocrine', true), ('END02', 'Hyperthyroidism', 'endocrine', true),
    ('EYE01', 'Conjunctivitis', 'eye', false), ('GAS01', 'Gastroenteritis', 'digestive', false),
    ('GAS02', 'Foreign body', 'digestive', false), ('GAS03', 'Obesity', 'digestive', true),
    ('ORT01', 'Arthritis', 'orthopedic', true), ('ORT02', 'Cruciate ligament rupture', 'orthopedic', false),
    ('ORT03', 'Fracture', 'orthopedic', false), ('RSP01', 'Kennel cough', 'respiratory', false),
    ('URO01', 'Urinary tract infection', 'urinary', false), ('URO02', 'Chronic kidney disease', 'urinary', true),
    ('WEL00', 'Healthy, check-up only', 'none', false), ('WND01', 'Bite wound', 'skin', false);

INSERT INTO service VALUES
    ('C10', 'Standard consultation', 'CON', 68.00, true),
    ('C11', 'Follow-up consultation', 'CON', 42.00, true),
    ('C20', 'Emergency consultation', 'CON', 155.00, true),
    ('C90', 'Telephone advice', 'CON', 25.00, false),
    ('V01', 'Rabies vaccine', 'VAC', 32.00, true),
    ('V02', 'Distemper combination vaccine', 'VAC', 44.00, true),
    ('V03', 'Feline leukemia vaccine', 'VAC', 39.00, true),
    ('S01', 'Neutering', 'SUR', 240.00, true),
    ('S02', 'Spaying', 'SUR', 320.00, true),
    ('S03', 'Mass removal', 'SUR', 480.00, true),
    ('S04', 'Cruciate repair', 'SUR', 2650.00, true),
    ('S05', 'Wound suture', 'SUR', 175.00, true),
    ('D01', 'Dental cleaning', 'DEN', 290.00, true),
    ('D02', 'Tooth extraction', 'DEN', 135.00, true),
    ('L01', 'Complete blood count', 'LAB', 58.00, true),
    ('L02', 'Chemistry panel', 'LAB', 92.00, true),
    ('L03', 'Urinalysis', 'LAB', 41.00, true),
    ('L04', 'Fecal examination', 'LAB', 35.00, true),
    ('I01', 'Radiograph', 'IMG', 125.00, true),
    ('I02', 'Ultrasound', 'IMG', 260.00, true),
    ('O01', 'Nail trim', 'OTH', 18.00, true),
    ('O02', 'Microchip implantation', 'OTH', 52.00, true),
    ('O03', 'Health certificate', 'OTH', 75.00, true),
    ('O04', 'Boarding, per night', 'OTH', 48.00, true);

INSERT INTO drug VALUES
    (1, 'Amoxicillin 250 mg', 'antibiotic', false, 9.40), (2, 'Cephalexin 500 mg', 'antibiotic', false, 12.10),
    (3, 'Doxycycline 100 mg', 'antibiotic', false, 14.75), (4, 'Enrofloxacin 50 mg', 'antibiotic', false, 21.30),
    (5, 'Metronidazole 250 mg', 'antibiotic', false, 8.20), (6, 'Carprofen 75 mg', 'pain relief', false, 24.90),
    (7, 'Meloxicam oral', 'pain relief', false, 18.60), (8, 'Gabapentin 100 mg', 'pain relief', true, 11.05),
    (9, 'Tramadol 50 mg', 'pain relief', true, 13.80), (10, 'Buprenorphine', 'pain relief', true, 46.00),
    (11, 'Prednisolone 5 mg', 'steroid', false, 6.90), (12, 'Dexamethasone', 'steroid', false, 15.20),
    (13, 'Insulin glargine', 'hormone', false, 88.50), (14, 'Methimazole 5 mg', 'hormone', false, 27.40),
    (15, 'Pimobendan 5 mg', 'cardiac', false, 52.70), (16, 'Furosemide 20 mg', 'cardiac', false, 7.80),
    (17, 'Fluralaner chewable', 'parasite control', false, 41.25), (18, 'Selamectin topical', 'parasite control', false, 33.10),
    (19, 'Ketamine', 'anesthetic', true, 29.60), (20, 'Ear drops, otic', 'ear and eye', false, 16.45),
    (21, 'Eye ointment', 'ear and eye', false, 12.95), (22, 'Kidney diet supplement', 'nutrition', false, 22.00);

-- Head office first, then for each clinic a manager, 3 veterinarians (5 at the emergency
-- clinics), 2 technicians and a receptionist.
INSERT INTO staff VALUES
    (1001, 'Margaret', 'Holloway', 'executive', NULL, NULL, '2009-01-05', NULL, 18500.00),
    (1002, 'Samuel', 'Adeyemi', 'executive', NULL, 1001, '2012-04-02', NULL, 15200.00),
    (1003, 'Ingrid', 'Castellanos', 'executive', NULL, 1001, '2015-07-20', NULL, 14800.00);

INSERT INTO staff
SELECT 2000 + row_number() OVER (ORDER BY c.clinic_id, k.i)::integer,
       pg_temp.first_nm(c.clinic_id * 50 + k.i, 'staff first'), pg_temp.last_nm(c.clinic_id * 50 + k.i, 'staff last'),
       k.role, c.clinic_id, NULL, h.hired_on,
       CASE WHEN c.closed_on IS NOT NULL THEN c.closed_on
            WHEN k.i > 2 AND pg_temp.u(c.clinic_id * 50 + k.i, 'left') < 0.12
            THEN greatest(h.hired_on + 200, date '2024-01-01') + pg_temp.n(c.clinic_id * 50 + k.i, 'left on', 0, 400) END,
       CASE k.role WHEN 'manager' THEN 7200 WHEN 'veterinarian' THEN 8600
                   WHEN 'technician' THEN 3900 ELSE 3300 END
       + 25 * pg_temp.n(c.clinic_id * 50 + k.i, 'salary', 0, 60)
FROM clinic c,
     LATERAL (SELECT i, (CASE WHEN i = 1 THEN 'manager' WHEN i <= 4 + 2 * c.is_24h::integer THEN 'veterinarian'
                              WHEN i <= 6 + 2 * c.is_24h::integer THEN 'technician' ELSE 'receptionist' END)::staff_role AS role
              FROM generate_series(1, 7 + 2 * c.is_24h::integer) AS i) k,
     LATERAL (SELECT CASE WHEN k.i <= 2 THEN c.opened_on
                          ELSE c.opened_on + pg_temp.n(c.clinic_id * 50 + k.i, 'hired', 0, (date '2023-01-01' - c.opened_on))
                     END AS hired_on) h;
UPDATE staff s SET mgr_emp_no = CASE WHEN s.role = 'manager' THEN 1002 ELSE m.emp_no END
FROM staff m WHERE m.clinic_id = s.clinic_id AND m.role = 'manager';

INSERT INTO client
SELECT 5000 + i, pg_temp.first_nm(i, 'first'), pg_temp.last_nm(i, 'last'),
       CASE WHEN pg_temp.u(i, 'has email') < 0.86
            THEN lower(pg_temp.first_nm(i, 'first')) || '.' || replace(lower(pg_temp.last_nm(i, 'last')), '''', '') || i || '@' || pg_temp.pick(i, 'host', '{example.com,example.org,mail.example}') END,
       CASE WHEN pg_temp.u(i, 'has phone') < 0.93
            THEN '(' || CASE h.state_cd WHEN 'OR' THEN '503' WHEN 'WA' THEN '206' ELSE '208' END || ') 555-' || lpad(pg_temp.n(i, 'phone', 100, 199)::text, 4, '0') END,
       h.city,
       CASE h.state_cd WHEN 'OR' THEN '97' WHEN 'WA' THEN '98' ELSE '83' END || lpad(pg_temp.n(i, 'post', 100, 480)::text, 3, '0'),
       h.clinic_id, j.joined_on,
       CASE WHEN pg_temp.u(i, 'has ref') < 0.8 THEN pg_temp.pick(i, 'ref', '{friend,friend,friend,web,web,web,walk-in,walk-in,vet,ad}') END,
       pg_temp.u(i, 'mkt') < 0.42,
       CASE WHEN pg_temp.u(i, 'deleted') < 0.05
            THEN (date '2025-01-06' + pg_temp.n(i, 'deleted on', 0, 170)) + make_interval(mins => pg_temp.n(i, 'deleted min', 480, 1080)) END
FROM generate_series(1, 380) AS i,
     LATERAL (SELECT * FROM clinic WHERE clinic_id = pg_temp.pick(i, 'home', '{1,1,1,1,2,2,3,3,4,5,5,5,5,6,6,7,7,8,9}')::integer) h,
     LATERAL (SELECT greatest(h.opened_on, date '2019-01-07') AS lo) l,
     LATERAL (SELECT l.lo + pg_temp.n(i, 'joined', 0, least(coalesce(h.closed_on - 120, '2025-06-10'), date '2025-06-10') - l.lo) AS joined_on) j;

INSERT INTO patient
SELECT row_number() OVER (ORDER BY c.cust_no, k)::integer, c.cust_no,
       pg_temp.pick(x.i, 'pet', '{Bella,Luna,Max,Charlie,Cooper,Milo,Daisy,Rocky,Lucy,Buddy,Coco,Ruby,Oliver,Leo,Simba,Nala,Oreo,Pepper,Ginger,Willow,Hazel,Biscuit,Mango,Kiwi,Shadow,Ziggy,Olive,Peanut,Waffles,Clementine}'),
       b.breed_id,
       CASE WHEN b.breed_id BETWEEN 16 AND 19 THEN CASE WHEN pg_temp.u(x.i, 'sexed') < 0.5 THEN pg_temp.pick(x.i, 'sex', '{M,F}') END
            ELSE pg_temp.pick(x.i, 'sex', '{M,F,N,N,S,S}') END,
       CASE WHEN pg_temp.u(x.i, 'has dob') < 0.95 THEN least(c.joined_on, date '2023-01-02') - pg_temp.n(x.i, 'age', 60, 4200) END,
       CASE WHEN b.breed_id NOT BETWEEN 14 AND 19 AND pg_temp.u(x.i, 'chip') < 0.7 THEN '9851' || lpad((x.i * 7919)::text, 11, '0') END,
       pg_temp.u(x.i, 'insured') < 0.34, NULL,
       CASE WHEN c.deleted_at IS NOT NULL THEN c.deleted_at END
FROM client c,
     LATERAL generate_series(1, pg_temp.pick(c.cust_no, 'pets', '{1,1,1,1,1,2,2,2,3}')::integer) AS k,
     LATERAL (SELECT c.cust_no * 4 + k AS i) x,
     LATERAL (SELECT pg_temp.pick(x.i, 'breed', '{1,1,1,2,2,3,3,4,4,4,5,6,7,8,8,8,8,20,9,9,9,9,9,9,10,10,11,12,13,13,14,15,16,17,18,19}')::integer AS breed_id) b;

-- Appointments: 1 to 5 for an animal, on weekdays and Saturdays, at its home clinic.
CREATE TEMPORARY TABLE slot ON COMMIT DROP AS
SELECT p.patient_id * 8 + k AS i, p.patient_id, c.home_clinic_id AS clinic_id, d.day + (extract(isodow FROM d.day) = 7)::integer AS day
FROM patient p JOIN client c USING (cust_no) JOIN clinic h ON h.clinic_id = c.home_clinic_id,
     LATERAL generate_series(1, pg_temp.pick(p.patient_id, 'appts', '{1,1,2,2,2,3,3,4,5}')::integer) AS k,
     LATERAL (SELECT greatest(c.joined_on, date '2023-01-02') AS lo, coalesce(h.closed_on, date '2025-07-26') - 1 AS hi) r,
     LATERAL (SELECT r.lo + floor(pg_temp.u(p.patient_id * 8 + k, 'day') * (r.hi - r.lo + 1))::integer AS day) d;

INSERT INTO appointment
SELECT 30000 + row_number() OVER (ORDER BY s.day, t.at_min, s.i)::integer, s.clinic_id, s.patient_id, v.emp_no,
       s.day + make_interval(mins => t.at_min), pg_temp.pick(s.i, 'dur', '{15,20,20,30,30,30,45,60}')::smallint,
       (CASE WHEN s.day > date '2025-06-30' THEN 'booked'
             WHEN pg_temp.u(s.i, 'status') < 0.80 THEN 'completed'
             WHEN pg_temp.u(s.i, 'status') < 0.91 THEN 'cancelled' ELSE 'no_show' END)::appt_status,
       pg_temp.pick(s.i, 'channel', '{P,P,P,W,W,W,D}'),
       s.day + make_interval(mins => t.at_min) - make_interval(days => b.ahead, mins => pg_temp.n(s.i, 'booked', 5, 300))
FROM slot s,
     LATERAL (SELECT 480 + 15 * pg_temp.n(s.i, 'minute', 0, 37) AS at_min) t,
     LATERAL (SELECT CASE WHEN s.day > date '2025-06-30' THEN s.day - date '2025-06-30' + pg_temp.n(s.i, 'ahead', 0, 20)
                          ELSE pg_temp.n(s.i, 'ahead', 0, 28) END AS ahead) b,
     LATERAL (SELECT emp_no FROM staff
              WHERE clinic_id = s.clinic_id AND role = 'veterinarian' AND hired_on <= s.day AND (left_on IS NULL OR left_on >= s.day)
              ORDER BY md5(s.i || ':vet:' || emp_no) LIMIT 1) v;

INSERT INTO visit
SELECT 70000 + row_number() OVER (ORDER BY day, walk_in, i)::integer, appt_id, patient_id, clinic_id, emp_no, day,
       CASE WHEN pg_temp.u(i, 'weighed') < 0.92 THEN
           (CASE WHEN species = 'dog' THEN 6 + 32 * pg_temp.u(patient_id, 'size') WHEN species = 'cat' THEN 3.2 + 3.5 * pg_temp.u(patient_id, 'size')
                 WHEN species = 'rabbit' THEN 1.4 + 1.2 * pg_temp.u(patient_id, 'size') ELSE 0.06 + 0.35 * pg_temp.u(patient_id, 'size') END
            * (0.95 + 0.1 * pg_temp.u(i, 'weight')))::numeric(5,2) END,
       CASE WHEN species IN ('dog', 'cat') AND pg_temp.u(i, 'temp taken') < 0.8 THEN (37.8 + 2.1 * pg_temp.u(i, 'temp'))::numeric(3,1) END,
       pg_temp.u(i, 'follow') < 0.22
FROM (SELECT a.appt_id, a.patient_id, a.clinic_id, a.emp_no, a.starts_at::date AS day, 0 AS walk_in, a.appt_id AS i
      FROM appointment a WHERE a.st_cd = 'completed'
      UNION ALL
      SELECT NULL, a.patient_id, a.clinic_id, a.emp_no, a.starts_at::date + 2 + 2 * (extract(isodow FROM a.starts_at) >= 5)::integer, 1, a.appt_id
      FROM appointment a JOIN clinic c USING (clinic_id)
      WHERE a.st_cd <> 'booked' AND c.closed_on IS NULL AND a.starts_at < '2025-06-20' AND pg_temp.u(a.appt_id, 'walk-in') < 0.09) AS seen
     JOIN patient USING (patient_id) JOIN breed USING (breed_id);

INSERT INTO visit_diagnosis
SELECT DISTINCT ON (v.visit_id, d.dx_cd) v.visit_id, d.dx_cd, k = 1
FROM visit v,
     LATERAL generate_series(1, pg_temp.pick(v.visit_id, 'dx count', '{0,1,1,1,1,1,1,2,2,3}')::integer) AS k,
     LATERAL (SELECT CASE WHEN k = 1 AND pg_temp.u(v.visit_id, 'well') < 0.24 THEN 'WEL00'
                          ELSE pg_temp.pick(v.visit_id * 4 + k, 'dx', '{CAR01,CAR02,DEN01,DEN01,DEN02,DRM01,DRM01,DRM02,DRM03,EAR01,EAR01,EAR01,END01,END02,EYE01,GAS01,GAS01,GAS01,GAS02,GAS03,ORT01,ORT01,ORT02,ORT03,RSP01,URO01,URO01,URO02,WND01}') END AS dx_cd) d
WHERE k = 1 OR pg_temp.u(v.visit_id, 'well') >= 0.24
ORDER BY v.visit_id, d.dx_cd, k;

-- The consultation is always the first line; prices were 6 % lower before 2024.
INSERT INTO visit_service
SELECT v.visit_id, k, s.svc_cd, CASE WHEN s.svc_cd = 'D02' THEN pg_temp.n(v.visit_id, 'teeth', 1, 3) WHEN s.svc_cd = 'O04' THEN pg_temp.n(v.visit_id, 'nights', 1, 6) ELSE 1 END,
       round(s.list_price * CASE WHEN v.dt_svc < date '2024-01-01' THEN 0.94 ELSE 1 END, 2),
       pg_temp.pick(v.visit_id * 8 + k, 'disc', '{0,0,0,0,0,0,0,5,10,15}')::numeric
FROM visit v JOIN clinic c USING (clinic_id),
     LATERAL generate_series(1, pg_temp.pick(v.visit_id, 'lines', '{1,1,2,2,2,3,3,4}')::integer) AS k,
     LATERAL (SELECT CASE WHEN k > 1 THEN pg_temp.pick(v.visit_id * 8 + k, 'svc', '{V01,V01,V01,V02,V02,V03,S01,S02,S03,S04,S05,D01,D01,D02,L01,L01,L01,L02,L02,L03,L04,I01,I01,I02,O01,O01,O02,O03,O04}')
                          WHEN c.is_24h AND v.appt_id IS NULL THEN 'C20'
                          WHEN pg_temp.u(v.visit_id, 'again') < 0.2 THEN 'C11' ELSE 'C10' END AS svc_cd) l
     JOIN service s USING (svc_cd);

INSERT INTO prescription
SELECT 400000 + row_number() OVER (ORDER BY v.visit_id, k)::integer, v.visit_id, pg_temp.n(v.visit_id * 4 + k, 'drug', 1, 22),
       pg_temp.n(v.visit_id * 4 + k, 'packs', 1, 3), pg_temp.pick(v.visit_id * 4 + k, 'days', '{5,7,7,10,14,14,21,30,90}')::smallint,
       pg_temp.pick(v.visit_id * 4 + k, 'refills', '{0,0,0,0,1,2,3}')::smallint
FROM visit v, LATERAL generate_series(1, pg_temp.pick(v.visit_id, 'rx count', '{0,0,0,0,1,1,1,1,2}')::integer) AS k;

INSERT INTO clinic_stock
SELECT c.clinic_id, d.drug_id, pg_temp.n(c.clinic_id * 100 + d.drug_id, 'stock', 0, 48), 5 * pg_temp.n(c.clinic_id * 100 + d.drug_id, 'reorder', 1, 4),
       date '2025-06-02' + pg_temp.n(c.clinic_id * 100 + d.drug_id, 'counted', 0, 26)
FROM clinic c, drug d
WHERE c.closed_on IS NULL AND pg_temp.u(c.clinic_id * 100 + d.drug_id, 'kept') < 0.88;

INSERT INTO billing.invoice (inv_no, cust_no, clinic_id, visit_id, dt_inv, dt_due, amt_net, amt_tax, st_cd)
SELECT 200000 + row_number() OVER (ORDER BY dt_inv, i)::integer, cust_no, clinic_id, visit_id, dt_inv, dt_inv + 30, amt_net, round(amt_net * 0.0825, 2),
       CASE WHEN pg_temp.u(i, 'void') < 0.02 THEN 'V'
            WHEN pg_temp.u(i, 'paid') < CASE WHEN dt_inv < date '2025-05-15' THEN 0.94 ELSE 0.6 END THEN 'P'
            WHEN dt_inv < date '2025-03-01' THEN 'C' ELSE 'O' END
FROM (SELECT v.visit_id AS i, p.cust_no, v.clinic_id, v.visit_id, v.dt_svc AS dt_inv,
             sum(round(l.qty * l.unit_price * (1 - l.disc_pct / 100), 2)) AS amt_net
      FROM visit v JOIN patient p USING (patient_id) JOIN visit_service l USING (visit_id)
      WHERE pg_temp.u(v.visit_id, 'billed') < 0.975
      GROUP BY v.visit_id, p.cust_no
      UNION ALL
      SELECT 900000 + c.cust_no, c.cust_no, c.home_clinic_id, NULL,
             greatest(c.joined_on, date '2023-01-02') + pg_temp.n(c.cust_no, 'counter', 0, least(coalesce(h.closed_on, '2025-06-30'), date '2025-06-30') - greatest(c.joined_on, date '2023-01-02')),
             pg_temp.n(c.cust_no, 'goods', 8, 190) + 0.5 * pg_temp.n(c.cust_no, 'half', 0, 1)
      FROM client c JOIN clinic h ON h.clinic_id = c.home_clinic_id WHERE pg_temp.u(c.cust_no, 'bought') < 0.2) AS bill;

-- Paid invoices in one or two parts; a third of those open or in collection in part.
INSERT INTO billing.payment
SELECT 600000 + row_number() OVER (ORDER BY least(p.dt_paid, date '2025-06-30'), i.inv_no, k)::integer, i.inv_no, least(p.dt_paid, date '2025-06-30'),
       CASE WHEN i.st_cd <> 'P' THEN round(i.amt_gross * 0.4, 2)
            WHEN q.parts = 1 THEN i.amt_gross
            WHEN k = 1 THEN round(i.amt_gross / 2, 2) ELSE i.amt_gross - round(i.amt_gross / 2, 2) END,
       (CASE WHEN t.insured AND k = 1 AND pg_temp.u(i.inv_no, 'insurer') < 0.6 THEN 'insurance'
             ELSE pg_temp.pick(i.inv_no * 2 + k, 'method', '{card,card,card,card,cash,transfer}') END)::billing.pay_method
FROM billing.invoice i LEFT JOIN visit v USING (visit_id) LEFT JOIN patient t USING (patient_id),
     LATERAL (SELECT CASE WHEN i.st_cd = 'V' THEN 0 WHEN i.st_cd <> 'P' THEN (pg_temp.u(i.inv_no, 'part') < 0.33)::integer
                          WHEN i.amt_gross > 300 AND pg_temp.u(i.inv_no, 'split') < 0.4 THEN 2 ELSE 1 END AS parts) q,
     LATERAL generate_series(1, q.parts) AS k,
     LATERAL (SELECT i.dt_inv + CASE WHEN k = 1 AND pg_temp.u(i.inv_no, 'at once') < 0.6 THEN 0 ELSE pg_temp.n(i.inv_no * 2 + k, 'pay day', 3, 26) + 20 * (k - 1) END AS dt_paid) p;

-- Some animals died some time after they were last seen and have nothing booked.
UPDATE patient p SET deceased_on = least(l.last_seen + pg_temp.n(p.patient_id, 'died', 1, 90), date '2025-06-30')
FROM (SELECT patient_id, max(dt_svc) AS last_seen FROM visit GROUP BY patient_id) l
WHERE l.patient_id = p.patient_id AND pg_temp.u(p.patient_id, 'dies') < 0.07
  AND NOT EXISTS (SELECT FROM appointment a WHERE a.patient_id = p.patient_id AND a.starts_at::date > l.last_seen);

CREATE INDEX ON patient (cust_no);
CREATE INDEX ON appointment (patient_id);
CREATE INDEX ON appointment (clinic_id, starts_at);
CREATE INDEX ON visit (patient_id);
CREATE INDEX ON visit (dt_svc);
CREATE INDEX ON billing.invoice (cust_no);
CREATE INDEX ON billing.invoice (dt_inv);
CREATE INDEX ON billing.payment (inv_no);

CREATE VIEW v_live_patient AS
SELECT p.patient_id, p.pet_nm, b.species, b.breed_nm, p.sex, p.dob, p.insured, c.cust_no, c.last_nm AS owner_last_nm, c.home_clinic_id
FROM patient p JOIN breed b USING (breed_id) JOIN client c USING (cust_no)
WHERE p.deceased_on IS NULL AND p.deleted_at IS NULL AND c.deleted_at IS NULL;
COMMENT ON VIEW v_live_patient IS 'Animals that are alive and whose record and owner are not deleted';

CREATE VIEW billing.v_inv_balance AS
SELECT i.inv_no, i.cust_no, i.dt_inv, i.dt_due, i.st_cd, i.amt_gross, coalesce(sum(p.amt), 0) AS amt_paid, i.amt_gross - coalesce(sum(p.amt), 0) AS amt_open
FROM billing.invoice i LEFT JOIN billing.payment p USING (inv_no)
WHERE i.st_cd <> 'V'
GROUP BY i.inv_no;
COMMENT ON VIEW billing.v_inv_balance IS 'Paid and unpaid amount of every invoice that is not void';

CREATE MATERIALIZED VIEW billing.mv_clinic_month AS
SELECT i.clinic_id, date_trunc('month', i.dt_inv)::date AS month, count(*) AS n_inv, sum(i.amt_net) AS rev_net
FROM billing.invoice i WHERE i.st_cd <> 'V'
GROUP BY 1, 2;
CREATE UNIQUE INDEX ON billing.mv_clinic_month (clinic_id, month);
COMMENT ON MATERIALIZED VIEW billing.mv_clinic_month IS 'Net revenue by clinic and month, void invoices left out';

COMMIT;

ANALYZE;
