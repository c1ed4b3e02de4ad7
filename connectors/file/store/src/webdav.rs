//! WebDAV: files of a web server.
//!
//! A file can only be sent as a whole, so it is collected on this machine's disk first.

use std::fmt;
use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use quick_xml::events::Event;
use quick_xml::name::QName;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use tempfile::TempPath;

use crate::ahead::Ahead;
use crate::random::Ranges;
use crate::tree::{self, Tree};
use crate::wait::run;
use crate::{Entry, FileWriter, Publishing, RandomFile, Store, Trouble, Upload};

/// Bytes that are asked for at a time.
const PIECE: u64 = 4 << 20;
/// Requests that are under way at once.
const AT_ONCE: usize = 2;
/// Pieces that are there before they are wanted.
const AHEAD: usize = 2;
/// Bytes of a file that are read from the disk at a time when it is sent.
const BLOCK: usize = 256 << 10;
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

/// A server and who we are to it.
pub struct WebdavConfiguration {
    /// The address that paths are added to.
    pub url: String,
    /// The user, if the server wants one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// What stands behind `Bearer` instead of a user.
    pub token: Option<String>,
}

/// The store of these settings. Nothing is asked of it yet.
///
/// # Errors
/// `InvalidInput` if the address is none.
pub fn webdav(configuration: WebdavConfiguration) -> io::Result<Arc<dyn Store>> {
    let WebdavConfiguration {
        url,
        user,
        password,
        token,
    } = configuration;
    let no_url = || {
        Trouble::new("that is no address of a web server")
            .help("write it as https://host/path")
            .io(io::ErrorKind::InvalidInput)
    };
    let mut base = Url::parse(&url).map_err(|_| no_url())?;
    if !matches!(base.scheme(), "http" | "https") || !base.username().is_empty() {
        return Err(no_url());
    }
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        // The answer to a moved address is an error: a PUT would become a GET.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(io::Error::other)?;
    let access = match (token, user) {
        (Some(token), _) => Access::Bearer(token),
        (None, Some(user)) => Access::Basic(user, password),
        (None, None) => Access::Nobody,
    };
    Ok(Arc::new(WebdavFiles(Arc::new(Shared {
        name: base.as_str().trim_end_matches('/').to_owned(),
        base,
        client,
        access,
    }))))
}

struct WebdavFiles(Arc<Shared>);

enum Access {
    Basic(String, Option<String>),
    Bearer(String),
    Nobody,
}

struct Shared {
    name: String,
    base: Url,
    client: Client,
    access: Access,
}

impl fmt::Debug for WebdavFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Shared {
    fn url(&self, path: &Path, is_folder: bool) -> Url {
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

    fn request(&self, method: &str, url: Url) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self.client.request(method, url);
        match &self.access {
            Access::Basic(user, password) => request.basic_auth(user, password.as_deref()),
            Access::Bearer(token) => request.bearer_auth(token),
            Access::Nobody => request,
        }
    }

    /// Sends a request; an answer that is no success is an error.
    async fn send(&self, request: RequestBuilder) -> io::Result<Response> {
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
                io::ErrorKind::Other,
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
    async fn look(&self, path: &Path, depth: &str) -> io::Result<Vec<Entry>> {
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

    async fn range(&self, path: &Path, range: Range<u64>) -> io::Result<Bytes> {
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

/// The entries of an answer to PROPFIND.
fn parse(xml: &[u8], base: &str) -> Result<Vec<Entry>, quick_xml::Error> {
    fn local<'a>(name: QName<'a>) -> &'a [u8] {
        name.local_name().into_inner()
    }
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut found = Vec::new();
    let (mut entry, mut text) = (None, String::new());
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                text.clear();
                match (local(tag.name()), &mut entry) {
                    (b"response", _) => {
                        entry = Some(Entry {
                            path: PathBuf::new(),
                            bytes: 0,
                            modified: None,
                            is_folder: false,
                        });
                    }
                    (b"collection", Some(entry)) => entry.is_folder = true,
                    _ => {}
                }
            }
            Event::Empty(tag) => {
                if let (b"collection", Some(entry)) = (local(tag.name()), &mut entry) {
                    entry.is_folder = true;
                }
            }
            Event::Text(part) => text.push_str(&part.decode()?),
            Event::GeneralRef(name) => {
                let named = match &*name {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => name.resolve_char_ref()?,
                };
                text.extend(named);
            }
            Event::End(tag) => {
                let tag = tag.name();
                let tag = local(tag);
                if tag == b"response" {
                    found.extend(entry.take());
                }
                let Some(entry) = &mut entry else {
                    continue;
                };
                match tag {
                    b"href" => entry.path = path_of(text.trim(), base),
                    b"getcontentlength" => entry.bytes = text.trim().parse().unwrap_or_default(),
                    b"getlastmodified" => entry.modified = time_of(text.trim()),
                    _ => {}
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// The path below the base that an address, whole or not, stands for.
fn path_of(href: &str, base: &str) -> PathBuf {
    let path = match href.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => href,
    };
    let path = percent_decode_str(path).decode_utf8_lossy();
    let below = path.strip_prefix(base).unwrap_or(&path);
    let below = below.trim_matches('/');
    Path::new("/").join(below)
}

/// A time as in `Mon, 30 Nov 2026 08:49:37 GMT`.
fn time_of(text: &str) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(text).ok()
}

impl WebdavFiles {
    /// Does something with the server and waits for it.
    fn run<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let shared = self.0.clone();
        run(async move { work(shared).await })
    }

    fn simple(&self, method: &'static str, path: &Path, is_folder: bool) -> io::Result<()> {
        let path = path.to_owned();
        self.run(async move |shared: Arc<Shared>| {
            let request = shared.request(method, shared.url(&path, is_folder));
            shared.send(request).await.map(|_| ())
        })
    }
}

impl Tree for WebdavFiles {
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let path = folder.to_owned();
        let mut found = self.run(async move |shared: Arc<Shared>| shared.look(&path, "1").await)?;
        found.retain(|entry| entry.path != folder);
        Ok(found)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.simple("MKCOL", folder, true)
    }

