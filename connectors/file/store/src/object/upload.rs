//! Files that are sent in parts.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use object_store::multipart::PartId;
use object_store::path::Path as Key;
use tempfile::TempPath;
use tokio::task::JoinHandle;

use super::{Shared, explain};
use crate::wait::{run, runtime};
use crate::{FileWriter, Upload};

/// Bytes of a part of a file that is not very large. S3 wants 5 MiB at least, but for the last one.
const PART: usize = 8 << 20;
/// Parts after which parts become larger: a file has 10,000 at most.
const GROW_AFTER: usize = 1_000;
/// Parts of one file that are on their way at once.
const AT_ONCE: usize = 2;
/// Bytes below which putting them on the disk is not worth it.
const SMALL: usize = 64 << 10;
/// How long a writer that is dropped waits until its upload is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file that is being sent.
pub(super) struct UploadWriter {
    shared: Arc<Shared>,
    key: Key,
    /// The upload, begun with the first part.
    id: Option<String>,
    parts: Vec<String>,
    flying: VecDeque<JoinHandle<object_store::Result<PartId>>>,
    /// What is no whole part yet.
    buffer: Vec<u8>,
    /// The start of that, on this machine's disk, while the file rests.
    resting: Option<TempPath>,
    bytes: u64,
    finished: bool,
}

impl UploadWriter {
    pub(super) fn new(shared: Arc<Shared>, key: Key) -> Self {
        Self {
            shared,
            key,
            id: None,
            parts: Vec::new(),
            flying: VecDeque::new(),
            buffer: Vec::new(),
            resting: None,
            bytes: 0,
            finished: false,
        }
    }

    /// Bytes of the part that is filled now.
    fn part_size(&self) -> usize {
        PART * (1 + (self.parts.len() + self.flying.len()) / GROW_AFTER)
    }

    fn id(&mut self) -> io::Result<String> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let key = self.key.clone();
        let begin = async move |shared: Arc<Shared>| shared.client.create_multipart(&key).await;
        let id = self.shared.run(begin)?;
        Ok(self.id.insert(id).clone())
    }

    /// Sends what is buffered as a part, when there is room for one.
    fn send(&mut self) -> io::Result<()> {
        let id = self.id()?;
        while self.flying.len() >= AT_ONCE {
            self.land()?;
        }
        let parts = self.shared.parts.clone();
        let room = run(async move { parts.acquire_owned().await.map_err(io::Error::other) })?;
        let data = std::mem::take(&mut self.buffer);
        let number = self.parts.len() + self.flying.len();
        let (shared, key) = (self.shared.clone(), self.key.clone());
        let sent = async move {
            let sent = shared.client.put_part(&key, &id, number, data.into()).await;
            drop(room);
            sent
        };
        self.flying.push_back(runtime()?.spawn(sent));
        Ok(())
    }

    /// Waits for the part that was sent first.
    fn land(&mut self) -> io::Result<()> {
        let Some(part) = self.flying.pop_front() else {
            return Ok(());
        };
        let name = self.shared.name.clone();
        let part = run(async move {
            let sent = part.await.map_err(io::Error::other)?;
            sent.map_err(|error| explain::explain(&name, error))
        })?;
        self.parts.push(part.content_id);
        Ok(())
    }

    /// Takes what rests on the disk back.
    fn wake(&mut self) -> io::Result<()> {
        if let Some(resting) = self.resting.take() {
            let mut bytes = fs::read(&resting)?;
            bytes.append(&mut self.buffer);
            self.buffer = bytes;
        }
        Ok(())
    }
}

impl FileWriter for UploadWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wake()?;
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.part_size() - self.buffer.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
            if self.buffer.len() >= self.part_size() {
                self.send()?;
            }
        }
        Ok(())
    }

    fn held(&self) -> usize {
        match self.buffer.len() {
            0..SMALL => 0,
            held => held,
        }
    }

    fn rest(&mut self) -> io::Result<()> {
        if self.resting.is_some() || self.buffer.len() < SMALL {
            return Ok(());
        }
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&self.buffer)?;
        self.resting = Some(file.into_temp_path());
        self.buffer = Vec::new();
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Option<Upload>> {
        self.wake()?;
        if !self.buffer.is_empty() || (self.bytes == 0 && self.shared.calls.wants_a_part()) {
            // A file without bytes has one part without bytes.
            self.send()?;
        }
        while !self.flying.is_empty() {
            self.land()?;
        }
        let id = self.id()?;
        self.finished = true;
        Ok(Some(Upload {
            id,
            parts: std::mem::take(&mut self.parts),
            bytes: self.bytes,
        }))
    }
}

impl Drop for UploadWriter {
    fn drop(&mut self) {
        let (Some(id), false) = (self.id.take(), self.finished) else {
            return;
        };
        let flying = std::mem::take(&mut self.flying);
        let (shared, key) = (self.shared.clone(), self.key.clone());
        let aborted = run(async move {
            // A part that arrives behind the abort would stay.
            for part in flying {
                part.abort();
                let _ = part.await;
            }
            let abort = tokio::time::timeout(PATIENCE, shared.abort(&key, &id));
            match abort.await {
                Ok(done) => done.map_err(|error| explain::explain(&shared.name, error)),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        });
        if let Err(error) = aborted {
            tracing::warn!(
                "an unfinished upload to {} in {} could not be given up: {error}",
                self.key,
                self.shared.name
            );
        }
    }
}
