//! Rows in the binary form of COPY, and in that of queries, which differs in few types.

pub(crate) mod decode;
mod decode_bytes;
mod decode_columns;
mod decode_digits;
mod decode_numeric;
mod decode_value;
pub(crate) mod encode;
pub(crate) mod encode_form;
mod encode_numeric;
mod encode_text;
mod encode_values;
#[cfg(test)]
mod round_trip;
