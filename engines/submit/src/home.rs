//! Where an engine is installed.

use std::path::{Path, PathBuf};

use seatunnel_api::{Error, Result};

use crate::codes;

/// Where an engine is installed, and which version it is.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
    program: PathBuf,
    version: Option<(u32, u32)>,
}

impl Home {
    /// Looks at the folder that `variable` names; `program` is what is to be run in it, and `marker`
    /// is how the name of the jar begins that tells the version, up to the version.
    ///
    /// # Errors
    /// If the variable is not set, or names a folder in which no such program is.
    pub fn find(
        variable: &str,
        engine: &str,
        program: &str,
        markers: &[(&str, &str)],
    ) -> Result<Self> {
        let folder = std::env::var_os(variable).filter(|value| !value.is_empty());
        let folder = folder.map(PathBuf::from).ok_or_else(|| {
            Error::new(
                codes::HOME,
                format!("{variable} is not set, so that {engine} can't be found"),
            )
            .with_help(format!(
                "set {variable} to the folder that {engine} is installed in: {program} is in there"
            ))
        })?;
        Self::at(folder, variable, engine, program, markers)
    }

    fn at(
        folder: PathBuf,
        variable: &str,
        engine: &str,
        program: &str,
        markers: &[(&str, &str)],
    ) -> Result<Self> {
        let path = folder.join(program);
        if !path.is_file() {
            return Err(Error::new(
                codes::HOME,
                format!(
                    "{variable} is {}, and there is no {program} in it",
                    folder.display()
                ),
            )
            .with_help(format!(
                "set {variable} to the folder that {engine} is installed in"
            )));
        }
        let version = markers
            .iter()
            .find_map(|(below, prefix)| version_of(&folder.join(below), prefix));
        Ok(Self {
            folder,
            program: path,
            version,
        })
    }

    /// A folder that is taken as it is, of a version that is not known.
    pub fn of_folder(folder: PathBuf, program: &str) -> Self {
        Self {
            program: folder.join(program),
            folder,
            version: None,
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program to be run.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Refuses a version that is older than `oldest`; one that is not known may be new enough.
    ///
    /// # Errors
    /// If it is too old; `variable` and `engine` are what [`Home::find`] was given.
    pub fn at_least(self, oldest: (u32, u32), variable: &str, engine: &str) -> Result<Self> {
        match self.version {
            Some(version) if version < oldest => Err(Error::new(
                codes::VERSION,
                format!(
                    "{variable} is {engine} {}.{}, and jobs need {}.{} or later",
                    version.0, version.1, oldest.0, oldest.1
                ),
            )
            .with_help(format!(
                "set {variable} to a newer {engine}; clusters that run its jobs must be of the same version"
            ))),
            _ => Ok(self),
        }
    }

    /// Its version as major and minor, where a jar tells it.
    pub fn version(&self) -> Option<(u32, u32)> {
        self.version
    }
}

/// The version in the name of the first jar that begins so: `spark-core_2.13-4.3.0.jar`.
fn version_of(folder: &Path, prefix: &str) -> Option<(u32, u32)> {
    let names = std::fs::read_dir(folder).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.into_string().ok()
    });
    let version = |name: String| {
        let rest = name.strip_prefix(prefix)?.strip_suffix(".jar")?;
        // What stands between the name and the version, such as `_2.13-`.
        let rest = rest.rsplit('-').next()?;
        let mut numbers = rest.split('.');
        let major = numbers.next()?.parse().ok()?;
        Some((major, numbers.next()?.parse().ok()?))
    };
    names.into_iter().find_map(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_stands_in_the_name_of_a_jar() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_owned();
        std::fs::create_dir_all(home.join("bin")).unwrap();
        std::fs::create_dir_all(home.join("jars")).unwrap();
        let find = || {
            let markers = [("jars", "spark-core_")];
            Home::at(
                home.clone(),
                "SPARK_HOME",
                "Spark",
                "bin/spark-submit",
                &markers,
            )
        };
        assert!(
            find()
                .unwrap_err()
                .to_string()
                .contains("no bin/spark-submit")
        );
        std::fs::write(home.join("bin/spark-submit"), "").unwrap();
        assert_eq!(find().unwrap().version(), None);
        std::fs::write(home.join("jars/spark-core_2.13-4.3.0.jar"), "").unwrap();
        assert_eq!(find().unwrap().version(), Some((4, 3)));
    }
}
