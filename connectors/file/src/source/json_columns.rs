//! JSON objects right into columns, without anything in between.
//!
//! This is the quick way for what nearly all files have: one object a line, whose members are single values. It gives up
//! on the first thing that is not so, or that is wrong; the thorough way then reads the same lines again and says what
//! is wrong with them.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::{Column, DataType, MAX_DECIMAL128, time};

use super::cells::{TextRules, parse_date, parse_time, parse_timestamp};
use super::numbers::{parse_decimal, parse_integer};

/// How the objects of a table's files are read.
pub(crate) struct JsonColumns {
    columns: Vec<Member>,
}

struct Member {
    /// The key with its quotes: `"name"`.
    key: Vec<u8>,
    data_type: DataType,
}

/// Rows that were read.
pub(crate) struct Read {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) rows: usize,
    /// Bytes that they took.
    pub(crate) used: usize,
}

/// Values of one column.
enum Values {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    I128(Vec<i128>),
    Boolean(Vec<bool>),
    /// Texts or bytes: where each ends, and all of them.
    Bytes(Vec<i32>, Vec<u8>),
}

struct Builder<'a> {
    member: &'a Member,
    values: Values,
    nulls: NullBufferBuilder,
    /// Values taken, nulls too.
    rows: usize,
}

impl JsonColumns {
    /// For these columns; none if one of them is not a single value.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = &'a Column>) -> Option<Self> {
        let members = columns.map(|column| {
            let is_single = match &column.data_type {
                DataType::Decimal { precision, .. } => *precision <= MAX_DECIMAL128,
                DataType::Null
                | DataType::Array(_)
                | DataType::Map(..)
                | DataType::Row(_)
                | DataType::FloatVector(_) => false,
                _ => true,
            };
            // A name that JSON has to escape may be written in several ways.
            let is_plain = |b: &u8| *b >= b' ' && !matches!(b, b'"' | b'\\');
            let name = column.name.as_bytes();
            (is_single && name.iter().all(is_plain)).then(|| Member {
                key: [b"\"", name, b"\""].concat(),
                data_type: column.data_type.clone(),
            })
        });
        Some(Self {
            columns: members.collect::<Option<Vec<_>>>()?,
        })
    }

    /// Reads rows off the front of `data`, so many at most; none if the thorough way has to look.
    pub(crate) fn read(&self, data: &[u8], most: usize, text: &TextRules) -> Option<Read> {
        let mut builders: Vec<Builder<'_>> = self
            .columns
            .iter()
            .map(|member| Builder::new(member, most.min(data.len() / 16 + 1)))
            .collect();
        let mut cursor = Cursor { data, at: 0 };
        let mut rows = 0;
        loop {
            cursor.skip_blanks();
            if cursor.at == data.len() || rows == most {
                break;
            }
            self.object(&mut cursor, &mut builders, rows, text)?;
            rows += 1;
        }
        let columns = builders.into_iter().map(Builder::finish);
        Some(Read {
            columns: columns.collect::<Option<Vec<_>>>()?,
            rows,
            used: cursor.at,
        })
    }

    #[inline]
    fn object(
        &self,
        cursor: &mut Cursor<'_>,
        builders: &mut [Builder<'_>],
        row: usize,
        text: &TextRules,
    ) -> Option<()> {
        cursor.take(b'{')?;
        cursor.skip_blanks();
        let mut expected = 0;
        let mut found = 0;
        if !cursor.take_if(b'}') {
            loop {
                cursor.skip_blanks();
                let place = match self.columns.get(expected) {
                    Some(member) if cursor.rest().starts_with(&member.key) => {
                        cursor.at += member.key.len();
                        Some(expected)
                    }
                    _ => {
                        let key = cursor.key()?;
                        self.columns.iter().position(|member| member.key == key)
                    }
                };
                cursor.skip_blanks();
                cursor.take(b':')?;
                cursor.skip_blanks();
                match place {
                    Some(place) => {
                        expected = place + 1;
                        found += 1;
                        let builder = &mut builders[place];
                        // A key that is there twice.
                        if builder.rows != row {
                            return None;
                        }
                        builder.value(cursor, text)?;
                    }
                    None => cursor.skip_value()?,
                }
                cursor.skip_blanks();
                if cursor.take_if(b',') {
                    continue;
                }
                cursor.take(b'}')?;
                break;
            }
        }
        if found < builders.len() {
            for builder in builders.iter_mut().filter(|b| b.rows == row) {
                builder.null();
            }
        }
        Some(())
    }
}

