//! Rows that a source, a transform or a sink rejects.

use serde_json::{Value, json};

use crate::support::{Run, Sandbox};

/// From a csv file through a cast to a file that knows only Western letters; `dirty` are options of the sink.
fn job(dirty: &str) -> String {
    format!(
        r#"
env {{ job.mode = "BATCH", job.name = "people" }}
source {{
  LocalFile {{
    path = "people.csv"
    file_format_type = "csv"
    csv_use_header_line = true
    plugin_output = "people"
    schema {{ table = "shop.people", fields {{ id = bigint, name = string, age = string }} }}
  }}
}}
transform {{
  Sql {{
    plugin_input = "people", plugin_output = "typed"
    query = "select id, name, cast(age as int) as age from people"
  }}
}}
sink {{
  LocalFile {{
    plugin_input = "typed"
    path = "out", file_format_type = "csv", encoding = "ISO-8859-1"
    {dirty}
  }}
}}
"#
    )
}

/// Ten lines behind the header; 3 has no number, 5 no age, 8 a name that the sink's files can't hold.
const PEOPLE: &str = "id,name,age\n1,Ann,31\n2,Bob,32\nthree,\"C, \"\"D\"\"\",33\n4,Éva,34\n\
                      5,Eve,old\n6,Fay,36\n7,Gil,37\n8,李,38\n9,Ida,39\n10,Jim,40\n";

fn run(dirty: &str) -> (Sandbox, Run) {
    let sandbox = Sandbox::new();
    sandbox.write("people.csv", PEOPLE);
    let run = sandbox.job(&job(dirty));
    (sandbox, run)
}

/// The lines of a file of dirty rows.
fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.path(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The ids of the rows that were written.
fn written(sandbox: &Sandbox) -> Vec<String> {
    let files = sandbox.files("out");
    let texts = files.iter().map(|file| std::fs::read(file).unwrap());
    let text: Vec<u8> = texts.flatten().collect();
    text.split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| String::from_utf8_lossy(line.split(|b| *b == b',').next().unwrap()).into())
        .collect()
}

#[test]
fn within_the_limit_the_job_goes_on_and_each_dirty_row_says_where_and_why() {
    let (sandbox, run) = run("dirty.path = \"rejected/people.jsonl\", dirty.max = 3");
    run.succeeds().says(&[
        "sink[0] LocalFile: 3 dirty rows, kept in rejected/people.jsonl",
        "Total Read Count          :                   9",
        "Total Write Count         :                   7",
        "Total Failed Count        :                   3",
    ]);
    assert_eq!(written(&sandbox), ["1", "2", "4", "6", "7", "9", "10"]);
    let dirty = lines(&sandbox, "rejected/people.jsonl");
    assert_eq!(dirty.len(), 3);
    for line in &dirty {
        assert_eq!(line["job"], "people");
        assert_eq!(line["attempt"], 1);
        assert_eq!(line["sink"], "sink[0] LocalFile");
        assert_eq!(line["table"], "shop.people");
        assert_eq!(line["sql_state"], Value::Null);
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
    }
    // Stages work side by side: their rows come in any order.
    let of = |stage: &str| dirty.iter().find(|line| line["stage"] == stage).unwrap();
    let source = of("source[0] LocalFile");
    assert_eq!(source["code"], "FILE-04");
    assert_eq!(source["reason"], "\"three\" is not of type bigint");
    assert_eq!(source["text"], "three,\"C, \"\"D\"\"\",33");
    assert_eq!(
        source["position"],
        json!({"task": 0, "file": "people.csv", "line": 4, "column": "id"})
    );
    let cast = of("transform[0] Sql");
    assert_eq!(cast["code"], "SQL-05");
    assert_eq!(cast["row_kind"], "+I");
    assert_eq!(cast["row"], json!({"id": 5, "name": "Eve", "age": "old"}));
    let sink = of("sink[0] LocalFile");
    assert_eq!(sink["row"], json!({"id": 8, "name": "李", "age": 38}));
    assert_eq!(sink["position"]["row"], 6);
    assert!(
        sink["reason"].as_str().unwrap().contains("U+674E"),
        "{sink}"
    );
}

