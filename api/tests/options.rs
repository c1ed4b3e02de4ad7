//! What users are told about their options.

#![allow(
    clippy::unwrap_used,
    reason = "test code, outside of #[test] functions"
)]

use indexmap::IndexMap;
use seatunnel_api::config::{ConfigValue, Kind, Report, SourceText, Span};
use seatunnel_api::options::{OptionEnum, OptionReader, Options, SchemaOption, Secret};

#[derive(Clone, Debug, PartialEq, OptionEnum)]
enum Format {
    Json,
    #[option(name = "text", alias = "txt")]
    Text,
}

/// Shared.
#[derive(Clone, Debug, Options)]
struct Shared {
    /// A map.
    properties: Option<IndexMap<String, String>>,
}

/// Reads.
#[derive(Clone, Debug, Options)]
#[options(together("user", "password"), one_of("path", "paths"))]
#[options(required_if(key = "format", values("text"), required("field_delimiter")))]
struct Example {
    /// Where to read from.
    path: Option<String>,
    /// Where to read from.
    paths: Option<Vec<String>>,
    /// How rows are told apart.
    #[option(default = Format::Json)]
    format: Format,
    /// Between fields.
    #[option(fallback("delimiter"))]
    field_delimiter: Option<String>,
    /// Rows of a batch.
    #[option(key = "batch.rows", default = 1000, min = 1)]
    batch_rows: u16,
    /// Who.
    user: Option<String>,
    /// Their password.
    #[option(secret)]
    password: Option<Secret>,
    /// Shared.
    #[option(flatten)]
    shared: Shared,
}

fn read(json: serde_json::Value) -> (Option<Example>, String) {
    let mut report = Report::new();
    let config = ConfigValue::from_json(&json);
    let options = Example::read(&config, &mut OptionReader::new("Example", &mut report));
    let lines: Vec<String> = report
        .diagnostics()
        .iter()
        .map(ToString::to_string)
        .collect();
    (options, lines.join("\n"))
}

#[test]
fn defaults_fallback_keys_and_nested_keys_are_read() {
    let (options, findings) = read(serde_json::json!({
        "path": "a",
        "format": "TXT",
        "delimiter": ";",
        "batch": {"rows": "7"},
        "properties": {"a": 1, "b.c": true},
    }));
    let options = options.unwrap();
    assert_eq!(options.format, Format::Text);
    assert_eq!(options.field_delimiter.as_deref(), Some(";"));
    assert_eq!(options.batch_rows, 7);
    assert_eq!((options.path.as_deref(), options.user), (Some("a"), None));
    assert_eq!(options.shared.properties.unwrap()["b.c"], "true");
    assert_eq!(findings.lines().count(), 1, "{findings}");
    assert!(findings.contains("`delimiter` of Example is an old name of `field_delimiter`"));
}

#[test]
fn every_mistake_is_told_at_once() {
    let (options, findings) = read(serde_json::json!({
        "format": "jsn",
        "batch.rows": 70000,
        "user": "me",
        "pathh": "a",
    }));
    assert!(options.is_none());
    for part in [
        "option `format` of Example: expected one of JSON, text (did you mean JSON?), found \"jsn\"",
        "option `batch.rows` of Example: expected a whole number from 0 to 65535, found the number 70000",
        "Example needs one of the options `path` or `paths`",
        "Example has `user` but not `password`: they go together",
        "warning[API-02]: unknown option `pathh` of Example\n  = help: did you mean `path`?",
    ] {
        assert!(
            findings.contains(part),
            "{part:?} is missing in:\n{findings}"
        );
    }
}

#[test]
fn limits_and_conditions_hold() {
    let (_, findings) = read(serde_json::json!({"path": "a", "batch.rows": 0, "format": "text"}));
    assert!(findings.contains("must be at least 1, is 0"), "{findings}");
    assert!(
        findings.contains("needs `field_delimiter` because `format` is text"),
        "{findings}"
    );
}

