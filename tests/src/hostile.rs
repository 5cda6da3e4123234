//! Texts that strangers may send as names and messages.

use anyhow::{Result, ensure};
use duet_testkit::webdriver::WebDriver;

/// The list that the components are tried with, too. Each of its texts would set `window.__ran` if it ran.
const LIST: &str = include_str!("../../ui/dev/hostile.js");

/// The whole list, made in a page. What is no Unicode text does not get into JSON.
///
/// # Errors
/// When the page does not answer, or the list is short.
pub fn texts(page: &WebDriver) -> Result<Vec<String>> {
    let list = LIST.replace("export const", "const");
    let script = format!("{list}\nreturn hostile.map((text) => text.toWellFormed())");
    let texts: Vec<String> = serde_json::from_value(page.execute(&script, &[])?)?;
    ensure!(texts.len() >= 500, "only {} texts", texts.len());
    Ok(texts)
}
