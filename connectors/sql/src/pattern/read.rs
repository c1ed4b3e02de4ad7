//! Reads moments by a pattern, as Java's "smart" resolver does.

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, days_from_civil};

use super::{Item, MONTHS, Pattern, WEEKDAYS};

/// What has been read so far.
#[derive(Clone, Debug)]
struct Fields {
    year: i32,
    month: u32,
    day: u32,
    day_of_year: Option<i32>,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    /// 0 for AM, 12 for PM.
    half: Option<i64>,
    /// The hour is one of twelve.
    hour_of_half: bool,
}

impl Pattern {
    /// Reads what [`Pattern::format`] writes; none if the text is something else. Microseconds since
    /// 1970, of a time alone since midnight. A day past the end of its month is the last of it.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let mut fields = Fields {
            year: 1970,
            month: 1,
            day: 1,
            day_of_year: None,
            hour: 0,
            minute: 0,
            second: 0,
            micros: 0,
            half: None,
            hour_of_half: false,
        };
        let rest = read_items(&self.items, text, &mut fields)?;
        if !rest.is_empty() {
            return None;
        }
        fields.resolved()
    }
}

impl Fields {
    fn resolved(mut self) -> Option<i64> {
        if self.hour_of_half {
            self.hour += self.half?;
        }
        let mut days = match self.day_of_year {
            Some(day) => {
                let first = days_from_civil(self.year, 1, 1)?;
                let days = first.checked_add(day.checked_sub(1)?)?;
                let next = days_from_civil(self.year.checked_add(1)?, 1, 1)?;
                (first..next).contains(&days).then_some(days)?
            }
            None if !(1..=31).contains(&self.day) => return None,
            None => (0..4).find_map(|less| {
                days_from_civil(self.year, self.month, self.day.checked_sub(less)?)
            })?,
        };
        // Midnight at the end of a day.
        if self.hour == 24 && self.minute == 0 && self.second == 0 && self.micros == 0 {
            self.hour = 0;
            days = days.checked_add(1)?;
        }
        if self.hour > 23 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let seconds = self.hour * 3_600 + self.minute * 60 + self.second;
        Some(i64::from(days) * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + self.micros)
    }

    fn set(&mut self, letter: char, count: usize, digits: &str) -> Option<()> {
        if letter == 'S' {
            let six: String = digits.chars().chain("000000".chars()).take(6).collect();
            self.micros = six.parse().ok()?;
            return Some(());
        }
        let number: i64 = digits.parse().ok()?;
        match letter {
            'y' if count == 2 => self.year = 2000 + number as i32,
            'y' => self.year = number.try_into().ok()?,
            'M' => self.month = number as u32,
            'd' => self.day = number as u32,
            'D' => self.day_of_year = Some(number as i32),
            'H' => self.hour = number,
            'k' if (1..=24).contains(&number) => self.hour = number % 24,
            'h' | 'K' => {
                let known = if letter == 'h' { 1..=12 } else { 0..=11 };
                known.contains(&number).then_some(())?;
                self.hour = number % 12;
                self.hour_of_half = true;
            }
            'm' => self.minute = number,
            's' => self.second = number,
            'n' => self.micros = number / 1_000,
            'A' | 'N' => {
                let micros = if letter == 'A' {
                    number.checked_mul(1_000)?
                } else {
                    number / 1_000
                };
                self.hour = micros / (3_600 * MICROS_PER_SECOND);
                self.minute = micros / (60 * MICROS_PER_SECOND) % 60;
                self.second = micros / MICROS_PER_SECOND % 60;
                self.micros = micros % MICROS_PER_SECOND;
            }
            _ => return None,
        }
        Some(())
    }
}

/// What is left of the text behind these items; none if it is something else.
fn read_items<'t>(items: &[Item], text: &'t str, fields: &mut Fields) -> Option<&'t str> {
    let mut rest = text;
    for item in items {
        match item {
            Item::Text(text) => rest = rest.strip_prefix(text.as_str())?,
            Item::Optional(inner) => {
                let mut with = fields.clone();
                if let Some(behind) = read_items(inner, rest, &mut with) {
                    (rest, *fields) = (behind, with);
                }
            }
            Item::Field(letter, count) => rest = read_field(*letter, *count, rest, fields)?,
        }
    }
    Some(rest)
}

/// Which of the names the text begins with.
fn read_name<'t>(names: &[&str], count: usize, text: &'t str) -> Option<(usize, &'t str)> {
    let shown = |name: &&str| match count {
        4 => name.len(),
        5 => 1,
        _ => 3,
    };
    let mut names = names.iter().enumerate();
    names.find_map(|(at, name)| Some((at, text.strip_prefix(&name[..shown(name)])?)))
}

fn read_field<'t>(
    letter: char,
    count: usize,
    text: &'t str,
    fields: &mut Fields,
) -> Option<&'t str> {
    match letter {
        'M' if count >= 3 => {
            let (at, rest) = read_name(&MONTHS, count, text)?;
            fields.month = at as u32 + 1;
            return Some(rest);
        }
        'E' => return read_name(&WEEKDAYS, count, text).map(|(_, rest)| rest),
        'a' => {
            fields.half = Some(match text.get(..2)? {
                "AM" => 0,
                "PM" => 12,
                _ => return None,
            });
            return Some(&text[2..]);
        }
        _ => {}
    }
    // One letter stands for as many digits as there are, more letters for that many.
    let width = if count == 1 && letter != 'S' {
        let most = match letter {
            'y' => 9,
            'D' => 3,
            'A' | 'n' | 'N' => 18,
            _ => 2,
        };
        let digits = text.bytes().take(most);
        digits.take_while(u8::is_ascii_digit).count()
    } else {
        count
    };
    let digits = text.get(..width).filter(|digits| !digits.is_empty())?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    fields.set(letter, count, digits)?;
    Some(&text[width..])
}
