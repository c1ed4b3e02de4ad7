//! Compressed files, archives and encodings.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::sink_support::{Sandbox, people};
use crate::splits::resumes;
use crate::support::{Folder, failure, read, texts};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn lines() -> (String, String) {
    let line = |id: u32| format!("{id},\"two\nlines\"\n");
    ((0..200).map(line).collect(), (200..300).map(line).collect())
}

#[tokio::test]
async fn packed_files_are_read_and_reading_goes_on_in_them() {
    let (first, second) = lines();
    let (first, second) = (first.as_bytes(), second.as_bytes());
    let long_name = format!("{}/b.csv", "folder/".repeat(20));
    let files = [
        ("a.csv", first),
        (".hidden", b"x".as_slice()),
        (long_name.as_str(), second),
    ];
    let both = [first, second].concat();
    let cases = [
        ("a.gz", gzip(&both), json!({"compress_codec": "gzip"})),
        (
            "b.gz",
            [gzip(first), gzip(second)].concat(),
            json!({"archive_compress_codec": "gz"}),
        ),
        (
            "a.tar",
            tar(&files),
            json!({"archive_compress_codec": "tar"}),
        ),
        (
            "a.tar.gz",
            gzip(&tar(&files)),
            json!({"archive_compress_codec": "tar_gz"}),
        ),
        (
            "a.zip",
            zip(&files),
            json!({"archive_compress_codec": "zip"}),
        ),
        (
            "b.zip",
            zip(&[("a.csv.gz", &gzip(&both))]),
            json!({"archive_compress_codec": "zip", "compress_codec": "gzip"}),
        ),
    ];
    for (name, content, more) in cases {
        let folder = Folder::new();
        folder.write(name, &content);
        let options = folder.options("csv", json!({"id": "int", "x": "string"}), more);
        let rows = texts(&read(&options).await.unwrap());
        let expected: Vec<_> = (0..300)
            .map(|i: u32| vec![i.to_string(), "two\nlines".into()])
            .collect();
        assert_eq!(rows, expected, "{name}");
        resumes(&options, 40).await;
        folder.write(name, &content[..content.len() / 3]);
        let message = failure(&options).await;
        assert!(message.contains(name), "{message}");
    }
}

#[tokio::test]
async fn errors_in_packed_files_tell_the_line() {
    let (first, second) = lines();
    let folder = Folder::new();
    folder.write("a.gz", gzip(format!("{first}{second}x,y\n").as_bytes()));
    let fields = json!({"id": "int", "x": "string"});
    let message = failure(&folder.options("csv", fields, json!({"compress_codec": "gzip"}))).await;
    assert!(message.contains("line 601"), "{message}");
}

#[tokio::test]
async fn lzo_as_the_sink_writes_it_is_read() {
    let sandbox = Sandbox::new();
    let rows = people(0..50_000);
    let options = [("file_format_type", "csv"), ("compress_codec", "lzo")];
    sandbox.run(&options, vec![rows]).await.unwrap();
    let options = json!({
        "path": sandbox.out(), "file_format_type": "csv", "compress_codec": "lzo",
        "schema": {"fields": {"id": "bigint", "name": "string", "city": "string"}}
    });
    let read = read(&options).await.unwrap();
    let expected: Vec<_> = people(0..50_000).rows().map(|r| r.values()).collect();
    assert!(read == expected);
}

#[tokio::test]
async fn encodings_are_read_and_reading_goes_on_in_them() {
    let text: String = (0..300).map(|id| format!("{id},北京\n")).collect();
    let (gbk, _, _) = encoding_rs::GBK.encode(&text);
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked_be: Vec<u8> = utf16.chunks(2).flat_map(|u| [u[1], u[0]]).collect();
    let cases = [
        ("GBK", gbk.to_vec()),
        ("UTF-16LE", utf16.clone()),
        // Java's UTF-16: the mark decides, big-endian without one.
        ("UTF-16", utf16),
        ("UTF-16", marked_be[2..].to_vec()),
        ("UTF-16", marked_be),
    ];
    for (encoding, bytes) in cases {
        let folder = Folder::new();
        folder.write("a.csv", &bytes);
        let fields = json!({"id": "int", "city": "string"});
        let options = folder.options("csv", fields, json!({"encoding": encoding}));
        let rows = texts(&read(&options).await.unwrap());
        assert_eq!(rows.len(), 300);
        assert_eq!(rows[299], ["299", "北京"]);
        resumes(&options, 40).await;
    }
    let folder = Folder::new();
    folder.write("a.csv", b"\xff\xff,1\n");
    let fields = json!({"a": "string", "b": "int"});
    let message = failure(&folder.options("csv", fields.clone(), json!({}))).await;
    assert!(message.contains("line 1"), "{message}");
    let message = failure(&folder.options("csv", fields, json!({"encoding": "klingon"}))).await;
    assert!(message.contains("klingon"), "{message}");
}

#[tokio::test]
async fn a_tar_archive_without_its_end_is_refused() {
    let folder = Folder::new();
    let whole = tar(&[("a.csv", b"1\n"), ("b.csv", b"2\n")]);
    // A header and a block of content: the second file is missing as a whole.
    folder.write("a.tar", &whole[..1_024]);
    let packed = json!({"archive_compress_codec": "tar"});
    let options = folder.options("csv", json!({"n": "int"}), packed);
    let message = failure(&options).await;
    assert!(
        message.contains("a.tar is not a whole tar archive"),
        "{message}"
    );
}

#[tokio::test]
async fn of_an_archive_only_files_with_the_ending_of_the_format_are_read() {
    let files: [(&str, &[u8]); 4] = [
        ("a.txt", b"1\n"),
        ("below/b.txt", b"2\n"),
        ("c.csv", b"3\n"),
        ("README.md", b"none\n"),
    ];
    let fields = || json!({ "n": "int" });
    for (format, expected) in [("text", vec!["1", "2"]), ("csv", vec!["3"])] {
        for (name, packed, archive) in [
            ("a.zip", zip(&files), "zip"),
            ("a.tar.gz", gzip(&tar(&files)), "tar_gz"),
        ] {
            let folder = Folder::new();
            folder.write(name, &packed);
            let more = json!({ "archive_compress_codec": archive });
            let rows = read(&folder.options(format, fields(), more)).await.unwrap();
            assert_eq!(texts(&rows).concat(), expected, "{format} {name}");
        }
    }
}
