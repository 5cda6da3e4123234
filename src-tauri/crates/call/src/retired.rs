//! What is over and must not come back: sessions and ufrags, a bounded memory.

use std::collections::VecDeque;

use crate::timing::MAX_RETIRED;

/// The latest names that are over; the oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    names: VecDeque<String>,
}

impl Retired {
    pub(crate) fn add(&mut self, name: &str) {
        if self.contains(name) {
            return;
        }
        if self.names.len() == MAX_RETIRED {
            self.names.pop_front();
        }
        self.names.push_back(name.to_owned());
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_the_oldest_and_stays_bounded() {
        let mut retired = Retired::default();
        for number in 0..=MAX_RETIRED {
            retired.add(&number.to_string());
            retired.add(&number.to_string());
        }
        assert_eq!(retired.len(), MAX_RETIRED);
        assert!(!retired.contains("0"));
        assert!(retired.contains("1"));
    }
}
