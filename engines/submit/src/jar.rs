//! Where our jars are.

use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result};

use crate::codes;

/// The jar whose name is `{name}-{version}.jar`: in `lib` of the folder that `SEATUNNEL_HOME` names, or else
/// of the one that this program's `bin` is in.
///
/// # Errors
/// If there is none.
pub fn find_jar(name: &str) -> Result<PathBuf> {
    let home = std::env::var_os("SEATUNNEL_HOME").filter(|value| !value.is_empty());
    let own = || {
        let program = std::env::current_exe().ok()?;
        let program = program.canonicalize().unwrap_or(program);
        Some(program.parent()?.parent()?.to_owned())
    };
    let home = home.map(PathBuf::from).or_else(own).unwrap_or_default();
    let lib = home.join("lib");
    find_in(&lib, name).ok_or_else(|| {
        Error::new(
            codes::JAR,
            format!("{name}-{}.jar is not in {}", env!("CARGO_PKG_VERSION"), lib.display()),
        )
        .with_help("unpack the release as a whole, or set SEATUNNEL_HOME to the folder whose `lib` has the jar")
    })
}

fn find_in(lib: &Path, name: &str) -> Option<PathBuf> {
    let path = lib.join(format!("{name}-{}.jar", env!("CARGO_PKG_VERSION")));
    path.is_file().then_some(path)
}
