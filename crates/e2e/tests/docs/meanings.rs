//! What each environment variable means, in one sentence: the one thing about it that the code does not say. A test
//! fails when a variable has no sentence here, or a sentence no variable.

/// The sentences, by name.
pub(crate) const MEANINGS: &[(&str, &str)] = &[
    ("ALERT_ROUTER_URL", "Where the alert router answers."),
    ("BIND", "The address to listen at: 0.0.0.0 in a container's private network."),
    ("CONFIG_DIR", "The directory of cameras.yaml, rois.yaml, services.yaml and robots.yaml."),
    ("CORS_ORIGINS", "Whose pages may call the inference API: origins with commas between them, or `*` for all."),
    ("DATA_DIR", "The directory of databases, pictures, films and the spool."),
    ("GEMINI_API_KEY", "Sets the Gemini key for good; the page then only shows that it is set."),
    ("GEMINI_MODEL", "Sets the Gemini model for good."),
    ("GOOGLE_GEMINI_BASE_URL", "Where Gemini is, unless it is the public one."),
    ("INFERENCE_API_URL", "Where the inference API answers."),
    ("INFERENCE_URL", "The inference API that looks at a robot's pictures first, at no cost."),
    (
        "LOG_DIR",
        "The directory of log files: `<program>.log`, and `<ROBOT_ID>_app.log` for a robot's; none if it is unset.",
    ),
    ("LOG_FORMAT", "`text` for people or `json` for machines; logs go to standard error, and to `LOG_DIR`."),
    ("LOG_LEVEL", "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,bus=debug`."),
    ("MAX_IMAGE_PIXELS", "The largest picture that is decoded, in pixels."),
    ("MAX_UPLOAD_BYTES", "The largest upload."),
    ("MEDIAMTX_EXTERNAL", "MediaMTX as others reach it, `host:port`."),
    ("MEDIAMTX_INTERNAL", "MediaMTX as the robots' processes reach it, `host:port`."),
    ("MODELS_DIR", "The directory of the models' manifests and the catalogue."),
    ("OPENAI_API_KEY", "Sets the key of the OpenAI-compatible server for good."),
    ("OPENAI_BASE_URL", "Sets the OpenAI-compatible server for good."),
    ("OPENAI_MODEL", "Sets its model for good."),
    ("ORT_DYLIB_PATH", "The onnxruntime library, if it is not the fetched one."),
    ("PATROL_URLS", "The robots' processes: `robot-a=http://host:5001,robot-b=http://host:5002`."),
    ("PORT", "The port to listen at."),
    ("PUBLIC_URL", "What stands before the path in links that are sent elsewhere, as `https://site.example`."),
    ("REDIS_URL", "Redis 7 or newer: `redis://[user:password@]host[:port][/database]`."),
    ("RELAY_SERVICE_URL", "The relay service; empty for none."),
    ("ROBOT_ID", "Which robot this process is for: `robot-` and small letters, digits and hyphens."),
    ("ROBOT_IP", "The robot's own interface, `host:port`. A name is looked up at each connection."),
    ("ROBOT_NAME", "What people call the robot."),
    ("RONDA_CACHE_DIR", "The directory of what was downloaded: models and the onnxruntime library."),
    ("RONDA_FONTS", "A directory of fonts for reports, as for Chinese or Japanese."),
    ("RTSP_PORT", "The port of the simulated cameras."),
    ("SIM_DAY", "Which day it is in the simulated building: what is wrong there depends on it."),
    ("SIM_MODELS_PORT", "The port of the simulated vision-language models."),
    ("SIM_PEOPLE", "How many people walk about in the simulated building."),
    ("SIM_ROBOT_PORT", "The port of the first simulated robot; the second has the next."),
    ("SIM_SEED", "Where the simulation's chance begins: the same seed is the same world."),
    ("SIM_SPEED", "How many times faster than real the simulated world is."),
    ("SIM_WEBHOOK_SECRET", "With which the simulated receiver checks signatures."),
    ("SNAPSHOT_MAX_DAYS", "For how many days snapshots are kept."),
    ("SNAPSHOT_MAX_MB", "How many MiB snapshots may take; the oldest go first."),
    ("STREAM_MANAGER_URL", "Where the stream manager answers."),
    ("TELEGRAM_BASE_URL", "Where Telegram is, unless it is the public one."),
    ("TELEGRAM_BOT_TOKEN", "Sets the Telegram bot's token for good."),
    ("TELEGRAM_USER_ID", "Sets the Telegram recipient for good."),
    ("TZ", "The time zone of the process; what people see follows the setting `timezone`."),
];

/// Returns what a variable means.
pub(crate) fn meaning_of(name: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}
