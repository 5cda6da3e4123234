//! Headless browsers open a page, use camera and microphone, and report.
#![cfg(target_os = "linux")]

use duet_testkit::{
    browser_rig::{Browser, ChromiumOptions},
    http::PageServer,
    skip, turn,
};
use serde_json::Value;
use std::{fs, time::Duration};

const PAGE: &str = r#"<!doctype html><title>Test</title><video id="video" muted></video><script>
(async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  video.srcObject = stream;
  await video.play();
  await new Promise(done => video.requestVideoFrameCallback(done));
  const result = { width: video.videoWidth, tracks: stream.getTracks().map(track => track.kind) };
  await fetch("/result", { method: "POST", body: JSON.stringify(result) });
})().catch(error => fetch("/result", { method: "POST", body: JSON.stringify(String(error)) }));
</script>"#;

fn measure(open: impl FnOnce(&str) -> Browser) -> Value {
    let _turn = turn::take().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.html"), PAGE).unwrap();
    let pages = PageServer::serve(folder.path()).unwrap();
    let browser = open(&pages.url("page.html?as=test"));
    match pages.result(Duration::from_secs(60)) {
        Ok(result) => result,
        Err(error) => panic!("{error:#}\n{}", browser.log().join("\n")),
    }
}

fn assert_has_camera_and_microphone(result: &Value) {
    assert!(result["width"].as_u64() > Some(0), "{result}");
    assert_eq!(result["tracks"].as_array().unwrap().len(), 2, "{result}");
}

#[test]
fn chromium_sees_its_fake_camera() {
    if skip::without_programs("chromium_sees_its_fake_camera", &["chromium"]) {
        return;
    }
    let open = |url: &str| Browser::chromium(url, ChromiumOptions::default()).unwrap();
    assert_has_camera_and_microphone(&measure(open));
}

#[test]
fn firefox_sees_its_fake_camera() {
    if skip::without_programs("firefox_sees_its_fake_camera", &["firefox-esr"]) {
        return;
    }
    assert_has_camera_and_microphone(&measure(|url| Browser::firefox(url).unwrap()));
}

#[test]
fn files_outside_the_folder_are_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let pages = PageServer::serve(folder.path()).unwrap();
    let address = pages.url("");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    for path in ["/../../etc/passwd", "//etc/passwd", "/./x"] {
        let timeout = Duration::from_secs(10);
        let answer =
            duet_testkit::http::request(address.parse().unwrap(), "GET", path, None, timeout);
        assert_eq!(answer.unwrap().0, 404, "{path}");
    }
}
