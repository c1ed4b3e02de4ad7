//! Java's patterns for dates and times (`java.time.format.DateTimeFormatter`, "Patterns for
//! Formatting and Parsing"): `yyyy-MM-dd HH:mm:ss.SSS`.

mod format;
mod read;

use seatunnel_api::DataType;
use seatunnel_api::time::{civil_from_days, days_from_civil};

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
pub(crate) struct Pattern {
    items: Vec<Item>,
    /// What SeaTunnel takes what it reads for; by the letters where it would take it for nothing.
    result: Option<DataType>,
}

#[derive(Clone, Debug)]
enum Item {
    Text(String),
    /// A letter and how often it stands there.
    Field(char, usize),
    /// `[ ]`: may be missing in what is read.
    Optional(Vec<Item>),
}

/// How often a letter may stand; none for one that isn't known.
fn most(letter: char) -> Option<usize> {
    Some(match letter {
        'y' | 'Y' | 'A' | 'n' | 'N' => 19,
        'S' => 9,
        'M' | 'E' | 'Q' | 'G' => 5,
        'D' => 3,
        'd' | 'H' | 'h' | 'k' | 'K' | 'm' | 's' | 'w' => 2,
        'a' | 'W' | 'e' => 1,
        _ => return None,
    })
}

/// Most brackets inside of each other.
const DEEPEST: usize = 16;

