//! Connections to a real server.

use std::sync::OnceLock;

use seatunnel_api::Error;
use seatunnel_api::config::ConfigValue;
use seatunnel_api::options::Options;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_core::options::ConnectionOptions;
use seatunnel_jdbc_testkit::{Database, MariaDb};
use serde_json::json;

use super::*;

fn settings(url: &str, user: &str, password: &str) -> Settings {
    let text = json!({ "url": url, "user": user, "password": password });
    let options = ConnectionOptions::from_config("Jdbc", &ConfigValue::from_json(&text)).unwrap();
    Settings::parse(&options).unwrap()
}

pub(crate) fn of(db: &Database, query: &str) -> Settings {
    settings(&format!("{}{query}", db.jdbc_url()), &db.user, &db.password)
}

async fn open(settings: &Settings) -> Result<Connection, Error> {
    Ok(Connection::open(settings, Purpose::Sink).await?)
}

/// A server that is set as few are.
pub(crate) fn odd_server() -> &'static MariaDb {
    static SERVER: OnceLock<MariaDb> = OnceLock::new();
    SERVER.get_or_init(|| {
        MariaDb::with(&[
            ("plugin_maturity", "unknown"),
            ("plugin_load_add", "auth_ed25519"),
            ("sql_mode", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"),
            ("max_allowed_packet", "1M"),
            ("lower_case_table_names", "1"),
        ])
    })
}

#[tokio::test]
async fn statements_give_rows_and_what_they_have_done() {
    let db = MariaDb::shared().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let results = connection
        .query("CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL); SELECT * FROM t")
        .await
        .unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[1].done.affected, 2);
    assert_eq!(results[2].columns, ["a", "b"]);
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(results[2].rows, [[text("1"), text("x")], [text("2"), None]]);
    let server = connection.server();
    assert!(
        server.is_mariadb && server.numbers >= (10, 0, 0),
        "{server:?}"
    );
    assert_eq!(server.database.as_deref(), Some(db.name()));
    assert!(server.sql_mode.contains("STRICT_ALL_TABLES"));
    assert!(server.local_infile && server.max_allowed_packet == 256 << 20);
    assert!(connection.can_bulk() && connection.is_usable());
}

#[tokio::test]
async fn an_error_leaves_the_connection_usable() {
    let db = MariaDb::shared().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let failure = connection.query("SELECT 1; SELEC").await.unwrap_err();
    assert_eq!(failure.errno(), Some(1064));
    assert!(!failure.is_lost());
    let failure = connection
        .prepare("SELECT * FROM nowhere")
        .await
        .unwrap_err();
    let error = Error::from(failure);
    assert_eq!(error.code(), errors::TABLE_MISSING);
    assert_eq!(error.sql_state(), Some("42S02"));
    assert_eq!(
        connection.rows("SELECT 1").await.unwrap(),
        [[Some("1".to_owned())]]
    );
}

#[tokio::test]
async fn a_value_of_64_mebibytes_goes_both_ways() {
    let db = MariaDb::shared().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    connection
        .execute("CREATE TABLE t (a LONGBLOB)")
        .await
        .unwrap();
    let value = b"0123456".repeat((64 << 20) / 7);
    let insert = connection
        .prepare("INSERT INTO t VALUES (?)")
        .await
        .unwrap();
    assert_eq!(insert.parameters, 1);
    let mut payload = vec![0x17];
    payload.extend_from_slice(&insert.id.to_le_bytes());
    payload.extend_from_slice(&[0, 1, 0, 0, 0]);
    payload.extend_from_slice(&[0, 1, 0xfc, 0]);
    payload.push(0xfe);
    payload.extend_from_slice(&(value.len() as u64).to_le_bytes());
    payload.extend_from_slice(&value);
    connection.command(&payload).await.unwrap();
    assert_eq!(connection.answer().await.unwrap().affected, 1);
    connection.close_statement(insert.id);
    let select = connection.prepare("SELECT a FROM t").await.unwrap();
    assert_eq!(select.columns[0].name, "a");
    connection.stream(&select).await.unwrap();
    let mut rows = 0;
    loop {
        match connection.arrival().unwrap() {
            Arrival::Row(payload) => {
                let mut fields = Fields::new(connection.row(payload));
                fields.take(2).unwrap();
                assert!(fields.text() == Some(&value[..]));
                rows += 1;
            }
            Arrival::Wait => connection.wait().await.unwrap(),
            Arrival::End => break,
        }
    }
    assert_eq!(rows, 1);
    assert!(connection.is_usable());
}

