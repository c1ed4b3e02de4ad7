//! What stores that have folders do with them.

use std::io;
use std::path::{Path, PathBuf};

use crate::Entry;

/// The calls of a store that has folders.
pub(crate) trait Tree {
    /// What is in a folder.
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// Makes one folder. One that is there may be an error.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Deletes a folder that has nothing in it.
    fn delete_folder(&self, folder: &Path) -> io::Result<()>;

    /// Deletes a file.
    fn delete_file(&self, file: &Path) -> io::Result<()>;

    /// A file or folder.
    fn look_at(&self, path: &Path) -> io::Result<Entry>;
}

/// The files in a folder, those of its folders too if `recursive`.
pub(crate) fn list(
    tree: &impl Tree,
    folder: &Path,
    recursive: bool,
    skip: &dyn Fn(&str) -> bool,
) -> io::Result<Vec<Entry>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let found = match tree.read_folder(&folder) {
            // It has gone meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound && !files.is_empty() => continue,
            found => found?,
        };
        for entry in found {
            let name = entry.path.file_name().unwrap_or_default();
            if !entry.is_folder {
                files.push(entry);
            } else if recursive && !skip(&name.to_string_lossy()) {
                folders.push(entry.path);
            }
        }
    }
    Ok(files)
}

/// Makes a folder and those above it.
pub(crate) fn make_folders(tree: &impl Tree, folder: &Path) -> io::Result<()> {
    let mut missing: Vec<&Path> = Vec::new();
    for above in folder.ancestors() {
        if above.parent().is_none() {
            break;
        }
        match tree.look_at(above) {
            Ok(found) if found.is_folder => break,
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => missing.push(above),
            Err(e) => return Err(e),
        }
    }
    for folder in missing.into_iter().rev() {
        if let Err(error) = tree.make_folder(folder) {
            // Another task may have been quicker.
            match tree.look_at(folder) {
                Ok(found) if found.is_folder => {}
                _ => return Err(error),
            }
        }
    }
    Ok(())
}

/// Deletes a folder with all that is in it. False if it is not there.
pub(crate) fn remove_folder(tree: &impl Tree, folder: &Path) -> io::Result<bool> {
    let missing_is_fine = |done: io::Result<()>| match done {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    };
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut at = 0;
    while at < folders.len() {
        let found = match tree.read_folder(&folders[at]) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && at == 0 => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            found => found?,
        };
        for entry in found {
            match entry.is_folder {
                true => folders.push(entry.path),
                false => missing_is_fine(tree.delete_file(&entry.path))?,
            }
        }
        at += 1;
    }
    for folder in folders.iter().rev() {
        missing_is_fine(tree.delete_folder(folder))?;
    }
    Ok(true)
}
