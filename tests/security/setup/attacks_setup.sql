-- What attacks aim at or work with, after benign_schema.sql, in a throw-away cluster only: it creates
-- insecure objects on purpose (trojan views, SECURITY DEFINER eval, a foreign table that runs a program).
-- Variables of psql: host and port of this very server, for connections back to it; files, a directory
-- that the server may write to.
SET client_min_messages = warning;
DO $$ DECLARE r text; BEGIN
  FOREACH r IN ARRAY ARRAY['app_user','app_user2','mallory','fdw_remote'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname=r) THEN EXECUTE format('CREATE ROLE %I LOGIN',r); END IF;
  END LOOP;
  FOREACH r IN ARRAY ARRAY['t2s_reader','shop_owner','support_admin'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname=r) THEN EXECUTE format('CREATE ROLE %I NOLOGIN',r); END IF;
  END LOOP;
END $$;
GRANT t2s_reader TO app_user;          -- the product would SET LOCAL ROLE to it
GRANT support_admin TO app_user;       -- app_user is also a member of a more powerful role
ALTER ROLE app_user NOINHERIT;            -- may SET ROLE to both, inherits neither: so 'what may the caller see' is unambiguous
ALTER ROLE app_user SET statement_timeout='50s';
ALTER DATABASE secdb SET app.jwt_secret = 'jwt-s3cr3t-from-alter-database';

-- grants: app_user may also WRITE the shop (so that only READ ONLY / the product stands in between)
GRANT USAGE ON SCHEMA shop TO app_user, t2s_reader, app_user2, fdw_remote, support_admin, mallory;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO app_user, fdw_remote;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO t2s_reader;
REVOKE ALL ON shop.employees FROM app_user, t2s_reader, fdw_remote;
GRANT SELECT (id,name,manager_id,department,hired) ON shop.employees TO app_user;
GRANT SELECT ON shop.employees TO t2s_reader;      -- NB: the reader role may see MORE than the caller

-- no access for app_user
CREATE TABLE shop.secrets (id int PRIMARY KEY, k text, v text);
INSERT INTO shop.secrets VALUES (1,'stripe','sk_live_51secret'),(2,'smtp','hunter2');
COMMENT ON TABLE shop.secrets IS 'API keys; rotation key is ROT-COMMENT-42';
GRANT SELECT ON shop.secrets TO support_admin;
ANALYZE shop.secrets;
-- t2s_reader may read this one, app_user may not: tests "never more than the caller"
CREATE TABLE shop.reader_only (id int, v text); INSERT INTO shop.reader_only VALUES (1,'reader-only-value');
GRANT SELECT ON shop.reader_only TO t2s_reader;
CREATE SEQUENCE shop.seq1; GRANT USAGE, SELECT, UPDATE ON SEQUENCE shop.seq1 TO app_user;

-- RLS by session GUC (PostgREST/Supabase/SaaS style) and by current_user
CREATE TABLE shop.tickets (id int PRIMARY KEY, tenant text, subject text, body text);
INSERT INTO shop.tickets SELECT i, CASE WHEN i%2=0 THEN 'acme' ELSE 'globex' END, 'T'||i, 'body of '||i FROM generate_series(1,20) i;
ALTER TABLE shop.tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY p_tenant ON shop.tickets USING (tenant = current_setting('app.tenant', true));
GRANT SELECT ON shop.tickets TO app_user, t2s_reader;
CREATE TABLE shop.notes (id int PRIMARY KEY, owner name, body text);
INSERT INTO shop.notes VALUES (1,'app_user','mine'),(2,'app_user2','NOT-YOURS-2'),(3,'t2s_reader','READERS-3'),(4,'postgres','ROOTS-4');
ALTER TABLE shop.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p_owner ON shop.notes USING (owner = current_user);
GRANT SELECT ON shop.notes TO app_user, t2s_reader, app_user2;
-- a permissive policy for the reader only
CREATE TABLE shop.hr_notes (id int PRIMARY KEY, body text); INSERT INTO shop.hr_notes VALUES (1,'hr-1'),(2,'hr-2');
ALTER TABLE shop.hr_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p_reader ON shop.hr_notes TO t2s_reader USING (true);
CREATE POLICY p_user ON shop.hr_notes TO app_user USING (id=1);
GRANT SELECT ON shop.hr_notes TO app_user, t2s_reader;

