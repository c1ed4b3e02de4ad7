//! HDFS: files of a Hadoop cluster, by its own protocol.

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use hdfs_native::client::FileStatus;
use hdfs_native::file::{FileReader, FileWriter as HdfsFileWriter};
use hdfs_native::{Client, ClientBuilder, HdfsError, WriteOptions};
use quick_xml::de::from_str;
use serde::Deserialize;

use crate::ahead::Ahead;
use crate::random::Ranges;
use crate::tree::{self, Tree};
use crate::wait::run;
use crate::{Entry, FileWriter, Publishing, RandomFile, Store, Trouble, Upload};

/// Pieces of a file that are there before they are wanted. The protocol's are of 64 KiB.
const AHEAD: usize = 32;
/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;
/// How long the cluster may take for an answer.
const ANSWER: Duration = Duration::from_secs(30);
/// What to do about a cluster that gives none.
const REACHABLE: &str =
    "check `fs.defaultFS`, and that name node and data nodes can be reached from here";
/// What may be done with new folders: `rwxr-xr-x`.
const FOLDER: u32 = 0o755;

/// A cluster and who we are to it.
#[derive(Clone)]
pub struct HdfsConfiguration {
    /// Its name node, or the name that its settings have for several: `hdfs://host:port`.
    pub url: String,
    /// A file of settings: `hdfs-site.xml`.
    pub site: Option<PathBuf>,
    /// Who we are, to a cluster that believes it.
    pub user: Option<String>,
    /// Who we are, to Kerberos.
    pub principal: Option<String>,
    /// File with the keys of the principal.
    pub keytab: Option<String>,
}

/// The store of these settings. Nothing is asked of it yet.
///
/// # Errors
/// `InvalidInput` if a file of settings can't be read.
pub fn hdfs(configuration: HdfsConfiguration) -> io::Result<Arc<dyn Store>> {
    let settings = match &configuration.site {
        None => Vec::new(),
        Some(path) => settings(path).map_err(|error| {
            let message = format!("the settings {} can't be read", path.display());
            Trouble::new(message)
                .cause(error)
                .io(io::ErrorKind::InvalidInput)
        })?,
    };
    Ok(Arc::new(HdfsFiles(Arc::new(Shared {
        name: configuration.url.trim_end_matches('/').to_owned(),
        configuration,
        settings,
        client: OnceLock::new(),
    }))))
}

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

fn settings(path: &Path) -> io::Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path)?;
    let site: Site = from_str(&text).map_err(io::Error::other)?;
    let properties = site.properties.into_iter();
    Ok(properties
        .map(|property| (property.name, property.value))
        .collect())
}

struct HdfsFiles(Arc<Shared>);

struct Shared {
    name: String,
    configuration: HdfsConfiguration,
    settings: Vec<(String, String)>,
    client: OnceLock<Client>,
}

impl fmt::Debug for HdfsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Shared {
    fn client(&self) -> io::Result<&Client> {
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

    fn explain(&self, error: HdfsError) -> io::Error {
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

impl HdfsFiles {
    /// Does something with the cluster and waits for it.
    fn run<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Client) -> F + Send + 'static,
    ) -> io::Result<T>
    where
        F: Future<Output = Result<T, HdfsError>> + Send + 'static,
    {
        let shared = self.0.clone();
        run(async move {
            let client = shared.client()?.clone();
            // The client itself tries a name node again for many minutes.
            match tokio::time::timeout(ANSWER, work(client)).await {
                Ok(done) => done.map_err(|error| shared.explain(error)),
                Err(_) => {
                    let message = format!("{} can't be reached", shared.name);
                    Err(Trouble::new(message)
                        .help(REACHABLE)
                        .cause(format!("no answer for {} s", ANSWER.as_secs()))
                        .io(io::ErrorKind::TimedOut))
                }
            }
        })
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn entry(status: &FileStatus) -> Entry {
    Entry {
        path: status.path.clone().into(),
        bytes: status.length as u64,
        modified: Some(UNIX_EPOCH + Duration::from_millis(status.modification_time)),
        is_folder: status.isdir,
    }
}

impl Tree for HdfsFiles {
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let folder = text(folder);
        self.run(async move |client: Client| {
            let found = client.list_status(&folder, false).await?;
            Ok(found.iter().map(entry).collect())
        })
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = text(folder);
        self.run(async move |client: Client| client.mkdirs(&folder, FOLDER, true).await)
    }

    /// Only a folder that has nothing in it: what another task has put there meanwhile stays.
    fn delete_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = text(folder);
        self.run(async move |client: Client| client.delete(&folder, false).await.map(|_| ()))
    }

    fn delete_file(&self, file: &Path) -> io::Result<()> {
        self.delete_folder(file)
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        let path = text(path);
        self.run(async move |client: Client| {
            let status = client.get_file_info(&path).await?;
            let mut found = entry(&status);
            found.path = path.into();
            Ok(found)
        })
    }
}

impl Store for HdfsFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn publishing(&self) -> Publishing {
        Publishing::Rename
    }

