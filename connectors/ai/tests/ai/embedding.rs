//! Embedding: values to requests, vectors to columns.

use seatunnel_api::{
    BatchBuilder, CatalogTable, Column, DataType, RowKind, TablePath, TableSchema, Value,
};
use serde_json::{Value as Json, json};

use crate::server::{Answer, Asked, Server};
use crate::support::{column, make, refusal, rows, run, table, text};

fn inputs(asked: &Asked) -> Vec<String> {
    let inputs = asked.body["input"].as_array().expect("a list");
    inputs
        .iter()
        .map(|i| i.as_str().expect("a text").to_owned())
        .collect()
}

/// The length of the text, and its last byte.
fn vector_of(text: &str) -> Json {
    json!([text.len() as f64 + 0.5, text.bytes().last().unwrap_or(0)])
}

fn value_of(text: &str) -> Value {
    let last = f32::from(text.bytes().last().unwrap_or(0));
    Value::Array(vec![
        Value::Float(text.len() as f32 + 0.5),
        Value::Float(last),
    ])
}

/// As OpenAI answers, but in another order than asked.
fn vectors(inputs: &[String]) -> Answer {
    let data = inputs.iter().enumerate().rev();
    let data: Vec<Json> = data
        .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector_of(text) }))
        .collect();
    Answer::json(json!({ "object": "list", "data": data }))
}

fn options(server: &Server, more: Json) -> Json {
    let mut options = json!({
        "model_provider": "OPENAI", "model": "text-embedding-x", "api_key": "sk-secret",
        "api_path": format!("{}/v1/embeddings", server.url), "model_retry_backoff_ms": 1,
        "vectorization_fields": { "name_vector": "name", "note_vector": "note" },
    });
    for (key, value) in more.as_object().expect("an object") {
        options[key] = value.clone();
    }
    options
}

#[tokio::test]
async fn values_become_vectors_of_the_size_that_the_model_has() {
    let server = Server::start(|asked, _| vectors(&inputs(asked))).await;
    let more = json!({ "single_vectorized_input_number": 5, "model_concurrency": 1 });
    let embedding = make("Embedding", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let columns = embedding.tables()[0].columns().to_vec();
    assert_eq!(columns[3].name, "name_vector");
    assert_eq!(columns[4].data_type, DataType::FloatVector(2));
    let out = run(&embedding, rows(&table("t"), 5)).await.unwrap();
    let names: Vec<Value> = (0..5).map(|id| value_of(&format!("name {id}"))).collect();
    assert_eq!(column(&out, "name_vector"), names);
    let mut notes: Vec<Value> = (0..4).map(|id| value_of(&format!("note {id}"))).collect();
    notes.push(Value::Null);
    assert_eq!(column(&out, "note_vector"), notes);
    assert_eq!(out[0].row(4).kind(), RowKind::Delete);
    let asked = server.asked();
    assert_eq!(asked[0].headers["authorization"], "Bearer sk-secret");
    assert_eq!(asked[1].body["model"], "text-embedding-x");
    // One for the size; then whole rows of two values, and nulls are not sent.
    let sent: Vec<Vec<String>> = asked.iter().map(inputs).collect();
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [1, 4, 5]);
    assert_eq!(sent[1], ["name 0", "note 0", "name 1", "note 1"]);
}

