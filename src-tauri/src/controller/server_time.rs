//! The server's time of a text: RFC 3339 in UTC, as the protocol has it.

/// Unix milliseconds of `2026-11-21T08:05:04.250Z`; none for anything else.
pub(super) fn unix_ms(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_date =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let padded: String = fraction.chars().chain("00".chars()).take(3).collect();
    let millisecond = number(&padded)?;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1000 + millisecond)
}

fn number(digits: &str) -> Option<i64> {
    let is_number =
        (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// Days of the Gregorian calendar; the year begins with March, so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_server_are_read() {
        assert_eq!(unix_ms("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(unix_ms("2000-03-01T00:00:00Z"), Some(951_868_800_000));
        assert_eq!(unix_ms("2026-11-21T08:05:04.250Z"), Some(1_795_248_304_250));
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "Z",
            "yesterday",
            "2026-11-21T08:05:04",
            "2026-13-01T00:00:00Z",
            "2026-11-21T08:05:04.00éZ",
            "-999-01-01T00:00:00Z",
        ] {
            assert_eq!(unix_ms(text), None, "{text}");
        }
    }
}
