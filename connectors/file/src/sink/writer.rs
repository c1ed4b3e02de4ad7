//! Writes the batches of one task into files.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use async_trait::async_trait;
use seatunnel_api::{
    Batch, CheckpointId, DirtyRows, Error, Result, SinkWriter, TaskContext, codes,
};
use tokio::task::{JoinHandle, spawn_blocking};

use super::commit::FileCommittable;
use super::encode::{MEMORY, ParquetFile};
use super::handle::FileHandle;
use super::io_error::io_error;
use super::output::OutputFile;
use super::partition::Partitioner;
use super::target::{Encoder, Target};
use super::transaction::{Transaction, Workspace};
use crate::halving::find_bad;

/// Files that a writer has open at once; of more partitions the one that rested longest makes room.
const OPEN_FILES: usize = 64;
/// Files that are brought to the disk in the background at once.
const SYNCS: usize = 64;
/// Bytes after which a file is brought to the disk while it is written, so that less is left to wait for.
const SYNC_AFTER: usize = 16 * 1024 * 1024;

/// A file that takes rows.
enum OpenFile {
    Lines(Box<OutputFile>),
    Parquet(Box<ParquetFile>),
}

impl OpenFile {
    /// Bytes that it holds in memory and can write out early.
    fn memory(&self) -> usize {
        match self {
            Self::Lines(_) => 0,
            Self::Parquet(file) => file.memory(),
        }
    }

    fn handle(&mut self) -> &mut FileHandle {
        match self {
            Self::Lines(file) => file.handle(),
            Self::Parquet(file) => file.handle(),
        }
    }
}

struct Slot {
    file: OpenFile,
    rows: u64,
    /// Its key in [`LocalFileWriter::in_use`]; none while the file is put aside.
    used: Option<u64>,
}

/// Writes the batches of one task into files, one for each partition at a time.
pub(crate) struct LocalFileWriter {
    target: Arc<Target>,
    workspace: Workspace,
    transaction: Transaction,
    encoder: Encoder,
    partitioner: Option<Partitioner>,
    /// Begun files by partition.
    slots: HashMap<Arc<str>, Slot>,
    /// Partitions whose files are open, the one that rested longest first.
    in_use: BTreeMap<u64, Arc<str>>,
    /// Bytes that all open files hold in memory.
    held: usize,
    /// How many files of a partition there were before in this transaction.
    numbers: HashMap<Arc<str>, u32>,
    /// Closed files on their way to the disk.
    syncs: Vec<(PathBuf, JoinHandle<io::Result<()>>)>,
    writes: u64,
    has_written: bool,
    dirty: DirtyRows,
    /// Rows that came so far.
    rows: u64,
}

impl LocalFileWriter {
    /// A writer for one task.
    ///
    /// # Errors
    /// If the options don't fit the table.
    pub(crate) fn new(target: Arc<Target>, context: &TaskContext) -> Result<Self> {
        let tmp_path = target
            .options
            .is_enable_transaction
            .then_some(target.tmp_path.as_path());
        let workspace = Workspace::new(&target.path, tmp_path, &context.job.id, context.subtask);
        Ok(Self {
            encoder: target.encoder()?,
            partitioner: target.partitioner()?,
            transaction: workspace.begin(1),
            workspace,
            target,
            slots: HashMap::new(),
            in_use: BTreeMap::new(),
            held: 0,
            numbers: HashMap::new(),
            syncs: Vec::new(),
            writes: 0,
            has_written: false,
            dirty: context.dirty.clone(),
            rows: 0,
        })
    }

    /// The columns that files have.
    fn projected(&self, batch: &Batch) -> Result<RecordBatch> {
        let all = batch.records();
        Ok(match self.target.takes_all() {
            true => all.clone(),
            false => all.project(&self.target.columns)?,
        })
    }

