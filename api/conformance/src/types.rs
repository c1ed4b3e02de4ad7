//! The values that every connector is asked to carry.

use std::sync::Arc;

use arrow_buffer::i256;
use seatunnel_api::time::{MICROS_PER_DAY, days_from_civil};
use seatunnel_api::{DataType, RowField, Value};

/// A column of the check of types, and the values it goes through.
pub struct TypeCase {
    /// The column's name.
    pub column: &'static str,
    /// Its type.
    pub data_type: DataType,
    /// Values with its extremes; nulls come besides.
    pub values: Vec<Value>,
}

fn case<T>(
    column: &'static str,
    data_type: DataType,
    make: fn(T) -> Value,
    values: impl IntoIterator<Item = T>,
) -> TypeCase {
    TypeCase {
        column,
        data_type,
        values: values.into_iter().map(make).collect(),
    }
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// Every type there is, with its extremes.
pub fn all_types() -> Vec<TypeCase> {
    let int = || Box::new(DataType::Int);
    let string = || Box::new(DataType::String);
    let row = row_type(&[("a", DataType::Int), ("b", DataType::String)]);
    vec![
        case(
            "c_boolean",
            DataType::Boolean,
            Value::Boolean,
            [true, false],
        ),
        case(
            "c_tinyint",
            DataType::TinyInt,
            Value::TinyInt,
            [0, -1, i8::MIN, i8::MAX],
        ),
        case(
            "c_smallint",
            DataType::SmallInt,
            Value::SmallInt,
            [0, -1, i16::MIN, i16::MAX],
        ),
        case(
            "c_int",
            DataType::Int,
            Value::Int,
            [0, -1, i32::MIN, i32::MAX],
        ),
        case(
            "c_bigint",
            DataType::BigInt,
            Value::BigInt,
            [0, -1, i64::MIN, i64::MAX],
        ),
        case("c_float", DataType::Float, Value::Float, floats32()),
        case("c_double", DataType::Double, Value::Double, floats64()),
        decimals("c_decimal_1_0", 1, 0),
        decimals("c_decimal_9_2", 9, 2),
        decimals("c_decimal_18_18", 18, 18),
        decimals("c_decimal_38_0", 38, 0),
        decimals("c_decimal_38_18", 38, 18),
        decimals("c_decimal_76_38", 76, 38),
        case("c_string", DataType::String, Value::String, texts()),
        case(
            "c_bytes",
            DataType::Bytes,
            Value::Bytes,
            [Vec::new(), vec![0], (0..=255).collect(), b"\\x41".to_vec()],
        ),
        case("c_date", DataType::Date, Value::Date, days()),
        case(
            "c_time",
            DataType::Time,
            Value::Time,
            [0, 1, MICROS_PER_DAY - 1, 45_296_789_012, 45_296_000_000],
        ),
        case(
            "c_timestamp",
            DataType::Timestamp,
            Value::Timestamp,
            moments(),
        ),
        case(
            "c_timestamp_tz",
            DataType::TimestampTz,
            Value::TimestampTz,
            moments(),
        ),
        case(
            "c_array_int",
            DataType::Array(int()),
            Value::Array,
            [
                vec![],
                vec![Value::Int(1), Value::Null, Value::Int(i32::MIN)],
            ],
        ),
        case(
            "c_array_string",
            DataType::Array(string()),
            Value::Array,
            [
                vec![text("a,b"), text(""), Value::Null, text("\"]\\"), text("ü")],
                vec![Value::Null],
            ],
        ),
        case(
            "c_map",
            DataType::Map(string(), int()),
            Value::Map,
            [
                vec![],
                vec![(text("k"), Value::Int(1)), (text("k=,\""), Value::Null)],
            ],
        ),
        case(
            "c_row",
            row.clone(),
            Value::Row,
            [
                vec![Value::Int(7), text("x,y")],
                vec![Value::Null, text("")],
            ],
        ),
        case(
            "c_nested",
            DataType::Array(Box::new(row)),
            Value::Array,
            [
                vec![Value::Row(vec![Value::Int(1), Value::Null]), Value::Null],
                vec![],
            ],
        ),
        case(
            "c_vector",
            DataType::FloatVector(3),
            Value::Array,
            [[0.0, -1.5, f32::MAX].map(Value::Float).to_vec()],
        ),
    ]
}

fn row_type(fields: &[(&str, DataType)]) -> DataType {
    let fields = fields.iter().map(|(name, data_type)| RowField {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
    });
    DataType::Row(fields.collect::<Arc<[_]>>())
}

fn floats32() -> Vec<f32> {
    vec![
        0.0,
        -0.0,
        0.1,
        1.5,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ]
}

fn floats64() -> Vec<f64> {
    vec![
        0.0,
        -0.0,
        0.1,
        1e23,
        f64::MIN,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ]
}

/// The largest and the smallest of a precision, the smallest step, and digits that rounding shows.
fn decimals(column: &'static str, precision: u8, scale: i8) -> TypeCase {
    let ten = i256::from(10_i64);
    let most = (0..precision).fold(i256::ONE, |n, _| n.wrapping_mul(ten));
    let most = most.wrapping_sub(i256::ONE);
    let mut mixed = i256::ZERO;
    for digit in 0..precision {
        let digit = i256::from(i64::from(digit % 9) + 1);
        mixed = mixed.wrapping_mul(ten).wrapping_add(digit);
    }
    let values = [
        i256::ZERO,
        i256::ONE,
        i256::MINUS_ONE,
        most,
        most.wrapping_neg(),
        mixed,
    ];
    TypeCase {
        column,
        data_type: DataType::Decimal { precision, scale },
        values: values.iter().map(|d| Value::Decimal(*d, scale)).collect(),
    }
}

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "plain",
        " ",
        " leading and trailing ",
        "null",
        "NULL",
        "\\N",
        "it's \"quoted\", `so` it is",
        "tab\tand\\backslash",
        "two\nlines",
        "two\r\nlines",
        "a\u{1}b",
        "nul\0inside",
        "äöüßŁŽ",
        "日本語",
        "שלום",
        "👩‍👩‍👧‍👦 e\u{301}\u{10ffff}",
        "\u{feff}marked",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("0123456789".repeat(1_000));
    texts
}

fn day(year: i32, month: u32, day: u32) -> i32 {
    days_from_civil(year, month, day).expect("a day of the calendar")
}

fn days() -> Vec<i32> {
    vec![
        0,
        -1,
        day(1, 1, 1),
        day(1582, 10, 15),
        day(1900, 2, 28),
        day(2000, 2, 29),
        day(9999, 12, 31),
    ]
}

fn moments() -> Vec<i64> {
    let at = |day: i32, micros: i64| i64::from(day) * MICROS_PER_DAY + micros;
    vec![
        0,
        -1,
        at(day(1, 1, 1), 0),
        at(day(1900, 1, 1), 1),
        at(day(2024, 2, 29), 45_296_789_012),
        at(day(2024, 3, 31), 9_000_000_000),
        at(day(9999, 12, 31), MICROS_PER_DAY - 1),
    ]
}
