//! Jobs.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use jni::objects::{JByteArray, JLongArray};
use jni::sys::{jboolean, jint, jlong};
use seatunnel_api::{JobMode, Result};
use seatunnel_blocking::{Driver, Job, JobHold, JobPayload, Part, frames, spark};

use seatunnel_translation::statistic::{self, Statistic};

use crate::guard::{bytes_in, bytes_out, native, of_java, optional_in};
use crate::handles;

/// A job, and when it was opened.
struct Opened {
    hold: JobHold,
    at: SystemTime,
    /// Where this process is the job's driver.
    driver: OnceLock<Driver>,
}

/// The job of a handle.
pub(crate) fn job(handle: jlong) -> Result<Arc<Job>> {
    Ok(handles::get::<Opened>(handle)?.hold.job().clone())
}

native!(jobOpen(env, payload: JByteArray<'l>) -> jlong {
    let payload = bytes_in(env, &payload)?;
    let registry = spark::register(seatunnel_connectors::registry());
    #[cfg(feature = "inmemory")]
    let registry = crate::samples::register(registry);
    let hold = Job::open(&payload, &registry)?;
    Ok(handles::put(Opened { hold, at: SystemTime::now(), driver: OnceLock::new() }))
});

native!(jobDescribe(env, job: jlong) -> JByteArray<'l> {
    let description = describe(&*self::job(job)?);
    bytes_out(env, &description)
});

native!(jobBegin(_env, job: jlong) -> jboolean {
    let opened = handles::get::<Opened>(job)?;
    let (driver, has_work) = Driver::begin(opened.hold.job().clone())?;
    // It begins once.
    let _ = opened.driver.set(driver);
    Ok(has_work)
});

native!(jobBeginStreaming(env, job: jlong, known: jboolean) -> JByteArray<'l> {
    let opened = handles::get::<Opened>(job)?;
    let (driver, state) = Driver::begin_streaming(opened.hold.job().clone(), known)?;
    // It begins once.
    let _ = opened.driver.set(driver);
    match state {
        None => Ok(JByteArray::default()),
        Some(state) => bytes_out(env, &state),
    }
});

native!(jobKeep(env, job: jlong, number: jlong, state: JByteArray<'l>) -> jboolean {
    let opened = handles::get::<Opened>(job)?;
    match opened.driver.get() {
        Some(driver) => driver.keep(number as u64, &bytes_in(env, &state)?),
        None => Ok(false),
    }
});

native!(jobForget(_env, job: jlong) -> () {
    match handles::get::<Opened>(job)?.driver.get() {
        Some(driver) => driver.forget(),
        None => Ok(()),
    }
});

native!(jobCommit(env, job: jlong, parts: JByteArray<'l>) -> () {
    let opened = handles::get::<Opened>(job)?;
    let parts = parts_of(&bytes_in(env, &parts)?)?;
    match opened.driver.get() {
        Some(driver) => driver.commit(parts),
        None => opened.hold.job().commit(parts),
    }
});

native!(jobAbort(env, job: jlong, parts: JByteArray<'l>) -> () {
    let opened = handles::get::<Opened>(job)?;
    let parts = parts_of(&bytes_in(env, &parts)?)?;
    match opened.driver.get() {
        Some(driver) => driver.abort(parts),
        None => opened.hold.job().abort(parts),
    }
});

native!(jobDiscard(_env, job: jlong) -> () {
    self::job(job)?.discard()
});

native!(jobDiscardAttempt(env, job: jlong, id: JByteArray<'l>) -> () {
    let id = bytes_in(env, &id)?;
    self::job(job)?.discard_attempt(&String::from_utf8_lossy(&id))
});

native!(jobOfAttempt(env, payload: JByteArray<'l>, id: JByteArray<'l>) -> JByteArray<'l> {
    let payload = JobPayload::from_bytes(&bytes_in(env, &payload)?)?;
    let id = bytes_in(env, &id)?;
    let payload = payload.with_id(String::from_utf8_lossy(&id)).to_bytes()?;
    bytes_out(env, &payload)
});

native!(jobFinish(_env, job: jlong, sink: jint) -> () {
    let opened = handles::get::<Opened>(job)?;
    match (opened.driver.get(), usize::try_from(sink).ok()) {
        (Some(driver), None) => driver.finish(),
        (_, sink) => opened.hold.job().finish(sink),
    }
});

native!(jobEnded(env, job: jlong, counts: JLongArray<'l>, error: JByteArray<'l>) -> () {
    let opened = handles::get::<Opened>(job)?;
    let mut numbers = [0; 5];
    counts.get_region(env, 0, &mut numbers).map_err(of_java)?;
    let [rows_read, bytes_read, rows_written, bytes_written, rows_failed] =
        numbers.map(|number| number as u64);
    if optional_in(env, &error)?.is_some() {
        tracing::info!("job {} has failed", opened.hold.job().context_of_job().name);
        return Ok(());
    }
    let ended = SystemTime::now();
    tracing::info!("{}", statistic::block(&Statistic {
        started: opened.at,
        ended,
        elapsed: ended.duration_since(opened.at).unwrap_or_default(),
        rows_read,
        bytes_read,
        rows_written,
        bytes_written,
        rows_failed,
        more: Vec::new(),
    }));
    Ok(())
});

native!(partCounts(env, part: JByteArray<'l>) -> JLongArray<'l> {
    let part = Part::from_bytes(&bytes_in(env, &part)?)?;
    let counts = [part.rows, part.bytes, part.rows_failed].map(|n| n as jlong);
    let array = JLongArray::new(env, counts.len()).map_err(of_java)?;
    array.set_region(env, 0, &counts).map_err(of_java)?;
    Ok(array)
});

fn parts_of(bytes: &[u8]) -> Result<Vec<Part>> {
    frames::unpack(bytes)?
        .into_iter()
        .map(Part::from_bytes)
        .collect()
}

/// What `JobDescription.java` reads.
fn describe(job: &Job) -> Vec<u8> {
    let context = job.context_of_job();
    let env = &job.plan().env;
    let int = |number: usize| (number as i32).to_be_bytes().to_vec();
    let text = |number: i64| number.to_string().into_bytes();
    let millis = |given: Option<u64>| text(given.unwrap_or(0) as i64);
    let sources = job.sources().into_iter().map(|source| {
        let sinks: Vec<Vec<u8>> = source.sinks.iter().map(|sink| int(*sink)).collect();
        frames::pack(&[
            int(source.node),
            source.name.into_bytes(),
            int(source.parallelism),
            int(usize::from(source.bounded)),
            frames::pack(&sinks),
        ])
    });
    let sinks = job.sinks().into_iter().map(|sink| {
        frames::pack(&[
            int(sink.node),
            sink.name.into_bytes(),
            int(sink.parallelism),
        ])
    });
    frames::pack(&[
        context.id.as_bytes().to_vec(),
        context.name.as_bytes().to_vec(),
        int(usize::from(context.mode == JobMode::Streaming)),
        millis(job.checkpoint_interval()),
        millis(env.checkpoint_timeout),
        millis(env.checkpoint_min_pause),
        text(i64::from(env.checkpoint_tolerable_failed)),
        text(env.job_retry_times.map_or(-1, i64::from)),
        text(env.job_retry_interval_seconds as i64 * 1000),
        frames::pack(&sources.collect::<Vec<_>>()),
        frames::pack(&sinks.collect::<Vec<_>>()),
    ])
}
