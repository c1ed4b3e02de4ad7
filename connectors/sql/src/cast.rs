//! CAST, TRY_CAST and the conversions that functions need.
//!
//! SeaTunnel's docs, "SQL Functions", CAST. Where Java would wrap a number that is too large, this is
//! an error.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BinaryArray, PrimitiveArray, cast::AsArray, new_null_array};
use seatunnel_api::time::{
    MICROS_PER_DAY, days_from_civil, parse_date, parse_time, parse_timestamp, parse_timestamp_tz,
};
use seatunnel_api::{DataType, Error, Result};

use crate::clock;
use crate::codes;
use crate::columnar::{Columnar, Number, Numbers, Texts, build_booleans, build_primitives};
use crate::decimal::{DecimalColumn, Rounding, rescale};
use crate::text;

fn is_number(data_type: &DataType) -> bool {
    is_integer(data_type)
        || matches!(
            data_type,
            DataType::Float | DataType::Double | DataType::Decimal { .. }
        )
}

fn is_integer(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
    )
}

/// Whether values of one type can become values of another at all.
pub(crate) fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{BigInt, Boolean, Bytes, Date, Int, Null, String, Time, Timestamp, TimestampTz};
    if from == to || *from == Null {
        return true;
    }
    match to {
        String => text::has_text(from),
        Bytes => text::has_text(from),
        to if is_number(to) => is_number(from) || *from == String,
        Boolean => is_number(from) || *from == String,
        Date => matches!(from, Timestamp | String | Int),
        Time => matches!(from, Timestamp | Date | String | Int),
        Timestamp => matches!(from, Date | String | BigInt | TimestampTz),
        TimestampTz => matches!(from, Timestamp | String),
        _ => false,
    }
}

/// The column with another type. A value that can't be converted is null with `lenient`, or an error.
pub(crate) fn cast(
    column: &Columnar,
    from: &DataType,
    to: &DataType,
    lenient: bool,
) -> Result<Columnar> {
    let array = cast_array(&column.array, from, to, lenient)?;
    Ok(Columnar {
        array,
        constant: column.constant,
    })
}

fn refused(value: impl Display, to: &DataType) -> Error {
    let shown: String = value.to_string().chars().take(40).collect();
    Error::new(
        codes::SQL_VALUE,
        format!("the value {shown:?} can't be cast to {to}"),
    )
    .with_help("try_cast gives null for such values")
}

/// Whether Arrow's kernel does just what is wanted, for every value.
fn is_exact_kernel(from: &DataType, to: &DataType) -> bool {
    use DataType::{BigInt, Decimal, Double, Int, SmallInt, TinyInt};
    let digits = |data_type: &DataType| match data_type {
        TinyInt => Some((3, 0)),
        SmallInt => Some((5, 0)),
        Int => Some((10, 0)),
        BigInt => Some((19, 0)),
        Decimal { precision, scale } => Some((i16::from(*precision), i16::from(*scale))),
        _ => None,
    };
    match (from, to) {
        (TinyInt, SmallInt | Int | BigInt | Double)
        | (SmallInt, Int | BigInt | Double)
        | (Int, BigInt | Double)
        | (BigInt, Double) => true,
        (from, Decimal { precision, scale }) => {
            let (precision, scale) = (i16::from(*precision), i16::from(*scale));
            digits(from).is_some_and(|(p, s)| s <= scale && p - s <= precision - scale)
        }
        _ => false,
    }
}

