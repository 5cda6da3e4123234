//! A source of pictures as a compositor is one: a node of PipeWire that sends a known pattern, changes its
//! size when it is told to, and ends.

use std::cell::RefCell;
use std::io::Cursor;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pipewire::channel::{Receiver, Sender, channel};
use pipewire::context::ContextRc;
use pipewire::keys;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use pipewire::spa::param::video::VideoFormat;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Object, Pod, Property, Value, object, property};
use pipewire::spa::sys;
use pipewire::spa::utils::{Direction, Fraction, Rectangle, SpaTypes};
use pipewire::stream::{Stream, StreamFlags, StreamListener, StreamRc, StreamState};

/// Between two pictures.
const PERIOD: Duration = Duration::from_millis(20);
/// Bytes after each row that are not of the picture.
const PADDING: u32 = 32;
const PATIENCE: Duration = Duration::from_secs(20);

/// What is in a picture: each pixel says where it is, and its third colour which picture it is in.
pub(crate) fn is_pattern(frame: &duet_portal::Frame) -> bool {
    let width = frame.width as usize;
    let counter = frame.pixels[2];
    let whole = frame.pixels.len() == width * frame.height as usize * 4;
    let mut pixels = frame.pixels.chunks_exact(4).enumerate();
    whole
        && pixels.all(|(at, pixel)| pixel[..3] == [(at % width) as u8, (at / width) as u8, counter])
}

enum Order {
    Resize(u32, u32),
    End,
}

