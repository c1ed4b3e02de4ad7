//! MySQL and MariaDB.

mod ddl;
mod infile;
mod sink;
mod wire;
