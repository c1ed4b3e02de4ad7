//! JSON and SQL job files.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use seatunnel_config::{Format, parse_str};
use serde_json::{Value, json};
use support::with;

fn loaded(format: Format, text: &str) -> Value {
    let loaded = parse_str("job", text, format, &with(&[]));
    loaded
        .unwrap_or_else(|e| panic!("{}", e.report()))
        .root
        .to_json()
}

/// A source and a sink, so that other statements can be tested.
fn sql(statements: &str) -> Value {
    let tables = "CREATE TABLE src WITH ('connector'='F','type'='source');
        CREATE TABLE dst WITH ('connector'='C','type'='SINK');";
    loaded(Format::Sql, &format!("{tables}\n{statements}"))
}

#[test]
fn json_gives_the_tree_that_it_says() {
    let text = r#"{"env": {"job.mode": "BATCH", "n": [1, -2.5e3, true, null, "\u00e9\n"]},
        "source": [{"plugin_name": "A"}], "sink": {"B": {"x": 1}}}"#;
    assert_eq!(
        loaded(Format::Json, text),
        json!({"env": {"job.mode": "BATCH", "n": [1, -2500, true, null, "é\n"]},
            "source": [{"plugin_name": "A"}], "sink": [{"x": 1, "plugin_name": "B"}]})
    );
}

#[test]
fn json_is_strict() {
    for text in [
        "",
        "[]",
        "{a: 1}",
        "{'a': 1}",
        r#"{"a": 01}"#,
        r#"{"a": +1}"#,
        r#"{"a": 1.}"#,
        r#"{"a" 1}"#,
        r#"{"a": 1} x"#,
        r#"{"a": 1 "b": 2}"#,
        "{\"a\": \"\n\"}",
        r#"{"a": "\x"}"#,
        r#"{"a": nul}"#,
        r#"{"a": """x"""}"#,
    ] {
        let error = parse_str("job", text, Format::Json, &with(&[])).unwrap_err();
        assert_eq!(error.diagnostics().len(), 1, "{text}");
    }
}

#[test]
fn json_values_know_their_place() {
    let text = "{\n  \"source\": [{\"plugin_name\": \"A\", \"x\": 12}]\n}";
    let loaded = parse_str("job", text, Format::Json, &with(&[])).unwrap();
    let x = loaded.root.get("source").unwrap().as_list().unwrap()[0]
        .get("x")
        .unwrap();
    assert_eq!(
        (x.key_span.to_string(), x.span.to_string()),
        ("job:2:35".into(), "job:2:40".into())
    );
}

#[test]
fn sql_tables_become_sources_and_sinks() {
    let text = "/* config\nenv { parallelism = 2 }\n*/\n/* no config */ -- none; either
        create table if not exists `my src` with (
          'connector' = 'FakeSource', 'type' = 'Source',
          'schema' = '{ fields { id = int, s = \"it''s\" } }', row.num = 5, table-names = '[a, b]',
          'query' = 'select ''x'', \"y\" from t; -- not a comment', 'tab' = '\\t', 'regex' = '\\d', 'e' = '',
          'source' = '{ source { a = 1 } }'
        );
        CREATE TABLE dst WITH ('connector' = 'Console', 'type' = 'sink', 'plugin_input' = 'dropped');
        INSERT INTO dst SELECT `my src`";
    assert_eq!(
        loaded(Format::Sql, text),
        json!({
            "env": {"parallelism": 2},
            "source": [{
                "plugin_name": "FakeSource",
                "schema": {"fields": {"id": "int", "s": "it's"}}, "row.num": "5", "table-names": ["a", "b"],
                "query": "select 'x', \"y\" from t; -- not a comment", "tab": "\t", "regex": "\\d", "e": "",
                "source": {"source": {"a": 1}},
                "plugin_output": "my src"
            }],
            "transform": [],
            "sink": [{"plugin_name": "Console", "plugin_input": "my src"}]
        })
    );
}

