//! DataFrames of Spark: rows cross as addresses, of Arrow's C data interface one way and of Spark's own
//! rows the other.

use std::path::Path;

use arrow_array::Array;
use arrow_array::ffi::FFI_ArrowArray;
use jni::objects::JByteArray;
use jni::sys::{jboolean, jint, jlong};
use seatunnel_api::{Error, Result, codes};
use seatunnel_blocking::frames;
use seatunnel_blocking::spark::{
    Config, End, Mode, PolledColumns, RowFormat, RowsWriter, SparkColumns, job_of_config,
};

use crate::enumerator::{splits_in, splits_out};
use crate::guard::{bytes_in, bytes_out, native, optional_in};
use crate::handles;
use crate::job::job;
use crate::reader::millis;

// What `columnsPoll` gives where there are no rows.
const NOTHING: jlong = -1;
const AT_END: jlong = -2;
const SAFE: jlong = -3;

/// A writer and the form of the rows that it is given.
struct Rows {
    writer: RowsWriter,
    format: RowFormat,
}

native!(jobOfConfig(env, config: JByteArray<'l>, is_file: jboolean) -> JByteArray<'l> {
    let payload = of_config(&bytes_in(env, &config)?, is_file, End::None)?;
    bytes_out(env, &payload)
});

native!(jobToRead(
    env, config: JByteArray<'l>, is_file: jboolean, output: JByteArray<'l>, mode: jint
) -> JByteArray<'l> {
    let output = optional_in(env, &output)?.map(text).transpose()?;
    let end = End::Sink { output, mode: self::mode(mode) };
    let payload = of_config(&bytes_in(env, &config)?, is_file, end)?;
    bytes_out(env, &payload)
});

native!(jobToWrite(
    env, config: JByteArray<'l>, is_file: jboolean, schema: JByteArray<'l>, table: JByteArray<'l>,
    mode: jint
) -> JByteArray<'l> {
    let schema = text(bytes_in(env, &schema)?)?;
    let table = optional_in(env, &table)?.map(text).transpose()?;
    let end = End::Source { schema, table, mode: self::mode(mode) };
    let payload = of_config(&bytes_in(env, &config)?, is_file, end)?;
    bytes_out(env, &payload)
});

native!(jobTable(env, job: jlong, name: JByteArray<'l>) -> JByteArray<'l> {
    let name = optional_in(env, &name)?.map(text).transpose()?;
    let (index, schema) = SparkColumns::table(&*self::job(job)?, name.as_deref())?;
    let index = (index as i32).to_be_bytes().to_vec();
    bytes_out(env, &frames::pack(&[index, schema.into_bytes()]))
});

native!(columnsOpen(
    env, job: jlong, source: jint, subtask: jint, parallelism: jint, table: jint, splits: JByteArray<'l>,
    complete: jboolean, positions: jboolean
) -> jlong {
    let splits = splits_in(&bytes_in(env, &splits)?)?;
    let job = self::job(job)?;
    let (source, subtask, table) = (source as usize, subtask as usize, table as usize);
    let parallelism = parallelism.max(1) as usize;
    let columns = SparkColumns::open(&job, source, subtask, parallelism, table, positions)?;
    columns.reader().add_splits(splits);
    if complete {
        columns.reader().no_more_splits();
    }
    Ok(handles::put(columns))
});

native!(columnsPoll(_env, columns: jlong, timeout: jlong, address: jlong) -> jlong {
    let polled = handles::get::<SparkColumns>(columns)?.poll(millis(timeout))?;
    match polled {
        PolledColumns::Nothing => Ok(NOTHING),
        PolledColumns::End => Ok(AT_END),
        PolledColumns::Safe => Ok(SAFE),
        PolledColumns::Rows { columns, changes, safe } => {
            let rows = columns.len() as jlong;
            give(FFI_ArrowArray::new(&columns.to_data()), address)?;
            Ok(rows << 2 | jlong::from(safe) << 1 | jlong::from(changes))
        }
    }
});

native!(columnsSnapshot(env, columns: jlong) -> JByteArray<'l> {
    let (held, finished) = handles::get::<SparkColumns>(columns)?.snapshot();
    bytes_out(env, &frames::pack(&[splits_out(&held), splits_out(&finished)]))
});

