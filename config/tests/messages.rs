//! What users see when a job file is wrong.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod support;

use seatunnel_config::{Environment, Format, parse_str, tree_of_str};
use support::with;

#[track_caller]
fn shows(format: Format, text: &str, expected: &str) {
    let error = parse_str("job", text, format, &with(&[])).unwrap_err();
    assert_eq!(error.report(), expected.trim_matches('\n'));
}

#[test]
fn an_unclosed_string() {
    shows(
        Format::Hocon,
        r##"source {
  Jdbc {
    url = "jdbc:x
    user = a
  }
}
"##,
        r##"
error[CONFIG-01]: this string is not closed on its line
 --> job:3:11
  |
3 |     url = "jdbc:x
  |           ^^^^^^^
  = help: close it with `"`; a text of several lines stands between `"""` and `"""`
"##,
    );
}

#[test]
fn a_value_that_needs_quotes() {
    shows(
        Format::Hocon,
        r##"source {
  Jdbc {
    url = jdbc:mysql://h/db
    user = a
  }
}
"##,
        r##"
error[CONFIG-01]: expected a comma, a new line or `}` here, found `:`
 --> job:3:15
  |
3 |     url = jdbc:mysql://h/db
  |               ^
  = help: a value with `:` in it needs double quotes around all of it
"##,
    );
}

#[test]
fn a_key_without_value() {
    shows(
        Format::Hocon,
        r##"env {
  job.mode =
  parallelism = 2
}
"##,
        r##"
error[CONFIG-01]: `job.mode` is given no value
 --> job:2:3
  |
2 |   job.mode =
  |   ^^^^^^^^
  = help: write `""` for an empty text
"##,
    );
}

#[test]
fn a_word_alone() {
    shows(
        Format::Hocon,
        r##"env {
  job.mode
  parallelism = 2
}
"##,
        r##"
error[CONFIG-01]: `job.mode` is a key without a value: expected `=`, `:`, `+=` or `{` behind it, found the end of the line
 --> job:2:3
  |
2 |   job.mode
  |   ^^^^^^^^
  = help: a key or value with special characters needs double quotes
"##,
    );
}

#[test]
fn an_unknown_escape() {
    shows(
        Format::Hocon,
        r##"a = "x\d+"
b = "\q"
"##,
        r##"
error[CONFIG-01]: `\d` is no escape that a quoted string knows
 --> job:1:7
  |
1 | a = "x\d+"
  |       ^^
  = help: write a backslash as `\\`, or put the text between `"""` and `"""`

error[CONFIG-01]: `\q` is no escape that a quoted string knows
 --> job:2:6
  |
2 | b = "\q"
  |      ^^
  = help: write a backslash as `\\`, or put the text between `"""` and `"""`
"##,
    );
}

#[test]
fn a_missing_brace_by_indentation() {
    shows(
        Format::Hocon,
        r##"env {
  job.mode = BATCH
}
source {
  Fake {
    schema {
      id = int
  }
}
sink {
  Console {}
}
"##,
        r##"
error[CONFIG-01]: this object is never closed: `}` is missing
 --> job:4:8
  |
4 | source {
  |        ^
  = help: by the indentation, the block that begins in line 6 lacks its `}`: the one in line 8 is meant for a block around it
"##,
    );
}

#[test]
fn a_brace_too_many() {
    shows(
        Format::Hocon,
        r##"env {
  a = 1
}
}
sink {}
"##,
        r##"
error[CONFIG-01]: this `}` closes nothing
 --> job:4:1
  |
4 | }
  | ^
  = help: is there one closing brace too many?
"##,
    );
}

#[test]
fn an_unclosed_list() {
    shows(
        Format::Hocon,
        r##"source {
  A {
    list = [1, 2
    next = 3
  }
}
"##,
        r##"
error[CONFIG-01]: expected a comma, a new line or `]` here, found `=`
 --> job:4:10
  |
4 |     next = 3
  |          ^
  = help: is the list before it never closed? Else a value with `=` in it needs double quotes
"##,
    );
}

