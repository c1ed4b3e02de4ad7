//! A writer's inputs, and barriers that have to come on all of them.

use std::future::poll_fn;
use std::task::Poll;

use seatunnel_api::{Batch, Error, Result};
use tokio::sync::mpsc::Receiver;

use crate::lane::{Barrier, Message};

/// The channels of one writer, one for each reader that sends to it. An input that has given a
/// barrier is not read until all others have: what came before a barrier on any input, and nothing
/// that came behind it, has been handed out when [`Arrived::Barrier`] is.
pub(crate) struct Alignment {
    inputs: Vec<Input>,
    /// Where to look first, so that no input starves another.
    turn: usize,
}

struct Input {
    messages: Receiver<Message>,
    state: InputState,
}

#[derive(Clone, Copy)]
enum InputState {
    Open,
    Behind(Barrier),
    Ended,
}

/// What comes out.
pub(crate) enum Arrived {
    Batch(Batch),
    /// On all inputs.
    Barrier(Barrier),
    /// All inputs are at their end.
    End,
}

impl Alignment {
    pub(crate) fn new(inputs: Vec<Receiver<Message>>) -> Self {
        let inputs = inputs.into_iter().map(|messages| Input {
            messages,
            state: InputState::Open,
        });
        Self {
            inputs: inputs.collect(),
            turn: 0,
        }
    }

    /// What comes next. Dropping the future loses nothing.
    ///
    /// # Errors
    /// That the job is stopping, if a reader is gone without an end.
    pub(crate) async fn next(&mut self) -> Result<Arrived> {
        loop {
            if let Some(arrived) = self.complete() {
                return Ok(arrived);
            }
            let (input, message) = self.receive().await;
            let state = &mut self.inputs[input].state;
            match message {
                Some(Message::Batch(batch)) => return Ok(Arrived::Batch(batch)),
                Some(Message::Barrier(barrier)) => *state = InputState::Behind(barrier),
                Some(Message::End) => *state = InputState::Ended,
                None => return Err(Error::cancelled()),
            }
        }
    }

    /// What all inputs together have come to, if none is open; opens them again.
    fn complete(&mut self) -> Option<Arrived> {
        let mut all = None;
        for input in &self.inputs {
            match input.state {
                InputState::Open => return None,
                InputState::Behind(barrier) => all = Some(barrier),
                InputState::Ended => {}
            }
        }
        let Some(barrier) = all else {
            return Some(Arrived::End);
        };
        for input in &mut self.inputs {
            if matches!(input.state, InputState::Behind(_)) {
                input.state = InputState::Open;
            }
        }
        Some(Arrived::Barrier(barrier))
    }

    /// A message of an open input, of which there is one.
    async fn receive(&mut self) -> (usize, Option<Message>) {
        poll_fn(|context| {
            let count = self.inputs.len();
            for step in 0..count {
                let index = (self.turn + step) % count;
                let input = &mut self.inputs[index];
                if !matches!(input.state, InputState::Open) {
                    continue;
                }
                if let Poll::Ready(message) = input.messages.poll_recv(context) {
                    self.turn = index + 1;
                    return Poll::Ready((index, message));
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int64Array, RecordBatch};
    use futures_util::FutureExt;
    use seatunnel_api::{CatalogTable, Column, DataType, TablePath, TableSchema};
    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    fn rows(number: i64) -> Message {
        let schema = TableSchema::new(vec![Column::new("n", DataType::BigInt)]);
        let table = Arc::new(CatalogTable::new("test", TablePath::unnamed(), schema));
        let column = Arc::new(Int64Array::from(vec![number]));
        let records = RecordBatch::try_new(table.arrow_schema().clone(), vec![column]).unwrap();
        Message::Batch(Batch::inserts(table, records))
    }

    fn barrier(checkpoint: u64) -> Message {
        let last = false;
        Message::Barrier(Barrier { checkpoint, last })
    }

    fn inputs(count: usize) -> (Vec<Sender<Message>>, Alignment) {
        let (senders, receivers) = (0..count).map(|_| channel(8)).unzip();
        (senders, Alignment::new(receivers))
    }

    /// What comes now: a row's number, `|N` for a barrier, `end`, or `-` if nothing comes.
    fn now(alignment: &mut Alignment) -> String {
        match alignment.next().now_or_never() {
            None => "-".to_owned(),
            Some(Ok(Arrived::Batch(batch))) => format!("{:?}", batch.row(0).get(0)),
            Some(Ok(Arrived::Barrier(barrier))) => format!("|{}", barrier.checkpoint),
            Some(Ok(Arrived::End)) => "end".to_owned(),
            Some(Err(error)) => error.to_string(),
        }
    }

    #[test]
    fn an_input_behind_a_barrier_is_not_read_until_all_are() {
        let (senders, mut alignment) = inputs(2);
        for message in [barrier(1), rows(10), Message::End] {
            assert!(senders[0].try_send(message).is_ok());
        }
        assert!(senders[1].try_send(rows(20)).is_ok());
        assert_eq!(now(&mut alignment), "BigInt(20)");
        assert_eq!(now(&mut alignment), "-");
        for message in [rows(21), barrier(1), rows(22), barrier(2)] {
            assert!(senders[1].try_send(message).is_ok());
        }
        assert_eq!(now(&mut alignment), "BigInt(21)");
        assert_eq!(now(&mut alignment), "|1");
        let mut both = [now(&mut alignment), now(&mut alignment)];
        both.sort();
        assert_eq!(both, ["BigInt(10)", "BigInt(22)"]);
        // An input at its end holds no barrier up.
        assert_eq!(now(&mut alignment), "|2");
        assert_eq!(now(&mut alignment), "-");
        assert!(senders[1].try_send(Message::End).is_ok());
        assert_eq!(now(&mut alignment), "end");
    }

    #[test]
    fn a_reader_that_is_gone_without_an_end_stops_the_writer() {
        let (senders, mut alignment) = inputs(1);
        drop(senders);
        assert!(alignment.next().now_or_never().is_some_and(|n| n.is_err()));
    }
}