#[test]
fn a_text_given_for_a_list_is_one_or_is_split_with_a_warning() {
    for (text, items, warned) in [
        ("a, b", vec!["a", "b"], true),
        ("a", vec!["a"], false),
        ("[a, b]", vec!["a", "b"], false),
        (r#"["a, b", "c"]"#, vec!["a, b", "c"], false),
        ("[]", vec![], false),
    ] {
        let (options, findings) = read(serde_json::json!({ "paths": text }));
        assert_eq!(options.unwrap().paths.unwrap(), items);
        let split = findings.contains("is split at its commas");
        assert_eq!(split, warned, "{text}: {findings}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let (options, _) = read(serde_json::json!({"path": "a", "user": "me", "password": "geheim"}));
    let options = options.unwrap();
    assert_eq!(options.password.as_ref().unwrap().expose(), "geheim");
    assert!(!format!("{options:?}").contains("geheim"));
}

#[test]
fn a_finding_points_into_the_file() {
    let text = "env {}\nsource {\n  Example {\n    formatt = json\n  }\n}\n";
    let source = SourceText::new("job.conf", text);
    let at = text.find("formatt").unwrap();
    let mut value = ConfigValue::new(
        Kind::String("json".into()),
        Span::new(&source, at + 10, at + 14),
    );
    value.key_span = Span::new(&source, at, at + 7);
    let members = [
        ("path".to_owned(), ConfigValue::string("a")),
        ("formatt".to_owned(), value),
    ];
    let config = ConfigValue::new(Kind::Object(members.into_iter().collect()), Span::none());
    let mut report = Report::new();
    Example::read(
        &config,
        &mut OptionReader::new("Example", &mut report).strict(true),
    );
    assert_eq!(
        report.diagnostics()[0].to_string(),
        "error[API-02]: unknown option `formatt` of Example
 --> job.conf:4:5
  |
4 |     formatt = json
  |     ^^^^^^^
  = help: did you mean `format`?"
    );
}

/// Holds a schema.
#[derive(Debug, Options)]
struct WithSchema {
    /// The schema.
    schema: SchemaOption,
}

fn schema(json: serde_json::Value) -> Result<SchemaOption, String> {
    let config = ConfigValue::from_json(&serde_json::json!({ "schema": json }));
    WithSchema::from_config("Example", &config)
        .map(|o| o.schema)
        .map_err(|e| e.report())
}

#[test]
fn a_schema_names_its_table_or_takes_the_name_of_the_rows() {
    let fields = serde_json::json!({"id": "bigint", "row": {"a": "int", "b": "array<string>"}});
    let with_table = schema(serde_json::json!({"table": "db.s.t", "fields": fields})).unwrap();
    assert_eq!(
        with_table.to_table("x", Some("rows")).path().to_string(),
        "db.s.t"
    );
    let without = schema(serde_json::json!({"fields": fields})).unwrap();
    assert_eq!(
        without.to_table("x", Some("rows")).path().to_string(),
        "rows"
    );
    assert_eq!(
        without.to_table("x", None).path().to_string(),
        "default.default.default"
    );
    assert_eq!(
        without.schema.columns[1].data_type.to_string(),
        "{a = int, b = array<string>}"
    );
}

#[test]
fn keys_of_a_schema_must_have_columns() {
    let error = schema(serde_json::json!({
        "columns": [{"name": "id", "type": "bigint", "nullable": false, "defaultValue": 0}],
        "primaryKey": {"name": "pk", "columnNames": ["idd"]},
    }))
    .unwrap_err();
    assert!(error.contains("a key names the column \"idd\""), "{error}");
    let error = schema(serde_json::json!({"fields": {"id": "bigin"}})).unwrap_err();
    assert!(error.contains("did you mean \"bigint\"?"), "{error}");
    let both = serde_json::json!({"fields": {}, "columns": []});
    let error = schema(both).unwrap_err();
    assert!(
        error.contains("takes only one of `fields` and `columns`"),
        "{error}"
    );
}
