//! How engines and the launcher find connectors, and how connectors are made.

use std::sync::Arc;

use async_trait::async_trait;

use crate::config::ConfigValue;
use crate::erased::DynSink;
use crate::erased::DynSource;
use crate::error::Result;
use crate::job::JobContext;
use crate::options::{OptionReader, OptionSet, Options};
use crate::relation::Relation;
use crate::sink::Guarantee;
use crate::table::CatalogTable;
use crate::transform::Transform;

/// What a plugin is called and does.
#[derive(Clone, Copy, Debug)]
pub struct PluginInfo {
    /// Its name in job files; matched in any case.
    pub name: &'static str,
    /// Other names that work.
    pub aliases: &'static [&'static str],
    /// One sentence.
    pub summary: &'static str,
}

/// What a source is made from, besides its options.
#[derive(Clone, Debug)]
pub struct SourceContext {
    /// The job.
    pub job: JobContext,
    /// The source's `plugin_output`, which names tables that have no name of their own.
    pub plugin_output: Option<String>,
    /// How many readers it will have.
    pub parallelism: usize,
}

/// What a transform is made from, besides its options.
#[derive(Clone, Debug)]
pub struct TransformContext {
    /// The job.
    pub job: JobContext,
    /// The tables that go in.
    pub tables: Vec<Arc<CatalogTable>>,
    /// The transform's `plugin_input`, where given: what the rows are called in the job file.
    pub plugin_input: Vec<String>,
    /// The transform's `plugin_output`, where given.
    pub plugin_output: Option<String>,
}

/// The tables that one input of a relation brings.
#[derive(Clone, Debug)]
pub struct InputTables {
    /// What the job file calls the input; nothing if it is what stands before the block.
    pub name: Option<String>,
    /// The tables.
    pub tables: Vec<Arc<CatalogTable>>,
}

/// What a relation is made from, besides its options.
#[derive(Clone, Debug)]
pub struct RelationContext {
    /// The job.
    pub job: JobContext,
    /// The inputs, in the order of `plugin_input`.
    pub inputs: Vec<InputTables>,
    /// The block's `plugin_output`, where given.
    pub plugin_output: Option<String>,
}

/// What a sink is made from, besides its options.
#[derive(Clone, Debug)]
pub struct SinkContext {
    /// The job.
    pub job: JobContext,
    /// The tables that go in.
    pub tables: Vec<Arc<CatalogTable>>,
    /// The sink's block as it stands in the job file; see [`crate::per_table`].
    pub config: ConfigValue,
}

/// Makes sources.
#[async_trait]
pub trait SourceFactory: Send + Sync + 'static {
    /// The options of the block.
    type Options: Options;

    /// What it is called.
    fn info(&self) -> PluginInfo;

    /// What its users must know besides options: how types map, which path is taken when. Markdown,
    /// with headings from the second level on; becomes part of its page in the documentation.
    fn notes(&self) -> &'static str {
        ""
    }

    /// Makes a source; reads the schema of what it will read. May connect.
    ///
    /// # Errors
    /// If the options make no sense together or the server can't be asked.
    async fn create(
        &self,
        options: Self::Options,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>>;
}

/// Makes transforms.
#[async_trait]
pub trait TransformFactory: Send + Sync + 'static {
    /// The options of the block.
    type Options: Options;

    /// What it is called.
    fn info(&self) -> PluginInfo;

    /// What its users must know besides options: how types map, which path is taken when. Markdown,
    /// with headings from the second level on; becomes part of its page in the documentation.
    fn notes(&self) -> &'static str {
        ""
    }

    /// Makes a transform for the tables that come in.
    ///
    /// # Errors
    /// If the options don't fit the tables: a column that isn't there names the nearest that is.
    async fn create(
        &self,
        options: Self::Options,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>>;

    /// Makes a relation, if these options ask for what needs all rows of its inputs. Asked first; the
    /// default says that they don't, and a transform is made.
    ///
    /// # Errors
    /// If the options don't fit the tables, or the job never ends.
    async fn relation(
        &self,
        _options: &Self::Options,
        _context: &RelationContext,
    ) -> Result<Option<Arc<dyn Relation>>> {
        Ok(None)
    }
}

/// Makes sinks.
#[async_trait]
pub trait SinkFactory: Send + Sync + 'static {
    /// The options of the block.
    type Options: Options;

    /// What it is called.
    fn info(&self) -> PluginInfo;

    /// What its users must know besides options: how types map, which path is taken when. Markdown,
    /// with headings from the second level on; becomes part of its page in the documentation.
    fn notes(&self) -> &'static str {
        ""
    }

    /// The most that its sinks promise, and on what condition: for those who choose a connector.
    /// What one sink promises with its options is [`crate::Sink::guarantee`].
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    /// Makes a sink for the tables that come in. Changes nothing outside.
    ///
    /// # Errors
    /// If the options make no sense together or don't fit the tables.
    async fn create(
        &self,
        options: Self::Options,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>>;
}

