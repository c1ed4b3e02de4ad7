//! Job files that make no job: each mistake is named, placed and explained.

use crate::support::Sandbox;

#[test]
fn missing_job_file() {
    let run = Sandbox::new().seatunnel("-c nowhere.conf").fails(1);
    run.says(&["nowhere.conf", "No such file or directory"]);
}

#[test]
fn job_file_that_is_a_directory() {
    let sandbox = Sandbox::new();
    sandbox.write("folder/job.conf", "");
    sandbox
        .seatunnel("-c folder")
        .fails(1)
        .says(&["folder", "directory"]);
}

#[test]
fn job_file_that_is_empty() {
    let run = Sandbox::new().job("").fails(1);
    run.says(&["the job has no source", "the job has no sink"]);
}

#[test]
fn two_plugins_that_claim_one_output_name() {
    let job = r#"
source {
  FakeSource { plugin_output = "rows", schema { fields { a = int } } }
  FakeSource { plugin_output = "rows", schema { fields { a = int } } }
}
sink { Console { plugin_input = "rows" } }
"#;
    Sandbox::new().job(job).fails(1).says(&[
        "source[0] FakeSource and source[1] FakeSource both call their rows \"rows\"",
        "--> job.conf:4:32",
        "^^^^^^",
        "job.conf:3:32",
        "give one of them another plugin_output",
    ]);
}

#[test]
fn cycle_in_the_graph() {
    let job = r#"
source { FakeSource { plugin_output = "a", schema { fields { x = int } } } }
transform {
  Copy { plugin_input = ["a", "c"], plugin_output = "b", fields { y = x } }
  Copy { plugin_input = "b", plugin_output = "c", fields { z = x } }
}
sink { Console { plugin_input = "c" } }
"#;
    Sandbox::new().job(job).fails(1).says(&[
        "rows go round in a circle",
        "transform[0] Copy -> transform[1] Copy",
        "--> job.conf:",
    ]);
}

#[test]
fn whole_message_of_a_job_with_several_mistakes() {
    let job = r#"env {
  job.mode = "BACH"
}
source {
  FakeSorce {
    plugin_output = "rows"
  }
}
sink {
  LocalFile {
    plugin_input = "rosw"
    path = "out"
    file_format_type = "parqet"
  }
  Console { plugin_input = "rows", log.print.dta = false }
}
"#;
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", job);
    let errors = sandbox.seatunnel("-c job.conf --check").fails(1).stderr;
    insta::assert_snapshot!(errors);
}

#[test]
fn sections_given_twice() {
    let job = r#"
source { FakeSource { schema { fields { a = int } } } }
sink { Console {} }
sink { Blackhole {} }
"#;
    Sandbox::new()
        .job(job)
        .fails(1)
        .says(&["`sink` is given twice", "job.conf:4:1"]);
}
