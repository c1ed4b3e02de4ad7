//! What is encoded and decoded again is what it was.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_buffer::i256;
use seatunnel_api::time::format_decimal;
use seatunnel_api::{
    Batch, BatchBuilder, BatchSize, CatalogTable, Column, DataType, RowKind, TablePath,
    TableSchema, Value,
};

use super::decode::{self, Bad};
use super::encode::{Field, Rows};
use super::encode_form::{Form, Width};
use crate::types::{Coding, Digits};

/// Types, how they are written and how they are read.
fn forms() -> Vec<(DataType, Form, Coding)> {
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    let numeric = |precision, scale| {
        Coding::Numeric(Digits {
            precision,
            scale,
            rounds: false,
        })
    };
    let list = |item: DataType| DataType::Array(Box::new(item));
    vec![
        (DataType::Boolean, Form::Bool, Coding::Bool),
        (DataType::SmallInt, Form::Integer(Width::Two), Coding::Int2),
        (DataType::Int, Form::Integer(Width::Four), Coding::Int4),
        (DataType::BigInt, Form::Integer(Width::Eight), Coding::Int8),
        (DataType::Float, Form::Float4, Coding::Float4),
        (DataType::Double, Form::Float8, Coding::Float8),
        (decimal(12, 2), Form::Numeric, numeric(12, 2)),
        (decimal(38, 18), Form::Numeric, numeric(38, 18)),
        (decimal(76, 30), Form::Numeric, numeric(76, 30)),
        (DataType::String, Form::Bytes, Coding::Text),
        (DataType::String, Form::Jsonb, Coding::Jsonb),
        (DataType::Bytes, Form::Bytes, Coding::Bytea),
        (DataType::Date, Form::Date, Coding::Date),
        (DataType::Time, Form::Time, Coding::Time),
        (DataType::Timestamp, Form::Timestamp, Coding::Timestamp),
        (DataType::TimestampTz, Form::Timestamp, Coding::Timestamp),
        (
            list(DataType::Int),
            Form::List(23, Box::new(Form::Integer(Width::Four))),
            Coding::Array(Box::new(Coding::Int4)),
        ),
        (
            list(DataType::String),
            Form::List(25, Box::new(Form::Bytes)),
            Coding::Array(Box::new(Coding::Text)),
        ),
    ]
}

fn value(random: &mut fastrand::Rng, data_type: &DataType) -> Value {
    if random.u8(..8) == 0 {
        return Value::Null;
    }
    let text = |random: &mut fastrand::Rng| -> String {
        let length = random.usize(..20);
        (0..length).map(|_| random.char('a'..'\u{1f600}')).collect()
    };
    match data_type {
        DataType::Boolean => Value::Boolean(random.bool()),
        DataType::SmallInt => Value::SmallInt(random.i16(..)),
        DataType::Int => Value::Int(random.i32(..)),
        DataType::BigInt => Value::BigInt(random.i64(..)),
        DataType::Float => Value::Float(random.f32() * 1e30),
        DataType::Double => Value::Double(random.f64() * 1e300),
        DataType::Decimal { precision, scale } => {
            let length = random.u32(0..=u32::from(*precision).min(38));
            let most = 10i128.pow(length);
            let mut digits = i256::from_i128(random.i128(1 - most..most));
            if *precision > 38 && random.bool() {
                digits = digits.wrapping_mul(i256::from_i128(10i128.pow(37)));
            }
            Value::Decimal(digits, *scale)
        }
        DataType::String => Value::String(text(random)),
        DataType::Bytes => Value::Bytes(text(random).into_bytes()),
        // The server counts from 2000 and stops before the ends of what Arrow counts.
        DataType::Date => Value::Date(random.i32(-1_000_000..1_000_000)),
        DataType::Time => Value::Time(random.i64(0..86_400_000_000)),
        DataType::Timestamp => Value::Timestamp(random.i64(-1 << 56..1 << 56)),
        DataType::TimestampTz => Value::TimestampTz(random.i64(-1 << 56..1 << 56)),
        DataType::Array(item) => {
            let length = random.usize(..5);
            Value::Array((0..length).map(|_| value(random, item)).collect())
        }
        other => panic!("{other} is not tried"),
    }
}

