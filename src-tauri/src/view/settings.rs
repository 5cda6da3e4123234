//! Settings as the page shows and changes them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a person can choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export, export_to = "view.ts")]
pub struct Settings {
    /// The name that the other person sees.
    pub display_name: String,
    /// The picture asked of the camera.
    pub camera_format: CameraFormat,
    /// Show oneself as in a mirror.
    pub mirror_self_view: bool,
    /// Where the server is; empty is automatic.
    pub server_url: String,
    /// STUN and TURN servers besides those of the server.
    pub ice_servers: Vec<IceServerSetting>,
    /// Which paths a call may take.
    pub ice_policy: IcePolicy,
    /// Be listed for others to call; nothing is sent before the person turns it on.
    pub online: bool,
    /// Calls neither ring nor show; they end as missed.
    pub do_not_disturb: bool,
    /// The language of the interface.
    pub language: LanguageChoice,
    /// The colours of the interface.
    pub theme: ThemeChoice,
    /// The size of text, 100 to 140.
    pub text_percent: u16,
    /// Nothing moves by itself.
    pub reduce_motion: bool,
    /// Stronger lines and text.
    pub more_contrast: bool,
    /// Hide the controls of a call after three seconds.
    pub hide_controls: bool,
    /// How pictures are drawn.
    pub renderer: RendererChoice,
}

/// What changes; absent fields stay. An empty `serverUrl` means automatic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct SettingsPatch {
    /// The name that the other person sees.
    #[ts(optional)]
    #[serde(default)]
    pub display_name: Option<String>,
    /// The picture asked of the camera.
    #[ts(optional)]
    #[serde(default)]
    pub camera_format: Option<CameraFormat>,
    /// Show oneself as in a mirror.
    #[ts(optional)]
    #[serde(default)]
    pub mirror_self_view: Option<bool>,
    /// Where the server is; empty is automatic.
    #[ts(optional)]
    #[serde(default)]
    pub server_url: Option<String>,
    /// STUN and TURN servers besides those of the server.
    #[ts(optional)]
    #[serde(default)]
    pub ice_servers: Option<Vec<IceServerSetting>>,
    /// Which paths a call may take.
    #[ts(optional)]
    #[serde(default)]
    pub ice_policy: Option<IcePolicy>,
    /// Be listed for others to call.
    #[ts(optional)]
    #[serde(default)]
    pub online: Option<bool>,
    /// Calls neither ring nor show.
    #[ts(optional)]
    #[serde(default)]
    pub do_not_disturb: Option<bool>,
    /// The language of the interface.
    #[ts(optional)]
    #[serde(default)]
    pub language: Option<LanguageChoice>,
    /// The colours of the interface.
    #[ts(optional)]
    #[serde(default)]
    pub theme: Option<ThemeChoice>,
    /// The size of text, 100 to 140.
    #[ts(optional)]
    #[serde(default)]
    pub text_percent: Option<u16>,
    /// Nothing moves by itself.
    #[ts(optional)]
    #[serde(default)]
    pub reduce_motion: Option<bool>,
    /// Stronger lines and text.
    #[ts(optional)]
    #[serde(default)]
    pub more_contrast: Option<bool>,
    /// Hide the controls of a call after three seconds.
    #[ts(optional)]
    #[serde(default)]
    pub hide_controls: Option<bool>,
    /// How pictures are drawn.
    #[ts(optional)]
    #[serde(default)]
    pub renderer: Option<RendererChoice>,
}

/// The picture asked of the camera; the nearest that it offers is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct CameraFormat {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second.
    pub frames_per_second: u32,
}

/// A STUN or TURN server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub struct IceServerSetting {
    /// `stun:` or `turn:`.
    pub url: String,
    /// For TURN.
    pub username: String,
    /// For TURN.
    pub credential: String,
}

/// Which paths a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum IcePolicy {
    /// The shortest that works.
    All,
    /// Relays only, which hides the address.
    Relay,
}

/// The language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum LanguageChoice {
    /// The system's.
    #[serde(rename = "system")]
    System,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

/// The colours of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum ThemeChoice {
    /// The system's.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How pictures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "view.ts")]
pub enum RendererChoice {
    /// What suits the machine.
    Automatic,
    /// The 2D canvas: best without a graphics processor.
    Canvas2d,
    /// WebGL 2: best with one.
    Webgl2,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            display_name: String::new(),
            camera_format: CameraFormat {
                width: 1280,
                height: 720,
                frames_per_second: 30,
            },
            mirror_self_view: true,
            server_url: String::new(),
            ice_servers: Vec::new(),
            ice_policy: IcePolicy::All,
            online: false,
            do_not_disturb: false,
            language: LanguageChoice::System,
            theme: ThemeChoice::System,
            text_percent: 100,
            reduce_motion: false,
            more_contrast: false,
            hide_controls: true,
            renderer: RendererChoice::Automatic,
        }
    }
}

impl Settings {
    /// Takes over what the patch names, inside the bounds.
    pub fn apply(&mut self, patch: SettingsPatch) {
        if let Some(value) = patch.display_name {
            self.display_name = value;
        }
        if let Some(value) = patch.camera_format {
            self.camera_format = value;
        }
        if let Some(value) = patch.mirror_self_view {
            self.mirror_self_view = value;
        }
        if let Some(value) = patch.server_url {
            self.server_url = value;
        }
        if let Some(value) = patch.ice_servers {
            self.ice_servers = value;
        }
        if let Some(value) = patch.ice_policy {
            self.ice_policy = value;
        }
        if let Some(value) = patch.online {
            self.online = value;
        }
        if let Some(value) = patch.do_not_disturb {
            self.do_not_disturb = value;
        }
        if let Some(value) = patch.language {
            self.language = value;
        }
        if let Some(value) = patch.theme {
            self.theme = value;
        }
        if let Some(value) = patch.text_percent {
            self.text_percent = value;
        }
        if let Some(value) = patch.reduce_motion {
            self.reduce_motion = value;
        }
        if let Some(value) = patch.more_contrast {
            self.more_contrast = value;
        }
        if let Some(value) = patch.hide_controls {
            self.hide_controls = value;
        }
        if let Some(value) = patch.renderer {
            self.renderer = value;
        }
        self.bound();
    }

    /// Brings every value inside its bounds, whatever the file or the page said.
    pub fn bound(&mut self) {
        truncate(&mut self.display_name, 64);
        truncate(&mut self.server_url, 512);
        self.text_percent = self.text_percent.clamp(100, 140);
        let format = &mut self.camera_format;
        format.width = format.width.clamp(160, 3840) & !1;
        format.height = format.height.clamp(90, 2160) & !1;
        format.frames_per_second = format.frames_per_second.clamp(5, 60);
        self.ice_servers.truncate(8);
        for server in &mut self.ice_servers {
            truncate(&mut server.url, 256);
            truncate(&mut server.username, 256);
            truncate(&mut server.credential, 256);
        }
    }
}

fn truncate(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}
