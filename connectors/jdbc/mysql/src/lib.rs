//! MySQL and MariaDB.

mod catalog;
mod ddl;
mod decode;
mod infile;
mod sink;
mod types;
mod wire;