fn cast_array(array: &ArrayRef, from: &DataType, to: &DataType, lenient: bool) -> Result<ArrayRef> {
    if from == to {
        return Ok(array.clone());
    }
    let rows = array.len();
    if *from == DataType::Null {
        return Ok(new_null_array(&to.to_arrow(), rows));
    }
    if is_exact_kernel(from, to) {
        return Ok(arrow_cast::cast(array, &to.to_arrow())?);
    }
    let column = Columnar::rows(array.clone());
    let caster = Caster {
        column: &column,
        from,
        to,
        rows,
        lenient,
    };
    match to {
        DataType::String => text::to_text(&column, from),
        DataType::Bytes => {
            let texts = text::to_text(&column, from)?;
            let bytes: BinaryArray = texts
                .as_string::<i32>()
                .iter()
                .map(|text| text.map(str::as_bytes))
                .collect();
            Ok(Arc::new(bytes))
        }
        DataType::TinyInt => caster.integers::<Int8Type>(|v| v.try_into().ok()),
        DataType::SmallInt => caster.integers::<Int16Type>(|v| v.try_into().ok()),
        DataType::Int => caster.integers::<Int32Type>(|v| v.try_into().ok()),
        DataType::BigInt => caster.integers::<Int64Type>(Some),
        DataType::Float => caster.floats::<Float32Type>(
            |text| text.trim().parse().ok(),
            |n| match n {
                Number::Float(v) => v,
                other => other.to_f64() as f32,
            },
        ),
        DataType::Double => caster.floats::<Float64Type>(
            |text| text.trim().parse().ok(),
            // Java casts by text: 1.1 stays 1.1.
            |n| match n {
                Number::Float(v) => v.to_string().parse().unwrap_or(f64::from(v)),
                other => other.to_f64(),
            },
        ),
        DataType::Decimal { precision, scale } => caster.decimals(*precision, *scale),
        DataType::Boolean => caster.booleans(),
        DataType::Date => match from {
            DataType::Timestamp => {
                let micros = array.as_primitive::<TimestampMicrosecondType>();
                let days: PrimitiveArray<Date32Type> =
                    micros.unary(|v| v.div_euclid(MICROS_PER_DAY) as i32);
                Ok(Arc::new(days))
            }
            DataType::Int => caster.convert_ints::<Date32Type>(|v| {
                let (year, month, day) = (v / 10_000, v / 100 % 100, v % 100);
                days_from_civil(year, month.try_into().ok()?, day.try_into().ok()?)
            }),
            _ => caster.read_texts::<Date32Type>(|text| parse_date(text.as_bytes())),
        },
        DataType::Time => match from {
            // A date is its midnight.
            DataType::Date => {
                let days = array.as_primitive::<Date32Type>();
                let times: PrimitiveArray<Time64MicrosecondType> = days.unary(|_| 0);
                Ok(Arc::new(times))
            }
            DataType::Timestamp => {
                let micros = array.as_primitive::<TimestampMicrosecondType>();
                let times: PrimitiveArray<Time64MicrosecondType> =
                    micros.unary(|v| v.rem_euclid(MICROS_PER_DAY));
                Ok(Arc::new(times))
            }
            DataType::Int => caster.convert_ints::<Time64MicrosecondType>(|v| {
                let (hour, minute, second) = (v / 10_000, v / 100 % 100, v % 100);
                let fine = (0..24).contains(&hour) && minute < 60 && second < 60 && v >= 0;
                fine.then(|| i64::from(hour * 3_600 + minute * 60 + second) * 1_000_000)
            }),
            _ => caster.read_texts::<Time64MicrosecondType>(|text| parse_time(text.as_bytes())),
        },
        DataType::Timestamp => match from {
            DataType::Date => {
                let days = array.as_primitive::<Date32Type>();
                let micros: PrimitiveArray<TimestampMicrosecondType> =
                    days.unary(|v| i64::from(v) * MICROS_PER_DAY);
                Ok(Arc::new(micros))
            }
            DataType::BigInt => {
                let millis = column.primitives::<Int64Type>();
                build_primitives::<TimestampMicrosecondType>(rows, |row| {
                    caster.kept(millis.get(row), |v| clock::to_local(v.checked_mul(1_000)?))
                })
            }
            DataType::TimestampTz => {
                let micros = column.primitives::<TimestampMicrosecondType>();
                build_primitives::<TimestampMicrosecondType>(rows, |row| {
                    caster.kept(micros.get(row), clock::to_local)
                })
            }
            _ => caster
                .read_texts::<TimestampMicrosecondType>(|text| parse_timestamp(text.as_bytes())),
        },
        DataType::TimestampTz => {
            let instants = match from {
                DataType::Timestamp => {
                    let micros = column.primitives::<TimestampMicrosecondType>();
                    build_primitives::<TimestampMicrosecondType>(rows, |row| {
                        caster.kept(micros.get(row), clock::from_local)
                    })?
                }
                _ => caster.read_texts::<TimestampMicrosecondType>(|text| {
                    parse_timestamp_tz(text.as_bytes())
                })?,
            };
            let instants = instants
                .as_primitive::<TimestampMicrosecondType>()
                .clone()
                .with_timezone("UTC");
            Ok(Arc::new(instants))
        }
        _ => Err(Error::new(
            codes::SQL_TYPE,
            format!("{from} can't be cast to {to}"),
        )),
    }
}

struct Caster<'a> {
    column: &'a Columnar,
    from: &'a DataType,
    to: &'a DataType,
    rows: usize,
    lenient: bool,
}