/// The source; it ends with its handle.
pub(crate) struct Source {
    node: u32,
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl Source {
    /// Offers pictures of this format and size alone.
    pub(crate) fn start(socket: PathBuf, format: VideoFormat, size: (u32, u32)) -> Self {
        let (orders, taken) = channel();
        let (ready, node) = sync_channel(1);
        let thread = thread::spawn(move || {
            run(&socket, format, size, taken, ready).expect("the source runs");
        });
        let node = node.recv_timeout(PATIENCE).expect("the source has a node");
        Self {
            node,
            orders,
            thread: Some(thread),
        }
    }

    pub(crate) fn node(&self) -> u32 {
        self.node
    }

    pub(crate) fn resize(&self, width: u32, height: u32) {
        let _ = self.orders.send(Order::Resize(width, height));
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is sent.
struct Painter {
    format: VideoFormat,
    size: (u32, u32),
    counter: u8,
}

fn run(
    socket: &Path,
    format: VideoFormat,
    size: (u32, u32),
    orders: Receiver<Order>,
    ready: SyncSender<u32>,
) -> anyhow::Result<()> {
    pipewire::init();
    let main_loop = MainLoopRc::new(None)?;
    let context = ContextRc::new(&main_loop, None)?;
    let core = context.connect_fd_rc(UnixStream::connect(socket)?.into(), None)?;
    let name = properties! { *keys::MEDIA_CLASS => "Video/Source", *keys::NODE_NAME => "screen" };
    let stream = StreamRc::new(core, "screen", name)?;
    let painter = Rc::new(RefCell::new(Painter {
        format,
        size,
        counter: 0,
    }));
    let _listener = offer(&stream, &painter, ready)?;
    let (quit, resized) = (main_loop.clone(), stream.clone());
    let _orders = orders.attach(main_loop.loop_(), move |order| match order {
        Order::Resize(width, height) => {
            painter.borrow_mut().size = (width, height);
            let bytes = format_param(format, (width, height));
            let pod = Pod::from_bytes(&bytes).expect("a pod");
            resized.update_params(&mut [pod]).expect("parameters");
        }
        Order::End => quit.quit(),
    });
    let driven = stream.clone();
    let timer = main_loop.loop_().add_timer(move |_| {
        if driven.state() == StreamState::Streaming {
            // Between two formats there is nothing to drive.
            let _ = driven.trigger_process();
        }
    });
    timer.update_timer(Some(PERIOD), Some(PERIOD));
    main_loop.run();
    Ok(())
}

/// Connects the stream, and has the painter paint when it is driven.
fn offer(
    stream: &Stream,
    painter: &Rc<RefCell<Painter>>,
    ready: SyncSender<u32>,
) -> anyhow::Result<StreamListener<()>> {
    let (buffers, pictures) = (Rc::clone(painter), Rc::clone(painter));
    let listener = stream
        .add_local_listener_with_user_data(())
        .state_changed(move |stream, (), _, state| {
            if state == StreamState::Paused {
                // The first time alone is waited for.
                let _ = ready.try_send(stream.node_id());
            }
        })
        .param_changed(move |stream, (), id, param| {
            if id == ParamType::Format.as_raw() && param.is_some() {
                let bytes = buffer_param(buffers.borrow().size);
                let pod = Pod::from_bytes(&bytes).expect("a pod");
                stream.update_params(&mut [pod]).expect("parameters");
            }
        })
        .process(move |stream, ()| pictures.borrow_mut().paint(stream))
        .register()?;
    let bytes = {
        let painter = painter.borrow();
        format_param(painter.format, painter.size)
    };
    let pod = Pod::from_bytes(&bytes).expect("a pod");
    let flags = StreamFlags::DRIVER | StreamFlags::MAP_BUFFERS;
    stream.connect(Direction::Output, None, flags, &mut [pod])?;
    Ok(listener)
}

impl Painter {
    fn paint(&mut self, stream: &Stream) {
        let Some(mut buffer) = stream.dequeue_buffer() else {
            return;
        };
        let Some(data) = buffer.datas_mut().first_mut() else {
            return;
        };
        let (width, height) = self.size;
        let stride = width * 4 + PADDING;
        let Some(pixels) = data.data() else {
            return;
        };
        if pixels.len() < (stride * height) as usize {
            // Of the size before.
            return;
        }
        self.counter = self.counter.wrapping_add(1);
        let has_red_first = [VideoFormat::RGBx, VideoFormat::RGBA].contains(&self.format);
        for (y, row) in pixels
            .chunks_exact_mut(stride as usize)
            .take(height as usize)
            .enumerate()
        {
            row.fill(0xee);
            for (x, pixel) in row[..width as usize * 4].chunks_exact_mut(4).enumerate() {
                let mut colours = [x as u8, y as u8, self.counter];
                if has_red_first {
                    colours.reverse();
                }
                pixel[..3].copy_from_slice(&colours);
            }
        }
        let chunk = data.chunk_mut();
        *chunk.offset_mut() = 0;
        *chunk.stride_mut() = stride as i32;
        *chunk.size_mut() = stride * height;
    }
}

fn bytes(object: Object) -> Vec<u8> {
    let value = Value::Object(object);
    let (bytes, _) = PodSerializer::serialize(Cursor::new(Vec::new()), &value).expect("a pod");
    bytes.into_inner()
}

/// One format of one size, sent when something changes: what compositors offer.
fn format_param(format: VideoFormat, (width, height): (u32, u32)) -> Vec<u8> {
    let rate = |num| Fraction { num, denom: 1 };
    bytes(object!(
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(FormatProperties::VideoFormat, Id, format),
        property!(
            FormatProperties::VideoSize,
            Rectangle,
            Rectangle { width, height }
        ),
        property!(FormatProperties::VideoFramerate, Fraction, rate(0)),
        property!(
            FormatProperties::VideoMaxFramerate,
            Choice,
            Range,
            Fraction,
            rate(60),
            rate(1),
            rate(60)
        ),
    ))
}

fn buffer_param((width, height): (u32, u32)) -> Vec<u8> {
    let stride = width * 4 + PADDING;
    let int = |key, value: u32| Property::new(key, Value::Int(value as i32));
    bytes(Object {
        type_: SpaTypes::ObjectParamBuffers.as_raw(),
        id: ParamType::Buffers.as_raw(),
        properties: vec![
            int(sys::SPA_PARAM_BUFFERS_buffers, 4),
            int(sys::SPA_PARAM_BUFFERS_blocks, 1),
            int(sys::SPA_PARAM_BUFFERS_size, stride * height),
            int(sys::SPA_PARAM_BUFFERS_stride, stride),
        ],
    })
}
