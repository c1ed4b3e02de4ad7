//! From the text of a `.proto` to the message in it.

use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use seatunnel_api::{Error, Result};

use crate::codes;

/// What the text is called when others import it or errors name it.
const MAIN: &str = "protobuf_schema";

/// Texts by name.
struct Texts(Vec<(String, String)>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((name, text)) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Compiles a `.proto` and those that it imports.
///
/// # Errors
/// If it is not valid.
pub(super) fn compile(text: &str, imports: &[(String, String)]) -> Result<FileDescriptor> {
    let mut texts = vec![(MAIN.to_owned(), text.to_owned())];
    texts.extend(imports.iter().cloned());
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts(texts));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler
        .open_file(MAIN)
        .map_err(|e| invalid(format!("`protobuf_schema` is not valid: {e}")))?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    pool.get_file_by_name(MAIN)
        .ok_or_else(|| invalid("`protobuf_schema` is empty"))
}

/// The message of a name: alone, or with the package in front.
///
/// # Errors
/// If there is none, or there are several and no name says which.
pub(super) fn message(file: &FileDescriptor, name: Option<&str>) -> Result<MessageDescriptor> {
    let names = || {
        let names: Vec<String> = file.messages().map(|m| m.name().to_owned()).collect();
        names.join(", ")
    };
    let Some(name) = name else {
        let mut messages = file.messages();
        return match (messages.next(), messages.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(invalid("`protobuf_schema` has no message")),
            (Some(_), Some(_)) => Err(invalid(format!(
                "`protobuf_schema` has several messages: {}",
                names()
            ))
            .with_help("say which one in protobuf_message_name")),
        };
    };
    let pool = file.parent_pool();
    let full = match file.package_name() {
        "" => name.to_owned(),
        package => format!("{package}.{name}"),
    };
    pool.get_message_by_name(&full)
        .or_else(|| pool.get_message_by_name(name))
        .ok_or_else(|| {
            invalid(format!("`protobuf_schema` has no message `{name}`"))
                .with_help(format!("it has: {}", names()))
        })
}

/// The message that indexes lead to: that of the file, then those inside of the one before.
pub(super) fn message_at(file: &FileDescriptor, indexes: &[usize]) -> Option<MessageDescriptor> {
    let (first, rest) = indexes.split_first()?;
    let mut message = file.messages().nth(*first)?;
    for index in rest {
        let inner = message.child_messages().nth(*index)?;
        message = inner;
    }
    Some(message)
}

/// The way of [`message_at`] to a message.
pub(super) fn indexes_of(message: &MessageDescriptor) -> Vec<usize> {
    // A path names fields and positions by turns.
    let path = message.path().iter().skip(1).step_by(2);
    path.filter_map(|index| usize::try_from(*index).ok())
        .collect()
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(codes::SCHEMA, message)
}
