//! Stores that have folders, and whose files are written elsewhere and renamed.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::{Entry, FileWriter, Publishing, RandomFile, Store};

/// The calls of a server of files; what else a [`Store`] does is made of them.
pub(crate) trait Tree: fmt::Debug + Send + Sync {
    /// As [`Store::name`].
    fn name(&self) -> &str;

    /// As [`Store::open_files`].
    fn open_files(&self) -> usize;

    /// As [`Store::reads_anywhere`].
    fn reads_anywhere(&self) -> bool {
        true
    }

    /// A file or folder.
    fn look_at(&self, path: &Path) -> io::Result<Entry>;

    /// What is in a folder.
    fn read_folder(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// As [`Store::read`].
    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>>;

    /// As [`Store::open`].
    fn open(&self, path: &Path) -> io::Result<RandomFile>;

    /// As [`Store::create`].
    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>>;

    /// As [`Store::rename`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes one folder. One that is there may be an error.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes a folder and those above it.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        make_folders(self, folder)
    }

    /// Makes the folders for a file that is about to be begun; `AlreadyExists` if there is one.
    fn make_way(&self, file: &Path) -> io::Result<()> {
        match self.look_at(file) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.make_folders(file.parent().unwrap_or(file))
            }
            Err(e) => Err(e),
        }
    }

    /// Deletes a file; `NotFound` if there is none.
    fn delete_file(&self, file: &Path) -> io::Result<()>;

    /// Deletes a folder that has nothing in it.
    fn delete_folder(&self, folder: &Path) -> io::Result<()>;

    /// Deletes a folder with all that is in it. False if it is not there.
    fn delete_tree(&self, folder: &Path) -> io::Result<bool> {
        delete_tree(self, folder)
    }

    /// As [`Store::remove_empty_folder`].
    fn remove_empty_folder(&self, folder: &Path) -> bool {
        self.delete_folder(folder).is_ok()
    }
}

impl<T: Tree> Store for T {
    fn name(&self) -> &str {
        Tree::name(self)
    }

    fn publishing(&self) -> Publishing {
        Publishing::Rename
    }

    fn open_files(&self) -> usize {
        Tree::open_files(self)
    }

    fn reads_anywhere(&self) -> bool {
        Tree::reads_anywhere(self)
    }

    fn find(&self, path: &Path) -> io::Result<Entry> {
        self.look_at(path)
    }

    fn list(
        &self,
        folder: &Path,
        recursive: bool,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<Entry>> {
        list(self, folder, recursive, skip)
    }

    fn read(&self, path: &Path, range: Option<Range<u64>>) -> io::Result<Box<dyn Read + Send>> {
        Tree::read(self, path, range)
    }

    fn open(&self, path: &Path) -> io::Result<RandomFile> {
        Tree::open(self, path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        Tree::create(self, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Tree::rename(self, from, to)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.make_folders(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        missing_is_fine(self.delete_file(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<bool> {
        self.delete_tree(path)
    }

    fn remove_empty_folder(&self, path: &Path) -> bool {
        Tree::remove_empty_folder(self, path)
    }
}

/// How paths are given to a server.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn missing_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The files in a folder, those of its folders too if `recursive`.
fn list<T: Tree + ?Sized>(
    tree: &T,
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
fn make_folders<T: Tree + ?Sized>(tree: &T, folder: &Path) -> io::Result<()> {
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
fn delete_tree<T: Tree + ?Sized>(tree: &T, folder: &Path) -> io::Result<bool> {
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
