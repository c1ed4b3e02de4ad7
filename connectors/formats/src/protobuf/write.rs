//! Writes row after row of what was told apart.

use std::ops::Range;

use arrow_buffer::i256;
use seatunnel_api::time;

use super::bind::{Decimals, Field, Fields, Items, Numbers, Put, Shape, Whole};
use crate::fault::{Fault, Step};

impl Fields<'_> {
    /// Writes the message of one row.
    ///
    /// # Errors
    /// If a field can't hold its value. Part of it may be written by then.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> Step {
        for field in &self.0 {
            if field.nulls.is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            field
                .write(row, out)
                .map_err(|fault| fault.within(&field.name))?;
        }
        Ok(())
    }
}

impl Field<'_> {
    fn write(&self, row: usize, out: &mut Vec<u8>) -> Step {
        match &self.shape {
            Shape::One { put, implicit } => {
                if *implicit && put.is_default(row) {
                    return Ok(());
                }
                out.extend_from_slice(&self.tag);
                put.write(row, out)
            }
            Shape::List {
                items,
                item_nulls,
                put,
                packed,
            } => {
                let items = match items {
                    Items::Offsets(offsets) => span(offsets, row),
                    Items::Fixed(size) => row * size..(row + 1) * size,
                };
                let no_null = |item| match item_nulls.is_some_and(|nulls| nulls.is_null(item)) {
                    true => Err(Fault::new("a list has a null among its items")),
                    false => Ok(()),
                };
                if items.is_empty() {
                    return Ok(());
                }
                if *packed {
                    out.extend_from_slice(&self.tag);
                    return sized(out, |out| {
                        for item in items {
                            no_null(item)?;
                            put.write(item, out)?;
                        }
                        Ok(())
                    });
                }
                for item in items {
                    no_null(item)?;
                    out.extend_from_slice(&self.tag);
                    put.write(item, out)?;
                }
                Ok(())
            }
            Shape::Map {
                offsets,
                key,
                value,
                value_nulls,
            } => {
                for entry in span(offsets, row) {
                    if value_nulls.is_some_and(|nulls| nulls.is_null(entry)) {
                        return Err(Fault::new("a map has a null among its values"));
                    }
                    out.extend_from_slice(&self.tag);
                    sized(out, |out| {
                        out.extend_from_slice(&key.0);
                        key.1.write(entry, out)?;
                        out.extend_from_slice(&value.0);
                        value.1.write(entry, out)
                    })?;
                }
                Ok(())
            }
        }
    }
}

