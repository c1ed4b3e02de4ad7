//! LOAD DATA LOCAL: the server asks for a file, and gets what is in memory.

use super::connection::Connection;
use super::failure::{Failure, violated};
use super::packet::Done;

const COM_QUERY: u8 = 0x03;
/// The server's request for a file.
const REQUEST: u8 = 0xfb;

impl Connection {
    /// Runs a LOAD DATA LOCAL statement up to where the server asks for the file.
    pub(crate) async fn load_start(&mut self, sql: &str) -> Result<(), Failure> {
        self.command(&[&[COM_QUERY], sql.as_bytes()].concat())
            .await?;
        match self.reply().await?.first() {
            Some(&REQUEST) => Ok(()),
            _ => Err(violated(self.place(), "a request for a file was due")),
        }
    }

    /// Sends a part of the file.
    pub(crate) async fn load_send(&mut self, data: &[u8]) -> Result<(), Failure> {
        // An empty packet would be its end.
        if data.is_empty() {
            return Ok(());
        }
        for part in data.chunks(PART) {
            self.stream.send(part).await?;
        }
        Ok(())
    }

    /// Ends the file, and gives what the server has made of it.
    pub(crate) async fn load_finish(&mut self) -> Result<Done, Failure> {
        self.stream.put(&[]);
        self.stream.flush().await?;
        self.answer().await
    }
}

/// Bytes of a file in one packet, at most: servers refuse packets above max_allowed_packet, which is
/// 1 MiB at least by default.
const PART: usize = 512 * 1024;
