//! FtpFile: a server that is spoken to by FTP.

use std::sync::Arc;

use seatunnel_api::Result;
use seatunnel_api::options::{OptionEnum, Options, Secret};
use seatunnel_file_store::Store;
use seatunnel_file_store::ftp::{FtpConfiguration, ftp};

use super::{StoreOptions, needed, plugin};

plugin! {
    name: "FtpFile",
    aliases: [],
    options: FtpOptions,
    source: "Reads files of a server by FTP.",
    sink: "Writes files to a server by FTP. In one piece or not at all: files are written under `tmp_path` on the server and renamed when a checkpoint, or the job, is complete.",
    guarantee: crate::sink::BY_RENAMING,
}

/// Who connects for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum ConnectionMode {
    /// The server connects to this machine. No firewall may stand between.
    #[option(name = "active_local")]
    Active,
    /// This machine connects to the server.
    #[option(name = "passive_local")]
    Passive,
}

/// Where a server is and who we are.
#[derive(Clone, Debug, PartialEq, Options)]
struct FtpOptions {
    /// The server.
    host: Option<String>,
    /// Its port.
    #[option(default = 21)]
    port: u16,
    /// The user.
    #[option(alias("username"))]
    user: Option<String>,
    /// The user's password.
    password: Option<Secret>,
    /// Who connects for a transfer.
    #[option(default = ConnectionMode::Active)]
    connection_mode: ConnectionMode,
    /// Accepted; connections for a transfer come from the server itself in any case.
    remote_verification_enabled: Option<bool>,
    /// Accepted; names of files are UTF-8.
    control_encoding: Option<String>,
}

impl StoreOptions for FtpOptions {
    const PLUGIN: &'static str = "FtpFile";

    fn store(&self) -> Result<Arc<dyn Store>> {
        let password = needed(Self::PLUGIN, "password", &self.password)?;
        if let Some(encoding) = &self.control_encoding
            && !encoding.eq_ignore_ascii_case("utf-8")
        {
            tracing::warn!("option `control_encoding`: names of files are UTF-8, not {encoding}");
        }
        Ok(ftp(FtpConfiguration {
            host: needed(Self::PLUGIN, "host", &self.host)?.clone(),
            port: self.port,
            user: needed(Self::PLUGIN, "user", &self.user)?.clone(),
            password: password.expose().to_owned(),
            active: self.connection_mode == ConnectionMode::Active,
        }))
    }
}