#[test]
fn an_open_list_at_the_end() {
    shows(
        Format::Hocon,
        r##"a = [1, 2,
  3
"##,
        r##"
error[CONFIG-01]: this list is never closed: `]` is missing
 --> job:1:5
  |
1 | a = [1, 2,
  |     ^
"##,
    );
}

#[test]
fn a_default_outside_quotes() {
    shows(
        Format::Hocon,
        r##"a = ${x:1}
"##,
        r##"
error[CONFIG-01]: expected `}` to close `${`, found `:`
 --> job:1:8
  |
1 | a = ${x:1}
  |        ^
  = help: `${name}` stands alone; a default, as in `"${name:default}"`, works inside double quotes only
"##,
    );
}

#[test]
fn an_unset_variable() {
    shows(
        Format::Hocon,
        r##"env { job.name = ${jobName} }
source { A { t = "x"${table}"y", u = ${jobName} } }
"##,
        r##"
error[CONFIG-03]: the variable `jobName` is not set
 --> job:1:18
  |
1 | env { job.name = ${jobName} }
  |                  ^^^^^^^^^^
  = help: give it on the command line, `-i jobName=…`, as an environment variable, or in the file

error[CONFIG-03]: the variable `table` is not set
 --> job:2:21
  |
2 | source { A { t = "x"${table}"y", u = ${jobName} } }
  |                     ^^^^^^^^
  = help: give it on the command line, `-i table=…`, as an environment variable, or in the file
"##,
    );
}

#[test]
fn a_reference_to_itself() {
    shows(
        Format::Hocon,
        r##"a = ${b}
b = ${a}
c = 1
"##,
        r##"
error[CONFIG-04]: `a` refers to itself
 --> job:2:5
  |
2 | b = ${a}
  |     ^^^^
"##,
    );
}

#[test]
fn a_text_beside_an_object() {
    shows(
        Format::Hocon,
        r##"source { Jdbc { t = 1 } Jdbc { t = 2 } }
"##,
        r##"
error[CONFIG-01]: a text and an object or a list cannot stand side by side
 --> job:1:25
  |
1 | source { Jdbc { t = 1 } Jdbc { t = 2 } }
  |                         ^
  = help: put a comma or a new line before this
"##,
    );
}

#[test]
fn several_errors_at_once() {
    shows(
        Format::Hocon,
        r##"env {
  job.mode = "BATCH
}
source {
  Jdbc {
    url = jdbc:x
    list = [a, b:c]
    ok = 1
    $bad = 2
  }
}
sink { Console { x == 1 } }
"##,
        r##"
error[CONFIG-01]: this string is not closed on its line
 --> job:2:14
  |
2 |   job.mode = "BATCH
  |              ^^^^^^
  = help: close it with `"`; a text of several lines stands between `"""` and `"""`

error[CONFIG-01]: expected a comma, a new line or `}` here, found `:`
 --> job:6:15
  |
6 |     url = jdbc:x
  |               ^
  = help: a value with `:` in it needs double quotes around all of it

error[CONFIG-01]: expected a comma, a new line or `]` here, found `:`
 --> job:7:17
  |
7 |     list = [a, b:c]
  |                 ^
  = help: a value with `:` in it needs double quotes around all of it

error[CONFIG-01]: `$` is not allowed in a key
 --> job:9:5
  |
9 |     $bad = 2
  |     ^
  = help: put the key in double quotes

error[CONFIG-01]: expected a value, found `=`
  --> job:12:21
   |
12 | sink { Console { x == 1 } }
   |                     ^
"##,
    );
}

#[test]
fn a_foreign_include() {
    shows(
        Format::Hocon,
        r##"include url("http://x/y")
a = 1
"##,
        r##"
error[CONFIG-06]: `include url(…)` is not supported
 --> job:1:1
  |
1 | include url("http://x/y")
  | ^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: include a file: `include "name.conf"`, relative to the including file
"##,
    );
}

#[test]
fn a_required_include_that_is_missing() {
    shows(
        Format::Hocon,
        r##"include required("nope.conf")
"##,
        r##"
error[CONFIG-06]: there is no file `nope.conf` to include
 --> job:1:1
  |
1 | include required("nope.conf")
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"##,
    );
}

#[test]
fn nesting_too_deep() {
    shows(
        Format::Hocon,
        &format!("a = {}", "[".repeat(200)),
        r##"
error[CONFIG-10]: values are nested deeper than 128 levels
 --> job:1:133
  |
1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
  |                                                                                ^
"##,
    );
}

#[test]
fn a_tab_in_a_string() {
    shows(
        Format::Hocon,
        "a = \"x\ty\"\n",
        r##"
error[CONFIG-01]: the control character TAB stands in a string
 --> job:1:7
  |
1 | a = "x y"
  |       ^
  = help: write it as an escape such as `\t`
"##,
    );
}

#[test]
fn a_list_at_the_root() {
    shows(
        Format::Hocon,
        r##"[1, 2]
"##,
        r##"
error[CONFIG-01]: a job file is an object, not a list
 --> job:1:1
  |
1 | [1, 2]
  | ^
"##,
    );
}

#[test]
fn two_commas() {
    shows(
        Format::Hocon,
        r##"a = [1,,2]
b = 1,,c = 2
"##,
        r##"
error[CONFIG-01]: two commas in a row
 --> job:1:8
  |
1 | a = [1,,2]
  |        ^

error[CONFIG-01]: two commas in a row
 --> job:2:7
  |
2 | b = 1,,c = 2
  |       ^
"##,
    );
}

#[test]
fn json_with_a_trailing_comma() {
    shows(
        Format::Json,
        r##"{"env": {"a": 1,}}"##,
        r##"
error[CONFIG-01]: expected a key in double quotes, found `}`
 --> job:1:17
  |
1 | {"env": {"a": 1,}}
  |                 ^
  = help: JSON allows no comma behind the last member
"##,
    );
}

