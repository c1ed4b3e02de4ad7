//! What bytes values become.

use std::sync::Arc;

use arrow_buffer::i256;

use seatunnel_api::{BatchBuilder, CatalogTable, Column as TableColumn, RowKind, TablePath};
use seatunnel_api::{TableSchema, Value};

use super::super::encode_form::{TargetType, TypeClass, Way, oid, way};
use super::*;

fn plain(oid: u32) -> TargetType {
    TargetType {
        oid,
        name: oid.to_string(),
        class: TypeClass::Plain,
    }
}

/// One column of values, written into a column of a type: what is unfit, and the rows' bytes.
fn written(data_type: &str, target: &TargetType, values: &[Value]) -> (Vec<Unfit>, Vec<Vec<u8>>) {
    let data_type = DataType::parse(data_type).unwrap();
    let columns = vec![TableColumn::new("c", data_type.clone())];
    let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
    let mut builder = BatchBuilder::new(Arc::new(table));
    for value in values {
        builder
            .push(RowKind::Insert, std::slice::from_ref(value))
            .unwrap();
    }
    let batch = builder.finish();
    let Way::Direct(form) = way(&data_type, target, true).unwrap() else {
        panic!("{data_type} does not go into {target:?}");
    };
    let field = Field {
        place: 0,
        data_type,
        form,
    };
    let mut unfit = Vec::new();
    let rows = Rows::new(batch.records(), &[field], &mut unfit);
    let bytes = (0..values.len())
        .map(|row| {
            let mut out = Vec::new();
            assert_eq!(rows.write(row..row + 1, &[], &mut out, usize::MAX), 1);
            assert_eq!(out[..2], [0, 1]);
            out[2..].to_vec()
        })
        .collect();
    (unfit, bytes)
}

#[test]
fn integers_change_width_only_where_they_fit() {
    let values = [Value::Int(-2), Value::Null, Value::Int(40_000)];
    let (unfit, bytes) = written("int", &plain(oid::INT2), &values);
    assert_eq!(bytes[0], [0, 0, 0, 2, 0xff, 0xfe]);
    assert_eq!(bytes[1], NULL);
    assert_eq!(unfit.len(), 1);
    assert_eq!(
        (unfit[0].row, unfit[0].why.as_str()),
        (2, "40000 is out of range of smallint")
    );
    let (unfit, bytes) = written("int", &plain(oid::INT8), &values);
    assert!(unfit.is_empty());
    assert_eq!(bytes[2], [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x9c, 0x40]);
}

#[test]
fn numbers_with_fractions_are_no_integers() {
    let values = [Value::Double(3.0), Value::Double(3.5), Value::Double(1e19)];
    let (unfit, bytes) = written("double", &plain(oid::INT4), &values);
    assert_eq!(bytes[0], [0, 0, 0, 4, 0, 0, 0, 3]);
    assert_eq!(unfit.iter().map(|u| u.row).collect::<Vec<_>>(), [1, 2]);
    let values = [Value::Decimal(i256::from_i128(-500), 2)];
    let (_, bytes) = written("decimal(5, 2)", &plain(oid::INT2), &values);
    assert_eq!(bytes[0], [0, 0, 0, 2, 0xff, 0xfb]);
}

#[test]
fn times_count_from_2000() {
    let (_, bytes) = written("date", &plain(oid::DATE), &[Value::Date(10_956)]);
    assert_eq!(bytes[0], [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]);
    let values = [
        Value::Timestamp(EPOCH_MICROS + 1),
        Value::Timestamp(i64::MIN),
    ];
    let (unfit, bytes) = written("timestamp", &plain(oid::TIMESTAMP), &values);
    assert_eq!(bytes[0], [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(unfit.len(), 1);
}

#[test]
fn texts_become_uuids_and_addresses_or_are_refused() {
    let text = |s: &str| Value::String(s.to_owned());
    let values = [
        text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        text("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"),
        text("a0eebc99"),
    ];
    let (unfit, bytes) = written("string", &plain(oid::UUID), &values);
    assert_eq!(bytes[0], bytes[1]);
    assert_eq!(bytes[0][..6], [0, 0, 0, 16, 0xa0, 0xee]);
    assert_eq!(unfit[0].why, "`a0eebc99` is no uuid");
    let values = [text("10.0.0.1/8"), text("::1"), text("10.0.0.300")];
    let (unfit, bytes) = written("string", &plain(oid::INET), &values);
    assert_eq!(bytes[0], [0, 0, 0, 8, 2, 8, 0, 4, 10, 0, 0, 1]);
    assert_eq!(bytes[1][..8], [0, 0, 0, 20, 3, 128, 0, 16]);
    assert_eq!(unfit.len(), 1);
}

#[test]
fn lists_have_their_items_type_and_say_whose_item_is_unfit() {
    let target = TargetType {
        oid: 1005,
        name: "smallint[]".to_owned(),
        class: TypeClass::ArrayOf(Box::new(plain(oid::INT2))),
    };
    let values = [
        Value::Array(vec![Value::Int(1), Value::Null]),
        Value::Null,
        Value::Array(vec![]),
        Value::Array(vec![Value::Int(1 << 20)]),
    ];
    let (unfit, bytes) = written("array<int>", &target, &values);
    let expected: &[&[u8]] = &[
        &[0, 0, 0, 30],
        &[0, 0, 0, 1],
        &[0, 0, 0, 1],
        &[0, 0, 0, 21],
        &[0, 0, 0, 2],
        &[0, 0, 0, 1],
        &[0, 0, 0, 2, 0, 1],
        &NULL,
    ];
    assert_eq!(bytes[0], expected.concat());
    assert_eq!(bytes[2][..8], [0, 0, 0, 12, 0, 0, 0, 0]);
    assert_eq!(unfit.iter().map(|u| u.row).collect::<Vec<_>>(), [3]);
}

#[test]
fn pieces_end_at_the_limit_and_rows_may_have_a_tail() {
    let columns = vec![TableColumn::new("c", DataType::Int)];
    let table = CatalogTable::new("t", TablePath::table("t"), TableSchema::new(columns));
    let mut builder = BatchBuilder::new(Arc::new(table));
    for number in 0..10 {
        builder
            .push(RowKind::Insert, &[Value::Int(number)])
            .unwrap();
    }
    let batch = builder.finish();
    let field = Field {
        place: 0,
        data_type: DataType::Int,
        form: Form::Integer(Width::Four),
    };
    let rows = Rows::new(batch.records(), &[field], &mut Vec::new());
    let mut out = Vec::new();
    let tail = [0, 0, 0, 1, b'x'];
    assert_eq!(rows.write(0..10, &tail, &mut out, 40), 3);
    assert_eq!(out.len(), 3 * (2 + 8 + 5));
    assert_eq!(out[..15], [0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
}
