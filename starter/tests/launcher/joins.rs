//! Jobs that join and group: several sources into one Sql.

use crate::support::Sandbox;

const ORDERS: &str = "1,10,5.00\n2,20,12.50\n3,10,2.50\n4,99,1.00\n";
const MORE_ORDERS: &str = "5,20,0.50\n";
const CUSTOMERS: &str = "10,Ann\n20,Bo\n30,Cy\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .write("orders/1.csv", ORDERS)
        .write("orders/2.csv", MORE_ORDERS)
        .write("customers/1.csv", CUSTOMERS);
    sandbox
}

fn sources() -> &'static str {
    r#"
  LocalFile {
    plugin_output = "orders"
    parallelism = 2
    path = "orders"
    file_format_type = "csv"
    schema { fields { id = int, customer = int, amount = "decimal(10, 2)" } }
  }
  LocalFile {
    plugin_output = "customers"
    path = "customers"
    file_format_type = "csv"
    schema { fields { id = int, name = string } }
  }
"#
}

fn job(env: &str, transform: &str, sink: &str) -> String {
    let sources = sources();
    format!(
        "env {{ {env} }}\nsource {{ {sources} }}\ntransform {{ {transform} }}\nsink {{ {sink} }}\n"
    )
}

fn csv(input: &str, path: &str) -> String {
    format!(
        r#"LocalFile {{ plugin_input = "{input}", path = "{path}", file_format_type = "csv", is_enable_transaction = true }}"#
    )
}

fn written(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let files = sandbox.files(folder).into_iter();
    let texts = files.map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

const TOTALS: &str = r#"
  Sql {
    plugin_input = ["orders", "customers"]
    plugin_output = "totals"
    query = "SELECT c.name, COUNT(*) AS n, SUM(o.amount) AS total FROM orders o JOIN customers c ON o.customer = c.id GROUP BY c.name ORDER BY total DESC"
  }
"#;

#[test]
fn several_inputs_are_joined_and_grouped() {
    let sandbox = sandbox();
    let run = sandbox.job(&job("", TOTALS, &csv("totals", "out")));
    run.succeeds();
    assert_eq!(written(&sandbox, "out"), ["Bo,2,13.00", "Ann,2,7.50"]);
}

#[test]
fn transforms_stand_before_and_behind_and_inputs_go_elsewhere_too() {
    let sandbox = sandbox();
    let transform = r#"
  Sql { plugin_input = "orders", plugin_output = "large", query = "SELECT * FROM orders WHERE amount > 1" }
  Sql {
    plugin_input = ["large", "customers"]
    plugin_output = "joined"
    query = "SELECT o.id, c.name FROM large o LEFT JOIN customers c ON o.customer = c.id"
  }
  Sql { plugin_input = "joined", plugin_output = "named", query = "SELECT id, UPPER(name) AS name FROM joined WHERE id < 3" }
  Sql { plugin_input = "joined", plugin_output = "count", query = "SELECT COUNT(*) AS n FROM joined" }
"#;
    let sinks = [
        csv("named", "named"),
        csv("count", "count"),
        csv("large", "large"),
    ]
    .join("\n");
    sandbox
        .job(&job("parallelism = 2", transform, &sinks))
        .succeeds();
    let mut named = written(&sandbox, "named");
    named.sort();
    assert_eq!(named, ["1,ANN", "2,BO"]);
    assert_eq!(written(&sandbox, "count"), ["3"]);
    assert_eq!(written(&sandbox, "large").len(), 3);
}

#[test]
fn what_is_wrong_with_a_query_is_shown_in_the_job_file() {
    let wrong = TOTALS.replace("c.name, COUNT", "c.nmae, COUNT");
    let run = sandbox()
        .job(&job("", &wrong, &csv("totals", "out")))
        .fails(1);
    run.says(&[
        "transform[0] Sql",
        "no column `nmae`",
        "did you mean `name`?",
        "job.conf:",
    ]);
}

#[test]
fn a_streaming_job_can_not_join() {
    let run = sandbox()
        .job(&job("job.mode = STREAMING", TOTALS, &csv("totals", "out")))
        .fails(1);
    run.says(&[
        "a join needs all rows of its inputs",
        "job.mode = \"BATCH\"",
    ]);
}

#[test]
fn a_failure_of_an_input_is_that_of_the_job() {
    let sandbox = sandbox();
    sandbox.write("orders/3.csv", "6,x,1.00\n");
    let run = sandbox.job(&job("", TOTALS, &csv("totals", "out")));
    let run = run.fails(1);
    run.says(&[
        "\"x\" is not of type int",
        "source[0] LocalFile",
        "3.csv",
        "customer",
    ]);
    assert!(written(&sandbox, "out").is_empty());
}

#[test]
fn rows_that_an_input_rejects_go_where_the_sink_says() {
    let sandbox = sandbox();
    sandbox.write("orders/3.csv", "6,x,1.00\n");
    let sink = csv("totals", "out").replace(
        "is_enable_transaction",
        "dirty.path = \"dirty.jsonl\", is_enable_transaction",
    );
    sandbox.job(&job("", TOTALS, &sink)).succeeds();
    assert_eq!(written(&sandbox, "out"), ["Bo,2,13.00", "Ann,2,7.50"]);
    let dirty = std::fs::read_to_string(sandbox.path("dirty.jsonl")).unwrap();
    assert!(
        dirty.contains("source[0] LocalFile") && dirty.contains("3.csv"),
        "{dirty}"
    );
}

#[test]
fn a_dry_run_shows_the_rows_of_a_join() {
    let sandbox = sandbox();
    sandbox.write("job.conf", job("", TOTALS, &csv("totals", "out")));
    let run = sandbox
        .seatunnel("--config job.conf --dry-run sample")
        .succeeds();
    run.prints(&["transform[0] Sql", "13.00"]);
}