impl<'a> Builder<'a> {
    fn new(member: &'a Member, rows: usize) -> Self {
        Self {
            member,
            values: match &member.data_type {
                DataType::TinyInt => Values::I8(Vec::with_capacity(rows)),
                DataType::SmallInt => Values::I16(Vec::with_capacity(rows)),
                DataType::Int | DataType::Date => Values::I32(Vec::with_capacity(rows)),
                DataType::Float => Values::F32(Vec::with_capacity(rows)),
                DataType::Double => Values::F64(Vec::with_capacity(rows)),
                DataType::Decimal { .. } => Values::I128(Vec::with_capacity(rows)),
                DataType::Boolean => Values::Boolean(Vec::with_capacity(rows)),
                DataType::String | DataType::Bytes => {
                    Values::Bytes(Vec::with_capacity(rows + 1), Vec::with_capacity(rows * 16))
                }
                _ => Values::I64(Vec::with_capacity(rows)),
            },
            nulls: NullBufferBuilder::new(rows),
            rows: 0,
        }
    }

    #[cold]
    fn null(&mut self) {
        self.rows += 1;
        self.nulls.append_null();
        match &mut self.values {
            Values::I8(values) => values.push(0),
            Values::I16(values) => values.push(0),
            Values::I32(values) => values.push(0),
            Values::I64(values) => values.push(0),
            Values::F32(values) => values.push(0.0),
            Values::F64(values) => values.push(0.0),
            Values::I128(values) => values.push(0),
            Values::Boolean(values) => values.push(false),
            Values::Bytes(ends, bytes) => ends.push(bytes.len() as i32),
        }
    }

    /// Takes the value at the cursor.
    #[inline]
    fn value(&mut self, cursor: &mut Cursor<'_>, text: &TextRules) -> Option<()> {
        if cursor.take_null() {
            self.null();
            return Some(());
        }
        let data_type = &self.member.data_type;
        match &mut self.values {
            Values::I8(values) => values.push(cursor.integer()?.try_into().ok()?),
            Values::I16(values) => values.push(cursor.integer()?.try_into().ok()?),
            Values::I32(values) if *data_type == DataType::Int => {
                values.push(cursor.integer()?.try_into().ok()?);
            }
            Values::I32(values) => {
                values.push(parse_date(cursor.short_text()?, text.date.as_ref())?);
            }
            Values::I64(values) => values.push(match data_type {
                DataType::BigInt => cursor.integer()?,
                DataType::Time => parse_time(cursor.short_text()?, text.time.as_ref())?,
                DataType::Timestamp => {
                    parse_timestamp(cursor.short_text()?, text.timestamp.as_ref())?
                }
                _ => {
                    let bytes = cursor.short_text()?;
                    let parsed = time::parse_timestamp_tz(bytes);
                    parsed.or_else(|| parse_timestamp(bytes, text.timestamp.as_ref()))?
                }
            }),
            Values::F32(values) => values.push(cursor.float()?),
            Values::F64(values) => values.push(cursor.float()?),
            Values::I128(values) => {
                let DataType::Decimal { precision, scale } = *data_type else {
                    return None;
                };
                let bytes = match cursor.peek()? {
                    b'"' => cursor.short_text()?,
                    _ => cursor.number(),
                };
                values.push(parse_decimal(bytes, precision, scale)?);
            }
            Values::Boolean(values) => values.push(cursor.boolean()?),
            Values::Bytes(ends, bytes) if *data_type == DataType::Bytes => {
                STANDARD.decode_vec(cursor.plain_text()?, bytes).ok()?;
                ends.push(i32::try_from(bytes.len()).ok()?);
            }
            Values::Bytes(ends, bytes) => {
                match cursor.peek()? {
                    b'"' => cursor.text(bytes)?,
                    b't' | b'f' => {
                        let value: &[u8] = if cursor.boolean()? { b"true" } else { b"false" };
                        bytes.extend_from_slice(value);
                    }
                    b'-' | b'0'..=b'9' => bytes.extend_from_slice(cursor.number()),
                    _ => return None,
                }
                ends.push(i32::try_from(bytes.len()).ok()?);
            }
        }
        self.rows += 1;
        self.nulls.append_non_null();
        Some(())
    }

