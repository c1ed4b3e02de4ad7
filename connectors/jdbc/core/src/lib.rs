//! What the databases of the Jdbc connector share: options, urls, SQL text, save modes, key ranges.

pub mod catalog;
pub mod changes;
pub mod dialect;
pub mod errors;
pub mod fit;
pub mod json;
pub mod keys;
pub mod net;
pub mod options;
pub mod parameters;
pub mod readback;
pub mod save_mode;
pub mod sql;
pub mod target;
pub mod tls;
pub mod url;
pub mod wanted;
