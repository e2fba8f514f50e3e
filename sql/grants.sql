-- Last statements of the installation script: who may call what, and what everything is.
-- Functions are executable by everybody unless this is taken back, so an upgrade script ends with
-- this text; it can be run again.

COMMENT ON SCHEMA text2sql IS 'ask questions in English; functions of the extension text2sql';
REVOKE ALL ON ALL TABLES IN SCHEMA text2sql FROM PUBLIC;
REVOKE ALL ON SCHEMA text2sql FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA text2sql FROM PUBLIC;
GRANT USAGE ON SCHEMA text2sql TO text2sql_user;

COMMENT ON FUNCTION text2sql.generate(text) IS
  'the SELECT that answers a question';
COMMENT ON FUNCTION text2sql.prompt(text) IS
  'exactly what the model would be sent for a question';
COMMENT ON FUNCTION text2sql.ask(text) IS
  'the rows that answer a question, one JSON object a row; run read-only as the caller';
COMMENT ON FUNCTION text2sql.ask(anyelement, text) IS
  'the rows that answer a question, as rows of the type of the first argument';
COMMENT ON FUNCTION text2sql.ask_fitting(text, oid) IS
  'the rows that answer a question as one JSON value, in the form of a type; part of ask';
COMMENT ON FUNCTION text2sql.run(text) IS
  'rows of a SELECT, run read-only as the caller under the guard of ask';
COMMENT ON FUNCTION text2sql.validate(text) IS
  'whether run would run a statement; if not, why';
COMMENT ON FUNCTION text2sql.explain(text) IS
  'the SELECT that answers a question, what it reads, its plan''s cost, and the time of each stage';
COMMENT ON FUNCTION text2sql.evaluate(regclass) IS
  'the same of each row of a table with the columns question and gold';
COMMENT ON FUNCTION text2sql.evaluate(text, text, boolean, text[]) IS
  'whether the answer to a question has the rows of a known statement';
COMMENT ON FUNCTION text2sql.link(text) IS
  'what of the schema a question is taken to be about, and why';
COMMENT ON FUNCTION text2sql.warm() IS
  'have the model read the schema before the first question; tokens of the prompt, those known before, time';
COMMENT ON FUNCTION text2sql.status() IS
  'worker, model, queue and counters, in one row';
COMMENT ON FUNCTION text2sql.models() IS
  'what each model of text2sql.models is doing, by tier';
COMMENT ON FUNCTION text2sql.reload() IS
  'start a new engine with the settings in force; the old one answers until it is ready';
COMMENT ON TABLE text2sql.allowed_function IS
  'functions that generated statements may call besides built-in ones; see allow_function';
COMMENT ON COLUMN text2sql.allowed_function.signature IS 'schema, name and argument types';
COMMENT ON COLUMN text2sql.allowed_function.reason IS 'why it may be called';
COMMENT ON COLUMN text2sql.allowed_function.added_by IS 'role that listed it';
COMMENT ON COLUMN text2sql.allowed_function.added_at IS 'when it was listed';
COMMENT ON FUNCTION text2sql.allow_function(regprocedure, text) IS
  'lets generated statements call a function of a user or an extension; for superusers';
COMMENT ON FUNCTION text2sql.disallow_function(text) IS
  'takes a function off the list; whether it was on it';
COMMENT ON FUNCTION text2sql.allowed_functions() IS
  'functions listed by allow_function, and what keeps one from being used';
COMMENT ON FUNCTION text2sql.function_problem(oid) IS
  'why a function could not be used if it were listed; part of allow_function';
COMMENT ON TABLE text2sql.semantic IS
  'what was defined about the database; see semantics';
COMMENT ON COLUMN text2sql.semantic.kind IS 'description, metric, filter, join, rule, example or template';
COMMENT ON COLUMN text2sql.semantic.schema_name IS 'schema of the relation it is about; empty for the database';
COMMENT ON COLUMN text2sql.semantic.relation_name IS 'relation it is about; empty for the database';
COMMENT ON COLUMN text2sql.semantic.name IS
  'its name; of a description, the column, or empty for the relation; of an example, the question';
