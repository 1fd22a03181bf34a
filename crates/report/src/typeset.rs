//! From a template and its data to a PDF: the small world in which the typesetter works. It sees our templates, the
//! data and the pictures of one report, and nothing else: no file, no clock, no network.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Zoned;
use serde_json::Value;
use tracing::warn;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::ecow::EcoVec;
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use crate::{Fonts, text};

/// What all reports have in common.
const STYLE: &str = include_str!("templates/style.typ");
const MARKDOWN: &str = include_str!("templates/markdown.typ");
const LOGO: &str = include_str!("templates/logo.svg");

/// Why there is no PDF. A template that does not fit its data is our mistake, so nothing here is the caller's.
#[derive(Debug, thiserror::Error)]
#[error("cannot set the report: {0}")]
pub struct PdfError(String);

/// What one report is made of.
pub(crate) struct Manuscript {
    /// The template.
    pub(crate) template: &'static str,
    /// What stands in it.
    pub(crate) data: Value,
    /// Its pictures, by the file names that the data has.
    pub(crate) pictures: Vec<(String, Bytes)>,
    /// When it was made.
    pub(crate) made: Zoned,
}

/// Makes the PDF.
pub(crate) fn pdf(manuscript: Manuscript, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let Manuscript { template, mut data, pictures, made } = manuscript;
    let is_in_chinese = any_char(&data, is_chinese) && fonts.has_chinese();
    let fonts = fonts.read(is_in_chinese);
    let lacks = make_printable(&mut data, &|c| fonts.iter().any(|font| font.info().coverage.contains(u32::from(c))));
    if lacks {
        warn!("a report has characters for which no font was found, they are left out of its PDF");
    }
    data["chinese"] = is_in_chinese.into();
    data["lacks_characters"] = lacks.into();
    data["families"] = families(&fonts).into();
    let desk = Desk::new(template, &data, pictures, fonts)?;
    let made = set(&desk, &made);
    // What the typesetter remembered of this report is of no use to the next one, and large.
    comemo::evict(0);
    made
}

fn set(desk: &Desk, made: &Zoned) -> Result<Vec<u8>, PdfError> {
    let document = typst::compile::<PagedDocument>(desk);
    let document = document.output.map_err(|errors| PdfError(told(&errors)))?;
    let options = PdfOptions { timestamp: timestamp(made), ..PdfOptions::default() };
    typst_pdf::pdf(&document, &options).map_err(|errors| PdfError(told(&errors)))
}

fn told(errors: &EcoVec<SourceDiagnostic>) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}

fn timestamp(at: &Zoned) -> Option<Timestamp> {
    let part = |number: i8| u8::try_from(number).ok();
    let (month, day) = (part(at.month())?, part(at.day())?);
    let (hour, minute, second) = (part(at.hour())?, part(at.minute())?, part(at.second())?);
    let shown = Datetime::from_ymd_hms(at.year().into(), month, day, hour, minute, second)?;
    Timestamp::new_local(shown, at.offset().seconds() / 60)
}

fn families(fonts: &[Font]) -> Vec<String> {
    let mut families: Vec<String> = Vec::new();
    for font in fonts {
        let family = font.info().family.as_str();
        if !family.ends_with(" Mono") && !families.iter().any(|known| known == family) {
            families.push(family.to_owned());
        }
    }
    families
}

/// The library of the typesetter. It is the same for every report.
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

