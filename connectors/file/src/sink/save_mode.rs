//! What happens to the target folder before the first row.

use std::fs;
use std::io;
use std::path::Path;

use seatunnel_api::{Error, Result, codes};

use super::io_error::io_error;
use crate::sink_options::{DataSaveMode, SchemaSaveMode};

/// Makes the folder ready as the save modes say. What lies in `tmp_path` stays untouched.
///
/// # Errors
/// If a save mode refuses the folder as it is, or it can't be changed.
pub(crate) fn prepare(
    path: &Path,
    tmp_path: &Path,
    schema_mode: SchemaSaveMode,
    data_mode: DataSaveMode,
) -> Result<()> {
    check(path, schema_mode, data_mode)?;
    let recreate = schema_mode == SchemaSaveMode::RecreateSchema;
    if (recreate || data_mode == DataSaveMode::DropData) && path.is_dir() {
        if path.parent().is_none() {
            return Err(Error::new(
                codes::SAVE_MODE,
                "the save modes of this job would delete all files of this machine: `path` is /",
            ));
        }
        empty(path, tmp_path)?;
    }
    if schema_mode == SchemaSaveMode::Ignore {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|e| io_error("create", path, e))
}

/// Whether the save modes accept the folder as it is, without changing it.
///
/// # Errors
/// If they don't.
pub(crate) fn check(
    path: &Path,
    schema_mode: SchemaSaveMode,
    data_mode: DataSaveMode,
) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(Error::new(
            codes::SAVE_MODE,
            format!("`path` must be a folder, {} is a file", path.display()),
        )),
        Ok(_) if data_mode == DataSaveMode::ErrorWhenDataExists => match first_file(path)? {
            // RECREATE_SCHEMA empties the folder before data_save_mode looks at it.
            Some(file) if schema_mode != SchemaSaveMode::RecreateSchema => Err(Error::new(
                codes::DATA_EXISTS,
                format!("there is data in {} already", path.display()),
            )
            .with_context("file", file)
            .with_help(
                "data_save_mode is ERROR_WHEN_DATA_EXISTS: use APPEND_DATA, DROP_DATA, or another `path`",
            )),
            _ => Ok(()),
        },
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if schema_mode == SchemaSaveMode::ErrorWhenSchemaNotExist {
                return Err(Error::new(
                    codes::TARGET_MISSING,
                    format!("the folder {} does not exist", path.display()),
                )
                .with_help(
                    "schema_save_mode is ERROR_WHEN_SCHEMA_NOT_EXIST: create the folder, or use CREATE_SCHEMA_WHEN_NOT_EXIST",
                ));
            }
            Ok(())
        }
        Err(e) => Err(io_error("look at", path, e)),
    }
}

/// A file in the folder or below, hidden ones aside.
fn first_file(folder: &Path) -> Result<Option<String>> {
    for entry in fs::read_dir(folder).map_err(|e| io_error("read", folder, e))? {
        let entry = entry.map_err(|e| io_error("read", folder, e))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let found = if path.is_dir() {
            first_file(&path)?
        } else {
            Some(path.display().to_string())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Deletes all that is in the folder, but for `keep`.
fn empty(folder: &Path, keep: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| io_error("read", folder, e))? {
        let path = entry.map_err(|e| io_error("read", folder, e))?.path();
        if path == keep {
            continue;
        }
        let is_folder = path.is_dir() && !path.is_symlink();
        let deleted = if is_folder && keep.starts_with(&path) {
            empty(&path, keep)?;
            continue;
        } else if is_folder {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        deleted.map_err(|e| io_error("delete", &path, e))?;
    }
    Ok(())
}
