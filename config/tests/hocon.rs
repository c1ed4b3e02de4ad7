//! What HOCON texts mean: text, and the tree as JSON.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use seatunnel_api::config::Kind;
use seatunnel_config::{Format, parse_str};
use serde_json::Value;
use support::{difference, tree, with};

#[track_caller]
fn gives(text: &str, expected: &str) {
    let expected: Value = serde_json::from_str(expected).unwrap();
    let found = tree(text).unwrap_or_else(|e| panic!("{}", e.report()));
    if let Some(difference) = difference(&found, &expected, "") {
        panic!("{text}\n{difference}");
    }
}

#[test]
fn keys_nest_by_arrow_and_not_by_dot() {
    gives("a.b = 1", r#"{"a.b": 1}"#);
    gives("a->b->c = 1\na->d = 2", r#"{"a": {"b": {"c": 1}, "d": 2}}"#);
    gives("a -> b = 1", r#"{"a -> b": 1}"#);
    gives(r#""a->b" = 1"#, r#"{"a->b": 1}"#);
    gives(r#""a.b".c d = 1"#, r#"{"a.b.c d": 1}"#);
    gives(r#""" = 1"#, r#"{"": 1}"#);
}

#[test]
fn values_need_no_quotes_unless_special() {
    gives("a = two words  here  # c", r#"{"a": "two words  here"}"#);
    gives("a = /tmp/x.y_z-1 // c", r#"{"a": "/tmp/x.y_z-1"}"#);
    gives(
        "a = 10s\nb = 1 2\nc = 3.x",
        r#"{"a": "10s", "b": "1 2", "c": "3.x"}"#,
    );
    gives(
        "a = true\nb = truest\nc = null",
        r#"{"a": true, "b": "truest", "c": null}"#,
    );
    gives(r#"a = "x" y "z""#, r#"{"a": "x y z"}"#);
}

#[test]
fn numbers_keep_their_text() {
    let loaded = parse_str("a", "a = 43.0\nb = 007", Format::Hocon, &with(&[])).unwrap();
    assert_eq!(
        loaded.root.get("a").unwrap().kind,
        Kind::Number("43.0".into())
    );
    assert_eq!(
        loaded.root.get("b").unwrap().kind,
        Kind::Number("007".into())
    );
    gives(
        "a = 43.0\nb = -1.5e3\nc = 0.1",
        r#"{"a": 43, "b": -1500, "c": 0.1}"#,
    );
    gives(
        "a = 99999999999999999999",
        r#"{"a": "99999999999999999999"}"#,
    );
}

#[test]
fn strings_know_escapes_and_triple_quotes_do_not() {
    gives(
        r#"a = "q\" \\ \/ \n \t \u00e9 \ud83d\ude00""#,
        r#"{"a": "q\" \\ / \n \t é 😀"}"#,
    );
    gives(r#"a = """x\n "y" """"#, r#"{"a": "x\\n \"y\" "}"#);
    gives("a = \"\"\"1\n2\"\"\"", r#"{"a": "1\n2"}"#);
    gives(r#"a = """"x"""""#, r#"{"a": "\"x\""}"#);
}

#[test]
fn commas_and_line_ends_separate() {
    gives("a = [1, 2\n3,\n4,]", r#"{"a": [1, 2, 3, 4]}"#);
    gives("{ a = 1, b = 2\nc : 3, }", r#"{"a": 1, "b": 2, "c": 3}"#);
    gives("a { b = 1 }, c = 2", r#"{"a": {"b": 1}, "c": 2}"#);
}

#[test]
fn later_values_replace_and_objects_merge() {
    gives("a = 1\na = 2", r#"{"a": 2}"#);
    gives(
        "a { x = 1 }\na { y = 2 }\na->x = 3",
        r#"{"a": {"x": 3, "y": 2}}"#,
    );
    gives("a { x = 1 }\na = 5\na { y = 2 }", r#"{"a": {"y": 2}}"#);
    gives("a = { x = 1 } { y = 2 }", r#"{"a": {"x": 1, "y": 2}}"#);
}

#[test]
fn plugin_blocks_are_lists_in_file_order() {
    gives(
        "source { Jdbc { t = 1 }, Jdbc { t = 2 }\n Fake {} }",
        r#"{"source": [{"t": 1, "plugin_name": "Jdbc"}, {"t": 2, "plugin_name": "Jdbc"}, {"plugin_name": "Fake"}]}"#,
    );
    gives("sink = { A {} }", r#"{"sink": [{"plugin_name": "A"}]}"#);
    gives(
        r#"transform { A { plugin_name = B } }"#,
        r#"{"transform": [{"plugin_name": "B"}]}"#,
    );
    gives("a { source { B {} } }", r#"{"a": {"source": {"B": {}}}}"#);
    gives(
        "source = [{ plugin_name = A }]",
        r#"{"source": [{"plugin_name": "A"}]}"#,
    );
    gives(
        r#"{"sink": {"A": {"x": 1}}}"#,
        r#"{"sink": [{"x": 1, "plugin_name": "A"}]}"#,
    );
}

#[test]
fn a_block_can_start_from_defaults() {
    gives(
        "d { user = u, n = 1 }\nsource { Jdbc = ${d} { n = 2 } }",
        r#"{"d": {"user": "u", "n": 1}, "source": [{"plugin_name": "Jdbc", "user": "u", "n": 2}]}"#,
    );
}

#[test]
fn references_look_forward_and_back() {
    gives("a = ${b}\nb = 1", r#"{"a": 1, "b": 1}"#);
    gives("x->y = 1\na = ${x->y}", r#"{"x": {"y": 1}, "a": 1}"#);
    gives("x.y = 1\na = ${x.y}", r#"{"x.y": 1, "a": 1}"#);
    gives(
        "o { k = 1 }\na = ${o} { l = 2 }",
        r#"{"o": {"k": 1}, "a": {"k": 1, "l": 2}}"#,
    );
    gives(
        "n = 7\nsource { A { rows = ${n} } }",
        r#"{"n": 7, "source": [{"rows": 7, "plugin_name": "A"}]}"#,
    );
    gives("a = 1\nb = [${a}, ${a}]", r#"{"a": 1, "b": [1, 1]}"#);
    gives("a = x\nb = \"1\"${a}\" 2\"", r#"{"a": "x", "b": "1x 2"}"#);
}

#[test]
fn a_key_may_use_what_it_had_before() {
    gives("p = /bin\np = ${p}\":/usr\"", r#"{"p": "/bin:/usr"}"#);
    gives("l = [1]\nl = ${l} [2]\nl = ${l} [3]", r#"{"l": [1, 2, 3]}"#);
    gives(
        "l = [1]\nl += 2\nl += { x = 1 }",
        r#"{"l": [1, 2, {"x": 1}]}"#,
    );
    gives("l += 1", r#"{"l": [1]}"#);
    gives(
        "source { A { l = [1]\n l += 2 } }",
        r#"{"source": [{"l": [1, 2], "plugin_name": "A"}]}"#,
    );
    gives("a { b = x }\na { b = ${a->b}y }", r#"{"a": {"b": "xy"}}"#);
}

#[test]
fn a_member_over_an_unresolved_value_sees_what_lies_under_it() {
    gives(
        "x { c = 1 }\na = ${x}\na->c = ${a->c}y",
        r#"{"x": {"c": 1}, "a": {"c": "1y"}}"#,
    );
    gives(
        "x { l = [1] }\na = ${x}\na { l += 2 }",
        r#"{"x": {"l": [1]}, "a": {"l": [1, 2]}}"#,
    );
}

#[test]
fn optional_references_vanish() {
    gives("a = ${?no}\nb = 1", r#"{"b": 1}"#);
    gives("b = [1, ${?no}]", r#"{"b": [1]}"#);
    gives("a = x\na = ${?no}", r#"{"a": "x"}"#);
    gives("a = x${?no}y", r#"{"a": "xy"}"#);
}

#[test]
fn unresolved_references_stay_and_are_marked() {
    gives(
        "a = ${no}",
        r#"{"a": {"$unresolved": "ConfigReference(${no})"}}"#,
    );
    gives(
        "a = x ${no} 1",
        r#"{"a": {"$unresolved": "ConfigConcatenation(\"x \"${no}\" 1\")"}}"#,
    );
    gives(r#"a = "${no:1}""#, r#"{"a": "${no:1}"}"#);
}

#[test]
fn numbered_objects_join_lists() {
    gives("a = [1] { 1 = c, 0 = b }", r#"{"a": [1, "b", "c"]}"#);
}

#[test]
fn files_may_have_a_byte_order_mark_and_windows_line_ends() {
    gives("\u{feff}a = 1\r\nb = x y\r\n", r#"{"a": 1, "b": "x y"}"#);
    gives("", "{}");
    gives("# only a comment", "{}");
}

#[test]
fn values_know_where_they_and_their_keys_are_written() {
    let text = "env { a = 1 }\nx = two\ny = ${x}\nsource { Jdbc { url = \"u\" } }";
    let loaded = parse_str("job.conf", text, Format::Hocon, &with(&[])).unwrap();
    let at = |path: &str| {
        let value = loaded.root.get(path).unwrap();
        (value.key_span.to_string(), value.span.to_string())
    };
    assert_eq!(at("env.a"), ("job.conf:1:7".into(), "job.conf:1:11".into()));
    // A value that a reference gives is the reference's.
    assert_eq!(at("y"), ("job.conf:3:1".into(), "job.conf:3:5".into()));
    let block = &loaded.root.get("source").unwrap().as_list().unwrap()[0];
    assert_eq!(block.span.to_string(), "job.conf:4:15");
    assert_eq!(block.key_span.to_string(), "job.conf:4:10");
    assert_eq!(
        block.get("plugin_name").unwrap().span.to_string(),
        "job.conf:4:10"
    );
    let url = block.get("url").unwrap();
    assert_eq!(&text[url.span.start()..url.span.end()], "\"u\"");
}
