//! The codes with which the robot says what is wrong, and its table of them in its own words.

use serde::Serialize;

/// A command was interrupted by another or cancelled.
pub(super) const INTERRUPTED: i32 = 10001;
/// A command was cancelled because the robot was paused.
pub(super) const CANCELLED_BY_PAUSE: i32 = 10105;
/// A command cannot begin while the robot is paused.
pub(super) const PAUSED_ALREADY: i32 = 10107;
/// The destination is not registered.
pub(super) const NO_SUCH_LOCATION: i32 = 10253;
/// Nothing is docked.
pub(super) const NOTHING_DOCKED: i32 = 10254;
/// A fatal error blocks every task.
pub(super) const FATAL: i32 = 10264;
/// The shelf is not known.
pub(super) const NO_SUCH_SHELF: i32 = 11005;
/// Manual control cannot be switched on now.
pub(super) const NO_MANUAL_CONTROL: i32 = 12401;
/// A velocity outside manual control.
pub(super) const NOT_MANUAL: i32 = 13151;
/// A shelf cannot be put on the charger.
pub(super) const NO_SHELF_ON_DOCK: i32 = 14605;
/// There is no shelf to dock.
pub(super) const NO_SHELF_THERE: i32 = 14606;
/// A parameter makes no sense.
pub(super) const INVALID: i32 = 15508;
/// The destination cannot be reached.
pub(super) const UNREACHABLE: i32 = 19001;
/// The emergency stop holds the robot.
pub(super) const PAUSED: i32 = 21051;

/// One entry of the robot's table.
#[derive(Debug, Serialize)]
struct Entry {
    code: i32,
    error_type: &'static str,
    title: &'static str,
    description: &'static str,
    title_en: &'static str,
    description_en: &'static str,
    ref_url: &'static str,
}

/// Every code: number, kind, and the words in Japanese and English.
const TABLE: [(i32, &str, [&str; 4]); 18] = [
    (
        INTERRUPTED,
        "Ignore",
        [
            "中断されました",
            "別の指示または取り消しにより中断されました。",
            "Interrupted",
            "Another command or a cancellation ended the command.",
        ],
    ),
    (
        CANCELLED_BY_PAUSE,
        "Warn",
        [
            "一時停止により取り消されました",
            "一時停止したため、実行中の指示を取り消しました。",
            "Cancelled by pause",
            "The robot was paused while the command was running.",
        ],
    ),
    (
        PAUSED_ALREADY,
        "Error",
        [
            "一時停止中です",
            "一時停止中は指示を実行できません。電源ボタンで解除してください。",
            "Rejected while paused",
            "The robot is paused. Press its power button, then give the command again.",
        ],
    ),
    (
        NO_SUCH_LOCATION,
        "Error",
        [
            "目的地が登録されていません",
            "指定された目的地は登録されていません。",
            "Destination not registered",
            "The map has no such destination.",
        ],
    ),
    (
        NOTHING_DOCKED,
        "Error",
        [
            "家具をドッキングしていません",
            "ドッキングしている家具がありません。",
            "Nothing is docked",
            "The robot carries no shelf.",
        ],
    ),
    (
        FATAL,
        "Error",
        [
            "重大なエラーがあります",
            "重大なエラーが解消するまで指示を実行できません。",
            "Fatal error",
            "No command can run until the fatal error is resolved.",
        ],
    ),
    (
        NO_SUCH_SHELF,
        "Error",
        [
            "家具が見つかりません",
            "指定された家具は登録されていません。",
            "Shelf not found",
            "No shelf of this name is registered.",
        ],
    ),
    (
        NO_MANUAL_CONTROL,
        "Error",
        [
            "手動操作にできません",
            "一時停止中は手動操作に切り替えられません。",
            "Manual control not possible",
            "Manual control cannot be switched on while the robot is paused.",
        ],
    ),
    (
        NOT_MANUAL,
        "Error",
        [
            "手動操作ではありません",
            "速度の指示には手動操作が必要です。",
            "Not in manual control",
            "A velocity was given without manual control.",
        ],
    ),
    (
        NO_SHELF_ON_DOCK,
        "Error",
        [
            "充電ドックには置けません",
            "家具を充電ドックに置くことはできません。",
            "Cannot place a shelf here",
            "A shelf cannot be placed on the charger.",
        ],
    ),
    (
        NO_SHELF_THERE,
        "Error",
        ["家具がありません", "ドッキングできる家具がありません。", "No shelf here", "There is no shelf to dock with."],
    ),
    (
        INVALID,
        "Error",
        [
            "パラメータが正しくありません",
            "指示のパラメータが正しくありません。",
            "Invalid parameter",
            "A parameter of the command is out of range.",
        ],
    ),
    (
        UNREACHABLE,
        "Error",
        [
            "目的地に到達できません",
            "通り道がふさがれています。",
            "Cannot reach the destination",
            "The way to the destination is blocked.",
        ],
    ),
    (
        21001,
        "Fatal",
        [
            "走行装置の異常",
            "モーターに異常があります。お問い合わせください。",
            "Drive fault",
            "A motor does not answer.",
        ],
    ),
    (
        21004,
        "Fatal",
        [
            "LiDARの異常",
            "LiDARに異常があります。再起動してください。",
            "LiDAR fault",
            "The LiDAR does not turn. Restart the robot.",
        ],
    ),
    (
        PAUSED,
        "Recoverable",
        [
            "一時停止中です",
            "電源ボタンを押すと解除されます。",
            "Paused",
            "The emergency stop holds the robot. Its power button releases it.",
        ],
    ),
    (
        21052,
        "Recoverable",
        ["段差を検知しました", "平らな床に移動させてください。", "Step detected", "Put the robot on even floor."],
    ),
    (22001, "Warn", ["バッテリー残量が少なくなっています", "充電してください。", "Battery low", "Charge the robot."]),
];

/// Tells whether a state keeps every command from running.
pub(super) fn is_fatal(code: i32) -> bool {
    TABLE.iter().any(|(known, kind, _)| *known == code && *kind == "Fatal")
}

/// Returns the table as the robot answers it.
///
/// # Panics
/// If texts cannot be written as JSON.
pub(super) fn table() -> String {
    let entries: Vec<Entry> = TABLE
        .iter()
        .map(|(code, error_type, [title, description, title_en, description_en])| Entry {
            code: *code,
            error_type,
            title,
            description,
            title_en,
            description_en,
            ref_url: "",
        })
        .collect();
    serde_json::to_string(&entries).expect("numbers and texts are JSON")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_has_the_seven_keys_that_clients_need() {
        let table: Vec<serde_json::Map<_, _>> = serde_json::from_str(&table()).expect("JSON");
        let keys = ["code", "error_type", "title", "description", "title_en", "description_en", "ref_url"];
        for entry in &table {
            assert!(entry.len() == 7 && keys.iter().all(|key| entry.contains_key(*key)), "{entry:?}");
        }
        let codes: BTreeSet<_> = table.iter().map(|entry| entry["code"].as_i64()).collect();
        assert_eq!(codes.len(), table.len());
    }

    #[test]
    fn only_what_needs_a_technician_or_a_restart_is_fatal() {
        assert!(is_fatal(21001) && is_fatal(21004));
        assert!(!is_fatal(PAUSED) && !is_fatal(21052) && !is_fatal(1));
    }
}
