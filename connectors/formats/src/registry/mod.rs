//! A schema registry, as Confluent's, Apicurio's, Karapace's and Redpanda's speak: a REST interface that numbers schemas.
//!
//! Source of the rules: Confluent Platform documentation, "Schema Registry API Reference" and "Wire format".

mod client;
mod options;
#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hyper::{Method, StatusCode};
use seatunnel_api::{Error, Result};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::Part;
use crate::codes;
use client::{Answer, Client};
pub use options::{RegistryOptions, SubjectStrategy};

/// The number of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SchemaId(pub u32);

/// Bytes in front of a message: a zero and the number of its schema.
pub(crate) const HEADER: usize = 5;

/// What a schema is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaKind {
    /// Avro.
    Avro,
    /// JSON Schema.
    Json,
    /// Protocol Buffers.
    Protobuf,
}

impl SchemaKind {
    const NAMES: [(Self, &'static str); 3] = [
        (Self::Avro, "AVRO"),
        (Self::Json, "JSON"),
        (Self::Protobuf, "PROTOBUF"),
    ];

    /// What registries call it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }
}

/// A schema that the registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// What it is written in.
    pub kind: SchemaKind,
    /// The schema itself.
    pub text: String,
    /// Schemas that it refers to, by the name that it calls them; those that others need come first.
    pub references: Vec<(String, String)>,
}

/// A registry. Schemas never change under their number, so each is asked for once.
pub struct Registry {
    client: Client,
    strategy: SubjectStrategy,
    subject: Option<String>,
    register: bool,
    schemas: Mutex<HashMap<SchemaId, Option<Arc<Schema>>>>,
    ids: Mutex<HashMap<(String, String), SchemaId>>,
}

/// How many schemas are remembered: a bound for topics full of broken messages.
const MOST_SCHEMAS: usize = 10_000;

impl Registry {
    /// The registry that the options name; none if they name none. Nothing is connected to yet.
    ///
    /// # Errors
    /// If a URL or a certificate is not valid.
    pub fn new(options: &RegistryOptions) -> Result<Option<Arc<Self>>> {
        Ok(Client::new(options)?.map(|client| {
            Arc::new(Self {
                client,
                strategy: options.schema_registry_subject_strategy,
                subject: options.schema_registry_subject.clone(),
                register: options.schema_registry_register,
                schemas: Mutex::default(),
                ids: Mutex::default(),
            })
        }))
    }

    /// The schema of a number; none if the registry has none.
    ///
    /// # Errors
    /// If the registry can't be reached (retryable), or doesn't let us in.
    pub async fn schema(&self, id: SchemaId) -> Result<Option<Arc<Schema>>> {
        // Held while asking: readers of one job that meet a new schema at once ask for it once.
        let mut schemas = self.schemas.lock().await;
        if let Some(known) = schemas.get(&id) {
            return Ok(known.clone());
        }
        let answer = self
            .client
            .send(Method::GET, &["schemas", "ids", &id.0.to_string()], None)
            .await?;
        let schema = match answer.status {
            StatusCode::NOT_FOUND => None,
            _ => {
                let body = answer.json("the schema")?;
                Some(Arc::new(self.read(&body).await?))
            }
        };
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.insert(id, schema.clone());
        Ok(schema)
    }

    async fn read(&self, body: &Value) -> Result<Schema> {
        let text = body["schema"].as_str().ok_or_else(unexpected)?.to_owned();
        let kind = match body["schemaType"].as_str() {
            None => SchemaKind::Avro,
            Some(name) => SchemaKind::NAMES
                .iter()
                .find(|(_, known)| known.eq_ignore_ascii_case(name))
                .map(|(kind, _)| *kind)
                .ok_or_else(|| refused(format!("its schemas of type {name} are not known here")))?,
        };
        let mut references = Vec::new();
        let mut seen = HashSet::new();
        // What is still to be fetched, the next at the end; true: its own references are fetched.
        let mut open: Vec<(Value, bool)> = wanted(body);
        while let Some((reference, fetched)) = open.pop() {
            let name = reference["name"].as_str().ok_or_else(unexpected)?;
            if fetched {
                let text = reference["schema"].as_str().ok_or_else(unexpected)?;
                references.push((name.to_owned(), text.to_owned()));
                continue;
            }
            if !seen.insert(name.to_owned()) {
                continue;
            }
            if seen.len() > 1000 {
                return Err(refused("a schema refers to more than 1,000 others"));
            }
            let subject = reference["subject"].as_str().ok_or_else(unexpected)?;
            let version = reference["version"].as_i64().ok_or_else(unexpected)?;
            let path = ["subjects", subject, "versions", &version.to_string()];
            let answer = self.client.send(Method::GET, &path, None).await?;
            let mut found = answer.json("a schema that another refers to")?;
            let inner = wanted(&found);
            found["name"] = json!(name);
            open.push((found, true));
            open.extend(inner);
        }
        Ok(Schema {
            kind,
            text,
            references,
        })
    }

