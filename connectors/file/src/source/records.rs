//! Splits bytes into records and fields.

use memchr::{memchr, memmem};
use regex::bytes::Regex;

/// Where a field's bytes are: in the data, or in the scratch buffer where they had to be changed.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    start: u32,
    /// The end, and in the upper bits what is special about the field.
    end: u32,
}

const IN_SCRATCH: u32 = 1 << 31;
const QUOTED: u32 = 1 << 30;
const END: u32 = QUOTED - 1;
/// Bytes that one record may take.
pub(crate) const MAX_RECORD: usize = END as usize;

impl Field {
    /// A field that the record doesn't have.
    const MISSING: Self = Self { start: 0, end: 0 };

    fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Whether it stood in quotes; such a field is never null.
    pub(crate) fn is_quoted(self) -> bool {
        self.end & QUOTED != 0
    }

    /// Its bytes.
    #[inline(always)]
    pub(crate) fn bytes<'a>(self, data: &'a [u8], scratch: &'a [u8]) -> &'a [u8] {
        let from = if self.end & IN_SCRATCH == 0 {
            data
        } else {
            scratch
        };
        &from[self.start as usize..(self.end & END) as usize]
    }
}

/// Records of a stretch of data, as fields.
#[derive(Default)]
pub(crate) struct Records {
    /// All fields, row by row.
    pub(crate) fields: Vec<Field>,
    /// Fields of each row.
    pub(crate) width: usize,
    /// Where each row starts in the data.
    pub(crate) starts: Vec<u32>,
    /// Fields whose bytes are not those of the data.
    pub(crate) scratch: Vec<u8>,
    /// Where the row starts that has a quote which is never closed.
    pub(crate) unclosed: Option<u32>,
}

impl Records {
    pub(crate) fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Records of one field each: the values of a column of texts. An empty text is no null here.
    pub(crate) fn of_column(column: &arrow_array::StringArray) -> Self {
        use arrow_array::Array;
        let field = |index: usize| {
            if column.is_null(index) {
                return Field::MISSING;
            }
            let offsets = column.value_offsets();
            let mut field = Field::new(offsets[index] as usize, offsets[index + 1] as usize);
            field.end |= QUOTED;
            field
        };
        Self {
            fields: (0..column.len()).map(field).collect(),
            width: 1,
            starts: vec![0; column.len()],
            scratch: Vec::new(),
            unclosed: None,
        }
    }

    /// Some of the rows, in their order. `scratch` is that of the records.
    pub(crate) fn only(&self, rows: impl Iterator<Item = usize>, scratch: Vec<u8>) -> Self {
        let mut some = Self {
            width: self.width,
            scratch,
            ..Self::default()
        };
        for row in rows {
            let first = row * self.width;
            some.fields
                .extend_from_slice(&self.fields[first..first + self.width]);
            some.starts.push(self.starts[row]);
        }
        some
    }

    fn clear(&mut self, width: usize) {
        self.fields.clear();
        self.starts.clear();
        self.scratch.clear();
        self.unclosed = None;
        self.width = width;
    }

    /// Ends a row: fields that it lacks are missing, those too many are left out.
    #[inline(always)]
    fn end_row(&mut self, start: usize, first_field: usize) {
        self.fields.resize(first_field + self.width, Field::MISSING);
        self.starts.push(start as u32);
    }
}

/// How records and fields are told apart.
#[derive(Clone, Debug)]
pub(crate) enum Splitter {
    /// One byte between fields, lines, perhaps quotes: what nearly all files are.
    Bytes { delimiter: u8, quote: Option<u8> },
    /// Anything else.
    General {
        delimiter: Delimiter,
        row_end: Vec<u8>,
        quote: Option<u8>,
        escape: Option<u8>,
    },
}

/// What stands between fields.
#[derive(Clone, Debug)]
pub(crate) enum Delimiter {
    /// These bytes.
    Literal(Vec<u8>),
    /// What the expression matches.
    Regex(Regex),
    /// Nothing: a line is one field.
    None,
}

