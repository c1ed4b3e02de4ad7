//! `seatunnel verify`: what a target holds, beside what its source brings.

use serde_json::Value;

use crate::support::Sandbox;

const ROWS: &str = "1,Ann,1.50,2024-01-31 12:00:00\n2,\"Bob, jr\",,2024-02-01 00:00:00.5\n3,\"\",3.00,\n4,Dan,-0.10,1969-12-31 23:59:59\n";

/// From a CSV file to files of a format.
fn job(sink: &str) -> String {
    format!(
        r#"
        env {{ job.mode = "BATCH", parallelism = 2 }}
        source {{
          LocalFile {{
            path = "in.csv", file_format_type = "csv"
            schema {{
              table = "people"
              fields {{ id = bigint, name = string, amount = "decimal(10, 2)", at = timestamp }}
              primaryKey {{ name = "pk", columnNames = ["id"] }}
            }}
          }}
        }}
        sink {{ {sink} }}"#
    )
}

/// A loaded target in `out`, and the job in `job.conf`.
fn loaded(options: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", ROWS);
    let sink = format!(r#"LocalFile {{ path = "out", tmp_path = "tmp", {options} }}"#);
    sandbox.job(&job(&sink)).succeeds();
    sandbox
}

const CSV: &str = "file_format_type = csv";

#[test]
fn a_load_of_any_format_is_equal_to_its_source() {
    for options in [
        CSV,
        "file_format_type = parquet, compress_codec = zstd",
        "file_format_type = json",
        r#"file_format_type = text, field_delimiter = "||", null_format = "NULL""#,
        r#"file_format_type = csv, enable_header_write = true, field_delimiter = ";", encoding = "UTF-16LE""#,
        r#"file_format_type = csv, datetime_format = "dd.MM.yyyy HH:mm:ss.SSS", compress_codec = lzo"#,
        r#"file_format_type = parquet, partition_by = ["id"]"#,
        r#"file_format_type = csv, sink_columns = ["amount", "id"]"#,
    ] {
        let sandbox = loaded(options);
        let before = sandbox.files("out");
        let run = sandbox.seatunnel("verify --config job.conf");
        // Text files without quotes can't tell an empty text from a null.
        if options.contains("text") {
            run.fails(2).prints(&["id=3: name is null, not \"\""]);
        } else {
            let run = run
                .succeeds()
                .prints(&["sink[0] LocalFile", "people", "equal"]);
            assert_eq!(run.stdout.lines().count(), 2, "{options}: {run}");
        }
        assert_eq!(sandbox.files("out"), before, "verifying wrote something");
        assert!(sandbox.files("tmp").is_empty());
    }
}

#[test]
fn rows_that_differ_are_named_by_their_key_and_have_an_exit_code_of_their_own() {
    let sandbox = loaded(CSV);
    sandbox.write(
        "in.csv",
        ROWS.replace("1.50", "1.51").replace("4,Dan", "0,Dan"),
    );
    let run = sandbox.seatunnel("verify --config job.conf").fails(2);
    let run = run.prints(&[
        "different",
        "(by id)",
        "1 row missing in the target, 1 row only in the target, 1 row with other values",
        "id=0: missing in the target",
        "id=1: amount is 1.50, not 1.51",
        "id=4: only in the target",
    ]);
    let (zero, one) = (
        run.stdout.find("id=0").unwrap(),
        run.stdout.find("id=1").unwrap(),
    );
    assert!(zero < one, "{run}");
    let run = sandbox
        .seatunnel("verify -c job.conf --differences 1")
        .fails(2);
    run.prints(&["id=0", "1 row with other values"])
        .never_says(&["id=1", "id=4"]);
}

#[test]
fn json_tells_the_same_to_machines() {
    let sandbox = loaded(CSV);
    let read = |code| -> Value {
        let run = sandbox.seatunnel("verify -c job.conf --json --log-level error");
        assert_eq!(run.code, Some(code), "{run}");
        serde_json::from_str(&run.stdout).unwrap()
    };
    let equal = read(0);
    assert_eq!(equal["equal"], true);
    let table = &equal["tables"][0];
    assert_eq!(table["rows_expected"], 4);
    assert_eq!(table["rows_found"], 4);
    assert_eq!(table["checksum_expected"], table["checksum_found"]);

    sandbox.write("in.csv", ROWS.replace("Dan", "Dora"));
    let differs = read(2);
    assert_eq!(differs["equal"], false);
    let difference = &differs["tables"][0]["differences"][0];
    assert_eq!(difference["kind"], "different");
    assert_eq!(difference["key"]["id"], "4");
    assert_eq!(difference["columns"][0]["column"], "name");
    assert_eq!(difference["columns"][0]["expected"], "\"Dora\"");
    assert_eq!(difference["columns"][0]["found"], "\"Dan\"");
}

#[test]
fn a_load_that_was_added_to_others_may_be_verified_with_extra_rows() {
    let sandbox = loaded(CSV);
    sandbox.write(
        "in.csv",
        ROWS.replace("1,Ann,1.50,2024-01-31 12:00:00\n", ""),
    );
    sandbox.seatunnel("verify -c job.conf").fails(2);
    let run = sandbox
        .seatunnel("verify -c job.conf --allow-extra")
        .succeeds();
    run.prints(&["1 row only in the target (rows only in the target are allowed)"]);
    sandbox.write("in.csv", ROWS.replace("Ann", "Anna"));
    sandbox
        .seatunnel("verify -c job.conf --allow-extra")
        .fails(2);
}

#[test]
fn rows_go_through_the_transforms_of_the_job_before_they_are_compared() {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", ROWS);
    let job = r#"
        source { LocalFile {
          plugin_output = a, path = "in.csv", file_format_type = csv
          schema { fields { id = int, name = string, amount = double, at = string } }
        } }
        transform { Sql {
          plugin_input = a, plugin_output = b
          query = "select id * 10 as id, upper(name) as name from a where id <> 3"
        } }
        sink { LocalFile { plugin_input = b, path = out, tmp_path = tmp, file_format_type = parquet } }"#;
    sandbox.job(job).succeeds();
    sandbox.seatunnel("verify -c job.conf").succeeds();
    sandbox.write("job.conf", job.replace("id * 10", "id * 11"));
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    run.prints(&[
        "without a key",
        "id=11, name=\"ANN\": missing",
        "id=10, name=\"ANN\": only",
    ]);
}

const SQLITE: &str = r#"Jdbc {
    url = "jdbc:sqlite:people.db", driver = "org.sqlite.JDBC"
    generate_sink_sql = true, database = main, table = people, primary_keys = ["id"]
    field_ide = UPPERCASE
}"#;

