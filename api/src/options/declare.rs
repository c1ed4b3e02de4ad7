//! What is known of options without a job file.

use std::fmt;

/// The options of one plugin or of one nested block.
#[derive(Clone, Debug, Default)]
pub struct OptionSet {
    /// What the block is for: the doc comment of its struct.
    pub doc: &'static str,
    /// The options in the order of their declaration.
    pub options: Vec<OptionSpec>,
    /// What must hold between options.
    pub rules: Vec<Rule>,
}

impl OptionSet {
    /// The option of this key or fallback key.
    pub fn find(&self, key: &str) -> Option<&OptionSpec> {
        self.options
            .iter()
            .find(|o| o.key == key || o.fallback_keys.contains(&key))
    }

    /// All keys, fallback keys too.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.options
            .iter()
            .flat_map(|o| std::iter::once(o.key).chain(o.fallback_keys.iter().copied()))
    }

    /// Takes in the options and rules of another set.
    pub fn include(&mut self, other: &OptionSet) {
        self.options.extend(other.options.iter().cloned());
        self.rules.extend(other.rules.iter().cloned());
    }
}

/// One option.
#[derive(Clone, Debug)]
pub struct OptionSpec {
    /// Its key; dots are part of it, `a.b` may also be written `a { b }`.
    pub key: &'static str,
    /// Other names that work.
    pub fallback_keys: &'static [&'static str],
    /// Whether these are old, so that using them is worth a warning.
    pub fallbacks_are_old: bool,
    /// What values it takes.
    pub option_type: OptionType,
    /// Whether a job file must give it.
    pub required: bool,
    /// What it is when a job file doesn't give it, as text.
    pub default: Option<String>,
    /// Whether its value must never be printed.
    pub secret: bool,
    /// SeaTunnel's release that brought it, where that matters.
    pub since: Option<&'static str>,
    /// Smallest number allowed.
    pub min: Option<f64>,
    /// Largest number allowed.
    pub max: Option<f64>,
    /// What it means: the doc comment of its field.
    pub doc: &'static str,
}

/// What values an option takes.
#[derive(Clone)]
pub enum OptionType {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// One of these words, in any case.
    Enum(&'static [&'static str]),
    /// A list.
    List(Box<OptionType>),
    /// Keys of the user's choice.
    Map(Box<OptionType>),
    /// A block with options of its own.
    Object(fn() -> &'static OptionSet),
    /// Anything; the text says what.
    Any(&'static str),
}

impl fmt::Debug for OptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// As a table of options shows it: `list<string>`.
impl fmt::Display for OptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Boolean => f.write_str("boolean"),
            Self::Integer => f.write_str("integer"),
            Self::Float => f.write_str("number"),
            Self::Enum(words) => f.write_str(&words.join(" | ")),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Map(value) => write!(f, "map<string, {value}>"),
            Self::Object(_) => f.write_str("object"),
            Self::Any(what) => f.write_str(what),
        }
    }
}

/// What must hold between options.
#[derive(Clone, Debug)]
pub enum Rule {
    /// At most one of these.
    Exclusive(&'static [&'static str]),
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// All of these or none.
    Together(&'static [&'static str]),
    /// If an option has one of these values, others are required.
    RequiredIf {
        /// The option looked at.
        key: &'static str,
        /// The values, compared without case.
        values: &'static [&'static str],
        /// What is then required.
        required: &'static [&'static str],
    },
}
