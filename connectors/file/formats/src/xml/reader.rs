//! Reads rows out of elements, one after the other.

use std::io::BufRead;

use arrow_array::StringArray;
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::{Fault, Result, TextColumns};

/// What makes a row.
#[derive(Clone, Debug)]
pub struct XmlRules {
    /// The tag of its element, wherever it is in the document.
    pub row_tag: String,
    /// Whether fields are attributes of the element; else they are elements right inside of it.
    pub use_attributes: bool,
    /// Names of the fields, in the order of the columns. Others are passed over.
    pub names: Vec<String>,
}

/// The rows of a document. Holds one row and the batch that is made in memory. Documents with a DTD are refused.
pub struct XmlRows<R> {
    reader: Reader<R>,
    rules: XmlRules,
    buffer: Vec<u8>,
    rows: TextColumns,
    /// The fields of the row that is read.
    values: Vec<Value>,
    ended: bool,
}

/// A field of a row.
#[derive(Clone, Default)]
struct Value {
    is_there: bool,
    /// Whether it says that it is null.
    is_nil: bool,
    text: String,
}

impl<R: BufRead> XmlRows<R> {
    /// Rows of a document in UTF-8.
    pub fn new(from: R, rules: XmlRules) -> Self {
        let mut reader = Reader::from_reader(from);
        reader.config_mut().check_end_names = true;
        Self {
            reader,
            buffer: Vec::new(),
            rows: TextColumns::new(rules.names.len()),
            values: vec![Value::default(); rules.names.len()],
            rules,
            ended: false,
        }
    }

    /// The next rows as columns of texts, so many and about so many bytes at most; none at the end. A field that is
    /// not there is null. Elements without any of the fields are no rows.
    ///
    /// # Errors
    /// If the document can't be read or is not well-formed.
    pub fn next_rows(&mut self, most: usize, bytes: usize) -> Result<Option<Vec<StringArray>>> {
        while !self.ended && self.rows.rows() < most && self.rows.bytes() < bytes {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) if is_called(&start, &self.rules.row_tag) => {
                    begin(&self.rules, &start, &mut self.values)?;
                    self.row()?;
                }
                Ok(Event::Empty(start)) if is_called(&start, &self.rules.row_tag) => {
                    begin(&self.rules, &start, &mut self.values)?;
                    self.end_row();
                }
                Ok(Event::DocType(_)) => return Err(no_dtd()),
                Ok(Event::Eof) => self.ended = true,
                Ok(_) => {}
                Err(error) => return Err(malformed(&self.reader, &error)),
            }
        }
        Ok((self.rows.rows() > 0).then(|| self.rows.finish()))
    }

    /// Reads what is inside of a row's element.
    fn row(&mut self) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.inside(&mut buffer);
        self.buffer = buffer;
        read
    }

    fn inside(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        // How deep below the row, and the field that is read.
        let (mut depth, mut field) = (0_usize, None::<usize>);
        loop {
            buffer.clear();
            let event = self.reader.read_event_into(buffer);
            match event.map_err(|e| malformed(&self.reader, &e))? {
                Event::Start(start) => {
                    if depth == 0 {
                        field = self.field(&start);
                        field.into_iter().for_each(|f| self.open(f, &start));
                    }
                    depth += 1;
                }
                Event::Empty(start) if depth == 0 => {
                    self.field(&start)
                        .into_iter()
                        .for_each(|f| self.open(f, &start));
                }
                Event::End(_) if depth == 0 => {
                    self.end_row();
                    return Ok(());
                }
                Event::End(_) => {
                    depth -= 1;
                    if depth == 0 {
                        field = None;
                    }
                }
                Event::Text(text) if depth == 1 => {
                    if let Some(field) = field {
                        let text = text.decode().map_err(|_| no_text())?;
                        self.values[field].text.push_str(&text);
                    }
                }
                Event::CData(text) if depth == 1 => {
                    if let Some(field) = field {
                        let text = text.decode().map_err(|_| no_text())?;
                        self.values[field].text.push_str(&text);
                    }
                }
                Event::GeneralRef(entity) if depth == 1 => {
                    if let Some(field) = field {
                        resolve(&entity, &mut self.values[field].text)?;
                    }
                }
                Event::DocType(_) => return Err(no_dtd()),
                Event::Eof => {
                    return Err(Fault::malformed(
                        "the document ends in the middle of an element",
                    ));
                }
                _ => {}
            }
        }
    }

    /// The field that an element is.
    fn field(&self, start: &BytesStart<'_>) -> Option<usize> {
        if self.rules.use_attributes {
            return None;
        }
        let name = start.local_name();
        let mut names = self.rules.names.iter();
        names.position(|known| known.as_bytes() == name.as_ref())
    }

    /// Of a field that is there twice the last one counts.
    fn open(&mut self, field: usize, start: &BytesStart<'_>) {
        let value = &mut self.values[field];
        value.is_there = true;
        value.is_nil = is_nil(start);
        value.text.clear();
    }

    fn end_row(&mut self) {
        if self.values.iter().any(|value| value.is_there) {
            let values = self.values.iter();
            let text = |value: &Value| value.is_there && !value.is_nil;
            self.rows
                .push(values.map(|value| text(value).then_some(value.text.as_str())));
        }
    }
}

