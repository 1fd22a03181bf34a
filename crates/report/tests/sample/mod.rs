//! A site to report on: a floor plan, a walk, photos as a camera makes them.

#![allow(dead_code, reason = "each program that includes this uses its part")]

pub(crate) mod nasty;

use bytes::Bytes;
use domain::patrol::Verdict;
use jiff::{ToSpan, Zoned};
use report::{
    Alert, AnalysisReport, Expense, Inspection, Map, NegativeControl, Outcome, Photo, Purpose, Robot, RunReport, Scope,
    Tokens,
};

pub(crate) fn at(text: &str) -> Zoned {
    text.parse().expect("a time")
}

/// A photo with as much detail as one of a camera: 1280 × 720 is about 200 kB.
pub(crate) fn photo(width: usize, height: usize, seed: u64) -> Bytes {
    let mut random = fastrand::Rng::with_seed(seed);
    let (door, light) = (random.usize(width / 8..width / 2), random.u8(90..200));
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let noise = random.i32(-9..10);
            let in_door = x > door && x < door + width / 5 && y > height / 4 && y < height * 5 / 6;
            let floor = y > height * 5 / 6 || (x + y) % (width / 6) < 3;
            let base = match (in_door, floor) {
                (true, _) => [120, 78, 40],
                (_, true) => [96, 99, 104],
                _ => [light, light.saturating_add(8), light.saturating_add(14)],
            };
            pixels.extend(base.map(|part| u8::try_from((i32::from(part) + noise).clamp(0, 255)).unwrap_or(0)));
        }
    }
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: width * 3,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    Bytes::copy_from_slice(&turbojpeg::compress(image, 80, turbojpeg::Subsamp::Sub2x2).expect("it is a picture"))
}

