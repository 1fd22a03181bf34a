//! How wide the columns of a table are: by what stands in them, so that no table is wider than the page.

use crate::text;

/// How wide the text of an upright page is, in points, and that of a broad one.
const UPRIGHT: f64 = 481.0;
const BROAD: f64 = 728.0;
/// What the space beside a cell's text takes, in em.
const PADDING: f64 = 1.2;

/// No column is narrower than this, in em.
const NARROWEST: f64 = 2.2;
/// A word that is longer than this may be broken.
const LONGEST_WORD: f64 = 13.0;
/// A row of more lines than this on an upright page is better read on a broad one.
const TALLEST: f64 = 14.0;

/// The layout of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// How much of the width each column takes; they add up to 1.
    pub(crate) shares: Vec<f64>,
    /// How wide each column's text can be, in em.
    pub(crate) lines: Vec<f64>,
    /// The size of the letters in points.
    pub(crate) size: f64,
    /// Whether it needs a broad page.
    pub(crate) broad: bool,
}

/// What stands in a column: its longest word and its longest cell.
#[derive(Debug, Clone, Copy)]
struct Need {
    word: f64,
    cell: f64,
}

/// Lays a table out. Rows may be shorter than the first.
pub(crate) fn fit(rows: &[Vec<String>], columns: usize) -> Layout {
    let needs: Vec<Need> = (0..columns).map(|column| need(rows, column)).collect();
    let candidates = [(false, 9.0), (false, 8.0), (true, 9.0), (true, 8.0), (true, 7.0)];
    let fits = |(broad, size): &(bool, f64)| {
        let room = room(*broad, *size, columns);
        let words: f64 = needs.iter().map(|need| need.word).sum();
        words <= room && (*broad || tallest(rows, &widths(&needs, room)) <= TALLEST)
    };
    // What fits nowhere is broken wherever it must be, in the smallest letters on the broadest page.
    let (broad, size) = candidates.into_iter().find(fits).unwrap_or((true, 7.0));
    let widths = widths(&needs, room(broad, size, columns));
    let total: f64 = widths.iter().map(|width| width + PADDING).sum();
    let shares = widths.iter().map(|width| (width + PADDING) / total).collect();
    Layout { shares, lines: widths, size, broad }
}

fn room(broad: bool, size: f64, columns: usize) -> f64 {
    let page = if broad { BROAD } else { UPRIGHT };
    #[expect(clippy::cast_precision_loss, reason = "a number of columns")]
    let padding = columns as f64 * PADDING;
    (page / size - padding).max(1.0)
}

fn need(rows: &[Vec<String>], column: usize) -> Need {
    let cells = || rows.iter().filter_map(|row| row.get(column));
    let word = cells().map(|cell| text::longest_word(cell)).fold(NARROWEST, f64::max).min(LONGEST_WORD);
    let cell = cells().flat_map(|cell| cell.lines()).map(text::width).fold(word, f64::max);
    Need { word, cell }
}

/// Divides the room: each column gets its longest word, and of what is left the more the longer its cells are.
fn widths(needs: &[Need], room: f64) -> Vec<f64> {
    let words: f64 = needs.iter().map(|need| need.word).sum();
    if words >= room {
        return needs.iter().map(|need| need.word * room / words).collect();
    }
    // The root keeps one long text from starving the others.
    let wish = |need: &Need| (need.cell - need.word).sqrt();
    let wishes: f64 = needs.iter().map(wish).sum();
    let spare = room - words;
    let share = |need: &Need| if wishes > 0.0 { spare * wish(need) / wishes } else { spare * need.word / words };
    needs.iter().map(|need| need.word + share(need)).collect()
}

/// Returns how many lines the tallest row has.
fn tallest(rows: &[Vec<String>], widths: &[f64]) -> f64 {
    let lines = |(cell, width): (&String, &f64)| (text::width(cell) / width).ceil();
    rows.iter().flat_map(|row| row.iter().zip(widths).map(lines)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(rows: &[&[&str]]) -> Layout {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        fit(&rows, rows[0].len())
    }

    #[test]
    fn a_column_of_marks_is_narrow_beside_one_of_sentences() {
        let layout = table(&[
            &["Item", "O/X", "Notes"],
            &["Lights", "X", "The lights of the whole corridor on the second floor were left on over night."],
        ]);
        assert!(!layout.broad && layout.shares[2] > 4.0 * layout.shares[1], "{layout:?}");
    }

    #[test]
    fn eight_columns_of_chinese_stay_upright_if_their_cells_are_short_and_turn_if_they_are_long() {
        let short = ["類別"; 8];
        assert!(!table(&[&short, &["合格"; 8]]).broad);
        let long = "走廊上的公共插座有未經許可使用的情形需要立即改善並且通知管理員處理後續事宜以及拍照存證".repeat(3);
        assert!(table(&[&short, &[long.as_str(); 8]]).broad);
    }

    #[test]
    fn more_columns_than_anything_can_hold_are_still_divided() {
        let layout = fit(&[vec!["word".to_owned(); 120]], 120);
        assert!(layout.broad && layout.lines.iter().all(|line| *line > 0.0), "{layout:?}");
    }

    proptest! {
        #[test]
        fn the_columns_fill_the_width_and_no_more(
            rows in prop::collection::vec(prop::collection::vec("[a-z門火 ]{0,40}", 0..9), 1..6), columns in 1..9_usize,
        ) {
            let layout = fit(&rows, columns);
            prop_assert_eq!(layout.shares.len(), columns);
            prop_assert!((layout.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(layout.shares.iter().all(|share| *share > 0.0));
        }
    }
}
