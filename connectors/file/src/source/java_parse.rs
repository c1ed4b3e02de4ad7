//! Reads dates and times by the patterns of Java's DateTimeFormatter.

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, days_from_civil};

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<u8>),
    Field(u8, usize),
}

/// A pattern, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct JavaPattern(Vec<Piece>);

impl JavaPattern {
    /// Takes a pattern apart.
    ///
    /// # Errors
    /// What was not understood.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    let mut text = String::new();
                    loop {
                        match chars.next() {
                            Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
                            Some('\'') => break,
                            Some(other) => text.push(other),
                            None => return Err("a quote is not closed".to_owned()),
                        }
                    }
                    if text.is_empty() {
                        text.push('\'');
                    }
                    pieces.push(Piece::Text(text.into_bytes()));
                }
                'y' | 'u' | 'M' | 'd' | 'H' | 'm' | 's' | 'S' => {
                    let mut count = 1;
                    while chars.next_if_eq(&c).is_some() {
                        count += 1;
                    }
                    let most = match c {
                        'y' | 'u' | 'S' => 9,
                        _ => 2,
                    };
                    if count > most {
                        return Err(format!("{count} times the letter {c} is not known"));
                    }
                    pieces.push(Piece::Field(c as u8, count));
                }
                c if c.is_ascii_alphabetic() => return Err(format!("the letter {c} is not known")),
                // Java's signs for parts that may be missing, and those it keeps for later.
                '[' | ']' | '{' | '}' | '#' => return Err(format!("the sign {c} is not known")),
                c => pieces.push(Piece::Text(c.to_string().into_bytes())),
            }
        }
        Ok(Self(pieces))
    }

    /// Microseconds since 1970 on a wall clock; parts that the pattern lacks are 1970-01-01 and midnight.
    pub(crate) fn parse(&self, text: &[u8]) -> Option<i64> {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        let (mut hour, mut minute, mut second, mut micros) = (0, 0, 0, 0);
        let mut rest = text;
        for (index, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Text(literal) => rest = rest.strip_prefix(literal.as_slice())?,
                Piece::Field(letter, count) => {
                    // A field before another field has just its digits; one before text may have more.
                    let next_is_field = matches!(self.0.get(index + 1), Some(Piece::Field(..)));
                    let most = match (letter, next_is_field) {
                        (b'S', _) | (_, true) => *count,
                        (b'y' | b'u', false) => 9,
                        (_, false) => 2.max(*count),
                    };
                    let digits = rest.iter().take(most).take_while(|b| b.is_ascii_digit());
                    let length = digits.count();
                    if length == 0 || (*count > 1 && length < *count) {
                        return None;
                    }
                    let number = rest[..length]
                        .iter()
                        .fold(0_i64, |n, digit| n * 10 + i64::from(digit - b'0'));
                    rest = &rest[length..];
                    match letter {
                        b'y' | b'u' if *count == 2 => year = 2000 + number as i32,
                        b'y' | b'u' => year = number as i32,
                        b'M' => month = number as u32,
                        b'd' => day = number as u32,
                        b'H' => hour = number,
                        b'm' => minute = number,
                        b's' => second = number,
                        _ => micros = scale_fraction(number, length),
                    }
                }
            }
        }
        if !rest.is_empty() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = i64::from(days_from_civil(year, month, day)?);
        let seconds = hour * 3_600 + minute * 60 + second;
        days.checked_mul(MICROS_PER_DAY)?
            .checked_add(seconds * MICROS_PER_SECOND + micros)
    }
}

fn scale_fraction(number: i64, digits: usize) -> i64 {
    match digits {
        0..=6 => number * 10_i64.pow(6 - digits as u32),
        _ => number / 10_i64.pow(digits.min(18) as u32 - 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatunnel_api::time::{format_timestamp, parse_timestamp};

    fn parse(pattern: &str, text: &str) -> Option<String> {
        let pattern = JavaPattern::compile(pattern).unwrap();
        pattern.parse(text.as_bytes()).map(format_timestamp)
    }

    #[test]
    fn patterns_read_what_java_reads() {
        let expected = Some("2024-01-31T07:08:09".to_owned());
        assert_eq!(
            parse("yyyy/MM/dd HH:mm:ss", "2024/01/31 07:08:09"),
            expected
        );
        assert_eq!(parse("yyyyMMddHHmmss", "20240131070809"), expected);
        assert_eq!(parse("d.M.yyyy 'at' H:m:s", "31.1.2024 at 7:8:9"), expected);
        assert_eq!(
            parse("yyyy-MM-dd HH:mm:ss.SSS", "2024-01-31 07:08:09.250"),
            Some("2024-01-31T07:08:09.25".to_owned())
        );
        assert_eq!(parse("yyyy-MM-dd", "2023-02-29"), None);
        assert_eq!(parse("yyyy-MM-dd", "2023-02-28x"), None);
        assert_eq!(parse("yyyy-MM-dd", "999999-02-28"), None);
        assert_eq!(parse("yyyy-MM-dd", "999999999-02-28"), None);
        for unknown in ["yyyy QQ", "dd MMM yyyy", "HH:mm[:ss]", "ss.SSSSSSSSSS"] {
            assert!(JavaPattern::compile(unknown).is_err(), "{unknown}");
        }
        assert_eq!(
            parse_timestamp(b"2024-01-31"),
            JavaPattern::compile("yyyy.MM.dd")
                .unwrap()
                .parse(b"2024.01.31")
        );
    }
}
