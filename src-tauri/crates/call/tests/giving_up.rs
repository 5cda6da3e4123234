//! Every state that waits for something ends.

use std::time::Duration;

use duet_call::{Action, CallState, FailureCause, Operation, PeerInput};

use crate::solo::{OTHER, Solo, has, is_created, is_leave, joined, resp_join};

#[test]
fn a_negotiation_without_result_fails_after_half_a_minute() {
    let mut solo = Solo::offering();
    let mut built = 0;
    for _ in 0..29 {
        built += usize::from(has(&solo.wait(Duration::from_secs(1)), is_created));
    }
    assert_eq!((solo.word(), built), ("connecting", 2));
    assert!(has(&solo.wait(Duration::from_secs(1)), is_leave));
    assert!(matches!(
        solo.call.state(),
        CallState::Failed {
            cause: FailureCause::NegotiationTimeout,
            lasted: None,
            ..
        }
    ));
    assert_eq!(solo.call.state().action(), Action::Retry);
}

#[test]
fn who_gets_no_offer_makes_one_itself_and_then_gives_up() {
    let mut solo = Solo::idle();
    solo.join();
    solo.message(joined(2, false));
    solo.message(resp_join(OTHER));
    assert_eq!(solo.wait(Duration::from_millis(13_999)), []);
    assert!(has(&solo.wait(Duration::from_millis(1)), is_created));
    solo.wait(Duration::from_secs(16));
    assert_eq!(solo.word(), "call-failed");
}

#[test]
fn a_connection_that_cannot_be_made_is_not_tried_in_circles() {
    let mut solo = Solo::offering();
    for _ in 0..10 {
        let error = PeerInput::Error {
            operation: Operation::Create,
        };
        assert!(!has(&solo.peer(error), is_created));
        assert!(!has(&solo.wait(Duration::from_millis(999)), is_created));
        assert!(has(&solo.wait(Duration::from_millis(1)), is_created));
    }
}

#[test]
fn a_wrong_certificate_is_the_end_and_nothing_is_tried_again() {
    for mut solo in [Solo::offering(), Solo::connected(true)] {
        solo.peer(PeerInput::WrongCertificate);
        let failed = |state: &CallState| {
            matches!(
                state,
                CallState::Failed {
                    cause: FailureCause::WrongCertificate,
                    ..
                }
            )
        };
        assert!(failed(solo.call.state()), "{:?}", solo.call.state());
        assert!(solo.call.session().is_none());
        for _ in 0..60 {
            assert_eq!(solo.wait(Duration::from_secs(1)), []);
        }
        assert!(failed(solo.call.state()));
    }
}
