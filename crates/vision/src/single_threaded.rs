//! OpenCV's own threads are turned off: whoever calls it has a thread already.

use std::sync::Once;

/// Must be called before anything of OpenCV's that may use threads: changing their number while some work crashes the process.
pub(crate) fn opencv() {
    static ONCE: Once = Once::new();
    // What it was before does not matter.
    ONCE.call_once(|| drop(opencv::core::set_num_threads(1)));
}
