//! What rules ask of a column, a whole column at a time.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;
use seatunnel_api::config::nearest;
use seatunnel_api::options::Located;
use seatunnel_api::{Column, DataType, Error, MAX_DECIMAL128, Result, Value, time};

use super::email;
use super::options::{RuleOptions, RuleType};
use crate::codes;
use crate::columns::{as_text, check_text, text};
use crate::java_regex::{Flags, JavaRegex};

const NAME: &str = "DataValidator";

/// A rule for one column.
pub(super) struct Check {
    what: What,
    message: Option<String>,
}

enum What {
    NotNull,
    /// Of whole numbers, days, times and 128-bit decimals: both ends are allowed.
    Between {
        low: i256,
        high: i256,
        shown: Shown,
    },
    Floats {
        low: Option<(f64, bool)>,
        high: Option<(f64, bool)>,
        shown: Shown,
    },
    Texts {
        low: Option<(String, bool)>,
        high: Option<(String, bool)>,
        shown: Shown,
    },
    Length {
        min: Option<u64>,
        max: Option<u64>,
        exact: Option<u64>,
    },
    Regex {
        regex: JavaRegex,
        pattern: String,
    },
    Email,
}

/// The ends of a range as they were written.
struct Shown {
    low: Option<String>,
    high: Option<String>,
}

impl Check {
    pub(super) fn new(column: &Column, rule: &RuleOptions) -> Result<Self> {
        let invalid = |what: String| {
            Error::new(
                codes::RULE_INVALID,
                format!("{NAME}: the rule for `{}` {what}", column.name),
            )
        };
        let Some(rule_type) = &rule.rule_type else {
            return Err(invalid("needs a `rule_type`".to_owned())
                .with_help("one of NOT_NULL, RANGE, LENGTH, REGEX and UDF"));
        };
        let what = match rule_type.value {
            RuleType::NotNull => What::NotNull,
            RuleType::Range => {
                if rule.min_value.is_none() && rule.max_value.is_none() {
                    let error = invalid("RANGE needs `min_value` or `max_value`".to_owned());
                    return Err(error.at(&rule_type.span));
                }
                range(column, rule)?
            }
            RuleType::Length => {
                if rule
                    .min_length
                    .or(rule.max_length)
                    .or(rule.exact_length)
                    .is_none()
                {
                    let error = invalid(
                        "LENGTH needs `min_length`, `max_length` or `exact_length`".to_owned(),
                    );
                    return Err(error.at(&rule_type.span));
                }
                if !matches!(
                    column.data_type,
                    DataType::Bytes
                        | DataType::Array(_)
                        | DataType::Map(..)
                        | DataType::FloatVector(_)
                ) {
                    check_text(NAME, column).map_err(|e| e.or_at(&rule_type.span))?;
                }
                What::Length {
                    min: rule.min_length,
                    max: rule.max_length,
                    exact: rule.exact_length,
                }
            }
            RuleType::Regex => {
                let Some(pattern) = &rule.pattern else {
                    return Err(invalid("REGEX needs a `pattern`".to_owned()).at(&rule_type.span));
                };
                check_text(NAME, column).map_err(|e| e.or_at(&pattern.span))?;
                let flags = Flags {
                    ignore_case: !rule.case_sensitive,
                    ..Flags::default()
                };
                What::Regex {
                    regex: JavaRegex::whole_with(&pattern.value, flags)
                        .map_err(|e| e.or_at(&pattern.span))?,
                    pattern: pattern.value.clone(),
                }
            }
            RuleType::Udf => match &rule.function_name {
                Some(name) if name.value.eq_ignore_ascii_case("EMAIL") => {
                    check_text(NAME, column).map_err(|e| e.or_at(&name.span))?;
                    What::Email
                }
                Some(name) => {
                    let error = invalid(format!(
                        "names the function `{}`, which isn't there",
                        name.value
                    ));
                    let near = nearest(&name.value, ["EMAIL"]);
                    return Err(error
                        .with_help(match near {
                            Some(near) => format!("did you mean {near}?"),
                            None => {
                                "there is EMAIL; functions in Java can't be loaded here".to_owned()
                            }
                        })
                        .at(&name.span));
                }
                None => {
                    return Err(
                        invalid("UDF needs a `function_name`".to_owned()).at(&rule_type.span)
                    );
                }
            },
        };
        Ok(Self {
            what,
            message: rule.custom_message.clone(),
        })
    }

