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
