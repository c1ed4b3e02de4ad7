//! Readers.

use std::time::Duration;

use jni::objects::JByteArray;
use jni::sys::{jboolean, jint, jlong};
use seatunnel_api::{Error, codes};
use seatunnel_blocking::{Gives, Polled, Reader};

use crate::enumerator::{split_out, splits_in, splits_out};
use crate::guard::{bytes_in, bytes_out, native};
use crate::handles;
use crate::job::job;

// What stands before what `readerPoll` gives, but for rows, which begin with `element::TAG`.
const END: u8 = 0;
const WANTS_SPLIT: u8 = 2;
const FINISHED: u8 = 3;
const SAFE: u8 = 4;

native!(readerOpen(
    _env, job: jlong, source: jint, subtask: jint, parallelism: jint, positions: jboolean, held: jboolean
) -> jlong {
    let (source, subtask, parallelism) = (source as usize, subtask as usize, parallelism as usize);
    let gives = match held {
        true => Gives::Held { positions },
        false => Gives::Elements { positions },
    };
    Ok(handles::put(Reader::open(self::job(job)?, source, (subtask, parallelism), gives)?))
});

native!(readerAddSplits(env, reader: jlong, splits: JByteArray<'l>) -> () {
    let splits = splits_in(&bytes_in(env, &splits)?)?;
    handles::get::<Reader>(reader)?.add_splits(splits);
    Ok(())
});

native!(readerNoMoreSplits(_env, reader: jlong) -> () {
    handles::get::<Reader>(reader)?.no_more_splits();
    Ok(())
});

native!(readerPoll(env, reader: jlong, timeout: jlong) -> JByteArray<'l> {
    let polled = handles::get::<Reader>(reader)?.poll(millis(timeout))?;
    match polled {
        Polled::Nothing => Ok(JByteArray::default()),
        Polled::Element(element) => bytes_out(env, &element),
        Polled::Rows { .. } => Err(Error::new(
            codes::INTERNAL,
            "a reader gives columns where bytes are asked for",
        )),
        Polled::Safe => bytes_out(env, &[SAFE]),
        Polled::End => bytes_out(env, &[END]),
        Polled::WantsSplit(held) => {
            let mut bytes = vec![WANTS_SPLIT];
            bytes.extend((held as i32).to_be_bytes());
            bytes_out(env, &bytes)
        }
        Polled::Finished(split) => {
            let mut bytes = vec![FINISHED];
            bytes.extend(split_out(&split));
            bytes_out(env, &bytes)
        }
    }
});

native!(readerWait(_env, reader: jlong, timeout: jlong) -> jboolean {
    handles::get::<Reader>(reader)?.wait(millis(timeout))
});

native!(readerSnapshot(env, reader: jlong) -> JByteArray<'l> {
    let splits = handles::get::<Reader>(reader)?.snapshot();
    bytes_out(env, &splits_out(&splits))
});

/// A timeout, as Java gives it.
pub(crate) fn millis(timeout: jlong) -> Duration {
    Duration::from_millis(u64::try_from(timeout).unwrap_or(0))
}
