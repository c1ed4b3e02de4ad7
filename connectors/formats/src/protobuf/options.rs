//! Options of Protocol Buffers.

use seatunnel_api::options::Options;

/// Messages in Protocol Buffers.
#[derive(Clone, Debug, Default, Options)]
pub struct ProtobufOptions {
    /// The text of the `.proto` that describes the messages. It may import what comes with Protocol Buffers
    /// (`google/protobuf/timestamp.proto`). Sources with a schema registry can do without.
    pub protobuf_schema: Option<String>,
    /// The message in it that a row is; may be missing if there is only one. Messages inside of others
    /// are `Outer.Inner`.
    pub protobuf_message_name: Option<String>,
}
