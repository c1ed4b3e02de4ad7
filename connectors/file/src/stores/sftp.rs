//! SftpFile: a server that is spoken to by SSH.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::{Options, Secret};
use seatunnel_file_store::Store;
use seatunnel_file_store::sftp::{SftpConfiguration, sftp};

use super::{StoreOptions, needed, one_needed, plugin};

plugin! {
    name: "SftpFile",
    aliases: [],
    options: SftpOptions,
    source: "Reads files of a server by SFTP.",
    sink: "Writes files to a server by SFTP. In one piece or not at all: files are written under `tmp_path` on the server and renamed when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_RENAMING,
}

/// Where a server is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
struct SftpOptions {
    /// The server.
    #[option(alias("sftp_host"))]
    host: Option<String>,
    /// Its port.
    #[option(default = 22, alias("sftp_port"))]
    port: u16,
    /// The user.
    #[option(alias("sftp_user", "username"))]
    user: Option<String>,
    /// The user's password.
    #[option(alias("sftp_password"))]
    password: Option<Secret>,
    /// File with the user's private key, instead of a password.
    keyfile: Option<String>,
    /// What the private key is encrypted with.
    passphrase: Option<Secret>,
    /// The fingerprint that the server's key must have, as `ssh-keygen -l` shows it: `SHA256:…`. Any key is taken if it is not given, as SeaTunnel does.
    host_key: Option<String>,
}

impl StoreOptions for SftpOptions {
    const PLUGIN: &'static str = "SftpFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        one_needed(
            Self::PLUGIN,
            &["password", "keyfile"],
            self.password.is_some() || self.keyfile.is_some(),
        )?;
        let shown = |secret: &Secret| secret.expose().to_owned();
        Ok(sftp(SftpConfiguration {
            host: needed(Self::PLUGIN, "host", &self.host)?.clone(),
            port: self.port,
            user: needed(Self::PLUGIN, "user", &self.user)?.clone(),
            password: self.password.as_ref().map(shown),
            keyfile: self.keyfile.as_ref().map(Into::into),
            passphrase: self.passphrase.as_ref().map(shown),
            host_key: self.host_key.clone(),
        }))
    }
}
