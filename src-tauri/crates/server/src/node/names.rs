//! The names of nodes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One life of a node. A node that lost its lease goes on under the next epoch, so that nothing it was
/// before is mistaken for what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct NodeId {
    /// Random, for each start of a server.
    pub(crate) process: u64,
    pub(crate) epoch: u32,
}

impl NodeId {
    /// A server that has just started.
    pub(crate) fn generate() -> Self {
        Self {
            process: getrandom::u64().expect("the operating system gives random numbers"),
            epoch: 1,
        }
    }

    /// The next life of the same process.
    pub(crate) fn next(self) -> Self {
        Self {
            epoch: self.epoch + 1,
            ..self
        }
    }

    /// The life before, if there was one.
    pub(crate) fn previous(self) -> Option<Self> {
        (self.epoch > 1).then(|| Self {
            epoch: self.epoch - 1,
            ..self
        })
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}.{}", self.process, self.epoch)
    }
}

impl FromStr for NodeId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (process, epoch) = text
            .split_once('.')
            .ok_or("a node has a process and an epoch")?;
        Ok(Self {
            process: u64::from_str_radix(process, 16).map_err(|_| "not a process")?,
            epoch: epoch.parse().map_err(|_| "not an epoch")?,
        })
    }
}

impl TryFrom<String> for NodeId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.to_string()
    }
}
