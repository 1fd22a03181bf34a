//! The fonts of the pages. Those for Latin, Greek and Cyrillic are compiled in, so that there is always a report;
//! those for Chinese, Japanese and Korean come from a package of the system, since they are larger than all of Ronda.

use std::path::{Path, PathBuf};

use tracing::warn;
use typst::foundations::Bytes;
use typst::text::Font;

/// Families of fonts that are nicer than the one compiled in, the nicest first.
const LATIN: &[Family] =
    &[Family { files: &["Inter-Regular.otf", "Inter-Bold.otf", "Inter-Italic.otf", "Inter-BoldItalic.otf"], index: 0 }];

/// Families of fonts for Chinese, the best first. The face for Traditional Chinese is the fourth of Noto's collection.
const CHINESE: &[Family] = &[
    Family { files: &["NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"], index: 3 },
    Family { files: &["NotoSansCJKtc-Regular.otf", "NotoSansCJKtc-Bold.otf"], index: 0 },
    Family { files: &["NotoSansTC-Regular.otf", "NotoSansTC-Bold.otf"], index: 0 },
    Family { files: &["wqy-microhei.ttc"], index: 0 },
    Family { files: &["wqy-zenhei.ttc"], index: 0 },
    Family { files: &["DroidSansFallbackFull.ttf"], index: 0 },
];

/// How deep directories are searched for fonts.
const DEEPEST: usize = 4;

/// Fonts of one design.
#[derive(Debug)]
struct Family {
    /// Its files; the first is the upright one, without which the family is of no use.
    files: &'static [&'static str],
    /// Which face of each file.
    index: u32,
}

/// A font in a file.
#[derive(Debug, Clone)]
struct FontFile {
    path: PathBuf,
    index: u32,
}

/// Where the fonts of the pages are. They are read when a report needs them and not kept: they are large, and reports
/// are rare.
#[derive(Debug, Clone, Default)]
pub struct Fonts {
    latin: Vec<FontFile>,
    chinese: Vec<FontFile>,
}

impl Fonts {
    /// Returns the fonts that are compiled in, and no others.
    #[must_use]
    pub fn compiled_in() -> Self {
        Self::default()
    }

    /// Looks for fonts in these directories. An earlier one is preferred to a later one.
    #[must_use]
    pub fn find(dirs: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        for dir in dirs {
            list(dir, DEEPEST, &mut files);
        }
        Self { latin: first(LATIN, &files), chinese: first(CHINESE, &files) }
    }

    /// Returns the directories in which fonts are looked for: `RONDA_FONTS`, the cache directory, the system's.
    pub fn dirs(variable: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
        let own = variable("RONDA_FONTS").map(PathBuf::from);
        let cached = variable("RONDA_CACHE_DIR").map(|dir| Path::new(&dir).join("fonts"));
        let system = ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from);
        own.into_iter().chain(cached).chain(system).collect()
    }

    /// Returns whether Chinese, Japanese and Korean can be written.
    #[must_use]
    pub fn has_chinese(&self) -> bool {
        !self.chinese.is_empty()
    }

    /// Reads the fonts, those for Chinese only if they are needed. The order is that of preference.
    pub(crate) fn read(&self, needs_chinese: bool) -> Vec<Font> {
        let chinese = if needs_chinese { self.chinese.as_slice() } else { &[] };
        let mut fonts: Vec<_> = self.latin.iter().filter_map(read).collect();
        fonts.extend(compiled_in());
        fonts.extend(chinese.iter().filter_map(read));
        fonts
    }
}

/// The fonts that are in the program. DejaVu has most of the signs that models like to write, and a face in which all
/// characters are of one width.
fn compiled_in() -> impl Iterator<Item = Font> {
    let faces = [
        dejavu::sans::regular(),
        dejavu::sans::bold(),
        dejavu::sans::oblique(),
        dejavu::sans::bold_oblique(),
        dejavu::sans_mono::regular(),
    ];
    faces.into_iter().filter_map(|face| Font::new(Bytes::new(face), 0))
}

fn read(file: &FontFile) -> Option<Font> {
    let font = std::fs::read(&file.path).map(|data| Font::new(Bytes::new(data), file.index));
    let why = match font {
        Ok(Some(font)) => return Some(font),
        Ok(None) => "it is no font".to_owned(),
        Err(error) => error.to_string(),
    };
    warn!(font = %file.path.display(), why, "a font cannot be read, reports do without it");
    None
}

fn first(families: &[Family], found: &[PathBuf]) -> Vec<FontFile> {
    let path = |name: &str| found.iter().find(|path| path.file_name().is_some_and(|file| file == name)).cloned();
    let family = families.iter().find(|family| family.files.first().is_some_and(|name| path(name).is_some()));
    let Some(Family { files, index }) = family else { return Vec::new() };
    files.iter().filter_map(|name| Some(FontFile { path: path(name)?, index: *index })).collect()
}

fn list(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    // A directory that is not there has no fonts.
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if !path.is_dir() {
            files.push(path);
        } else if depth > 0 {
            list(&path, depth - 1, files);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fonts_that_are_compiled_in_are_fonts() {
        assert_eq!(Fonts::compiled_in().read(true).len(), 5);
    }

    #[test]
    fn the_best_family_is_found_wherever_it_lies_and_a_broken_file_is_left_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let deep = dir.path().join("truetype").join("noto");
        std::fs::create_dir_all(&deep).expect("can be made");
        for name in ["DroidSansFallbackFull.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"] {
            std::fs::write(deep.join(name), "no font").expect("can be written");
        }
        let fonts = Fonts::find(&[dir.path().join("missing"), dir.path().to_owned()]);
        let names: Vec<_> = fonts.chinese.iter().filter_map(|font| font.path.file_name()).collect();
        assert_eq!(names, ["NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"]);
        assert!(fonts.has_chinese());
        assert_eq!(fonts.read(true).len(), 5, "what is no font is left out");
    }

    #[test]
    fn fonts_are_looked_for_where_the_operator_says_first() {
        let variable = |name: &str| match name {
            "RONDA_FONTS" => Some("/fonts".to_owned()),
            "RONDA_CACHE_DIR" => Some("/cache".to_owned()),
            _ => None,
        };
        let expected = ["/fonts", "/cache/fonts", "/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from);
        assert_eq!(Fonts::dirs(variable), expected);
    }
}
