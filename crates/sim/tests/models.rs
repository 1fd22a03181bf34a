//! The simulated models, asked by the clients that ask the real ones.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use chassis::Stop;
use chassis::http::Server;
use domain::geometry::Size;
use domain::picture::Picture;
use domain::secret::Secret;
use sim::building::ANOMALIES;
use sim::models::{Behaviour, Fault, Models};
use tokio::task::JoinHandle;
use vlm::{AskError, Gemini, Jpeg, Model, OpenAi, Question, Vila, VilaServer, inspection};

const LIMIT: Duration = Duration::from_secs(20);

struct Site {
    models: Models,
    url: String,
    task: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn site() -> Site {
    chassis::install_tls();
    let models = Models::new();
    let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let url = format!("http://{}", server.address());
    let routes = models.routes().merge(models.control());
    let task = tokio::spawn(async move { server.run(routes, Stop::new()).await.expect("serves") });
    Site { models, url, task }
}

impl Site {
    fn gemini(&self) -> Gemini {
        let gemini = Gemini::new(Secret::new("simulated"), "gemini-3-flash-preview", Some(&self.url));
        gemini.expect("is set up").poll_every(Duration::from_millis(10))
    }

    fn all(&self) -> Vec<Box<dyn Model>> {
        vec![
            Box::new(self.gemini()),
            Box::new(OpenAi::new(&self.url, None, "qwen2.5vl:7b").expect("is set up")),
            Box::new(Vila::new(&VilaServer::Chat(self.url.clone()), "VILA1.5-3B").expect("is set up")),
            Box::new(Vila::new(&VilaServer::Alert(self.url.clone()), "VILA1.5-3B").expect("is set up")),
        ]
    }
}

/// A picture of a grey wall, with something of a colour on it.
fn picture(colour: Option<[u8; 3]>) -> Jpeg {
    let (width, height) = (640_usize, 360_usize);
    let mut pixels = vec![110_u8; width * height * 3];
    for row in 100..140 {
        for column in 200..240 {
            let at = (row * width + column) * 3;
            pixels[at..at + 3].copy_from_slice(&colour.unwrap_or([110; 3]));
        }
    }
    let picture = Picture::rgb(Size { width: 640, height: 360 }, width * 3, pixels.into()).expect("is one");
    Jpeg::new(media::jpeg::encode(&picture, 80).expect("is encoded")).expect("is a JPEG")
}

fn question(picture: Jpeg) -> Question {
    inspection::question("You are a robot.", inspection::prompt("大廳", ""), vec![picture], LIMIT)
}

#[tokio::test]
async fn every_wire_tells_a_spill_from_a_clean_floor() {
    let site = site().await;
    let spill = ANOMALIES[0];

    for model in site.all() {
        let wrong = model.ask(&question(picture(Some(spill.1)))).await.expect("is answered");
        let fine = model.ask(&question(picture(None))).await.expect("is answered");

        let wrong = inspection::verdict(&wrong).expect("is a judgement");
        assert_eq!((wrong.is_ng, wrong.description), (true, format!("{} at 大廳", spill.0)));
        assert!(!inspection::verdict(&fine).expect("is a judgement").is_ng);
    }

    let asked = site.models.asked();
    let wires: Vec<_> = asked.iter().map(|asked| asked.wire).collect();
    assert_eq!(wires, ["gemini", "gemini", "openai", "openai", "vila", "vila", "vila", "vila"]);
    for pair in asked.chunks(2) {
        assert_eq!((pair[0].is_ng, pair[1].is_ng), (Some(true), Some(false)));
        assert_eq!(
            (pair[0].picture_type.as_deref(), pair[0].seen.as_slice()),
            (Some("image/jpeg"), [spill.0].as_slice())
        );
    }
}

#[tokio::test]
async fn answers_have_plausible_costs() {
    let site = site().await;
    let answer = site.gemini().ask(&question(picture(None))).await.expect("is answered");
    assert!((270..300).contains(&answer.usage.input), "{:?}", answer.usage);
    assert!(answer.usage.billed_output() > answer.usage.output, "{:?}", answer.usage);
}

type IsExpected = fn(&AskError) -> bool;

#[tokio::test]
async fn every_fault_is_what_a_client_takes_it_for() {
    let site = site().await;
    let gemini = site.gemini();
    let question = Question { limit: Duration::from_millis(500), ..question(picture(None)) };
    let faults: [(Fault, IsExpected); 7] = [
        (Fault::TooManyRequests, |error| error.asked_pause() == Some(Duration::from_secs(7))),
        (Fault::ServerError, |error| matches!(error, AskError::TryLater { after: None, .. })),
        (Fault::Unauthorised, |error| matches!(error, AskError::Unauthorised { .. })),
        (Fault::Malformed, |error| matches!(error, AskError::Unusable { .. })),
        (Fault::WrongSchema, |error| matches!(error, AskError::Unusable { usage, .. } if usage.total > 0)),
        (Fault::FreeText, |error| matches!(error, AskError::Unusable { usage, .. } if usage.total > 0)),
        (Fault::Hang, |error| matches!(error, AskError::TimedOut { .. })),
    ];
    for (fault, is_expected) in faults {
        site.models.behave(Behaviour { retry_after_secs: 7, ..Behaviour::fail(fault, 1) });
        let error = gemini.ask(&question).await.expect_err("fails");
        assert!(is_expected(&error), "{fault:?}: {error:?}");
        gemini.ask(&question).await.expect("is answered again");
    }
}

#[tokio::test]
async fn a_film_is_sent_in_pieces_looked_at_and_taken_back() {
    let site = site().await;
    let mut film = tempfile::Builder::new().suffix(".mp4").tempfile().expect("a file");
    film.write_all(b"\0\0\0\x18ftypisom").expect("is written");
    film.write_all(&vec![7; 9 << 20]).expect("is written");

    let question = Question::text("Any puddles?", LIMIT);
    let answer = site.gemini().ask_about_film(&question, film.path()).await.expect("is answered");

    assert!(answer.text.contains("puddles"), "{}", answer.text);
    assert!(answer.usage.input > 20_000, "{:?}", answer.usage);
    assert_eq!(site.models.films_kept(), 0);

    film.as_file_mut().set_len(0).expect("is emptied");
    std::fs::write(film.path(), b"this is no film").expect("is written");
    let error = site.gemini().ask_about_film(&question, film.path()).await.expect_err("is no film");
    assert!(matches!(error, AskError::Refused { .. }), "{error:?}");
    assert_eq!(site.models.films_kept(), 0);
}

#[tokio::test]
async fn a_report_names_the_points_it_was_given() {
    let site = site().await;
    let prompt = "Write a report.\n\n- Point: Lobby\n  Result: OK\n- Point: Attic\n  Result: UNREACHABLE";
    for model in [&site.gemini() as &dyn Model, &OpenAi::new(&site.url, None, "llava").expect("is set up")] {
        let report = model.ask(&Question::text(prompt, LIMIT)).await.expect("is answered").text;
        assert!(report.contains("| Lobby | O |") && report.contains("**Attic**: UNREACHABLE"), "{report}");
    }
}

#[tokio::test]
async fn faults_can_be_ordered_and_questions_read_over_http() {
    let site = site().await;
    let client = reqwest::Client::new();
    let behave =
        client.put(format!("{}/models/behaviour", site.url)).json(&serde_json::json!({"fault": "server_error"}));
    assert_eq!(behave.send().await.expect("is answered").status(), 204);

    site.gemini().ask(&question(picture(None))).await.expect_err("fails as ordered");

    let asked = client.get(format!("{}/models/asked", site.url)).send().await.expect("is answered");
    let asked: serde_json::Value = asked.json().await.expect("is JSON");
    assert_eq!(asked["asked"][0]["fault"], "server_error");
    assert_eq!(asked["films_kept"], 0);
}

#[tokio::test]
async fn telegram_keeps_what_it_takes_and_refuses_broken_markdown() {
    let site = site().await;
    let client = reqwest::Client::new();
    let message = |text: &str| {
        let body = serde_json::json!({"chat_id": 42, "text": text, "parse_mode": "Markdown"});
        client.post(format!("{}/telegram/bot123:abc/sendMessage", site.url)).json(&body).send()
    };
    assert_eq!(message("*Round* done").await.expect("is answered").status(), 200);
    assert_eq!(message("*Round done").await.expect("is answered").status(), 400);

    let document = reqwest::multipart::Part::bytes(Bytes::from_static(b"%PDF").to_vec()).file_name("Patrol_Report.pdf");
    let form = reqwest::multipart::Form::new().text("chat_id", "42").part("document", document);
    let sent = client.post(format!("{}/telegram/bot123:abc/sendDocument", site.url)).multipart(form).send();
    assert_eq!(sent.await.expect("is answered").status(), 200);

    let received = site.models.telegram().received();
    let short: Vec<_> =
        received.iter().map(|sent| (sent.method.as_str(), sent.chat_id.as_str(), sent.file_bytes)).collect();
    assert_eq!(short, [("sendMessage", "42", 0), ("sendDocument", "42", 4)]);
    assert_eq!((received[0].token.as_str(), received[1].file_name.as_deref()), ("123:abc", Some("Patrol_Report.pdf")));
}
