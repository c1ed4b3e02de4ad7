//! Carries out a plan for one message.

use std::io::Write;

use arrow_buffer::i256;

use super::input::Input;
use super::plan::{Branch, Digits, Field, Node, Plan, Scale, Skip};
use crate::columns::{Column, Maps};
use crate::digits;
use crate::fault::{Fault, Step};

/// How deep types that contain themselves may go in a message: each level takes stack.
const DEEPEST: usize = 64;

impl Plan {
    /// Reads a message into columns: one value into each that it has a field for.
    ///
    /// # Errors
    /// If it is not what the plan expects. Values may have been pushed by then.
    pub(super) fn read(&self, message: &[u8], columns: &mut [Column]) -> Step {
        match self.read_first(message, columns)?.len() {
            0 => Ok(()),
            left => Err(Fault::new(format!(
                "{left} bytes are left behind its last value"
            ))),
        }
    }

    /// As [`Plan::read`], of data in which others may follow: gives what is behind the first.
    ///
    /// # Errors
    /// As [`Plan::read`].
    pub(super) fn read_first<'a>(&self, data: &'a [u8], columns: &mut [Column]) -> Step<&'a [u8]> {
        let mut input = Input::new(data);
        let Node::Record(fields) = &self.root else {
            return Err(mixed_up());
        };
        self.record(fields, columns, &mut input)?;
        Ok(input.rest())
    }

    fn record(&self, fields: &[Field], columns: &mut [Column], input: &mut Input<'_>) -> Step {
        for field in fields {
            match field {
                Field::Read { column, name, node } => self
                    .value(node, &mut columns[*column], input)
                    .map_err(|fault| fault.within(name))?,
                Field::Skip(skip) => self.skip(skip, input, 0)?,
            }
        }
        Ok(())
    }

    fn value(&self, node: &Node, column: &mut Column, input: &mut Input<'_>) -> Step {
        match (node, column) {
            (Node::Union(branches), column) => {
                let index = input.long()?;
                let branch = usize::try_from(index).ok().and_then(|i| branches.get(i));
                match branch {
                    Some(Branch::Read(node)) => return self.value(node, column, input),
                    Some(Branch::Unfit(why)) => return Err(Fault::new(why.as_str())),
                    None => {
                        return Err(Fault::new(format!(
                            "it has branch {index} of a union of {}",
                            branches.len()
                        )));
                    }
                }
            }
            (Node::Integer, column) => return integer(column, input.long()?),
            (Node::Text, Column::Text(c)) => c.push(input.text()?),
            (Node::Bytes, Column::Bytes(c)) => c.push(input.bytes()?),
            (Node::Float, Column::F32(c)) => c.push(input.float()?),
            (Node::Float, Column::F64(c)) => c.push(f64::from(input.float()?)),
            (Node::Double, Column::F64(c)) => c.push(input.double()?),
            (Node::Boolean, Column::Boolean(c)) => c.push(input.boolean()?),
            (Node::Scaled(scale), Column::I64(c)) => {
                let value = input.long()?;
                c.push(match scale {
                    Scale::Times(1) => value,
                    Scale::Times(factor) => value
                        .checked_mul(*factor)
                        .ok_or_else(|| Fault::range(value))?,
                    Scale::Over(divisor) => value.div_euclid(*divisor),
                });
            }
            (Node::Null, column) => column.push_null(),
            (Node::Drop(skip), column) => {
                self.skip(skip, input, 0)?;
                column.push_null();
            }
            (Node::Fixed(size), Column::Bytes(c)) => c.push(input.take(*size)?),
            (Node::Enum(symbols), Column::Text(c)) => {
                let index = input.long()?;
                let symbol = usize::try_from(index).ok().and_then(|i| symbols.get(i));
                let symbol = symbol.ok_or_else(|| {
                    Fault::new(format!(
                        "it has symbol {index} of an enum of {}",
                        symbols.len()
                    ))
                })?;
                c.push(symbol.as_bytes());
            }
            (Node::Decimal(digits), column) => return decimal(digits, column, input),
            (Node::Uuid { sized }, Column::Text(c)) => {
                let bytes = match sized {
                    true => input.take(16)?,
                    false => input.bytes()?,
                };
                let bytes: [u8; 16] = bytes
                    .try_into()
                    .map_err(|_| Fault::new("a UUID has not 16 bytes"))?;
                for (index, byte) in bytes.iter().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        c.buffer().push(b'-');
                    }
                    c.buffer().extend(
                        [byte >> 4, byte & 15].map(|n| b"0123456789abcdef"[usize::from(n)]),
                    );
                }
                c.end();
            }
            (Node::Array(item), Column::List(c)) => {
                while let Some(count) = input.block()? {
                    for _ in 0..count {
                        self.value(item, &mut c.items, input)?;
                    }
                }
                c.end();
            }
            (Node::Array(item), Column::Vector(c)) => {
                while let Some(count) = input.block()? {
                    for _ in 0..count {
                        c.values.push(match **item {
                            Node::Float => input.float()?,
                            _ => return Err(Fault::new("a vector has items that are no floats")),
                        });
                    }
                }
                if !c.end() {
                    return Err(Fault::new(format!(
                        "a vector has not {} items",
                        c.dimension
                    )));
                }
            }
            (Node::Map(value), Column::Map(c)) => {
                let Maps { keys, values, .. } = &mut **c;
                while let Some(count) = input.block()? {
                    for _ in 0..count {
                        key(keys, input.text()?)?;
                        self.value(value, values, input)?;
                    }
                }
                c.end_unique();
            }
            (Node::Record(fields), Column::Row(c)) => {
                self.record(fields, &mut c.fields, input)?;
                c.end();
            }
            _ => return Err(mixed_up()),
        }
        Ok(())
    }

    fn skip(&self, skip: &Skip, input: &mut Input<'_>, depth: usize) -> Step {
        match skip {
            Skip::Nothing => {}
            Skip::Number => {
                input.long()?;
            }
            Skip::Bytes => {
                input.bytes()?;
            }
            Skip::Fixed(size) => {
                input.take(*size)?;
            }
            Skip::Array(item) => {
                while let Some(count) = input.block()? {
                    for _ in 0..count {
                        self.skip(item, input, depth)?;
                    }
                }
            }
            Skip::Map(value) => {
                while let Some(count) = input.block()? {
                    for _ in 0..count {
                        input.bytes()?;
                        self.skip(value, input, depth)?;
                    }
                }
            }
            Skip::Union(branches) => {
                let index = input.long()?;
                let branch = usize::try_from(index).ok().and_then(|i| branches.get(i));
                let branch = branch.ok_or_else(|| {
                    Fault::new(format!(
                        "it has branch {index} of a union of {}",
                        branches.len()
                    ))
                })?;
                self.skip(branch, input, depth)?;
            }
            Skip::Record(fields) => {
                for field in fields {
                    self.skip(field, input, depth)?;
                }
            }
            Skip::Named(place) => {
                if depth == DEEPEST {
                    return Err(Fault::new("its values are nested too deep"));
                }
                self.skip(&self.skips[*place], input, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[inline]
fn integer(column: &mut Column, value: i64) -> Step {
    match column {
        Column::I64(c) => c.push(value),
        Column::I32(c) => c.push(value.try_into().map_err(|_| Fault::range(value))?),
        Column::I16(c) => c.push(value.try_into().map_err(|_| Fault::range(value))?),
        Column::I8(c) => c.push(match value {
            -128..=127 => value as i8,
            // SeaTunnel writes a TINYINT below zero as the unsigned number of the same bits.
            128..=255 => value as u8 as i8,
            _ => return Err(Fault::range(value)),
        }),
        Column::F32(c) => c.push(value as f32),
        Column::F64(c) => c.push(value as f64),
        Column::Text(c) => {
            write!(c.buffer(), "{value}").map_err(|_| mixed_up())?;
            c.end();
        }
        _ => return Err(mixed_up()),
    }
    Ok(())
}

fn decimal(digits: &Digits, column: &mut Column, input: &mut Input<'_>) -> Step {
    let Digits {
        size,
        from,
        scale,
        precision,
    } = *digits;
    // A whole number: written as such.
    if size == Some(0) {
        let value = i128::from(input.long()?);
        return put(column, i256::from_i128(value), 0, scale, precision);
    }
    let mut bytes = match size {
        Some(size) => input.take(size)?,
        None => input.bytes()?,
    };
    let from = match from {
        Some(from) => from,
        None => {
            let mut inner = Input::new(bytes);
            bytes = inner.bytes()?;
            inner.int()?
        }
    };
    if let Column::Decimal128(c) = column
        && let Some(value) = digits::small_from_bytes(bytes)
        && let Some(value) = digits::small_rescale(value, from, scale, precision)
    {
        c.push(value);
        return Ok(());
    }
    put(column, digits::from_bytes(bytes)?, from, scale, precision)
}

fn put(column: &mut Column, value: i256, from: i32, scale: i8, precision: u8) -> Step {
    let value = digits::rescale(value, from, scale, precision)?;
    match column {
        Column::Decimal128(c) => c.push(value.to_i128().ok_or_else(mixed_up)?),
        Column::Decimal256(c) => c.push(value),
        _ => return Err(mixed_up()),
    }
    Ok(())
}

/// A key of a map: Avro has texts only, a table may want numbers.
fn key(keys: &mut Column, text: &[u8]) -> Step {
    let unfit = || {
        Fault::new(format!(
            "the key {:?} of a map is not of the column's type",
            String::from_utf8_lossy(text)
        ))
    };
    let text_of = || std::str::from_utf8(text).map_err(|_| unfit());
    match keys {
        Column::Text(c) => c.push(text),
        Column::Boolean(c) => c.push(text_of()?.parse().map_err(|_| unfit())?),
        Column::I8(c) => c.push(text_of()?.parse().map_err(|_| unfit())?),
        Column::I16(c) => c.push(text_of()?.parse().map_err(|_| unfit())?),
        Column::I32(c) => c.push(text_of()?.parse().map_err(|_| unfit())?),
        Column::I64(c) => c.push(text_of()?.parse().map_err(|_| unfit())?),
        _ => return Err(mixed_up()),
    }
    Ok(())
}

fn mixed_up() -> Fault {
    Fault::new("a column is not of the type that was planned for")
}
