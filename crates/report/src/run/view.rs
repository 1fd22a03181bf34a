//! What the template of a run's report shows: words, in the order in which they stand on the pages.

use domain::patrol::Verdict;
use jiff::{Unit, Zoned};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Alert, Expense, Inspection, Outcome, Photo, Purpose, RunReport, Tokens};
use crate::map::{Mark, Place};
use crate::pictures::{Album, PictureId, PictureView, Pictures};
use crate::{markdown, text};

/// How wide a word may be where the page is wide, and beside a photo, in em.
const LONGEST_WORD: f64 = 24.0;
const LONGEST_WORD_BESIDE: f64 = 14.0;
/// A text of more em than this is set below its photo, where it can go on on the next page.
const LONGEST_BESIDE: f64 = 420.0;

/// A report whose pictures are known by their numbers only.
pub(super) struct Draft<'a> {
    report: &'a RunReport,
    map: Option<PictureId>,
    /// The photos of each inspection in the order in which they are shown, and what stands below each.
    inspections: Vec<Vec<Shot<'a>>>,
    alerts: Vec<Option<PictureId>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(report: &'a RunReport, pictures: &mut Pictures) -> Self {
        let inspections = report.inspections.iter().map(|inspection| shots(inspection, pictures)).collect();
        let mut add = |photo: &Option<Photo>| photo.as_ref().map(|photo| pictures.add(&photo.picture));
        let alerts = report.alerts.iter().map(|alert| add(&alert.evidence)).collect();
        let map = report.map.as_ref().map(|map| pictures.add(&map.png));
        Self { report, map, inspections, alerts }
    }

    pub(super) fn view(&self, album: &Album) -> Value {
        let report = self.report;
        let numbers = numbers(&report.inspections);
        let points: Vec<_> = report
            .inspections
            .iter()
            .zip(&numbers)
            .zip(&self.inspections)
            .map(|((inspection, number), shots)| point(inspection, *number, shots, album))
            .collect();
        let alerts: Vec<_> =
            report.alerts.iter().zip(&self.alerts).map(|(alert, picture)| alert_view(alert, *picture, album)).collect();
        let robot = &report.robot;
        let called = shortened(if robot.name.is_empty() { &robot.id } else { &robot.name }, 80);
        json!({
            "title": "Patrol report",
            "subtitle": text::breakable(&format!("Run {} · {called}", report.number), LONGEST_WORD_BESIDE),
            "footer": format!("Ronda · Patrol report {} · {}", report.number, shortened(&called, 30)),
            "outcome": outcome(report.outcome),
            "reason": report.reason.as_deref().map(|reason| text::breakable(reason, LONGEST_WORD)),
            "dry_run": report.dry_run,
            "facts": facts(report),
            "counts": counts(&report.inspections),
            "attention": attention(&report.inspections, &numbers),
            "summary": report.summary.as_deref().map(markdown::read),
            "video": report.video_analysis.as_deref().map(markdown::read),
            "map": self.map_view(album, &numbers),
            "points": points,
            "alerts": alerts,
            "expenses": expenses(&report.expenses),
            "control": report.negative_control.map(|control| json!([control.passed, control.asked])),
        })
    }

    fn map_view(&self, album: &Album, numbers: &[usize]) -> Option<Value> {
        let map = self.report.map.as_ref()?;
        let picture = album.view(self.map?)?;
        let mut marks: Vec<(f64, f64, Mark)> = Vec::new();
        for (inspection, number) in self.report.inspections.iter().zip(numbers) {
            let verdict = inspection.verdict.map(Verdict::as_str);
            match marks.get_mut(number - 1) {
                // A point that was inspected several times has the colour of the worst.
                Some((_, _, mark)) if worse(inspection.verdict, mark.verdict) => mark.verdict = verdict,
                Some(_) => {}
                None => {
                    let (x, y) = inspection.place;
                    marks.push((x, y, Mark { at: Place { x: 0.0, y: 0.0 }, label: number.to_string(), verdict }));
                }
            }
        }
        serde_json::to_value(map.view(picture.file, &self.report.way, marks)?).ok()
    }
}

/// Returns the number of each inspection's waypoint: the same one for the same waypoint, from 1, as they were reached.
fn numbers(inspections: &[Inspection]) -> Vec<usize> {
    let mut known: Vec<&Inspection> = Vec::new();
    let mut numbers = Vec::with_capacity(inspections.len());
    for inspection in inspections {
        let is_same = |known: &&Inspection| known.point == inspection.point && known.place == inspection.place;
        let index = known.iter().position(is_same).unwrap_or_else(|| {
            known.push(inspection);
            known.len() - 1
        });
        numbers.push(index + 1);
    }
    numbers
}

/// The worse, the earlier. What nobody judged is worse than what was found in order.
const FROM_THE_WORST: [Verdict; 6] =
    [Verdict::Ng, Verdict::Error, Verdict::Unreachable, Verdict::Stale, Verdict::Cancelled, Verdict::Ok];

