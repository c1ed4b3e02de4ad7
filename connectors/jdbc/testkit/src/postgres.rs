//! PostgreSQL servers.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::database::Database;
use crate::disk;
use crate::folder::Folder;
use crate::programs::{as_postgres, command, find, is_root, run};
use crate::server::{Launch, Server};
use crate::tls::{self, Certificates};

const USER: &str = "postgres";
const PASSWORD: &str = "postgres";

/// What every server starts with; the settings given to [`Postgres::with`] come after and win.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    // Commits are written but not flushed: they outlive a killed server, not a power cut.
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_prepared_transactions", "64"),
    ("max_connections", "200"),
    ("shared_buffers", "64MB"),
    ("timezone", "UTC"),
    // Files in the data folder, so that nothing stays in /dev/shm after a kill.
    ("dynamic_shared_memory_type", "mmap"),
];

/// A private PostgreSQL server: superuser `postgres`, password `postgres`, asked for over TCP (scram-sha-256) and not on
/// the unix socket. It ends, and its folder goes, when this is dropped or the process ends.
pub struct Postgres {
    server: Server,
    port: u16,
    databases: AtomicU32,
    certificates: Option<Certificates>,
    small: bool,
}

impl Postgres {
    /// Starts a server.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with settings as in `postgresql.conf`. Made for speed by default, without `fsync`.
    #[track_caller]
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let folder = initialized();
        Self::launch(folder, settings, None, false)
    }

    /// Starts a server that offers TLS, with a certificate for `localhost` and 127.0.0.1. It listens on 127.0.0.2 too,
    /// which the certificate does not name.
    #[track_caller]
    pub fn with_tls() -> Self {
        let folder = initialized();
        let certificates = tls::make(&folder.path().join("tls"));
        for file in [&certificates.server, &certificates.server_key] {
            give_to_postgres(file);
        }
        let (server, key) = (
            certificates.server.display().to_string(),
            certificates.server_key.display().to_string(),
        );
        let settings = [
            ("listen_addresses", "127.0.0.1,127.0.0.2"),
            ("ssl", "on"),
            ("ssl_cert_file", server.as_str()),
            ("ssl_key_file", key.as_str()),
        ];
        Self::launch(folder, &settings, Some(certificates), false)
    }

    /// Starts a server whose databases lie on a disk of that many MiB (at least 16: an empty database takes 8). Logs
    /// and system tables are elsewhere, so that a full disk is an error of SQL state 53100 and not the server's end.
    ///
    /// None where this process may not mount a file system; that needs root.
    #[track_caller]
    pub fn small_disk(mebibytes: u32) -> Option<Self> {
        let folder = initialized();
        let path = disk::mount(folder.path(), mebibytes)?;
        give_to_postgres(&path);
        let postgres = Self::launch(folder, &[], None, true);
        // A tablespace wants a folder that is empty and its own.
        let space = path.join("space");
        fs::create_dir(&space).expect("the disk was just mounted");
        give_to_postgres(&space);
        postgres.admin().sql(&format!(
            "create tablespace small location '{}'",
            space.display()
        ));
        Some(postgres)
    }

    /// The one server of this process, started at the first call. Don't stop or kill it.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Makes an empty database. Its name is `name` with a number, so that tests can use one name.
    #[track_caller]
    pub fn database(&self, name: &str) -> Database {
        let name = format!(
            "{name}_{}",
            self.databases.fetch_add(1, Ordering::Relaxed) + 1
        );
        let space = if self.small { " tablespace small" } else { "" };
        self.admin()
            .sql(&format!("create database \"{name}\"{space}"));
        self.existing(&name)
    }

    /// The database `postgres`, for statements that concern the whole server.
    pub fn admin(&self) -> Database {
        self.existing("postgres")
    }

    /// Kills the server and its children with SIGKILL and waits until they are gone.
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
        let socket = self.server.folder().to_owned();
        let client = client(&socket, self.port, name);
        Database {
            host: "127.0.0.1".into(),
            port: self.port,
            user: USER.into(),
            password: PASSWORD.into(),
            socket,
            name: name.into(),
            scheme: "postgresql",
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
        let postgres = find("postgres", "postgresql");
        let (server, port) = Server::start(folder, |folder, port| {
            let mut line = as_postgres(&postgres);
            line.extend([
                "-D".into(),
                folder.join("data").into(),
                "-p".into(),
                port.to_string().into(),
            ]);
            line.extend(["-k".into(), folder.into()]);
            for (name, value) in SETTINGS.iter().chain(settings) {
                line.extend(["-c".into(), format!("{name}={value}").into()]);
            }
            let mut ping = client(folder, port, "postgres");
            ping.extend(["-c".into(), "select 1".into()]);
            Launch {
                server: line,
                ping,
                stop: "INT",
                pid_file: folder.join("data/postmaster.pid"),
            }
        });
        Self {
            server,
            port,
            databases: AtomicU32::new(0),
            certificates,
            small,
        }
    }
}

/// psql on the unix socket, reading statements from its input and stopping at the first error.
fn client(socket: &Path, port: u16, database: &str) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![find("psql", "postgresql-client").into()];
    line.extend(
        [
            "-AtXq",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            USER,
            "-d",
            database,
            "-p",
        ]
        .map(Into::into),
    );
    line.extend([port.to_string().into(), "-h".into(), socket.into()]);
    line
}

/// A folder with a new database cluster in `data`.
#[track_caller]
fn initialized() -> Folder {
    let folder = Folder::new("postgres", "QUIT");
    // The unix socket goes here.
    give_to_postgres(folder.path());
    let data: PathBuf = folder.path().join("data");
    fs::create_dir(&data).expect("the folder is ours");
    give_to_postgres(&data);
    let password = folder.path().join("password");
    fs::write(&password, PASSWORD).expect("the folder is ours");
    let mut line = as_postgres(&find("initdb", "postgresql"));
    line.extend(
        [
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]
        .map(Into::into),
    );
    line.extend(
        [
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--pwfile",
        ]
        .map(Into::into),
    );
    line.extend([password.into(), "-D".into(), data.clone().into()]);
    if let Err(error) = run(command(&line).current_dir(&data), "") {
        panic!("initdb: {error}");
    }
    folder
}

/// Makes PostgreSQL's system user the owner, if the server will run as that one.
#[track_caller]
fn give_to_postgres(path: &Path) {
    if is_root() {
        static ID: OnceLock<u32> = OnceLock::new();
        let id = *ID.get_or_init(|| {
            let id = run(Command::new("id").args(["-u", "postgres"]), "");
            id.ok().and_then(|id| id.trim().parse().ok()).unwrap_or_else(|| {
                panic!(
                    "there is no user `postgres`, whom the server would run as. The Debian package `postgresql` makes \
                     one; scripts/install-needs.sh installs what the tests need"
                )
            })
        });
        chown(path, Some(id), None).expect("root may change owners");
    }
}
