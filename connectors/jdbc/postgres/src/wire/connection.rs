//! A connection and its statements.

use std::collections::HashMap;
use std::sync::Arc;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{
    DataRowBody, Message, ParameterDescriptionBody, RowDescriptionBody,
};
use seatunnel_jdbc_core::url::Address;

use super::failure::{Failure, lost, remark, violated};
use super::settings::Settings;
use super::startup;
use super::stream::{Stream, put_text};

/// A connection to a server.
///
/// A call that is given up half way (its future dropped) leaves the connection unusable, since the
/// answer is still on its way; later calls say so. Dropping the connection closes it, upon which the
/// server rolls back what was not committed.
pub(crate) struct Connection {
    pub(super) stream: Stream,
    settings: Arc<Settings>,
    address: Address,
    parameters: HashMap<String, String>,
    process: i32,
    secret: i32,
    pub(super) status: u8,
    /// Whether an answer is outstanding.
    pub(super) busy: bool,
    /// Whether a COPY into the server is under way.
    pub(super) copying: bool,
    /// Executes that are queued and not answered.
    pub(super) queued: usize,
    /// Whether the server has ended the connection.
    lost: bool,
}

/// What a statement gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResultSet {
    /// Names of the columns.
    pub(crate) columns: Vec<String>,
    /// The rows, as text.
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// Rows inserted, updated, deleted, copied or given; none for statements that don't count.
    pub(crate) affected: Option<u64>,
}

/// A statement that the server has looked through.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// Object identifiers of the parameters' types.
    pub(crate) parameters: Vec<u32>,
    /// The columns of its rows; none if it gives no rows.
    pub(crate) columns: Vec<FieldInfo>,
}

/// A column of a statement's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldInfo {
    /// Its name.
    pub(crate) name: String,
    /// Object identifier of its type.
    pub(crate) type_oid: u32,
    /// What the type takes in brackets, coded; -1 if nothing.
    pub(crate) type_modifier: i32,
    /// The table that it is a column of, 0 if it isn't.
    pub(crate) table_oid: u32,
    /// Its number in that table, 0 if it isn't in one.
    pub(crate) attribute: i16,
}

/// What it takes to end a connection's statement from outside.
#[derive(Clone)]
pub(crate) struct CancelKey {
    settings: Arc<Settings>,
    address: Address,
    process: i32,
    secret: i32,
}

impl CancelKey {
    /// Asks the server to end the statement that the connection is in, if it is in one.
    pub(crate) async fn cancel(&self) -> Result<(), Failure> {
        startup::cancel(&self.settings, &self.address, self.process, self.secret).await
    }
}

