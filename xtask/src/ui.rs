//! The page: its packages and its build, each only when what it is made from changed.

use crate::{project, setup, shell};
use anyhow::Result;
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::Path,
};

/// What is made and not a source.
const MADE: [&str; 3] = ["node_modules", "dist", "test-results"];

/// Installs the page's packages as its lock file says.
pub(crate) fn install() -> Result<()> {
    let ui = project::ui();
    let lock = hash_of(|hasher| hash_file(&ui.join("package-lock.json"), hasher))?;
    if is_current("ui-packages", lock)? && ui.join("node_modules").is_dir() {
        return Ok(());
    }
    shell::run(setup::node()?.npm().arg("ci"))?;
    keep("ui-packages", lock)
}

/// Builds the page into `ui/dist`.
pub(crate) fn build() -> Result<()> {
    install()?;
    let ui = project::ui();
    let sources = hash_of(|hasher| hash_folder(&ui, hasher))?;
    if is_current("ui-build", sources)? && ui.join("dist/index.html").is_file() {
        return Ok(());
    }
    shell::run(setup::node()?.npm().args(["run", "build"]))?;
    keep("ui-build", sources)
}

fn hash_of(feed: impl FnOnce(&mut DefaultHasher) -> Result<()>) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    feed(&mut hasher)?;
    Ok(hasher.finish())
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        name.hash(hasher);
        if entry.file_type()?.is_dir() {
            hash_folder(&entry.path(), hasher)?;
        } else {
            hash_file(&entry.path(), hasher)?;
        }
    }
    Ok(())
}

fn hash_file(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    fs::read(path)?.hash(hasher);
    Ok(())
}

fn is_current(what: &str, hash: u64) -> Result<bool> {
    let kept = project::target()?.join("xtask").join(what);
    Ok(fs::read_to_string(kept).is_ok_and(|text| text == hash.to_string()))
}

fn keep(what: &str, hash: u64) -> Result<()> {
    let folder = project::target()?.join("xtask");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(what), hash.to_string())?;
    Ok(())
}
