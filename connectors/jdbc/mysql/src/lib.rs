//! MySQL and MariaDB.

mod infile;
mod sink;
