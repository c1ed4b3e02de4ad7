use seatunnel_api::options::Secret;
use serde_json::json;

use super::stand_in::StandIn;
use super::*;

fn options(url: &str) -> RegistryOptions {
    RegistryOptions {
        schema_registry_url: Some(url.to_owned()),
        schema_registry_timeout: 20_000,
        schema_registry_register: true,
        ..RegistryOptions::default()
    }
}

fn open(options: &RegistryOptions) -> Arc<Registry> {
    Registry::new(options).unwrap().unwrap()
}

#[tokio::test]
async fn each_schema_is_asked_for_once() {
    let stand_in = StandIn::start().await;
    stand_in.put("s", json!({ "schema": "\"int\"" }));
    let registry = open(&options(&stand_in.url));
    let all = (0..20).map(|_| registry.schema(SchemaId(1)));
    for schema in futures_util::future::join_all(all).await {
        assert_eq!(schema.unwrap().unwrap().text, "\"int\"");
    }
    assert!(registry.schema(SchemaId(2)).await.unwrap().is_none());
    assert!(registry.schema(SchemaId(2)).await.unwrap().is_none());
    assert_eq!(stand_in.held.lock().unwrap().requests.len(), 2);
}

#[tokio::test]
async fn subjects_follow_the_strategy() {
    let cases = [
        (SubjectStrategy::TopicName, None, "t/1-value"),
        (SubjectStrategy::RecordName, None, "a.R"),
        (SubjectStrategy::TopicRecordName, None, "t/1-a.R"),
        (SubjectStrategy::RecordName, Some("mine"), "mine"),
    ];
    for (strategy, subject, expected) in cases {
        let stand_in = StandIn::start().await;
        let registry = open(&RegistryOptions {
            schema_registry_subject_strategy: strategy,
            schema_registry_subject: subject.map(str::to_owned),
            ..options(&stand_in.url)
        });
        let id = registry
            .id("t/1", Part::Value, "a.R", SchemaKind::Protobuf, "text")
            .await
            .unwrap();
        assert_eq!(id, SchemaId(1));
        let held = stand_in.held.lock().unwrap();
        let body = json!({ "schema": "text", "schemaType": "PROTOBUF" });
        assert_eq!(held.schemas, [(expected.to_owned(), body)]);
    }
}

#[tokio::test]
async fn a_schema_that_may_not_be_registered_must_be_there() {
    let stand_in = StandIn::start().await;
    let registry = open(&RegistryOptions {
        schema_registry_register: false,
        ..options(&stand_in.url)
    });
    let error = registry
        .id("t", Part::Value, "R", SchemaKind::Avro, "\"int\"")
        .await
        .unwrap_err();
    assert!(
        error.report().contains("schema_registry_register") && !error.is_retryable(),
        "{error:?}"
    );
    stand_in.put("t-value", json!({ "schema": "\"int\"" }));
    assert_eq!(
        registry
            .id("t", Part::Value, "R", SchemaKind::Avro, "\"int\"")
            .await
            .unwrap(),
        SchemaId(1)
    );
}

#[tokio::test]
async fn a_schema_that_breaks_the_rules_of_its_subject_says_why() {
    let stand_in = StandIn::start().await;
    let registry = open(&options(&stand_in.url));
    let error = registry
        .id("frozen", Part::Value, "R", SchemaKind::Avro, "\"int\"")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("READER_FIELD_MISSING_DEFAULT_VALUE"),
        "{error}"
    );
    assert!(error.to_string().contains("frozen-value") && !error.is_retryable());
}

#[tokio::test]
async fn logins_of_all_kinds_let_in_and_none_is_shown() {
    let stand_in = StandIn::start().await;
    stand_in.put("s", json!({ "schema": "\"int\"" }));
    let place = stand_in.url.strip_prefix("http://").unwrap();
    let user = RegistryOptions {
        schema_registry_user: Some("me".into()),
        schema_registry_password: Some(Secret::new("s:cret")),
        ..options(&stand_in.url)
    };
    let inside = options(&format!("http://me:s%3Acret@{place}/"));
    for options in [&user, &inside] {
        stand_in.held.lock().unwrap().login = Some("Basic bWU6czpjcmV0".into());
        assert!(open(options).schema(SchemaId(1)).await.unwrap().is_some());
        stand_in.held.lock().unwrap().login = Some("other".into());
        let error = open(options).schema(SchemaId(1)).await.unwrap_err();
        assert!(error.report().contains("who are you?"), "{error:?}");
        assert!(
            !error.report().contains("cret") && !error.is_retryable(),
            "{error:?}"
        );
    }
    stand_in.held.lock().unwrap().login = Some("Bearer abc".into());
    let token = RegistryOptions {
        schema_registry_token: Some(Secret::new("abc")),
        ..options(&stand_in.url)
    };
    assert!(open(&token).schema(SchemaId(1)).await.unwrap().is_some());
    assert!(!format!("{user:?}{token:?}").contains("cret"));
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_and_others_are_tried() {
    let stand_in = StandIn::start().await;
    stand_in.put("s", json!({ "schema": "\"int\"" }));
    stand_in.held.lock().unwrap().failures = 2;
    assert!(
        open(&options(&stand_in.url))
            .schema(SchemaId(1))
            .await
            .unwrap()
            .is_some()
    );

    // Nobody listens there.
    let dead = "http://127.0.0.1:1".to_owned();
    let both = options(&format!("{dead}, {}", stand_in.url));
    assert!(open(&both).schema(SchemaId(1)).await.unwrap().is_some());
    let error = open(&options(&dead)).schema(SchemaId(1)).await.unwrap_err();
    assert!(
        error.is_retryable() && error.to_string().contains(&dead),
        "{error}"
    );
}

#[test]
fn what_is_no_url_is_refused_without_its_password() {
    for url in [
        "ftp://u:geheim@h",
        "http://u:geheim@",
        "http://u:geheim@h:99999",
        "http://u:geheim@h?x=1",
        "",
    ] {
        let error = Registry::new(&options(url)).err().unwrap();
        assert!(!error.report().contains("geheim"), "{error:?}");
    }
    assert!(
        Registry::new(&RegistryOptions::default())
            .unwrap()
            .is_none()
    );
}
