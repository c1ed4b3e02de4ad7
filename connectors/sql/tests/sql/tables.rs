//! Rows, their kinds, and the tables they belong to.

use seatunnel_api::{RowKind, Value};

use crate::support::{Job, rows, table, table_of, text};

#[test]
fn the_result_is_named_and_keyed() {
    let job = Job::new("select *, id + 1 as `next`, r.inner.b, upper(name) from dual").unwrap();
    let tables = job.tables();
    let table = &tables[0];
    let names: Vec<&str> = table.schema().names().skip(19).collect();
    assert_eq!(names, ["next", "b", "upper(name)"]);
    assert_eq!(table.path().to_string(), "db.people");
    assert_eq!(table.schema().primary_key.as_ref().unwrap().columns, ["id"]);

    let renamed = Job::new("select id as key, name from fake").unwrap();
    let schema = renamed.tables()[0].schema().clone();
    assert_eq!(schema.primary_key.unwrap().columns, ["key"]);

    let lost = Job::new("select name from fake").unwrap();
    assert!(lost.tables()[0].schema().primary_key.is_none());
}

#[test]
fn rows_keep_their_kinds() {
    let job = Job::new("select id from fake where id = 2").unwrap();
    let out = job.run(rows()).unwrap();
    assert_eq!(out[0].num_rows(), 1);
    assert_eq!(out[0].row(0).kind(), RowKind::Delete);
    let none = Job::new("select id from fake where id = 3").unwrap();
    assert!(none.run(rows()).unwrap().is_empty());
}

#[test]
fn other_tables_pass_unchanged() {
    let job = Job::with_options(
        serde_json::json!({
            "query": "select id from dual",
            "engine": "zeta",
            "table_match_regex": "other.*",
            "table_transform": [
                { "table_path": "db.people", "query": "select name as n from dual" }
            ]
        }),
        vec![table()],
    )
    .unwrap();
    let out = job.run(rows()).unwrap();
    assert_eq!(out[0].row(0).values(), [text("Joy Ding")]);

    let unmatched = Job::with_options(
        serde_json::json!({ "query": "select id from dual", "table_match_regex": "other.*" }),
        vec![table()],
    )
    .unwrap();
    assert_eq!(unmatched.tables()[0].columns().len(), 19);
}

/// The rows of a result, each with its kind in front.
fn shown(query: &str) -> Vec<String> {
    let job = Job::new(query).unwrap_or_else(|error| panic!("{query}: {}", error.report()));
    let out = job
        .run(rows())
        .unwrap_or_else(|error| panic!("{query}: {}", error.report()));
    let rows = out.iter().flat_map(|batch| batch.rows());
    rows.map(|row| {
        let values: Vec<String> = row.values().iter().map(ToString::to_string).collect();
        format!("{} {}", row.kind().short(), values.join(" "))
    })
    .collect()
}

#[test]
fn an_array_becomes_rows_that_keep_the_kind_of_their_row() {
    for (query, expected) in [
        (
            "select id, x from fake lateral view explode(list) as x",
            vec!["+I 1 3", "+I 1 9", "+I 1 -1"],
        ),
        (
            "select id, x from fake lateral view outer explode(list) as x",
            vec!["+I 1 3", "+I 1 null", "+I 1 9", "+I 1 -1", "-D 2 null"],
        ),
        // The elements come, whether they are asked for or not, and may take the place of a column.
        (
            "select name from fake lateral view explode(split(name, ' ')) as name",
            vec!["+I Joy", "+I Ding"],
        ),
        (
            "select id from fake lateral view explode(words) as w where id = 1",
            vec!["+I 1 b", "+I 1 a"],
        ),
        (
            "select w || n as both from fake lateral view explode(words) w \
             lateral view explode(array(1, 2)) t as n",
            vec!["+I b1 b 1", "+I b2 b 2", "+I a1 a 1", "+I a2 a 2"],
        ),
    ] {
        assert_eq!(shown(query), expected, "{query}");
    }
}

#[test]
fn all_columns_are_selected_with_the_elements_in_their_place() {
    let job = Job::new("select * from fake lateral view explode(words) as words").unwrap();
    let tables = job.tables();
    let columns = tables[0].columns();
    assert_eq!(columns.len(), 19);
    let words = columns.iter().find(|c| c.name == "words").unwrap();
    assert_eq!(words.data_type.to_string(), "string");
}

#[test]
fn rows_are_counted_where_no_column_is_needed() {
    assert_eq!(shown("select 1 as one from fake"), ["+I 1", "-D 1"]);
    assert_eq!(shown("select 'x' as x from fake where id > 1"), ["-D x"]);
}

#[test]
fn an_error_of_a_value_is_one_of_its_row() {
    let job = Job::new("select id / (id - 1) as x from fake").unwrap();
    let error = job.run(rows()).unwrap_err();
    assert!(error.is_of_row(), "{}", error.report());
    let good = job.run(rows().slice(1, 1)).unwrap();
    assert_eq!(good[0].row(0).get(0), Value::Int(2));
}

#[test]
fn conditions_with_many_parts_are_not_deep() {
    let parts: Vec<String> = (0..3000).map(|n| format!("id + {n} = {}", n + 2)).collect();
    assert_eq!(
        shown(&format!("select id from fake where {}", parts.join(" or "))),
        ["-D 2"]
    );
    assert_eq!(
        shown(&format!(
            "select id from fake where {}",
            parts.join(" and ")
        )),
        ["-D 2"]
    );
}

#[test]
fn deep_expressions_are_computed_on_a_small_stack_or_refused() {
    let nested = |depth: usize| {
        let mut expression = "id".to_owned();
        for _ in 0..depth {
            expression = format!("case when id > 0 then abs({expression}) else 1 end");
        }
        format!("select {expression} as x from fake where id = 1")
    };
    // As small as the stacks of the engine's tasks.
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let result = small.spawn(move || shown(&nested(55))).unwrap().join();
    assert_eq!(result.unwrap(), ["+I 1"]);
    let error = Job::new(&nested(100)).err().unwrap().report();
    assert!(error.contains("nested deeper than"), "{error}");
}

#[test]
fn the_queries_of_the_documentation_are_accepted() {
    let registry = seatunnel_transform_sql::register(seatunnel_api::Registry::new());
    let factory = registry.find_transform("sql").expect("it is registered");
    let queries: Vec<&str> = factory.notes().split("```").skip(1).step_by(2).collect();
    // Those that join and group have tests of their own.
    let queries = queries
        .into_iter()
        .filter(|q| !q.contains("QUALIFY") && !q.starts_with("hocon"));
    let queries: Vec<&str> = queries.collect();
    assert_eq!(queries.len(), 2);
    let columns = [
        ("id", "bigint"),
        ("name", "string"),
        ("status", "string"),
        ("address", "{city = string}"),
        ("tags", "array<string>"),
        ("labels", "string"),
        ("amount", "decimal(10, 2)"),
    ];
    for query in queries {
        let query = query.trim_start_matches("sql");
        let options = serde_json::json!({ "query": query });
        let job = Job::with_options(options, vec![table_of("orders", &columns)]);
        let job = job.unwrap_or_else(|error| panic!("{query}: {}", error.report()));
        assert_eq!(
            job.tables()[0]
                .schema()
                .primary_key
                .as_ref()
                .unwrap()
                .columns,
            ["id"]
        );
    }
}
