//! Enumerators.

use jni::objects::JByteArray;
use jni::sys::{jint, jlong};
use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{Error, Result, codes};
use seatunnel_blocking::{Deal, Enumerator, frames};

use crate::guard::{bytes_in, bytes_out, native, optional_in};
use crate::handles;
use crate::job::job;

native!(enumeratorOpen(env, job: jlong, source: jint, parallelism: jint, state: JByteArray<'l>) -> jlong {
    let state = optional_in(env, &state)?;
    let job = self::job(job)?;
    let (source, parallelism) = (source as usize, parallelism.max(1) as usize);
    let enumerator = Enumerator::open(job, source, parallelism, state.as_deref())?;
    Ok(handles::put(enumerator))
});

native!(enumeratorDiscover(_env, enumerator: jlong) -> jlong {
    let next = handles::get::<Enumerator>(enumerator)?.discover()?;
    Ok(Enumerator::next_as_number(next))
});

native!(enumeratorAll(env, enumerator: jlong) -> JByteArray<'l> {
    let all = handles::get::<Enumerator>(enumerator)?.all()?;
    bytes_out(env, &splits_out(&all))
});

native!(enumeratorRequest(_env, enumerator: jlong, reader: jint, held: jint) -> () {
    let enumerator = handles::get::<Enumerator>(enumerator)?;
    enumerator.request(reader as usize, held as usize);
    Ok(())
});

native!(enumeratorAssign(env, enumerator: jlong) -> JByteArray<'l> {
    let deals = handles::get::<Enumerator>(enumerator)?.deal();
    let int = |number: usize| (number as i32).to_be_bytes().to_vec();
    let deals = deals.into_iter().map(|deal| match deal {
        Deal::Split(reader, split) => frames::pack(&[int(reader), split.id.into_bytes(), split.bytes]),
        Deal::NoMore(reader) => frames::pack(&[int(reader)]),
    });
    bytes_out(env, &frames::pack(&deals.collect::<Vec<_>>()))
});

native!(enumeratorReaderLost(_env, enumerator: jlong, reader: jint) -> () {
    handles::get::<Enumerator>(enumerator)?.reader_lost(reader as usize);
    Ok(())
});

native!(enumeratorAddBack(env, enumerator: jlong, splits: JByteArray<'l>) -> () {
    let splits = splits_in(&bytes_in(env, &splits)?)?;
    handles::get::<Enumerator>(enumerator)?.add_back(splits);
    Ok(())
});

native!(enumeratorFinished(env, enumerator: jlong, finished: JByteArray<'l>) -> () {
    let split = split_in(&bytes_in(env, &finished)?)?;
    handles::get::<Enumerator>(enumerator)?.split_finished(&split.bytes)
});

native!(enumeratorDurable(env, enumerator: jlong, splits: JByteArray<'l>) -> () {
    let splits = splits_in(&bytes_in(env, &splits)?)?;
    let positions: Vec<Vec<u8>> = splits.into_iter().map(|split| split.bytes).collect();
    handles::get::<Enumerator>(enumerator)?.checkpoint_durable(&positions)
});

native!(enumeratorSnapshot(env, enumerator: jlong) -> JByteArray<'l> {
    let state = handles::get::<Enumerator>(enumerator)?.snapshot()?;
    bytes_out(env, &state)
});

/// Splits for Java: each as frames of id and split.
pub(crate) fn splits_out(splits: &[SplitBytes]) -> Vec<u8> {
    let each = splits.iter().map(split_out);
    frames::pack(&each.collect::<Vec<_>>())
}

pub(crate) fn split_out(split: &SplitBytes) -> Vec<u8> {
    frames::pack(&[split.id.as_bytes(), &split.bytes])
}

pub(crate) fn splits_in(bytes: &[u8]) -> Result<Vec<SplitBytes>> {
    frames::unpack(bytes)?.into_iter().map(split_in).collect()
}

fn split_in(bytes: &[u8]) -> Result<SplitBytes> {
    match frames::unpack(bytes)?.as_slice() {
        [id, split] => Ok(SplitBytes {
            id: String::from_utf8_lossy(id).into_owned(),
            bytes: split.to_vec(),
        }),
        _ => Err(Error::new(codes::INTERNAL, "a split is an id and bytes")),
    }
}
