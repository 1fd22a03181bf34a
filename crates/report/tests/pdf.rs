//! The pages as a reader of PDF sees them: what stands on them, where, and in which letters. The reading is done by
//! programs of others (package `poppler-utils`).

#[path = "sample/mod.rs"]
mod sample;

use std::path::PathBuf;
use std::process::Command;

use domain::patrol::Verdict;
use report::{Fonts, Inspection, Photo, RunReport, analysis_pdf, run_pdf};
use tempfile::TempDir;

/// Margins of the pages in points: beside, above, below down to the footer's last line.
const BESIDE: f64 = 56.6;
const ABOVE: f64 = 56.6;
const BELOW: f64 = 28.0;

struct Pdf {
    bytes: Vec<u8>,
    path: PathBuf,
    _dir: TempDir,
}

impl Pdf {
    fn new(bytes: Vec<u8>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("report.pdf");
        std::fs::write(&path, &bytes).expect("can be written");
        Self { bytes, path, _dir: dir }
    }

    fn of_run(report: &RunReport) -> Self {
        Self::new(run_pdf(report, &fonts()).expect("a PDF"))
    }

    fn of_analysis(text: &str, fonts: &Fonts) -> Self {
        Self::new(analysis_pdf(&sample::analysis(text), fonts).expect("a PDF"))
    }

    fn read(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).arg(&self.path).arg("-").output();
        let output = output.unwrap_or_else(|error| panic!("{program} (package poppler-utils): {error}"));
        String::from_utf8_lossy(&output.stdout).replace('\u{200b}', "")
    }

    /// Returns the text of all pages, each run of white space as one space.
    fn text(&self) -> String {
        self.read("pdftotext", &["-layout"]).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the pages: their sizes, and the corners of each word on them.
    fn pages(&self) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        for line in self.read("pdftotext", &["-bbox"]).lines().map(str::trim) {
            let number = |name: &str| {
                let (_, rest) = line.split_once(&format!("{name}=\"")).expect("the attribute is there");
                rest.split('"').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
            };
            if line.starts_with("<page ") {
                pages.push(Page { width: number("width"), height: number("height"), words: Vec::new() });
            } else if line.starts_with("<word ") {
                let page = pages.last_mut().expect("a word stands on a page");
                page.words.push((line.to_owned(), [number("xMin"), number("yMin"), number("xMax"), number("yMax")]));
            }
        }
        pages
    }

    /// Returns name and whether it is embedded and a subset for each font.
    fn fonts(&self) -> Vec<(String, bool)> {
        let output = Command::new("pdffonts").arg(&self.path).output().expect("poppler-utils is installed");
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let font = |line: &str| {
            let name = line.split_whitespace().next().unwrap_or_default().to_owned();
            (name, line.contains(" yes yes "))
        };
        listed.lines().skip(2).map(font).collect()
    }

    fn pictures(&self) -> usize {
        let output =
            Command::new("pdfimages").arg("-list").arg(&self.path).output().expect("poppler-utils is installed");
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains(" image ")).count()
    }

    fn assert_within_margins(&self) {
        for (number, page) in self.pages().iter().enumerate() {
            for (word, [left, top, right, bottom]) in &page.words {
                let is_inside = *left >= BESIDE - 1.0
                    && *right <= page.width - BESIDE + 1.0
                    && *top >= ABOVE - 4.0
                    && *bottom <= page.height - BELOW;
                assert!(is_inside, "page {} of {}×{}: {word}", number + 1, page.width, page.height);
            }
        }
        self.assert_margins_are_white();
    }

    /// What is no text could be in the margins, too: all of their pixels are white.
    fn assert_margins_are_white(&self) {
        let output = Command::new("pdftoppm").args(["-r", "36", "-gray"]).arg(&self.path).output();
        let mut rest = &output.expect("poppler-utils is installed").stdout[..];
        let mut pages = 0;
        while let Some(body) = rest.strip_prefix(b"P5\n") {
            let header = String::from_utf8_lossy(&body[..24]).into_owned();
            let mut parts = header.split_whitespace();
            let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok()).expect("a number");
            let (width, height, deepest) = (number(), number(), number());
            let start = format!("{width} {height}\n{deepest}\n").len();
            let pixels = &body[start..start + width * height];
            let margin = 27;
            for (index, pixel) in pixels.iter().enumerate() {
                let (x, y) = (index % width, index / width);
                let in_margin = x < margin || x > width - margin || y < margin || y > height - 14;
                assert!(!in_margin || *pixel > 250, "page {} has something at {x}, {y}", pages + 1);
            }
            rest = &body[start + width * height..];
            pages += 1;
        }
        assert!(pages > 0 && rest.is_empty(), "all pages were looked at");
    }
}

struct Page {
    width: f64,
    height: f64,
    words: Vec<(String, [f64; 4])>,
}

fn fonts() -> Fonts {
    Fonts::find(&Fonts::dirs(|_| None))
}

#[test]
fn w09_every_waypoint_is_told_with_the_verdict_that_was_stored_and_its_reason() {
    let text = Pdf::of_run(&sample::run(30)).text();
    for verdict in Verdict::ALL {
        assert!(text.contains(verdict.as_str()), "{verdict} is not there");
    }
    for told in [
        "Patrol report",
        "Run 42 · Kachaka A",
        "COMPLETED",
        "Duration 1 h 5 min 41 s",
        "Serial number KCK-0123456",
        "To be looked at",
        "Waypoints (30)",
        "Error: 19001 - Cannot reach destination",
        "Corridor 29",
        "Of 5 questions whose answer was known, the model answered 4 rightly.",
        "Inspection of photos 48,210 2,033 50,755 $0.0302",
        "Total 72,624 3,184 77,344 $0.0458",
    ] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
    let unreachable = text.split("Waypoints (30)").nth(1).and_then(|text| text.split("Corridor 12").nth(1));
    let verdict = unreachable.and_then(|text| text.split_whitespace().next());
    assert_eq!(verdict, Some("UNREACHABLE"), "a waypoint that was not reached is not OK");
}

