//! Functions of dates and times.

use arrow_array::ArrayRef;
use arrow_array::types::{
    Date32Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};
use seatunnel_api::{DataType, Result};

use super::Call;
use crate::clock::{self, Zone};
use crate::columnar::{Columnar, Primitives, Texts, build_booleans, build_primitives, build_texts};
use crate::pattern::{MONTHS, Pattern, WEEKDAYS, day_of_year, weekday};
use crate::text::to_text;

/// A column of moments: microseconds that a clock shows; a date is its midnight, a time that of 1970-01-01.
enum Moments<'a> {
    Dates(Primitives<'a, Date32Type>),
    Times(Primitives<'a, Time64MicrosecondType>),
    Timestamps(Primitives<'a, TimestampMicrosecondType>),
    Nothing,
}

impl<'a> Moments<'a> {
    fn new(call: &Call<'a>, arg: usize) -> Self {
        let column = &call.args[arg];
        match call.types[arg] {
            DataType::Date => Self::Dates(column.primitives()),
            DataType::Time => Self::Times(column.primitives()),
            DataType::Timestamp | DataType::TimestampTz => Self::Timestamps(column.primitives()),
            _ => Self::Nothing,
        }
    }

    fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Dates(days) => Some(i64::from(days.get(row)?) * MICROS_PER_DAY),
            Self::Times(micros) => micros.get(row),
            Self::Timestamps(micros) => micros.get(row),
            Self::Nothing => None,
        }
    }
}

fn days_of(micros: i64) -> i32 {
    micros.div_euclid(MICROS_PER_DAY) as i32
}

pub(super) fn current_date(call: &Call<'_>) -> Result<ArrayRef> {
    let today = days_of(clock::now());
    build_primitives::<Date32Type>(call.rows, |_| Ok(Some(today)))
}

pub(super) fn current_time(call: &Call<'_>) -> Result<ArrayRef> {
    let time = clock::now().rem_euclid(MICROS_PER_DAY);
    build_primitives::<Time64MicrosecondType>(call.rows, |_| Ok(Some(time)))
}

pub(super) fn current_timestamp(call: &Call<'_>) -> Result<ArrayRef> {
    let now = clock::now();
    build_primitives::<TimestampMicrosecondType>(call.rows, |_| Ok(Some(now)))
}

/// The unit of a row, in upper case; days if none is given.
fn unit(units: &Option<Texts<'_>>, row: usize) -> String {
    units
        .as_ref()
        .and_then(|u| u.get(row))
        .unwrap_or("DAY")
        .to_ascii_uppercase()
}

/// Microseconds of a unit that always has the same length.
pub(crate) fn unit_micros(unit: &str) -> Option<i64> {
    Some(match unit {
        "WEEK" => 7 * MICROS_PER_DAY,
        "DAY" => MICROS_PER_DAY,
        "HOUR" => 3_600 * MICROS_PER_SECOND,
        "MINUTE" => 60 * MICROS_PER_SECOND,
        "SECOND" => MICROS_PER_SECOND,
        "MILLISECOND" => 1_000,
        "MICROSECOND" => 1,
        _ => return None,
    })
}

fn plus_months(micros: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil_from_days(days_of(micros));
    let total = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
    let year = i32::try_from(total.div_euclid(12)).ok()?;
    let month = total.rem_euclid(12) as u32 + 1;
    // The 31st of a month that is shorter is its last day.
    let days = (0..4).find_map(|less| days_from_civil(year, month, day.checked_sub(less)?))?;
    i64::from(days)
        .checked_mul(MICROS_PER_DAY)?
        .checked_add(micros.rem_euclid(MICROS_PER_DAY))
}