fn worse(verdict: Option<Verdict>, than: Option<&str>) -> bool {
    let place = |word: Option<&str>| FROM_THE_WORST.iter().position(|verdict| Some(verdict.as_str()) == word);
    place(verdict.map(Verdict::as_str)).is_some_and(|place_of| place(than).is_none_or(|than| place_of < than))
}

fn outcome(outcome: Outcome) -> Value {
    let (word, tone) = match outcome {
        Outcome::Running => ("Not finished", "STALE"),
        Outcome::Completed => ("Completed", "OK"),
        Outcome::Stopped => ("Stopped", "CANCELLED"),
        Outcome::Failed => ("Failed", "NG"),
        Outcome::Interrupted => ("Interrupted", "ERROR"),
    };
    json!({ "word": word, "tone": tone })
}

fn facts(report: &RunReport) -> Vec<(&'static str, String)> {
    let robot = &report.robot;
    let zone = report.started.time_zone().iana_name().unwrap_or("UTC");
    let mut facts = vec![
        ("Robot", if robot.name.is_empty() { robot.id.clone() } else { format!("{} ({})", robot.name, robot.id) }),
        ("Serial number", robot.serial.clone().unwrap_or_else(|| "not known".to_owned())),
        ("Started", moment(&report.started)),
        ("Ended", report.ended.as_ref().map_or_else(|| "not yet".to_owned(), moment)),
        ("Duration", report.ended.as_ref().map_or_else(|| "–".to_owned(), |ended| duration(&report.started, ended))),
        ("Time zone", zone.to_owned()),
        ("Route", report.route.clone().unwrap_or_else(|| "no named one".to_owned())),
        ("AI model", report.model.clone().unwrap_or_else(|| "none".to_owned())),
        ("Waypoints", numbers(&report.inspections).into_iter().max().unwrap_or(0).to_string()),
        ("Report made", moment(&report.made)),
    ];
    for (_, value) in &mut facts {
        *value = text::breakable(value, LONGEST_WORD_BESIDE);
    }
    facts
}

fn moment(at: &Zoned) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn duration(from: &Zoned, to: &Zoned) -> String {
    let Ok(span) = from.timestamp().until((Unit::Hour, to.timestamp())) else { return "–".to_owned() };
    let seconds = span.get_seconds();
    match (span.get_hours(), span.get_minutes()) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {seconds} s"),
        (hours, minutes) => format!("{hours} h {minutes} min {seconds} s"),
    }
}

fn word(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("PENDING", Verdict::as_str)
}

/// Returns how many inspections came to each verdict. The two that matter are shown even if there is none.
fn counts(inspections: &[Inspection]) -> Vec<(&'static str, usize)> {
    let count = |verdict| inspections.iter().filter(|inspection| inspection.verdict == verdict).count();
    let mut counts: Vec<_> = Verdict::ALL.into_iter().map(|verdict| (verdict.as_str(), count(Some(verdict)))).collect();
    counts.push(("PENDING", count(None)));
    counts.retain(|(word, count)| *count > 0 || matches!(*word, "OK" | "NG"));
    counts
}

#[derive(Serialize)]
struct Concern {
    number: usize,
    name: String,
    verdict: &'static str,
    text: String,
}

/// Returns what somebody has to look at: everything that was not found in order.
fn attention(inspections: &[Inspection], numbers: &[usize]) -> Vec<Concern> {
    let concerns = inspections.iter().zip(numbers).filter(|(inspection, _)| inspection.verdict != Some(Verdict::Ok));
    let concern = |(inspection, number): (&Inspection, &usize)| Concern {
        number: *number,
        name: text::breakable(&shortened(&inspection.point, 120), 9.0),
        verdict: word(inspection.verdict),
        text: text::breakable(&shortened(&remark(inspection), 280), 18.0),
    };
    concerns.map(concern).collect()
}

/// Returns what there is to say of an inspection.
fn remark(inspection: &Inspection) -> String {
    let parts = [Some(inspection.description.trim()), inspection.trouble.as_deref().map(str::trim)];
    let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "No remark.".to_owned() } else { parts.join("\n") }
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[derive(Serialize)]
struct PhotoView {
    /// Nothing if it cannot be shown.
    picture: Option<PictureView>,
    caption: String,
}

fn photo(photo: &Photo, id: PictureId, album: &Album, what: &str) -> PhotoView {
    let taken = photo.taken.as_ref().map(moment);
    let picture = album.view(id);
    let caption = match (&picture, taken) {
        (None, _) => format!("{what}: the photo is lost or broken"),
        (Some(_), Some(taken)) => format!("{what} · {taken}"),
        (Some(_), None) => what.to_owned(),
    };
    PhotoView { picture, caption }
}