/// What all factories have, their option types erased.
pub trait Plugin: Send + Sync {
    /// What it is called.
    fn info(&self) -> PluginInfo;
    /// What its users must know besides options, in Markdown.
    fn notes(&self) -> &'static str;
    /// Its options.
    fn declaration(&self) -> &'static OptionSet;
    /// Checks the options of a block without making anything; true if they can be read.
    fn check(&self, config: &ConfigValue, reader: &mut OptionReader<'_>) -> bool;
}

/// A [`SourceFactory`] whose option type is erased.
#[async_trait]
pub trait DynSourceFactory: Plugin {
    /// Makes a source from a block.
    async fn create(
        &self,
        config: &ConfigValue,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>>;
}

/// A [`TransformFactory`] whose option type is erased.
#[async_trait]
pub trait DynTransformFactory: Plugin {
    /// Makes a transform from a block.
    async fn create(
        &self,
        config: &ConfigValue,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>>;

    /// See [`TransformFactory::relation`].
    async fn relation(
        &self,
        config: &ConfigValue,
        context: &RelationContext,
    ) -> Result<Option<Arc<dyn Relation>>>;
}

/// A [`SinkFactory`] whose option type is erased.
#[async_trait]
pub trait DynSinkFactory: Plugin {
    /// See [`SinkFactory::guarantee`].
    fn guarantee(&self) -> Guarantee;
    /// Makes a sink from the block in the context.
    async fn create(&self, context: SinkContext) -> Result<Arc<dyn DynSink>>;
}

struct SourcePlugin<F>(F);
struct TransformPlugin<F>(F);
struct SinkPlugin<F>(F);

macro_rules! plugin {
    ($adapter:ident, $factory:ident) => {
        impl<F: $factory> Plugin for $adapter<F> {
            fn info(&self) -> PluginInfo {
                self.0.info()
            }

            fn notes(&self) -> &'static str {
                self.0.notes()
            }

            fn declaration(&self) -> &'static OptionSet {
                F::Options::declaration()
            }

            fn check(&self, config: &ConfigValue, reader: &mut OptionReader<'_>) -> bool {
                F::Options::read(config, reader).is_some()
            }
        }
    };
}

plugin!(SourcePlugin, SourceFactory);
plugin!(TransformPlugin, TransformFactory);
plugin!(SinkPlugin, SinkFactory);

#[async_trait]
impl<F: SourceFactory> DynSourceFactory for SourcePlugin<F> {
    async fn create(
        &self,
        config: &ConfigValue,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let options = F::Options::from_config(self.0.info().name, config)?;
        self.0.create(options, context).await
    }
}

#[async_trait]
impl<F: TransformFactory> DynTransformFactory for TransformPlugin<F> {
    async fn create(
        &self,
        config: &ConfigValue,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        let options = F::Options::from_config(self.0.info().name, config)?;
        self.0.create(options, context).await
    }

    async fn relation(
        &self,
        config: &ConfigValue,
        context: &RelationContext,
    ) -> Result<Option<Arc<dyn Relation>>> {
        let options = F::Options::from_config(self.0.info().name, config)?;
        self.0.relation(&options, context).await
    }
}

#[async_trait]
impl<F: SinkFactory> DynSinkFactory for SinkPlugin<F> {
    fn guarantee(&self) -> Guarantee {
        self.0.guarantee()
    }

    async fn create(&self, context: SinkContext) -> Result<Arc<dyn DynSink>> {
        let options = F::Options::from_config(self.0.info().name, &context.config)?;
        self.0.create(options, context).await
    }
}

/// The connectors and transforms that a program is built with.
#[derive(Clone, Default)]
pub struct Registry {
    sources: Vec<Arc<dyn DynSourceFactory>>,
    transforms: Vec<Arc<dyn DynTransformFactory>>,
    sinks: Vec<Arc<dyn DynSinkFactory>>,
}

impl Registry {
    /// A registry without plugins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source.
    #[must_use]
    pub fn source(mut self, factory: impl SourceFactory) -> Self {
        self.sources.push(Arc::new(SourcePlugin(factory)));
        self
    }

    /// Adds a transform.
    #[must_use]
    pub fn transform(mut self, factory: impl TransformFactory) -> Self {
        self.transforms.push(Arc::new(TransformPlugin(factory)));
        self
    }

    /// Adds a sink.
    #[must_use]
    pub fn sink(mut self, factory: impl SinkFactory) -> Self {
        self.sinks.push(Arc::new(SinkPlugin(factory)));
        self
    }

    /// All sources, in the order they were added.
    pub fn sources(&self) -> &[Arc<dyn DynSourceFactory>] {
        &self.sources
    }

    /// All transforms, in the order they were added.
    pub fn transforms(&self) -> &[Arc<dyn DynTransformFactory>] {
        &self.transforms
    }

    /// All sinks, in the order they were added.
    pub fn sinks(&self) -> &[Arc<dyn DynSinkFactory>] {
        &self.sinks
    }

    /// The source of this name, in any case.
    pub fn find_source(&self, name: &str) -> Option<&Arc<dyn DynSourceFactory>> {
        self.sources.iter().find(|f| is_called(f.info(), name))
    }

    /// The transform of this name, in any case.
    pub fn find_transform(&self, name: &str) -> Option<&Arc<dyn DynTransformFactory>> {
        self.transforms.iter().find(|f| is_called(f.info(), name))
    }

    /// The sink of this name, in any case.
    pub fn find_sink(&self, name: &str) -> Option<&Arc<dyn DynSinkFactory>> {
        self.sinks.iter().find(|f| is_called(f.info(), name))
    }
}

fn is_called(info: PluginInfo, name: &str) -> bool {
    std::iter::once(info.name)
        .chain(info.aliases.iter().copied())
        .any(|known| known.eq_ignore_ascii_case(name))
}
