//! Values as text, for headers and the names of topics.

use seatunnel_api::{Batch, DataType, Value};

/// Adds a value as text, if there is one: a string as it is, others as in JSON.
pub(super) fn push_text(out: &mut String, batch: &Batch, row: usize, column: usize) -> bool {
    match batch.row(row).get(column) {
        Value::Null => return false,
        Value::String(text) => out.push_str(&text),
        value => {
            let data_type: &DataType = &batch.table().columns()[column].data_type;
            let json = value.to_json(data_type);
            // Dates and the like are strings in JSON; a header has no use for the quotes.
            match json
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
            {
                Some(bare) if !bare.contains('\\') => out.push_str(bare),
                _ => out.push_str(&json),
            }
        }
    }
    true
}