#[tokio::test]
async fn data_in_memory_is_loaded_as_a_file() {
    let db = MariaDb::shared().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    connection
        .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
        .await
        .unwrap();
    let load = "LOAD DATA LOCAL INFILE 'x' INTO TABLE t CHARACTER SET utf8mb4 (a, b)";
    connection.load_start(load).await.unwrap();
    connection.load_send(b"1\tone\n2\t").await.unwrap();
    connection
        .load_send("zw\u{1F600}\n".as_bytes())
        .await
        .unwrap();
    let done = connection.load_finish().await.unwrap();
    assert_eq!(done.affected, 2);
    assert!(done.info.starts_with("Records: 2"), "{}", done.info);
    assert_eq!(db.sql("SELECT b FROM t WHERE a = 2"), "zw\u{1F600}");
    assert!(
        connection
            .load_start("LOAD DATA LOCAL INFILE 'x' INTO TABLE u")
            .await
            .is_err()
    );
    assert!(connection.is_usable());
}

#[tokio::test]
async fn a_source_gives_no_file_away() {
    let db = MariaDb::shared().database("wire");
    db.sql("CREATE TABLE t (a INT)");
    let mut connection = Connection::open(&of(&db, ""), Purpose::Source)
        .await
        .unwrap();
    let failure = connection
        .query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")
        .await;
    assert!(
        failure.unwrap_err().errno().is_some(),
        "the server knows that it may not ask"
    );
}

#[tokio::test]
async fn a_wrong_password_is_one_clear_error() {
    let db = MariaDb::shared().database("wire");
    let error = open(&settings(&db.jdbc_url(), &db.user, "secret1"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), errors::LOGIN_REFUSED);
    assert!(!error.is_retryable());
    assert!(!error.report().contains("secret1"));
    let missing = db.jdbc_url().replace(db.name(), "nowhere");
    let error = open(&settings(&missing, &db.user, &db.password))
        .await
        .unwrap_err();
    assert_eq!(error.code(), errors::CONNECT_FAILED);
}

