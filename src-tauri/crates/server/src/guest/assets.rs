//! The files of the page, in the program, and the document that names them.

use std::collections::HashMap;

use bytes::Bytes;
use ring::digest;
use serde_json::Value;

/// The page as the window's own folder has it.
macro_rules! ui {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../ui/", $path)))
    };
}

const DOCUMENT: &str = ui!("guest/index.html").1;

/// In the order in which they apply: the window's, then the page's own.
const STYLES: [(&str, &str); 11] = [
    ui!("src/styles/tokens.css"),
    ui!("src/styles/base.css"),
    ui!("src/styles/parts.css"),
    ui!("src/styles/stage.css"),
    ui!("src/styles/layers.css"),
    ui!("src/styles/home.css"),
    ui!("src/styles/lobby.css"),
    ui!("src/styles/call.css"),
    ui!("src/styles/people.css"),
    ui!("src/styles/pages.css"),
    ui!("guest/guest.css"),
];

const MODULES: [(&str, &str); 32] = [
    ui!("guest/address.js"),
    ui!("guest/announce.js"),
    ui!("guest/backoff.js"),
    ui!("guest/call.js"),
    ui!("guest/call-screen.js"),
    ui!("guest/candidates.js"),
    ui!("guest/chat.js"),
    ui!("guest/chat-panel.js"),
    ui!("guest/controls.js"),
    ui!("guest/device-row.js"),
    ui!("guest/dom.js"),
    ui!("guest/ids.js"),
    ui!("guest/level.js"),
    ui!("guest/link.js"),
    ui!("guest/lobby.js"),
    ui!("guest/main.js"),
    ui!("guest/media.js"),
    ui!("guest/memory.js"),
    ui!("guest/pages.js"),
    ui!("guest/path.js"),
    ui!("guest/pictures.js"),
    ui!("guest/recovery.js"),
    ui!("guest/secret.js"),
    ui!("guest/signaling.js"),
    ui!("guest/stage.js"),
    ui!("guest/words.js"),
    ui!("src/clipboard.js"),
    ui!("src/names.js"),
    ui!("src/refusals.js"),
    ui!("src/words.js"),
    ui!("src/lib/icons.js"),
    ui!("src/lib/roving.js"),
];

/// The languages: one file each, of which a browser loads one.
const LANGUAGES: [(&str, &str, &str); 2] = [
    ("en", "src/locales/en.js", ui!("src/locales/en.json").1),
    (
        "zh-CN",
        "src/locales/zh-CN.js",
        ui!("src/locales/zh-CN.json").1,
    ),
];

/// The mark of the application: two seats, one taken.
const ICON: (&str, &str) = (
    "guest/icon.svg",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 30 30\"><circle cx=\"10\" cy=\"15\" r=\"9\" fill=\"#0a6a5b\"/>\
     <circle cx=\"20\" cy=\"15\" r=\"8.1\" fill=\"none\" stroke=\"#7d8a86\" stroke-width=\"1.8\"/></svg>",
);
const STYLE: &str = "guest/style.css";
const SCRIPT: &str = "guest/main.js";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// What the document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// `/`: type a room.
    Home,
    /// `/r/ROOM`.
    Room,
    /// A path that can be no room's.
    NoRoom,
    /// The server would refuse the page's own WebSocket.
    NotAdmitted,
}

impl Page {
    /// As the script reads it.
    fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Room => "room",
            Self::NoRoom => "no-room",
            Self::NotAdmitted => "not-admitted",
        }
    }
}

/// One file as it is sent.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Assets {
    version: String,
    files: HashMap<&'static str, Asset>,
    document: String,
}

