//! Input that is not as it should be: the job fails, says where and why, and leaves nothing behind.

use std::fmt::Write;

use crate::support::Sandbox;

const CSV_TO_CSV: &str = r#"
env { job.mode = "BATCH" }
source {
  LocalFile {
    path = "in"
    file_format_type = "csv"
    schema { fields { id = bigint, amount = int, name = string } }
  }
}
sink { LocalFile { path = "out", tmp_path = "tmp", file_format_type = "csv" } }
"#;

fn nothing_is_left(sandbox: &Sandbox) {
    assert!(
        sandbox.files("out").is_empty(),
        "{:?}",
        sandbox.files("out")
    );
    assert!(
        sandbox.files("tmp").is_empty(),
        "{:?}",
        sandbox.files("tmp")
    );
}

#[test]
fn missing_file() {
    let sandbox = Sandbox::new();
    let job = CSV_TO_CSV.replace("\"in\"", "\"nowhere/data.csv\"");
    sandbox
        .job(&job)
        .fails(1)
        .says(&["nowhere/data.csv", "source[0] LocalFile"]);
    nothing_is_left(&sandbox);
}

#[test]
fn path_that_leads_through_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a_file", "1,2,x\n");
    let job = CSV_TO_CSV.replace("\"in\"", "\"a_file/data.csv\"");
    sandbox
        .job(&job)
        .fails(1)
        .says(&["a_file/data.csv", "Not a directory"]);
    nothing_is_left(&sandbox);
}

/// Also where the tests run as root: without these two rights root is asked for permissions too.
#[cfg(target_os = "linux")]
#[test]
fn directory_without_read_permission() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.write("in/data.csv", "1,2,x\n");
    let set_mode = |mode| {
        std::fs::set_permissions(sandbox.path("in"), std::fs::Permissions::from_mode(mode))
            .unwrap();
    };
    set_mode(0o000);
    let is_root = std::fs::read_dir(sandbox.path("in")).is_ok();
    let script = match is_root {
        true => r#"exec setpriv --bounding-set=-dac_override,-dac_read_search "$@""#,
        false => r#"exec "$@""#,
    };
    let run = sandbox.job_in_shell(script, CSV_TO_CSV);
    set_mode(0o755);
    run.fails(1)
        .says(&["no permission to read in", "source[0] LocalFile"]);
    nothing_is_left(&sandbox);
}

#[test]
fn wrong_type_in_row_17001_of_a_csv_file() {
    let sandbox = Sandbox::new();
    let mut csv = String::new();
    for row in 1..=20_000 {
        let amount = if row == 17_001 {
            "12x".to_owned()
        } else {
            (row % 100).to_string()
        };
        writeln!(csv, "{row},{amount},name of {row}").unwrap();
    }
    sandbox.write("in/data.csv", csv);
    sandbox
        .job(CSV_TO_CSV)
        .fails(1)
        .says(&["data.csv", "17001", "amount", "12x", "int"]);
    nothing_is_left(&sandbox);
}

const FAKE_TO_PARQUET: &str = r#"
source { FakeSource { row.num = 5000, schema { fields { id = bigint, name = string } } } }
sink { LocalFile { path = "in", tmp_path = "tmp", file_format_type = "parquet" } }
"#;

#[test]
fn truncated_parquet_file() {
    let sandbox = Sandbox::new();
    sandbox.job(FAKE_TO_PARQUET).succeeds();
    let file = sandbox.files("in").remove(0);
    let whole = std::fs::read(&file).unwrap();
    let job = CSV_TO_CSV.replacen("\"csv\"", "\"parquet\"", 1);
    for length in [whole.len() - 1, whole.len() / 2, 4] {
        std::fs::write(&file, &whole[..length]).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        sandbox
            .job(&job)
            .fails(1)
            .says(&[name, "arquet"])
            .never_says(&["panicked"]);
        nothing_is_left(&sandbox);
    }
}

const FAKE_TO_FILE: &str = r#"
env { job.mode = "BATCH" }
source {
  FakeSource { row.num = 200000, string.length = 100, schema { fields { id = bigint, name = string } } }
}
sink { LocalFile { path = "out", tmp_path = "tmp", file_format_type = "csv" } }
"#;

/// A disk that is full to the last byte, where the tests may mount one.
#[cfg(target_os = "linux")]
#[test]
fn disk_that_fills_up() {
    let sandbox = Sandbox::new();
    sandbox.write("tmp/.keep", "");
    sandbox.write("out/.keep", "");
    let mount = "mount -t tmpfs -o size=512k tmpfs tmp";
    let probe = sandbox.job_in_shell(&format!("exec unshare -m sh -c '{mount}'"), FAKE_TO_FILE);
    if probe.code != Some(0) {
        eprintln!("not run: a file system can't be mounted here");
        return;
    }
    for format in ["csv", "parquet", "json", "text"] {
        let script = format!(r#"exec unshare -m sh -c '{mount} && exec "$@"' sh "$@""#);
        let job = FAKE_TO_FILE.replace("csv", format);
        let run = sandbox.job_in_shell(&script, &job).fails(1);
        run.says(&["No space left on device", "sink[0] LocalFile"])
            .never_says(&["panicked"]);
        assert_eq!(
            sandbox.files("out").len(),
            1,
            "{format}: something became visible"
        );
    }
}

/// The same error path everywhere: a process that may write files of some KiB only. `XFSZ` would
/// otherwise kill it.
#[cfg(unix)]
#[test]
fn file_that_can_grow_no_more() {
    let script = r#"trap "" XFSZ; ulimit -f 100; exec "$@""#;
    for format in ["csv", "parquet", "json", "text"] {
        let sandbox = Sandbox::new();
        let job = FAKE_TO_FILE.replace("csv", format);
        let run = sandbox.job_in_shell(script, &job).fails(1);
        run.says(&["File too large", "sink[0] LocalFile"])
            .never_says(&["panicked"]);
        nothing_is_left(&sandbox);
    }
}

fn to_sqlite(fields: &str, schema_save_mode: &str) -> String {
    format!(
        r#"
source {{ FakeSource {{ row.num = 3, schema {{ fields {{ {fields} }} }} }} }}
sink {{
  Jdbc {{
    url = "jdbc:sqlite:shop.db"
    driver = "org.sqlite.JDBC"
    generate_sink_sql = true
    database = "main"
    table = "orders"
    schema_save_mode = "{schema_save_mode}"
  }}
}}
"#
    )
}

#[test]
fn sink_table_whose_columns_do_not_fit() {
    let sandbox = Sandbox::new();
    sandbox
        .job(&to_sqlite(
            "id = bigint, total = double",
            "CREATE_SCHEMA_WHEN_NOT_EXIST",
        ))
        .succeeds();
    let other = to_sqlite("id = bigint, totl = double", "CREATE_SCHEMA_WHEN_NOT_EXIST");
    sandbox
        .job(&other)
        .fails(1)
        .says(&["orders", "totl", "sink[0] Jdbc"]);
}

#[test]
fn sink_table_that_is_not_there() {
    let sandbox = Sandbox::new();
    let job = to_sqlite("id = bigint", "ERROR_WHEN_SCHEMA_NOT_EXIST");
    sandbox.job(&job).fails(1).says(&["orders"]);
}