    /// Rows with values that can't be written as files have them.
    fn refused(&mut self, rows: &RecordBatch) -> Vec<(usize, Error)> {
        let charset = self.target.charset;
        let path = &self.target.path;
        match &mut self.encoder {
            Encoder::Lines(encoder) if encoder.may_refuse(charset) => {
                find_bad(rows.num_rows(), |from, to| {
                    encoder.check(&rows.slice(from, to - from), charset, path)
                })
            }
            _ => Vec::new(),
        }
    }

    fn write_part(&mut self, partition: &Arc<str>, rows: &RecordBatch) -> Result<()> {
        let limit = match self.target.options.single_file_mode {
            true => u64::MAX,
            false => self.target.options.batch_size,
        };
        let mut offset = 0;
        while offset < rows.num_rows() {
            if !self.slots.contains_key(partition) {
                self.open(partition, Some(rows))?;
            }
            let Some(slot) = self.slots.get_mut(partition) else {
                return Ok(());
            };
            let room = usize::try_from(limit - slot.rows).unwrap_or(usize::MAX);
            let length = room.min(rows.num_rows() - offset);
            let piece = rows.slice(offset, length);
            match (&mut slot.file, &mut self.encoder) {
                (OpenFile::Lines(file), Encoder::Lines(encoder)) => encoder.write(&piece, file)?,
                (OpenFile::Parquet(file), Encoder::Parquet(_)) => {
                    self.held -= file.memory();
                    file.write(&piece)?;
                    self.held += file.memory();
                }
                _ => return Err(mixed_up()),
            }
            if let Some((file, path)) = slot.file.handle().clone_if_written(SYNC_AFTER)
                && self.syncs.len() < SYNCS
            {
                let task = spawn_blocking(move || file.sync_data());
                self.syncs.push((path.to_owned(), task));
            }
            self.writes += 1;
            if let Some(before) = slot.used.replace(self.writes) {
                self.in_use.remove(&before);
            }
            self.in_use.insert(self.writes, partition.clone());
            slot.rows += length as u64;
            if slot.rows >= limit {
                self.close(partition)?;
            }
            offset += length;
        }
        self.keep_bounds()
    }

    /// Begins the next file of a partition.
    fn open(&mut self, partition: &Arc<str>, first: Option<&RecordBatch>) -> Result<()> {
        let number = self.numbers.entry(partition.clone()).or_default();
        let names = &self.target.names;
        let (file, path) = self.transaction.create(partition, |transaction, taken| {
            names.name(transaction, *number, taken)
        })?;
        *number += 1;
        let file = FileHandle::new(file, path);
        let file = match &mut self.encoder {
            Encoder::Parquet(settings) => {
                OpenFile::Parquet(Box::new(ParquetFile::new(file, settings, first)?))
            }
            Encoder::Lines(encoder) => {
                let lzo =
                    self.target.options.compress_codec == crate::sink_options::SinkCompression::Lzo;
                let mut file = OutputFile::new(file, self.target.charset, lzo)?;
                if self.target.options.enable_header_write {
                    file.buffer().extend_from_slice(&encoder.header());
                }
                OpenFile::Lines(Box::new(file))
            }
        };
        let slot = Slot {
            file,
            rows: 0,
            used: None,
        };
        self.slots.insert(partition.clone(), slot);
        Ok(())
    }

    /// Ends the open file of a partition and has it brought to the disk in the background.
    fn close(&mut self, partition: &str) -> Result<()> {
        let Some(slot) = self.slots.remove(partition) else {
            return Ok(());
        };
        if let Some(used) = slot.used {
            self.in_use.remove(&used);
        }
        self.held -= slot.file.memory();
        let (file, path) = match slot.file {
            OpenFile::Lines(file) => file.finish()?,
            OpenFile::Parquet(file) => file.finish()?,
        };
        self.sync(file, path)
    }

