//! Which nodes of a plan are those of another plan of the same job, whose file was changed.

use seatunnel_api::plan::JobPlan;

/// For each name of a source or sink of the other plan the node that it stands for, each node once: the one of
/// this name, or, where blocks have moved, the only one of its kind that is left.
///
/// `nodes` are those that are looked at: the plan's sources, or its sinks.
pub fn same_nodes<'a>(
    plan: &JobPlan,
    names: impl Iterator<Item = &'a str>,
    nodes: &[usize],
) -> Vec<Option<usize>> {
    let mut left = nodes.to_vec();
    let mut found: Vec<(&str, Option<usize>)> = names.map(|name| (name, None)).collect();
    for (name, own) in &mut found {
        if let Some(at) = left.iter().position(|n| plan.nodes[*n].name == *name) {
            *own = Some(left.remove(at));
        }
    }
    for (name, own) in &mut found {
        if own.is_some() {
            continue;
        }
        let mut alike = left.iter().enumerate();
        let mut alike = alike
            .by_ref()
            .filter(|(_, n)| plugin(&plan.nodes[**n].name) == plugin(name));
        if let (Some((at, _)), None) = (alike.next(), alike.next()) {
            *own = Some(left.remove(at));
        }
    }
    found.into_iter().map(|(_, own)| own).collect()
}

/// `Kafka` of `source[0] Kafka`.
fn plugin(name: &str) -> &str {
    name.split_once("] ").map_or(name, |(_, plugin)| plugin)
}
