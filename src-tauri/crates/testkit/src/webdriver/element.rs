//! An element of the page.

use super::WebDriver;
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The key under which WebDriver names an element (section 12, "web element identifier").
const IDENTIFIER: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An element of the page, as long as it stays there.
#[derive(Debug)]
pub struct Element<'a> {
    window: &'a WebDriver,
    id: String,
}

impl<'a> Element<'a> {
    pub(super) fn new(window: &'a WebDriver, found: &Value) -> Result<Self> {
        let id = found[IDENTIFIER].as_str().context("no element")?;
        Ok(Self {
            window,
            id: id.to_owned(),
        })
    }

    /// Scrolls it into view and clicks its middle.
    pub fn click(&self) -> Result<()> {
        self.window.post(&self.path("click"), &json!({})).map(drop)
    }

    /// Empties a field.
    pub fn clear(&self) -> Result<()> {
        self.window.post(&self.path("clear"), &json!({})).map(drop)
    }

    /// Gives it the focus and types.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.window
            .post(&self.path("value"), &json!({ "text": text }))
            .map(drop)
    }

    /// Its visible text.
    pub fn text(&self) -> Result<String> {
        let text = self.window.get(&self.path("text"))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The value of an attribute, if it has it.
    pub fn attribute(&self, name: &str) -> Result<Option<String>> {
        let value = self.window.get(&self.path(&format!("attribute/{name}")))?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// The value of a property of its object in the page.
    pub fn property(&self, name: &str) -> Result<Value> {
        self.window.get(&self.path(&format!("property/{name}")))
    }

    /// Whether a person would see it.
    pub fn is_displayed(&self) -> Result<bool> {
        let shown = self.window.get(&self.path("displayed"))?;
        Ok(shown.as_bool().unwrap_or(false))
    }

    /// Left, top, width and height in CSS pixels of the page.
    pub fn rectangle(&self) -> Result<[f64; 4]> {
        let found = self.window.get(&self.path("rect"))?;
        let [x, y, width, height] =
            ["x", "y", "width", "height"].map(|name| found[name].as_f64().context("no rectangle"));
        Ok([x?, y?, width?, height?])
    }

    fn path(&self, command: &str) -> String {
        format!("element/{}/{command}", self.id)
    }
}
