//! The LocalFile sink: rows as csv, text, json or parquet files of this machine.

mod charset;
mod commit;
mod encode;
mod handle;
mod io_error;
mod lzop;
mod naming;
mod output;
mod partition;
mod readback;
mod save_mode;
mod target;
mod transaction;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::per_table::per_table;
use seatunnel_api::{
    Error, Guarantee, JobContext, PluginInfo, Readback, Result, Sink, SinkContext, SinkFactory,
    TaskContext,
};

use crate::codes;
use crate::sink_options::LocalFileSinkOptions;
use commit::FileCommittable;
use io_error::io_error;
use target::Target;
use writer::LocalFileWriter;

const NAME: &str = "LocalFile";

/// On what condition rows are there once.
const CONDITION: &str = "with is_enable_transaction, as long as tmp_path keeps its files until the job is restarted after a failure";

/// Makes sinks that write files of this machine.
pub struct LocalFileSinkFactory;

#[async_trait]
impl SinkFactory for LocalFileSinkFactory {
    type Options = LocalFileSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Writes csv, text, json and parquet files on this machine.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce(CONDITION)
    }

    async fn create(
        &self,
        _options: LocalFileSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        per_table(NAME, &context, |options, table| {
            Ok(LocalFileSink {
                target: Arc::new(Target::new(options, table)?),
            })
        })
    }
}

/// Writes the rows of one table.
struct LocalFileSink {
    target: Arc<Target>,
}

#[async_trait]
impl Sink for LocalFileSink {
    type Committable = FileCommittable;
    type Writer = LocalFileWriter;

    async fn prepare(&self) -> Result<()> {
        let target = &self.target;
        save_mode::prepare(
            &target.path,
            &target.tmp_path,
            target.options.schema_save_mode,
            target.options.data_save_mode,
        )
    }

    async fn writer(&self, context: TaskContext) -> Result<LocalFileWriter> {
        LocalFileWriter::new(self.target.clone(), &context)
    }

    async fn commit(&self, committables: Vec<FileCommittable>) -> Result<()> {
        commit::commit(&committables)
    }

    async fn abort(&self, committables: Vec<FileCommittable>) -> Result<()> {
        // Each is tried; the first error is the one to tell of.
        committables
            .iter()
            .map(commit::abort)
            .fold(Ok(()), Result::and)
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        transaction::discard_job(&self.target.tmp_path, &job.id)
    }

    async fn check(&self) -> Result<()> {
        let options = &self.target.options;
        save_mode::check(
            &self.target.path,
            options.schema_save_mode,
            options.data_save_mode,
        )?;
        check_writable(&self.target.path)?;
        if options.is_enable_transaction {
            check_writable(&self.target.tmp_path)?;
        }
        Ok(())
    }

    async fn readback(&self) -> Result<Option<Vec<Readback>>> {
        Ok(Some(vec![readback::readback(&self.target)?]))
    }

    fn guarantee(&self) -> Guarantee {
        if self.target.options.is_enable_transaction {
            Guarantee::ExactlyOnce(CONDITION)
        } else {
            Guarantee::AtLeastOnce
        }
    }
}

/// Whether a folder, or the nearest one above it that exists, can be written to as far as its permissions tell.
fn check_writable(folder: &Path) -> Result<()> {
    for place in folder.ancestors() {
        match fs::metadata(place) {
            Ok(found) if !found.is_dir() => {
                return Err(Error::new(
                    codes::WRITE_FAILED,
                    format!("{} is a file, a folder is needed there", place.display()),
                ));
            }
            Ok(found) if found.permissions().readonly() => {
                let denied = std::io::ErrorKind::PermissionDenied.into();
                return Err(io_error("write to", place, denied));
            }
            Ok(_) => return Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(io_error("look at", place, e)),
        }
    }
    Ok(())
}
