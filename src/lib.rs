//! `text2sql`: ask PostgreSQL in English, inside PostgreSQL.
::pgrx::pg_module_magic!(name, version);
