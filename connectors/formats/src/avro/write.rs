//! Writes row after row of what was told apart.

use arrow_buffer::i256;

use super::bind::{Cell, Digits, Key, Put};
use crate::digits;
use crate::fault::{Fault, Step};

impl Cell<'_> {
    /// Writes the value of one row.
    ///
    /// # Errors
    /// If the schema has no place for it. Part of it may be written by then.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Step {
        let null = match &self.put {
            Put::Null => true,
            _ => self.nulls.is_some_and(|nulls| nulls.is_null(row)),
        };
        match (self.union, null) {
            (None, false) => {}
            (Some((_, value)), false) => out.push(value << 1),
            (Some((Some(branch), _)), true) => {
                out.push(branch << 1);
                return Ok(());
            }
            (None, true) if matches!(self.put, Put::Null) => return Ok(()),
            (_, true) if matches!(self.put, Put::Row(_)) => {
                return Err(Fault::new(
                    "it is null, and the schema has no null for it; one that follows from the columns has with \
                     avro_row_nullable = true",
                ));
            }
            (_, true) => return Err(Fault::new("it is null, and the schema has no null for it")),
        }
        self.value(row, out)
    }

    fn value(&self, row: usize, out: &mut Vec<u8>) -> Step {
        match &self.put {
            Put::Null => {}
            Put::Boolean(array) => out.push(u8::from(array.value(row))),
            Put::I8(values) => long(i64::from(values[row]), out),
            Put::I16(values) => long(i64::from(values[row]), out),
            Put::I32(values) => long(i64::from(values[row]), out),
            Put::I64(values) => long(values[row], out),
            Put::Scaled(values, factor) => {
                let value = values[row];
                let scaled = match *factor {
                    divisor @ ..=0 => value.div_euclid(-divisor),
                    factor => value
                        .checked_mul(factor)
                        .ok_or_else(|| Fault::new("its nanoseconds have more than 64 bits"))?,
                };
                long(scaled, out);
            }
            Put::F32(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Put::F32AsDouble(values) => {
                out.extend_from_slice(&f64::from(values[row]).to_le_bytes());
            }
            Put::F64(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Put::Text(array) => bytes(array.value(row).as_bytes(), out),
            Put::Bytes(array) => bytes(array.value(row), out),
            Put::Fixed(array, size) => {
                let value = array.value(row);
                if value.len() != *size {
                    return Err(Fault::new(format!(
                        "it has {} bytes, the schema wants {size}",
                        value.len()
                    )));
                }
                out.extend_from_slice(value);
            }
            Put::Enum(array, symbols) => {
                let text = array.value(row);
                let index = symbols.iter().position(|s| s == text).ok_or_else(|| {
                    Fault::new(format!("{text:?} is no symbol of the schema's enum"))
                })?;
                long(index as i64, out);
            }
            Put::Decimal128(values, digits) => {
                decimal(i256::from_i128(values[row]), *digits, out)?;
            }
            Put::Decimal256(values, digits) => decimal(values[row], *digits, out)?,
            Put::List(offsets, items) => {
                block(
                    offsets[row] as usize..offsets[row + 1] as usize,
                    out,
                    |item, out| items.write(item, out),
                )?;
            }
            Put::Vector(dimension, items) => {
                block(row * dimension..(row + 1) * dimension, out, |item, out| {
                    items.write(item, out)
                })?;
            }
            Put::Map(offsets, keys, values) => {
                block(
                    offsets[row] as usize..offsets[row + 1] as usize,
                    out,
                    |item, out| {
                        keys.write(item, out);
                        values.write(item, out)
                    },
                )?;
            }
            Put::Row(fields) => {
                for (name, field) in fields {
                    field.write(row, out).map_err(|fault| fault.within(name))?;
                }
            }
        }
        Ok(())
    }
}

impl Key<'_> {
    fn write(&self, entry: usize, out: &mut Vec<u8>) {
        match self {
            Self::Text(array) => bytes(array.value(entry).as_bytes(), out),
            // Such keys are rare, and their text is short.
            Self::Boolean(array) => bytes(array.value(entry).to_string().as_bytes(), out),
            Self::I8(values) => bytes(values[entry].to_string().as_bytes(), out),
            Self::I16(values) => bytes(values[entry].to_string().as_bytes(), out),
            Self::I32(values) => bytes(values[entry].to_string().as_bytes(), out),
            Self::I64(values) => bytes(values[entry].to_string().as_bytes(), out),
        }
    }
}

/// Items of a list or a map, in one block.
fn block(
    items: std::ops::Range<usize>,
    out: &mut Vec<u8>,
    write: impl Fn(usize, &mut Vec<u8>) -> Step,
) -> Step {
    if !items.is_empty() {
        long(items.len() as i64, out);
        for item in items {
            write(item, out)?;
        }
    }
    out.push(0);
    Ok(())
}

fn decimal(value: i256, digits: Digits, out: &mut Vec<u8>) -> Step {
    let to = i8::try_from(digits.to).map_err(|_| Fault::new("its schema has too many digits"))?;
    let value = digits::rescale(value, i32::from(digits.from), to, 76)?;
    let all = value.to_be_bytes();
    let short = digits::shortest(&all);
    match digits.size {
        None => bytes(short, out),
        Some(size) => {
            let fill = size.checked_sub(short.len()).ok_or_else(|| {
                Fault::new(format!(
                    "its digits don't fit the {size} bytes of the schema"
                ))
            })?;
            let sign = if value.is_negative() { 0xff } else { 0 };
            out.extend(std::iter::repeat_n(sign, fill));
            out.extend_from_slice(short);
        }
    }
    Ok(())
}

#[inline]
fn bytes(value: &[u8], out: &mut Vec<u8>) {
    long(value.len() as i64, out);
    out.extend_from_slice(value);
}

#[inline]
fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
