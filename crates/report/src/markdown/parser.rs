//! From the events of the Markdown reader to blocks and inlines.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

use super::{Block, Inline, Table};
use crate::text;

/// How deep quotes, lists and emphasis can be nested. What is deeper is read as plain text: it is no report, and
/// neither our stack nor the template's is deep enough for what somebody could write.
const DEEPEST: usize = 6;

pub(super) fn parse(markdown: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Reader { events: Parser::new_ext(markdown, options), ticked: None }.blocks(0)
}

struct Reader<'a> {
    events: Parser<'a>,
    /// The mark of a task in the entry that is being read.
    ticked: Option<bool>,
}

impl Reader<'_> {
    /// Reads blocks until what surrounds them ends. Text that stands among them without a paragraph, as in a list
    /// whose entries are not set apart, becomes one.
    fn blocks(&mut self, depth: usize) -> Vec<Block> {
        let (mut blocks, mut loose) = (Vec::new(), Vec::new());
        while let Some(event) = self.events.next() {
            match event {
                Event::End(_) => break,
                Event::Start(tag) if !is_inline(&tag) => {
                    close(&mut blocks, &mut loose);
                    self.block(tag, depth, &mut blocks);
                }
                Event::Rule => {
                    close(&mut blocks, &mut loose);
                    blocks.push(Block::Rule);
                }
                event => self.inline(event, 0, &mut loose),
            }
        }
        close(&mut blocks, &mut loose);
        blocks
    }

    fn block(&mut self, tag: Tag<'_>, depth: usize, blocks: &mut Vec<Block>) {
        match tag {
            Tag::Heading { level, .. } => {
                blocks.push(Block::Heading { level: number(level), body: self.inlines(0) });
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                let text = self.rest();
                blocks.push(Block::Code { text: text.trim_end().to_owned() });
            }
            Tag::Table(align) => blocks.push(Block::Table(self.table(&align))),
            Tag::HtmlBlock => {
                let text = without_tags(&self.rest());
                paragraph(blocks, vec![Inline::text(text.trim())]);
            }
            Tag::BlockQuote(_) | Tag::List(_) if depth >= DEEPEST => {
                let text = self.rest();
                paragraph(blocks, vec![Inline::text(text.trim())]);
            }
            Tag::BlockQuote(_) => {
                let inner = self.blocks(depth + 1);
                blocks.push(Block::Quote { blocks: inner });
            }
            Tag::List(start) => {
                let items = self.items(depth + 1);
                blocks.push(Block::List { start, items });
            }
            Tag::Paragraph => {
                let body = self.inlines(0);
                paragraph(blocks, body);
            }
            // What is not enabled does not come; if it did, its text would be kept.
            _ => blocks.extend(self.blocks(depth.min(DEEPEST) + 1)),
        }
    }

    fn items(&mut self, depth: usize) -> Vec<Vec<Block>> {
        let outer = self.ticked.take();
        let mut items = Vec::new();
        while let Some(Event::Start(Tag::Item)) = self.events.next() {
            let mut blocks = self.blocks(depth);
            if let (Some(ticked), Some(Block::Paragraph { body })) = (self.ticked.take(), blocks.first_mut()) {
                body.insert(0, Inline::text(if ticked { "✓ " } else { "☐ " }));
            }
            items.push(blocks);
        }
        self.ticked = outer;
        items
    }

    fn table(&mut self, align: &[Alignment]) -> Table {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::TableHead) => head = self.cells(),
                Event::Start(Tag::TableRow) => rows.push(self.cells()),
                _ => break,
            }
        }
        let align = align.iter().map(|align| match align {
            Alignment::Right => "right",
            Alignment::Center => "center",
            Alignment::Left | Alignment::None => "left",
        });
        Table { align: align.collect(), head, rows, shares: Vec::new(), size: 0.0, broad: false }
    }

    fn cells(&mut self) -> Vec<Vec<Inline>> {
        let mut cells = Vec::new();
        while let Some(Event::Start(Tag::TableCell)) = self.events.next() {
            cells.push(self.inlines(0));
        }
        cells
    }

    fn inlines(&mut self, depth: usize) -> Vec<Inline> {
        let mut body = Vec::new();
        while let Some(event) = self.events.next() {
            if matches!(event, Event::End(_)) {
                break;
            }
            self.inline(event, depth, &mut body);
        }
        body
    }

    fn inline(&mut self, event: Event<'_>, depth: usize, body: &mut Vec<Inline>) {
        match event {
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => push(body, &text),
            Event::FootnoteReference(name) => push(body, &format!("[{name}]")),
            Event::Code(code) => body.push(Inline::Code { text: code.into_string() }),
            Event::Html(html) | Event::InlineHtml(html) => {
                if is_line_break(&html) {
                    body.push(Inline::Break);
                }
            }
            Event::SoftBreak => push(body, if ends_wide(body) { "" } else { " " }),
            Event::HardBreak => body.push(Inline::Break),
            Event::TaskListMarker(ticked) => self.ticked = Some(ticked),
            Event::Start(_) if depth >= DEEPEST => push(body, &self.rest()),
            Event::Start(tag) => {
                let inner = self.inlines(depth + 1);
                wrap(&tag, inner, body);
            }
            Event::Rule | Event::End(_) => {}
        }
    }

    /// Reads to the end of what has begun, and returns its text.
    fn rest(&mut self) -> String {
        let (mut out, mut open) = (String::new(), 1_usize);
        for event in self.events.by_ref() {
            match event {
                Event::Start(_) => open += 1,
                Event::End(_) => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    if !out.ends_with(char::is_whitespace) {
                        out.push(' ');
                    }
                }
                Event::Text(text) | Event::Code(text) | Event::Html(text) => out.push_str(&text),
                Event::SoftBreak | Event::HardBreak => out.push('\n'),
                _ => {}
            }
        }
        out
    }
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
    )
}

