use crate::support::Sandbox;

const USAGE: i32 = 234;

#[test]
fn no_arguments_show_the_help_and_end_with_234() {
    let run = Sandbox::new().seatunnel("").fails(USAGE);
    run.prints(&["Usage: seatunnel", "--config", "Exit codes: 0"]);
}

#[test]
fn help_and_version_are_no_errors() {
    Sandbox::new()
        .seatunnel("--help")
        .succeeds()
        .prints(&["--dry-run", "--variable"]);
    Sandbox::new()
        .seatunnel("--version")
        .succeeds()
        .prints(&[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn command_lines_that_are_not_understood_end_with_234() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", "");
    for (line, phrase) in [
        ("--no-such-flag", "--no-such-flag"),
        ("--name x", "no job file: give one with --config FILE"),
        ("--config", "--config <FILE>"),
        (
            "--config job.conf --dry-run everything",
            "[possible values: static, connect, sample]",
        ),
        (
            "--config job.conf --sample-limit 10001",
            "10001 is not in 1..=10000",
        ),
        ("job.conf", "tip: run a job file with `--config job.conf`"),
        (
            "--config job.conf -m cluster",
            "there is no cluster of its own",
        ),
        (
            "--config job.conf -e yarn-application",
            "unless --engine says otherwise",
        ),
        (
            "--config job.conf --engine zeta",
            "[possible values: local, spark, flink]",
        ),
        ("completions klingon", "invalid value 'klingon'"),
    ] {
        sandbox.seatunnel(line).fails(USAGE).says(&[phrase]);
    }
}

const TEN_ROWS: &str = r#"
env { job.mode = "BATCH" }
source { FakeSource { row.num = 10, schema { fields { id = bigint } } } }
sink { Console {} }
"#;

#[test]
fn flags_of_seatunnels_scripts_are_taken() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", TEN_ROWS);
    let line = "-DJvmOption=-Xmx4G -c job.conf -e local -cn mine --async -cj -n nightly -i a=b";
    sandbox.seatunnel(line).succeeds().says(&[
        "-DJvmOption=-Xmx4G is ignored",
        "-cn/--cluster is ignored",
        "--async is ignored",
    ]);
}

#[test]
fn completions_are_for_the_shell_that_is_asked_for() {
    let bash = Sandbox::new().seatunnel("completions bash").succeeds();
    bash.prints(&["_seatunnel()", "--config"]);
    Sandbox::new()
        .seatunnel("completions zsh")
        .succeeds()
        .prints(&["#compdef seatunnel"]);
}

#[test]
fn variables_are_filled_in_from_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.write("job.conf", TEN_ROWS.replace("= 10", "= ${rows}"));
    let run = sandbox.seatunnel("-c job.conf -i rows=7").succeeds();
    run.says(&["Total Read Count          :                   7"]);
}

#[test]
fn base64_secrets_go_both_ways() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "job.conf",
        r#"env { shade.identifier = "base64" }
           source { Jdbc { username = "me", password = "seatunnel_password" } }
           sink { Console {} }"#,
    );
    let encrypted = sandbox.seatunnel("-c job.conf --encrypt").succeeds();
    let encrypted = encrypted
        .prints(&["c2VhdHVubmVsX3Bhc3N3b3Jk"])
        .never_says(&["seatunnel_password"]);
    sandbox.write("encrypted.json", encrypted.stdout);
    let decrypted = sandbox.seatunnel("-c encrypted.json --decrypt").succeeds();
    decrypted.prints(&["seatunnel_password"]);
}
