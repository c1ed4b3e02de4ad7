//! Parts of a moment: YEAR, MONTH and the like, EXTRACT, DAYNAME, MONTHNAME.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray, new_null_array};
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};
use seatunnel_api::{DataType, Result};

use super::Call;
use super::moments::{Moments, days_of};
use crate::columnar::{build_primitives, build_texts};
use crate::pattern::{MONTHS, WEEKDAYS, day_of_year, weekday};

pub(super) fn dayname(call: &Call<'_>) -> Result<ArrayRef> {
    names(call, |micros| WEEKDAYS[weekday(days_of(micros))])
}

pub(super) fn monthname(call: &Call<'_>) -> Result<ArrayRef> {
    names(call, |micros| {
        let (_, month, _) = civil_from_days(days_of(micros));
        MONTHS[month as usize - 1]
    })
}

fn names(call: &Call<'_>, name: impl Fn(i64) -> &'static str) -> Result<ArrayRef> {
    let moments = Moments::new(call, 0);
    build_texts(call.rows, |row, out| {
        let moment = moments.get(row);
        out.push_str(moment.map_or("", &name));
        Ok(moment.is_some())
    })
}

/// A part of a moment.
struct Part {
    /// Names in queries.
    names: &'static [&'static str],
    /// A date alone has it.
    of_dates: bool,
    /// A time alone has it.
    of_times: bool,
    /// From the day since 1970 and the microseconds since midnight.
    value: fn(i32, i64) -> i64,
}

const fn of_date(names: &'static [&'static str], value: fn(i32, i64) -> i64) -> Part {
    Part {
        names,
        of_dates: true,
        of_times: false,
        value,
    }
}

const fn of_time(names: &'static [&'static str], value: fn(i32, i64) -> i64) -> Part {
    Part {
        names,
        of_dates: false,
        of_times: true,
        value,
    }
}

fn year(days: i32) -> i64 {
    i64::from(civil_from_days(days).0)
}

/// Years in steps of a hundred or a thousand, the first of which begins with the year 1.
fn step(year: i64, size: i64) -> i64 {
    if year > 0 {
        (year - 1) / size + 1
    } else {
        year / size
    }
}

/// MILLISECOND and MICROSECOND are the fraction of the second alone, their plurals count the seconds too.
#[rustfmt::skip]
static PARTS: &[Part] = &[
    of_date(&["YEAR"], |days, _| year(days)),
    of_date(&["QUARTER"], |days, _| i64::from((civil_from_days(days).1 - 1) / 3 + 1)),
    of_date(&["MONTH"], |days, _| i64::from(civil_from_days(days).1)),
    of_date(&["DAY", "DAY_OF_MONTH"], |days, _| i64::from(civil_from_days(days).2)),
    of_date(&["DAY_OF_WEEK", "ISODOW"], |days, _| weekday(days) as i64 + 1),
    of_date(&["DOW", "DAYOFWEEK"], |days, _| (weekday(days) as i64 + 1) % 7),
    of_date(&["DAY_OF_YEAR", "DOY", "DAYOFYEAR"], |days, _| i64::from(day_of_year(days))),
    of_date(&["WEEK"], |days, _| week(days)),
    of_date(&["ISOWEEK"], |days, _| i64::from((day_of_year(days_of_thursday(days)) - 1) / 7 + 1)),
    of_date(&["ISOYEAR"], |days, _| year(days_of_thursday(days))),
    of_date(&["DECADE"], |days, _| year(days).div_euclid(10)),
    of_date(&["CENTURY"], |days, _| step(year(days), 100)),
    of_date(&["MILLENNIUM"], |days, _| step(year(days), 1_000)),
    of_date(&["EPOCH"], |days, time| i64::from(days) * 86_400 + time / MICROS_PER_SECOND),
    of_time(&["HOUR"], |_, time| time / MICROS_PER_SECOND / 3_600),
    of_time(&["MINUTE"], |_, time| time / MICROS_PER_SECOND / 60 % 60),
    of_time(&["SECOND"], |_, time| time / MICROS_PER_SECOND % 60),
    of_time(&["MILLISECOND"], |_, time| time % MICROS_PER_SECOND / 1_000),
    of_time(&["MILLISECONDS"], |_, time| time % (60 * MICROS_PER_SECOND) / 1_000),
    of_time(&["MICROSECOND"], |_, time| time % MICROS_PER_SECOND),
    of_time(&["MICROSECONDS"], |_, time| time % (60 * MICROS_PER_SECOND)),
];

/// Weeks begin on Monday, the first is the one with four days of the year; days before it are in week 0.
fn week(days: i32) -> i64 {
    let first = days - day_of_year(days) + 1;
    let before = weekday(first) as i32;
    let full = (day_of_year(days) - 1 + before) / 7;
    i64::from(full + i32::from(before <= 3))
}

/// The Thursday of a day's week: the year it lies in is the week's.
fn days_of_thursday(days: i32) -> i32 {
    days - weekday(days) as i32 + 3
}

/// The part that a field is, and whether the call's moments have it.
fn part_of(call: &Call<'_>, field: &str) -> Result<(&'static Part, bool)> {
    let found = PARTS.iter().find(|part| part.names.contains(&field));
    let part = found.ok_or_else(|| call.refuse(format!("there is no field {field:?}")))?;
    let fits = match call.types[0] {
        DataType::Date => part.of_dates,
        DataType::Time => part.of_times,
        _ => true,
    };
    Ok((part, fits))
}

fn parts(call: &Call<'_>, field: &str) -> Result<ArrayRef> {
    let (part, fits) = part_of(call, field)?;
    if !fits {
        return Err(call.refuse(format!("a {} has no {field}", call.types[0])));
    }
    values_of(call, part)
}

fn values_of(call: &Call<'_>, part: &Part) -> Result<ArrayRef> {
    let moments = Moments::new(call, 0);
    let value = |row: usize| {
        let micros = moments.get(row)?;
        Some((part.value)(
            days_of(micros),
            micros.rem_euclid(MICROS_PER_DAY),
        ))
    };
    if *call.result == DataType::BigInt {
        return build_primitives::<Int64Type>(call.rows, |row| Ok(value(row)));
    }
    build_primitives::<Int32Type>(call.rows, |row| Ok(value(row).map(|v| v as i32)))
}

/// YEAR, MONTH and the like: the function's name is the field.
pub(super) fn field(call: &Call<'_>) -> Result<ArrayRef> {
    parts(call, call.name)
}

/// WEEK, which SeaTunnel counts from 1 for the days before the first week.
pub(super) fn week_of_year(call: &Call<'_>) -> Result<ArrayRef> {
    let weeks = parts(call, "WEEK")?;
    let weeks = weeks.as_primitive::<Int32Type>();
    let next: PrimitiveArray<Int32Type> = weeks.unary(|week| week + 1);
    Ok(Arc::new(next))
}

pub(super) fn extract(call: &Call<'_>) -> Result<ArrayRef> {
    let fields = call.args[1].texts();
    let field = fields.constant().unwrap_or_default().to_ascii_uppercase();
    // SeaTunnel: null, where the functions of these names are an error.
    match part_of(call, &field)? {
        (part, true) => values_of(call, part),
        (_, false) => Ok(new_null_array(&call.result.to_arrow(), call.rows)),
    }
}
