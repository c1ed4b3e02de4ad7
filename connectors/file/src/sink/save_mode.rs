//! What happens to the target folder before the first row.

use std::fs;
use std::io;
use std::path::Path;

use seatunnel_api::{Error, Result, codes};
use seatunnel_file_store::{Store, Trouble};

use super::io_error::io_error;
use crate::place::Place;
use crate::sink_options::{DataSaveMode, SchemaSaveMode};

/// Makes the folder ready as the save modes say. What lies in `tmp_path` stays untouched.
///
/// # Errors
/// If a save mode refuses the folder as it is, or it can't be changed.
pub(crate) fn prepare(
    place: &Place,
    path: &Path,
    tmp_path: &Path,
    schema_mode: SchemaSaveMode,
    data_mode: DataSaveMode,
) -> Result<()> {
    check(place, path, schema_mode, data_mode)?;
    let recreate = schema_mode == SchemaSaveMode::RecreateSchema;
    if recreate || data_mode == DataSaveMode::DropData {
        if path.parent().is_none() {
            let all = match place {
                Place::Here => "this machine".to_owned(),
                Place::Store(store) => store.name().to_owned(),
            };
            return Err(Error::new(
                codes::SAVE_MODE,
                format!("the save modes of this job would delete all files of {all}: `path` is /"),
            ));
        }
        match place {
            Place::Here if path.is_dir() => empty(path, tmp_path)?,
            Place::Here => {}
            Place::Store(store) => empty_in(store.as_ref(), path, tmp_path)?,
        }
    }
    if schema_mode == SchemaSaveMode::Ignore {
        return Ok(());
    }
    let created = match place {
        Place::Here => fs::create_dir_all(path),
        Place::Store(store) => store.create_folder(path),
    };
    created.map_err(|e| io_error("create", path, e))
}

/// Whether the save modes accept the folder as it is, without changing it.
///
/// # Errors
/// If they don't.
pub(crate) fn check(
    place: &Place,
    path: &Path,
    schema_mode: SchemaSaveMode,
    data_mode: DataSaveMode,
) -> Result<()> {
    match place.find(path) {
        Ok(found) if !found.is_folder => Err(Error::new(
            codes::SAVE_MODE,
            format!("`path` must be a folder, {} is a file", path.display()),
        )),
        Ok(_) if data_mode == DataSaveMode::ErrorWhenDataExists => match first_file(place, path)? {
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
        Err(e) if e.kind() == io::ErrorKind::NotFound && Trouble::of(&e).is_none() => {
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
fn first_file(place: &Place, folder: &Path) -> Result<Option<String>> {
    let hidden = |name: &str| name.starts_with('.');
    let files = place.list(folder, true, &hidden);
    let files = files.map_err(|e| io_error("read", folder, e))?;
    let mut files = files.iter().filter(|file| {
        let name = file.path.file_name().unwrap_or_default();
        !hidden(&name.to_string_lossy())
    });
    Ok(files.next().map(|file| file.path.display().to_string()))
}

/// Deletes all files of a folder of a store, but for those in `keep`.
fn empty_in(store: &dyn Store, folder: &Path, keep: &Path) -> Result<()> {
    let failed = |path: &Path, error| io_error("delete", path, error);
    if !keep.starts_with(folder) {
        return match store.remove_folder(folder) {
            Ok(_) => Ok(()),
            Err(e) => Err(failed(folder, e)),
        };
    }
    let files = match store.list(folder, true, &|_| false) {
        Ok(files) => files,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io_error("read", folder, e)),
    };
    for file in files.iter().filter(|file| !file.path.starts_with(keep)) {
        let removed = store.remove_file(&file.path);
        removed.map_err(|e| failed(&file.path, e))?;
    }
    Ok(())
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
