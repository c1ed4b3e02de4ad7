//! Writes the batches of one task into files.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use async_trait::async_trait;
use seatunnel_api::{
    Batch, CheckpointId, DirtyRows, Error, Result, SinkWriter, TaskContext, codes,
};
use seatunnel_file_formats::packing::Packing;
use tokio::task::{JoinHandle, spawn_blocking};

use super::commit::FileCommittable;
use super::encode::{Changed, MEMORY, ParquetFile, WholeFile};
use super::handle::FileHandle;
use super::io_error::io_error;
use super::output::{Compressing, OutputFile};
use super::partition::Partitioner;
use super::target::{Encoder, Target};
use super::transaction::{Transaction, Workspace, remove_file};
use crate::halving::find_bad;
use crate::place::Place;
use crate::sink_options::SinkCompression;

/// Files of this machine that a writer has open at once; of more partitions the one that rested longest
/// makes room.
const OPEN_FILES: usize = 64;
/// Files that are brought to the disk in the background at once.
const SYNCS: usize = 64;
/// Bytes after which a file is brought to the disk while it is written, so that less is left to wait for.
const SYNC_AFTER: usize = 16 * 1024 * 1024;

/// A file that takes rows.
enum OpenFile {
    Lines(Box<OutputFile>),
    Parquet(Box<ParquetFile>),
    Whole(WholeFile),
    /// Bytes as they are.
    Bytes(FileHandle),
}

impl OpenFile {
    /// Bytes that it holds in memory and can give up early.
    fn memory(&mut self) -> usize {
        let encoder = match self {
            Self::Lines(_) | Self::Bytes(_) => 0,
            Self::Parquet(file) => file.memory(),
            Self::Whole(file) => file.memory(),
        };
        encoder + self.handle().held()
    }

    /// Gives up what it holds in memory.
    fn flush(&mut self) -> Result<()> {
        match self {
            Self::Parquet(file) => file.flush()?,
            Self::Whole(file) => file.flush()?,
            Self::Lines(_) | Self::Bytes(_) => {}
        }
        let handle = self.handle();
        let paused = match handle.held() {
            0 => Ok(()),
            _ => handle.pause(),
        };
        paused.map_err(|e| io_error("write", handle.path(), e))
    }

    fn handle(&mut self) -> &mut FileHandle {
        match self {
            Self::Lines(file) => file.handle(),
            Self::Parquet(file) => file.handle(),
            Self::Whole(file) => file.handle(),
            Self::Bytes(file) => file,
        }
    }
}

struct Slot {
    file: OpenFile,
    rows: u64,
    /// Its key in [`FileSinkWriter::in_use`]; none while the file is put aside.
    used: Option<u64>,
}

