//! Messages to people after a run.

use e2e::{LIMIT, until_some};
use serde_json::json;
use sim::models::Outage;

use crate::ward::{Beginning, Ward};

fn with_telegram() -> Beginning {
    let settings = json!({
        "enable_telegram": true, "telegram_bot_token": "123:abc", "telegram_user_id": "77",
        "telegram_message_prompt": "Write a short message.",
    });
    Beginning { settings, places: vec!["office"], ..Beginning::default() }
}

#[tokio::test]
async fn w35_a_message_and_the_report_arrive_though_telegram_was_away() -> anyhow::Result<()> {
    let ward = Ward::begin(with_telegram()).await?;
    ward.models.telegram().refuse(Outage { times: 2, status: None });
    let run = ward.start_run(json!({})).await?;
    assert_eq!(ward.ended(run).await?["outcome"], "completed");
    let received = until_some("both have arrived", LIMIT * 2, async || {
        let received = ward.models.telegram().received();
        received.iter().any(|message| message.method == "sendDocument").then_some(received)
    })
    .await?;
    let texts: Vec<_> = received.iter().filter(|message| message.method == "sendMessage").collect();
    assert_eq!((texts.len(), texts[0].chat_id.as_str(), texts[0].token.as_str()), (1, "77", "123:abc"));
    assert!(!texts[0].text.is_empty());
    let document = received.iter().find(|message| message.method == "sendDocument").expect("was found");
    let name = document.file_name.as_deref().unwrap_or_default();
    assert!(name.starts_with("Patrol_Report_") && name.ends_with(".pdf") && document.file_bytes > 1000, "{name}");
    assert!(!ward.data().join(format!("robot-a/outbox/run-{run}.json")).exists(), "nothing waits any more");
    Ok(())
}

#[tokio::test]
async fn w35_a_message_outlives_the_process_that_wrote_it() -> anyhow::Result<()> {
    let mut ward = Ward::begin(with_telegram()).await?;
    ward.models.telegram().refuse(Outage { times: 100, status: None });
    let run = ward.start_run(json!({})).await?;
    ward.ended(run).await?;
    ward.kill_patrol()?;
    assert!(ward.data().join(format!("robot-a/outbox/run-{run}.json")).exists(), "it waits on disk");
    ward.models.telegram().refuse(Outage::default());
    ward.start_patrol().await?;
    until_some("it has arrived", LIMIT * 3, async || {
        let received = ward.models.telegram().received();
        received.iter().any(|message| message.method == "sendMessage").then_some(())
    })
    .await
}
