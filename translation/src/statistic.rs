//! The block that closes a job, with the lines that SeaTunnel's has, and some more.

use std::time::{Duration, SystemTime};

use crate::numbers::{bytes, grouped, per_second};
use chrono::{DateTime, Local};

const WIDTH: usize = 47;

/// How a job has ended.
#[derive(Clone, Debug)]
pub struct Statistic {
    /// When it started.
    pub started: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// Rows that all sources handed on.
    pub rows_read: u64,
    /// Bytes of these.
    pub bytes_read: u64,
    /// Rows that all sinks took.
    pub rows_written: u64,
    /// Bytes of these.
    pub bytes_written: u64,
    /// Rows that were set aside.
    pub rows_failed: u64,
    /// Further lines, such as those of checkpoints.
    pub more: Vec<(&'static str, String)>,
}

/// The block, an empty line before it.
pub fn block(report: &Statistic) -> String {
    let seconds = report.elapsed.as_secs_f64();
    let rows_a_second = |rows| format!("{} rows/s", grouped(per_second(rows, seconds)));
    let mut lines = vec![
        ("Start Time", local(report.started)),
        ("End Time", local(report.ended)),
        ("Total Time(s)", report.elapsed.as_secs().to_string()),
        ("Total Read Count", report.rows_read.to_string()),
        ("Total Write Count", report.rows_written.to_string()),
        ("Total Failed Count", report.rows_failed.to_string()),
        // From here on lines that SeaTunnel does not have.
        ("Exact Time(s)", format!("{seconds:.3}")),
        ("Read Rate", rows_a_second(report.rows_read)),
        ("Write Rate", rows_a_second(report.rows_written)),
        ("Total Read Bytes", bytes(report.bytes_read)),
        ("Total Write Bytes", bytes(report.bytes_written)),
    ];
    let more = report.more.iter().cloned();
    lines.extend(more);
    if let Some(peak) = peak_memory() {
        lines.push(("Peak Memory", bytes(peak)));
    }
    let stars = "*".repeat(WIDTH);
    let title = "Job Statistic Information";
    let indent = " ".repeat((WIDTH - title.len()) / 2);
    let mut text = format!("\n{stars}\n{indent}{title}\n{stars}\n");
    for (name, value) in lines {
        text.push_str(&format!("{name:<26}: {value:>19}\n"));
    }
    text.push_str(&stars);
    text.push('\n');
    text
}

fn local(time: SystemTime) -> String {
    DateTime::<Local>::from(time)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Most memory that this process has had resident, in bytes; none where the system does not say.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_has_the_lines_of_seatunnel_in_its_layout() {
        let started = SystemTime::UNIX_EPOCH;
        let report = Statistic {
            started,
            ended: started + Duration::from_secs(5),
            elapsed: Duration::from_millis(5_250),
            rows_read: 32,
            rows_written: 30,
            bytes_read: 2048,
            bytes_written: 2000,
            rows_failed: 2,
            more: Vec::new(),
        };
        let text = block(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "***********************************************");
        assert_eq!(lines[2], "           Job Statistic Information");
        assert_eq!(lines[3], lines[1]);
        assert_eq!(lines[4].len(), 47);
        assert!(
            lines[4].starts_with("Start Time                : "),
            "{}",
            lines[4]
        );
        assert!(
            lines[5].starts_with("End Time                  : "),
            "{}",
            lines[5]
        );
        assert_eq!(lines[6], "Total Time(s)             :                   5");
        assert_eq!(lines[7], "Total Read Count          :                  32");
        assert_eq!(lines[8], "Total Write Count         :                  30");
        assert_eq!(lines[9], "Total Failed Count        :                   2");
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(lines.last(), lines.get(1));
    }
}