impl Connection {
    /// Connects and logs in.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let begun = startup::begin(settings).await?;
        Ok(Self {
            stream: begun.stream,
            settings: Arc::new(settings.clone()),
            address: begun.address,
            parameters: begun.parameters,
            process: begun.process,
            secret: begun.secret,
            status: begun.status,
            busy: false,
            copying: false,
            queued: 0,
            lost: false,
        })
    }

    /// `host:port/database`, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.stream.place
    }

    /// What the connection was opened with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A setting that the server reports by itself, such as `TimeZone`.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The server's version: 150004 is 15.4, 90603 is 9.6.3; 0 if it doesn't say.
    pub(crate) fn server_version(&self) -> u32 {
        let text = self.parameter("server_version").unwrap_or_default();
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let mut parts = text[..end]
            .split('.')
            .map(|p| p.parse::<u32>().unwrap_or(0));
        let (major, second, third) = (parts.next(), parts.next(), parts.next());
        let [major, second, third] = [major, second, third].map(Option::unwrap_or_default);
        match major {
            10.. => major * 10_000 + second,
            _ => major * 10_000 + second * 100 + third,
        }
    }

    /// `I` outside of a transaction, `T` in one, `E` in one that has failed.
    pub(crate) fn transaction_status(&self) -> u8 {
        self.status
    }

    /// The number of the server's process that serves it.
    pub(crate) fn process(&self) -> i32 {
        self.process
    }

    /// Whether a COPY into the server is under way.
    pub(crate) fn is_copying(&self) -> bool {
        self.copying
    }

    /// Whether another statement can be run.
    pub(crate) fn is_usable(&self) -> bool {
        !self.busy
    }

    /// What ends a statement of this connection from outside.
    pub(crate) fn cancel_key(&self) -> CancelKey {
        CancelKey {
            settings: self.settings.clone(),
            address: self.address.clone(),
            process: self.process,
            secret: self.secret,
        }
    }

    /// Runs statements separated by `;` in one round trip; outside of a transaction they are one.
    /// Gives what each gave. If one fails, those after it are not run.
    pub(crate) async fn simple(&mut self, sql: &str) -> Result<Vec<ResultSet>, Failure> {
        self.begin_call()?;
        self.stream.put(b'Q', |out| put_text(out, sql));
        self.stream.flush().await?;
        let mut sets = Vec::new();
        let mut set = ResultSet::default();
        let mut failure = None;
        loop {
            match self.next().await? {
                Message::RowDescription(body) => {
                    set.columns = fields(self.place(), &body)?
                        .into_iter()
                        .map(|field| field.name)
                        .collect();
                }
                Message::DataRow(body) => set.rows.push(texts(self.place(), &body)?),
                Message::CommandComplete(body) => {
                    set.affected = body.tag().ok().and_then(affected);
                    sets.push(std::mem::take(&mut set));
                }
                Message::ErrorResponse(body) => {
                    failure.get_or_insert(Failure::server(self.place(), &body));
                }
                Message::CopyInResponse(_) => {
                    self.stream
                        .put(b'f', |out| put_text(out, "no data is given here"));
                    self.stream.flush().await?;
                }
                Message::ReadyForQuery(body) => {
                    self.end_call(body.status());
                    return failure.map_or(Ok(sets), Err);
                }
                // Data that COPY .. TO STDOUT gives to nobody.
                _ => {}
            }
        }
    }

    /// Runs statements and gives the rows of the last that gave any.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let sets = self.simple(sql).await?;
        let last = sets.into_iter().rev().find(|set| !set.columns.is_empty());
        Ok(last.map(|set| set.rows).unwrap_or_default())
    }

    /// Has the server look through a statement and keep it under a name; the empty name is forgotten
    /// with the next. `types` may leave parameters out, at the end or by 0.
    pub(crate) async fn prepare(
        &mut self,
        name: &str,
        sql: &str,
        types: &[u32],
    ) -> Result<Prepared, Failure> {
        self.begin_call()?;
        self.stream.put(b'P', |out| {
            put_text(out, name);
            put_text(out, sql);
            out.extend_from_slice(&(types.len() as u16).to_be_bytes());
            for oid in types {
                out.extend_from_slice(&oid.to_be_bytes());
            }
        });
        self.stream.put(b'D', |out| {
            out.push(b'S');
            put_text(out, name);
        });
        self.stream.put(b'S', |_| {});
        self.stream.flush().await?;
        let mut prepared = Prepared {
            parameters: Vec::new(),
            columns: Vec::new(),
        };
        let mut failure = None;
        loop {
            match self.next().await? {
                Message::ParameterDescription(body) => {
                    prepared.parameters = parameters(self.place(), &body)?;
                }
                Message::RowDescription(body) => prepared.columns = fields(self.place(), &body)?,
                Message::ErrorResponse(body) => {
                    failure.get_or_insert(Failure::server(self.place(), &body));
                }
                Message::ReadyForQuery(body) => {
                    self.end_call(body.status());
                    return failure.map_or(Ok(prepared), Err);
                }
                _ => {}
            }
        }
    }

    /// The next message that concerns the caller; what the server remarks and reports by the way is
    /// taken care of.
    pub(super) async fn next(&mut self) -> Result<Message, Failure> {
        loop {
            let message = self.stream.message().await;
            self.lost |= message.is_err();
            match message? {
                Message::NoticeResponse(body) => remark(self.place(), &body),
                Message::ParameterStatus(body) => {
                    if let (Ok(name), Ok(value)) = (body.name(), body.value()) {
                        self.parameters.insert(name.to_owned(), value.to_owned());
                    }
                }
                Message::NotificationResponse(_) => {}
                // After such an error the server closes the connection, without saying it is ready.
                Message::ErrorResponse(body) => {
                    let failure = Failure::server(self.place(), &body);
                    let fatal = |e: &super::ServerError| matches!(&*e.severity, "FATAL" | "PANIC");
                    if failure.as_server().is_some_and(fatal) {
                        self.lost = true;
                        return Err(failure);
                    }
                    return Ok(Message::ErrorResponse(body));
                }
                message => return Ok(message),
            }
        }
    }

    /// Reads on until the server is ready, and gives the failure, or else the first error on the way.
    pub(super) async fn drain(&mut self, failure: Option<Failure>) -> Result<(), Failure> {
        let mut failure = failure;
        loop {
            match self.next().await? {
                Message::ErrorResponse(body) => {
                    failure.get_or_insert(Failure::server(self.place(), &body));
                }
                Message::ReadyForQuery(body) => {
                    self.end_call(body.status());
                    return failure.map_or(Ok(()), Err);
                }
                _ => {}
            }
        }
    }

    /// To be called before anything is sent: a connection whose last call was given up is of no use.
    pub(super) fn begin_call(&mut self) -> Result<(), Failure> {
        if self.busy || self.queued > 0 {
            return Err(lost(self.place(), "a call on it was given up half way"));
        }
        self.busy = true;
        self.stream.write.clear();
        Ok(())
    }

    /// To be called when the server is ready again.
    pub(super) fn end_call(&mut self, status: u8) {
        self.status = status;
        self.busy = false;
        self.copying = false;
        self.queued = 0;
    }
}

