//! Runnable examples: `calendar` is the connector that `CONTRIBUTING.md` builds step by step,
//! `overhead` measures the engine.

pub mod calendar;
pub mod overhead;
