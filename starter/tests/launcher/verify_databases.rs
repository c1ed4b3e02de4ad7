//! `seatunnel verify` between databases: values of all types that they hold in their own ways.

use seatunnel_jdbc_testkit::{Database, MariaDb, Postgres};

use crate::support::Sandbox;

const ROWS: &str = r#"
    create table a (
      id bigint primary key, i int, s smallint, b boolean, d numeric(12,3), big numeric(38,10), f real, g double precision,
      t text, v varchar(20), c char(5), dt date, tm time, ts timestamp, tz timestamptz, j json, jb jsonb, u uuid, by bytea,
      ar int[]
    );
    insert into a select
      n, n % 7, -n % 300, n % 2 = 0, n / 3.0, n / 7.0, n / 3.0, n / 7.0,
      'text ' || n, 'v' || n || ' ', 'c', '2020-01-01'::date + n, '00:00'::time + n * interval '1.5 second',
      '2020-01-01'::timestamp + n * interval '1.123456 second', '2020-01-01'::timestamptz + n * interval '1.5 second',
      '{"b": 1, "a":  [1, 2]}', '{"b": 1, "a":  [1, 2]}', md5(n::text)::uuid, decode(md5(n::text), 'hex'), array[n, null]
    from generate_series(1, 2000) n;
    insert into a (id) values (0);"#;

fn job(source: &Database, sink: &str) -> String {
    format!(
        r#"
        env {{ job.mode = "BATCH", parallelism = 2 }}
        source {{ Jdbc {{ {}, table_path = "public.a" }} }}
        sink {{ Jdbc {{ {sink}, generate_sink_sql = true, primary_keys = [id] }} }}"#,
        options(source)
    )
}

fn options(database: &Database) -> String {
    format!(
        r#"url = "{}", user = "{}", password = "{}", driver = any"#,
        database.jdbc_url(),
        database.user,
        database.password
    )
}

#[test]
fn postgres_and_what_was_loaded_from_it_are_equal() {
    let source = Postgres::shared().database("verify_source");
    source.sql(ROWS);
    let mysql = MariaDb::shared().database("verify_target");
    let in_mysql = format!(
        "{}, database = {}, table = b",
        options(&mysql),
        mysql.name()
    );
    let in_postgres = format!(
        r#"{}, database = {}, table = "public.b""#,
        options(&source),
        source.name()
    );
    let in_sqlite = r#"url = "jdbc:sqlite:b.db", driver = any, database = main, table = b"#;
    let sandbox = Sandbox::new();
    for sink in [&in_mysql, &in_postgres, in_sqlite] {
        sandbox.job(&job(&source, sink)).succeeds();
        let run = sandbox.seatunnel("verify -c job.conf").succeeds();
        run.prints(&["2,001          2,001       equal"]);
    }
    // One changed value of each kind is found.
    mysql.sql(
        "update b set d = d + 0.001 where id = 10; update b set t = concat(t, ' ') where id = 20;
         update b set ts = ts + interval 1 microsecond where id = 30; delete from b where id = 40;
         update b set b = not b where id = 50; update b set i = null where id = 60;",
    );
    sandbox.write("job.conf", job(&source, &in_mysql));
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    run.prints(&[
        "1 row missing in the target, 5 rows with other values",
        "id=10: d is 3.334, not 3.333",
        "id=20: t is \"text 20 \", not \"text 20\"",
        "id=30: ts is ",
        "id=40: missing in the target",
        "id=50: b is false, not true",
        "id=60: i is null, not 4",
    ]);
}
