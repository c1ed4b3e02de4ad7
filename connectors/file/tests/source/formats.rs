//! ORC, Avro, Excel, XML, binary, Markdown and changes of databases: what a job writes is read, and what others write.

use std::fs;
use std::io::Write;

use seatunnel_api::{RowKind, Value};
use serde_json::{Value as Json, json};

use crate::sink_support::{Sandbox, every_type, people};
use crate::splits::resumes;
use crate::support::{Folder, failure, read, read_by, source, splits, texts};

/// Options that read what a sandbox holds.
fn reading(sandbox: &Sandbox, format: &str, schema: Json) -> Json {
    let mut options = json!({
        "path": sandbox.out(),
        "file_format_type": format,
        "xml_row_tag": "RECORD",
        "xml_use_attr_format": false,
        "skip_header_row_number": i32::from(format == "excel"),
    });
    if !schema.is_null() {
        options["schema"] = schema;
    }
    options
}

fn schema_of(batch: &seatunnel_api::Batch) -> Json {
    let columns = batch.table().columns().iter();
    let columns: Vec<Json> = columns
        .map(|c| json!({ "name": c.name, "type": c.data_type.to_string() }))
        .collect();
    json!({ "columns": columns })
}

#[tokio::test]
async fn every_type_of_a_row_comes_back() {
    for format in ["orc", "avro", "xml", "excel"] {
        let sandbox = Sandbox::new();
        let rows = every_type();
        let options = [
            ("file_format_type", format),
            ("xml_use_attr_format", "false"),
        ];
        sandbox.run(&options, vec![rows.clone()]).await.unwrap();
        let found = read(&reading(&sandbox, format, schema_of(&rows)))
            .await
            .unwrap();
        let expected: Vec<Vec<Value>> = rows.rows().map(|r| r.values()).collect();
        assert_eq!(found, expected, "{format}");
    }
}

#[tokio::test]
async fn files_that_know_their_columns_need_no_schema() {
    for (format, codecs) in [
        ("orc", &["none", "lzo", "snappy", "lz4", "zlib", "zstd"][..]),
        ("avro", &["none", "snappy", "zlib", "zstd", "bzip2"][..]),
    ] {
        for codec in codecs {
            let sandbox = Sandbox::new();
            let options = [("file_format_type", format), ("compress_codec", codec)];
            sandbox.run(&options, vec![people(0..5_000)]).await.unwrap();
            let mut options = reading(&sandbox, format, Json::Null);
            options["read_columns"] = json!(["city", "id"]);
            let found = read(&options).await.unwrap();
            assert_eq!(found.len(), 5_000, "{format} {codec}");
            assert_eq!(texts(&found)[1], ["~", "1"]);
            assert_eq!(texts(&found)[4_998], ["Oslo", "4998"]);
        }
    }
}

#[tokio::test]
async fn large_files_are_read_in_pieces_and_from_each_position() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&[("file_format_type", "avro")], vec![people(0..40_000)])
        .await
        .unwrap();
    let mut options = reading(&sandbox, "avro", Json::Null);
    options["file_split_size"] = json!(100_000);
    let pieces = splits(&source(&options).await.unwrap(), 2).await.unwrap();
    assert!(pieces.len() > 3, "{} pieces", pieces.len());
    let whole = read_by(&options, 2).await.unwrap();
    assert_eq!(whole.len(), 40_000);
    resumes(&options, 5_000).await;
    for format in ["orc", "xml", "excel"] {
        let sandbox = Sandbox::new();
        let rows = people(0..40);
        let options = [
            ("file_format_type", format),
            ("xml_use_attr_format", "false"),
        ];
        sandbox.run(&options, vec![rows.clone()]).await.unwrap();
        resumes(&reading(&sandbox, format, schema_of(&rows)), 2).await;
    }
}

#[tokio::test]
async fn types_of_a_schema_are_made_of_those_of_the_file() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&[("file_format_type", "orc")], vec![every_type()])
        .await
        .unwrap();
    let fields = json!({ "fields": {
        "C_INT": "bigint", "c_float": "string", "c_timestamp": "time", "c_row": "{a = string, b = string}",
    }});
    let found = read(&reading(&sandbox, "orc", fields)).await.unwrap();
    assert_eq!(
        found[0],
        [
            Value::BigInt(i32::MIN.into()),
            Value::String("0.1".into()),
            Value::Time(45_000_250_000),
            Value::Row(vec![
                Value::String("7".into()),
                Value::String("x\"y".into())
            ]),
        ]
    );
    let fields = json!({ "fields": { "c_itn": "bigint" } });
    let message = failure(&reading(&sandbox, "orc", fields)).await;
    assert!(
        message.contains("did you mean") && message.contains("c_int"),
        "{message}"
    );
}

