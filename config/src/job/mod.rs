//! What a job file means: its blocks, the graph they make, and the job that is ready to run.
//!
//! [`JobSpec::read`] takes the blocks apart, [`check`] finds everything that is wrong without
//! connecting to anything, [`build`] makes the job.

pub mod codes;
mod graph;
mod plan;

use indexmap::IndexMap;
use seatunnel_api::config::{ConfigValue, Kind, Report, Span};
use seatunnel_api::options::{
    EnvOptions, OptionReader, OptionSet, Options, SinkCommonOptions, SourceCommonOptions,
    TransformCommonOptions,
};
use seatunnel_api::plan::DirtyPlace;

pub use graph::Graph;
pub use plan::{Overrides, build, check, new_job_id};

/// What a block stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginKind {
    /// Rows start here.
    Source,
    /// Rows are changed here.
    Transform,
    /// Rows end here.
    Sink,
}

impl PluginKind {
    /// The key of its blocks in a job file.
    pub fn section(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Transform => "transform",
            Self::Sink => "sink",
        }
    }

    fn common(self) -> &'static OptionSet {
        match self {
            Self::Source => SourceCommonOptions::declaration(),
            Self::Transform => TransformCommonOptions::declaration(),
            Self::Sink => SinkCommonOptions::declaration(),
        }
    }
}

/// One block of a job file.
#[derive(Clone, Debug)]
pub struct PluginSpec {
    /// What it stands for.
    pub kind: PluginKind,
    /// Its position among the blocks of its kind.
    pub index: usize,
    /// The plugin's name as it is written.
    pub name: String,
    /// Where the name is written.
    pub span: Span,
    /// The block without the options that every plugin of its kind has.
    pub options: ConfigValue,
    /// The names of the rows that go in, and where they are written.
    pub inputs: Vec<(String, Span)>,
    /// The name of the rows that come out, and where it is written.
    pub output: Option<(String, Span)>,
    /// Its own parallelism.
    pub parallelism: Option<usize>,
    /// Of a sink: what becomes of rows that are rejected.
    pub dirty: Option<DirtyPlace>,
}

impl PluginSpec {
    /// What messages and progress call it: `source[0] FakeSource`.
    pub fn label(&self) -> String {
        format!("{}[{}] {}", self.kind.section(), self.index, self.name)
    }
}

/// The blocks of a job file.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// What holds for the whole job.
    pub env: EnvOptions,
    /// Sources, then transforms, then sinks, each in the order of the file.
    pub plugins: Vec<PluginSpec>,
    /// Where the job file starts, for messages about the whole.
    pub span: Span,
}

impl JobSpec {
    /// Takes a job file apart. What is wrong goes into the report; none if nothing can be made of it.
    pub fn read(root: &ConfigValue, report: &mut Report) -> Option<Self> {
        let Some(members) = root.as_object() else {
            report.error(codes::STRUCTURE, "a job file is an object", &root.span);
            return None;
        };
        for (key, value) in members {
            if !["env", "source", "transform", "sink"].contains(&key.as_str()) {
                report.warning(
                    codes::STRUCTURE,
                    format!("`{key}` is not part of a job: env, source, transform and sink are"),
                    value.key_or_value_span(),
                );
            }
        }
        let empty = ConfigValue::new(Kind::Object(Default::default()), root.span.clone());
        // With a mistake in `env`, the mistakes of the blocks are still looked for.
        let env = EnvOptions::read(
            root.get("env").unwrap_or(&empty),
            &mut OptionReader::new("env", report),
        )
        .or_else(|| EnvOptions::from_config("env", &empty).ok());
        let mut plugins = Vec::new();
        for kind in [PluginKind::Source, PluginKind::Transform, PluginKind::Sink] {
            let blocks = match root.get(kind.section()) {
                None => &[],
                Some(section) => match section.as_list() {
                    Some(blocks) => blocks,
                    None if section.is_null() => &[],
                    None => {
                        report.error(
                            codes::STRUCTURE,
                            format!("`{}` holds blocks of plugins", kind.section()),
                            section.key_or_value_span(),
                        );
                        &[]
                    }
                },
            };
            if blocks.is_empty() && kind != PluginKind::Transform {
                report.error(
                    codes::STRUCTURE,
                    format!("the job has no {}", kind.section()),
                    root.get(kind.section())
                        .map_or(&root.span, ConfigValue::key_or_value_span),
                );
            }
            for (index, block) in blocks.iter().enumerate() {
                plugins.extend(read_plugin(kind, index, block, report));
            }
        }
        Some(Self {
            env: env?,
            plugins,
            span: root.span.clone(),
        })
    }
}

