//! A join runs in the clusters as it does anywhere: within the one reader of a source.

use crate::support::{Sandbox, alone};

/// 1,000 orders of 10 customers, joined with 8 of them.
fn job(env: &str) -> String {
    format!(
        r#"
        env {{ parallelism = 2, {env} }}
        source {{
            FakeSource {{
                plugin_output = "orders", row.num = 500, split.num = 3
                int.fake.mode = "template", int.template = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
                schema {{ fields {{ customer = int, amount = "decimal(10, 2)" }} }}
            }}
            FakeSource {{
                plugin_output = "customers", row.num = 1, parallelism = 1
                schema {{ fields {{ id = int, name = string }} }}
                rows = [
                    {{ kind = INSERT, fields = [0, "a"] }}, {{ kind = INSERT, fields = [1, "b"] }}
                    {{ kind = INSERT, fields = [2, "c"] }}, {{ kind = INSERT, fields = [3, "d"] }}
                    {{ kind = INSERT, fields = [4, "e"] }}, {{ kind = INSERT, fields = [5, "f"] }}
                    {{ kind = INSERT, fields = [6, "g"] }}, {{ kind = INSERT, fields = [77, "h"] }}
                ]
            }}
        }}
        transform {{ Sql {{
            plugin_input = ["orders", "customers"], plugin_output = "totals"
            query = "SELECT c.name, COUNT(*) AS n, SUM(o.amount) AS total FROM orders o RIGHT JOIN customers c ON o.customer = c.id GROUP BY c.name"
        }} }}
        sink {{ Assert {{ plugin_input = "totals", rules {{
            row_rules = [ {{ rule_type = MIN_ROW, rule_value = 8 }}, {{ rule_type = MAX_ROW, rule_value = 8 }} ]
            field_rules = [
                {{ field_name = name, field_type = string, field_value = [{{ rule_type = NOT_NULL }}] }}
                {{ field_name = n, field_type = bigint, field_value = [{{ rule_type = MIN, rule_value = 1 }}] }}
            ]
        }} }} }}
        "#
    )
}

fn joins(sandbox: &Sandbox, env: &str) {
    let run = sandbox.run(&job(env)).succeeds();
    run.says(&["Total Write Count         :                   8"]);
}

#[test]
fn spark_joins_and_groups() {
    let _alone = alone();
    joins(
        &crate::spark::sandbox(&crate::spark::cluster()),
        crate::spark::ENV,
    );
}

#[test]
fn flink_joins_and_groups() {
    let _alone = alone();
    joins(&crate::flink::sandbox(&crate::flink::cluster()), "");
}
