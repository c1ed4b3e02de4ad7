//! What is asked of a web server.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use super::listing::parse;
use crate::{Entry, Trouble};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);
/// How long the server may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// What a name in a path must not have as it is.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// Who we are.
pub(super) enum Access {
    /// A user, and the password.
    Basic(String, Option<String>),
    /// A token.
    Bearer(String),
    /// Nobody.
    Nobody,
}

/// What a store and its open files have in common.
pub(super) struct Shared {
    pub(super) name: String,
    base: Url,
    client: Client,
    access: Access,
}

impl Shared {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// If no client can be made.
    pub(super) fn new(base: Url, access: Access) -> io::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            // The answer to a moved address is an error: a PUT would become a GET.
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Ok(Self {
            name: base.as_str().trim_end_matches('/').to_owned(),
            base,
            client: client.map_err(io::Error::other)?,
            access,
        })
    }

    /// The address of a path.
    pub(super) fn url(&self, path: &Path, is_folder: bool) -> Url {
        let mut url = self.base.clone();
        let text = path.to_string_lossy();
        let mut full = format!(
            "{}{}",
            url.path().trim_end_matches('/'),
            utf8_percent_encode(&text, ESCAPED)
        );
        if is_folder && !full.ends_with('/') {
            full.push('/');
        }
        url.set_path(&full);
        url
    }

    /// A request of this method.
    pub(super) fn request(&self, method: &str, url: Url) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self.client.request(method, url);
        match &self.access {
            Access::Basic(user, password) => request.basic_auth(user, password.as_deref()),
            Access::Bearer(token) => request.bearer_auth(token),
            Access::Nobody => request,
        }
    }

    /// Sends a request; an answer that is no success is an error.
    pub(super) async fn send(&self, request: RequestBuilder) -> io::Result<Response> {
        let answer = request.send().await.map_err(|error| self.broken(error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let (kind, message, help) = match status {
            StatusCode::NOT_FOUND => return Err(io::ErrorKind::NotFound.into()),
            StatusCode::UNAUTHORIZED => (
                io::ErrorKind::PermissionDenied,
                format!("{} does not accept the credentials", self.name),
                "check `user` and `password`, or `token`",
            ),
            StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => (
                io::ErrorKind::PermissionDenied,
                format!("{} denies access", self.name),
                "the user must be allowed to use WebDAV there; a sink also to write",
            ),
            StatusCode::INSUFFICIENT_STORAGE => (
                io::ErrorKind::StorageFull,
                format!("{} has no room left", self.name),
                "free some space there",
            ),
            _ => (
                io::ErrorKind::Other,
                format!("{} does not do what it is asked to", self.name),
                "is that the address of a WebDAV server?",
            ),
        };
        Err(Trouble::new(message)
            .help(help)
            .cause(format!("the answer is {status}"))
            .io(kind))
    }

    fn broken(&self, error: reqwest::Error) -> io::Error {
        let (kind, message) = match error.is_connect() {
            true => (
                io::ErrorKind::ConnectionRefused,
                format!("{} can't be reached", self.name),
            ),
            false => (
                io::ErrorKind::ConnectionReset,
                format!("the connection to {} broke off", self.name),
            ),
        };
        Trouble::new(message)
            .help("check `url`, and that it can be reached from here")
            .cause(error)
            .io(kind)
    }

    /// What the server tells of a path; of what is in it too, with a depth of 1. The path itself comes
    /// first.
    pub(super) async fn look(&self, path: &Path, depth: &str) -> io::Result<Vec<Entry>> {
        const WANTED: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>";
        let request = self
            .request("PROPFIND", self.url(path, depth == "1"))
            .header("Depth", depth)
            .header("Content-Type", "application/xml")
            .body(WANTED);
        let answer = match self.send(request).await {
            // Some servers know a folder only with a stroke at its end.
            Err(e) if depth == "0" && e.kind() != io::ErrorKind::NotFound => {
                let request = self
                    .request("PROPFIND", self.url(path, true))
                    .header("Depth", depth)
                    .header("Content-Type", "application/xml")
                    .body(WANTED);
                match self.send(request).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(e),
                }
            }
            answer => answer?,
        };
        let body = answer.bytes().await.map_err(|error| self.broken(error))?;
        let base = percent_decode_str(self.base.path()).decode_utf8_lossy();
        let mut found = parse(&body, base.trim_end_matches('/')).map_err(|error| {
            let message = format!("{} lists files in a way that is not understood", self.name);
            Trouble::new(message)
                .cause(error)
                .io(io::ErrorKind::InvalidData)
        })?;
        found.sort_by_key(|entry| entry.path != path);
        Ok(found)
    }

    /// The bytes of a range of a file.
    pub(super) async fn range(&self, path: &Path, range: Range<u64>) -> io::Result<Bytes> {
        let length = range.end - range.start;
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let request = self.request("GET", self.url(path, false));
        let answer = self.send(request.header("Range", header)).await?;
        let whole = answer.status() != StatusCode::PARTIAL_CONTENT;
        if whole && range.start > 0 {
            let message = format!("{} sends no parts of files", self.name);
            return Err(Trouble::new(message).io(io::ErrorKind::Unsupported));
        }
        let mut body = answer.bytes_stream();
        let mut bytes = Vec::with_capacity(length as usize);
        while (bytes.len() as u64) < length
            && let Some(piece) = body.next().await
        {
            bytes.extend_from_slice(&piece.map_err(|error| self.broken(error))?);
        }
        bytes.truncate(length as usize);
        Ok(bytes.into())
    }
}
