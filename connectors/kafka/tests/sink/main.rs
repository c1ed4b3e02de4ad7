//! The Kafka sink on real brokers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod exactly_once;
mod failures;
mod support;
mod writing;
