//! Services that are slow, busy or refuse; jobs that are stopped.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::server::{Answer, Server};
use crate::support::{column, make, rows, run, table, text};

fn good() -> Answer {
    Answer::json(json!({ "choices": [{ "message": { "content": "[\"fine\"]" } }] }))
}

fn options(url: &str, more: Json) -> Json {
    let mut options = json!({
        "model_provider": "OPENAI", "model": "m", "api_key": "sk-secret", "prompt": "p",
        "api_path": format!("{url}/chat?token=hidden"), "model_retry_backoff_ms": 1,
    });
    for (key, value) in more.as_object().expect("an object") {
        options[key] = value.clone();
    }
    options
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = Server::start(|_, number| match number {
        0 => Answer::status(429, "slow down"),
        1 => Answer::status(500, "{}"),
        2 => Answer::status(503, "later"),
        _ => good(),
    })
    .await;
    let llm = make("LLM", options(&server.url, json!({})), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 1)).await.unwrap();
    assert_eq!(column(&out, "llm_output"), [text("fine")]);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_server_that_says_how_long_to_wait_is_obeyed() {
    let server = Server::start(|_, number| match number {
        0 => Answer {
            headers: "Retry-After: 0.4\r\n",
            ..Answer::status(429, "")
        },
        _ => good(),
    })
    .await;
    let llm = make("LLM", options(&server.url, json!({})), vec![table("t")])
        .await
        .unwrap();
    let begin = Instant::now();
    run(&llm, rows(&table("t"), 1)).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn after_the_last_try_the_job_may_try_again() {
    let server = Server::start(|_, _| {
        Answer::status(
            503,
            r#"{"error": {"message": "overloaded, sk-secret is fine"}}"#,
        )
    })
    .await;
    let more = json!({ "model_retry_max_attempts": 2 });
    let llm = make("LLM", options(&server.url, more), vec![table("t")])
        .await
        .unwrap();
    let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
    assert!(error.is_retryable() && !error.is_of_row());
    let report = error.report();
    assert!(
        report.contains("says 503") && report.contains("overloaded, ****** is fine"),
        "{report}"
    );
    assert!(
        report.contains("/chat") && !report.contains("hidden"),
        "{report}"
    );
    assert!(!report.contains("sk-secret"), "{report}");
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    for (status, body, why) in [
        (
            401,
            r#"{"error": {"message": "Incorrect API key: sk-secret"}}"#,
            "Incorrect API key: ******",
        ),
        (400, r#"{"error": "context too long"}"#, "context too long"),
        (404, "<html>no</html>", "<html>no</html>"),
    ] {
        let server = Server::start(move |_, _| Answer::status(status, body)).await;
        let llm = make("LLM", options(&server.url, json!({})), vec![table("t")])
            .await
            .unwrap();
        let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
        assert_eq!(server.asked().len(), 1, "{status}");
        assert!(!error.is_retryable() && !error.is_of_row());
        assert!(error.report().contains(why), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_does_not_answer_is_an_error_that_may_pass() {
    let more = json!({ "model_retry_max_attempts": 2, "model_request_timeout_ms": 200 });
    let llm = make(
        "LLM",
        options("http://127.0.0.1:1", more.clone()),
        vec![table("t")],
    )
    .await
    .unwrap();
    let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
    assert!(
        error.is_retryable() && error.report().contains("can't be reached"),
        "{error:?}"
    );
    assert!(!error.report().contains("hidden"), "{error:?}");
    let server = Server::start(|_, _| good().after(60_000)).await;
    let llm = make("LLM", options(&server.url, more), vec![table("t")])
        .await
        .unwrap();
    let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
    assert!(
        error.is_retryable() && error.report().contains("did not answer in time"),
        "{error:?}"
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn requests_are_spaced_over_all_tasks() {
    let server = Server::start(|_, _| good()).await;
    let more = json!({ "model_requests_per_minute": 1200, "model_concurrency": 16 });
    let llm = make("LLM", options(&server.url, more), vec![table("t")])
        .await
        .unwrap();
    let begin = Instant::now();
    let (table, other) = (table("t"), llm.clone());
    let batch = rows(&table, 5);
    let two = tokio::join!(run(&llm, batch.clone()), run(&other, batch));
    assert!(two.0.is_ok() && two.1.is_ok());
    // Ten requests, 50 ms apart.
    assert!(
        begin.elapsed() >= Duration::from_millis(450),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_job_that_is_stopped_asks_no_more() {
    let server = Server::start(|_, _| good().after(1_000)).await;
    let more = json!({ "model_concurrency": 2 });
    let llm = make("LLM", options(&server.url, more), vec![table("t")])
        .await
        .unwrap();
    let batch = rows(&table("t"), 100);
    let asked = async {
        while server.asked().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Both that may be asked at a time are: none is on its way.
    tokio::select! {
        _ = run(&llm, batch) => panic!("there are 100 rows to ask for"),
        () = asked => {}
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(server.asked().len(), 2);
}
