//! Tables as they are declared.

use seatunnel_api::{ConstraintKind, DataType};
use seatunnel_jdbc_testkit::Postgres;
use serde_json::json;

use super::support::{error, of, read, source, splits, texts};

#[tokio::test]
async fn a_table_is_announced_as_it_is_declared() {
    let db = Postgres::shared().database("declared");
    db.sql(
        "create schema \"Shop\"; \
         create table \"Shop\".\"Orders\" (id bigint generated always as identity primary key, \
           \"Name\" varchar(20) not null default 'nobody', at timestamp(3), price numeric(12, 2), \
           twice numeric generated always as (price * 2) stored, unique (\"Name\", at)); \
         create index on \"Shop\".\"Orders\" (at desc); \
         create unique index on \"Shop\".\"Orders\" (at) where price > 1; \
         comment on table \"Shop\".\"Orders\" is 'all of them'; \
         comment on column \"Shop\".\"Orders\".\"Name\" is 'who'",
    );
    let path = format!("{}.Shop.Orders", db.name());
    let source = source(of(&db, json!({"table_path": path}))).await.unwrap();
    let table = source.tables().remove(0);
    assert_eq!(table.path().to_string(), path);
    assert_eq!(table.comment(), Some("all of them"));
    let columns: Vec<String> = table
        .columns()
        .iter()
        .map(|c| {
            format!(
                "{} {} {:?} {:?} {} {:?} {:?} {}",
                c.name,
                c.data_type,
                c.length,
                c.scale,
                c.nullable,
                c.default_value,
                c.comment,
                c.source_type.as_deref().unwrap()
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            "id bigint None None false None None bigint",
            "Name string Some(20) None false Some(\"'nobody'::character varying\") Some(\"who\") character varying(20)",
            "at timestamp None Some(3) true None None timestamp(3) without time zone",
            "price decimal(12, 2) None None true None None numeric(12,2)",
            "twice decimal(38, 18) None None true None None numeric",
        ]
    );
    let schema = table.schema();
    assert_eq!(schema.primary_key.as_ref().unwrap().columns, ["id"]);
    let keys: Vec<_> = schema
        .constraint_keys
        .iter()
        .map(|k| (k.kind, k.columns.len()))
        .collect();
    assert_eq!(
        keys,
        [(ConstraintKind::Unique, 2), (ConstraintKind::Index, 1)],
        "no partial ones"
    );
    db.sql("insert into \"Shop\".\"Orders\" (price) values (1.25)");
    let rows = texts(of(&db, json!({"table_path": "Shop.Orders"})), 1)
        .await
        .unwrap();
    assert_eq!(rows, ["1,\"nobody\",null,1.25,2.500000000000000000"]);
}

#[tokio::test]
async fn empty_and_never_analysed_tables_are_read() {
    let db = Postgres::shared().database("empty");
    db.sql(
        "create table none (id int); create table few (id int); insert into few values (1), (null)",
    );
    for parallelism in [1, 4] {
        assert!(
            read(of(&db, json!({"table_path": "public.none"})), parallelism)
                .await
                .unwrap()
                .is_empty()
        );
        let few = read(of(&db, json!({"table_path": "few"})), parallelism)
            .await
            .unwrap();
        assert_eq!(few.len(), 2);
    }
}

#[tokio::test]
async fn a_missing_table_is_named_with_the_nearest_that_is_there() {
    let db = Postgres::shared().database("missing");
    db.sql("create table customers (id int)");
    let missing = error(source(of(&db, json!({"table_path": "public.customer"}))).await);
    assert_eq!(missing.code().id, "JDBC-04");
    assert!(
        missing
            .to_string()
            .contains("`public.customer` does not exist"),
        "{missing}"
    );
    assert!(
        missing.help().unwrap().contains("public.customers"),
        "{:?}",
        missing.help()
    );
    let elsewhere = error(source(of(&db, json!({"table_path": "other.public.customers"}))).await);
    assert!(
        elsewhere.to_string().contains("another database"),
        "{elsewhere}"
    );
}

#[tokio::test]
async fn many_tables_and_patterns_are_read() {
    let db = Postgres::shared().database("many");
    let mut sql = String::from("create schema other; create table other.t1 (id int);");
    for n in 1..=30 {
        sql += &format!(
            "create table t{n} (id int primary key, v text); insert into t{n} values ({n}, 'a');"
        );
    }
    db.sql(&sql);
    let list: Vec<_> = (1..=30)
        .map(|n| json!({"table_path": format!("public.t{n}")}))
        .collect();
    for parallelism in [1, 3] {
        let rows = read(of(&db, json!({"table_list": list})), parallelism)
            .await
            .unwrap();
        assert_eq!(super::support::ids(&rows), (1..=30).collect::<Vec<_>>());
    }
    let by_pattern = of(
        &db,
        json!({"table_path": "public\\.t[12]", "use_regex": true}),
    );
    let found = source(by_pattern).await.unwrap();
    let paths: Vec<_> = found
        .tables()
        .iter()
        .map(|t| t.path().schema_and_table())
        .collect();
    assert_eq!(paths, ["public.t1", "public.t2"]);
    let none = error(source(of(&db, json!({"table_path": "x.*", "use_regex": true}))).await);
    assert!(none.to_string().contains("no table matches"), "{none}");
}

#[tokio::test]
async fn the_search_path_of_the_url_finds_tables() {
    let db = Postgres::shared().database("paths");
    db.sql("create schema a; create schema b; create table a.t (id int); create table b.t (x text); create table public.t (y bool)");
    let mut options = of(&db, json!({"table_path": "t"}));
    options["url"] = json!(format!(
        "{}?currentSchema=b,a&ApplicationName=me",
        db.jdbc_url()
    ));
    let found = source(options).await.unwrap();
    assert_eq!(found.tables()[0].columns()[0].name, "x");
}

#[tokio::test]
async fn views_and_foreign_data_and_partitions_are_read() {
    let db = Postgres::shared().database("kinds");
    db.sql(
        "create table base (id int, v text); insert into base select n, 'v' || n from generate_series(1, 50) n; \
         create view seen as select id, id * 2 as twice from base where id <= 20; \
         create materialized view kept as select id from base; \
         create table parted (id int, v text) partition by range (id); \
         create table p1 partition of parted for values from (0) to (100); \
         create table p2 partition of parted for values from (100) to (200) partition by list (v); \
         create table p2a partition of p2 for values in ('a'); \
         create table p2b (extra_first text, v text, id int not null); alter table p2b drop extra_first; \
         alter table p2 attach partition p2b default; \
         insert into parted select n, case when n % 2 = 0 then 'a' else 'b' end from generate_series(1, 199) n; \
         create table heir (more int) inherits (base); insert into heir values (51, 'x', 1)",
    );
    let expected: &[(&str, i64)] = &[
        ("seen", 20),
        ("kept", 50),
        ("parted", 199),
        ("base", 51),
        ("heir", 1),
    ];
    for (name, count) in expected {
        for parallelism in [1, 3] {
            let rows = read(of(&db, json!({"table_path": name})), parallelism)
                .await
                .unwrap();
            assert_eq!(rows.len() as i64, *count, "{name} by {parallelism}");
        }
    }
    let found = source(of(&db, json!({"table_path": "seen"})))
        .await
        .unwrap();
    assert_eq!(found.tables()[0].columns()[1].data_type, DataType::Int);
}

#[tokio::test]
async fn partitions_become_splits_of_their_own() {
    let db = Postgres::shared().database("partitions");
    db.sql(
        "create table t (id int, v text) partition by hash (id); \
         create table t0 partition of t for values with (modulus 3, remainder 0); \
         create table t1 partition of t for values with (modulus 3, remainder 1); \
         create table t2 partition of t for values with (modulus 3, remainder 2); \
         insert into t select n, repeat('x', 100) from generate_series(1, 20000) n; analyze t",
    );
    let found = source(of(&db, json!({"table_path": "t"}))).await.unwrap();
    assert!(splits(&found, 2).await.len() >= 3);
    let rows = read(of(&db, json!({"table_path": "t"})), 2).await.unwrap();
    assert_eq!(super::support::ids(&rows), (1..=20_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_condition_holds_for_every_table_and_split() {
    let db = Postgres::shared().database("condition");
    db.sql("create table t (id int, v text); insert into t select n, repeat('x', 100) from generate_series(1, 20000) n; analyze t");
    for parallelism in [1, 4] {
        let options = json!({"table_path": "t", "where_condition": "WHERE id <= 100 -- few"});
        let rows = read(of(&db, options), parallelism).await.unwrap();
        assert_eq!(rows.len(), 100);
    }
    let wrong = error(
        source(of(
            &db,
            json!({"table_path": "t", "where_condition": "id = 1"}),
        ))
        .await,
    );
    assert!(
        wrong.to_string().contains("must begin with WHERE"),
        "{wrong}"
    );
}
