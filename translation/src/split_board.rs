//! The splits of a source: which wait, which reader has which, and how far each is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seatunnel_api::erased::SplitBytes;
use seatunnel_api::{CheckpointId, Error, Result, codes};
use tokio::sync::Notify;

/// One for each source of an attempt, shared by its enumerator, its readers and the coordinator.
///
/// What a checkpoint holds of a source must be one consistent moment, though its readers let the
/// barrier in one after the other. So the board notes what each reader held *at its barrier*; a
/// split that a reader takes behind its barrier counts as not begun, and the enumerator hears of a
/// split that was finished behind a barrier only when the checkpoint has been taken.
pub struct SplitBoard {
    state: Mutex<State>,
    /// Tells readers that a split may be there for them.
    changed: Notify,
    /// Tells the enumerator that splits are finished.
    finished: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<SplitBytes>,
    /// No more splits will come.
    closed: bool,
    lanes: Vec<LaneSplits>,
    /// Last positions of finished splits that the enumerator has not heard of.
    finished: VecDeque<Vec<u8>>,
    /// Those that were finished behind a barrier whose checkpoint is not taken yet.
    held_back: Vec<Vec<u8>>,
    /// The checkpoint that was taken last.
    taken: CheckpointId,
}

/// What one reader has.
#[derive(Default)]
struct LaneSplits {
    /// Positions of the splits it reads, by their ids.
    held: BTreeMap<String, Vec<u8>>,
    /// The split it was given last.
    newest: Option<String>,
    passed: Passed,
    barrier: Option<AtBarrier>,
    ended: bool,
}

/// A reader's part of a checkpoint that is being taken.
struct AtBarrier {
    checkpoint: CheckpointId,
    splits: Vec<SplitBytes>,
    passed: Passed,
}

/// Rows and bytes that have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

impl std::ops::AddAssign for Passed {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// What a checkpoint holds of a source besides its enumerator.
#[derive(Debug, Default)]
pub struct SourceProgress {
    /// Splits being read, as they stood at the barrier, and those not begun.
    pub splits: Vec<SplitBytes>,
    /// What the readers have handed on in this attempt.
    pub passed: Passed,
}

/// Answer to a reader that asks for a split.
enum Next {
    Split(SplitBytes),
    /// There may be one later.
    Later,
    /// There will never be another.
    Never,
}

impl SplitBoard {
    /// A board for so many readers.
    pub fn new(readers: usize) -> Self {
        let state = State {
            lanes: (0..readers).map(|_| LaneSplits::default()).collect(),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            finished: Notify::new(),
        }
    }

    /// Adds splits behind those that wait.
    pub fn push(&self, splits: Vec<SplitBytes>) {
        self.lock().waiting.extend(splits);
        self.changed.notify_waiters();
    }

    /// No more splits will come.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
    }

