//! Moments as columns, units of time, and what counts in them: DATEADD, DATEDIFF, DATE_TRUNC.

use arrow_array::ArrayRef;
use arrow_array::types::{Date32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType};
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};
use seatunnel_api::{DataType, Result};

use super::Call;
use crate::columnar::{Primitives, Texts, build_primitives};
use crate::pattern::weekday;

/// A column of moments: microseconds that a clock shows; a date is its midnight, a time that of 1970-01-01.
pub(super) enum Moments<'a> {
    Dates(Primitives<'a, Date32Type>),
    Times(Primitives<'a, Time64MicrosecondType>),
    Timestamps(Primitives<'a, TimestampMicrosecondType>),
    Nothing,
}

impl<'a> Moments<'a> {
    pub(super) fn new(call: &Call<'a>, arg: usize) -> Self {
        let column = &call.args[arg];
        match call.types[arg] {
            DataType::Date => Self::Dates(column.primitives()),
            DataType::Time => Self::Times(column.primitives()),
            DataType::Timestamp | DataType::TimestampTz => Self::Timestamps(column.primitives()),
            _ => Self::Nothing,
        }
    }

    /// Microseconds of a row.
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Dates(days) => Some(i64::from(days.get(row)?) * MICROS_PER_DAY),
            Self::Times(micros) => micros.get(row),
            Self::Timestamps(micros) => micros.get(row),
            Self::Nothing => None,
        }
    }
}

/// The day that a moment lies in.
pub(super) fn days_of(micros: i64) -> i32 {
    micros.div_euclid(MICROS_PER_DAY) as i32
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many months.
    Months(i64),
    /// So many microseconds, wherever they begin.
    Micros(i64),
    /// A day, counted by dates or, as DAYTIME, by the time that has passed.
    Day { by_time: bool },
}

const UNITS: &[(&str, Unit)] = &[
    ("YEAR", Unit::Months(12)),
    ("QUARTER", Unit::Months(3)),
    ("MONTH", Unit::Months(1)),
    ("WEEK", Unit::Micros(7 * MICROS_PER_DAY)),
    ("DAY", Unit::Day { by_time: false }),
    ("DAYTIME", Unit::Day { by_time: true }),
    ("HOUR", Unit::Micros(3_600 * MICROS_PER_SECOND)),
    ("MINUTE", Unit::Micros(60 * MICROS_PER_SECOND)),
    ("SECOND", Unit::Micros(MICROS_PER_SECOND)),
    ("MILLISECOND", Unit::Micros(1_000)),
    ("MICROSECOND", Unit::Micros(1)),
];

/// The units of a call's rows: usually one for all of them, read once. Days if none is given.
struct Units<'a> {
    texts: Option<Texts<'a>>,
    constant: Option<Unit>,
}

impl<'a> Units<'a> {
    fn new(call: &Call<'a>, arg: usize) -> Result<Self> {
        let texts = call.args.get(arg).map(|a| a.texts());
        let constant = match &texts {
            None => Some(Self::read(call, "DAY")?),
            Some(texts) => {
                let constant = texts.constant().map(|text| Self::read(call, text));
                constant.transpose()?
            }
        };
        Ok(Self { texts, constant })
    }

    fn read(call: &Call<'_>, text: &str) -> Result<Unit> {
        let mut known = UNITS.iter();
        let found = known.find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, unit)| *unit).ok_or_else(|| {
            let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
            call.refuse(format!(
                "there is no unit {text:?}; {} are",
                names.join(", ")
            ))
        })
    }

    fn get(&self, call: &Call<'_>, row: usize) -> Result<Unit> {
        if let Some(unit) = self.constant {
            return Ok(unit);
        }
        let text = self.texts.as_ref().and_then(|texts| texts.get(row));
        Self::read(call, text.unwrap_or("DAY"))
    }
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
    let units = Units::new(call, 2)?;
    let added = |row: usize| -> Result<Option<i64>> {
        let (Some(moment), Some(count)) = (moments.get(row), counts.get(row)) else {
            return Ok(None);
        };
        let result = match units.get(call, row)? {
            Unit::Months(months) => count
                .checked_mul(months)
                .and_then(|months| plus_months(moment, months)),
            Unit::Micros(size) => count.checked_mul(size).and_then(|d| moment.checked_add(d)),
            Unit::Day { .. } => {
                let added = count.checked_mul(MICROS_PER_DAY);
                added.and_then(|d| moment.checked_add(d))
            }
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
    let units = Units::new(call, 2)?;
    build_primitives::<Int64Type>(call.rows, |row| {
        let (Some(from), Some(to)) = (left.get(row), right.get(row)) else {
            return Ok(None);
        };
        let days = || i64::from(days_of(to)) - i64::from(days_of(from));
        Ok(Some(match units.get(call, row)? {
            Unit::Months(months) => months_between(days_of(from), days_of(to)) / months,
            Unit::Day { by_time: false } => days(),
            Unit::Day { by_time: true } => (to - from) / MICROS_PER_DAY,
            Unit::Micros(size) => (to - from) / size,
        }))
    })
}

pub(super) fn date_trunc(call: &Call<'_>) -> Result<ArrayRef> {
    let moments = Moments::new(call, 0);
    let units = Units::new(call, 1)?;
    build_primitives::<TimestampMicrosecondType>(call.rows, |row| {
        let Some(moment) = moments.get(row) else {
            return Ok(None);
        };
        let days = days_of(moment);
        Ok(match units.get(call, row)? {
            Unit::Months(months) => {
                let (year, month, _) = civil_from_days(days);
                let first = (month - 1) / months as u32 * months as u32 + 1;
                let first = days_from_civil(year, first, 1);
                first.map(|days| i64::from(days) * MICROS_PER_DAY)
            }
            Unit::Micros(size) if size == 7 * MICROS_PER_DAY => {
                Some(i64::from(days - weekday(days) as i32) * MICROS_PER_DAY)
            }
            Unit::Micros(size) => Some(moment.div_euclid(size) * size),
            Unit::Day { .. } => Some(i64::from(days) * MICROS_PER_DAY),
        })
    })
}
