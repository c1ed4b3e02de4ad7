//! The plugins that read and write files of stores: their options, and what these say about the store.

#[cfg(feature = "object-store")]
mod azure;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(feature = "object-store")]
mod gcs;
#[cfg(feature = "hdfs")]
mod hdfs;
#[cfg(feature = "object-store")]
mod properties;
#[cfg(feature = "object-store")]
mod s3;
#[cfg(feature = "object-store")]
mod s3_like;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(feature = "webdav")]
mod webdav;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use seatunnel_api::options::Options;
use seatunnel_api::{Error, Registry, Result, codes};
use seatunnel_file_store::{Store, Trouble};

use crate::place::{Place, Root};

/// Adds the plugins of all stores that are built in.
pub(crate) fn register(registry: Registry) -> Registry {
    #[cfg(feature = "object-store")]
    let registry = {
        let registry = s3::register(registry);
        let registry = s3_like::oss::register(registry);
        let registry = s3_like::cos::register(registry);
        let registry = s3_like::obs::register(registry);
        let registry = gcs::register(registry);
        azure::register(registry)
    };
    #[cfg(feature = "hdfs")]
    let registry = hdfs::register(registry);
    #[cfg(feature = "sftp")]
    let registry = sftp::register(registry);
    #[cfg(feature = "ftp")]
    let registry = ftp::register(registry);
    #[cfg(feature = "webdav")]
    let registry = webdav::register(registry);
    registry
}

/// Options that say where a store is and who we are.
trait StoreOptions: Options + Clone + PartialEq + Sync + 'static {
    /// What the plugin is called.
    const PLUGIN: &'static str;

    /// The store.
    ///
    /// # Errors
    /// If an option is missing or makes no sense.
    fn store(&self) -> Result<Arc<dyn Store>>;
}

/// The stores of a plugin: tables with the same options share one.
struct Stores<O>(Mutex<Vec<(O, Arc<dyn Store>)>>);

impl<O: StoreOptions> Stores<O> {
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// What the paths of a table are part of.
    fn root(&self, options: &O) -> Result<Root> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match known.iter().find(|(of, _)| of == options) {
            Some((_, store)) => store.clone(),
            None => {
                let store = options.store()?;
                known.push((options.clone(), store.clone()));
                store
            }
        };
        Ok(Root {
            plugin: O::PLUGIN,
            place: Place::Store(store),
        })
    }
}

/// The value of an option that the store can't do without.
fn needed<'a, T>(plugin: &str, option: &str, value: &'a Option<T>) -> Result<&'a T> {
    value.as_ref().ok_or_else(|| {
        let message = format!("{plugin} needs the option `{option}`");
        Error::new(codes::OPTION_INVALID, message)
    })
}

/// Whether one of some options is there that the store can't do without.
#[cfg(feature = "sftp")]
fn one_needed(plugin: &str, options: &[&str], is_there: bool) -> Result<()> {
    match is_there {
        true => Ok(()),
        false => {
            let message = format!(
                "{plugin} needs one of the options `{}`",
                options.join("`, `")
            );
            Err(Error::new(codes::OPTION_INVALID, message))
        }
    }
}

/// An error of making a store: the options are wrong.
fn wrong_options(plugin: &str, error: io::Error) -> Error {
    let help = Trouble::of(&error).and_then(Trouble::advice);
    let message = format!("{plugin}: {error}");
    let error = Error::new(codes::OPTION_INVALID, message).with_cause(error);
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// A bucket's name out of `s3a://name`, or just the name.
#[cfg(feature = "object-store")]
fn bucket_name(text: &str) -> &str {
    let name = text.split_once("://").map_or(text, |(_, name)| name);
    name.trim_matches('/')
}

/// An address with `https://` in front if it has no scheme.
#[cfg(feature = "object-store")]
fn with_scheme(address: &str, tls: bool) -> String {
    match (address.contains("://"), tls) {
        (true, _) => address.to_owned(),
        (false, true) => format!("https://{address}"),
        (false, false) => format!("http://{address}"),
    }
}

/// Source and sink of a store. The options of both are those of the store, of which there is one type,
/// and those that all files have.
macro_rules! plugin {
    (
        name: $name:literal,
        aliases: $aliases:expr,
        options: $options:ident,
        source: $reads:tt,
        sink: $writes:tt,
        guarantee: $guarantee:expr,
    ) => {
        /// A table and the store that its files are in.
        #[derive(Clone, Debug, seatunnel_api::options::Options)]
        struct TableOptions {
            /// The store.
            #[option(flatten)]
            store: $options,
            /// The files.
            #[option(flatten)]
            file: $crate::source_options::FileTableOptions,
        }

        #[doc = $reads]
        #[derive(Clone, Debug, seatunnel_api::options::Options)]
        #[options(one_of("path", "tables_configs"))]
        pub(crate) struct SourceOptions {
            /// Several tables, each with options of its own, those of the store too.
            #[option(fallback("table_list"))]
            tables_configs: Option<Vec<TableOptions>>,
            /// The only table.
            #[option(flatten)]
            table: TableOptions,
        }

        #[doc = $writes]
        #[derive(Clone, Debug, seatunnel_api::options::Options)]
        pub(crate) struct SinkOptions {
            /// The store.
            #[option(flatten)]
            store: $options,
            /// The files.
            #[option(flatten)]
            file: $crate::sink_options::FileSinkOptions,
        }

        struct SourcePlugin;

        #[async_trait::async_trait]
        impl seatunnel_api::SourceFactory for SourcePlugin {
            type Options = SourceOptions;

            fn info(&self) -> seatunnel_api::PluginInfo {
                seatunnel_api::PluginInfo {
                    name: $name,
                    aliases: &$aliases,
                    summary: $reads,
                }
            }

            async fn create(
                &self,
                options: SourceOptions,
                context: seatunnel_api::SourceContext,
            ) -> seatunnel_api::Result<std::sync::Arc<dyn seatunnel_api::erased::DynSource>> {
                let stores = $crate::stores::Stores::new();
                let declared = match options.tables_configs {
                    Some(tables) => tables,
                    None => vec![options.table],
                };
                let tables = declared
                    .into_iter()
                    .map(|table| Ok((table.file, stores.root(&table.store)?)))
                    .collect::<seatunnel_api::Result<Vec<_>>>()?;
                $crate::source::source_of_tables(tables, context.plugin_output.as_deref())
            }
        }

        struct SinkPlugin;

        #[async_trait::async_trait]
        impl seatunnel_api::SinkFactory for SinkPlugin {
            type Options = SinkOptions;

            fn info(&self) -> seatunnel_api::PluginInfo {
                seatunnel_api::PluginInfo {
                    name: $name,
                    aliases: &$aliases,
                    summary: $writes,
                }
            }

            fn guarantee(&self) -> seatunnel_api::Guarantee {
                seatunnel_api::Guarantee::ExactlyOnce($guarantee)
            }

            async fn create(
                &self,
                _options: SinkOptions,
                context: seatunnel_api::SinkContext,
            ) -> seatunnel_api::Result<std::sync::Arc<dyn seatunnel_api::erased::DynSink>> {
                let stores = $crate::stores::Stores::new();
                seatunnel_api::per_table::per_table(
                    $name,
                    &context,
                    |options: SinkOptions, table| {
                        let root = stores.root(&options.store)?;
                        $crate::sink::FileSink::new(options.file, root, table)
                    },
                )
            }
        }

        /// Adds the plugin.
        pub(crate) fn register(registry: seatunnel_api::Registry) -> seatunnel_api::Registry {
            registry.source(SourcePlugin).sink(SinkPlugin)
        }
    };
}
use plugin;
