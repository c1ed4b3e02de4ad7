//! Options, declared once.
//!
//! A plugin's options are one struct with `#[derive(Options)]`. From that one place come parsing,
//! defaults, validation with positions, the table of `seatunnel connectors show`, the JSON schema
//! and the names for "did you mean".
//!
//! ```
//! use seatunnel_api::options::{OptionEnum, Options, Secret};
//!
//! /// How rows are told apart.
//! #[derive(Clone, Debug, PartialEq, OptionEnum)]
//! enum Format {
//!     /// One JSON object a line.
//!     Json,
//!     /// Text between delimiters.
//!     #[option(name = "text", alias = "txt")]
//!     Text,
//! }
//!
//! /// Reads from somewhere.
//! #[derive(Debug, Options)]
//! #[options(together("user", "password"))]
//! #[options(required_if(key = "format", values("text"), required("field_delimiter")))]
//! struct ExampleOptions {
//!     /// Where to read from.
//!     path: String,
//!     /// How rows are told apart.
//!     #[option(default = Format::Json)]
//!     format: Format,
//!     /// What stands between two fields.
//!     #[option(fallback("delimiter"))]
//!     field_delimiter: Option<String>,
//!     /// Rows of a batch.
//!     #[option(key = "batch.rows", default = 1000, min = 1)]
//!     batch_rows: usize,
//!     /// Who reads.
//!     user: Option<String>,
//!     /// Their password.
//!     #[option(secret)]
//!     password: Option<Secret>,
//! }
//! ```
//!
//! A field of type `Option<T>` may be missing; one with a `default` takes it; any other is required.
//! `#[option(flatten)]` takes in the options of another struct.

mod common;
mod declare;
mod env;
mod read;
mod schema;
mod values;

pub use common::{SinkCommonOptions, SourceCommonOptions, TransformCommonOptions};
pub use declare::{OptionSet, OptionSpec, OptionType, Rule};
pub use env::EnvOptions;
pub use read::{OptionReader, OptionValue, Options};
pub use schema::SchemaOption;
pub use seatunnel_api_derive::{OptionEnum, Options};
pub use values::{Located, Secret};
