//! Keys that are no letters, as WebDriver names them (section 17.4.2).

/// Tab.
pub const TAB: char = '\u{e004}';
/// Enter.
pub const ENTER: char = '\u{e007}';
/// Either Shift key.
pub const SHIFT: char = '\u{e008}';
/// Escape.
pub const ESCAPE: char = '\u{e00c}';
/// Space bar.
pub const SPACE: char = ' ';
/// End.
pub const END: char = '\u{e010}';
/// Home.
pub const HOME: char = '\u{e011}';
/// Arrow left.
pub const LEFT: char = '\u{e012}';
/// Arrow up.
pub const UP: char = '\u{e013}';
/// Arrow right.
pub const RIGHT: char = '\u{e014}';
/// Arrow down.
pub const DOWN: char = '\u{e015}';
