//! Carries out a plan for one message.
//!
//! Fields come in any order, and may come again: then the last value counts, messages are merged, and
//! lists go on. Values are pushed as they come; what comes again is found by the column being ahead of the row.

use arrow_buffer::i256;
use seatunnel_api::DataType;

use super::input::{Input, Raw, WireType};
use super::plan::{Absent, Element, Field, Kind, Plan, Shape};
use crate::columns::{Column, Maps};
use crate::digits;
use crate::fault::{Fault, Step};
use crate::scalars::push_scalar;

impl Plan {
    /// Reads a message: one value into each column that has a field. `row` is the number of rows
    /// that the columns have already.
    ///
    /// # Errors
    /// If it is not what the plan expects. Values may have been pushed by then.
    pub(super) fn read(&self, message: &[u8], columns: &mut [Column], row: usize) -> Step {
        let mut input = Input::new(message);
        while !input.is_empty() {
            let (number, wire) = input.tag()?;
            match self.place(number) {
                None => input.skip(number, wire)?,
                Some(place) => {
                    let field = &self.fields[place];
                    self.field(field, wire, &mut input, message, columns, row)
                        .map_err(|fault| fault.within(&field.name))?;
                }
            }
        }
        for field in &self.fields {
            end(field, &mut columns[field.column], row)
                .map_err(|fault| fault.within(&field.name))?;
        }
        Ok(())
    }

    fn field(
        &self,
        field: &Field,
        wire: WireType,
        input: &mut Input<'_>,
        message: &[u8],
        columns: &mut [Column],
        row: usize,
    ) -> Step {
        let raw = input.raw(wire)?;
        for rival in &field.rivals {
            columns[self.fields[*rival].column].truncate(row);
        }
        let column = &mut columns[field.column];
        match (&field.shape, column) {
            (Shape::One(element, _), column) => {
                check(&element.kind, wire)?;
                if column.len() == row {
                    return value(element, raw, column);
                }
                column.truncate(row);
                match element.kind.wire() {
                    // Messages written one behind the other are the merged message.
                    WireType::Length if !matches!(element.kind, Kind::Text | Kind::Bytes) => {
                        let read = message.len() - input.rest().len();
                        let merged = all_of(field.number, &message[..read])?;
                        value(element, Raw::Bytes(&merged), column)
                    }
                    _ => value(element, raw, column),
                }
            }
            (Shape::List(element), Column::List(c)) => items(element, wire, raw, &mut c.items),
            (Shape::List(element), Column::Vector(c)) => {
                let Kind::Float = element.kind else {
                    return Err(mixed_up());
                };
                each(&element.kind, wire, raw, |raw| match raw {
                    Raw::Number(bits) => {
                        c.values.push(f32::from_bits(bits as u32));
                        Ok(())
                    }
                    Raw::Bytes(_) => Err(mixed_up()),
                })
            }
            (Shape::Map(key, content), Column::Map(c)) => {
                let Raw::Bytes(entry) = raw else {
                    return Err(Fault::new("an entry of a map is no message"));
                };
                map_entry(key, content, entry, c)
            }
            _ => Err(mixed_up()),
        }
    }
}

/// Ends what may have come in several pieces, and gives what didn't come its default.
fn end(field: &Field, column: &mut Column, row: usize) -> Step {
    match (&field.shape, column) {
        (Shape::One(element, absent), column) if column.len() == row => match absent {
            None => column.push_null(),
            Some(Absent::Number(number)) => value(element, Raw::Number(*number), column)?,
            Some(Absent::Bytes(bytes)) => value(element, Raw::Bytes(bytes), column)?,
        },
        (Shape::One(..), _) => {}
        (Shape::List(_), Column::List(c)) => c.end(),
        (Shape::List(_), Column::Vector(c)) => {
            let from = row * c.dimension;
            // A list that isn't there and an empty one look alike.
            if c.values.len() == from && c.dimension > 0 {
                c.end_null();
            } else if !c.end() {
                return Err(Fault::new(format!(
                    "a vector has not {} items",
                    c.dimension
                )));
            }
        }
        (Shape::Map(..), Column::Map(c)) => c.end_unique(),
        _ => return Err(mixed_up()),
    }
    Ok(())
}

