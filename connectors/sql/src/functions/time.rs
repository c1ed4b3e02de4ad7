//! Now, patterns of dates and times, and time zones.

use arrow_array::ArrayRef;
use arrow_array::types::{Date32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType};
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND};
use seatunnel_api::{DataType, Result};

use super::Call;
use super::moments::{Moments, days_of};
use crate::clock::{self, Zone};
use crate::columnar::{Columnar, build_booleans, build_primitives, build_texts};
use crate::pattern::Pattern;
use crate::text::to_text;

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
        DataType::Time => build_primitives::<Time64MicrosecondType>(call.rows, |row| {
            // 24:00 is midnight.
            Ok(read(row)?.map(|micros| micros.rem_euclid(MICROS_PER_DAY)))
        }),
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
