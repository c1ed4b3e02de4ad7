//! Documents of Word (docx) as rows of their paragraphs and tables, as SeaTunnel has them.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::{ArrayRef, Int32Array};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use seatunnel_api::{Column, DataType};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Fault, Result};

/// Bytes of the text of a document at most, unpacked.
const MOST: u64 = 256 << 20;
/// Where a document's text is in its archive, and what its links lead to.
const DOCUMENT: &str = "word/document.xml";
const LINKS: &str = "word/_rels/document.xml.rels";
/// What is in a text box.
const BOX: &[u8] = b"txbxContent";
/// The colour of a text that has none.
const BLACK: &str = "000000";
/// Columns of texts behind the number and the kind of an element.
const TEXTS: usize = 6;

/// The columns of a document.
pub fn columns() -> Vec<Column> {
    let text = |name: &str| Column::new(name, DataType::String);
    let number = |name: &str| Column::new(name, DataType::Int);
    vec![
        number("element_id"),
        text("element_type"),
        text("text"),
        text("font_style"),
        text("underline_style"),
        number("font_size"),
        text("font_family"),
        text("text_color"),
        text("alignment"),
        text("hyperlink_url"),
    ]
}

/// The rows of a document, in its order. Its text is held in memory.
///
/// # Errors
/// If it is no document of Word, can't be read or is too long.
pub fn read(from: impl Read + Seek) -> Result<Vec<ArrayRef>> {
    let mut archive = ZipArchive::new(from).map_err(not_packed)?;
    let links = match archive.by_name(LINKS) {
        Ok(file) => links(file)?,
        Err(ZipError::FileNotFound) => HashMap::new(),
        Err(error) => return Err(not_packed(error)),
    };
    let file = match archive.by_name(DOCUMENT) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => {
            let what = format!("there is no {DOCUMENT} in it");
            return Err(Fault::malformed(what));
        }
        Err(error) => return Err(not_packed(error)),
    };
    let mut document = Document {
        links,
        ..Document::default()
    };
    let mut reader = Reader::from_reader(BufReader::new(file.take(MOST)));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(not_xml)? {
            Event::Start(tag) => document.start(&tag, false)?,
            Event::Empty(tag) => document.start(&tag, true)?,
            Event::Text(text) if document.takes_text() => {
                document
                    .paragraph
                    .text
                    .push_str(&text.decode().map_err(not_xml)?);
            }
            Event::GeneralRef(name) if document.takes_text() => {
                let text = &mut document.paragraph.text;
                match name.resolve_char_ref().map_err(not_xml)? {
                    Some(character) => text.push(character),
                    None => {
                        let name = name.decode().map_err(not_xml)?;
                        text.push_str(resolve_predefined_entity(&name).unwrap_or_default());
                    }
                }
            }
            Event::End(tag) => document.end(tag.local_name().into_inner()),
            Event::DocType(_) => {
                return Err(Fault::malformed("it has a DTD, which Word never writes"));
            }
            Event::Eof if document.open > 0 => {
                let what = "its text ends in the middle, or has more than 256 MiB";
                return Err(Fault::malformed(what));
            }
            Event::Eof => return Ok(document.rows.finish()),
            _ => {}
        }
    }
}

/// What has been seen of a document.
#[derive(Default)]
struct Document {
    /// What links lead to, by their ids.
    links: HashMap<String, String>,
    rows: Rows,
    /// Elements that are open.
    open: usize,
    /// The paragraph that is read, or those of a cell.
    paragraph: Paragraph,
    in_paragraph: bool,
    in_run: bool,
    in_text: bool,
    /// Whether it stands in what says how runs look: that of the paragraph itself is for its end.
    in_looks: bool,
    /// Text boxes inside of each other: what is in them is no part of the paragraph that they hang on.
    boxes: usize,
    /// Tables inside of each other: those within a cell are text of it.
    tables: usize,
    /// The rows of the outermost table, and the cells of the row that is read.
    table: Vec<String>,
    cells: Vec<String>,
}

/// A paragraph and how it looks.
#[derive(Default)]
struct Paragraph {
    text: String,
    is_bold: bool,
    is_italic: bool,
    underline: Option<String>,
    size: Option<i32>,
    font: Option<String>,
    colour: Option<String>,
    alignment: Option<String>,
    links: Vec<String>,
}

impl Document {
    fn takes_text(&self) -> bool {
        self.in_run && self.in_text && self.boxes == 0
    }

    fn start(&mut self, tag: &BytesStart<'_>, is_empty: bool) -> Result<()> {
        let name = tag.local_name();
        let name = name.into_inner();
        if !is_empty {
            self.open += 1;
        }
        if name == BOX && !is_empty {
            self.boxes += 1;
        }
        if self.boxes > 0 {
            return Ok(());
        }
        match name {
            b"tbl" if !is_empty => {
                self.tables += 1;
                if self.tables == 1 {
                    self.table.clear();
                }
            }
            b"tr" if self.tables == 1 => self.cells.clear(),
            b"tc" if self.tables == 1 => self.paragraph = Paragraph::default(),
            b"p" if !is_empty => {
                match self.tables {
                    0 => self.paragraph = Paragraph::default(),
                    // Paragraphs of a cell are lines of it.
                    _ if self.paragraph.text.is_empty() => {}
                    _ => self.paragraph.text.push('\n'),
                }
                self.in_paragraph = true;
            }
            b"r" if !is_empty => self.in_run = self.in_paragraph,
            b"t" if !is_empty => self.in_text = true,
            b"rPr" if !is_empty => self.in_looks = self.in_run,
            b"tab" if self.in_run && !self.in_looks => self.paragraph.text.push('\t'),
            b"br" | b"cr" if self.in_run => self.paragraph.text.push('\n'),
            b"noBreakHyphen" if self.in_run => self.paragraph.text.push('-'),
            b"hyperlink" => {
                let url = attribute(tag, b"id")?.and_then(|id| self.links.get(&id));
                self.paragraph.links.extend(url.cloned());
            }
            b"jc" if self.in_paragraph && self.paragraph.alignment.is_none() => {
                self.paragraph.alignment = attribute(tag, b"val")?;
            }
            _ if self.in_looks => self.look(name, tag)?,
            _ => {}
        }
        Ok(())
    }

