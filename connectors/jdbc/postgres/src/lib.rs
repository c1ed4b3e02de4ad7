//! PostgreSQL.

mod copy;
mod ddl;
mod wire;
