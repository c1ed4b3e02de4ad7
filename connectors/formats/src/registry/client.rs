//! Requests to a registry, one connection each: there are few.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use seatunnel_api::{Error, Result};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::options::RegistryOptions;
use super::{refused, unexpected};
use crate::codes;

/// Largest answer that is read.
const LARGEST: usize = 64 << 20;
/// How often a request is tried on all servers before it fails.
const TRIES: u32 = 3;
const MEDIA: &str = "application/vnd.schemaregistry.v1+json";

/// Where a registry is and how we get in.
pub(super) struct Client {
    servers: Vec<Server>,
    login: Option<HeaderValue>,
    tls: Option<TlsConnector>,
    timeout: Duration,
}

struct Server {
    /// As the user wrote it, without what may be a password.
    shown: String,
    host: String,
    port: u16,
    encrypted: bool,
    /// The path in front of all paths; no slash at its end.
    base: String,
}

/// What a server said.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Bytes,
}

impl Client {
    pub(super) fn new(options: &RegistryOptions) -> Result<Option<Self>> {
        let Some(urls) = &options.schema_registry_url else {
            return Ok(None);
        };
        let urls = urls.split(',').map(str::trim).filter(|u| !u.is_empty());
        let mut login = match (
            &options.schema_registry_token,
            &options.schema_registry_user,
        ) {
            (Some(token), _) => Some(format!("Bearer {}", token.expose())),
            (None, Some(user)) => {
                let password = options.schema_registry_password.as_ref();
                Some(basic(user, password.map_or("", |p| p.expose())))
            }
            (None, None) => None,
        };
        let mut servers = Vec::new();
        for url in urls {
            let (server, inside) = Server::parse(url)?;
            servers.push(server);
            login = login.or(inside);
        }
        if servers.is_empty() {
            return Err(option("`schema_registry_url` names no server"));
        }
        let login = match login {
            None => None,
            Some(text) => {
                let mut value = HeaderValue::try_from(text).map_err(|_| {
                    option("the login of the schema registry has characters that can't be sent")
                })?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let tls = match servers.iter().any(|s| s.encrypted) {
            true => Some(encryption(options)?),
            false => None,
        };
        Ok(Some(Self {
            servers,
            login,
            tls,
            timeout: Duration::from_millis(options.schema_registry_timeout),
        }))
    }

    /// Sends a request. Answers that trying again can't change come back, except that we are not let in.
    ///
    /// # Errors
    /// If no server answers (retryable), or none lets us in.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut last = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
            }
            for server in &self.servers {
                let once = self.once(server, &method, path, body);
                let error = match tokio::time::timeout(self.timeout, once).await {
                    Err(_) => failed(format!("no answer within {} ms", self.timeout.as_millis())),
                    Ok(Ok(answer)) => match answer.status.as_u16() {
                        401 | 403 => {
                            return Err(refused(format!(
                                "it doesn't let us in ({}): {}",
                                answer.status,
                                answer.reason()
                            ))
                            .with_context("server", &server.shown)
                            .with_help("see schema_registry_user, schema_registry_password and schema_registry_token"));
                        }
                        429 | 500.. => failed(format!("{}: {}", answer.status, answer.reason())),
                        _ => return Ok(answer),
                    },
                    Ok(Err(error)) => error,
                };
                last = Some(error.with_context("server", &server.shown));
            }
        }
        Err(last.unwrap_or_else(unexpected))
    }

    async fn once(
        &self,
        server: &Server,
        method: &Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let stream = TcpStream::connect((server.host.as_str(), server.port))
            .await
            .map_err(|e| failed("no connection").with_cause(e))?;
        // A request is a few small writes: none should wait for the other side.
        stream.set_nodelay(true).ok();
        match (server.encrypted, &self.tls) {
            (true, Some(tls)) => {
                let name = ServerName::try_from(server.host.clone())
                    .map_err(|e| failed("the host has no valid name").with_cause(e))?;
                let stream = tls
                    .connect(name, stream)
                    .await
                    .map_err(|e| failed(format!("no encrypted connection: {e}")).with_cause(e))?;
                self.exchange(stream, server, method, path, body).await
            }
            _ => self.exchange(stream, server, method, path, body).await,
        }
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        server: &Server,
        method: &Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let broken = |e: hyper::Error| failed("the connection broke").with_cause(e);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let mut target = server.base.clone();
        for part in path {
            target.push('/');
            push_escaped(&mut target, part);
        }
        let mut request = Request::builder()
            .method(method.clone())
            .uri(target)
            .header(HOST, server.authority())
            .header(ACCEPT, format!("{MEDIA}, application/json"));
        if let Some(login) = &self.login {
            request = request.header(AUTHORIZATION, login.clone());
        }
        let body = match body {
            None => Bytes::new(),
            Some(value) => {
                request = request.header(CONTENT_TYPE, MEDIA);
                Bytes::from(value.to_string())
            }
        };
        let request = request
            .body(Full::new(body))
            .map_err(|e| failed("the request can't be made").with_cause(e))?;
        let talk = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST);
            let body = body.collect().await;
            let body = body.map_err(|e| failed(format!("the answer broke off: {e}")))?;
            Ok(Answer {
                status,
                body: body.to_bytes(),
            })
        };
        // The connection has to be driven for the talk to go on; when it ends first, the talk sees it.
        let drive = async {
            connection.await.ok();
            std::future::pending::<()>().await
        };
        tokio::select! {
            answer = talk => answer,
            () = drive => Err(unexpected()),
        }
    }
}

