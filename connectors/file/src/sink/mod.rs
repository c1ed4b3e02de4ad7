//! The sink: rows as files, of this machine or of a store.

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
    CatalogTable, Error, Guarantee, JobContext, PluginInfo, Readback, Result, Sink, SinkContext,
    SinkFactory, TaskContext,
};

use crate::codes;
use crate::place::{Place, Root};
use crate::sink_options::FileSinkOptions;
use commit::FileCommittable;
use io_error::io_error;
use target::Target;
use writer::FileSinkWriter;

const NAME: &str = "LocalFile";

/// On what condition rows are there once, where files are renamed.
pub(crate) const BY_RENAMING: &str = "with is_enable_transaction, as long as tmp_path keeps its files until the job is restarted after a failure";
/// On what condition rows are there once, where uploads are completed.
pub(crate) const BY_UPLOADS: &str = "with is_enable_transaction, as long as nobody aborts uploads under way until the job is restarted after a failure";

fn condition(place: &Place) -> &'static str {
    match place.uploads() {
        true => BY_UPLOADS,
        false => BY_RENAMING,
    }
}

/// Makes sinks that write files of this machine.
pub struct LocalFileSinkFactory;

#[async_trait]
impl SinkFactory for LocalFileSinkFactory {
    type Options = FileSinkOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &[],
            summary: "Writes files on this machine: csv, text, json, parquet, orc, avro, excel, xml, binary, changes of databases.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce(BY_RENAMING)
    }

    async fn create(
        &self,
        _options: FileSinkOptions,
        context: SinkContext,
    ) -> Result<Arc<dyn DynSink>> {
        per_table(NAME, &context, |options, table| {
            let root = Root {
                plugin: NAME,
                place: Place::Here,
            };
            FileSink::new(options, root, table)
        })
    }
}

/// Writes the rows of one table.
pub(crate) struct FileSink {
    target: Arc<Target>,
}

impl FileSink {
    /// A sink of a table.
    ///
    /// # Errors
    /// If the options make no sense, or don't fit the table.
    pub(crate) fn new(
        options: FileSinkOptions,
        root: Root,
        table: &Arc<CatalogTable>,
    ) -> Result<Self> {
        let target = Arc::new(Target::new(options, root, table)?);
        Ok(Self { target })
    }
}

#[async_trait]
impl Sink for FileSink {
    type Committable = FileCommittable;
    type Writer = FileSinkWriter;

    async fn prepare(&self) -> Result<()> {
        let target = &self.target;
        let place = &target.root.place;
        place.tell(save_mode::prepare(
            place,
            &target.path,
            &target.tmp_path,
            target.options.schema_save_mode,
            target.options.data_save_mode,
        ))
    }

    async fn writer(&self, context: TaskContext) -> Result<FileSinkWriter> {
        FileSinkWriter::new(self.target.clone(), &context)
    }

    async fn commit(&self, committables: Vec<FileCommittable>) -> Result<()> {
        let place = &self.target.root.place;
        place.tell(commit::commit(place, &committables))
    }

    async fn abort(&self, committables: Vec<FileCommittable>) -> Result<()> {
        // Each is tried; the first error is the one to tell of.
        let place = &self.target.root.place;
        let aborted = committables.iter().map(|c| commit::abort(place, c));
        place.tell(aborted.fold(Ok(()), Result::and))
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        let place = &self.target.root.place;
        place.tell(transaction::discard_job(&self.target, &job.id))
    }

    async fn check(&self) -> Result<()> {
        let options = &self.target.options;
        let place = &self.target.root.place;
        place.tell(save_mode::check(
            place,
            &self.target.path,
            options.schema_save_mode,
            options.data_save_mode,
        ))?;
        if !place.is_near() {
            return Ok(());
        }
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
            Guarantee::ExactlyOnce(condition(&self.target.root.place))
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
