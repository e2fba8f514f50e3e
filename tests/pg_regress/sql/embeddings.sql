-- Without an embedding model there is nobody to ask for vectors, and nothing is written.
SELECT * FROM text2sql.refresh_embeddings();
SELECT count(*) FROM text2sql.embedding;
-- Whether a text has a vector tells what there is in the database, so nobody may look.
SELECT grantee, privilege_type FROM information_schema.role_table_grants
 WHERE table_schema = 'text2sql' AND table_name = 'embedding' AND grantee <> current_user;
SET ROLE analyst;
SELECT count(*) FROM text2sql.embedding;
SELECT * FROM text2sql.refresh_embeddings();
RESET ROLE;
SET ROLE text2sql_admin;
SELECT count(*) FROM text2sql.embedding;
RESET ROLE;
-- A dump leaves vectors out: they can be made again.
SELECT 'text2sql.embedding'::regclass = ANY (extconfig) AS dumped FROM pg_extension WHERE extname = 'text2sql';
-- How long a question waits for its vector is not the caller's to say.
SET ROLE analyst;
SET text2sql.embedding_timeout = '1min';
SHOW text2sql.embedding_model_path;
RESET ROLE;
