//! Waiting for what is done elsewhere.

use std::future::Future;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// Threads that speak to stores. They only wait for sockets and encrypt.
const THREADS: usize = 2;

/// Does something that makes the thread wait, without holding up the tasks of an async runtime that
/// the thread may belong to.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

/// The runtime on which stores do their work, whatever runtime calls them.
pub(crate) fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    // Two made at once would be one to drop, which a task of a runtime must not do.
    static MAKING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("file-store")
        .enable_all()
        .build()?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Runs a future on the stores' runtime and waits for it.
pub(crate) fn run<T: Send + 'static>(
    future: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (send, receive) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        let _ = send.send(future.await);
    });
    blocking(|| receive.recv())
        .unwrap_or_else(|_| Err(io::Error::other("work with the store broke off")))
}
