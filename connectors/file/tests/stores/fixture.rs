//! Any store as a fixture of the conformance kit.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    CatalogTable, Column, DataType, JobContext, JobMode, Registry, SourceContext, Value,
};
use seatunnel_conformance::{
    Bad, Connection, Data, Fixture, FixtureResult, Limits, SinkCheck, SinkFixture, SourceFixture,
    Stored, async_trait, read_back, write_by,
};
use serde_json::{Value as Json, json};

use crate::relay::Relay;

/// What a test sees of a store past the connector.
pub(crate) trait Look: Send + Sync + 'static {
    /// Paths of the files below a folder of the store, and, with `upload ` in front, of what is sent of files and not
    /// completed.
    fn files(&self, folder: &str) -> Vec<String>;

    /// Whether nothing can take away what was sent.
    fn keeps_uploads(&self) -> bool {
        false
    }
}

/// Files of this machine that a server serves.
pub(crate) struct Served;

impl Look for Served {
    fn files(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(folder).to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push(path.display().to_string()),
                }
            }
        }
        found
    }
}

/// A store, and a folder in it.
pub(crate) struct InStore {
    pub(crate) plugin: &'static str,
    /// The options that say where the store is.
    pub(crate) store: Json,
    pub(crate) format: &'static str,
    /// The folder as the connector sees it.
    pub(crate) root: String,
    /// The folder as `look` sees it.
    pub(crate) seen: String,
    pub(crate) look: Box<dyn Look>,
    /// The same with something wrong about the store, what, and what the error must name.
    pub(crate) bad_stores: Vec<(&'static str, Json, String)>,
    /// The same for what only a sink minds.
    pub(crate) bad_sinks: Vec<(&'static str, Json, String)>,
    pub(crate) in_place: bool,
    /// What the options lead through, if connections can be cut there.
    pub(crate) relay: Option<Relay>,
}

impl InStore {
    fn with(&self, more: Json) -> Json {
        let mut config = self.store.clone();
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        config
    }

    /// Writes some rows and reads them.
    pub(crate) async fn writes_and_reads(&self) {
        let columns = vec![Column::new("text", DataType::String)];
        let row = |id, text: &str| vec![Value::BigInt(id), Value::String(text.to_owned())];
        let rows = vec![row(1, "one"), row(2, "two")];
        let data = Data::new("some", columns, rows.clone());
        SourceFixture::store(self, &data).await.unwrap();
        let mut found = self.rows(&Json::Null, data.table()).await.unwrap();
        found.sort_by_key(|row| format!("{row:?}"));
        assert_eq!(found, rows);
    }

    /// Has files deleted, or moved, that were read; their rows count as committed.
    pub(crate) async fn puts_files_away(&self) {
        for action in ["delete", "backup"] {
            let column = Column::new("text", DataType::String);
            let data = Data::new(
                action,
                vec![column],
                vec![vec![Value::BigInt(1), Value::Null]],
            );
            SourceFixture::store(self, &data).await.unwrap();
            let mut config = self.source(data.name());
            config["schema"] = data.schema_block();
            config["discovery_mode"] = json!("continuous");
            config["scan_interval"] = json!("10MS");
            config["post_sync_action"] = json!(action);
            if action == "backup" {
                config["backup_path"] = json!(format!("{}/kept", self.root));
            }
            let (registry, plugin) = self.plugin();
            let factory = registry.find_source(plugin).unwrap().clone();
            let context = SourceContext {
                job: JobContext {
                    id: "job1".into(),
                    name: "test".into(),
                    mode: JobMode::Streaming,
                },
                plugin_output: None,
                parallelism: 1,
            };
            let config = ConfigValue::from_json(&config);
            let source = factory.create(&config, context).await.unwrap();
            let mut enumerator = source.enumerator(1, None).await.unwrap();
            // Files are looked at twice where they may still be written.
            let mut splits = Vec::new();
            for _ in 0..100 {
                splits.extend(enumerator.discover().await.unwrap().splits);
                if !splits.is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let files = |folder: &str| self.look.files(&format!("{}/{folder}", self.seen));
            let out = format!("out/{}", data.name());
            let before = files(&out);
            assert!(!before.is_empty());
            for split in &splits {
                enumerator.split_finished(&split.bytes).await.unwrap();
            }
            enumerator.snapshot().unwrap();
            enumerator.checkpoint_durable(&[]).await.unwrap();
            let left = files(&out);
            assert!(left.is_empty(), "{left:?}");
            let kept = files("kept");
            assert_eq!(
                kept.len(),
                if action == "backup" { before.len() } else { 0 },
                "{kept:?}"
            );
            // Nothing is left where files come from, and that is no error.
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(enumerator.discover().await.unwrap().splits.is_empty());
        }
    }

    fn sink(&self, table: &str) -> Json {
        self.with(json!({
            "path": format!("{}/out/{table}", self.root),
            "tmp_path": format!("{}/tmp", self.root),
            "file_format_type": self.format,
            "is_enable_transaction": !self.in_place,
        }))
    }

    fn source(&self, table: &str) -> Json {
        self.with(json!({
            "path": format!("{}/out/{table}", self.root),
            "file_format_type": self.format,
        }))
    }
}

/// What is wrong, each with these options too.
fn bad(wrong: &[(&'static str, Json, String)], options: &Json) -> Vec<Bad> {
    let bad = wrong.iter().map(|(what, store, mentions)| {
        let mut config = options.clone();
        for (key, value) in store.as_object().unwrap() {
            config[key] = value.clone();
        }
        Bad::new(*what, config).mentions(mentions)
    });
    bad.collect()
}

impl Fixture for InStore {
    fn plugin(&self) -> (Registry, &'static str) {
        let registry = seatunnel_connector_file::register(Registry::new());
        (registry, self.plugin)
    }

    fn limits(&self) -> Limits {
        let limits = Limits::default().leave_out(
            SinkCheck::RowKinds,
            "a file holds the rows as they come, those of deletes too",
        );
        // Pieces that are fetched ahead and parts that are on their way.
        limits.memory(
            96 << 20,
            "parts of 8 MiB are on their way, or a row group is written in one piece",
        )
    }

    fn connection(&self) -> Option<&dyn Connection> {
        self.relay.as_ref().map(|relay| relay as _)
    }
}

#[async_trait]
impl SourceFixture for InStore {
    async fn store(&self, data: &Data) -> FixtureResult<Stored> {
        let (registry, name) = self.plugin();
        write_by(&registry, name, &self.sink(data.name()), data).await?;
        let mut config = self.source(data.name());
        // Many splits of a small file.
        config["file_split_size"] = json!(if data.split_by().is_some() {
            4_096
        } else {
            64 << 20
        });
        if self.format != "parquet" {
            config["schema"] = data.schema_block();
        }
        Ok(Stored::new(config))
    }

    async fn bad_inputs(&self) -> FixtureResult<Vec<Bad>> {
        let mut missing = self.source("nowhere");
        missing["schema"] = json!({ "fields": { "id": "bigint" } });
        let mut bad = bad(&self.bad_stores, &missing);
        bad.push(Bad::new("a missing folder", missing).mentions("nowhere"));
        Ok(bad)
    }
}

#[async_trait]
impl SinkFixture for InStore {
    async fn target(&self, table: &Arc<CatalogTable>) -> FixtureResult<Json> {
        Ok(self.sink(&table.path().table))
    }

    async fn rows(
        &self,
        _config: &Json,
        table: &Arc<CatalogTable>,
    ) -> FixtureResult<Vec<Vec<Value>>> {
        let name = &table.path().table;
        let seen = format!("{}/out/{name}", self.seen);
        if self
            .look
            .files(&seen)
            .iter()
            .all(|file| file.starts_with("upload "))
        {
            return Ok(Vec::new());
        }
        let columns: Vec<Json> = table
            .columns()
            .iter()
            .map(|c| json!({ "name": c.name, "type": c.data_type.to_string() }))
            .collect();
        let mut config = self.source(name);
        if self.format != "parquet" {
            config["schema"] = json!({ "columns": columns });
        }
        read_back(&self.plugin().0, self.plugin, &config).await
    }

    async fn leftovers(&self, config: &Json) -> FixtureResult<Vec<String>> {
        let mut left = self.look.files(&format!("{}/tmp", self.seen));
        let path = config["path"].as_str().unwrap();
        let below = path.strip_prefix(&self.root).unwrap();
        if !self.look.keeps_uploads() {
            let target = self.look.files(&format!("{}{below}", self.seen));
            let uploads = target.into_iter();
            left.extend(uploads.filter(|file| file.starts_with("upload ")));
        }
        Ok(left)
    }

    async fn bad_targets(&self) -> FixtureResult<Vec<Bad>> {
        let target = self.sink("any");
        let mut found = bad(&self.bad_stores, &target);
        found.extend(bad(&self.bad_sinks, &target));
        let mut missing = self.sink("missing");
        missing["schema_save_mode"] = json!("ERROR_WHEN_SCHEMA_NOT_EXIST");
        found.push(Bad::new("a missing folder", missing).mentions("missing"));
        Ok(found)
    }
}
