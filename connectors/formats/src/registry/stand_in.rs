//! A registry for tests: a small HTTP server that speaks the part of the documented interface that is used here.
//!
//! Confluent's own registry is not on Maven Central, and others there are hundreds of megabytes.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server has and what it was asked.
#[derive(Default)]
pub(crate) struct Held {
    /// By number less one: subject, and the body it was registered with.
    pub(crate) schemas: Vec<(String, Value)>,
    /// `METHOD path`, in order.
    pub(crate) requests: Vec<String>,
    /// The header that requests must have.
    pub(crate) login: Option<String>,
    /// How many requests fail before one is answered.
    pub(crate) failures: usize,
}

/// A registry on loopback that ends with its runtime.
pub(crate) struct StandIn {
    pub(crate) url: String,
    pub(crate) held: Arc<Mutex<Held>>,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held: Arc<Mutex<Held>> = Arc::default();
        let shared = held.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let held = shared.clone();
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    let (head, body) = loop {
                        let mut part = [0; 4096];
                        let read = stream.read(&mut part).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        bytes.extend_from_slice(&part[..read]);
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        if let Some((head, body)) = text.split_once("\r\n\r\n") {
                            let length = head
                                .lines()
                                .find_map(|l| {
                                    l.to_lowercase()
                                        .strip_prefix("content-length: ")
                                        .map(str::to_owned)
                                })
                                .map_or(0, |l| l.parse().unwrap());
                            if body.len() >= length {
                                break (head.to_owned(), body.to_owned());
                            }
                        }
                    };
                    let (status, answer) = held.lock().unwrap().answer(&head, &body);
                    let answer = answer.to_string();
                    let text = format!(
                        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{answer}",
                        answer.len()
                    );
                    stream.write_all(text.as_bytes()).await.ok();
                });
            }
        });
        Self { url, held }
    }

    /// Puts a schema there and gives its number.
    pub(crate) fn put(&self, subject: &str, body: Value) -> u32 {
        let mut held = self.held.lock().unwrap();
        held.schemas.push((subject.to_owned(), body));
        held.schemas.len() as u32
    }
}

impl Held {
    fn answer(&mut self, head: &str, body: &str) -> (u16, Value) {
        let line = head.lines().next().unwrap_or_default();
        let (request, _) = line.rsplit_once(' ').unwrap();
        self.requests.push(request.to_owned());
        if self.failures > 0 {
            self.failures -= 1;
            return (503, json!({ "error_code": 50301, "message": "starting" }));
        }
        if let Some(login) = &self.login {
            let given = head.lines().find_map(|l| l.strip_prefix("authorization: "));
            if given != Some(login.as_str()) {
                return (401, json!({ "error_code": 401, "message": "who are you?" }));
            }
        }
        let (method, path) = request.split_once(' ').unwrap();
        let parts: Vec<String> = path
            .trim_start_matches('/')
            .split('/')
            .map(|p| {
                percent_encoding::percent_decode_str(p)
                    .decode_utf8_lossy()
                    .into_owned()
            })
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let missing = (
            404,
            json!({ "error_code": 40403, "message": "Schema not found" }),
        );
        match (method, parts.as_slice()) {
            ("GET", ["schemas", "ids", id]) => match id
                .parse::<usize>()
                .ok()
                .and_then(|id| self.schemas.get(id.wrapping_sub(1)))
            {
                Some((_, schema)) => (200, schema.clone()),
                None => missing,
            },
            ("GET", ["subjects", subject, "versions", version]) => {
                let version: usize = version.parse().unwrap();
                match self
                    .schemas
                    .iter()
                    .filter(|(s, _)| s == subject)
                    .nth(version - 1)
                {
                    Some((_, schema)) => (200, schema.clone()),
                    None => missing,
                }
            }
            ("POST", ["subjects", subject, "versions"]) => {
                let body: Value = serde_json::from_str(body).unwrap();
                if subject.contains("frozen") {
                    return (
                        409,
                        json!({ "error_code": 409, "message": "READER_FIELD_MISSING_DEFAULT_VALUE" }),
                    );
                }
                let same = self
                    .schemas
                    .iter()
                    .position(|(s, b)| s == subject && b["schema"] == body["schema"]);
                let id = same.unwrap_or_else(|| {
                    self.schemas.push(((*subject).to_owned(), body));
                    self.schemas.len() - 1
                });
                (200, json!({ "id": id + 1 }))
            }
            ("POST", ["subjects", subject]) => {
                let body: Value = serde_json::from_str(body).unwrap();
                match self
                    .schemas
                    .iter()
                    .position(|(s, b)| s == subject && b["schema"] == body["schema"])
                {
                    Some(id) => (200, json!({ "id": id + 1 })),
                    None => missing,
                }
            }
            _ => (
                404,
                json!({ "error_code": 404, "message": "HTTP 404 Not Found" }),
            ),
        }
    }
}