#[test]
fn past_the_limit_the_job_fails_and_writes_nothing_but_the_dirty_rows() {
    let (sandbox, run) = run("dirty { path = \"people.jsonl\", max = 0 }");
    run.fails(1)
        .says(&[
            "COMMON-17",
            "1 row is dirty, and dirty.max allows 0",
            "people.jsonl",
        ])
        .never_says(&["Restore time", "unknown"]);
    assert!(written(&sandbox).is_empty());
    // Others may have been rejected before the tasks had stopped.
    assert!((1..=3).contains(&lines(&sandbox, "people.jsonl").len()));
}

#[test]
fn without_the_options_the_first_dirty_row_fails_the_job() {
    let (sandbox, run) = run("");
    run.fails(1)
        .says(&["FILE-04", "is not of type bigint", "line: 4"]);
    assert!(written(&sandbox).is_empty());
}

#[test]
fn without_a_path_dirty_rows_are_counted_and_logged() {
    let (sandbox, run) = run("dirty.max = 5");
    run.succeeds().says(&[
        "dirty row: shop.people: FILE-04 \"three\" is not of type bigint",
        "dirty row: shop.people: SQL-05",
        "3 dirty rows, not kept, for dirty.path is not set",
        "Total Failed Count        :                   3",
    ]);
    assert_eq!(written(&sandbox).len(), 7);
}

