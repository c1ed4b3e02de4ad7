//! The source.

mod cluster;
mod consumer;
mod decode;
mod enumerator;
mod poller;
mod reader;
mod split;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSource;
use seatunnel_api::{
    Boundedness, CatalogTable, JobMode, PluginInfo, Result, Source, SourceContext, SourceFactory,
    SplitEnumerator, TaskContext, erase_source,
};

use crate::source_options::KafkaSourceOptions;
use decode::TableDecoder;
use enumerator::KafkaEnumerator;
use reader::KafkaReader;
pub use split::KafkaSplit;
use tables::{TopicTable, Topics};

/// Makes sources of Kafka topics.
pub struct KafkaSourceFactory;

#[async_trait]
impl SourceFactory for KafkaSourceFactory {
    type Options = KafkaSourceOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Kafka",
            aliases: &[],
            summary: "Reads messages of Kafka topics.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("../../NOTES.md")
    }

    async fn create(
        &self,
        options: KafkaSourceOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let tables = TopicTable::all(&options)?;
        for table in &tables {
            // For their errors, before anything is asked of a broker.
            consumer::reading(&options.client, &table.group, 1, false)?;
            TableDecoder::new(table)?;
        }
        consumer::max_poll_records(&options.client)?;
        consumer::answer_limit(&options.client)?;
        Ok(erase_source(KafkaSource(Arc::new(Shared {
            tables: tables.into_iter().map(Arc::new).collect(),
            options,
            streaming: context.job.mode == JobMode::Streaming,
        }))))
    }
}

/// What enumerator and readers share.
struct Shared {
    options: KafkaSourceOptions,
    tables: Vec<Arc<TopicTable>>,
    streaming: bool,
}

/// A source of Kafka topics.
struct KafkaSource(Arc<Shared>);

#[async_trait]
impl Source for KafkaSource {
    type Split = KafkaSplit;
    type Reader = KafkaReader;

    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        self.0.tables.iter().map(|t| t.table.clone()).collect()
    }

    fn boundedness(&self) -> Boundedness {
        match self.0.streaming {
            true => Boundedness::Unbounded,
            false => Boundedness::Bounded,
        }
    }

    async fn splits(&self, _parallelism: usize) -> Result<Vec<KafkaSplit>> {
        let mut enumerator = KafkaEnumerator::new(self.0.clone(), None)?;
        Ok(enumerator.discover().await?.splits)
    }

    async fn enumerator(
        &self,
        _parallelism: usize,
        state: Option<&[u8]>,
    ) -> Result<Box<dyn SplitEnumerator<KafkaSplit>>> {
        Ok(Box::new(KafkaEnumerator::new(self.0.clone(), state)?))
    }

    async fn reader(&self, context: TaskContext) -> Result<KafkaReader> {
        Ok(KafkaReader::new(self.0.clone(), context))
    }

    async fn check(&self) -> Result<()> {
        let shared = self.0.clone();
        enumerator::blocking(move || {
            for table in &shared.tables {
                let cluster = shared.cluster(&table.group)?;
                match &table.topics {
                    Topics::Named(names) => {
                        for name in names {
                            cluster.topic(name)?;
                        }
                    }
                    Topics::Matching(_) => drop(cluster.topics()?),
                }
            }
            Ok(())
        })
        .await
    }
}
