//! SPLIT, ARRAY, MAP, ARRAY_MAX, ARRAY_MIN.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray, UInt32Array, new_null_array};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_ord::ord::make_comparator;
use arrow_schema::{DataType as ArrowType, SortOptions};
use seatunnel_api::{Error, Result};
use seatunnel_transforms::java_regex::{Flags, JavaRegex};

use super::Call;
use crate::codes;
use crate::columnar::Columnar;

fn offsets(lengths: impl Iterator<Item = usize>) -> Result<OffsetBuffer<i32>> {
    let mut end = 0i32;
    let mut offsets = vec![0i32];
    for length in lengths {
        let length = i32::try_from(length).ok();
        end = length.and_then(|l| end.checked_add(l)).ok_or_else(|| {
            Error::new(
                codes::SQL_VALUE,
                "the arrays of a batch have too many elements",
            )
        })?;
        offsets.push(end);
    }
    Ok(OffsetBuffer::new(offsets.into()))
}

pub(super) fn split(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, separators) = (call.args[0].texts(), call.args[1].texts());
    let compiled = |separator: &str| JavaRegex::new(separator, Flags::default());
    let constant = separators.constant().map(compiled).transpose()?;
    let mut last: Option<(&str, JavaRegex)> = None;
    let mut values = StringBuilder::new();
    let mut lengths = Vec::with_capacity(call.rows);
    let mut nulls = NullBufferBuilder::new(call.rows);
    let mut parts = Vec::new();
    for row in 0..call.rows {
        let (Some(text), Some(separator)) = (texts.get(row), separators.get(row)) else {
            nulls.append_null();
            lengths.push(0);
            continue;
        };
        if constant.is_none() && last.as_ref().is_none_or(|(known, _)| *known != separator) {
            last = Some((separator, compiled(separator)?));
        }
        let regex = constant.as_ref().or(last.as_ref().map(|(_, regex)| regex));
        parts.clear();
        if let Some(regex) = regex {
            regex.split(text, usize::MAX, &mut parts)?;
        }
        // Java leaves out empty parts at the end, but of an empty text that text.
        while parts.len() > 1 && parts.last().is_some_and(|(start, end)| start == end) {
            parts.pop();
        }
        if parts.len() == 1 && parts[0].0 == parts[0].1 && !text.is_empty() {
            parts.pop();
        }
        for (start, end) in &parts {
            values.append_value(&text[*start..*end]);
        }
        nulls.append_non_null();
        lengths.push(parts.len());
    }
    let ArrowType::List(field) = call.result.to_arrow() else {
        return Err(call.refuse("its result is no array"));
    };
    let offsets = offsets(lengths.into_iter())?;
    let values = Arc::new(values.finish());
    Ok(Arc::new(ListArray::try_new(
        field,
        offsets,
        values,
        nulls.finish(),
    )?))
}

/// The values of the arguments from `first` on, every `step`th, row by row.
fn interleaved(call: &Call<'_>, first: usize, step: usize) -> Result<ArrayRef> {
    let columns: Vec<&Columnar> = call.args.iter().skip(first).step_by(step).collect();
    let arrays: Vec<&dyn Array> = columns.iter().map(|c| c.array.as_ref()).collect();
    let mut places = Vec::with_capacity(call.rows * columns.len());
    for row in 0..call.rows {
        places.extend(columns.iter().enumerate().map(|(at, c)| (at, c.at(row))));
    }
    Ok(arrow_select::interleave::interleave(&arrays, &places)?)
}

pub(super) fn array(call: &Call<'_>) -> Result<ArrayRef> {
    let ArrowType::List(field) = call.result.to_arrow() else {
        return Err(call.refuse("its result is no array"));
    };
    let values = match call.args.is_empty() {
        true => new_null_array(field.data_type(), 0),
        false => interleaved(call, 0, 1)?,
    };
    let offsets = offsets(std::iter::repeat_n(call.args.len(), call.rows))?;
    Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
}

pub(super) fn map(call: &Call<'_>) -> Result<ArrayRef> {
    let ArrowType::Map(entries, sorted) = call.result.to_arrow() else {
        return Err(call.refuse("its result is no map"));
    };
    let ArrowType::Struct(fields) = entries.data_type().clone() else {
        return Err(call.refuse("its result is no map"));
    };
    let pairs = call.args.len() / 2;
    let (keys, values) = match pairs {
        0 => (
            new_null_array(fields[0].data_type(), 0),
            new_null_array(fields[1].data_type(), 0),
        ),
        _ => (interleaved(call, 0, 2)?, interleaved(call, 1, 2)?),
    };
    if keys.null_count() > 0 {
        return Err(call.refuse("a key is null"));
    }
    // Of equal keys the last one counts, at the place of the first.
    let equal = make_comparator(&keys, &keys, SortOptions::default())?;
    let mut kept_keys = Vec::with_capacity(keys.len());
    let mut kept_values = Vec::with_capacity(keys.len());
    let mut lengths = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let start = kept_keys.len();
        for at in row * pairs..(row + 1) * pairs {
            let twin = kept_keys[start..]
                .iter()
                .position(|known: &u32| equal(*known as usize, at).is_eq());
            match twin {
                Some(twin) => kept_values[start + twin] = at as u32,
                None => {
                    kept_keys.push(at as u32);
                    kept_values.push(at as u32);
                }
            }
        }
        lengths.push(kept_keys.len() - start);
    }
    let keys = arrow_select::take::take(&keys, &UInt32Array::from(kept_keys), None)?;
    let values = arrow_select::take::take(&values, &UInt32Array::from(kept_values), None)?;
    let pairs = StructArray::try_new(fields, vec![keys, values], None)?;
    let map = MapArray::try_new(entries, offsets(lengths.into_iter())?, pairs, None, sorted)?;
    Ok(Arc::new(map))
}

/// The element of each array that comes first or last in the order of its type.
fn extreme(call: &Call<'_>, wanted: std::cmp::Ordering) -> Result<ArrayRef> {
    let column = &call.args[0];
    let lists = column.array.as_list::<i32>();
    let values = lists.values();
    let order = make_comparator(values, values, SortOptions::default())?;
    let best_of = |list: usize| {
        let (start, end) = (lists.value_offsets()[list], lists.value_offsets()[list + 1]);
        let elements = (start as usize..end as usize).filter(|at| values.is_valid(*at));
        elements.reduce(|best, at| if order(at, best) == wanted { at } else { best })
    };
    let places: UInt32Array = (0..call.rows)
        .map(|row| {
            let list = column.at(row);
            let best = lists.is_valid(list).then(|| best_of(list)).flatten()?;
            Some(best as u32)
        })
        .collect();
    Ok(arrow_select::take::take(values, &places, None)?)
}

pub(super) fn array_max(call: &Call<'_>) -> Result<ArrayRef> {
    extreme(call, std::cmp::Ordering::Greater)
}

pub(super) fn array_min(call: &Call<'_>) -> Result<ArrayRef> {
    extreme(call, std::cmp::Ordering::Less)
}
