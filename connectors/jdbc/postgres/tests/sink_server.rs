//! The sink against a real server.

#![allow(clippy::unwrap_used)]

#[path = "sink_server/support.rs"]
mod support;

#[path = "sink_server/changes.rs"]
mod changes;
#[path = "sink_server/dirty.rs"]
mod dirty;
#[path = "sink_server/exactly_once.rs"]
mod exactly_once;
#[path = "sink_server/failures.rs"]
mod failures;
#[path = "sink_server/given.rs"]
mod given;
#[path = "sink_server/inserts.rs"]
mod inserts;
#[path = "sink_server/save_modes.rs"]
mod save_modes;
#[path = "sink_server/types.rs"]
mod types;