    fn sync(&mut self, file: File, path: PathBuf) -> Result<()> {
        if self.syncs.len() >= SYNCS {
            return file.sync_all().map_err(|e| io_error("write", &path, e));
        }
        let task = spawn_blocking(move || file.sync_all());
        self.syncs.push((path, task));
        Ok(())
    }

    /// Keeps open files and memory within bounds.
    fn keep_bounds(&mut self) -> Result<()> {
        if self.in_use.len() > OPEN_FILES
            && let Some((_, rested)) = self.in_use.pop_first()
            && let Some(slot) = self.slots.get_mut(&rested)
        {
            slot.used = None;
            match &mut slot.file {
                OpenFile::Lines(file) => file.put_aside()?,
                OpenFile::Parquet(file) => file.handle().pause(),
            }
        }
        if self.held > MEMORY {
            // Those with more than their share, so that small row groups stay rare.
            let share = MEMORY / 2 / self.slots.len().max(1);
            for slot in self.slots.values_mut() {
                if let OpenFile::Parquet(file) = &mut slot.file
                    && file.memory() > share
                {
                    self.held -= file.memory();
                    file.flush()?;
                }
            }
        }
        Ok(())
    }

    fn close_all(&mut self) -> Result<()> {
        let partitions: Vec<Arc<str>> = self.slots.keys().cloned().collect();
        partitions
            .iter()
            .try_for_each(|partition| self.close(partition))
    }

    /// Waits until closed files are on the disk, so that at most `left` remain under way.
    async fn wait_for_syncs(&mut self, left: usize) -> Result<()> {
        let count = self.syncs.len().saturating_sub(left);
        for (path, task) in self.syncs.drain(..count) {
            match task.await {
                Ok(synced) => synced.map_err(|e| io_error("write", &path, e))?,
                Err(e) => {
                    return Err(Error::new(
                        codes::INTERNAL,
                        "bringing a file to the disk broke off",
                    )
                    .with_context("file", path.display())
                    .with_cause(e));
                }
            }
        }
        Ok(())
    }
}

fn mixed_up() -> Error {
    Error::new(
        codes::INTERNAL,
        "a file is of another format than its encoder",
    )
}

#[async_trait]
impl SinkWriter for LocalFileWriter {
    type Committable = FileCommittable;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        self.has_written = true;
        let mut batch = batch;
        let mut rows = self.projected(&batch)?;
        if self.dirty.is_on() {
            let before = self.rows;
            self.rows += batch.num_rows() as u64;
            let bad = self.refused(&rows);
            if !bad.is_empty() {
                let mut keep = vec![true; batch.num_rows()];
                for (row, error) in bad {
                    keep[row] = false;
                    let error = error.with_context("row", before + row as u64 + 1);
                    self.dirty.reject(&batch, row, error).await?;
                }
                batch = batch.filter(&BooleanArray::from(keep))?;
                rows = self.projected(&batch)?;
            }
        }
        let all = batch.records();
        match &mut self.partitioner {
            None => self.write_part(&Arc::from(""), &rows)?,
            Some(partitioner) => {
                for (partition, rows) in partitioner.split(all, &rows)? {
                    self.write_part(&partition, &rows)?;
                }
            }
        }
        self.wait_for_syncs(SYNCS / 2).await
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<FileCommittable>> {
        if !self.has_written && self.target.options.create_empty_file_when_no_data {
            self.has_written = true;
            self.open(&Arc::from(""), None)?;
        }
        self.close_all()?;
        self.wait_for_syncs(0).await?;
        self.numbers.clear();
        let next = self.workspace.begin(checkpoint + 1);
        let done = std::mem::replace(&mut self.transaction, next);
        Ok(done.hand_over().into_iter().collect())
    }

    async fn abort(&mut self) -> Result<()> {
        self.slots.clear();
        self.in_use.clear();
        self.held = 0;
        // What is on its way to the disk is deleted anyway; how that ends does not matter.
        self.syncs.clear();
        self.transaction.discard()
    }
}
