//! From blocks to a job that is ready to run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use seatunnel_api::config::{Diagnostic, Report, nearest};
use seatunnel_api::options::OptionReader;
use seatunnel_api::plan::{JobPlan, Node, NodeKind};
use seatunnel_api::{
    Boundedness, CatalogTable, Error, InputTables, JobContext, JobMode, Plugin, Registry, Relation,
    RelationContext, Result, SinkContext, SourceContext, TransformContext, codes as api_codes,
};
use seatunnel_translation::relation_source;

use super::{Graph, JobSpec, PluginKind, PluginSpec, codes};

/// What the command line says over the job file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The job's name.
    pub job_name: Option<String>,
    /// The run's number, for a run that goes on or whose number somebody chose.
    pub job_id: Option<String>,
}

/// The name of a job that nobody named.
const DEFAULT_NAME: &str = "SeaTunnel";

/// Finds all that is wrong with a job without making anything of it: unknown plugins, options,
/// names of rows. With `strict`, unknown options are errors.
pub fn check(
    spec: &JobSpec,
    registry: &Registry,
    strict: bool,
    report: &mut Report,
) -> Option<Graph> {
    for plugin in &spec.plugins {
        match find(plugin, registry) {
            Some(factory) => {
                let mut reader = OptionReader::new(factory.info().name, report).strict(strict);
                factory.check(&plugin.options, &mut reader);
            }
            None => report.push(unknown(plugin, registry)),
        }
    }
    Graph::connect(spec, report)
}

/// Makes a job: all plugins, in the order of the rows, each with the tables that come to it.
///
/// # Errors
/// Everything that [`check`] finds; then the first plugin that can't be made.
pub async fn build(spec: &JobSpec, registry: &Registry, overrides: &Overrides) -> Result<JobPlan> {
    let mut report = Report::new();
    let graph = check(spec, registry, false, &mut report);
    report.into_result()?;
    let graph = graph.ok_or_else(|| Error::new(api_codes::INTERNAL, "the job has no graph"))?;
    let env = spec.env.clone();
    let job = JobContext {
        id: overrides.job_id.clone().unwrap_or_else(new_job_id).into(),
        name: overrides
            .job_name
            .clone()
            .or_else(|| env.job_name.clone())
            .unwrap_or_else(|| DEFAULT_NAME.to_owned())
            .into(),
        mode: env.job_mode,
    };
    // Positions in the plan of the blocks made so far.
    let mut placed = vec![usize::MAX; spec.plugins.len()];
    let mut plan = JobPlan {
        job,
        env,
        nodes: Vec::with_capacity(spec.plugins.len()),
    };
    // Nodes whose rows a relation takes.
    let mut taken = Vec::new();
    for position in &graph.order {
        let plugin = &spec.plugins[*position];
        let located = |e: Error| e.with_context("plugin", plugin.label()).or_at(&plugin.span);
        let inputs: Vec<usize> = graph.inputs[*position].iter().map(|i| placed[*i]).collect();
        let names: Vec<_> = graph.inputs[*position]
            .iter()
            .map(|i| spec.plugins[*i].output.as_ref().map(|(name, _)| name))
            .collect();
        let relation = relation(plugin, &names, &inputs, registry, &plan);
        let (kind, tables) = match relation.await.map_err(located)? {
            Some(relation) => {
                let source = relation_source(relation, &plugin.label(), &plan, &inputs);
                taken.extend(inputs);
                let tables = source.tables();
                let kind = NodeKind::Source {
                    source,
                    parallelism: 1,
                };
                (kind, tables)
            }
            None => {
                let own = plan.nodes.len();
                let tables = union(plugin, inputs.iter().map(|i| &plan.nodes[*i]))?;
                let made = make(plugin, tables, registry, &plan.job, plan.env.parallelism);
                let made = made.await.map_err(located)?;
                for input in inputs {
                    plan.nodes[input].outputs.push(own);
                }
                made
            }
        };
        placed[*position] = plan.nodes.len();
        plan.nodes.push(Node {
            name: plugin.label(),
            kind,
            outputs: Vec::new(),
            tables,
            dirty: plugin.dirty.clone(),
        });
    }
    Ok(without_what_only_relations_read(plan, &taken))
}