/// Takes a pattern apart.
struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Reader<'_> {
    /// What stands up to the end, or up to the bracket that closes this part.
    fn items(&mut self, depth: usize) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        let mut text = String::new();
        let flush = |text: &mut String, items: &mut Vec<Item>| {
            if !text.is_empty() {
                items.push(Item::Text(std::mem::take(text)));
            }
        };
        while let Some(c) = self.rest.next() {
            match c {
                '\'' => self.quoted(&mut text)?,
                '[' if depth == DEEPEST => return Err("there are too many brackets".to_owned()),
                '[' => {
                    flush(&mut text, &mut items);
                    items.push(Item::Optional(self.items(depth + 1)?));
                }
                ']' if depth > 0 => {
                    flush(&mut text, &mut items);
                    return Ok(items);
                }
                ']' | '{' | '}' | '#' => return Err(format!("{c:?} is not supported")),
                letter if letter.is_ascii_alphabetic() => {
                    flush(&mut text, &mut items);
                    items.push(self.field(letter)?);
                }
                other => text.push(other),
            }
        }
        flush(&mut text, &mut items);
        // As in Java, the end closes what is open.
        Ok(items)
    }

    fn quoted(&mut self, text: &mut String) -> Result<(), String> {
        if self.rest.next_if_eq(&'\'').is_some() {
            text.push('\'');
            return Ok(());
        }
        loop {
            match self.rest.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some('\'') if self.rest.next_if_eq(&'\'').is_some() => text.push('\''),
                Some('\'') => return Ok(()),
                Some(quoted) => text.push(quoted),
            }
        }
    }

    fn field(&mut self, letter: char) -> Result<Item, String> {
        let mut count = 1;
        while self.rest.next_if_eq(&letter).is_some() {
            count += 1;
        }
        // Letters that differ only in other languages, or for years before the first.
        let same = match letter {
            'u' => 'y',
            'L' => 'M',
            'q' => 'Q',
            'c' => 'e',
            other => other,
        };
        match most(same) {
            Some(most) if count <= most => Ok(Item::Field(same, count)),
            _ => Err(format!(
                "{:?} is not supported",
                letter.to_string().repeat(count)
            )),
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence about what is not supported.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let rest = pattern.chars().peekable();
        let items = Reader { rest }.items(0)?;
        let mut parsed = Self {
            items,
            result: None,
        };
        let letters = parsed.letters();
        let date = pattern.contains("yy");
        let time = pattern.contains("mm");
        let by_letters = |wanted: &[char]| letters.iter().any(|l| wanted.contains(l));
        let (date, time) = match date || time {
            true => (date, time),
            false => (by_letters(&['y']), by_letters(&['H', 'h', 'k', 'K'])),
        };
        parsed.result = match (date, time) {
            (true, true) => Some(DataType::Timestamp),
            (true, false) => Some(DataType::Date),
            (false, true) => Some(DataType::Time),
            (false, false) => None,
        };
        Ok(parsed)
    }

    fn letters(&self) -> Vec<char> {
        fn of(items: &[Item], found: &mut Vec<char>) {
            for item in items {
                match item {
                    Item::Field(letter, _) => found.push(*letter),
                    Item::Text(_) => {}
                    Item::Optional(inner) => of(inner, found),
                }
            }
        }
        let mut found = Vec::new();
        of(&self.items, &mut found);
        found
    }

    /// What parsing by it gives: a timestamp, a date or a time. SeaTunnel looks for `yy` and `mm`.
    pub(crate) fn result(&self) -> Option<DataType> {
        self.result.clone()
    }

    /// The first letter that a value of this type has no field for.
    pub(crate) fn misfit(&self, data_type: &DataType) -> Option<char> {
        let of_time = |l: char| "HhkKmsSaAnN".contains(l);
        self.letters().into_iter().find(|letter| match data_type {
            DataType::Date => of_time(*letter),
            DataType::Time => !of_time(*letter),
            _ => false,
        })
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
            ("yyyy-MM-dd[ HH:mm:ss.SSS]", "2021-04-08 13:04:45.235", true),
            ("yyyyDDD KK:mm:ss.SSS a", "2021098 01:04:45.235 PM", true),
            ("yyyy-MM-dd kk:mm:ss.SSS", "2021-04-08 13:04:45.235", true),
            (
                "G yyyyy Q QQ QQQ QQQQ",
                "AD 02021 2 02 Q2 2nd quarter",
                false,
            ),
            ("A n N", "47085235 235000000 47085235000000", false),
            ("YYYY-'W'ww-e", "2021-W15-5", false),
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
    fn days_past_the_end_of_a_month_are_its_last_as_in_java() {
        let pattern = Pattern::parse("yyyy-MM-dd").unwrap();
        for (text, means) in [
            ("2021-02-30", "2021-02-28"),
            ("2020-02-31", "2020-02-29"),
            ("2021-04-31", "2021-04-30"),
        ] {
            assert_eq!(pattern.read(text), pattern.read(means), "{text}");
        }
        let pattern = Pattern::parse("yyyy-MM-dd HH:mm:ss").unwrap();
        assert_eq!(
            pattern.read("2021-12-31 24:00:00"),
            pattern.read("2022-01-01 00:00:00")
        );
        assert_eq!(pattern.read("2021-12-31 24:00:01"), None);
    }

    #[test]
    fn what_stands_in_brackets_may_be_missing() {
        let pattern = Pattern::parse("yyyy-MM-dd[ HH:mm[:ss]]").unwrap();
        let midnight = parse_timestamp(b"2021-04-08T00:00:00").unwrap();
        let minute = 60_000_000;
        for (text, expected) in [
            ("2021-04-08", Some(midnight)),
            ("2021-04-08 00:01", Some(midnight + minute)),
            ("2021-04-08 00:01:05", Some(midnight + minute + 5_000_000)),
            ("2021-04-08 00", None),
        ] {
            assert_eq!(pattern.read(text), expected, "{text}");
        }
    }

    #[test]
    fn yy_and_mm_decide_what_a_pattern_reads() {
        for (pattern, expected) in [
            ("yyyy-MM-dd HH:mm:ss", Some(DataType::Timestamp)),
            ("yyyy-MM-dd HH", Some(DataType::Date)),
            ("HH:mm", Some(DataType::Time)),
            ("uuuu-MM-dd", Some(DataType::Date)),
            ("H'h'", Some(DataType::Time)),
            ("MM-dd", None),
        ] {
            assert_eq!(
                Pattern::parse(pattern).unwrap().result(),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn what_is_no_such_time_is_not_read() {
        let pattern = Pattern::parse("yyyy-MM-dd").unwrap();
        for text in ["2021-02-32", "2021-2-3", "2021-02-03 ", "", "x021-01-01"] {
            assert_eq!(pattern.read(text), None, "{text}");
        }
        for pattern in ["yyyy VV", "yyyy]", "'a", "aa"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
