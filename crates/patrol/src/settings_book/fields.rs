//! Every setting there is: its names, its kind, its default, and what people are told of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chassis::{ConfigError, Env};
use serde_json::{Value, json};

use super::prompts;

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Flag,
    Integer {
        least: u64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    /// A number that may be unset.
    OptionalNumber {
        least: f64,
        most: f64,
    },
    Text,
    LongText,
    Choice(&'static [&'static str]),
    /// The name of a time zone.
    Zone,
    /// Short texts.
    List {
        most: usize,
        longest: usize,
    },
    /// An area on the map: its corners in metres; none for everywhere.
    Area,
    /// Prices by model.
    Prices,
    /// The URL of a service; empty for none.
    Url,
    /// A URL that may carry a user name and a password: kept like a secret, shown without them.
    StreamUrl,
    /// Shown masked.
    Secret,
}

impl Kind {
    /// Returns whether a value of this kind is kept sealed.
    pub(super) fn is_sealed(self) -> bool {
        matches!(self, Self::Secret | Self::StreamUrl)
    }
}

/// One setting.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) key: &'static str,
    /// What the second generation calls it.
    pub(super) alias: Option<&'static str>,
    /// The variable that sets it for good.
    pub(super) variable: Option<&'static str>,
    pub(super) kind: Kind,
    pub(super) default: Value,
    pub(super) group: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: Option<&'static str>,
    pub(super) help: &'static str,
    /// Whether one robot may have it different from the site.
    pub(super) per_robot: bool,
}

impl Field {
    const fn of(key: &'static str, kind: Kind, default: Value, title: &'static str, help: &'static str) -> Self {
        let (alias, variable, unit) = (None, None, None);
        Self { key, alias, variable, kind, default, group: "", title, unit, help, per_robot: true }
    }

    fn called(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    fn set_by(self, variable: &'static str) -> Self {
        Self { variable: Some(variable), ..self }
    }

    fn in_unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    fn of_the_site(self) -> Self {
        Self { per_robot: false, ..self }
    }
}

/// Returns every setting, in the order people see them.
pub(super) fn all() -> &'static [Field] {
    static ALL: LazyLock<Vec<Field>> = LazyLock::new(|| {
        let groups = [
            ("Site", site()),
            ("Patrol", patrol()),
            ("Driving", driving()),
            ("Battery", battery()),
            ("Inspection", inspection()),
            ("Reports", reports()),
            ("Costs", costs()),
            ("Video", video()),
            ("Messages", messages()),
            ("Live monitor", live_monitor()),
            ("Storage", storage()),
        ];
        let named =
            |(group, fields): (&'static str, Vec<Field>)| fields.into_iter().map(move |field| Field { group, ..field });
        groups.into_iter().flat_map(named).collect()
    });
    &ALL
}

/// Returns the setting of a name, of either generation.
pub(super) fn named(name: &str) -> Option<&'static Field> {
    all().iter().find(|field| field.key == name || field.alias == Some(name))
}

/// Returns what the environment sets.
pub(super) fn of_environment(env: &Env) -> Result<BTreeMap<&'static str, Value>, ConfigError> {
    let mut set = BTreeMap::new();
    for field in all() {
        let Some(variable) = field.variable else { continue };
        if let Some(text) = env.text(variable)? {
            set.insert(field.key, Value::String(text.trim().to_owned()));
        }
    }
    Ok(set)
}

const fn whole(least: u64, most: u64) -> Kind {
    Kind::Integer { least, most }
}

fn flag(key: &'static str, default: bool, title: &'static str, help: &'static str) -> Field {
    Field::of(key, Kind::Flag, Value::Bool(default), title, help)
}

fn text(key: &'static str, kind: Kind, default: &str, title: &'static str, help: &'static str) -> Field {
    Field::of(key, kind, Value::String(default.to_owned()), title, help)
}

fn number(key: &'static str, kind: Kind, default: u64, title: &'static str, help: &'static str) -> Field {
    Field::of(key, kind, Value::from(default), title, help)
}

fn seconds(key: &'static str, default: f64, title: &'static str, help: &'static str) -> Field {
    Field::of(key, Kind::Number { least: 0.0, most: 86_400.0 }, json!(default), title, help).in_unit("s")
}

fn site() -> Vec<Field> {
    let degrees = |limit: f64| Kind::OptionalNumber { least: -limit, most: limit };
    let place = |key, limit, title| {
        let help = "Where the site is, for schedules that follow the sun. Leave both empty if none does.";
        Field::of(key, degrees(limit), Value::Null, title, help).in_unit("°").of_the_site()
    };
    let zone = "The zone that schedules, reports and file names follow.";
    vec![
        text("timezone", Kind::Zone, "UTC", "Time zone", zone).of_the_site(),
        place("latitude", 90.0, "Latitude"),
        place("longitude", 180.0, "Longitude"),
    ]
}

