//! The rows of each check.

use fastrand::Rng;
use seatunnel_api::{Column, DataType, Value};

use crate::data::Data;
use crate::fixture::{Fixture, Holds};
use crate::report::Findings;
use crate::types::all_types;

/// Rows as they are stored or written, and as they are expected to come back.
pub(crate) struct Dataset {
    pub(crate) data: Data,
    pub(crate) expected: Vec<Vec<Value>>,
}

/// Asks the fixture what becomes of each value; a value that it can't hold is replaced by null.
pub(crate) fn ask(fixture: &impl Fixture, mut rows: Rows, findings: &mut Findings) -> Dataset {
    let mut expected = rows.rows.clone();
    for (row, expected) in rows.rows.iter_mut().zip(&mut expected) {
        for ((column, value), expected) in rows
            .columns
            .iter()
            .zip(&mut row[1..])
            .zip(&mut expected[1..])
        {
            match fixture.holds(&column.data_type, value) {
                Holds::Yes => {}
                Holds::As(other, why) => {
                    findings.note(format!("{} changes some values: {why}", column.data_type));
                    *expected = other;
                }
                Holds::No(why) => {
                    findings.note(format!("{} without some values: {why}", column.data_type));
                    (*value, *expected) = (Value::Null, Value::Null);
                }
            }
        }
    }
    let mut data = Data::new(rows.label, rows.columns, rows.rows);
    if let Some(column) = rows.split_by {
        data = data.split_at(column);
    }
    Dataset { data, expected }
}

/// Rows before the fixture is asked.
pub(crate) struct Rows {
    label: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    split_by: Option<&'static str>,
}

impl Rows {
    fn new(label: &'static str, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Self {
        Self {
            label,
            columns,
            rows,
            split_by: None,
        }
    }
}

/// Every type that the fixture holds, and its values; the last row holds nulls.
pub(crate) fn types(fixture: &impl Fixture, findings: &mut Findings) -> Rows {
    let (columns, values, left_out) = held_types(fixture);
    left_out.into_iter().for_each(|what| findings.omit(what));
    let rows = values.iter().map(Vec::len).max().unwrap_or(0);
    let rows = (0..rows).map(|row| {
        let values = values.iter().map(|v| v[row % v.len()].clone());
        with_id(row as i64 + 1, values)
    });
    let rows = rows.collect();
    Rows::new("types", columns, rows)
}

/// Each column null in a row of its own, all of them null, none of them null; empty strings beside nulls.
pub(crate) fn nulls(fixture: &impl Fixture, findings: &mut Findings) -> Rows {
    let (mut columns, mut values, left_out) = held_types(fixture);
    left_out.into_iter().for_each(|what| findings.note(what));
    columns.push(Column::new("c_text", DataType::String));
    values.push(vec![Value::String(String::new())]);
    let width = columns.len();
    let rows = (0..width + 2).map(|row| {
        let values = values.iter().enumerate().map(|(column, values)| {
            let null = row == width || row == column;
            if null { Value::Null } else { values[0].clone() }
        });
        with_id(row as i64 + 1, values)
    });
    let rows = rows.collect();
    Rows::new("nulls", columns, rows)
}

