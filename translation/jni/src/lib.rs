//! The connectors as a library that Java loads: what stands in `Native.java`, method by method.
//!
//! Only numbers and bytes cross, and addresses of rows as columns ([`dataframe`]). What is open is known by
//! numbers ([`handles`]).
//! An error or a panic becomes one `ConnectorException` ([`guard`]). Nothing here calls back into
//! Java, and no thread of ours is ever attached to it.

mod dataframe;
mod enumerator;
mod guard;
mod handles;
mod job;
mod logging;
mod reader;
#[cfg(feature = "inmemory")]
mod samples;
mod tables;
mod writer;

use jni::sys::{jint, jlong};

use guard::{bytes_out, native};

/// What Java's side must have been written for.
const ABI: jint = 2;

native!(abiVersion(_env) -> jint {
    logging::start();
    Ok(ABI)
});

native!(version(env) -> jni::objects::JByteArray<'l> {
    bytes_out(env, env!("CARGO_PKG_VERSION").as_bytes())
});

native!(close(_env, handle: jlong) -> () {
    handles::remove(handle);
    Ok(())
});

native!(liveHandles(_env) -> jint {
    Ok(handles::count() as jint)
});