#[tokio::test]
async fn xml_is_read_as_elements_and_as_attributes_in_any_encoding_and_archive() {
    let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><all><r id=\"7\" name=\"你好\"><id>8</id><name>&lt;</name></r></all>";
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    let folder = Folder::new();
    folder.write("a.xml", &gbk);
    let fields = json!({ "id": "int", "name": "string" });
    let more = |attributes: bool| json!({ "xml_row_tag": "r", "xml_use_attr_format": attributes, "encoding": "GBK" });
    let found = read(&folder.options("xml", fields.clone(), more(true)))
        .await
        .unwrap();
    assert_eq!(texts(&found), [["7", "你好"]]);
    let found = read(&folder.options("xml", fields.clone(), more(false)))
        .await
        .unwrap();
    assert_eq!(texts(&found), [["8", "<"]]);

    let folder = Folder::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a.xml", "b.xml"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all("<r><id> 1 </id></r>".as_bytes()).unwrap();
    }
    folder.write("all.zip", zip.finish().unwrap().into_inner());
    let mut options = folder.options("xml", fields, more(false));
    options["archive_compress_codec"] = json!("zip");
    options["encoding"] = json!("UTF-8");
    assert_eq!(
        texts(&read(&options).await.unwrap()),
        [["1", "~"], ["1", "~"]]
    );
}

#[tokio::test]
async fn xml_needs_to_know_its_rows() {
    let folder = Folder::new();
    folder.write("a.xml", "<r/>");
    let fields = json!({ "id": "int" });
    let message = failure(&folder.options(
        "xml",
        fields.clone(),
        json!({ "xml_use_attr_format": true }),
    ))
    .await;
    assert!(message.contains("xml_row_tag"), "{message}");
    let message = failure(&folder.options("xml", fields, json!({ "xml_row_tag": "r" }))).await;
    assert!(message.contains("xml_use_attr_format"), "{message}");
    let more = json!({ "xml_row_tag": "r", "xml_use_attr_format": true });
    let message = failure(&folder.options("xml", Json::Null, more)).await;
    assert!(message.contains("schema"), "{message}");
}

#[tokio::test]
async fn wrong_values_are_told_with_their_row() {
    let folder = Folder::new();
    folder.write("a.xml", "<all><r><id>1</id></r><r><id>1.5</id></r></all>");
    let more = json!({ "xml_row_tag": "r", "xml_use_attr_format": false });
    let message = failure(&folder.options("xml", json!({ "id": "int" }), more)).await;
    assert!(message.contains("\"1.5\" is not of type int"), "{message}");
    assert!(
        message.contains("row") && message.contains('2'),
        "{message}"
    );
}

#[tokio::test]
async fn any_file_is_copied_as_it_is_with_its_path() {
    let folder = Folder::new();
    let content: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    folder.write("a/key=value/large.bin", &content);
    folder.write("small", b"x");
    for more in [
        json!({}),
        json!({ "binary_chunk_size": 100_000 }),
        json!({ "binary_complete_file_mode": true }),
    ] {
        let options = folder.options("binary", Json::Null, more.clone());
        let source = source(&options).await.unwrap();
        let names: Vec<String> = source.tables()[0]
            .columns()
            .iter()
            .map(|c| c.name.clone())
            .collect();
        assert_eq!(names, ["data", "relativePath", "partIndex"]);
        let rows = read(&options).await.unwrap();
        let pieces = rows
            .iter()
            .filter(|row| row[1] == Value::String("a/key=value/large.bin".into()));
        let mut found = Vec::new();
        for (index, piece) in pieces.enumerate() {
            assert_eq!(piece[2], Value::BigInt(index as i64));
            match &piece[0] {
                Value::Bytes(bytes) => found.extend_from_slice(bytes),
                other => panic!("{other:?}"),
            }
        }
        assert!(found == content, "{more}");
    }
    let options = folder.options("binary", Json::Null, json!({ "binary_chunk_size": 0 }));
    assert!(failure(&options).await.contains("binary_chunk_size"));
}

#[tokio::test]
async fn markdown_becomes_rows_of_its_parts() {
    let folder = Folder::new();
    folder.write("a.md", "# One\n\ntext\n\n- item\n");
    let mut options = folder.options("markdown", Json::Null, json!({}));
    options["read_columns"] = json!(["element_id", "text", "heading_level", "parent_id"]);
    assert_eq!(
        texts(&read(&options).await.unwrap()),
        [
            ["Heading_1", "One", "1", "~"],
            ["Paragraph_1", "text", "~", "~"],
            ["BulletList_1", "- item\n", "~", "~"],
            ["BulletListItem_1", "item", "~", "BulletList_1"],
        ]
    );
}