    /// The next split for a reader; none when there will never be another. Dropping the future
    /// loses none.
    pub async fn next(&self, lane: usize) -> Option<SplitBytes> {
        loop {
            // Registered before looking, so that no notification in between is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.take(lane) {
                Next::Split(split) => return Some(split),
                Next::Never => return None,
                Next::Later => changed.await,
            }
        }
    }

    /// The next split for a reader, if there is one now.
    pub fn try_next(&self, lane: usize) -> Option<SplitBytes> {
        match self.take(lane) {
            Next::Split(split) => Some(split),
            Next::Later | Next::Never => None,
        }
    }

    fn take(&self, lane: usize) -> Next {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.waiting.is_empty() {
            return if state.closed {
                Next::Never
            } else {
                Next::Later
            };
        }
        let own = state.lanes[lane].held.len();
        let others = state.lanes.iter().filter(|other| !other.ended);
        if others.map(|other| other.held.len()).any(|held| held < own) {
            return Next::Later;
        }
        let Some(split) = state.waiting.pop_front() else {
            return Next::Later;
        };
        let taken = state.taken;
        let own = &mut state.lanes[lane];
        if let Some(barrier) = own.barrier.as_mut().filter(|b| b.checkpoint > taken) {
            barrier.splits.push(split.clone());
        }
        own.held.insert(split.id.clone(), split.bytes.clone());
        own.newest = Some(split.id.clone());
        drop(guard);
        // Who held more than this reader may be served now.
        self.changed.notify_waiters();
        Next::Split(split)
    }

    /// A reader has handed on rows, with the position of the split it was given last if it has one.
    ///
    /// # Errors
    /// If it has none: a bug of the connector.
    pub fn handed_on(&self, lane: usize, passed: Passed, position: Option<Vec<u8>>) -> Result<()> {
        let mut state = self.lock();
        let own = &mut state.lanes[lane];
        own.passed += passed;
        let Some(position) = position else {
            return Ok(());
        };
        let newest = own.newest.as_ref();
        match newest.and_then(|id| own.held.get_mut(id)) {
            Some(held) => *held = position,
            None => return Err(not_held("the one given out last")),
        }
        Ok(())
    }

    /// A reader has said how far splits are.
    ///
    /// # Errors
    /// If it doesn't hold them: a bug of the connector.
    pub fn positions(&self, lane: usize, positions: Vec<SplitBytes>) -> Result<()> {
        let mut state = self.lock();
        let held = &mut state.lanes[lane].held;
        for position in positions {
            match held.get_mut(&position.id) {
                Some(held) => *held = position.bytes,
                None => return Err(not_held(&position.id)),
            }
        }
        Ok(())
    }

    /// A reader has read a split to its end. Says whether it holds no other.
    ///
    /// # Errors
    /// If it doesn't hold it: a bug of the connector.
    pub fn split_finished(&self, lane: usize, id: &str) -> Result<bool> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let taken = state.taken;
        let own = &mut state.lanes[lane];
        let last = own.held.remove(id).ok_or_else(|| not_held(id))?;
        let holds_none = own.held.is_empty();
        if own.barrier.as_ref().is_some_and(|b| b.checkpoint > taken) {
            state.held_back.push(last);
        } else {
            state.finished.push_back(last);
            self.finished.notify_one();
        }
        drop(guard);
        self.changed.notify_waiters();
        Ok(holds_none)
    }

    /// A reader lets the barrier of a checkpoint in: what it has now is what the checkpoint holds.
    pub fn barrier(&self, lane: usize, checkpoint: CheckpointId) {
        let mut state = self.lock();
        let own = &mut state.lanes[lane];
        if own.ended {
            return;
        }
        let held = own.held.iter();
        own.barrier = Some(AtBarrier {
            checkpoint,
            splits: held
                .map(|(id, bytes)| SplitBytes {
                    id: id.clone(),
                    bytes: bytes.clone(),
                })
                .collect(),
            passed: own.passed,
        });
    }

    /// A reader is at its end.
    ///
    /// # Errors
    /// If it still holds splits, or is the last one and splits are left: a bug of the connector.
    pub fn end(&self, lane: usize) -> Result<()> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(id) = state.lanes[lane].held.keys().next() {
            let message = format!("a reader ended before it had read its split {id} to the end");
            return Err(a_bug(message));
        }
        state.lanes[lane].ended = true;
        let all_ended = state.lanes.iter().all(|lane| lane.ended);
        if all_ended && !(state.closed && state.waiting.is_empty()) {
            let message = "all readers ended while splits were still to come".to_owned();
            return Err(a_bug(message));
        }
        drop(guard);
        self.changed.notify_waiters();
        Ok(())
    }

    /// A reader has stopped, since nobody wants more of its rows; whatever splits it held are done with.
    pub fn abandon(&self, lane: usize) {
        let mut state = self.lock();
        let own = &mut state.lanes[lane];
        own.held.clear();
        own.ended = true;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes the checkpoint, once all readers have let its barrier in or are at their end.
    pub fn snapshot(&self, checkpoint: CheckpointId) -> SourceProgress {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut progress = SourceProgress::default();
        for lane in &mut state.lanes {
            match lane.barrier.take_if(|b| b.checkpoint == checkpoint) {
                Some(barrier) => {
                    progress.splits.extend(barrier.splits);
                    progress.passed += barrier.passed;
                }
                None => progress.passed += lane.passed,
            }
        }
        progress.splits.extend(state.waiting.iter().cloned());
        state.taken = checkpoint;
        let held_back = std::mem::take(&mut state.held_back);
        if !held_back.is_empty() {
            state.finished.extend(held_back);
            self.finished.notify_one();
        }
        progress
    }

    /// The last position of a finished split that the enumerator has not heard of.
    pub fn pop_finished(&self) -> Option<Vec<u8>> {
        self.lock().finished.pop_front()
    }

    /// Waits until the enumerator should look at what is finished. For one waiter.
    pub async fn some_finished(&self) {
        self.finished.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_held(id: &str) -> Error {
    a_bug(format!(
        "a reader told of a split that it does not have: {id}"
    ))
}

fn a_bug(message: String) -> Error {
    Error::new(codes::INTERNAL, message)
        .with_help("this is a bug of that connector, not of the job; please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(id: &str) -> SplitBytes {
        at(id, "start")
    }

    fn at(id: &str, position: &str) -> SplitBytes {
        SplitBytes {
            id: id.to_owned(),
            bytes: position.as_bytes().to_vec(),
        }
    }

    fn board(readers: usize, ids: &[&str]) -> SplitBoard {
        let board = SplitBoard::new(readers);
        board.push(ids.iter().map(|id| split(id)).collect());
        board
    }

    fn sorted(mut splits: Vec<SplitBytes>) -> Vec<SplitBytes> {
        splits.sort_by(|a, b| a.id.cmp(&b.id));
        splits
    }

    #[test]
    fn a_reader_with_more_splits_waits_for_those_with_fewer() {
        let board = board(2, &["a", "b", "c", "d"]);
        assert_eq!(board.try_next(0), Some(split("a")));
        assert_eq!(board.try_next(0), None, "the other one has none");
        assert_eq!(board.try_next(1), Some(split("b")));
        assert_eq!(board.try_next(0), Some(split("c")));
        // One that is done takes the next whatever the others hold.
        assert!(board.split_finished(1, "b").unwrap());
        assert_eq!(board.try_next(0), None);
        assert_eq!(board.try_next(1), Some(split("d")));
    }

    #[test]
    fn a_reader_that_ended_holds_nobody_back() {
        let board = board(2, &["a", "b"]);
        assert!(board.end(1).is_ok());
        assert!(board.try_next(0).is_some() && board.try_next(0).is_some());
    }

    #[test]
    fn a_split_taken_behind_the_barrier_counts_as_not_begun() {
        let board = board(2, &["a", "b", "c"]);
        board.try_next(0);
        board.barrier(0, 1);
        board.split_finished(0, "a").unwrap();
        board.try_next(0);
        board
            .handed_on(0, Passed { rows: 5, bytes: 9 }, Some(b"later".to_vec()))
            .unwrap();
        // The other reader's barrier comes later: what it holds then is in the checkpoint.
        board.try_next(1);
        board.positions(1, vec![at("c", "middle")]).unwrap();
        board.barrier(1, 1);
        let progress = board.snapshot(1);
        let expected = vec![split("a"), split("b"), at("c", "middle")];
        assert_eq!(sorted(progress.splits), expected);
        assert_eq!(progress.passed, Passed::default());
    }

    #[test]
    fn the_enumerator_hears_of_a_split_finished_behind_the_barrier_after_the_checkpoint() {
        let board = board(2, &["a", "b"]);
        board.try_next(0);
        board.try_next(1);
        board.split_finished(0, "a").unwrap();
        board.barrier(1, 1);
        board.split_finished(1, "b").unwrap();
        assert!(board.pop_finished().is_some() && board.pop_finished().is_none());
        board.barrier(0, 1);
        assert_eq!(board.snapshot(1).splits, [split("b")]);
        assert!(board.pop_finished().is_some());
        // The next checkpoint doesn't know the split any more.
        board.barrier(0, 2);
        board.barrier(1, 2);
        assert!(board.snapshot(2).splits.is_empty());
    }

    #[test]
    fn a_reader_that_ends_with_a_split_in_its_hands_has_a_bug() {
        let held = board(1, &["a"]);
        held.try_next(0);
        held.close();
        assert_eq!(held.end(0).unwrap_err().code(), codes::INTERNAL);
        let waiting = board(1, &["a"]);
        waiting.close();
        assert_eq!(waiting.end(0).unwrap_err().code(), codes::INTERNAL);
        assert!(waiting.positions(0, vec![split("a")]).is_err());
    }
}
