//! From an open socket to a session: greeting, encryption, and who the user is.

use std::collections::HashMap;

use mysql_common::constants::{CapabilityFlags, MariadbCapabilities};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{
    AuthPlugin, AuthPluginData, HandshakePacket, HandshakeResponse, SslRequest,
};
use mysql_common::proto::{MyDeserialize, MySerialize};
use seatunnel_api::options::Secret;
use seatunnel_api::{Error, Result};
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::net::Socket;
use seatunnel_jdbc_core::tls::{TlsMode, encrypt};
use seatunnel_jdbc_core::url::Address;

use super::connection::Purpose;
use super::failure::{Failure, violated};
use super::packet::{Fields, is_eof};
use super::public_key;
use super::settings::Settings;
use super::stream::Stream;

/// Largest packet that is taken.
const MAX_PACKET: u32 = 1 << 30;
/// utf8mb4_general_ci
const COLLATION: u8 = 45;
/// Answers of caching_sha2_password: the server knows the password, or wants it.
const KNOWN: u8 = 3;
const WANTED: u8 = 4;

/// What the server said about itself.
pub(crate) struct Greeting {
    pub(crate) version: String,
    pub(crate) is_mariadb: bool,
    /// Whether MariaDB's bulk command was agreed on.
    pub(crate) bulk: bool,
}

/// Logs in.
pub(crate) async fn log_in(
    mut stream: Stream,
    settings: &Settings,
    address: &Address,
    purpose: Purpose,
) -> Result<(Stream, Greeting), Failure> {
    let place = stream.place.clone();
    let packet = stream.packet().await?;
    if packet.first() == Some(&0xff) {
        return Err(Failure::server(&place, packet));
    }
    if !is_sound(packet) {
        return Err(violated(&place, "a greeting was due"));
    }
    let greeting = HandshakePacket::deserialize((), &mut ParseBuf(packet))
        .map_err(|e| violated(&place, format!("a greeting was due: {e}")))?;
    let offered = greeting.capabilities();
    let nonce = greeting.nonce();
    let plugin = match greeting.auth_plugin() {
        Some(plugin) => plugin.into_owned(),
        None => AuthPlugin::MysqlNativePassword,
    };
    let is_mariadb = !offered.contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
    let extended = match is_mariadb {
        true => {
            greeting.mariadb_ext_capabilities()
                & MariadbCapabilities::MARIADB_CLIENT_STMT_BULK_OPERATIONS
        }
        false => MariadbCapabilities::empty(),
    };
    let version = greeting.server_version_str();
    let known = Greeting {
        version: version
            .strip_prefix("5.5.5-")
            .unwrap_or(&version)
            .to_owned(),
        is_mariadb: is_mariadb || version.contains("MariaDB"),
        bulk: !extended.is_empty(),
    };
    if !offered
        .contains(CapabilityFlags::CLIENT_PROTOCOL_41 | CapabilityFlags::CLIENT_SECURE_CONNECTION)
    {
        return Err(violated(&place, "it is older than MySQL 4.1"));
    }
    let mut wanted = CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_LONG_FLAG
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_MULTI_STATEMENTS
        | CapabilityFlags::CLIENT_MULTI_RESULTS
        | CapabilityFlags::CLIENT_PS_MULTI_RESULTS
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_CONNECT_ATTRS;
    // The server must not be able to ask for a file where none is to be sent.
    if purpose == Purpose::Sink {
        wanted |= CapabilityFlags::CLIENT_LOCAL_FILES;
    }
    // MariaDB looks at the extended capabilities of clients that leave this out.
    if !is_mariadb {
        wanted |= CapabilityFlags::CLIENT_LONG_PASSWORD;
    }
    // Servers hold on to what the request for encryption says: all must be in it.
    if settings.database().is_some() {
        wanted |= CapabilityFlags::CLIENT_CONNECT_WITH_DB;
    }
    wanted &= offered;
    let can_encrypt = offered.contains(CapabilityFlags::CLIENT_SSL);
    let mode = settings.tls.mode;
    let is_remote = matches!(address, Address::Tcp(..));
    if mode != TlsMode::Disable && is_remote {
        if can_encrypt {
            wanted |= CapabilityFlags::CLIENT_SSL;
            stream = encrypted(stream, settings, address, wanted, extended).await?;
        } else if mode > TlsMode::Prefer {
            return Err(Error::new(
                errors::TLS_FAILED,
                "the server does not offer encrypted connections, and the url asks for one",
            )
            .with_context("server", place)
            .with_help("set it up on the server, or set sslMode=DISABLED in the url")
            .into());
        }
    }
    let password = settings.password.as_ref().map(Secret::expose);
    let mut login = Login {
        password: password.unwrap_or_default(),
        may_ask_for_key: settings.behaviour.allow_public_key_retrieval,
        server_key: settings.server_key.as_deref(),
        plugin,
        nonce,
    };
    // What the server's own plugin would need a private connection for is sent when it asks again.
    let data = match login.plugin {
        AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
            login.scrambled()
        }
        _ => None,
    };
    let attributes = wanted
        .contains(CapabilityFlags::CLIENT_CONNECT_ATTRS)
        .then(|| HashMap::from([("program_name".to_owned(), "seatunnel".to_owned())]));
    let plugin = wanted
        .contains(CapabilityFlags::CLIENT_PLUGIN_AUTH)
        .then(|| login.plugin.borrow());
    let response = HandshakeResponse::new(
        data,
        (5, 5, 3),
        Some(settings.user.as_bytes()),
        settings.database().map(str::as_bytes),
        plugin,
        wanted,
        attributes,
        MAX_PACKET,
    )
    .with_mariadb_ext_capabilities(extended);
    stream.put(&serialized(&response));
    stream.flush().await?;
    login.answer(&mut stream).await?;
    Ok((stream, known))
}

