//! `duet-server check`: tells an operator what is wrong, and the next step.
//!
//! Each part looks for itself and never ends the others. Where the server does not run yet, it is started on
//! its own addresses for as long as the check takes, so that what is looked at is the real thing.

mod addresses;
mod certificate;
mod dialogue;
mod doors;
mod line;
mod machine;
mod ports;
mod redis;
mod relay;
mod shown;

use std::error::Error;
use std::fmt::Write as _;

use clap::Args;
use duet_server::{Server, ServerConfig};
use serde::Serialize;

use crate::settings::Settings;

/// How to tell.
#[derive(Debug, Args)]
pub(crate) struct CheckFlags {
    /// One JSON object for programs, instead of lines for people.
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    subject: &'static str,
    verdict: Verdict,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Nothing is wrong; there may be warnings.
    is_ok: bool,
    findings: Vec<Finding>,
}

impl Finding {
    fn ok(subject: &'static str, what: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Ok, what, None)
    }

    fn warning(subject: &'static str, what: impl Into<String>, next: &str) -> Self {
        Self::new(subject, Verdict::Warning, what, Some(next.to_owned()))
    }

    fn problem(subject: &'static str, what: impl Into<String>, next: &str) -> Self {
        Self::new(subject, Verdict::Problem, what, Some(next.to_owned()))
    }

    fn new(
        subject: &'static str,
        verdict: Verdict,
        what: impl Into<String>,
        next_step: Option<String>,
    ) -> Self {
        Self {
            subject,
            verdict,
            what: what.into(),
            next_step,
        }
    }
}

/// Looks at everything.
pub(crate) async fn run(settings: &Settings) -> Report {
    let mut findings = Vec::new();
    match settings.server_config() {
        Ok(config) => look(settings, config, &mut findings).await,
        Err(error) => return Report::of_settings(error.as_ref()),
    }
    Report::of(findings)
}

async fn look(settings: &Settings, config: ServerConfig, findings: &mut Vec<Finding>) {
    machine::look(&config, findings);
    certificate::look(&config, settings.public_host.as_deref(), findings);
    addresses::look(&config, settings.public_host.as_deref(), findings).await;
    redis::look(&config, findings).await;
    let taken = ports::look(&config, findings).await;
    let mut running = None;
    if taken.is_empty() {
        match Server::bind(config.clone()).await {
            Ok(server) => running = Some(server),
            Err(error) => {
                findings.push(Finding::problem(
                    "server",
                    format!("it cannot start: {error}"),
                    "remove the cause and check again; the relay was not looked at",
                ));
                return;
            }
        }
    }
    relay::look(
        &config,
        settings.public_host.as_deref(),
        running.as_ref(),
        findings,
    )
    .await;
}

impl Report {
    fn of(findings: Vec<Finding>) -> Self {
        let is_bad = |finding: &Finding| finding.verdict == Verdict::Problem;
        Self {
            is_ok: !findings.iter().any(is_bad),
            findings,
        }
    }

    /// Of settings that cannot be.
    pub(crate) fn of_settings(error: &(dyn Error + 'static)) -> Self {
        Self::of(vec![Finding::problem(
            "settings",
            crate::with_causes(error),
            "correct this setting; nothing else was looked at",
        )])
    }

    /// Whether the server would do its work.
    pub(crate) fn is_ok(&self) -> bool {
        self.is_ok
    }

    /// For a person or a program.
    pub(crate) fn print(&self, flags: &CheckFlags) -> String {
        if flags.json {
            let json = serde_json::to_string_pretty(self).unwrap_or_default();
            return format!("{json}\n");
        }
        let mut text = String::new();
        for finding in &self.findings {
            let mark = match finding.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Warning => "WARNING",
                Verdict::Problem => "PROBLEM",
            };
            let _ = writeln!(text, "{mark} {}: {}", finding.subject, finding.what);
            if let Some(next) = &finding.next_step {
                let _ = writeln!(text, "        → {next}");
            }
        }
        let is_warning = |finding: &&Finding| finding.verdict == Verdict::Warning;
        let end = match (self.is_ok, self.findings.iter().filter(is_warning).count()) {
            (true, 0) => "nothing stands in the way".to_owned(),
            (true, 1) => "it can start; mind the warning".to_owned(),
            (true, count) => format!("it can start; mind the {count} warnings"),
            (false, _) => "the server cannot do its work like this".to_owned(),
        };
        let _ = writeln!(text, "{end}");
        text
    }
}
