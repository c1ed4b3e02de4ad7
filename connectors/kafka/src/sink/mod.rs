//! The Kafka sink.

mod channel;
pub(crate) mod client;
mod encode;
pub(crate) mod errors;
mod partition;
pub(crate) mod producer;
mod readback;
mod text;
mod topic;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use rdkafka::ClientConfig;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::erased::DynSink;
use seatunnel_api::per_table::options_per_table;
use seatunnel_api::{
    CatalogTable, Error, Guarantee, JobContext, PluginInfo, Readback, Result, Sink, SinkContext,
    SinkFactory, TaskContext, erase_sink,
};
use seatunnel_formats::Format;

use self::channel::Channel;
use self::encode::TableEncoder;
use self::partition::{PartitionChoice, count_partitions};
use self::producer::Producer;
use self::topic::TopicChoice;
use self::writer::{KafkaWriter, WriterTable};
use crate::codes;
use crate::sink_options::{KafkaSinkOptions, Semantics};
use crate::transaction::{Prepared, Transactions};

/// Makes Kafka sinks.
pub struct KafkaSinkFactory;

const EXACTLY_ONCE: Guarantee = Guarantee::ExactlyOnce(
    "with semantics = EXACTLY_ONCE, for consumers with isolation.level=read_committed, as long as the job goes on within \
     transaction.timeout.ms; else a row may come twice",
);

#[async_trait]
impl SinkFactory for KafkaSinkFactory {
    type Options = KafkaSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Kafka",
            aliases: &[],
            summary: "Writes rows as messages of Kafka topics.",
        }
    }

    fn notes(&self) -> &'static str {
        include_str!("../../NOTES.md")
    }

    fn guarantee(&self) -> Guarantee {
        EXACTLY_ONCE
    }

    async fn create(
        &self,
        _options: KafkaSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(KafkaSink::new(&context)?))
    }
}

/// Writes rows of one or more tables to topics.
pub(crate) struct KafkaSink {
    /// Settings of the producers.
    config: ClientConfig,
    options: KafkaSinkOptions,
    tables: Vec<Table>,
    /// The block and the job, to read back what was written.
    block: ConfigValue,
    job: JobContext,
    /// With EXACTLY_ONCE.
    transactions: Option<Transactions>,
}

/// A table and where its rows go.
struct Table {
    table: Arc<CatalogTable>,
    options: KafkaSinkOptions,
    topic: TopicChoice,
}

impl KafkaSink {
    fn new(context: &SinkContext) -> Result<Self> {
        let mut tables = Vec::with_capacity(context.tables.len());
        for (table, options) in options_per_table::<KafkaSinkOptions>("Kafka", context)? {
            // Rows of these formats say themselves where they belong.
            let otherwise = matches!(
                options.format.format,
                Format::Native | Format::CompatibleDebeziumJson
            );
            let topic = TopicChoice::read(
                options.topic.as_deref(),
                otherwise.then_some("topic"),
                &table,
            )?;
            // Finds what is wrong with options before anything starts.
            TableEncoder::new(&table, &options)?;
            tables.push(Table {
                table,
                options,
                topic,
            });
        }
        let Some(first) = tables.first() else {
            return Err(Error::new(
                seatunnel_api::codes::INTERNAL,
                "a sink without tables",
            ));
        };
        let options = first.options.clone();
        let config = client::settings(&options)?;
        let transactions = match options.semantics {
            Semantics::ExactlyOnce => Some(Transactions::new(
                config.clone(),
                &options.transaction_prefix,
                &context.job,
                client::fingerprint(&tables),
                tables
                    .iter()
                    .filter_map(|t| t.topic.fixed())
                    .map(str::to_owned)
                    .collect(),
            )?),
            _ => None,
        };
        Ok(Self {
            config,
            options,
            tables,
            block: context.config.clone(),
            job: context.job.clone(),
            transactions,
        })
    }

    /// The topics that are the same for all rows of a table.
    fn fixed_topics(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().filter_map(|t| t.topic.fixed())
    }
}

#[async_trait]
impl Sink for KafkaSink {
    type Committable = Prepared;
    type Writer = KafkaWriter;

    async fn prepare(&self) -> Result<()> {
        // Topics that are made by the first look at them have their leaders before rows come.
        let producer = Producer::open(&self.config)?;
        for topic in self.fixed_topics() {
            let count = count_partitions(&producer, topic).await?;
            if let Some(partition) = self.options.partition
                && partition >= count
            {
                return Err(Error::new(
                    codes::TOPIC_MISSING,
                    format!("`partition` is {partition}, and the topic has {count} partitions"),
                )
                .with_context("topic", topic)
                .with_help("partitions are counted from 0"));
            }
        }
        producer.close().await;
        if let Some(transactions) = &self.transactions {
            transactions.check().await?;
        }
        Ok(())
    }

    async fn writer(&self, context: TaskContext) -> Result<KafkaWriter> {
        let mut tables = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            tables.push(WriterTable {
                table: table.table.clone(),
                topic: table.topic.clone(),
                encoder: TableEncoder::new(&table.table, &table.options)?,
            });
        }
        let channel = match &self.transactions {
            Some(transactions) => Channel::transactional(transactions.clone(), context.subtask)?,
            None => {
                let topics: Vec<String> = self.fixed_topics().map(str::to_owned).collect();
                let config = client::with_limit(&self.config, &topics).await;
                Channel::Direct(Producer::open(&config)?)
            }
        };
        let partition = PartitionChoice::new(
            self.options.partition,
            self.options.assign_partitions.as_deref(),
        );
        Ok(KafkaWriter::new(channel, tables, partition, context.dirty))
    }

    async fn commit(&self, committables: Vec<Prepared>) -> Result<()> {
        match self.of_transactions(&committables)? {
            Some(transactions) => transactions.commit(committables).await,
            None => Ok(()),
        }
    }

    async fn abort(&self, committables: Vec<Prepared>) -> Result<()> {
        match self.of_transactions(&committables)? {
            Some(transactions) => transactions.abort(committables).await,
            None => Ok(()),
        }
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        match &self.transactions {
            Some(transactions) => transactions.discard_leftovers(job).await,
            None => Ok(()),
        }
    }

    async fn finish(&self) -> Result<()> {
        if let Some(transactions) = &self.transactions {
            transactions.close().await;
        }
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        client::check(&self.options, self.fixed_topics()).await?;
        match &self.transactions {
            Some(transactions) => transactions.check().await,
            None => Ok(()),
        }
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        let mut all = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            match readback::readback(table, &self.block, &self.job).await? {
                Some(own) => all.push(own),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    fn guarantee(&self) -> Guarantee {
        match self.options.semantics {
            Semantics::ExactlyOnce => EXACTLY_ONCE,
            Semantics::AtLeastOnce | Semantics::Non => Guarantee::AtLeastOnce,
        }
    }
}

impl KafkaSink {
    fn of_transactions(&self, committables: &[Prepared]) -> Result<Option<&Transactions>> {
        match (&self.transactions, committables) {
            (None, []) => Ok(None),
            (Some(transactions), _) => Ok(Some(transactions)),
            // The job file was changed between two runs: what is prepared must still be ended.
            (None, [..]) => Err(Error::new(
                codes::TRANSACTION_FAILED,
                "a checkpoint has transactions that wait for their commit, and the sink no longer has semantics = EXACTLY_ONCE",
            )
            .with_help("let the job go on once with EXACTLY_ONCE, or start it over with --fresh")),
        }
    }
}
