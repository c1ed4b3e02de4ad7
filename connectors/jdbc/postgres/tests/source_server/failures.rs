//! Servers that go away, and statements that take too long.

use std::time::{Duration, Instant};

use seatunnel_api::{Batch, Emitter, Result};
use seatunnel_jdbc_testkit::Postgres;
use serde_json::json;

use super::support::{Collected, error, of, read, source, splits, task};

/// Does something after the first batch.
struct After<F>(Option<F>, usize);

#[async_trait::async_trait]
impl<F: FnOnce() + Send> Emitter for After<F> {
    async fn emit(&mut self, batch: Batch, _position: Option<Vec<u8>>) -> Result<()> {
        self.1 += batch.num_rows();
        if let Some(work) = self.0.take() {
            work();
        }
        Ok(())
    }

    fn wants_positions(&self) -> bool {
        false
    }
}

const MANY: &str = "select n, repeat('x', 1000) as v from generate_series(1, 200000) n";

#[tokio::test]
async fn a_server_killed_while_it_is_read_is_a_retryable_error_at_once() {
    let server = Postgres::start();
    let db = server.database("killed");
    let found = source(of(&db, json!({"query": MANY}))).await.unwrap();
    let all = splits(&found, 1).await;
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    let started = Instant::now();
    let mut emitter = After(Some(|| server.kill()), 0);
    let lost = error(reader.read(&all[0].bytes, &mut emitter).await);
    assert_eq!(lost.code().id, "JDBC-15", "{lost}");
    assert!(lost.is_retryable());
    assert!(emitter.1 < 200_000);
    assert!(started.elapsed() < Duration::from_secs(60));
    let again = error(source(of(&db, json!({"query": MANY}))).await);
    assert_eq!(again.code().id, "JDBC-02");
    assert!(again.is_retryable());
    // What was read by it is of no use any more, but a new reader connects anew.
    server.restart();
    drop(reader);
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    let mut all_rows = Collected {
        no_positions: true,
        ..Collected::default()
    };
    reader.read(&all[0].bytes, &mut all_rows).await.unwrap();
    assert_eq!(all_rows.rows().len(), 200_000);
}

#[tokio::test]
async fn a_server_that_shuts_down_says_so() {
    let server = Postgres::start();
    let db = server.database("stopped");
    let found = source(of(&db, json!({"query": MANY}))).await.unwrap();
    let all = splits(&found, 1).await;
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    let lost = error(
        reader
            .read(&all[0].bytes, &mut After(Some(|| server.stop()), 0))
            .await,
    );
    assert_eq!(lost.code().id, "JDBC-15", "{lost}");
    assert!(lost.is_retryable());
}

#[tokio::test]
async fn a_statement_that_the_server_ends_is_an_error() {
    let db = Postgres::shared().database("timeout");
    let mut options = of(&db, json!({"query": "select pg_sleep(10)::text as a"}));
    options["url"] = json!(format!(
        "{}?options=-c%20statement_timeout%3D200",
        db.jdbc_url()
    ));
    let ended = error(read(options, 1).await);
    assert_eq!(ended.sql_state(), Some("57014"));
    assert!(
        ended.help().unwrap().contains("statement_timeout"),
        "{:?}",
        ended.help()
    );
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    let db = Postgres::shared().database("silent");
    let mut options = of(
        &db,
        json!({"query": "select pg_sleep(10)::text as a", "socket_timeout_ms": 2000}),
    );
    let started = Instant::now();
    let silent = error(read(options.clone(), 1).await);
    assert_eq!(silent.code().id, "JDBC-15");
    assert!(silent.is_retryable());
    // A port that takes connections and says nothing.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    options["url"] = json!(format!("jdbc:postgresql://127.0.0.1:{port}/x"));
    options["connect_timeout_ms"] = json!(300);
    let silent = error(source(options).await);
    assert_eq!(silent.code().id, "JDBC-02");
    assert!(silent.is_retryable());
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn what_is_no_server_of_this_kind_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::Write;
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let url = format!("jdbc:postgresql://127.0.0.1:{port}/x");
    let wrong = error(source(json!({"url": url, "user": "u", "query": "select 1"})).await);
    assert_eq!(wrong.code().id, "JDBC-17", "{wrong}");
}

/// A query that gives no rows for long.
const SLEEP: &str = "select pg_sleep(600)::text as a";

/// How many sessions are in it.
const SLEEPING: &str = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' \
     and datname = current_database() and pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_ended() {
    let db = Postgres::shared().database("cancelled");
    let mut options = of(&db, json!({"query": SLEEP}));
    // The server does not find out by itself.
    options["url"] = json!(format!(
        "{}?options=-c%20client_connection_check_interval%3D1h",
        db.jdbc_url()
    ));
    let found = source(options).await.unwrap();
    let all = splits(&found, 1).await;
    let mut reader = found.reader(task(0, 1)).await.unwrap();
    let mut nothing = Collected::default();
    let begun = async {
        while db.sql(SLEEPING) != "1" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        read = reader.read(&all[0].bytes, &mut nothing) => panic!("{read:?}"),
        () = begun => {}
    }
    drop(reader);
    db.wait_for(SLEEPING, "0");
}

/// Nobody is left to ask the server: it looks by itself whether its client is there.
#[test]
fn a_query_of_a_job_that_is_killed_ends_soon() {
    let db = Postgres::shared().database("orphan");
    // Parts are read in a transaction.
    let parts = json!({
        "query": "select 1 as n, pg_sleep(600)::text as a",
        "partition_column": "n",
        "partition_lower_bound": 1,
        "partition_upper_bound": 10,
        "partition_num": 2,
    });
    for options in [json!({"query": SLEEP}), parts] {
        let options = of(&db, options);
        let job = tokio::runtime::Runtime::new().unwrap();
        job.spawn(async move {
            let found = source(options).await.unwrap();
            let all = splits(&found, 1).await;
            let mut reader = found.reader(task(0, 1)).await.unwrap();
            let read = reader.read(&all[0].bytes, &mut Collected::default()).await;
            panic!("{read:?}");
        });
        db.wait_for(SLEEPING, "1");
        job.shutdown_background();
        db.wait_for(SLEEPING, "0");
    }
}
