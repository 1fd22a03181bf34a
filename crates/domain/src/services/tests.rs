//! Defaults, ranges and the environment.

use std::time::Duration;

use super::*;

fn check(yaml: &str, env: &[(&str, &str)]) -> Result<Services, Vec<String>> {
    let file: ServicesFile = serde_yaml::from_str(yaml).expect("valid YAML");
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    file.check(&lookup).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn good(yaml: &str, env: &[(&str, &str)]) -> Services {
    check(yaml, env).expect("good settings")
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let expected = Services {
        inference: InferenceSettings {
            model_path: None,
            confidence: 0.25,
            iou_threshold: 0.45,
            device: Device::Auto,
            batch_size: 1,
            warmup_iterations: 5,
            image_size: 640,
            unknown_threshold: 0.15,
            backend: Backend::Auto,
            precision: Precision::Auto,
            threads: None,
            queue_capacity: 64,
            batch_wait_ms: 2,
            class_thresholds: [].into(),
        },
        stream_manager: StreamManagerSettings {
            frame_buffer_size: 10,
            reconnect_delay: Duration::from_secs(5),
            max_reconnect_attempts: Some(10),
            read_timeout: Duration::from_secs(30),
        },
        alerting: AlertingSettings {
            debounce_window: Duration::from_secs(5),
            max_alerts_per_window: 1,
            protocol: Protocol::Stdout,
            webhook_url: None,
            webhook_secret: None,
            webhook_timeout: Duration::from_secs(5),
            webhook_attempts: 3,
            hikvision_host: None,
            hikvision_port: 80,
            hikvision_username: None,
            hikvision_password: None,
            redis_stream_name: "alerts".into(),
            redis_consumer_group: "alert_router".into(),
            redis_max_stream_length: 10_000,
            max_age: Some(Duration::from_secs(3600)),
            stdout_format: StdoutFormat::Pretty,
            retention_days: Some(90),
            take_over: Duration::from_secs(60),
        },
    };
    assert_eq!(good("{}", &[]), expected);
    assert_eq!(good("inference:\nalerting:\n", &[]), expected);
}

#[test]
fn the_environment_wins_over_the_file_and_an_empty_variable_does_not() {
    let yaml = "inference: {confidence: 0.5, iou_threshold: 0.6, batch_size: 2}\nalerting: {redis_stream_name: site}";
    let env = [
        ("INFERENCE_CONFIDENCE", "0.1"),
        ("INFERENCE_IOU", "0.7"),
        ("INFERENCE_BATCH_SIZE", ""),
        ("INFERENCE_DEVICE", "cpu"),
        ("INFERENCE_MODEL_PATH", "models/a.onnx"),
        ("STREAM_MANAGER_MAX_RECONNECT_ATTEMPTS", "-1"),
        ("STREAM_MANAGER_RECONNECT_DELAY_SECONDS", "0.5"),
        ("ALERTING_PROTOCOL", "webhook"),
        ("ALERTING_WEBHOOK_URL", "http://127.0.0.1:9/hook"),
    ];
    let services = good(yaml, &env);
    let InferenceSettings { confidence, iou_threshold, batch_size, device, model_path, .. } = services.inference;
    assert_eq!((confidence, iou_threshold, batch_size), (0.1, 0.7, 2));
    assert_eq!((device, model_path.as_deref()), (Device::Cpu, Some("models/a.onnx")));
    assert_eq!(services.stream_manager.max_reconnect_attempts, None);
    assert_eq!(services.stream_manager.reconnect_delay, Duration::from_millis(500));
    assert_eq!(
        services.alerting.webhook_url.map(|url| url.expose().to_owned()).as_deref(),
        Some("http://127.0.0.1:9/hook")
    );
    assert_eq!((services.alerting.protocol, services.alerting.redis_stream_name.as_str()), (Protocol::Webhook, "site"));
}

#[test]
fn what_the_environment_says_is_checked_under_the_name_of_the_variable() {
    let env =
        [("INFERENCE_CONFIDENCE", "7"), ("ALERTING_PROTOCOL", "mqtt"), ("STREAM_MANAGER_FRAME_BUFFER_SIZE", "many")];
    let expected = [
        "INFERENCE_CONFIDENCE: must be a number from 0 to 1, not \"7\"",
        "STREAM_MANAGER_FRAME_BUFFER_SIZE: must be a whole number from 1 to 100, not \"many\"",
        "ALERTING_PROTOCOL: must be one of stdout, webhook, hikvision, not \"mqtt\"",
    ];
    assert_eq!(check("{}", &env), Err(expected.map(str::to_owned).to_vec()));
}

#[test]
fn each_key_has_its_range() {
    let outside = [
        ("inference: {confidence: 1.1}", "inference.confidence: must be a number from 0 to 1, not 1.1"),
        ("inference: {iou_threshold: -0.1}", "inference.iou_threshold: must be a number from 0 to 1, not -0.1"),
        ("inference: {device: 'cuda:0'}", "inference.device: must be one of cuda, cpu, mps, auto, not \"cuda:0\""),
        ("inference: {batch_size: 33}", "inference.batch_size: must be a whole number from 1 to 32, not 33"),
        ("inference: {image_size: 319}", "inference.image_size: must be a whole number from 320 to 1280, not 319"),
        (
            "inference: {class_thresholds: {car: 2}}",
            "inference.class_thresholds: must be a mapping of class names to numbers from 0 to 1, not {\"car\":2}",
        ),
        (
            "stream_manager: {reconnect_delay_seconds: 0}",
            "stream_manager.reconnect_delay_seconds: must be a number from 0.1 to 86400, not 0",
        ),
        (
            "stream_manager: {max_reconnect_attempts: -2}",
            "stream_manager.max_reconnect_attempts: must be a whole number from -1 to 1000000, not -2",
        ),
        (
            "stream_manager: {read_timeout_seconds: 0.5}",
            "stream_manager.read_timeout_seconds: must be a number from 1 to 86400, not 0.5",
        ),
        (
            "alerting: {max_alerts_per_window: 0}",
            "alerting.max_alerts_per_window: must be a whole number from 1 to 1000000, not 0",
        ),
        ("alerting: {hikvision_port: 0}", "alerting.hikvision_port: must be a whole number from 1 to 65535, not 0"),
        (
            "alerting: {redis_max_stream_length: 99}",
            "alerting.redis_max_stream_length: must be a whole number from 100 to 100000000, not 99",
        ),
        ("alerting: {debounce: 5}", "alerting.debounce: is no known key"),
    ];
    for (yaml, message) in outside {
        assert_eq!(check(yaml, &[]), Err(vec![message.to_owned()]));
    }
}

#[test]
fn a_webhook_without_a_url_is_refused_because_it_would_swallow_alerts() {
    let missing = "alerting.webhook_url: is missing: where alerts are sent, because protocol is webhook";
    assert_eq!(check("alerting: {protocol: webhook}", &[]), Err(vec![missing.to_owned()]));
    let bad = "alerting.webhook_url: must begin with http:// or https:// and name a host";
    assert_eq!(
        check("alerting: {protocol: webhook, webhook_url: 'ftp://user:geheim@h'}", &[]),
        Err(vec![bad.to_owned()])
    );
}

#[test]
fn no_attempts_mean_one_because_none_would_lose_the_alert() {
    assert_eq!(good("alerting: {webhook_retry_attempts: 0}", &[]).alerting.webhook_attempts, 1);
}

#[test]
fn zero_stands_for_no_limit() {
    let alerting = good("alerting: {max_age_seconds: 0, retention_days: 0, stdout_format: lines}", &[]).alerting;
    assert_eq!((alerting.max_age, alerting.retention_days, alerting.stdout_format), (None, None, StdoutFormat::Lines));
}

#[test]
fn secrets_are_not_shown() {
    let yaml = "alerting: {webhook_secret: geheim, hikvision_password: geheim, webhook_url: 'http://u:geheim@h/'}";
    assert!(!format!("{:?}", good(yaml, &[])).contains("geheim"));
}

#[test]
fn thresholds_of_single_classes_and_threads_can_be_given() {
    let inference =
        good("inference: {class_thresholds: {car: 0.5, person: 0}, threads: 2, backend: tract, precision: int8}", &[])
            .inference;
    assert_eq!(inference.class_thresholds, [("car".to_owned(), 0.5), ("person".to_owned(), 0.0)].into());
    assert_eq!((inference.threads.map(std::num::NonZeroUsize::get), inference.backend), (Some(2), Backend::Tract));
    assert_eq!(inference.precision, Precision::Int8);
    assert_eq!(good("inference: {threads: 0}", &[]).inference.threads, None);
}

#[test]
fn an_unknown_section_is_refused() {
    assert!(serde_yaml::from_str::<ServicesFile>("inferense: {}").is_err());
}

#[test]
fn every_key_tells_what_it_must_be_and_which_variable_replaces_it() {
    let keys = ServicesFile::keys();
    let iou = keys.iter().find(|key| key.path == "inference.iou_threshold").expect("is a key");
    let told = (iou.variable.as_deref(), iou.expected.as_str(), iou.default.as_deref(), iou.is_required);
    assert_eq!(told, (Some("INFERENCE_IOU"), "a number from 0 to 1", Some("0.45"), false));
    let sections: Vec<_> = ["inference.", "stream_manager.", "alerting."]
        .map(|section| keys.iter().filter(|key| key.path.starts_with(section)).count())
        .into();
    assert_eq!(sections, [14, 4, 18]);
}

#[test]
fn the_defaults_that_are_told_are_the_defaults() {
    // The one default that is no value but words.
    let keys: Vec<_> = ServicesFile::keys().into_iter().filter(|key| key.path != "inference.model_path").collect();
    let section = |name: &str| {
        let lines = keys.iter().filter_map(|key| {
            let key_of_section = key.path.strip_prefix(name)?.strip_prefix('.')?;
            Some(format!("  {key_of_section}: {}\n", key.default.as_ref()?))
        });
        format!("{name}:\n{}", lines.collect::<String>())
    };
    let yaml = ["inference", "stream_manager", "alerting"].map(section).concat();
    assert!(yaml.lines().count() > 25, "{yaml}");
    let file: ServicesFile = serde_yaml::from_str(&yaml).expect("valid YAML");
    let defaults = ServicesFile::default().check(&|_| None).expect("the defaults are good");
    assert_eq!(file.check(&|_| None).expect(&yaml), defaults);
}
