//! What a query can't do or name is said before the first row.

use crate::support::refused;

#[test]
fn what_a_query_cannot_do_is_said_with_its_place() {
    for (query, parts) in [
        (
            "select id from fake group by id",
            vec!["GROUP BY is not supported", "line 1, column 30"],
        ),
        (
            "select id\nfrom fake\norder by id",
            vec!["ORDER BY", "line 3"],
        ),
        ("select id from fake limit 1", vec!["LIMIT or OFFSET"]),
        ("select distinct id from fake", vec!["DISTINCT"]),
        ("select id from fake having id > 1", vec!["HAVING"]),
        (
            "select a.id from fake a (x)",
            vec!["a list of columns behind a table's name", "column 26"],
        ),
        ("select id from x.fake", vec!["a schema in front"]),
        ("select id from fake join b on 1 = 1", vec!["a join"]),
        ("select id from fake, b", vec!["a second table"]),
        ("select id from (select 1)", vec!["anything but a table"]),
        (
            "select id from fake where id in (select 1 from b)",
            vec!["a query inside an expression", "LEFT SEMI JOIN"],
        ),
        (
            "select id from fake union select id from fake",
            vec!["UNION"],
        ),
        (
            "select id from fake lateral view stack(1, id) t as x",
            vec!["LATERAL VIEW of anything but EXPLODE"],
        ),
        ("delete from fake", vec!["anything but SELECT"]),
        ("select 1", vec!["no FROM"]),
        (
            "select id from fake; select id from fake",
            vec!["second statement"],
        ),
        ("select id form fake", vec!["not understood"]),
        ("select (id from fake", vec!["not understood", "Line: 1"]),
    ] {
        let report = refused(query);
        for part in parts {
            assert!(report.contains(part), "{query}: {report}");
        }
    }
}

#[test]
fn names_and_types_that_do_not_fit_are_said_before_the_first_row() {
    for (query, parts) in [
        (
            "select nmae from fake",
            vec!["no column `nmae`", "did you mean `name`?", "column 8"],
        ),
        (
            "select r.inner.zzzz from fake",
            vec!["no field `zzzz`", "b, m"],
        ),
        (
            "select r.inner.m.k.x from fake",
            vec!["can't be looked into"],
        ),
        (
            "select uper(name) from fake",
            vec!["no function uper", "did you mean UPPER?"],
        ),
        ("select left(name) from fake", vec!["needs 2 argument(s)"]),
        (
            "select name + 1 from fake",
            vec!["needs two numbers, not string and int"],
        ),
        (
            "select id from fake where id = name",
            vec!["compares int with string"],
        ),
        (
            "select id from fake where day > 'soon'",
            vec!["the text is no date"],
        ),
        ("select id from fake where id", vec!["is no condition"]),
        (
            "select case when ok then 1 else 'a' end from fake",
            vec!["sometimes int and sometimes string"],
        ),
        (
            "select cast(day as int) from fake",
            vec!["date can't be cast to int"],
        ),
        ("select cast(id as banana) from fake", vec!["unknown type"]),
        ("select hour(day) from fake", vec!["a date has no HOUR"]),
        (
            "select year(name) from fake",
            vec!["has to be a date", "to_date"],
        ),
        (
            "select regexp_replace(name, '(', 'x') from fake",
            vec!["unclosed group"],
        ),
        (
            "select formatdatetime(ts, 'VV') from fake",
            vec!["\"VV\" is not supported"],
        ),
        (
            "select formatdatetime(day, 'HH') from fake",
            vec!["stands for nothing"],
        ),
        (
            "select from_unixtime(id, 'yyyy', 'Mars') from fake",
            vec!["\"Mars\" is not known"],
        ),
        ("select id, name as id from fake", vec!["two columns `id`"]),
        (
            "select x from fake lateral view explode(name) as x",
            vec!["is a string, EXPLODE needs an array"],
        ),
        (
            "select list['a'] from fake",
            vec!["of the type array<int> has nothing at a position of the type string"],
        ),
        ("select array_max(id) from fake", vec!["has to be an array"]),
        (
            "select inner_product(vec, name) from fake",
            vec!["has to be a float_vector"],
        ),
        (
            "select vector_reduce(vec, id, 'TRUNCATE') from fake",
            vec!["the dimension has to be a number above 0"],
        ),
        (
            "select vector_reduce(vec, 2, 'SHRINK') from fake",
            vec!["there is no method \"SHRINK\""],
        ),
        (
            "select map('a') from fake",
            vec!["needs a value for each key"],
        ),
        (
            "select aes_encrypt(name, 'base64:AAAA') from fake",
            vec!["the key needs 16, 24 or 32 bytes"],
        ),
        (
            "select aes_encrypt(name, 'k', 'short') from fake",
            vec!["iv needs 16 bytes, not 5"],
        ),
        (
            "select ts at time zone 'Mars/Base' from fake",
            vec!["\"Mars/Base\" is not known"],
        ),
    ] {
        let report = refused(query);
        for part in parts {
            assert!(report.contains(part), "{query}: {report}");
        }
    }
}