pub(super) fn dateadd(call: &Call<'_>) -> Result<ArrayRef> {
    let moments = Moments::new(call, 0);
    let counts = call.args[1].primitives::<Int64Type>();
    let units = call.args.get(2).map(Columnar::texts);
    let added = |row: usize| -> Result<Option<i64>> {
        let (Some(moment), Some(count)) = (moments.get(row), counts.get(row)) else {
            return Ok(None);
        };
        let unit = unit(&units, row);
        let result = match unit.as_str() {
            "YEAR" => count.checked_mul(12).and_then(|m| plus_months(moment, m)),
            "QUARTER" => count.checked_mul(3).and_then(|m| plus_months(moment, m)),
            "MONTH" => plus_months(moment, count),
            other => match unit_micros(other) {
                Some(size) => count.checked_mul(size).and_then(|d| moment.checked_add(d)),
                None => return Err(call.refuse(format!("there is no unit {unit:?}"))),
            },
        };
        match result {
            Some(result) => Ok(Some(result)),
            None => Err(call.refuse("the result is out of range")),
        }
    };
    match call.result {
        DataType::Date => {
            build_primitives::<Date32Type>(call.rows, |row| Ok(added(row)?.map(days_of)))
        }
        DataType::Time => build_primitives::<Time64MicrosecondType>(call.rows, |row| {
            Ok(added(row)?.map(|v| v.rem_euclid(MICROS_PER_DAY)))
        }),
        result => {
            let micros = build_primitives::<TimestampMicrosecondType>(call.rows, added)?;
            Ok(arrow_cast::cast(&micros, &result.to_arrow())?)
        }
    }
}

/// Whole months from one date to another, as `java.time.Period` counts them.
fn months_between(from: i32, to: i32) -> i64 {
    let ((y1, m1, d1), (y2, m2, d2)) = (civil_from_days(from), civil_from_days(to));
    let months = i64::from(y2 - y1) * 12 + i64::from(m2) - i64::from(m1);
    let days = i64::from(d2) - i64::from(d1);
    if months > 0 && days < 0 {
        months - 1
    } else if months < 0 && days > 0 {
        months + 1
    } else {
        months
    }
}

pub(super) fn datediff(call: &Call<'_>) -> Result<ArrayRef> {
    let (left, right) = (Moments::new(call, 0), Moments::new(call, 1));
    let units = call.args.get(2).map(Columnar::texts);
    build_primitives::<Int64Type>(call.rows, |row| {
        let (Some(from), Some(to)) = (left.get(row), right.get(row)) else {
            return Ok(None);
        };
        let unit = unit(&units, row);
        Ok(Some(match unit.as_str() {
            "YEAR" => months_between(days_of(from), days_of(to)) / 12,
            "MONTH" => months_between(days_of(from), days_of(to)),
            "DAY" => i64::from(days_of(to)) - i64::from(days_of(from)),
            "DAYTIME" => (to - from) / MICROS_PER_DAY,
            other => match unit_micros(other) {
                Some(size) => (to - from) / size,
                None => return Err(call.refuse(format!("there is no unit {unit:?}"))),
            },
        }))
    })
}

pub(super) fn date_trunc(call: &Call<'_>) -> Result<ArrayRef> {
    let moments = Moments::new(call, 0);
    let units = call.args.get(1).map(Columnar::texts);
    build_primitives::<TimestampMicrosecondType>(call.rows, |row| {
        let Some(moment) = moments.get(row) else {
            return Ok(None);
        };
        let (year, month, _) = civil_from_days(days_of(moment));
        let first_of = |month: u32| {
            days_from_civil(year, month, 1).map(|days| i64::from(days) * MICROS_PER_DAY)
        };
        let unit = unit(&units, row);
        Ok(match unit.as_str() {
            "YEAR" => first_of(1),
            "QUARTER" => first_of((month - 1) / 3 * 3 + 1),
            "MONTH" => first_of(month),
            "WEEK" => {
                let days = days_of(moment);
                Some(i64::from(days - weekday(days) as i32) * MICROS_PER_DAY)
            }
            other => match unit_micros(other) {
                Some(size) => Some(moment.div_euclid(size) * size),
                None => return Err(call.refuse(format!("there is no unit {unit:?}"))),
            },
        })
    })
}

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

