//! MariaDB servers.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::database::Database;
use crate::disk;
use crate::folder::Folder;
use crate::programs::{command, find, is_root, run};
use crate::server::{Launch, Server};
use crate::tls::{self, Certificates};

const USER: &str = "root";
const PASSWORD: &str = "root";

/// What every server starts with; the settings given to [`MariaDb::with`] come after and win.
const SETTINGS: &[(&str, &str)] = &[
    ("bind_address", "127.0.0.1"),
    ("skip_name_resolve", "1"),
    ("local_infile", "1"),
    ("character_set_server", "utf8mb4"),
    ("default_time_zone", "+00:00"),
    ("max_allowed_packet", "256M"),
    ("max_connections", "200"),
    // Commits are written but not flushed: they outlive a killed server, as in PostgreSQL with these settings.
    ("innodb_flush_log_at_trx_commit", "2"),
    ("innodb_flush_method", "nosync"),
    ("innodb_doublewrite", "0"),
    ("innodb_log_file_size", "32M"),
    ("innodb_fast_shutdown", "2"),
];

/// Who may log in: root, with its password, over TCP and on the unix socket.
const USERS: &str = "\
DROP USER IF EXISTS ''@'localhost', ''@'127.0.0.1', 'root'@'127.0.0.1', 'root'@'::1';
CREATE OR REPLACE USER 'root'@'localhost' IDENTIFIED BY 'root';
CREATE OR REPLACE USER 'root'@'%' IDENTIFIED BY 'root';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
";

/// A private MariaDB server: user `root`, password `root`. It ends, and its folder goes, when this is dropped or the
/// process ends.
pub struct MariaDb {
    server: Server,
    port: u16,
    databases: AtomicU32,
    certificates: Option<Certificates>,
    small: bool,
}

