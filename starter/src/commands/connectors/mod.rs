//! `seatunnel connectors`: what is built in, and the options of one of them.

mod page;
mod table;

use std::fs;
use std::path::Path;

use seatunnel_api::config::nearest;
use seatunnel_api::{Error, PluginInfo, Registry, Result, codes};

use crate::terminal;
use crate::text::table;
use seatunnel_connectors::registry;

/// Prints the names of all plugins and what each can do.
pub(crate) fn list() {
    terminal::print(&listing(&registry()));
}

/// All plugins and of which kinds they are, transforms last.
fn plugins(registry: &Registry) -> Vec<(PluginInfo, [bool; 3])> {
    let mut rows: Vec<(PluginInfo, [bool; 3])> = Vec::new();
    let sources = registry.sources().iter().map(|f| (f.info(), 0));
    let transforms = registry.transforms().iter().map(|f| (f.info(), 1));
    let sinks = registry.sinks().iter().map(|f| (f.info(), 2));
    for (info, kind) in sources.chain(sinks).chain(transforms) {
        match rows.iter_mut().find(|(known, _)| known.name == info.name) {
            Some((_, kinds)) => kinds[kind] = true,
            None => {
                let mut kinds = [false; 3];
                kinds[kind] = true;
                rows.push((info, kinds));
            }
        }
    }
    rows.sort_by_key(|(info, kinds)| (kinds[1], info.name.to_lowercase()));
    rows
}

fn listing(registry: &Registry) -> String {
    let mark = |is: bool, word: &str| if is { word.to_owned() } else { String::new() };
    let rows: Vec<Vec<String>> = plugins(registry)
        .iter()
        .map(|(info, [source, transform, sink])| {
            vec![
                info.name.to_owned(),
                mark(*source, "source"),
                mark(*transform, "transform"),
                mark(*sink, "sink"),
                info.summary.to_owned(),
            ]
        })
        .collect();
    table(&["NAME", "", "", "", "WHAT IT DOES"], &rows)
}

/// Prints all there is to know of the plugins of a name: a source and a sink may share one.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn show(name: &str) -> Result<()> {
    let registry = registry();
    let text = page::text(&registry, name);
    if text.is_empty() {
        let sources = registry.sources().iter().map(|f| f.info().name);
        let transforms = registry.transforms().iter().map(|f| f.info().name);
        let sinks = registry.sinks().iter().map(|f| f.info().name);
        let names: Vec<&str> = sources.chain(transforms).chain(sinks).collect();
        let message = format!("there is no connector or transform called {name:?}");
        let help = match nearest(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "`seatunnel connectors` lists what there is".to_owned(),
        };
        return Err(Error::new(codes::PLUGIN_UNKNOWN, message).with_help(help));
    }
    terminal::print(&text);
    Ok(())
}

/// Writes a page in Markdown for each name into a folder, and a list of them.
///
/// # Errors
/// If a file can't be written.
pub(crate) fn docs(folder: &Path) -> Result<()> {
    let registry = registry();
    for (name, text) in pages(&registry) {
        let path = folder.join(name);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|e| {
            let message = format!("{} can't be written", path.display());
            Error::new(codes::INTERNAL, message).with_cause(e)
        })?;
    }
    Ok(())
}

/// File names and texts of the documentation.
fn pages(registry: &Registry) -> Vec<(String, String)> {
    let rows = plugins(registry);
    let mut index = "# Connectors and transforms\n\n\
         Written by `seatunnel connectors docs`, from what each declares in code.\n\n\
         | name | | what it does |\n|---|---|---|\n"
        .to_owned();
    let mut pages = Vec::new();
    for (info, kinds) in rows {
        let words = ["source", "transform", "sink"];
        let words: Vec<&str> = words
            .into_iter()
            .zip(kinds)
            .filter_map(|(word, is)| is.then_some(word))
            .collect();
        let file = format!("{}.md", info.name);
        index.push_str(&format!(
            "| [{}]({file}) | {} | {} |\n",
            info.name,
            words.join(", "),
            info.summary
        ));
        pages.push((file, page::markdown(registry, info.name)));
    }
    pages.push(("README.md".to_owned(), index));
    pages
}

#[cfg(all(test, feature = "inmemory"))]
mod tests {
    use super::*;

    /// The pages in the repository are what the declarations say. They have all connectors.
    #[test]
    fn the_documentation_is_up_to_date() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/connectors");
        for (name, text) in pages(&registry()) {
            let kept = fs::read_to_string(folder.join(&name)).unwrap_or_default();
            assert!(
                kept == text,
                "docs/connectors/{name} is not what the code declares; run \
                 `cargo run --bin seatunnel --features inmemory -- connectors docs docs/connectors`"
            );
        }
    }
}
