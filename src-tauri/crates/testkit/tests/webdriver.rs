//! WebKit's own browser as the application: found, typed into, clicked and seen.
#![cfg(target_os = "linux")]

use duet_testkit::{
    display_rig,
    display_rig::DisplayRig,
    http::PageServer,
    process, skip, turn,
    webdriver::{WebDriver, keys},
};
use serde_json::json;
use std::{fs, path::PathBuf, time::Duration};

const PAGE: &str = r#"<!doctype html><title>Test</title>
<body style="margin: 0; background: #f00"><input id="person" autofocus>
<button onclick="document.body.style.background = '#00f'; said.textContent = 'Hello, ' + person.value">
Greet</button><p id="said"></p></body>"#;

/// The browser that WebKitGTK brings along for such tests.
fn mini_browser() -> Option<PathBuf> {
    let libraries = fs::read_dir("/usr/lib").ok()?.flatten();
    libraries
        .map(|entry| entry.path().join("webkit2gtk-4.1/MiniBrowser"))
        .find(|path| path.is_file())
}

#[test]
fn a_window_is_typed_into_clicked_and_seen() {
    let test = "a_window_is_typed_into_clicked_and_seen";
    if display_rig::unavailable(test) || skip::without_programs(test, &["WebKitWebDriver"]) {
        return;
    }
    let Some(browser) = mini_browser() else {
        return skip::record(test, "WebKitGTK came without MiniBrowser");
    };
    let _turn = turn::take().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.html"), PAGE).unwrap();
    let pages = PageServer::serve(folder.path()).unwrap();
    let display = DisplayRig::start(800, 600).unwrap();
    let arguments = ["--automation", "--ignore-tls-errors"];
    let window = WebDriver::open_application(&browser, &arguments, &display.env()).unwrap();
    let url = pages.url("page.html");
    window
        .execute("location.href = arguments[0]", &[json!(url)])
        .unwrap();

    let timeout = Duration::from_secs(30);
    window.wait_for("#person", timeout).unwrap();
    window.find("#person").unwrap().type_text("Ada").unwrap();
    window.press(&keys::TAB.to_string()).unwrap();
    window.press(&keys::SPACE.to_string()).unwrap();
    window.wait_for_text("Hello, Ada", timeout).unwrap();
    assert_eq!(window.find("#said").unwrap().text().unwrap(), "Hello, Ada");
    assert!(window.find("#nobody").is_err());

    let blue = |rgb: &[u8]| rgb.chunks_exact(3).any(|pixel| *pixel == [0, 0, 255]);
    process::eventually("the display shows the page", timeout, || {
        blue(&display.screenshot().unwrap().rgb)
    })
    .unwrap();
}
