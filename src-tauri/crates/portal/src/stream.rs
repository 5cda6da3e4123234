//! PipeWire's side: a thread with its loop, and the stream of pictures.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use pipewire::buffer::Buffer;
use pipewire::channel::{Receiver, Sender, channel};
use pipewire::context::ContextRc;
use pipewire::core::Core;
use pipewire::keys;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use pipewire::spa::buffer::meta::MetaVideoCrop;
use pipewire::spa::buffer::{ChunkFlags, DataType};
use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{MediaSubtype, MediaType};
use pipewire::spa::param::format_utils::parse_format;
use pipewire::spa::param::video::VideoInfoRaw;
use pipewire::spa::pod::Pod;
use pipewire::spa::utils::Direction;
use pipewire::stream::{Stream, StreamBox, StreamFlags, StreamListener, StreamState};

use crate::newest::Newest;
use crate::picture::{self, Layout, Part};
use crate::pods;
use crate::session::Granted;
use crate::{CastError, Frame};

/// The thread. Dropping this ends it.
pub(crate) struct StreamThread {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for StreamThread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamThread").finish_non_exhaustive()
    }
}

impl StreamThread {
    /// Connects to the node; pictures and the end go to `newest`.
    pub(crate) fn start(
        granted: Granted,
        pictures_per_second: u32,
        newest: &Arc<Newest>,
    ) -> Result<Self, CastError> {
        let (stop, stopped) = channel();
        let newest = Arc::clone(newest);
        let run = move || {
            if let Err(error) = run(granted, pictures_per_second, &newest, stopped) {
                newest.end(error);
            }
        };
        let thread = thread::Builder::new()
            .name("pipewire".into())
            .spawn(run)
            .map_err(|error| CastError::PipeWire(error.to_string()))?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for StreamThread {
    fn drop(&mut self) {
        // The thread may have ended.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl From<pipewire::Error> for CastError {
    fn from(error: pipewire::Error) -> Self {
        CastError::PipeWire(error.to_string())
    }
}

/// Runs until it is stopped. What is declared first is dropped last, as PipeWire wants it.
fn run(
    granted: Granted,
    pictures_per_second: u32,
    newest: &Arc<Newest>,
    stopped: Receiver<()>,
) -> Result<(), CastError> {
    pipewire::init();
    let main_loop = MainLoopRc::new(None)?;
    let quit = main_loop.clone();
    let _stop = stopped.attach(main_loop.loop_(), move |()| quit.quit());
    let context = ContextRc::new(&main_loop, None)?;
    let core = context.connect_fd_rc(granted.remote, None)?;
    let lost = Arc::clone(newest);
    let _errors = core
        .add_listener_local()
        .error(move |id, _sequence, _result, message| {
            // Errors of other objects reach the stream itself.
            if id == pipewire::core::PW_ID_CORE {
                lost.end(CastError::PipeWire(message.to_owned()));
            }
        })
        .register();
    let registry = core.get_registry()?;
    let (gone, node) = (Arc::clone(newest), granted.node);
    let _removals = registry
        .add_listener_local()
        .global_remove(move |id| {
            if id == node {
                gone.end(CastError::Ended);
            }
        })
        .register();
    let (_stream, _listener) = open(&core, granted.node, pictures_per_second, newest)?;
    main_loop.run();
    Ok(())
}

/// The stream, connected to the node, and what listens to it.
fn open<'core>(
    core: &'core Core,
    node: u32,
    pictures_per_second: u32,
    newest: &Arc<Newest>,
) -> Result<(StreamBox<'core>, StreamListener<Intake>), CastError> {
    let about = properties! {
        *keys::MEDIA_TYPE => "Video",
        *keys::MEDIA_CATEGORY => "Capture",
        *keys::MEDIA_ROLE => "Screen",
    };
    let stream = StreamBox::new(core, "duet", about)?;
    let intake = Intake {
        newest: Arc::clone(newest),
        format: None,
        has_come: false,
        spare: Frame::default(),
    };
    let listener = stream
        .add_local_listener_with_user_data(intake)
        .state_changed(|_, intake, _, state| intake.state(state))
        .param_changed(|stream, intake, id, param| {
            if id == ParamType::Format.as_raw()
                && let Err(error) = intake.negotiated(stream, param)
            {
                intake.newest.end(error);
            }
        })
        .process(|stream, intake| intake.process(stream))
        .register()?;
    let format = pods::format(pictures_per_second)?;
    let flags = StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS | StreamFlags::DONT_RECONNECT;
    stream.connect(Direction::Input, Some(node), flags, &mut [format.pod()?])?;
    Ok((stream, listener))
}

/// What comes from the stream.
struct Intake {
    newest: Arc<Newest>,
    format: Option<VideoInfoRaw>,
    /// A picture came.
    has_come: bool,
    /// Memory of a picture that nobody looks at any more.
    spare: Frame,
}

impl Intake {
    fn state(&self, state: StreamState) {
        match state {
            StreamState::Error(text) => self.newest.end(CastError::PipeWire(text)),
            StreamState::Unconnected => self.newest.end(self.disconnected()),
            StreamState::Connecting | StreamState::Paused | StreamState::Streaming => {}
        }
    }

    /// Session managers take a stream away whose format nobody agrees to, and give no reason.
    fn disconnected(&self) -> CastError {
        if self.has_come {
            CastError::Ended
        } else {
            CastError::PipeWire("the stream was taken away before the first picture".into())
        }
    }

    /// Both sides agree on a format: at first, and again with each change of the size.
    fn negotiated(&mut self, stream: &Stream, param: Option<&Pod>) -> Result<(), CastError> {
        self.format = None;
        let Some(param) = param else {
            return Ok(());
        };
        let unusable =
            || CastError::PipeWire("the pictures are of a kind that cannot be read".into());
        let kind = parse_format(param).map_err(|_| unusable())?;
        if kind != (MediaType::Video, MediaSubtype::Raw) {
            return Err(unusable());
        }
        let mut info = VideoInfoRaw::new();
        info.parse(param).map_err(|_| unusable())?;
        let (size, is_ours) = (info.size(), pods::order(info.format()).is_some());
        if !is_ours || size.width > pods::MAX_SIDE || size.height > pods::MAX_SIDE {
            return Err(unusable());
        }
        tracing::debug!(size.width, size.height, format = ?info.format(), "pictures of a screen");
        self.format = Some(info);
        let (buffers, crop) = (pods::buffers()?, pods::crop()?);
        stream.update_params(&mut [buffers.pod()?, crop.pod()?])?;
        Ok(())
    }

    /// Takes the newest of the buffers that wait; the others go back unread.
    fn process(&mut self, stream: &Stream) {
        let mut newest = None;
        while let Some(buffer) = stream.dequeue_buffer() {
            newest = Some(buffer);
        }
        if let Some(mut buffer) = newest {
            self.take(&mut buffer);
        }
    }

    fn take(&mut self, buffer: &mut Buffer<'_>) {
        let Some(layout) = self.layout(buffer) else {
            return;
        };
        let Some(pixels) = buffer.datas_mut().first_mut().and_then(|data| data.data()) else {
            return;
        };
        let mut frame = std::mem::take(&mut self.spare);
        if picture::copy(pixels, &layout, &mut frame) {
            self.has_come = true;
            self.spare = self.newest.put(frame).unwrap_or_default();
        } else {
            tracing::debug!(?layout, "a picture that is not all there");
            self.spare = frame;
        }
    }

    /// None for a buffer without a picture: some carry only the pointer's place.
    fn layout(&self, buffer: &mut Buffer<'_>) -> Option<Layout> {
        let format = self.format?;
        let crop = buffer.find_meta::<MetaVideoCrop>().and_then(part);
        let data = buffer.datas_mut().first_mut()?;
        if data.as_raw().chunk.is_null() || data.type_() == DataType::DmaBuf {
            return None;
        }
        let chunk = data.chunk();
        if chunk.size() == 0 || chunk.flags().contains(ChunkFlags::CORRUPTED) {
            return None;
        }
        Some(Layout {
            width: format.size().width,
            height: format.size().height,
            order: pods::order(format.format())?,
            offset: chunk.offset() as usize,
            stride: usize::try_from(chunk.stride()).ok()?,
            crop,
        })
    }
}

/// None means the whole picture.
fn part(crop: &MetaVideoCrop) -> Option<Part> {
    let region = crop.meta_region();
    let (position, size) = (region.position(), region.size());
    if size.width == 0 || size.height == 0 {
        return None;
    }
    Some(Part {
        x: u32::try_from(position.x).ok()?,
        y: u32::try_from(position.y).ok()?,
        width: size.width,
        height: size.height,
    })
}
