//! Java's patterns for dates and times (`java.time.format.DateTimeFormatter`, "Patterns for
//! Formatting and Parsing"): `yyyy-MM-dd HH:mm:ss.SSS`.

use std::fmt::Write;

use seatunnel_api::DataType;
use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil};

/// Names of the months, from January.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of the days, from Monday.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// 0 for Monday to 6 for Sunday.
pub(crate) fn weekday(days: i32) -> usize {
    // 1970-01-01 was a Thursday.
    (i64::from(days) + 3).rem_euclid(7) as usize
}

/// A pattern, taken apart once.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<Item>);

#[derive(Clone, Debug)]
enum Item {
    Text(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence about what is not supported.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let mut items = Vec::new();
        let mut text = String::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            if c == '\'' {
                if rest.next_if_eq(&'\'').is_some() {
                    text.push('\'');
                    continue;
                }
                loop {
                    match rest.next() {
                        None => return Err("a quote is not closed".to_owned()),
                        Some('\'') if rest.next_if_eq(&'\'').is_some() => text.push('\''),
                        Some('\'') => break,
                        Some(quoted) => text.push(quoted),
                    }
                }
                continue;
            }
            if !c.is_ascii_alphabetic() {
                if matches!(c, '[' | ']' | '{' | '}' | '#') {
                    return Err(format!("{c:?} is not supported"));
                }
                text.push(c);
                continue;
            }
            let mut count = 1;
            while rest.next_if_eq(&c).is_some() {
                count += 1;
            }
            let c = if c == 'u' {
                'y'
            } else if c == 'L' {
                'M'
            } else {
                c
            };
            let allowed = match c {
                'y' => count <= 4,
                'M' | 'E' => count <= 4,
                'd' | 'H' | 'h' | 'm' | 's' => count <= 2,
                'D' => count <= 3,
                'S' => count <= 9,
                'a' => count == 1,
                _ => false,
            };
            if !allowed {
                return Err(format!(
                    "{:?} is not supported",
                    c.to_string().repeat(count)
                ));
            }
            if !text.is_empty() {
                items.push(Item::Text(std::mem::take(&mut text)));
            }
            items.push(Item::Field(c, count));
        }
        if !text.is_empty() {
            items.push(Item::Text(text));
        }
        Ok(Self(items))
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        self.0.iter().filter_map(|item| match item {
            Item::Field(letter, _) => Some(*letter),
            Item::Text(_) => None,
        })
    }

    /// What parsing by it gives: a timestamp, a date or a time.
    pub(crate) fn result(&self) -> Option<DataType> {
        let date = self.letters().any(|l| l == 'y');
        let time = self.letters().any(|l| matches!(l, 'H' | 'h'));
        match (date, time) {
            (true, true) => Some(DataType::Timestamp),
            (true, false) => Some(DataType::Date),
            (false, true) => Some(DataType::Time),
            (false, false) => None,
        }
    }

    /// The first letter that a value of this type has no field for.
    pub(crate) fn misfit(&self, data_type: &DataType) -> Option<char> {
        let of_time = |l: char| matches!(l, 'H' | 'h' | 'm' | 's' | 'S' | 'a');
        self.letters().find(|letter| match data_type {
            DataType::Date => of_time(*letter),
            DataType::Time => !of_time(*letter),
            _ => false,
        })
    }

    /// Writes what a clock shows, microseconds since 1970.
    pub(crate) fn format(&self, micros: i64, out: &mut String) {
        let days = micros.div_euclid(MICROS_PER_DAY) as i32;
        let time = micros.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let second_of_day = time / MICROS_PER_SECOND;
        let hour = second_of_day / 3_600;
        for item in &self.0 {
            let (letter, count) = match item {
                Item::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Item::Field(letter, count) => (*letter, *count),
            };
            let number = match letter {
                'y' if count == 2 => i64::from(year.rem_euclid(100)),
                'y' => i64::from(year),
                'M' if count >= 3 => {
                    let name = MONTHS[month as usize - 1];
                    out.push_str(if count == 3 { &name[..3] } else { name });
                    continue;
                }
                'M' => i64::from(month),
                'd' => i64::from(day),
                'D' => i64::from(day_of_year(days)),
                'E' => {
                    let name = WEEKDAYS[weekday(days)];
                    out.push_str(if count < 4 { &name[..3] } else { name });
                    continue;
                }
                'H' => hour,
                'h' => (hour + 11) % 12 + 1,
                'm' => second_of_day / 60 % 60,
                's' => second_of_day % 60,
                'a' => {
                    out.push_str(if hour < 12 { "AM" } else { "PM" });
                    continue;
                }
                _ => {
                    let digits = format!("{:06}000", time % MICROS_PER_SECOND);
                    out.push_str(&digits[..count]);
                    continue;
                }
            };
            // Writing to a String can't fail.
            let _ = write!(out, "{number:0count$}");
        }
    }

    /// Reads what [`Pattern::format`] writes; none if the text is something else. Microseconds since
    /// 1970, of a time alone since midnight.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let (mut year, mut month, mut day) = (1970i32, 1u32, 1u32);
        let (mut hour, mut minute, mut second, mut micros) = (0i64, 0i64, 0i64, 0i64);
        let mut half = None;
        let mut hour_of_half = false;
        let mut rest = text;
        for item in &self.0 {
            let (letter, count) = match item {
                Item::Text(text) => {
                    rest = rest.strip_prefix(text.as_str())?;
                    continue;
                }
                Item::Field(letter, count) => (*letter, *count),
            };
            if letter == 'M' && count >= 3 {
                let (at, name) = MONTHS
                    .iter()
                    .map(|name| if count == 3 { &name[..3] } else { *name })
                    .enumerate()
                    .find(|(_, name)| rest.starts_with(name))?;
                month = at as u32 + 1;
                rest = &rest[name.len()..];
                continue;
            }
            if letter == 'E' {
                let name = WEEKDAYS
                    .iter()
                    .map(|name| if count < 4 { &name[..3] } else { *name })
                    .find(|name| rest.starts_with(name))?;
                rest = &rest[name.len()..];
                continue;
            }
            if letter == 'a' {
                half = Some(match rest.get(..2)? {
                    "AM" => 0,
                    "PM" => 12,
                    _ => return None,
                });
                rest = &rest[2..];
                continue;
            }
            // One letter stands for as many digits as there are, more letters for that many.
            let width = if count == 1 && letter != 'S' {
                let most = if letter == 'y' { 9 } else { 2 };
                rest.bytes()
                    .take(most)
                    .take_while(u8::is_ascii_digit)
                    .count()
            } else {
                count
            };
            let digits = rest.get(..width).filter(|d| !d.is_empty())?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            rest = &rest[width..];
            let number: i64 = digits.parse().ok()?;
            match letter {
                'y' if count == 2 => year = 2000 + number as i32,
                'y' => year = number.try_into().ok()?,
                'M' => month = number as u32,
                'd' => day = number as u32,
                'H' => hour = number,
                'h' => {
                    hour = number % 12;
                    hour_of_half = true;
                    if !(1..=12).contains(&number) {
                        return None;
                    }
                }
                'm' => minute = number,
                's' => second = number,
                'S' => {
                    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
                    micros = six.parse().ok()?;
                }
                _ => return None,
            }
        }
        if hour_of_half {
            hour += half?;
        }
        if !rest.is_empty() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = days_from_civil(year, month, day)?;
        let time = (hour * 3_600 + minute * 60 + second) * MICROS_PER_SECOND + micros;
        Some(i64::from(days) * MICROS_PER_DAY + time)
    }
}

