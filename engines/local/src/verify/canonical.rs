//! One form for values that are the same: what two columns of different types are compared as.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, StringArray, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType as ArrowType;
use arrow_select::nullif::nullif;
use seatunnel_api::{Batch, Column, DataType, Error, MAX_DECIMAL, MAX_DECIMAL128, Result};

use super::codes;

/// What the values of a column are turned into before they are hashed, on both sides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Canonical {
    data_type: DataType,
    /// Some side has texts that are read as values of the type; those that can't be read count as
    /// texts, in a column of their own.
    parsed: bool,
    /// Blanks at the end don't count: `char(n)` on some side.
    trimmed: bool,
    /// JSON texts, or values against their JSON texts: blanks and the order of keys don't count.
    json: bool,
}

impl Canonical {
    /// The form for columns that stand for each other.
    ///
    /// # Errors
    /// If their types have nothing in common.
    pub(crate) fn of(columns: &[&Column]) -> Result<Self> {
        let mut types = columns.iter().map(|c| &c.data_type);
        let first = types.next().cloned().unwrap_or(DataType::Null);
        let data_type = match types.fold(first, |a, b| common(&a, b)) {
            // Instants are read as UTC; without a zone Arrow has all casts for them.
            DataType::TimestampTz => DataType::Timestamp,
            other => other,
        };
        let text = data_type == DataType::String;
        let has = |wanted: fn(&DataType) -> bool| columns.iter().any(|c| wanted(&c.data_type));
        let source_type = |names: &[&str]| {
            columns.iter().any(|c| {
                let spelt = c.source_type.as_deref().unwrap_or_default();
                let word = spelt.split(['(', ' ']).next().unwrap_or_default();
                // `character varying(20)` keeps its blanks.
                names.iter().any(|n| word.eq_ignore_ascii_case(n))
                    && !spelt.to_ascii_lowercase().contains("varying")
            })
        };
        Ok(Self {
            parsed: !text && data_type != DataType::Bytes && has(|t| *t == DataType::String),
            trimmed: text && source_type(&["char", "character", "nchar", "bpchar"]),
            json: text && (has(is_nested) || source_type(&["json", "jsonb"])),
            data_type,
        })
    }

    /// The Arrow types of the columns that come out, one or two.
    pub(crate) fn arrow_types(&self) -> impl Iterator<Item = ArrowType> {
        let texts = self.parsed.then_some(ArrowType::Utf8);
        std::iter::once(self.data_type.to_arrow()).chain(texts)
    }

    /// Appends the values of a batch's column in this form.
    ///
    /// # Errors
    /// If a value does not fit: a decimal with more digits than any type has.
    pub(crate) fn convert(
        &self,
        batch: &Batch,
        position: usize,
        out: &mut Vec<ArrayRef>,
    ) -> Result<()> {
        let column = &batch.table().columns()[position];
        let values = batch.records().column(position);
        if self.json {
            out.push(json_texts(batch, position, &column.data_type));
            return Ok(());
        }
        let zoneless: ArrayRef;
        let values = match column.data_type {
            DataType::TimestampTz => {
                let instants = values.as_primitive::<TimestampMicrosecondType>();
                zoneless = Arc::new(instants.clone().with_timezone_opt(None::<Arc<str>>));
                &zoneless
            }
            _ => values,
        };
        let is_text = column.data_type == DataType::String;
        let wanted = self.data_type.to_arrow();
        let converted = if *values.data_type() == wanted {
            values.clone()
        } else {
            let options = CastOptions {
                // A text that is no value is kept beside; anything else is never a silent null.
                safe: is_text && self.parsed,
                ..CastOptions::default()
            };
            cast_with_options(values, &wanted, &options).map_err(|e| {
                Error::new(
                    codes::NOT_COMPARABLE,
                    format!(
                        "a value of type {} can't be compared as {}",
                        column.data_type, self.data_type
                    ),
                )
                .with_context("table", batch.table().path())
                .with_context("column", &column.name)
                .with_cause(e)
            })?
        };
        let unread = self.parsed.then(|| {
            if !is_text {
                return Ok(new_null_array(&ArrowType::Utf8, values.len()));
            }
            let read = arrow_arith::boolean::is_not_null(&converted)?;
            nullif(values, &read)
        });
        let unread = unread.transpose()?;
        out.push(match converted.data_type() {
            ArrowType::Float32 => {
                let floats = converted.as_primitive::<Float32Type>();
                Arc::new(
                    floats.unary::<_, Float32Type>(|v| if v.is_nan() { f32::NAN } else { v + 0.0 }),
                )
            }
            ArrowType::Float64 => {
                let floats = converted.as_primitive::<Float64Type>();
                Arc::new(
                    floats.unary::<_, Float64Type>(|v| if v.is_nan() { f64::NAN } else { v + 0.0 }),
                )
            }
            ArrowType::Utf8 if self.trimmed => {
                let texts = converted.as_string::<i32>().iter();
                let trimmed = texts.map(|text| text.map(|t| t.trim_end_matches(' ')));
                Arc::new(trimmed.collect::<StringArray>())
            }
            _ => converted,
        });
        out.extend(unread);
        Ok(())
    }
}

