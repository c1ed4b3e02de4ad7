//! DataValidator.

use seatunnel_api::{Batch, RowKind, Value};

use crate::support::{Job, batch_of, refusal, rows, table, table_of, text};

/// Ids of the rows that keep a rule for the column `c` of this type; ids count from 0.
fn kept(of: &str, rule: &str, values: Vec<Value>) -> Vec<i32> {
    let options = format!(
        r#"{{"row_error_handle_way": "SKIP", "field_rules": [{{"field_name": "c", {rule}}}]}}"#
    );
    let input = table_of("t", &[("id", "int"), ("c", of)]);
    let job = Job::new("DataValidator", &options, vec![input.clone()]).expect("options are good");
    let values = values.into_iter().enumerate();
    let rows: Vec<Vec<Value>> = values
        .map(|(id, v)| vec![Value::Int(id as i32), v])
        .collect();
    let out = job.run(batch_of(&input, &rows)).expect("rows are skipped");
    let ids = out
        .iter()
        .flat_map(|b| b.rows().map(|r| r.values()[0].clone()).collect::<Vec<_>>());
    ids.map(|id| match id {
        Value::Int(id) => id,
        other => panic!("{other:?}"),
    })
    .collect()
}

fn decimal(digits: i128, scale: i8) -> Value {
    Value::Decimal(digits.to_string().parse().expect("digits"), scale)
}

#[test]
fn not_null_refuses_nulls_and_all_others_accept_them() {
    assert_eq!(
        kept(
            "string",
            r#""rule_type": "NOT_NULL""#,
            vec![text(""), Value::Null]
        ),
        [0]
    );
    assert_eq!(
        kept("null", r#""rule_type": "NOT_NULL""#, vec![Value::Null]),
        [] as [i32; 0]
    );
    for rule in [
        r#""rule_type": "RANGE", "min_value": "x""#,
        r#""rule_type": "LENGTH", "exact_length": 9"#,
        r#""rule_type": "REGEX", "pattern": "x""#,
        r#""rule_type": "UDF", "function_name": "email""#,
    ] {
        assert_eq!(kept("string", rule, vec![Value::Null]), [0], "{rule}");
    }
}

#[test]
fn range_compares_in_the_type_of_the_column() {
    let range = r#""rule_type": "RANGE", "min_value": 0, "max_value": 150"#;
    let ints = [-1, 0, 77, 150, 151].map(Value::Int).to_vec();
    assert_eq!(kept("int", range, ints.clone()), [1, 2, 3]);
    let open = format!(r#"{range}, "min_inclusive": false, "max_inclusive": "false""#);
    assert_eq!(kept("int", &open, ints), [2]);
    let halves = r#""rule_type": "RANGE", "min_value": "-1.5", "max_value": 1.5"#;
    assert_eq!(
        kept("bigint", halves, [-2, -1, 1, 2].map(Value::BigInt).to_vec()),
        [1, 2]
    );
    let doubles = [-1.5, 1.6, f64::NAN, 0.0].map(Value::Double).to_vec();
    assert_eq!(kept("double", halves, doubles), [0, 3]);
    let decimals = [-151, -150, 150, 151].map(|d| decimal(d, 2)).to_vec();
    assert_eq!(kept("decimal(10, 2)", halves, decimals), [1, 2]);
    let days = r#""rule_type": "RANGE", "min_value": "2024-01-01""#;
    assert_eq!(
        kept("date", days, vec![Value::Date(19_722), Value::Date(19_723)]),
        [1]
    );
    let texts =
        r#""rule_type": "RANGE", "min_value": "b", "max_value": "d", "max_inclusive": false"#;
    assert_eq!(
        kept(
            "string",
            texts,
            vec![text("a"), text("b"), text("cz"), text("d")]
        ),
        [1, 2]
    );
    // Ends that the type can't hold are no ends, or let nothing pass.
    let far = r#""rule_type": "RANGE", "min_value": -1e30, "max_value": 1e30"#;
    assert_eq!(
        kept(
            "bigint",
            far,
            vec![Value::BigInt(i64::MAX), Value::BigInt(i64::MIN)]
        ),
        [0, 1]
    );
    let beyond = r#""rule_type": "RANGE", "min_value": 1e30"#;
    assert_eq!(
        kept("bigint", beyond, vec![Value::BigInt(i64::MAX)]),
        [] as [i32; 0]
    );
}

#[test]
fn length_counts_as_java_does() {
    let rule = r#""rule_type": "LENGTH", "min_length": 2, "max_length": 3"#;
    let texts = ["a", "ab", "abc", "abcd", "é", "🦀"].map(text).to_vec();
    assert_eq!(kept("string", rule, texts), [1, 2, 5]);
    assert_eq!(
        kept(
            "int",
            rule,
            vec![Value::Int(7), Value::Int(-7), Value::Int(1234)]
        ),
        [1]
    );
    let bytes = |n: usize| Value::Bytes(vec![0; n]);
    assert_eq!(kept("bytes", rule, vec![bytes(1), bytes(2), bytes(4)]), [1]);
    let list = |n: usize| Value::Array(vec![Value::Int(1); n]);
    let exact = r#""rule_type": "LENGTH", "exact_length": 1"#;
    assert_eq!(
        kept("array<int>", exact, vec![list(0), list(1), list(2)]),
        [1]
    );
}

#[test]
fn regex_matches_whole_texts() {
    let rule = r#""rule_type": "REGEX", "pattern": "[a-c]+""#;
    let texts = ["abc", "abcd", "", "ABC"].map(text).to_vec();
    assert_eq!(kept("string", rule, texts.clone()), [0]);
    let any_case = format!(r#"{rule}, "case_sensitive": false"#);
    assert_eq!(kept("string", &any_case, texts), [0, 3]);
    let digits = r#""rule_type": "REGEX", "pattern": "\\d{2}""#;
    assert_eq!(
        kept("int", digits, vec![Value::Int(12), Value::Int(123)]),
        [0]
    );
}

#[test]
fn email_is_a_function_that_is_there() {
    let rule = r#""rule_type": "UDF", "function_name": "EMAIL""#;
    assert_eq!(
        kept("string", rule, vec![text("a@b.c"), text("nobody")]),
        [0]
    );
}

#[test]
fn a_row_that_fails_the_job_tells_all_that_is_wrong_with_it() {
    let options = r#"{"field_rules": [
        {"field_name": "age", "rule_type": "RANGE", "max_value": 21},
        {"field_name": "name", "rules": [
            {"rule_type": "NOT_NULL", "custom_message": "a name is required"},
            {"rule_type": "LENGTH", "max_length": 50}]},
        {"field_name": "city", "rule_type": "REGEX", "pattern": "P.*"}]}"#;
    let job = Job::new("DataValidator", options, vec![table("db.t")]).unwrap();
    let error = job.run(rows(&job.inputs[0]).slice(2, 1)).unwrap_err();
    assert!(error.is_of_row());
    let message = error.message();
    assert!(message.contains("age: '22' is more than 21"), "{message}");
    assert!(message.contains("name: a name is required"), "{message}");
    assert!(
        message.contains("city: 'Rome' does not match P.*"),
        "{message}"
    );
}

fn routed(options: &str) -> (Job, Vec<Batch>) {
    let job = Job::new("DataValidator", options, vec![table("db.t"), table("db.u")])
        .expect("options are good");
    let out = job.run(rows(&job.inputs[0])).expect("rows are routed");
    (job, out)
}

#[test]
fn wrong_rows_go_to_a_table_of_their_own() {
    let rules = r#""field_rules": [
        {"field_name": "name", "rule_type": "NOT_NULL"},
        {"field_name": "age", "rule_type": "RANGE", "max_value": 20}]"#;
    // As it stands in SeaTunnel's documentation, as HOCON makes of that, and beside each other.
    for way in [
        r#""row_error_handle_way": "ROUTE_TO_TABLE", "row_error_handle_way.error_table": "bad""#,
        r#""row_error_handle_way": {"error_table": "bad"}"#,
        r#""row_error_handle_way": "ROUTE_TO_TABLE", "error_table": "bad""#,
    ] {
        let (job, out) = routed(&format!("{{{way}, {rules}}}"));
        let paths: Vec<String> = job.tables().iter().map(|t| t.path().to_string()).collect();
        assert_eq!(paths, ["db.t", "db.bad", "db.u"], "{way}");
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].num_rows(), 1);
        assert_eq!(out[0].row(0).values()[1], text("Joy Ding"));
        assert_eq!(out[1].table().path().to_string(), "db.bad");
        let bad = out[1].row(1).values();
        assert_eq!(bad[..2], [text("test.db.t"), text("db.t")]);
        assert_eq!(
            bad[2],
            text(r#"{"id":3,"name":null,"city":"Rome","age":22}"#)
        );
        assert_eq!(
            bad[3],
            text(
                r#"[{"field_name":"name","error_message":"it is null"},{"field_name":"age","error_message":"'22' is more than 20"}]"#
            )
        );
        assert!(matches!(bad[4], Value::Timestamp(at) if at > 1_700_000_000_000_000));
        assert_eq!(out[1].row(1).kind(), RowKind::Insert);
    }
}