COMMENT ON COLUMN text2sql.semantic.definition IS 'expression, condition, text of a rule or statement';
COMMENT ON COLUMN text2sql.semantic.description IS 'what it means';
COMMENT ON COLUMN text2sql.semantic.synonyms IS 'other names; of a template, its questions';
COMMENT ON COLUMN text2sql.semantic.key IS 'columns that a join connects';
COMMENT ON COLUMN text2sql.semantic.parameters IS 'parameters of a template, and what may stand in their place';
COMMENT ON COLUMN text2sql.semantic.reads IS 'columns it read when it was defined; who may not read them does not get it';
COMMENT ON COLUMN text2sql.semantic.added_by IS 'role that defined it';
COMMENT ON COLUMN text2sql.semantic.added_at IS 'when it was defined';
COMMENT ON FUNCTION text2sql.describe(regclass, text, text[]) IS
  'says what a table or view holds, in place of its comment, and what else people call it';
COMMENT ON FUNCTION text2sql.describe_column(regclass, text, text, text[]) IS
  'says what a column holds, in place of its comment, and what else people call it';
COMMENT ON FUNCTION text2sql.define_metric(text, regclass, text, text, text[]) IS
  'gives an expression over the rows of a table or view a name that questions may use';
COMMENT ON FUNCTION text2sql.define_filter(text, regclass, text, text, text[]) IS
  'gives a condition on the rows of a table or view a name that questions may use';
COMMENT ON FUNCTION text2sql.define_join(regclass, text[], regclass, text[]) IS
  'says along which columns two relations are joined where no foreign key does';
COMMENT ON FUNCTION text2sql.define_rule(text, text, regclass) IS
  'a sentence that the model is told with every question, or with those about a relation';
COMMENT ON FUNCTION text2sql.add_example(text, text, boolean) IS
  'keeps a question with a statement that answers it, for questions like it';
COMMENT ON FUNCTION text2sql.add_template(text, text[], text, jsonb) IS
  'keeps questions with places for values, and the statement that answers them without a model';
COMMENT ON FUNCTION text2sql.suggest_examples(integer) IS
  'statements that ran often, from pg_stat_statements, for somebody to make examples of';
COMMENT ON FUNCTION text2sql.drop_semantic(text, text, text) IS
  'takes a definition away; whether there was one';
COMMENT ON FUNCTION text2sql.import_semantics(text, text) IS
  'defines what a document of ours, of Snowflake or of dbt says; each thing in it, and its problem';
COMMENT ON FUNCTION text2sql.export_semantics(text) IS
  'what the caller may define, as a document that import_semantics takes';
COMMENT ON FUNCTION text2sql.semantics() IS
  'what is defined, as far as the caller may define it, and what keeps it from being used';
COMMENT ON TABLE text2sql.value_index IS
  'values of text columns, for questions that name them; see refresh_values';
COMMENT ON COLUMN text2sql.value_index.relation IS 'number of the table';
COMMENT ON COLUMN text2sql.value_index.attnum IS 'number of the column';
COMMENT ON COLUMN text2sql.value_index.key IS 'words of the value, as questions are compared with it';
COMMENT ON COLUMN text2sql.value_index.value IS 'the value as it is stored';
COMMENT ON TABLE text2sql.value_column IS 'columns whose values are in value_index';
COMMENT ON COLUMN text2sql.value_column.relation IS 'number of the table';
COMMENT ON COLUMN text2sql.value_column.attnum IS 'number of the column';
COMMENT ON COLUMN text2sql.value_column.state IS 'what changes with every change of the table';
COMMENT ON COLUMN text2sql.value_column.value_count IS 'values kept';
COMMENT ON COLUMN text2sql.value_column.refreshed_at IS 'when they were read';
COMMENT ON TABLE text2sql.value_setting IS
  'columns whose values may be kept or not; see allow_values and deny_values';