/// Whether the greeting's length of what scrambles passwords is one that mysql_common can count with.
fn is_sound(packet: &[u8]) -> bool {
    let mut fields = Fields::new(packet);
    fields.u8().is_some()
        && fields.until_zero().is_some()
        && fields.take(4 + 8 + 1 + 2 + 1 + 2 + 2).is_some()
        && fields.u8().is_some_and(|length| length < 0x80)
}

fn serialized(packet: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    bytes
}

async fn encrypted(
    mut stream: Stream,
    settings: &Settings,
    address: &Address,
    wanted: CapabilityFlags,
    extended: MariadbCapabilities,
) -> Result<Stream, Failure> {
    let request =
        SslRequest::new(wanted, MAX_PACKET, COLLATION).with_mariadb_capabilities(extended);
    stream.put(&serialized(&request));
    stream.flush().await?;
    let place = stream.place.clone();
    let sequence = stream.sequence();
    // What came in the clear before this must not be taken for what comes encrypted.
    let Some(socket) = stream.into_socket() else {
        return Err(violated(&place, "it sent more than its greeting"));
    };
    let (Socket::Tcp(socket), Address::Tcp(host, _)) = (socket, address) else {
        return Err(violated(
            &place,
            "encryption is for connections over a network",
        ));
    };
    let socket = encrypt(socket, host, &settings.tls)
        .await
        .map_err(|e| e.with_context("server", &place))?;
    Ok(Stream::new(socket, place, Some(settings.connect_timeout)).continuing(sequence))
}

/// The login as far as it has come.
struct Login<'a> {
    password: &'a str,
    /// Whether the server may be asked for the key to encrypt the password with.
    may_ask_for_key: bool,
    /// The server's key (PEM), where the user has it.
    server_key: Option<&'a [u8]>,
    plugin: AuthPlugin<'static>,
    nonce: Vec<u8>,
}

