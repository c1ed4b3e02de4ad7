//! What a job file means, and what is said when it means nothing.

#![allow(
    clippy::unwrap_used,
    reason = "test code, outside of #[test] functions"
)]

use std::sync::Arc;

use async_trait::async_trait;
use seatunnel_api::config::{ConfigValue, Report};
use seatunnel_api::erased::{DynSink, DynSource};
use seatunnel_api::options::Options;
use seatunnel_api::{
    Batch, CatalogTable, CheckpointId, Column, DataType, Output, PluginInfo, Registry, Result,
    Sink, SinkContext, SinkFactory, SinkWriter, Source, SourceContext, SourceFactory, SourceReader,
    Split, State, TablePath, TableSchema, TaskContext, Transform, TransformContext,
    TransformFactory, erase_sink, erase_source,
};
use seatunnel_config::job::{JobSpec, Overrides, build, check};
use serde::{Deserialize, Serialize};

/// Does nothing.
#[derive(Debug, Options)]
struct NoOptions {
    /// The type of the only column.
    #[option(key = "column.type", default = "int")]
    column_type: String,
    /// The table's name; that of the rows if not given.
    table: Option<String>,
}

struct Empty(Arc<CatalogTable>);
struct EmptyReader;
#[derive(Clone, Serialize, Deserialize)]
struct Nothing;
impl State for Nothing {}
impl Split for Nothing {
    fn id(&self) -> String {
        String::new()
    }
}

#[async_trait]
impl Source for Empty {
    type Split = Nothing;
    type Reader = EmptyReader;
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.0.clone()]
    }
    async fn splits(&self, _parallelism: usize) -> Result<Vec<Nothing>> {
        Ok(Vec::new())
    }
    async fn reader(&self, _context: TaskContext) -> Result<EmptyReader> {
        Ok(EmptyReader)
    }
}

