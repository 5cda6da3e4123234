//! What this machine has, as far as drawing needs to know.

use crate::view::RendererHint;

/// Whether there is a graphics processor that the webview can use.
pub(crate) fn renderer_hint() -> RendererHint {
    if !cfg!(target_os = "linux") {
        return RendererHint::Gpu;
    }
    let has_node = std::fs::read_dir("/dev/dri").is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
    });
    if has_node {
        RendererHint::Gpu
    } else {
        RendererHint::NoGpu
    }
}

/// Without a graphics processor WebKit's DMA-BUF renderer draws every picture several times over:
/// 30–60 ms of CPU for a 720p frame instead of 5. The variable must be set before any thread
/// starts, so the program starts itself again with it.
#[cfg(target_os = "linux")]
pub(crate) fn needs_plain_renderer() -> bool {
    const NAME: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    renderer_hint() == RendererHint::NoGpu && std::env::var_os(NAME).is_none()
}
