//! LLM and Embedding against a server that answers as services of models do.

mod embedding;
mod failures;
mod llm;
mod server;
mod support;