fn is_nested(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::FloatVector(_)
    )
}

/// Digits before and after the point of the exact numbers of a type.
fn digits(data_type: &DataType) -> Option<(i16, i16)> {
    Some(match data_type {
        DataType::Boolean => (1, 0),
        DataType::TinyInt => (3, 0),
        DataType::SmallInt => (5, 0),
        DataType::Int => (10, 0),
        DataType::BigInt => (19, 0),
        DataType::Decimal { precision, scale } => {
            (i16::from(*precision) - i16::from(*scale), i16::from(*scale))
        }
        _ => return None,
    })
}

/// The type that values of both are compared in.
fn common(a: &DataType, b: &DataType) -> DataType {
    use DataType::{
        BigInt, Bytes, Date, Decimal, Double, Float, Null, String, Timestamp, TimestampTz,
    };
    if a == b {
        return a.clone();
    }
    if let (Some((before_a, scale_a)), Some((before_b, scale_b))) = (digits(a), digits(b)) {
        if !matches!(a, Decimal { .. }) && !matches!(b, Decimal { .. }) {
            return BigInt;
        }
        let scale = scale_a.max(scale_b).max(0);
        let precision = match before_a.max(before_b) + scale {
            all if all <= i16::from(MAX_DECIMAL128) => MAX_DECIMAL128,
            _ => MAX_DECIMAL,
        };
        let scale = i8::try_from(scale).unwrap_or(i8::MAX);
        return Decimal { precision, scale };
    }
    match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Float | Double, other) | (other, Float | Double)
            if digits(other).is_some() || matches!(other, Float | Double) =>
        {
            Double
        }
        (Date | Timestamp | TimestampTz, Date | Timestamp | TimestampTz) => Timestamp,
        (String, Bytes) | (Bytes, String) => Bytes,
        (String, other) | (other, String) if is_nested(other) => String,
        (String, other) | (other, String) => other.clone(),
        (a, b) if is_nested(a) && is_nested(b) => a.clone(),
        _ => String,
    }
}

/// JSON texts in one form: no blanks, keys in order.
fn json_texts(batch: &Batch, position: usize, data_type: &DataType) -> ArrayRef {
    let column = batch.records().column(position);
    let one_form = |text: &str| match serde_json::from_str::<serde_json::Value>(text) {
        Ok(mut value) => {
            value.sort_all_objects();
            value.to_string()
        }
        Err(_) => text.to_owned(),
    };
    // Such columns are few, and their texts have to be taken apart anyway: by rows.
    let texts = (0..batch.num_rows()).map(|row| {
        if column.is_null(row) {
            None
        } else if let Some(texts) = column.as_string_opt::<i32>() {
            Some(one_form(texts.value(row)))
        } else {
            Some(one_form(&batch.row(row).get(position).to_json(data_type)))
        }
    });
    Arc::new(texts.collect::<StringArray>())
}
