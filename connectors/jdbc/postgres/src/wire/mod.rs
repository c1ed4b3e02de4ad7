//! The server's protocol, version 3 (PostgreSQL docs, Frontend/Backend Protocol).
//!
//! A connection of its own rather than a driver's: COPY data is looked at where it was read, without
//! an object per row (docs/decisions/0002-server-drivers.md).

mod certificate;
mod connection;
mod copy;
mod failure;
mod queue;
mod settings;
mod startup;
mod stream;

pub(crate) use connection::{Connection, FieldInfo, ResultSet};
pub(crate) use copy::Taken;
pub(crate) use failure::{Failure, ServerError};
pub(crate) use settings::Settings;
