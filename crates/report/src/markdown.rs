//! What a model wrote in Markdown, as values for the template: never as its source, so that nothing in it is a command.
//!
//! HTML is not followed: its tags are left out, what stands between them is kept. Pictures are named and not fetched.

mod parser;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::columns::{self, Layout};
use crate::text;

/// How wide a word may be before it is broken, in em: in a paragraph, which may stand in a list in a list, in a heading,
/// in program text.
const LONGEST_WORD: f64 = 26.0;
const LONGEST_WORD_OF_HEADING: f64 = 20.0;
const LONGEST_WORD_OF_CODE: f64 = 30.0;

/// A text.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
    /// Whether a table in it needs a broad page.
    pub(crate) broad: bool,
}

/// A part of a text that stands on lines of its own.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    Heading { level: u8, body: Vec<Inline> },
    Paragraph { body: Vec<Inline> },
    Code { text: String },
    Quote { blocks: Vec<Block> },
    List { start: Option<u64>, items: Vec<Vec<Block>> },
    Rule,
    Table(Table),
}

/// A table.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Table {
    /// How the columns are aligned.
    pub(crate) align: Vec<&'static str>,
    pub(crate) head: Vec<Vec<Inline>>,
    pub(crate) rows: Vec<Vec<Vec<Inline>>>,
    /// How much of the width each column takes.
    pub(crate) shares: Vec<f64>,
    /// The size of the letters in points.
    pub(crate) size: f64,
    #[serde(skip)]
    broad: bool,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Inline {
    Text { text: String },
    Code { text: String },
    Strong { body: Vec<Inline> },
    Emphasis { body: Vec<Inline> },
    Struck { body: Vec<Inline> },
    Link { url: String, body: Vec<Inline> },
    Break,
}

impl Inline {
    fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// Reads a text.
pub(crate) fn read(markdown: &str) -> Document {
    let mut blocks = parser::parse(unwrapped(markdown));
    for block in &mut blocks {
        settle(block);
    }
    let broad = blocks.iter().any(is_broad);
    Document { blocks, broad }
}

/// Returns what is in the fence, if the whole text is fenced: models like to wrap their Markdown up as Markdown.
fn unwrapped(markdown: &str) -> &str {
    let text = markdown.trim();
    let Some((first, rest)) = text.split_once('\n') else { return text };
    let is_fence = matches!(first.trim(), "```markdown" | "```md" | "```");
    let inner = rest.strip_suffix("```").filter(|inner| is_fence && !inner.contains("```"));
    inner.unwrap_or(text)
}

/// Lays the tables of a block out and sees to it that nothing in it is wider than its place.
fn settle(block: &mut Block) {
    match block {
        Block::Heading { body, .. } => soften(body, LONGEST_WORD_OF_HEADING),
        Block::Paragraph { body } => soften(body, LONGEST_WORD),
        Block::Code { text } => *text = text::breakable(text, LONGEST_WORD_OF_CODE),
        Block::Quote { blocks } => blocks.iter_mut().for_each(settle),
        Block::List { items, .. } => items.iter_mut().flatten().for_each(settle),
        Block::Rule => {}
        Block::Table(table) => lay_out(table),
    }
}

fn lay_out(table: &mut Table) {
    let columns = table.head.len();
    for row in &mut table.rows {
        row.resize(columns, Vec::new());
    }
    let plain = |row: &Vec<Vec<Inline>>| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>();
    let texts: Vec<Vec<String>> = std::iter::once(&table.head).chain(&table.rows).map(plain).collect();
    let Layout { shares, lines, size, broad } = columns::fit(&texts, columns);
    for row in std::iter::once(&mut table.head).chain(&mut table.rows) {
        for (cell, line) in row.iter_mut().zip(&lines) {
            soften(cell, *line);
        }
    }
    (table.shares, table.size, table.broad) = (shares, size, broad);
}

fn soften(body: &mut [Inline], line: f64) {
    for inline in body {
        match inline {
            Inline::Text { text } | Inline::Code { text } => *text = text::breakable(text, line),
            Inline::Strong { body }
            | Inline::Emphasis { body }
            | Inline::Struck { body }
            | Inline::Link { body, .. } => {
                soften(body, line);
            }
            Inline::Break => {}
        }
    }
}

/// Returns the text without what adorns it.
pub(crate) fn plain(body: &[Inline]) -> String {
    let mut out = String::new();
    for inline in body {
        match inline {
            Inline::Text { text } | Inline::Code { text } => out.push_str(text),
            Inline::Strong { body }
            | Inline::Emphasis { body }
            | Inline::Struck { body }
            | Inline::Link { body, .. } => {
                out.push_str(&plain(body));
            }
            Inline::Break => out.push('\n'),
        }
    }
    out
}

fn is_broad(block: &Block) -> bool {
    match block {
        Block::Table(table) => table.broad,
        Block::Quote { blocks } => blocks.iter().any(is_broad),
        Block::List { items, .. } => items.iter().flatten().any(is_broad),
        _ => false,
    }
}
