//! Writers.

use jni::objects::JByteArray;
use jni::sys::{jboolean, jint, jlong};
use seatunnel_blocking::Writer;

use crate::guard::{bytes_in, bytes_out, native};
use crate::handles;
use crate::job::job;
use crate::reader::millis;

native!(writerOpen(_env, job: jlong, sink: jint, subtask: jint, parallelism: jint) -> jlong {
    let (sink, subtask, parallelism) = (sink as usize, subtask as usize, parallelism as usize);
    Ok(handles::put(Writer::open(self::job(job)?, sink, subtask, parallelism)?))
});

native!(writerWrite(env, writer: jlong, element: JByteArray<'l>, timeout: jlong) -> jboolean {
    let writer = handles::get::<Writer>(writer)?;
    // Copied only when there is room.
    writer.write(|| bytes_in(env, &element), millis(timeout))
});

native!(writerPrepareStart(_env, writer: jlong, checkpoint: jlong, last: jboolean) -> () {
    handles::get::<Writer>(writer)?.prepare(checkpoint as u64, last)
});

native!(writerPrepared(env, writer: jlong, timeout: jlong) -> JByteArray<'l> {
    match handles::get::<Writer>(writer)?.prepared(millis(timeout))? {
        None => Ok(JByteArray::default()),
        Some(part) => bytes_out(env, &part.to_bytes()?),
    }
});

native!(writerAbort(_env, writer: jlong) -> () {
    handles::get::<Writer>(writer)?.abort();
    Ok(())
});