    /// Marks the rows that don't keep the rule.
    pub(super) fn mark(
        &self,
        column: &ArrayRef,
        data_type: &DataType,
        broken: &mut [bool],
    ) -> Result<()> {
        match &self.what {
            What::NotNull => {
                // An array of nulls has no bitmap.
                if *data_type == DataType::Null {
                    broken.fill(true);
                } else if let Some(nulls) = column.nulls().filter(|n| n.null_count() > 0) {
                    for (row, broken) in broken.iter_mut().enumerate() {
                        *broken |= nulls.is_null(row);
                    }
                }
            }
            What::Between { low, high, .. } => between(column, data_type, *low, *high, broken),
            What::Floats { low, high, .. } => {
                let outside = |value: f64| {
                    let below =
                        low.is_some_and(|(low, open)| value < low || (open && value == low));
                    let above = high.is_some_and(|(high, open)| {
                        value > high || (open && value == high) || value.is_nan()
                    });
                    below || above
                };
                match data_type {
                    DataType::Float => {
                        primitive::<Float32Type>(column, broken, |v| outside(f64::from(v)))
                    }
                    _ => primitive::<Float64Type>(column, broken, outside),
                }
            }
            What::Texts { low, high, .. } => texts(column, broken, |value| {
                let low = low.as_ref();
                let high = high.as_ref();
                Ok(
                    low.is_some_and(|(low, open)| value < low.as_str() || (*open && value == low))
                        || high.is_some_and(|(high, open)| {
                            value > high.as_str() || (*open && value == high)
                        }),
                )
            })?,
            What::Length { min, max, exact } => {
                let outside = |length: u64| {
                    exact.is_some_and(|exact| length != exact)
                        || min.is_some_and(|min| length < min)
                        || max.is_some_and(|max| length > max)
                };
                lengths(column, data_type, broken, outside)?;
            }
            What::Regex { regex, .. } => {
                texts(column, broken, |value| Ok(!regex.is_match(value)?))?;
            }
            What::Email => texts(column, broken, |value| Ok(email::wrong(value).is_some()))?,
        }
        Ok(())
    }

