use crate::support::Sandbox;

const JOB: &str = r#"
env { job.mode = "BATCH" }
source {
  FakeSource {
    plugin_output = "people"
    row.num = 1000
    schema { fields { id = bigint, name = string } }
  }
}
transform {
  FieldMapper { plugin_input = "people", plugin_output = "renamed", field_mapper { name = who } }
}
sink {
  LocalFile { plugin_input = "renamed", path = "out", file_format_type = "csv" }
}
"#;

fn with(job: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", job);
    sandbox
}

#[test]
fn check_finds_no_mistake_in_a_right_file_and_writes_nothing() {
    for line in [
        "-c job.conf --check",
        "-c job.conf -d",
        "-c job.conf --dry-run static",
    ] {
        let sandbox = with(JOB);
        let run = sandbox.seatunnel(line).succeeds();
        run.prints(&["job.conf: no mistake found (1 source, 1 transform, 1 sink)"]);
        assert!(sandbox.files("out").is_empty());
    }
}

#[test]
fn static_check_makes_unknown_options_errors() {
    let job = JOB.replace("row.num", "row.nmu");
    let run = with(&job).seatunnel("-c job.conf --check").fails(1);
    run.says(&[
        "unknown option `row.nmu` of FakeSource",
        "did you mean `row.num`?",
        "job.conf:6:5",
    ]);
    let run = with(&job).seatunnel("-c job.conf").succeeds();
    run.says(&["WARN", "unknown option `row.nmu` of FakeSource"]);
}

#[test]
fn static_check_reports_all_mistakes_at_once() {
    let job = JOB
        .replace("row.num = 1000", "row.num = many")
        .replace("FieldMapper {", "FieldMaper {")
        .replace("\"csv\"", "\"cvs\"");
    let run = with(&job).seatunnel("-c job.conf --check").fails(1);
    run.says(&[
        "option `row.num` of FakeSource: expected a whole number, found \"many\"",
        "there is no transform called \"FieldMaper\"",
        "did you mean FieldMapper?",
        "`file_format_type`",
        "cvs",
        "csv",
    ]);
}

#[test]
fn connect_says_what_was_reached_and_writes_nothing() {
    let sandbox = with(JOB);
    let run = sandbox
        .seatunnel("-c job.conf --dry-run connect")
        .succeeds();
    run.prints(&[
        "source[0] FakeSource: reached",
        "id bigint, name string",
        "sink[0] LocalFile: reached",
    ]);
    assert!(sandbox.files("out").is_empty());
}

#[test]
fn connect_fails_where_a_source_is_not_there() {
    let job = r#"
        source { LocalFile { path = "nowhere.csv", file_format_type = "csv", schema { fields { a = int } } } }
        sink { Console {} }"#;
    with(job)
        .seatunnel("-c job.conf --dry-run connect")
        .fails(1)
        .says(&["nowhere.csv"]);
}

#[test]
fn sample_shows_the_first_rows_after_each_step_and_writes_nothing() {
    let sandbox = with(JOB);
    let run = sandbox
        .seatunnel("-c job.conf --dry-run sample --sample-limit 3")
        .succeeds();
    let run = run.prints(&[
        "source[0] FakeSource: 3 rows",
        "id bigint",
        "transform[0] FieldMapper: 3 rows",
        "who string",
        "sink[0] LocalFile: nothing written",
    ]);
    assert_eq!(
        run.stdout
            .lines()
            .filter(|line| line.starts_with("+I"))
            .count(),
        6,
        "{run}"
    );
    assert!(sandbox.files("out").is_empty());
}

#[test]
fn sample_can_keep_the_rows_to_itself() {
    let sandbox = with(JOB);
    let line = "-c job.conf --dry-run sample --sample-print-data=false";
    let run = sandbox
        .seatunnel(line)
        .succeeds()
        .prints(&["source[0] FakeSource: 10 rows"]);
    assert!(!run.stdout.contains("+I"), "{run}");
}