/// Makes a relation of a block, if it is one: what takes all rows of its inputs at once.
async fn relation(
    plugin: &PluginSpec,
    names: &[Option<&String>],
    inputs: &[usize],
    registry: &Registry,
    plan: &JobPlan,
) -> Result<Option<Arc<dyn Relation>>> {
    let factory = match plugin.kind {
        PluginKind::Transform => registry.find_transform(&plugin.name),
        PluginKind::Source | PluginKind::Sink => None,
    };
    let Some(factory) = factory else {
        return Ok(None);
    };
    let inputs = names.iter().zip(inputs).map(|(name, input)| InputTables {
        name: name.cloned(),
        tables: plan.nodes[*input].tables.clone(),
    });
    let context = RelationContext {
        job: plan.job.clone(),
        inputs: inputs.collect(),
        plugin_output: plugin.output.as_ref().map(|(name, _)| name.clone()),
    };
    factory.relation(&plugin.options, &context).await
}

/// The plan without the nodes that lead to relations only: those read them by themselves.
fn without_what_only_relations_read(plan: JobPlan, taken: &[usize]) -> JobPlan {
    let count = plan.nodes.len();
    let mut leads_to_relation = vec![false; count];
    let mut leads_to_sink = vec![false; count];
    for index in (0..count).rev() {
        let node = &plan.nodes[index];
        let any = |of: &[bool]| node.outputs.iter().any(|next| of[*next]);
        leads_to_relation[index] = taken.contains(&index) || any(&leads_to_relation);
        leads_to_sink[index] = matches!(node.kind, NodeKind::Sink(_)) || any(&leads_to_sink);
    }
    let keep = |index: usize| leads_to_sink[index] || !leads_to_relation[index];
    let places: Vec<usize> = (0..count)
        .scan(0, |next, index| {
            let place = *next;
            *next += usize::from(keep(index));
            Some(place)
        })
        .collect();
    let nodes = plan.nodes.into_iter().enumerate();
    let nodes = nodes
        .filter(|(index, _)| keep(*index))
        .map(|(_, mut node)| {
            node.outputs.retain(|next| keep(*next));
            node.outputs
                .iter_mut()
                .for_each(|next| *next = places[*next]);
            node
        });
    JobPlan {
        nodes: nodes.collect(),
        ..plan
    }
}

/// Makes one plugin; gives it and the tables that come out of it (for a sink, those that go in).
async fn make(
    plugin: &PluginSpec,
    tables: Vec<Arc<CatalogTable>>,
    registry: &Registry,
    job: &JobContext,
    parallelism: usize,
) -> Result<(NodeKind, Vec<Arc<CatalogTable>>)> {
    let missing = || Error::new(api_codes::PLUGIN_UNKNOWN, "plugin not known");
    let output = plugin.output.as_ref().map(|(name, _)| name.clone());
    match plugin.kind {
        PluginKind::Source => {
            let parallelism = plugin.parallelism.unwrap_or(parallelism).max(1);
            let factory = registry.find_source(&plugin.name).ok_or_else(missing)?;
            let context = SourceContext {
                job: job.clone(),
                plugin_output: output,
                parallelism,
            };
            let source = factory.create(&plugin.options, context).await?;
            if job.mode == JobMode::Batch && source.boundedness() == Boundedness::Unbounded {
                return Err(Error::new(
                    codes::MODE,
                    format!("{} has no end, and a batch job needs one", plugin.name),
                )
                .with_help("set job.mode = \"STREAMING\" in env"));
            }
            let tables = source.tables();
            let kind = NodeKind::Source {
                source,
                parallelism,
            };
            Ok((kind, tables))
        }
        PluginKind::Transform => {
            let factory = registry.find_transform(&plugin.name).ok_or_else(missing)?;
            let context = TransformContext {
                job: job.clone(),
                tables,
                plugin_input: plugin.inputs.iter().map(|(name, _)| name.clone()).collect(),
                plugin_output: output,
            };
            let transform = factory.create(&plugin.options, context).await?;
            let tables = transform.tables();
            Ok((NodeKind::Transform(transform), tables))
        }
        PluginKind::Sink => {
            let factory = registry.find_sink(&plugin.name).ok_or_else(missing)?;
            let context = SinkContext {
                job: job.clone(),
                tables: tables.clone(),
                config: plugin.options.clone(),
            };
            let sink = factory.create(context).await?;
            Ok((NodeKind::Sink(sink), tables))
        }
    }
}

