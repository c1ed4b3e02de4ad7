//! Functions of texts. Positions count characters from 1.

use std::sync::Arc;

use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use seatunnel_api::Result;

use super::Call;
use crate::columnar::{Columnar, build_primitives, build_texts};

/// Longest text that REPEAT, SPACE and the PADs make of a row: a slip in a number must not take all memory.
const LONGEST: i64 = 64 << 20;

/// A whole number of a row.
pub(super) fn long(column: &Columnar, row: usize) -> Option<i64> {
    column.primitives::<Int64Type>().get(row)
}

/// Where the character of this number begins; the end if there are fewer.
fn byte_of(text: &str, character: usize) -> usize {
    if text.is_ascii() {
        return character.min(text.len());
    }
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(at, _)| at)
}

/// A text from each text.
pub(super) fn map(
    call: &Call<'_>,
    mut write: impl FnMut(&str, &mut String) -> Result<()>,
) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_texts(call.rows, |row, out| match texts.get(row) {
        Some(text) => write(text, out).map(|()| true),
        None => Ok(false),
    })
}

pub(super) fn concat(call: &Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<_> = call.args.iter().map(Columnar::texts).collect();
    build_texts(call.rows, |row, out| {
        for text in columns.iter().filter_map(|c| c.get(row)) {
            out.push_str(text);
        }
        Ok(true)
    })
}

pub(super) fn concat_ws(call: &Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<_> = call.args.iter().map(Columnar::texts).collect();
    let (separators, columns) = columns.split_first().expect("an argument is required");
    build_texts(call.rows, |row, out| {
        let separator = separators.get(row).unwrap_or_default();
        for (index, text) in columns.iter().filter_map(|c| c.get(row)).enumerate() {
            if index > 0 {
                out.push_str(separator);
            }
            out.push_str(text);
        }
        Ok(true)
    })
}

pub(super) fn insert(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, added) = (call.args[0].texts(), call.args[3].texts());
    build_texts(call.rows, |row, out| {
        let (text, added) = match (texts.get(row), added.get(row)) {
            (Some(text), Some(added)) => (text, added),
            // Without one of them the other is the result.
            (text, added) => {
                out.push_str(text.or(added).unwrap_or_default());
                return Ok(text.or(added).is_some());
            }
        };
        let (Some(start), Some(length)) = (long(&call.args[1], row), long(&call.args[2], row))
        else {
            return Ok(false);
        };
        let characters = text.chars().count() as i64;
        if start < 1 || length <= 0 || added.is_empty() || start - 1 > characters {
            out.push_str(text);
            return Ok(true);
        }
        let begin = byte_of(text, start as usize - 1);
        let end = begin + byte_of(&text[begin..], length as usize);
        out.push_str(&text[..begin]);
        out.push_str(added);
        out.push_str(&text[end..]);
        Ok(true)
    })
}

/// Another case for every text. A column of ASCII keeps its offsets: the bytes alone change.
fn in_case(
    call: &Call<'_>,
    ascii: impl Fn(&mut [u8]),
    other: impl Fn(&str) -> String,
) -> Result<ArrayRef> {
    let column = &call.args[0];
    let texts = column.array.as_string::<i32>();
    if !column.constant && texts.is_ascii() {
        let offsets = texts.offsets();
        let (from, to) = (offsets[0] as usize, offsets[texts.len()] as usize);
        let mut bytes = texts.value_data()[from..to].to_vec();
        ascii(&mut bytes);
        let offsets = match from {
            0 => offsets.clone(),
            _ => OffsetBuffer::from_lengths(offsets.lengths()),
        };
        let array = StringArray::try_new(offsets, bytes.into(), texts.nulls().cloned())?;
        return Ok(Arc::new(array));
    }
    map(call, |text, out| {
        out.push_str(&other(text));
        Ok(())
    })
}

pub(super) fn lower(call: &Call<'_>) -> Result<ArrayRef> {
    in_case(call, <[u8]>::make_ascii_lowercase, str::to_lowercase)
}

pub(super) fn upper(call: &Call<'_>) -> Result<ArrayRef> {
    in_case(call, <[u8]>::make_ascii_uppercase, str::to_uppercase)
}

fn with_count(
    call: &Call<'_>,
    write: impl Fn(&str, i64, &mut String) -> Result<()>,
) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    build_texts(call.rows, |row, out| {
        match (texts.get(row), long(&call.args[1], row)) {
            (Some(text), Some(count)) => write(text, count, out).map(|()| true),
            _ => Ok(false),
        }
    })
}