fn wrap(tag: &Tag<'_>, inner: Vec<Inline>, body: &mut Vec<Inline>) {
    match tag {
        Tag::Emphasis => body.push(Inline::Emphasis { body: inner }),
        Tag::Strong => body.push(Inline::Strong { body: inner }),
        Tag::Strikethrough => body.push(Inline::Struck { body: inner }),
        Tag::Link { dest_url, .. } if is_safe(dest_url) => {
            body.push(Inline::Link { url: dest_url.to_string(), body: inner });
        }
        Tag::Image { .. } => body.push(Inline::Emphasis { body: inner }),
        _ => body.extend(inner),
    }
}

/// Returns whether a link leads to a page or a letter, and to nothing on the reader's machine.
fn is_safe(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}

fn close(blocks: &mut Vec<Block>, loose: &mut Vec<Inline>) {
    paragraph(blocks, std::mem::take(loose));
}

fn paragraph(blocks: &mut Vec<Block>, body: Vec<Inline>) {
    let is_empty = |inline: &Inline| matches!(inline, Inline::Text { text } if text.trim().is_empty());
    if !body.iter().all(is_empty) {
        blocks.push(Block::Paragraph { body });
    }
}

fn push(body: &mut Vec<Inline>, text: &str) {
    match body.last_mut() {
        Some(Inline::Text { text: last }) => last.push_str(text),
        _ => body.push(Inline::text(text)),
    }
}

/// Returns whether the text ends with a Chinese character: after it, the end of a line is no space.
fn ends_wide(body: &[Inline]) -> bool {
    super::plain(body).chars().next_back().is_some_and(text::is_wide)
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => 4,
    }
}

fn is_line_break(html: &str) -> bool {
    let tag: String = html.chars().filter(|c| !c.is_whitespace() && *c != '/').collect();
    tag.eq_ignore_ascii_case("<br>")
}

/// Returns what stands between the tags.
fn without_tags(html: &str) -> String {
    let (mut out, mut in_tag) = (String::new(), false);
    for c in html.chars() {
        match (c, in_tag) {
            ('<', false) => in_tag = true,
            ('>', true) => {
                in_tag = false;
                out.push(' ');
            }
            (c, false) => out.push(c),
            (_, true) => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
