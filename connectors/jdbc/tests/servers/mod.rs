//! What the conformance fixtures of database servers share.

use seatunnel_api::{Column, DataType, Value};
use seatunnel_conformance::{Bad, Data};
use seatunnel_jdbc_testkit::Database;
use serde_json::{Value as Json, json};

/// The options of `login` and `more`.
pub(crate) fn with(mut login: Json, more: &Json) -> Json {
    let all = login.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    login
}

/// Targets and rows that no server may take; `sink` gives the block of a sink into a table, by `user`.
pub(crate) fn bad_targets(
    database: &Database,
    sink: impl Fn(&str) -> Json,
    user: &str,
) -> Vec<Bad> {
    database.sql(
        "create table narrow (id bigint primary key, part int, name varchar(3));
         create table other (id bigint primary key, part int, nmae text)",
    );
    let mut missing = sink("nowhere");
    missing["schema_save_mode"] = json!("ERROR_WHEN_SCHEMA_NOT_EXIST");
    let mut password = sink("any");
    password["password"] = json!("another");
    let columns = [
        Column::new("part", DataType::Int),
        Column::new("name", DataType::String),
    ];
    let row = |id: i64, name: &str| {
        vec![
            Value::BigInt(id),
            Value::Int(7),
            Value::String(name.to_owned()),
        ]
    };
    let rows = |label: &str| {
        let rows = vec![row(1, "a"), row(4711, "abcd"), row(3, "b")];
        Data::new(label, columns.to_vec(), rows)
    };
    vec![
        Bad::new("a missing table", missing).mentions("nowhere"),
        Bad::new("a wrong password", password).mentions(user),
        Bad::new("a text that is too long", sink("narrow"))
            .with_data(rows("narrow"))
            .mentions("narrow")
            .mentions("name")
            .mentions("4711"),
        Bad::new("a column that is not there", sink("other"))
            .with_data(rows("other"))
            .mentions("nmae"),
    ]
}