#[test]
fn options_of_the_validator_are_checked() {
    for (rule, why) in [
        (
            r#""field_name": "nam", "rule_type": "NOT_NULL""#,
            "did you mean `name`?",
        ),
        (r#""field_name": "name""#, "needs a `rule_type`"),
        (
            r#""field_name": "name", "rule_type": "NOTNULL""#,
            "did you mean NOT_NULL?",
        ),
        (
            r#""field_name": "age", "rule_type": "RANGE""#,
            "needs `min_value` or `max_value`",
        ),
        (
            r#""field_name": "age", "rule_type": "RANGE", "min_value": "old""#,
            "is no value of `age`",
        ),
        (
            r#""field_name": "age", "rule_type": "LENGTH""#,
            "needs `min_length`",
        ),
        (
            r#""field_name": "name", "rule_type": "REGEX""#,
            "needs a `pattern`",
        ),
        (
            r#""field_name": "name", "rule_type": "REGEX", "pattern": "(""#,
            "is not valid",
        ),
        (
            r#""field_name": "name", "rule_type": "UDF", "function_name": "EMIAL""#,
            "did you mean EMAIL?",
        ),
        (
            r#""field_name": "name", "rule_type": "UDF", "function_name": "PHONE""#,
            "there is EMAIL",
        ),
    ] {
        let options = format!(r#"{{"field_rules": [{{{rule}}}]}}"#);
        let report = refusal("DataValidator", &options, vec![table("t")]);
        assert!(report.contains(why), "{rule}: {report}");
    }
    let options = r#"{"row_error_handle_way": "ROUTE_TO_TABLE", "field_rules": []}"#;
    let report = refusal("DataValidator", options, vec![table("t")]);
    assert!(report.contains("needs a table"), "{report}");
    let report = refusal("DataValidator", "{}", vec![table("t")]);
    assert!(
        report.contains("needs the option `field_rules`"),
        "{report}"
    );
}
