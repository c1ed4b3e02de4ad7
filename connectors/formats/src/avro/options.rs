//! Options of Avro.

use seatunnel_api::options::{OptionEnum, Options};

/// What stands in front of a message, to say which schema it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub enum AvroFraming {
    /// Nothing: both sides have to know.
    #[option(name = "NONE")]
    None,
    /// A zero and the number of the schema in a schema registry, as Confluent's serializers write it.
    #[option(name = "CONFLUENT")]
    Confluent,
    /// `C3 01` and the fingerprint of the schema: Avro's single-object encoding.
    #[option(name = "SINGLE_OBJECT")]
    SingleObject,
}

/// Messages in Avro.
#[derive(Clone, Debug, Default, Options)]
pub struct AvroOptions {
    /// The schema that messages are written with, as JSON. Its fields go into the columns of the same
    /// name. Without it, and without a schema registry, it follows from the columns, as in SeaTunnel.
    pub avro_schema: Option<String>,
    /// Of schemas that follow from the columns: whether each value is a union with null, as SeaTunnel
    /// has it since 2.3.9, or bare, as before, without a way to write nulls. When it isn't given, rows
    /// are written with unions, and read as the first message that can be read in one way only is written.
    pub avro_nullable: Option<bool>,
    /// Of schemas that follow from the columns: whether rows inside of rows are unions with null, too.
    #[option(default = false)]
    pub avro_row_nullable: bool,
    /// What stands in front of each message. When it isn't given: CONFLUENT with a schema registry, else NONE.
    pub avro_framing: Option<AvroFraming>,
}
