//! Apache Avro: object container files (Apache Avro Specification, Object Container Files).

mod codec;
mod header;
mod reader;
mod schema;
mod writer;

pub use codec::AvroCodec;
pub use reader::{AvroFile, AvroPosition, AvroRows};
pub use writer::AvroWriter;

/// What a file starts with.
const MAGIC: &[u8; 4] = b"Obj\x01";
/// Bytes of the mark behind each block.
const MARK: usize = 16;
/// Bytes that a block may take.
const MOST: usize = 1 << 30;