#[tokio::test]
async fn documents_of_word_are_read_packed_or_not() {
    use std::io::{Cursor, Write as _};
    let text = "<w:document xmlns:w=\"x\"><w:body><w:p><w:r><w:t>Hello</w:t></w:r></w:p></w:body></w:document>";
    let mut document = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let as_usual = zip::write::SimpleFileOptions::default();
    document.start_file("word/document.xml", as_usual).unwrap();
    document.write_all(text.as_bytes()).unwrap();
    let document = document.finish().unwrap().into_inner();
    let folder = Folder::new();
    let mut options = folder.options("word", Json::Null, json!({}));
    options["read_columns"] = json!(["element_id", "element_type", "text"]);
    let path = folder.write("a.docx", &document);
    let expected = [["1", "paragraph", "Hello"]];
    assert_eq!(texts(&read(&options).await.unwrap()), expected);
    std::fs::remove_file(path).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&document).unwrap();
    folder.write("a.docx.gz", packed.finish().unwrap());
    options["archive_compress_codec"] = json!("gz");
    assert_eq!(texts(&read(&options).await.unwrap()), expected);
    options["archive_compress_codec"] = json!("none");
    let told = failure(&options).await;
    assert!(told.contains("a document of Word: it is no docx"), "{told}");
}

#[tokio::test]
async fn parts_of_markdown_have_identities_if_that_is_wanted() {
    let folder = Folder::new();
    let path = folder.write("a.md", "# One\n\ntext\n");
    let more = json!({ "markdown_rag_metadata_enabled": true });
    let mut options = folder.options("markdown", Json::Null, more);
    options["read_columns"] = json!(["source_uri", "chunk_index", "content_hash"]);
    let path = path.to_str().unwrap();
    // What sha256sum says of "One" and "text".
    let hashes = [
        "8b12507783d5becacbf2ebe5b01a60024d8728a8f86dcc818bce699e8b3320bc",
        "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
    ];
    assert_eq!(
        texts(&read(&options).await.unwrap()),
        [[path, "1", hashes[0]], [path, "2", hashes[1]]]
    );
    options["read_columns"] = json!(["document_id", "chunk_id", "text"]);
    let before = texts(&read(&options).await.unwrap());
    assert_eq!(before[0][0], before[1][0]);
    assert!(before[0][0].starts_with("doc_") && before[0][1].starts_with("chunk_"));
    // A part whose text is another has another identity, the others keep theirs.
    folder.write("a.md", "# One\n\nother\n");
    let after = texts(&read(&options).await.unwrap());
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1][1], before[1][1]);
}

#[tokio::test]
async fn changes_are_read_with_their_kinds() {
    use crate::support::read_split;
    let changes = [
        (
            "canal_json",
            "{\"data\":[{\"id\":\"1\",\"n\":\"a\"}],\"old\":null,\"type\":\"INSERT\"}\n{\"data\":[{\"id\":\"1\",\"n\":\"b\"}],\"old\":[{\"n\":\"a\"}],\"type\":\"UPDATE\"}\n{\"data\":[{\"id\":\"1\",\"n\":\"b\"}],\"old\":null,\"type\":\"DELETE\"}\n",
        ),
        (
            "maxwell_json",
            "{\"data\":{\"id\":1,\"n\":\"a\"},\"type\":\"insert\"}\n\n{\"data\":{\"id\":1,\"n\":\"b\"},\"old\":{\"n\":\"a\"},\"type\":\"update\"}\n{\"data\":{\"id\":1,\"n\":\"b\"},\"type\":\"delete\"}",
        ),
        (
            "debezium_json",
            "{\"before\":null,\"after\":{\"id\":1,\"n\":\"a\"},\"op\":\"c\"}\n{\"before\":{\"id\":1,\"n\":\"a\"},\"after\":{\"id\":1,\"n\":\"b\"},\"op\":\"u\"}\n{\"before\":{\"id\":1,\"n\":\"b\"},\"after\":null,\"op\":\"d\"}\n",
        ),
        (
            "ogg_json",
            "{\"after\":{\"id\":1,\"n\":\"a\"},\"op_type\":\"I\"}\n{\"before\":{\"id\":1,\"n\":\"a\"},\"after\":{\"id\":1,\"n\":\"b\"},\"op_type\":\"U\"}\n{\"before\":{\"id\":1,\"n\":\"b\"},\"op_type\":\"D\"}\n",
        ),
    ];
    for (format, text) in changes {
        let folder = Folder::new();
        folder.write("day=1/a", text);
        let options = folder.options(format, json!({ "id": "int", "n": "string" }), json!({}));
        let source = source(&options).await.unwrap();
        let pieces = splits(&source, 1).await.unwrap();
        let found = read_split(&source, &pieces[0].bytes, 2).await.unwrap();
        let rows: Vec<(RowKind, String)> = found
            .batches
            .iter()
            .flat_map(|(batch, _)| {
                batch
                    .rows()
                    .map(|r| (r.kind(), r.values()))
                    .collect::<Vec<_>>()
            })
            .map(|(kind, values)| (kind, texts(&vec![values])[0].join(" ")))
            .collect();
        let row = |kind, text: &str| (kind, text.to_owned());
        assert_eq!(
            rows,
            [
                row(RowKind::Insert, "1 a 1"),
                row(RowKind::UpdateBefore, "1 a 1"),
                row(RowKind::UpdateAfter, "1 b 1"),
                row(RowKind::Delete, "1 b 1"),
            ],
            "{format}"
        );
    }
    let folder = Folder::new();
    folder.write("a", "{\"data\":[{\"id\":1}],\"type\":\"INSERT\"}\n{\"data\":[{\"id\":\"x\"}],\"type\":\"INSERT\"}\n");
    let message = failure(&folder.options("canal_json", json!({ "id": "int" }), json!({}))).await;
    assert!(
        message.contains('2') && message.contains("line"),
        "{message}"
    );
}

