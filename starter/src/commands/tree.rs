//! `seatunnel config tree FILE`: the parsed job file, for debugging.

use std::path::Path;

use seatunnel_api::Result;

use crate::terminal;

/// Prints the tree of a job file as JSON: variables as they stand, no plugin looked up.
///
/// # Errors
/// If the file can't be read or parsed.
pub(crate) fn print(file: &Path) -> Result<()> {
    let tree = seatunnel_config::tree(file)?;
    terminal::print(&format!("{:#}\n", tree.to_json()));
    Ok(())
}
