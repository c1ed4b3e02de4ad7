//! What the databases of the Jdbc connector share: options, urls, SQL text, save modes, key ranges.

pub mod dialect;
pub mod errors;
pub mod net;
pub mod options;
pub mod sql;
pub mod tls;
pub mod url;
