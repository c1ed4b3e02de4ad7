//! Values that flags of the command line may have.

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum DryRun {
    /// All that the file alone shows, unknown options too
    Static,
    /// Also ask the servers and look at the files
    Connect,
    /// Also show the first rows after each step
    Sample,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Engine {
    /// In this process
    Local,
    /// As a Spark application: `spark-submit` of SPARK_HOME
    Spark,
    /// As a Flink job: `flink run` of FLINK_HOME
    Flink,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum ProgressStyle {
    Auto,
    Bars,
    Lines,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub(crate) fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}
