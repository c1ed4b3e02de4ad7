//! What is encoded and decoded again is what it was.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_buffer::i256;
use seatunnel_api::{
    Batch, BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};

use super::decode;
use super::encode::{Field, Rows};
use super::encode_form::{Form, Width};
use crate::types::Coding;

/// Types, how they are written and how they are read.
fn forms() -> Vec<(DataType, Form, Coding)> {
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    let numeric = |precision, scale| Coding::Numeric {
        precision,
        scale,
        rounds: false,
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
        let mut rows = decode::Rows::new(&codings, 0);
        for row in 0..count {
            let mut wire = Vec::new();
            encoder.write(std::iter::once(row), &[], &mut wire, usize::MAX);
            assert_eq!(rows.push(&wire, 0), Ok(()));
            // A row that is cut off is refused, and leaves nothing behind.
            let cut = random.usize(..wire.len());
            assert!(rows.push(&wire[..cut], 0).is_err());
        }
        assert_eq!(rows.len(), count);
        let (arrays, bad) = rows.finish();
        assert_eq!(bad, []);
        let schema = table.arrow_schema().clone();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let records = RecordBatch::try_new_with_options(schema, arrays, &options).unwrap();
        let again = Batch::inserts(table.clone(), records);
        for (row, expected) in again.rows().zip(batch.rows()) {
            assert_eq!(row.values(), expected.values());
        }
    }
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
    let mut rows = decode::Rows::new(&codings, 4);
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
