//! Checkpoints: what is left of a job whose process is killed, whose disk is full, whose tasks fail.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test code, much of it outside of #[test] functions"
)]

mod barriers;
mod count;
mod failures;
mod fate;
mod kills;
mod lives;
mod restores;
mod world;

use std::sync::Arc;
use std::time::Duration;

use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::{EnvOptions, Options};
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{BatchSize, ErrorCode, JobContext, Result};
use seatunnel_engine_local::{EngineOptions, JobHandle, JobReport, LocalEngine, RunState, Start};

use fate::Fate;
use world::Disk;

pub const BROKEN: ErrorCode = ErrorCode::new("TEST-01", "broken on purpose");

/// A plan of named nodes, each with the positions that its rows go to.
pub fn plan(env_json: &str, nodes: Vec<(&str, NodeKind, Vec<usize>)>) -> JobPlan {
    let json: serde_json::Value = env_json.parse().expect("the test gives JSON");
    let env = EnvOptions::from_config("env", &ConfigValue::from_json(&json)).unwrap();
    let nodes = nodes.into_iter().map(|(name, kind, outputs)| Node {
        name: name.to_owned(),
        kind,
        outputs,
        tables: vec![count::table("numbers")],
        dirty: None,
    });
    JobPlan {
        job: JobContext {
            id: "7".into(),
            name: "test".into(),
            mode: env.job_mode,
        },
        nodes: nodes.collect(),
        env,
    }
}

/// An engine with small batches, so that there are many.
pub fn engine() -> LocalEngine {
    LocalEngine::new(EngineOptions {
        channel_depth: 2,
        batch_size: BatchSize {
            rows: 5,
            bytes: 1 << 20,
        },
    })
}

pub fn state(disk: &Disk, start: Start) -> RunState {
    RunState {
        storage: Arc::new(disk.clone()),
        lasting: true,
        start,
        discard: Vec::new(),
    }
}

/// A process of its own: its threads are gone when it ends or is killed, which gives nothing.
pub fn process(
    plan: &JobPlan,
    handle: &JobHandle,
    disk: &Disk,
    start: Start,
    fate: &Arc<Fate>,
) -> Option<Result<JobReport>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let disk = disk.seen_by(fate);
    let state = state(&disk, start);
    let (fate, state, engine) = (fate.as_ref(), &state, engine());
    let ended = runtime.block_on(async {
        let run = async {
            tokio::select! {
                biased;
                () = fate.killed() => None,
                ended = engine.run_with(plan, handle, state) => Some(ended),
            }
        };
        tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .expect("the job must not hang")
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    ended
}

/// Waits for a condition, a generous while.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain for: {what}");
}

/// A streaming job's `env`, with frequent checkpoints and more besides.
pub fn streaming(more: &str) -> String {
    format!(
        r#"{{"job.mode": "STREAMING", "checkpoint.interval": 10, "job.retry.interval.seconds": 0{more}}}"#
    )
}

/// A batch job's `env`, with frequent checkpoints and more besides.
pub fn batch(more: &str) -> String {
    format!(r#"{{"checkpoint.interval": 10, "job.retry.interval.seconds": 0{more}}}"#)
}
