//! Object stores: S3 and what speaks its language, Google Cloud Storage, Azure Blob Storage.
//!
//! What is written is sent as a multipart upload straight to where it belongs; completing the upload
//! makes it a file, in one piece.

mod build;
mod calls;
mod explain;
mod look;
mod read;
mod upload;

use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::Semaphore;

use crate::ahead::Ahead;
use crate::wait::run;
use crate::{Entry, FileWriter, Publishing, RandomFile, Store, Trouble, Upload};

pub use build::{AzureAccess, AzureConfig, GcsConfig, S3Access, S3Config, azure, gcs, s3};

use calls::Calls;
use look::Found;

/// Parts that are on their way at once, of all files of a store. Each is of 8 MiB, or more in files
/// of more than 8 GiB.
const PARTS_AT_ONCE: usize = 8;
/// Objects that are deleted at once.
const DELETES_AT_ONCE: usize = 16;

/// What a client of an object store must be able to do.
trait Objects: ObjectStore + MultipartStore + PaginatedListStore {}

impl<T: ObjectStore + MultipartStore + PaginatedListStore> Objects for T {}

/// A bucket or container.
struct ObjectFiles(Arc<Shared>);

/// What the store and its open files have in common.
struct Shared {
    name: String,
    client: Arc<dyn Objects>,
    calls: Calls,
    parts: Arc<Semaphore>,
}

impl fmt::Debug for ObjectFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl ObjectFiles {
    fn new(name: String, client: Arc<dyn Objects>, calls: Calls) -> Self {
        Self(Arc::new(Shared {
            name,
            client,
            calls,
            parts: Arc::new(Semaphore::new(PARTS_AT_ONCE)),
        }))
    }

    /// Whether there is anything below a folder, also the marker that some programs put for an empty one.
    fn is_folder(&self, key: &Key) -> io::Result<bool> {
        let prefix = match key.as_ref() {
            "" => None,
            key => Some(format!("{key}/")),
        };
        self.0.run(async move |shared| {
            let options = PaginatedListOptions {
                max_keys: Some(1),
                ..PaginatedListOptions::default()
            };
            let page = shared.client.list_paginated(prefix.as_deref(), options);
            let page = page.await?.result;
            // A bucket is there even if it is empty.
            Ok(prefix.is_none() || !page.objects.is_empty() || !page.common_prefixes.is_empty())
        })
    }
}

impl Shared {
    /// Does something with the store on its own threads and waits for it.
    fn run<T: Send + 'static, F>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> io::Result<T>
    where
        F: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let shared = self.clone();
        run(async move {
            let done = work(shared.clone()).await;
            done.map_err(|error| explain::explain(&shared.name, error))
        })
    }

    async fn size(&self, key: &Key) -> object_store::Result<Option<u64>> {
        match self.client.head(key).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &Key) -> object_store::Result<()> {
        match self.client.delete(key).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            deleted => deleted,
        }
    }

    async fn abort(&self, key: &Key, id: &String) -> object_store::Result<()> {
        match self.client.abort_multipart(key, id).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            aborted => aborted,
        }
    }
}

/// The key of a path.
fn key(path: &Path) -> io::Result<Key> {
    let invalid = |why: String| {
        let message = format!("{} can't be the name of an object: {why}", path.display());
        Trouble::new(message).io(io::ErrorKind::InvalidFilename)
    };
    let text = path
        .to_str()
        .ok_or_else(|| invalid("it is not UTF-8".to_owned()))?;
    Key::parse(text.trim_start_matches('/')).map_err(|e| invalid(e.to_string()))
}

fn path_of(key: &Key) -> PathBuf {
    Path::new("/").join(key.as_ref())
}

fn entry(meta: &ObjectMeta) -> Entry {
    Entry {
        path: path_of(&meta.location),
        bytes: meta.size,
        modified: Some(meta.last_modified.into()),
        is_folder: false,
    }
}

impl Store for ObjectFiles {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn publishing(&self) -> Publishing {
        Publishing::Upload
    }

    fn open_files(&self) -> usize {
        64
    }

