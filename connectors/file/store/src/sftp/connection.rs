//! The connection to a server that speaks SSH.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh_sftp::client::{Config as SftpConfig, SftpSession, error::Error as SftpError};
use russh_sftp::protocol::StatusCode;
use tokio::sync::Mutex;

use super::SftpConfiguration;
use crate::Trouble;

/// Seconds that the server may take for an answer.
const ANSWER: u64 = 60;
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);

/// What a store and its open files have in common.
pub(super) struct Shared {
    pub(super) name: String,
    configuration: SftpConfiguration,
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    ssh: Handle<HostKey>,
    sftp: Arc<SftpSession>,
}

/// Looks at the key of the server.
struct HostKey {
    wanted: Option<String>,
    name: String,
}

impl client::Handler for HostKey {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(self.wanted.is_none());
        };
        let found = key.fingerprint(HashAlg::Sha256).to_string();
        match &self.wanted {
            Some(wanted) => Ok(*wanted == found),
            None => {
                tracing::debug!("the key of {} is {found}", self.name);
                Ok(true)
            }
        }
    }
}

impl Shared {
    /// Nothing is connected yet.
    pub(super) fn new(configuration: SftpConfiguration) -> Self {
        Self {
            name: format!("sftp://{}:{}", configuration.host, configuration.port),
            configuration,
            connection: Mutex::default(),
        }
    }