/// 1 for the first of January.
pub(crate) fn day_of_year(days: i32) -> i32 {
    let (year, ..) = civil_from_days(days);
    days - days_from_civil(year, 1, 1).unwrap_or(days) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::time::parse_timestamp;

    #[test]
    fn a_pattern_reads_what_it_writes() {
        let micros = parse_timestamp(b"2021-04-08T13:04:45.235").unwrap();
        for (pattern, text, back) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", "2021-04-08 13:04:45.235", true),
            ("yyyy-MM-dd HH:mm:ss.S", "2021-04-08 13:04:45.2", false),
            ("yyyyMMddHHmmssSSS", "20210408130445235", true),
            ("d/M/yy h:mm:ss.SSS a", "8/4/21 1:04:45.235 PM", true),
            (
                "EEE, dd MMM yyyy HH:mm:ss.SSSSSS",
                "Thu, 08 Apr 2021 13:04:45.235000",
                true,
            ),
            ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2021-04-08T13:04:45.235", true),
            ("''yyyy D", "'2021 98", false),
            ("MMMM EEEE", "April Thursday", false),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            let mut out = String::new();
            parsed.format(micros, &mut out);
            assert_eq!(out, text);
            if back {
                assert_eq!(parsed.read(text), Some(micros), "{pattern}");
            }
        }
    }

    #[test]
    fn what_is_no_such_time_is_not_read() {
        let pattern = Pattern::parse("yyyy-MM-dd").unwrap();
        for text in ["2021-02-30", "2021-2-3", "2021-02-03 ", "", "x021-01-01"] {
            assert_eq!(pattern.read(text), None, "{text}");
        }
        for pattern in ["yyyy VV", "[yyyy]", "'a", "Q"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
