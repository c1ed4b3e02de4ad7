//! Messages, written and read.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::Kafka;
use crate::topics::LIMIT;

/// A message as it lies in a topic, or is to lie there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The partition.
    pub partition: i32,
    /// The offset; not looked at when it is written.
    pub offset: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970; now if it is written without.
    pub timestamp: Option<i64>,
    /// Names and values.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// A message that has only a value.
    pub fn of(partition: i32, value: impl Into<Vec<u8>>) -> Self {
        Self {
            partition,
            value: Some(value.into()),
            ..Self::default()
        }
    }

    /// The value as text.
    #[track_caller]
    pub fn text(&self) -> String {
        let value = self.value.clone().expect("the message has a value");
        String::from_utf8(value).expect("the value is text")
    }
}

impl Kafka {
    /// Writes messages without keys to a partition and waits until the broker has them.
    #[track_caller]
    pub fn produce<V: AsRef<[u8]>>(&self, topic: &str, partition: i32, values: &[V]) {
        let records = values.iter().map(|v| Record::of(partition, v.as_ref()));
        self.write(topic, &records.collect::<Vec<_>>(), &[]);
    }

    /// Writes messages with further settings of the producer (`compression.type`) and waits until the broker has them.
    #[track_caller]
    pub fn write(&self, topic: &str, records: &[Record], settings: &[(&str, &str)]) {
        let producer = self.producer(settings);
        send(&producer, topic, records);
        producer
            .flush(LIMIT)
            .expect("the broker takes the messages");
    }

    /// Begins a transaction of a transactional id.
    #[track_caller]
    pub fn transaction(&self, id: &str) -> Transaction {
        let producer = self.producer(&[("transactional.id", id)]);
        producer
            .init_transactions(LIMIT)
            .expect("the broker knows transactions");
        producer.begin_transaction().expect("the producer is ready");
        let next = self.producer(&[("transactional.id", id)]);
        Transaction { producer, next }
    }

    /// All messages of a topic as they lie there now, the first partition's first; those of open and aborted
    /// transactions too.
    #[track_caller]
    pub fn read(&self, topic: &str) -> Vec<Record> {
        self.read_as(topic, "read_uncommitted")
    }

    /// All messages of a topic that a consumer sees that reads only what is committed.
    #[track_caller]
    pub fn read_committed(&self, topic: &str) -> Vec<Record> {
        self.read_as(topic, "read_committed")
    }

    /// The values of all messages of a topic, as texts.
    #[track_caller]
    pub fn values(&self, topic: &str) -> Vec<String> {
        self.read(topic).iter().map(Record::text).collect()
    }

    #[track_caller]
    fn read_as(&self, topic: &str, isolation: &str) -> Vec<Record> {
        let consumer = self.consumer(
            "testkit",
            &[
                ("isolation.level", isolation),
                ("enable.partition.eof", "true"),
            ],
        );
        let known = consumer
            .fetch_metadata(Some(topic), LIMIT)
            .expect("the broker can be asked");
        let partitions = known.topics()[0].partitions().len();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions as i32 {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .expect("the offset is valid");
        }
        consumer.assign(&list).expect("the partitions are there");
        let mut records = Vec::new();
        let mut ended = 0;
        while ended < partitions {
            match consumer.poll(LIMIT) {
                Some(Ok(message)) => records.push(Record {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    timestamp: message.timestamp().to_millis(),
                    headers: headers(message.headers()),
                }),
                Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
                Some(Err(error)) => panic!("{topic} can't be read: {error}"),
                None => panic!("{topic} does not end"),
            }
        }
        records.sort_by_key(|r| (r.partition, r.offset));
        records
    }

    #[track_caller]
    fn producer(&self, settings: &[(&str, &str)]) -> BaseProducer {
        let mut config = self.config();
        config.set("linger.ms", "20");
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config.create().expect("the settings are fine")
    }
}

/// An open transaction. Dropping it leaves it open at the broker, as a killed program does.
pub struct Transaction {
    producer: BaseProducer,
    /// Of the same id: the broker lets it in when what came before is settled in all partitions.
    next: BaseProducer,
}

impl Transaction {
    /// Writes messages and waits until the broker has them.
    #[track_caller]
    pub fn write(&self, topic: &str, records: &[Record]) {
        send(&self.producer, topic, records);
        self.producer
            .flush(LIMIT)
            .expect("the broker takes the messages");
    }

    /// Commits it: whoever reads then sees it.
    #[track_caller]
    pub fn commit(self) {
        self.producer
            .commit_transaction(LIMIT)
            .expect("the broker commits");
        self.settle();
    }

    /// Aborts it: nobody waits for it any more.
    #[track_caller]
    pub fn abort(self) {
        self.producer
            .abort_transaction(LIMIT)
            .expect("the broker aborts");
        self.settle();
    }

    /// The broker answers once a transaction's end is certain, and tells the partitions afterwards.
    #[track_caller]
    fn settle(self) {
        self.next
            .init_transactions(LIMIT)
            .expect("the broker tells all partitions");
    }
}

#[track_caller]
fn send(producer: &BaseProducer, topic: &str, records: &[Record]) {
    for record in records {
        let mut message = BaseRecord::<[u8], [u8]>::to(topic).partition(record.partition);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.timestamp = record.timestamp;
        if !record.headers.is_empty() {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &record.headers {
                headers = headers.insert(Header {
                    key,
                    value: value.as_deref(),
                });
            }
            message.headers = Some(headers);
        }
        let mut pending = Some(message);
        while let Some(message) = pending.take() {
            match producer.send(message) {
                Ok(()) => {}
                // The queue is full.
                Err((
                    KafkaError::MessageProduction(rdkafka::error::RDKafkaErrorCode::QueueFull),
                    back,
                )) => {
                    producer.poll(Duration::from_millis(50));
                    pending = Some(back);
                }
                Err((error, _)) => panic!("a message can't be written to {topic}: {error}"),
            }
        }
    }
}

fn headers<H: Headers>(headers: Option<&H>) -> Vec<(String, Option<Vec<u8>>)> {
    let Some(headers) = headers else {
        return Vec::new();
    };
    let all = headers
        .iter()
        .map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)));
    all.collect()
}
