//! What programs log. The libraries of the connection tell addresses at every level, warnings included, and none of
//! them knows of any rule of ours; so they are silent unless somebody who looks for a fault asks for them.

use tracing::level_filters::LevelFilter;

/// What is logged if nobody says otherwise: our own warnings, and nothing of the libraries.
pub const QUIET_LOGS: &str = "off,duet=warn";

/// The filter for what somebody wrote into the variable for logs, or did not. A level down to `info` is one for our own
/// crates, whose names all begin alike: who sends in such a log gives nobody's address away. `debug` and `trace` are for
/// everything, and so is a library that is named.
#[must_use]
pub fn log_filter(wanted: Option<&str>) -> String {
    let directives = wanted.unwrap_or_default().split(',').map(str::trim);
    let directives = directives.filter(|directive| !directive.is_empty());
    let filters: Vec<String> = directives.map(own_only).collect();
    match filters.is_empty() {
        true => QUIET_LOGS.to_owned(),
        false => filters.join(","),
    }
}

fn own_only(directive: &str) -> String {
    match directive.parse::<LevelFilter>() {
        Ok(level) if level <= LevelFilter::INFO => format!("off,duet={level}"),
        Ok(_) | Err(_) => directive.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_people_send_in_is_for_our_own_crates() {
        assert_eq!(log_filter(None), QUIET_LOGS);
        assert_eq!(log_filter(Some(" ")), QUIET_LOGS);
        for (wanted, filter) in [
            ("off", "off,duet=off"),
            ("error", "off,duet=error"),
            ("WARN", "off,duet=warn"),
            ("info", "off,duet=info"),
            ("3", "off,duet=info"),
            ("info, duet_call=debug", "off,duet=info,duet_call=debug"),
        ] {
            assert_eq!(log_filter(Some(wanted)), filter, "{wanted}");
        }
    }

    #[test]
    fn who_looks_for_a_fault_gets_everything() {
        for wanted in [
            "debug",
            "trace",
            "rtc_ice=info",
            "duet_engine[call{id=3}]=info",
        ] {
            assert_eq!(log_filter(Some(wanted)), wanted);
        }
    }
}
