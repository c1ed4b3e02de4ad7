//! Open files of a cluster.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hdfs_native::HdfsError;
use hdfs_native::file::{FileReader, FileWriter as HdfsFileWriter};

use super::cluster::Shared;
use crate::buffer::Blocks;
use crate::random::Ranges;
use crate::wait::run;

/// Ranges of a file.
pub(super) struct HdfsRanges {
    pub(super) shared: Arc<Shared>,
    pub(super) file: Arc<FileReader>,
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

/// The end of a file.
pub(super) struct HdfsBlocks {
    pub(super) shared: Arc<Shared>,
    pub(super) path: String,
    /// None while it rests.
    pub(super) file: Option<Box<HdfsFileWriter>>,
}

impl Blocks for HdfsBlocks {
    const BLOCK: usize = 1 << 20;

    fn put(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
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
                file.write_bytes(block.into()).await?;
                Ok(Some(file))
            };
            written.await.map_err(|error| shared.explain(error))
        })?;
        // What is on its way needs the memory.
        Ok(Vec::new())
    }

    fn rest(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let shared = self.shared.clone();
        run(async move { file.close().await.map_err(|error| shared.explain(error)) })
    }
}
