//! How a connection begins: encryption, login, what the server says about itself.

use std::collections::HashMap;
use std::future::Future;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::Message;
use seatunnel_api::Error;
use seatunnel_api::options::Secret;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::net::{self, Socket};
use seatunnel_jdbc_core::tls::{self, TlsMode};
use seatunnel_jdbc_core::url::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::certificate;
use super::failure::{Failure, lost, remark, violated};
use super::settings::{Binding, Settings, Wanted};
use super::stream::{Stream, put, put_text, set_length};

/// Version 3.0 of the protocol.
const VERSION: i32 = 3 << 16;
/// What asks for encryption in place of a version.
const ENCRYPTION: i32 = 80_877_103;
/// What asks for the end of a statement in place of a version.
const CANCEL: i32 = 80_877_102;

/// A connection that has been let in.
pub(super) struct Begun {
    pub(super) stream: Stream,
    pub(super) address: Address,
    pub(super) parameters: HashMap<String, String>,
    pub(super) process: i32,
    pub(super) secret: i32,
    pub(super) status: u8,
}

/// Connects to the first address that answers, lets in, and is what is wanted.
pub(super) async fn begin(settings: &Settings) -> Result<Begun, Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for address in &settings.addresses {
        let limited = limited(settings, address, begin_at(settings, address)).await;
        match limited {
            Ok(begun) => return Ok(begun),
            // Another server would say the same about a password or a database.
            Err(failure @ Failure::Server(_)) if !retryable(&failure) => return Err(failure),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.len() == 1 {
        return failures
            .pop()
            .map_or_else(|| Err(nothing(settings, "no address")), Err);
    }
    let all: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Err(nothing(settings, &all.join("; ")))
}

fn nothing(settings: &Settings, why: &str) -> Failure {
    Error::new(
        errors::CONNECT_FAILED,
        format!("no server of {} can be used: {why}", settings.place()),
    )
    .retryable()
    .into()
}

fn retryable(failure: &Failure) -> bool {
    failure.as_server().is_some_and(|e| e.is_retryable())
}

async fn limited<T>(
    settings: &Settings,
    address: &Address,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let limit = settings.connect_timeout;
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            errors::CONNECT_FAILED,
            format!("{address} has not answered for {} ms", limit.as_millis()),
        )
        .with_help("a longer wait is allowed by connection_check_timeout_sec")
        .retryable()
        .into()),
    }
}

async fn begin_at(settings: &Settings, address: &Address) -> Result<Begun, Failure> {
    let mode = settings.tls.mode;
    let begun = match login(settings, address, mode).await {
        // As the server's own programs do: what can't be had encrypted is tried in the clear.
        Err(failure) if mode == TlsMode::Prefer && refuses_encryption(&failure) => {
            login(settings, address, TlsMode::Disable).await?
        }
        result => result?,
    };
    is_wanted(settings, begun).await
}

fn refuses_encryption(failure: &Failure) -> bool {
    match failure {
        Failure::Server(error) => error.sqlstate == "28000",
        Failure::Other(error) => error.code() == errors::TLS_FAILED,
    }
}

async fn login(settings: &Settings, address: &Address, mode: TlsMode) -> Result<Begun, Failure> {
    let place = format!("{address}/{}", settings.database());
    let socket = open(settings, address, mode, &place).await?;
    let mut stream = Stream::new(socket, place, None);
    let out = &mut stream.write;
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&VERSION.to_be_bytes());
    let named = [
        ("user", settings.user.as_str()),
        ("database", settings.database()),
    ];
    let session = settings
        .session
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    for (name, value) in named.into_iter().chain(session) {
        put_text(out, name);
        put_text(out, value);
    }
    out.push(0);
    set_length(out, 0);
    stream.flush().await?;
    authenticate(settings, &mut stream).await?;
    let mut begun = Begun {
        stream,
        address: address.clone(),
        parameters: HashMap::new(),
        process: 0,
        secret: 0,
        status: b'I',
    };
    loop {
        let stream = &mut begun.stream;
        match stream.message().await? {
            Message::ParameterStatus(body) => {
                if let (Ok(name), Ok(value)) = (body.name(), body.value()) {
                    begun.parameters.insert(name.to_owned(), value.to_owned());
                }
            }
            Message::BackendKeyData(body) => {
                begun.process = body.process_id();
                begun.secret = body.secret_key();
            }
            Message::ReadyForQuery(body) => {
                begun.status = body.status();
                break;
            }
            Message::NoticeResponse(body) => remark(&stream.place, &body),
            Message::ErrorResponse(body) => return Err(Failure::server(&stream.place, &body)),
            _ => {
                return Err(violated(
                    &stream.place,
                    "an unexpected message after the login",
                ));
            }
        }
    }
    begun.stream.set_timeout(settings.answer_timeout);
    Ok(begun)
}