/// Columns and their values, and what had to be left out.
fn held_types(fixture: &impl Fixture) -> (Vec<Column>, Vec<Vec<Value>>, Vec<String>) {
    let (mut columns, mut values, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for case in all_types() {
        let mut why = "";
        let held = case.values.into_iter().filter(|value| {
            match fixture.holds(&case.data_type, value) {
                Holds::No(reason) => why = reason,
                _ => return true,
            }
            false
        });
        let held: Vec<Value> = held.collect();
        let share = if held.is_empty() {
            ""
        } else {
            "some values of "
        };
        if !why.is_empty() {
            left_out.push(format!("without {share}{}: {why}", case.data_type));
        }
        if !held.is_empty() {
            columns.push(Column::new(case.column, case.data_type));
            values.push(held);
        }
    }
    (columns, values, left_out)
}

fn with_id(id: i64, values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    std::iter::once(Value::BigInt(id)).chain(values).collect()
}

/// No rows.
pub(crate) fn empty() -> Rows {
    let columns = vec![
        Column::new("name", DataType::String),
        Column::new("amount", DataType::BigInt),
    ];
    Rows::new("empty", columns, Vec::new())
}

/// A few rows of so many columns, numbers and texts by turns, with nulls.
pub(crate) fn wide(columns: usize) -> Rows {
    let types = [DataType::BigInt, DataType::String];
    let names = (0..columns).map(|c| Column::new(format!("c{c}"), types[c % 2].clone()));
    let rows = (1..=10_i64).map(|id| {
        let values = (0..columns as i64).map(|c| match (c % 2, (c + id) % 7) {
            (_, 0) => Value::Null,
            (0, _) => Value::BigInt(id * 1_000_000 + c),
            _ => Value::String(format!("{id}/{c}")),
        });
        with_id(id, values)
    });
    let rows = rows.collect();
    Rows::new("wide", names.collect(), rows)
}

/// A value of so many bytes between two small ones.
pub(crate) fn large(bytes: usize, rng: &mut Rng) -> Rows {
    let line: String = std::iter::repeat_with(|| rng.alphanumeric())
        .take(1_021)
        .collect();
    let mut value = line.repeat(bytes / line.len() + 1);
    value.truncate(bytes);
    let rows = ["before".to_owned(), value, "after".to_owned()];
    let rows = rows.into_iter().zip(1..);
    let rows = rows.map(|(text, id)| with_id(id, [Value::String(text)]));
    let columns = vec![Column::new("payload", DataType::String)];
    let rows = rows.collect();
    Rows::new("large", columns, rows)
}

/// Rows to split: ids with gaps, the extremes among them, in no order; a `part` to split by with few
/// values, nulls among them.
pub(crate) fn many(rows: usize, rng: &mut Rng) -> Rows {
    let mut ids = vec![i64::MIN, i64::MAX, 0, -1];
    let mut next = -(rows as i64);
    while ids.len() < rows {
        next += 1 + rng.i64(0..3) + if next == -2 { 2 } else { 0 };
        if next != 0 && next != -1 {
            ids.push(next);
        }
    }
    ids.truncate(rows);
    rng.shuffle(&mut ids);
    let made: Vec<Vec<Value>> = ids
        .into_iter()
        .map(|id| {
            let part = match rng.u8(0..10) {
                0 => Value::Null,
                n => Value::Int(i32::from(n) * 7 - 20),
            };
            let name = match rng.u8(0..12) {
                0 => Value::Null,
                n => Value::String(format!("name {n} of {id}")),
            };
            with_id(id, [part, name])
        })
        .collect();
    let columns = vec![
        Column::new("part", DataType::Int),
        Column::new("name", DataType::String),
    ];
    let mut rows = Rows::new("many", columns, made);
    rows.split_by = Some("part");
    rows
}

/// About so many bytes of rows of 1 KiB. `first` is the first id.
pub(crate) fn bulk(first: i64, bytes: usize, rng: &mut Rng) -> Rows {
    let rows = (0..bytes.div_ceil(1_024) as i64).map(|row| {
        let letter: String = std::iter::repeat_with(|| rng.alphanumeric())
            .take(16)
            .collect();
        with_id(first + row, [Value::String(letter.repeat(63))])
    });
    let columns = vec![Column::new("payload", DataType::String)];
    let rows = rows.collect();
    Rows::new("bulk", columns, rows)
}

/// A table whose rows change.
pub(crate) fn changing(rows: Vec<Vec<Value>>) -> Data {
    let columns = vec![
        Column::new("name", DataType::String),
        Column::new("amount", DataType::BigInt),
    ];
    Data::new("changing", columns, rows)
}