fn span(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

impl Put<'_> {
    /// Whether it is what a field without presence is when it isn't there.
    fn is_default(&self, row: usize) -> bool {
        match self {
            Self::Bool(array) => !array.value(row),
            Self::Whole(numbers, _) => numbers.get(row) == 0,
            // Minus zero is no default.
            Self::F32(values) | Self::F32AsDouble(values) => values[row].to_bits() == 0,
            Self::F64(values) => values[row].to_bits() == 0,
            Self::Text(array) => array.value(row).is_empty(),
            Self::Bytes(array) => array.value(row).is_empty(),
            Self::Enum(array, values) => values.get(array.value(row)) == Some(&0),
            _ => false,
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> Step {
        match self {
            Self::Bool(array) => out.push(u8::from(array.value(row))),
            Self::Whole(numbers, whole) => return whole.write(numbers.get(row), out),
            Self::F32(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Self::F32AsDouble(values) => {
                out.extend_from_slice(&f64::from(values[row]).to_le_bytes());
            }
            Self::F64(values) => out.extend_from_slice(&values[row].to_le_bytes()),
            Self::Text(array) => bytes(array.value(row).as_bytes(), out),
            Self::Bytes(array) => bytes(array.value(row), out),
            Self::Enum(array, values) => {
                let name = array.value(row);
                // A number that the schema has no name for came as a number.
                let number = values.get(name).copied().or_else(|| name.parse().ok());
                let number = number
                    .ok_or_else(|| Fault::new(format!("{name:?} is no value of the enum")))?;
                varint(i64::from(number) as u64, out);
            }
            Self::Message(fields) => return sized(out, |out| fields.write(row, out)),
            Self::Timestamp(values) => {
                let micros = values[row];
                return sized(out, |out| {
                    let seconds = micros.div_euclid(1_000_000);
                    let nanos = micros.rem_euclid(1_000_000) * 1000;
                    for (tag, part) in [(1 << 3, seconds), (2 << 3, nanos)] {
                        if part != 0 {
                            out.push(tag);
                            varint(part as u64, out);
                        }
                    }
                    Ok(())
                });
            }
            Self::Wrapped(tag, inner) => {
                return sized(out, |out| match inner.is_default(row) {
                    true => Ok(()),
                    false => {
                        out.extend_from_slice(tag);
                        inner.write(row, out)
                    }
                });
            }
            Self::DateText(values) => bytes(time::format_date(values[row]).as_bytes(), out),
            Self::TimeText(values) => bytes(time::format_time(values[row]).as_bytes(), out),
            Self::TimestampText(values) => {
                bytes(time::format_timestamp(values[row]).as_bytes(), out);
            }
            Self::DecimalText(decimals, scale) => {
                let digits = match decimals {
                    Decimals::Small(values) => i256::from_i128(values[row]),
                    Decimals::Large(values) => values[row],
                };
                bytes(time::format_decimal(digits, *scale).as_bytes(), out);
            }
        }
        Ok(())
    }
}

impl Numbers<'_> {
    #[inline]
    fn get(&self, row: usize) -> i128 {
        match self {
            Self::I8(values) => values[row].into(),
            Self::I16(values) => values[row].into(),
            Self::I32(values) => values[row].into(),
            Self::I64(values) => values[row].into(),
            Self::I128(values) => values[row],
        }
    }
}

impl Whole {
    #[inline]
    fn write(self, number: i128, out: &mut Vec<u8>) -> Step {
        fn fit<T: TryFrom<i128>>(number: i128) -> Step<T> {
            let error = |_| Fault::new(format!("{number} is out of the range of its field"));
            T::try_from(number).map_err(error)
        }
        match self {
            Self::Int32 => varint(i64::from(fit::<i32>(number)?) as u64, out),
            Self::Int64 => varint(fit::<i64>(number)? as u64, out),
            Self::Uint32 => varint(fit::<u32>(number)?.into(), out),
            Self::Uint64 => varint(fit(number)?, out),
            Self::Sint32 => {
                let number: i32 = fit(number)?;
                varint(u64::from(((number << 1) ^ (number >> 31)) as u32), out);
            }
            Self::Sint64 => {
                let number: i64 = fit(number)?;
                varint(((number << 1) ^ (number >> 63)) as u64, out);
            }
            Self::Fixed32 => out.extend_from_slice(&fit::<u32>(number)?.to_le_bytes()),
            Self::Fixed64 => out.extend_from_slice(&fit::<u64>(number)?.to_le_bytes()),
            Self::Sfixed32 => out.extend_from_slice(&fit::<i32>(number)?.to_le_bytes()),
            Self::Sfixed64 => out.extend_from_slice(&fit::<i64>(number)?.to_le_bytes()),
        }
        Ok(())
    }
}

/// Writes something behind its length, which is known only then.
fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Step) -> Step {
    let start = out.len();
    // One byte is enough for most; longer ones are moved.
    out.push(0);
    write(out)?;
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
        return Ok(());
    }
    let mut digits = [0u8; 10];
    let mut count = 0;
    let mut rest = length;
    while rest >= 0x80 {
        digits[count] = rest as u8 | 0x80;
        rest >>= 7;
        count += 1;
    }
    digits[count] = rest as u8;
    count += 1;
    out.splice(start..=start, digits[..count].iter().copied());
    Ok(())
}

#[inline]
fn bytes(value: &[u8], out: &mut Vec<u8>) {
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

#[inline]
pub(super) fn varint(value: u64, out: &mut Vec<u8>) {
    let mut rest = value;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
