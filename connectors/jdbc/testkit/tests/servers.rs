//! Servers start, serve, die, come back, and never outlive the process that started them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use seatunnel_jdbc_testkit::{Database, MariaDb, Postgres};

/// Runs SQL over TCP, where the password counts.
fn psql(db: &Database, host: &str, password: &str, parameters: &str) -> Result<String, String> {
    let target = format!(
        "host={host} port={} dbname={} user={} {parameters}",
        db.port,
        db.name(),
        db.user
    );
    output(Command::new("psql").env("PGPASSWORD", password).args([
        "-AtX",
        "-c",
        "select 'in'",
        &target,
    ]))
}

fn mariadb(db: &Database, host: &str, password: &str, more: &[&str]) -> Result<String, String> {
    output(
        Command::new("mariadb")
            .args([
                "--no-defaults",
                "-N",
                "-B",
                "-h",
                host,
                "-P",
                &db.port.to_string(),
                "-u",
                &db.user,
            ])
            .arg(format!("-p{password}"))
            .args(more)
            .args(["-e", "select 'in'"]),
    )
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn postgres_databases_are_apart_and_run_sql() {
    let (a, b) = (
        Postgres::shared().database("t"),
        Postgres::shared().database("t"),
    );
    assert_ne!(a.name(), b.name());
    a.sql("create table t (v text); insert into t values ('ä'), (null)");
    assert_eq!(a.sql("select v from t order by 1 nulls last"), "ä\n");
    assert!(
        b.try_sql("select v from t")
            .unwrap_err()
            .contains("\"t\" does not exist")
    );
    assert_eq!(
        a.jdbc_url(),
        format!("jdbc:postgresql://127.0.0.1:{}/{}", a.port, a.name())
    );
    assert_eq!(a.sql("show max_prepared_transactions"), "64");
}

#[test]
fn mariadb_databases_are_apart_and_run_sql() {
    let (a, b) = (
        MariaDb::shared().database("t"),
        MariaDb::shared().database("t"),
    );
    assert_ne!(a.name(), b.name());
    a.sql("create table t (v text); insert into t values ('ä'), (null)");
    assert_eq!(a.sql("select v from t order by v desc"), "ä\nNULL");
    assert!(
        b.try_sql("select v from t")
            .unwrap_err()
            .contains("doesn't exist")
    );
    assert_eq!(
        a.jdbc_url(),
        format!("jdbc:mysql://127.0.0.1:{}/{}", a.port, a.name())
    );
    assert_eq!(a.sql("select @@local_infile"), "1");
}

#[test]
fn long_statements_go_through() {
    let text = "x".repeat(3 << 20);
    let length = text.len().to_string();
    assert_eq!(
        Postgres::shared()
            .admin()
            .sql(&format!("select length('{text}')")),
        length
    );
    assert_eq!(
        MariaDb::shared()
            .admin()
            .sql(&format!("select length('{text}')")),
        length
    );
}

#[test]
fn tcp_asks_for_the_password() {
    let db = Postgres::shared().database("tcp");
    assert_eq!(
        psql(&db, &db.host, &db.password, "sslmode=disable").unwrap(),
        "in"
    );
    assert!(
        psql(&db, &db.host, "wrong", "")
            .unwrap_err()
            .contains("password authentication failed")
    );
    assert_eq!(
        db.sql("select left(rolpassword, 13) from pg_authid where rolname = 'postgres'"),
        "SCRAM-SHA-256"
    );

    let db = MariaDb::shared().database("tcp");
    assert_eq!(mariadb(&db, &db.host, &db.password, &[]).unwrap(), "in");
    assert!(
        mariadb(&db, &db.host, "wrong", &[])
            .unwrap_err()
            .contains("Access denied")
    );
}

#[test]
fn settings_given_win() {
    let postgres = Postgres::with(&[("max_prepared_transactions", "0")]);
    assert_eq!(postgres.admin().sql("show max_prepared_transactions"), "0");
    let mariadb = MariaDb::with(&[("local_infile", "0")]);
    assert_eq!(mariadb.admin().sql("select @@local_infile"), "0");
}

#[test]
fn postgres_comes_back_after_a_kill_and_after_a_stop() {
    let postgres = Postgres::start();
    let db = postgres.database("back");
    db.sql("create table t (id int); insert into t values (1)");
    // A client in mid-statement dies with the server.
    let client = std::thread::spawn({
        let db = db.clone();
        move || db.try_sql("select pg_sleep(60)")
    });
    let start = Instant::now();
    while db.sql("select count(*) from pg_stat_activity where query like 'select pg_sleep%'") == "0"
    {
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    postgres.kill();
    assert!(client.join().unwrap().is_err());
    assert!(TcpStream::connect((db.host.as_str(), db.port)).is_err());
    postgres.restart();
    assert_eq!(db.sql("select * from t"), "1");
    postgres.stop();
    assert!(db.try_sql("select 1").is_err());
    postgres.restart();
    assert_eq!(db.sql("select * from t"), "1");
    postgres.restart();
    assert_eq!(db.sql("select * from t"), "1");
}

#[test]
fn mariadb_comes_back_after_a_kill_and_after_a_stop() {
    let mariadb = MariaDb::start();
    let db = mariadb.database("back");
    db.sql("create table t (id int); insert into t values (1)");
    mariadb.kill();
    assert!(TcpStream::connect((db.host.as_str(), db.port)).is_err());
    mariadb.restart();
    assert_eq!(db.sql("select * from t"), "1");
    mariadb.stop();
    assert!(db.try_sql("select 1").is_err());
    mariadb.restart();
    assert_eq!(db.sql("select * from t"), "1");
}

#[test]
fn postgres_tls_is_valid_for_one_address_and_one_authority() {
    let postgres = Postgres::with_tls();
    let db = postgres.database("tls");
    let files = postgres.certificates();
    let verify = |mode: &str, ca: &Path| format!("sslmode={mode} sslrootcert={}", ca.display());
    let full = verify("verify-full", &files.ca);
    assert_eq!(psql(&db, "127.0.0.1", &db.password, &full).unwrap(), "in");
    assert_eq!(psql(&db, "localhost", &db.password, &full).unwrap(), "in");
    assert!(
        psql(&db, "127.0.0.2", &db.password, &full)
            .unwrap_err()
            .contains("does not match host name")
    );
    assert_eq!(
        psql(
            &db,
            "127.0.0.2",
            &db.password,
            &verify("verify-ca", &files.ca)
        )
        .unwrap(),
        "in"
    );
    assert!(
        psql(
            &db,
            "127.0.0.1",
            &db.password,
            &verify("verify-ca", &files.wrong_ca)
        )
        .is_err()
    );
}

#[test]
fn mariadb_tls_is_valid_for_one_address_and_one_authority() {
    let mariadb_server = MariaDb::with_tls();
    let db = mariadb_server.database("tls");
    let files = mariadb_server.certificates();
    let right = format!("--ssl-ca={}", files.ca.display());
    let wrong = format!("--ssl-ca={}", files.wrong_ca.display());
    let verify = "--ssl-verify-server-cert";
    assert_eq!(
        mariadb(&db, "127.0.0.1", &db.password, &[&right, verify]).unwrap(),
        "in"
    );
    assert!(mariadb(&db, "127.0.0.2", &db.password, &[&right, verify]).is_err());
    assert_eq!(
        mariadb(&db, "127.0.0.2", &db.password, &[&right]).unwrap(),
        "in"
    );
    assert!(mariadb(&db, "127.0.0.1", &db.password, &[&wrong, verify]).is_err());
}

#[test]
fn a_full_disk_is_an_error_and_not_the_end() {
    let fill = "insert into t select * from t;".repeat(20);
    let Some(postgres) = Postgres::small_disk(16) else {
        return assert!(!root(), "root may mount");
    };
    let db = postgres.database("full");
    db.sql("create table t (v text); insert into t select repeat(md5(random()::text), 50) from generate_series(1, 100)");
    assert!(
        db.try_sql(&fill)
            .unwrap_err()
            .contains("No space left on device")
    );
    assert!(db.sql("select count(*) from t").parse::<u32>().unwrap() >= 100);

    let mariadb = MariaDb::small_disk(16).unwrap();
    let db = mariadb.database("full");
    db.sql(
        "create table t (v text); insert into t select repeat(md5(rand()), 50) from seq_1_to_100",
    );
    let error = db.try_sql(&fill).unwrap_err();
    assert!(error.contains("is full"), "{error}");
    assert!(db.sql("select count(*) from t").parse::<u32>().unwrap() >= 100);
}

#[test]
fn dropping_ends_the_server_and_removes_its_folder() {
    let postgres = Postgres::start();
    let db = postgres.admin();
    assert!(db.socket.exists());
    drop(postgres);
    assert!(!db.socket.exists());
    assert!(TcpStream::connect((db.host.as_str(), db.port)).is_err());
}

/// Not a test by itself: started again by the one below, in a process that is killed.
#[test]
#[ignore = "the part of servers_die_with_a_killed_process that gets killed"]
fn waits_to_be_killed() {
    let (postgres, mariadb) = (
        Postgres::small_disk(16).unwrap_or_else(Postgres::start),
        MariaDb::start(),
    );
    let (a, b) = (postgres.admin(), mariadb.admin());
    println!(
        "\nserving {} {} {} {}",
        a.port,
        a.socket.display(),
        b.port,
        b.socket.parent().unwrap().display()
    );
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn servers_die_with_a_killed_process() {
    use std::io::{BufRead, BufReader};
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "waits_to_be_killed"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let line = lines
        .into_iter()
        .find(|line| line.starts_with("serving "))
        .expect("the servers started");
    let words: Vec<&str> = line.split(' ').collect();
    let alive = |port: &str| TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_ok();
    assert!(alive(words[1]) && alive(words[3]));
    process.kill().unwrap();
    process.wait().unwrap();
    let start = Instant::now();
    while alive(words[1])
        || alive(words[3])
        || Path::new(words[2]).exists()
        || Path::new(words[4]).exists()
    {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "still there: {line}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn root() -> bool {
    output(Command::new("id").arg("-u")).unwrap() == "0"
}
