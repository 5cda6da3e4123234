//! A way to Redis that can be shut, opened and cut.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    is_open: bool,
    /// Connections of before are cut.
    cuts: u32,
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
            cuts: 0,
        };
        let state = Arc::new(watch::Sender::new(state));
        let watching = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut changes = watching.subscribe();
                let at_first = *changes.borrow_and_update();
                if !at_first.is_open {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", redis_port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = changes.wait_for(|state| *state != at_first) => {}
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

    /// Every connection breaks; new ones are welcome.
    pub(super) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}