fn read_plugin(
    kind: PluginKind,
    index: usize,
    block: &ConfigValue,
    report: &mut Report,
) -> Option<PluginSpec> {
    let Some(name) = block.get("plugin_name").and_then(ConfigValue::as_str) else {
        report.error(
            codes::STRUCTURE,
            format!("{}[{index}] has no `plugin_name`", kind.section()),
            &block.span,
        );
        return None;
    };
    let name = name.to_owned();
    let mut reader = OptionReader::new(&name, report);
    let (inputs, output, parallelism, dirty) = match kind {
        PluginKind::Source => {
            let common = SourceCommonOptions::read_fields(block, &mut reader)?;
            (None, common.plugin_output, common.parallelism, None)
        }
        PluginKind::Transform => {
            let common = TransformCommonOptions::read_fields(block, &mut reader)?;
            (
                common.plugin_input,
                common.plugin_output,
                common.parallelism,
                None,
            )
        }
        PluginKind::Sink => {
            let common = SinkCommonOptions::read_fields(block, &mut reader)?;
            let dirty = read_dirty(common.dirty_path, common.dirty_max, block, &mut reader)?;
            (common.plugin_input, None, common.parallelism, dirty)
        }
    };
    let span_of = |keys: [&str; 2]| {
        let value = keys.into_iter().find_map(|key| block.get(key));
        value.map_or_else(|| block.span.clone(), |v| v.span.clone())
    };
    let input_span = span_of(["plugin_input", "source_table_name"]);
    let mut options = block.clone();
    if let Kind::Object(members) = &mut options.kind {
        members.retain(|key, _| key != "plugin_name");
        for key in kind.common().keys() {
            remove(members, key);
        }
    }
    Some(PluginSpec {
        kind,
        index,
        name,
        span: block
            .get("plugin_name")
            .filter(|v| v.span.source().is_some())
            .map_or_else(|| block.key_or_value_span().clone(), |v| v.span.clone()),
        options,
        inputs: inputs
            .unwrap_or_default()
            .into_iter()
            .map(|name| (name, input_span.clone()))
            .collect(),
        output: output.map(|o| (o, span_of(["plugin_output", "result_table_name"]))),
        parallelism,
        dirty,
    })
}

/// What becomes of rejected rows; none where nothing is said of them.
fn read_dirty(
    path: Option<String>,
    max: Option<u64>,
    block: &ConfigValue,
    reader: &mut OptionReader<'_>,
) -> Option<Option<DirtyPlace>> {
    if path.as_ref().is_some_and(|p| p.trim().is_empty()) {
        let value = block.get("dirty.path").unwrap_or(block);
        reader.invalid(value, "`dirty.path` is the path of a file, and is empty");
        return None;
    }
    let given = path.is_some() || max.is_some();
    Some(given.then_some(DirtyPlace { path, max }))
}

/// Takes out an option, also where its key is written as blocks: `dirty { max = 1 }`.
fn remove(members: &mut IndexMap<String, ConfigValue>, key: &str) {
    if members.shift_remove(key).is_some() {
        return;
    }
    for (dot, _) in key.match_indices('.') {
        let Some(block) = members.get_mut(&key[..dot]) else {
            continue;
        };
        if let Kind::Object(inner) = &mut block.kind {
            remove(inner, &key[dot + 1..]);
            if inner.is_empty() {
                members.shift_remove(&key[..dot]);
            }
        }
    }
}
