//! LLM: rows to requests, answers to a column.

use std::sync::atomic::Ordering;

use seatunnel_api::{DataType, RowKind, Value};
use serde_json::{Value as Json, json};

use crate::server::{Answer, Asked, Server};
use crate::support::{column, make, refusal, rows, run, table, text};

fn chat(content: &str) -> Answer {
    Answer::json(json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] }))
}

/// The rows that a request asks about.
fn asked_rows(asked: &Asked) -> Vec<Json> {
    let content = asked.body["messages"][1]["content"]
        .as_str()
        .expect("a text");
    serde_json::from_str(content).expect("rows")
}

/// An answer of `of id` for each row.
fn of_ids(asked: &Asked) -> Answer {
    let rows = asked_rows(asked);
    let answers: Vec<String> = rows.iter().map(|row| format!("of {}", row["id"])).collect();
    chat(&serde_json::to_string(&answers).expect("texts"))
}

fn options(server: &Server, more: Json) -> Json {
    let mut options = json!({
        "model_provider": "OPENAI", "model": "gpt-x", "api_key": "sk-secret", "prompt": "Say who it is",
        "openai.api_path": format!("{}/v1/chat/completions", server.url),
    });
    for (key, value) in more.as_object().expect("an object") {
        options[key] = value.clone();
    }
    options
}

#[tokio::test]
async fn each_row_is_a_request_and_answers_keep_their_places() {
    // The first requests are answered last.
    let server = Server::start(|asked, number| of_ids(asked).after(60 - 10 * number as u64)).await;
    let llm = make("LLM", options(&server, json!({})), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 6)).await.unwrap();
    let expected: Vec<Value> = (0..6).map(|id| text(&format!("of {id}"))).collect();
    assert_eq!(column(&out, "llm_output"), expected);
    assert_eq!(out[0].row(5).kind(), RowKind::Delete);
    assert_eq!(out[0].row(2).values()[1], text("name 2"));
    let asked = server.asked();
    assert_eq!(asked.len(), 6);
    let first = asked.iter().find(|a| asked_rows(a)[0]["id"] == 0).unwrap();
    assert_eq!(first.line, "POST /v1/chat/completions");
    assert_eq!(first.headers["authorization"], "Bearer sk-secret");
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.body["model"], "gpt-x");
    let prompt = first.body["messages"][0]["content"].as_str().unwrap();
    assert!(
        prompt.starts_with("Say who it is\n") && prompt.contains("1 rows"),
        "{prompt}"
    );
    assert_eq!(
        asked_rows(first),
        [json!({ "id": 0, "name": "name 0", "note": "note 0" })]
    );
    let most = server.seen.most_at_once.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
}

#[tokio::test]
async fn several_rows_are_one_request_and_fewer_if_the_answers_are_not_as_many() {
    let server = Server::start(|asked, _| of_ids(asked)).await;
    let more =
        json!({ "inference_batch_size": 4, "inference_columns": ["id"], "model_concurrency": 1 });
    let llm = make("LLM", options(&server, more.clone()), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 10)).await.unwrap();
    let expected: Vec<Value> = (0..10).map(|id| text(&format!("of {id}"))).collect();
    assert_eq!(column(&out, "llm_output"), expected);
    let sizes: Vec<usize> = server.asked().iter().map(|a| asked_rows(a).len()).collect();
    assert_eq!(sizes, [4, 4, 2]);
    assert_eq!(
        asked_rows(&server.asked()[2])[0],
        json!({ "id": 8 }),
        "only the columns named"
    );

    // This one can't count beyond one.
    let server =
        Server::start(|asked, _| chat(&format!("[\"of {}\"]", asked_rows(asked)[0]["id"]))).await;
    let llm = make("LLM", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 5)).await.unwrap();
    assert_eq!(column(&out, "llm_output"), expected[..5]);
}

