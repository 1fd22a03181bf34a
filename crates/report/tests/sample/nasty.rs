//! What people and models write when nobody thinks of the page.

use domain::patrol::Verdict;
use report::{Outcome, Photo, RunReport};

/// Markdown with everything in it that has broken a page somewhere.
pub(crate) fn markdown() -> String {
    let row = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut text = String::from(
        "# A heading that_is_one_very_long_identifier_without_any_space_in_it_and_goes_on_and_on_and_on_for_ever\n\n\
         https://example.com/a/very/long/address/without/any/space/that/nobody/thought/of/when/they/made/the/page?and=a&query=too\n\n\
         ```python\nfor point in range(10):\n    print(\"a line of a program that is longer than the page is wide, and has spaces in it, so that it can be wrapped\")\n\
         x = 'ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ'\n```\n\n\
         > A quote\n>\n> > in a quote with `code` and ~~struck~~ text\n\n\
         - one\n  - two\n    - three\n      1. four\n         - five with WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\n\
         - [x] done\n- [ ] open\n\n\
         <div class=\"x\">HTML <b>text</b></div>\n\n<script>alert(1)</script>\n\n---\n\n\
         #set page(width: 10cm) $x^2$ @label #eval(\"1+1\") \\ *a* _b_ `c` ✅ ❌ 👍 ⚠️\n\n",
    );
    let wide: Vec<String> = (0..12).map(|column| format!("COLUMN_{column}_WITH_A_LONG_NAME")).collect();
    let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
    text += &row(&wide);
    text += &row(&["---"; 12]);
    text += &row(&["MMMMMMMMMMMMMMMMMMMMMMMMMM"; 12]);
    text += &row(&["short"]);
    text += "\n";
    text += &row(&["one", "two"]);
    text += &row(&["---"; 2]);
    text += &row(&["x", &"a very long cell that goes on. ".repeat(60)]);
    text
}

/// A run in which nothing is as expected.
pub(crate) fn run() -> RunReport {
    let mut run = super::run(14);
    run.robot.name = "R".repeat(120);
    run.robot.serial = Some("S".repeat(90));
    run.route = Some("route_".repeat(30));
    run.model = Some("a/very/long/model-name:".repeat(6));
    run.outcome = Outcome::Failed;
    run.reason = Some("x".repeat(300));
    run.dry_run = true;
    run.summary = Some(markdown());
    let mut points = run.inspections.iter_mut();
    let mut next = || points.next().expect("there are enough");
    let point = next();
    (point.point, point.description) = ("N".repeat(200), "W".repeat(4_000));
    point.verdict = Some(Verdict::Ng);
    let point = next();
    (point.prompt, point.description) = ("why ".repeat(900), "long story ".repeat(900));
    next().photo = Some(Photo { picture: super::photo(720, 1280, 1), taken: None });
    next().photo = Some(Photo { picture: super::photo(1600, 200, 2), taken: None });
    next().photo = Some(Photo { picture: super::photo(16, 1600, 3), taken: None });
    next().photo = Some(Photo { picture: bytes::Bytes::from_static(b"\xff\xd8\xff broken"), taken: None });
    let point = next();
    point.previous = Some(Photo { picture: super::photo(720, 1280, 4), taken: run.ended.clone() });
    point.difference = Some(Photo { picture: super::photo(1280, 720, 5), taken: None });
    point.difference_score = Some(0.234);
    let point = next();
    point.previous = Some(Photo { picture: super::photo(1280, 720, 6), taken: run.ended.clone() });
    let point = next();
    (point.verdict, point.photo, point.place) = (None, None, (f64::NAN, f64::INFINITY));
    next().place = (1000.0, -1000.0);
    run.alerts[0].rule = "Q".repeat(150);
    run.alerts[1].response = "answer ".repeat(200);
    run
}
