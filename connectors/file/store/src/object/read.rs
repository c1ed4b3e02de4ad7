//! Bytes of objects.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, mpsc};

use bytes::{Buf, Bytes};
use futures_util::{StreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path as Key;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Shared, explain};
use crate::random::Ranges;
use crate::wait::{blocking, runtime};

/// Bytes that are asked for at a time. No request lasts long, however slow the reader is.
const PIECE: u64 = 4 << 20;
/// Requests that are under way at once.
const AT_ONCE: usize = 2;
/// Pieces that are there before they are wanted.
const AHEAD: usize = 2;

type Piece = io::Result<(Bytes, OwnedSemaphorePermit)>;

/// Reads an object from a place to another; further pieces are fetched meanwhile.
pub(super) struct Sequential {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    /// Makes room for the next piece when it is dropped.
    room: Option<OwnedSemaphorePermit>,
    left: u64,
    task: tokio::task::JoinHandle<()>,
}

impl Sequential {
    pub(super) fn new(shared: &Arc<Shared>, key: Key, range: Range<u64>) -> io::Result<Self> {
        let (send, pieces) = mpsc::channel();
        let left = range.end.saturating_sub(range.start);
        let task = runtime()?.spawn(fetch(shared.clone(), key, range, send));
        Ok(Self {
            pieces,
            piece: Bytes::new(),
            room: None,
            left,
            task,
        })
    }
}

async fn fetch(shared: Arc<Shared>, key: Key, range: Range<u64>, send: mpsc::Sender<Piece>) {
    let room = Arc::new(Semaphore::new(AHEAD));
    let starts = (range.start..range.end).step_by(PIECE as usize);
    let mut pieces = stream::iter(starts)
        .map(|start| {
            let (shared, key) = (&shared, &key);
            let end = (start + PIECE).min(range.end);
            async move { shared.client.get_range(key, start..end).await }
        })
        .buffered(AT_ONCE);
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let piece = match pieces.next().await {
            None => return,
            Some(Ok(bytes)) => Ok((bytes, permit)),
            Some(Err(error)) => Err(explain::explain(&shared.name, error)),
        };
        let failed = piece.is_err();
        if send.send(piece).is_err() || failed {
            return;
        }
    }
}

impl Drop for Sequential {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || out.is_empty() {
            return Ok(0);
        }
        while self.piece.is_empty() {
            self.room = None;
            let received = match self.pieces.try_recv() {
                Ok(piece) => Ok(piece),
                Err(mpsc::TryRecvError::Empty) => blocking(|| self.pieces.recv()),
                Err(mpsc::TryRecvError::Disconnected) => Err(mpsc::RecvError),
            };
            let shorter = "the file has become shorter while it was read";
            let (piece, room) =
                received.map_err(|_| io::Error::new(io::ErrorKind::UnexpectedEof, shorter))??;
            (self.piece, self.room) = (piece, Some(room));
        }
        let length = self.piece.len().min(out.len());
        self.piece.copy_to_slice(&mut out[..length]);
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
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
