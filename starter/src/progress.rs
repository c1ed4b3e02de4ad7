//! Shows how far a job has come: bars on a terminal, lines in a log.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};
use seatunnel_engine_local::{CheckpointStats, JobHandle, NodeProgress, NodeRole};

use crate::args::ProgressStyle;
use seatunnel_translation::numbers::{bytes, grouped, per_second};

/// How often bars are drawn anew.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// How often a line is logged.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The bars on the screen, while there are some.
static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// Writes something to stderr without tearing the bars.
pub(crate) fn above_bars<T>(write: impl FnOnce() -> T) -> T {
    match BARS.get() {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

/// Shows the progress of a job until the future is dropped. `rows_on_terminal` says that the job
/// itself prints to the terminal, which bars would tear.
pub(crate) async fn show(handle: &JobHandle, style: ProgressStyle, rows_on_terminal: bool) {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let style = match style {
        ProgressStyle::Auto if rows_on_terminal => ProgressStyle::Lines,
        ProgressStyle::Auto | ProgressStyle::Bars if terminal => ProgressStyle::Bars,
        ProgressStyle::Auto | ProgressStyle::Bars => ProgressStyle::Lines,
        other => other,
    };
    match style {
        ProgressStyle::Bars => show_bars(handle).await,
        ProgressStyle::None => std::future::pending().await,
        _ => log_lines(handle).await,
    }
}

fn ends(handle: &JobHandle) -> impl Iterator<Item = &NodeProgress> {
    let nodes = handle.nodes().iter();
    nodes.filter(|node| node.role != NodeRole::Transform)
}

/// One bar for each source and sink.
struct Bars(Vec<ProgressBar>);

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in &self.0 {
            bar.finish_and_clear();
        }
    }
}

async fn show_bars(handle: &JobHandle) {
    // Short jobs end without a flicker.
    tokio::time::sleep(BAR_INTERVAL).await;
    let multi = BARS.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
    let style = BarStyle::with_template("{spinner} {prefix}  {wide_msg}");
    let style = style.unwrap_or_else(|_| BarStyle::default_spinner());
    let width = ends(handle)
        .map(|n| n.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut bars = Bars(
        ends(handle)
            .map(|node| {
                let bar = multi.add(ProgressBar::new_spinner().with_style(style.clone()));
                bar.with_prefix(format!("{:width$}", node.name))
            })
            .collect(),
    );
    let mut speeds = Speeds::new(handle);
    loop {
        let rates = speeds.measure(handle);
        for ((bar, node), rate) in bars.0.iter().zip(ends(handle)).zip(rates) {
            bar.set_message(amounts(node, &rate));
            bar.tick();
        }
        if let Some(text) = checkpoints(&handle.checkpoints(), SystemTime::now()) {
            // Behind those of sources and sinks, once there is something to tell.
            if bars.0.len() == ends(handle).count() {
                bars.0
                    .push(multi.add(ProgressBar::new_spinner().with_style(style.clone())));
            }
            if let Some(bar) = bars.0.last() {
                bar.set_message(text);
                bar.tick();
            }
        }
        tokio::time::sleep(BAR_INTERVAL).await;
    }
}

async fn log_lines(handle: &JobHandle) {
    let mut speeds = Speeds::new(handle);
    loop {
        tokio::time::sleep(LINE_INTERVAL).await;
        let rates = speeds.measure(handle);
        for (node, rate) in ends(handle).zip(rates) {
            tracing::info!("{}: {}", node.name, amounts(node, &rate));
        }
        if let Some(text) = checkpoints(&handle.checkpoints(), SystemTime::now()) {
            tracing::info!("{text}");
        }
    }
}

/// What passed through a node in the last second or so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rate {
    rows: u64,
    bytes: u64,
}

/// What is known of the checkpoints: `checkpoint 7, 3 s ago, 1.2 KiB in 12 ms, 1 failed`; none
/// before the first one.
fn checkpoints(stats: &CheckpointStats, now: SystemTime) -> Option<String> {
    let mut text = match &stats.last {
        None if stats.failed == 0 => return None,
        None => "no checkpoint yet".to_owned(),
        Some(last) => {
            let durable = last.started + last.duration;
            let age = now.duration_since(durable).unwrap_or_default();
            format!(
                "checkpoint {}, {} s ago, {} in {} ms",
                last.id,
                age.as_secs(),
                bytes(last.bytes),
                last.duration.as_millis()
            )
        }
    };
    if stats.failed > 0 {
        text.push_str(&format!(", {} failed", grouped(stats.failed)));
    }
    Some(text)
}

