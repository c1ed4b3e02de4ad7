//! Values brought into the type of the column they go into, a whole column at once.

use std::borrow::Cow;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type,
};
use arrow_buffer::i256;
use seatunnel_api::time::format_decimal;
use seatunnel_api::{DataType, MAX_DECIMAL128};

use super::encode_numeric as numeric;
use super::encode_text::{Texts, texts};

/// Longest value that the server takes.
const LONGEST: usize = (1 << 30) - 1;

/// A value that has no place in the column it goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) row: usize,
    /// Which of the fields.
    pub(crate) field: usize,
    /// Why, as it ends a sentence: `300 is out of range`.
    pub(crate) why: String,
}

/// Collects what can't be written.
pub(super) struct Trouble<'a> {
    pub(super) field: usize,
    pub(super) unfit: &'a mut Vec<Unfit>,
}

impl Trouble<'_> {
    #[cold]
    pub(super) fn add(&mut self, row: usize, why: String) {
        self.unfit.push(Unfit {
            row,
            field: self.field,
            why,
        });
    }
}

/// Rows that are not null.
pub(super) fn valid(array: &dyn Array) -> impl Iterator<Item = usize> + '_ {
    (0..array.len()).filter(|row| array.is_valid(*row))
}

/// Every row's value by `convert`; what it gives none for is unfit for the reason `why` gives.
pub(super) fn converted<T: Copy + Default>(
    array: &dyn Array,
    convert: impl Fn(usize) -> Option<T>,
    trouble: &mut Trouble<'_>,
    why: impl Fn(usize) -> String,
) -> Vec<T> {
    let nulls = array.nulls().filter(|n| n.null_count() > 0);
    (0..array.len())
        .map(|row| {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                return T::default();
            }
            convert(row).unwrap_or_else(|| {
                trouble.add(row, why(row));
                T::default()
            })
        })
        .collect()
}

pub(super) fn shifted<T: Copy + Default>(
    array: &dyn Array,
    convert: impl Fn(usize) -> Option<T>,
    trouble: &mut Trouble<'_>,
) -> Vec<T> {
    converted(array, convert, trouble, |_| {
        "the time is out of range".to_owned()
    })
}

/// Every row's bytes by `write`, which may refuse.
pub(super) fn made(
    array: &dyn Array,
    trouble: &mut Trouble<'_>,
    write: impl Fn(usize, &mut Vec<u8>) -> Result<(), String>,
) -> Texts {
    Texts::each(array, |row, out| {
        if let Err(why) = write(row, out) {
            trouble.add(row, why);
        }
    })
}

/// Whole numbers of a column of booleans, integers, floats or decimals.
pub(super) fn integers<'a>(
    array: &'a dyn Array,
    data_type: &DataType,
    trouble: &mut Trouble<'_>,
) -> Cow<'a, [i64]> {
    fn widened<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<i64>
    where
        T::Native: Into<i64>,
    {
        let values = array.as_primitive::<T>().values();
        values.iter().map(|v| (*v).into()).collect()
    }
    /// The first number that is past `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    Cow::Owned(match data_type {
        DataType::BigInt => return Cow::Borrowed(array.as_primitive::<Int64Type>().values()),
        DataType::TinyInt => widened::<Int8Type>(array),
        DataType::SmallInt => widened::<Int16Type>(array),
        DataType::Int => widened::<Int32Type>(array),
        DataType::Boolean => {
            let values = array.as_boolean().values();
            values.iter().map(i64::from).collect()
        }
        DataType::Float | DataType::Double => {
            let values = floats(array, data_type);
            let whole = |row: usize| {
                let value: f64 = values[row];
                (value.fract() == 0.0 && (-END..END).contains(&value)).then_some(value as i64)
            };
            converted(array, whole, trouble, |row| {
                format!("{} is no whole number in range", values[row])
            })
        }
        DataType::Decimal { precision, scale } if *precision <= MAX_DECIMAL128 => {
            let values = array.as_primitive::<Decimal128Type>().values();
            let whole = |row: usize| whole(values[row], *scale);
            converted(array, whole, trouble, |row| {
                let text = format_decimal(i256::from_i128(values[row]), *scale);
                format!("{text} is no whole number in range")
            })
        }
        DataType::Decimal { scale, .. } => {
            let values = array.as_primitive::<Decimal256Type>().values();
            let of_wide = |row: usize| {
                let value: i256 = values[row];
                whole(value.to_i128()?, *scale)
            };
            converted(array, of_wide, trouble, |row| {
                let text = format_decimal(values[row], *scale);
                format!("{text} is no whole number in range")
            })
        }
        // `encode_form` makes numbers of nothing else.
        _ => vec![0; array.len()],
    })
}

