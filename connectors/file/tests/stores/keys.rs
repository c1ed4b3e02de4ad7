//! Keys that S3 does not take, or that may not do all: against moto, which looks at signatures and policies here.

use std::sync::OnceLock;

use seatunnel_api::{Column, DataType, Registry, Value};
use seatunnel_conformance::{Data, FixtureError, read_back, write_by};
use serde_json::{Value as Json, json};

use crate::s3::between;
use crate::servers::{ask, guarded_s3};

const BUCKET: &str = "guarded";

/// Options with the keys of a user who may do all, and of one who may only read.
fn users() -> &'static [Json; 2] {
    static USERS: OnceLock<[Json; 2]> = OnceLock::new();
    USERS.get_or_init(|| {
        let port = guarded_s3().port;
        let made = ask(port, "PUT", &format!("/{BUCKET}"));
        assert!(made.contains(" 200 "), "{made}");
        let users = [("all", r#""s3:*""#), ("reads", r#"["s3:Get*","s3:List*"]"#)];
        let users = users.map(|(name, actions)| user(port, name, actions));
        // From now on.
        let guarded = post(port, "/moto-api/reset-auth", "0");
        assert!(guarded.contains("\"ok\""), "{guarded}");
        users
    })
}

fn post(port: u16, path: &str, body: &str) -> String {
    let form = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\
                Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=a\r\n";
    crate::servers::ask_with(port, "POST", path, form, body)
}

fn user(port: u16, name: &str, actions: &str) -> Json {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#
    );
    let escaped: String = policy.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let call = |body: &str| {
        post(
            port,
            "/",
            &format!("{body}&Version=2010-05-08&UserName={name}"),
        )
    };
    call("Action=CreateUser");
    call(&format!(
        "Action=PutUserPolicy&PolicyName=p&PolicyDocument={escaped}"
    ));
    let keys = call("Action=CreateAccessKey");
    let key = |element| between(&keys, element).pop().expect(&keys);
    json!({
        "bucket": BUCKET,
        "fs.s3a.endpoint": format!("http://127.0.0.1:{port}"),
        "access_key": key("AccessKeyId"),
        "secret_key": key("SecretAccessKey"),
        "path": "/rows",
        "file_format_type": "json",
    })
}

fn rows() -> Data {
    let columns = vec![Column::new("text", DataType::String)];
    let row = vec![Value::BigInt(1), Value::String("one".to_owned())];
    Data::new("rows", columns, vec![row])
}

async fn write(options: &Json) -> Result<(), String> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let written = write_by(&registry, "S3File", options, &rows()).await;
    written.map_err(told)
}

async fn read(options: &Json) -> Result<usize, String> {
    let registry = seatunnel_connector_file::register(Registry::new());
    let mut options = options.clone();
    options["schema"] = rows().schema_block();
    let rows = read_back(&registry, "S3File", &options).await;
    rows.map(|rows| rows.len()).map_err(told)
}

/// All that there is to say.
fn told(error: FixtureError) -> String {
    match error.downcast_ref::<seatunnel_api::Error>() {
        Some(error) => error.report(),
        None => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_or_key_is_told_once_and_not_shown() {
    let mut all = users()[0].clone();
    all["path"] = json!("/wrong");
    write(&all).await.unwrap();
    assert_eq!(read(&all).await, Ok(1));
    for key in ["secret_key", "access_key"] {
        let mut wrong = all.clone();
        wrong[key] = json!("a-wrong-secret");
        for error in [
            read(&wrong).await.unwrap_err(),
            write(&wrong).await.unwrap_err(),
        ] {
            let told = "error[FILE-";
            assert_eq!(error.matches(told).count(), 1, "{error}");
            let told = "s3://guarded does not accept the credentials";
            assert!(error.lines().next().unwrap().contains(told), "{error}");
            assert!(error.contains("check key and secret"), "{error}");
            assert!(!error.contains("a-wrong-secret"), "{error}");
            assert!(
                !error.contains(all["secret_key"].as_str().unwrap()),
                "{error}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_reads_and_is_told_when_writing() {
    let [all, reads] = users();
    write(all).await.unwrap();
    assert_eq!(read(reads).await, Ok(1));
    let error = write(reads).await.unwrap_err();
    assert!(error.contains("s3://guarded denies access"), "{error}");
    assert!(error.contains("a sink also to write"), "{error}");
    assert_eq!(read(reads).await, Ok(1));
}
