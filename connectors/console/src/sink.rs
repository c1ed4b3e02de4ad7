//! Writes lines to stdout, a batch at a time.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Error, ErrorCode, Result, Sink, SinkWriter, TaskContext,
};

use crate::ConsoleSinkOptions;
use crate::render::{RowRenderer, row_type};

/// Stdout takes nothing more, for another reason than that its reader has gone.
const STDOUT: ErrorCode = ErrorCode::new("CONSOLE-01", "stdout can't be written");

/// Lines are handed on in pieces of this size, so that wide batches don't pile up in memory.
const PIECE: usize = 1 << 16;

pub(crate) struct ConsoleSink {
    options: ConsoleSinkOptions,
    tables: Vec<Arc<CatalogTable>>,
}

impl ConsoleSink {
    pub(crate) fn new(options: ConsoleSinkOptions, tables: Vec<Arc<CatalogTable>>) -> Self {
        Self { options, tables }
    }
}

#[async_trait]
impl Sink for ConsoleSink {
    type Committable = ();
    type Writer = ConsoleWriter;

    async fn writer(&self, context: TaskContext) -> Result<ConsoleWriter> {
        let mut writer = ConsoleWriter {
            lines: Lines::new(context.subtask),
            out: Stdout { closed: false },
            print: self.options.print_data,
            delay: Duration::from_millis(self.options.print_delay_ms),
        };
        for table in &self.tables {
            writer.lines.row_type(table);
        }
        writer.print().await?;
        Ok(writer)
    }
}

pub(crate) struct ConsoleWriter {
    lines: Lines,
    out: Stdout,
    print: bool,
    delay: Duration,
}

impl ConsoleWriter {
    async fn print(&mut self) -> Result<()> {
        let text = std::mem::take(&mut self.lines.text);
        self.lines.text = self.out.print(text).await?;
        Ok(())
    }
}

#[async_trait]
impl SinkWriter for ConsoleWriter {
    type Committable = ();

    async fn write(&mut self, batch: Batch) -> Result<()> {
        if !self.print {
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay.saturating_mul(batch.num_rows() as u32)).await;
            }
            return Ok(());
        }
        let piece = if self.delay.is_zero() { PIECE } else { 0 };
        let mut row = 0;
        while row < batch.num_rows() {
            row = self.lines.rows(&batch, row, piece);
            self.print().await?;
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}

/// The lines of one writer.
pub(crate) struct Lines {
    subtask: usize,
    /// Rows printed so far of each table, by its path.
    rows: HashMap<String, u64>,
    /// What is to be printed next.
    pub(crate) text: String,
}

impl Lines {
    pub(crate) fn new(subtask: usize) -> Self {
        Self {
            subtask,
            rows: HashMap::new(),
            text: String::new(),
        }
    }

    fn row_type(&mut self, table: &CatalogTable) {
        self.text.push_str("output rowType: ");
        row_type(table, &mut self.text);
        self.text.push('\n');
    }

    /// Adds lines of the rows from `row` on until there are `enough` bytes, at least one line; gives
    /// the row to go on with.
    pub(crate) fn rows(&mut self, batch: &Batch, mut row: usize, enough: usize) -> usize {
        let path = batch.table().path().to_string();
        let table = format!("SeaTunnelRow#tableId={path} SeaTunnelRow#kind=");
        let counted = self.rows.entry(path).or_default();
        let renderer = RowRenderer::new(batch);
        while row < batch.num_rows() {
            *counted += 1;
            let kind = batch.kinds().get(row).name();
            // Writing to a String can't fail.
            let _ = write!(
                self.text,
                "subtaskIndex={}  rowIndex={counted}:  {table}{kind} : ",
                self.subtask
            );
            renderer.row(row, &mut self.text);
            self.text.push('\n');
            row += 1;
            if self.text.len() >= enough {
                break;
            }
        }
        row
    }
}

/// Stdout, as long as somebody reads it.
struct Stdout {
    closed: bool,
}

impl Stdout {
    /// Prints a text and gives its memory back. Waits on a thread of its own: stdout may be a pipe
    /// that nobody empties for a while.
    async fn print(&mut self, mut text: String) -> Result<String> {
        if text.is_empty() || self.closed {
            text.clear();
            return Ok(text);
        }
        let printing = tokio::task::spawn_blocking(move || {
            let mut out = io::stdout().lock();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            text.clear();
            (text, written)
        });
        let (text, written) = printing.await.map_err(|e| {
            Error::new(STDOUT, "the thread that writes to stdout was lost").with_cause(e)
        })?;
        match written {
            Ok(()) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                tracing::warn!("nobody reads stdout any more: further rows are not printed");
                self.closed = true;
                Ok(text)
            }
            Err(error) => Err(Error::new(STDOUT, "rows can't be printed").with_cause(error)),
        }
    }
}