/// Whether an element says that it is null (XML Schema, xsi:nil).
fn is_nil(start: &BytesStart<'_>) -> bool {
    let mut attributes = start.attributes().flatten();
    attributes.any(|a| a.key.local_name().as_ref() == b"nil" && matches!(&*a.value, b"true" | b"1"))
}

fn is_called(start: &BytesStart<'_>, tag: &str) -> bool {
    start.local_name().as_ref() == tag.as_bytes()
}

/// Begins a row with the attributes of its element, where these are the fields.
fn begin(rules: &XmlRules, start: &BytesStart<'_>, values: &mut [Value]) -> Result<()> {
    for value in values.iter_mut() {
        value.is_there = false;
        value.is_nil = false;
        value.text.clear();
    }
    if !rules.use_attributes {
        return Ok(());
    }
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| Fault::malformed(format!("an attribute: {e}")))?;
        let name = attribute.key.local_name();
        let mut names = rules.names.iter();
        let Some(field) = names.position(|known| known.as_bytes() == name.as_ref()) else {
            continue;
        };
        let raw = std::str::from_utf8(&attribute.value).map_err(|_| no_text())?;
        let text = unescape(raw).map_err(|e| Fault::malformed(format!("an attribute: {e}")))?;
        values[field].is_there = true;
        values[field].text = text.into_owned();
    }
    Ok(())
}

/// `&lt;` and `&#38;`, and no others: those that a DTD would declare could be anything.
fn resolve(entity: &BytesRef<'_>, out: &mut String) -> Result<()> {
    let name = entity.decode().map_err(|_| no_text())?;
    let character = entity
        .resolve_char_ref()
        .map_err(|e| Fault::malformed(format!("&{name};: {e}")))?;
    match (character, resolve_predefined_entity(&name)) {
        (Some(character), _) => out.push(character),
        (None, Some(text)) => out.push_str(text),
        (None, None) => {
            return Err(Fault::malformed(format!(
                "it has the entity &{name};, which is none of XML's own"
            )));
        }
    }
    Ok(())
}

fn malformed<R>(reader: &Reader<R>, error: &quick_xml::Error) -> Fault {
    match error {
        quick_xml::Error::Io(error) => {
            Fault::Io(std::io::Error::new(error.kind(), error.to_string()))
        }
        error => Fault::malformed(format!("{error}, at byte {}", reader.error_position())),
    }
}

fn no_text() -> Fault {
    Fault::malformed("it holds bytes that are no text in its encoding")
}

fn no_dtd() -> Fault {
    Fault::malformed("it has a DTD, which could make it read other files: take the DTD out")
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;

    use super::*;

    fn read(text: &str, attributes: bool) -> Result<Vec<Vec<Option<String>>>> {
        let rules = XmlRules {
            row_tag: "r".to_owned(),
            use_attributes: attributes,
            names: vec!["a".to_owned(), "b".to_owned()],
        };
        let mut rows = XmlRows::new(text.as_bytes(), rules);
        let mut all = Vec::new();
        while let Some(columns) = rows.next_rows(2, 1 << 20)? {
            for row in 0..columns[0].len() {
                let value = |c: &StringArray| c.is_valid(row).then(|| c.value(row).to_owned());
                all.push(columns.iter().map(value).collect());
            }
        }
        Ok(all)
    }

    fn row(a: Option<&str>, b: Option<&str>) -> Vec<Option<String>> {
        [a, b].map(|v| v.map(str::to_owned)).to_vec()
    }

    #[test]
    fn elements_and_attributes_become_rows() {
        let text = "<?xml version=\"1.0\"?>\n<all>\n <r><a>1 &lt; 2&#33;</a><x>no</x><b><![CDATA[<b>]]></b></r>\
                    <deep><n:r xmlns:n=\"u\"><b/></n:r></deep><r><x/></r><r><a>x<i>y</i>z</a></r></all>";
        assert_eq!(
            read(text, false).unwrap(),
            [
                row(Some("1 < 2!"), Some("<b>")),
                row(None, Some("")),
                row(Some("xz"), None)
            ]
        );
        let text = "<all><r a=\"1\" c='2'/><r b=\"&quot;&#10;\">text</r><r/></all>";
        assert_eq!(
            read(text, true).unwrap(),
            [row(Some("1"), None), row(None, Some("\"\n"))]
        );
    }

    #[test]
    fn what_is_not_well_formed_is_an_error() {
        for wrong in [
            "<all><r><a>1</r></all>",
            "<all><r><a>1",
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><all><r><a>&e;</a></r></all>",
            "<all><r><a>&e;</a></r></all>",
            "<all><r a=1 a=2/></all>",
        ] {
            let attributes = wrong.contains("a=1");
            assert!(read(wrong, attributes).is_err(), "{wrong}");
        }
    }
}
