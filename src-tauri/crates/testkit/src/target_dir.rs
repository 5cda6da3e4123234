//! Places under cargo's target directory: what was built, and what tests make and keep.

use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A folder for what tests make once and keep (clips, the camera library): `target/testkit/NAME`.
pub fn kept(name: &str) -> Result<PathBuf> {
    let folder = root()?.join("testkit").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A program of the workspace, built in the profile of the running test.
pub fn binary(name: &str) -> Result<PathBuf> {
    let own = env::current_exe()?;
    let found = own
        .ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!("{name} is not built beside {}", own.display()),
    }
}

/// The target directory: the nearest folder above this program that cargo marked.
fn root() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let marked = own
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    Ok(marked.map_or_else(|| env::temp_dir().join("duet"), Path::to_path_buf))
}