#[test]
fn a_table_of_a_database_is_read_back() {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", ROWS);
    sandbox.job(&job(SQLITE)).succeeds();
    let run = sandbox.seatunnel("verify -c job.conf").succeeds();
    run.prints(&["sink[0] Jdbc", "PEOPLE", "equal"]);
    let database = rusqlite::Connection::open(sandbox.path("people.db")).unwrap();
    let changes =
        "DELETE FROM people WHERE id = 2; UPDATE people SET at = NULL, name = 'A' WHERE id = 1;
        INSERT INTO people SELECT 9, name, amount, at FROM people WHERE id = 4;";
    database.execute_batch(changes).unwrap();
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    run.prints(&[
        "(by id)",
        "id=1: name is \"A\", not \"Ann\"; at is null, not 2024-01-31T12:00:00",
        "id=2: missing in the target",
        "id=9: only in the target",
    ]);
    database.execute("DROP TABLE people", ()).unwrap();
    let run = sandbox.seatunnel("verify -c job.conf").fails(1);
    run.says(&["the table `PEOPLE` does not exist"]);
}

#[test]
fn updates_and_deletes_are_carried_out_before_rows_are_compared() {
    let rows = r#"rows = [
      { kind = INSERT, fields = [1, "a"] }
      { kind = INSERT, fields = [2, "b"] }
      { kind = UPDATE_AFTER, fields = [1, "c"] }
      { kind = DELETE, fields = [2, "b"] }
    ]"#;
    let sandbox = Sandbox::new();
    let job = |rows: &str| {
        format!(
            r#"env {{ job.mode = "BATCH" }}
            source {{ FakeSource {{
              schema {{ fields {{ id = int, name = string }}, primaryKey {{ name = pk, columnNames = [id] }} }}
              {rows}
            }} }}
            sink {{ {SQLITE} }}"#
        )
    };
    sandbox.job(&job(rows)).succeeds();
    sandbox.seatunnel("verify -c job.conf").succeeds();
    sandbox.write("job.conf", job(&rows.replace("\"c\"", "\"d\"")));
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    run.prints(&["id=1: name is \"c\", not \"d\""])
        .never_says(&["id=2"]);
}

