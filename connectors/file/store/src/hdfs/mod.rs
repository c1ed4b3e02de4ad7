//! HDFS: files of a Hadoop cluster, by its own protocol.

mod cluster;
mod files;

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::StreamExt;
use hdfs_native::client::FileStatus;
use hdfs_native::{Client, HdfsError, WriteOptions};

use crate::ahead::Ahead;
use crate::buffer::Buffered;
use crate::tree::{Tree, text};
use crate::wait::run;
use crate::{Entry, FileWriter, RandomFile, Store, Trouble};

use cluster::{REACHABLE, Shared, settings};
use files::{HdfsBlocks, HdfsRanges};

/// Pieces of a file that are there before they are wanted. The protocol's are of 64 KiB.
const AHEAD: usize = 32;
/// How long the cluster may take for an answer.
const ANSWER: Duration = Duration::from_secs(30);
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
    Ok(Arc::new(HdfsFiles(Arc::new(Shared::new(
        configuration,
        settings,
    )))))
}

struct HdfsFiles(Arc<Shared>);

impl fmt::Debug for HdfsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
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
            shared.reach().await?;
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

fn entry(status: &FileStatus) -> Entry {
    Entry {
        path: status.path.clone().into(),
        bytes: status.length as u64,
        modified: Some(UNIX_EPOCH + Duration::from_millis(status.modification_time)),
        is_folder: status.isdir,
    }
}

impl Tree for HdfsFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn open_files(&self) -> usize {
        16
    }

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
        Ok(Box::new(Buffered::new(HdfsBlocks {
            shared: self.0.clone(),
            path,
            file: Some(Box::new(file)),
        })))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look_at(from)?;
        self.make_folders(to.parent().unwrap_or(to))?;
        let (from, to) = (text(from), text(to));
        self.run(async move |client: Client| client.rename(&from, &to, true).await)
    }

    /// The name node makes those above, too.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        self.make_folder(folder)
    }

    fn delete_tree(&self, folder: &Path) -> io::Result<bool> {
        let folder = text(folder);
        self.run(async move |client: Client| client.delete(&folder, true).await)
    }

    fn remove_empty_folder(&self, folder: &Path) -> bool {
        let folder = text(folder);
        let deleted = self.run(async move |client: Client| client.delete(&folder, false).await);
        deleted.unwrap_or(false)
    }
}
