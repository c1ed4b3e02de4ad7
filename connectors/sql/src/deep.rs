//! Work that goes as deep as what a user has written.

use seatunnel_api::{Error, Result, codes};

/// Address space only: what isn't used takes no memory.
const STACK_BYTES: usize = 64 << 20;

/// Runs `work` on a stack that is deep enough for any query: the stacks of tasks are small.
///
/// # Errors
/// That of `work`, or if the system gives no thread.
pub(crate) fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("sql-compiler".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| {
                Error::new(
                    codes::INTERNAL,
                    "the system gives no thread to compile a query on",
                )
                .with_cause(error)
            })?;
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
