-- Vectors of what relations and columns are called and said to be: core::embedding. Made anew from the
-- catalog by text2sql.refresh_embeddings() and its like, so a dump leaves them out. Read and written by
-- the library as the table's owner; nobody else has a right to it, for whether a text is there tells
-- what there is in the database.
CREATE TABLE text2sql.embedding (
  encoder bytea NOT NULL,
  text_hash bytea NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (encoder, text_hash)
);