impl Splitter {
    /// Splits at most `rows` records off the front of `data`, which starts with a record. Gives the
    /// bytes they take. `last` says that no more data follows, so that the last record needs no end.
    pub(crate) fn split(
        &self,
        data: &[u8],
        last: bool,
        width: usize,
        rows: usize,
        records: &mut Records,
    ) -> usize {
        records.clear(width);
        match self {
            Self::Bytes { delimiter, quote } => {
                split_bytes(data, last, rows, *delimiter, *quote, records)
            }
            Self::General {
                delimiter,
                row_end,
                quote,
                escape,
            } => {
                let mut at = 0;
                while records.rows() < rows && at < data.len() {
                    let rest = &data[at..];
                    let Some((length, next)) =
                        end_of_record(rest, last, delimiter, row_end, *quote, *escape)
                    else {
                        break;
                    };
                    // A line of nothing is no record, unless lines are all there is.
                    if length == 0 && !matches!(delimiter, Delimiter::None) {
                        at += next;
                        continue;
                    }
                    let first = records.fields.len();
                    split_record(data, at, at + length, delimiter, *quote, *escape, records);
                    records.end_row(at, first);
                    at += next;
                }
                at
            }
        }
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const REST: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// The upper bit of each byte of `word` that is zero, exactly.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    !(((word & REST) + REST) | word | REST)
}

/// The quick way: eight bytes at a time, stopping only at delimiters, line ends and quotes.
fn split_bytes(
    data: &[u8],
    last: bool,
    rows: usize,
    delimiter: u8,
    quote: Option<u8>,
    records: &mut Records,
) -> usize {
    let width = records.width;
    let delimiters = LOW * u64::from(delimiter);
    // Without quotes, a second search for the line end costs nothing and finds nothing new.
    let quotes = LOW * u64::from(quote.unwrap_or(b'\n'));
    let line_ends = LOW * u64::from(b'\n');
    let quote = quote.unwrap_or(b'\n');
    let has_quotes = quote != b'\n';

    let (mut consumed, mut row_start, mut field_start) = (0, 0, 0);
    let mut first_field = 0;
    let mut at = 0;
    macro_rules! end_field {
        ($end:expr) => {
            if records.fields.len() - first_field < width {
                records.fields.push(Field::new(field_start, $end));
            }
        };
    }
    macro_rules! end_row {
        ($end:expr, $next:expr) => {{
            let mut end = $end;
            if end > field_start && data[end - 1] == b'\r' {
                end -= 1;
            }
            // A line of nothing is no record.
            let empty = end == row_start;
            if !empty {
                end_field!(end);
                records.end_row(row_start, first_field);
                first_field = records.fields.len();
            }
            row_start = $next;
            field_start = $next;
            consumed = $next;
        }};
    }
    // A field that starts with a quote: gives where to go on, or none if its end is not in the data.
    macro_rules! quoted {
        ($open:expr) => {{
            match close_quote(data, $open, quote, last) {
                None => None,
                Some((close, doubled)) => {
                    if close == data.len() {
                        records.unclosed = Some(row_start as u32);
                    }
                    let mut end = (close + 1).min(data.len());
                    // What follows the closing quote up to the delimiter is kept as it is.
                    while end < data.len() && data[end] != delimiter && data[end] != b'\n' {
                        end += 1;
                    }
                    let complete = end < data.len() || last;
                    if complete && records.fields.len() - first_field < width {
                        let mut tail = &data[(close + 1).min(end)..end];
                        if let [rest @ .., b'\r'] = tail {
                            tail = rest;
                        }
                        let body = &data[$open + 1..close];
                        if doubled || !tail.is_empty() {
                            let from = records.scratch.len();
                            unquote(body, quote, &mut records.scratch);
                            records.scratch.extend_from_slice(tail);
                            let mut field = Field::new(from, records.scratch.len());
                            field.end |= IN_SCRATCH | QUOTED;
                            records.fields.push(field);
                        } else {
                            let mut field = Field::new($open + 1, close);
                            field.end |= QUOTED;
                            records.fields.push(field);
                        }
                    }
                    complete.then_some(end)
                }
            }
        }};
    }

    'words: while at < data.len() {
        if records.starts.len() >= rows {
            return consumed;
        }
        let mut found = if at + 8 <= data.len() {
            let bytes: [u8; 8] = data[at..at + 8].try_into().expect("eight bytes");
            let word = u64::from_le_bytes(bytes);
            zero_bytes(word ^ delimiters) | zero_bytes(word ^ line_ends) | zero_bytes(word ^ quotes)
        } else {
            // The last few bytes, padded with a byte that is none of the three.
            let mut bytes = [b'a'; 8];
            bytes[..data.len() - at].copy_from_slice(&data[at..]);
            let word = u64::from_le_bytes(bytes);
            let found = zero_bytes(word ^ delimiters)
                | zero_bytes(word ^ line_ends)
                | zero_bytes(word ^ quotes);
            found & (u64::MAX >> (64 - 8 * (data.len() - at)))
        };
        while found != 0 {
            let position = at + (found.trailing_zeros() >> 3) as usize;
            found &= found - 1;
            let byte = data[position];
            if byte == delimiter {
                end_field!(position);
                field_start = position + 1;
            } else if byte == b'\n' {
                end_row!(position, position + 1);
                if records.starts.len() >= rows {
                    return consumed;
                }
            } else if has_quotes && byte == quote && position == field_start {
                let Some(end) = quoted!(position) else {
                    return incomplete(records, first_field, consumed);
                };
                // The field is done; what ends it is looked at here, since the word is left behind.
                if end >= data.len() {
                    records.end_row(row_start, first_field);
                    return data.len();
                }
                if data[end] == delimiter {
                    field_start = end + 1;
                } else {
                    records.end_row(row_start, first_field);
                    first_field = records.fields.len();
                    row_start = end + 1;
                    field_start = end + 1;
                    consumed = end + 1;
                }
                at = end + 1;
                continue 'words;
            }
        }
        at += 8;
    }
    if last && row_start < data.len() && records.starts.len() < rows {
        end_row!(data.len(), data.len());
        let _ = (row_start, field_start, first_field);
        return consumed;
    }
    incomplete(records, first_field, consumed)
}

