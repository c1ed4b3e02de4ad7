//! The factory, the sink and its writers.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_ipc::writer::FileWriter;
use async_trait::async_trait;
use seatunnel_api::erased::DynSink;
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, CheckpointId, Error, Guarantee, JobContext, PluginInfo, Result, Sink, SinkContext,
    SinkFactory, SinkWriter, State, TaskContext, codes, erase_sink,
};
use serde::{Deserialize, Serialize};

use super::Bug;
use super::rows::pack;
use crate::toys::{MISSING, Server};

pub(super) struct ToyFactory {
    pub(super) bug: Bug,
    pub(super) server: Arc<Server>,
}

/// Options of the toy.
#[derive(Clone, Debug, Options)]
pub(super) struct ToyOptions {
    /// The folder.
    folder: String,
}

const PROMISE: Guarantee = Guarantee::ExactlyOnce("always");

#[async_trait]
impl SinkFactory for ToyFactory {
    type Options = ToyOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "Toy",
            aliases: &[],
            summary: "A sink for tests.",
        }
    }

    fn guarantee(&self) -> Guarantee {
        match self.bug {
            Bug::PromisesTooMuch => Guarantee::AtLeastOnce,
            _ => PROMISE,
        }
    }

    async fn create(&self, options: ToyOptions, context: SinkContext) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(ToySink {
            folder: PathBuf::from(options.folder),
            job: context.job.id,
            bug: self.bug,
            server: self.server.clone(),
            known: Arc::default(),
        }))
    }
}

pub(super) struct ToySink {
    folder: PathBuf,
    job: Arc<str>,
    bug: Bug,
    server: Arc<Server>,
    /// For the one that remembers what it should write down.
    known: Arc<Mutex<Vec<String>>>,
}

/// The name of a file that is ready.
#[derive(Serialize, Deserialize)]
pub(super) struct Ready(String);

impl State for Ready {}

pub(super) fn lost<T>(error: impl std::error::Error + Send + Sync + 'static) -> Result<T> {
    Err(Error::new(MISSING, "the file can't be written").with_cause(error))
}

impl ToySink {
    fn staged(&self, name: &str) -> PathBuf {
        self.folder.join(".staged").join(name)
    }
}

#[async_trait]
impl Sink for ToySink {
    type Committable = Ready;
    type Writer = ToyWriter;

    async fn prepare(&self) -> Result<()> {
        self.server.ask()?;
        if !self.folder.exists() {
            let folder = self.folder.display();
            return Err(match self.bug {
                Bug::ErrorWithoutCode => Error::new(codes::INTERNAL, format!("no {folder}")),
                Bug::ErrorWithoutFolder => Error::new(MISSING, "the folder is not there"),
                _ => Error::new(MISSING, format!("there is no folder {folder}")),
            });
        }
        fs::create_dir_all(self.folder.join(".staged")).or_else(lost)
    }

    async fn writer(&self, context: TaskContext) -> Result<ToyWriter> {
        Ok(ToyWriter {
            folder: self.folder.clone(),
            prefix: match self.bug {
                Bug::WritersOverwrite => self.job.to_string(),
                _ => format!("{}-{}", self.job, context.subtask),
            },
            bug: self.bug,
            server: self.server.clone(),
            known: self.known.clone(),
            file: None,
            files: 0,
            kept: Vec::new(),
        })
    }

    async fn commit(&self, committables: Vec<Ready>) -> Result<()> {
        match (self.server.ask(), self.bug) {
            (Err(_), Bug::EndsWhenKilled) => return Ok(()),
            (answer, _) => answer?,
        }
        for Ready(name) in committables {
            let (staged, shown) = (self.staged(&name), self.folder.join(&name));
            match self.bug {
                Bug::CommitsTwice => {
                    let number = fs::read_dir(&self.folder).map_or(0, Iterator::count);
                    fs::copy(staged, self.folder.join(format!("{name}-{number}"))).or_else(lost)?;
                }
                Bug::CommitsFromMemory if !self.known.lock().unwrap().contains(&name) => {}
                _ if staged.exists() => fs::rename(staged, shown).or_else(lost)?,
                _ if shown.exists() => {}
                _ => return Err(Error::new(MISSING, format!("{name} is not there any more"))),
            }
        }
        Ok(())
    }

    async fn abort(&self, committables: Vec<Ready>) -> Result<()> {
        if self.bug == Bug::AbortCommits {
            return self.commit(committables).await;
        }
        for Ready(name) in committables {
            fs::remove_file(self.staged(&name)).or_else(lost)?;
        }
        Ok(())
    }

