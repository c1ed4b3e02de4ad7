//! What happens to the tables before the first row, and jobs of many tables.

use std::sync::Arc;

use crate::common::{
    alone, inserts, into, named, read, row, rows, sink, source, table, text, write,
};
use seatunnel_api::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, DataType, PrimaryKey, SortOrder,
    TablePath, TableSchema, codes,
};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::MariaDb;
use serde_json::json;

fn people() -> Arc<CatalogTable> {
    table(&[("id", "int"), ("name", "string")], &["id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_save_modes_do_as_they_say() {
    let t = people();
    for (mode, there, expected) in [
        ("CREATE_SCHEMA_WHEN_NOT_EXIST", false, "1:x"),
        ("CREATE_SCHEMA_WHEN_NOT_EXIST", true, "1:x,9:old"),
        ("RECREATE_SCHEMA", true, "1:x"),
        ("RECREATE_SCHEMA", false, "1:x"),
        ("ERROR_WHEN_SCHEMA_NOT_EXIST", true, "1:x,9:old"),
        ("ERROR_WHEN_SCHEMA_NOT_EXIST", false, "error"),
        ("IGNORE", true, "1:x,9:old"),
        ("IGNORE", false, "error"),
    ] {
        let db = MariaDb::shared().database("schema_mode");
        if there {
            db.sql(
                "create table t (id int primary key, name text); insert into t values (9, 'old')",
            );
        }
        let options = into(&db, "", json!({"schema_save_mode": mode}));
        let sink = sink(options, std::slice::from_ref(&t)).unwrap();
        let checked = sink.check().await;
        let result = write(&sink, vec![inserts(&t, vec![row(1, "x")])]).await;
        if expected == "error" {
            assert_eq!(result.unwrap_err().code(), codes::TARGET_MISSING, "{mode}");
            assert!(checked.is_err());
        } else {
            result.unwrap();
            checked.unwrap();
            assert_eq!(rows(&db), expected, "{mode} {there}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_save_modes_do_as_they_say() {
    let t = people();
    for (mode, expected) in [
        ("APPEND_DATA", "1:x,9:old"),
        ("DROP_DATA", "1:x"),
        ("CUSTOM_PROCESSING", "1:x,9:custom; 'sql'"),
        ("ERROR_WHEN_DATA_EXISTS", "error"),
    ] {
        let db = MariaDb::shared().database("data_mode");
        db.sql("create table t (id int primary key, name text); insert into t values (9, 'old')");
        let custom = "update t set name = 'custom; ''sql''' where id = 9; update t set id = 9;";
        let options = json!({"data_save_mode": mode, "custom_sql": custom});
        let sink = sink(into(&db, "", options), std::slice::from_ref(&t)).unwrap();
        let result = write(&sink, vec![inserts(&t, vec![row(1, "x")])]).await;
        if expected == "error" {
            assert_eq!(result.unwrap_err().code(), codes::DATA_EXISTS);
            assert_eq!(rows(&db), "9:old");
        } else {
            result.unwrap();
            assert_eq!(rows(&db), expected, "{mode}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_table_has_the_rows_keys_and_comments_and_its_database_is_created() {
    let db = MariaDb::shared().database("created");
    let other = format!("{}_new", db.name());
    let mut id = Column::new("Id", DataType::String).not_null();
    id.comment = Some("it's the \\ key".to_owned());
    let mut price = Column::new("price", DataType::parse("decimal(12, 3)").unwrap());
    price.default_value = Some("0.5".to_owned());
    let mut at = Column::new("at", DataType::TimestampTz);
    at.scale = Some(3);
    let mut short = Column::new("short", DataType::String);
    short.length = Some(40);
    let tags = Column::new("tags", DataType::parse("array<int>").unwrap());
    let schema = TableSchema {
        columns: vec![id, price, at, short, tags],
        primary_key: Some(PrimaryKey {
            name: "pk".into(),
            columns: vec!["Id".into()],
        }),
        constraint_keys: vec![
            ConstraintKey {
                name: "by_short".into(),
                kind: ConstraintKind::Unique,
                columns: vec![("short".into(), SortOrder::Asc)],
            },
            ConstraintKey {
                name: "by_at".into(),
                kind: ConstraintKind::Index,
                columns: vec![
                    ("at".into(), SortOrder::Asc),
                    ("tags".into(), SortOrder::Asc),
                ],
            },
        ],
    };
    let path = TablePath::parse("shop.public.Orders", true);
    let t = CatalogTable::new("pg", path, schema).with_comment(Some("all orders".into()));
    let options = json!({
        "database": other, "field_ide": "LOWERCASE", "tablePrefix": "A_", "tableSuffix": "_Z",
    });
    let sink = sink(into(&db, "", options), &[Arc::new(t)]).unwrap();
    sink.check().await.unwrap();
    write(&sink, vec![]).await.unwrap();
    let shown = db.sql(&format!("show create table `{other}`.a_orders_z"));
    for part in [
        "`id` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL COMMENT 'it''s the",
        "`price` decimal(12,3) DEFAULT 0.500",
        "`at` datetime(3) DEFAULT NULL",
        "`short` varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DEFAULT NULL",
        "PRIMARY KEY (`id`)",
        "UNIQUE KEY `by_short` (`short`)",
        "KEY `by_at` (`at`,`tags`(191))",
        "COMMENT='all orders'",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    db.sql(&format!("drop database `{other}`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_mysql_keeps_its_types_in_another() {
    let db = MariaDb::shared().database("own_types");
    db.sql(
        "create table t (id int(10) unsigned primary key, a bit(1) default b'1', b bit(9), c mediumint(8) unsigned, \
         d decimal(65,10), e float unsigned, f enum('a','B') default 'B', g set('x','y'), h char(3) default 'q r', \
         i binary(4), j year(4), k timestamp(3) null, l point, m varchar(9) default 'z', n tinyint(1), \
         o timestamp not null default '2000-01-01 00:00:00'); \
         insert into t values (4294967295, b'1', b'101010101', 16777215, -0.5, 1.5, 'a', 'x,y', 'ä', 0x01000000, 2024, \
         '2024-01-01 00:00:00.123', point(1, 2), 'm', 1, '2024-02-29 01:02:03'), \
         (1, null, null, null, null, null, null, null, null, null, null, null, null, null, null, '2024-01-01')",
    );
    let shape = "select group_concat(column_name, ' ', column_type, ' ', is_nullable, ' ', \
                 coalesce(column_default, '') order by ordinal_position separator '\\n') \
                 from information_schema.columns where table_schema = database() and table_name =";
    for (name, more) in [
        ("a", json!({"table_path": format!("{}.t", db.name())})),
        (
            "b",
            json!({"query": "select * from t", "table_path": format!("{}.t", db.name())}),
        ),
    ] {
        let source = source(&db, more).await;
        let options = into(&db, "", json!({"table": name}));
        let sink = sink(options, &source.tables()).unwrap();
        write(&sink, read(&source).await).await.unwrap();
        assert_eq!(
            db.sql(&format!("{shape} '{name}'")),
            db.sql(&format!("{shape} 't'"))
        );
        let different = format!("select * from t except select * from {name}");
        assert_eq!(db.sql(&different), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_the_url_names_and_nobody_has_made_is_created() {
    let db = MariaDb::shared().database("missing");
    let other = format!("{}_url", db.name());
    let mut options = into(&db, "", json!({}));
    options["url"] = json!(db.jdbc_url().replace(db.name(), &other));
    let t = people();
    let sink = sink(options, std::slice::from_ref(&t)).unwrap();
    write(&sink, vec![inserts(&t, vec![row(1, "a")])])
        .await
        .unwrap();
    assert_eq!(db.sql(&format!("select count(*) from `{other}`.t")), "1");
    db.sql(&format!("drop database `{other}`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_the_table_are_told_all_at_once() {
    let db = MariaDb::shared().database("unfit");
    db.sql("create table t (id int, nam text, must int not null, sum int as (id + 1))");
    let t = table(
        &[("id", "int"), ("name", "string"), ("sum", "int")],
        &["id"],
    );
    let sink = sink(into(&db, "", json!({})), std::slice::from_ref(&t)).unwrap();
    let error = write(&sink, vec![]).await.unwrap_err();
    assert_eq!(error.code(), errors::TARGET_UNFIT);
    for part in ["did you mean `nam`", "`must`", "`sum` is computed"] {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tables_take_one_connection() {
    let server = alone().await;
    let db = server.database("hundred");
    let columns = [("id", "int"), ("name", "string")];
    let tables: Vec<_> = (0..100)
        .map(|n| named(&format!("t{n}"), &columns, &["id"]))
        .collect();
    let before = connections(&db);
    let sink = sink(into(&db, "", json!({})), &tables).unwrap();
    let batches = (0..3).flat_map(|round| {
        tables
            .iter()
            .map(move |t| inserts(t, (0..10).map(|n| row(round * 10 + n, "x")).collect()))
    });
    write(&sink, batches.collect()).await.unwrap();
    // One is the client's that asks.
    let opened = connections(&db) - before;
    assert!(opened <= 2, "{opened}");
    let counts: Vec<String> = (0..100)
        .map(|n| format!("(select count(*) from t{n})"))
        .collect();
    assert_eq!(db.sql(&format!("select {}", counts.join("+"))), "3000");
}

fn connections(db: &seatunnel_jdbc_testkit::Database) -> u64 {
    let told = db.sql("show global status like 'Connections'");
    told.split('\t').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_quotes_are_names() {
    let db = MariaDb::shared().database("names");
    let t = named(
        "we`ird 'na\"me",
        &[("a`b", "int"), ("select", "string"), ("q?'\\", "int")],
        &["a`b"],
    );
    for way in crate::common::WAYS {
        let options = json!({"schema_save_mode": "RECREATE_SCHEMA"});
        let sink = sink(into(&db, way, options), std::slice::from_ref(&t)).unwrap();
        let values = vec![
            seatunnel_api::Value::Int(1),
            text("x"),
            seatunnel_api::Value::Int(2),
        ];
        write(&sink, vec![inserts(&t, vec![values])]).await.unwrap();
        let told = db.sql("select `a``b`, `select`, `q?'\\` from `we``ird 'na\"me`");
        assert_eq!(told, "1\tx\t2", "{way}");
    }
}
