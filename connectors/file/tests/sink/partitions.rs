//! Rows in folders.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow_array::{Int32Array, Int64Array};
use seatunnel_api::DataType;

use crate::support::{Sandbox, batch, every_type, people};

fn by_folder(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in sandbox.files() {
        let (folder, _) = file.rsplit_once('/').unwrap();
        let text = fs::read_to_string(sandbox.out().join(&file)).unwrap();
        found
            .entry(folder.to_owned())
            .or_insert_with(String::new)
            .push_str(&text);
    }
    found
}

#[tokio::test]
async fn rows_go_to_the_folder_of_their_values() {
    let sandbox = Sandbox::new();
    sandbox
        .run(
            &[("partition_by", "[city]")],
            vec![people(0..4), people(4..7)],
        )
        .await
        .unwrap();
    let folders = by_folder(&sandbox);
    let expected = [
        ("city=Oslo", "0,name 0\n3,name 3\n6,name 6\n"),
        ("city=São Paulo", "2,name 2\n5,name 5\n"),
        ("city=__HIVE_DEFAULT_PARTITION__", "1,name 1\n4,name 4\n"),
    ];
    assert_eq!(
        folders,
        expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
    assert!(!sandbox.tmp().join("seatunnel").exists());
}

#[tokio::test]
async fn partition_columns_are_written_if_asked_for() {
    let sandbox = Sandbox::new();
    let options = [
        ("have_partition", "true"),
        ("partition_by", "[id,city]"),
        ("partition_dir_expression", "${k0}-${v0}/${v1}"),
        ("is_partition_field_write_in_file", "true"),
    ];
    sandbox.run(&options, vec![people(0..1)]).await.unwrap();
    let expected = [("id-0/Oslo".to_owned(), "0,name 0,Oslo\n".to_owned())];
    assert_eq!(by_folder(&sandbox), expected.into());
}

#[tokio::test]
async fn values_of_any_plain_type_part_rows() {
    let sandbox = Sandbox::new();
    let options = [
        ("partition_by", "[c_date,c_timestamp,c_decimal]"),
        ("sink_columns", "[c_int]"),
    ];
    sandbox.run(&options, vec![every_type()]).await.unwrap();
    let folders: Vec<String> = by_folder(&sandbox).into_keys().collect();
    assert_eq!(
        folders[0],
        "c_date=2024-02-29/c_timestamp=2024-02-29T12:30:00.25/c_decimal=-12.30"
    );
    let error = sandbox
        .run(&[("partition_by", "[c_array]")], vec![every_type()])
        .await
        .unwrap_err();
    assert!(error.message().contains("c_array"), "{error}");
}

#[tokio::test]
async fn have_partition_false_turns_parting_off() {
    let sandbox = Sandbox::new();
    let options = [("have_partition", "false"), ("partition_by", "[city]")];
    sandbox.run(&options, vec![people(0..1)]).await.unwrap();
    assert_eq!(sandbox.text(), "0,name 0,Oslo\n");
    let error = sandbox
        .run(&[("have_partition", "true")], vec![people(0..1)])
        .await
        .unwrap_err();
    assert!(error.message().contains("partition_by"), "{error}");
}

/// More partitions than a writer holds open: their rows come in turn again and again.
#[tokio::test]
async fn many_partitions_lose_no_row() {
    for format in ["csv", "json", "parquet"] {
        let sandbox = Sandbox::new();
        let rows = |start: i64| {
            let ids: Vec<i64> = (start..start + 1_000).collect();
            let keys: Vec<i32> = ids.iter().map(|id| (id * 7 % 150) as i32).collect();
            batch(vec![
                ("id", DataType::BigInt, Arc::new(Int64Array::from(ids)) as _),
                ("key", DataType::Int, Arc::new(Int32Array::from(keys)) as _),
            ])
        };
        let options = [("file_format_type", format), ("partition_by", "[key]")];
        sandbox
            .run(&options, vec![rows(0), rows(1_000), rows(2_000)])
            .await
            .unwrap();
        let files = sandbox.files();
        let folders: std::collections::BTreeSet<_> =
            files.iter().map(|f| f.split('/').next()).collect();
        // A file goes on where it was put aside.
        assert_eq!((folders.len(), files.len()), (150, 150));
        if format == "parquet" {
            let rows: usize = files
                .iter()
                .map(|f| crate::parquet_files::read(&sandbox.out().join(f)).num_rows())
                .sum();
            assert_eq!(rows, 3_000);
        } else {
            assert_eq!(sandbox.text().lines().count(), 3_000);
        }
    }
}
