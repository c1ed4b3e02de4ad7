//! Texts as numbers and digits: lengths, characters, hexadecimal, Base64, SOUNDEX, UUID.

use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, cast::AsArray};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seatunnel_api::{DataType, Result};

use super::Call;
use super::string::{long, map};
use crate::columnar::{build_primitives, build_texts};

pub(super) fn ascii(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_primitives::<Int32Type>(call.rows, |row| {
        let first = texts.get(row).and_then(|t| t.encode_utf16().next());
        Ok(first.map(i32::from))
    })
}

fn octets(call: &Call<'_>, factor: i64) -> Result<ArrayRef> {
    let column = &call.args[0];
    build_primitives::<Int64Type>(call.rows, |row| {
        let at = column.at(row);
        if column.array.is_null(at) {
            return Ok(None);
        }
        let length = match call.types[0] {
            DataType::Bytes => column.array.as_binary::<i32>().value_length(at),
            _ => column.array.as_string::<i32>().value_length(at),
        };
        Ok(Some(i64::from(length) * factor))
    })
}

pub(super) fn bit_length(call: &Call<'_>) -> Result<ArrayRef> {
    octets(call, 8)
}

pub(super) fn octet_length(call: &Call<'_>) -> Result<ArrayRef> {
    octets(call, 1)
}

pub(super) fn char_length(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_primitives::<Int64Type>(call.rows, |row| {
        Ok(texts.get(row).map(|t| t.chars().count() as i64))
    })
}

pub(super) fn chr(call: &Call<'_>) -> Result<ArrayRef> {
    build_texts(call.rows, |row, out| {
        let Some(code) = long(&call.args[0], row) else {
            return Ok(false);
        };
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        out.push(character.ok_or_else(|| call.refuse(format!("{code} is no character")))?);
        Ok(true)
    })
}

pub(super) fn hextoraw(call: &Call<'_>) -> Result<ArrayRef> {
    let refused = || call.refuse("needs four hexadecimal digits for each character");
    map(call, |text, out| {
        if !text.len().is_multiple_of(4) || !text.is_ascii() {
            return Err(refused());
        }
        let units: Vec<u16> = text
            .as_bytes()
            .chunks(4)
            .map(|digits| {
                let digits = std::str::from_utf8(digits).ok()?;
                u16::from_str_radix(digits, 16).ok()
            })
            .collect::<Option<_>>()
            .ok_or_else(refused)?;
        for character in char::decode_utf16(units) {
            out.push(character.map_err(|_| refused())?);
        }
        Ok(())
    })
}

pub(super) fn rawtohex(call: &Call<'_>) -> Result<ArrayRef> {
    use std::fmt::Write;
    let column = &call.args[0];
    if call.types[0] == DataType::Bytes {
        let bytes = column.array.as_binary::<i32>();
        return build_texts(call.rows, |row, out| {
            let at = column.at(row);
            for byte in bytes.value(at) {
                let _ = write!(out, "{byte:02x}");
            }
            Ok(bytes.is_valid(at))
        });
    }
    map(call, |text, out| {
        for unit in text.encode_utf16() {
            let _ = write!(out, "{unit:04x}");
        }
        Ok(())
    })
}

pub(super) fn to_base64(call: &Call<'_>) -> Result<ArrayRef> {
    let column = &call.args[0];
    if call.types[0] == DataType::Bytes {
        let bytes = column.array.as_binary::<i32>();
        return build_texts(call.rows, |row, out| {
            let at = column.at(row);
            STANDARD.encode_string(bytes.value(at), out);
            Ok(bytes.is_valid(at))
        });
    }
    map(call, |text, out| {
        STANDARD.encode_string(text, out);
        Ok(())
    })
}

pub(super) fn from_base64(call: &Call<'_>) -> Result<ArrayRef> {
    map(call, |text, out| {
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| call.refuse("the text is not Base64"))?;
        let decoded = std::str::from_utf8(&bytes)
            .map_err(|_| call.refuse("what was encoded is not UTF-8 text"))?;
        out.push_str(decoded);
        Ok(())
    })
}

/// The sound of a letter: 1 to 6; 7 parts equal sounds, 8 does not. None for what is no letter.
fn sound(letter: char) -> Option<u8> {
    Some(match letter.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => b'1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => b'2',
        'D' | 'T' => b'3',
        'L' => b'4',
        'M' | 'N' => b'5',
        'R' => b'6',
        'A' | 'E' | 'I' | 'O' | 'U' | 'Y' => b'7',
        'H' | 'W' => b'8',
        _ => return None,
    })
}

pub(super) fn soundex(call: &Call<'_>) -> Result<ArrayRef> {
    map(call, |text, out| {
        let mut last = b'0';
        let start = out.len();
        for letter in text.chars() {
            let Some(code) = sound(letter) else { continue };
            if out.len() == start {
                out.push(letter.to_ascii_uppercase());
                last = code;
            } else if code <= b'6' {
                if code != last {
                    out.push(char::from(code));
                    last = code;
                }
            } else if code == b'7' {
                last = code;
            }
            if out.len() == start + 4 {
                break;
            }
        }
        while out.len() < start + 4 {
            out.push('0');
        }
        Ok(())
    })
}

pub(super) fn uuid(call: &Call<'_>) -> Result<ArrayRef> {
    let mut buffer = uuid::Uuid::encode_buffer();
    build_texts(call.rows, |_, out| {
        out.push_str(uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer));
        Ok(true)
    })
}
