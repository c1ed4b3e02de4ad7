//! One connection to one broker, for the few requests about transactions that librdkafka has no call for.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader,
    SaslAuthenticateRequest, SaslHandshakeRequest,
};
use kafka_protocol::protocol::{
    Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer,
};
use kafka_protocol::{ResponseError, messages::ApiKey};
use seatunnel_api::{Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::login::Exchange;
use super::settings::Settings;
use crate::codes;

/// A broker's answers about transactions are short; whatever says otherwise is no broker.
const MAX_ANSWER: usize = 64 << 20;

/// The version of ApiVersions that every broker since 2.4 knows.
const API_VERSIONS: i16 = 3;

/// A connection on which the broker has told what it can, and that is logged in.
pub(super) struct Connection {
    stream: Stream,
    /// `host:port`, for messages.
    place: String,
    limit: Duration,
    client_id: StrBytes,
    next: i32,
    /// Oldest and newest version of each request that the broker takes.
    versions: HashMap<i16, (i16, i16)>,
}

impl Connection {
    /// Connects to `host:port` and logs in.
    ///
    /// # Errors
    /// If nobody answers (retryable), the encryption fails, or the login is refused.
    pub(super) async fn open(place: &str, settings: &Settings) -> Result<Self> {
        let limit = settings.request_timeout;
        let opened = tokio::time::timeout(limit, Self::open_unlimited(place, settings)).await;
        opened.unwrap_or_else(|_| Err(silent(place, limit)))
    }

    async fn open_unlimited(place: &str, settings: &Settings) -> Result<Self> {
        let tcp = TcpStream::connect(place)
            .await
            .map_err(|e| unreachable(place, e))?;
        tcp.set_nodelay(true).map_err(|e| lost(place, e))?;
        let stream = match &settings.tls {
            None => Stream::Plain(tcp),
            Some(tls) => Stream::Tls(Box::new(tls.encrypt(tcp, place).await?)),
        };
        let mut connection = Self {
            stream,
            place: place.to_owned(),
            limit: settings.request_timeout,
            client_id: StrBytes::from_string(settings.client_id.clone()),
            next: 0,
            versions: HashMap::new(),
        };
        connection.learn_versions().await?;
        if let Some(login) = &settings.login {
            connection.log_in(login.begin()).await?;
        }
        Ok(connection)
    }

    async fn learn_versions(&mut self) -> Result<()> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("seatunnel"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let answer: ApiVersionsResponse = self.exchange(&request, API_VERSIONS).await?;
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            return Err(self.violated(format!("it won't tell which requests it takes: {error}")));
        }
        self.versions = answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect();
        Ok(())
    }

    async fn log_in(&mut self, mut exchange: Exchange<'_>) -> Result<()> {
        let mechanism = exchange.mechanism();
        let request =
            SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism));
        let answer = self.ask(&request, 1).await?;
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            let offered: Vec<&str> = answer.mechanisms.iter().map(StrBytes::as_str).collect();
            return Err(refused(&self.place, format!("{mechanism}: {error}"))
                .with_context("offered", offered.join(", ")));
        }
        let mut message = exchange.first();
        loop {
            let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from(message));
            let answer = self.ask(&request, 2).await?;
            if let Some(error) = ResponseError::try_from_code(answer.error_code) {
                let why = answer
                    .error_message
                    .map_or_else(|| error.to_string(), |m| m.to_string());
                return Err(refused(&self.place, why));
            }
            match exchange
                .next(&answer.auth_bytes)
                .map_err(|why| refused(&self.place, why))?
            {
                Some(more) => message = more,
                None => return Ok(()),
            }
        }
    }

    /// Whether the broker takes a request at all.
    pub(super) fn knows(&self, api: ApiKey) -> bool {
        self.versions.contains_key(&(api as i16))
    }

    /// Sends a request in the newest version up to `newest` that the broker takes, and waits for the answer.
    ///
    /// # Errors
    /// If the connection breaks or the broker is silent (both retryable), or does not know the request.
    pub(super) async fn ask<R: Request>(
        &mut self,
        request: &R,
        newest: i16,
    ) -> Result<R::Response> {
        let version = match self.versions.get(&R::KEY) {
            Some((oldest, latest)) if *oldest <= newest => newest.min(*latest),
            _ => {
                let name = ApiKey::try_from(R::KEY)
                    .map_or_else(|()| R::KEY.to_string(), |k| format!("{k:?}"));
                return Err(Error::new(
                    codes::UNSUPPORTED,
                    format!("the broker does not take the request {name} in a version known here"),
                )
                .with_context("broker", &self.place)
                .with_help("exactly-once needs Apache Kafka 3.0 or newer"));
            }
        };
        self.exchange(request, version).await
    }

    async fn exchange<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response> {
        let limit = self.limit;
        match tokio::time::timeout(limit, self.exchange_unlimited(request, version)).await {
            Ok(done) => done,
            Err(_) => Err(silent(&self.place, limit)),
        }
    }

    async fn exchange_unlimited<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response> {
        self.next = self.next.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.next)
            .with_client_id(Some(self.client_id.clone()));
        let mut message = BytesMut::with_capacity(256);
        message.extend_from_slice(&[0; 4]);
        encode_request_header_into_buffer(&mut message, &header)
            .and_then(|()| request.encode(&mut message, version))
            .map_err(|e| self.violated(format!("the request can't be written: {e}")))?;
        let length = u32::try_from(message.len() - 4)
            .map_err(|_| self.violated("the request is too long".to_owned()))?;
        message[..4].copy_from_slice(&length.to_be_bytes());
        let sent = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|e| lost(&self.place, e))?;

        let length = self
            .stream
            .read_u32()
            .await
            .map_err(|e| lost(&self.place, e))? as usize;
        if !(4..=MAX_ANSWER).contains(&length) {
            return Err(self.violated(format!("an answer of {length} bytes")));
        }
        let mut answer = vec![0; length];
        self.stream
            .read_exact(&mut answer)
            .await
            .map_err(|e| lost(&self.place, e))?;
        let mut answer = Bytes::from(answer);
        // The answer to ApiVersions has the oldest header, so that any client can read it (KIP-511).
        let header_version = R::Response::header_version(version);
        let header = ResponseHeader::decode(&mut answer, header_version)
            .map_err(|e| self.violated(e.to_string()))?;
        if header.correlation_id != self.next {
            return Err(self.violated(format!(
                "the answer to request {} came for request {}",
                header.correlation_id, self.next
            )));
        }
        let decoded =
            R::Response::decode(&mut answer, version).map_err(|e| self.violated(e.to_string()))?;
        if answer.has_remaining() {
            return Err(self.violated(format!(
                "{} bytes too many in an answer",
                answer.remaining()
            )));
        }
        Ok(decoded)
    }

    fn violated(&self, why: String) -> Error {
        Error::new(codes::PROTOCOL, format!("the broker's answer can't be understood: {why}"))
            .with_context("broker", &self.place)
            .with_help("is it a Kafka broker that `bootstrap.servers` names, and does it expect TLS (`security.protocol`)?")
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

fn unreachable(place: &str, why: impl fmt::Display) -> Error {
    Error::new(
        codes::CONNECT_FAILED,
        format!("no connection to the broker: {why}"),
    )
    .with_context("broker", place)
    .retryable()
}

fn lost(place: &str, why: impl fmt::Display) -> Error {
    Error::new(
        codes::CONNECT_FAILED,
        format!("the connection to the broker broke: {why}"),
    )
    .with_context("broker", place)
    .retryable()
}

fn silent(place: &str, limit: Duration) -> Error {
    Error::new(
        codes::CONNECT_FAILED,
        format!("the broker has not answered for {} ms", limit.as_millis()),
    )
    .with_context("broker", place)
    .retryable()
}

fn refused(place: &str, why: impl fmt::Display) -> Error {
    Error::new(codes::LOGIN_REFUSED, format!("the broker refuses the login: {why}"))
        .with_context("broker", place)
        .with_help("user and password stand in `sasl.jaas.config`, or in `sasl.username` and `sasl.password`, of `kafka.config`")
}

/// In the clear or encrypted.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
