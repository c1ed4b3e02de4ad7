//! Names of files, and when a new one begins.

use crate::support::{Sandbox, options, people, run, sink, sink_of_tables, table, writer};
use seatunnel_api::{Column, DataType};

#[tokio::test]
async fn files_carry_job_writer_subtask_and_checkpoint() {
    let sandbox = Sandbox::new();
    sandbox.run(&[], vec![people(0..3)]).await.unwrap();
    let files = sandbox.files();
    let pattern = regex::Regex::new("^T_job7_[0-9a-f]{10}_0_1_0\\.csv$").unwrap();
    assert!(files.len() == 1 && pattern.is_match(&files[0]), "{files:?}");
}

#[tokio::test]
async fn a_file_ends_after_batch_size_rows() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            &[("batch_size", "40"), ("sink_columns", "[id]")],
            vec![people(0..100), people(100..120)],
        )
        .await
        .unwrap();
    let files = sandbox.files();
    assert_eq!(files.len(), 3);
    assert!(
        files[0].ends_with("_0.csv")
            && files[1].ends_with("_1.csv")
            && files[2].ends_with("_2.csv"),
        "{files:?}"
    );
    let expected: String = (0..120).map(|id| format!("{id}\n")).collect();
    assert_eq!(sandbox.text(), expected);
}

#[tokio::test]
async fn single_file_mode_has_one_file_without_a_number() {
    let sandbox = Sandbox::new();
    let options = [
        ("single_file_mode", "true"),
        ("batch_size", "10"),
        ("is_enable_transaction", "false"),
        ("file_name_expression", "all"),
        ("filename_extension", "dat"),
    ];
    sandbox.run(&options, vec![people(0..100)]).await.unwrap();
    assert_eq!(sandbox.files(), ["all.dat"]);
    assert_eq!(sandbox.text().lines().count(), 100);
    // A second run does not write over the first.
    sandbox.run(&options, vec![people(0..1)]).await.unwrap();
    assert_eq!(sandbox.files(), ["all.dat", "all_1.dat"]);
}

#[tokio::test]
async fn a_job_without_rows_leaves_an_empty_file_if_asked_to() {
    let table = table(vec![
        Column::new("id", DataType::BigInt),
        Column::new("b", DataType::String),
    ]);
    for (format, expected) in [("csv", Some("id,b\n")), ("parquet", None)] {
        let sandbox = Sandbox::new();
        let config = sandbox.options(&[
            ("file_format_type", format),
            ("create_empty_file_when_no_data", "true"),
            ("enable_header_write", "true"),
        ]);
        let sink = sink(config, &table).await.unwrap();
        run(&sink, Vec::new()).await.unwrap();
        assert_eq!(sandbox.files().len(), 1);
        if let Some(expected) = expected {
            assert_eq!(sandbox.text(), expected);
        }
    }
    let sandbox = Sandbox::new();
    run(
        &sink(sandbox.options(&[]), &table).await.unwrap(),
        Vec::new(),
    )
    .await
    .unwrap();
    assert!(sandbox.files().is_empty() && sandbox.out().is_dir());
}

#[tokio::test]
async fn each_table_goes_where_the_placeholders_say() {
    let sandbox = Sandbox::new();
    let out = sandbox.out().join("${database_name}/${table_name}");
    let tmp = sandbox.tmp();
    let pairs = [
        ("path", out.to_str().unwrap()),
        ("tmp_path", tmp.to_str().unwrap()),
    ];
    let one = people(0..1);
    let renamed = (**one.table())
        .clone()
        .with_path(seatunnel_api::TablePath::parse("shop.users", false));
    let two = seatunnel_api::Batch::inserts(renamed.into(), one.records().clone());
    let tables = vec![one.table().clone(), two.table().clone()];
    let sink = sink_of_tables(options(pairs.into_iter()), tables)
        .await
        .unwrap();
    run(&sink, vec![one, two]).await.unwrap();
    let files = sandbox.files();
    assert_eq!(files.len(), 2);
    assert!(
        files[0].starts_with("shop/orders/T_") && files[1].starts_with("shop/users/T_"),
        "{files:?}"
    );
}

#[tokio::test]
async fn writers_in_place_share_a_folder() {
    let sandbox = Sandbox::new();
    let config = sandbox.options(&[
        ("is_enable_transaction", "false"),
        ("file_name_expression", "part"),
    ]);
    let sink = sink(config, people(0..1).table()).await.unwrap();
    sink.prepare().await.unwrap();
    let mut writers = vec![writer(&sink, 0).await, writer(&sink, 1).await];
    for writer in &mut writers {
        writer.write(people(0..10)).await.unwrap();
        assert!(writer.prepare_commit(1).await.unwrap().is_empty());
    }
    assert_eq!(sandbox.files(), ["part_0.csv", "part_0_1.csv"]);
    assert_eq!(sandbox.text().lines().count(), 20);
    assert!(!sandbox.tmp().exists());
}