struct Desk {
    main: FileId,
    sources: HashMap<FileId, Source>,
    files: HashMap<FileId, Bytes>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

impl Desk {
    fn new(
        template: &'static str,
        data: &Value,
        pictures: Vec<(String, Bytes)>,
        fonts: Vec<Font>,
    ) -> Result<Self, PdfError> {
        let mut sources = HashMap::new();
        for (path, text) in [("/main.typ", template), ("/style.typ", STYLE), ("/markdown.typ", MARKDOWN)] {
            let id = file_id(path)?;
            sources.insert(id, Source::new(id, text.to_owned()));
        }
        let mut files = HashMap::new();
        files.insert(file_id("/data.json")?, Bytes::from_string(data.to_string()));
        files.insert(file_id("/logo.svg")?, Bytes::from_string(LOGO));
        for (path, bytes) in pictures {
            files.insert(file_id(&path)?, bytes);
        }
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        Ok(Self { main: file_id("/main.typ")?, sources, files, book, fonts })
    }
}

/// Returns the number of a file. Files of all reports have the same names, as the typesetter never forgets one.
fn file_id(path: &str) -> Result<FileId, PdfError> {
    let path = VirtualPath::new(path).map_err(|_| PdfError(format!("{path} is no path")))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Returns whether a character is Chinese, Japanese or Korean, or a sign of theirs.
fn is_chinese(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x11ff | 0x2e80..=0xa4cf | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0xfe30..=0xfe4f
        | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

fn any_char(data: &Value, wanted: fn(char) -> bool) -> bool {
    match data {
        Value::String(text) => text.chars().any(wanted),
        Value::Array(values) => values.iter().any(|value| any_char(value, wanted)),
        Value::Object(values) => values.values().any(|value| any_char(value, wanted)),
        _ => false,
    }
}

/// Sees to it that every text can be printed, and returns whether a letter had to be replaced. Signs that no font has
/// and that have a plainer form get it; pictures of faces and the like are left out.
fn make_printable(data: &mut Value, covers: &dyn Fn(char) -> bool) -> bool {
    match data {
        Value::String(text) => {
            let (printable, lacks) = printable(text, covers);
            *text = printable;
            lacks
        }
        Value::Array(values) => values.iter_mut().fold(false, |lacks, value| make_printable(value, covers) | lacks),
        Value::Object(values) => values.values_mut().fold(false, |lacks, value| make_printable(value, covers) | lacks),
        _ => false,
    }
}

fn printable(written: &str, covers: &dyn Fn(char) -> bool) -> (String, bool) {
    let mut lacks = false;
    let mut out = String::with_capacity(written.len());
    for c in written.chars() {
        if matches!(c, '\n' | '\t' | ' ' | '\u{200b}') || (!c.is_control() && covers(c)) {
            out.push(c);
            continue;
        }
        match c {
            '✅' | '☑' | '✔' => out.push('✓'),
            '❌' | '❎' | '✖' => out.push('✗'),
            // Signs and faces in colour, and what joins and colours them.
            '\u{200c}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => {
                lacks = true;
                out.push('□');
                // A line may end after a Chinese character, so it may after what stands for it.
                if text::is_wide(c) {
                    out.push('\u{200b}');
                }
            }
        }
    }
    (out, lacks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_printed_is_replaced_or_left_out() {
        let ascii = |c: char| c.is_ascii() || c == '✓';
        assert_eq!(printable("ok ✅ 👍\u{fe0f}\u{0}\nnext", &ascii), ("ok ✓ \nnext".to_owned(), false));
        assert_eq!(printable("門 open", &ascii), ("□\u{200b} open".to_owned(), true));
    }

    #[test]
    fn every_text_of_the_data_is_looked_at() {
        let mut data = json!({ "a": ["x", { "b": "門" }], "n": 1 });
        assert!(any_char(&data, is_chinese));
        assert!(make_printable(&mut data, &|c| c.is_ascii()));
        assert_eq!(data, json!({ "a": ["x", { "b": "□\u{200b}" }], "n": 1 }));
        assert!(!any_char(&data, is_chinese));
    }

    #[test]
    fn a_template_sees_nothing_but_its_own_files() {
        for template in
            ["#read(\"/etc/passwd\")", "#include \"other.typ\"", "#datetime.today()", "#import \"@preview/x:1.0.0\""]
        {
            let data = json!({});
            let made = Zoned::default();
            let manuscript = Manuscript { template, data, pictures: Vec::new(), made };
            let error = pdf(manuscript, &Fonts::compiled_in()).expect_err("there is no such thing");
            assert!(error.to_string().starts_with("cannot set the report: "), "{error}");
        }
    }
}
