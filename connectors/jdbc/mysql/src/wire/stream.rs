//! A socket with buffers in front of it, in packets.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use seatunnel_jdbc_core::net::{Socket, timed_out, waited};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::failure::{Failure, lost, violated};

/// Room for what the socket has.
const READ: usize = 512 * 1024;
/// A read buffer that has grown beyond this for one packet is given back after it.
const KEPT: usize = 1024 * 1024;
/// Payload of a packet that is followed by one that belongs to it.
const FULL: usize = 0xff_ffff;
/// Bytes before a packet's payload: its length and its number.
const HEADER: usize = 4;
/// How much of a payload is copied behind its header, to go out with it.
const TOGETHER: usize = 32 * 1024;

/// A socket, what has come from it and is not yet looked at, and what is to be sent.
pub(crate) struct Stream {
    socket: Socket,
    buffer: Vec<u8>,
    /// What of `buffer` has come and is not yet looked at.
    start: usize,
    end: usize,
    /// Payload already put together of a packet in several parts; its parts follow the header at `start`.
    joined: usize,
    /// Bytes from `start` that are needed to go on.
    wanted: usize,
    /// Number of the next packet.
    sequence: u8,
    write: Vec<u8>,
    /// How long to wait for the server.
    timeout: Option<Duration>,
    /// What the server is called in messages.
    pub(crate) place: String,
}

impl Stream {
    pub(crate) fn new(socket: Socket, place: String, timeout: Option<Duration>) -> Self {
        Self {
            socket,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            joined: 0,
            wanted: HEADER,
            sequence: 0,
            write: Vec::new(),
            timeout,
            place,
        }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Takes the socket back; none if something has come that nobody has looked at.
    pub(crate) fn into_socket(self) -> Option<Socket> {
        (self.start == self.end).then_some(self.socket)
    }

    /// Goes on over another socket, after `sequence` packets.
    pub(crate) fn continuing(mut self, sequence: u8) -> Self {
        self.sequence = sequence;
        self
    }

    pub(crate) fn sequence(&self) -> u8 {
        self.sequence
    }

    /// How long to wait for the server from now on.
    pub(crate) fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Takes the next packet out of what has come, and gives where its payload lies; none if it has
    /// not all come yet.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<Option<Range<usize>>, Failure> {
        let available = &self.buffer[self.start..self.end];
        let Some(&[a, b, c, number]) = available.first_chunk::<HEADER>() else {
            self.wanted = HEADER;
            return Ok(None);
        };
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        if length >= FULL {
            return self.take_joined();
        }
        let whole = HEADER + length;
        if available.len() < whole {
            self.wanted = whole;
            return Ok(None);
        }
        if number != self.sequence {
            self.check_number(number, self.start + HEADER)?;
        }
        self.sequence = number.wrapping_add(1);
        let payload = self.start + HEADER..self.start + whole;
        self.start = payload.end;
        Ok(Some(payload))
    }

    /// Takes a packet in several parts: moves the payloads together.
    #[cold]
    fn take_joined(&mut self) -> Result<Option<Range<usize>>, Failure> {
        loop {
            let head = self.start
                + if self.joined == 0 {
                    0
                } else {
                    HEADER + self.joined
                };
            let available = &self.buffer[head.min(self.end)..self.end];
            let Some(&[a, b, c, number]) = available.first_chunk::<HEADER>() else {
                self.wanted = head + HEADER - self.start;
                return Ok(None);
            };
            let length = u32::from_le_bytes([a, b, c, 0]) as usize;
            if available.len() < HEADER + length {
                self.wanted = head + HEADER + length - self.start;
                return Ok(None);
            }
            if number != self.sequence {
                self.check_number(number, head + HEADER)?;
            }
            self.sequence = number.wrapping_add(1);
            if self.joined > 0 {
                self.buffer.copy_within(head + HEADER..self.end, head);
                self.end -= HEADER;
            }
            self.joined += length;
            if length < FULL {
                let payload = self.start + HEADER..self.start + HEADER + self.joined;
                self.joined = 0;
                self.start = payload.end;
                return Ok(Some(payload));
            }
        }
    }

    /// Servers that end a connection say so under any number.
    #[cold]
    fn check_number(&self, number: u8, payload: usize) -> Result<(), Failure> {
        if payload < self.end && self.buffer[payload] == 0xff {
            return Ok(());
        }
        Err(violated(
            &self.place,
            format!("packet {number} has come where {} was due", self.sequence),
        ))
    }

    /// The payload of a packet just taken.
    #[inline]
    pub(crate) fn bytes(&self, payload: Range<usize>) -> &[u8] {
        &self.buffer[payload]
    }