COMMENT ON COLUMN text2sql.value_setting.schema_name IS 'schema of the table';
COMMENT ON COLUMN text2sql.value_setting.relation_name IS 'the table';
COMMENT ON COLUMN text2sql.value_setting.column_name IS 'the column; empty for all of them';
COMMENT ON COLUMN text2sql.value_setting.allowed IS 'whether they may be kept';
COMMENT ON COLUMN text2sql.value_setting.set_by IS 'role that said so';
COMMENT ON COLUMN text2sql.value_setting.set_at IS 'when it was said';
COMMENT ON FUNCTION text2sql.refresh_values(text, boolean) IS
  'reads the values of text columns, for questions that name them; what became of each column';
COMMENT ON FUNCTION text2sql.allow_values(regclass, text) IS
  'lets the values of a column, or of a table, be kept by refresh_values';
COMMENT ON FUNCTION text2sql.deny_values(regclass, text) IS
  'keeps the values of a column, or of a table, from refresh_values';
COMMENT ON FUNCTION text2sql.reset_values(regclass, text) IS
  'takes allow_values or deny_values back; whether there was one';
COMMENT ON TABLE text2sql.embedding IS
  'vectors of what relations and columns are called and said to be, made by refresh_embeddings()';
COMMENT ON COLUMN text2sql.embedding.encoder IS 'sha256 of what made the vector';
COMMENT ON COLUMN text2sql.embedding.text_hash IS 'beginning of the sha256 of the text';
COMMENT ON COLUMN text2sql.embedding.vector IS 'a byte a number';
COMMENT ON FUNCTION text2sql.refresh_embeddings(integer) IS
  'has the embedding model make the vectors that are missing, and drops those of what is gone';
COMMENT ON FUNCTION text2sql.check_setup() IS
  'what of the set-up is dangerous or keeps questions from being answered, with what mends it';

GRANT EXECUTE ON FUNCTION
  text2sql.generate(text), text2sql.prompt(text), text2sql.ask(text),
  text2sql.ask(anyelement, text), text2sql.ask_fitting(text, oid), text2sql.run(text),
  text2sql.validate(text), text2sql.explain(text), text2sql.evaluate(text, text, boolean, text[]),
  text2sql.evaluate(regclass),
  text2sql.link(text), text2sql.warm(), text2sql.status(),
  -- They look themselves at who may define what.
  text2sql.describe(regclass, text, text[]), text2sql.describe_column(regclass, text, text, text[]),
  text2sql.define_metric(text, regclass, text, text, text[]),
  text2sql.define_filter(text, regclass, text, text, text[]),
  text2sql.define_join(regclass, text[], regclass, text[]),
  text2sql.define_rule(text, text, regclass), text2sql.drop_semantic(text, text, text),
  text2sql.semantics(), text2sql.import_semantics(text, text), text2sql.export_semantics(text),
  text2sql.add_example(text, text, boolean), text2sql.add_template(text, text[], text, jsonb)
TO text2sql_user;
-- The list of functions is the superuser's to change; administrators may see it.
GRANT SELECT ON text2sql.allowed_function TO text2sql_admin;
GRANT SELECT ON text2sql.semantic TO text2sql_admin;
GRANT SELECT ON text2sql.value_setting, text2sql.value_column TO text2sql_admin;
GRANT EXECUTE ON FUNCTION
  text2sql.reload(), text2sql.models(), text2sql.check_setup(), text2sql.allowed_functions(),
  text2sql.function_problem(oid), text2sql.suggest_examples(integer),
  text2sql.refresh_values(text, boolean), text2sql.allow_values(regclass, text),
  text2sql.deny_values(regclass, text), text2sql.reset_values(regclass, text),
  text2sql.refresh_embeddings(integer)
TO text2sql_admin;
