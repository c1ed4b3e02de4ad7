//! Sql transform.
