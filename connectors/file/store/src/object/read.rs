//! Bytes of objects.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path as Key;

use super::{Shared, explain};
use crate::random::Ranges;

/// Bytes that are asked for at a time. No request lasts long, however slow the reader is.
const PIECE: u64 = 4 << 20;
/// Requests that are under way at once.
const AT_ONCE: usize = 2;
/// Pieces that are there before they are wanted.
pub(super) const AHEAD: usize = 2;

/// The pieces of a range of an object, one after the other.
pub(super) fn pieces(
    shared: Arc<Shared>,
    key: Key,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let starts = (range.start..range.end).step_by(PIECE as usize);
    stream::iter(starts)
        .map(move |start| {
            let (shared, key) = (shared.clone(), key.clone());
            let end = (start + PIECE).min(range.end);
            async move {
                let piece = shared.client.get_range(&key, start..end).await;
                piece.map_err(|error| explain::explain(&shared.name, error))
            }
        })
        .buffered(AT_ONCE)
}

/// Ranges of an object.
pub(super) struct ObjectRanges {
    pub(super) shared: Arc<Shared>,
    pub(super) key: Key,
}

impl Ranges for ObjectRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let key = self.key.clone();
        let fetch = async move |shared: Arc<Shared>| shared.client.get_range(&key, range).await;
        self.shared.run(fetch)
    }
}
