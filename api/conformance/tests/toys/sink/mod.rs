//! The toy sink: files of a folder for each table, moved there from a hidden one at the commit.

mod connector;
mod rows;

use std::fs::{self, File};
use std::sync::Arc;

use arrow_ipc::reader::FileReader;
use async_trait::async_trait;
use seatunnel_api::{CatalogTable, Registry, RowKind, Value};
use seatunnel_conformance::{Bad, Connection, Fixture, FixtureResult, SinkFixture};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::Server;
use connector::ToyFactory;
use rows::unpack;

/// One mistake each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    CommitsEarly,
    WritesInPlace,
    CommitsTwice,
    CommitsFromMemory,
    BuffersEverything,
    DeletesFirst,
    DropsLastBatch,
    WritersOverwrite,
    CutsTexts,
    NullBecomesEmptyText,
    AbortFlushes,
    AbortCommits,
    HangsWhenKilled,
    EndsWhenKilled,
    ErrorWithoutCode,
    ErrorWithoutFolder,
    FailsWithoutRows,
    PromisesTooMuch,
    HalfARow,
    KeepsLeftovers,
    DiscardsOfAnyJob,
    DiscardsOfOneWriter,
    PublishesLeftovers,
    OneFileForAllCheckpoints,
}

/// A fixture of the toy sink with a mistake.
pub(crate) struct Toy {
    pub(crate) bug: Bug,
    server: Arc<Server>,
    folder: TempDir,
}

impl Toy {
    pub(crate) fn new(bug: Bug) -> Self {
        Self {
            bug,
            server: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }
}

impl Fixture for Toy {
    fn plugin(&self) -> (Registry, &'static str) {
        let factory = ToyFactory {
            bug: self.bug,
            server: self.server.clone(),
        };
        (Registry::new().sink(factory), "Toy")
    }

    fn connection(&self) -> Option<&dyn Connection> {
        Some(self.server.as_ref())
    }
}

#[async_trait]
impl SinkFixture for Toy {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        let folder = self.folder.path().join(&table.path().table);
        fs::create_dir(&folder)?;
        Ok(json!({ "folder": folder }))
    }

    async fn rows(
        &self,
        config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(config["folder"].as_str().unwrap())? {
            let path = entry?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for file in files {
            for records in FileReader::try_new(File::open(file)?, None)? {
                for (kind, row) in unpack(table, &records?) {
                    match kind {
                        RowKind::Insert | RowKind::UpdateAfter => rows.push(row),
                        RowKind::UpdateBefore | RowKind::Delete => {
                            if let Some(at) = rows.iter().rposition(|r| r[0] == row[0]) {
                                rows.remove(at);
                            }
                        }
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn leftovers(&self, config: &Json) -> FixtureResult<Vec<String>> {
        let mut left = Vec::new();
        let staged = format!("{}/.staged", config["folder"].as_str().unwrap());
        for entry in fs::read_dir(staged)? {
            left.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(left)
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let config = json!({ "folder": self.folder.path().join("nowhere") });
        Ok(vec![
            Bad::new("a missing folder", config).mentions("nowhere"),
        ])
    }
}