    /// The open connection, or a new one.
    pub(super) async fn session(&self) -> io::Result<Arc<SftpSession>> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| !open.ssh.is_closed()) {
            return Ok(open.sftp.clone());
        }
        let connect = tokio::time::timeout(CONNECT, self.connect());
        let open = match connect.await {
            Ok(open) => open?,
            Err(_) => {
                let message = format!("{} does not answer", self.name);
                return Err(Trouble::new(message).io(io::ErrorKind::TimedOut));
            }
        };
        Ok(connection.insert(open).sftp.clone())
    }

    /// Forgets the connection, which is no more.
    pub(super) async fn hang_up(&self) {
        self.connection.lock().await.take();
    }

    async fn connect(&self) -> io::Result<Connection> {
        let known = &self.configuration;
        let config = client::Config {
            keepalive_interval: Some(Duration::from_secs(30)),
            nodelay: true,
            // More than all answers that are asked for at once: some servers stand still at the edge.
            window_size: 32 << 20,
            ..client::Config::default()
        };
        let host_key = HostKey {
            wanted: known.host_key.clone(),
            name: self.name.clone(),
        };
        let address = (known.host.as_str(), known.port);
        let mut ssh = client::connect(Arc::new(config), address, host_key)
            .await
            .map_err(|error| self.not_connected(error))?;
        self.authenticate(&mut ssh).await?;
        let broken = |error: russh::Error| {
            let message = format!("{} offers no transfer of files", self.name);
            Trouble::new(message).cause(error).io(io::ErrorKind::Other)
        };
        let channel = ssh.channel_open_session().await.map_err(broken)?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(broken)?;
        let config = SftpConfig {
            request_timeout_secs: ANSWER,
            ..SftpConfig::default()
        };
        let sftp = SftpSession::new_with_config(channel.into_stream(), config);
        let sftp = sftp.await.map_err(|error| self.explain(error))?;
        Ok(Connection {
            ssh,
            sftp: Arc::new(sftp),
        })
    }

    async fn authenticate(&self, ssh: &mut Handle<HostKey>) -> io::Result<()> {
        let known = &self.configuration;
        let broken = |error| self.not_connected(error);
        if let Some(keyfile) = &known.keyfile {
            let key = russh::keys::load_secret_key(keyfile, known.passphrase.as_deref());
            let key = key.map_err(|error| {
                let message = format!("the private key {} can't be read", keyfile.display());
                Trouble::new(message)
                    .help("option `keyfile` names a file in the format of OpenSSH or PEM; an encrypted one needs `passphrase`")
                    .cause(error)
                    .io(io::ErrorKind::InvalidInput)
            })?;
            let hash = ssh.best_supported_rsa_hash().await.map_err(broken)?;
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash.flatten());
            let done = ssh.authenticate_publickey(known.user.clone(), key).await;
            if done.map_err(broken)?.success() {
                return Ok(());
            }
        }
        if let Some(password) = &known.password {
            let done = ssh.authenticate_password(known.user.clone(), password.clone());
            if done.await.map_err(broken)?.success() {
                return Ok(());
            }
            if self.by_questions(ssh, password).await.map_err(broken)? {
                return Ok(());
            }
        }
        let message = format!("{} does not let user {} in", self.name, known.user);
        Err(Trouble::new(message)
            .help("check `user` and `password`, or `keyfile`")
            .io(io::ErrorKind::PermissionDenied))
    }

    /// Some servers ask for the password instead of taking it.
    async fn by_questions(
        &self,
        ssh: &mut Handle<HostKey>,
        password: &str,
    ) -> Result<bool, russh::Error> {
        use client::KeyboardInteractiveAuthResponse as Answer;
        let user = self.configuration.user.clone();
        let mut answer = ssh
            .authenticate_keyboard_interactive_start(user, None)
            .await?;
        // A server that is not content asks again.
        for _ in 0..3 {
            match answer {
                Answer::Success => return Ok(true),
                Answer::Failure { .. } => return Ok(false),
                Answer::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    answer = ssh
                        .authenticate_keyboard_interactive_respond(answers)
                        .await?;
                }
            }
        }
        Ok(false)
    }

    fn not_connected(&self, error: russh::Error) -> io::Error {
        let (message, help) = match &error {
            russh::Error::UnknownKey => (
                format!("{} has another key than `host_key` says", self.name),
                "if the server has got a new key, correct the option; if not, this is another server",
            ),
            _ => (
                format!("{} can't be reached", self.name),
                "check `host` and `port`, and that an SSH server listens there",
            ),
        };
        Trouble::new(message)
            .help(help)
            .cause(error)
            .io(io::ErrorKind::ConnectionRefused)
    }

    /// What the server refuses, in the user's terms.
    pub(super) fn explain(&self, error: SftpError) -> io::Error {
        let kind = match &error {
            SftpError::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => return io::ErrorKind::NotFound.into(),
                StatusCode::PermissionDenied => io::ErrorKind::PermissionDenied,
                StatusCode::OpUnsupported => io::ErrorKind::Unsupported,
                _ => io::ErrorKind::Other,
            },
            SftpError::Timeout => io::ErrorKind::TimedOut,
            error if is_broken_off(error) => io::ErrorKind::ConnectionReset,
            _ => io::ErrorKind::Other,
        };
        self.told(kind).cause(error).io(kind)
    }

    /// The same of a file that is open.
    pub(super) fn broken(&self, error: io::Error) -> io::Error {
        let inner = error.get_ref();
        match inner.and_then(|inner| inner.downcast_ref::<SftpError>()) {
            Some(inner) => self.explain(inner.clone()),
            None => self
                .told(error.kind())
                .cause(error)
                .io(io::ErrorKind::Other),
        }
    }

    fn told(&self, kind: io::ErrorKind) -> Trouble {
        let name = &self.name;
        Trouble::new(match kind {
            io::ErrorKind::PermissionDenied => format!("{name} denies access"),
            io::ErrorKind::TimedOut => format!("{name} does not answer any more"),
            io::ErrorKind::ConnectionReset => format!("the connection to {name} broke off"),
            _ => format!("{name} does not do what it is asked to"),
        })
    }
}

/// Whether the connection is no more.
pub(super) fn is_broken_off(error: &SftpError) -> bool {
    matches!(error, SftpError::IO(_) | SftpError::UnexpectedBehavior(_))
}