    /// The number of a schema that a part of the messages of a topic is written with: asked for, or given by
    /// registering it. `record` is the full name of the schema's record or message.
    ///
    /// # Errors
    /// If the registry can't be reached (retryable), or doesn't take the schema.
    pub async fn id(
        &self,
        topic: &str,
        part: Part,
        record: &str,
        kind: SchemaKind,
        text: &str,
    ) -> Result<SchemaId> {
        let subject = match (&self.subject, self.strategy) {
            (Some(subject), _) if part == Part::Value => subject.clone(),
            (_, SubjectStrategy::TopicName) => match part {
                Part::Value => format!("{topic}-value"),
                Part::Key => format!("{topic}-key"),
            },
            (_, SubjectStrategy::RecordName) => record.to_owned(),
            (_, SubjectStrategy::TopicRecordName) => format!("{topic}-{record}"),
        };
        let key = (subject, text.to_owned());
        let mut ids = self.ids.lock().await;
        if let Some(id) = ids.get(&key) {
            return Ok(*id);
        }
        let subject = &key.0;
        let mut body = json!({ "schema": text });
        if kind != SchemaKind::Avro {
            body["schemaType"] = json!(kind.name());
        }
        let path: &[&str] = match self.register {
            true => &["subjects", subject, "versions"],
            false => &["subjects", subject],
        };
        let answer = self.client.send(Method::POST, path, Some(&body)).await?;
        let id = self.id_of(&answer).map_err(|e| {
            let error = e.with_context("subject", subject);
            match self.register {
                true => error,
                false => {
                    error.with_help("register the schema, or set schema_registry_register = true")
                }
            }
        })?;
        if ids.len() >= MOST_SCHEMAS {
            ids.clear();
        }
        ids.insert(key, id);
        Ok(id)
    }

    fn id_of(&self, answer: &Answer) -> Result<SchemaId> {
        let body = match (answer.status, self.register) {
            (StatusCode::CONFLICT, _) => {
                return Err(refused(format!(
                    "the schema is not compatible with those before it: {}",
                    answer.reason()
                )));
            }
            (StatusCode::NOT_FOUND, false) => {
                return Err(refused("it does not have the schema of these rows"));
            }
            _ => answer.json("the number of the schema")?,
        };
        let id = body["id"].as_u64().and_then(|id| id.try_into().ok());
        Ok(SchemaId(id.ok_or_else(unexpected)?))
    }
}

fn wanted(body: &Value) -> Vec<(Value, bool)> {
    let references = body["references"].as_array().cloned().unwrap_or_default();
    references.into_iter().map(|r| (r, false)).collect()
}

/// The number of a message's schema, and what comes behind it.
pub(crate) fn split_header(message: &[u8]) -> Option<(SchemaId, &[u8])> {
    match message {
        [0, a, b, c, d, rest @ ..] => Some((SchemaId(u32::from_be_bytes([*a, *b, *c, *d])), rest)),
        _ => None,
    }
}

/// What stands in front of messages of this schema.
pub(crate) fn header(id: SchemaId) -> [u8; HEADER] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [0, a, b, c, d]
}

fn refused(message: impl Into<String>) -> Error {
    let message: String = message.into();
    Error::new(
        codes::REGISTRY_REFUSED,
        format!("the schema registry refuses: {message}"),
    )
}

fn unexpected() -> Error {
    Error::new(
        codes::REGISTRY_FAILED,
        "the schema registry gives an answer that is not understood",
    )
    .with_help("does the URL name a schema registry, with the path to its interface?")
}
