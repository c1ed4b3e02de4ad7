//! A connection as the server's protocol has it (MySQL docs, Client/Server Protocol; MariaDB docs,
//! Client/Server Protocol).
//!
//! Greeting, login and scrambles are mysql_common's; packets are read and written here, so that rows
//! can be taken from the read buffer where they lie.

mod connection;
mod failure;
mod load;
mod login;
#[cfg(test)]
mod login_tests;
mod packet;
mod parameters;
mod public_key;
mod session;
mod settings;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use connection::{Arrival, Connection, Purpose, ResultSet};
pub(crate) use failure::Failure;
pub(crate) use packet::{ColumnDefinition, Done, Fields};
pub(crate) use settings::{Behaviour, Settings, TimeType, ZeroDates};