#[tokio::test]
async fn nobody_listening_is_an_error_that_may_pass() {
    let error = open(&settings("jdbc:mysql://127.0.0.1:1/d", "u", "p"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), errors::CONNECT_FAILED);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn users_log_in_by_ed25519_and_without_a_password() {
    let db = odd_server().database("wire");
    db.sql(
        "CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('s3cret'); GRANT ALL ON *.* TO ed; \
         CREATE USER open; GRANT ALL ON *.* TO open",
    );
    let mut connection = open(&settings(&db.jdbc_url(), "ed", "s3cret"))
        .await
        .unwrap();
    assert_eq!(connection.rows("SELECT 1").await.unwrap().len(), 1);
    assert!(
        open(&settings(&db.jdbc_url(), "ed", "other"))
            .await
            .is_err()
    );
    assert!(open(&settings(&db.jdbc_url(), "open", "")).await.is_ok());
}

#[tokio::test]
async fn a_socket_of_this_machine_will_do() {
    let db = MariaDb::shared().database("wire");
    let query = format!("?localSocket={}", db.socket_path().display());
    let mut connection = open(&of(&db, &query)).await.unwrap();
    assert_eq!(connection.rows("SELECT 1").await.unwrap().len(), 1);
}

#[tokio::test]
async fn servers_are_checked_as_far_as_the_url_says() {
    let server = MariaDb::with_tls();
    let db = server.database("wire");
    let certificates = server.certificates();
    let cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
    for (query, encrypted) in [
        (String::new(), true),
        ("?useSSL=false".to_owned(), false),
        ("?sslMode=REQUIRED".to_owned(), true),
        (
            format!(
                "?sslMode=VERIFY_IDENTITY&trustCertificateKeyStoreUrl=file:{}",
                certificates.ca.display()
            ),
            true,
        ),
        (
            format!(
                "?sslMode=verify-ca&serverSslCert={}",
                certificates.ca.display()
            ),
            true,
        ),
    ] {
        let mut connection = open(&of(&db, &query)).await.unwrap();
        let rows = connection.rows(cipher).await.unwrap();
        let found = rows[0][1].as_deref().unwrap_or_default();
        assert_eq!(!found.is_empty(), encrypted, "{query}: {found}");
    }
    let wrong = format!(
        "?sslMode=VERIFY_CA&trustCertificateKeyStoreUrl={}",
        certificates.wrong_ca.display()
    );
    let error = open(&of(&db, &wrong)).await.unwrap_err();
    assert_eq!(error.code(), errors::TLS_FAILED);
    let plain = MariaDb::shared().database("wire");
    let error = open(&of(&plain, "?sslMode=REQUIRED")).await.unwrap_err();
    assert_eq!(error.code(), errors::TLS_FAILED);
}

#[tokio::test]
async fn sessions_have_the_zone_and_the_variables_of_the_url() {
    let db = MariaDb::shared().database("wire");
    let query = "?serverTimezone=GMT%2B8&sessionVariables=lock_wait_timeout=7,max_statement_time=9";
    let mut connection = open(&of(&db, query)).await.unwrap();
    assert_eq!(connection.server().time_zone, "+08:00");
    let rows = connection.rows("SELECT @@lock_wait_timeout").await.unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("7"));
    // The test's server has no tables of zones.
    let connection = open(&of(&db, "?serverTimezone=Asia/Shanghai"))
        .await
        .unwrap();
    assert_eq!(connection.server().time_zone, "+00:00");
}

#[tokio::test]
async fn a_backslash_is_an_escape_whatever_the_server_is_set_to() {
    let db = odd_server().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let mode = &connection.server().sql_mode;
    assert!(
        mode.contains("ANSI_QUOTES") && !mode.contains("NO_BACKSLASH_ESCAPES"),
        "{mode}"
    );
    let rows = connection.rows(r"SELECT LENGTH('\\')").await.unwrap();
    assert_eq!(rows[0][0].as_deref(), Some("1"));
}

#[tokio::test]
async fn a_server_that_dies_is_a_lost_connection() {
    let server = MariaDb::start();
    let db = server.database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let (result, ()) = tokio::join!(connection.query("SELECT SLEEP(60)"), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        server.kill();
    });
    let failure = result.unwrap_err();
    assert!(failure.is_lost());
    assert!(Error::from(failure).is_retryable());
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn a_call_given_up_leaves_a_connection_that_says_so() {
    let db = MariaDb::shared().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let short = std::time::Duration::from_millis(50);
    assert!(
        tokio::time::timeout(short, connection.query("SELECT SLEEP(5)"))
            .await
            .is_err()
    );
    assert!(!connection.is_usable());
    assert!(connection.query("SELECT 1").await.unwrap_err().is_lost());
}

#[tokio::test]
async fn a_packet_that_the_server_will_not_take_is_named() {
    let db = odd_server().database("wire");
    let mut connection = open(&of(&db, "")).await.unwrap();
    let sql = format!("SELECT LENGTH('{}')", "x".repeat(40 << 20));
    let failure = connection.query(&sql).await.unwrap_err();
    assert_eq!(failure.errno(), Some(1153), "{failure}");
}