impl Login<'_> {
    /// What the plugin sends of the password; none for an empty one.
    fn scrambled(&self) -> Option<Vec<u8>> {
        let data = self.plugin.gen_data(Some(self.password), &self.nonce)?;
        Some(match &data {
            // Its own form ends in a zero byte that these do not have.
            AuthPluginData::Clear(text) => [text, &b"\0"[..]].concat(),
            other => serialized(other),
        })
    }

    /// Says what the server wants to know until it lets the user in.
    async fn answer(&mut self, stream: &mut Stream) -> Result<(), Failure> {
        let place = stream.place.clone();
        loop {
            let packet = stream.packet().await?;
            match packet.first() {
                Some(0x00) => return Ok(()),
                Some(0xff) => return Err(Failure::server(&place, packet)),
                Some(0xfe) => {
                    self.switch(&place, packet)?;
                    let response = self.response_to_switch(stream.socket(), &place)?;
                    stream.put(&response);
                    stream.flush().await?;
                }
                Some(0x01) => {
                    let data = packet[1..].to_vec();
                    self.more(stream, &data).await?;
                }
                _ => return Err(violated(&place, "the login was due")),
            }
        }
    }

    /// Takes the plugin that the server asks for.
    fn switch(&mut self, place: &str, packet: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields::new(packet);
        let _header = fields.u8();
        let name = match is_eof(packet) && packet.len() == 1 {
            // the way of servers before 4.1
            true => b"mysql_old_password",
            false => fields.until_zero().unwrap_or_default(),
        };
        self.plugin = AuthPlugin::from_bytes(name).into_owned();
        let length = match self.plugin {
            AuthPlugin::Ed25519 => 32,
            _ => 20,
        };
        let data = fields.rest();
        self.nonce = data[..data.len().min(length)].to_vec();
        let scrambles = matches!(
            self.plugin,
            AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519
        );
        if scrambles && self.nonce.len() != length {
            return Err(violated(place, "too little to scramble a password with"));
        }
        Ok(())
    }

    fn response_to_switch(&self, socket: &Socket, place: &str) -> Result<Vec<u8>, Failure> {
        match &self.plugin {
            AuthPlugin::MysqlNativePassword
            | AuthPlugin::CachingSha2Password
            | AuthPlugin::Ed25519 => Ok(self.scrambled().unwrap_or_default()),
            AuthPlugin::MysqlClearPassword if socket.is_private() => Ok(self.clear()),
            AuthPlugin::MysqlClearPassword => Err(refused(
                place,
                "the server wants the password in the clear, and the connection is not encrypted",
                "set sslMode=REQUIRED in the url, better VERIFY_IDENTITY",
            )),
            AuthPlugin::Other(name)
                if name.as_ref() == b"sha256_password" && socket.is_private() =>
            {
                Ok(self.clear())
            }
            // PAM asks with this name, for the password as it is.
            AuthPlugin::Other(name) if name.as_ref() == b"dialog" && socket.is_private() => {
                Ok(self.clear())
            }
            // The socket itself tells who the user is.
            AuthPlugin::Other(name)
                if name.as_ref() == b"auth_socket" || name.as_ref() == b"unix_socket" =>
            {
                Ok(Vec::new())
            }
            other => Err(refused(
                place,
                &format!(
                    "the server asks for the login plugin `{}`, which is not built in",
                    String::from_utf8_lossy(other.as_bytes())
                ),
                "use a user with mysql_native_password, caching_sha2_password or ed25519; others \
                 need an encrypted connection: sslMode=REQUIRED in the url",
            )),
        }
    }

    fn clear(&self) -> Vec<u8> {
        [self.password.as_bytes(), &[0]].concat()
    }

    /// Goes on where caching_sha2_password says more.
    async fn more(&self, stream: &mut Stream, data: &[u8]) -> Result<(), Failure> {
        let place = stream.place.clone();
        match (&self.plugin, data) {
            (AuthPlugin::CachingSha2Password, [KNOWN]) => Ok(()),
            (AuthPlugin::CachingSha2Password, [WANTED]) => {
                let response = if stream.socket().is_private() {
                    self.clear()
                } else {
                    self.encrypted(stream).await?
                };
                stream.put(&response);
                stream.flush().await
            }
            _ => Err(violated(&place, "it asked for what this login has not")),
        }
    }

    /// The password encrypted for the server.
    async fn encrypted(&self, stream: &mut Stream) -> Result<Vec<u8>, Failure> {
        let place = stream.place.clone();
        let asked;
        let key = match self.server_key {
            Some(key) => key,
            None if !self.may_ask_for_key => {
                return Err(refused(
                    &place,
                    "the server wants the password, and the connection is not encrypted",
                    "set sslMode=REQUIRED in the url, name the server's key by \
                     serverRSAPublicKeyFile, or set allowPublicKeyRetrieval=true where nobody can \
                     stand between",
                ));
            }
            None => {
                stream.put(&[0x02]);
                stream.flush().await?;
                asked = stream.packet().await?.to_vec();
                match asked.as_slice() {
                    [0x01, key @ ..] => key,
                    [0xff, ..] => return Err(Failure::server(&place, &asked)),
                    _ => return Err(violated(&place, "its key was due")),
                }
            }
        };
        public_key::encrypt(self.password, &self.nonce, key).ok_or_else(|| {
            refused(
                &place,
                "the server's public key can't be used",
                "set sslMode=REQUIRED in the url",
            )
        })
    }
}

fn refused(place: &str, why: &str, help: &str) -> Failure {
    Error::new(errors::LOGIN_REFUSED, why)
        .with_context("server", place)
        .with_help(help)
        .into()
}
