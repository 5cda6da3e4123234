//! Our places in the library's chain of interceptors, nearest the wire first:
//!
//! | slot | here | what |
//! |---|---|---|
//! | 500 | [`wire_tap`] | counts, reads feedback (key frames, reports, loss) |
//! | 2 000 | [`lazy_bind`] around the stock TWCC sender | numbers every packet, repairs too |
//! | 4 000 | [`responder`] | answers requests for lost packets |
//! | 7 000 | [`generator`] | asks for lost packets |
//! | 8 000 | stock TWCC receiver, every 50 ms | |
//! | 10 000 | stock receiver reports | |
//! | 10 500 | [`report_clock`] | puts capture time into sender reports |
//! | 11 000 | [`lazy_bind`] around the stock sender reports | |
//! | 14 000 | [`delivery`] | unwraps repairs, drops repeats, hands packets over |
//!
//! All of it runs on the library's driver task, so nothing waits and nothing is logged above
//! TRACE. Packets leave through [`delivery`] and not through the library's tracks, whose queues
//! lose packets silently and need a task each.

mod delivery;
mod generator;
mod lazy_bind;
mod pass_through;
mod report_clock;
mod responder;
mod shared;
mod wire_tap;

use std::sync::Arc;
use std::time::Duration;

use rtc::interceptor::{
    ReceiverReportBuilder, Registry, SenderReportBuilder, Slot, TwccReceiverBuilder,
    TwccSenderBuilder,
};

use lazy_bind::{Bound, LazyBind};
pub(crate) use shared::Shared;

const TWCC_FEEDBACK_INTERVAL: Duration = Duration::from_millis(50);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The whole chain.
pub(crate) fn registry(shared: &Arc<Shared>) -> Registry {
    let twcc_receiver = TwccReceiverBuilder::new().with_interval(TWCC_FEEDBACK_INTERVAL);
    let receiver_report = ReceiverReportBuilder::new().with_interval(REPORT_INTERVAL);
    let sender_report = SenderReportBuilder::new()
        .with_interval(REPORT_INTERVAL)
        .build();
    let numbers = TwccSenderBuilder::new().build();
    let numbers = LazyBind::new(numbers, shared.clone(), Bound::MediaAndRepairs);
    let reports = LazyBind::new(sender_report, shared.clone(), Bound::MediaOnly);
    Registry::new()
        .with(Slot::from(500), wire_tap::WireTap::new(shared.clone()))
        .with(Slot::TwccSender, numbers)
        .with(
            Slot::NackResponder,
            responder::Responder::new(shared.clone()),
        )
        .with(
            Slot::NackGenerator,
            generator::Generator::new(shared.clone()),
        )
        .with(Slot::TwccReceiver, twcc_receiver.build())
        .with(Slot::ReceiverReport, receiver_report.build())
        .with(
            Slot::from(10_500),
            report_clock::ReportClock::new(shared.clone()),
        )
        .with(Slot::SenderReport, reports)
        .with(Slot::from(14_000), delivery::Delivery::new(shared.clone()))
}