/// A part of a moment. Of EXTRACT's fields, MILLISECOND and MICROSECOND are the fraction of the
/// second alone, their plurals count the seconds too.
fn part(field: &str, micros: i64) -> Option<i64> {
    let days = days_of(micros);
    let time = micros.rem_euclid(MICROS_PER_DAY);
    let (year, month, day) = civil_from_days(days);
    let year = i64::from(year);
    let seconds = time / MICROS_PER_SECOND;
    Some(match field {
        "YEAR" => year,
        "QUARTER" => i64::from((month - 1) / 3 + 1),
        "MONTH" => i64::from(month),
        "DAY" | "DAY_OF_MONTH" => i64::from(day),
        "DAY_OF_WEEK" | "ISODOW" => weekday(days) as i64 + 1,
        "DOW" | "DAYOFWEEK" => (weekday(days) as i64 + 1) % 7,
        "DAY_OF_YEAR" | "DOY" | "DAYOFYEAR" => i64::from(day_of_year(days)),
        // Weeks begin on Sunday and the first is that of January 1st, as Java has it for en_US.
        "WEEK" => {
            let first = days - day_of_year(days) + 1;
            let before = (weekday(first) + 1) % 7;
            i64::from((day_of_year(days) - 1 + before as i32) / 7 + 1)
        }
        "ISOWEEK" => i64::from((day_of_year(days_of_thursday(days)) - 1) / 7 + 1),
        "ISOYEAR" => i64::from(civil_from_days(days_of_thursday(days)).0),
        "HOUR" => seconds / 3_600,
        "MINUTE" => seconds / 60 % 60,
        "SECOND" => seconds % 60,
        "MILLISECOND" => time % MICROS_PER_SECOND / 1_000,
        "MILLISECONDS" => time % (60 * MICROS_PER_SECOND) / 1_000,
        "MICROSECOND" => time % MICROS_PER_SECOND,
        "MICROSECONDS" => time % (60 * MICROS_PER_SECOND),
        "EPOCH" => micros.div_euclid(MICROS_PER_SECOND),
        "DECADE" => year.div_euclid(10),
        "CENTURY" if year > 0 => (year - 1) / 100 + 1,
        "CENTURY" => year / 100,
        "MILLENNIUM" if year > 0 => (year - 1) / 1_000 + 1,
        "MILLENNIUM" => year / 1_000,
        _ => return None,
    })
}

/// The Thursday of a day's week: the year it lies in is the week's.
fn days_of_thursday(days: i32) -> i32 {
    days - weekday(days) as i32 + 3
}

/// Whether a field needs a date, or a time.
fn fits(field: &str, data_type: &DataType) -> bool {
    let of_time = matches!(
        field,
        "HOUR"
            | "MINUTE"
            | "SECOND"
            | "MILLISECOND"
            | "MILLISECONDS"
            | "MICROSECOND"
            | "MICROSECONDS"
    );
    match data_type {
        DataType::Date => !of_time,
        DataType::Time => of_time,
        _ => true,
    }
}

fn parts(call: &Call<'_>, field: &str) -> Result<ArrayRef> {
    if part(field, 0).is_none() {
        return Err(call.refuse(format!("there is no field {field:?}")));
    }
    if !fits(field, &call.types[0]) {
        return Err(call.refuse(format!("a {} has no {field}", call.types[0])));
    }
    let moments = Moments::new(call, 0);
    if *call.result == DataType::BigInt {
        return build_primitives::<Int64Type>(call.rows, |row| {
            Ok(moments.get(row).and_then(|micros| part(field, micros)))
        });
    }
    build_primitives::<Int32Type>(call.rows, |row| {
        Ok(moments
            .get(row)
            .and_then(|micros| part(field, micros))
            .map(|v| v as i32))
    })
}

/// YEAR, MONTH and the like: the function's name is the field.
pub(super) fn field(call: &Call<'_>) -> Result<ArrayRef> {
    parts(call, call.name)
}

pub(super) fn extract(call: &Call<'_>) -> Result<ArrayRef> {
    let fields = call.args[1].texts();
    let field = fields.constant().unwrap_or_default().to_ascii_uppercase();
    parts(call, &field)
}

/// The pattern of a call, which has to be the same for all rows.
fn pattern(call: &Call<'_>, arg: usize) -> Result<Pattern> {
    let patterns = call.args[arg].texts();
    let text = patterns
        .constant()
        .ok_or_else(|| call.refuse("the pattern has to be a text in quotes"))?;
    Pattern::parse(text).map_err(|why| call.refuse(format!("the pattern {text:?}: {why}")))
}