    /// Waits for more from the server.
    pub(crate) async fn fill(&mut self) -> Result<(), Failure> {
        self.make_room();
        let (socket, room) = (&mut self.socket, &mut self.buffer[self.end..]);
        let filled = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(room);
            Pin::new(&mut *socket)
                .poll_read(cx, &mut buffer)
                .map_ok(|()| buffer.filled().len())
        });
        match waited(self.timeout, filled).await {
            Ok(Ok(0)) => Err(lost(&self.place, "the server has closed the connection")),
            Ok(Ok(count)) => {
                self.end += count;
                Ok(())
            }
            Ok(Err(error)) => Err(lost(&self.place, error)),
            Err(limit) => Err(timed_out(&self.place, limit).into()),
        }
    }

    fn make_room(&mut self) {
        let kept = self.end - self.start;
        if self.buffer.len() > KEPT && kept.max(self.wanted) <= READ / 2 {
            let mut smaller = vec![0; READ];
            smaller[..kept].copy_from_slice(&self.buffer[self.start..self.end]);
            self.buffer = smaller;
            (self.start, self.end) = (0, kept);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, kept);
        }
        let needed = READ.max(self.wanted);
        if self.buffer.len() < needed {
            self.buffer.resize(needed, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.resize(self.end + READ, 0);
        }
    }

    /// The next packet.
    pub(crate) async fn packet(&mut self) -> Result<&[u8], Failure> {
        loop {
            match self.take()? {
                Some(payload) => return Ok(self.bytes(payload)),
                None => self.fill().await?,
            }
        }
    }

    /// Begins a conversation: the next packet has the number 0.
    pub(crate) fn begin(&mut self) {
        self.sequence = 0;
    }

    /// Appends a short packet to what is to be sent.
    pub(crate) fn put(&mut self, payload: &[u8]) {
        self.put_header(payload.len());
        self.write.extend_from_slice(payload);
    }

    fn put_header(&mut self, length: usize) {
        let [a, b, c, _] = (length as u32).to_le_bytes();
        self.write.extend_from_slice(&[a, b, c, self.sequence]);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Sends a payload of any length, and what was to be sent before it.
    pub(crate) async fn send(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let mut rest = payload;
        loop {
            let (part, behind) = rest.split_at(rest.len().min(FULL));
            self.put_header(part.len());
            let (first, second) = part.split_at(part.len().min(TOGETHER));
            self.write.extend_from_slice(first);
            if !second.is_empty() {
                self.flush().await?;
                self.write_all(second).await?;
            }
            if part.len() < FULL {
                return self.flush().await;
            }
            rest = behind;
        }
    }

    /// Sends what is to be sent.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        if self.write.is_empty() {
            return Ok(());
        }
        let mut write = std::mem::take(&mut self.write);
        let result = self.write_all(&write).await;
        write.clear();
        self.write = write;
        result
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let socket = &mut self.socket;
        let sent = async {
            socket.write_all(bytes).await?;
            socket.flush().await
        };
        match waited(self.timeout, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.last_words(&error).await),
            Err(limit) => Err(timed_out(&self.place, limit).into()),
        }
    }

    /// A server that ends a connection says why before it does.
    async fn last_words(&mut self, error: &io::Error) -> Failure {
        let limit = Duration::from_secs(1);
        let words = async {
            loop {
                match self.take() {
                    Ok(Some(payload)) if self.bytes(payload.clone()).first() == Some(&0xff) => {
                        return Some(Failure::server(&self.place, self.bytes(payload)));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => self.fill().await.ok()?,
                    Err(_) => return None,
                }
            }
        };
        match tokio::time::timeout(limit, words).await {
            Ok(Some(failure)) => failure,
            _ => lost(&self.place, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::Error;
    use seatunnel_jdbc_core::errors;
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixStream;

    use super::*;

    fn pair() -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (
            Stream::new(Socket::Unix(ours), "h:1".to_owned(), None),
            theirs,
        )
    }

    fn value(length: usize) -> Vec<u8> {
        let mut value = (0..=250).collect::<Vec<u8>>().repeat(length / 251 + 1);
        value.truncate(length);
        value
    }

    fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
        let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
        [&[a, b, c, number], payload].concat()
    }

    #[tokio::test]
    async fn a_payload_in_parts_is_put_together() {
        let value = value(2 * FULL + 77);
        let mut bytes = packet(0, b"first");
        for (number, part) in value.chunks(FULL).enumerate() {
            bytes.extend(packet(number as u8 + 1, part));
        }
        // A payload that fills its packets is followed by an empty one.
        bytes.extend(packet(4, &value[..FULL]));
        bytes.extend(packet(5, b""));
        bytes.extend(packet(6, b"last"));
        let (mut stream, mut server) = pair();
        let sending = tokio::spawn(async move {
            server.write_all(&bytes).await.unwrap();
            server
        });
        assert_eq!(stream.packet().await.unwrap(), b"first");
        assert!(stream.packet().await.unwrap() == value);
        assert!(stream.packet().await.unwrap() == &value[..FULL]);
        assert_eq!(stream.packet().await.unwrap(), b"last");
        drop(sending.await.unwrap());
        assert!(stream.packet().await.unwrap_err().is_lost());
        assert!(
            stream.buffer.len() <= KEPT,
            "the large buffer is given back"
        );
    }

    #[tokio::test]
    async fn what_is_sent_in_parts_is_what_the_other_side_puts_together() {
        let (mut stream, server) = pair();
        let mut other = Stream::new(Socket::Unix(server), String::new(), None);
        for length in [
            0,
            1,
            TOGETHER,
            TOGETHER + 1,
            FULL - 1,
            FULL,
            FULL + 1,
            2 * FULL,
        ] {
            let value = value(length);
            stream.begin();
            other.begin();
            let (sent, got) = tokio::join!(stream.send(&value), other.packet());
            sent.unwrap();
            assert!(got.unwrap() == value, "{length}");
        }
    }

    #[tokio::test]
    async fn a_packet_out_of_turn_is_refused_unless_it_says_why() {
        let (mut stream, mut server) = pair();
        server.write_all(&packet(7, b"\x00ab")).await.unwrap();
        let error = Error::from(stream.packet().await.unwrap_err());
        assert_eq!(error.code(), errors::PROTOCOL);
        let (mut stream, mut server) = pair();
        server
            .write_all(&packet(7, b"\xff\x01\x02#HY000why"))
            .await
            .unwrap();
        assert_eq!(stream.packet().await.unwrap().first(), Some(&0xff));
    }
}