/// Opens a socket, encrypted if the mode asks for it and the server can.
async fn open(
    settings: &Settings,
    address: &Address,
    mode: TlsMode,
    place: &str,
) -> Result<Socket, Failure> {
    let addresses = std::slice::from_ref(address);
    let (socket, _) = net::connect(addresses, settings.connect_timeout).await?;
    let mut tcp = match socket {
        Socket::Tcp(tcp) if mode > TlsMode::Disable => tcp,
        other => return Ok(other),
    };
    let mut request = [0; 8];
    request[..4].copy_from_slice(&8i32.to_be_bytes());
    request[4..].copy_from_slice(&ENCRYPTION.to_be_bytes());
    let broke = |error| lost(place, error);
    tcp.write_all(&request).await.map_err(broke)?;
    // One byte and no more: what came in the clear behind it would be taken for encrypted.
    let mut answer = [0];
    tcp.read_exact(&mut answer).await.map_err(broke)?;
    let host = match address {
        Address::Tcp(host, _) => host.as_str(),
        Address::Unix(_) => "",
    };
    match answer[0] {
        b'S' => Ok(tls::encrypt(tcp, host, &settings.tls).await?),
        b'N' if mode == TlsMode::Prefer => Ok(Socket::Tcp(tcp)),
        b'N' => Err(Error::new(
            errors::TLS_FAILED,
            format!("the server {address} does not offer encryption, which sslmode asks for"),
        )
        .with_help("turn on `ssl` in the server's postgresql.conf, or set sslmode=prefer")
        .into()),
        _ => Err(violated(place, "no answer to whether it offers encryption")),
    }
}

async fn authenticate(settings: &Settings, stream: &mut Stream) -> Result<(), Failure> {
    let password = || {
        let given = settings.password.as_ref().map(Secret::expose);
        given
            .filter(|p| !p.is_empty())
            .map(str::as_bytes)
            .ok_or_else(|| {
                Failure::from(
                    Error::new(
                        errors::LOGIN_REFUSED,
                        format!("the server asks for the password of `{}`", settings.user),
                    )
                    .with_context("server", settings.place())
                    .with_help("give it as `password`"),
                )
            })
    };
    if settings.binding == Binding::Require && !matches!(stream.socket(), Socket::Tls(_)) {
        return Err(unbound(stream));
    }
    loop {
        match stream.message().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword if settings.binding != Binding::Require => {
                let password = password()?;
                stream.put(b'p', |out| {
                    out.extend_from_slice(password);
                    out.push(0);
                });
                stream.flush().await?;
            }
            Message::AuthenticationMd5Password(body) if settings.binding != Binding::Require => {
                let hash = md5_hash(settings.user.as_bytes(), password()?, body.salt());
                stream.put(b'p', |out| put_text(out, &hash));
                stream.flush().await?;
            }
            Message::AuthenticationSasl(body) => {
                let mut offered = Vec::new();
                let mut all = body.mechanisms();
                while let Ok(Some(name)) = all.next() {
                    offered.push(name.to_owned());
                }
                scram(settings, stream, password()?, &offered).await?;
            }
            Message::ErrorResponse(body) => return Err(Failure::server(&stream.place, &body)),
            Message::NoticeResponse(body) => remark(&stream.place, &body),
            Message::AuthenticationCleartextPassword | Message::AuthenticationMd5Password(_) => {
                return Err(unbound(stream));
            }
            _ => {
                return Err(Error::new(
                    errors::LOGIN_REFUSED,
                    "the server asks for a way to log in that is not built in",
                )
                .with_context("server", &stream.place)
                .with_help(
                    "built in are passwords (scram-sha-256, md5, password), certificates and trust",
                )
                .into());
            }
        }
    }
}

fn unbound(stream: &Stream) -> Failure {
    Error::new(
        errors::LOGIN_REFUSED,
        "channelBinding = require, but the server binds no login to the connection",
    )
    .with_context("server", &stream.place)
    .with_help("it takes an encrypted connection and scram-sha-256")
    .into()
}

