//! Batches as the text that `LOAD DATA` reads.
//!
//! Fields end in a tab, lines in a line feed, the backslash escapes both and itself, and `\N` is null:
//! what MySQL reads fastest, since it looks at each byte once. The statement's character set is
//! `binary`, which takes bytes as they are: text is UTF-8 already, and binary columns need no
//! encoding. Where a text column has another character set than UTF-8, the server must convert; the
//! statement's character set is `utf8mb4` then, and binary columns come in hexadecimal digits.

mod digits;
mod json;

pub(crate) use digits::{date, decimal, time, timestamp, wide_decimal};
pub(crate) use json::json;

use crate::sink::form::{NO_JSON, NO_SUCH_DAY, NOT_A_NUMBER, Stamp, Unfit, Values, View};

/// How a column is written, besides its form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// As hexadecimal digits, for `UNHEX`.
    pub(crate) hex: bool,
    /// A number as its bytes, for `BIT` columns.
    pub(crate) bits: bool,
}

/// Writes rows until there are no more or `out` has `limit` bytes; false in the first case.
///
/// # Errors
/// A value that MySQL can't hold; `out` ends before its row then, which is taken from `rows`.
pub(crate) fn write_rows(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    columns: &[(View<'_>, Spelling)],
    rows: &mut impl Iterator<Item = usize>,
    limit: usize,
) -> Result<bool, Unfit> {
    while out.len() < limit {
        let Some(row) = rows.next() else {
            return Ok(false);
        };
        let start = out.len();
        for (column, (view, spelling)) in columns.iter().enumerate() {
            if column > 0 {
                out.push(b'\t');
            }
            if view.is_null(row) {
                out.extend_from_slice(b"\\N");
            } else if let Err(why) = write_value(out, scratch, &view.values, *spelling, row) {
                out.truncate(start);
                return Err(Unfit { row, column, why });
            }
        }
        out.push(b'\n');
    }
    Ok(true)
}

fn write_value(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    values: &Values<'_>,
    spelling: Spelling,
    row: usize,
) -> Result<(), &'static str> {
    let good = |good: bool, why| if good { Ok(()) } else { Err(why) };
    match values {
        Values::Null => out.extend_from_slice(b"\\N"),
        Values::Boolean(values) => number(out, values.value(row).into(), spelling),
        Values::TinyInt(values) => number(out, values[row].into(), spelling),
        Values::SmallInt(values) => number(out, values[row].into(), spelling),
        Values::Int(values) => number(out, values[row].into(), spelling),
        Values::BigInt(values) => number(out, values[row], spelling),
        // MySQL reads a number as a double first: the digits of that one are exact.
        Values::Float(values) => return float(out, f64::from(values[row])),
        Values::Double(values) => return float(out, values[row]),
        Values::FloatText(values) => {
            out.extend_from_slice(ryu::Buffer::new().format(values[row]).as_bytes());
        }
        Values::DoubleText(values) => {
            out.extend_from_slice(ryu::Buffer::new().format(values[row]).as_bytes());
        }
        Values::Decimal(values, scale) => decimal(out, values[row], *scale),
        Values::WideDecimal(values, scale) => wide_decimal(out, values[row], *scale),
        Values::Bytes { offsets, data, .. } => {
            let bytes = &data[offsets[row] as usize..offsets[row + 1] as usize];
            if spelling.hex {
                hexadecimal(out, bytes);
            } else {
                escaped(out, bytes);
            }
        }
        Values::Date(values, _) => return good(date(out, values[row]), NO_SUCH_DAY),
        Values::Time(values, _) => time(out, values[row]),
        Values::Timestamp(values, stamp) => {
            good(timestamp(out, values[row]), NO_SUCH_DAY)?;
            if *stamp == Stamp::TextWithZone {
                out.push(b'Z');
            }
        }
        Values::Json(column, of) => {
            scratch.clear();
            good(json(scratch, *column, of, row), NO_JSON)?;
            escaped(out, scratch);
        }
    }
    Ok(())
}

fn number(out: &mut Vec<u8>, value: i64, spelling: Spelling) {
    if spelling.bits {
        let bytes = value.to_be_bytes();
        let zeros = (value.leading_zeros() / 8).min(7) as usize;
        if spelling.hex {
            hexadecimal(out, &bytes[zeros..]);
        } else {
            escaped(out, &bytes[zeros..]);
        }
    } else {
        digits::integer(out, value);
    }
}

fn float(out: &mut Vec<u8>, value: f64) -> Result<(), &'static str> {
    if !value.is_finite() {
        return Err(NOT_A_NUMBER);
    }
    out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    Ok(())
}

