//! The report of one run.

use std::collections::HashMap;

use domain::patrol::Verdict;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

use super::Archive;
use super::files::Files;
use super::row::Row;
use crate::{Alert, Expense, Inspection, Map, NegativeControl, Outcome, Photo, Purpose, Robot, RunReport, Tokens};

pub(super) async fn read(archive: &Archive, id: i64, now: Timestamp) -> sqlx::Result<Option<RunReport>> {
    let Some(run) = rows(archive, "SELECT * FROM patrol_runs WHERE id = ?1", id).await?.pop() else { return Ok(None) };
    let zone = run.zone(&archive.zone().await?);
    let robot = run.text("robot_id").unwrap_or_else(|| "default".to_owned());
    let files = Files { data_dir: &archive.data_dir, robot: &robot };
    let looks = rows(archive, "SELECT * FROM inspection_results WHERE run_id = ?1 ORDER BY id", id).await?;
    let report = RunReport {
        number: id,
        robot: Robot { name: archive.robot_name(&robot).await?, serial: run.text("robot_serial"), id: robot.clone() },
        route: run.text("route"),
        started: run
            .moment("started_us", "start_time", &zone)
            .unwrap_or_else(|| Timestamp::UNIX_EPOCH.to_zoned(zone.clone())),
        ended: run.moment("ended_us", "end_time", &zone),
        outcome: outcome(run.text("status").as_deref()),
        reason: run.text("reason"),
        dry_run: run.number("dry_run") == Some(1),
        model: run.text("model_id"),
        summary: run.text("report_content"),
        video_analysis: run.text("video_analysis"),
        map: map(&run, &files).await,
        way: way(archive, id).await?,
        inspections: inspections(archive, id, &looks, &files, &zone).await?,
        alerts: alerts(archive, id, &files, &zone).await?,
        expenses: expenses(archive, id, &run, &looks).await?,
        negative_control: negative_control(&looks),
        made: now.to_zoned(zone),
    };
    Ok(Some(report))
}

async fn rows(archive: &Archive, select: &'static str, id: i64) -> sqlx::Result<Vec<Row>> {
    Ok(sqlx::query(select).bind(id).fetch_all(&archive.pool).await?.into_iter().map(Row).collect())
}

fn outcome(status: Option<&str>) -> Outcome {
    match status {
        Some("Running") => Outcome::Running,
        Some("Completed") => Outcome::Completed,
        Some("Patrol Stopped") => Outcome::Stopped,
        Some("Interrupted") => Outcome::Interrupted,
        _ => Outcome::Failed,
    }
}

/// A map as its run describes it.
#[derive(Deserialize)]
struct Described {
    resolution: f64,
    width: u32,
    height: u32,
    origin_x: f64,
    origin_y: f64,
    origin_theta: f64,
}

async fn map(run: &Row, files: &Files<'_>) -> Option<Map> {
    let description = run.text("map")?;
    let map: Described = serde_json::from_str(&description).ok()?;
    let origin = (map.origin_x, map.origin_y, map.origin_theta);
    let (resolution, width, height) = (map.resolution, map.width, map.height);
    Some(Map { png: files.map(&description).await?, resolution, width, height, origin })
}

async fn way(archive: &Archive, id: i64) -> sqlx::Result<Vec<(f64, f64)>> {
    if !archive.has_table("run_path").await? {
        return Ok(Vec::new());
    }
    sqlx::query_as("SELECT x, y FROM run_path WHERE run_id = ?1 ORDER BY id").bind(id).fetch_all(&archive.pool).await
}

async fn inspections(
    archive: &Archive,
    run: i64,
    looks: &[Row],
    files: &Files<'_>,
    zone: &TimeZone,
) -> sqlx::Result<Vec<Inspection>> {
    let taken_before = if looks.iter().any(|look| look.text("previous_path").is_some()) {
        taken_before(archive, run, zone).await?
    } else {
        HashMap::new()
    };
    let mut inspections = Vec::with_capacity(looks.len());
    for look in looks {
        let photo = async |column: &str| {
            let path = look.text(column)?;
            Some(Photo { picture: files.photo(&path).await, taken: taken_before.get(&path).cloned() })
        };
        let trouble = look.text("robot_moving_status").filter(|status| status.starts_with("Error"));
        let answer = look.text("ai_response").unwrap_or_default();
        let taken = look.moment("captured_us", "", zone);
        inspections.push(Inspection {
            point: look.text("point_name").unwrap_or_default(),
            place: (look.real("coordinate_x").unwrap_or(f64::NAN), look.real("coordinate_y").unwrap_or(f64::NAN)),
            round: look.number("round").and_then(|round| u32::try_from(round).ok()).unwrap_or(1),
            at: look.moment("at_us", "timestamp", zone),
            verdict: verdict(look, &answer),
            prompt: look.text("prompt").unwrap_or_default(),
            description: look.text("ai_description").unwrap_or_else(|| described(&answer)),
            trouble,
            photo: photo("image_path").await.map(|photo| Photo { taken, ..photo }),
            more_photos: more_photos(look, files, zone).await,
            previous: photo("previous_path").await,
            difference: photo("difference_path").await.map(|photo| Photo { taken: None, ..photo }),
            difference_score: look.real("difference_score"),
            attempts: look.number("attempts").and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(0),
        });
    }
    Ok(inspections)
}

/// A photo besides the first, as the database has it.
#[derive(Deserialize)]
struct Further {
    path: String,
    captured_at: String,
}

