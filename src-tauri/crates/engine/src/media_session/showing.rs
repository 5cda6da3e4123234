//! The other's pictures on their way to the screen: what the decoder of each stream is built with.

use std::sync::Arc;

use duet_media::clock;
use duet_media::pipeline::{PipelineError, VideoReceive};
use duet_peer::{Peer, StreamKind};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::received::Pictures;
use crate::config::VideoTap;
use crate::local_media::MediaLink;

/// Key frames wanted by a decoder that may wait for the task; one is as good as many.
const KEY_FRAME_REQUESTS: usize = 1;

/// One stream.
pub(super) struct Showing {
    tap: VideoTap,
    key_frame_wishes: mpsc::Sender<()>,
    /// Told of each picture; of the first stream alone.
    watch: Option<Watch>,
}

/// What is measured of the pictures.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) pictures: Arc<Mutex<Pictures>>,
    pub(super) link: Arc<MediaLink>,
}

impl Showing {
    /// Must be called on the runtime: wishes for key frames are passed on by a task.
    pub(super) fn new(
        peer: &Arc<Peer>,
        stream: StreamKind,
        tap: VideoTap,
        watch: Option<Watch>,
    ) -> Self {
        let (key_frame_wishes, wishes) = mpsc::channel(KEY_FRAME_REQUESTS);
        tokio::spawn(request_key_frames(Arc::downgrade(peer), stream, wishes));
        Self {
            tap,
            key_frame_wishes,
            watch,
        }
    }

    /// A decoder.
    pub(super) fn start(&self) -> Result<VideoReceive, PipelineError> {
        let (tap, watch) = (self.tap.clone(), self.watch.clone());
        let wishes = self.key_frame_wishes.clone();
        VideoReceive::start(
            move |frame| {
                if let Some(watch) = &watch
                    && watch.pictures.lock().note(&frame, clock::now_us())
                {
                    watch.link.first_picture();
                }
                tap.take(frame);
            },
            move || {
                // A full channel holds such a request already.
                let _ = wishes.try_send(());
            },
        )
    }
}

/// Passes the decoder's wishes on until the session or the connection is gone.
async fn request_key_frames(
    peer: std::sync::Weak<Peer>,
    stream: StreamKind,
    mut wishes: mpsc::Receiver<()>,
) {
    while wishes.recv().await.is_some() {
        let Some(peer) = peer.upgrade() else {
            return;
        };
        peer.request_key_frame(stream).await;
    }
}
