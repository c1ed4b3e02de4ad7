//! Open files of a web server.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tempfile::{NamedTempFile, TempPath};

use super::server::Shared;
use crate::buffer::Blocks;
use crate::random::Ranges;
use crate::wait::run;

/// Bytes of a file that are read from the disk at a time when it is sent.
const BLOCK: usize = 256 << 10;

/// Ranges of a file.
pub(super) struct WebdavRanges {
    pub(super) shared: Arc<Shared>,
    pub(super) path: PathBuf,
}

impl Ranges for WebdavRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (shared, path) = (self.shared.clone(), self.path.clone());
        run(async move { shared.range(&path, range).await })
    }
}

/// A file that is collected on this machine's disk until it is sent.
pub(super) struct WebdavBlocks {
    shared: Arc<Shared>,
    path: PathBuf,
    collected: TempPath,
}

impl WebdavBlocks {
    /// Begins a file.
    pub(super) fn begin(shared: Arc<Shared>, path: PathBuf) -> io::Result<Self> {
        Ok(Self {
            shared,
            path,
            collected: NamedTempFile::new()?.into_temp_path(),
        })
    }
}

impl Blocks for WebdavBlocks {
    const BLOCK: usize = BLOCK;

    fn put(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut file = OpenOptions::new().append(true).open(&self.collected)?;
        file.write_all(&block)?;
        Ok(block)
    }

    fn rest(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut file = File::open(&self.collected)?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let (shared, target) = (self.shared.clone(), self.path.clone());
        run(async move {
            let request = shared
                .request("PUT", shared.url(&target, false))
                .header("Content-Length", length)
                .body(reqwest::Body::wrap_stream(blocks(file)));
            shared.send(request).await.map(|_| ())
        })
    }
}

/// A file's content, block by block.
fn blocks(file: File) -> impl Stream<Item = io::Result<Bytes>> + Send {
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
