//! A way to Redis that can be shut, opened, cut and frozen.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    is_open: bool,
    /// Nothing passes, and nothing ends.
    is_frozen: bool,
    /// Connections of before are cut.
    cuts: u32,
}

impl State {
    /// What a connection that was begun then does not outlive.
    fn ends_with(self, now: Self) -> bool {
        (self.is_open, self.cuts) != (now.is_open, now.cuts)
    }
}

/// Connections go through it as long as it is open.
pub(super) struct Valve {
    port: u16,
    state: Arc<watch::Sender<State>>,
}

impl Valve {
    pub(super) async fn open(redis_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let state = State {
            is_open: true,
            is_frozen: false,
            cuts: 0,
        };
        let state = Arc::new(watch::Sender::new(state));
        let watching = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut changes = watching.subscribe();
                let at_first = *changes.borrow_and_update();
                if !at_first.is_open {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", redis_port)).await else {
                        return;
                    };
                    let (from_near, to_near) = near.into_split();
                    let (from_far, to_far) = far.into_split();
                    tokio::select! {
                        () = pass(from_near, to_far, changes.clone()) => {}
                        () = pass(from_far, to_near, changes.clone()) => {}
                        _ = changes.wait_for(|state| at_first.ends_with(*state)) => {}
                    }
                });
            }
        });
        Self { port, state }
    }

    pub(super) fn url(&self) -> String {
        super::redis_rig::url_of(self.port)
    }

    /// Nothing comes through.
    pub(super) fn close(&self) {
        self.state.send_modify(|state| state.is_open = false);
    }

    pub(super) fn reopen(&self) {
        self.state.send_modify(|state| state.is_open = true);
    }

    /// Nothing comes through, and nobody is told: what is said meanwhile arrives later.
    pub(super) fn freeze(&self) {
        self.state.send_modify(|state| state.is_frozen = true);
    }

    pub(super) fn thaw(&self) {
        self.state.send_modify(|state| state.is_frozen = false);
    }

    /// Every connection breaks; new ones are welcome.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}

/// One direction of a connection, until it ends.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let is_thawed = state.wait_for(|state| !state.is_frozen).await.is_ok();
        if !is_thawed || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
