//! The tree a job file is read into: values that know where they were written.
//!
//! The parsers live in `seatunnel-config`; the tree lives here because option declarations
//! ([`crate::options`]) read it and connectors report errors against it.

mod diagnostic;
mod mask;
mod span;
mod value;

pub use diagnostic::{Diagnostic, Report, Severity, nearest};
pub use mask::{is_secret_key, mask_secrets};
pub use span::{SourceText, Span};
pub use value::{ConfigValue, Kind, Object};
