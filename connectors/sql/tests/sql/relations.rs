//! Joins, aggregates, sorting: queries over all rows of several tables.

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::{
    Batch, BatchBuilder, BatchStream, CatalogTable, Error, InputTables, JobContext, JobMode,
    Registry, Relation, RelationContext, RelationInputs, Result, RowKind, Value,
};
use serde_json::json;

use crate::support::{table_of, text};

/// Tables with their rows, each an input of the job.
struct Inputs {
    tables: Vec<(Arc<CatalogTable>, Vec<Vec<Value>>)>,
    kind: RowKind,
}

struct Stream(Vec<Batch>);

#[async_trait]
impl BatchStream for Stream {
    async fn next(&mut self) -> Result<Option<Batch>> {
        Ok(self.0.pop())
    }
}

impl RelationInputs for Inputs {
    /// Two streams, which share the rows.
    fn read(&self, input: usize, table: &Arc<CatalogTable>) -> Vec<Box<dyn BatchStream>> {
        assert!(Arc::ptr_eq(table, &self.tables[input].0));
        let (table, rows) = &self.tables[input];
        let size = (rows.len() / 75).max(1);
        let streams = (0..2).map(|share| {
            let mut batches = Vec::new();
            for rows in rows.chunks(size).skip(share).step_by(2) {
                let mut builder = BatchBuilder::new(table.clone());
                for row in rows {
                    builder.push(self.kind, row).unwrap();
                }
                batches.push(builder.finish());
            }
            batches.reverse();
            Box::new(Stream(batches)) as Box<dyn BatchStream>
        });
        streams.collect()
    }
}

fn int(value: i32) -> Value {
    Value::Int(value)
}

fn money(cents: i32) -> Value {
    Value::Decimal(cents.into(), 2)
}

/// Orders of customers; that of an unknown customer, and a customer without one.
fn shop() -> Inputs {
    let orders = table_of(
        "shop.orders",
        &[
            ("id", "int"),
            ("customer", "int"),
            ("amount", "decimal(10, 2)"),
            ("note", "string"),
            ("big", "bigint"),
        ],
    );
    let customers = table_of(
        "shop.customers",
        &[("id", "int"), ("name", "string"), ("city", "string")],
    );
    let order = |id, customer, cents, note: Value, big| {
        vec![int(id), customer, money(cents), note, Value::BigInt(big)]
    };
    let customer = |id, name, city: Value| vec![int(id), text(name), city];
    Inputs {
        tables: vec![
            (
                orders,
                vec![
                    order(1, int(10), 500, text("7"), 1),
                    order(2, int(20), 1_250, text("x"), 2),
                    order(3, int(10), 250, Value::Null, 3),
                    order(4, int(99), 100, text("8"), 4),
                    order(5, Value::Null, 75, text("9"), 5),
                ],
            ),
            (
                customers,
                vec![
                    customer(10, "Ann", text("Oslo")),
                    customer(20, "Bo", text("Rome")),
                    customer(30, "Cy", Value::Null),
                ],
            ),
        ],
        kind: RowKind::Insert,
    }
}

