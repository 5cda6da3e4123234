//! Links of texts, looked at once more before the system's browser gets them: the page is not
//! trusted with that.

/// Longer addresses are not opened.
const MAX_LEN: usize = 2048;

/// The address to open, when it is a plain web address that says where it leads.
pub(super) fn web_address(link: &str) -> Option<String> {
    if link.len() > MAX_LEN || !link.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let url = url::Url::parse(link).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    // A user name before the host is there to be taken for the host.
    let is_plain = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    let says_where = link.to_ascii_lowercase().starts_with("http://")
        || link.to_ascii_lowercase().starts_with("https://");
    (is_web && is_plain && says_where).then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_are_opened() {
        for link in [
            "https://example.org/a?b=c#d",
            "http://192.168.1.7:8080/",
            "HTTPS://example.org",
        ] {
            assert!(web_address(link).is_some(), "{link}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for link in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "https:example.org",
            "https://",
            "https://example.org@evil.example/",
            "https://user:word@example.org/",
            "https://example.org/ a",
            "https://ex\u{430}mple.org/",
            "https://example.org/\n--flag",
            "--help",
            "smb://example.org/share",
            "vbscript:x",
            "",
        ] {
            assert_eq!(web_address(link), None, "{link}");
        }
        assert_eq!(
            web_address(&format!("https://example.org/{}", "a".repeat(MAX_LEN))),
            None
        );
    }
}