/// A photo on its way to the page.
struct Shot<'a> {
    photo: &'a Photo,
    id: PictureId,
    what: String,
}

/// Returns the photos of an inspection as they are shown: what was seen now, then before, then the difference.
fn shots<'a>(inspection: &'a Inspection, pictures: &mut Pictures) -> Vec<Shot<'a>> {
    let now = inspection.photo.iter().chain(&inspection.more_photos);
    let name =
        |number: usize| if inspection.more_photos.is_empty() { "Now".to_owned() } else { format!("Photo {number}") };
    let now = now.zip(1..).map(|(photo, number)| (photo, name(number)));
    let before = inspection.previous.iter().map(|photo| (photo, "Before".to_owned()));
    let difference = inspection.difference.iter().map(|photo| (photo, "Difference".to_owned()));
    let all = now.chain(before).chain(difference);
    all.map(|(photo, what)| Shot { photo, id: pictures.add(&photo.picture), what }).collect()
}

fn point(inspection: &Inspection, number: usize, shots: &[Shot<'_>], album: &Album) -> Value {
    let mut views: Vec<PhotoView> = shots.iter().map(|shot| photo(shot.photo, shot.id, album, &shot.what)).collect();
    if let [only] = &mut views[..] {
        // A single photo needs no word to tell it from others.
        let caption = only.caption.trim_start_matches("Now").trim_start_matches([' ', '·', ':']).to_owned();
        only.caption = caption;
    }
    let (x, y) = inspection.place;
    let mut meta = vec![format!("{x:.2}, {y:.2}")];
    meta.extend(inspection.at.as_ref().map(moment));
    meta.extend((inspection.round > 1).then(|| format!("loop {}", inspection.round)));
    meta.extend((inspection.attempts > 1).then(|| format!("asked {} times", inspection.attempts)));
    meta.extend(inspection.difference_score.map(|score| format!("{:.0} % different from before", score * 100.0)));
    let texts = [&inspection.description, &inspection.prompt].into_iter().chain(&inspection.trouble);
    let length: f64 = texts.map(|part| text::width(part)).sum();
    let beside = views.len() == 1 && length <= LONGEST_BESIDE;
    let line = if beside { LONGEST_WORD_BESIDE } else { LONGEST_WORD };
    let shown = |part: &str| text::breakable(part.trim(), line);
    json!({
        "number": number,
        "name": text::breakable(&inspection.point, LONGEST_WORD_BESIDE),
        "verdict": word(inspection.verdict),
        "meta": meta,
        "photos": views,
        "beside": beside,
        "short": length <= LONGEST_BESIDE,
        "asked": shown(&inspection.prompt),
        "said": shown(&inspection.description),
        "trouble": inspection.trouble.as_deref().map(shown),
    })
}

fn alert_view(alert: &Alert, picture: Option<PictureId>, album: &Album) -> Value {
    let evidence = picture.map(|id| {
        let picture = album.view(id);
        let caption = if picture.is_none() { "the picture is lost or broken" } else { "" };
        PhotoView { picture, caption: caption.to_owned() }
    });
    json!({
        "at": alert.at.as_ref().map(moment),
        "rule": text::breakable(&alert.rule, LONGEST_WORD_BESIDE),
        "response": text::breakable(&alert.response, LONGEST_WORD_BESIDE),
        "source": alert.source.as_deref().map(|source| text::breakable(source, LONGEST_WORD_BESIDE)),
        "evidence": evidence,
    })
}

/// Returns the table of what was used: a line for each purpose that used anything, and the sum.
pub(crate) fn expenses(expenses: &[Expense]) -> Vec<Value> {
    let used: Vec<_> = expenses.iter().filter(|expense| expense.tokens.total > 0).collect();
    let mut lines: Vec<_> =
        used.iter().map(|expense| line(name(expense.purpose), expense.tokens, expense.cost)).collect();
    if used.len() > 1 {
        let tokens = used.iter().fold(Tokens::default(), |sum, expense| Tokens {
            input: sum.input + expense.tokens.input,
            output: sum.output + expense.tokens.output,
            total: sum.total + expense.tokens.total,
        });
        // A sum that lacks a part would be taken for the whole.
        let cost = used.iter().map(|expense| expense.cost).sum::<Option<f64>>();
        lines.push(line("Total", tokens, cost));
    }
    lines
}

fn line(name: &str, tokens: Tokens, cost: Option<f64>) -> Value {
    let counts = [tokens.input, tokens.output, tokens.total].map(text::grouped);
    json!({ "name": name, "tokens": counts, "cost": cost.map_or_else(|| "–".to_owned(), text::dollars) })
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Inspection => "Inspection of photos",
        Purpose::Report => "Report of the run",
        Purpose::Message => "Message",
        Purpose::Video => "Film of the run",
        Purpose::Analysis => "This analysis",
        Purpose::Runs => "Runs of the period",
    }
}