/// The tables of all inputs. A table that comes from several must be the same in all of them.
fn union<'a>(
    plugin: &PluginSpec,
    inputs: impl Iterator<Item = &'a Node>,
) -> Result<Vec<Arc<CatalogTable>>> {
    let mut tables: Vec<Arc<CatalogTable>> = Vec::new();
    for table in inputs.flat_map(|node| &node.tables) {
        match tables.iter().find(|t| t.path() == table.path()) {
            None => tables.push(table.clone()),
            Some(first) => {
                if let Some(difference) = difference(first, table) {
                    return Err(Error::new(
                        codes::TABLES,
                        format!(
                            "two inputs of {} bring the table {} with other columns: {difference}",
                            plugin.label(),
                            table.path()
                        ),
                    )
                    .at(&plugin.span)
                    .with_help("give the tables names of their own, or the same columns"));
                }
            }
        }
    }
    Ok(tables)
}

fn difference(a: &CatalogTable, b: &CatalogTable) -> Option<String> {
    let shape = |t: &CatalogTable| -> Vec<String> {
        t.columns()
            .iter()
            .map(|c| format!("{} {}", c.name, c.data_type))
            .collect()
    };
    let (a, b) = (shape(a), shape(b));
    (a != b).then(|| format!("({}) and ({})", a.join(", "), b.join(", ")))
}

fn find<'r>(plugin: &PluginSpec, registry: &'r Registry) -> Option<&'r dyn Plugin> {
    match plugin.kind {
        PluginKind::Source => registry
            .find_source(&plugin.name)
            .map(|f| f.as_ref() as &dyn Plugin),
        PluginKind::Transform => registry
            .find_transform(&plugin.name)
            .map(|f| f.as_ref() as &dyn Plugin),
        PluginKind::Sink => registry
            .find_sink(&plugin.name)
            .map(|f| f.as_ref() as &dyn Plugin),
    }
}

fn unknown(plugin: &PluginSpec, registry: &Registry) -> Diagnostic {
    let names: Vec<&'static str> = match plugin.kind {
        PluginKind::Source => registry.sources().iter().map(|f| f.info().name).collect(),
        PluginKind::Transform => registry
            .transforms()
            .iter()
            .map(|f| f.info().name)
            .collect(),
        PluginKind::Sink => registry.sinks().iter().map(|f| f.info().name).collect(),
    };
    let section = plugin.kind.section();
    let help = match nearest(&plugin.name, names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("{section}s built in: {}", names.join(", ")),
    };
    Diagnostic::error(
        api_codes::PLUGIN_UNKNOWN,
        format!("there is no {section} called {:?}", plugin.name),
        plugin.span.clone(),
    )
    .with_help(help)
}

/// A number that no other run on this machine has: the time, this process and a counter.
pub fn new_job_id() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |d| d.as_millis() as u64);
    let process = u64::from(std::process::id()) & 0x3fff;
    let count = u64::from(COUNTER.fetch_add(1, Ordering::Relaxed)) & 0xff;
    ((millis << 22) | (process << 8) | count).to_string()
}