fn patrol() -> Vec<Field> {
    let turbo = "The robot drives on while its photos are judged. Verdicts come later, the round is shorter.";
    let idle = "The camera is read even while nobody watches and no run needs it.";
    let move_limit = "A robot that has not arrived by then is stopped, and the waypoint counts as unreachable.";
    let home_limit = "How long the way home may take.";
    let link = "How long a run waits for a robot that is not reached.";
    let ask = "Without an answer by then, the run goes on with the next waypoint.";
    let late = "How late a planned run may still begin, for schedules that do not say it themselves. 0: not at all.";
    vec![
        flag("turbo_mode", false, "Turbo mode", turbo),
        flag("enable_idle_stream", true, "Continuous camera stream", idle),
        seconds("move_timeout_secs", 180.0, "Time limit of a move", move_limit),
        seconds("home_timeout_secs", 300.0, "Time limit of the way home", home_limit),
        seconds("settle_secs", 2.0, "Standing still", "How long the robot stands before it takes a photo."),
        seconds("link_timeout_secs", 180.0, "Lost connection", link),
        seconds("pause_timeout_secs", 3600.0, "Longest pause", "A run that was paused ends after that."),
        seconds("ask_timeout_secs", 600.0, "Time to answer", ask),
        seconds(
            "charge_timeout_secs",
            21_600.0,
            "Longest charging",
            "A run that waits for the battery ends after that.",
        ),
        number("schedule_run_late_minutes", whole(0, 1440), 15, "Late start", late).in_unit("min"),
    ]
}

fn driving() -> Vec<Field> {
    let by_hand = |key, least, most, title, unit| {
        let help = "When somebody drives it. On its rounds the robot chooses its speed itself.";
        Field::of(key, Kind::Number { least, most }, json!(most), title, help).in_unit(unit)
    };
    let area = "The corners of the area on the map that the robot may be sent to and driven in, one in a line: x, y in metres. \
                A run with a waypoint outside does not start. Empty: everywhere. Its way home is never hindered.";
    vec![
        by_hand("drive_speed_limit", 0.03, 0.3, "Greatest speed by hand", "m/s"),
        by_hand("drive_turn_limit", 5.0, 90.0, "Greatest turning speed by hand", "°/s"),
        Field::of("allowed_area", Kind::Area, json!([]), "Allowed area", area),
    ]
}

fn battery() -> Vec<Field> {
    let percent = |key, default, title, help| {
        Field::of(key, Kind::Number { least: 0.0, most: 100.0 }, json!(default), title, help).in_unit("%")
    };
    vec![
        percent("battery_start_above", 30.0, "Start from", "Below this, no run starts."),
        percent("battery_home_below", 15.0, "Go home below", "Below this, the robot breaks off and charges."),
        percent("battery_resume_above", 80.0, "Go on from", "From this, a run that was broken off goes on."),
    ]
}

fn inspection() -> Vec<Field> {
    let side =
        "Photos whose longer side is longer are made smaller before they are sent. 0: sent as the camera took them.";
    let limit = "How long one question may take.";
    let attempts = "How often a question is asked before the inspection counts as not judged.";
    let control = "Every so many inspections the model is asked about something that is not there, to see whether it makes \
                   things up. 0: never.";
    let precheck = "The local detector looks at each photo first, at no cost, for people and obstacles.";
    let provider = "Who judges the photos.";
    vec![
        text("vlm_provider", Kind::Choice(&["gemini", "openai", "vila"]), "gemini", "Provider", provider),
        text("gemini_api_key", Kind::Secret, "", "Gemini API key", "From Google AI Studio.").set_by("GEMINI_API_KEY"),
        text("gemini_model", Kind::Text, "gemini-3-flash-preview", "Gemini model", "The model's name.")
            .set_by("GEMINI_MODEL"),
        text("openai_base_url", Kind::Url, "", "OpenAI-compatible server", "As http://host:11434/v1 for Ollama.")
            .set_by("OPENAI_BASE_URL"),
        text("openai_model", Kind::Text, "", "Its model", "The model's name there.").set_by("OPENAI_MODEL"),
        text("openai_api_key", Kind::Secret, "", "Its API key", "Empty if it wants none.").set_by("OPENAI_API_KEY"),
        text("vila_server_url", Kind::Url, "http://localhost:9000", "VILA server", "Its chat address."),
        text("vila_model", Kind::Text, "VILA1.5-3B", "VILA model", "The model's name."),
        text("vila_alert_url", Kind::Url, "", "VILA alert server", "Its alert address, if that one is asked."),
        text("system_prompt", Kind::LongText, prompts::SYSTEM, "System prompt", "Goes before every question."),
        number("inspection_timeout_secs", whole(5, 600), 60, "Time limit of a question", limit).in_unit("s"),
        number("inspection_attempts", whole(1, 20), 5, "Attempts", attempts),
        number("picture_max_side", whole(0, 8192), 0, "Largest photo", side).in_unit("px"),
        number("negative_control_every", whole(0, 10_000), 0, "Control questions", control),
        flag("local_precheck", false, "Local check", precheck),
    ]
}

