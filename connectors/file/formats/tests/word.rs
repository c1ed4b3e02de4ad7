//! Documents of Word.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::io::{Cursor, Write};

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use seatunnel_file_formats::{Fault, word};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>"#;
const TAIL: &str = "<w:sectPr/></w:body></w:document>";
const LINKS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.org/?a=1&amp;b=2" TargetMode="External"/></Relationships>"#;

fn packed(files: &[(&str, &str)]) -> Cursor<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    let mut archive = archive.finish().unwrap();
    archive.set_position(0);
    archive
}

fn document(body: &str) -> Vec<ArrayRef> {
    let document = format!("{HEAD}{body}{TAIL}");
    let files = [
        ("word/document.xml", document.as_str()),
        ("word/_rels/document.xml.rels", LINKS),
    ];
    word::read(packed(&files)).unwrap()
}

/// A row's values as texts, `~` for null.
fn row(columns: &[ArrayRef], row: usize) -> Vec<String> {
    let values = columns.iter().map(|column| {
        if column.is_null(row) {
            return "~".to_owned();
        }
        match column.as_string_opt::<i32>() {
            Some(texts) => texts.value(row).to_owned(),
            None => column.as_primitive::<Int32Type>().value(row).to_string(),
        }
    });
    values.collect()
}

#[test]
fn paragraphs_and_tables_are_rows_in_their_order() {
    let rows = document(
        r#"<w:p><w:pPr><w:jc w:val="center"/><w:rPr><w:b/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">One &amp; </w:t></w:r><w:r><w:t>two</w:t><w:tab/><w:t>three</w:t><w:br/><w:t>four&#233;</w:t></w:r></w:p>
<w:p/><w:p><w:r><w:t xml:space="preserve">  </w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t> c </w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>
<w:p><w:r><w:t>e</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r><w:r><w:t>nd</w:t></w:r></w:p>"#,
    );
    assert_eq!(rows[0].len(), 3);
    assert_eq!(
        row(&rows, 0),
        [
            "1",
            "paragraph",
            "One & two\tthree\nfouré",
            "NORMAL",
            "~",
            "~",
            "~",
            "000000",
            "CENTER",
            "~"
        ]
    );
    assert_eq!(
        row(&rows, 1)[..4],
        ["2", "table", "a\nb | c\n | inner", "~"]
    );
    assert!(row(&rows, 1)[4..].iter().all(|value| value == "~"));
    assert_eq!(row(&rows, 2)[..3], ["3", "paragraph", "end"]);
}

#[test]
fn a_paragraph_looks_as_its_runs_do() {
    let rows = document(
        r#"<w:p><w:r><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Other"/><w:b/><w:i w:val="false"/><w:sz w:val="23"/></w:rPr><w:t>a</w:t></w:r><w:hyperlink r:id="rId4"><w:r><w:rPr><w:i/><w:u w:val="dotDash"/><w:color w:val="0563C1"/><w:tab/></w:rPr><w:t>link</w:t></w:r></w:hyperlink><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
<w:p><w:pPr><w:rPr><w:b/></w:rPr></w:pPr><w:r><w:rPr><w:b w:val="0"/><w:u w:val="none"/></w:rPr><w:t>plain</w:t></w:r><w:hyperlink w:anchor="here"><w:r><w:t>!</w:t></w:r></w:hyperlink></w:p>"#,
    );
    assert_eq!(
        row(&rows, 0)[2..],
        [
            "alink",
            "BOLD_ITALIC",
            "DOT_DASH",
            "11",
            "Arial",
            "0563C1",
            "LEFT",
            "https://example.org/?a=1&b=2"
        ]
    );
    assert_eq!(
        row(&rows, 1)[2..],
        ["plain!", "NORMAL", "~", "~", "~", "000000", "LEFT", "~"]
    );
}

#[test]
fn what_is_no_document_is_told() {
    let told = |result: Result<Vec<ArrayRef>, Fault>| result.unwrap_err().to_string();
    let text = Cursor::new(b"\xd0\xcf\x11\xe0 an old doc".to_vec());
    assert!(told(word::read(text)).contains("no docx"));
    let other = packed(&[("xl/workbook.xml", "<workbook/>")]);
    assert!(told(word::read(other)).contains("no word/document.xml"));
    let cut = packed(&[("word/document.xml", HEAD)]);
    assert!(told(word::read(cut)).contains("ends in the middle"));
    let damaged = packed(&[("word/document.xml", "<a></b>")]);
    assert!(told(word::read(damaged)).contains("XML is damaged"));
}
