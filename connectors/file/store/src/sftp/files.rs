//! Open files of a server.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use russh_sftp::client::fs::File;
use russh_sftp::protocol::OpenFlags;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Mutex;

use super::connection::Shared;
use crate::buffer::Blocks;
use crate::random::Ranges;
use crate::wait::run;

/// Bytes of a piece that is read.
const PIECE: usize = 256 << 10;

/// The next `left` bytes of a file, piece by piece.
pub(super) fn pieces(
    shared: Arc<Shared>,
    file: File,
    left: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(
        (shared, file, left),
        |(shared, mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
            let length = file.read(&mut piece).await;
            let length = length.map_err(|error| shared.broken(error))?;
            if length == 0 {
                return Ok(None);
            }
            piece.truncate(length);
            Ok(Some((
                Bytes::from(piece),
                (shared, file, left - length as u64),
            )))
        },
    )
}

/// Ranges of a file.
pub(super) struct SftpRanges {
    pub(super) shared: Arc<Shared>,
    pub(super) file: Arc<Mutex<File>>,
}

impl Ranges for SftpRanges {
    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (shared, file) = (self.shared.clone(), self.file.clone());
        run(async move {
            let fetched = async {
                let mut file = file.lock().await;
                file.seek(io::SeekFrom::Start(range.start)).await?;
                let mut bytes = vec![0; (range.end - range.start) as usize];
                file.read_exact(&mut bytes).await?;
                Ok(bytes.into())
            };
            fetched.await.map_err(|error| shared.broken(error))
        })
    }
}

/// The end of a file.
pub(super) struct SftpBlocks {
    pub(super) shared: Arc<Shared>,
    pub(super) path: String,
    /// None while it rests.
    pub(super) file: Option<Box<File>>,
}

impl Blocks for SftpBlocks {
    const BLOCK: usize = 256 << 10;

    fn put(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        let (shared, path, file) = (self.shared.clone(), self.path.clone(), self.file.take());
        let (file, block) = run(async move {
            let mut file = match file {
                Some(file) => file,
                None => Box::new(open_at_end(&shared, path).await?),
            };
            let written = file.write_all(&block).await;
            written.map_err(|error| shared.broken(error))?;
            Ok((file, block))
        })?;
        self.file = Some(file);
        Ok(block)
    }

    fn rest(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let shared = self.shared.clone();
        run(async move {
            file.flush().await.map_err(|error| shared.broken(error))?;
            // Servers without this call have no other way either.
            let _ = file.sync_all().await;
            file.close().await.map_err(|error| shared.broken(error))
        })
    }
}

async fn open_at_end(shared: &Shared, path: String) -> io::Result<File> {
    let session = shared.session().await?;
    let open = session.open_with_flags(path, OpenFlags::WRITE).await;
    let mut file = open.map_err(|error| shared.explain(error))?;
    let found = file.metadata().await;
    let end = found.map_err(|error| shared.explain(error))?.size;
    let moved = file
        .seek(io::SeekFrom::Start(end.unwrap_or_default()))
        .await;
    moved.map_err(|error| shared.broken(error))?;
    Ok(file)
}