-- views as row filters
CREATE TABLE shop.accounts (id int PRIMARY KEY, owner name, iban text, ssn text, balance int);
INSERT INTO shop.accounts VALUES (1,'app_user','DE00MINE','111',100),(2,'app_user2','DE99-OTHER-IBAN','123-45-6789',0),(3,'ceo','DE77-CEO-IBAN','987-65-4321',0);
CREATE TABLE shop.acct_acl (acct int, who name); INSERT INTO shop.acct_acl VALUES (1,'app_user'),(2,'app_user2');
CREATE VIEW shop.v_acct AS SELECT * FROM shop.accounts WHERE owner = current_user;
CREATE VIEW shop.v_acct_acl AS SELECT a.* FROM shop.accounts a WHERE (SELECT count(*) FROM shop.acct_acl x WHERE x.acct=a.id AND x.who=current_user) > 0;
CREATE VIEW shop.v_acct_sb WITH (security_barrier) AS SELECT * FROM shop.accounts WHERE owner = current_user;
GRANT SELECT ON shop.v_acct, shop.v_acct_acl, shop.v_acct_sb TO app_user;
ANALYZE shop.accounts;

-- SECURITY DEFINER helpers that exist in many databases
CREATE FUNCTION shop.admin_lookup(text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT v FROM shop.secrets WHERE k=$1';
CREATE FUNCTION shop.run_sql(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
CREATE FUNCTION shop.run_sql_stable(q text) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
CREATE FUNCTION shop.sd_nopath() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders; RETURN n; END $$;
CREATE PROCEDURE shop.purge() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.order_items; COMMIT; END $$;
CREATE FUNCTION shop.net_price(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round($1/1.19,2)';

-- mallory: an ordinary user who may create objects that others see
CREATE SCHEMA mallory AUTHORIZATION mallory; GRANT USAGE ON SCHEMA mallory TO PUBLIC;
GRANT CREATE ON SCHEMA public TO mallory;      -- the pre-15 default, kept by pg_upgrade
GRANT REFERENCES ON shop.customers TO mallory;
SET ROLE mallory;
CREATE TABLE mallory.loot (at timestamptz DEFAULT clock_timestamp(), who text, what text); GRANT INSERT, SELECT ON mallory.loot TO PUBLIC;
CREATE FUNCTION mallory.vol(text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO mallory.loot(who,what) VALUES (current_user,$1); RETURN $1; END $$;
CREATE FUNCTION mallory.note(text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM pg_notify('exfil', current_user||':'||$1); RETURN $1; END $$;
CREATE FUNCTION mallory.imm(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('imm:'||$1); RAISE NOTICE 'imm ran as %', current_user; RETURN $1; END $$;
CREATE FUNCTION mallory.imm_write(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.vol('imm_write'); RETURN $1; END $$;
CREATE FUNCTION mallory.sqlimm(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT mallory.note('sqlimm') $$;
CREATE FUNCTION mallory.leak(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leak: %', $1; RETURN true; END $$;
CREATE FUNCTION mallory.agg_step(text,text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM mallory.note('agg'); RETURN coalesce($1,'')||coalesce($2,''); END $$;
CREATE AGGREGATE mallory.concat_all(text) (SFUNC=mallory.agg_step, STYPE=text, INITCOND='');
CREATE FUNCTION mallory.lower(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('shadow lower'); RETURN pg_catalog.lower($1::text); END $$;
CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('shadow upper'); RETURN pg_catalog.upper($1::text); END $$;
CREATE FUNCTION public.round(bigint) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('shadow round(bigint)'); RETURN $1; END $$;
CREATE FUNCTION mallory.eqi(int,int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('op ='); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR mallory.= (LEFTARG=int, RIGHTARG=int, FUNCTION=mallory.eqi);
CREATE OPERATOR public.=== (LEFTARG=int, RIGHTARG=int, FUNCTION=mallory.eqi);
CREATE FUNCTION public.cat_vc(varchar,varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('op ||'); RETURN $1::text OPERATOR(pg_catalog.||) $2::text; END $$;
CREATE OPERATOR public.|| (LEFTARG=varchar, RIGHTARG=varchar, FUNCTION=public.cat_vc);
CREATE TYPE mallory.evil AS (a text);
CREATE FUNCTION mallory.evil_text(mallory.evil) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('cast'); RETURN ($1).a; END $$;
CREATE CAST (mallory.evil AS text) WITH FUNCTION mallory.evil_text(mallory.evil) AS IMPLICIT;
CREATE DOMAIN mallory.dom AS text CHECK (mallory.note('domain check') IS NOT NULL);
CREATE VIEW mallory.v_trojan AS SELECT i AS id, mallory.note('view') AS x FROM generate_series(1,3) i;
CREATE VIEW mallory.v_sales AS SELECT i AS id, 10*i AS revenue FROM generate_series(1,3) i WHERE mallory.imm('w') IS NOT NULL; -- looks harmless, immutable only
CREATE TABLE mallory.base (id int, v text); INSERT INTO mallory.base VALUES (1,'a');
CREATE VIEW mallory.v_rule AS SELECT * FROM mallory.base; CREATE RULE r_ins AS ON INSERT TO mallory.v_rule DO INSTEAD INSERT INTO mallory.loot(who,what) VALUES (current_user,'rule');
CREATE FUNCTION mallory.full_name(shop.customers) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM mallory.note('attr '||$1.email); RETURN $1.name; END $$;
CREATE FUNCTION public.salutation(shop.customers) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM mallory.note('attr '||$1.email); RETURN 'Dear '||$1.name; END $$;
CREATE FUNCTION mallory.srf(int) RETURNS SETOF int LANGUAGE plpgsql VOLATILE ROWS 1 AS $$ BEGIN PERFORM mallory.note('srf'); RETURN NEXT 1; END $$;
CREATE FUNCTION mallory.dflt(a int DEFAULT 1, b text DEFAULT mallory.note('default arg')) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT b';
CREATE TABLE mallory.rls_t (id int, v text); INSERT INTO mallory.rls_t VALUES (1,'x'); ALTER TABLE mallory.rls_t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON mallory.rls_t USING (mallory.note('policy') IS NOT NULL); GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC;
CREATE FUNCTION mallory.grab() RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE r text; BEGIN SELECT string_agg(iban,',') INTO r FROM shop.accounts; RETURN r; EXCEPTION WHEN insufficient_privilege THEN RETURN 'denied as '||current_user; END $$;
CREATE FUNCTION mallory.sneaky_role() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM set_config('role','none',true); RETURN current_user; EXCEPTION WHEN OTHERS THEN RETURN sqlerrm; END $$;
CREATE FUNCTION mallory.sneaky_cfg() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('statement_timeout','0',false), set_config('app.tenant','acme',false); RETURN 'ok'; END $$;
CREATE FUNCTION mallory.deep(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN mallory.deep($1+1); END $$;
CREATE FUNCTION mallory.spin() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN LOOP BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;
RESET ROLE;

-- foreign data: loop-back postgres_fdw with a mapping the DBA made, and a program table
CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE EXTENSION IF NOT EXISTS file_fdw; CREATE EXTENSION IF NOT EXISTS dblink;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname 'secdb');
CREATE USER MAPPING FOR PUBLIC SERVER loop OPTIONS (user 'fdw_remote', password_required 'false');
CREATE VIEW shop.v_remote_touch AS SELECT i AS id, mallory.vol('remote write via fdw') AS x FROM generate_series(1,1) i;
GRANT SELECT ON shop.v_remote_touch TO fdw_remote;
CREATE FOREIGN TABLE shop.ft_partner_sales (id int, x text) SERVER loop OPTIONS (schema_name 'shop', table_name 'v_remote_touch');
CREATE FOREIGN TABLE shop.ft_orders (id bigint, customer_id int) SERVER loop OPTIONS (schema_name 'shop', table_name 'orders');
GRANT SELECT ON shop.ft_partner_sales, shop.ft_orders TO app_user, t2s_reader;
GRANT USAGE ON FOREIGN SERVER loop TO app_user;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
\set program 'echo ran-as-$(id -un) | tee -a ' :files '/ft_cmd.ran'
CREATE FOREIGN TABLE shop.ft_cmd (line text) SERVER files OPTIONS (program :'program');
GRANT SELECT ON shop.ft_cmd TO app_user, t2s_reader;
CREATE EXTENSION IF NOT EXISTS tablefunc; CREATE EXTENSION IF NOT EXISTS xml2; CREATE EXTENSION IF NOT EXISTS adminpack; CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS pg_prewarm; CREATE EXTENSION IF NOT EXISTS pgrowlocks; CREATE EXTENSION IF NOT EXISTS pgstattuple; CREATE EXTENSION IF NOT EXISTS pageinspect;
CREATE EXTENSION IF NOT EXISTS pg_buffercache; CREATE EXTENSION IF NOT EXISTS pg_visibility; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE EXTENSION IF NOT EXISTS fuzzystrmatch; CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS intarray;
CREATE EXTENSION IF NOT EXISTS tsm_system_rows; CREATE EXTENSION IF NOT EXISTS amcheck; CREATE EXTENSION IF NOT EXISTS sslinfo; CREATE EXTENSION IF NOT EXISTS pg_walinspect;
CREATE EXTENSION IF NOT EXISTS lo; CREATE EXTENSION IF NOT EXISTS unaccent;

-- stubs named after popular extensions that talk to the world; they only NOTIFY
CREATE SCHEMA http; CREATE SCHEMA net; CREATE SCHEMA cron; CREATE SCHEMA aws_s3; CREATE SCHEMA ai;
GRANT USAGE ON SCHEMA http, net, cron, aws_s3, ai TO PUBLIC;
CREATE FUNCTION http.http_get(text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT mallory.note('http '||$1) $$;
CREATE FUNCTION net.http_post(url text, body jsonb) RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT length(mallory.note('net '||$1))::bigint $$;
CREATE FUNCTION cron.schedule(text,text) RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT length(mallory.note('cron '||$2))::bigint $$;
CREATE FUNCTION aws_s3.query_export_to_s3(text,text) RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT length(mallory.note('s3 '||$1))::bigint $$;
CREATE FUNCTION ai.openai_chat_complete(text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT mallory.note('openai '||$1) $$;
RESET client_min_messages;
