//! Transforms that ask models over HTTP: LLM and Embedding.
//!
//! A batch becomes requests, several of which are under way at once; the batch goes on when all are
//! answered, so a slow model slows its source down, and nothing is kept between batches. Dropping the
//! future drops the requests.

mod aws;
mod calls;
mod codes;
mod custom;
mod embedding;
mod llm;
mod options;
mod pace;

use seatunnel_api::Registry;

pub use embedding::EmbeddingFactory;
pub use llm::LlmFactory;

/// Adds these transforms.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry.transform(EmbeddingFactory).transform(LlmFactory)
}
