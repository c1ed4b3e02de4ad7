//! Writing rows.
//!
//! One sink writes all tables of a job that go to one server; each of its writers holds one
//! connection and one transaction until the checkpoint, unless `batch_size` or `batch_interval_ms`
//! say when to commit. Rows get to the server in one of three ways, in this order:
//!
//! 1. MariaDB's bulk command: a prepared statement for one row is executed for about a thousand at
//!    once. The server needs a third less time for it than for `LOAD DATA` of the same rows, and it
//!    is as strict as any statement.
//! 2. `LOAD DATA LOCAL INFILE`, fed from memory, where server and url allow it ([`load`]).
//! 3. Prepared statements with a group of parameters for each row.
//!
//! What a row's kind asks for is done in order ([`steps`]); where a row replaces the one of its key as
//! a whole, only the last change of each key is ([`fold`]).

mod apply;
pub(crate) mod details;
mod fold;
pub(crate) mod form;
mod groups;
mod load;
mod parameters;
mod plan;
mod rejected;
mod replay;
mod session;
mod shared;
mod statements;
mod steps;
mod write;
mod writer;
mod xa;

pub(crate) use write::create;
