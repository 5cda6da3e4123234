//! What `cargo xtask bench frames` runs: a window that is shown a film at 30 pictures a second, by
//! the application's frame socket or by `tauri::ipc::Channel`, with the same page and renderer.
//!
//! `bench_frames PAGE WAY SECONDS FILM.y4m`: PAGE is the folder with the built page, WAY is `socket`
//! or `channel`. It prints `measuring` when the page begins to count and the page's figures as JSON
//! at the end.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use duet_lib::frames::message::{encode, wall_clock_us};
use duet_lib::frames::{FrameServer, PixelFormat, StreamId};
use duet_lib::view::{FrameSocket, RendererHint};
use duet_media::display::scaled;
use duet_media::frame::VideoFrame;
use duet_media::scale::I420Scaler;
use parking_lot::Mutex;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::utils::assets::{AssetKey, AssetsIter, CspHash};
use tauri::{App, Assets, Runtime, State, WebviewUrl, WebviewWindowBuilder};

const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 30);
const SIZE: (u32, u32) = (1280, 720);

/// The page's files, from a folder.
struct PageFolder(PathBuf);

impl<R: Runtime> Assets<R> for PageFolder {
    fn setup(&self, _app: &App<R>) {}

    fn get(&self, key: &AssetKey) -> Option<Cow<'_, [u8]>> {
        let path = self.0.join(key.as_ref().trim_start_matches('/'));
        std::fs::read(path).ok().map(Cow::Owned)
    }

    fn iter(&self) -> Box<AssetsIter<'_>> {
        Box::new(std::iter::empty())
    }

    fn csp_hashes(&self, _html_path: &AssetKey) -> Box<dyn Iterator<Item = CspHash<'_>> + '_> {
        Box::new(std::iter::empty())
    }
}

struct Bench {
    frames: Arc<FrameServer>,
    channel: Mutex<Option<Channel<InvokeResponseBody>>>,
}

// The window may call the application's commands alone, so these carry names of theirs.

#[tauri::command]
fn frame_socket(bench: State<'_, Arc<Bench>>) -> Result<FrameSocket, String> {
    Ok(FrameSocket {
        url: bench.frames.url(),
        token: bench
            .frames
            .issue_token()
            .map_err(|error| error.to_string())?,
        hint: RendererHint::NoGpu,
    })
}

#[tauri::command]
fn ui_ready(channel: Channel<InvokeResponseBody>, bench: State<'_, Arc<Bench>>) {
    *bench.channel.lock() = Some(channel);
}

#[tauri::command]
fn set_window_title(title: String, app: tauri::AppHandle) {
    println!("{title}");
    if title.starts_with('{') {
        app.exit(0);
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, page, way, seconds, film] = arguments.as_slice() else {
        anyhow::bail!("usage: bench_frames PAGE WAY SECONDS FILM.y4m");
    };
    let film = read_film(film)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let bench = Arc::new(Bench {
        frames: runtime.block_on(FrameServer::start())?,
        channel: Mutex::default(),
    });
    let showing = Arc::clone(&bench);
    std::thread::spawn(move || show(&film, &showing));

    let mut context = tauri::generate_context!();
    context.set_assets(Box::new(PageFolder(page.into())));
    let url = format!("index.html?way={way}&seconds={seconds}");
    tauri::Builder::default()
        .manage(bench)
        .invoke_handler(tauri::generate_handler![
            frame_socket,
            ui_ready,
            set_window_title
        ])
        .setup(move |app| {
            WebviewWindowBuilder::new(app, "main", WebviewUrl::App(url.into()))
                .inner_size(f64::from(SIZE.0), f64::from(SIZE.1))
                .decorations(false)
                .build()?;
            Ok(())
        })
        .run(context)
        .context("the window did not open")
}

/// All pictures of a film, so that reading it costs nothing later.
fn read_film(path: &str) -> Result<Vec<VideoFrame>> {
    let file = std::fs::read(path).with_context(|| path.to_owned())?;
    let header = file.iter().position(|byte| *byte == b'\n');
    let pictures = &file[header.context("no y4m")? + 1..];
    let marker = b"FRAME\n".len();
    let frames = pictures.chunks_exact(marker + VideoFrame::i420_len(SIZE.0, SIZE.1));
    Ok(frames
        .map(|frame| VideoFrame {
            width: SIZE.0,
            height: SIZE.1,
            data: frame[marker..].into(),
            capture_ts_us: 0,
        })
        .collect())
}

/// Hands over a picture each thirtieth of a second, as a decoder would.
fn show(film: &[VideoFrame], bench: &Bench) {
    let start = Instant::now();
    let mut scaler = I420Scaler::default();
    for (number, frame) in (0_u32..).zip(film.iter().cycle()) {
        let due = start + PERIOD * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        bench.frames.publish(StreamId::Remote, frame.clone());
        let channel = bench.channel.lock().clone();
        if let Some(channel) = channel {
            let handed_over_us = wall_clock_us();
            let picture = scaled(&mut scaler, frame, SIZE.0, SIZE.1);
            let message = encode(1, PixelFormat::Rgba, number, handed_over_us, &picture);
            // A page that is gone ends the program soon.
            let _ = channel.send(InvokeResponseBody::Raw(message));
        }
    }
}