/// A floor of 20 × 12 metres: a corridor with rooms on both sides.
pub(crate) fn map() -> Map {
    let (width, height) = (400, 240);
    let plan = image::GrayImage::from_fn(width, height, |x, y| {
        let outer = x < 6 || y < 6 || x >= width - 6 || y >= height - 6;
        let wall = (y.abs_diff(90) < 2 || y.abs_diff(150) < 2) && x % 80 > 18;
        let partition = x % 80 < 3 && !(90..150).contains(&y);
        image::Luma([if outer {
            205
        } else if wall || partition {
            40
        } else {
            254
        }])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    plan.write_to(&mut png, image::ImageFormat::Png).expect("it is a picture");
    Map { png: png.into_inner().into(), resolution: 0.05, width, height, origin: (-2.0, -3.0, 0.0) }
}

/// A walk along the corridor, with a look into each room.
pub(crate) fn way() -> Vec<(f64, f64)> {
    (0..1200).map(|step| f64::from(step) / 1200.0).map(|t| (-1.0 + 17.0 * t, 3.0 + 2.4 * (t * 21.0).sin())).collect()
}

pub(crate) fn inspection(number: usize, verdict: Verdict) -> Inspection {
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let t = (number % 34) as f64 / 34.0;
    let minutes = i64::try_from(number).unwrap_or(0);
    let (description, trouble, seen) = match verdict {
        Verdict::Ok => ("", None, true),
        Verdict::Ng => {
            ("A cardboard box blocks half of the escape route in front of the fire extinguisher.", None, true)
        }
        Verdict::Error => ("the model did not answer: deadline has elapsed", None, true),
        Verdict::Unreachable => (
            "Cannot reach the destination: there is an obstacle on the way.",
            Some("Error: 19001 - Cannot reach destination"),
            false,
        ),
        Verdict::Cancelled => ("The run was stopped by the operator.", None, false),
        Verdict::Stale => ("The camera gave no picture that was taken after the robot had arrived.", None, false),
    };
    let seed = u64::try_from(number).unwrap_or(0);
    Inspection {
        point: format!("Corridor {number}"),
        place: (-1.0 + 17.0 * t, 3.0 + 2.4 * (t * 21.0).sin()),
        round: 1,
        at: Some(at("2026-11-20T22:00:00+08:00[Asia/Taipei]") + minutes.minutes()),
        verdict: Some(verdict),
        prompt: "[Location: Corridor] Is the escape route clear and is the fire extinguisher in its place?".into(),
        description: description.into(),
        trouble: trouble.map(Into::into),
        photo: seen.then(|| Photo { picture: photo(1280, 720, seed), taken: None }),
        more_photos: Vec::new(),
        previous: None,
        difference: None,
        difference_score: None,
        attempts: u32::from(seen),
    }
}

/// A run of so many waypoints, of which one in six is not in order, each in its own way.
pub(crate) fn run(points: usize) -> RunReport {
    let verdicts = [Verdict::Ng, Verdict::Error, Verdict::Unreachable, Verdict::Stale, Verdict::Cancelled];
    let verdict = |number: usize| if number.is_multiple_of(6) { verdicts[number / 6 % 5] } else { Verdict::Ok };
    let tokens = |input, output| Tokens { input, output, total: input + output + 512 };
    RunReport {
        number: 42,
        robot: Robot { id: "robot-a".into(), name: "Kachaka A".into(), serial: Some("KCK-0123456".into()) },
        route: Some("Night round".into()),
        started: at("2026-11-20T21:58:31+08:00[Asia/Taipei]"),
        ended: Some(at("2026-11-20T23:04:12+08:00[Asia/Taipei]")),
        outcome: Outcome::Completed,
        reason: None,
        dry_run: false,
        model: Some("gemini-3-flash-preview".into()),
        summary: Some(SUMMARY.into()),
        video_analysis: Some(
            "No puddles were seen. At **01:12** a reflection on the floor; no cause for concern.".into(),
        ),
        map: Some(map()),
        way: way(),
        inspections: (1..=points).map(|number| inspection(number, verdict(number))).collect(),
        alerts: vec![
            Alert {
                at: Some(at("2026-11-20T22:17:05+08:00[Asia/Taipei]")),
                rule: "Is there a person lying on the floor?".into(),
                response: "triggered".into(),
                source: Some("robot_camera".into()),
                evidence: Some(Photo { picture: photo(640, 480, 900), taken: None }),
            },
            Alert {
                at: Some(at("2026-11-20T22:31:40+08:00[Asia/Taipei]")),
                rule: "Is there smoke?".into(),
                response: "triggered".into(),
                source: Some("external_rtsp".into()),
                evidence: None,
            },
        ],
        expenses: vec![
            Expense { purpose: Purpose::Inspection, tokens: tokens(48_210, 2_033), cost: Some(0.0302) },
            Expense { purpose: Purpose::Report, tokens: tokens(3_410, 911), cost: Some(0.0044) },
            Expense { purpose: Purpose::Video, tokens: tokens(21_004, 240), cost: Some(0.0112) },
        ],
        negative_control: Some(NegativeControl { asked: 5, passed: 4 }),
        made: at("2026-11-20T23:05:00+08:00[Asia/Taipei]"),
    }
}

/// A report as models write them.
pub(crate) const SUMMARY: &str = "\
### Result

Most of the waypoints are **in order**. Three need attention:

1. The escape route at *Corridor 6* is half blocked.
2. Corridor 12 could not be judged.
3. Corridor 18 could not be reached.

| Category | No. | Item | O/X | Notes |
|---|:-:|---|:-:|---|
| Electrical safety | 1 | Shared equipment switched off | O | |
| Electrical safety | 2 | Public sockets not misused | O | |
| Escape | 4 | Escape routes clear | X | A cardboard box in front of the fire extinguisher of the second floor, to be removed at once. |
| Other | 2 | Lights left on | O | |
";

/// The checklist of the reference, as a model fills it in: nine columns of Chinese.
pub(crate) const CHECKLIST: &str = "\
## 巡檢結果

夜間巡檢共 12 個點位，**11 個正常**，1 個異常。

| 類別 | 項次 | 檢查項目 | 11/14 | 11/15 | 11/16 | 11/17 | 11/18 | 備註 |
|---|---|---|---|---|---|---|---|---|
| 電氣安全 | 1 | 廁所及走廊之共用電器設備是否確實關閉 | O | O | O | O | O | |
| 電氣安全 | 2 | 公共區域插座是否遭不當使用（未插接任何電器） | O | X | O | O | O | 11/15 二樓走廊插座遭人插接充電器，已通知管理員處理 |
| 室內環境 | 1 | 地面是否有掉落物阻礙通行 | O | O | O | X | O | 11/17 三樓樓梯口有紙箱堆放 |
| 室內環境 | 2 | 照明是否充足 | O | O | O | O | O | |
| 防災避難 | 3 | 滅火器是否放置於定位且無遮蔽 | O | O | O | O | O | |
| 防災避難 | 4 | 逃生通道是否暢通 | O | O | O | X | O | 同上 |
| 其他 | 2 | 深夜關懷：辦公室燈光是否未關 | X | X | O | O | O | 11/14、11/15 三樓 305 室燈光未關 |

> 建議加強三樓樓梯口之巡檢頻率。
";

pub(crate) fn analysis(text: &str) -> AnalysisReport {
    AnalysisReport {
        number: 7,
        from: "2026-11-14".parse().expect("a date"),
        to: "2026-11-18".parse().expect("a date"),
        scope: Scope::AllRobots,
        text: text.into(),
        model: Some("gemini-3-flash-preview".into()),
        written: at("2026-11-19T09:00:00+08:00[Asia/Taipei]"),
        expenses: vec![
            Expense {
                purpose: Purpose::Runs,
                tokens: Tokens { input: 1_204_511, output: 40_120, total: 1_250_000 },
                cost: Some(0.73),
            },
            Expense {
                purpose: Purpose::Analysis,
                tokens: Tokens { input: 8_120, output: 1_411, total: 9_531 },
                cost: None,
            },
        ],
        made: at("2026-11-20T09:00:00+08:00[Asia/Taipei]"),
    }
}
