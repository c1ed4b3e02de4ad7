//! What stands at the end of a file.

use super::proto::Message;
use super::statistics::Statistics;
use super::streams::{BLOCK, OrcCompression};
use crate::Result;

/// What a file starts with.
pub(super) const MAGIC: &[u8] = b"ORC";
/// The version of the format: that of Hive 0.12.
const VERSION: [u64; 2] = [0, 12];
/// Of writers: what mistakes of older ones readers need not expect.
const WRITER_VERSION: u64 = 9;

/// A stripe that is written.
pub(super) struct Stripe {
    pub(super) offset: u64,
    pub(super) data: u64,
    pub(super) footer: u64,
    pub(super) rows: u64,
    pub(super) statistics: Vec<Statistics>,
}

/// The end of a file.
pub(super) fn tail(
    types: &[Message],
    stripes: &[Stripe],
    totals: &[Statistics],
    compression: OrcCompression,
) -> Result<Vec<u8>> {
    let mut metadata = Message::default();
    for stripe in stripes {
        let mut of_stripe = Message::default();
        for column in &stripe.statistics {
            of_stripe.message(1, &column.message());
        }
        metadata.message(1, &of_stripe);
    }
    let content = stripes.last().map_or(0, |s| s.offset + s.data + s.footer);
    let mut footer = Message::default();
    footer.number(1, MAGIC.len() as u64);
    footer.number(2, content.max(MAGIC.len() as u64));
    for stripe in stripes {
        let mut place = Message::default();
        place.number(1, stripe.offset).number(2, 0);
        place.number(3, stripe.data).number(4, stripe.footer);
        place.number(5, stripe.rows);
        footer.message(3, &place);
    }
    for data_type in types {
        footer.message(4, data_type);
    }
    footer.number(6, stripes.iter().map(|s| s.rows).sum());
    for column in totals {
        footer.message(7, &column.message());
    }
    // No row indexes.
    footer.number(8, 0);

    let mut out = Vec::new();
    compression.store(metadata.as_bytes(), &mut out)?;
    let metadata_length = out.len() as u64;
    compression.store(footer.as_bytes(), &mut out)?;
    let footer_length = out.len() as u64 - metadata_length;

    let mut version = Vec::new();
    VERSION
        .iter()
        .for_each(|part| super::rle::varint(&mut version, *part));
    let mut postscript = Message::default();
    postscript.number(1, footer_length);
    postscript.number(2, compression.number());
    postscript.number(3, BLOCK as u64);
    postscript.bytes(4, &version);
    postscript.number(5, metadata_length);
    postscript.number(6, WRITER_VERSION);
    postscript.bytes(8000, MAGIC);
    out.extend_from_slice(postscript.as_bytes());
    out.push(postscript.as_bytes().len() as u8);
    Ok(out)
}
