//! Bytes that are fetched before they are asked for.

use std::io::{self, Read};
use std::sync::{Arc, mpsc};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::wait::{blocking, runtime};

type Piece = io::Result<(Bytes, OwnedSemaphorePermit)>;

/// Reads a stream of pieces; some are fetched before they are wanted.
pub(crate) struct Ahead {
    pieces: mpsc::Receiver<Piece>,
    piece: Bytes,
    /// Makes room for the next piece when it is dropped.
    room: Option<OwnedSemaphorePermit>,
    left: u64,
    task: JoinHandle<()>,
}

impl Ahead {
    /// Reads so many `bytes`, which the stream gives, and keeps `pieces` of it in memory.
    pub(crate) fn new(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        pieces: usize,
        bytes: u64,
    ) -> io::Result<Self> {
        let (send, receive) = mpsc::channel();
        Ok(Self {
            pieces: receive,
            piece: Bytes::new(),
            room: None,
            left: bytes,
            task: runtime()?.spawn(fetch(stream, pieces, send)),
        })
    }
}

async fn fetch(
    stream: impl Stream<Item = io::Result<Bytes>> + Send,
    pieces: usize,
    send: mpsc::Sender<Piece>,
) {
    let room = Arc::new(Semaphore::new(pieces));
    let mut stream = std::pin::pin!(stream);
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let piece = match stream.next().await {
            None => return,
            Some(piece) => piece.map(|bytes| (bytes, permit)),
        };
        let failed = piece.is_err();
        if send.send(piece).is_err() || failed {
            return;
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Read for Ahead {
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
            let gone = |_| io::Error::new(io::ErrorKind::UnexpectedEof, shorter);
            let (piece, room) = received.map_err(gone)??;
            (self.piece, self.room) = (piece, Some(room));
        }
        let length = self.piece.len().min(out.len());
        let length = length.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.piece.copy_to_slice(&mut out[..length]);
        self.left -= length as u64;
        Ok(length)
    }
}
