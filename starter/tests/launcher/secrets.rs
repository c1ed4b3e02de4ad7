//! Secrets are in no output, whatever goes wrong.

use crate::support::Sandbox;

const SECRET: &str = "hunter2";

/// Jobs that fail at different points, the secret always near.
fn failing_jobs() -> Vec<String> {
    let job = |jdbc: &str| {
        format!(
            r#"
source {{ FakeSource {{ row.num = 3, schema {{ fields {{ id = bigint }} }} }} }}
sink {{ Jdbc {{ {jdbc} }} }}
"#
        )
    };
    let rest =
        r#"driver = "org.sqlite.JDBC", generate_sink_sql = true, database = main, table = t"#;
    vec![
        // A mistake on the line of the secret.
        job(&format!(
            r#"url = "jdbc:sqlite:x.db", password = "{SECRET}", pasword = 1, {rest}"#
        )),
        // A wrong type there.
        job(&format!(
            r#"url = "jdbc:sqlite:x.db", password = "{SECRET}", batch_size = x, {rest}"#
        )),
        // An unclosed quote before it.
        job(&format!(r#"url = "jdbc:sqlite:x.db, password = {SECRET}"#)),
        // A server that is not there.
        job(&format!(
            r#"url = "jdbc:sqlite:no/such/folder/x.db", password = "{SECRET}", {rest}"#
        )),
        // A secret in the address.
        job(&format!(
            r#"url = "jdbc:none://h/d?user=u&password={SECRET}", {rest}"#
        )),
        job(&format!(
            r#"url = "jdbc:sqlite:no/such/x.db?password={SECRET}", {rest}"#
        )),
    ]
}

#[test]
fn secrets_are_in_no_output() {
    for job in failing_jobs() {
        let sandbox = Sandbox::new();
        sandbox.write("job.conf", &job);
        for line in [
            "-c job.conf --log-level trace",
            "-c job.conf --log-format json --log-level trace",
            "-c job.conf --check",
            "-c job.conf --dry-run connect",
            "-c job.conf --dry-run sample",
        ] {
            let run = sandbox.seatunnel(line);
            assert!(run.code.is_some(), "{run}");
            run.never_says(&[SECRET]);
        }
    }
}

#[test]
fn secret_variables_are_in_no_output() {
    let sandbox = Sandbox::new();
    let job = &failing_jobs()[3].replace(SECRET, "${db_password}");
    sandbox.write("job.conf", job);
    let line = format!("-c job.conf -i db_password={SECRET} --log-level trace");
    let run = sandbox.seatunnel(&line).says(&["the job: ", "******"]);
    run.never_says(&[SECRET]);
}