#[test]
fn rows_come_back_as_they_were_written() {
    let mut random = fastrand::Rng::with_seed(3);
    let forms = forms();
    let columns: Vec<Column> = forms
        .iter()
        .enumerate()
        .map(|(n, (data_type, ..))| Column::new(format!("c{n}"), data_type.clone()))
        .collect();
    let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
    let table = Arc::new(table);
    let fields: Vec<Field> = forms
        .iter()
        .enumerate()
        .map(|(place, (data_type, form, _))| Field {
            place,
            data_type: data_type.clone(),
            form: form.clone(),
        })
        .collect();
    let codings: Vec<_> = forms
        .iter()
        .map(|(t, _, coding)| (coding.clone(), t.clone()))
        .collect();
    for count in [0, 1, 7, 300] {
        let mut builder = BatchBuilder::new(table.clone());
        for _ in 0..count {
            let row: Vec<Value> = forms.iter().map(|(t, ..)| value(&mut random, t)).collect();
            builder.push(RowKind::Insert, &row).unwrap();
        }
        let batch = builder.finish();
        let mut unfit = Vec::new();
        let encoder = Rows::new(batch.records(), &fields, &mut unfit);
        assert_eq!(unfit, []);
        let mut rows = decode::Rows::new(&codings, &decode::Room::default());
        let mut together = decode::Rows::new(&codings, &rows.room(BatchSize::default()));
        let (mut all, mut lie) = (Vec::new(), Vec::new());
        for row in 0..count {
            let mut wire = Vec::new();
            encoder.write(std::iter::once(row), &[], &mut wire, usize::MAX);
            assert_eq!(rows.push(&wire, 0), Ok(()));
            // A row that is cut off is refused, and leaves nothing behind; one whose last value is not what it should be, too.
            let cut = random.usize(..wire.len());
            assert_eq!(rows.push(&wire[..cut], 0), Err(Bad::Shape));
            let spoilt = with_last(&wire, forms.len(), &[0, 0, 0, 9]);
            let refused = rows.push(&spoilt, 0);
            assert!(matches!(refused, Err(Bad::Value { column, .. }) if column + 1 == forms.len()));
            for row in [wire, spoilt] {
                let start = all.len();
                all.extend_from_slice(&row);
                lie.push(start..all.len());
            }
        }
        let (good, spoilt): (Vec<_>, Vec<_>) = lie
            .chunks(2)
            .map(|both| (both[0].clone(), both[1].clone()))
            .unzip();
        for (part, spoilt) in good.chunks(64).zip(spoilt.chunks(64)) {
            let mut mixed = part.to_vec();
            mixed.insert(random.usize(..=part.len()), spoilt[0].clone());
            let refused = together.extend(&all, &mixed, 0, 0);
            assert!(matches!(refused, Err(Bad::Value { column, .. }) if column + 1 == forms.len()));
            assert_eq!(together.len() % 64, 0);
            assert_eq!(together.extend(&all, part, 0, 0), Ok(()));
        }
        let arrays = together.finish().0;
        assert_eq!(rows.len(), count);
        let (single, bad) = rows.finish();
        assert_eq!(bad, []);
        assert_eq!(single, arrays);
        let schema = table.arrow_schema().clone();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let records = RecordBatch::try_new_with_options(schema, arrays, &options).unwrap();
        let again = Batch::inserts(table.clone(), records);
        for (row, expected) in again.rows().zip(batch.rows()) {
            assert_eq!(row.values(), expected.values());
        }
    }
}

/// A row of so many fields whose last one is another.
fn with_last(row: &[u8], width: usize, last: &[u8]) -> Vec<u8> {
    let mut at = 2;
    for _ in 1..width {
        let length = i32::from_be_bytes(row[at..at + 4].try_into().unwrap());
        at += 4 + length.max(0) as usize;
    }
    [&row[..at], &(last.len() as u32).to_be_bytes(), last].concat()
}

#[test]
fn numbers_come_as_text_with_nulls_between_them() {
    let decimal = DataType::Decimal {
        precision: 9,
        scale: 2,
    };
    let coding = Coding::NumericText(Digits {
        precision: 9,
        scale: 2,
        rounds: false,
    });
    let codings = [(Coding::Int4Text, DataType::Int), (coding, decimal)];
    let mut random = fastrand::Rng::with_seed(5);
    let mut rows = decode::Rows::new(&codings, &decode::Room::default());
    let (mut integers, mut decimals) = (Vec::new(), Vec::new());
    for count in [3, 64, 1, 30] {
        let (mut all, mut lie) = (Vec::new(), Vec::new());
        // Rows of the first batch have no nulls.
        let absent = |random: &mut fastrand::Rng| count != 3 && random.u8(..3) == 0;
        for _ in 0..count {
            let integer = (!absent(&mut random)).then(|| random.i32(..));
            let decimal = (!absent(&mut random)).then(|| random.i128(-999_999_999..=999_999_999));
            let shown = decimal.map(|digits| format_decimal(i256::from_i128(digits), 2));
            let start = all.len();
            all.extend_from_slice(&[0, 2]);
            for text in [integer.map(|n| n.to_string()), shown] {
                let length = text.as_ref().map_or(-1, |text| text.len() as i32);
                all.extend_from_slice(&length.to_be_bytes());
                all.extend_from_slice(text.unwrap_or_default().as_bytes());
            }
            lie.push(start..all.len());
            integers.push(integer);
            decimals.push(decimal);
        }
        assert_eq!(rows.extend(&all, &lie, 0, 0), Ok(()));
        // A number that is none, behind a null.
        let start = all.len();
        all.extend_from_slice(&[0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'x']);
        lie.push(start..all.len());
        assert!(matches!(
            rows.extend(&all, &lie, 0, 0),
            Err(Bad::Value { column: 1, .. })
        ));
    }
    let (arrays, _) = rows.finish();
    let found: Vec<_> = arrays[0].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(found, integers);
    let found: Vec<_> = arrays[1].as_primitive::<Decimal128Type>().iter().collect();
    assert_eq!(found, decimals);
}

#[test]
fn bytes_that_are_no_text_are_told_by_their_rows() {
    let codings = [
        (Coding::Text, DataType::String),
        (
            Coding::Array(Box::new(Coding::Text)),
            DataType::Array(Box::new(DataType::String)),
        ),
    ];
    let field = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
    let list = |item: &[u8]| {
        let head = [1u32, 0, 25, 1, 1].map(u32::to_be_bytes).concat();
        field(&[head, field(item)].concat())
    };
    let mut rows = decode::Rows::new(&codings, &decode::Room::rows(4));
    for (text, item) in [("a", "b"), ("c", "\u{1}"), ("\u{1}", "d"), ("e", "f")] {
        let spoil = |text: &str| match text {
            "\u{1}" => vec![0xff],
            text => text.as_bytes().to_vec(),
        };
        let row = [vec![0, 2], field(&spoil(text)), list(&spoil(item))].concat();
        assert_eq!(rows.push(&row, 0), Ok(()));
    }
    let (arrays, bad) = rows.finish();
    assert_eq!(bad, [(1, 1), (2, 0)]);
    assert_eq!(arrays[0].len(), 4);
}