impl MariaDb {
    /// Starts a server.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with settings as in `my.cnf`, an empty value for a bare flag. Made for speed by default, without
    /// flushing; `local_infile` is on.
    #[track_caller]
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::launch(initialized(), settings, None, false)
    }

    /// Starts a server that offers TLS, with a certificate for `localhost` and 127.0.0.1. It listens on 127.0.0.2 too,
    /// which the certificate does not name.
    #[track_caller]
    pub fn with_tls() -> Self {
        let folder = initialized();
        let certificates = tls::make(&folder.path().join("tls"));
        let paths = [
            &certificates.ca,
            &certificates.server,
            &certificates.server_key,
        ]
        .map(|p| p.display().to_string());
        let settings = [
            ("bind_address", "127.0.0.1,127.0.0.2"),
            ("ssl_ca", paths[0].as_str()),
            ("ssl_cert", paths[1].as_str()),
            ("ssl_key", paths[2].as_str()),
        ];
        Self::launch(folder, &settings, Some(certificates), false)
    }

    /// Starts a server whose databases lie on a disk of that many MiB. Logs and system tables are elsewhere, so that a
    /// full disk is an error of a statement and not the server's end.
    ///
    /// None where this process may not mount a file system; that needs root.
    #[track_caller]
    pub fn small_disk(mebibytes: u32) -> Option<Self> {
        let folder = initialized();
        disk::mount(folder.path(), mebibytes)?;
        Some(Self::launch(folder, &[], None, true))
    }

    /// The one server of this process, started at the first call. Don't stop or kill it.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Makes an empty database. Its name is `name` with a number, so that tests can use one name.
    #[track_caller]
    pub fn database(&self, name: &str) -> Database {
        let name = format!(
            "{name}_{}",
            self.databases.fetch_add(1, Ordering::Relaxed) + 1
        );
        if self.small {
            // A database is a folder; it may be a link to one elsewhere.
            let there = self.server.folder().join("disk").join(&name);
            fs::create_dir(&there).expect("the disk is ours");
            symlink(&there, self.server.folder().join("data").join(&name))
                .expect("the data folder is ours");
        } else {
            self.admin().sql(&format!("create database `{name}`"));
        }
        self.existing(&name)
    }

    /// The database `mysql`, for statements that concern the whole server.
    pub fn admin(&self) -> Database {
        self.existing("mysql")
    }

    /// Kills the server with SIGKILL and waits until it is gone.
    #[track_caller]
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Stops the server, aborting open transactions, and waits until it is gone.
    #[track_caller]
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts the server again on the same port after [`Self::kill`] or [`Self::stop`]; stops it first if it runs.
    #[track_caller]
    pub fn restart(&self) {
        self.server.restart();
    }

    /// The end of the server's log, since its last start.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// The certificates of a server made by [`Self::with_tls`]; panics on others.
    #[track_caller]
    pub fn certificates(&self) -> &Certificates {
        self.certificates
            .as_ref()
            .expect("only a server made by with_tls has certificates")
    }

    fn existing(&self, name: &str) -> Database {
        let socket = self.server.folder().join("socket");
        let client = client(&socket, name);
        Database {
            host: "127.0.0.1".into(),
            port: self.port,
            user: USER.into(),
            password: PASSWORD.into(),
            socket,
            name: name.into(),
            scheme: "mysql",
            client,
        }
    }

    #[track_caller]
    fn launch(
        folder: Folder,
        settings: &[(&str, &str)],
        certificates: Option<Certificates>,
        small: bool,
    ) -> Self {
        let mariadbd = find("mariadbd", "mariadb-server-core");
        let users = folder.path().join("users.sql");
        fs::write(&users, USERS).expect("the folder is ours");
        let (server, port) = Server::start(folder, |folder, port| {
            let option = |name: &str, value: &Path| {
                let mut text = OsString::from(format!("--{name}="));
                text.push(value);
                text
            };
            let mut line: Vec<OsString> = vec![mariadbd.clone().into(), "--no-defaults".into()];
            line.extend([
                option("datadir", &folder.join("data")),
                option("socket", &folder.join("socket")),
                option("pid-file", &folder.join("pid")),
                option("init-file", &folder.join("users.sql")),
                option("tmpdir", &folder.join("tmp")),
                format!("--port={port}").into(),
            ]);
            if is_root() {
                line.push("--user=root".into());
            }
            for (name, value) in SETTINGS.iter().chain(settings) {
                line.push(
                    if value.is_empty() {
                        format!("--{name}")
                    } else {
                        format!("--{name}={value}")
                    }
                    .into(),
                );
            }
            let mut ping = client(&folder.join("socket"), "mysql");
            ping.extend(["-e".into(), "select 1".into()]);
            Launch {
                server: line,
                ping,
                stop: "TERM",
                pid_file: folder.join("pid"),
            }
        });
        // Only the first start makes users, so that a test's changes outlive a restart.
        fs::write(&users, "").expect("the folder is ours");
        Self {
            server,
            port,
            databases: AtomicU32::new(0),
            certificates,
            small,
        }
    }
}

/// The client on the unix socket, reading statements from its input and stopping at the first error.
fn client(socket: &Path, database: &str) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![find("mariadb", "mariadb-client-core").into()];
    line.extend(
        [
            "--no-defaults",
            "-N",
            "-B",
            "-u",
            USER,
            "-proot",
            "--default-character-set=utf8mb4",
        ]
        .map(Into::into),
    );
    line.extend([
        "--max-allowed-packet=1G".into(),
        "-S".into(),
        socket.into(),
        database.into(),
    ]);
    line
}

/// A folder with a new server's system tables in `data`.
#[track_caller]
fn initialized() -> Folder {
    let folder = Folder::new("mariadb", "KILL");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("the folder is ours");
    let mut line: Vec<OsString> = vec![find("mariadb-install-db", "mariadb-server-core").into()];
    line.extend(
        [
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        .map(Into::into),
    );
    line.extend(["--innodb-flush-method=nosync", "--innodb-log-file-size=32M"].map(Into::into));
    if is_root() {
        line.push("--user=root".into());
    }
    // A server that starts deletes the temporary tables it finds, those of its neighbours too.
    let tmp = folder.path().join("tmp");
    fs::create_dir(&tmp).expect("the folder is ours");
    for (name, path) in [("--datadir=", &data), ("--tmpdir=", &tmp)] {
        let mut option = OsString::from(name);
        option.push(path);
        line.push(option);
    }
    if let Err(error) = run(command(&line).current_dir(&data), "") {
        panic!("mariadb-install-db: {error}");
    }
    folder
}
