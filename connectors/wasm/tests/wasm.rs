//! Wasm, from modules to rows.

use std::sync::Arc;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, JobContext, JobMode, Registry, Result,
    RowKind, TablePath, TableSchema, Transform, TransformContext, Value,
};
use serde_json::{Value as Json, json};

/// A module that gives back what stands in its memory, whatever comes in.
fn says(text: &str) -> String {
    let escaped: String = text.bytes().map(|b| format!("\\{b:02x}")).collect();
    format!(
        r#"(module
            (memory (export "memory") 4)
            (data (i32.const 16) "{escaped}")
            (func (export "alloc") (param i32) (result i32) (i32.const 65536))
            (func (export "process") (param i32 i32) (result i64)
                (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const {}))))"#,
        text.len()
    )
}

/// A module that gives back what comes in.
const ECHO: &str = r#"(module
    (memory (export "memory") 4)
    (func (export "alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "process") (param $at i32) (param $size i32) (result i64)
        (i64.or
            (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32))
            (i64.extend_i32_u (local.get $size)))))"#;

fn table() -> Arc<CatalogTable> {
    let schema = TableSchema::new(vec![
        Column::new("id", DataType::Int),
        Column::new("name", DataType::String),
    ]);
    Arc::new(CatalogTable::new("test", TablePath::table("t"), schema))
}

fn rows(table: &Arc<CatalogTable>) -> Batch {
    let mut builder = BatchBuilder::new(table.clone());
    for (kind, id, name) in [
        (RowKind::Insert, 1, "Jöy"),
        (RowKind::Delete, 2, "\"May\""),
        (RowKind::Insert, 3, "Kin"),
    ] {
        let row = [Value::Int(id), Value::String(name.to_owned())];
        builder.push(kind, &row).expect("the test is set up");
    }
    builder.finish()
}

async fn make(module: &str, options: Json) -> Result<Arc<dyn Transform>> {
    let folder = tempfile::tempdir().expect("the test is set up");
    let path = folder.path().join("module.wasm");
    std::fs::write(&path, wat::parse_str(module).expect("the test is set up"))
        .expect("the test is set up");
    let mut config = json!({ "module_path": path.to_str().expect("the test is set up") });
    for (key, value) in options.as_object().expect("the test is set up") {
        config[key] = value.clone();
    }
    let registry = seatunnel_transform_wasm::register(Registry::new());
    let context = TransformContext {
        job: JobContext {
            id: "1".into(),
            name: "test".into(),
            mode: JobMode::Batch,
        },
        tables: vec![table()],
        plugin_input: Vec::new(),
        plugin_output: None,
    };
    let factory = registry.find_transform("Wasm").expect("the test is set up");
    factory
        .create(&ConfigValue::from_json(&config), context)
        .await
}

async fn run(module: &str, options: Json) -> Result<Vec<Batch>> {
    let transform = make(module, options).await?;
    let mut out = Vec::new();
    transform.apply(rows(&table()), &mut out).await?;
    Ok(out)
}

fn values(batches: &[Batch]) -> Vec<Vec<Value>> {
    let rows = batches
        .iter()
        .flat_map(|b| b.rows().map(|r| r.values()).collect::<Vec<_>>());
    rows.collect()
}

#[tokio::test]
async fn what_the_code_gives_becomes_columns() {
    let says = says(
        r#"[{"n": 1.5, "name": "a"}, {"name": null, "n": "2"}, {"n": null, "name": "c", "x": 0}]"#,
    );
    let options = json!({ "columns": [{ "dest_field": "n", "dest_type": "double" }, { "dest_field": "name" }] });
    let out = run(&says, options).await.unwrap();
    let text = |t: &str| Value::String(t.to_owned());
    assert_eq!(
        values(&out),
        [
            vec![Value::Int(1), text("a"), Value::Double(1.5)],
            vec![Value::Int(2), Value::Null, Value::Double(2.0)],
            vec![Value::Int(3), text("c"), Value::Null],
        ]
    );
    assert_eq!(out[0].row(1).kind(), RowKind::Delete);
}

