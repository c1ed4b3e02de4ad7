//! `-i key=value`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use seatunnel_config::{Environment, Format, LoadOptions, Variables, parse_str};
use serde_json::{Value, json};
use support::with;

fn loaded(text: &str, variables: &[&str]) -> Value {
    let loaded = parse_str("job", text, Format::Hocon, &with(variables));
    loaded
        .unwrap_or_else(|e| panic!("{}", e.report()))
        .root
        .to_json()
}

#[test]
fn fill_in_references_and_strings() {
    let found = loaded(
        "a = ${x}\nb = \"<${x}>\"\nc = ${x}\" \"${y}\nd = [\"${y}\", {e = \"${x}${y}\"}]",
        &["x=1", "y=two"],
    );
    let expected = json!({"a": "1", "b": "<1>", "c": "1 two", "d": ["two", {"e": "1two"}]});
    assert_eq!(found, expected);
}

#[test]
fn defaults_hold_inside_quotes_where_nothing_is_given() {
    let text = r#"a = "${x:5}", b = "${y: z }", c = "${n:}", d = "${e:f}""#;
    let found = loaded(text, &["x=1", "e="]);
    assert_eq!(found, json!({"a": "1", "b": "z", "c": "", "d": "f"}));
}

#[test]
fn what_is_not_given_stays_in_strings() {
    let text = r#"a = "${x}", b = "${k0}=${v0}", c = "$ { ${ } ${}", d = "${a ${x}""#;
    let found = loaded(text, &["z=1"]);
    let expected = json!({"a": "${x}", "b": "${k0}=${v0}", "c": "$ { ${ } ${}", "d": "${a ${x}"});
    assert_eq!(found, expected);
}

#[test]
fn placeholders_of_sinks_are_left_to_them() {
    let text = r#"a = "${table_name:x}_copy", b = ${database_name}, c = "${primary_key}""#;
    let expected =
        json!({"a": "${table_name:x}_copy", "b": "${database_name}", "c": "${primary_key}"});
    assert_eq!(loaded(text, &[]), expected);
    let error = Variables::parse(&["table_name=x"]).unwrap_err();
    assert!(error.message().contains("table_name"), "{error}");
}

#[test]
fn the_file_goes_before_the_environment_and_that_before_the_command_line() {
    let environment = BTreeMap::from([
        ("e".to_owned(), "env".to_owned()),
        ("f".to_owned(), "env".to_owned()),
    ]);
    let options = LoadOptions {
        environment: Environment::Fixed(environment),
        ..with(&["e=cli", "f=cli", "c=cli"])
    };
    let text = "f = file\na = ${e}\nb = ${f}\nd = ${c}\ng = \"${e}\"";
    let found = parse_str("job", text, Format::Hocon, &options).unwrap();
    assert_eq!(
        found.root.to_json(),
        json!({"f": "file", "a": "env", "b": "file", "d": "cli", "g": "cli"})
    );
}

#[test]
fn one_argument_may_hold_several_pairs() {
    let variables = Variables::parse(&["a=1, b=x=y,c=[p,q],d=\"r,s\",e={k=1,l=2}", "f="]).unwrap();
    for (name, value) in [
        ("a", "1"),
        ("b", "x=y"),
        ("c", "[p,q]"),
        ("d", "r,s"),
        ("e", "{k=1,l=2}"),
        ("f", ""),
    ] {
        assert_eq!(variables.get(name), Some(value), "{name}");
    }
    assert_eq!(variables.get("g"), None);
}

#[test]
fn a_list_arrives_as_its_text() {
    let found = loaded("a = ${strTemplate}", &["strTemplate=[abc,def]"]);
    assert_eq!(found, json!({"a": "[abc,def]"}));
}

#[test]
fn a_pair_without_a_name_or_sign_is_refused() {
    for argument in ["a", "=b", "cols=a,b", ""] {
        let error = Variables::parse(&[argument]).unwrap_err();
        assert!(error.message().contains("key=value"), "{argument}: {error}");
    }
    let error = Variables::parse(&["password=abc,secretTail"]).unwrap_err();
    assert!(!error.report().contains("secretTail") && !error.report().contains("abc"));
}

#[test]
fn hold_for_json_and_sql_job_files_too() {
    let json = parse_str("j", r#"{"a": "${x}"}"#, Format::Json, &with(&["x=1"])).unwrap();
    assert_eq!(json.root.to_json(), json!({"a": "1"}));
    let text = "CREATE TABLE s WITH ('connector'='F','type'='source','n'='${x}','l'='[\"${x}\"]');
        CREATE TABLE d WITH ('connector'='C','type'='sink'); INSERT INTO d SELECT s;";
    let sql = parse_str("j", text, Format::Sql, &with(&["x=1"])).unwrap();
    let source = &sql.root.to_json()["source"][0];
    assert_eq!((&source["n"], &source["l"]), (&json!("1"), &json!(["1"])));
}
