//! Apache Avro: rows as binary records, with or without something in front that says by which schema.

mod bind;
mod decoder;
mod encoder;
mod input;
mod options;
mod plan;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod write;

pub use decoder::{AvroDecoder, Decoded};
pub use encoder::{AvroEncoder, AvroRows};
pub use options::{AvroFraming, AvroOptions};

/// What stands in front of a message in single-object encoding, before the fingerprint.
const SINGLE_OBJECT: [u8; 2] = [0xc3, 0x01];

/// The fingerprint of a schema in single-object encoding: CRC-64-AVRO, the lowest byte first.
fn fingerprint(schema: &apache_avro::Schema) -> [u8; 8] {
    let print = schema.fingerprint::<apache_avro::rabin::Rabin>();
    let mut bytes = [0; 8];
    let length = print.bytes.len().min(8);
    bytes[..length].copy_from_slice(&print.bytes[..length]);
    bytes
}
