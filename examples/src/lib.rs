//! Runnable examples: `calendar` is the connector that `CONTRIBUTING.md` builds step by step.

pub mod calendar;
