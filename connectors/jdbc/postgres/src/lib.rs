//! PostgreSQL.

mod catalog;
mod copy;
mod ddl;
mod types;
mod wire;
