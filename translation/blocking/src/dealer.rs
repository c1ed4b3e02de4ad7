//! Who gets which split.

use std::collections::{BTreeMap, VecDeque};

use seatunnel_api::erased::SplitBytes;

/// What a reader that waits is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deal {
    /// It gets this split.
    Split(usize, SplitBytes),
    /// There will be no more.
    NoMore(usize),
}

/// Deals splits fairly: a reader that holds splits gets another only while no other reader holds
/// fewer, so that those of a source without end are spread over all readers.
#[derive(Default)]
pub(crate) struct Dealer {
    pub(crate) waiting_splits: VecDeque<SplitBytes>,
    /// Whether there will be no others.
    pub(crate) complete: bool,
    parallelism: usize,
    readers: BTreeMap<usize, ReaderState>,
}

#[derive(Default)]
struct ReaderState {
    held: usize,
    waits: bool,
    /// It was told that there are no more.
    done: bool,
}

impl Dealer {
    pub(crate) fn new(parallelism: usize) -> Self {
        Self {
            parallelism,
            ..Self::default()
        }
    }

    /// A reader waits for a split.
    pub(crate) fn request(&mut self, reader: usize, held: usize) {
        let state = ReaderState {
            held,
            waits: true,
            done: false,
        };
        self.readers.insert(reader, state);
    }

    /// A reader is gone; what it held comes back by other ways.
    pub(crate) fn lost(&mut self, reader: usize) {
        self.readers.remove(&reader);
    }

    /// Gives what there is to those who wait.
    pub(crate) fn deal(&mut self) -> Vec<Deal> {
        let mut deals = Vec::new();
        while !self.waiting_splits.is_empty() {
            // Readers that have not asked yet hold none.
            let asked = (0..self.parallelism).all(|reader| self.readers.contains_key(&reader));
            let least = self
                .readers
                .values()
                .filter(|r| !r.done)
                .map(|r| r.held)
                .min();
            let least = if asked { least.unwrap_or(0) } else { 0 };
            let next = self
                .readers
                .iter_mut()
                .find(|(_, state)| state.waits && state.held <= least);
            let Some((reader, state)) = next else {
                break;
            };
            if let Some(split) = self.waiting_splits.pop_front() {
                state.waits = false;
                state.held += 1;
                deals.push(Deal::Split(*reader, split));
            }
        }
        if self.waiting_splits.is_empty() && self.complete {
            for (reader, state) in &mut self.readers {
                if std::mem::take(&mut state.waits) {
                    state.done = true;
                    deals.push(Deal::NoMore(*reader));
                }
            }
        }
        deals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealer(parallelism: usize, splits: usize) -> Dealer {
        let mut dealer = Dealer::new(parallelism);
        dealer.waiting_splits = (0..splits)
            .map(|n| SplitBytes {
                id: n.to_string(),
                bytes: vec![],
            })
            .collect();
        dealer
    }

    fn readers(deals: &[Deal]) -> Vec<String> {
        let text = |deal: &Deal| match deal {
            Deal::Split(reader, split) => format!("{reader} {}", split.id),
            Deal::NoMore(reader) => format!("{reader} no more"),
        };
        deals.iter().map(text).collect()
    }

    #[test]
    fn readers_of_one_split_after_the_other_get_them_as_they_come() {
        let mut dealer = dealer(2, 3);
        dealer.complete = true;
        dealer.request(1, 0);
        assert_eq!(readers(&dealer.deal()), ["1 0"]);
        dealer.request(1, 0);
        assert_eq!(readers(&dealer.deal()), ["1 1"]);
        dealer.request(0, 0);
        dealer.request(1, 0);
        assert_eq!(readers(&dealer.deal()), ["0 2", "1 no more"]);
    }

    #[test]
    fn a_reader_that_holds_some_waits_for_those_that_hold_fewer() {
        let mut dealer = dealer(2, 4);
        dealer.request(0, 0);
        assert_eq!(readers(&dealer.deal()), ["0 0"]);
        dealer.request(0, 1);
        assert!(dealer.deal().is_empty(), "reader 1 has not asked yet");
        dealer.request(1, 0);
        assert_eq!(readers(&dealer.deal()), ["1 1", "0 2"]);
        dealer.request(1, 1);
        assert_eq!(readers(&dealer.deal()), ["1 3"]);
    }

    #[test]
    fn nobody_is_told_no_more_before_it_is_known() {
        let mut dealer = dealer(1, 0);
        dealer.request(0, 0);
        assert!(dealer.deal().is_empty());
        dealer.complete = true;
        assert_eq!(readers(&dealer.deal()), ["0 no more"]);
        assert!(dealer.deal().is_empty(), "once is enough");
    }

    #[test]
    fn a_reader_that_was_lost_asks_again() {
        let mut dealer = dealer(1, 1);
        dealer.request(0, 0);
        assert_eq!(readers(&dealer.deal()), ["0 0"]);
        dealer.lost(0);
        dealer.waiting_splits.push_back(SplitBytes {
            id: "0".into(),
            bytes: vec![],
        });
        dealer.request(0, 0);
        assert_eq!(readers(&dealer.deal()), ["0 0"]);
    }
}
