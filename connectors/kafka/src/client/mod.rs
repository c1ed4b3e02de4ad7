//! Clients of librdkafka from the options of a job: settings, logs, errors.

mod errors;
mod jaas;
mod names;
mod notes;
mod settings;
mod stores;

pub(crate) use errors::{client_error, code_of, coded, is_passing};
pub(crate) use notes::Notes;
pub(crate) use settings::{Role, own_property, settings};
