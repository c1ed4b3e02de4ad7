//! How values look between delimiters: in text files, and in CSV with quotes.

use seatunnel_api::DataType;
use seatunnel_api::options::OptionEnum;

use super::{CellStyle, TimeText};

/// When the strings of a CSV file stand in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum CsvStringQuoteMode {
    /// Always.
    All,
    /// Only where it is needed to read the same back.
    Minimal,
    /// Never; a string that could not be read back is an error.
    None,
}

/// What stands between the items of nested values, by depth; the first is the field delimiter.
const SEPARATORS: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

/// Values between delimiters. Items of a list, entries of a map and values of a row stand between
/// the separators U+0002 to U+0007, one further for each depth of nesting.
pub struct Delimited {
    separators: [Vec<u8>; SEPARATORS.len()],
    null: Vec<u8>,
    quotes: Option<Quotes>,
    date: TimeText,
    time: TimeText,
    timestamp: TimeText,
}

/// When a value stands in quotes.
struct Quotes {
    mode: CsvStringQuoteMode,
    /// Bytes that a value can't have without quotes.
    special: Box<[bool; 256]>,
}

impl Delimited {
    /// Values of a text file.
    pub fn new(field_delimiter: &str, null: &str, [date, time, timestamp]: [TimeText; 3]) -> Self {
        let mut separators = SEPARATORS.map(|byte| vec![byte]);
        separators[0] = field_delimiter.as_bytes().to_vec();
        Self {
            separators,
            null: null.as_bytes().to_vec(),
            quotes: None,
            date,
            time,
            timestamp,
        }
    }

    /// The same with quotes: CSV.
    pub fn with_quotes(mut self, mode: CsvStringQuoteMode, row_delimiter: &str) -> Self {
        let mut special = Box::new([false; 256]);
        let delimiters = self.separators[0].first().into_iter();
        for byte in delimiters.chain(row_delimiter.as_bytes()).chain(b"\"\r\n") {
            special[usize::from(*byte)] = true;
        }
        self.quotes = Some(Quotes { mode, special });
        self
    }

    /// What stands between two fields.
    pub fn field_delimiter(&self) -> &[u8] {
        &self.separators[0]
    }

    /// Whether values of the type nest deeper than there are separators.
    pub fn is_too_deep(data_type: &DataType) -> bool {
        fn depth(data_type: &DataType) -> usize {
            match data_type {
                DataType::Array(item) => 1 + depth(item),
                DataType::FloatVector(_) => 1,
                DataType::Map(key, value) => 2.max(1 + depth(key).max(depth(value))),
                DataType::Row(fields) => {
                    1 + fields
                        .iter()
                        .map(|f| depth(&f.data_type))
                        .max()
                        .unwrap_or(0)
                }
                _ => 0,
            }
        }
        depth(data_type) >= SEPARATORS.len()
    }

    /// Whether values of the type come out of rendering without the quotes that they may need.
    pub fn needs_second_look(&self, data_type: &DataType) -> bool {
        let patterned = |text: &TimeText| matches!(text, TimeText::Pattern(_));
        let Some(quotes) = &self.quotes else {
            return false;
        };
        match data_type {
            DataType::String => false,
            DataType::Date => patterned(&self.date),
            DataType::Time => patterned(&self.time),
            DataType::Timestamp | DataType::TimestampTz => patterned(&self.timestamp),
            DataType::Bytes
            | DataType::Array(_)
            | DataType::FloatVector(_)
            | DataType::Map(..)
            | DataType::Row(_) => true,
            // A delimiter such as `.` or `1` is odd, but nobody forbids it.
            _ => b"0123456789.-+EINaftyinuels"
                .iter()
                .any(|b| quotes.special[usize::from(*b)]),
        }
    }

    /// Writes a rendered value that is there, in quotes if need be.
    pub fn quote_if_needed(&self, out: &mut Vec<u8>, value: &[u8]) {
        match &self.quotes {
            Some(quotes) if quotes.mode != CsvStringQuoteMode::None && self.is_special(value) => {
                in_quotes(out, value);
            }
            _ => out.extend_from_slice(value),
        }
    }

