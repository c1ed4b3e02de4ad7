//! Rows both ways, by COPY and from statements, without a copy of the data in between.

use std::ops::{Range, RangeInclusive};

use bytes::Buf;
use postgres_protocol::message::backend::Message;
use seatunnel_api::Result as ApiResult;

use super::connection::{Connection, affected};
use super::failure::{Failure, violated};
use super::stream::{put, put_text, set_length};

/// Bytes in front of COPY data and of rows: a tag and a length.
const HEAD: usize = 5;
/// Lengths that a row can have, in bytes: that of the length itself is in it, and servers send no more than 1 GiB.
const LENGTHS: RangeInclusive<u32> = 4..=1 << 30;
/// Rows that are handed over together: so few that they are still in the processor's cache when their last column is looked at.
const AT_ONCE: usize = 64;

/// How many of the rows handed over were taken: all, unless that is enough.
pub(crate) struct Taken {
    /// Of the rows handed over, those from the first.
    pub(crate) rows: usize,
    /// Whether that is enough.
    pub(crate) full: bool,
}

impl Connection {
    /// Begins a `COPY .. FROM STDIN`.
    pub(crate) async fn copy_in(&mut self, sql: &str) -> Result<(), Failure> {
        self.begin_call()?;
        self.stream.put(b'Q', |out| put_text(out, sql));
        self.stream.flush().await?;
        loop {
            match self.next().await? {
                Message::CopyInResponse(_) => {
                    self.copying = true;
                    self.begin_data();
                    return Ok(());
                }
                Message::ErrorResponse(body) => {
                    let failure = Failure::server(self.place(), &body);
                    return self.drain(Some(failure)).await;
                }
                Message::ReadyForQuery(body) => {
                    self.end_call(body.status());
                    return Err(violated(self.place(), "it takes no data for COPY"));
                }
                _ => {}
            }
        }
    }

    fn begin_data(&mut self) {
        self.stream.write.clear();
        self.stream.write.extend_from_slice(&[b'd', 0, 0, 0, 0]);
    }

    /// Where COPY data is appended; what is in it already must stay.
    pub(crate) fn copy_buffer(&mut self) -> &mut Vec<u8> {
        &mut self.stream.write
    }

    /// Bytes appended and not yet sent.
    pub(crate) fn copy_buffered(&self) -> usize {
        self.stream.write.len().saturating_sub(HEAD)
    }

    /// Sends what is appended. If the server has refused the data already, the COPY is over and this
    /// gives its error.
    pub(crate) async fn copy_send(&mut self) -> Result<(), Failure> {
        if self.copy_buffered() == 0 {
            return Ok(());
        }
        set_length(&mut self.stream.write, 1);
        self.stream.flush().await?;
        self.begin_data();
        self.stream.look().await?;
        if self.stream.read.is_empty() {
            return Ok(());
        }
        self.hear().await
    }

    /// Looks at what the server says while data is sent.
    async fn hear(&mut self) -> Result<(), Failure> {
        while self.has_message() {
            match self.stream.message().await? {
                Message::ErrorResponse(body) => {
                    let failure = Failure::server(self.place(), &body);
                    return self.drain(Some(failure)).await;
                }
                Message::NoticeResponse(body) => super::failure::remark(self.place(), &body),
                _ => {}
            }
        }
        Ok(())
    }

    fn has_message(&self) -> bool {
        matches!(&self.stream.read[..], [_, a, b, c, d, rest @ ..]
            if rest.len() + 4 >= u32::from_be_bytes([*a, *b, *c, *d]) as usize)
    }

    /// Sends the rest and ends the COPY. Gives how many rows were copied.
    pub(crate) async fn copy_finish(&mut self) -> Result<u64, Failure> {
        self.copy_finish_then("").await
    }

    /// The same, and runs statements after it, if any, in the same round trip: `COMMIT`. The first
    /// error is given.
    pub(crate) async fn copy_finish_then(&mut self, sql: &str) -> Result<u64, Failure> {
        let write = &mut self.stream.write;
        if write.len() > HEAD {
            set_length(write, 1);
        } else {
            write.clear();
        }
        put(write, b'c', |_| {});
        let mut answers = 1;
        if !sql.is_empty() {
            put(write, b'Q', |out| put_text(out, sql));
            answers = 2;
        }
        self.stream.flush().await?;
        let mut count = None;
        let mut failure = None;
        loop {
            match self.next().await? {
                // That of the COPY comes first.
                Message::CommandComplete(body) => {
                    count.get_or_insert(body.tag().ok().and_then(affected).unwrap_or(0));
                }
                Message::ErrorResponse(body) => {
                    failure.get_or_insert(Failure::server(self.place(), &body));
                }
                Message::ReadyForQuery(body) => {
                    answers -= 1;
                    if answers == 0 {
                        self.end_call(body.status());
                        return failure.map_or(Ok(count.unwrap_or(0)), Err);
                    }
                }
                _ => {}
            }
        }
    }

    /// Gives up a COPY: nothing of it remains. The connection can be used again.
    pub(crate) async fn copy_fail(&mut self, reason: &str) -> Result<(), Failure> {
        self.stream.write.clear();
        self.stream.put(b'f', |out| put_text(out, reason));
        self.stream.flush().await?;
        match self.drain(None).await {
            // What was asked for: the COPY has failed.
            Err(Failure::Server(_)) if self.is_usable() => Ok(()),
            result => result,
        }
    }