    fn open_files(&self) -> usize {
        16
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
        let path = text(path);
        let file = self.run(async move |client: Client| client.read(&path).await)?;
        let size = file.file_length() as u64;
        let range = range.unwrap_or(0..size);
        let end = range.end.min(size);
        let length = end.saturating_sub(range.start);
        let shared = self.0.clone();
        let pieces = file.read_range_stream((end - length) as usize, length as usize);
        let pieces = pieces.map(move |piece| piece.map_err(|error| shared.explain(error)));
        Ok(Box::new(Ahead::new(pieces, AHEAD, length)?))
    }

    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        let path = text(path);
        let file = self.run(async move |client: Client| client.read(&path).await)?;
        let bytes = file.file_length() as u64;
        let ranges = HdfsRanges {
            shared: self.0.clone(),
            file: Arc::new(file),
        };
        Ok(RandomFile::fetched(Box::new(ranges), bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        let path = text(path);
        let name = path.clone();
        let file = self
            .run(async move |client: Client| client.create(&name, WriteOptions::default()).await)?;
        Ok(Box::new(HdfsWriter {
            shared: self.0.clone(),
            path,
            file: Some(Box::new(file)),
            buffer: Vec::new(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look_at(from)?;
        tree::make_folders(self, to.parent().unwrap_or(to))?;
        let (from, to) = (text(from), text(to));
        self.run(async move |client: Client| client.rename(&from, &to, true).await)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.make_folder(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match self.delete_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        let path = text(path);
        self.run(async move |client: Client| client.delete(&path, true).await)
    }

    fn remove_empty_folder(&self, path: &Path) -> bool {
        let path = text(path);
        let deleted = self.run(async move |client: Client| client.delete(&path, false).await);
        deleted.unwrap_or(false)
    }
}

struct HdfsRanges {
    shared: Arc<Shared>,
    file: Arc<FileReader>,
}

impl Ranges for HdfsRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (shared, file) = (self.shared.clone(), self.file.clone());
        run(async move {
            let length = (range.end - range.start) as usize;
            let read = file.read_range(range.start as usize, length).await;
            read.map_err(|error| shared.explain(error))
        })
    }
}

struct HdfsWriter {
    shared: Arc<Shared>,
    path: String,
    /// None while it rests.
    file: Option<Box<HdfsFileWriter>>,
    buffer: Vec<u8>,
}

impl HdfsWriter {
    /// Writes out what is collected, and closes the file if that is wanted.
    fn write_out(&mut self, close: bool) -> io::Result<()> {
        if self.buffer.is_empty() && !(close && self.file.is_some()) {
            return Ok(());
        }
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        let (shared, path, file) = (self.shared.clone(), self.path.clone(), self.file.take());
        self.file = run(async move {
            let written = async {
                let mut file = match file {
                    Some(file) => file,
                    None => {
                        let client = shared.client().map_err(HdfsError::from)?;
                        Box::new(client.append(&path).await?)
                    }
                };
                file.write_bytes(bytes).await?;
                if close {
                    file.close().await?;
                    return Ok(None);
                }
                Ok(Some(file))
            };
            written.await.map_err(|error| shared.explain(error))
        })?;
        Ok(())
    }
}

impl FileWriter for HdfsWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= BUFFER {
            true => self.write_out(false),
            false => Ok(()),
        }
    }

    fn held(&self) -> usize {
        self.buffer.len()
    }

    fn rest(&mut self) -> io::Result<()> {
        self.write_out(true)
    }

    fn finish(mut self: Box<Self>) -> io::Result<Option<Upload>> {
        self.write_out(true)?;
        Ok(None)
    }
}
