//! A small HTTP server on loopback that ends with its runtime: what it was asked, and what it answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `POST /path?query`
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    /// Null without a body.
    pub(crate) body: Value,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: &'static str,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Answer {
    pub(crate) fn json(body: Value) -> Self {
        Self::status(200, &body.to_string())
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: "",
            body: body.to_owned(),
            after: Duration::ZERO,
        }
    }

    pub(crate) fn after(mut self, millis: u64) -> Self {
        self.after = Duration::from_millis(millis);
        self
    }
}

type Handler = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// What the server saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) asked: Mutex<Vec<Asked>>,
    under_way: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) seen: Arc<Seen>,
}

impl Server {
    /// Answers by `handler`, which gets the request and its number, from 0 on.
    pub(crate) async fn start(
        handler: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("the test server works");
        let url = format!(
            "http://{}",
            listener.local_addr().expect("the test server works")
        );
        let seen: Arc<Seen> = Arc::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, handler.clone(), shared.clone()));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen
            .asked
            .lock()
            .expect("the test server works")
            .clone()
    }
}

async fn serve(mut stream: TcpStream, handler: Arc<Handler>, seen: Arc<Seen>) {
    let mut bytes = Vec::new();
    loop {
        let Some(asked) = read(&mut stream, &mut bytes).await else {
            return;
        };
        let number = {
            let mut all = seen.asked.lock().expect("the test server works");
            all.push(asked.clone());
            all.len() - 1
        };
        let now = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most_at_once.fetch_max(now, Ordering::SeqCst);
        let answer = handler(&asked, number);
        tokio::time::sleep(answer.after).await;
        seen.under_way.fetch_sub(1, Ordering::SeqCst);
        let text = format!(
            "HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}",
            answer.status,
            answer.body.len(),
            answer.headers,
            answer.body
        );
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Asked> {
    loop {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let line = lines.next().unwrap_or_default();
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            let headers: HashMap<String, String> = lines
                .filter_map(|l| l.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length");
            let length = length.map_or(0, |l| l.parse::<usize>().expect("the test server works"));
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                return Some(Asked {
                    line,
                    headers,
                    body,
                });
            }
        }
        let mut part = [0; 8192];
        let count = stream.read(&mut part).await.unwrap_or(0);
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&part[..count]);
    }
}
