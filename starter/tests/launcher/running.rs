use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::support::{Sandbox, binary, wait, wait_until};

const TEN_ROWS: &str = r#"
env { job.mode = "BATCH" }
source { FakeSource { row.num = 10, schema { fields { id = bigint, name = string } } } }
sink { Console {} }
"#;

#[test]
fn rows_go_to_stdout_and_the_statistic_to_stderr() {
    let begun = Instant::now();
    let run = Sandbox::new().job(TEN_ROWS).succeeds();
    let run = run.says(&[
        "***********************************************\n           Job Statistic Information\n",
        "Start Time                : ",
        "End Time                  : ",
        "Total Read Count          :                  10",
        "Total Write Count         :                  10",
        "Total Failed Count        :                   0",
        "Peak Memory",
    ]);
    let label = "Total Time(s)             : ";
    let time = run.stderr.lines().find_map(|l| l.strip_prefix(label));
    let time = time.unwrap_or_else(|| panic!("{run}")).trim();
    let most = begun.elapsed().as_secs();
    assert!(time.parse::<u64>().is_ok_and(|t| t <= most), "{run}");
    assert!(run.stdout.contains("rowIndex=10"), "{run}");
    assert!(!run.stdout.contains("Statistic"), "{run}");
}

#[test]
fn rows_that_a_filter_drops_have_not_failed() {
    let job = r#"
        source { FakeSource { plugin_output = a, row.num = 10, schema { fields { id = int } } } }
        transform {
          FilterRowKind { plugin_input = a, plugin_output = b, exclude_kinds = ["INSERT"] }
        }
        sink { Blackhole { plugin_input = b } }"#;
    Sandbox::new().job(job).succeeds().says(&[
        "Total Read Count          :                  10",
        "Total Write Count         :                   0",
        "Total Failed Count        :                   0",
    ]);
}

#[test]
fn json_logs_are_one_object_a_line() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", TEN_ROWS.replace("row.num", "row.nmu"));
    let run = sandbox
        .seatunnel("-c job.conf --log-format json")
        .succeeds();
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|l| l["level"] == "WARN"), "{run}");
    let has_block = |l: &Value| {
        l["message"]
            .as_str()
            .is_some_and(|m| m.contains("Total Read Count"))
    };
    assert!(lines.iter().any(has_block), "{run}");

    sandbox.write("job.conf", "source {}");
    let run = sandbox.seatunnel("-c job.conf --log-format json").fails(1);
    let error: Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["level"], "ERROR");
    assert_eq!(error["code"], "JOB-01");
}

#[test]
fn quiet_level_keeps_all_but_errors_away() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", TEN_ROWS);
    let run = sandbox
        .seatunnel("-c job.conf --log-level error")
        .succeeds();
    assert_eq!(run.stderr, "");
}

#[test]
fn no_colours_where_there_is_no_terminal() {
    let run = Sandbox::new().job("source {").fails(1);
    assert!(!run.stderr.contains('\x1b'), "{run}");
}

/// A job that would go on for hours.
const LONG: &str = r#"
env { job.mode = "BATCH", read_limit.rows_per_second = 100 }
source { FakeSource { row.num = 10000000, schema { fields { id = bigint, name = string } } } }
sink { LocalFile { path = "out", tmp_path = "tmp", file_format_type = "csv" } }
"#;

/// Whether a process has handlers of its own for SIGINT and SIGTERM, the signals 2 and 15.
fn handles_signals(pid: u32) -> bool {
    const BOTH: u64 = (1 << (2 - 1)) | (1 << (15 - 1));
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught & BOTH == BOTH
}

#[test]
fn ctrl_c_ends_a_job_in_order() {
    for signal in ["INT", "TERM"] {
        let sandbox = Sandbox::new();
        sandbox.write("job.conf", LONG);
        let log = sandbox.path("log");
        let mut command = binary(&sandbox.path(""));
        command.args(["-c", "job.conf", "--log-level", "debug"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(std::fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        wait_until(|| std::fs::read_to_string(&log).unwrap().contains("starts"));
        wait_until(|| handles_signals(child.id()));
        // There is something that must not stay.
        wait_until(|| !sandbox.files("tmp").is_empty());
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let status = wait(&mut child);
        let log = std::fs::read_to_string(&log).unwrap();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("stopping the job"), "{log}");
        assert!(log.contains("the job was cancelled"), "{log}");
        assert!(
            sandbox.files("out").is_empty(),
            "rows of a cancelled job are there"
        );
        assert!(
            sandbox.files("tmp").is_empty(),
            "rows of a cancelled job lie about"
        );
    }
}
