//! Which block's rows go where.

use std::collections::HashMap;

use seatunnel_api::config::{Diagnostic, Report, nearest};

use super::{JobSpec, PluginKind, codes};

/// The edges of a job, between positions in [`JobSpec::plugins`].
#[derive(Clone, Debug)]
pub struct Graph {
    /// Where each block's rows come from.
    pub inputs: Vec<Vec<usize>>,
    /// Positions of all blocks, each behind those it takes rows from.
    pub order: Vec<usize>,
}

impl Graph {
    /// Connects the blocks by their names. What is wrong goes into the report; none on an error.
    ///
    /// A block that names no input takes the rows of the block before it: the last transform, else
    /// the only source. In a chain of one source, at most one transform and one sink a wrong name
    /// is only a warning, as in SeaTunnel.
    pub fn connect(spec: &JobSpec, report: &mut Report) -> Option<Self> {
        let before = report.diagnostics().len();
        let producers = producers(spec, report);
        let count = |kind| spec.plugins.iter().filter(|p| p.kind == kind).count();
        let simple = count(PluginKind::Source) == 1
            && count(PluginKind::Transform) <= 1
            && count(PluginKind::Sink) == 1;
        let mut inputs = Vec::with_capacity(spec.plugins.len());
        for (position, plugin) in spec.plugins.iter().enumerate() {
            if plugin.kind == PluginKind::Source {
                inputs.push(Vec::new());
                continue;
            }
            let mut from = Vec::new();
            for (name, span) in &plugin.inputs {
                match producers.get(name.as_str()) {
                    Some(producer) if !from.contains(producer) => from.push(*producer),
                    Some(_) => {}
                    None => {
                        let message = format!(
                            "{} takes rows called {name:?}, which nothing puts out",
                            plugin.label()
                        );
                        let names = producers.keys().copied();
                        let help = match nearest(name, names) {
                            Some(near) => format!("did you mean {near:?}?"),
                            None => format!("there are: {}", list(&producers)),
                        };
                        let diagnostic = if simple {
                            Diagnostic::warning(codes::NAMES, message, span.clone()).with_help(
                                "the job is a simple chain, so the rows before it are taken",
                            )
                        } else {
                            Diagnostic::error(codes::NAMES, message, span.clone()).with_help(help)
                        };
                        report.push(diagnostic);
                    }
                }
            }
            if from.is_empty() && (simple || plugin.inputs.is_empty()) {
                from.extend(predecessor(spec, position, report));
            }
            inputs.push(from);
        }
        if has_errors(report, before) {
            return None;
        }
        let order = order(spec, &inputs, report)?;
        report_unused(spec, &inputs, report);
        (!has_errors(report, before)).then_some(Self { inputs, order })
    }

    /// Where each block's rows go.
    pub fn outputs(&self) -> Vec<Vec<usize>> {
        let mut outputs = vec![Vec::new(); self.inputs.len()];
        for (position, inputs) in self.inputs.iter().enumerate() {
            for input in inputs {
                outputs[*input].push(position);
            }
        }
        outputs
    }
}

fn has_errors(report: &Report, since: usize) -> bool {
    use seatunnel_api::config::Severity;
    let new = &report.diagnostics()[since..];
    new.iter().any(|d| d.severity == Severity::Error)
}

/// Which block puts out the rows of a name.
fn producers<'a>(spec: &'a JobSpec, report: &mut Report) -> HashMap<&'a str, usize> {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (position, plugin) in spec.plugins.iter().enumerate() {
        let Some((name, span)) = &plugin.output else {
            continue;
        };
        if let Some(first) = producers.insert(name, position) {
            let other = &spec.plugins[first];
            let at = other.output.as_ref().map(|(_, span)| span.to_string());
            report.push(
                Diagnostic::error(
                    codes::NAMES,
                    format!(
                        "{} and {} both call their rows {name:?}",
                        other.label(),
                        plugin.label()
                    ),
                    span.clone(),
                )
                .with_help(format!(
                    "the other is at {}; give one of them another plugin_output",
                    at.unwrap_or_default()
                )),
            );
            producers.insert(name, first);
        }
    }
    producers
}

/// The block whose rows a block takes that names no input.
fn predecessor(spec: &JobSpec, position: usize, report: &mut Report) -> Option<usize> {
    let plugin = &spec.plugins[position];
    let candidates: Vec<usize> = match plugin.kind {
        PluginKind::Source => return None,
        PluginKind::Transform if plugin.index > 0 => return Some(position - 1),
        PluginKind::Sink
            if let Some(last) = spec
                .plugins
                .iter()
                .rposition(|p| p.kind == PluginKind::Transform) =>
        {
            return Some(last);
        }
        _ => (0..spec.plugins.len())
            .filter(|p| spec.plugins[*p].kind == PluginKind::Source)
            .collect(),
    };
    match candidates.as_slice() {
        [only] => Some(*only),
        [] => None,
        _ => {
            report.push(
                Diagnostic::error(
                    codes::NAMES,
                    format!("{} doesn't say which rows it takes", plugin.label()),
                    plugin.span.clone(),
                )
                .with_help("there are several sources: name the rows in plugin_input"),
            );
            None
        }
    }
}

/// All blocks, each behind those it takes rows from; none if there is a cycle.
fn order(spec: &JobSpec, inputs: &[Vec<usize>], report: &mut Report) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(inputs.len());
    let mut placed = vec![false; inputs.len()];
    // Always the first that can be placed: the order of the file stays where it is possible.
    while let Some(next) =
        (0..inputs.len()).find(|p| !placed[*p] && inputs[*p].iter().all(|input| placed[*input]))
    {
        placed[next] = true;
        order.push(next);
    }
    if order.len() == inputs.len() {
        return Some(order);
    }
    // Walking backwards from a block that could not be placed leads into a cycle.
    let mut walked = Vec::new();
    let mut at = placed.iter().position(|p| !p)?;
    while !walked.contains(&at) {
        walked.push(at);
        at = inputs[at].iter().copied().find(|i| !placed[*i])?;
    }
    let start = walked.iter().position(|p| *p == at)?;
    let mut cycle: Vec<String> = walked[start..]
        .iter()
        .rev()
        .map(|p| spec.plugins[*p].label())
        .collect();
    cycle.push(cycle[0].clone());
    report.push(
        Diagnostic::error(
            codes::CYCLE,
            format!("rows go round in a circle: {}", cycle.join(" -> ")),
            spec.plugins[at].span.clone(),
        )
        .with_help("change a plugin_input so that rows lead from sources to sinks"),
    );
    None
}

fn report_unused(spec: &JobSpec, inputs: &[Vec<usize>], report: &mut Report) {
    for (position, plugin) in spec.plugins.iter().enumerate() {
        let used = inputs.iter().any(|i| i.contains(&position));
        if !used && plugin.kind != PluginKind::Sink {
            report.push(
                Diagnostic::error(
                    codes::UNUSED,
                    format!("nothing takes the rows of {}", plugin.label()),
                    plugin.span.clone(),
                )
                .with_help("name them in the plugin_input of a sink, or remove the block"),
            );
        }
    }
}

fn list(producers: &HashMap<&str, usize>) -> String {
    let mut names: Vec<_> = producers.iter().map(|(name, at)| (*at, *name)).collect();
    names.sort_unstable();
    let names: Vec<String> = names.into_iter().map(|(_, n)| format!("{n:?}")).collect();
    if names.is_empty() {
        "no block has a plugin_output".to_owned()
    } else {
        names.join(", ")
    }
}