/// Writes bytes with a backslash before what would end the field or the line.
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr3(b'\\', b'\t', b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        let letter = match rest[at] {
            b'\t' => b't',
            b'\n' => b'n',
            other => other,
        };
        out.extend_from_slice(&[b'\\', letter]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn hexadecimal(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seatunnel_api::{
        Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
    };

    use super::*;
    use crate::sink::form::{Form, Kind};

    fn batch(types: &[&str], rows: &[Vec<Value>]) -> Batch {
        let column = |(index, text): (usize, &&str)| {
            Column::new(format!("c{index}"), DataType::parse(text).unwrap())
        };
        let schema = TableSchema::new(types.iter().enumerate().map(column).collect());
        let table = CatalogTable::new("t", TablePath::unnamed(), schema);
        let mut builder = BatchBuilder::new(Arc::new(table));
        for row in rows {
            builder.push(RowKind::Insert, row).unwrap();
        }
        builder.finish()
    }

    fn written(batch: &Batch, kind: Kind, spelling: Spelling) -> (Vec<u8>, Result<bool, Unfit>) {
        let columns = batch.table().columns();
        let forms: Vec<Form> = columns
            .iter()
            .map(|c| Form::new(&c.data_type, Some(kind)))
            .collect();
        let views: Vec<_> = forms
            .iter()
            .enumerate()
            .map(|(place, form)| (View::new(form, batch.records(), place), spelling))
            .collect();
        let (mut out, mut scratch) = (Vec::new(), Vec::new());
        let mut rows = 0..batch.num_rows();
        let more = write_rows(&mut out, &mut scratch, &views, &mut rows, usize::MAX);
        (out, more)
    }

    #[test]
    fn what_ends_fields_and_lines_is_escaped() {
        let text = |t: &str| Value::String(t.into());
        let rows = [
            vec![text("a\tb\nc\\N"), Value::Bytes(vec![0, 9, 10, 92, 255])],
            vec![text(""), Value::Null],
        ];
        let (out, more) = written(
            &batch(&["string", "bytes"], &rows),
            Kind::Text,
            Spelling::default(),
        );
        assert_eq!(more, Ok(false));
        assert_eq!(out, b"a\\tb\\nc\\\\N\t\x00\\t\\n\\\\\xff\n\t\\N\n");
    }

    #[test]
    fn bits_and_hexadecimal_digits() {
        let rows = [
            vec![
                Value::Boolean(true),
                Value::BigInt(0x1ff),
                Value::Bytes(vec![0xab, 1]),
            ],
            vec![
                Value::Boolean(false),
                Value::BigInt(-1),
                Value::Bytes(vec![]),
            ],
        ];
        let batch = batch(&["boolean", "bigint", "bytes"], &rows);
        let bits = Spelling {
            bits: true,
            hex: false,
        };
        let (out, _) = written(&batch, Kind::Bit, bits);
        let eight = [0xff; 8];
        assert_eq!(
            out,
            [b"\x01\t\x01\xff\t\xab\x01\n\0\t", &eight[..], b"\t\n"].concat()
        );
        let hex = Spelling {
            bits: true,
            hex: true,
        };
        let (out, _) = written(&batch, Kind::Bit, hex);
        assert_eq!(out, b"01\t01FF\tAB01\n00\tFFFFFFFFFFFFFFFF\t\n");
    }

    #[test]
    fn numbers_that_mysql_lacks_are_told_and_leave_nothing() {
        let rows = [
            vec![Value::Int(1), Value::Double(0.5)],
            vec![Value::Int(2), Value::Double(f64::NAN)],
        ];
        let batch = batch(&["int", "double"], &rows);
        let (out, more) = written(&batch, Kind::Plain, Spelling::default());
        assert_eq!(out, b"1\t0.5\n");
        assert_eq!(
            more,
            Err(Unfit {
                row: 1,
                column: 1,
                why: NOT_A_NUMBER
            })
        );
        // As text it is one.
        let (out, more) = written(&batch, Kind::Text, Spelling::default());
        assert_eq!((out, more), (b"1\t0.5\n2\tNaN\n".to_vec(), Ok(false)));
    }

    #[test]
    fn writing_pauses_at_the_limit_and_goes_on() {
        let rows: Vec<_> = (0..100).map(|n| vec![Value::Int(n)]).collect();
        let batch = batch(&["int"], &rows);
        let form = Form::Int;
        let views = [(View::new(&form, batch.records(), 0), Spelling::default())];
        let mut rows = 0..100;
        let (mut all, mut out, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        let mut more = true;
        while more {
            out.clear();
            more = write_rows(&mut out, &mut scratch, &views, &mut rows, 16).unwrap();
            assert!(out.len() < 20);
            all.extend_from_slice(&out);
        }
        let expected: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert_eq!(all, expected.as_bytes());
    }
}
