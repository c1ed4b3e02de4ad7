//! Connections to servers: TCP, Unix sockets and TLS behind one type.

mod tcp;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seatunnel_api::{Error, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

use crate::errors;
use crate::url::Address;

pub use tcp::Tcp;

/// A connection to a server.
pub enum Socket {
    /// In the clear, over a network.
    Tcp(Tcp),
    /// On this machine.
    Unix(UnixStream),
    /// Encrypted.
    Tls(Box<TlsStream<Tcp>>),
}

impl Socket {
    /// Whether what is sent can't be read on the way: encrypted, or never leaving this machine.
    pub fn is_private(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }

    /// Whether a reader gets what a server sends as it comes, rather than much of a long answer together. That is for many
    /// answers of a few MiB, as it costs some milliseconds at the end of each long one to know that nothing more comes.
    pub fn take_pieces(&mut self, pieces: bool) {
        match self {
            Self::Tcp(stream) => stream.take_pieces(pieces),
            Self::Unix(_) => {}
            Self::Tls(stream) => stream.get_mut().0.take_pieces(pieces),
        }
    }

    /// The hash of the server's certificate that SCRAM binds a login to (`tls-server-end-point`,
    /// RFC 5929); the raw certificate in DER, where the connection is encrypted.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        match self {
            Self::Tls(stream) => {
                let certificates = stream.get_ref().1.peer_certificates()?;
                certificates.first().map(|c| c.as_ref().to_vec())
            }
            _ => None,
        }
    }
}

/// Opens a connection to the first address that answers.
///
/// # Errors
/// What each address answered; retryable.
pub async fn connect(addresses: &[Address], timeout: Duration) -> Result<(Socket, Address)> {
    let mut failures = Vec::new();
    for address in addresses {
        let opened = tokio::time::timeout(timeout, open(address)).await;
        match opened {
            Ok(Ok(socket)) => return Ok((socket, address.clone())),
            Ok(Err(error)) => failures.push(format!("{address}: {error}")),
            Err(_) => failures.push(format!("{address}: no answer in {} s", timeout.as_secs())),
        }
    }
    Err(Error::new(
        errors::CONNECT_FAILED,
        format!("no connection to {}", failures.join("; ")),
    )
    .with_help("is the server running, and are host and port in `url` right?")
    .retryable())
}

async fn open(address: &Address) -> io::Result<Socket> {
    match address {
        Address::Tcp(host, port) => Ok(Socket::Tcp(Tcp::connect(host, *port).await?)),
        Address::Unix(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
    }
}

/// Waits so long, or gives the limit.
///
/// # Errors
/// The limit, if it has passed.
pub async fn waited<T>(
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Result<T, Duration> {
    match limit {
        None => Ok(work.await),
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| limit),
    }
}

/// The error of a connection that broke; `place` is what the server is called in messages.
pub fn lost(place: &str, why: impl fmt::Display) -> Error {
    Error::new(
        errors::CONNECTION_LOST,
        format!("the connection to the server broke: {why}"),
    )
    .with_context("server", place)
    .retryable()
}

/// The error of a server that is silent for too long.
pub fn timed_out(place: &str, limit: Duration) -> Error {
    Error::new(
        errors::CONNECTION_LOST,
        format!("the server has not answered for {} ms", limit.as_millis()),
    )
    .with_context("server", place)
    .with_help("a longer wait is allowed by socket_timeout_ms, or by socketTimeout in the url")
    .retryable()
}

/// The error of a server that does not speak as the protocol of `kind` says: "a PostgreSQL".
pub fn violated(place: &str, why: impl fmt::Display, kind: &str) -> Error {
    Error::new(
        errors::PROTOCOL,
        format!("the server's answer can't be understood: {why}"),
    )
    .with_context("server", place)
    .with_help(format!("is it {kind} server that the url names?"))
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