impl Answer {
    /// The body of a good answer.
    ///
    /// # Errors
    /// If it is not good, or no JSON.
    pub(super) fn json(&self, what: &str) -> Result<Value> {
        if !self.status.is_success() {
            return Err(refused(format!(
                "asked for {what}, it says {}: {}",
                self.status,
                self.reason()
            )));
        }
        serde_json::from_slice(&self.body).map_err(|e| unexpected().with_cause(e))
    }

    /// What a bad answer says, shortened.
    pub(super) fn reason(&self) -> String {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        let told = json.as_ref().and_then(|json| json["message"].as_str());
        let text = match told {
            Some(told) => told.to_owned(),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        };
        let short: String = text.chars().take(300).collect();
        match short.trim() {
            "" => "no reason given".to_owned(),
            short => short.to_owned(),
        }
    }
}

impl Server {
    /// The server of a URL, and the login in it.
    fn parse(url: &str) -> Result<(Self, Option<String>)> {
        // Errors must not show the URL: there may be a password in it.
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let split = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let wrong = || {
            option(format!(
                "`{scheme}://{place}{path}` in `schema_registry_url` is not valid"
            ))
            .with_help("it should look like http://host:8081")
        };
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong()),
        };
        let uri: Uri = format!("http://{place}{path}")
            .parse()
            .map_err(|_| wrong())?;
        let host = uri.host().filter(|h| !h.is_empty()).ok_or_else(wrong)?;
        // A port beyond 65,535 is read as none.
        let port = place.rsplit_once(':').map_or("", |(_, port)| port);
        let no_port = port.is_empty() || port.ends_with(']');
        if uri.query().is_some() || (uri.port_u16().is_none() && !no_port) {
            return Err(wrong());
        }
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            basic(&unescaped(user), &unescaped(password))
        });
        let server = Self {
            shown: format!("{scheme}://{place}{path}"),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            encrypted,
            base: uri.path().trim_end_matches('/').to_owned(),
        };
        Ok((server, login))
    }

    fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match (self.port, self.encrypted) {
            (80, false) | (443, true) => host,
            (port, _) => format!("{host}:{port}"),
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A part of a path: subjects may have any character.
fn push_escaped(target: &mut String, part: &str) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                target.push(char::from(byte));
            }
            other => target.push_str(&format!("%{other:02X}")),
        }
    }
}

fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn encryption(options: &RegistryOptions) -> Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let setup = |e: rustls::Error| {
        Error::new(codes::REGISTRY_FAILED, "encryption can't be set up").with_cause(e)
    };
    let mut roots = RootCertStore::empty();
    match &options.schema_registry_ca {
        Some(path) => {
            for certificate in certificates("schema_registry_ca", path)? {
                roots.add(certificate).map_err(setup)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_root_certificates(roots);
    let ours = (
        &options.schema_registry_certificate,
        &options.schema_registry_key,
    );
    let config = match ours {
        (Some(chain), Some(key)) => {
            let chain = certificates("schema_registry_certificate", chain)?;
            let key = PrivateKeyDer::from_pem_file(Path::new(key))
                .map_err(|e| file("schema_registry_key", key, e))?;
            builder.with_client_auth_cert(chain, key).map_err(setup)?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => {
            return Err(option(
                "`schema_registry_certificate` and `schema_registry_key` go together",
            ));
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(option: &str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(Path::new(path))
        .and_then(Iterator::collect)
        .map_err(|e| file(option, path, e))
}

fn file(name: &str, path: &str, error: rustls::pki_types::pem::Error) -> Error {
    option(format!("`{name}` can't be read: {error}")).with_context("file", path)
}

fn option(message: impl Into<String>) -> Error {
    Error::new(seatunnel_api::codes::OPTION_INVALID, message)
}

fn failed(message: impl Into<String>) -> Error {
    let message: String = message.into();
    Error::new(
        codes::REGISTRY_FAILED,
        format!("the schema registry can't be asked: {message}"),
    )
    .retryable()
}
