//! The toy source: splits are ranges of the column that rows are split by, and one for its nulls.

mod connector;
mod reader;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::{DataType, Registry, Value};
use seatunnel_conformance::{Bad, Connection, Data, Fixture, FixtureResult, SourceFixture, Stored};
use serde_json::json;

use super::Server;
use connector::ToyFactory;

/// One mistake each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    DropsLastBatch,
    LosesNullSplit,
    RepeatsBoundaryRows,
    PositionOffByOne,
    IgnoresPosition,
    NeverSaysWhereItIs,
    SwallowsCancel,
    LeavesTaskRunning,
    BuffersEverything,
    CutsTexts,
    NullBecomesEmptyText,
    AnnouncesOtherScale,
    AnnouncesNoNulls,
    HangsWhenKilled,
    EndsWhenKilled,
    ReportsLossAsFinal,
    ErrorWithoutCode,
    ErrorWithoutTable,
    PanicsAtMalformedValue,
    ListsAgainAfterRestart,
    ForgetsToListAfterRestart,
    IgnoresBatchSize,
    MakesTablesAnew,
    FailsOnEmptyTable,
    LosesRowsWithoutPositions,
}

/// A fixture of the toy source with a mistake.
pub(crate) struct Toy {
    pub(crate) bug: Bug,
    server: Arc<Server>,
}

impl Toy {
    pub(crate) fn new(bug: Bug) -> Self {
        Self {
            bug,
            server: Arc::default(),
        }
    }
}

impl Fixture for Toy {
    fn plugin(&self) -> (Registry, &'static str) {
        let factory = ToyFactory {
            bug: self.bug,
            server: self.server.clone(),
        };
        (Registry::new().source(factory), "Toy")
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self.server.as_ref())
    }
}

#[async_trait]
impl SourceFixture for Toy {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let mut tables = self.server.tables.lock().unwrap();
        tables.insert(data.name().to_owned(), Arc::new(data.clone()));
        Ok(Stored::new(
            json!({ "table": data.name(), "split_by": data.split_by() }),
        ))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let column = seatunnel_api::Column::new("amount", DataType::BigInt);
        let rows = (1..=50).map(|id| match id {
            41 => vec![Value::BigInt(41), Value::String("x".to_owned())],
            _ => vec![Value::BigInt(id), Value::BigInt(1)],
        });
        let malformed = Data::new("malformed", vec![column], rows.collect());
        let config = self.store(&malformed).await?;
        let _ = config;
        Ok(vec![
            Bad::new("a missing table", json!({ "table": "nowhere" })).mentions("nowhere"),
            Bad::new("a malformed value", json!({ "table": malformed.name() }))
                .mentions(malformed.name())
                .mentions("41"),
        ])
    }
}