#[tokio::test]
async fn a_dimension_that_is_given_is_asked_for_and_not_asked_about() {
    let server = Server::start(|asked, _| vectors(&inputs(asked))).await;
    let more = json!({ "dimension": 2, "model_provider": "ZHIPU" });
    let embedding = make("Embedding", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    assert!(server.asked().is_empty());
    run(&embedding, rows(&table("t"), 1)).await.unwrap();
    assert_eq!(server.asked()[0].body["dimensions"], 2);
    let more = json!({ "dimension": 3 });
    let embedding = make("Embedding", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let error = run(&embedding, rows(&table("t"), 1)).await.unwrap_err();
    assert!(
        error
            .report()
            .contains("a vector of 2 numbers, where 3 are expected"),
        "{error:?}"
    );
}

#[tokio::test]
async fn vectors_that_are_not_as_many_as_the_inputs_get_to_no_row() {
    // Two vectors, whatever is asked.
    let server = Server::start(|_, _| vectors(&["a".to_owned(), "b".to_owned()])).await;
    let more = json!({ "single_vectorized_input_number": 10, "dimension": 2 });
    let embedding = make(
        "Embedding",
        options(&server, more.clone()),
        vec![table("t")],
    )
    .await
    .unwrap();
    // Rows by themselves have two values each, but for the last.
    let out = run(&embedding, rows(&table("t"), 4).slice(0, 3))
        .await
        .unwrap();
    assert_eq!(column(&out, "note_vector"), vec![value_of("b"); 3]);
    let error = run(&embedding, rows(&table("t"), 4)).await.unwrap_err();
    assert!(
        error.report().contains("has 2 vectors for 1 inputs"),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_service_of_one_s_own_is_laid_out_in_the_job_file() {
    let server = Server::start(|asked, _| {
        let texts = asked.body["inputx"].as_array().unwrap();
        let data: Vec<Json> = texts
            .iter()
            .map(|t| json!({ "embedding": vector_of(t.as_str().unwrap()) }))
            .collect();
        Answer::json(json!({ "data": data }))
    })
    .await;
    let more = json!({
        "model_provider": "CUSTOM", "single_vectorized_input_number": 2,
        "custom_config": {
            "custom_response_parse": "$.data[*].embedding",
            "custom_request_headers": { "Authorization": "Bearer own" },
            "custom_request_body": { "modelx": "${model}", "inputx": ["${input}"] },
        },
    });
    let embedding = make(
        "Embedding",
        options(&server, more.clone()),
        vec![table("t")],
    )
    .await
    .unwrap();
    let out = run(&embedding, rows(&table("t"), 2)).await.unwrap();
    assert_eq!(
        column(&out, "name_vector"),
        [value_of("name 0"), value_of("name 1")]
    );
    let asked = server.asked();
    assert_eq!(
        asked[1].body,
        json!({ "modelx": "text-embedding-x", "inputx": ["name 0", "note 0"] })
    );
    assert_eq!(asked[1].headers["authorization"], "Bearer own");
    let mut one = more;
    one["custom_config"]["custom_request_body"] = json!({ "text": "${input}" });
    let report = refusal("Embedding", options(&server, one)).await;
    assert!(report.contains("one input a request only"), "{report}");
}

#[tokio::test]
async fn qianfan_gets_a_token_and_a_new_one_when_it_is_stale() {
    let server = Server::start(|asked, number| {
        if asked.line.starts_with("GET /oauth?") {
            return Answer::json(json!({ "access_token": format!("token{number}") }));
        }
        if asked.line.contains("access_token=token0") && number > 1 {
            return Answer::json(json!({ "error_code": 110, "error_msg": "Access token invalid" }));
        }
        vectors(&inputs(asked))
    })
    .await;
    let more = json!({
        "model_provider": "QIANFAN", "secret_key": "s&k", "model": "bge",
        "oauth_path": format!("{}/oauth", server.url), "model_concurrency": 1,
        "vectorization_fields": { "v": "name" },
    });
    let embedding = make("Embedding", options(&server, more), vec![table("t")])
        .await
        .unwrap();
    let out = run(&embedding, rows(&table("t"), 2)).await.unwrap();
    assert_eq!(column(&out, "v"), [value_of("name 0"), value_of("name 1")]);
    let lines: Vec<String> = server.asked().iter().map(|a| a.line.clone()).collect();
    assert_eq!(
        lines,
        [
            "GET /oauth?grant_type=client_credentials&client_id=sk-secret&client_secret=s%26k",
            "POST /v1/embeddings/bge?access_token=token0",
            "POST /v1/embeddings/bge?access_token=token0",
            "GET /oauth?grant_type=client_credentials&client_id=sk-secret&client_secret=s%26k",
            "POST /v1/embeddings/bge?access_token=token3",
            "POST /v1/embeddings/bge?access_token=token3",
        ]
    );
    assert!(server.asked()[1].body.get("model").is_none());
}

#[tokio::test]
async fn amazon_s_models_are_spoken_to_each_in_its_own_way_with_signed_requests() {
    let server = Server::start(|asked, _| match asked.body.get("texts") {
        None => Answer::json(json!({ "embedding": [1, 2], "inputTextTokenCount": 3 })),
        Some(texts) => {
            let count = texts.as_array().map_or(0, Vec::len);
            Answer::json(json!({ "embeddings": vec![[3, 4]; count] }))
        }
    })
    .await;
    let amazon = |model: &str| {
        json!({
            "model_provider": "AMAZON", "secret_key": "aws-secret", "aws_region": "eu-west-1",
            "model": model, "api_path": server.url, "model_concurrency": 1, "dimension": 2,
            "single_vectorized_input_number": 2,
            "vectorization_fields": { "v": "name" },
        })
    };
    for (model, first) in [
        ("amazon.titan-embed-text-v2:0", 1.0),
        ("cohere.embed-multilingual-v3", 3.0),
    ] {
        let more = options(&server, amazon(model));
        let embedding = make("Embedding", more, vec![table("t")]).await.unwrap();
        let out = run(&embedding, rows(&table("t"), 2)).await.unwrap();
        let vector = Value::Array(vec![Value::Float(first), Value::Float(first + 1.0)]);
        assert_eq!(column(&out, "v"), [vector.clone(), vector]);
    }
    let asked = server.asked();
    let sent: Vec<(&str, &Json)> = asked.iter().map(|a| (a.line.as_str(), &a.body)).collect();
    let titan = "POST /model/amazon.titan-embed-text-v2%3A0/invoke";
    assert_eq!(
        sent,
        [
            (titan, &json!({ "inputText": "name 0", "dimensions": 2 })),
            (titan, &json!({ "inputText": "name 1", "dimensions": 2 })),
            (
                "POST /model/cohere.embed-multilingual-v3/invoke",
                &json!({ "texts": ["name 0", "name 1"], "input_type": "search_document" })
            ),
        ]
    );
    for request in &asked {
        let signed = &request.headers["authorization"];
        let date = &request.headers["x-amz-date"];
        let scope = format!("{}/eu-west-1/bedrock/aws4_request", &date[..8]);
        assert!(
            signed.starts_with("AWS4-HMAC-SHA256 Credential=sk-secret/"),
            "{signed}"
        );
        assert!(signed.contains(&scope), "{signed}");
        assert!(!signed.contains("aws-secret"), "{signed}");
    }
    for (key, why) in [("aws_region", "aws_region"), ("secret_key", "secret_key")] {
        let mut more = options(&server, amazon("amazon.titan-embed-text-v1"));
        more.as_object_mut().unwrap().remove(key);
        let report = refusal("Embedding", more).await;
        assert!(report.contains(why), "{report}");
    }
    let report = refusal("Embedding", options(&server, amazon("meta.llama3"))).await;
    assert!(report.contains("titan-embed"), "{report}");
}

#[tokio::test]
async fn doubao_takes_pictures_and_films() {
    let server = Server::start(|_, _| {
        Answer::json(json!({ "data": { "embedding": [1, 2], "object": "embedding" } }))
    })
    .await;
    let schema = TableSchema::new(vec![
        Column::new("url", DataType::String),
        Column::new("data", DataType::Bytes),
    ]);
    let input = std::sync::Arc::new(CatalogTable::new("test", TablePath::table("t"), schema));
    let mut builder = BatchBuilder::new(input.clone());
    let row = [
        text("https://host/film.MP4?x"),
        Value::Bytes(b"abc".to_vec()),
    ];
    builder.push(RowKind::Insert, &row).unwrap();
    let more = json!({
        "model_provider": "DOUBAO", "dimension": 2, "model_concurrency": 1,
        "vectorization_fields": {
            "told": { "field": "url", "format": "url" },
            "picture": { "field": "data", "modality": "jpeg", "format": "binary" },
            "plain": "url",
        },
    });
    let embedding = make("Embedding", options(&server, more), vec![input])
        .await
        .unwrap();
    let out = run(&embedding, builder.finish()).await.unwrap();
    assert_eq!(
        column(&out, "picture"),
        [Value::Array(vec![Value::Float(1.0), Value::Float(2.0)])]
    );
    let sent: Vec<Json> = server
        .asked()
        .iter()
        .map(|a| a.body["input"][0].clone())
        .collect();
    assert_eq!(
        sent,
        [
            json!({ "type": "video_url", "video_url": { "url": "https://host/film.MP4?x" } }),
            json!({ "type": "image_url", "image_url": { "url": "data:image/jpeg;base64,YWJj" } }),
            json!({ "type": "text", "text": "https://host/film.MP4?x" }),
        ]
    );
}

#[tokio::test]
async fn options_of_embedding_are_checked() {
    let server = Server::start(|asked, _| vectors(&inputs(asked))).await;
    for (more, why) in [
        (
            json!({ "vectorization_fields": { "v": "nam" } }),
            "did you mean `name`?",
        ),
        (
            json!({ "vectorization_fields": { "note": "name" } }),
            "two columns `note`",
        ),
        (
            json!({ "vectorization_fields": {} }),
            "needs the option `vectorization_fields`",
        ),
        (
            json!({ "model_provider": "BEDROCK" }),
            "one of OPENAI, DOUBAO",
        ),
        (
            json!({ "model_provider": "LOCAL", "api_path": "" }),
            "needs the option `api_path` for LOCAL",
        ),
        (
            json!({ "vectorization_fields": { "v": { "field": "name", "modality": "png" } } }),
            "vectors of text only with OPENAI",
        ),
    ] {
        let report = refusal("Embedding", options(&server, more)).await;
        assert!(report.contains(why), "{why}: {report}");
    }
    let server = Server::start(|_, _| Answer::json(json!({ "data": [] }))).await;
    let report = refusal("Embedding", options(&server, json!({}))).await;
    assert!(report.contains("has no vector"), "{report}");
}