/// Returns the photos of an inspection besides its first.
async fn more_photos(look: &Row, files: &Files<'_>, zone: &TimeZone) -> Vec<Photo> {
    let further = look.text("more_photos").and_then(|text| serde_json::from_str::<Vec<Further>>(&text).ok());
    let mut photos = Vec::new();
    for Further { path, captured_at } in further.unwrap_or_default() {
        let taken = captured_at.parse::<Timestamp>().ok().map(|at| at.to_zoned(zone.clone()));
        photos.push(Photo { picture: files.photo(&path).await, taken });
    }
    photos
}

/// Returns when the photos were taken with which those of a run were compared.
async fn taken_before(archive: &Archive, run: i64, zone: &TimeZone) -> sqlx::Result<HashMap<String, Zoned>> {
    let select = "SELECT * FROM inspection_results
                  WHERE image_path IN (SELECT previous_path FROM inspection_results WHERE run_id = ?1)";
    let taken = |row: Row| {
        let at = row.moment("captured_us", "", zone).or_else(|| row.moment("at_us", "timestamp", zone))?;
        Some((row.text("image_path")?, at))
    };
    Ok(rows(archive, select, run).await?.into_iter().filter_map(taken).collect())
}

/// Returns the verdict that was stored; for a row of the reference the one that its columns amount to. A text is never
/// searched for words: what has no answer of the agreed form was not judged.
fn verdict(look: &Row, answer: &str) -> Option<Verdict> {
    if let Some(word) = look.text("verdict") {
        return (word != "PENDING").then(|| word.parse().unwrap_or(Verdict::Error));
    }
    let failed = look.text("robot_moving_status").is_some_and(|status| status.starts_with("Error"));
    let is_ng = || serde_json::from_str::<serde_json::Value>(answer).ok()?["is_NG"].as_bool().map(i64::from);
    Some(match look.number("is_ng").or_else(is_ng) {
        _ if failed || answer == "Move Failed" => Verdict::Unreachable,
        _ if answer.starts_with("AI Error") => Verdict::Error,
        Some(1) => Verdict::Ng,
        Some(0) => Verdict::Ok,
        _ => Verdict::Error,
    })
}

/// Returns what people are to read of an answer from the time when there was no column for it.
fn described(answer: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    let description = read.as_ref().and_then(|read| read["Description"].as_str());
    description.unwrap_or(answer).to_owned()
}

async fn alerts(archive: &Archive, run: i64, files: &Files<'_>, zone: &TimeZone) -> sqlx::Result<Vec<Alert>> {
    // The first generation's name of the table is a view of the second's once both were there.
    let select = if archive.has_table("edge_ai_alerts").await? {
        "SELECT * FROM edge_ai_alerts WHERE run_id = ?1 ORDER BY id"
    } else if archive.has_table("live_alerts").await? {
        "SELECT * FROM live_alerts WHERE run_id = ?1 ORDER BY id"
    } else {
        return Ok(Vec::new());
    };
    let mut alerts = Vec::new();
    for row in rows(archive, select, run).await? {
        let evidence = match row.text("image_path") {
            Some(path) => Some(Photo { picture: files.evidence(&path).await, taken: None }),
            None => None,
        };
        alerts.push(Alert {
            at: row.moment("at_us", "timestamp", zone),
            rule: row.text("rule").unwrap_or_default(),
            response: row.text("response").unwrap_or_default(),
            source: row.text("stream_source"),
            evidence,
        });
    }
    Ok(alerts)
}

/// Returns what was used, from the accounts; for a run that the reference made, or before there were accounts, from the
/// columns of the run and of its inspections.
async fn expenses(archive: &Archive, id: i64, run: &Row, looks: &[Row]) -> sqlx::Result<Vec<Expense>> {
    let select = "SELECT purpose, sum(input) AS input_tokens, sum(output) AS output_tokens, sum(total) AS total_tokens,
                      CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
                  FROM token_spending WHERE run_id = ?1 AND total > 0 GROUP BY purpose ORDER BY min(id)";
    let accounts =
        if archive.has_table("token_spending").await? { rows(archive, select, id).await? } else { Vec::new() };
    let known = |row: &Row| {
        let purpose = match row.text("purpose")?.as_str() {
            "inspection" => Purpose::Inspection,
            "report" => Purpose::Report,
            "telegram" => Purpose::Message,
            "video" => Purpose::Video,
            _ => return None,
        };
        Some(Expense { purpose, tokens: row.tokens(""), cost: row.real("cost") })
    };
    let accounts: Option<Vec<_>> = accounts.iter().map(known).collect();
    if let Some(accounts) = accounts.filter(|accounts| !accounts.is_empty()) {
        return Ok(accounts);
    }
    let inspected = looks.iter().map(|look| look.tokens("")).fold(Tokens::default(), |sum, tokens| Tokens {
        input: sum.input + tokens.input,
        output: sum.output + tokens.output,
        total: sum.total + tokens.total,
    });
    let columns = [
        (Purpose::Inspection, inspected),
        (Purpose::Report, run.tokens("report_")),
        (Purpose::Message, run.tokens("telegram_")),
        (Purpose::Video, run.tokens("video_")),
    ];
    Ok(columns.map(|(purpose, tokens)| Expense { purpose, tokens, cost: None }).to_vec())
}

fn negative_control(looks: &[Row]) -> Option<NegativeControl> {
    let answers: Vec<String> = looks.iter().filter_map(|look| look.text("negative_control")).collect();
    let count =
        |passed: &dyn Fn(&&String) -> bool| u32::try_from(answers.iter().filter(passed).count()).unwrap_or(u32::MAX);
    let (asked, passed) = (count(&|_| true), count(&|answer| *answer == "passed"));
    (asked > 0).then_some(NegativeControl { asked, passed })
}