    /// What is wrong with a value that doesn't keep the rule.
    pub(super) fn message(&self, column: &ArrayRef, data_type: &DataType, row: usize) -> String {
        if let Some(message) = &self.message {
            return message.clone();
        }
        let value = || shortened(&Value::read(column.as_ref(), data_type, row).to_string());
        match &self.what {
            What::NotNull => "it is null".to_owned(),
            What::Between { shown, .. }
            | What::Floats { shown, .. }
            | What::Texts { shown, .. } => match (&shown.low, &shown.high) {
                (Some(low), Some(high)) => format!("{} is not between {low} and {high}", value()),
                (Some(low), None) => format!("{} is less than {low}", value()),
                (None, Some(high)) => format!("{} is more than {high}", value()),
                (None, None) => "it is out of range".to_owned(),
            },
            What::Length { min, max, exact } => {
                let length = length_of(column, data_type, row);
                match (exact, min, max) {
                    (Some(exact), ..) if length != *exact => {
                        format!("its length is {length}, not {exact}")
                    }
                    (_, Some(min), _) if length < *min => {
                        format!("its length is {length}, less than {min}")
                    }
                    (.., Some(max)) => format!("its length is {length}, more than {max}"),
                    _ => format!("its length is {length}"),
                }
            }
            What::Regex { pattern, .. } => format!("{} does not match {pattern}", value()),
            What::Email => {
                let text = Value::read(column.as_ref(), data_type, row).to_string();
                let why = email::wrong(&text).unwrap_or("it is no address");
                format!("{} is no email address: {why}", shortened(&text))
            }
        }
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(100).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("'{shown}'")
}

fn range(column: &Column, rule: &RuleOptions) -> Result<What> {
    let shown = Shown {
        low: rule.min_value.as_ref().map(|v| v.value.clone()),
        high: rule.max_value.as_ref().map(|v| v.value.clone()),
    };
    let misfit = |limit: &Located<String>| {
        Error::new(
            codes::RULE_INVALID,
            format!(
                "{NAME}: {:?} is no value of `{}`, which is of the type {}",
                limit.value, column.name, column.data_type
            ),
        )
        .at(&limit.span)
    };
    match &column.data_type {
        DataType::Float | DataType::Double => {
            let end = |limit: &Option<Located<String>>, inclusive: bool| {
                let end = limit.as_ref();
                end.map(|limit| {
                    let number = limit.value.trim().parse::<f64>();
                    number.map(|n| (n, !inclusive)).map_err(|_| misfit(limit))
                })
                .transpose()
            };
            Ok(What::Floats {
                low: end(&rule.min_value, rule.min_inclusive)?,
                high: end(&rule.max_value, rule.max_inclusive)?,
                shown,
            })
        }
        DataType::String => {
            let end = |limit: &Option<Located<String>>, inclusive: bool| {
                limit
                    .as_ref()
                    .map(|limit| (limit.value.clone(), !inclusive))
            };
            Ok(What::Texts {
                low: end(&rule.min_value, rule.min_inclusive),
                high: end(&rule.max_value, rule.max_inclusive),
                shown,
            })
        }
        other => {
            let low = match &rule.min_value {
                None => i256::MIN,
                Some(limit) => {
                    let (floor, exact) = units(&limit.value, other).ok_or_else(|| misfit(limit))?;
                    // The least unit that is still allowed.
                    if exact && rule.min_inclusive {
                        floor
                    } else {
                        floor.wrapping_add(i256::ONE)
                    }
                }
            };
            let high = match &rule.max_value {
                None => i256::MAX,
                Some(limit) => {
                    let (floor, exact) = units(&limit.value, other).ok_or_else(|| misfit(limit))?;
                    if exact && !rule.max_inclusive {
                        floor.wrapping_sub(i256::ONE)
                    } else {
                        floor
                    }
                }
            };
            Ok(What::Between { low, high, shown })
        }
    }
}

/// A limit in the units in which a column holds its values: the greatest one not above it, and
/// whether it is that one.
fn units(limit: &str, data_type: &DataType) -> Option<(i256, bool)> {
    let limit = limit.trim();
    let bytes = limit.as_bytes();
    let whole = |number: i64| Some((i256::from_i128(i128::from(number)), true));
    match data_type {
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            floor(limit, 0)
        }
        DataType::Decimal { scale, .. } => floor(limit, *scale),
        DataType::Date => whole(i64::from(time::parse_date(bytes)?)),
        DataType::Time => whole(time::parse_time(bytes)?),
        DataType::Timestamp => {
            let day = || Some(i64::from(time::parse_date(bytes)?) * time::MICROS_PER_DAY);
            whole(time::parse_timestamp(bytes).or_else(day)?)
        }
        DataType::TimestampTz => {
            whole(time::parse_timestamp_tz(bytes).or_else(|| time::parse_timestamp(bytes))?)
        }
        _ => None,
    }
}

fn floor(limit: &str, scale: i8) -> Option<(i256, bool)> {
    if let Some(digits) = time::parse_decimal(limit, scale) {
        return Some((digits, true));
    }
    // More digits than the column has: cut off, towards the smaller number.
    for more in 1..=60_i8 {
        if let Some(digits) = time::parse_decimal(limit, scale.checked_add(more)?) {
            let unit = i256::from_i128(10).checked_pow(more.unsigned_abs().into())?;
            let cut = digits.checked_div(unit)?;
            let negative = digits < i256::ZERO;
            return Some((if negative { cut - i256::ONE } else { cut }, false));
        }
    }
    None
}

