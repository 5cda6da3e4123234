//! What proves that a datagram, or a node, is of this cluster: HMAC-SHA256 with a key that all its servers share.
//!
//! A datagram is `BASE64URL(HMAC) . PAYLOAD`. The key of the HMAC is derived for the channel on which the
//! datagram goes, which names the process that it is for; the payload names the sender and the receiver, each
//! with its epoch, and numbers what it says. So what was said to one node, or in another life of either, is
//! worth nothing said again. It is checked before anything else looks at a datagram.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::{HmacKeys, KeyError};

/// An HMAC-SHA256 in base64url.
const TAG_LETTERS: usize = 43;
/// Between the two parts.
const DOT: u8 = b'.';

/// The keys of a cluster: one, or two during a change. What the first one signs goes out, and what either
/// signed is believed.
#[derive(Debug, Clone)]
pub struct ClusterKeys(HmacKeys);

impl ClusterKeys {
    /// One key, or two.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        HmacKeys::new(keys).map(Self)
    }

    /// The lines of a file.
    ///
    /// # Errors
    /// Why there is no key in it.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        HmacKeys::read(path).map(Self)
    }

    /// For the datagrams of one channel.
    pub(super) fn of_channel(&self, channel: &str) -> ChannelKeys {
        ChannelKeys(self.0.derive(&format!("duet bus 1\n{channel}")))
    }

    /// What stands in Redis under the name of something that a server of this cluster wrote.
    pub(super) fn vouch(&self, name: &str) -> String {
        tag(&self.of_name(name), name)
    }

    /// Whether this stands there rightly.
    pub(super) fn is_vouched(&self, name: &str, tag: &[u8]) -> bool {
        let tag = URL_SAFE_NO_PAD.decode(tag);
        tag.is_ok_and(|tag| self.of_name(name).verify(name.as_bytes(), &tag))
    }

    fn of_name(&self, name: &str) -> HmacKeys {
        self.0.derive(&format!("duet name 1\n{name}"))
    }
}

/// The keys of one channel, derived from those of the cluster.
#[derive(Debug)]
pub(super) struct ChannelKeys(HmacKeys);

impl ChannelKeys {
    /// A datagram for this channel.
    pub(super) fn seal(&self, payload: &str) -> String {
        let mut datagram = tag(&self.0, payload);
        datagram.reserve(1 + payload.len());
        datagram.push(char::from(DOT));
        datagram.push_str(payload);
        datagram
    }

    /// What a server of this cluster said on this channel; none if it was not one.
    pub(super) fn open<'a>(&self, datagram: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, rest) = datagram.split_at_checked(TAG_LETTERS)?;
        let payload = rest.strip_prefix(&[DOT])?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.0.verify(payload, &tag).then_some(payload)
    }
}

/// What a server has at hand: the keys, and those of the channel to which it listens, with which it opens all that
/// it hears.
#[derive(Debug)]
pub(super) struct Keyring {
    pub(super) cluster: ClusterKeys,
    pub(super) own_channel: ChannelKeys,
}

impl Keyring {
    pub(super) fn new(cluster: ClusterKeys, own_channel: &str) -> Self {
        Self {
            own_channel: cluster.of_channel(own_channel),
            cluster,
        }
    }
}

fn tag(keys: &HmacKeys, message: &str) -> String {
    let tag = keys.sign(message.as_bytes());
    tag.map(|tag| URL_SAFE_NO_PAD.encode(tag))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn keys(key: &str) -> ClusterKeys {
        ClusterKeys::new([key]).expect("a key")
    }

    #[test]
    fn a_datagram_is_good_with_its_key_and_on_its_channel_alone() {
        let datagram = keys(KEY).of_channel("duet:to:1").seal("words");
        let opened = keys(KEY).of_channel("duet:to:1").open(datagram.as_bytes());
        assert_eq!(opened, Some(&b"words"[..]));
        assert_eq!(
            keys(KEY).of_channel("duet:to:2").open(datagram.as_bytes()),
            None
        );
        assert_eq!(
            keys(OTHER)
                .of_channel("duet:to:1")
                .open(datagram.as_bytes()),
            None
        );
        // While the keys change, servers with either understand those with both.
        let both = ClusterKeys::new([OTHER, KEY]).expect("two keys");
        assert!(
            both.of_channel("duet:to:1")
                .open(datagram.as_bytes())
                .is_some()
        );
        let datagram = both.of_channel("duet:to:1").seal("words");
        assert!(
            keys(OTHER)
                .of_channel("duet:to:1")
                .open(datagram.as_bytes())
                .is_some()
        );
    }

    #[test]
    fn a_name_is_vouched_for_by_its_key_alone() {
        let vouched = keys(KEY).vouch("duet:node:1.1");
        assert!(keys(KEY).is_vouched("duet:node:1.1", vouched.as_bytes()));
        assert!(!keys(KEY).is_vouched("duet:node:1.2", vouched.as_bytes()));
        assert!(!keys(OTHER).is_vouched("duet:node:1.1", vouched.as_bytes()));
        assert!(!keys(KEY).is_vouched("duet:node:1.1", b"1"));
        // What names a node cannot be said on a channel of the same name.
        let said = format!("{vouched}.duet:node:1.1");
        assert_eq!(
            keys(KEY).of_channel("duet:node:1.1").open(said.as_bytes()),
            None
        );
    }

    proptest! {
        #[test]
        fn a_changed_or_cut_datagram_is_none(position in 0usize..60, byte in any::<u8>(), cut in 0usize..60) {
            let datagram = keys(KEY).of_channel("c").seal("words of a node").into_bytes();
            let mut changed = datagram.clone();
            let position = position % changed.len();
            prop_assume!(changed[position] != byte);
            changed[position] = byte;
            prop_assert_eq!(keys(KEY).of_channel("c").open(&changed), None);
            let cut = &datagram[..cut % datagram.len()];
            prop_assert_eq!(keys(KEY).of_channel("c").open(cut), None);
        }

        #[test]
        fn nonsense_is_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(keys(KEY).of_channel("c").open(&bytes), None);
        }
    }
}