impl Caster<'_> {
    /// The converted value, or what becomes of one that can't be.
    fn kept<V: Display + Copy, T>(
        &self,
        value: Option<V>,
        convert: impl FnOnce(V) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = value else {
            return Ok(None);
        };
        match convert(value) {
            Some(converted) => Ok(Some(converted)),
            None if self.lenient => Ok(None),
            None => Err(refused(value, self.to)),
        }
    }

    fn texts(&self) -> Texts<'_> {
        self.column.texts()
    }

    fn read_texts<T: arrow_array::ArrowPrimitiveType>(
        &self,
        parse: impl Fn(&str) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let texts = self.texts();
        build_primitives::<T>(self.rows, |row| self.kept(texts.get(row), &parse))
    }

    fn convert_ints<T: arrow_array::ArrowPrimitiveType>(
        &self,
        convert: impl Fn(i32) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let ints = self.column.primitives::<Int32Type>();
        build_primitives::<T>(self.rows, |row| self.kept(ints.get(row), &convert))
    }

    fn numbers(&self) -> Option<Numbers<'_>> {
        Numbers::new(self.column, self.from)
    }

    fn shown(number: Number) -> Shown {
        Shown(number)
    }

    fn integers<T: arrow_array::ArrowPrimitiveType>(
        &self,
        narrow: impl Fn(i64) -> Option<T::Native>,
    ) -> Result<ArrayRef> {
        let Some(numbers) = self.numbers() else {
            return self.read_texts::<T>(|text| narrow(text.parse().ok()?));
        };
        build_primitives::<T>(self.rows, |row| {
            self.kept(numbers.get(row).map(Self::shown), |Shown(number)| {
                let whole = match number {
                    Number::Int(v) => v,
                    Number::Float(v) => whole(f64::from(v))?,
                    Number::Double(v) => whole(v)?,
                    Number::Decimal(digits, scale) => rescale(digits, scale, 0, Rounding::Down)?
                        .to_i128()?
                        .try_into()
                        .ok()?,
                };
                narrow(whole)
            })
        })
    }

    fn floats<T: arrow_array::ArrowPrimitiveType>(
        &self,
        parse: impl Fn(&str) -> Option<T::Native>,
        convert: impl Fn(Number) -> T::Native,
    ) -> Result<ArrayRef> {
        match self.numbers() {
            None => self.read_texts::<T>(parse),
            Some(numbers) => {
                build_primitives::<T>(self.rows, |row| Ok(numbers.get(row).map(&convert)))
            }
        }
    }

    fn decimals(&self, precision: u8, scale: i8) -> Result<ArrayRef> {
        let mut out = DecimalColumn::new(precision, scale, self.rows);
        let numbers = self.numbers();
        for row in 0..self.rows {
            let digits = match &numbers {
                Some(numbers) => {
                    self.kept(numbers.get(row).map(Self::shown), |Shown(number)| {
                        let (digits, from) = number.to_digits()?;
                        rescale(digits, from, scale, Rounding::Ceiling).filter(|d| out.fits(*d))
                    })?
                }
                None => self.kept(self.texts().get(row), |text| {
                    let text = text.trim();
                    let fraction = text.split_once('.').map_or("", |(_, f)| f);
                    let plain = fraction.find(['e', 'E']).unwrap_or(fraction.len());
                    // An exponent moves the point: 30 more digits are enough for any that fits.
                    let from = if text.contains(['e', 'E']) {
                        plain + 30
                    } else {
                        plain
                    };
                    let from = i8::try_from(from).ok()?;
                    let digits = seatunnel_api::time::parse_decimal(text, from)?;
                    rescale(digits, from, scale, Rounding::Ceiling).filter(|d| out.fits(*d))
                })?,
            };
            out.push(digits)?;
        }
        out.finish()
    }

    fn booleans(&self) -> Result<ArrayRef> {
        match self.numbers() {
            Some(numbers) => build_booleans(self.rows, |row| {
                self.kept(
                    numbers.get(row).map(Self::shown),
                    |Shown(number)| match number.to_f64() {
                        1.0 => Some(true),
                        0.0 => Some(false),
                        _ => None,
                    },
                )
            }),
            None => {
                let texts = self.texts();
                build_booleans(self.rows, |row| {
                    self.kept(texts.get(row), |text| match text {
                        t if t.eq_ignore_ascii_case("true") => Some(true),
                        t if t.eq_ignore_ascii_case("false") => Some(false),
                        _ => None,
                    })
                })
            }
        }
    }
}

/// The number without what stands behind the point; none if it is out of range.
fn whole(value: f64) -> Option<i64> {
    let cut = value.trunc();
    (cut >= i64::MIN as f64 && cut < i64::MAX as f64).then_some(cut as i64)
}

/// A number that messages can show.
#[derive(Clone, Copy)]
struct Shown(Number);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        text::write_number(self.0, &mut text);
        f.write_str(&text)
    }
}
