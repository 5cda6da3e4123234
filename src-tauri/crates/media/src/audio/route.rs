//! Which device to have open: a pure choice, made again whenever the devices may have changed.

use super::list::DEFAULT_DEVICE;

/// What the choice looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) short_id: &'a str,
    pub(super) is_default: bool,
    /// It records what a speaker plays: taken only by its id, or a call would hear itself.
    pub(super) is_monitor: bool,
}

/// The place of the chosen device among the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) place: usize,
    /// The wanted device is not there; this is the default one instead.
    pub(super) is_fallback: bool,
}

/// The wanted device if it is there, else the system's default, else any.
pub(super) fn choose(wanted: &str, candidates: &[Candidate<'_>]) -> Option<Route> {
    let place = |test: &dyn Fn(&Candidate<'_>) -> bool| candidates.iter().position(test);
    let default = place(&|candidate| candidate.is_default && !candidate.is_monitor)
        .or_else(|| place(&|candidate| !candidate.is_monitor));
    let is_default_wanted = wanted == DEFAULT_DEVICE;
    let exact = place(&|candidate| candidate.id == wanted)
        .or_else(|| place(&|candidate| candidate.short_id == wanted));
    match exact {
        Some(place) if !is_default_wanted => Some(Route {
            place,
            is_fallback: false,
        }),
        Some(_) | None => default.map(|place| Route {
            place,
            is_fallback: !is_default_wanted,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(default: usize) -> [Candidate<'static>; 3] {
        let names = [
            ("p:desk", "desk"),
            ("p:headset", "headset"),
            ("p:default", "default"),
        ];
        std::array::from_fn(|i| Candidate {
            id: names[i].0,
            short_id: names[i].1,
            is_default: i == default,
            is_monitor: false,
        })
    }

    fn chosen(wanted: &str, default: usize, there: usize) -> Option<(usize, bool)> {
        choose(wanted, &devices(default)[..there]).map(|route| (route.place, route.is_fallback))
    }

    #[test]
    fn the_default_is_followed() {
        assert_eq!(chosen("default", 0, 2), Some((0, false)));
        assert_eq!(chosen("default", 1, 2), Some((1, false)));
        assert_eq!(
            chosen("default", 1, 3),
            Some((1, false)),
            "whatever a device is called"
        );
        assert_eq!(
            chosen("default", 9, 2),
            Some((0, false)),
            "any is better than none"
        );
    }

    #[test]
    fn a_monitor_is_never_chosen_by_itself() {
        let mut devices = devices(0);
        devices[0].is_monitor = true;
        let place = |wanted, there| choose(wanted, &devices[..there]).map(|route| route.place);
        assert_eq!(place("default", 2), Some(1));
        assert_eq!(place("default", 1), None);
        assert_eq!(place("p:headset", 1), None);
        assert_eq!(place("p:desk", 2), Some(0));
    }

    #[test]
    fn a_chosen_device_is_kept_and_falls_back_while_it_is_away() {
        assert_eq!(chosen("p:headset", 0, 2), Some((1, false)));
        assert_eq!(chosen("headset", 0, 2), Some((1, false)));
        assert_eq!(chosen("p:headset", 0, 1), Some((0, true)));
        assert_eq!(chosen("p:headset", 0, 0), None);
    }
}
