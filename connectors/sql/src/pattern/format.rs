//! Writes moments by a pattern.

use std::fmt::Write;

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};

use super::{Item, MONTHS, Pattern, WEEKDAYS, day_of_year, weekday};

const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// A moment, taken apart as far as most patterns need it.
struct Moment {
    days: i32,
    year: i32,
    month: u32,
    day: u32,
    /// Microseconds since midnight.
    time: i64,
}

impl Pattern {
    /// Writes what a clock shows, microseconds since 1970.
    pub(crate) fn format(&self, micros: i64, out: &mut String) {
        let days = micros.div_euclid(MICROS_PER_DAY) as i32;
        let (year, month, day) = civil_from_days(days);
        let moment = Moment {
            days,
            year,
            month,
            day,
            time: micros.rem_euclid(MICROS_PER_DAY),
        };
        write_items(&self.items, &moment, out);
    }
}

fn write_items(items: &[Item], moment: &Moment, out: &mut String) {
    for item in items {
        match item {
            Item::Text(text) => out.push_str(text),
            Item::Optional(inner) => write_items(inner, moment, out),
            Item::Field(letter, count) => match named(*letter, *count, moment) {
                Some(name) => out.push_str(name),
                None => write_number(*letter, *count, moment, out),
            },
        }
    }
}

/// A field that is a name rather than a number.
fn named(letter: char, count: usize, moment: &Moment) -> Option<&'static str> {
    let of = |name: &'static str, short: usize| match count {
        4 => name,
        5 => &name[..1],
        _ => &name[..short],
    };
    let quarter = (moment.month as usize - 1) / 3;
    Some(match letter {
        'M' if count >= 3 => of(MONTHS[moment.month as usize - 1], 3),
        'E' => of(WEEKDAYS[weekday(moment.days)], 3),
        'Q' if count == 4 => QUARTERS[quarter],
        'Q' if count == 3 => ["Q1", "Q2", "Q3", "Q4"][quarter],
        'G' => {
            let (short, long) = match moment.year > 0 {
                true => ("AD", "Anno Domini"),
                false => ("BC", "Before Christ"),
            };
            match count {
                4 => long,
                5 => &long[..1],
                _ => short,
            }
        }
        'a' if moment.time < MICROS_PER_DAY / 2 => "AM",
        'a' => "PM",
        _ => return None,
    })
}

fn write_number(letter: char, count: usize, moment: &Moment, out: &mut String) {
    let second = moment.time / MICROS_PER_SECOND;
    let hour = second / 3_600;
    let fraction = moment.time % MICROS_PER_SECOND;
    let two_digits = |year: i32| i64::from(year.rem_euclid(100));
    let number = match letter {
        'y' if count == 2 => two_digits(moment.year),
        'y' => i64::from(moment.year),
        'Y' if count == 2 => two_digits(week_year(moment.days)),
        'Y' => i64::from(week_year(moment.days)),
        'w' => i64::from(week_of_year(moment.days)),
        'W' => i64::from(
            (moment.day as i32 - 1 + sundays_before(moment.days - moment.day as i32 + 1)) / 7 + 1,
        ),
        'e' => i64::from(sundays_before(moment.days) + 1),
        'M' => i64::from(moment.month),
        'Q' => i64::from((moment.month - 1) / 3 + 1),
        'd' => i64::from(moment.day),
        'D' => i64::from(day_of_year(moment.days)),
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => second / 60 % 60,
        's' => second % 60,
        'A' => moment.time / 1_000,
        'n' => fraction * 1_000,
        'N' => moment.time * 1_000,
        _ => {
            let digits = format!("{fraction:06}000");
            out.push_str(&digits[..count]);
            return;
        }
    };
    // Writing to a String can't fail.
    let _ = write!(out, "{number:0count$}");
}

/// How many days a day is behind the last Sunday. Weeks begin there in the locale en, in which SeaTunnel's
/// images run.
fn sundays_before(days: i32) -> i32 {
    (weekday(days) as i32 + 1) % 7
}

/// The year that the Saturday of a day's week lies in: the week of the first of January is the first.
fn week_year(days: i32) -> i32 {
    civil_from_days(days - sundays_before(days) + 6).0
}

fn week_of_year(days: i32) -> i32 {
    let saturday = days - sundays_before(days) + 6;
    (day_of_year(saturday) + 6) / 7
}