#[tokio::test]
async fn compressed_files_of_lines_are_read() {
    use seatunnel_file_formats::packing::{Packer, Packing};
    for (codec, packing) in [
        ("gzip", Packing::Gzip),
        ("zstd", Packing::Zstd),
        ("lz4", Packing::Lz4),
        ("snappy", Packing::Snappy),
        ("bzip2", Packing::Bzip2),
    ] {
        let folder = Folder::new();
        let mut packer = Packer::new(packing).unwrap();
        packer.push(b"1,a\n2,b\n").unwrap();
        folder.write("packed.csv", packer.finish().unwrap());
        let more = json!({ "compress_codec": codec });
        let options = folder.options("csv", json!({ "id": "int", "n": "string" }), more);
        assert_eq!(
            texts(&read(&options).await.unwrap()),
            [["1", "a"], ["2", "b"]],
            "{codec}"
        );
    }
    // SeaTunnel passes over codecs that a format does not have.
    let folder = Folder::new();
    folder.write("plain.csv", "1,a\n");
    let options = folder.options(
        "csv",
        json!({ "id": "int", "n": "string" }),
        json!({ "compress_codec": "snappy" }),
    );
    assert_eq!(texts(&read(&options).await.unwrap()), [["1", "a"]]);
}

#[tokio::test]
async fn what_is_no_file_of_the_format_is_told() {
    for format in ["orc", "avro", "excel"] {
        let folder = Folder::new();
        folder.write("wrong", "id,name\n1,a\n");
        let fields = json!({ "id": "int" });
        let message = failure(&folder.options(format, fields, json!({}))).await;
        assert!(message.contains("wrong"), "{format}: {message}");
    }
    let folder = Folder::new();
    let path = folder.write("a.pdf", "");
    fs::write(path, "%PDF").unwrap();
    let message = failure(&folder.options("pdf", Json::Null, json!({}))).await;
    assert!(message.contains("can't be read yet"), "{message}");
}

#[tokio::test]
async fn columns_of_a_sheet_may_be_found_by_its_first_row() {
    let sandbox = Sandbox::new();
    let as_excel = [("file_format_type", "excel")];
    sandbox.run(&as_excel, vec![people(0..2)]).await.unwrap();
    let fields = json!({ "fields": { "name": "string", "other": "int", "id": "bigint" } });
    let mut options = reading(&sandbox, "excel", fields);
    options["skip_header_row_number"] = json!(0);
    options["excel_use_header_line"] = json!(true);
    assert_eq!(
        texts(&read(&options).await.unwrap()),
        [["name 0", "~", "0"], ["name 1", "~", "1"]]
    );
    options["read_columns"] = json!(["id"]);
    assert_eq!(texts(&read(&options).await.unwrap()), [["0"], ["1"]]);
}

#[tokio::test]
async fn options_of_seatunnel_that_are_not_built_in_say_what_to_do_instead() {
    let folder = Folder::new();
    folder.write("a.csv", "1\n");
    for (name, value, instead) in [
        (
            "target_hadoop_conf",
            json!({ "fs.defaultFS": "x" }),
            "`target_path`",
        ),
        (
            "pdf_rag_metadata_enabled",
            json!(true),
            "`markdown_rag_metadata_enabled`",
        ),
        ("metalake_type", json!("gravitino"), "`schema"),
    ] {
        let told =
            failure(&folder.options("csv", json!({ "n": "int" }), json!({ name: value }))).await;
        assert!(told.contains(&format!("`{name}` is SeaTunnel's")), "{told}");
        assert!(told.contains(instead), "{told}");
    }
}
