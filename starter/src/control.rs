//! What a running job tells those who ask, and what it does for them.

use std::future::pending;
use std::time::{SystemTime, UNIX_EPOCH};

use seatunnel_engine_local::{CheckpointRecord, JobHandle, NodeRole};
use seatunnel_state::CheckpointKind;
use seatunnel_state::control::{self, Request};
use serde_json::{Value, json};

use crate::lifecycle::Run;

/// Answers until dropped.
pub(crate) async fn listen(handle: &JobHandle, run: &Run) {
    let Some(socket) = run.socket() else {
        return pending().await;
    };
    let answered = control::serve(&socket, |request| match request {
        Request::Status => status(handle, run),
        Request::Savepoint => {
            tracing::warn!("asked for a savepoint: stopping the job");
            handle.savepoint();
            json!({"stopping": true})
        }
        Request::Cancel => {
            tracing::warn!("asked to cancel: stopping the job");
            handle.cancel();
            json!({"stopping": true})
        }
    });
    if let Err(error) = answered.await {
        tracing::warn!(
            "--cancel and --savepoint will not reach this job, signals do: {} can't be listened at: {error}",
            socket.display()
        );
    }
    pending().await
}

fn status(handle: &JobHandle, run: &Run) -> Value {
    let nodes = handle.nodes().iter().map(|node| {
        let role = match node.role {
            NodeRole::Source => "source",
            NodeRole::Transform => "transform",
            NodeRole::Sink => "sink",
        };
        json!({
            "name": node.name,
            "role": role,
            "rows": node.metrics.rows().get(),
            "bytes": node.metrics.bytes().get(),
        })
    });
    let stats = handle.checkpoints();
    json!({
        "jobId": run.id,
        "jobStatus": if handle.is_cancelled() { "CANCELLING" } else { "RUNNING" },
        "seconds": handle.elapsed().as_secs(),
        "plugins": nodes.collect::<Vec<_>>(),
        "checkpoints": {
            "completed": stats.completed,
            "failed": stats.failed,
            "restoredFrom": stats.restored_from,
            "inProgress": stats.in_progress.map(|(id, _)| id),
            "last": stats.last.as_ref().map(record),
            "history": stats.history.iter().map(record).collect::<Vec<_>>(),
        },
    })
}

fn record(record: &CheckpointRecord) -> Value {
    let kind = match record.kind {
        CheckpointKind::Checkpoint => "checkpoint",
        CheckpointKind::Savepoint => "savepoint",
        CheckpointKind::Final => "final",
    };
    json!({
        "id": record.id,
        "kind": kind,
        "started": millis(record.started),
        "milliseconds": record.duration.as_millis() as u64,
        "bytes": record.bytes,
        "failure": record.failure,
    })
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
