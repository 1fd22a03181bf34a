//! What models are told unless somebody writes their own.

/// Goes before every question.
pub(super) const SYSTEM: &str = "You are a helpful robot that inspects a site. Judge by what is usual for the place, and report only what you can \
     see in the picture.";

/// For the film of a run.
pub(super) const VIDEO: &str =
    "Analyse this film of a patrol. Name hazards, obstacles and anything unusual, with the time at which it is seen.";

/// For the report of a run.
pub(super) const REPORT: &str = "\
請根據以下巡檢結果，逐項檢查並以一個 Markdown 表格輸出。欄位：類別、編號、檢查項目、結果、備註。\
結果符合填 O，不符合填 X；每個 X 都要在備註說明地點與情況。沒有足夠資料判斷的項目，結果填 -。

一、用電安全
1. 廁所與走廊等公共區域的設備，使用後是否確實關閉。
2. 公共插座是否未被不當使用（沒有插著任何東西）。

二、室內環境
1. 通道是否沒有掉落物阻礙通行。
2. 照明是否充足。

三、防災與避難
1. 採光不足處的緊急照明是否正常。
2. 出口與避難方向指示燈是否亮著。
3. 滅火器是否在定位。
4. 逃生動線是否暢通。

四、其他
1. 是否有人員倒臥。
2. 深夜關懷：辦公室是否仍有燈亮著。

表格之後，用一句話總結本次巡檢。無法到達或無法判斷的地點也要列出。";

/// For a report over several days.
pub(super) const MULTIDAY_REPORT: &str = "Summarise the inspections of this period: what was found, where and when, what repeats, what could not be inspected, \
     and what should be done first.";

/// For the message after a run.
pub(super) const TELEGRAM: &str =
    "請用繁體中文寫一則簡短的巡檢摘要，不超過 500 字，先寫不符合（X）的項目，少用表情符號。";
