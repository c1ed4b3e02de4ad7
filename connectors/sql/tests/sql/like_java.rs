//! Values that depend on how Java computes, reads and writes them.

use crate::support::{check, ids, refused};

#[test]
fn floats_are_computed_with_as_the_doubles_that_they_are_and_cast_as_they_are_written() {
    check(&[
        (
            "cast('1.1' as float) + 1",
            "2.100000023841858",
            "double",
            "2.100000023841858",
        ),
        (
            "sqrt(cast('1.1' as float))",
            "1.0488088595363112",
            "double",
            "1.0488088595363112",
        ),
        (
            "cast(cast('1.1' as float) as double)",
            "1.1",
            "double",
            "1.1",
        ),
        ("cast('1.1' as float) || ''", "1.1", "string", "1.1"),
        ("cast('1.1' as float) = 1.1", "false", "boolean", "false"),
        ("cast('1.5' as float) = 1.5", "true", "boolean", "true"),
        ("ratio * 1.1", "1.6500000000000001", "double", "null"),
    ]);
    assert_eq!(ids("ratio in (1.5, 2)").len(), 1);
}

#[test]
fn numbers_become_decimals_rounded_up_whatever_their_type() {
    check(&[
        (
            "cast(price / 100 as decimal(10, 2))",
            "1.35",
            "decimal(10, 2)",
            "null",
        ),
        (
            "cast(-1.25 as decimal(10, 1))",
            "-1.2",
            "decimal(10, 1)",
            "-1.2",
        ),
        (
            "cast(id as decimal(10, 2))",
            "1.00",
            "decimal(10, 2)",
            "2.00",
        ),
    ]);
}

#[test]
fn small_decimals_are_texts_with_an_exponent() {
    check(&[
        ("cast(amount as string)", "12.34", "string", "null"),
        (
            "cast(cast('0.0000001234' as decimal(20, 10)) as string)",
            "1.234E-7",
            "string",
            "1.234E-7",
        ),
        (
            "concat(cast(0 as decimal(20, 10)), '')",
            "0E-10",
            "string",
            "0E-10",
        ),
        (
            "to_char(cast('0.000001' as decimal(20, 6)))",
            "0.000001",
            "string",
            "0.000001",
        ),
    ]);
}

#[test]
fn case_may_ask_conditions_of_its_operand() {
    check(&[
        (
            "case id when id > 1 then 'large' when 1 then 'one' else 'none' end",
            "one",
            "string",
            "large",
        ),
        ("case ok when true then 1 else 0 end", "1", "int", "0"),
    ]);
    let report = refused("select case name when 5 then 1 end from fake");
    assert!(report.contains("compares string with int"), "{report}");
}

#[test]
fn case_has_the_larger_type_of_its_numbers() {
    check(&[
        ("case when ok then ratio else id end", "1.5", "float", "2.0"),
        ("case when ok then age else id end", "20", "int", "2"),
        ("case when ok then id else big end", "1", "bigint", "null"),
        (
            "case when ok then ratio else price end",
            "1.5",
            "double",
            "null",
        ),
        (
            "case when ok then 1 else amount end",
            "1.00",
            "decimal(10, 2)",
            "null",
        ),
    ]);
}

#[test]
fn weeks_begin_on_monday_and_are_counted_as_seatunnel_counts_them() {
    for (day, week, extracted) in [
        ("2021-01-03", "1", "0"),
        ("2021-01-04", "2", "1"),
        ("2021-12-31", "53", "52"),
        ("2024-01-01", "2", "1"),
        ("2024-12-31", "54", "53"),
    ] {
        let date = format!("to_date('{day}', 'yyyy-MM-dd')");
        let shown = |expression: String| crate::support::computed(&expression).0;
        assert_eq!(shown(format!("week({date})")), week, "{day}");
        assert_eq!(
            shown(format!("extract(WEEK from {date})")),
            extracted,
            "{day}"
        );
    }
    let report = refused("select week(clock) from fake");
    assert!(report.contains("a time has no WEEK"), "{report}");
}

#[test]
fn dates_are_read_as_java_reads_them() {
    check(&[
        (
            "to_date('2021-02-30', 'yyyy-MM-dd')",
            "2021-02-28",
            "date",
            "2021-02-28",
        ),
        (
            "is_date('2021-02-30', 'yyyy-MM-dd')",
            "true",
            "boolean",
            "true",
        ),
        (
            "is_date('2021-02-32', 'yyyy-MM-dd')",
            "false",
            "boolean",
            "false",
        ),
        // Without minutes it is a date, whatever the pattern has besides.
        (
            "to_date('2021-04-08 13', 'yyyy-MM-dd HH')",
            "2021-04-08",
            "date",
            "2021-04-08",
        ),
        (
            "parsedatetime('2021-04-08', 'yyyy-MM-dd[ HH:mm:ss]')",
            "2021-04-08T00:00:00",
            "timestamp",
            "2021-04-08T00:00:00",
        ),
        (
            "formatdatetime(ts, 'yyyy QQQ kk:mm')",
            "2021 Q2 13:34",
            "string",
            "null",
        ),
        ("cast(day as time)", "00:00:00", "time", "null"),
    ]);
}

#[test]
fn extract_is_null_where_a_moment_has_no_such_part() {
    check(&[
        ("extract(HOUR from day)", "null", "int", "null"),
        ("extract(YEAR from clock)", "null", "int", "null"),
        ("extract(EPOCH from clock)", "null", "bigint", "null"),
        ("extract(YEAR from day)", "2021", "int", "null"),
    ]);
    let report = refused("select hour(day) from fake");
    assert!(report.contains("a date has no HOUR"), "{report}");
}

#[test]
fn seeds_and_signs_are_java_s() {
    check(&[
        (
            "rand(1)",
            "0.7308781907032909",
            "double",
            "0.7308781907032909",
        ),
        ("sign(amount - 100)", "-1", "int", "0"),
        (
            "cosh(1)",
            "1.543080634815244",
            "double",
            "1.543080634815244",
        ),
        (
            "asin(1)",
            "1.5707963267948966",
            "double",
            "1.5707963267948966",
        ),
    ]);
}

#[test]
fn ifnull_takes_two_values() {
    for query in ["ifnull(id)", "ifnull(id, big, 3)"] {
        let report = refused(&format!("select {query} from fake"));
        assert!(report.contains("needs two arguments"), "{report}");
    }
}