#[test]
fn sql_queries_become_transforms() {
    let found = sql("CREATE TABLE t AS SELECT id, (SELECT 1) AS one FROM src WHERE x > 1;
        INSERT INTO dst SELECT id FROM t; INSERT INTO dst SELECT * FROM src; INSERT INTO dst SELECT t");
    assert_eq!(
        found["transform"],
        json!([
            {"plugin_name": "Sql", "plugin_input": "src",
             "query": "SELECT id, (SELECT 1) AS one FROM src WHERE x > 1", "plugin_output": "t"},
            {"plugin_name": "Sql", "plugin_input": "t", "query": "SELECT id FROM t", "plugin_output": "t__temp2"}
        ])
    );
    let inputs: Vec<_> = found["sink"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["plugin_input"])
        .collect();
    assert_eq!(inputs, ["t__temp2", "src", "t"]);
}

#[test]
fn sql_places_point_into_the_file() {
    let text =
        "CREATE TABLE s WITH ('connector'='F','type'='source',\n 'schema'='{ a = 1,\n b = two }');
CREATE TABLE d WITH ('connector'='C','type'='sink');\nINSERT INTO d SELECT * FROM s";
    let loaded = parse_str("job", text, Format::Sql, &with(&[])).unwrap();
    let source = &loaded.root.get("source").unwrap().as_list().unwrap()[0];
    let b = source.get("schema.b").unwrap();
    assert_eq!(
        (b.key_span.to_string(), b.span.to_string()),
        ("job:3:2".into(), "job:3:6".into())
    );
    assert_eq!(
        source.get("schema").unwrap().key_span.to_string(),
        "job:2:2"
    );
}

#[test]
fn sql_errors_are_all_found_and_follow_from_nothing_else() {
    let text = "CREATE TABLE s WITH ('connector'='F' 'type'='source' 'x'='y');
        CREATE TABLE broken WITH ('a' 1);
        INSERT INTO broken SELECT * FROM s;
        INSERT INTO (x) SELECT 1;";
    let error = parse_str("job", text, Format::Sql, &with(&[])).unwrap_err();
    let found: Vec<_> = error
        .diagnostics()
        .iter()
        .map(|d| d.span.to_string())
        .collect();
    assert_eq!(found, ["job:1:37", "job:1:53", "job:2:39", "job:4:21"]);
}

#[test]
fn sql_refuses_what_no_job_can_mean() {
    for (statement, message) in [
        ("INSERT INTO dst SELECT * FROM nope", "no table `nope`"),
        ("INSERT INTO nope SELECT * FROM src", "no table `nope`"),
        ("INSERT INTO src SELECT * FROM src", "`src` is no sink"),
        ("INSERT INTO dst SELECT * FROM dst", "`dst` is a sink"),
        ("CREATE TABLE src AS SELECT * FROM src", "two tables `src`"),
        ("CREATE TABLE t AS VALUES (1)", "expected `SELECT …`"),
        ("INSERT INTO dst SELECT a, b", "expected `FROM`"),
        ("DELETE FROM dst", "no such statement"),
        ("/*/", "this comment is never closed"),
        ("", "the job writes nothing"),
    ] {
        let text = format!(
            "CREATE TABLE src WITH ('connector'='F','type'='source');
            CREATE TABLE dst WITH ('connector'='C','type'='sink');\n{statement};"
        );
        let error = parse_str("job", &text, Format::Sql, &with(&[])).unwrap_err();
        assert!(error.message().contains(message), "{statement}: {error}");
    }
}

#[test]
fn sql_warns_of_what_has_no_effect() {
    let text = "CREATE TABLE s (id INT, n DECIMAL(1, 2)) WITH ('connector'='F','type'='source','a'='1','a'='2');
        CREATE TABLE d WITH ('connector'='C','type'='sink'); CREATE TABLE unused WITH ('connector'='C','type'='sink');
        INSERT INTO d SELECT s;";
    let loaded = parse_str("job", text, Format::Sql, &with(&[])).unwrap();
    let found: Vec<_> = loaded.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        found,
        [
            "the columns of a table have no effect",
            "`a` is given twice: the one in line 1 has no effect",
            "the sink `unused` is not used: no statement inserts into it",
        ]
    );
    assert_eq!(loaded.root.to_json()["source"][0]["a"], "2");
}