fn between(column: &ArrayRef, data_type: &DataType, low: i256, high: i256, broken: &mut [bool]) {
    // Ends beyond what the column can hold are no ends.
    let clamp = |end: i256| match end.to_i128() {
        Some(end) => end,
        None if end < i256::ZERO => i128::MIN,
        None => i128::MAX,
    };
    let (l, h) = (clamp(low), clamp(high));
    let narrow = |end: i128| end.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
    // Nothing lies between ends that are both beyond the same side.
    let nothing = l > h || l > i128::from(i64::MAX) || h < i128::from(i64::MIN);
    let (n, m) = (narrow(l), narrow(h));
    let outside = |value: i64| nothing || value < n || value > m;
    match data_type {
        DataType::TinyInt => primitive::<Int8Type>(column, broken, |v| outside(v.into())),
        DataType::SmallInt => primitive::<Int16Type>(column, broken, |v| outside(v.into())),
        DataType::Int => primitive::<Int32Type>(column, broken, |v| outside(v.into())),
        DataType::BigInt => primitive::<Int64Type>(column, broken, outside),
        DataType::Date => primitive::<Date32Type>(column, broken, |v| outside(v.into())),
        DataType::Time => primitive::<Time64MicrosecondType>(column, broken, outside),
        DataType::Timestamp | DataType::TimestampTz => {
            primitive::<TimestampMicrosecondType>(column, broken, outside);
        }
        DataType::Decimal { precision, .. } if *precision <= MAX_DECIMAL128 => {
            primitive::<Decimal128Type>(column, broken, |v| v < l || v > h);
        }
        DataType::Decimal { .. } => {
            primitive::<Decimal256Type>(column, broken, |v| v < low || v > high);
        }
        _ => {}
    }
}

fn primitive<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    broken: &mut [bool],
    outside: impl Fn(T::Native) -> bool,
) {
    let column = column.as_primitive::<T>();
    let values = column.values().iter();
    match column.nulls().filter(|n| n.null_count() > 0) {
        None => {
            for (value, broken) in values.zip(broken) {
                *broken |= outside(*value);
            }
        }
        Some(nulls) => {
            for ((row, value), broken) in values.enumerate().zip(broken) {
                *broken |= nulls.is_valid(row) && outside(*value);
            }
        }
    }
}

fn texts(
    column: &ArrayRef,
    broken: &mut [bool],
    wrong: impl Fn(&str) -> Result<bool>,
) -> Result<()> {
    let column = as_text(column)?;
    let column = text(&column);
    for (row, broken) in broken.iter_mut().enumerate() {
        if column.is_valid(row) && !*broken {
            *broken = wrong(column.value(row))?;
        }
    }
    Ok(())
}

fn lengths(
    column: &ArrayRef,
    data_type: &DataType,
    broken: &mut [bool],
    outside: impl Fn(u64) -> bool,
) -> Result<()> {
    let as_texts;
    let (column, data_type) = match data_type {
        DataType::Bytes | DataType::Array(_) | DataType::Map(..) | DataType::FloatVector(_) => {
            (column, data_type)
        }
        _ => {
            as_texts = as_text(column)?;
            (&as_texts, &DataType::String)
        }
    };
    for (row, broken) in broken.iter_mut().enumerate() {
        *broken |= column.is_valid(row) && outside(length_of(column, data_type, row));
    }
    Ok(())
}

/// Characters in UTF-16, bytes, items or entries.
fn length_of(column: &ArrayRef, data_type: &DataType, row: usize) -> u64 {
    let units = |text: &str| {
        if text.is_ascii() {
            text.len()
        } else {
            text.encode_utf16().count()
        }
    };
    let length = match data_type {
        DataType::String => units(column.as_string::<i32>().value(row)),
        DataType::Bytes => column.as_binary::<i32>().value_length(row) as usize,
        DataType::Array(_) => column.as_list::<i32>().value_length(row) as usize,
        DataType::Map(..) => column.as_map().value_length(row) as usize,
        DataType::FloatVector(dimension) => *dimension as usize,
        other => units(&Value::read(column.as_ref(), other, row).to_string()),
    };
    length as u64
}
