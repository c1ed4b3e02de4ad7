//! How a session is set, and what the server says of itself.

use super::connection::{Connection, Purpose};
use super::failure::Failure;
use super::settings::Settings;

/// Seconds that the server waits for a peer that is busy with other things.
const PATIENCE: u32 = 86_400;

/// The zone is not in the server's tables.
const UNKNOWN_TIME_ZONE: u16 = 1298;

/// What the server is and how it is set.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// `10.11.6-MariaDB`, `8.0.36`
    pub(crate) version: String,
    pub(crate) is_mariadb: bool,
    /// The numbers of the version.
    pub(crate) numbers: (u16, u16, u16),
    /// Longest packet that the server takes, in bytes.
    pub(crate) max_allowed_packet: usize,
    /// 0: names of tables keep their case; 1: they are small letters; 2: kept, but compared without case.
    pub(crate) lower_case_table_names: u8,
    pub(crate) sql_mode: String,
    /// The session's database.
    pub(crate) database: Option<String>,
    /// The session's time zone.
    pub(crate) time_zone: String,
    /// Whether the server takes LOAD DATA LOCAL.
    pub(crate) local_infile: bool,
}

impl Server {
    /// What the greeting tells.
    pub(super) fn new(version: String, is_mariadb: bool) -> Self {
        Self {
            numbers: numbers(&version),
            version,
            is_mariadb,
            max_allowed_packet: 0,
            lower_case_table_names: 0,
            sql_mode: String::new(),
            database: None,
            time_zone: String::new(),
            local_infile: false,
        }
    }

    /// Whether a prepared XA transaction outlives the session that has prepared it. Older servers roll it
    /// back: MySQL until 5.7.6 (its bug 12161), MariaDB until 10.4 (MDEV-742).
    pub(crate) fn keeps_prepared(&self) -> bool {
        let since = match self.is_mariadb {
            true => (10, 5, 0),
            false => (5, 7, 7),
        };
        self.numbers >= since
    }
}

impl Connection {
    /// One round trip for all that the session needs and all that must be known of the server.
    pub(super) async fn set_up(
        &mut self,
        settings: &Settings,
        purpose: Purpose,
    ) -> Result<(), Failure> {
        let zone = settings.time_zone.as_deref();
        let results = match self.query(&set_up_sql(settings, purpose, zone)).await {
            Err(Failure::Server(error)) if error.errno == UNKNOWN_TIME_ZONE && zone.is_some() => {
                tracing::warn!(
                    server = self.place(),
                    "the server does not know the time zone `{}` of the url: timestamps are shown \
                     in the server's own; mysql_tzinfo_to_sql loads its tables of zones, and an \
                     offset (serverTimezone=%2B08:00) needs none",
                    zone.unwrap_or_default()
                );
                self.query(&set_up_sql(settings, purpose, None)).await?
            }
            other => other?,
        };
        let row = results.into_iter().flat_map(|r| r.rows).next();
        let mut values = row.unwrap_or_default().into_iter();
        let mut next = || values.next().flatten();
        let server = &mut self.server;
        server.max_allowed_packet = next().and_then(|t| t.parse().ok()).unwrap_or(1 << 20);
        server.lower_case_table_names = next().and_then(|t| t.parse().ok()).unwrap_or(0);
        server.sql_mode = next().unwrap_or_default();
        server.database = next();
        server.time_zone = next().unwrap_or_default();
        server.local_infile = next().is_some_and(|t| t == "1" || t.eq_ignore_ascii_case("on"));
        Ok(())
    }
}

/// The first three numbers of a version.
fn numbers(version: &str) -> (u16, u16, u16) {
    let mut parts = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// The modes of the server's administrator stay, but for what correctness needs: a value that does
/// not fit is an error, and a backslash in a literal is an escape.
fn set_up_sql(settings: &Settings, purpose: Purpose, zone: Option<&str>) -> String {
    let mut modes = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES".to_owned();
    if purpose == Purpose::Sink {
        modes.push_str(",NO_AUTO_VALUE_ON_ZERO");
    }
    let mut sql = format!(
        "SET NAMES utf8mb4, \
         sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',{modes}'), \
         net_read_timeout = {PATIENCE}, net_write_timeout = {PATIENCE}, wait_timeout = {PATIENCE}"
    );
    if let Some(zone) = zone {
        let zone = zone.replace('\\', "").replace('\'', "''");
        sql.push_str(&format!(", time_zone = '{zone}'"));
    }
    if let Some(variables) = &settings.session_variables {
        sql.push_str(&format!(", {variables}"));
    }
    sql.push_str(
        "; SELECT @@max_allowed_packet, @@lower_case_table_names, @@sql_mode, DATABASE(), \
         @@time_zone, @@local_infile",
    );
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_lose_prepared_transactions_with_their_session() {
        for (version, is_mariadb, keeps) in [
            ("5.6.24", false, false),
            ("5.7.6-m16", false, false),
            ("5.7.7-rc", false, true),
            ("8.0.36", false, true),
            ("10.4.34-MariaDB", true, false),
            ("10.11.6-MariaDB-0+deb12u1", true, true),
        ] {
            let server = Server::new(version.to_owned(), is_mariadb);
            assert_eq!(server.keeps_prepared(), keeps, "{version}");
        }
    }
}
