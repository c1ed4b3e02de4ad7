//! From a job file to its tree.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use seatunnel_api::Error;
use seatunnel_api::config::{ConfigValue, Diagnostic, Report, Severity, SourceText};

use crate::hocon::{self, Unresolved};
use crate::shade::Shades;
use crate::variables::Variables;
use crate::{codes, file, json, sql};

/// How a job file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// SeaTunnel's HOCON dialect.
    Hocon,
    /// Strict JSON.
    Json,
    /// `CREATE TABLE … WITH (…)`, `INSERT INTO … SELECT …`.
    Sql,
}

impl Format {
    /// By a file's ending: `.json`, `.sql`, and HOCON for all others.
    pub fn of(path: &Path) -> Self {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match ending.to_ascii_lowercase().as_str() {
            "json" => Self::Json,
            "sql" => Self::Sql,
            _ => Self::Hocon,
        }
    }
}

/// Where a `${name}` that the file does not give is looked up before `-i`.
#[derive(Clone, Debug, Default)]
pub enum Environment {
    /// The environment of this process.
    #[default]
    Process,
    /// These values alone.
    Fixed(BTreeMap<String, String>),
}

impl Environment {
    fn get(&self, name: &str) -> Option<String> {
        match self {
            // `var` panics on names that no environment can hold.
            Self::Process if name.is_empty() || name.contains(['=', '\0']) => None,
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(values) => values.get(name).cloned(),
        }
    }
}

/// What is applied to a job file while it is read.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The arguments of `-i`, as given: see [`Variables::parse`].
    pub variables: Vec<String>,
    /// Where `${name}` is looked up first.
    pub environment: Environment,
    /// The ways to encrypt secrets that `shade.identifier` may name.
    pub shades: Shades,
}

/// A job file's tree, with variables filled in and secrets decrypted.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The tree.
    pub root: ConfigValue,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a job file.
///
/// # Errors
/// If it can't be read, has errors (all of them are in the error), a variable is not set, or a
/// secret can't be decrypted.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Loaded, Error> {
    let source = open(path)?;
    finish_load(&source, Some(path), Format::of(path), options)
}

/// Reads the text of a job file; `name` is what messages call it. Includes start from the current
/// directory.
///
/// # Errors
/// As [`load`].
pub fn parse_str(
    name: &str,
    text: &str,
    format: Format,
    options: &LoadOptions,
) -> Result<Loaded, Error> {
    let source = SourceText::new(name, text);
    finish_load(&source, None, format, options)
}

/// The tree of a job file as its parser gives it: nothing from the command line, no secret
/// decrypted. A `${x}` without value is the object `{"$unresolved": "ConfigReference(${x})"}`.
///
/// # Errors
/// If the file can't be read or has errors.
pub fn tree(path: &Path) -> Result<ConfigValue, Error> {
    tree_of(
        &open(path)?,
        Some(path),
        Format::of(path),
        &Environment::Process,
    )
}

/// [`tree`] of a text.
///
/// # Errors
/// If the text has errors.
pub fn tree_of_str(
    name: &str,
    text: &str,
    format: Format,
    environment: &Environment,
) -> Result<ConfigValue, Error> {
    tree_of(&SourceText::new(name, text), None, format, environment)
}

fn tree_of(
    source: &Arc<SourceText>,
    path: Option<&Path>,
    format: Format,
    environment: &Environment,
) -> Result<ConfigValue, Error> {
    let mut report = Report::new();
    let names = |name: &str| environment.get(name);
    let root = read(source, path, format, &names, Unresolved::Mark, &mut report);
    report.into_result()?;
    Ok(root.unwrap_or_default())
}

/// The tree of a job file with its secrets encrypted as `shade.identifier` says. Variables that
/// are not set stay as they are written.
///
/// # Errors
/// If the file can't be read, or a secret can't be encrypted.
pub fn encrypt(path: &Path, options: &LoadOptions) -> Result<ConfigValue, Error> {
    let mut root = with_variables(path, options)?;
    options.shades.encrypt(&mut root)?;
    Ok(root)
}

/// The tree of a job file with its secrets decrypted as `shade.identifier` says. Variables that
/// are not set stay as they are written.
///
/// # Errors
/// If the file can't be read, or a secret can't be decrypted.
pub fn decrypt(path: &Path, options: &LoadOptions) -> Result<ConfigValue, Error> {
    let mut root = with_variables(path, options)?;
    options.shades.decrypt(&mut root)?;
    Ok(root)
}

fn with_variables(path: &Path, options: &LoadOptions) -> Result<ConfigValue, Error> {
    let source = open(path)?;
    let mut report = Report::new();
    let read = filled_in(
        &source,
        Some(path),
        Format::of(path),
        options,
        Unresolved::Keep,
        &mut report,
    )?;
    report.into_result()?;
    Ok(read)
}

fn finish_load(
    source: &Arc<SourceText>,
    path: Option<&Path>,
    format: Format,
    options: &LoadOptions,
) -> Result<Loaded, Error> {
    let mut report = Report::new();
    let refuse = Unresolved::Refuse;
    let mut root = filled_in(source, path, format, options, refuse, &mut report)?;
    let mut warnings = Vec::new();
    for mut warning in report.take_warnings() {
        if warning.code == codes::SECTION_REPEATED {
            warning.severity = Severity::Error;
            report.push(warning);
        } else {
            warnings.push(warning);
        }
    }
    report.into_result()?;
    warnings.extend(options.shades.decrypt(&mut root)?);
    Ok(Loaded { root, warnings })
}

fn filled_in(
    source: &Arc<SourceText>,
    path: Option<&Path>,
    format: Format,
    options: &LoadOptions,
    unresolved: Unresolved,
    report: &mut Report,
) -> Result<ConfigValue, Error> {
    let variables = Variables::parse(&options.variables)?;
    let names = |name: &str| {
        let given = || variables.get(name).map(str::to_owned);
        options.environment.get(name).or_else(given)
    };
    let mut root = read(source, path, format, &names, unresolved, report).unwrap_or_default();
    variables.substitute(&mut root);
    Ok(root)
}

fn read(
    source: &Arc<SourceText>,
    path: Option<&Path>,
    format: Format,
    names: &hocon::Names<'_>,
    unresolved: Unresolved,
    report: &mut Report,
) -> Option<ConfigValue> {
    match format {
        Format::Json => json::read(source, report),
        Format::Sql => sql::read(source, path, names, unresolved, report),
        Format::Hocon => {
            let raw: Rc<_> = hocon::read(source, path, names, report)?;
            Some(hocon::finish(raw, unresolved, report))
        }
    }
}

fn open(path: &Path) -> Result<Arc<SourceText>, Error> {
    let text = file::read_text(path)?;
    Ok(SourceText::new(path.display().to_string(), text))
}
