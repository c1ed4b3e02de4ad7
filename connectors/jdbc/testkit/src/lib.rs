//! Private PostgreSQL and MariaDB servers for tests.
