//! Pages that are made from the code, so that they cannot differ from it: the configuration reference and the API
//! reference. A test fails when a page is stale; with `UPDATE=1` it writes the page anew.

mod api;
mod configuration;
mod examples;
mod meanings;

use std::fs;

/// Fails unless a page is what it should be; with `UPDATE=1` it makes it so.
#[track_caller]
fn assert_page(name: &str, wanted: &str) {
    let path = e2e::root().join("docs").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, wanted).expect("the page can be written");
        return;
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    let differs = wanted.lines().zip(page.lines().chain(std::iter::repeat(""))).find(|(wanted, line)| wanted != line);
    assert!(
        page == wanted,
        "docs/{name} is stale: write it anew with `UPDATE=1 cargo nextest run --release --locked --workspace -E \
         'package(e2e) and binary(docs)'`; the first difference is {differs:?}"
    );
}

/// Returns a text as one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
