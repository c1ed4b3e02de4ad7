//! Writes rows as elements.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use seatunnel_api::{Column, DataType};
use seatunnel_formats::cells::Cells;

use super::is_allowed;
use crate::cells::{TextRules, is_missing};
use crate::{Fault, FileWriter, Result};

/// How a document looks.
#[derive(Clone, Debug)]
pub struct XmlStyle {
    /// The outermost tag.
    pub root_tag: String,
    /// The tag of a row.
    pub row_tag: String,
    /// Whether fields are attributes of the row's element; else they are elements inside of it.
    pub use_attributes: bool,
    /// The encoding that the document says it is in.
    pub encoding: String,
}

/// A document that is being written, in UTF-8: what is written to changes its encoding, if it is another.
///
/// A value that is null is left out. A row of nothing but nulls has one field that says so (`xsi:nil`), since elements
/// without fields are no rows; as attribute it is empty.
pub struct XmlWriter<W> {
    out: W,
    style: XmlStyle,
    rules: Arc<TextRules>,
    columns: Vec<Column>,
    cells: Vec<Cells>,
    buffer: Vec<u8>,
}

/// What says of an element that it is null (XML Schema, xsi:nil).
const NIL: &[u8] = b" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"";

/// Whether a name can be that of a tag or of a column.
///
/// # Errors
/// If it is none of an element or attribute.
pub fn check_name(name: &str) -> Result<()> {
    // XML 1.0, Name; without colons, which stand before names of name spaces.
    let starts = |c: char| c == '_' || c.is_alphabetic();
    let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}');
    let mut characters = name.chars();
    if characters.next().is_some_and(starts) && characters.all(goes_on) {
        return Ok(());
    }
    Err(Fault::Unsupported(format!(
        "{name:?} can't be the name of an element or attribute of XML: names begin with a letter or _, and hold letters, digits, -, . and _"
    )))
}

impl<W: Write> XmlWriter<W> {
    /// A document of rows with these columns.
    ///
    /// # Errors
    /// If a name is none of XML, or it can't be written.
    pub fn new(
        mut out: W,
        columns: &[Column],
        style: XmlStyle,
        rules: Arc<TextRules>,
    ) -> Result<Self> {
        check_name(&style.root_tag)?;
        check_name(&style.row_tag)?;
        columns.iter().try_for_each(|c| check_name(&c.name))?;
        let head = format!(
            "<?xml version=\"1.0\" encoding=\"{}\"?>\n\n<{}>\n",
            style.encoding, style.root_tag
        );
        out.write_all(head.as_bytes())?;
        Ok(Self {
            out,
            style,
            rules,
            cells: columns.iter().map(|_| Cells::default()).collect(),
            columns: columns.to_vec(),
            buffer: Vec::new(),
        })
    }

    /// The rows as they are written.
    fn elements(&mut self, rows: &RecordBatch) {
        let out = &mut self.buffer;
        let tag = self.style.row_tag.as_bytes();
        for row in 0..rows.num_rows() {
            out.extend_from_slice(b"\t<");
            out.extend_from_slice(tag);
            let mut is_empty = true;
            let fields = self.columns.iter().zip(&self.cells).zip(rows.columns());
            for ((column, cells), values) in fields {
                if is_missing(values, row) {
                    continue;
                }
                let (name, text) = (column.name.as_bytes(), cells.get(row));
                if self.style.use_attributes {
                    out.push(b' ');
                    out.extend_from_slice(name);
                    out.extend_from_slice(b"=\"");
                    escape(out, text, true);
                    out.push(b'"');
                    continue;
                }
                out.extend_from_slice(if is_empty { b">\n\t\t<" } else { b"\t\t<" });
                is_empty = false;
                out.extend_from_slice(name);
                if text.is_empty() {
                    out.extend_from_slice(b"/>\n");
                    continue;
                }
                out.push(b'>');
                escape(out, text, false);
                out.extend_from_slice(b"</");
                out.extend_from_slice(name);
                out.extend_from_slice(b">\n");
            }
            let all_null = is_empty && rows.columns().iter().all(|c| is_missing(c, row));
            if let (true, Some(first)) = (all_null, self.columns.first()) {
                let name = first.name.as_bytes();
                if self.style.use_attributes {
                    out.push(b' ');
                    out.extend_from_slice(name);
                    out.extend_from_slice(b"=\"\"/>\n");
                } else {
                    out.extend_from_slice(b">\n\t\t<");
                    out.extend_from_slice(name);
                    out.extend_from_slice(NIL);
                    out.extend_from_slice(b"/>\n\t</");
                    out.extend_from_slice(tag);
                    out.extend_from_slice(b">\n");
                }
            } else if is_empty {
                out.extend_from_slice(b"/>\n");
            } else {
                out.extend_from_slice(b"\t</");
                out.extend_from_slice(tag);
                out.extend_from_slice(b">\n");
            }
        }
    }
}

/// Whether rows can be written.
///
/// # Errors
/// The first value that has no place in XML.
pub fn check_rows(columns: &[Column], rules: &TextRules, rows: &RecordBatch) -> Result<()> {
    let mut cells: Vec<Cells> = columns.iter().map(|_| Cells::default()).collect();
    render(columns, rules, rows, &mut cells)
}

/// Renders the texts of rows.
fn render(
    columns: &[Column],
    rules: &TextRules,
    rows: &RecordBatch,
    cells: &mut [Cells],
) -> Result<()> {
    let columns = columns.iter().zip(rows.columns());
    for ((column, values), cells) in columns.zip(cells) {
        cells.clear();
        rules.render(values, &column.data_type, cells);
        if !may_be_unwritable(&column.data_type) {
            continue;
        }
        for row in 0..cells.len() {
            let why = match std::str::from_utf8(cells.get(row)) {
                Err(_) => "bytes that are no text have no place in XML",
                Ok(text) if !text.chars().all(is_allowed) => {
                    "XML has no place for control characters"
                }
                Ok(_) => continue,
            };
            return Err(Fault::value(row, &column.name, why));
        }
    }
    Ok(())
}

/// Whether a text of a type may have what XML has no place for.
fn may_be_unwritable(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::String
            | DataType::Bytes
            | DataType::Row(_)
            | DataType::Array(_)
            | DataType::Map(..)
    )
}

/// Writes a text with what XML escapes: readers would change blanks of attributes and line ends otherwise.
fn escape(out: &mut Vec<u8>, text: &[u8], attribute: bool) {
    let mut start = 0;
    for (index, byte) in text.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'\r' => b"&#13;",
            b'"' if attribute => b"&quot;",
            b'\n' if attribute => b"&#10;",
            b'\t' if attribute => b"&#9;",
            _ => continue,
        };
        out.extend_from_slice(&text[start..index]);
        out.extend_from_slice(escaped);
        start = index + 1;
    }
    out.extend_from_slice(&text[start..]);
}

impl<W: Write + Send> FileWriter<W> for XmlWriter<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        render(&self.columns, &self.rules, rows, &mut self.cells)?;
        self.elements(rows);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn memory(&self) -> usize {
        0
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn finish(mut self: Box<Self>) -> Result<W> {
        let end = format!("</{}>\n", self.style.root_tag);
        self.out.write_all(end.as_bytes())?;
        Ok(self.out)
    }
}
