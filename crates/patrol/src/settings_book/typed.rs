//! The settings as the program uses them.

use std::collections::BTreeMap;

use chassis::Secret;
use domain::patrol::BatteryPolicy;
use jiff::tz::TimeZone;
use serde::Deserialize;
use vlm::price::{Price, PriceTable};

/// Who judges photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    /// Google's Gemini.
    Gemini,
    /// A server that speaks OpenAI's chat completions.
    Openai,
    /// NVIDIA's VILA.
    Vila,
}

/// Every setting as it is now. What each means is said in `fields`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) timezone: String,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) turbo_mode: bool,
    pub(crate) enable_idle_stream: bool,
    pub(crate) move_timeout_secs: f64,
    pub(crate) home_timeout_secs: f64,
    pub(crate) settle_secs: f64,
    pub(crate) link_timeout_secs: f64,
    pub(crate) pause_timeout_secs: f64,
    pub(crate) ask_timeout_secs: f64,
    pub(crate) charge_timeout_secs: f64,
    pub(crate) schedule_run_late_minutes: u32,
    pub(crate) drive_speed_limit: f64,
    pub(crate) drive_turn_limit: f64,
    pub(crate) allowed_area: Vec<[f64; 2]>,
    pub(crate) battery_start_above: f64,
    pub(crate) battery_home_below: f64,
    pub(crate) battery_resume_above: f64,
    pub(crate) vlm_provider: Provider,
    pub(crate) gemini_api_key: Secret,
    pub(crate) gemini_model: String,
    pub(crate) openai_base_url: String,
    pub(crate) openai_model: String,
    pub(crate) openai_api_key: Secret,
    pub(crate) vila_server_url: String,
    pub(crate) vila_model: String,
    pub(crate) vila_alert_url: String,
    pub(crate) system_prompt: String,
    pub(crate) inspection_timeout_secs: u64,
    pub(crate) inspection_attempts: u32,
    pub(crate) picture_max_side: u32,
    pub(crate) negative_control_every: u32,
    pub(crate) local_precheck: bool,
    pub(crate) report_prompt: String,
    pub(crate) multiday_report_prompt: String,
    pub(crate) token_budget_per_day: u64,
    pub(crate) cost_budget_per_day: f64,
    pub(crate) model_prices: BTreeMap<String, Price>,
    pub(crate) enable_video_recording: bool,
    pub(crate) video_prompt: String,
    pub(crate) enable_telegram: bool,
    pub(crate) telegram_bot_token: Secret,
    pub(crate) telegram_user_id: Secret,
    pub(crate) telegram_message_prompt: String,
    pub(crate) enable_live_monitor: bool,
    pub(crate) live_monitor_rules: Vec<String>,
    pub(crate) vila_jps_url: String,
    pub(crate) jetson_host: String,
    pub(crate) enable_robot_camera_relay: bool,
    pub(crate) enable_external_rtsp: bool,
    pub(crate) external_rtsp_url: Secret,
    pub(crate) live_monitor_interval: u64,
    pub(crate) picture_retention_days: u32,
    pub(crate) video_retention_days: u32,
    pub(crate) files_quota_gb: f64,
    pub(crate) min_free_gb: f64,
}

impl Settings {
    /// Returns the zone of the site.
    pub(crate) fn zone(&self) -> TimeZone {
        // A name that is no zone is refused before it gets here.
        TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC)
    }

    /// Returns when a robot may start, must charge and goes on.
    pub(crate) fn battery(&self) -> BatteryPolicy {
        // Levels that make no policy are refused before they get here.
        BatteryPolicy::new(self.battery_start_above, self.battery_home_below, self.battery_resume_above)
            .unwrap_or_default()
    }

    /// Returns what models cost.
    pub(crate) fn prices(&self) -> PriceTable {
        PriceTable::with(self.model_prices.clone())
    }
}
