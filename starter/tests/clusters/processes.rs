//! Other processes of this machine: finding them by their command lines, killing them.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Processes whose command line has all these texts in it.
pub(crate) fn find(texts: &[&str]) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has = |pid: &u32| {
        // A process may be gone by now.
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        *pid != std::process::id()
            && !line.is_empty()
            && texts.iter().all(|text| line.contains(text))
    };
    let mut found: Vec<u32> = numbers.filter(has).collect();
    found.sort_unstable();
    found
}

/// Processes that this one has started and that have this text in their command line.
pub(crate) fn children(parent: u32, text: &str) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let found = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        found.is_some_and(|found| found.trim() == parent.to_string())
    };
    let mut found = find(&[text]);
    found.retain(is_child);
    found
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn kill(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(status.unwrap().success(), "process {pid} can't be killed");
}

/// Asks a process to end.
pub(crate) fn terminate(pid: u32) {
    let status = Command::new("kill")
        .args(["-15", &pid.to_string()])
        .status();
    assert!(status.unwrap().success(), "process {pid} can't be told");
}