#[async_trait]
impl SourceReader for EmptyReader {
    type Split = Nothing;
    async fn read(&mut self, _split: Nothing, _out: &mut Output<'_, Nothing>) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Transform for Empty {
    fn tables(&self) -> Vec<Arc<CatalogTable>> {
        vec![self.0.clone()]
    }
    async fn apply(&self, batch: Batch, out: &mut Vec<Batch>) -> Result<()> {
        out.push(batch);
        Ok(())
    }
}

#[async_trait]
impl Sink for Empty {
    type Committable = ();
    type Writer = EmptyReader;
    async fn writer(&self, _context: TaskContext) -> Result<EmptyReader> {
        Ok(EmptyReader)
    }
}

#[async_trait]
impl SinkWriter for EmptyReader {
    type Committable = ();
    async fn write(&mut self, _batch: Batch) -> Result<()> {
        Ok(())
    }
    async fn prepare_commit(&mut self, _checkpoint: CheckpointId) -> Result<Vec<()>> {
        Ok(Vec::new())
    }
}

struct Factory(&'static str);

impl Factory {
    fn describe(&self) -> PluginInfo {
        PluginInfo {
            name: self.0,
            aliases: &[],
            summary: "Does nothing.",
        }
    }
}

#[async_trait]
impl SourceFactory for Factory {
    type Options = NoOptions;
    fn info(&self) -> PluginInfo {
        self.describe()
    }
    async fn create(
        &self,
        options: NoOptions,
        context: SourceContext,
    ) -> Result<Arc<dyn DynSource>> {
        let column = Column::new("c", DataType::parse(&options.column_type).unwrap());
        let name = options.table.or(context.plugin_output).unwrap_or_default();
        let schema = TableSchema::new(vec![column]);
        let table = CatalogTable::new("test", TablePath::table(name), schema);
        Ok(erase_source(Empty(Arc::new(table))))
    }
}

#[async_trait]
impl TransformFactory for Factory {
    type Options = NoOptions;
    fn info(&self) -> PluginInfo {
        self.describe()
    }
    async fn create(
        &self,
        _options: NoOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        Ok(Arc::new(Empty(context.tables[0].clone())))
    }
}

#[async_trait]
impl SinkFactory for Factory {
    type Options = NoOptions;
    fn info(&self) -> PluginInfo {
        self.describe()
    }
    async fn create(&self, _options: NoOptions, context: SinkContext) -> Result<Arc<dyn DynSink>> {
        Ok(erase_sink(Empty(context.tables[0].clone())))
    }
}

fn registry() -> Registry {
    Registry::new()
        .source(Factory("Numbers"))
        .transform(Factory("Same"))
        .sink(Factory("Nowhere"))
}

/// A job of blocks such as `Numbers > a`, `a > Same > b`, `a, b > Nowhere`.
fn job(sources: &[&str], transforms: &[&str], sinks: &[&str]) -> ConfigValue {
    let block = |text: &&str, kind: &str| {
        let parts: Vec<&str> = text.split('>').map(str::trim).collect();
        let (input, name, output) = match (kind, parts.as_slice()) {
            ("source", [name]) => ("", *name, ""),
            ("source", [name, output]) => ("", *name, *output),
            ("sink", [name]) | ("transform", [name]) => ("", *name, ""),
            ("sink", [input, name]) => (*input, *name, ""),
            ("transform", [input, name, output]) => (*input, *name, *output),
            other => panic!("{other:?}"),
        };
        let mut block = serde_json::json!({ "plugin_name": name });
        if !input.is_empty() {
            let inputs: Vec<&str> = input.split(',').map(str::trim).collect();
            block["plugin_input"] = serde_json::json!(inputs);
        }
        if !output.is_empty() {
            block["plugin_output"] = serde_json::json!(output);
        }
        block
    };
    let blocks = |texts: &[&str], kind: &str| -> Vec<serde_json::Value> {
        texts.iter().map(|t| block(t, kind)).collect()
    };
    ConfigValue::from_json(&serde_json::json!({
        "env": {"job.mode": "batch"},
        "source": blocks(sources, "source"),
        "transform": blocks(transforms, "transform"),
        "sink": blocks(sinks, "sink"),
    }))
}

/// All errors and warnings of a job, one a line.
fn findings(root: &ConfigValue) -> String {
    let mut report = Report::new();
    if let Some(spec) = JobSpec::read(root, &mut report) {
        check(&spec, &registry(), false, &mut report);
    }
    let lines: Vec<String> = report.diagnostics().iter().map(|d| d.to_string()).collect();
    lines.join("\n")
}

/// `0->2 1->2` for the edges of a job, or its error.
async fn edges(root: &ConfigValue) -> std::result::Result<String, String> {
    let mut report = Report::new();
    let spec = JobSpec::read(root, &mut report).ok_or_else(|| format!("{report:?}"))?;
    let plan = build(&spec, &registry(), &Overrides::default())
        .await
        .map_err(|e| e.report())?;
    let edges: Vec<String> = plan
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(from, node)| node.outputs.iter().map(move |to| format!("{from}->{to}")))
        .collect();
    Ok(edges.join(" "))
}

#[tokio::test]
async fn a_chain_needs_no_names() {
    let root = job(&["Numbers"], &["Same", "Same"], &["Nowhere"]);
    assert_eq!(edges(&root).await.unwrap(), "0->1 1->2 2->3");
}

#[tokio::test]
async fn names_fan_out_and_unite() {
    let root = job(
        &["Numbers > a", "Numbers > b"],
        &["a > Same > c"],
        &["a, b > Nowhere", "c > Nowhere", "a > nowhere"],
    );
    assert_eq!(edges(&root).await.unwrap(), "0->2 0->3 0->5 1->3 2->4");
}

#[tokio::test]
async fn a_wrong_name_in_a_simple_chain_is_a_warning() {
    let root = job(&["Numbers > a"], &[], &["aa > Nowhere"]);
    assert!(
        findings(&root).starts_with("warning[JOB-02]"),
        "{}",
        findings(&root)
    );
    assert_eq!(edges(&root).await.unwrap(), "0->1");
}

#[test]
fn a_wrong_name_elsewhere_is_an_error_with_the_nearest() {
    let root = job(
        &["Numbers > orders", "Numbers > lines"],
        &[],
        &["order > Nowhere", "lines > Nowhere"],
    );
    let text = findings(&root);
    assert!(
        text.contains("sink[0] Nowhere takes rows called \"order\""),
        "{text}"
    );
    assert!(text.contains("did you mean \"orders\"?"), "{text}");
}

#[test]
fn one_name_for_two_plugins_is_an_error() {
    let root = job(&["Numbers > a", "Numbers > a"], &[], &["a > Nowhere"]);
    let text = findings(&root);
    assert!(
        text.contains("source[0] Numbers and source[1] Numbers both call their rows \"a\""),
        "{text}"
    );
}

#[test]
fn a_cycle_is_an_error_that_shows_it() {
    let root = job(
        &["Numbers > a"],
        &["c > Same > b", "b > Same > c"],
        &["a, c > Nowhere"],
    );
    let text = findings(&root);
    assert!(text.contains("rows go round in a circle"), "{text}");
    assert!(
        text.contains("transform[0] Same") && text.contains("transform[1] Same"),
        "{text}"
    );
}

#[test]
fn rows_that_nobody_takes_are_an_error() {
    let root = job(&["Numbers > a", "Numbers > b"], &[], &["a > Nowhere"]);
    let text = findings(&root);
    assert!(
        text.contains("nothing takes the rows of source[1] Numbers"),
        "{text}"
    );
}

#[test]
fn several_sources_need_names() {
    let root = job(&["Numbers > a", "Numbers > b"], &[], &["Nowhere"]);
    let text = findings(&root);
    assert!(
        text.contains("sink[0] Nowhere doesn't say which rows it takes"),
        "{text}"
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let root = job(&["Number > a"], &["a > Sane > b"], &["b > Nowhere"]);
    let mut root = root.to_json();
    root["sink"][0]["column.typ"] = serde_json::json!("int");
    root["env"]["paralelism"] = serde_json::json!(2);
    let text = findings(&ConfigValue::from_json(&root));
    for part in [
        "there is no source called \"Number\"",
        "did you mean Numbers?",
        "there is no transform called \"Sane\"",
        "did you mean Same?",
        "unknown option `column.typ` of Nowhere",
        "did you mean `column.type`?",
        "unknown option `paralelism` of env",
        "did you mean `parallelism`?",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
fn a_job_without_a_sink_is_none() {
    let text = findings(&ConfigValue::from_json(&serde_json::json!({
        "source": [{"plugin_name": "Numbers"}],
        "sinc": [],
    })));
    assert!(text.contains("the job has no sink"), "{text}");
    assert!(text.contains("`sinc` is not part of a job"), "{text}");
}

#[test]
fn old_names_of_common_options_work_with_a_warning() {
    let root = ConfigValue::from_json(&serde_json::json!({
        "source": [
            {"plugin_name": "Numbers", "result_table_name": "a"},
            {"plugin_name": "Numbers", "plugin_output": "b"},
        ],
        "sink": [{"plugin_name": "Nowhere", "source_table_name": ["a", "b"]}],
    }));
    let text = findings(&root);
    assert!(!text.contains("error["), "{text}");
    assert!(
        text.contains("`result_table_name` of Numbers is an old name of `plugin_output`"),
        "{text}"
    );
}

#[tokio::test]
async fn a_table_that_comes_twice_must_have_the_same_columns() {
    let mut root = job(&["Numbers > a", "Numbers > b"], &[], &["a, b > Nowhere"]).to_json();
    root["source"][0]["table"] = serde_json::json!("t");
    root["source"][1]["table"] = serde_json::json!("t");
    assert!(edges(&ConfigValue::from_json(&root)).await.is_ok());
    root["source"][1]["column.type"] = serde_json::json!("string");
    let error = edges(&ConfigValue::from_json(&root)).await.unwrap_err();
    assert!(
        error.contains("the table t with other columns: (c int) and (c string)"),
        "{error}"
    );
}
