//! What goes wrong ends in one clear error.

use crate::common::*;
use seatunnel_jdbc_core::errors;
use seatunnel_jdbc_testkit::MariaDb;
use serde_json::json;

#[tokio::test]
async fn a_missing_table_comes_with_the_nearest_name() {
    let db = MariaDb::shared().database("fail");
    db.sql("CREATE TABLE customers (a INT)");
    let error = error(&db, "", json!({"table_path": "custmers"})).await;
    assert_eq!(error.code(), errors::TABLE_MISSING);
    let help = error.help().unwrap();
    assert!(
        help.contains(&format!("`{}.customers`", db.name())),
        "{help}"
    );
}

#[tokio::test]
async fn a_wrong_query_says_what_the_server_says() {
    let db = MariaDb::shared().database("fail");
    for (query, code, part) in [
        ("SELEC 1", errors::STATEMENT_FAILED, "SQL syntax"),
        (
            "SELECT nope FROM (SELECT 1 AS a) x",
            errors::COLUMN_MISSING,
            "nope",
        ),
        ("SELECT * FROM nowhere", errors::TABLE_MISSING, "nowhere"),
        ("SELECT 1 AS a, 2 AS a", errors::OPTION, "two columns `a`"),
        ("SET @a = 1", errors::OPTION, "returns rows"),
        ("SELECT ? AS a", errors::OPTION, "without parameters"),
    ] {
        let error = error(&db, "", json!({"query": query})).await;
        assert_eq!(error.code(), code, "{query}: {error:?}");
        assert!(error.message().contains(part), "{query}: {error:?}");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_the_rows_is_told() {
    let db = MariaDb::shared().database("fail");
    db.sql("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_5000");
    let query = "SELECT a, IF(a = 4000, (SELECT a FROM t), 1) AS b FROM t";
    let error = error(&db, "", json!({"query": query})).await;
    assert_eq!(error.code(), errors::STATEMENT_FAILED);
    assert!(error.message().contains("more than 1 row"), "{error:?}");
}

#[tokio::test]
async fn a_killed_server_is_a_lost_connection() {
    let server = MariaDb::start();
    let db = server.database("fail");
    db.sql("CREATE TABLE t (a INT PRIMARY KEY, b TEXT); INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM seq_1_to_50000");
    let source = source(&db, json!({"table_path": "t"})).await.unwrap();
    let split = splits(&source, 1).await.remove(0);
    let mut reader = source.reader(task()).await.unwrap();
    struct Killing<'a>(&'a MariaDb, usize);
    #[async_trait::async_trait]
    impl seatunnel_api::Emitter for Killing<'_> {
        async fn emit(
            &mut self,
            batch: seatunnel_api::Batch,
            _: Option<Vec<u8>>,
        ) -> seatunnel_api::Result<()> {
            if self.1 == 0 {
                self.0.kill();
            }
            self.1 += batch.records().num_rows();
            Ok(())
        }
        fn wants_positions(&self) -> bool {
            false
        }
    }
    let mut killing = Killing(&server, 0);
    let error = reader.read(&split.bytes, &mut killing).await.unwrap_err();
    assert_eq!(error.code(), errors::CONNECTION_LOST, "{error:?}");
    assert!(error.is_retryable());
    assert!(killing.1 < 50_000);
    assert!(
        error.report().contains(&format!("{}.t", db.name())),
        "{error:?}"
    );
    // The next attempt of the same reader begins with a new connection.
    server.restart();
    let mut collected = Collected::default();
    reader.read(&split.bytes, &mut collected).await.unwrap();
    assert_eq!(collected.rows().len(), 50_000);
}

#[tokio::test]
async fn a_table_changed_under_a_job_is_told() {
    let db = MariaDb::shared().database("fail");
    db.sql("CREATE TABLE t (a INT PRIMARY KEY, b INT)");
    let source = source(&db, json!({"table_path": "t"})).await.unwrap();
    db.sql("ALTER TABLE t MODIFY b VARCHAR(20)");
    let error = read(&source, 1).await.err().unwrap();
    assert!(
        error.message().contains("comes as another type"),
        "{error:?}"
    );
    db.sql("ALTER TABLE t DROP b");
    let error = read(&source, 1).await.err().unwrap();
    assert_eq!(error.code(), errors::COLUMN_MISSING, "{error:?}");
}

#[tokio::test]
async fn a_user_without_the_right_is_told() {
    let db = MariaDb::shared().database("fail");
    db.sql(&format!("CREATE TABLE t (a INT, b INT); CREATE USER {0}_u IDENTIFIED BY 'p'; GRANT SELECT (a) ON t TO {0}_u", db.name()));
    let options =
        json!({"query": "SELECT * FROM t", "user": format!("{}_u", db.name()), "password": "p"});
    let error = error(&db, "", options).await;
    assert_eq!(error.code(), errors::FORBIDDEN, "{error:?}");
    assert!(error.help().is_some());
}