#[tokio::test]
async fn the_code_sees_rows_as_objects_of_the_columns_it_asks_for() {
    let options = json!({ "input_columns": ["name"], "columns": [{ "dest_field": "name" }] });
    let out = run(ECHO, options).await.unwrap();
    assert_eq!(
        values(&out),
        values(&[rows(&table())]),
        "names come back as they went in"
    );
    let options =
        json!({ "columns": [{ "dest_field": "row" , "dest_type": "{id = int, name = string}" }] });
    let error = run(ECHO, options).await.unwrap_err();
    assert!(error.report().contains("no member \"row\""), "{error:?}");
}

#[tokio::test]
async fn rows_are_left_out_by_null_and_by_false() {
    let out = run(
        &says("[null, 7, null]"),
        json!({ "columns": [{ "dest_field": "n", "dest_type": "int" }] }),
    )
    .await
    .unwrap();
    assert_eq!(values(&out).len(), 1);
    assert_eq!(values(&out)[0][2], Value::Int(7));
    assert_eq!(out[0].row(0).kind(), RowKind::Delete);
    let out = run(&says("[true, false, true]"), json!({})).await.unwrap();
    let ids: Vec<Value> = values(&out).into_iter().map(|r| r[0].clone()).collect();
    assert_eq!(ids, [Value::Int(1), Value::Int(3)]);
    assert!(
        run(&says("[null, false, null]"), json!({}))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn code_that_fails_is_an_error_of_its_rows() {
    let body = |code: &str| {
        format!(
            r#"(module
                (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
                (memory (export "memory") 1)
                (func (export "alloc") (param i32) (result i32) (i32.const 0))
                (func (export "process") (param i32 i32) (result i64) {code}))"#
        )
    };
    for (module, why) in [
        (body("unreachable"), "unreachable"),
        (body("(loop (br 0)) (i64.const 0)"), "too many instructions"),
        (
            body(
                "(call $abort (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 1)) (i64.const 0)",
            ),
            "aborted in line 7",
        ),
        (body("(i64.const -1)"), "memory that is not there"),
        (body("(i64.const 0)"), "no JSON"),
        (says("[1, 2]"), "2 elements for 3 rows"),
        (says("{}"), "an object, not a list"),
        (says("[[1], [1, 2], [1]]"), "2 items for 1 columns"),
        (says("[\"x\", 1, 1]"), "row 0, column n"),
    ] {
        let options = json!({ "columns": [{ "dest_field": "n", "dest_type": "int" }], "max_instructions_per_row": 100_000 });
        let error = run(&module, options).await.unwrap_err();
        assert!(error.is_of_row(), "{error:?}");
        assert!(error.report().contains(why), "{why}: {error:?}");
    }
}

#[tokio::test]
async fn memory_is_limited() {
    let module = r#"(module
        (memory (export "memory") 1)
        (func (export "alloc") (param i32) (result i32)
            (if (i32.eq (memory.grow (i32.const 1024)) (i32.const -1)) (then unreachable))
            (i32.const 0))
        (func (export "process") (param i32 i32) (result i64) (i64.const 0)))"#;
    let error = run(module, json!({ "memory_limit_mb": 32 }))
        .await
        .unwrap_err();
    assert!(error.report().contains("`alloc` failed"), "{error:?}");
}

#[tokio::test]
async fn modules_that_can_t_be_used_say_why() {
    let refusal = |module: &'static str, options: Json| async move {
        match make(module, options).await {
            Ok(_) => panic!("{module} is accepted"),
            Err(error) => error.report(),
        }
    };
    let wasi = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#;
    let report = refusal(wasi, json!({})).await;
    assert!(
        report.contains("asks for wasi_snapshot_preview1.fd_write")
            && report.contains("without WASI"),
        "{report}"
    );
    let report = refusal("(module)", json!({})).await;
    assert!(report.contains("exports no `memory`"), "{report}");
    let report = refusal(ECHO, json!({ "function": "main" })).await;
    assert!(
        report.contains("`main`") && report.contains("has to export"),
        "{report}"
    );
    let report = refusal(ECHO, json!({ "module_path": "/nowhere/x.wasm" })).await;
    assert!(report.contains("can't be read"), "{report}");
    let report = refusal(ECHO, json!({ "input_columns": ["nme"] })).await;
    assert!(report.contains("did you mean `name`?"), "{report}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.wasm");
    std::fs::write(&path, "no module").unwrap();
    let report = refusal(ECHO, json!({ "module_path": path.to_str().unwrap() })).await;
    assert!(report.contains("is not usable"), "{report}");
}