    /// How a run looks.
    fn look(&mut self, name: &[u8], tag: &BytesStart<'_>) -> Result<()> {
        let paragraph = &mut self.paragraph;
        let value = attribute(tag, b"val")?;
        let is_on = !matches!(value.as_deref(), Some("0" | "false" | "off"));
        match name {
            b"b" => paragraph.is_bold |= is_on,
            b"i" => paragraph.is_italic |= is_on,
            b"u" if paragraph.underline.is_none() => {
                paragraph.underline = value.filter(|style| style != "none");
            }
            // Halves of a point.
            b"sz" if paragraph.size.is_none() => {
                let halves = value.and_then(|value| value.parse::<i32>().ok());
                paragraph.size = halves.map(|halves| halves / 2).filter(|size| *size > 0);
            }
            b"rFonts" if paragraph.font.is_none() => paragraph.font = attribute(tag, b"ascii")?,
            b"color" if paragraph.colour.is_none() => paragraph.colour = value,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) {
        self.open = self.open.saturating_sub(1);
        if self.boxes > 0 {
            self.boxes -= usize::from(name == BOX);
            return;
        }
        match name {
            b"t" => self.in_text = false,
            b"rPr" => self.in_looks = false,
            b"r" => self.in_run = false,
            b"p" => {
                self.in_paragraph = false;
                if self.tables == 0 {
                    self.rows.paragraph(std::mem::take(&mut self.paragraph));
                }
            }
            b"tc" if self.tables == 1 => {
                let cell = std::mem::take(&mut self.paragraph);
                self.cells.push(cell.text.trim().to_owned());
            }
            b"tr" if self.tables == 1 => {
                let row = self.cells.join(" | ");
                if !row.is_empty() {
                    self.table.push(row);
                }
            }
            b"tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    self.rows.table(&self.table.join("\n"));
                }
            }
            _ => {}
        }
    }
}

/// The rows of a document.
#[derive(Default)]
struct Rows {
    number: i32,
    kinds: StringBuilder,
    /// Text, style, underline, font, colour, alignment; the link comes last.
    texts: [StringBuilder; TEXTS],
    sizes: Int32Builder,
    links: StringBuilder,
}

impl Rows {
    fn paragraph(&mut self, paragraph: Paragraph) {
        if paragraph.text.trim().is_empty() {
            return;
        }
        let style = match (paragraph.is_bold, paragraph.is_italic) {
            (true, true) => "BOLD_ITALIC",
            (true, false) => "BOLD",
            (false, true) => "ITALIC",
            (false, false) => "NORMAL",
        };
        let colour = paragraph.colour.filter(|colour| !colour.is_empty());
        let alignment = paragraph.alignment.as_deref().map(constant);
        self.number += 1;
        self.kinds.append_value("paragraph");
        let texts = [
            Some(paragraph.text),
            Some(style.to_owned()),
            paragraph.underline.as_deref().map(constant),
            paragraph.font.filter(|font| !font.is_empty()),
            Some(colour.unwrap_or_else(|| BLACK.to_owned())),
            Some(alignment.unwrap_or_else(|| "LEFT".to_owned())),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        self.sizes.append_option(paragraph.size);
        let links = paragraph.links.join(",");
        self.links
            .append_option((!links.is_empty()).then_some(links));
    }

    fn table(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.number += 1;
        self.kinds.append_value("table");
        let [content, looks @ ..] = &mut self.texts;
        content.append_value(text);
        looks.iter_mut().for_each(StringBuilder::append_null);
        self.sizes.append_null();
        self.links.append_null();
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        let [text, style, underline, font, colour, alignment] = self
            .texts
            .map(|mut column| Arc::new(column.finish()) as ArrayRef);
        vec![
            Arc::new(Int32Array::from_iter_values(1..=self.number)),
            Arc::new(self.kinds.finish()),
            text,
            style,
            underline,
            Arc::new(self.sizes.finish()),
            font,
            colour,
            alignment,
            Arc::new(self.links.finish()),
        ]
    }
}

/// The targets of links by their ids.
fn links(file: impl Read) -> Result<HashMap<String, String>> {
    let mut reader = Reader::from_reader(BufReader::new(file.take(MOST)));
    let (mut found, mut buffer) = (HashMap::new(), Vec::new());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(not_xml)? {
            Event::Start(tag) | Event::Empty(tag) => {
                if let (Some(id), Some(target)) =
                    (attribute(&tag, b"Id")?, attribute(&tag, b"Target")?)
                {
                    found.insert(id, target);
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// An attribute by its name, whatever space of names it is of.
fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>> {
    for found in tag.attributes() {
        let found = found.map_err(not_xml)?;
        if found.key.local_name().into_inner() == name {
            let value = found.unescape_value().map_err(not_xml)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// A name of Word's as Java writes constants: `dotDash` is `DOT_DASH`.
fn constant(name: &str) -> String {
    let mut constant = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            constant.push('_');
        }
        constant.extend(character.to_uppercase());
    }
    constant
}

fn not_packed(error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => Fault::Io(error),
        error => Fault::malformed(format!("it is no docx: {error}")),
    }
}

fn not_xml(error: impl std::fmt::Display) -> Fault {
    Fault::malformed(format!("its XML is damaged: {error}"))
}
