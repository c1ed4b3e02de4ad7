//! The transforms, from a block of options to the rows that come out.

mod columns;
mod encryption;
mod json_path;
mod names;
mod parts;
mod support;
mod validator;
