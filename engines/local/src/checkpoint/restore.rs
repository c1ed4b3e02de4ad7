//! Finds the checkpoint that a job goes on from.

use std::time::{Duration, UNIX_EPOCH};

use seatunnel_api::erased::SplitBytes;
use seatunnel_api::plan::JobPlan;
use seatunnel_api::state::{StateKind, decode};
use seatunnel_api::{CheckpointId, Error, Result, codes as api_codes, time};
use seatunnel_state::CheckpointStorage;
use tracing::{info, warn};

use super::compatibility::{Fit, fit};
use super::content::Content;
use crate::codes;
use seatunnel_translation::commit::Committables;
use seatunnel_translation::split_board::Passed;

/// A checkpoint, and what of it belongs to which node of the plan.
#[derive(Debug)]
pub(crate) struct Restored {
    content: Content,
    fit: Fit,
}

/// The newest checkpoint that can be read; nothing if there is none at all.
///
/// # Errors
/// If none of those there are can be read, or the job file doesn't fit.
pub(crate) async fn newest(
    storage: &dyn CheckpointStorage,
    plan: &JobPlan,
) -> Result<Option<Restored>> {
    let ids = storage.list().await?;
    let mut damaged = None;
    for id in ids.iter().rev() {
        match read(storage, *id).await {
            Ok(content) => {
                if let Some(newer) = damaged {
                    warn!(
                        "checkpoint {id} is taken in place of {newer}: rows that came between the two may come twice"
                    );
                }
                return Restored::new(content, plan).map(Some);
            }
            Err(error) if error.code() == api_codes::STATE_INVALID => {
                warn!(error = %error, "checkpoint {id} can't be read");
                damaged = damaged.or(Some(*id));
            }
            Err(error) => return Err(error),
        }
    }
    match damaged {
        None => Ok(None),
        Some(newest) => Err(Error::new(
            api_codes::STATE_INVALID,
            format!(
                "the job can't go on: none of its {} checkpoints can be read, the newest of which is {newest}",
                ids.len()
            ),
        )
        .with_help("--fresh starts over from the beginning")),
    }
}

/// This very checkpoint.
///
/// # Errors
/// If it is not there, can't be read, or the job file doesn't fit.
pub(crate) async fn exactly(
    storage: &dyn CheckpointStorage,
    plan: &JobPlan,
    id: CheckpointId,
) -> Result<Restored> {
    let ids = storage.list().await?;
    if !ids.contains(&id) {
        let there: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let help = match there.is_empty() {
            true => "there are none".to_owned(),
            false => format!("there are: {}", there.join(", ")),
        };
        return Err(Error::new(
            codes::NO_CHECKPOINT,
            format!("the job has no checkpoint {id}"),
        )
        .with_help(help));
    }
    let content = read(storage, id).await;
    let content = content.map_err(|e| e.with_context("checkpoint", id))?;
    Restored::new(content, plan)
}

async fn read(storage: &dyn CheckpointStorage, id: CheckpointId) -> Result<Content> {
    let stored = storage.load(id).await?;
    decode(StateKind::Checkpoint, &stored.bytes)
}

impl Restored {
    fn new(content: Content, plan: &JobPlan) -> Result<Self> {
        let fit = fit(plan, &content)?;
        let taken = UNIX_EPOCH + Duration::from_millis(content.taken_at);
        let micros = taken
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_micros());
        info!(
            "job {} goes on from checkpoint {}, taken at {} UTC",
            plan.job.name,
            content.id,
            time::format_timestamp(i64::try_from(micros).unwrap_or(0))
        );
        Ok(Self { content, fit })
    }

    pub(crate) fn id(&self) -> CheckpointId {
        self.content.id
    }

    /// Whether all that is left to do is to commit.
    pub(crate) fn is_finished(&self) -> bool {
        self.content.finished
    }

    /// What writers had prepared. It may be committed already.
    pub(crate) fn committables(&self) -> Committables {
        let stored = self.content.sinks.iter().zip(&self.fit.sinks);
        let mut all: Committables = stored
            .filter(|(sink, _)| !sink.committables.is_empty())
            .filter_map(|(sink, index)| {
                let own = sink.committables.iter().map(|c| c.0.clone());
                Some(((*index)?, own.collect()))
            })
            .collect();
        all.sort_by_key(|(index, _)| *index);
        all
    }

    /// State of the enumerator and splits of the source at this position of the plan; nothing if
    /// the checkpoint does not know it.
    pub(crate) fn source(&self, index: usize) -> Option<(Vec<u8>, Vec<SplitBytes>)> {
        let at = self.fit.sources.iter().position(|own| *own == index)?;
        let source = &self.content.sources[at];
        Some((source.enumerator.0.clone(), source.splits()))
    }

    /// What the source at this position had handed on, or the sink had taken.
    pub(crate) fn passed(&self, index: usize) -> Passed {
        if let Some(at) = self.fit.sources.iter().position(|own| *own == index) {
            let source = &self.content.sources[at];
            return Passed {
                rows: source.rows,
                bytes: source.bytes,
            };
        }
        match self.sink(index) {
            Some(at) => Passed {
                rows: self.content.sinks[at].rows,
                bytes: self.content.sinks[at].bytes,
            },
            None => Passed::default(),
        }
    }

    /// Dirty rows of the sink at this position.
    pub(crate) fn dirty_rows(&self, index: usize) -> u64 {
        self.sink(index)
            .map_or(0, |at| self.content.sinks[at].dirty_rows)
    }

    /// The checkpoint.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    fn sink(&self, index: usize) -> Option<usize> {
        self.fit.sinks.iter().position(|own| *own == Some(index))
    }
}
