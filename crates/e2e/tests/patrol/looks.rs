//! What was seen and what is made of it: several photos of a waypoint, control questions, reports over days.

use std::process::Command;

use anyhow::{Context, ensure};
use e2e::{LIMIT, until_some};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sim::building::AnomalyKind;

use crate::ward::{Beginning, Ward};

/// Changes a waypoint.
fn edit(ward: &Ward, index: usize, change: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
    let path = ward.data().join("robot-a/config/points.json");
    let mut list: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    change(&mut list[index]);
    Ok(std::fs::write(&path, list.to_string())?)
}

/// Returns the text of a PDF, as another program reads it (package `poppler-utils`).
fn text_of(pdf: &[u8]) -> anyhow::Result<String> {
    ensure!(pdf.starts_with(b"%PDF-"), "that is no PDF");
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("report.pdf");
    std::fs::write(&path, pdf)?;
    let output = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output().context("starting pdftotext")?;
    Ok(String::from_utf8_lossy(&output.stdout).replace('\u{200b}', "").split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn every_photo_of_a_waypoint_is_kept_shown_and_judged_as_one() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["lobby"], ..Beginning::default() }).await?;
    ward.something_is_wrong(&[(AnomalyKind::Spill, "lobby")])?;
    edit(&ward, 0, |point| point["photos"] = json!(3))?;
    let run = ward.start_run(json!({})).await?;
    let ended = ward.ended(run).await?;
    assert_eq!(ended["outcome"], "completed", "{ended}");

    let detail = ward.http.json(&format!("/api/v1/runs/{run}")).await?;
    let look = &detail["inspections"][0];
    assert_eq!(look["verdict"], "NG", "{look}");
    let pictures = look["pictures"].as_array().context("a look has photos")?;
    assert_eq!(pictures.len(), 3, "{look}");
    assert_eq!(pictures[0]["url"], look["picture"]);
    let mut taken = Vec::new();
    for picture in pictures {
        let jpeg = ward.http.bytes(picture["url"].as_str().unwrap_or_default()).await?;
        ensure!(jpeg.starts_with(&[0xff, 0xd8, 0xff]), "{picture} is no JPEG");
        taken.push(picture["captured_at"].as_str().context("a photo has a time")?.parse::<Timestamp>()?);
    }
    ensure!(taken.windows(2).all(|pair| pair[0] < pair[1]), "one after the other: {taken:?}");

    // One question about all of them, which says how they make one verdict.
    let asked = ward.models.asked();
    let questions: Vec<_> = asked.iter().filter(|asked| asked.pictures > 0).collect();
    assert_eq!(questions.iter().map(|asked| asked.pictures).collect::<Vec<_>>(), [3]);
    ensure!(questions[0].prompt.contains("abnormal in any one of them"), "{}", questions[0].prompt);

    // On disk each is named for the verdict, and the report shows them all.
    let images = ward.data().join("robot-a/report/images");
    let dirs = std::fs::read_dir(images)?.collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = std::fs::read_dir(dirs[0].path())?
        .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    ensure!(names.len() == 3 && names.iter().all(|name| name.starts_with("Lobby_NG_")), "{names:?}");
    let pdf = ward.http.bytes(detail["pdf"].as_str().unwrap_or_default()).await?;
    let text = text_of(&pdf)?;
    ensure!(text.contains("Photo 1") && text.contains("Photo 3"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_model_that_makes_things_up_is_found_out() -> anyhow::Result<()> {
    let settings = json!({"negative_control_every": 1, "gemini_model": "gemini-2.5-flash"});
    let ward = Ward::begin(Beginning { settings, ..Beginning::default() }).await?;
    let run = ward.start_run(json!({})).await?;
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    let scores = ward.http.json("/api/robot-a/v1/control-questions").await?;
    assert_eq!(scores["every"], 1);
    let model = &scores["models"][0];
    assert_eq!((&model["model"], &model["asked"]), (&json!("gemini-2.5-flash"), &json!(2)), "{scores}");
    assert_eq!((&model["passed"], &model["failed"], &model["share"]), (&json!(2), &json!(0), &json!(1.0)), "{scores}");
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();
    assert_eq!((&scores["days"][0]["date"], &scores["days"][0]["passed"]), (&json!(today), &json!(2)));
    let none = ward.http.json("/api/v1/control-questions?robot_id=robot-b").await?;
    assert_eq!((&none["models"], &none["days"]), (&json!([]), &json!([])));
    let pdf = ward.http.bytes(&format!("/api/v1/runs/{run}/report.pdf")).await?;
    let text = text_of(&pdf)?;
    ensure!(text.contains("Of 2 questions whose answer was known, the model answered 2 rightly."), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_report_over_days_is_written_by_the_model_and_printed() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning::default()).await?;
    ward.something_is_wrong(&[(AnomalyKind::Spill, "lobby")])?;
    let run = ward.start_run(json!({})).await?;
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();

    let order = json!({"from": today, "to": today, "robot_id": "robot-a", "prompt": "Which places need a cleaner?"});
    let (status, begun) = ward.post("/api/v1/reports", order).await?;
    assert_eq!(status, 202, "{begun}");
    let id = begun["id"].as_i64().context("a report has an id")?;
    let report = until_some("the report is written", LIMIT, async || {
        let report = ward.http.json(&format!("/api/v1/reports/{id}")).await.ok()?;
        (report["status"] != "working").then_some(report)
    })
    .await?;
    assert_eq!((&report["status"], &report["robot_id"]), (&json!("done"), &json!("robot-a")), "{report}");
    let written = report["report"].as_str().unwrap_or_default();
    ensure!(written.contains("1 of 2 points are normal") && written.contains("**Lobby**"), "{written}");
    ensure!(report["usage"]["total"].as_u64().is_some_and(|total| total > 0), "{report}");
    let asked = ward.models.asked();
    let question = asked.iter().find(|asked| asked.prompt.starts_with("Which places need a cleaner?"));
    let prompt = &question.context("the model was asked")?.prompt;
    ensure!(prompt.contains("Point: Lobby | Status: NG") && prompt.contains("Point: Office | Status: OK"), "{prompt}");

    let pdf = ward.http.bytes(report["pdf"].as_str().context("a report that is done has a PDF")?).await?;
    let text = text_of(&pdf)?;
    ensure!(text.contains("1 of 2 points are normal") && text.contains(&today), "{text}");
    let older = format!("/api/reports/generate/pdf?start_date={today}&end_date={today}");
    ensure!(ward.http.bytes(&older).await?.starts_with(b"%PDF-"), "the older path has it too");

    // What it cost is counted, and a report over days without inspections is refused.
    let usage = ward.http.json("/api/v1/usage").await?;
    ensure!(usage["total"]["total"].as_u64() > report["usage"]["total"].as_u64(), "{usage}");
    let (status, refused) = ward.post("/api/v1/reports", json!({"from": "2020-01-01", "to": "2020-01-02"})).await?;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("nothing_to_report")));
    Ok(())
}

#[tokio::test]
async fn a_report_over_days_that_no_model_writes_says_why() -> anyhow::Result<()> {
    let ward = Ward::begin(Beginning { places: vec!["office"], ..Beginning::default() }).await?;
    let run = ward.start_run(json!({})).await?;
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    ward.models.behave(sim::models::Behaviour::fail_always(sim::models::Fault::Unauthorised));
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();
    let (status, begun) = ward.post("/api/v1/reports", json!({"from": today, "to": today})).await?;
    assert_eq!(status, 202, "{begun}");
    let id = begun["id"].as_i64().context("a report has an id")?;
    let report = until_some("it is settled", LIMIT, async || {
        let report = ward.http.json(&format!("/api/v1/reports/{id}")).await.ok()?;
        (report["status"] != "working").then_some(report)
    })
    .await?;
    assert_eq!((&report["status"], &report["pdf"]), (&json!("failed"), &Value::Null), "{report}");
    ensure!(report["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{report}");
    Ok(())
}