#[tokio::test]
async fn answers_come_in_the_type_that_is_asked_for() {
    for (output, content, expected) in [
        ("boolean", "[True]", Value::Boolean(true)),
        ("BOOLEAN", "[False]", Value::Boolean(false)),
        ("INT", "```json\n[\"42\"]\n```", Value::Int(42)),
        ("BIGINT", "[9000000000]", Value::BigInt(9_000_000_000)),
        ("DOUBLE", "[1.5]", Value::Double(1.5)),
        ("STRING", "[null]", Value::Null),
    ] {
        let server = Server::start(move |_, _| chat(content)).await;
        let more = json!({ "output_data_type": output, "output_column_name": "answer" });
        let llm = make("LLM", options(&server, more), vec![table("t")])
            .await
            .unwrap();
        let out = run(&llm, rows(&table("t"), 1)).await.unwrap();
        assert_eq!(column(&out, "answer"), [expected], "{output}");
    }
    let server = Server::start(|_, _| chat("[\"many\"]")).await;
    let llm = make(
        "LLM",
        options(&server, json!({ "output_data_type": "INT" })),
        vec![table("t")],
    )
    .await
    .unwrap();
    assert_eq!(llm.tables()[0].columns()[3].data_type, DataType::Int);
    let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
    assert!(
        error.is_of_row() && error.report().contains("is no INT: \"many\""),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_can_t_be_read_is_asked_for_again_and_then_an_error_of_its_row() {
    let server =
        Server::start(|_, number| chat(if number == 0 { "I can't." } else { "[\"yes\"]" })).await;
    let more = json!({ "model_retry_max_attempts": 2 });
    let llm = make("LLM", options(&server, more.clone()), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 1)).await.unwrap();
    assert_eq!(column(&out, "llm_output"), [text("yes")]);
    let server = Server::start(|_, _| chat("I can't.")).await;
    let llm = make("LLM", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let error = run(&llm, rows(&table("t"), 1)).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
    assert!(error.is_of_row() && !error.is_retryable(), "{error:?}");
    assert!(
        error.report().contains("is no list: \"I can't.\""),
        "{error:?}"
    );
}

#[tokio::test]
async fn azure_has_its_model_in_the_address_and_a_header_of_its_own() {
    let server = Server::start(|_, _| chat("[\"x\"]")).await;
    let mut options = options(&server, json!({ "model_provider": "MICROSOFT" }));
    options.as_object_mut().unwrap().remove("openai.api_path");
    let report = refusal("LLM", options.clone()).await;
    assert!(
        report.contains("needs the option `api_path` for MICROSOFT"),
        "{report}"
    );
    options["api_path"] = json!(format!(
        "{}/openai/deployments/${{model}}/chat?api-version=1",
        server.url
    ));
    let llm = make("LLM", options, vec![table("t")]).await.unwrap();
    run(&llm, rows(&table("t"), 1)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        asked.line,
        "POST /openai/deployments/gpt-x/chat?api-version=1"
    );
    assert_eq!(asked.headers["api-key"], "sk-secret");
    assert!(!asked.headers.contains_key("authorization"));
    assert!(asked.body.get("model").is_none());
}

#[tokio::test]
async fn a_service_of_one_s_own_is_laid_out_in_the_job_file() {
    let server =
        Server::start(|_, _| Answer::json(json!({ "out": [{ "text": "[\"Chinese\"]" }] }))).await;
    let more = json!({
        "model_provider": "CUSTOM",
        "custom_config": {
            "custom_response_parse": "$.out[*].text",
            "custom_request_headers": { "X-Key": "k", "Content-Type": "application/x+json" },
            "custom_request_body": {
                "modelx": "${model}",
                "parts": [{ "p": "${prompt}" }, { "i": "rows: ${input}", "unknown": "${other}", "n": 1 }],
            },
        },
    });
    let llm = make("LLM", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let out = run(&llm, rows(&table("t"), 1)).await.unwrap();
    assert_eq!(column(&out, "llm_output"), [text("Chinese")]);
    let asked = &server.asked()[0];
    assert_eq!(asked.headers["x-key"], "k");
    assert_eq!(asked.headers["content-type"], "application/x+json");
    assert!(!asked.headers.contains_key("authorization"));
    assert_eq!(asked.body["modelx"], "gpt-x");
    assert!(
        asked.body["parts"][0]["p"]
            .as_str()
            .unwrap()
            .starts_with("Say who it is")
    );
    assert_eq!(
        asked.body["parts"][1],
        json!({ "i": "rows: [{\"id\":0,\"name\":\"name 0\",\"note\":null}]", "unknown": "${other}", "n": 1 })
    );
}

#[tokio::test]
async fn rules_may_differ_by_table() {
    let server = Server::start(|asked, _| of_ids(asked)).await;
    let more = json!({
        "table_match_regex": "db.a.*",
        "table_transform": [{
            "table_path": "db.own", "model_provider": "LOCAL", "model": "m", "prompt": "p",
            "output_column_name": "own", "api_path": format!("{}/own", server.url),
        }],
    });
    let tables = vec![table("db.a1"), table("db.own"), table("other")];
    let llm = make("LLM", options(&server, more), tables.clone())
        .await
        .unwrap();
    let names = |at: usize| llm.tables()[at].schema().names().last().unwrap().to_owned();
    assert_eq!(
        [names(0), names(1), names(2)],
        ["llm_output", "own", "note"]
    );
    for table in &tables {
        run(&llm, rows(table, 1)).await.unwrap();
    }
    let lines: Vec<String> = server.asked().iter().map(|a| a.line.clone()).collect();
    assert_eq!(lines, ["POST /v1/chat/completions", "POST /own"]);
    assert!(
        !server.asked()[1].headers.contains_key("authorization"),
        "LOCAL needs no key"
    );
}

#[tokio::test]
async fn options_of_llm_are_checked() {
    let server = Server::start(|_, _| chat("[]")).await;
    let without = |key: &str| {
        let mut options = options(&server, json!({}));
        options.as_object_mut().unwrap().remove(key);
        options
    };
    for (key, why) in [
        ("model_provider", "needs the option `model_provider`"),
        ("model", "needs the option `model`"),
        ("api_key", "needs the option `api_key` for OPENAI"),
        ("prompt", "needs the option `prompt`"),
    ] {
        let report = refusal("LLM", without(key)).await;
        assert!(report.contains(why), "{report}");
    }
    for (more, why) in [
        (
            json!({ "model_provider": "OPENAY" }),
            "did you mean OPENAI?",
        ),
        (
            json!({ "inference_columns": ["nam"] }),
            "did you mean `name`?",
        ),
        (
            json!({ "output_column_name": "note" }),
            "has a column `note` already",
        ),
        (
            json!({ "output_data_type": "DECIMAL" }),
            "one of STRING, INT",
        ),
        (
            json!({ "openai.api_path": "localhost:80" }),
            "needs an address like https://host/path",
        ),
        (
            json!({ "model_provider": "CUSTOM" }),
            "needs the option `custom_config`",
        ),
        (json!({ "model_concurrency": 0 }), "must be at least 1"),
    ] {
        let report = refusal("LLM", options(&server, more)).await;
        assert!(report.contains(why), "{why}: {report}");
        assert!(!report.contains("sk-secret"), "{report}");
    }
}
