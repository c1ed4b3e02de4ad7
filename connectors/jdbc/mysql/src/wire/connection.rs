//! A session on a server.

use std::fmt;
use std::ops::Range;

use seatunnel_jdbc_core::net;

use super::failure::{Failure, violated};
use super::login::log_in;
use super::packet::{ColumnDefinition, Done, Fields, is_eof};
use super::session::Server;
use super::settings::{Behaviour, Settings};
use super::stream::Stream;

const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;
const COM_STMT_CLOSE: u8 = 0x19;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To read.
    Source,
    /// To write: the server may ask for what LOAD DATA LOCAL sends, and a 0 stays a 0 in columns
    /// that number rows.
    Sink,
}

/// The result of one statement, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResultSet {
    /// Names of the columns; none for statements without rows.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
    pub(crate) done: Done,
}

/// A prepared statement.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) id: u32,
    pub(crate) parameters: u16,
    pub(crate) columns: Vec<ColumnDefinition>,
}

/// What has come of a result.
pub(crate) enum Arrival {
    /// A row, and where it lies in the read buffer until the next call.
    Row(Range<usize>),
    /// All rows have come.
    End,
    /// The next row has not come yet.
    Wait,
}

/// A session on a server. To drop it closes the socket, and the server rolls back.
pub(crate) struct Connection {
    pub(super) stream: Stream,
    pub(super) server: Server,
    bulk: bool,
    behaviour: Behaviour,
    /// Whether an answer is not read to its end; a connection whose call was dropped stays so.
    pub(super) busy: bool,
    last: Done,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("place", &self.place())
            .field("server", &self.server.version)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, logs in and sets the session up.
    pub(crate) async fn open(settings: &Settings, purpose: Purpose) -> Result<Self, Failure> {
        let timeout = settings.connect_timeout;
        let (socket, address) = net::connect(&settings.addresses, timeout).await?;
        let place = match settings.database() {
            Some(database) => format!("{address}/{database}"),
            None => address.to_string(),
        };
        let stream = Stream::new(socket, place, Some(timeout));
        let (stream, greeting) = log_in(stream, settings, &address, purpose).await?;
        let mut connection = Self {
            stream,
            server: Server::new(greeting.version, greeting.is_mariadb),
            bulk: greeting.bulk,
            behaviour: settings.behaviour,
            busy: false,
            last: Done::default(),
        };
        connection.set_up(settings, purpose).await?;
        connection.stream.set_timeout(settings.answer_timeout);
        Ok(connection)
    }

    /// What the server is called in messages.
    pub(crate) fn place(&self) -> &str {
        &self.stream.place
    }

    /// What the server is.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// How values are read.
    pub(crate) fn behaviour(&self) -> Behaviour {
        self.behaviour
    }

    /// Whether MariaDB's COM_STMT_BULK_EXECUTE may be sent.
    pub(crate) fn can_bulk(&self) -> bool {
        self.bulk
    }

    /// Whether the next command will be understood: no answer is open, and the connection stands.
    pub(crate) fn is_usable(&self) -> bool {
        !self.busy
    }

