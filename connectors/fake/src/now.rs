//! The words that stand for the moment a job runs.

use chrono::{Datelike as _, Local, Timelike as _};
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, days_from_civil};
use seatunnel_api::{DataType, Value};

/// `CURRENT_DATE`, `CURRENT_TIME`, `CURRENT_TIMESTAMP`, each for columns of its type.
const WORDS: &[(&str, DataType)] = &[
    ("CURRENT_DATE", DataType::Date),
    ("CURRENT_TIME", DataType::Time),
    ("CURRENT_TIMESTAMP", DataType::Timestamp),
];

/// Whether a text stands for the moment in a column of this type.
pub(crate) fn is_now(text: &str, data_type: &DataType) -> bool {
    WORDS
        .iter()
        .any(|(word, of)| of == data_type && text.trim().eq_ignore_ascii_case(word))
}

/// This moment on the local wall clock, as a value of a type that [`is_now`] knows.
pub(crate) fn now(data_type: &DataType) -> Value {
    let now = Local::now();
    let days = days_from_civil(now.year(), now.month(), now.day()).unwrap_or_default();
    let micros = i64::from(now.num_seconds_from_midnight()) * MICROS_PER_SECOND
        + i64::from(now.nanosecond() % 1_000_000_000 / 1_000);
    match data_type {
        DataType::Date => Value::Date(days),
        DataType::Time => Value::Time(micros),
        _ => Value::Timestamp(i64::from(days) * MICROS_PER_DAY + micros),
    }
}

/// The year it is on the local wall clock.
pub(crate) fn this_year() -> i32 {
    Local::now().year()
}
