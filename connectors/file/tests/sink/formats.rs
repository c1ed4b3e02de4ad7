//! What the sink makes of formats that are neither lines nor Parquet.

use std::fs;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use seatunnel_api::{Batch, Column, DataType, RowKind, RowKinds};

use crate::support::{Sandbox, batch, people, run, sink, table, writer};

fn pieces(rows: &[(&[u8], &str, i64)]) -> Batch {
    let data: ArrayRef = Arc::new(BinaryArray::from_iter_values(rows.iter().map(|r| r.0)));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.1)));
    let indexes: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.2)));
    batch(vec![
        ("data", DataType::Bytes, data),
        ("relativePath", DataType::String, paths),
        ("partIndex", DataType::BigInt, indexes),
    ])
}

const BINARY: (&str, &str) = ("file_format_type", "binary");

#[tokio::test]
async fn pieces_become_files_again() {
    for transaction in ["true", "false"] {
        let sandbox = Sandbox::new();
        let options = [BINARY, ("is_enable_transaction", transaction)];
        let first = pieces(&[(b"ab", "a/b.bin", 0), (b"x", "c", 0), (b"cd", "a/b.bin", 1)]);
        let second = pieces(&[(b"e", "a/b.bin", 2), (b"", "c", -1)]);
        sandbox
            .run(&options, vec![first.clone(), second])
            .await
            .unwrap();
        assert_eq!(sandbox.files(), ["a/b.bin", "c"]);
        assert_eq!(fs::read(sandbox.out().join("a/b.bin")).unwrap(), b"abcde");
        // Another run writes the file anew.
        sandbox.run(&options, vec![first]).await.unwrap();
        assert_eq!(sandbox.files(), ["a/b.bin", "c"]);
        assert_eq!(fs::read(sandbox.out().join("a/b.bin")).unwrap(), b"abcd");
    }
}

#[tokio::test]
async fn pieces_that_are_none_are_refused() {
    let sandbox = Sandbox::new();
    let error = sandbox
        .run(&[BINARY], vec![people(0..1)])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("relativePath"), "{error}");
    type Rows<'a> = &'a [(&'a [u8], &'a str, i64)];
    let cases: [(Rows<'_>, &str); 5] = [
        (
            &[(&b"a"[..], "a", 1)][..],
            "piece 1 of a comes where piece 0 should",
        ),
        (&[(b"a", "a", 0), (b"a", "a", 2)], "piece 2 of a"),
        (&[(b"a", "../a", 0)], "../a"),
        (&[(b"a", "/etc/a", 0)], "/etc/a"),
        (&[(b"a", "a//b", 0)], "a//b"),
    ];
    for (rows, expected) in cases {
        let error = sandbox
            .run(&[BINARY], vec![pieces(rows)])
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(sandbox.files().is_empty());
    }
}

#[tokio::test]
async fn one_file_may_be_named() {
    let sandbox = Sandbox::new();
    let options = [
        BINARY,
        ("custom_filename", "true"),
        ("file_name_expression", "copy"),
        ("is_enable_transaction", "false"),
        ("single_file_mode", "true"),
    ];
    sandbox
        .run(&options, vec![pieces(&[(b"a", "x/y", 0)])])
        .await
        .unwrap();
    assert_eq!(sandbox.files(), ["copy"]);
    let two = pieces(&[(b"a", "x", 0), (b"b", "y", 0)]);
    let error = Sandbox::new().run(&options, vec![two]).await.unwrap_err();
    assert!(error.to_string().contains("custom_filename"), "{error}");
}

fn changed(rows: &[(RowKind, i64, &str)]) -> Batch {
    let table = table(vec![
        Column::new("id", DataType::BigInt),
        Column::new("city", DataType::String),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.1))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.2))),
    ];
    let records = RecordBatch::try_new(table.arrow_schema().clone(), columns).unwrap();
    let kinds = RowKinds::from_kinds(rows.iter().map(|r| r.0).collect());
    Batch::new(table, records, kinds)
}

