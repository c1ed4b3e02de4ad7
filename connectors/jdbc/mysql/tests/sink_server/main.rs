//! The sink against real servers. One program, so that most tests share one of them.

#![allow(clippy::unwrap_used)]

mod common;
mod exactly_once;
mod failures;
mod kinds;
mod rows;
mod tables;