pub(super) fn left(call: &Call<'_>) -> Result<ArrayRef> {
    with_count(call, |text, count, out| {
        out.push_str(&text[..byte_of(text, count.max(0) as usize)]);
        Ok(())
    })
}

pub(super) fn right(call: &Call<'_>) -> Result<ArrayRef> {
    with_count(call, |text, count, out| {
        let characters = text.chars().count() as i64;
        let skip = characters - count.clamp(0, characters);
        out.push_str(&text[byte_of(text, skip as usize)..]);
        Ok(())
    })
}

fn position(text: &str, search: &str, start: i64) -> i32 {
    let found = if start < 0 {
        // From the end: the last one that begins there or before.
        let characters = text.chars().count() as i64;
        let Ok(last) = usize::try_from(characters + start) else {
            return 0;
        };
        let last = byte_of(text, last);
        let end = text.len().min(last + search.len());
        let end = (end..=text.len()).find(|at| text.is_char_boundary(*at));
        text[..end.unwrap_or(text.len())].rfind(search)
    } else {
        let skip = byte_of(text, start.max(1) as usize - 1);
        text[skip..].find(search).map(|at| at + skip)
    };
    found.map_or(0, |at| text[..at].chars().count() as i32 + 1)
}

fn find(call: &Call<'_>, text: usize, search: usize) -> Result<ArrayRef> {
    let (texts, searches) = (call.args[text].texts(), call.args[search].texts());
    build_primitives::<Int32Type>(call.rows, |row| {
        let (Some(text), Some(search)) = (texts.get(row), searches.get(row)) else {
            // SeaTunnel: not found in nothing.
            return Ok(Some(0));
        };
        let start = call.args.get(2).map_or(Some(1), |s| long(s, row));
        Ok(start.map(|start| position(text, search, start)))
    })
}

pub(super) fn locate(call: &Call<'_>) -> Result<ArrayRef> {
    find(call, 1, 0)
}

pub(super) fn instr(call: &Call<'_>) -> Result<ArrayRef> {
    find(call, 0, 1)
}

fn pad(call: &Call<'_>, on_the_right: bool) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    let paddings = call.args.get(2).map(Columnar::texts);
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(wanted)) = (texts.get(row), long(&call.args[1], row)) else {
            return Ok(false);
        };
        if wanted > LONGEST {
            return Err(call.refuse(format!("{wanted} characters are too many")));
        }
        let wanted = wanted.max(0) as usize;
        let characters = text.chars().count();
        if wanted <= characters {
            out.push_str(&text[..byte_of(text, wanted)]);
            return Ok(true);
        }
        let padding = paddings.as_ref().and_then(|p| p.get(row));
        let padding = padding.and_then(|p| p.chars().next()).unwrap_or(' ');
        let missing = std::iter::repeat_n(padding, wanted - characters);
        if on_the_right {
            out.push_str(text);
            out.extend(missing);
        } else {
            out.extend(missing);
            out.push_str(text);
        }
        Ok(true)
    })
}

pub(super) fn lpad(call: &Call<'_>) -> Result<ArrayRef> {
    pad(call, false)
}

pub(super) fn rpad(call: &Call<'_>) -> Result<ArrayRef> {
    pad(call, true)
}

fn trimmed(call: &Call<'_>, leading: bool, trailing: bool) -> Result<ArrayRef> {
    let texts = call.args[0].texts();
    let what = call.args.get(1).map(Columnar::texts);
    build_texts(call.rows, |row, out| {
        let Some(mut text) = texts.get(row) else {
            return Ok(false);
        };
        let character = what.as_ref().and_then(|w| w.get(row));
        let character = character.and_then(|c| c.chars().next()).unwrap_or(' ');
        if leading {
            text = text.trim_start_matches(character);
        }
        if trailing {
            text = text.trim_end_matches(character);
        }
        out.push_str(text);
        Ok(true)
    })
}

pub(super) fn ltrim(call: &Call<'_>) -> Result<ArrayRef> {
    trimmed(call, true, false)
}

pub(super) fn rtrim(call: &Call<'_>) -> Result<ArrayRef> {
    trimmed(call, false, true)
}

pub(super) fn trim(call: &Call<'_>) -> Result<ArrayRef> {
    trimmed(call, true, true)
}

pub(super) fn repeat(call: &Call<'_>) -> Result<ArrayRef> {
    with_count(call, |text, count, out| {
        let count = count.max(0);
        if count.saturating_mul(text.len() as i64) > LONGEST {
            return Err(call.refuse(format!("{count} times is too much")));
        }
        for _ in 0..count {
            out.push_str(text);
        }
        Ok(())
    })
}