async fn scram(
    settings: &Settings,
    stream: &mut Stream,
    password: &[u8],
    offered: &[String],
) -> Result<(), Failure> {
    let offers = |name: &str| offered.iter().any(|o| o == name);
    let certificate = stream.socket().peer_certificate();
    let hash = certificate.and_then(|der| certificate::hash(&der));
    let (binding, mechanism) = match hash {
        Some(hash) if settings.binding != Binding::Disable && offers(SCRAM_SHA_256_PLUS) => (
            ChannelBinding::tls_server_end_point(hash),
            SCRAM_SHA_256_PLUS,
        ),
        _ if settings.binding == Binding::Require => return Err(unbound(stream)),
        Some(_) if settings.binding != Binding::Disable => {
            (ChannelBinding::unrequested(), SCRAM_SHA_256)
        }
        _ => (ChannelBinding::unsupported(), SCRAM_SHA_256),
    };
    if mechanism == SCRAM_SHA_256 && !offers(SCRAM_SHA_256) {
        return Err(violated(
            &stream.place,
            format!("ways to log in are {}", offered.join(", ")),
        ));
    }
    let mut scram = ScramSha256::new(password, binding);
    stream.put(b'p', |out| {
        put_text(out, mechanism);
        let first = scram.message();
        out.extend_from_slice(&(first.len() as i32).to_be_bytes());
        out.extend_from_slice(first);
    });
    stream.flush().await?;
    loop {
        match stream.message().await? {
            Message::AuthenticationSaslContinue(body) => {
                scram
                    .update(body.data())
                    .map_err(|e| violated(&stream.place, e))?;
                stream.put(b'p', |out| out.extend_from_slice(scram.message()));
                stream.flush().await?;
            }
            Message::AuthenticationSaslFinal(body) => {
                return scram.finish(body.data()).map_err(|e| {
                    Failure::from(
                        Error::new(
                            errors::LOGIN_REFUSED,
                            "the server does not prove that it knows the password",
                        )
                        .with_context("server", &stream.place)
                        .with_cause(e),
                    )
                });
            }
            Message::NoticeResponse(body) => remark(&stream.place, &body),
            Message::ErrorResponse(body) => return Err(Failure::server(&stream.place, &body)),
            _ => {
                return Err(violated(
                    &stream.place,
                    "an unexpected message in the login",
                ));
            }
        }
    }
}

/// Whether the server is what targetServerType asks for. Servers before 14 don't say by themselves
/// whether they are copies; they are taken for primaries.
async fn is_wanted(settings: &Settings, begun: Begun) -> Result<Begun, Failure> {
    let is_copy = begun
        .parameters
        .get("in_hot_standby")
        .is_some_and(|on| on == "on");
    let refused = match settings.wanted {
        Wanted::Any => None,
        Wanted::Primary => is_copy.then_some("a copy, which can't be written to"),
        Wanted::Secondary => (!is_copy).then_some("no copy of another"),
    };
    match refused {
        None => Ok(begun),
        Some(what) => Err(Error::new(
            errors::CONNECT_FAILED,
            format!(
                "{} is {what}; targetServerType asks for another",
                begun.address
            ),
        )
        .retryable()
        .into()),
    }
}

/// Asks the server, through a connection of its own, to end the statement of another connection.
pub(super) async fn cancel(
    settings: &Settings,
    address: &Address,
    process: i32,
    secret: i32,
) -> Result<(), Failure> {
    let place = address.to_string();
    let work = async {
        let socket = match open(settings, address, settings.tls.mode, &place).await {
            Err(failure)
                if refuses_encryption(&failure) && settings.tls.mode == TlsMode::Prefer =>
            {
                open(settings, address, TlsMode::Disable, &place).await?
            }
            result => result?,
        };
        let mut stream = Stream::new(socket, place.clone(), None);
        for part in [16, CANCEL, process, secret] {
            stream.write.extend_from_slice(&part.to_be_bytes());
        }
        stream.flush().await?;
        // The server closes the connection when it is done; it gives no answer.
        let _ = stream.fill().await;
        Ok(())
    };
    limited(settings, address, work).await
}

/// Says goodbye, so that the server's log has no complaint.
pub(super) fn goodbye(out: &mut Vec<u8>) {
    put(out, b'X', |_| {});
}
