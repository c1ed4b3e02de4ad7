//! Checks that every source and sink must pass, for authors of connectors.
//!
//! Add the crate to the `dev-dependencies` of a connector, say in a fixture how rows get to where
//! the connector finds them, and let a macro make one test of each check. The kit plays the engine:
//! it makes the connector by its factory and carries splits, positions and committables as bytes.
//!
//! ```no_run
//! use seatunnel_api::{DataType, Registry, Value};
//! use seatunnel_conformance::{
//!     Data, Fixture, FixtureResult, Holds, Limits, SourceCheck, SourceFixture, Stored, async_trait,
//! };
//! use serde_json::json;
//! # fn register(registry: Registry) -> Registry { registry }
//! # mod server {
//! #     pub async fn create(_: &seatunnel_conformance::Data) -> Result<(), std::io::Error> { Ok(()) }
//! # }
//!
//! struct Calendar;
//!
//! impl Fixture for Calendar {
//!     fn plugin(&self) -> (Registry, &'static str) {
//!         (register(Registry::new()), "Calendar")
//!     }
//!
//!     fn holds(&self, data_type: &DataType, _value: &Value) -> Holds {
//!         match data_type {
//!             DataType::Map(..) => Holds::No("calendars have no maps"),
//!             _ => Holds::Yes,
//!         }
//!     }
//!
//!     fn limits(&self) -> Limits {
//!         Limits::default().value_bytes(1 << 20, "a note has 1 MiB at most")
//!     }
//! }
//!
//! #[async_trait]
//! impl SourceFixture for Calendar {
//!     async fn store(&self, data: &Data) -> FixtureResult<Stored> {
//!         server::create(data).await?; // a table called data.name() with data.rows()
//!         Ok(Stored::new(json!({ "table": data.name(), "split_by": data.split_by() })))
//!     }
//! }
//!
//! seatunnel_conformance::source_tests!(calendar, Calendar);
//! ```
//!
//! Put the tests into a file of their own under `tests`: the kit counts what the process allocates
//! while it checks memory, and other tests would be in its figures. Nothing is left out in silence:
//! what a fixture takes out carries a reason, and the report shows it.
//!
//! Sources are run in batch mode: one that has no end is not checked.

mod checks;
mod compare;
mod data;
mod datasets;
mod engine;
mod fixture;
mod json;
mod limits;
mod memory;
mod read_back;
mod report;
mod run;
mod sink_checks;
mod source_checks;
mod tests_macro;
mod types;
mod values;
mod write_by;

pub use async_trait::async_trait;
pub use checks::{Check, SinkCheck, SourceCheck};
pub use data::Data;
pub use fixture::{
    Bad, Connection, Fixture, FixtureError, FixtureResult, Holds, SinkFixture, SourceFixture,
    Stored,
};
pub use json::to_json;
pub use limits::Limits;
pub use read_back::read_back;
pub use report::{Outcome, Report, Verdict};
pub use run::{check_sink, check_source};
#[doc(hidden)]
pub use run::{test_sink, test_source};
pub use types::{TypeCase, all_types};
pub use values::same;
pub use write_by::write_by;
