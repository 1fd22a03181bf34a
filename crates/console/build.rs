//! Tells the crate whether the pages in `ui` are built. It never builds them itself: that needs Node and the network,
//! and `cargo check` must work without both.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(ui_built)");
    // The folder is always there, because git keeps a file in it.
    println!("cargo::rerun-if-changed=ui/dist");
    if Path::new("ui/dist/index.html").is_file() {
        println!("cargo::rustc-cfg=ui_built");
    } else {
        println!(
            "cargo::warning=the pages of the console are not built, a notice takes their place; build them with \
             `npm ci && npm run build` in crates/console/ui, then build this crate again"
        );
    }
}