fn check(kind: &Kind, wire: WireType) -> Step {
    match kind.wire() == wire {
        true => Ok(()),
        false => Err(Fault::new(
            "its value is written in another way than that of its type",
        )),
    }
}

/// All values of a message's field as one message.
fn all_of(number: u32, message: &[u8]) -> Step<Vec<u8>> {
    let mut merged = Vec::new();
    let mut input = Input::new(message);
    while !input.is_empty() {
        match input.tag()? {
            (found, WireType::Length) if found == number => {
                if let Raw::Bytes(bytes) = input.raw(WireType::Length)? {
                    merged.extend_from_slice(bytes);
                }
            }
            (found, wire) => input.skip(found, wire)?,
        }
    }
    Ok(merged)
}

/// One item of a list, or several in one value.
fn each(kind: &Kind, wire: WireType, raw: Raw<'_>, mut push: impl FnMut(Raw<'_>) -> Step) -> Step {
    match raw {
        Raw::Bytes(packed) if kind.wire() != WireType::Length => {
            let mut input = Input::new(packed);
            while !input.is_empty() {
                push(input.raw(kind.wire())?)?;
            }
            Ok(())
        }
        raw => {
            check(kind, wire)?;
            push(raw)
        }
    }
}

fn items(element: &Element, wire: WireType, raw: Raw<'_>, items: &mut Column) -> Step {
    each(&element.kind, wire, raw, |raw| value(element, raw, items))
}

fn map_entry(key: &Element, content: &Element, entry: &[u8], maps: &mut Maps) -> Step {
    let (mut first, mut second) = (None, None);
    let mut merged = Vec::new();
    let mut input = Input::new(entry);
    while !input.is_empty() {
        match input.tag()? {
            (1, wire) => {
                check(&key.kind, wire)?;
                first = Some(input.raw(wire)?);
            }
            (2, wire) => {
                check(&content.kind, wire)?;
                let raw = input.raw(wire)?;
                // A message that comes in pieces.
                if let (Some(Raw::Bytes(before)), Raw::Bytes(after)) = (second, raw)
                    && !matches!(content.kind, Kind::Text | Kind::Bytes)
                {
                    if merged.is_empty() {
                        merged.extend_from_slice(before);
                    }
                    merged.extend_from_slice(after);
                }
                second = Some(raw);
            }
            (number, wire) => input.skip(number, wire)?,
        }
    }
    let nothing = |element: &Element| match element.kind.wire() {
        WireType::Length => Raw::Bytes(&[]),
        _ => Raw::Number(0),
    };
    value(key, first.unwrap_or_else(|| nothing(key)), &mut maps.keys)?;
    let second = match merged.is_empty() {
        false => Raw::Bytes(&merged),
        true => second.unwrap_or_else(|| nothing(content)),
    };
    value(content, second, &mut maps.values)
}

