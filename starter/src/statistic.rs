//! The block that closes a job of the embedded engine.

use seatunnel_engine_local::JobReport;
use seatunnel_translation::numbers::bytes;
use seatunnel_translation::statistic::{self, Statistic};

/// The block, an empty line before it.
pub(crate) fn block(report: &JobReport) -> String {
    let mut more = Vec::new();
    let stats = &report.checkpoints;
    if stats.completed + stats.failed > 0 {
        more.push(("Checkpoints", stats.completed.to_string()));
        more.push(("Failed Checkpoints", stats.failed.to_string()));
        if let Some(last) = &stats.last {
            more.push(("Last Checkpoint", last.id.to_string()));
            let millis = last.duration.as_millis();
            more.push(("Last Checkpoint Took", format!("{millis} ms")));
            more.push(("Last Checkpoint Size", bytes(last.bytes)));
        }
    }
    statistic::block(&Statistic {
        started: report.started,
        ended: report.ended,
        elapsed: report.elapsed,
        rows_read: report.rows_read,
        bytes_read: report.bytes_read,
        rows_written: report.rows_written,
        bytes_written: report.bytes_written,
        rows_failed: report.rows_failed,
        more,
    })
}
