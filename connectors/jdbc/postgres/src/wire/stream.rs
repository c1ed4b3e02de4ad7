//! A socket with buffers in front of it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use seatunnel_jdbc_core::net::{Socket, timed_out, waited};
use tokio::io::{AsyncReadExt, AsyncWrite};

use super::failure::{Failure, lost, violated};

/// Room that is offered to the socket at each read.
const READ: usize = 512 * 1024;
/// A read buffer that has grown beyond this for one message is given back after it.
const KEPT: usize = 1024 * 1024;

/// A socket, what has come from it and is not yet looked at, and what is to be sent.
pub(crate) struct Stream {
    socket: Socket,
    /// What has come.
    pub(crate) read: BytesMut,
    /// What is to be sent with the next [`Stream::flush`].
    pub(crate) write: Vec<u8>,
    /// How long to wait for the server.
    timeout: Option<Duration>,
    /// What the server is called in messages.
    pub(crate) place: String,
}

impl Stream {
    pub(crate) fn new(socket: Socket, place: String, timeout: Option<Duration>) -> Self {
        Self {
            socket,
            read: BytesMut::new(),
            write: Vec::new(),
            timeout,
            place,
        }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Whether what comes is taken piece by piece: see [`Socket::take_pieces`].
    pub(crate) fn take_pieces(&mut self, pieces: bool) {
        self.socket.take_pieces(pieces);
    }

    /// How long to wait for the server from now on.
    pub(crate) fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Appends a message: its tag, its length, and what `body` writes.
    pub(crate) fn put(&mut self, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.write, tag, body);
    }

    /// Waits for more from the server.
    pub(crate) async fn fill(&mut self) -> Result<(), Failure> {
        if self.read.is_empty() && self.read.capacity() > KEPT {
            self.read = BytesMut::new();
        }
        let (socket, read) = (&mut self.socket, &mut self.read);
        let filled = poll_fn(|cx| poll_fill(socket, read, cx));
        match waited(self.timeout, filled).await {
            Ok(Ok(0)) => Err(lost(&self.place, "the server has closed the connection")),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(lost(&self.place, error)),
            Err(limit) => Err(timed_out(&self.place, limit).into()),
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Result<Message, Failure> {
        loop {
            match Message::parse(&mut self.read) {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => self.fill().await?,
                Err(error) => return Err(violated(&self.place, error)),
            }
        }
    }

    /// Sends what is to be sent. What the server says meanwhile is read, so that neither side waits
    /// for the other.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        let (socket, read, write) = (&mut self.socket, &mut self.read, &self.write);
        let mut sent = 0;
        let flushed = poll_fn(|cx| {
            loop {
                if sent == write.len() {
                    return Pin::new(&mut *socket).poll_flush(cx);
                }
                match Pin::new(&mut *socket).poll_write(cx, &write[sent..]) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => match poll_fill(socket, read, cx) {
                        Poll::Ready(Ok(0)) => {
                            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                        }
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => return Poll::Pending,
                    },
                }
            }
        });
        let result = waited(self.timeout, flushed).await;
        self.write.clear();
        match result {
            Ok(Ok(())) => Ok(()),
            // A server that ends a connection says why before it does.
            Ok(Err(error)) => Err(self.last_words(&error).await),
            Err(limit) => Err(timed_out(&self.place, limit).into()),
        }
    }

    /// Sends what can be sent without waiting.
    pub(crate) fn flush_now(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(_)) = Pin::new(&mut self.socket).poll_write(&mut context, &self.write)
        {
            let _ = Pin::new(&mut self.socket).poll_flush(&mut context);
        }
    }

    /// Takes what has come already, without waiting.
    pub(crate) async fn look(&mut self) -> Result<(), Failure> {
        let (socket, read) = (&mut self.socket, &mut self.read);
        let looked = poll_fn(|cx| match poll_fill(socket, read, cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => Poll::Ready(None),
        });
        match looked.await {
            None | Some(Ok(1..)) => Ok(()),
            Some(Ok(0)) => Err(lost(&self.place, "the server has closed the connection")),
            Some(Err(error)) => Err(lost(&self.place, error)),
        }
    }

    async fn last_words(&mut self, error: &io::Error) -> Failure {
        // What has come before the end is there to be read, as a rule.
        let _ = self.look().await;
        while let Ok(Some(message)) = Message::parse(&mut self.read) {
            if let Message::ErrorResponse(body) = message {
                return Failure::server(&self.place, &body);
            }
        }
        lost(&self.place, error)
    }
}

/// Appends a message: its tag, its length, and what `body` writes.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    set_length(out, start);
}

/// Writes the length of a message, which counts itself, at its place.
pub(crate) fn set_length(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends a text with the zero byte that ends it. Bytes behind a zero byte are left out, as SQL has none.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    out.extend_from_slice(&bytes[..end]);
    out.push(0);
}

fn poll_fill(
    socket: &mut Socket,
    read: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    // A message that is longer than what there is room for is awaited as a whole.
    let missing = match read.get(1..5) {
        Some(&[a, b, c, d]) => (u32::from_be_bytes([a, b, c, d]) as usize + 1)
            .saturating_sub(read.len())
            .min(1 << 30),
        _ => 0,
    };
    let spare = read.capacity() - read.len();
    if spare < (READ / 4).max(missing.min(READ)) {
        read.reserve(missing.clamp(READ, 64 * READ));
    }
    pin!(socket.read_buf(read)).poll(cx)
}