    fn find(&self, path: &Path) -> io::Result<Entry> {
        let key = key(path)?;
        let folder = || Entry {
            path: path_of(&key),
            bytes: 0,
            modified: None,
            is_folder: true,
        };
        if !key.as_ref().is_empty() {
            let found = {
                let key = key.clone();
                self.0.run(async move |shared| shared.look_at(&key).await)?
            };
            match found {
                Some(Found::File(meta)) => return Ok(entry(&meta)),
                Some(Found::Folder) => return Ok(folder()),
                None => {}
            }
        }
        match self.is_folder(&key)? {
            true => Ok(folder()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        let root = key(folder)?;
        let prefix = root.clone();
        let objects = self.0.run(async move |shared| {
            let prefix = Some(&prefix).filter(|key| !key.as_ref().is_empty());
            match recursive {
                true => shared.client.list(prefix).try_collect().await,
                false => Ok(shared.client.list_with_delimiter(prefix).await?.objects),
            }
        })?;
        let depth = root.parts().count();
        let wanted = objects.iter().filter(|object| {
            // What stands for the folder itself.
            if object.location == root {
                return false;
            }
            let below = object.location.parts().count().saturating_sub(depth + 1);
            let mut folders = object.location.parts().skip(depth).take(below);
            !folders.any(|folder| skip(folder.as_ref()))
        });
        Ok(wanted.map(entry).collect())
    }

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        let key = key(path)?;
        let range = match range {
            Some(range) => range,
            None => 0..self.find(path)?.bytes,
        };
        let bytes = range.end.saturating_sub(range.start);
        let pieces = read::pieces(self.0.clone(), key, range);
        Ok(Box::new(Ahead::new(pieces, read::AHEAD, bytes)?))
    }

    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        let found = self.find(path)?;
        let ranges = read::ObjectRanges {
            shared: self.0.clone(),
            key: key(path)?,
        };
        Ok(RandomFile::fetched(Box::new(ranges), found.bytes))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        let key = key(path)?;
        Ok(Box::new(upload::UploadWriter::new(self.0.clone(), key)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (key(from)?, key(to)?);
        self.0.run(async move |shared| {
            shared.client.copy(&from, &to).await?;
            shared.delete(&from).await
        })
    }

    /// A file brings its folders; one that has none gets an empty object that stands for it, called `folder/`; in Azure
    /// `folder`, and marked.
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let folder = key(path)?;
        if self.is_folder(&folder)? {
            return Ok(());
        }
        let shared = self.0.clone();
        if let Calls::Known { .. } = shared.calls {
            return run(async move { shared.calls.mark(&shared.name, &folder).await });
        }
        self.0.run(async move |shared| shared.mark(&folder).await)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let key = key(path)?;
        self.0.run(async move |shared| shared.delete(&key).await)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        let key = key(path)?;
        self.0.run(async move |shared| {
            let prefix = Some(&key).filter(|key| !key.as_ref().is_empty());
            let objects: Vec<_> = shared.client.list(prefix).try_collect().await?;
            let marked = matches!(shared.calls, Calls::Unknown)
                && matches!(shared.look_at(&key).await?, Some(Found::Folder));
            if marked {
                shared.delete(&key).await?;
            }
            let any = marked || !objects.is_empty();
            let deletes = objects.into_iter().map(|object| {
                let shared = shared.clone();
                async move { shared.delete(&object.location).await }
            });
            let mut deletes = futures_util::stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
            while let Some(deleted) = deletes.next().await {
                deleted?;
            }
            Ok(any)
        })
    }

    fn remove_empty_folder(&self, _path: &Path) -> bool {
        false
    }

    fn complete(&self, path: &Path, upload: &Upload) -> io::Result<()> {
        let (key, upload) = (key(path)?, upload.clone());
        let shared = self.0.clone();
        run(async move {
            let parts = upload.parts.into_iter();
            let parts = parts.map(|content_id| PartId { content_id }).collect();
            let completed = shared.client.complete_multipart(&key, &upload.id, parts);
            let Err(error) = completed.await else {
                return Ok(());
            };
            // An upload is gone as soon as it is completed. Names are never used twice: what is there
            // is what it has become.
            if let Ok(Some(bytes)) = shared.size(&key).await
                && bytes == upload.bytes
            {
                return Ok(());
            }
            // Servers differ in how they say that they don't know it.
            let folder: Key = key.parts().take(key.parts().count() - 1).collect();
            let unfinished = shared.calls.unfinished(&shared.name, &folder).await;
            match unfinished {
                Ok(Some(found)) if found.iter().all(|(_, id)| *id != upload.id) => {
                    Err(io::ErrorKind::NotFound.into())
                }
                _ => Err(explain::explain(&shared.name, error)),
            }
        })
    }

    fn abort(&self, path: &Path, upload: &Upload) -> io::Result<()> {
        let (key, id) = (key(path)?, upload.id.clone());
        self.0.run(async move |shared| {
            shared.abort(&key, &id).await?;
            match shared.size(&key).await? {
                Some(_) => shared.delete(&key).await,
                None => Ok(()),
            }
        })
    }

    fn abort_unfinished(&self, folder: &Path, part: &str) -> io::Result<usize> {
        let (folder, part) = (key(folder)?, part.to_owned());
        let found = {
            let shared = self.0.clone();
            run(async move { shared.calls.unfinished(&shared.name, &folder).await })?
        };
        let found = found.unwrap_or_default();
        self.0.run(async move |shared| {
            let mut aborted = 0;
            for (key, id) in found {
                if key.filename().is_some_and(|name| name.contains(&part)) {
                    shared.abort(&key, &id).await?;
                    aborted += 1;
                }
            }
            Ok(aborted)
        })
    }
}
