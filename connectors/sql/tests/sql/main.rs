//! The Sql transform, from the text of a query to the rows that come out.

mod any_query;
mod expressions;
mod functions;
mod refusals;
mod support;
mod tables;