/// Without waiting, as the socket is closed right after. A server that listens hears a goodbye, so that
/// its log has no complaint. One that is at work would only notice when it has something to say,
/// perhaps after hours: it is asked to stop, in the background.
impl Drop for Connection {
    fn drop(&mut self) {
        if self.begin_call().is_ok() {
            startup::goodbye(&mut self.stream.write);
            self.stream.flush_now();
        } else if !self.copying && !self.lost {
            let Ok(runtime) = tokio::runtime::Handle::try_current() else {
                return;
            };
            let statement = self.cancel_key();
            // Nobody waits for it: a server that can't be reached has stopped.
            runtime.spawn(async move { statement.cancel().await.is_ok() });
        }
    }
}

/// The number in `INSERT 0 17`, `COPY 17`, `SELECT 17`.
pub(super) fn affected(tag: &str) -> Option<u64> {
    tag.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
}

fn fields(place: &str, body: &RowDescriptionBody) -> Result<Vec<FieldInfo>, Failure> {
    body.fields()
        .map(|field| {
            Ok(FieldInfo {
                name: field.name().to_owned(),
                type_oid: field.type_oid(),
                type_modifier: field.type_modifier(),
                table_oid: field.table_oid(),
                attribute: field.column_id(),
            })
        })
        .collect()
        .map_err(|e| violated(place, e))
}

fn parameters(place: &str, body: &ParameterDescriptionBody) -> Result<Vec<u32>, Failure> {
    body.parameters().collect().map_err(|e| violated(place, e))
}

fn texts(place: &str, body: &DataRowBody) -> Result<Vec<Option<String>>, Failure> {
    let buffer = body.buffer();
    body.ranges()
        .map(|range| Ok(range.map(|r| String::from_utf8_lossy(&buffer[r]).into_owned())))
        .collect()
        .map_err(|e| violated(place, e))
}
