//! Dates and times by the patterns of Java's DateTimeFormatter, written only.

use seatunnel_api::time::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days};

#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    Field(char, usize),
}

/// A pattern, taken apart.
#[derive(Debug)]
pub struct JavaTimeFormat(Vec<Piece>);

impl JavaTimeFormat {
    /// Takes a pattern apart.
    ///
    /// # Errors
    /// What was not understood.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    let mut text = String::new();
                    let mut closed = false;
                    while let Some(quoted) = chars.next() {
                        if quoted != '\'' {
                            text.push(quoted);
                        } else if chars.next_if_eq(&'\'').is_some() {
                            text.push('\'');
                        } else {
                            closed = true;
                            break;
                        }
                    }
                    if !closed {
                        return Err("a quote is not closed".to_owned());
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
                    pieces.push(Piece::Field(c, count));
                }
                c if c.is_ascii_alphabetic() => return Err(format!("the letter {c} is not known")),
                c => pieces.push(Piece::Text(c.to_string().into_bytes())),
            }
        }
        Ok(Self(pieces))
    }

    /// Writes a wall-clock timestamp, in microseconds since 1970.
    pub fn format_timestamp_into(&self, micros: i64, out: &mut Vec<u8>) {
        let days = micros.div_euclid(MICROS_PER_DAY);
        let time = micros.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_from_days(days as i32);
        let seconds = time / MICROS_PER_SECOND;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Field('S', count) => {
                    let digits = format!("{:06}000", time % MICROS_PER_SECOND);
                    out.extend_from_slice(&digits.as_bytes()[..(*count).min(9)]);
                }
                Piece::Field(letter, count) => {
                    let value = match letter {
                        'y' | 'u' if *count == 2 => i64::from(year.rem_euclid(100)),
                        'y' | 'u' => i64::from(year),
                        'M' => i64::from(month),
                        'd' => i64::from(day),
                        'H' => seconds / 3_600,
                        'm' => seconds / 60 % 60,
                        _ => seconds % 60,
                    };
                    out.extend_from_slice(format!("{value:0width$}", width = count).as_bytes());
                }
            }
        }
    }
}
