//! Private PostgreSQL and MariaDB servers for tests, on Linux.
//!
//! Every server lives in a temporary folder, listens on a unix socket and a free port of 127.0.0.1, and ends with the
//! test process, however that ends. Most tests share the one server of their process, each in a database of its own:
//!
//! ```no_run
//! let db = seatunnel_jdbc_testkit::Postgres::shared().database("orders");
//! db.sql("create table t (id int primary key); insert into t values (1), (2)");
//! assert_eq!(db.sql("select count(*) from t"), "2");
//! println!("{} {} {}", db.jdbc_url(), db.user, db.password);
//! ```
//!
//! Tests that kill, stop or configure a server start their own: [`Postgres::start`], [`Postgres::with`],
//! [`Postgres::with_tls`], [`Postgres::small_disk`], and the same for [`MariaDb`].
//!
//! Everything panics when it fails, with the program's error text or the end of the server's log: a test can't go on.

mod database;
mod disk;
pub mod drive;
mod folder;
mod mariadb;
mod postgres;
mod programs;
mod server;
mod tls;

pub use database::Database;
pub use mariadb::MariaDb;
pub use postgres::Postgres;
pub use tls::Certificates;

/// What servers of other kinds are made of: their processes, folders and certificates.
pub mod parts {
    pub use crate::folder::{Folder, signal};
    pub use crate::programs::{command, find, run};
    pub use crate::server::{Launch, Server};
    pub use crate::tls::make as certificates;
}
