//! The profile's folder. A second Duet on the same machine is a second person: it takes the next
//! profile that no running Duet holds. The lock dies with the process, so a crash leaves none.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Profiles tried before giving up.
const MAX_PROFILES: u32 = 16;

/// A profile that is ours until it is dropped.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its folder.
    pub(crate) folder: PathBuf,
    _lock: File,
}

impl Profile {
    /// Takes the given folder, or the first free one of the person's profiles.
    ///
    /// # Errors
    /// When the folder cannot be made or is in use, or every profile is.
    pub(crate) fn take(given: Option<&Path>) -> io::Result<Self> {
        if let Some(folder) = given {
            return lock(folder)?.ok_or_else(|| in_use("this profile is in use"));
        }
        let base = directories::ProjectDirs::from("org", "duet-call", "Duet")
            .map(|places| places.config_dir().to_owned())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no home folder"))?;
        for number in 1..=MAX_PROFILES {
            let folder = match number {
                1 => base.clone(),
                number => base.join(format!("person-{number}")),
            };
            if let Some(profile) = lock(&folder)? {
                return Ok(profile);
            }
        }
        Err(in_use("every profile is in use"))
    }
}

fn in_use(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, text)
}

fn lock(folder: &Path) -> io::Result<Option<Profile>> {
    std::fs::create_dir_all(folder)?;
    let file = File::create(folder.join("in-use"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Profile {
            folder: folder.to_owned(),
            _lock: file,
        })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_held_once_and_free_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = Profile::take(Some(folder.path())).expect("free");
        let second = Profile::take(Some(folder.path())).expect_err("held");
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        drop(held);
        Profile::take(Some(folder.path())).expect("free again");
    }
}