pub(super) fn formatdatetime(call: &Call<'_>) -> Result<ArrayRef> {
    let pattern = pattern(call, 1)?;
    if let Some(letter) = pattern.misfit(&call.types[0]) {
        return Err(call.refuse(format!(
            "the pattern's {letter:?} stands for nothing that a {} has",
            call.types[0]
        )));
    }
    let moments = Moments::new(call, 0);
    build_texts(call.rows, |row, out| {
        let moment = moments.get(row);
        if let Some(micros) = moment {
            pattern.format(micros, out);
        }
        Ok(moment.is_some())
    })
}

pub(super) fn to_char(call: &Call<'_>) -> Result<ArrayRef> {
    let moment = matches!(
        call.types[0],
        DataType::Date | DataType::Time | DataType::Timestamp | DataType::TimestampTz
    );
    if moment && call.args.len() > 1 {
        return formatdatetime(call);
    }
    let text = to_text(&call.args[0], &call.types[0])?;
    Columnar {
        array: text,
        constant: call.args[0].constant,
    }
    .expanded(call.rows)
}

pub(super) fn parsedatetime(call: &Call<'_>) -> Result<ArrayRef> {
    let pattern = pattern(call, 1)?;
    let texts = call.args[0].texts();
    let read = |row: usize| match texts.get(row) {
        None => Ok(None),
        Some(text) => match pattern.read(text) {
            Some(micros) => Ok(Some(micros)),
            None => {
                let shown: String = text.chars().take(40).collect();
                Err(call.refuse(format!("{shown:?} does not follow the pattern")))
            }
        },
    };
    match call.result {
        DataType::Date => {
            build_primitives::<Date32Type>(call.rows, |row| Ok(read(row)?.map(days_of)))
        }
        DataType::Time => build_primitives::<Time64MicrosecondType>(call.rows, read),
        _ => build_primitives::<TimestampMicrosecondType>(call.rows, read),
    }
}

pub(super) fn is_date(call: &Call<'_>) -> Result<ArrayRef> {
    let pattern = pattern(call, 1)?;
    let texts = call.args[0].texts();
    build_booleans(call.rows, |row| {
        Ok(Some(
            texts.get(row).is_some_and(|t| pattern.read(t).is_some()),
        ))
    })
}

/// The time zone of a call, which has to be the same for all rows.
fn zone(call: &Call<'_>, arg: usize) -> Result<Zone> {
    let zones = call.args[arg].texts();
    let name = zones
        .constant()
        .ok_or_else(|| call.refuse("the time zone has to be a text in quotes"))?;
    Zone::parse(name).ok_or_else(|| {
        call.refuse(format!(
            "the time zone {name:?} is not known; write a name such as Asia/Shanghai or an offset \
             such as UTC+8"
        ))
    })
}

pub(super) fn at_time_zone(call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call, 1)?;
    let moments = Moments::new(call, 0);
    let instants = call.types[0] == DataType::TimestampTz;
    let micros = build_primitives::<TimestampMicrosecondType>(call.rows, |row| {
        let Some(shown) = moments.get(row) else {
            return Ok(None);
        };
        if instants {
            return Ok(Some(shown));
        }
        let instant = zone.instant(shown);
        instant
            .map(Some)
            .ok_or_else(|| call.refuse("the result is out of range"))
    })?;
    Ok(arrow_cast::cast(&micros, &call.result.to_arrow())?)
}

pub(super) fn from_unixtime(call: &Call<'_>) -> Result<ArrayRef> {
    let pattern = pattern(call, 1)?;
    let seconds = call.args[0].primitives::<Int64Type>();
    let zone = match call.args.get(2) {
        None => Zone::System,
        Some(_) => zone(call, 2)?,
    };
    build_texts(call.rows, |row, out| {
        let Some(seconds) = seconds.get(row) else {
            return Ok(false);
        };
        let local = seconds
            .checked_mul(MICROS_PER_SECOND)
            .and_then(|instant| zone.local(instant))
            .ok_or_else(|| call.refuse(format!("{seconds} is out of range")))?;
        pattern.format(local, out);
        Ok(true)
    })
}