/// Writes the batches of one task into files, one for each partition at a time.
pub(crate) struct FileSinkWriter {
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

impl FileSinkWriter {
    /// A writer for one task.
    ///
    /// # Errors
    /// If the options don't fit the table.
    pub(crate) fn new(target: Arc<Target>, context: &TaskContext) -> Result<Self> {
        let workspace = Workspace::new(&target, &context.job.id, context.subtask);
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
            Encoder::Whole(settings) => find_bad(rows.num_rows(), |from, to| {
                settings.check_rows(&rows.slice(from, to - from), path)
            }),
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
            self.held = self.held.saturating_sub(slot.file.memory());
            match (&mut slot.file, &mut self.encoder) {
                (OpenFile::Lines(file), Encoder::Lines(encoder)) => encoder.write(&piece, file)?,
                (OpenFile::Parquet(file), Encoder::Parquet(_)) => file.write(&piece)?,
                (OpenFile::Whole(file), Encoder::Whole(_)) => file.write(&piece)?,
                (OpenFile::Lines(file), Encoder::Changes(_)) => {
                    put_lines(&piece, file, &self.target.options.row_delimiter)?;
                }
                _ => return Err(mixed_up()),
            }
            self.held += slot.file.memory();
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

    /// Writes rows to the files that they belong to; `all` are the same rows with all columns of the table.
    fn write_rows(&mut self, all: &RecordBatch, rows: &RecordBatch) -> Result<()> {
        match &mut self.partitioner {
            None => self.write_part(&Arc::from(""), rows),
            Some(partitioner) => {
                let parts = partitioner.split(all, rows)?;
                let mut parts = parts.iter();
                parts.try_for_each(|(partition, rows)| self.write_part(partition, rows))
            }
        }
    }

    /// Puts pieces of files together: each file has a slot of its own until the next checkpoint.
    fn write_pieces(&mut self, rows: &RecordBatch) -> Result<()> {
        for row in 0..rows.num_rows() {
            let Encoder::Binary(encoder) = &mut self.encoder else {
                return Err(mixed_up());
            };
            let Some(piece) = encoder.piece(rows, row)? else {
                continue;
            };
            if !self.slots.contains_key(&piece.path) {
                self.open_whole(&piece.path)?;
            }
            let Some(slot) = self.slots.get_mut(&piece.path) else {
                return Err(mixed_up());
            };
            self.held = self.held.saturating_sub(slot.file.memory());
            let handle = slot.file.handle();
            let written = handle.write_all(piece.data);
            written.map_err(|e| io_error("write", handle.path(), e))?;
            self.held += slot.file.memory();
            self.writes += 1;
            if let Some(before) = slot.used.replace(self.writes) {
                self.in_use.remove(&before);
            }
            self.in_use.insert(self.writes, piece.path);
            self.keep_bounds()?;
        }
        Ok(())
    }

    /// Begins the file at a path below the target, or under the name that the user gives the only one.
    fn open_whole(&mut self, path: &Arc<str>) -> Result<()> {
        let target = self.target.clone();
        let is_named = target.options.custom_filename == Some(true);
        if is_named && let Some(other) = self.slots.keys().next() {
            return Err(Error::new(
                codes::OPTION_INVALID,
                format!(
                    "`custom_filename` names one file of each writer, and there are two: {other} and {path}"
                ),
            )
            .with_help("leave it out: files keep their paths then"));
        }
        if !target.options.is_enable_transaction {
            // Written where it belongs: it takes the place of what is there.
            let there = target.path.join(path.as_ref());
            match &target.root.place {
                Place::Here => remove_file(&there)?,
                Place::Store(store) => {
                    let removed = store.remove_file(&there);
                    removed.map_err(|e| io_error("replace", &there, e))?;
                }
            }
        }
        let file = self
            .transaction
            .create("", |transaction, taken| match is_named {
                true => target.names.name(transaction, 0, taken),
                false => path.to_string(),
            })?;
        let slot = Slot {
            file: OpenFile::Bytes(file),
            rows: 0,
            used: None,
        };
        self.slots.insert(path.clone(), slot);
        Ok(())
    }

    /// Begins the next file of a partition.
    fn open(&mut self, partition: &Arc<str>, first: Option<&RecordBatch>) -> Result<()> {
        let number = self.numbers.entry(partition.clone()).or_default();
        let names = &self.target.names;
        let file = self.transaction.create(partition, |transaction, taken| {
            names.name(transaction, *number, taken)
        })?;
        *number += 1;
        let file = match &mut self.encoder {
            Encoder::Parquet(settings) => {
                OpenFile::Parquet(Box::new(ParquetFile::new(file, settings, first)?))
            }
            Encoder::Whole(settings) if settings.is_text() => {
                let compressing = compressing(self.target.options.compress_codec);
                let file = OutputFile::new(file, self.target.charset, compressing)?;
                OpenFile::Whole(settings.begin_text(file)?)
            }
            Encoder::Whole(settings) => OpenFile::Whole(settings.begin(file)?),
            Encoder::Changes(_) => {
                let compressing = compressing(self.target.options.compress_codec);
                let file = OutputFile::new(file, self.target.charset, compressing)?;
                OpenFile::Lines(Box::new(file))
            }
            Encoder::Binary(_) => OpenFile::Bytes(file),
            Encoder::Lines(encoder) => {
                let compressing = compressing(self.target.options.compress_codec);
                let mut file = OutputFile::new(file, self.target.charset, compressing)?;
                if self.target.options.enable_header_write {
                    file.buffer().extend_from_slice(&encoder.header());
                }
                OpenFile::Lines(Box::new(file))
            }
        };
        let mut file = file;
        // What stands at the start of every file of its format.
        self.held += file.memory();
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
        let Some(mut slot) = self.slots.remove(partition) else {
            return Ok(());
        };
        if let Some(used) = slot.used {
            self.in_use.remove(&used);
        }
        self.held = self.held.saturating_sub(slot.file.memory());
        let file = match slot.file {
            OpenFile::Lines(file) => file.finish()?,
            OpenFile::Parquet(file) => file.finish()?,
            OpenFile::Whole(file) => file.finish()?,
            OpenFile::Bytes(file) => file,
        };
        let path = file.path().to_owned();
        if self.syncs.len() >= SYNCS {
            return file.close().map_err(|e| io_error("write", &path, e));
        }
        let task = spawn_blocking(move || file.close());
        self.syncs.push((path, task));
        Ok(())
    }

    /// Keeps open files and memory within bounds.
    fn keep_bounds(&mut self) -> Result<()> {
        let open_files = match &self.target.root.place {
            Place::Here => OPEN_FILES,
            Place::Store(store) => store.open_files(),
        };
        if self.in_use.len() > open_files
            && let Some((_, rested)) = self.in_use.pop_first()
            && let Some(slot) = self.slots.get_mut(&rested)
        {
            slot.used = None;
            self.held = self.held.saturating_sub(slot.file.memory());
            match &mut slot.file {
                OpenFile::Lines(file) => file.put_aside()?,
                OpenFile::Whole(file) => file.put_aside()?,
                file => {
                    let handle = file.handle();
                    let paused = handle.pause();
                    paused.map_err(|e| io_error("write", handle.path(), e))?;
                }
            }
            self.held += slot.file.memory();
        }
        if self.held > MEMORY {
            // Those with more than their share, so that small row groups stay rare.
            let share = MEMORY / 2 / self.slots.len().max(1);
            for slot in self.slots.values_mut() {
                let memory = slot.file.memory();
                if memory > share {
                    slot.file.flush()?;
                    self.held = self.held.saturating_sub(memory) + slot.file.memory();
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

    async fn write_batch(&mut self, batch: Batch) -> Result<()> {
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
        match &mut self.encoder {
            Encoder::Binary(_) => self.write_pieces(batch.records())?,
            Encoder::Changes(encoder) => {
                let changed = encoder.changes(&batch)?;
                self.write_rows(&changed.all, &changed.messages)?;
            }
            _ => self.write_rows(batch.records(), &rows)?,
        }
        self.wait_for_syncs(SYNCS / 2).await
    }

    async fn prepare(&mut self, checkpoint: CheckpointId) -> Result<Vec<FileCommittable>> {
        if !self.has_written && self.target.options.create_empty_file_when_no_data {
            self.has_written = true;
            self.open(&Arc::from(""), None)?;
        }
        match &mut self.encoder {
            Encoder::Changes(encoder) => {
                if let Some(Changed { all, messages }) = encoder.rest()? {
                    self.write_rows(&all, &messages)?;
                }
            }
            Encoder::Binary(encoder) => encoder.clear(),
            _ => {}
        }
        self.close_all()?;
        self.wait_for_syncs(0).await?;
        self.numbers.clear();
        let next = self.workspace.begin(checkpoint + 1);
        let done = std::mem::replace(&mut self.transaction, next);
        Ok(done.hand_over().into_iter().collect())
    }
}

/// How files of lines are compressed.
fn compressing(codec: SinkCompression) -> Option<Compressing> {
    Some(Compressing::Packing(match codec {
        SinkCompression::Lzo => return Some(Compressing::Lzo),
        SinkCompression::Gzip => Packing::Gzip,
        SinkCompression::Zstd => Packing::Zstd,
        SinkCompression::Lz4 => Packing::Lz4,
        SinkCompression::Snappy => Packing::Snappy,
        SinkCompression::Bzip2 => Packing::Bzip2,
        SinkCompression::None | SinkCompression::Zlib | SinkCompression::Brotli => return None,
    }))
}

/// Writes a column of lines.
fn put_lines(lines: &RecordBatch, file: &mut OutputFile, row_delimiter: &str) -> Result<()> {
    let lines = lines.column(0).as_binary::<i32>();
    for line in lines.iter().flatten() {
        file.buffer().extend_from_slice(line);
        file.buffer().extend_from_slice(row_delimiter.as_bytes());
        file.write_if_large()?;
    }
    Ok(())
}

fn mixed_up() -> Error {
    Error::new(
        codes::INTERNAL,
        "a file is of another format than its encoder",
    )
}

#[async_trait]
impl SinkWriter for FileSinkWriter {
    type Committable = FileCommittable;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let written = self.write_batch(batch).await;
        self.target.root.place.tell(written)
    }

    async fn prepare_commit(&mut self, checkpoint: CheckpointId) -> Result<Vec<FileCommittable>> {
        let prepared = self.prepare(checkpoint).await;
        self.target.root.place.tell(prepared)
    }

    async fn abort(&mut self) -> Result<()> {
        self.slots.clear();
        self.in_use.clear();
        self.held = 0;
        match &self.target.root.place {
            // What is on its way to the disk is deleted anyway; how that ends does not matter.
            Place::Here => self.syncs.clear(),
            // What is on its way to a store has to arrive before it can be taken back.
            Place::Store(_) => {
                for (_, task) in self.syncs.drain(..) {
                    let _ = task.await;
                }
            }
        }
        let discarded = self.transaction.discard();
        self.target.root.place.tell(discarded)
    }
}