/// Takes back the fields of a record that isn't complete.
fn incomplete(records: &mut Records, first_field: usize, consumed: usize) -> usize {
    records.fields.truncate(first_field);
    consumed
}

/// Where the quote that opens at `open` closes, and whether there are doubled quotes inside.
fn close_quote(data: &[u8], open: usize, quote: u8, last: bool) -> Option<(usize, bool)> {
    let mut doubled = false;
    let mut from = open + 1;
    loop {
        match memchr(quote, &data[from..]) {
            Some(found) => {
                let position = from + found;
                match data.get(position + 1) {
                    Some(next) if *next == quote => {
                        doubled = true;
                        from = position + 2;
                    }
                    Some(_) => return Some((position, doubled)),
                    // The next byte may be a second quote that is not there yet.
                    None if last => return Some((position, doubled)),
                    None => return None,
                }
            }
            // A quote that is never closed: the rest of the file is the field.
            None if last => return Some((data.len(), doubled)),
            None => return None,
        }
    }
}

/// Adds `body` with each doubled quote as one.
fn unquote(body: &[u8], quote: u8, out: &mut Vec<u8>) {
    let mut rest = body;
    while let Some(found) = memchr(quote, rest) {
        out.extend_from_slice(&rest[..=found]);
        rest = &rest[(found + 2).min(rest.len())..];
    }
    out.extend_from_slice(rest);
}