fn relation(
    query: &str,
    inputs: &Inputs,
    mode: JobMode,
    more: serde_json::Value,
) -> Result<Arc<dyn Relation>> {
    let registry = seatunnel_transform_sql::register(Registry::new());
    let factory = registry.find_transform("sql").unwrap();
    let names = ["orders_in", "customers_in"];
    let context = RelationContext {
        job: JobContext {
            id: "1".into(),
            name: "test".into(),
            mode,
        },
        inputs: inputs
            .tables
            .iter()
            .zip(names)
            .map(|((table, _), name)| InputTables {
                name: Some(name.to_owned()),
                tables: vec![table.clone()],
            })
            .collect(),
        plugin_output: Some("result".to_owned()),
    };
    let mut options = json!({ "query": query });
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    let config = ConfigValue::from_json(&options);
    let made = runtime().block_on(factory.relation(&config, &context))?;
    made.ok_or_else(|| Error::new(seatunnel_api::codes::INTERNAL, "not taken for a relation"))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

fn compute(query: &str, inputs: Inputs) -> Result<(Arc<CatalogTable>, Vec<String>)> {
    compute_with(query, inputs, json!({}))
}

fn compute_with(
    query: &str,
    inputs: Inputs,
    more: serde_json::Value,
) -> Result<(Arc<CatalogTable>, Vec<String>)> {
    let relation = relation(query, &inputs, JobMode::Batch, more)?;
    let table = relation.tables().remove(0);
    let mut rows = Vec::new();
    runtime().block_on(async {
        let mut stream = relation.rows(Arc::new(inputs)).await?;
        while let Some(batch) = stream.next().await? {
            assert!(Arc::ptr_eq(batch.table(), &table));
            assert!(batch.kinds().all_inserts());
            for row in batch.rows() {
                let values = (0..table.columns().len()).map(|at| row.get(at).to_string());
                rows.push(values.collect::<Vec<_>>().join("|"));
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok((table, rows))
}

/// The rows in the order that they come in.
#[track_caller]
fn rows(query: &str) -> Vec<String> {
    let computed = compute(query, shop());
    computed
        .unwrap_or_else(|error| panic!("{query}: {}", error.report()))
        .1
}

#[track_caller]
fn sorted(query: &str) -> Vec<String> {
    let mut rows = rows(query);
    rows.sort();
    rows
}

/// Names and types of the result.
#[track_caller]
fn columns(query: &str) -> Vec<String> {
    let table = compute(query, shop())
        .unwrap_or_else(|e| panic!("{query}: {}", e.report()))
        .0;
    let columns = table.columns().iter();
    columns
        .map(|c| {
            format!(
                "{} {}{}",
                c.name,
                c.data_type,
                if c.nullable { "" } else { " not null" }
            )
        })
        .collect()
}

#[track_caller]
fn refused(query: &str) -> String {
    match compute(query, shop()) {
        Ok(_) => panic!("{query} is accepted"),
        Err(error) => error.report(),
    }
}

const JOINED: &str = "FROM orders_in AS o JOIN customers_in AS c ON o.customer = c.id";

#[test]
fn joins_of_all_kinds() {
    let query = |join: &str| {
        format!("SELECT o.id, c.name FROM orders_in o {join} customers_in c ON o.customer = c.id")
    };
    assert_eq!(sorted(&query("JOIN")), ["1|Ann", "2|Bo", "3|Ann"]);
    assert_eq!(
        sorted(&query("LEFT JOIN")),
        ["1|Ann", "2|Bo", "3|Ann", "4|null", "5|null"]
    );
    assert_eq!(
        sorted(&query("RIGHT JOIN")),
        ["1|Ann", "2|Bo", "3|Ann", "null|Cy"]
    );
    assert_eq!(
        sorted(&query("FULL JOIN")),
        ["1|Ann", "2|Bo", "3|Ann", "4|null", "5|null", "null|Cy"]
    );
    assert_eq!(
        sorted(
            "SELECT o.id, c.id AS other FROM orders_in o CROSS JOIN customers_in c WHERE o.id < 3 AND c.id > 10"
        ),
        ["1|20", "1|30", "2|20", "2|30"]
    );
    assert_eq!(
        sorted(
            "SELECT o.id FROM orders_in o, customers_in c WHERE o.customer = c.id AND c.city = 'Oslo'"
        ),
        ["1", "3"]
    );
    assert_eq!(
        sorted("SELECT id FROM orders_in o LEFT SEMI JOIN customers_in c ON o.customer = c.id"),
        ["1", "2", "3"]
    );
    assert_eq!(
        sorted("SELECT * FROM customers_in c LEFT ANTI JOIN orders_in o ON o.customer = c.id"),
        ["30|Cy|null"]
    );
    assert_eq!(
        sorted(
            "SELECT o.id, c.id AS other FROM orders_in o JOIN customers_in c ON o.id * 10 < c.id AND o.id > 1"
        ),
        ["2|30"]
    );
}

#[test]
fn tables_are_called_as_in_the_job_or_by_their_own_names() {
    for name in [
        "orders_in",
        "orders",
        "shop.orders",
        "ORDERS_IN",
        "orders_in.orders",
    ] {
        assert_eq!(
            rows(&format!("SELECT COUNT(*) AS n FROM {name}")),
            ["5"],
            "{name}"
        );
    }
    let unknown = refused("SELECT COUNT(*) FROM order_in");
    assert!(
        unknown.contains("no table `order_in`") && unknown.contains("did you mean `orders_in`?"),
        "{unknown}"
    );
    let twice = refused("SELECT 1 AS one FROM orders_in JOIN orders_in ON true");
    assert!(
        twice.contains("two tables are called `orders_in`"),
        "{twice}"
    );
}

#[test]
fn a_table_may_be_read_twice() {
    assert_eq!(
        sorted(
            "SELECT a.id, b.id AS other FROM orders_in a JOIN orders_in b ON a.customer = b.customer AND a.id < b.id"
        ),
        ["1|3"]
    );
}

#[test]
fn using_makes_one_column_of_two() {
    let query = "SELECT * FROM (SELECT customer AS id, amount FROM orders_in) o FULL JOIN customers_in USING (id)";
    assert_eq!(
        sorted(query),
        [
            "10|2.50|Ann|Oslo",
            "10|5.00|Ann|Oslo",
            "20|12.50|Bo|Rome",
            "30|null|Cy|null",
            "99|1.00|null|null",
            "null|0.75|null|null",
        ]
    );
    let names = columns(query);
    assert_eq!(
        names,
        [
            "id int",
            "amount decimal(10, 2)",
            "name string",
            "city string"
        ]
    );
}

#[test]
fn groups_and_their_aggregates() {
    assert_eq!(
        sorted(&format!(
            "SELECT c.city, COUNT(*) AS n, COUNT(o.note) AS notes, SUM(o.amount) AS total, AVG(o.id) AS mean, \
             MIN(o.note) AS least, MAX(o.id) AS most, SUM(o.id) * 2 + 1 AS computed {JOINED} GROUP BY c.city"
        )),
        ["Oslo|2|1|7.50|2.0|7|3|9", "Rome|1|1|12.50|2.0|x|2|5",]
    );
    assert_eq!(
        columns(&format!(
            "SELECT c.city, COUNT(*) AS n, SUM(o.amount) AS total, SUM(o.big) AS sum, AVG(o.amount) AS mean, \
             AVG(o.id) AS other, ARRAY_AGG(o.id) AS ids {JOINED} GROUP BY c.city"
        )),
        [
            "city string",
            "n bigint",
            "total decimal(20, 2)",
            "sum bigint",
            "mean decimal(14, 6)",
            "other double",
            "ids array<int>",
        ]
    );
    assert_eq!(
        rows("SELECT COUNT(*) AS n, SUM(id) AS s, MAX(note) AS m FROM orders_in WHERE id > 100"),
        ["0|null|null"]
    );
    assert_eq!(
        rows(
            "SELECT COUNT(DISTINCT customer) AS n, COUNT(*) FILTER (WHERE amount > 2) AS f, \
              STRING_AGG(note, '-' ORDER BY id DESC) AS t, ARRAY_AGG(id ORDER BY id) AS a, \
              BOOL_AND(id > 0) AS b, APPROX_COUNT_DISTINCT(customer) AS d FROM orders_in"
        ),
        ["3|3|9-8-x-7|[1, 2, 3, 4, 5]|true|3"]
    );
    assert_eq!(
        sorted(
            "SELECT COALESCE(customer, 0) / 10 AS k, COUNT(*) AS n FROM orders_in \
                GROUP BY COALESCE(customer, 0) / 10 HAVING COUNT(*) > 1"
        ),
        ["1|2"]
    );
    for by in ["k", "1"] {
        let query = format!(
            "SELECT UPPER(note) AS k, COUNT(*) AS n FROM orders_in GROUP BY {by} ORDER BY k NULLS FIRST LIMIT 2"
        );
        assert_eq!(rows(&query), ["null|1", "7|1"]);
    }
}

#[test]
fn all_aggregates_have_a_value() {
    // By all their names, in one row: ids are 1 to 5.
    let query = "SELECT MEAN(id) AS a, MEDIAN(id) AS b, STDDEV(id) AS c, STDDEV_SAMP(id) AS d, STDDEV_POP(id) AS e, \
                 VARIANCE(id) AS f, VAR_SAMP(id) AS g, VAR_POP(id) AS h, APPROX_DISTINCT(id) AS i, EVERY(id > 1) AS j, \
                 BOOL_OR(id > 4) AS k, ANY(id > 5) AS l, LISTAGG(note) WITHIN GROUP (ORDER BY id) AS m, \
                 COLLECT_LIST(id ORDER BY id DESC) AS n, FIRST_VALUE(id ORDER BY id) AS o, LAST_VALUE(id ORDER BY id) AS p, \
                 ANY_VALUE(id) > 0 AS q FROM orders_in";
    assert_eq!(
        rows(query),
        [concat!(
            "3.0|3.0|1.5811388300841898|1.5811388300841898|1.4142135623730951|2.5|2.5|2.0|5|false|true|false|",
            "7,x,8,9|[5, 4, 3, 2, 1]|1|5|true"
        )]
    );
}

#[test]
fn a_sum_that_is_too_large_is_an_error() {
    let error = refused("SELECT SUM(big + 9223372036854775000) AS s FROM orders_in");
    assert!(error.contains("bigint"), "{error}");
}

#[test]
fn columns_of_groups_are_the_key_of_the_result() {
    let mut inputs = shop();
    let schema = inputs.tables[0].0.schema().clone();
    let mut columns = schema.columns.clone();
    columns[0].nullable = false;
    columns[0].comment = Some("number".to_owned());
    let table = inputs.tables[0]
        .0
        .with_schema(seatunnel_api::TableSchema { columns, ..schema });
    inputs.tables[0].0 = Arc::new(table);
    let (table, _) = compute(
        "SELECT id AS nr, COUNT(*) AS n FROM orders_in GROUP BY id",
        inputs,
    )
    .unwrap();
    assert_eq!(table.path().to_string(), "result");
    let key = table.schema().primary_key.clone().unwrap();
    assert_eq!(key.columns, ["nr"]);
    assert_eq!(table.columns()[0].comment.as_deref(), Some("number"));
    // A key that may be null is none.
    let (table, _) = compute(
        "SELECT customer, COUNT(*) AS n FROM orders_in GROUP BY customer",
        shop(),
    )
    .unwrap();
    assert!(table.schema().primary_key.is_none());
}

#[test]
fn distinct_sorting_and_limits() {
    assert_eq!(
        sorted("SELECT DISTINCT customer FROM orders_in"),
        ["10", "20", "99", "null"]
    );
    assert_eq!(
        rows("SELECT id FROM orders_in ORDER BY amount DESC LIMIT 2"),
        ["2", "1"]
    );
    assert_eq!(
        rows("SELECT id AS a FROM orders_in ORDER BY customer DESC, a"),
        ["5", "4", "2", "1", "3"]
    );
    assert_eq!(
        rows("SELECT id FROM orders_in ORDER BY 1 LIMIT 2 OFFSET 1"),
        ["2", "3"]
    );
    assert_eq!(
        rows(
            "SELECT DISTINCT customer FROM orders_in ORDER BY customer NULLS FIRST FETCH FIRST 2 ROWS ONLY"
        ),
        ["null", "10"]
    );
    let hidden = refused("SELECT DISTINCT customer FROM orders_in ORDER BY amount");
    assert!(hidden.contains("`amount` is none"), "{hidden}");
}

#[test]
fn union_and_its_kin() {
    assert_eq!(
        rows(
            "SELECT id, note FROM orders_in WHERE id = 1 UNION ALL SELECT id, city FROM customers_in ORDER BY id"
        ),
        ["1|7", "10|Oslo", "20|Rome", "30|null"]
    );
    assert_eq!(
        sorted("SELECT customer FROM orders_in UNION SELECT id FROM customers_in"),
        ["10", "20", "30", "99", "null"]
    );
    assert_eq!(
        sorted("SELECT id FROM customers_in EXCEPT SELECT customer FROM orders_in"),
        ["30"]
    );
    assert_eq!(
        sorted("SELECT id FROM customers_in INTERSECT SELECT customer FROM orders_in"),
        ["10", "20"]
    );
    assert_eq!(
        columns("SELECT id, amount FROM orders_in UNION ALL SELECT big, id FROM orders_in"),
        ["id bigint", "amount decimal(12, 2)"]
    );
    let types = refused("SELECT id FROM orders_in UNION SELECT name FROM customers_in");
    assert!(
        types.contains("`id` is a int") || types.contains("`id` is a"),
        "{types}"
    );
    let count = refused("SELECT id FROM orders_in UNION SELECT id, name FROM customers_in");
    assert!(count.contains("1 columns, the other 2"), "{count}");
}

#[test]
fn queries_behind_with_and_from() {
    assert_eq!(
        sorted(
            "WITH totals AS (SELECT customer, SUM(amount) AS total FROM orders_in GROUP BY customer), \
                  large AS (SELECT * FROM totals WHERE total > 5) \
             SELECT c.name, l.total FROM large l JOIN customers_in c ON c.id = l.customer"
        ),
        ["Ann|7.50", "Bo|12.50"]
    );
    assert_eq!(
        rows(
            "SELECT MAX(n) AS m FROM (SELECT customer, COUNT(*) AS n FROM orders_in GROUP BY customer) AS counts"
        ),
        ["2"]
    );
}

#[test]
fn windows() {
    assert_eq!(
        rows(
            "SELECT id, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY amount DESC) AS nr, \
              SUM(id) OVER (ORDER BY id) AS running, LAG(id) OVER (ORDER BY id) AS before, \
              COUNT(*) OVER () AS n, MAX(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS near \
              FROM orders_in ORDER BY id LIMIT 3"
        ),
        ["1|1|1|null|5|2", "2|1|3|1|5|3", "3|2|6|2|5|4"]
    );
    assert_eq!(
        sorted(
            "SELECT id FROM orders_in QUALIFY ROW_NUMBER() OVER (PARTITION BY customer ORDER BY amount DESC) = 1"
        ),
        ["1", "2", "4", "5"]
    );
    assert_eq!(
        sorted(
            "SELECT customer, RANK() OVER (ORDER BY SUM(amount) DESC) AS place FROM orders_in GROUP BY customer"
        ),
        ["10|2", "20|1", "99|3", "null|4"]
    );
}

#[test]
fn what_could_fail_is_computed_only_for_rows_that_other_conditions_leave() {
    // 'x' is no number; the condition before it rules that row out, wherever the filter ends up.
    assert_eq!(
        sorted(&format!(
            "SELECT o.id {JOINED} WHERE o.note <> 'x' AND CAST(o.note AS INT) > 5 AND c.city IS NOT NULL"
        )),
        ["1"]
    );
    assert_eq!(
        sorted(
            "SELECT COUNT(*) AS n FROM orders_in o, customers_in c \
                WHERE o.customer = c.id AND o.note <> 'x' AND CAST(o.note AS INT) > 5"
        ),
        ["1"]
    );
}

#[test]
fn columns_that_a_group_does_not_share_are_refused() {
    let error = refused("SELECT customer, note, COUNT(*) FROM orders_in GROUP BY customer");
    assert!(
        error.contains("the rows of a group may differ in `note`"),
        "{error}"
    );
    assert!(error.contains("ANY_VALUE(note)"), "{error}");
    assert!(error.contains("line 1, column 18"), "{error}");
}

#[test]
fn bad_queries_say_what_is_wrong() {
    let cases = [
        (
            "SELECT id FROM orders_in WHERE SUM(id) > 3 GROUP BY id",
            "HAVING",
        ),
        (
            "SELECT SUM(SUM(id)) FROM orders_in",
            "an aggregate can't hold another",
        ),
        (
            "SELECT SUM(note) FROM orders_in",
            "CAST makes numbers of texts",
        ),
        ("SELECT MIN(id, 2) FROM orders_in", "it needs one argument"),
        (
            "SELECT o.id, c.id FROM orders_in o JOIN customers_in c ON o.id = c.id",
            "two columns `id`",
        ),
        (
            "SELECT id FROM orders_in o JOIN customers_in c ON o.id = c.id",
            "say which: `c.id`",
        ),
        (
            "SELECT o.idd FROM orders_in o JOIN customers_in c ON o.id = c.id",
            "no column `idd`",
        ),
        (
            "SELECT o.id FROM orders_in o JOIN customers_in c",
            "needs ON or USING",
        ),
        (
            "SELECT o.id FROM orders_in o JOIN customers_in c ON o.note = c.id",
            "compares string with int",
        ),
        (
            "SELECT o.id FROM orders_in o NATURAL JOIN customers_in c",
            "USING (a, b)",
        ),
        (
            "SELECT COUNT(*) FROM (SELECT id FROM orders_in)",
            "needs a name",
        ),
        (
            "SELECT id, COUNT(*) FROM orders_in GROUP BY 3",
            "no column number 3",
        ),
        ("SELECT id FROM orders_in LIMIT 'x'", "no number of rows"),
        (
            "SELECT COUNT(*) FROM orders_in WHERE id IN (SELECT id FROM customers_in)",
            "LEFT SEMI JOIN",
        ),
        (
            "SELECT id FROM orders_in ORDER BY ROW_NUMBER()",
            "there is no function ROW_NUMBER",
        ),
        (
            "SELECT NTH() OVER () FROM orders_in",
            "no function for a window",
        ),
    ];
    for (query, expected) in cases {
        let report = refused(query);
        assert!(report.contains(expected), "{query}:\n{report}");
    }
}

#[test]
fn a_streaming_job_has_no_last_row() {
    let made = relation(
        "SELECT COUNT(*) FROM orders_in",
        &shop(),
        JobMode::Streaming,
        json!({}),
    );
    let report = made.err().unwrap().report();
    assert!(
        report.contains("an aggregate needs all rows") && report.contains("BATCH"),
        "{report}"
    );
}

#[test]
fn changes_of_rows_are_refused() {
    let mut inputs = shop();
    inputs.kind = RowKind::Delete;
    let report = compute("SELECT COUNT(*) FROM orders_in", inputs)
        .err()
        .unwrap()
        .report();
    assert!(
        report.contains("inserts only") && report.contains("FilterRowKind"),
        "{report}"
    );
}

/// Rows that take about 40 MiB.
fn large() -> Inputs {
    let mut inputs = shop();
    let filler = "x".repeat(200);
    inputs.tables[0].1 = (0..150_000)
        .map(|id| {
            vec![
                int(id),
                int(id),
                money(id),
                text(&format!("{filler}{id}")),
                Value::BigInt(1),
            ]
        })
        .collect();
    inputs.tables[1].1 = (0..150_000)
        .map(|id| {
            vec![
                int(149_999 - id),
                text(&format!("{filler}{id}")),
                Value::Null,
            ]
        })
        .collect();
    inputs
}

#[test]
fn what_does_not_fit_into_memory_goes_to_disk() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "memory_mb": 24, "spill_path": folder.path().to_str().unwrap() });
    let joined = "SELECT COUNT(*) AS n, SUM(LENGTH(o.note) + LENGTH(c.name)) AS l FROM orders_in o \
                  JOIN customers_in c ON o.customer = c.id";
    let (_, rows) =
        compute_with(joined, large(), limits.clone()).unwrap_or_else(|e| panic!("{}", e.report()));
    let digits: usize = (0..150_000).map(|id: usize| id.to_string().len()).sum();
    assert_eq!(rows, [format!("150000|{}", 2 * (150_000 * 200 + digits))]);
    let sorted = "SELECT id, note FROM orders_in ORDER BY note DESC";
    let (_, rows) =
        compute_with(sorted, large(), limits.clone()).unwrap_or_else(|e| panic!("{}", e.report()));
    assert_eq!(rows.len(), 150_000);
    assert!(rows[0].ends_with("x99999"), "{}", rows[0]);
    let ranged = "SELECT COUNT(*) AS n FROM customers_in c JOIN orders_in o ON o.id < 10 AND c.id > o.id + 149985";
    let (_, rows) =
        compute_with(ranged, large(), limits.clone()).unwrap_or_else(|e| panic!("{}", e.report()));
    assert_eq!(
        rows,
        [format!("{}", (0..10).map(|id| 14 - id).sum::<i32>())]
    );
    let grouped = "SELECT note, COUNT(*) AS n FROM orders_in GROUP BY note";
    let (_, rows) =
        compute_with(grouped, large(), limits).unwrap_or_else(|e| panic!("{}", e.report()));
    assert_eq!(rows.len(), 150_000);
}

#[test]
fn a_query_that_can_not_go_to_disk_says_what_to_do() {
    let query = "SELECT ARRAY_AGG(note) AS all_notes FROM orders_in";
    let error = compute_with(query, large(), json!({ "memory_mb": 16 }))
        .err()
        .unwrap();
    let report = error.report();
    assert!(
        report.contains("16 MiB") && report.contains("memory_mb"),
        "{report}"
    );
}