#[tokio::test]
async fn changes_are_written_apart_or_as_one() {
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
    let rows = [
        (Insert, 1, "Oslo"),
        (UpdateBefore, 1, "Oslo"),
        (UpdateAfter, 1, "Rome"),
        (Delete, 1, "Rome"),
    ];
    let run = async |format: &str, merge: &str, batches: Vec<Batch>| {
        let sandbox = Sandbox::new();
        let options = [("file_format_type", format), ("merge_update_event", merge)];
        sandbox.run(&options, batches).await.unwrap();
        assert!(sandbox.files()[0].ends_with(&format!(".{format}")));
        sandbox
            .text()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let apart = run("debezium_json", "false", vec![changed(&rows)]).await;
    let source =
        "\"source\":{\"schema\":null,\"database\":\"shop\",\"table\":\"orders\"},\"ts_ms\":null}";
    assert_eq!(
        apart,
        [
            format!(
                "{{\"before\":null,\"after\":{{\"id\":1,\"city\":\"Oslo\"}},\"op\":\"c\",{source}"
            ),
            format!(
                "{{\"before\":{{\"id\":1,\"city\":\"Oslo\"}},\"after\":null,\"op\":\"d\",{source}"
            ),
            format!(
                "{{\"before\":null,\"after\":{{\"id\":1,\"city\":\"Rome\"}},\"op\":\"c\",{source}"
            ),
            format!(
                "{{\"before\":{{\"id\":1,\"city\":\"Rome\"}},\"after\":null,\"op\":\"d\",{source}"
            ),
        ]
    );
    // The two halves of an update need not come in one batch.
    let batches = vec![changed(&rows[..2]), changed(&rows[2..])];
    let canal = run("canal_json", "true", batches.clone()).await;
    let tail = "\"database\":\"shop\",\"table\":\"orders\",\"ts\":null}";
    assert_eq!(
        canal,
        [
            format!(
                "{{\"old\":null,\"data\":[{{\"id\":1,\"city\":\"Oslo\"}}],\"type\":\"INSERT\",{tail}"
            ),
            format!(
                "{{\"old\":[{{\"id\":1,\"city\":\"Oslo\"}}],\"data\":[{{\"id\":1,\"city\":\"Rome\"}}],\"type\":\"UPDATE\",{tail}"
            ),
            format!(
                "{{\"old\":null,\"data\":[{{\"id\":1,\"city\":\"Rome\"}}],\"type\":\"DELETE\",{tail}"
            ),
        ]
    );
    let maxwell = run("maxwell_json", "true", batches).await;
    assert_eq!(
        maxwell[1],
        format!(
            "{{\"old\":{{\"id\":1,\"city\":\"Oslo\"}},\"data\":{{\"id\":1,\"city\":\"Rome\"}},\"type\":\"update\",{tail}"
        )
    );
    // A half that stays alone is a delete, wherever it is left.
    let halves = [
        (UpdateBefore, 1, "Oslo"),
        (Insert, 2, "Rome"),
        (UpdateBefore, 3, "Bonn"),
    ];
    let alone = run(
        "maxwell_json",
        "true",
        vec![changed(&halves[..1]), changed(&halves[1..])],
    )
    .await;
    let kinds: Vec<&str> = alone
        .iter()
        .map(|line| {
            line.split("\"type\":\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(kinds, ["delete", "insert", "delete"]);
}

#[tokio::test]
async fn changes_are_filed_by_the_rows_that_they_are_of() {
    let sandbox = Sandbox::new();
    let options = [
        ("file_format_type", "canal_json"),
        ("partition_by", "[city]"),
        ("merge_update_event", "true"),
    ];
    let rows = [
        (RowKind::UpdateBefore, 1, "Oslo"),
        (RowKind::UpdateAfter, 1, "Rome"),
        (RowKind::Insert, 2, "Oslo"),
    ];
    sandbox.run(&options, vec![changed(&rows)]).await.unwrap();
    let folders: Vec<String> = sandbox
        .files()
        .iter()
        .map(|f| f.split('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(folders, ["city=Oslo", "city=Rome"]);
    assert_eq!(sandbox.text().lines().count(), 2);
}

#[tokio::test]
async fn xml_looks_as_its_options_say() {
    let sandbox = Sandbox::new();
    let options = [
        ("file_format_type", "xml"),
        ("xml_use_attr_format", "true"),
        ("xml_root_tag", "all"),
        ("xml_row_tag", "one"),
        ("encoding", "ISO-8859-1"),
    ];
    sandbox.run(&options, vec![people(0..3)]).await.unwrap();
    assert!(sandbox.files()[0].ends_with(".xml"));
    let bytes = fs::read(sandbox.out().join(&sandbox.files()[0])).unwrap();
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n\n<all>\n\t<one id=\"0\" name=\"name 0\" city=\"Oslo\"/>\n\t<one id=\"1\" name=\"name 1\"/>\n\t<one id=\"2\" name=\"name 2\" city=\"São Paulo\"/>\n</all>\n"
    );
    let error = Sandbox::new()
        .run(&[("file_format_type", "xml")], vec![people(0..1)])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("xml_use_attr_format"), "{error}");
}

#[tokio::test]
async fn formats_have_their_endings_and_refuse_what_they_have_no_place_for() {
    for (format, codec, ending) in [
        ("orc", "zlib", ".zlib.orc"),
        ("orc", "none", ".orc"),
        ("avro", "snappy", ".snappy.avro"),
        ("excel", "none", ".xlsx"),
        ("csv", "gzip", ".gz.csv"),
        ("json", "zstd", ".zstd.json"),
    ] {
        let sandbox = Sandbox::new();
        let options = [("file_format_type", format), ("compress_codec", codec)];
        sandbox.run(&options, vec![people(0..10)]).await.unwrap();
        assert!(
            sandbox.files()[0].ends_with(ending),
            "{:?}",
            sandbox.files()
        );
    }
    for (format, codec) in [
        ("excel", "gzip"),
        ("orc", "brotli"),
        ("binary", "lzo"),
        ("parquet", "lzo"),
    ] {
        let options = [("file_format_type", format), ("compress_codec", codec)];
        let error = Sandbox::new()
            .run(&options, vec![people(0..1)])
            .await
            .unwrap_err();
        assert!(error.to_string().contains("compress_codec"), "{error}");
    }
}

#[tokio::test]
async fn many_partitions_are_written_in_turn() {
    let sandbox = Sandbox::new();
    let options = crate::support::options(
        [
            ("path", sandbox.out().to_str().unwrap()),
            ("tmp_path", sandbox.tmp().to_str().unwrap()),
            ("file_format_type", "orc"),
            ("partition_by", "[name]"),
        ]
        .into_iter(),
    );
    let rows = people(0..300);
    let sink = sink(options, rows.table()).await.unwrap();
    run(&sink, vec![rows.clone(), rows]).await.unwrap();
    assert_eq!(sandbox.files().len(), 300);
    let mut writer = writer(&sink, 1).await;
    writer.write(people(0..1)).await.unwrap();
    writer.abort().await.unwrap();
    assert_eq!(sandbox.files().len(), 300);
}
