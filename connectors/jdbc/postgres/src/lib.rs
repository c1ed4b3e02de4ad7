//! PostgreSQL.

mod copy;
mod ddl;
