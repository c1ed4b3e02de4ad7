//! `--encrypt`, `--decrypt`: the job file with its secrets in the other form.

use std::path::Path;

use seatunnel_api::Result;

use crate::args::JobArgs;
use crate::terminal;

/// Prints the job file as JSON, its secrets encrypted or decrypted by its `shade.identifier`. With
/// both flags it encrypts, as SeaTunnel does.
///
/// # Errors
/// If the file can't be read, or a secret can't be encrypted or decrypted.
pub(crate) fn print(file: &Path, args: &JobArgs) -> Result<()> {
    let options = super::load_options(&args.variables);
    let tree = if args.encrypt {
        seatunnel_config::encrypt(file, &options)?
    } else {
        seatunnel_config::decrypt(file, &options)?
    };
    terminal::print(&format!("{:#}\n", tree.to_json()));
    Ok(())
}
