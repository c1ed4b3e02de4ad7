//! What tells the parts of documents apart wherever they are stored, as SeaTunnel makes it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int32Array, StringArray};
use seatunnel_api::{Column, DataType};
use sha2::{Digest, Sha256};

/// The columns that come behind those of a document.
pub(crate) fn columns() -> Vec<Column> {
    let text = |name: &str| Column::new(name, DataType::String);
    vec![
        text("source_uri"),
        text("document_id"),
        text("chunk_id"),
        Column::new("chunk_index", DataType::Int),
        text("content_hash"),
    ]
}

/// These columns for a document that is there, with the texts of all its parts.
pub(crate) fn of(document: &str, texts: &ArrayRef) -> Vec<ArrayRef> {
    let texts = texts.as_string::<i32>();
    let id = format!("doc_{}", hash(document));
    let hashes: Vec<String> = texts.iter().map(|text| hash(text.unwrap_or(""))).collect();
    let chunk = |(place, content): (usize, &String)| {
        format!("chunk_{}", hash(&format!("{id}:{}:{content}", place + 1)))
    };
    let all = |text: &str| -> ArrayRef {
        let same = std::iter::repeat_n(text, texts.len());
        Arc::new(StringArray::from_iter_values(same))
    };
    vec![
        all(document),
        all(&id),
        Arc::new(StringArray::from_iter_values(
            hashes.iter().enumerate().map(chunk),
        )),
        Arc::new(Int32Array::from_iter_values(1..=texts.len() as i32)),
        Arc::new(StringArray::from_iter_values(&hashes)),
    ]
}

/// SHA-256 in hexadecimal digits.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