pub(super) fn replace(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, searches) = (call.args[0].texts(), call.args[1].texts());
    let replacements = call.args.get(2).map(Columnar::texts);
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(search)) = (texts.get(row), searches.get(row)) else {
            return Ok(false);
        };
        let with = replacements.as_ref().and_then(|r| r.get(row));
        let with = with.unwrap_or_default();
        let mut copied = 0;
        if !search.is_empty() {
            for (at, found) in text.match_indices(search) {
                out.push_str(&text[copied..at]);
                out.push_str(with);
                copied = at + found.len();
            }
        }
        out.push_str(&text[copied..]);
        Ok(true)
    })
}

pub(super) fn space(call: &Call<'_>) -> Result<ArrayRef> {
    build_texts(call.rows, |row, out| {
        let Some(count) = long(&call.args[0], row) else {
            return Ok(false);
        };
        if count > LONGEST {
            return Err(call.refuse(format!("{count} blanks are too many")));
        }
        out.extend(std::iter::repeat_n(' ', count.max(0) as usize));
        Ok(true)
    })
}

/// SUBSTRING of a column of ASCII between the same positions in every row; none for anything else.
fn quick_substring(call: &Call<'_>) -> Result<Option<ArrayRef>> {
    let column = &call.args[0];
    let constant = |arg: &Columnar| arg.constant.then(|| long(arg, 0)).flatten();
    let start = constant(&call.args[1]).filter(|start| *start >= 0);
    let length = match call.args.get(2) {
        None => Some(i64::MAX),
        Some(length) => constant(length),
    };
    let texts = column.array.as_string::<i32>();
    let (Some(start), Some(length), false) = (start, length, column.constant) else {
        return Ok(None);
    };
    if !texts.is_ascii() {
        return Ok(None);
    }
    let skip = (start.max(1) - 1).min(i64::from(i32::MAX)) as usize;
    let length = length.clamp(0, i64::from(i32::MAX)) as usize;
    let (offsets, bytes) = (texts.value_offsets(), texts.value_data());
    let mut values = Vec::with_capacity(call.rows * length.min(16));
    let mut ends = Vec::with_capacity(call.rows + 1);
    ends.push(0i32);
    let mut nulls = NullBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        let text = &bytes[offsets[row] as usize..offsets[row + 1] as usize];
        let part = text.get(skip..).unwrap_or_default();
        let part = &part[..part.len().min(length)];
        // SeaTunnel: nothing is null, not an empty text.
        nulls.append(!part.is_empty() && texts.is_valid(row));
        values.extend_from_slice(part);
        // No more bytes than the column has, whose offsets are of this type.
        ends.push(values.len() as i32);
    }
    let ends = OffsetBuffer::new(ends.into());
    let array = StringArray::try_new(ends, values.into(), nulls.finish())?;
    Ok(Some(Arc::new(array)))
}

pub(super) fn substring(call: &Call<'_>) -> Result<ArrayRef> {
    if let Some(array) = quick_substring(call)? {
        return Ok(array);
    }
    let texts = call.args[0].texts();
    let starts = call.args[1].primitives::<Int64Type>();
    let lengths = call.args.get(2).map(|l| l.primitives::<Int64Type>());
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(start)) = (texts.get(row), starts.get(row)) else {
            return Ok(false);
        };
        let characters = match text.is_ascii() {
            true => text.len(),
            false => text.chars().count(),
        } as i64;
        let start = match start {
            0 => 1,
            back if back < 0 => characters + back + 1,
            start => start,
        };
        let end = match lengths.as_ref().and_then(|l| l.get(row)) {
            Some(length) => start.saturating_add(length).min(characters + 1),
            None => characters + 1,
        };
        let start = start.max(1);
        // SeaTunnel: nothing is null, not an empty text.
        if start > characters || end <= start {
            return Ok(false);
        }
        let begin = byte_of(text, start as usize - 1);
        let length = byte_of(&text[begin..], (end - start) as usize);
        out.push_str(&text[begin..begin + length]);
        Ok(true)
    })
}

pub(super) fn translate(call: &Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<_> = call.args.iter().map(Columnar::texts).collect();
    build_texts(call.rows, |row, out| {
        let (Some(text), Some(from)) = (columns[0].get(row), columns[1].get(row)) else {
            return Ok(false);
        };
        let to = columns[2].get(row).unwrap_or_default();
        for character in text.chars() {
            let place = from.chars().position(|f| f == character);
            out.push(place.and_then(|at| to.chars().nth(at)).unwrap_or(character));
        }
        Ok(true)
    })
}