    fn finish(self) -> Option<ArrayRef> {
        fn fixed<T: ArrowPrimitiveType>(
            values: Vec<T::Native>,
            mut nulls: NullBufferBuilder,
        ) -> PrimitiveArray<T> {
            PrimitiveArray::new(ScalarBuffer::from(values), nulls.finish())
        }
        let (data_type, nulls) = (&self.member.data_type, self.nulls);
        Some(match self.values {
            Values::I8(values) => Arc::new(fixed::<Int8Type>(values, nulls)),
            Values::I16(values) => Arc::new(fixed::<Int16Type>(values, nulls)),
            Values::I32(values) => match data_type {
                DataType::Int => Arc::new(fixed::<Int32Type>(values, nulls)),
                _ => Arc::new(fixed::<Date32Type>(values, nulls)),
            },
            Values::I64(values) => match data_type {
                DataType::BigInt => Arc::new(fixed::<Int64Type>(values, nulls)),
                DataType::Time => Arc::new(fixed::<Time64MicrosecondType>(values, nulls)),
                other => {
                    let column = fixed::<TimestampMicrosecondType>(values, nulls);
                    Arc::new(column.with_data_type(other.to_arrow()))
                }
            },
            Values::F32(values) => Arc::new(fixed::<Float32Type>(values, nulls)),
            Values::F64(values) => Arc::new(fixed::<Float64Type>(values, nulls)),
            Values::I128(values) => {
                let column = fixed::<Decimal128Type>(values, nulls);
                Arc::new(column.with_data_type(data_type.to_arrow()))
            }
            Values::Boolean(values) => {
                let bits = BooleanBuffer::from(values);
                Arc::new(BooleanArray::new(bits, nulls_of(nulls)))
            }
            Values::Bytes(ends, bytes) => {
                let mut offsets = Vec::with_capacity(ends.len() + 1);
                offsets.push(0);
                offsets.extend_from_slice(&ends);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let (bytes, nulls) = (Buffer::from_vec(bytes), nulls_of(nulls));
                match data_type {
                    DataType::Bytes => Arc::new(BinaryArray::try_new(offsets, bytes, nulls).ok()?),
                    // Looked at once for the whole column whether it is text.
                    _ => Arc::new(StringArray::try_new(offsets, bytes, nulls).ok()?),
                }
            }
        })
    }
}

fn nulls_of(mut nulls: NullBufferBuilder) -> Option<arrow_buffer::NullBuffer> {
    nulls.finish()
}

