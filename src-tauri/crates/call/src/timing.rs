//! Every time-out and bound of the call in one place, with its reason.

use std::time::Duration;

/// From the wish to join until the server has answered.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(15);
/// From "both are there" until media flows, rebuilds included.
pub const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an interrupted call is held: as long as the server keeps a place.
pub const RECONNECT_TIMEOUT: Duration = Duration::from_secs(120);

/// From `call` until the server has said something about it.
pub const CALL_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// What our own clock leaves to the server's in the time-outs of calls by name.
pub const CALL_GRACE: Duration = Duration::from_secs(5);
/// From a refused login until the next try, where trying again may help.
pub const LOGIN_RETRY: Duration = Duration::from_secs(10);
/// From the refusal of a display's code until it asks again, the first time; then twice as long each time.
pub const CAST_RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest of these. The whole waiting ends with [`RECONNECT_TIMEOUT`].
pub const CAST_RETRY_LONGEST: Duration = Duration::from_secs(16);
/// From a text until its fate counts as unknown.
pub const TEXT_TIMEOUT: Duration = Duration::from_secs(10);
/// Texts that may wait for their answer.
pub const MAX_WAITING_TEXTS: usize = 32;
/// Texts a second in the long run: far below what the server takes in all, so that they never slow
/// an offer or a candidate down.
pub const TEXTS_PER_SECOND: u32 = 5;
/// Texts at once after a pause.
pub const TEXT_BURST: u32 = 20;
/// Age at which credentials of TURN servers are renewed during a call; they live ten minutes.
pub const CREDENTIAL_AGE: Duration = Duration::from_secs(300);

/// From `Disconnected` until the impolite side restarts ICE. Shorter would restart for a passing
/// disturbance, which costs more than it gains.
pub const RESTART_DELAY_IMPOLITE: Duration = Duration::from_secs(2);
/// The same for the polite side, which acts only if the other did not: it alone may have seen the
/// break (one direction lost), and a plain page never restarts.
pub const RESTART_DELAY_POLITE: Duration = Duration::from_secs(4);
/// The same for the impolite side where the silent path led through a relay: 2.5 s of silence are more often
/// the end of a relay than a disturbance, and the other relay is asked at once.
pub const RELAY_DELAY_IMPOLITE: Duration = Duration::from_millis(200);
/// The same for the polite side.
pub const RELAY_DELAY_POLITE: Duration = Duration::from_millis(1_500);
/// From an ICE restart until the PeerConnection is given up and built anew.
pub const RESTART_PATIENCE: Duration = Duration::from_secs(8);
/// From a new PeerConnection until the impolite side builds the next one.
pub const REBUILD_PATIENCE_IMPOLITE: Duration = Duration::from_secs(10);
/// The same for the polite side; the gap keeps both from building at the same moment.
pub const REBUILD_PATIENCE_POLITE: Duration = Duration::from_secs(14);
/// From the failure of a PeerConnection until the polite side builds one, if no offer came.
pub const REBUILD_DELAY_POLITE: Duration = Duration::from_secs(5);
/// From a PeerConnection closed by the other until it is rebuilt: `peer-leave` usually follows
/// and makes it needless.
pub const REBUILD_DELAY_CLOSED: Duration = Duration::from_secs(1);

/// Candidates that wait for the description they belong to.
pub const MAX_EARLY_CANDIDATES: usize = 64;
/// Our own candidates of one generation, kept to be sent again after a break.
pub const MAX_LOCAL_CANDIDATES: usize = 64;
/// Sessions and ufrags remembered as over.
pub const MAX_RETIRED: usize = 32;
/// PeerConnections the other may make us build within [`REPLACEMENT_WINDOW`].
pub const MAX_REPLACEMENTS: usize = 8;
/// See [`MAX_REPLACEMENTS`].
pub const REPLACEMENT_WINDOW: Duration = Duration::from_secs(10);
