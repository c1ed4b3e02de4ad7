//! PostgreSQL.

mod copy;