#[test]
fn json_with_a_comment() {
    shows(
        Format::Json,
        r##"{
  // c
  "a": 1
}"##,
        r##"
error[CONFIG-01]: expected a key in double quotes, found `/`
 --> job:2:3
  |
2 |   // c
  |   ^
  = help: JSON has no comments; a job file with comments ends in `.conf`
"##,
    );
}

#[test]
fn json_with_a_word() {
    shows(
        Format::Json,
        r##"{"a": BATCH}"##,
        r##"
error[CONFIG-01]: expected a value, found `BATCH`
 --> job:1:7
  |
1 | {"a": BATCH}
  |       ^^^^^
  = help: a text needs double quotes
"##,
    );
}

#[test]
fn json_that_ends_early() {
    shows(
        Format::Json,
        r##"{"a": [1, 2"##,
        r##"
error[CONFIG-01]: this bracket is never closed: `]` is missing
 --> job:1:7
  |
1 | {"a": [1, 2
  |       ^
"##,
    );
}

#[test]
fn sql_with_a_missing_comma() {
    shows(
        Format::Sql,
        r##"CREATE TABLE t WITH (
  'connector' = 'jdbc'
  'type' = 'source',
  'url' = 'u'
);
INSERT INTO s SELECT * FROM t;
"##,
        r##"
error[CONFIG-01]: a comma is missing between two options
 --> job:2:23
  |
2 |   'connector' = 'jdbc'
  |                       ^
  = help: a quote inside a value is written twice: `''`

error[CONFIG-09]: there is no table `s` that rows go into
 --> job:6:13
  |
6 | INSERT INTO s SELECT * FROM t;
  |             ^
"##,
    );
}

#[test]
fn sql_with_an_open_quote() {
    shows(
        Format::Sql,
        r##"CREATE TABLE t WITH ('connector' = 'jdbc);
"##,
        r##"
error[CONFIG-01]: this text is never closed: `'` is missing
 --> job:1:36
  |
1 | CREATE TABLE t WITH ('connector' = 'jdbc);
  |                                    ^^^^^^^
"##,
    );
}

#[test]
fn sql_with_an_unknown_table() {
    shows(
        Format::Sql,
        r##"CREATE TABLE orders WITH ('connector' = 'a', 'type' = 'source');
CREATE TABLE dst WITH ('connector' = 'b', 'type' = 'sink');
INSERT INTO dst SELECT id FROM oders;
DROP TABLE x;
"##,
        r##"
error[CONFIG-09]: a job has no such statement
 --> job:4:1
  |
4 | DROP TABLE x;
  | ^^^^
  = help: a job is made of `CREATE TABLE … WITH (…)`, `CREATE TABLE … AS SELECT …` and `INSERT INTO … SELECT …`
"##,
    );
}

#[test]
fn sql_without_a_type() {
    shows(
        Format::Sql,
        r##"CREATE TABLE t WITH ('connector' = 'jdbc');
"##,
        r##"
error[CONFIG-09]: the table `t` needs `'type' = 'source'` or `'sink'`
 --> job:1:14
  |
1 | CREATE TABLE t WITH ('connector' = 'jdbc');
  |              ^
"##,
    );
}

#[test]
fn sql_with_bad_hocon_in_an_option() {
    shows(
        Format::Sql,
        r##"CREATE TABLE t WITH ('connector' = 'x', 'type' = 'source', 'schema' = '{ fields { id int } }');
"##,
        r##"
error[CONFIG-01]: `id int` is a key without a value: expected `=`, `:`, `+=` or `{` behind it, found `}`
 --> job:1:83
  |
1 | ATE TABLE t WITH ('connector' = 'x', 'type' = 'source', 'schema' = '{ fields { id int } }');
  |                                                                                ^^^^^^
  = help: a key or value with special characters needs double quotes
"##,
    );
}

#[test]
fn a_repeated_section_is_an_error_of_the_job_and_not_of_the_tree() {
    let text = "source { A {} }\nsource { B {} }\n";
    let error = parse_str("job", text, Format::Hocon, &with(&[])).unwrap_err();
    let [only] = error.diagnostics() else {
        panic!("{error:?}");
    };
    assert_eq!(
        only.message,
        "`source` is given twice: the one in line 1 has no effect"
    );
    assert_eq!(only.span.to_string(), "job:2:1");
    let tree = tree_of_str("job", text, Format::Hocon, &Environment::Process).unwrap();
    let names = tree.get("source").unwrap().to_json();
    assert_eq!(names[0]["plugin_name"], "B");
}

#[test]
fn at_most_fifty_errors_are_shown() {
    let text = "a = x:y\n".repeat(1000);
    let error = parse_str("job", &text, Format::Hocon, &with(&[])).unwrap_err();
    assert_eq!(error.diagnostics().len(), 50);
}