    /// Whether a value must not be written because quotes are forbidden and it can't do without.
    pub fn is_unwritable(&self, value: &[u8]) -> bool {
        self.quotes.as_ref().is_some_and(|quotes| {
            quotes.mode == CsvStringQuoteMode::None
                && value
                    .iter()
                    .any(|b| *b != b'"' && quotes.special[usize::from(*b)])
        })
    }

    /// Whether quotes are never written.
    pub fn forbids_quotes(&self) -> bool {
        let quotes = self.quotes.as_ref();
        quotes.is_some_and(|quotes| quotes.mode == CsvStringQuoteMode::None)
    }

    /// Whether a lone empty value needs quotes so that its row is not taken for a blank line.
    pub fn marks_blank_rows(&self) -> bool {
        self.quotes.is_some() && !self.forbids_quotes()
    }

    /// A name of a column, for the header.
    pub fn name(&self, out: &mut Vec<u8>, name: &str) {
        self.quote_if_needed(out, name.as_bytes());
    }

    /// Whether a value reads back as something else without quotes.
    fn is_special(&self, value: &[u8]) -> bool {
        let (Some(quotes), [first, .., last] | [first @ last]) = (&self.quotes, value) else {
            // An empty text; without quotes it would be NULL.
            return self.quotes.is_some();
        };
        first.is_ascii_whitespace()
            || last.is_ascii_whitespace()
            || value == self.null
            || value.iter().any(|b| quotes.special[usize::from(*b)])
    }
}

fn in_quotes(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

impl CellStyle for Delimited {
    fn null(&self, _level: usize) -> &[u8] {
        &self.null
    }

    fn string(&self, out: &mut Vec<u8>, value: &[u8], level: usize) {
        match &self.quotes {
            Some(quotes) if level == 0 => {
                if quotes.mode == CsvStringQuoteMode::All {
                    in_quotes(out, value);
                } else {
                    self.quote_if_needed(out, value);
                }
            }
            _ => out.extend_from_slice(value),
        }
    }

    fn bytes(&self, out: &mut Vec<u8>, value: &[u8], _level: usize) {
        out.extend_from_slice(value);
    }

    fn quote(&self) -> &[u8] {
        b""
    }

    fn date(&self) -> &TimeText {
        &self.date
    }

    fn time(&self) -> &TimeText {
        &self.time
    }

    fn timestamp(&self) -> &TimeText {
        &self.timestamp
    }

    fn list(&self, level: usize) -> [&[u8]; 3] {
        [b"", &self.separators[level + 1], b""]
    }

    fn row(&self, level: usize) -> ([&[u8]; 3], bool) {
        (self.list(level), false)
    }

    fn map(&self, level: usize) -> [&[u8]; 4] {
        [
            b"",
            &self.separators[level + 1],
            b"",
            &self.separators[level + 2],
        ]
    }

    fn key(&self, out: &mut Vec<u8>, text: &[u8]) {
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(mode: CsvStringQuoteMode) -> Delimited {
        let times = [
            TimeText::Iso(b' '),
            TimeText::Iso(b' '),
            TimeText::Iso(b' '),
        ];
        Delimited::new(",", "", times).with_quotes(mode, "\n")
    }

    fn written(style: &Delimited, value: &str) -> String {
        let mut out = Vec::new();
        style.string(&mut out, value.as_bytes(), 0);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_stand_where_they_are_needed() {
        let style = csv(CsvStringQuoteMode::Minimal);
        for (value, expected) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            (" lead", "\" lead\""),
            ("x", "x"),
            (" ", "\" \""),
            ("你好", "你好"),
        ] {
            assert_eq!(written(&style, value), expected);
        }
        assert_eq!(written(&csv(CsvStringQuoteMode::All), "x"), "\"x\"");
        let never = csv(CsvStringQuoteMode::None);
        assert_eq!(written(&never, "say \"hi\""), "say \"hi\"");
        assert!(never.is_unwritable(b"a,b") && !never.is_unwritable(b"a\"b"));
    }

    #[test]
    fn depth_beyond_the_separators_is_seen() {
        let mut data_type = DataType::Int;
        for _ in 0..6 {
            data_type = DataType::Array(Box::new(data_type));
            assert!(!Delimited::is_too_deep(&data_type));
        }
        assert!(Delimited::is_too_deep(&DataType::Array(Box::new(
            data_type
        ))));
    }
}
