//! A cluster and its client.

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use hdfs_native::{Client, ClientBuilder, HdfsError};
use quick_xml::de::from_str;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::HdfsConfiguration;
use crate::Trouble;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);
/// What to do about a cluster that gives no answer.
pub(super) const REACHABLE: &str =
    "check `fs.defaultFS`, and that name node and data nodes can be reached from here";

#[derive(Deserialize)]
struct Site {
    #[serde(default, rename = "property")]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    #[serde(default)]
    value: String,
}

/// The properties of a file of settings.
pub(super) fn settings(path: &Path) -> io::Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path)?;
    let site: Site = from_str(&text).map_err(io::Error::other)?;
    let properties = site.properties.into_iter();
    Ok(properties
        .map(|property| (property.name, property.value))
        .collect())
}

/// What a store and its open files have in common.
pub(super) struct Shared {
    pub(super) name: String,
    configuration: HdfsConfiguration,
    settings: Vec<(String, String)>,
    client: OnceLock<Client>,
    /// Set when something has answered at the address.
    reached: OnceLock<()>,
}

impl Shared {
    /// Nothing is connected yet.
    pub(super) fn new(configuration: HdfsConfiguration, settings: Vec<(String, String)>) -> Self {
        Self {
            name: configuration.url.trim_end_matches('/').to_owned(),
            configuration,
            settings,
            client: OnceLock::new(),
            reached: OnceLock::new(),
        }
    }

    /// Looks whether anybody listens where the name node should be. The client itself would try again and again for
    /// many minutes, whatever is wrong with the address.
    pub(super) async fn reach(&self) -> io::Result<()> {
        let (false, Some((host, port))) = (self.reached.get().is_some(), self.name_node()) else {
            return Ok(());
        };
        let connected = timeout(CONNECT, TcpStream::connect((host, port))).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(_) => {
                let _ = self.reached.set(());
                Ok(())
            }
            Err(error) => {
                let message = format!("{} can't be reached", self.name);
                let told = Trouble::new(message).help(REACHABLE).cause(error);
                Err(told.io(io::ErrorKind::ConnectionRefused))
            }
        }
    }

    /// Host and port of the address; none if it names a group of name nodes, or another file system.
    fn name_node(&self) -> Option<(&str, u16)> {
        let address = self.name.strip_prefix("hdfs://")?;
        let address = address.split('/').next()?;
        let (host, port) = address.rsplit_once(':')?;
        Some((host.trim_matches(['[', ']']), port.parse().ok()?))
    }

    /// The client, which is made once.
    pub(super) fn client(&self) -> io::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let known = &self.configuration;
        let mut builder = ClientBuilder::new()
            .with_url(&known.url)
            .with_config(self.settings.iter().cloned());
        if let Some(user) = &known.user {
            builder = builder.with_user(user);
        }
        if let Some(principal) = &known.principal {
            builder = builder.with_kerberos_principal(principal);
        }
        if let Some(keytab) = &known.keytab {
            builder = builder.with_kerberos_keytab(keytab);
        }
        let client = builder.build().map_err(|error| self.explain(error))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// What the cluster refuses, in the user's terms.
    pub(super) fn explain(&self, error: HdfsError) -> io::Error {
        let said = error.to_string();
        let (kind, message, help) = match &error {
            HdfsError::FileNotFound(_) => return io::ErrorKind::NotFound.into(),
            HdfsError::AlreadyExists(_) => return io::ErrorKind::AlreadyExists.into(),
            _ if said.contains("FileNotFoundException") => return io::ErrorKind::NotFound.into(),
            _ if said.contains("AccessControlException") => (
                io::ErrorKind::PermissionDenied,
                format!("{} denies access", self.name),
                "check `remote_user`, or the Kerberos options, and what this user may do there",
            ),
            HdfsError::SASLError(_) | HdfsError::GSSAPIError(..) | HdfsError::NoSASLMechanism => (
                io::ErrorKind::PermissionDenied,
                format!("{} does not accept the credentials", self.name),
                "check `kerberos_principal` and `kerberos_keytab_path`",
            ),
            HdfsError::IOError(_) => (
                io::ErrorKind::ConnectionRefused,
                format!("{} can't be reached", self.name),
                REACHABLE,
            ),
            _ => (
                io::ErrorKind::Other,
                format!("{} does not do what it is asked to", self.name),
                "the log of the name node may say more",
            ),
        };
        Trouble::new(message).help(help).cause(error).io(kind)
    }
}
