/* A job in SQL: what stands here is a comment. */
/* config
env {
  parallelism = 1
  job.mode = "BATCH"   # it's HOCON
}
*/

-- where rows come from
CREATE TABLE fake WITH (
  'connector' = 'FakeSource',
  'type' = 'source',
  'schema' = '{ fields { id = bigint, name = string, note = "decimal(10, 2)" } }',
  'rows' = '[ { kind = INSERT, fields = [1, "it''s", 2.50] } ]'
);

CREATE TABLE sink_table WITH (
  'connector' = 'Jdbc',
  'type' = 'sink',
  'url' = 'jdbc:sqlite:/tmp/shop.db;mode=rw',
  'query' = 'insert into t values(?, ''x'', ?)',
  'primary_keys' = '["id"]'
);

CREATE TABLE named AS SELECT id, upper(name) AS name FROM fake WHERE id > 0;

INSERT INTO sink_table SELECT * FROM named;
INSERT INTO sink_table SELECT id, 'all; of them' AS name FROM fake;
