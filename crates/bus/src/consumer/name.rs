//! A name no other member ever had: `host-pid-random`.

use std::fs;

/// Returns a new name.
pub(super) fn unique() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}-{:08x}", plain(&host), std::process::id(), fastrand::u32(..))
}

/// Returns what a machine is called, in letters that every tool shows.
fn plain(host: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '.';
    let plain: String = host.trim().chars().filter(is_plain).take(63).collect();
    if plain.is_empty() { "host".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_tell_the_process() {
        let (one, other) = (unique(), unique());
        assert_ne!(one, other);
        assert!(one.contains(&format!("-{}-", std::process::id())), "{one}");
    }

    #[test]
    fn a_machine_without_a_name_is_a_host() {
        assert_eq!(plain(" \n"), "host");
        assert_eq!(plain("jetson-1.site\n"), "jetson-1.site");
    }
}
