//! What the author of a connector tells the kit.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::{CatalogTable, DataType, Registry, Value};
use serde_json::Value as Json;

use crate::data::Data;
use crate::limits::Limits;

/// Any error of a fixture: `?` takes errors of every library.
pub type FixtureError = Box<dyn StdError + Send + Sync>;
/// Result of what a fixture does.
pub type FixtureResult<T> = Result<T, FixtureError>;

/// What becomes of a value in the connector's format or database.
#[derive(Clone, Debug, PartialEq)]
pub enum Holds {
    /// It comes back as it is. Numbers may come back wider.
    Yes,
    /// It comes back as this, by design, for this reason.
    As(Value, &'static str),
    /// It can't be held, by design, for this reason. The checks leave it out.
    No(&'static str),
}

/// Where a source finds the rows of a check, and how many of them.
#[derive(Clone, Debug)]
pub struct Stored {
    pub(crate) config: Json,
    pub(crate) rows: Rows,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows {
    Once,
    PerReader,
    MadeUp { per_reader: usize },
}

impl Stored {
    /// The source's block, as the JSON of a job file. Each row is to come once.
    pub fn new(config: Json) -> Self {
        Self {
            config,
            rows: Rows::Once,
        }
    }

    /// Each row is to come once for every reader of the job.
    pub fn per_reader(config: Json) -> Self {
        Self {
            config,
            rows: Rows::PerReader,
        }
    }

    /// The source makes up so many rows for every reader; those of the check don't matter.
    pub fn made_up(config: Json, per_reader: usize) -> Self {
        Self {
            config,
            rows: Rows::MadeUp { per_reader },
        }
    }
}

/// An input or a target that must end in an error.
#[derive(Clone, Debug)]
pub struct Bad {
    pub(crate) what: String,
    pub(crate) config: Json,
    pub(crate) data: Option<Data>,
    pub(crate) mentions: Vec<String>,
}

impl Bad {
    /// `what` is wrong with it, for the report: "a missing table". `config` is the connector's block.
    pub fn new(what: impl Into<String>, config: Json) -> Self {
        Self {
            what: what.into(),
            config,
            data: None,
            mentions: Vec::new(),
        }
    }

    /// A text that the error must hold: the table or the file; for a value also the row or the line.
    #[must_use]
    pub fn mentions(mut self, text: impl Into<String>) -> Self {
        self.mentions.push(text.into());
        self
    }

    /// The rows that a sink is given. Without them it gets a few good ones.
    #[must_use]
    pub fn with_data(mut self, data: Data) -> Self {
        self.data = Some(data);
        self
    }
}

/// A way to take the server away from a connector that is at work.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Cuts the connections that are open: kill the server, or the sessions.
    async fn kill(&self) -> FixtureResult<()>;

    /// Makes new connections possible again. What was committed is still there.
    async fn heal(&self) -> FixtureResult<()>;

    /// After this time without a server, a connector that has not ended hangs.
    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }
}

/// What a source and a sink fixture have in common.
pub trait Fixture: Send + Sync + 'static {
    /// A registry with the connector in it, and the connector's name:
    /// `(register(Registry::new()), "LocalFile")`.
    fn plugin(&self) -> (Registry, &'static str);

    /// What becomes of a value. Called for each value of each check; the default says [`Holds::Yes`].
    fn holds(&self, _data_type: &DataType, _value: &Value) -> Holds {
        Holds::Yes
    }

    /// What can't be checked, with reasons, and limits other than the kit's own.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// A way to cut the connection, for connectors that have one.
    fn connection(&self) -> Option<&dyn Connection> {
        None
    }
}

/// Lays rows out for a source.
#[async_trait]
pub trait SourceFixture: Fixture {
    /// Puts the rows where the source will find them, in a table or file of their own
    /// ([`Data::name`]), and says by which block. Several checks may be at work at once.
    ///
    /// # Errors
    /// If it can't; the check then fails.
    async fn store(&self, data: &Data) -> FixtureResult<Stored>;

    /// The type that a column of this type is announced with. The default is the same.
    fn announces(&self, data_type: &DataType) -> DataType {
        data_type.clone()
    }

    /// Inputs that must end in an error: a missing table or file, a wrong password, a malformed value.
    ///
    /// # Errors
    /// If they can't be laid out.
    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        Ok(Vec::new())
    }
}

/// Makes room for a sink, and looks at what it has written.
#[async_trait]
pub trait SinkFixture: Fixture {
    /// The block of a sink that writes rows of this table to a new, empty place of their own. The
    /// table's name is unique within the process. Nothing, or an empty table, may stand there.
    ///
    /// # Errors
    /// If there is no such place; the check then fails.
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json>;

    /// The rows that others see there now, in any order, values in the order of the table's columns;
    /// none where nothing has been written. `config` is what [`SinkFixture::target`] gave.
    /// [`crate::read_back`] does it by the source of the same connector.
    ///
    /// # Errors
    /// If they can't be read.
    async fn rows(
        &self,
        config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>>;

    /// What jobs have left beside this target: staged files, prepared transactions, tables of their
    /// own. The default is nothing.
    ///
    /// # Errors
    /// If it can't be found out.
    async fn leftovers(&self, _config: &Json) -> FixtureResult<Vec<String>> {
        Ok(Vec::new())
    }

    /// Targets or rows that must end in an error: a missing table, a value that does not fit.
    ///
    /// # Errors
    /// If they can't be laid out.
    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        Ok(Vec::new())
    }
}