    async fn discard_leftovers(&self, job: &JobContext) -> Result<()> {
        let job = format!("{}-", job.id);
        let first = format!("{job}0-");
        for entry in fs::read_dir(self.folder.join(".staged")).or_else(lost)? {
            let path = entry.or_else(lost)?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap();
            let gone = match self.bug {
                Bug::KeepsLeftovers => false,
                Bug::DiscardsOfAnyJob => true,
                Bug::DiscardsOfOneWriter => name.starts_with(&first),
                Bug::PublishesLeftovers if name.starts_with(&job) => {
                    fs::copy(&path, self.folder.join(name)).or_else(lost)?;
                    true
                }
                _ => name.starts_with(&job),
            };
            if gone {
                fs::remove_file(&path).or_else(lost)?;
            }
        }
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        PROMISE
    }
}

pub(super) struct ToyWriter {
    folder: PathBuf,
    prefix: String,
    bug: Bug,
    server: Arc<Server>,
    known: Arc<Mutex<Vec<String>>>,
    file: Option<(String, FileWriter<File>)>,
    files: usize,
    kept: Vec<Batch>,
}

#[async_trait]
impl SinkWriter for ToyWriter {
    type Committable = Ready;

    async fn write(&mut self, batch: Batch) -> Result<()> {
        tokio::task::yield_now().await;
        match (self.server.ask(), self.bug) {
            (Ok(()), _) => {}
            (Err(_), Bug::HangsWhenKilled) => std::future::pending().await,
            (Err(_), Bug::EndsWhenKilled) => return Ok(()),
            (Err(error), _) => return Err(error),
        }
        match self.bug {
            Bug::BuffersEverything | Bug::DropsLastBatch => self.kept.push(batch),
            _ => self.append(&batch)?,
        }
        if self.bug == Bug::DropsLastBatch && self.kept.len() > 1 {
            let first = self.kept.remove(0);
            self.append(&first)?;
        }
        Ok(())
    }

    async fn prepare_commit(&mut self, _: CheckpointId) -> Result<Vec<Ready>> {
        tokio::task::yield_now().await;
        match (self.server.ask(), self.bug) {
            (Err(_), Bug::EndsWhenKilled) => return Ok(Vec::new()),
            (answer, _) => answer?,
        }
        if self.bug == Bug::BuffersEverything {
            for batch in std::mem::take(&mut self.kept) {
                self.append(&batch)?;
            }
        }
        self.close_file()
    }

    async fn abort(&mut self) -> Result<()> {
        match self.bug {
            Bug::AbortFlushes => {
                for Ready(name) in self.close_file()? {
                    let from = self.folder.join(".staged").join(&name);
                    fs::rename(from, self.folder.join(name)).or_else(lost)?;
                }
            }
            _ => {
                if let Some((name, file)) = self.file.take() {
                    drop(file);
                    fs::remove_file(self.folder.join(".staged").join(name)).or_else(lost)?;
                }
            }
        }
        Ok(())
    }
}

impl ToyWriter {
    fn append(&mut self, batch: &Batch) -> Result<()> {
        let records = pack(batch, self.bug);
        if self.file.is_none() {
            self.files += 1;
            // Files of a job are read in the order they were begun in.
            let name = format!("{}-{:05}-{}", self.prefix, self.files, now());
            let name = match self.bug {
                Bug::WritersOverwrite => format!("{}-{:05}", self.prefix, self.files),
                Bug::OneFileForAllCheckpoints => self.prefix.clone(),
                _ => name,
            };
            let path = match self.bug {
                Bug::WritesInPlace => self.folder.join(&name),
                _ => self.folder.join(".staged").join(&name),
            };
            let file = File::create(path).or_else(lost)?;
            self.file = Some((name, FileWriter::try_new(file, &records.schema())?));
        }
        if let Some((_, file)) = &mut self.file {
            file.write(&records)?;
            if self.bug == Bug::WritesInPlace {
                file.finish()?;
                self.file = None;
            }
        }
        Ok(())
    }

    fn close_file(&mut self) -> Result<Vec<Ready>> {
        let Some((name, mut file)) = self.file.take() else {
            return match self.bug {
                Bug::FailsWithoutRows => Err(Error::new(MISSING, "there is no file to close")),
                _ => Ok(Vec::new()),
            };
        };
        file.finish()?;
        self.known.lock().unwrap().push(name.clone());
        if self.bug == Bug::CommitsEarly {
            let staged = self.folder.join(".staged").join(&name);
            fs::rename(staged, self.folder.join(&name)).or_else(lost)?;
        }
        Ok(vec![Ready(name)])
    }
}

/// A name that grows, also over restarts.
fn now() -> u128 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}
