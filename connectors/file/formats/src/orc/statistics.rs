//! What is known of the values of a column.

use super::proto::Message;

/// Texts that are kept as bounds have so many bytes at most.
const MOST_TEXT: usize = 1024;

/// Statistics of one column, of a stripe or of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    pub(super) values: u64,
    pub(super) has_null: bool,
    pub(super) range: Range,
}

/// The smallest and the largest value.
#[derive(Clone, Debug, Default)]
pub(super) enum Range {
    /// Nothing is told, or nothing can be told any more.
    #[default]
    Untold,
    Integers(Option<(i64, i64)>),
    Days(Option<(i64, i64)>),
    Doubles(Option<(f64, f64)>),
    /// With the bytes of all together.
    Texts(Option<(String, String)>, u64),
    /// How many are true.
    Booleans(u64),
    /// The bytes of all together.
    Bytes(u64),
}

impl Statistics {
    pub(super) fn integers(&mut self, values: impl Iterator<Item = i64>) {
        let found = values.fold(None, |range: Option<(i64, i64)>, value| {
            Some(range.map_or((value, value), |(low, high)| {
                (low.min(value), high.max(value))
            }))
        });
        if let Range::Integers(range) | Range::Days(range) = &mut self.range {
            *range = both(*range, found);
        }
    }

    pub(super) fn doubles(&mut self, values: impl Iterator<Item = f64>) {
        let mut found: Option<(f64, f64)> = None;
        for value in values {
            if value.is_nan() {
                // It has no place in an order.
                self.range = Range::Untold;
                return;
            }
            found = Some(found.map_or((value, value), |(low, high)| {
                (low.min(value), high.max(value))
            }));
        }
        if let Range::Doubles(range) = &mut self.range {
            *range = both(*range, found);
        }
    }

    pub(super) fn texts<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        let mut length = 0;
        let mut found: Option<(&str, &str)> = None;
        for value in values {
            length += value.len() as u64;
            found = Some(found.map_or((value, value), |(low, high)| {
                (low.min(value), high.max(value))
            }));
        }
        let Range::Texts(range, sum) = &mut self.range else {
            return;
        };
        *sum += length;
        let Some((low, high)) = found else {
            return;
        };
        if low.len() > MOST_TEXT || high.len() > MOST_TEXT {
            self.range = Range::Untold;
            return;
        }
        match range {
            None => *range = Some((low.to_owned(), high.to_owned())),
            Some((lowest, highest)) => {
                if low < lowest.as_str() {
                    *lowest = low.to_owned();
                }
                if high > highest.as_str() {
                    *highest = high.to_owned();
                }
            }
        }
    }

    /// Adds those of a stripe to those of a file.
    pub(super) fn add(&mut self, other: &Self) {
        self.values += other.values;
        self.has_null |= other.has_null;
        match (&mut self.range, &other.range) {
            (Range::Integers(all), Range::Integers(some)) => *all = both(*all, *some),
            (Range::Days(all), Range::Days(some)) => *all = both(*all, *some),
            (Range::Doubles(all), Range::Doubles(some)) => *all = both(*all, *some),
            (Range::Booleans(all), Range::Booleans(some))
            | (Range::Bytes(all), Range::Bytes(some)) => *all += some,
            (Range::Texts(all, sum), Range::Texts(some, length)) => {
                *sum += length;
                if let Some((low, high)) = some {
                    let (lowest, highest) = all.get_or_insert_with(|| (low.clone(), high.clone()));
                    if low < lowest {
                        lowest.clone_from(low);
                    }
                    if high > highest {
                        highest.clone_from(high);
                    }
                }
            }
            (range, _) => *range = Range::Untold,
        }
    }

    /// As the file has it.
    pub(super) fn message(&self) -> Message {
        let mut message = Message::default();
        message.number(1, self.values);
        let mut inner = Message::default();
        match &self.range {
            Range::Integers(Some((low, high))) => {
                inner.signed(1, *low).signed(2, *high);
                message.message(2, &inner);
            }
            Range::Doubles(Some((low, high))) => {
                inner.double(1, *low).double(2, *high);
                message.message(3, &inner);
            }
            Range::Texts(Some((low, high)), sum) => {
                inner.bytes(1, low.as_bytes()).bytes(2, high.as_bytes());
                inner.signed(3, *sum as i64);
                message.message(4, &inner);
            }
            Range::Booleans(count) => {
                // A list of one number, packed.
                let mut packed = Vec::new();
                super::rle::varint(&mut packed, *count);
                inner.bytes(1, &packed);
                message.message(5, &inner);
            }
            Range::Days(Some((low, high))) => {
                inner.signed(1, *low).signed(2, *high);
                message.message(7, &inner);
            }
            Range::Bytes(sum) => {
                inner.signed(1, *sum as i64);
                message.message(8, &inner);
            }
            _ => {}
        }
        message.number(10, u64::from(self.has_null));
        message
    }
}

fn both<T: PartialOrd + Copy>(one: Option<(T, T)>, other: Option<(T, T)>) -> Option<(T, T)> {
    let ((low, high), (low2, high2)) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return one.or(other),
    };
    Some((
        if low2 < low { low2 } else { low },
        if high2 > high { high2 } else { high },
    ))
}
