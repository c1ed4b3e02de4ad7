//! XML: a row is an element, its fields are elements inside of it or attributes.

mod reader;
mod writer;

pub use reader::{XmlRows, XmlRules};
pub use writer::{XmlStyle, XmlWriter, check_name, check_rows};

/// Whether a character may be part of an XML document (XML 1.0, Char).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
