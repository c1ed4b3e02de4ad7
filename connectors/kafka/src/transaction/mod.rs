//! Transactions that outlive the process that wrote them.
//!
//! Kafka has no prepared state of its own (KIP-939 brings one, in no release that users have): a
//! transaction is open until its producer ends it. What makes two-phase commit possible all the same:
//!
//! - **Flushed is prepared.** Rows of an open transaction are in the partitions, replicated, and unseen by
//!   consumers with `isolation.level=read_committed`. They stay so until EndTxn or until
//!   `transaction.timeout.ms` has passed (KIP-98).
//! - **Ending takes no producer.** EndTxn is a plain request of three facts: transactional id, producer
//!   id, epoch. A [`Prepared`] names them, and whoever has it can commit, also after the producer's
//!   process was killed. The facts are asked of the coordinator (DescribeTransactions, KIP-664), which
//!   also shows that the transaction is still open: one that has timed out fails the checkpoint while
//!   its rows can still be read again.
//! - **One transaction for each checkpoint and writer**, under a transactional id of its own out of a
//!   pool ([`pool`]): the next checkpoint's rows are written while the last one's wait for the commit.
//!
//! **How a repeated commit is told from a lost one** ([`recover`]). With the protocol of clients before
//! KIP-890 the epoch stays as it is over a commit, so DescribeTransactions answers:
//!
//! | producer id and epoch | state | it is |
//! |---|---|---|
//! | ours | Ongoing since the same moment | still to be committed: EndTxn |
//! | ours | PrepareCommit, CompleteCommit | committed |
//! | ours | PrepareAbort, CompleteAbort | lost |
//! | others, or the id is unknown | | not told by this |
//!
//! The last line comes about when the transaction timed out (the coordinator raises the epoch), when
//! somebody else took the id, or when the id was not used for a week and is forgotten. Then the log
//! itself decides ([`witness`]): a [`Prepared`] names the place of one of its rows, and a consumer that
//! reads only what is committed sees that row, or passes over it.
//!
//! "Ours and Ongoing" must not mean a *later* transaction of the same producer, or the repeated
//! commit of checkpoint 5 would commit half of checkpoint 7. So the moment of its begin is compared too, and
//! an id rests after its commit until a later checkpoint is committed, from when on nobody asks for the
//! former one again.
//!
//! Where writers and the coordinator are different processes, a writer is not told of commits. It looks what has become
//! of former transactions before it begins one ([`Transactions::begin`]), closes their producers, and lets
//! their ids rest likewise; so a writer has few producers and few ids, however many checkpoints there are.
//!
//! **Zombies.** Whatever begins with the same transactional id raises the epoch (InitProducerId) and so
//! shuts out the former producer; [`Transactions::discard_leftovers`] does so with all ids of a job.

mod connection;
mod coordinator;
mod encryption;
mod live;
mod login;
mod pool;
mod recover;
mod settings;
mod witness;

use seatunnel_api::State;
use serde::{Deserialize, Serialize};

pub(crate) use coordinator::Coordinators;
pub(crate) use live::LiveTransaction;
pub(crate) use pool::Transactions;

/// Which producer writes: two numbers that the coordinator gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProducerIdentity {
    /// The producer's number.
    pub(crate) id: i64,
    /// Raised each time the same transactional id is begun anew.
    pub(crate) epoch: i16,
}

/// Where one row of a transaction is, so that the log can tell what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Witness {
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: i32,
    /// The row's offset in it.
    pub(crate) offset: i64,
}

/// A transaction whose rows are written and that waits for its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// Its id.
    pub(crate) transactional_id: String,
    /// Who wrote it.
    pub(crate) producer: ProducerIdentity,
    /// When it was begun, in milliseconds by the coordinator's clock: tells it from later ones of the same producer.
    pub(crate) started: i64,
    /// The checkpoint that it belongs to.
    pub(crate) checkpoint: u64,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// Where one of them is.
    pub(crate) witness: Witness,
}

impl State for Prepared {}
