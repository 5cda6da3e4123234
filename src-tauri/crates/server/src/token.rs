//! `duet-server token`.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::{Args, ValueEnum};
use duet_protocol::{AccessToken, Invite, InviteScheme, RoomId, check_name};
use duet_server::{Grant, Role};

use crate::settings::Settings;

/// What the token shall admit to.
#[derive(Debug, Args)]
pub(crate) struct TokenRequest {
    /// This room and nothing else; the invite to it is printed too.
    #[arg(long)]
    room: Option<String>,

    /// Under this name, whatever the client says.
    #[arg(long)]
    name: Option<String>,

    /// For this alone; without, everything.
    #[arg(long, value_enum)]
    role: Option<RoleName>,

    /// How long it is good: 90s, 30m, 24h, 7d.
    #[arg(long, value_parser = duration, default_value = "24h")]
    expires: Duration,
}

/// The roles by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// In rooms; not in the directory.
    Guest,
    /// Shows the screens of others.
    Display,
    /// Shows a screen on a display.
    Presenter,
}

impl TokenRequest {
    /// The token on a line of its own, then the invites.
    ///
    /// # Errors
    /// Without a key, or with a room or a name that cannot be.
    pub(crate) fn print(&self, settings: &Settings, now: SystemTime) -> anyhow::Result<String> {
        let keys = settings
            .access_keys()?
            .context("a token is made with the key of the server: give --access-key")?;
        let room = self.room.as_deref().map(RoomId::parse).transpose();
        let room = room.context("--room")?;
        let name = self.name.as_deref().map(check_name).transpose();
        let ends = now + self.expires;
        let token = keys.issue(&Grant {
            exp: ends.duration_since(UNIX_EPOCH)?.as_secs(),
            room_id: room.as_ref().map(|room| room.as_str().to_owned()),
            name: name.context("--name")?.map(str::to_owned),
            role: self.role.map(role),
        });
        let mut text = format!("{token}\n");
        if let (Some(room), Some(host)) = (room, &settings.public_host) {
            for scheme in [InviteScheme::Https, InviteScheme::Duet] {
                let invite = Invite::new(scheme, host, room.clone(), None);
                let invite = invite.context("--public-host")?;
                let invite = invite.with_access(AccessToken::new(&token)?);
                writeln!(text, "{}", invite.to_link())?;
            }
        }
        Ok(text)
    }
}

fn role(name: RoleName) -> Role {
    match name {
        RoleName::Guest => Role::Guest,
        RoleName::Display => Role::Display,
        RoleName::Presenter => Role::Presenter,
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a number and s, m, h or d, such as 24h".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u32 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    // Thirty-two bits of days are more than anybody waits.
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if count == 0 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(u64::from(count) * u64::from(seconds)))
}
