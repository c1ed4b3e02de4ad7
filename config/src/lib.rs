//! Job files: HOCON dialect, JSON and SQL forms, variables, secrets, the job graph.
//!
//! [`load`] reads a file into a tree whose values know where they were written; [`job`] makes a
//! job of the tree.

pub mod codes;
mod file;
mod hocon;
pub mod job;
mod json;
mod load;
pub mod shade;
mod sql;
mod variables;

pub use load::{
    Environment, Format, LoadOptions, Loaded, decrypt, encrypt, load, parse_str, tree, tree_of_str,
};
pub use variables::Variables;
