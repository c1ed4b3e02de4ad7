//! New names out of old ones: what FieldRename and TableRename have in common.

use seatunnel_api::Result;
use seatunnel_api::options::{Located, OptionEnum, Options};

use crate::java_regex::{Flags, JavaRegex, next_search};

/// How the letters of a name are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
pub(crate) enum ConvertCase {
    /// All upper case.
    Upper,
    /// All lower case.
    Lower,
}

impl ConvertCase {
    pub(crate) fn apply(self, text: &str) -> String {
        match self {
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
        }
    }
}

/// A part of a name and what stands there instead.
#[derive(Clone, Debug, Options)]
pub(crate) struct ReplacementOptions {
    /// What is replaced, each time it is found: a Java regular expression.
    replace_from: Located<String>,
    /// What stands there instead, as it is: not changed in case, `$1` has no meaning.
    replace_to: String,
    /// With false, `replace_from` is a whole name and no expression.
    #[option(default = true)]
    is_regex: bool,
}

/// How a name is made from another one.
#[derive(Clone, Debug, Options)]
pub(crate) struct RenamingOptions {
    /// Changes all letters; what `replacements_with_regex` puts in, `prefix` and `suffix` stay as they are.
    pub(crate) convert_case: Option<ConvertCase>,
    /// What is put in front of the name.
    pub(crate) prefix: Option<String>,
    /// What is put behind the name.
    pub(crate) suffix: Option<String>,
    /// Parts to replace. They are looked for in the name as it was; of several that are found in it
    /// only the last one counts.
    #[option(default = Vec::new())]
    replacements_with_regex: Vec<ReplacementOptions>,
}

impl RenamingOptions {
    pub(crate) fn is_given(&self) -> bool {
        self.convert_case.is_some()
            || self.prefix.is_some()
            || self.suffix.is_some()
            || !self.replacements_with_regex.is_empty()
    }

    /// # Errors
    /// If a pattern is not valid.
    pub(crate) fn compile(&self) -> Result<Renaming> {
        let mut replacements = Vec::new();
        for options in &self.replacements_with_regex {
            let from = &options.replace_from;
            if from.value.is_empty() {
                continue;
            }
            let find = if options.is_regex {
                let regex = JavaRegex::new(&from.value, Flags::default());
                Find::Pattern(regex.map_err(|e| e.or_at(&from.span))?)
            } else {
                Find::Whole(from.value.clone())
            };
            replacements.push((find, options.replace_to.trim().to_owned()));
        }
        let trimmed = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        Ok(Renaming {
            case: self.convert_case,
            prefix: trimmed(&self.prefix),
            suffix: trimmed(&self.suffix),
            replacements,
        })
    }
}

/// Makes names.
pub(crate) struct Renaming {
    case: Option<ConvertCase>,
    prefix: String,
    suffix: String,
    replacements: Vec<(Find, String)>,
}

enum Find {
    Pattern(JavaRegex),
    Whole(String),
}

impl Renaming {
    /// The new name.
    ///
    /// # Errors
    /// If matching a pattern was given up as too costly.
    pub(crate) fn rename(&self, name: &str) -> Result<String> {
        let mut found = Vec::new();
        let mut put = "";
        for (find, to) in &self.replacements {
            let matches = find.matches(name)?;
            if !matches.is_empty() {
                (found, put) = (matches, to.as_str());
            }
        }
        let kept = |text: &str| self.case.map_or_else(|| text.to_owned(), |c| c.apply(text));
        let mut new = self.prefix.clone();
        let mut from = 0;
        for (start, end) in found {
            new.push_str(&kept(&name[from..start]));
            new.push_str(put);
            from = end;
        }
        new.push_str(&kept(&name[from..]));
        new.push_str(&self.suffix);
        Ok(new)
    }
}

impl Find {
    fn matches(&self, name: &str) -> Result<Vec<(usize, usize)>> {
        let regex = match self {
            Self::Whole(whole) if whole == name => return Ok(vec![(0, name.len())]),
            Self::Whole(_) => return Ok(Vec::new()),
            Self::Pattern(regex) => regex,
        };
        let mut found = Vec::new();
        let mut from = Some(0);
        while let Some(at) = from {
            let Some((start, end)) = regex.find_at(name, at)? else {
                break;
            };
            found.push((start, end));
            from = next_search(name, start, end);
        }
        Ok(found)
    }
}