/// What a node has done: `1,234 rows, 567 rows/s, 1.2 MiB, 64.0 KiB/s, splits 3 of 8`.
fn amounts(node: &NodeProgress, rate: &Rate) -> String {
    let metrics = &node.metrics;
    let mut text = format!(
        "{} rows, {} rows/s, {}, {}/s",
        grouped(node.rows()),
        grouped(rate.rows),
        bytes(metrics.bytes().get()),
        bytes(rate.bytes),
    );
    if metrics.splits().get() > 0 {
        text.push_str(&format!(
            ", splits {} of {}",
            metrics.splits_done().get(),
            metrics.splits().get()
        ));
    }
    if metrics.failed_rows().get() > 0 {
        text.push_str(&format!(
            ", {} dirty rows",
            grouped(metrics.failed_rows().get())
        ));
    }
    text
}

/// Rates since the measurement before.
struct Speeds {
    at: Duration,
    counts: Vec<Rate>,
    rates: Vec<Rate>,
}

/// Rates over less than this jump about too much to be read.
const SHORTEST_MEASURE: Duration = Duration::from_secs(1);

impl Speeds {
    fn new(handle: &JobHandle) -> Self {
        let nothing = vec![Rate::default(); ends(handle).count()];
        Self {
            at: Duration::ZERO,
            counts: nothing.clone(),
            rates: nothing,
        }
    }

    fn measure(&mut self, handle: &JobHandle) -> Vec<Rate> {
        let now = handle.elapsed();
        let since = now.saturating_sub(self.at);
        let first = self.at.is_zero();
        if first || since >= SHORTEST_MEASURE {
            let counts: Vec<Rate> = ends(handle)
                .map(|node| Rate {
                    rows: node.rows(),
                    bytes: node.metrics.bytes().get(),
                })
                .collect();
            self.rates = rates(&self.counts, &counts, since);
            if since >= SHORTEST_MEASURE {
                self.at = now;
                self.counts = counts;
            }
        }
        self.rates.clone()
    }
}

fn rates(before: &[Rate], now: &[Rate], since: Duration) -> Vec<Rate> {
    let seconds = since.as_secs_f64();
    let pairs = before.iter().zip(now);
    pairs
        .map(|(before, now)| Rate {
            rows: per_second(now.rows.saturating_sub(before.rows), seconds),
            bytes: per_second(now.bytes.saturating_sub(before.bytes), seconds),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use seatunnel_api::Metrics;
    use seatunnel_engine_local::CheckpointRecord;
    use seatunnel_state::CheckpointKind;

    use super::*;

    #[test]
    fn checkpoints_tell_the_last_one_and_how_many_failed() {
        let started = SystemTime::UNIX_EPOCH;
        let now = started + Duration::from_millis(5_600);
        let mut stats = CheckpointStats::default();
        assert_eq!(checkpoints(&stats, now), None);
        stats.failed = 2;
        assert_eq!(
            checkpoints(&stats, now).unwrap(),
            "no checkpoint yet, 2 failed"
        );
        stats.last = Some(CheckpointRecord {
            id: 7,
            kind: CheckpointKind::Checkpoint,
            started,
            duration: Duration::from_millis(12),
            bytes: 1229,
            failure: None,
        });
        assert_eq!(
            checkpoints(&stats, now).unwrap(),
            "checkpoint 7, 5 s ago, 1.2 KiB in 12 ms, 2 failed"
        );
    }

    #[test]
    fn amounts_name_rows_rates_bytes_and_splits() {
        let metrics = Metrics::new();
        metrics.rows().add(1_234_567);
        metrics.bytes().add(3 << 20);
        let mut node = NodeProgress {
            name: "source[0] FakeSource".to_owned(),
            role: NodeRole::Source,
            metrics: metrics.clone(),
        };
        let rate = Rate {
            rows: 5_000,
            bytes: 2048,
        };
        assert_eq!(
            amounts(&node, &rate),
            "1,234,567 rows, 5,000 rows/s, 3.0 MiB, 2.0 KiB/s"
        );
        metrics.splits().add(8);
        metrics.splits_done().add(3);
        metrics.failed_rows().add(2);
        node.role = NodeRole::Sink;
        let text = amounts(&node, &rate);
        assert!(text.ends_with("splits 3 of 8, 2 dirty rows"), "{text}");
    }

    #[test]
    fn rates_count_what_came_since() {
        let before = [Rate {
            rows: 100,
            bytes: 1000,
        }];
        let now = [Rate {
            rows: 300,
            bytes: 5000,
        }];
        let got = rates(&before, &now, Duration::from_secs(2));
        assert_eq!(
            got,
            [Rate {
                rows: 100,
                bytes: 2000
            }]
        );
    }
}
