//! Options out of a job file.

use std::any::Any;

use super::declare::{OptionSet, OptionSpec, OptionType, Rule};
use crate::config::{ConfigValue, Diagnostic, Kind, Report, nearest};
use crate::error::{Result, codes};

/// A struct of options; derive it.
pub trait Options: Sized + Send {
    /// What is known of the options without a job file.
    fn declaration() -> &'static OptionSet;

    /// Reads all fields; none if one could not be read. Every error goes into the reader's report.
    fn read_fields(config: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self>;

    /// Reads the options of a plugin called `plugin`. Unknown keys are warnings, or errors when the
    /// reader is strict.
    fn read(config: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        let options = Self::read_fields(config, reader);
        let rules_hold = reader.check_rules(config, Self::declaration());
        reader.check_unknown(config, &[Self::declaration()]);
        options.filter(|_| rules_hold)
    }

    /// Reads options without a job file around them, as tests and embedders do.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    fn from_config(plugin: &str, config: &ConfigValue) -> Result<Self> {
        let mut report = Report::new();
        let options = Self::read(config, &mut OptionReader::new(plugin, &mut report));
        report.into_result()?;
        Ok(options.expect("an option that can't be read is reported"))
    }
}

/// A type that an option can have.
pub trait OptionValue: Sized + 'static {
    /// What values it takes.
    fn option_type() -> OptionType;

    /// Reads a value; none if it can't be, with the error in the reader's report.
    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self>;

    /// How a default is shown.
    fn render(&self) -> String;
}

/// Reads options and collects what is wrong with them.
pub struct OptionReader<'a> {
    plugin: String,
    report: &'a mut Report,
    strict: bool,
    path: Vec<String>,
}

impl<'a> OptionReader<'a> {
    /// A reader for the options of `plugin`, as messages call it.
    pub fn new(plugin: impl Into<String>, report: &'a mut Report) -> Self {
        Self {
            plugin: plugin.into(),
            report,
            strict: false,
            path: Vec::new(),
        }
    }

    /// Makes unknown options errors.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// What messages call the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Where findings go.
    pub fn report(&mut self) -> &mut Report {
        self.report
    }

    /// Reports that the value of the option being read is wrong.
    pub fn invalid(&mut self, value: &ConfigValue, message: impl std::fmt::Display) {
        let name = self.option_name();
        self.report.error(
            codes::OPTION_INVALID,
            format!("{name}: {message}"),
            &value.span,
        );
    }

    /// Reports that a value of another type was expected.
    pub fn wrong_type<T>(&mut self, value: &ConfigValue, expected: &str) -> Option<T> {
        let shown = match &value.kind {
            Kind::Number(text) => format!("the number {text}"),
            Kind::Bool(b) => format!("{b}"),
            Kind::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
            _ => value.type_name().to_owned(),
        };
        self.invalid(value, format!("expected {expected}, found {shown}"));
        None
    }

    fn option_name(&self) -> String {
        if self.path.is_empty() {
            self.plugin.clone()
        } else {
            format!("option `{}` of {}", self.path.join(" -> "), self.plugin)
        }
    }