#[test]
fn rows_that_were_rejected_are_missing_and_not_rejected_again() {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", format!("{ROWS}5,Eve,much,\n"));
    let sink = r#"LocalFile {
        path = "out", tmp_path = "tmp", file_format_type = csv
        dirty.path = "dirty.jsonl", dirty.max = 1
    }"#;
    sandbox.job(&job(sink)).succeeds();
    let kept = std::fs::read_to_string(sandbox.path("dirty.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 1);
    sandbox.seatunnel("verify -c job.conf").succeeds();
    let after = std::fs::read_to_string(sandbox.path("dirty.jsonl")).unwrap();
    assert_eq!(kept, after, "verifying wrote dirty rows");
}

#[test]
fn each_table_of_a_job_is_compared_with_its_own_target() {
    let sandbox = Sandbox::new();
    let job = |rows: &str, table: &str| {
        format!(
            r#"source {{ FakeSource {{ tables_configs = [
              {{ schema {{ table = "shop.a", fields {{ id = int }} }}, rows = [{rows}] }}
              {{ schema {{ table = "shop.b", fields {{ id = int }} }}, rows = [{{ kind = INSERT, fields = [3] }}] }}
            ] }} }}
            sink {{ Jdbc {{
              url = "jdbc:sqlite:t.db", driver = "org.sqlite.JDBC", generate_sink_sql = true
              database = main, table = "{table}"
            }} }}"#
        )
    };
    let one = "{ kind = INSERT, fields = [1] }";
    let two = "{ kind = INSERT, fields = [1] }, { kind = INSERT, fields = [2] }";
    sandbox.job(&job(one, "${table_name}")).succeeds();
    let run = sandbox.seatunnel("verify -c job.conf").succeeds();
    assert_eq!(run.stdout.lines().count(), 3, "{run}");
    sandbox.write("job.conf", job(two, "${table_name}"));
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    let different = run.stdout.lines().filter(|l| l.ends_with("different"));
    assert_eq!(different.count(), 1, "{run}");
    run.prints(&["id=2: missing in the target"]);
}

#[test]
fn large_tables_are_compared_by_their_keys_only_where_they_differ() {
    let sandbox = Sandbox::new();
    let line = |n: u64| format!("{n},name {n},{n}.25,\n");
    let rows: String = (0..100_000).map(line).collect();
    sandbox.write("in.csv", &rows);
    let sink = r#"LocalFile { path = "out", tmp_path = "tmp", file_format_type = parquet }"#;
    sandbox.job(&job(sink)).succeeds();
    sandbox.seatunnel("verify -c job.conf").succeeds();
    sandbox.write(
        "in.csv",
        rows.replace("\n77777,name 77777,", "\n77777,name,"),
    );
    let run = sandbox.seatunnel("verify -c job.conf").fails(2);
    run.prints(&[
        "100,000        100,000     different",
        "1 row with other values",
        "id=77777: name is \"name 77777\", not \"name\"",
    ]);
}

#[test]
fn sinks_that_cannot_be_read_back_are_told_of() {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", ROWS);
    sandbox.write("job.conf", job("Console {}"));
    let run = sandbox.seatunnel("verify -c job.conf").fails(1);
    let run = run.says(&["VERIFY-01", "sink[0] Console can't be read back"]);
    assert_eq!(run.stdout, "");

    let both =
        r#"LocalFile { path = "out", tmp_path = "tmp", file_format_type = csv }, Blackhole {}"#;
    sandbox.job(&job(both)).succeeds();
    let run = sandbox.seatunnel("verify -c job.conf").succeeds();
    run.says(&["sink[1] Blackhole can't be read back"])
        .prints(&["equal"]);
}

#[test]
fn a_target_that_is_not_there_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", ROWS);
    let sink = r#"LocalFile { path = "out", tmp_path = "tmp", file_format_type = csv }"#;
    sandbox.write("job.conf", job(sink));
    let run = sandbox.seatunnel("verify -c job.conf").fails(1);
    run.says(&["sink[0] LocalFile", "out"]);
    assert!(!sandbox.path("out").exists(), "verifying made the folder");
    sandbox.seatunnel("verify").fails(234);
}
