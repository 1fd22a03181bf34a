//! The promises of the settings book.

use serde_json::json;
use tokio::time::timeout;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    async fn history(&self, robot: &str) -> History {
        History::open(self.dir.path(), robot).await.expect("is opened")
    }

    async fn book(&self) -> SettingsBook {
        self.book_of("robot-a", &Env::default()).await
    }

    async fn book_of(&self, robot: &str, env: &Env) -> SettingsBook {
        SettingsBook::open(&self.history(robot).await, env).await.expect("is opened")
    }

    /// Stores rows as another program does.
    async fn store(&self, rows: &[(&str, &str)]) {
        let rows: Vec<_> = rows.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
        self.history("robot-a").await.change_site_settings(&rows).await.expect("is written");
    }

    async fn stored(&self) -> BTreeMap<String, String> {
        self.history("robot-a").await.site_settings().await.expect("is readable").into_iter().collect()
    }
}

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).expect("is an object")
}

async fn refused(book: &SettingsBook, changes: Value) -> BTreeMap<String, String> {
    match book.change(&map(changes)).await {
        Err(SettingsRefused::Invalid(refused)) => refused,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[tokio::test]
async fn every_setting_has_a_default_that_may_stand_in_it() {
    let book = Site::new().book().await;
    let settings = book.current();
    assert_eq!((settings.timezone.as_str(), settings.vlm_provider), ("UTC", Provider::Gemini));
    for field in fields::all() {
        assert_eq!(field.kind.check(&field.default).as_ref(), Ok(&field.default), "{}", field.key);
        assert!(!field.help.is_empty() && !field.group.is_empty(), "{}", field.key);
    }
    assert_eq!(book.schema().len(), fields::all().len());
}

#[tokio::test]
async fn only_what_somebody_changed_is_stored() {
    let site = Site::new();
    let book = site.book().await;
    let mut everything = book.shown_to_legacy();
    everything.insert("turbo_mode".to_owned(), json!(true));
    everything.insert("robot_ip".to_owned(), json!("10.0.0.7:26400"));
    assert_eq!(book.change_as_legacy(&everything).await.expect("is saved"), Vec::<String>::new());
    assert_eq!(site.stored().await, BTreeMap::from([("turbo_mode".to_owned(), "true".to_owned())]));
    book.change(&map(json!({"turbo_mode": null}))).await.expect("is saved");
    assert_eq!(site.stored().await, BTreeMap::new());
    assert!(!book.current().turbo_mode);
}

#[tokio::test]
async fn w22_a_stored_value_that_cannot_be_used_is_the_default_and_told_of() {
    let site = Site::new();
    site.store(&[
        ("gemini_api_key", r#"{"a":1}"#),
        ("telegram_user_id", "12345"),
        ("timezone", r#""Mars/Olympus""#),
        ("turbo_mode", "not JSON"),
        ("live_monitor_interval", r#""7""#),
        ("battery_home_below", "95"),
    ])
    .await;
    let book = site.book().await;
    let settings = book.current();
    assert_eq!(settings.gemini_api_key.reveal(), "");
    assert_eq!(settings.telegram_user_id.reveal(), "12345");
    assert_eq!((settings.timezone.as_str(), settings.live_monitor_interval), ("UTC", 7));
    assert_eq!(settings.battery(), domain::patrol::BatteryPolicy::default());
    let schema = serde_json::to_value(book.schema()).expect("is JSON");
    let fields = schema.as_array().expect("a list");
    let problems: Vec<&str> =
        fields.iter().filter(|field| field["problem"].is_string()).filter_map(|field| field["key"].as_str()).collect();
    let expected = ["timezone", "turbo_mode", "battery_start_above", "battery_home_below", "battery_resume_above"];
    assert_eq!(problems, [&expected[..], &["gemini_api_key"]].concat());
    assert_eq!(book.shown()["timezone"], "UTC");
}

#[tokio::test]
async fn w22_a_wrong_value_is_refused_and_nothing_of_the_change_is_kept() {
    let site = Site::new();
    let book = site.book().await;
    let wrong =
        refused(&book, json!({"turbo_mode": true, "timezone": "Mars/Olympus", "gemini_api_key": 5, "colour": "red"}))
            .await;
    assert_eq!(wrong.keys().collect::<Vec<_>>(), ["colour", "gemini_api_key", "timezone"]);
    assert_eq!(wrong["colour"], "there is no such setting");
    let together = refused(&book, json!({"battery_home_below": 85})).await;
    assert_eq!(together.keys().collect::<Vec<_>>(), ["battery_home_below"]);
    let both = refused(&book, json!({"enable_robot_camera_relay": true, "enable_external_rtsp": true})).await;
    assert_eq!(both.keys().collect::<Vec<_>>(), ["enable_external_rtsp"]);
    assert_eq!(site.stored().await, BTreeMap::new());
}

#[tokio::test]
async fn w20_no_secret_is_stored_or_shown_in_plain_text() {
    let site = Site::new();
    site.store(&[("gemini_api_key", r#""AIza-old-secret-1234""#)]).await;
    let book = site.book().await;
    book.change(&map(json!({
        "telegram_bot_token": "123:bot-secret-5678", "external_rtsp_url": "rtsp://admin:geheim@10.0.0.7/1",
    })))
    .await
    .expect("is saved");
    let settings = book.current();
    assert_eq!(settings.gemini_api_key.reveal(), "AIza-old-secret-1234");
    assert_eq!(settings.external_rtsp_url.reveal(), "rtsp://admin:geheim@10.0.0.7/1");
    let seen = [
        serde_json::to_string(&book.shown()).expect("is JSON"),
        serde_json::to_string(&book.shown_to_legacy()).expect("is JSON"),
        format!("{:?}", site.stored().await),
        format!("{settings:?}"),
    ];
    for text in seen {
        for secret in ["old-secret", "bot-secret", "geheim"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert_eq!(book.shown()["gemini_api_key"], "****1234");
    assert_eq!(book.shown()["external_rtsp_url"], "rtsp://***@10.0.0.7/1");

    // What a form sends back masked changes nothing.
    let form = map(json!({"gemini_api_key": "****1234", "external_rtsp_url": "rtsp://***@10.0.0.7/1"}));
    book.change(&form).await.expect("is saved");
    book.change_as_legacy(&form).await.expect("is saved");
    assert_eq!(book.current().gemini_api_key.reveal(), "AIza-old-secret-1234");
    // Nor is a password sent to another host by changing the rest of the address.
    refused(&book, json!({"external_rtsp_url": "rtsp://***@evil.example/1"})).await;
    book.change(&map(json!({"gemini_api_key": ""}))).await.expect("is saved");
    assert_eq!(book.current().gemini_api_key.reveal(), "");
}

#[tokio::test]
async fn w23_a_change_reaches_every_process() {
    let site = Site::new();
    let a = site.book().await;
    let b = site.book_of("robot-b", &Env::default()).await;
    let stop = Stop::new();
    let watching = tokio::spawn(b.clone().watch(stop.clone()));
    let mut changes = b.changes();
    a.change(&map(json!({"enable_idle_stream": false, "timezone": "Asia/Taipei"}))).await.expect("is saved");
    let settings = timeout(PATIENCE, changes.next()).await.expect("in time").expect("goes on");
    assert!(!settings.enable_idle_stream);
    assert_eq!(b.shared.history.zone().iana_name(), Some("Asia/Taipei"));
    stop.stop();
    watching.await.expect("does not panic").expect("ends well");
}

#[tokio::test]
async fn a_robot_may_differ_from_the_site() {
    let site = Site::new();
    let a = site.book().await;
    a.change_of_robot(&map(json!({"turbo_mode": true, "gemini_api_key": "key-of-robot-a-alone"})))
        .await
        .expect("is saved");
    assert!(a.current().turbo_mode && a.current().gemini_api_key.reveal() == "key-of-robot-a-alone");
    assert_eq!(a.shown_of_robot(), map(json!({"turbo_mode": true, "gemini_api_key": "****lone"})));
    let of_site = (a.shown()["turbo_mode"].clone(), a.shown_to_legacy()["gemini_api_key"].clone());
    assert_eq!(of_site, (json!(false), json!("")), "what is shown as the site's is not this robot's");
    let b = site.book_of("robot-b", &Env::default()).await;
    assert!(!b.current().turbo_mode && b.shown_of_robot().is_empty());
    a.change_of_robot(&map(json!({"turbo_mode": null}))).await.expect("is saved");
    assert!(!a.current().turbo_mode);
    let site_wide = a.change_of_robot(&map(json!({"timezone": "UTC"}))).await;
    assert!(matches!(site_wide, Err(SettingsRefused::Invalid(_))), "{site_wide:?}");
}

#[tokio::test]
async fn the_environment_has_the_last_word() {
    let site = Site::new();
    site.store(&[("gemini_model", r#""stored""#)]).await;
    let env = Env::of([("GEMINI_API_KEY", "key-from-the-environment"), ("GEMINI_MODEL", "from-env")]);
    let book = site.book_of("robot-a", &env).await;
    assert_eq!(book.current().gemini_api_key.reveal(), "key-from-the-environment");
    assert_eq!(book.current().gemini_model, "from-env");
    assert_eq!(
        refused(&book, json!({"gemini_model": "x"})).await["gemini_model"],
        "the environment sets it, as GEMINI_MODEL"
    );
    // A form that sends back what it was shown is not refused.
    book.change(&book.shown()).await.expect("is saved");
    assert_eq!(site.stored().await["gemini_model"], r#""stored""#);
}

#[tokio::test]
async fn the_names_of_both_generations_are_one_setting() {
    let site = Site::new();
    site.store(&[("enable_edge_ai", "true"), ("edge_ai_rules", r#"["fire?"]"#)]).await;
    let book = site.book().await;
    assert!(book.current().enable_live_monitor);
    assert_eq!(book.shown_to_legacy()["edge_ai_rules"], json!(["fire?"]));
    book.change_as_legacy(&map(json!({"edge_ai_rules": ["smoke?"]}))).await.expect("is saved");
    assert_eq!(book.current().live_monitor_rules, ["smoke?"]);
    let stored = site.stored().await;
    assert_eq!(stored["edge_ai_rules"], stored["live_monitor_rules"]);
    book.change(&map(json!({"live_monitor_rules": null}))).await.expect("is saved");
    assert_eq!(book.current().live_monitor_rules, Vec::<String>::new());
}

#[tokio::test]
async fn what_nobody_knows_is_kept_for_the_older_interface_and_named() {
    let site = Site::new();
    let book = site.book().await;
    let unknown = book.change_as_legacy(&map(json!({"colour": "red", "cloud_token": "x"}))).await.expect("is saved");
    assert_eq!(unknown, ["cloud_token", "colour"]);
    assert_eq!(book.shown_to_legacy()["colour"], "red");
    assert_eq!(book.shown_to_legacy()["cloud_token"], "****");
    assert!(!book.shown().contains_key("colour"));
}

#[tokio::test]
async fn the_settings_file_of_the_older_layout_is_read_once() {
    let site = Site::new();
    let dir = site.dir.path().join("config");
    std::fs::create_dir_all(&dir).expect("is made");
    let file = r#"{"timezone": "Asia/Taipei", "gemini_api_key": "AIza-from-the-file", "turbo_mode": false,
                   "live_monitor_interval": "x", "robot_ip": "10.0.0.7:26400", "colour": "red"}"#;
    std::fs::write(dir.join("settings.json"), file).expect("is written");
    let book = site.book().await;
    assert_eq!(book.current().timezone, "Asia/Taipei");
    assert_eq!(book.current().gemini_api_key.reveal(), "AIza-from-the-file");
    let stored = site.stored().await;
    assert_eq!(stored.keys().collect::<Vec<_>>(), ["colour", "gemini_api_key", "timezone"]);
    book.change(&map(json!({"timezone": null}))).await.expect("is saved");
    assert_eq!(site.book().await.current().timezone, "UTC");
}