    /// Hands rows that have come as a whole to `take`, some at a time: where they were read, and where each lies in that.
    /// It gives how many of them it took, and is given no more when that is not all. Gives whether it has enough.
    #[inline]
    fn take_rows(
        &mut self,
        take: &mut impl FnMut(&[u8], &[Range<usize>]) -> ApiResult<Taken>,
    ) -> ApiResult<bool> {
        let read = &mut self.stream.read;
        let mut rows = [const { 0..0 }; AT_ONCE];
        let (mut at, mut full) = (0, false);
        while !full {
            let mut count = 0;
            let mut end = at;
            while count < AT_ONCE
                && let Some(&[b'D', a, b, c, d]) = read.get(end..end + HEAD)
            {
                let length = u32::from_be_bytes([a, b, c, d]);
                // More of a row than there can be would be awaited for ever.
                if !LENGTHS.contains(&length) {
                    let why = "a row has no valid length";
                    return Err(violated(&self.stream.place, why).into());
                }
                let behind = end + 1 + length as usize;
                if behind > read.len() {
                    break;
                }
                rows[count] = end + HEAD..behind;
                end = behind;
                count += 1;
            }
            if count == 0 {
                break;
            }
            let taken = take(read, &rows[..count])?;
            at = taken.rows.checked_sub(1).map_or(at, |last| rows[last].end);
            full = taken.full;
        }
        read.advance(at);
        Ok(full)
    }

    /// Begins a statement that gives rows; `formats` has 0 for text and 1 for binary, for each column.
    /// The server makes `fetch_size` rows ready at once, all if it is not positive.
    pub(crate) async fn query_start(
        &mut self,
        sql: &str,
        formats: &[i16],
        fetch_size: i32,
    ) -> Result<(), Failure> {
        self.begin_call()?;
        self.stream.take_pieces(fetch_size > 0);
        self.stream.put(b'P', |out| {
            out.push(0);
            put_text(out, sql);
            out.extend_from_slice(&[0, 0]);
        });
        self.stream.put(b'B', |out| {
            // Unnamed portal and statement, no parameters.
            out.extend_from_slice(&[0; 6]);
            out.extend_from_slice(&(formats.len() as u16).to_be_bytes());
            for format in formats {
                out.extend_from_slice(&format.to_be_bytes());
            }
        });
        self.fetch(fetch_size).await
    }

    /// Asks for the next rows.
    async fn fetch(&mut self, fetch_size: i32) -> Result<(), Failure> {
        self.stream.put(b'E', |out| {
            out.push(0);
            out.extend_from_slice(&fetch_size.max(0).to_be_bytes());
        });
        self.stream.put(b'H', |_| {});
        self.stream.flush().await
    }

    /// Hands rows to `take`, where they were read, until that has enough: the fields of each with their lengths in front. Gives
    /// false when there is no more.
    ///
    /// An error of `take` leaves the connection in the middle of the rows: it can only be dropped.
    pub(crate) async fn query_read(
        &mut self,
        fetch_size: i32,
        mut take: impl FnMut(&[u8], &[Range<usize>]) -> ApiResult<Taken>,
    ) -> ApiResult<bool> {
        loop {
            if self.take_rows(&mut take)? {
                return Ok(true);
            }
            if matches!(self.stream.read.first(), None | Some(b'D')) {
                self.stream.fill().await?;
                continue;
            }
            let failure = match self.next().await? {
                Message::PortalSuspended => {
                    self.fetch(fetch_size).await?;
                    continue;
                }
                Message::ErrorResponse(body) => Some(Failure::server(self.place(), &body)),
                Message::CommandComplete(_) | Message::EmptyQueryResponse => None,
                _ => continue,
            };
            self.stream.put(b'S', |_| {});
            self.stream.flush().await?;
            self.drain(failure).await?;
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use seatunnel_api::config::ConfigValue;
    use seatunnel_api::options::Options;
    use seatunnel_jdbc_core::options::JdbcSourceOptions;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{Duration, timeout};

    use super::*;
    use crate::wire::Settings;

    /// A server that lets everybody in and answers a query by these bytes.
    async fn answering(bytes: Vec<u8>) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4_096];
            assert_ne!(client.read(&mut asked).await.unwrap(), 0);
            // "Ok", then "ready".
            let welcome = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
            client.write_all(welcome).await.unwrap();
            assert_ne!(client.read(&mut asked).await.unwrap(), 0);
            client.write_all(&bytes).await.unwrap();
            // It stays there until the client goes.
            while client.read(&mut asked).await.is_ok_and(|count| count > 0) {}
        });
        let json = serde_json::json!({
            "url": format!("jdbc:postgresql://127.0.0.1:{port}/x?sslmode=disable"),
            "user": "u", "password": "p", "query": "select 1",
        });
        let options = JdbcSourceOptions::from_config("Jdbc", &ConfigValue::from_json(&json));
        let settings = Settings::parse(&options.unwrap().connection).unwrap();
        Connection::open(&settings).await.unwrap()
    }

    #[tokio::test]
    async fn a_row_without_a_valid_length_is_not_waited_for() {
        for length in [0, 3, u32::MAX] {
            let mut bytes = vec![b'D'];
            bytes.extend(length.to_be_bytes());
            let mut connection = answering(bytes).await;
            connection.query_start("select 1", &[], 0).await.unwrap();
            let all = |_: &[u8], rows: &[Range<usize>]| {
                Ok(Taken {
                    rows: rows.len(),
                    full: false,
                })
            };
            let read = timeout(Duration::from_secs(60), connection.query_read(0, all)).await;
            let error = read.expect("it is waited for").unwrap_err();
            assert_eq!(error.code().id, "JDBC-17", "{error}");
        }
    }
}