native!(columnsRelease(_env, address: jlong) -> () {
    drop(take(address)?);
    Ok(())
});

native!(rowsOpen(env, job: jlong, subtask: jint, schema: JByteArray<'l>) -> jlong {
    let job = self::job(job)?;
    let schema = text(bytes_in(env, &schema)?)?;
    let format = RowFormat::new(&schema, RowsWriter::table(&job)?)?;
    let writer = RowsWriter::open(job, subtask as usize)?;
    Ok(handles::put(Rows { writer, format }))
});

native!(rowsWrite(_env, rows: jlong, address: jlong, length: jlong, timeout: jlong) -> jboolean {
    let rows = handles::get::<Rows>(rows)?;
    let read = || rows.format.read(bytes_at(address, length)?);
    rows.writer.write(read, millis(timeout))
});

native!(rowsWriteBytes(env, rows: jlong, bytes: JByteArray<'l>, timeout: jlong) -> jboolean {
    let rows = handles::get::<Rows>(rows)?;
    rows.writer.write(|| rows.format.read(&bytes_in(env, &bytes)?), millis(timeout))
});

native!(rowsPrepareStart(
    _env, rows: jlong, checkpoint: jlong, last: jboolean, timeout: jlong
) -> jboolean {
    handles::get::<Rows>(rows)?.writer.prepare(checkpoint as u64, last, millis(timeout))
});

native!(rowsPrepared(env, rows: jlong, timeout: jlong) -> JByteArray<'l> {
    match handles::get::<Rows>(rows)?.writer.prepared(millis(timeout))? {
        None => Ok(JByteArray::default()),
        Some(parts) => {
            let parts = parts.iter().map(|part| part.to_bytes());
            bytes_out(env, &frames::pack(&parts.collect::<Result<Vec<_>>>()?))
        }
    }
});

native!(rowsAbort(_env, rows: jlong) -> () {
    handles::get::<Rows>(rows)?.writer.abort();
    Ok(())
});

fn of_config(config: &[u8], is_file: bool, end: End) -> Result<Vec<u8>> {
    let config = std::str::from_utf8(config).map_err(|_| not_text())?;
    let config = match is_file {
        true => Config::File(Path::new(config)),
        false => Config::Text(config),
    };
    job_of_config(config, end)?.to_bytes()
}

/// As Java numbers them.
fn mode(number: jint) -> Mode {
    match number {
        0 => Mode::Batch,
        1 => Mode::Stream,
        _ => Mode::Unknown,
    }
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| not_text())
}

fn not_text() -> Error {
    Error::new(codes::INTERNAL, "bytes from Java are no text")
}

/// Puts an array to where Java reads it; it is Java's to release then.
fn give(array: FFI_ArrowArray, address: jlong) -> Result<()> {
    let place = place(address)?;
    // SAFETY: Java has given memory of this size there, aligned as its allocator aligns all, and reads it
    // only when this call is over.
    unsafe { place.write(array) };
    Ok(())
}

/// Takes an array back, so that it is released; what is left there says so.
fn take(address: jlong) -> Result<FFI_ArrowArray> {
    let place = place(address)?;
    // SAFETY: `give` was there before: Java calls this once for each array that it was given.
    Ok(unsafe { place.replace(FFI_ArrowArray::empty()) })
}

fn place(address: jlong) -> Result<*mut FFI_ArrowArray> {
    let place = address as *mut FFI_ArrowArray;
    match place.is_null() || !place.is_aligned() {
        true => Err(Error::new(codes::INTERNAL, "Java gives no address")),
        false => Ok(place),
    }
}

fn bytes_at<'a>(address: jlong, length: jlong) -> Result<&'a [u8]> {
    match (usize::try_from(length), address) {
        (Ok(0), _) => Ok(&[]),
        // SAFETY: Java waits in this very call, and keeps its buffer until it is over.
        (Ok(length), 1..) => {
            Ok(unsafe { std::slice::from_raw_parts(address as *const u8, length) })
        }
        _ => Err(Error::new(codes::INTERNAL, "Java gives no address")),
    }
}