    /// Reads with `key` added to the option's name in messages.
    pub fn within<T>(&mut self, key: impl Into<String>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.into());
        let result = read(self);
        self.path.pop();
        result
    }

    /// The value of an option: its key first, then fallback keys, with a warning if they are old. `null` counts as not given.
    pub fn lookup<'v>(
        &mut self,
        config: &'v ConfigValue,
        spec: &OptionSpec,
    ) -> Option<&'v ConfigValue> {
        if let Some(value) = config.get(spec.key) {
            return Some(value).filter(|v| !v.is_null());
        }
        for old in spec.fallback_keys {
            if let Some(value) = config.get(old).filter(|v| !v.is_null()) {
                if spec.fallbacks_are_old {
                    self.report.warning(
                        codes::OPTION_INVALID,
                        format!(
                            "option `{old}` of {} is an old name of `{}`",
                            self.plugin, spec.key
                        ),
                        value.key_or_value_span(),
                    );
                }
                return Some(value);
            }
        }
        None
    }

    /// For the derive: an option that must be given.
    pub fn required<T: OptionValue>(
        &mut self,
        config: &ConfigValue,
        spec: &OptionSpec,
    ) -> Option<T> {
        match self.lookup(config, spec) {
            Some(value) => self.value(value, spec),
            None => {
                let within = match self.path.as_slice() {
                    [] => self.plugin.clone(),
                    path => format!("`{}` of {}", path.join(" -> "), self.plugin),
                };
                let near = config.as_object().and_then(|o| {
                    nearest(spec.key, o.keys().map(String::as_str)).map(str::to_owned)
                });
                let mut diagnostic = Diagnostic::error(
                    codes::OPTION_INVALID,
                    format!("{within} needs the option `{}`", spec.key),
                    config.key_or_value_span().clone(),
                );
                diagnostic = diagnostic.with_help(match near {
                    Some(near) => format!("`{near}` is no option here; was `{}` meant?", spec.key),
                    None => format!("{} ({})", first_sentence(spec.doc), spec.option_type),
                });
                self.report.push(diagnostic);
                None
            }
        }
    }

    /// For the derive: an option that may be missing. The outer `Option` is none on an error.
    pub fn optional<T: OptionValue>(
        &mut self,
        config: &ConfigValue,
        spec: &OptionSpec,
    ) -> Option<Option<T>> {
        match self.lookup(config, spec) {
            Some(value) => self.value(value, spec).map(Some),
            None => Some(None),
        }
    }

    /// For the derive: an option with a default.
    pub fn or_default<T: OptionValue>(
        &mut self,
        config: &ConfigValue,
        spec: &OptionSpec,
        default: impl FnOnce() -> T,
    ) -> Option<T> {
        match self.lookup(config, spec) {
            Some(value) => self.value(value, spec),
            None => Some(default()),
        }
    }

    fn value<T: OptionValue>(&mut self, value: &ConfigValue, spec: &OptionSpec) -> Option<T> {
        self.within(spec.key, |reader| {
            let read = T::read(value, reader)?;
            let number = (&read as &dyn Any)
                .downcast_ref::<f64>()
                .copied()
                .or_else(|| value.scalar_text().and_then(|t| t.trim().parse().ok()));
            if let (Some(number), true) = (number, spec.min.is_some() || spec.max.is_some()) {
                if spec.min.is_some_and(|min| number < min) {
                    let min = spec.min.unwrap_or_default();
                    reader.invalid(value, format!("must be at least {min}, is {number}"));
                    return None;
                }
                if spec.max.is_some_and(|max| number > max) {
                    let max = spec.max.unwrap_or_default();
                    reader.invalid(value, format!("must be at most {max}, is {number}"));
                    return None;
                }
            }
            Some(read)
        })
    }

    /// Checks what must hold between options; says whether it does.
    pub fn check_rules(&mut self, config: &ConfigValue, set: &OptionSet) -> bool {
        // A default counts for conditions, not for presence: SeaTunnel reads rules the same way.
        let given = |key: &str| {
            set.find(key).is_some_and(|spec| {
                std::iter::once(spec.key)
                    .chain(spec.fallback_keys.iter().copied())
                    .any(|k| config.get(k).is_some_and(|v| !v.is_null()))
            })
        };
        let mut hold = true;
        for rule in &set.rules {
            let message = match rule {
                Rule::Exclusive(keys) => {
                    let present: Vec<_> = keys.iter().copied().filter(|k| given(k)).collect();
                    (present.len() > 1)
                        .then(|| format!("takes only one of {}", quoted(&present, "and")))
                }
                Rule::OneOf(keys) => {
                    let present: Vec<_> = keys.iter().copied().filter(|k| given(k)).collect();
                    match present.len() {
                        0 => Some(format!("needs one of the options {}", quoted(keys, "or"))),
                        1 => None,
                        _ => Some(format!("takes only one of {}", quoted(&present, "and"))),
                    }
                }
                Rule::Together(keys) => {
                    let (present, absent): (Vec<_>, Vec<_>) =
                        keys.iter().copied().partition(|k| given(k));
                    (!present.is_empty() && !absent.is_empty()).then(|| {
                        format!(
                            "has {} but not {}: they go together",
                            quoted(&present, "and"),
                            quoted(&absent, "and")
                        )
                    })
                }
                Rule::RequiredIf {
                    key,
                    values,
                    required,
                } => {
                    let spec = set.find(key);
                    let current = spec.and_then(|s| {
                        std::iter::once(s.key)
                            .chain(s.fallback_keys.iter().copied())
                            .find_map(|k| config.get(k).and_then(ConfigValue::scalar_text))
                            .or_else(|| s.default.clone())
                    });
                    let applies = current
                        .as_ref()
                        .is_some_and(|c| values.iter().any(|v| v.eq_ignore_ascii_case(c)));
                    let absent: Vec<_> = required.iter().copied().filter(|k| !given(k)).collect();
                    (applies && !absent.is_empty()).then(|| {
                        format!(
                            "needs {} because `{key}` is {}",
                            quoted(&absent, "and"),
                            current.unwrap_or_default()
                        )
                    })
                }
            };
            if let Some(message) = message {
                hold = false;
                let name = self.option_name();
                self.report.error(
                    codes::OPTION_INVALID,
                    format!("{name} {message}"),
                    config.key_or_value_span(),
                );
            }
        }
        hold
    }

    /// Reports keys that none of the sets declares, with the nearest name.
    pub fn check_unknown(&mut self, config: &ConfigValue, sets: &[&OptionSet]) {
        let Some(object) = config.as_object() else {
            return;
        };
        for (key, value) in object {
            let known = sets.iter().flat_map(|s| s.keys()).any(|k| {
                k == key
                    || k.strip_prefix(key.as_str())
                        .is_some_and(|rest| rest.starts_with('.') && value.as_object().is_some())
                    // A map option may be written with dotted keys: `properties.a = 1`.
                    || key.strip_prefix(k).is_some_and(|rest| rest.starts_with('.'))
            });
            if known || (self.path.is_empty() && key == "plugin_name") {
                continue;
            }
            let name = self.option_name();
            let message = if self.path.is_empty() {
                format!("unknown option `{key}` of {name}")
            } else {
                format!("unknown key `{key}` in {name}")
            };
            let span = value.key_or_value_span().clone();
            let mut diagnostic = if self.strict {
                Diagnostic::error(codes::OPTION_INVALID, message, span)
            } else {
                Diagnostic::warning(codes::OPTION_INVALID, message, span)
            };
            if let Some(near) = nearest(key, sets.iter().flat_map(|s| s.keys())) {
                diagnostic = diagnostic.with_help(format!("did you mean `{near}`?"));
            }
            self.report.push(diagnostic);
        }
    }
}

fn quoted(keys: &[&str], last: &str) -> String {
    let quoted: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
    match quoted.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}

fn first_sentence(doc: &str) -> &str {
    let end = doc.find(". ").map_or(doc.len(), |at| at + 1);
    doc[..end].trim_end_matches('.').trim()
}