/// Pushes one value.
#[inline]
fn value(element: &Element, raw: Raw<'_>, column: &mut Column) -> Step {
    match (&element.kind, raw) {
        (Kind::Text, Raw::Bytes(bytes)) => match column {
            Column::Bytes(c) => c.push(bytes),
            column => {
                if std::str::from_utf8(bytes).is_err() {
                    return Err(Fault::new("a text is not valid UTF-8"));
                }
                match column {
                    Column::Text(c) => c.push(bytes),
                    column => push_scalar(column, &element.to, bytes)?,
                }
            }
        },
        (Kind::Bytes, Raw::Bytes(bytes)) => match column {
            Column::Bytes(c) => c.push(bytes),
            _ => return Err(mixed_up()),
        },
        (Kind::Message(plan), Raw::Bytes(bytes)) => match column {
            Column::Row(c) => {
                let row = c.rows();
                plan.read(bytes, &mut c.fields, row)?;
                c.end();
            }
            _ => return Err(mixed_up()),
        },
        (Kind::Timestamp, Raw::Bytes(bytes)) => match column {
            Column::I64(c) => c.push(timestamp(bytes)?),
            _ => return Err(mixed_up()),
        },
        (Kind::Wrapped(inner), Raw::Bytes(bytes)) => {
            let mut raw = match inner.kind.wire() {
                WireType::Length => Raw::Bytes(&[]),
                _ => Raw::Number(0),
            };
            let mut input = Input::new(bytes);
            while !input.is_empty() {
                match input.tag()? {
                    (1, wire) => {
                        check(&inner.kind, wire)?;
                        raw = input.raw(wire)?;
                    }
                    (number, wire) => input.skip(number, wire)?,
                }
            }
            return value(inner, raw, column);
        }
        (Kind::Bool, Raw::Number(number)) => match column {
            Column::Boolean(c) => c.push(number != 0),
            _ => return Err(mixed_up()),
        },
        (Kind::Float, Raw::Number(bits)) => {
            let float = f32::from_bits(bits as u32);
            match column {
                Column::F32(c) => c.push(float),
                Column::F64(c) => c.push(f64::from(float)),
                _ => return Err(mixed_up()),
            }
        }
        (Kind::Double, Raw::Number(bits)) => match column {
            Column::F64(c) => c.push(f64::from_bits(bits)),
            _ => return Err(mixed_up()),
        },
        (Kind::Enum(names), Raw::Number(number)) => {
            // Beyond 32 bits the upper ones don't count, as with all of 32 bits.
            let number = number as i32;
            match (column, names.get(&number)) {
                (Column::Text(c), Some(name)) => c.push(name.as_bytes()),
                (column, _) => return whole(column, &element.to, number.into()),
            }
        }
        (kind, Raw::Number(number)) => {
            let number = match kind {
                Kind::Int | Kind::Sfixed64 => i128::from(number as i64),
                Kind::Zigzag => i128::from((number >> 1) as i64 ^ -((number & 1) as i64)),
                Kind::Sfixed32 => i128::from(number as u32 as i32),
                Kind::Uint | Kind::Fixed32 | Kind::Fixed64 => i128::from(number),
                _ => return Err(mixed_up()),
            };
            return whole(column, &element.to, number);
        }
        _ => return Err(mixed_up()),
    }
    Ok(())
}

/// A whole number into whatever column takes one.
#[inline]
fn whole(column: &mut Column, to: &DataType, number: i128) -> Step {
    let beyond = || Fault::range(number);
    match column {
        Column::I32(c) => c.push(number.try_into().map_err(|_| beyond())?),
        Column::I64(c) => c.push(number.try_into().map_err(|_| beyond())?),
        Column::I16(c) => c.push(number.try_into().map_err(|_| beyond())?),
        Column::I8(c) => c.push(match number {
            -128..=127 => number as i8,
            // SeaTunnel writes a TINYINT below zero as the unsigned number of the same bits.
            128..=255 => number as u8 as i8,
            _ => return Err(beyond()),
        }),
        Column::F32(c) => c.push(number as f32),
        Column::F64(c) => c.push(number as f64),
        Column::Text(c) => {
            c.buffer().extend_from_slice(number.to_string().as_bytes());
            c.end();
        }
        column => {
            let DataType::Decimal { precision, scale } = to else {
                return Err(mixed_up());
            };
            let value = digits::rescale(i256::from_i128(number), 0, *scale, *precision)?;
            match column {
                Column::Decimal128(c) => c.push(value.to_i128().ok_or_else(mixed_up)?),
                Column::Decimal256(c) => c.push(value),
                _ => return Err(mixed_up()),
            }
        }
    }
    Ok(())
}

/// Microseconds of a `google.protobuf.Timestamp`.
fn timestamp(message: &[u8]) -> Step<i64> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut input = Input::new(message);
    while !input.is_empty() {
        match input.tag()? {
            (1, WireType::Varint) => seconds = input.varint()? as i64,
            (2, WireType::Varint) => nanos = i64::from(input.varint()? as i32),
            (number, wire) => input.skip(number, wire)?,
        }
    }
    let micros = seconds.checked_mul(1_000_000);
    micros
        .and_then(|micros| micros.checked_add(nanos.div_euclid(1000)))
        .ok_or_else(|| Fault::range(format!("{seconds} seconds")))
}

fn mixed_up() -> Fault {
    Fault::new("a column is not of the type that was planned for")
}