    /// Runs statements separated by `;` in one round trip; rows come as text.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<ResultSet>, Failure> {
        self.command(&[&[COM_QUERY], sql.as_bytes()].concat())
            .await?;
        let mut results = Vec::new();
        loop {
            let result = self.result().await?;
            let more = result.done.has_more();
            results.push(result);
            if !more {
                self.busy = false;
                return Ok(results);
            }
        }
    }

    /// The rows of the last statement that has columns.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let results = self.query(sql).await?;
        let last = results.into_iter().rev().find(|r| !r.columns.is_empty());
        Ok(last.map(|r| r.rows).unwrap_or_default())
    }

    /// Runs statements and gives what the last has done.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<Done, Failure> {
        let results = self.query(sql).await?;
        Ok(results
            .into_iter()
            .last()
            .map(|r| r.done)
            .unwrap_or_default())
    }

    /// Prepares a statement.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<Prepared, Failure> {
        self.command(&[&[COM_STMT_PREPARE], sql.as_bytes()].concat())
            .await?;
        let packet = self.reply().await?;
        let mut fields = Fields::new(packet);
        let read = (|| {
            let status = fields.u8()?;
            let id = fields.u32()?;
            let columns = fields.u16()?;
            let parameters = fields.u16()?;
            (status == 0).then_some((id, columns, parameters))
        })();
        let Some((id, columns, parameters)) = read else {
            return Err(violated(self.place(), "a prepared statement was due"));
        };
        self.definitions(parameters.into()).await?;
        let columns = self.definitions(columns.into()).await?;
        self.busy = false;
        Ok(Prepared {
            id,
            parameters,
            columns,
        })
    }

    /// Frees a prepared statement; sent with the next command.
    pub(crate) fn close_statement(&mut self, id: u32) {
        self.stream.begin();
        let [a, b, c, d] = id.to_le_bytes();
        self.stream.put(&[COM_STMT_CLOSE, a, b, c, d]);
    }

    /// Sends a command, with its command byte; its answer must be read next.
    pub(crate) async fn command(&mut self, payload: &[u8]) -> Result<(), Failure> {
        if self.busy {
            return Err(super::failure::lost(
                self.place(),
                "an earlier call was given up before its answer had come",
            ));
        }
        self.busy = true;
        self.stream.begin();
        self.stream.send(payload).await
    }

    /// Reads the answer to a command; rows, if there are any, are passed over.
    pub(crate) async fn answer(&mut self) -> Result<Done, Failure> {
        loop {
            let columns = match self.header().await? {
                Header::Done(done) => {
                    if !done.has_more() {
                        self.busy = false;
                        return Ok(done);
                    }
                    continue;
                }
                Header::Columns(columns) => columns,
            };
            self.definitions(columns).await?;
            loop {
                let packet = self.reply().await?;
                if let Some(done) = Done::eof(packet).filter(|_| is_eof(packet)) {
                    self.last = done;
                    break;
                }
            }
            if !self.last.has_more() {
                self.busy = false;
                return Ok(self.last.clone());
            }
        }
    }

    /// Executes a prepared statement without parameters, and reads up to its rows.
    ///
    /// # Errors
    /// What the server says; also if the statement has no rows.
    pub(crate) async fn stream(
        &mut self,
        prepared: &Prepared,
    ) -> Result<Vec<ColumnDefinition>, Failure> {
        let mut payload = vec![COM_STMT_EXECUTE];
        payload.extend_from_slice(&prepared.id.to_le_bytes());
        payload.push(0);
        payload.extend_from_slice(&1_u32.to_le_bytes());
        self.command(&payload).await?;
        match self.header().await? {
            Header::Columns(columns) => self.definitions(columns).await,
            Header::Done(_) => Err(violated(self.place(), "rows were due")),
        }
    }

    /// Looks at what has come of the rows of [`Connection::stream`].
    #[inline]
    pub(crate) fn arrival(&mut self) -> Result<Arrival, Failure> {
        let Some(payload) = self.stream.take()? else {
            return Ok(Arrival::Wait);
        };
        // A row in the binary form begins with a zero.
        if self.stream.bytes(payload.clone()).first() == Some(&0) {
            return Ok(Arrival::Row(payload));
        }
        self.end_of_rows(payload)
    }

    #[cold]
    fn end_of_rows(&mut self, payload: Range<usize>) -> Result<Arrival, Failure> {
        let packet = self.stream.bytes(payload);
        if packet.first() == Some(&0xff) {
            self.busy = false;
            return Err(Failure::server(&self.stream.place, packet));
        }
        match Done::eof(packet).filter(|_| is_eof(packet)) {
            Some(done) => {
                // What follows, as of a procedure, is the caller's: it can't be read as these rows.
                self.busy = done.has_more();
                self.last = done;
                Ok(Arrival::End)
            }
            None => Err(violated(self.place(), "a row was due")),
        }
    }

    /// A row that [`Connection::arrival`] gave.
    #[inline]
    pub(crate) fn row(&self, payload: Range<usize>) -> &[u8] {
        self.stream.bytes(payload)
    }

    /// Waits until more has come.
    pub(crate) async fn wait(&mut self) -> Result<(), Failure> {
        self.stream.fill().await
    }

    /// The next packet, if it is no error.
    pub(super) async fn reply(&mut self) -> Result<&[u8], Failure> {
        loop {
            match self.stream.take()? {
                Some(payload) => {
                    if self.stream.bytes(payload.clone()).first() == Some(&0xff) {
                        self.busy = false;
                        let packet = self.stream.bytes(payload);
                        return Err(Failure::server(&self.stream.place, packet));
                    }
                    return Ok(self.stream.bytes(payload));
                }
                None => self.stream.fill().await?,
            }
        }
    }

    async fn header(&mut self) -> Result<Header, Failure> {
        let packet = self.reply().await?;
        let read = match packet.first() {
            Some(0) => Done::ok(packet).map(Header::Done),
            Some(0xfb) => None,
            _ => Fields::new(packet)
                .number()
                .and_then(|n| usize::try_from(n).ok())
                .map(Header::Columns),
        };
        match read {
            Some(Header::Done(done)) => {
                self.last = done.clone();
                Ok(Header::Done(done))
            }
            Some(header) => Ok(header),
            None => Err(violated(self.place(), "a result was due")),
        }
    }

    /// Column definitions and the packet that ends them; neither if there are no columns.
    async fn definitions(&mut self, count: usize) -> Result<Vec<ColumnDefinition>, Failure> {
        let mut columns = Vec::new();
        for _ in 0..count {
            match ColumnDefinition::read(self.reply().await?) {
                Some(column) => columns.push(column),
                None => return Err(violated(self.place(), "a column was due")),
            }
        }
        if count > 0 && !is_eof(self.reply().await?) {
            return Err(violated(self.place(), "the end of the columns was due"));
        }
        Ok(columns)
    }

    async fn result(&mut self) -> Result<ResultSet, Failure> {
        let columns = match self.header().await? {
            Header::Done(done) => {
                return Ok(ResultSet {
                    done,
                    ..ResultSet::default()
                });
            }
            Header::Columns(columns) => self.definitions(columns).await?,
        };
        let mut rows = Vec::new();
        loop {
            let packet = self.reply().await?;
            if is_eof(packet) {
                let Some(done) = Done::eof(packet) else {
                    return Err(violated(self.place(), "the end of the rows was due"));
                };
                self.last = done.clone();
                return Ok(ResultSet {
                    columns: columns.into_iter().map(|c| c.name).collect(),
                    rows,
                    done,
                });
            }
            match text_row(packet, columns.len()) {
                Some(row) => rows.push(row),
                None => return Err(violated(self.place(), "a row was due")),
            }
        }
    }
}

enum Header {
    Done(Done),
    Columns(usize),
}

fn text_row(packet: &[u8], columns: usize) -> Option<Vec<Option<String>>> {
    let mut fields = Fields::new(packet);
    (0..columns)
        .map(|_| fields.nullable_text())
        .map(|value| value.map(|v| v.map(|v| String::from_utf8_lossy(v).into_owned())))
        .collect()
}