#[test]
fn w29_alerts_are_told_with_their_evidence() {
    let without = Pdf::of_run(&RunReport { alerts: Vec::new(), ..sample::run(0) });
    let with = Pdf::of_run(&sample::run(0));
    assert!(with.text().contains("Is there a person lying on the floor? 2026-11-20 22:17:05 · robot_camera triggered"));
    assert!(with.text().contains("Is there smoke? 2026-11-20 22:31:40 · external_rtsp triggered No picture was kept."));
    assert_eq!(with.pictures(), without.pictures() + 1);
    assert!(with.text().contains("No waypoint was inspected."));
}

#[test]
fn a_photo_goes_into_the_report_as_the_camera_made_it() {
    let photo = sample::photo(1280, 720, 77);
    let mut report = sample::run(1);
    report.inspections[0].photo = Some(Photo { picture: photo.clone(), taken: None });
    let pdf = run_pdf(&report, &fonts()).expect("a PDF");
    assert!(pdf.windows(photo.len()).any(|window| window == &photo[..]), "the JPEG was made anew");
}

#[test]
fn the_photo_before_and_the_difference_stand_beside_the_new_one() {
    let photo = |seed| Some(Photo { picture: sample::photo(320, 180, seed), taken: None });
    let inspection = Inspection {
        previous: photo(1),
        difference: photo(2),
        difference_score: Some(0.234),
        ..sample::inspection(1, Verdict::Ok)
    };
    let mut report = sample::run(0);
    let without = Pdf::of_run(&report).pictures();
    report.inspections = vec![inspection];
    let pdf = Pdf::of_run(&report);
    assert_eq!(pdf.pictures(), without + 3);
    assert!(pdf.text().contains("Now Before Difference"), "{}", pdf.text());
    assert!(pdf.text().contains("23 % different from before"));
}

#[test]
fn all_fonts_are_embedded_as_subsets() {
    let chinese = RunReport { summary: Some(sample::CHECKLIST.into()), ..sample::run(3) };
    for pdf in [Pdf::of_run(&chinese), Pdf::of_run(&sample::nasty::run())] {
        let fonts = pdf.fonts();
        assert!(!fonts.is_empty() && fonts.iter().all(|(_, embedded)| *embedded), "{fonts:?}");
    }
}

#[test]
fn chinese_is_printed_if_a_font_is_installed() {
    let fonts = fonts();
    assert!(fonts.has_chinese(), "package fonts-noto-cjk is not installed");
    let pdf = Pdf::of_analysis(sample::CHECKLIST, &fonts);
    let text = pdf.text();
    assert!(text.contains("夜間巡檢共 12 個點位"), "{text}");
    assert!(!text.contains('□'));
    assert!(text.contains("This analysis 本次分析 8,120 1,411 9,531"), "{text}");
    assert!(pdf.fonts().iter().any(|(name, _)| name.contains("CJK") || name.contains("TC")), "{:?}", pdf.fonts());
    pdf.assert_within_margins();
}

#[test]
fn without_a_font_for_chinese_there_still_is_a_report_and_it_says_what_it_lacks() {
    let pdf = Pdf::of_analysis(sample::CHECKLIST, &Fonts::compiled_in());
    assert!(pdf.text().contains("Some characters of this report could not be printed"));
    pdf.assert_within_margins();
}

#[test]
fn nothing_leaves_the_page_whatever_was_written() {
    let pdf = Pdf::of_run(&sample::nasty::run());
    pdf.assert_within_margins();
    let text = pdf.text();
    assert!(text.contains("#set page(width: 10cm) $x^2$ @label #eval(\"1+1\")"), "what looks like a command is text");
    assert!(text.contains("lost or broken"), "a broken photo is said to be");
    assert!(pdf.pages().iter().any(|page| page.width > page.height), "a table of twelve columns has a broad page");
    Pdf::new(run_pdf(&sample::nasty::run(), &Fonts::compiled_in()).expect("a PDF")).assert_within_margins();
    Pdf::of_analysis(&sample::nasty::markdown(), &fonts()).assert_within_margins();
}

#[test]
fn sixty_waypoints_are_numbered_pages_of_one_report() {
    let pdf = Pdf::of_run(&sample::run(60));
    pdf.assert_within_margins();
    let (text, pages) = (pdf.text(), pdf.pages().len());
    assert!(
        pages > 5 && text.contains(&format!("Page 1 of {pages}")) && text.contains(&format!("Page {pages} of {pages}"))
    );
    assert!(text.contains("Corridor 60") && text.contains("Ronda · Patrol report 42 · Kachaka A"));
}

#[test]
fn a_report_made_twice_is_the_same() {
    let report = sample::run(2);
    let made = || run_pdf(&report, &Fonts::compiled_in()).expect("a PDF");
    assert_eq!(made(), made());
}

#[test]
fn an_analysis_without_a_text_is_a_page_that_says_so() {
    let pdf = Pdf::of_analysis("", &fonts());
    assert!(pdf.text().contains("There is no text."));
    assert_eq!(pdf.pages().len(), 1);
    assert!(pdf.bytes.starts_with(b"%PDF-"));
}