/// Length of the record at the front of `data`, and where the next one starts.
fn end_of_record(
    data: &[u8],
    last: bool,
    delimiter: &Delimiter,
    row_end: &[u8],
    quote: Option<u8>,
    escape: Option<u8>,
) -> Option<(usize, usize)> {
    let found = if quote.is_none() && escape.is_none() {
        memmem::find(data, row_end)
    } else {
        let between: &[u8] = match delimiter {
            Delimiter::Literal(literal) => literal,
            _ => &[],
        };
        let (mut at, mut inside, mut starts_field) = (0, false, true);
        loop {
            let Some(byte) = data.get(at) else {
                break None;
            };
            let is_quote = Some(*byte) == quote;
            if Some(*byte) == escape {
                starts_field = false;
                at += 2;
            } else if inside {
                let doubled = is_quote && data.get(at + 1).copied() == quote;
                inside = !is_quote || doubled;
                at += 1 + usize::from(doubled);
            } else if is_quote && starts_field {
                inside = true;
                starts_field = false;
                at += 1;
            } else if data[at..].starts_with(row_end) {
                break Some(at);
            } else if !between.is_empty() && data[at..].starts_with(between) {
                starts_field = true;
                at += between.len();
            } else {
                starts_field = false;
                at += 1;
            }
        }
    };
    match found {
        Some(at) => {
            let carriage = row_end == b"\n" && at > 0 && data[at - 1] == b'\r';
            Some((at - usize::from(carriage), at + row_end.len()))
        }
        None if last => Some((data.len(), data.len())),
        None => None,
    }
}

/// Adds the fields of the record `data[from..to]`.
fn split_record(
    data: &[u8],
    from: usize,
    to: usize,
    delimiter: &Delimiter,
    quote: Option<u8>,
    escape: Option<u8>,
    records: &mut Records,
) {
    let most = records.fields.len() + records.width;
    let record = &data[from..to];
    match delimiter {
        Delimiter::None => records.fields.push(Field::new(from, to)),
        Delimiter::Regex(regex) => {
            let mut start = 0;
            for found in regex.find_iter(record).filter(|m| !m.is_empty()) {
                if records.fields.len() < most {
                    let field = Field::new(from + start, from + found.start());
                    records.fields.push(field);
                }
                start = found.end();
            }
            if records.fields.len() < most {
                records.fields.push(Field::new(from + start, to));
            }
        }
        Delimiter::Literal(literal) if quote.is_none() && escape.is_none() => {
            let mut start = 0;
            for found in memmem::find_iter(record, literal) {
                if records.fields.len() < most {
                    records.fields.push(Field::new(from + start, from + found));
                }
                start = found + literal.len();
            }
            if records.fields.len() < most {
                records.fields.push(Field::new(from + start, to));
            }
        }
        Delimiter::Literal(literal) => {
            if !split_escaped(record, literal, quote, escape, most, records) {
                records.unclosed = Some(from as u32);
            }
        }
    }
}