/// A place in JSON. What it does not take for granted makes it give up.
struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The upper bit of the first byte of `word` that is zero, perhaps of some behind it, too.
#[inline(always)]
fn first_zero(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        &self.data[self.at..]
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    #[inline(always)]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn take_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        self.take_if(byte).then_some(())
    }

    #[inline(always)]
    fn take_null(&mut self) -> bool {
        let found = self.peek() == Some(b'n') && self.rest().starts_with(b"null");
        self.at += 4 * usize::from(found);
        found
    }

    #[inline]
    fn boolean(&mut self) -> Option<bool> {
        let (value, length) = match self.rest() {
            [b't', b'r', b'u', b'e', ..] => (true, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (false, 5),
            _ => return None,
        };
        self.at += length;
        Some(value)
    }

    /// A key with its quotes; none if it has escapes.
    fn key(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.plain_text()?;
        Some(&self.data[start..self.at])
    }

    /// The place of the quote or backslash that comes next.
    #[inline(always)]
    fn special(&self, mut at: usize) -> Option<usize> {
        while let Some(bytes) = self.data.get(at..at + 8) {
            let word = u64::from_le_bytes(bytes.try_into().ok()?);
            let found = first_zero(word ^ (LOW * u64::from(b'"')))
                | first_zero(word ^ (LOW * u64::from(b'\\')));
            if found != 0 {
                return Some(at + (found.trailing_zeros() >> 3) as usize);
            }
            at += 8;
        }
        let rest = self.data.get(at..)?;
        let found = rest.iter().position(|b| matches!(b, b'"' | b'\\'));
        found.map(|found| at + found)
    }

    /// A text without escapes.
    #[inline(always)]
    fn plain_text(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let end = self.special(self.at)?;
        let text = &self.data[self.at..end];
        self.at = end;
        self.take(b'"')?;
        Some(text)
    }

    /// A text that stands for a value without blanks; none if it is blank.
    #[inline(always)]
    fn short_text(&mut self) -> Option<&'a [u8]> {
        Some(self.plain_text()?.trim_ascii()).filter(|text| !text.is_empty())
    }

    /// Adds a text.
    #[inline(always)]
    fn text(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.take(b'"')?;
        loop {
            let end = self.special(self.at)?;
            out.extend_from_slice(&self.data[self.at..end]);
            self.at = end + 1;
            if self.data[end] == b'"' {
                return Some(());
            }
            self.escape(out)?;
        }
    }

    /// What stands behind a backslash.
    #[cold]
    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        out.push(match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let first = self.hexadecimal()?;
                let code = match first {
                    0xd800..0xdc00 => {
                        self.take(b'\\')?;
                        self.take(b'u')?;
                        let second = self.hexadecimal()?.checked_sub(0xdc00)?;
                        if second >= 0x400 {
                            return None;
                        }
                        0x10000 + ((first - 0xd800) << 10) + second
                    }
                    code => code,
                };
                let character = char::from_u32(code)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Some(());
            }
            _ => return None,
        });
        Some(())
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.data.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |number, digit| {
            Some(number * 16 + char::from(*digit).to_digit(16)?)
        })
    }

    /// The bytes of a number.
    #[inline(always)]
    fn number(&mut self) -> &'a [u8] {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        &self.data[start..self.at]
    }

    /// A whole number, as a number or as a text.
    #[inline(always)]
    fn integer(&mut self) -> Option<i64> {
        let bytes = match self.peek()? {
            b'"' => self.plain_text()?,
            _ => self.number(),
        };
        // Fractions and exponents, and numbers that JSON does not have, are for the thorough way.
        match bytes {
            [b'0', b'0'..=b'9', ..] | [b'-', b'0', b'0'..=b'9', ..] | [b'+', ..] => None,
            bytes => parse_integer(bytes),
        }
    }

    /// A number.
    #[inline(always)]
    fn float<T: fast_float2::FastFloat>(&mut self) -> Option<T> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return None;
        }
        let (value, length) = fast_float2::parse_partial(self.rest()).ok()?;
        let bytes = &self.data[self.at..self.at + length];
        // What JSON does not have, such as `-inf` and `1.`.
        if !bytes.last().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        self.at += length;
        Some(value)
    }

    /// Passes over a value.
    fn skip_value(&mut self) -> Option<()> {
        // For each container that is open a bit: whether it is an object. Deeper ones are rare.
        let (mut depth, mut objects) = (0_u32, 0_u64);
        loop {
            self.skip_blanks();
            match self.peek()? {
                b'"' => loop {
                    let end = self.special(self.at + 1)?;
                    self.at = end;
                    if self.data[end] == b'"' {
                        self.at += 1;
                        break;
                    }
                    // Behind the character that is escaped.
                    self.at += 1;
                },
                open @ (b'{' | b'[') => {
                    if depth == u64::BITS {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u64::from(open == b'{');
                    self.at += 1;
                    continue;
                }
                close @ (b'}' | b']') => {
                    depth = depth.checked_sub(1)?;
                    if (objects & 1 == 1) != (close == b'}') {
                        return None;
                    }
                    objects >>= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b't' | b'f' => {
                    self.boolean()?;
                }
                b'n' if self.take_null() => {}
                b'-' | b'0'..=b'9' => {
                    self.number();
                }
                _ => return None,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    use super::*;

    fn read(types: &[(&str, &str)], data: &str) -> Option<Read> {
        let columns: Vec<Column> = types
            .iter()
            .map(|(name, text)| Column::new(*name, DataType::parse(text).unwrap()))
            .collect();
        let rules = TextRules::default();
        JsonColumns::new(columns.iter())?.read(data.as_bytes(), 100, &rules)
    }

    #[test]
    fn members_go_into_their_columns_in_any_order() {
        let types = [("a", "bigint"), ("b", "string"), ("c", "double")];
        let data = "{\"a\":1,\"b\":\"x\",\"c\":1.5}\n \n{ \"c\" : -2e3 , \"skipped\": {\"a\": [1, \"]\\\"\", null]}, \"a\": \"-7\" }\n\
                    {\"b\":\"\\u00e9\\ud83d\\ude00\\n\\\"\",\"a\":null}{}\n{\"b\":12.50,\"a\":0}\n{\"b\":true}\n";
        let found = read(&types, data).unwrap();
        assert_eq!((found.rows, found.used), (6, data.len()));
        let a: Vec<_> = found.columns[0]
            .as_primitive::<Int64Type>()
            .iter()
            .collect();
        assert_eq!(a, [Some(1), Some(-7), None, None, Some(0), None]);
        let b: Vec<_> = found.columns[1].as_string::<i32>().iter().collect();
        assert_eq!(
            b,
            [
                Some("x"),
                None,
                Some("é😀\n\""),
                None,
                Some("12.50"),
                Some("true")
            ]
        );
        let c: Vec<_> = found.columns[2]
            .as_primitive::<Float64Type>()
            .iter()
            .collect();
        assert_eq!(c[..2], [Some(1.5), Some(-2000.0)]);
        assert_eq!(found.columns[2].null_count(), 4);
    }

    #[test]
    fn what_is_unusual_or_wrong_is_left_to_the_thorough_way() {
        let types = [
            ("a", "int"),
            ("b", "string"),
            ("d", "date"),
            ("f", "double"),
        ];
        for data in [
            "{\"a\":1.0}",
            "{\"a\":2147483648}",
            "{\"a\":\"\"}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1",
            "{\"a\" 1}",
            "{a:1}",
            "[1]",
            "7",
            "{\"b\":[1]}",
            "{\"b\":\"x}",
            "{\"b\":\"\\x\"}",
            "{\"b\":\"\\ud800\"}",
            "{\"d\":\"2024-02-30\"}",
            "{\"f\":1.}",
            "{\"f\":-inf}",
            "{\"f\":nan}",
            "{\"x\":}",
            "{\"x\":[1}",
            "{\"a\":1,}",
            "{\"a\":tru}",
        ] {
            assert!(read(&types, data).is_none(), "{data}");
        }
        assert!(read(&[("a", "array<int>")], "{}").is_none());
        // A byte that is no text, in the middle of a column.
        let columns = [Column::new("b", DataType::String)];
        let plan = JsonColumns::new(columns.iter()).unwrap();
        let wrong = b"{\"b\":\"\xff\"}";
        assert!(plan.read(wrong, 10, &TextRules::default()).is_none());
    }
}
