//! Job files: HOCON dialect, JSON and SQL forms, variables, secrets, the job graph.

pub mod job;