impl Assets {
    /// Puts the files together; once for each process.
    pub(super) fn load() -> Self {
        let mut files = HashMap::new();
        for (path, text) in MODULES {
            files.insert(path, asset(JAVASCRIPT, text.to_owned()));
        }
        for (_, path, words) in LANGUAGES {
            // JSON is JavaScript; as a module it needs no leave to fetch.
            files.insert(
                path,
                asset(JAVASCRIPT, format!("export default {words};\n")),
            );
        }
        let style: String = STYLES.iter().map(|(_, text)| *text).collect();
        files.insert(STYLE, asset("text/css; charset=utf-8", style));
        files.insert(ICON.0, asset("image/svg+xml", ICON.1.to_owned()));
        let version = version(&files);
        let document = document(&version);
        Self {
            version,
            files,
            document,
        }
    }

    /// A file by its path behind `/guest/`.
    pub(super) fn find(&self, path: &str) -> Option<&Asset> {
        let (version, name) = path.split_once('/')?;
        (version == self.version).then(|| self.files.get(name))?
    }

    pub(super) fn document(&self, page: Page) -> Bytes {
        Bytes::from(self.document.replace("{page}", page.name()))
    }
}

fn asset(kind: &'static str, text: String) -> Asset {
    Asset {
        kind,
        body: Bytes::from(text),
    }
}

/// Sixteen hexadecimal digits of a hash over names and contents.
fn version(files: &HashMap<&'static str, Asset>) -> String {
    let mut names: Vec<_> = files.keys().collect();
    names.sort_unstable();
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(DOCUMENT.as_bytes());
    for name in names {
        hash.update(name.as_bytes());
        hash.update(&[0]);
        hash.update(&files[name].body);
    }
    let digest = hash.finish();
    let hex = |byte: &u8| format!("{byte:02x}");
    digest.as_ref().iter().take(8).map(hex).collect()
}

/// The document without its page: addresses with the version, and the words for a browser without JavaScript.
fn document(version: &str) -> String {
    let url = |path: &str| format!("/guest/{version}/{path}");
    // Named at once, modules come side by side and not one after the other's imports.
    let preloads: Vec<_> = MODULES
        .iter()
        .map(|(path, _)| format!("<link rel=\"modulepreload\" href=\"{}\">", url(path)))
        .collect();
    let mut text = DOCUMENT
        .replace("{icon}", &url(ICON.0))
        .replace("{style}", &url(STYLE))
        .replace("{script}", &url(SCRIPT))
        .replace("{preloads}", &preloads.join("\n"));
    for (language, _, words) in LANGUAGES {
        let words: Value = serde_json::from_str(words).unwrap_or_default();
        let sentence = words["guest.noScript"].as_str().unwrap_or_default();
        text = text.replace(&format!("{{noscript-{language}}}"), &escaped(sentence));
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_that_is_imported_is_served() {
        let assets = Assets::load();
        for (path, text) in MODULES {
            let (folder, _) = path.rsplit_once('/').expect("a folder");
            let imports = text.lines().filter_map(|line| {
                let line = line.strip_prefix("import ")?;
                line.rsplit_once("from '")?.1.strip_suffix("';")
            });
            for import in imports {
                let wanted = match import.strip_prefix("../") {
                    Some(above) => above.to_owned(),
                    None => format!("{folder}/{}", import.trim_start_matches("./")),
                };
                assert!(
                    assets.files.contains_key(wanted.as_str()),
                    "{path}: {wanted}"
                );
            }
        }
    }

    #[test]
    fn the_document_has_no_inline_code_and_no_gaps() {
        let text = String::from_utf8(Assets::load().document(Page::Room).to_vec()).expect("UTF-8");
        assert!(!text.contains('{') && !text.contains('}'), "{text}");
        let has_handler = text
            .split_whitespace()
            .any(|word| word.starts_with("on") && word.contains('='));
        assert!(
            !text.contains("<style") && !text.contains(" style=") && !has_handler,
            "{text}"
        );
        let inline = text
            .split("<script")
            .skip(1)
            .any(|rest| !rest.contains("></script>"));
        assert!(!inline && text.contains("data-page=\"room\""), "{text}");
        assert!(text.contains("JavaScript, which is off"), "{text}");
    }
}