    fn delete_folder(&self, folder: &Path) -> io::Result<()> {
        self.simple("DELETE", folder, true)
    }

    fn delete_file(&self, file: &Path) -> io::Result<()> {
        self.simple("DELETE", file, false)
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        let wanted = path.to_owned();
        let found = self.run(async move |shared: Arc<Shared>| shared.look(&wanted, "0").await)?;
        let first = found.into_iter().next();
        first.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Store for WebdavFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn publishing(&self) -> Publishing {
        Publishing::Rename
    }

    fn open_files(&self) -> usize {
        64
    }

    fn find(&self, path: &Path) -> io::Result<Entry> {
        self.look_at(path)
    }

    fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        tree::list(self, folder, recursive, skip)
    }

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        let range = match range {
            Some(range) => range,
            None => 0..self.find(path)?.bytes,
        };
        let bytes = range.end.saturating_sub(range.start);
        let (shared, path) = (self.0.clone(), path.to_owned());
        let starts = (range.start..range.end).step_by(PIECE as usize);
        let pieces = stream::iter(starts)
            .map(move |start| {
                let (shared, path) = (shared.clone(), path.clone());
                let end = (start + PIECE).min(range.end);
                async move { shared.range(&path, start..end).await }
            })
            .buffered(AT_ONCE);
        Ok(Box::new(Ahead::new(pieces, AHEAD, bytes)?))
    }

    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        let found = self.find(path)?;
        let ranges = WebdavRanges {
            shared: self.0.clone(),
            path: path.to_owned(),
        };
        Ok(RandomFile::fetched(Box::new(ranges), found.bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        match self.find(path) {
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        tree::make_folders(self, path.parent().unwrap_or(path))?;
        Ok(Box::new(WebdavWriter {
            shared: self.0.clone(),
            path: path.to_owned(),
            buffer: Vec::new(),
            file: None,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.find(from)?;
        tree::make_folders(self, to.parent().unwrap_or(to))?;
        let (from, to) = (from.to_owned(), to.to_owned());
        self.run(async move |shared: Arc<Shared>| {
            let request = shared
                .request("MOVE", shared.url(&from, false))
                .header("Destination", shared.url(&to, false).as_str())
                .header("Overwrite", "T");
            shared.send(request).await.map(|_| ())
        })
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        tree::make_folders(self, path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.delete_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        match self.delete_folder(path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// A DELETE would take what another task has put there meanwhile: empty folders stay.
    fn remove_empty_folder(&self, _path: &Path) -> bool {
        false
    }
}

struct WebdavRanges {
    shared: Arc<Shared>,
    path: PathBuf,
}

impl Ranges for WebdavRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (shared, path) = (self.shared.clone(), self.path.clone());
        run(async move { shared.range(&path, range).await })
    }
}

/// A file that is collected on this machine's disk until it is sent.
struct WebdavWriter {
    shared: Arc<Shared>,
    path: PathBuf,
    buffer: Vec<u8>,
    file: Option<TempPath>,
}

impl WebdavWriter {
    fn put_aside(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() && self.file.is_some() {
            return Ok(());
        }
        match &self.file {
            Some(path) => {
                let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
                file.write_all(&self.buffer)?;
            }
            None => {
                let mut file = tempfile::NamedTempFile::new()?;
                file.write_all(&self.buffer)?;
                self.file = Some(file.into_temp_path());
            }
        }
        self.buffer.clear();
        Ok(())
    }
}

impl FileWriter for WebdavWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= BLOCK {
            true => self.put_aside(),
            false => Ok(()),
        }
    }

    fn held(&self) -> usize {
        0
    }

    fn rest(&mut self) -> io::Result<()> {
        self.put_aside()?;
        self.buffer = Vec::new();
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Option<Upload>> {
        self.put_aside()?;
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let mut file = std::fs::File::open(path)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let (shared, target) = (self.shared.clone(), self.path.clone());
        run(async move {
            let request = shared
                .request("PUT", shared.url(&target, false))
                .header("Content-Length", length)
                .body(reqwest::Body::wrap_stream(blocks(file)));
            shared.send(request).await.map(|_| None)
        })
    }
}

/// A file's content, block by block.
fn blocks(file: std::fs::File) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut block = vec![0; BLOCK];
            let length = file.read(&mut block)?;
            block.truncate(length);
            Ok::<_, io::Error>((file, block))
        });
        let (file, block) = read.await.map_err(io::Error::other)??;
        Ok((!block.is_empty()).then(|| (Bytes::from(block), file)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_servers_are_understood() {
        let xml = br#"<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:"><D:response><D:href>/dav/data/</D:href><D:propstat><D:prop>
<D:resourcetype><D:collection/></D:resourcetype></D:prop></D:propstat></D:response>
<D:response xmlns:lp1="DAV:"><D:href>http://host:80/dav/data/a%20b&amp;c.csv</D:href><D:propstat><D:prop>
<lp1:resourcetype/><lp1:getcontentlength>17</lp1:getcontentlength>
<lp1:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</lp1:getlastmodified></D:prop></D:propstat></D:response></D:multistatus>"#;
        let found = parse(xml, "/dav").unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].is_folder);
        assert_eq!(found[0].path, Path::new("/data"));
        assert_eq!(found[1].path, Path::new("/data/a b&c.csv"));
        assert_eq!(found[1].bytes, 17);
        assert!(!found[1].is_folder && found[1].modified.is_some());
    }
}
