//! WebDAV: files of a web server.
//!
//! A file can only be sent as a whole, so it is collected on this machine's disk first.

mod files;
mod listing;
mod server;

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use reqwest::Url;

use crate::ahead::Ahead;
use crate::buffer::Buffered;
use crate::tree::Tree;
use crate::wait::run;
use crate::{Entry, FileWriter, RandomFile, Store, Trouble};

use files::{WebdavBlocks, WebdavRanges};
use server::{Access, Shared};

/// Bytes that are asked for at a time.
const PIECE: u64 = 4 << 20;
/// Requests that are under way at once.
const AT_ONCE: usize = 2;
/// Pieces that are there before they are wanted.
const AHEAD: usize = 2;

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
    let access = match (token, user) {
        (Some(token), _) => Access::Bearer(token),
        (None, Some(user)) => Access::Basic(user, password),
        (None, None) => Access::Nobody,
    };
    Ok(Arc::new(WebdavFiles(Arc::new(Shared::new(base, access)?))))
}

struct WebdavFiles(Arc<Shared>);

impl fmt::Debug for WebdavFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
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
    fn name(&self) -> &str {
        &self.0.name
    }

    fn open_files(&self) -> usize {
        64
    }

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

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        let range = match range {
            Some(range) => range,
            None => 0..self.look_at(path)?.bytes,
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
        let found = self.look_at(path)?;
        let ranges = WebdavRanges {
            shared: self.0.clone(),
            path: path.to_owned(),
        };
        Ok(RandomFile::fetched(Box::new(ranges), found.bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        self.make_way(path)?;
        let blocks = WebdavBlocks::begin(self.0.clone(), path.to_owned())?;
        Ok(Box::new(Buffered::new(blocks)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look_at(from)?;
        self.make_folders(to.parent().unwrap_or(to))?;
        let (from, to) = (from.to_owned(), to.to_owned());
        self.run(async move |shared: Arc<Shared>| {
            let request = shared
                .request("MOVE", shared.url(&from, false))
                .header("Destination", shared.url(&to, false).as_str())
                .header("Overwrite", "T");
            shared.send(request).await.map(|_| ())
        })
    }

    fn delete_tree(&self, folder: &Path) -> io::Result<bool> {
        match self.delete_folder(folder) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// A DELETE would take what another task has put there meanwhile: empty folders stay.
    fn remove_empty_folder(&self, _folder: &Path) -> bool {
        false
    }
}
