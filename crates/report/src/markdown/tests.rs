//! What becomes of Markdown, friendly and hostile.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn blocks(markdown: &str) -> Value {
    serde_json::to_value(read(markdown).blocks).expect("blocks can be written")
}

fn text(text: &str) -> Value {
    json!({ "kind": "text", "text": text })
}

fn paragraph(body: &str) -> Value {
    json!({ "kind": "paragraph", "body": [text(body)] })
}

#[test]
fn a_report_is_headings_paragraphs_and_lists() {
    let read = blocks("## Summary\n\nAll *well*, **but**:\n\n1. one\n2. two\n   - deeper\n");
    let expected = json!([
        { "kind": "heading", "level": 2, "body": [text("Summary")] },
        { "kind": "paragraph", "body": [
            text("All "),
            { "kind": "emphasis", "body": [text("well")] },
            text(", "),
            { "kind": "strong", "body": [text("but")] },
            text(":"),
        ] },
        { "kind": "list", "start": 1, "items": [
            [paragraph("one")],
            [
                paragraph("two"),
                { "kind": "list", "start": null, "items": [[paragraph("deeper")]] },
            ],
        ] },
    ]);
    assert_eq!(read, expected);
}

#[test]
fn a_table_keeps_its_alignment_and_short_rows_are_filled() {
    let read = read("| a | b | c |\n|:--|:-:|--:|\n| 1 |\n| 2 | 3 | 4 |\n");
    let [Block::Table(table)] = &read.blocks[..] else { panic!("{read:?} is no table") };
    assert_eq!(table.align, ["left", "center", "right"]);
    assert_eq!(table.rows.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
    assert!(!read.broad);
}

#[test]
fn a_text_that_is_wrapped_up_as_markdown_is_unwrapped() {
    assert_eq!(blocks("```markdown\n# Hi\n```"), blocks("# Hi"));
    assert_eq!(blocks("```\nlet x;\n```\n\nafter\n\n```\ny\n```")[0]["kind"], "code");
}

#[test]
fn html_is_not_followed_and_its_text_is_kept() {
    assert_eq!(blocks("<div onclick=\"x()\">Door <b>open</b></div>\n"), json!([paragraph("Door open")]));
    let inline = blocks("a<br/>b <span style=\"x\">c</span>");
    let expected = json!([{ "kind": "paragraph", "body": [text("a"), { "kind": "break" }, text("b c")] }]);
    assert_eq!(inline, expected);
    assert_eq!(blocks("<script>alert(1)</script>"), json!([paragraph("alert(1)")]));
}

#[test]
fn only_pages_and_letters_are_linked() {
    let link = |url: &str| blocks(&format!("[x]({url})"))[0]["body"][0]["kind"].clone();
    assert_eq!([link("https://a.example"), link("mailto:a@b.c")], ["link", "link"]);
    assert_eq!([link("javascript:alert(1)"), link("file:///etc/passwd"), link("/x")], ["text", "text", "text"]);
}

#[test]
fn a_picture_is_named_and_not_fetched() {
    let read = blocks("![the door](http://a.example/x.png)");
    assert_eq!(read[0]["body"], json!([{ "kind": "emphasis", "body": [text("the door")] }]));
}

#[test]
fn a_task_is_ticked_or_not() {
    let read = blocks("- [x] done\n- [ ] open\n");
    let begin: Vec<_> = (0..2).map(|i| read[0]["items"][i][0]["body"][0]["text"].clone()).collect();
    assert_eq!(begin, ["✓ ", "☐ "]);
    assert_eq!(read[0]["items"][0][0]["body"][1], text("done"));
}

#[test]
fn the_end_of_a_line_is_no_space_in_chinese() {
    assert_eq!(blocks("走廊\n明亮"), json!([paragraph("走廊明亮")]));
    assert_eq!(blocks("the\ncorridor"), json!([paragraph("the corridor")]));
}

#[test]
fn what_could_be_a_command_of_the_typesetter_is_text() {
    let evil = "#import \"/etc/passwd\" #eval(\"1\") $x$ @ref ~ `#raw`";
    let text = plain(match &read(evil).blocks[..] {
        [Block::Heading { body, .. } | Block::Paragraph { body }] => body,
        other => panic!("{other:?}"),
    });
    assert!(text.contains("#eval(\"1\") $x$ @ref ~ #raw"), "{text}");
}

#[test]
fn whatever_is_nested_too_deep_is_read_as_text() {
    for deep in ["> ".repeat(20_000) + "end", "- ".repeat(2_000) + "end", "*a ".repeat(3_000) + &"b* ".repeat(3_000)] {
        let read = read(&deep);
        assert!(!read.blocks.is_empty());
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "[ \\n#>*_`|\\-\\[\\]()<>!a門:0-9.]{0,120}") {
        let document = read(&text);
        for block in &document.blocks {
            if let Block::Table(table) = block {
                prop_assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
                prop_assert_eq!(table.shares.len(), table.head.len());
            }
        }
    }
}
