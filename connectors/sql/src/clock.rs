//! The system's clock and time zone, and zones that queries name.

use chrono::{DateTime, FixedOffset, Local, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use seatunnel_api::time::MICROS_PER_SECOND;

/// A zone as queries name it: `UTC+8`, `+08:00`, `Z`, `Asia/Shanghai`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Zone {
    /// The system's.
    System,
    /// So many microseconds east of Greenwich.
    Fixed(i64),
    /// One of the IANA database.
    Named(Tz),
}

impl Zone {
    /// Reads a zone; none if it is not one of these forms.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let offset = ["UTC", "GMT", "UT"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text);
        if offset == "Z" || (offset.is_empty() && !text.is_empty()) {
            return Some(Self::Fixed(0));
        }
        let sign = match offset.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return text.parse().ok().map(Self::Named),
        };
        let digits = &offset[1..];
        let (hours, minutes) = match digits.split_once(':') {
            Some((hours, minutes)) => (hours, minutes),
            None if digits.len() == 4 => digits.split_at_checked(2)?,
            None => (digits, "0"),
        };
        let hours: i64 = hours.parse().ok().filter(|h| (0..=18).contains(h))?;
        let minutes: i64 = minutes.parse().ok().filter(|m| (0..60).contains(m))?;
        Some(Self::Fixed(
            sign * (hours * 3_600 + minutes * 60) * MICROS_PER_SECOND,
        ))
    }

    /// What a clock of this zone shows at an instant; none if it is out of range.
    pub(crate) fn local(self, instant: i64) -> Option<i64> {
        match self {
            Self::Fixed(offset) => instant.checked_add(offset),
            Self::Named(zone) => shown_in(&zone, instant),
            Self::System => shown_in(&Local, instant),
        }
    }

    /// The instant at which a clock of this zone shows this; the earlier one of two.
    pub(crate) fn instant(self, shown: i64) -> Option<i64> {
        match self {
            Self::Fixed(offset) => shown.checked_sub(offset),
            Self::Named(zone) => instant_in(&zone, shown),
            Self::System => instant_in(&Local, shown),
        }
    }
}

fn offset_micros(offset: FixedOffset) -> i64 {
    i64::from(offset.local_minus_utc()) * MICROS_PER_SECOND
}

fn shown_in(zone: &impl TimeZone, instant: i64) -> Option<i64> {
    let at = DateTime::from_timestamp_micros(instant)?;
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    instant.checked_add(offset_micros(offset))
}

fn instant_in(zone: &impl TimeZone, shown: i64) -> Option<i64> {
    let naive: NaiveDateTime = DateTime::from_timestamp_micros(shown)?.naive_utc();
    let offset = match zone.offset_from_local_datetime(&naive) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset.fix(),
        // In the hour that a change of clocks leaves out, Java takes the offset before it.
        LocalResult::None => zone.offset_from_utc_datetime(&naive).fix(),
    };
    shown.checked_sub(offset_micros(offset))
}

/// What the system's clock shows at an instant.
pub(crate) fn to_local(instant: i64) -> Option<i64> {
    Zone::System.local(instant)
}

/// The instant at which the system's clock shows this; the earlier one of two.
pub(crate) fn from_local(shown: i64) -> Option<i64> {
    Zone::System.instant(shown)
}

/// What the system's clock shows now.
pub(crate) fn now() -> i64 {
    let now = Local::now();
    now.naive_local().and_utc().timestamp_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_in_their_usual_forms() {
        for (text, hours) in [
            ("UTC+8", 8.0),
            ("GMT-03:30", -3.5),
            ("+08:00", 8.0),
            ("-0530", -5.5),
            ("Z", 0.0),
            ("UTC", 0.0),
        ] {
            let Some(Zone::Fixed(offset)) = Zone::parse(text) else {
                panic!("{text} is a zone");
            };
            assert_eq!(offset, (hours * 3_600.0 * 1e6) as i64, "{text}");
        }
        let shanghai = Zone::parse("Asia/Shanghai").expect("it is a zone");
        assert_eq!(shanghai.local(0), Some(28_800_000_000));
        assert_eq!(shanghai.instant(28_800_000_000), Some(0));
        for text in ["", "+", "UTC+99", "Mars/Base", "+8:60"] {
            assert!(Zone::parse(text).is_none(), "{text}");
        }
    }
}
