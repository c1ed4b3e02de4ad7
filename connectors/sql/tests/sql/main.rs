//! The Sql transform, from the text of a query to the rows that come out.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod any_query;
mod expressions;
mod functions;
mod like_java;
mod refusals;
mod relations;
mod support;
mod tables;
