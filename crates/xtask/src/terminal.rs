//! What the person at the terminal sees. Progress goes to standard error, results go to standard output.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

/// Prints one line of result. A reader that went away is no error of ours.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Prints one line of progress.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Overwrites the last line of the terminal; silent where nobody watches.
pub(crate) fn ticker(line: &str) {
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        let short: String = line.chars().take(100).collect();
        let _ = write!(stderr, "\r\x1b[2K{short}");
        let _ = stderr.flush();
    }
}

/// Removes what [`ticker`] wrote.
pub(crate) fn clear_ticker() {
    ticker("");
}

/// Asks a question whose safe answer is yes. Without a terminal the answer is yes: a machine asked for this.
pub(crate) fn agrees(question: &str) -> bool {
    if !io::stdin().is_terminal() {
        return true;
    }
    let _ = write!(io::stderr().lock(), "{question} [Y/n] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).unwrap_or(0);
    read > 0 && is_yes(&answer)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

/// Writes a duration as a person would: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally() {
        let shown = [420, 12_300, 185_000].map(|millis| human(Duration::from_millis(millis)));

        assert_eq!(shown, ["0.4 s", "12 s", "3 min 05 s"]);
    }

    #[test]
    fn enter_means_yes_and_anything_unknown_means_no() {
        assert_eq!(["", "\n", "y\n", "Yes\n", "n\n", "what\n"].map(is_yes), [true, true, true, true, false, false]);
    }
}
