//! How wide a text is, and where a line of it may end.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};
use unicode_width::UnicodeWidthChar;

/// Ends a line if need be, and shows nothing.
const BREAK: char = '\u{200b}';

/// The widest of the fonts that Latin is written in: what fits in its letters fits in those of the others.
static WIDEST: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(dejavu::sans::bold()).expect("the compiled-in font is a font"));

/// The width of a character that the widest font lacks.
const UNKNOWN: f64 = 0.8;

/// Returns the width of a text in em.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(advance).sum()
}

fn advance(c: char) -> f64 {
    match c.width() {
        Some(0) | None => 0.0,
        Some(1) => measured(c).unwrap_or(UNKNOWN),
        Some(_) => 1.0,
    }
}

fn measured(c: char) -> Option<f64> {
    let glyph = WIDEST.glyph_id(c);
    // Glyph 0 stands for what the font lacks.
    let advance = (glyph.0 != 0).then(|| WIDEST.h_advance_unscaled(glyph))?;
    Some(f64::from(advance / WIDEST.units_per_em()?))
}

/// Returns whether a line may end before and after this character whatever stands beside it.
pub(crate) fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

/// Returns the width of the longest part of a text in which no line can end.
pub(crate) fn longest_word(text: &str) -> f64 {
    let (mut longest, mut current) = (0.0_f64, 0.0);
    for c in text.chars() {
        if c.is_whitespace() || c == BREAK {
            current = 0.0;
        } else if is_wide(c) {
            (longest, current) = (longest.max(1.0), 0.0);
        } else {
            current += advance(c);
            longest = longest.max(current);
        }
    }
    longest
}

/// Returns the text with places where a line may end in each word that is wider than a line: nothing that somebody
/// wrote without spaces may run off the page.
pub(crate) fn breakable(text: &str, line: f64) -> String {
    if longest_word(text) <= line {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    for word in text.split_inclusive(|c: char| c.is_whitespace() || is_wide(c)) {
        if longest_word(word) <= line {
            out.push_str(word);
            continue;
        }
        let mut before = None;
        for c in word.chars() {
            // A break before what is drawn over a character would tear it off.
            if before.is_some() && !c.is_whitespace() && c.width().unwrap_or(0) > 0 {
                out.push(BREAK);
            }
            out.push(c);
            before = Some(c);
        }
    }
    out
}

/// Returns a number with its thousands apart: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns an amount in US dollars: small ones to the hundredth of a cent, as most questions cost less than one.
pub(crate) fn dollars(amount: f64) -> String {
    if amount < 1.0 { format!("${amount:.4}") } else { format!("${amount:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chinese_breaks_anywhere_and_latin_is_as_wide_as_its_letters() {
        assert!((width("滅火器") - 3.0).abs() < 1e-9 && (longest_word("滅火器") - 1.0).abs() < 1e-9);
        assert!(width("mmmm") > 2.0 * width("iiii"));
        assert!((longest_word("abc 滅火器 defgh") - width("defgh")).abs() < 1e-9);
    }

    #[test]
    fn only_a_word_that_is_too_wide_gets_breaks() {
        assert_eq!(breakable("a long sentence of short words", 8.0), "a long sentence of short words");
        assert_eq!(breakable("see abcdef now", 3.0), "see a\u{200b}b\u{200b}c\u{200b}d\u{200b}e\u{200b}f now");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.01234, 12.345].map(dollars), ["$0.0000", "$0.0123", "$12.35"]);
    }

    proptest! {
        #[test]
        fn breaking_changes_nothing_that_is_shown(text in "\\PC{0,60}", line in 1.5..30.0_f64) {
            let broken = breakable(&text, line);
            let shown = |text: &str| text.replace(BREAK, "");
            prop_assert_eq!(shown(&broken), shown(&text));
            prop_assert!(longest_word(&broken) <= line);
        }
    }
}