fn reports() -> Vec<Field> {
    let run = "What the report of a run is to contain. Empty: a general summary.";
    let days = "What a report over several days is to contain.";
    vec![
        text("report_prompt", Kind::LongText, prompts::REPORT, "Report of a run", run),
        text("multiday_report_prompt", Kind::LongText, prompts::MULTIDAY_REPORT, "Report over days", days),
    ]
}

fn costs() -> Vec<Field> {
    let tokens = "When the site has used so many tokens in a day, photos wait for the next one. 0: no limit.";
    let dollars = "The same in US dollars, for models with a price. 0: no limit.";
    let prices = "US dollars per million tokens, where they differ from the list prices that are built in.";
    let dollar = Kind::Number { least: 0.0, most: 1e6 };
    vec![
        number("token_budget_per_day", whole(0, 1_000_000_000_000), 0, "Tokens per day", tokens).of_the_site(),
        Field::of("cost_budget_per_day", dollar, json!(0.0), "Cost per day", dollars).in_unit("US$").of_the_site(),
        Field::of("model_prices", Kind::Prices, json!({}), "Prices", prices).of_the_site(),
    ]
}

fn video() -> Vec<Field> {
    vec![
        flag("enable_video_recording", false, "Film each run", "The front camera is filmed from start to end."),
        text("video_prompt", Kind::LongText, prompts::VIDEO, "Question about the film", "Empty: it is not analysed."),
    ]
}

fn messages() -> Vec<Field> {
    let user = "The chat or user that is written to.";
    vec![
        flag("enable_telegram", false, "Telegram after each run", "A summary and the report as PDF."),
        text("telegram_bot_token", Kind::Secret, "", "Bot token", "From BotFather.").set_by("TELEGRAM_BOT_TOKEN"),
        text("telegram_user_id", Kind::Secret, "", "Recipient", user).set_by("TELEGRAM_USER_ID"),
        text(
            "telegram_message_prompt",
            Kind::LongText,
            prompts::TELEGRAM,
            "Message",
            "What the summary is to be like.",
        ),
    ]
}

fn live_monitor() -> Vec<Field> {
    let rules = Kind::List { most: 10, longest: 100 };
    let rules_help = "Questions to be answered with yes or no, at most ten of at most 100 characters.";
    let interval = "How often a server without live streams is asked.";
    vec![
        flag("enable_live_monitor", false, "Live monitor", "A VILA service watches a stream during each run.")
            .called("enable_edge_ai"),
        Field::of("live_monitor_rules", rules, json!([]), "Rules", rules_help).called("edge_ai_rules"),
        text("vila_jps_url", Kind::Url, "", "VILA service", "As http://jetson:5010."),
        text("jetson_host", Kind::Text, "", "Jetson", "The host alone, where its ports are the usual ones."),
        flag("enable_robot_camera_relay", false, "Watch the robot's camera", "Not together with an external camera."),
        flag("enable_external_rtsp", false, "Watch an external camera", "Not together with the robot's camera."),
        text("external_rtsp_url", Kind::StreamUrl, "", "External camera", "As rtsp://user:password@host/stream."),
        number("live_monitor_interval", whole(1, 3600), 5, "Interval", interval).in_unit("s"),
    ]
}

fn storage() -> Vec<Field> {
    let days = "Older ones are deleted; what was found stays in the history. 0: kept for ever.";
    let quota = "The oldest films, then the oldest photos are deleted when a robot's files are larger. 0: no limit.";
    let free = "The same when less than this is free on the disk. 0: never.";
    let gigabytes = Kind::Number { least: 0.0, most: 1e6 };
    vec![
        number("picture_retention_days", whole(0, 36_500), 0, "Keep photos", days).in_unit("d"),
        number("video_retention_days", whole(0, 36_500), 0, "Keep films", days).in_unit("d"),
        Field::of("files_quota_gb", gigabytes, json!(0.0), "Largest size", quota).in_unit("GB"),
        Field::of("min_free_gb", gigabytes, json!(0.0), "Free disk space", free).in_unit("GB"),
    ]
}