/// Adds the fields of a record byte by byte, minding quotes and escapes. Whether all quotes are closed.
fn split_escaped(
    record: &[u8],
    delimiter: &[u8],
    quote: Option<u8>,
    escape: Option<u8>,
    most: usize,
    records: &mut Records,
) -> bool {
    let mut at = 0;
    loop {
        let start = records.scratch.len();
        let quoted = quote.is_some() && record.get(at).copied() == quote;
        let mut inside = quoted;
        at += usize::from(quoted);
        let mut ended = true;
        while let Some(byte) = record.get(at) {
            if Some(*byte) == escape && at + 1 < record.len() {
                records.scratch.push(record[at + 1]);
                at += 2;
            } else if Some(*byte) == quote && inside {
                if record.get(at + 1).copied() == quote {
                    records.scratch.push(*byte);
                    at += 2;
                } else {
                    inside = false;
                    at += 1;
                }
            } else if !inside && record[at..].starts_with(delimiter) {
                at += delimiter.len();
                ended = false;
                break;
            } else {
                records.scratch.push(*byte);
                at += 1;
            }
        }
        if records.fields.len() < most {
            let mut field = Field::new(start, records.scratch.len());
            field.end |= IN_SCRATCH | if quoted { QUOTED } else { 0 };
            records.fields.push(field);
        }
        if ended {
            return !inside;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(splitter: &Splitter, text: &str, width: usize) -> Vec<Vec<String>> {
        let mut records = Records::default();
        let used = splitter.split(text.as_bytes(), true, width, 1_000, &mut records);
        assert_eq!(used, text.len());
        read(&records, text)
    }

    fn read(records: &Records, text: &str) -> Vec<Vec<String>> {
        let cell = |field: &Field| {
            let bytes = field.bytes(text.as_bytes(), &records.scratch).to_vec();
            String::from_utf8(bytes).unwrap()
        };
        records
            .fields
            .chunks(records.width)
            .map(|row| row.iter().map(cell).collect())
            .collect()
    }

    fn csv() -> Splitter {
        Splitter::Bytes {
            delimiter: b',',
            quote: Some(b'"'),
        }
    }

    /// The same language, read the slow way.
    fn csv_general() -> Splitter {
        Splitter::General {
            delimiter: Delimiter::Literal(b",".to_vec()),
            row_end: b"\n".to_vec(),
            quote: Some(b'"'),
            escape: None,
        }
    }

    #[test]
    fn quotes_hold_delimiters_and_line_ends() {
        let text = "a,\"b,\"\"c\"\"\nd\",e\r\n\r\n1,,3\n\"x\",y";
        let expected = [
            vec!["a", "b,\"c\"\nd", "e"],
            vec!["1", "", "3"],
            vec!["x", "y", ""],
        ];
        assert_eq!(rows(&csv(), text, 3), expected);
    }

    #[test]
    fn both_ways_of_splitting_agree_at_every_cut() {
        let text = "id,name,remark\n1,\"a,b\",x\n22,\"say \"\"hi\"\"\",\"two\nlines\"\n333,plain,\n,,\n4444444444,long enough,yes\n";
        let mut quick = Records::default();
        let mut slow = Records::default();
        for cut in 0..=text.len() {
            let data = &text.as_bytes()[..cut];
            let used = csv().split(data, false, 3, 100, &mut quick);
            let used_slow = csv_general().split(data, false, 3, 100, &mut slow);
            assert_eq!(used, used_slow, "cut at {cut}");
            assert_eq!(read(&quick, text), read(&slow, text), "cut at {cut}");
        }
        for most in 1..6 {
            let used = csv().split(text.as_bytes(), true, 3, most, &mut quick);
            assert_eq!(quick.rows(), most);
            assert!(used < text.len());
        }
    }

    #[test]
    fn delimiters_may_be_long_or_expressions() {
        let general = |delimiter| Splitter::General {
            delimiter,
            row_end: b"\n".to_vec(),
            quote: None,
            escape: None,
        };
        let literal = general(Delimiter::Literal(b"||".to_vec()));
        assert_eq!(
            rows(&literal, "a||b||\nc\n", 3),
            [["a", "b", ""], ["c", "", ""]]
        );
        let regex = general(Delimiter::Regex(Regex::new(r"\s+").unwrap()));
        assert_eq!(rows(&regex, "a  b\tc\n", 3), [["a", "b", "c"]]);
        let line = general(Delimiter::None);
        assert_eq!(rows(&line, "a,b\r\nc", 1), [["a,b"], ["c"]]);
    }

    #[test]
    fn an_escape_takes_the_next_byte_as_it_is() {
        let splitter = Splitter::General {
            delimiter: Delimiter::Literal(b",".to_vec()),
            row_end: b"\n".to_vec(),
            quote: Some(b'"'),
            escape: Some(b'\\'),
        };
        let text = "\"a\\\"b\",c\\,d\n\"x\ny\",z\n";
        assert_eq!(rows(&splitter, text, 2), [["a\"b", "c,d"], ["x\ny", "z"]]);
    }

    #[test]
    fn stray_quotes_inside_a_field_are_its_own() {
        assert_eq!(
            rows(&csv(), "a\"b,c\n5\" pipe,d\n", 2),
            [["a\"b", "c"], ["5\" pipe", "d"]]
        );
    }
}
