//! Options of a schema registry.

use seatunnel_api::options::{OptionEnum, Options, Secret};

/// Under which subject a schema is registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, OptionEnum)]
pub enum SubjectStrategy {
    /// The topic and `-value`, or `-key` for keys.
    #[option(name = "TOPIC_NAME")]
    #[default]
    TopicName,
    /// The full name of the record.
    #[option(name = "RECORD_NAME")]
    RecordName,
    /// The topic, `-`, and the full name of the record.
    #[option(name = "TOPIC_RECORD_NAME")]
    TopicRecordName,
}

/// A schema registry that numbers the schemas of messages.
#[derive(Clone, Debug, Default, Options)]
pub struct RegistryOptions {
    /// Where the schema registry is: `http://host:8081`; several with commas between them are tried in turn.
    pub schema_registry_url: Option<String>,
    /// User of the schema registry.
    pub schema_registry_user: Option<String>,
    /// Password of the user.
    #[option(secret)]
    pub schema_registry_password: Option<Secret>,
    /// A token that lets us in, instead of user and password.
    #[option(secret)]
    pub schema_registry_token: Option<Secret>,
    /// File with the certificates of the authorities that the registry's certificate may come from, in PEM. Without it: those that the system trusts.
    pub schema_registry_ca: Option<String>,
    /// File with our own certificate, in PEM, for registries that ask for one.
    pub schema_registry_certificate: Option<String>,
    /// File with the key of our certificate, in PEM.
    pub schema_registry_key: Option<String>,
    /// Longest time for one request, in milliseconds.
    #[option(default = 30_000, min = 1)]
    pub schema_registry_timeout: u64,
    /// How the subject is called that a sink registers its schema under.
    #[option(default = SubjectStrategy::TopicName)]
    pub schema_registry_subject_strategy: SubjectStrategy,
    /// The subject of values itself, whatever the strategy.
    pub schema_registry_subject: Option<String>,
    /// Whether a sink registers its schema. Otherwise the registry must have it.
    #[option(default = true)]
    pub schema_registry_register: bool,
}