/// A decimal as a whole number; none if it has a fraction or is too large.
fn whole(digits: i128, scale: i8) -> Option<i64> {
    let power = 10i128.checked_pow(u32::from(scale.unsigned_abs()))?;
    let number = if scale < 0 {
        digits.checked_mul(power)?
    } else if digits % power == 0 {
        digits / power
    } else {
        return None;
    };
    i64::try_from(number).ok()
}

pub(super) fn narrowed<T: TryFrom<i64> + Copy + Default>(
    array: &dyn Array,
    data_type: &DataType,
    name: &str,
    trouble: &mut Trouble<'_>,
) -> Vec<T> {
    let values = integers(array, data_type, trouble);
    converted(
        array,
        |row| T::try_from(values[row]).ok(),
        trouble,
        |row| format!("{} is out of range of {name}", values[row]),
    )
}

/// Numbers of a column of integers, floats or decimals as floats, the nearest there are.
pub(super) fn floats<'a>(array: &'a dyn Array, data_type: &DataType) -> Cow<'a, [f64]> {
    fn of<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<f64>
    where
        T::Native: Into<f64>,
    {
        let values = array.as_primitive::<T>().values();
        values.iter().map(|v| (*v).into()).collect()
    }
    Cow::Owned(match data_type {
        DataType::Double => return Cow::Borrowed(array.as_primitive::<Float64Type>().values()),
        DataType::Float => of::<Float32Type>(array),
        DataType::TinyInt => of::<Int8Type>(array),
        DataType::SmallInt => of::<Int16Type>(array),
        DataType::Int => of::<Int32Type>(array),
        DataType::BigInt => {
            let values = array.as_primitive::<Int64Type>().values();
            values.iter().map(|v| *v as f64).collect()
        }
        // By way of the text, which rounds once.
        _ => {
            let texts = texts(array, data_type);
            (0..array.len())
                .map(|row| std::str::from_utf8(texts.get(row)).ok()?.parse().ok())
                .map(Option::unwrap_or_default)
                .collect()
        }
    })
}

/// Where the values of a text or binary column end, and the values.
pub(super) fn bytes<'a>(array: &'a dyn Array, data_type: &DataType) -> (&'a [i32], &'a [u8]) {
    match data_type {
        DataType::Bytes => {
            let values = array.as_binary::<i32>();
            (values.value_offsets(), values.value_data())
        }
        _ => {
            let values = array.as_string::<i32>();
            (values.value_offsets(), values.value_data())
        }
    }
}

pub(super) fn too_long(array: &dyn Array, ends: &[i32], trouble: &mut Trouble<'_>) {
    let (Some(first), Some(last)) = (ends.first(), ends.last()) else {
        return;
    };
    if ((last - first) as usize) < LONGEST {
        return;
    }
    for row in valid(array) {
        if (ends[row + 1] - ends[row]) as usize >= LONGEST {
            trouble.add(row, "it is longer than 1 GiB".to_owned());
        }
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads 32 hexadecimal digits, with or without hyphens and braces, as the server does.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let text = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut id = [0u8; 16];
    let mut digits = 0;
    for byte in text.bytes() {
        if byte == b'-' && digits % 4 == 0 && digits > 0 {
            continue;
        }
        let digit = char::from(byte).to_digit(16)? as u8;
        let place = id.get_mut(digits / 2)?;
        *place = *place << 4 | digit;
        digits += 1;
    }
    (digits == 32).then_some(id)
}

/// Appends an address, `10.1.2.3/24` or `fe80::1`, in its binary form.
pub(super) fn address(out: &mut Vec<u8>, text: &str, network: bool) -> Option<()> {
    // The server's own numbers, not those of the system (`utils/inet.h`).
    const IPV4: u8 = 2;
    const IPV6: u8 = 3;
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (family, bytes) = match address.parse().ok()? {
        std::net::IpAddr::V4(v4) => (IPV4, v4.octets().to_vec()),
        std::net::IpAddr::V6(v6) => (IPV6, v6.octets().to_vec()),
    };
    let most = bytes.len() as u8 * 8;
    let bits = bits.unwrap_or(most);
    if bits > most {
        return None;
    }
    out.extend_from_slice(&[family, bits, u8::from(network), bytes.len() as u8]);
    out.extend_from_slice(&bytes);
    Some(())
}

pub(super) fn numeric_of(texts: &Texts, row: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let text = std::str::from_utf8(texts.get(row)).unwrap_or_default();
    numeric::put_text(out, text).ok_or_else(|| format!("{text} is no number that can be stored"))
}