#[test]
fn rows_of_later_jobs_are_added_and_a_folder_gets_a_file_for_each_sink_or_table() {
    let sandbox = Sandbox::new();
    sandbox.write("people.csv", PEOPLE);
    for _ in 0..2 {
        sandbox.job(&job("dirty.path = \"rejected/\"")).succeeds();
    }
    let dirty = lines(&sandbox, "rejected/people-sink0-LocalFile.jsonl");
    assert_eq!(dirty.len(), 6);
    assert_ne!(dirty[0]["job_id"], dirty[5]["job_id"]);
    let by_table = "dirty.path = \"${schema_full_name}/${table_name}.jsonl\"";
    sandbox.job(&job(by_table)).succeeds();
    assert_eq!(lines(&sandbox, "shop/people.jsonl").len(), 3);
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_done() {
    let (sandbox, run) = run("dirty.path = \"people.csv/x.jsonl\"");
    run.fails(1).says(&["COMMON-18", "people.csv/x.jsonl"]);
    assert!(written(&sandbox).is_empty());
    let (_, run) = self::run("dirty.path = \"\"");
    run.fails(1).says(&["dirty.path"]);
}

#[test]
fn a_clean_job_leaves_no_file_of_dirty_rows() {
    let sandbox = Sandbox::new();
    sandbox.write("people.csv", "id,name,age\n1,Ann,31\n");
    let run = sandbox.job(&job("dirty.path = \"people.jsonl\", dirty.max = 0"));
    run.succeeds().never_says(&["dirty"]);
    assert!(!sandbox.path("people.jsonl").exists());
}

/// A row reaches two sinks, and only one of them may do without it.
#[test]
fn a_sink_without_the_options_cannot_do_without_rows_of_its_source() {
    let sandbox = Sandbox::new();
    sandbox.write("people.csv", PEOPLE);
    let more = "dirty.max = 5 }\n  Console { plugin_input = \"people\"";
    sandbox.job(&job(more)).fails(1).says(&["FILE-04"]);
}

#[test]
fn many_dirty_lines_of_many_splits_are_all_found_with_their_line_numbers() {
    let sandbox = Sandbox::new();
    let mut csv = String::new();
    let mut json = String::new();
    for line in 1..=30_000 {
        // Rows of different lengths, every third of them dirty, some in a long run.
        let dirty = line % 3 == 0 || (10_000..15_000).contains(&line);
        let value = if dirty {
            format!("no{line}")
        } else {
            line.to_string()
        };
        csv.push_str(&format!("{value},{}\n", "x".repeat(line % 50)));
        let value = if dirty {
            format!("\"no{line}\"")
        } else {
            value
        };
        json.push_str(&format!("{{\"n\": {value}, \"s\": [{}]}}\n", line % 7));
    }
    sandbox.write("in.csv", csv).write("in.json", json);
    for (format, fields) in [
        ("csv", "n = int, s = string"),
        ("json", "n = int, s = \"array<int>\""),
    ] {
        let job = format!(
            r#"
env {{ parallelism = 3 }}
source {{ LocalFile {{
  path = "in.{format}", file_format_type = "{format}", enable_file_split = true, file_split_size = 200000
  schema {{ fields {{ {fields} }} }}
}} }}
sink {{ LocalFile {{ path = "out-{format}", file_format_type = "json", dirty.path = "{format}.jsonl" }} }}
"#
        );
        sandbox.job(&job).succeeds();
        let mut found: Vec<u64> = Vec::new();
        for line in lines(&sandbox, &format!("{format}.jsonl")) {
            let number = line["position"]["line"].as_u64().unwrap();
            assert!(
                line["text"]
                    .as_str()
                    .unwrap()
                    .contains(&format!("no{number}")),
                "{line}"
            );
            found.push(number);
        }
        found.sort_unstable();
        let dirty = |n: &u64| n.is_multiple_of(3) || (10_000..15_000).contains(n);
        let (bad, good): (Vec<u64>, Vec<u64>) = (1..=30_000).partition(dirty);
        assert_eq!(found, bad);
        let mut rows: Vec<u64> = Vec::new();
        for file in sandbox.files(&format!("out-{format}")) {
            let text = std::fs::read_to_string(file).unwrap();
            let row = |line: &str| serde_json::from_str::<Value>(line).unwrap();
            rows.extend(text.lines().map(|line| row(line)["n"].as_u64().unwrap()));
        }
        rows.sort_unstable();
        assert_eq!(rows, good);
    }
}

/// From a csv file, where ids 2 and 4 come twice, into a SQLite table.
fn into_sqlite(dirty: &str) -> (Sandbox, Run) {
    let sandbox = Sandbox::new();
    sandbox.write(
        "people.csv",
        "1,Ann\n2,Bob\n2,Bea\n3,Cid\n4,Dan\n4,Dot\n5,Eve\n",
    );
    let job = format!(
        r#"
env {{ job.name = "people" }}
source {{ LocalFile {{
  path = "people.csv", file_format_type = "csv"
  schema {{ table = "people", primary_key {{ name = pk, columnNames = [id] }}, fields {{ id = bigint, name = string }} }}
}} }}
sink {{ Jdbc {{
  url = "jdbc:sqlite:people.db", driver = "org.sqlite.JDBC"
  generate_sink_sql = true, table = people, enable_upsert = false
  {dirty}
}} }}
"#
    );
    let run = sandbox.job(&job);
    (sandbox, run)
}

#[test]
fn rows_that_a_database_refuses_are_set_aside_with_their_key_and_constraint() {
    let (sandbox, run) = into_sqlite("dirty.path = \"people.jsonl\", dirty.max = 2");
    run.succeeds().says(&[
        "sink[0] Jdbc: 2 dirty rows, kept in people.jsonl",
        "Total Read Count          :                   7",
        "Total Write Count         :                   5",
        "Total Failed Count        :                   2",
    ]);
    let dirty = lines(&sandbox, "people.jsonl");
    let rows: Vec<&Value> = dirty.iter().map(|line| &line["row"]).collect();
    assert_eq!(
        rows,
        [
            &json!({"id": 2, "name": "Bea"}),
            &json!({"id": 4, "name": "Dot"})
        ]
    );
    assert_eq!(dirty[0]["table"], "people");
    assert_eq!(dirty[0]["sql_state"], "SQLITE_CONSTRAINT_PRIMARYKEY");
    assert_eq!(dirty[0]["position"]["row"], 3);
    assert_eq!(dirty[0]["position"]["key"], "id=2");
    assert_eq!(dirty[0]["position"]["constraint"], "PRIMARY KEY people.id");
}

#[test]
fn more_rows_than_allowed_that_a_database_refuses_fail_the_job() {
    let (sandbox, run) = into_sqlite("dirty.path = \"people.jsonl\", dirty.max = 1");
    run.fails(1).says(&["COMMON-17", "dirty.max allows 1"]);
    assert_eq!(lines(&sandbox, "people.jsonl").len(), 2);
    let (_, run) = into_sqlite("");
    run.fails(1)
        .says(&["JDBC-08", "people.id", "key: id=2", "row: 3"]);
}
