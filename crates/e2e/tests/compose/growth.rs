//! A robot and a camera more, added as the comments in the files say.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::until;
use serde_json::json;

use crate::site::{Networking, Site};

const SOON: Duration = Duration::from_secs(60);

const BEGIN: &str = "# --- another robot:";
const END: &str = "# --- end of another robot ---";

#[tokio::test]
async fn a_robot_and_a_camera_are_added_on_a_bridge() -> anyhow::Result<()> {
    grows(Networking::Bridge, "robot-c=http://robot-c:5000", "sim:26401").await
}

#[tokio::test]
async fn a_robot_and_a_camera_are_added_in_production() -> anyhow::Result<()> {
    grows(Networking::Host, "robot-c=http://127.0.0.1:5003", "127.0.0.1:26401").await
}

/// The new robot's process talks to the second simulated robot, which answers to more than one.
async fn grows(networking: Networking, entry: &str, robot: &str) -> anyhow::Result<()> {
    let mut site = Site::lay_out(networking)?;
    site.set("ROBOT_C_IP", robot)?;
    site.up().await?;
    ensure!(site.web()?.status("/api/robot-c/state").await == Some(404), "robot-c is there before it was added");
    let before = site.container("robot-a").await?;

    site.edit_compose(|text| with_another_robot(text, entry))?;
    site.up().await?;

    let web = site.web()?;
    until("robot-c is connected", SOON, async || {
        let state = web.json("/api/robot-c/state").await.unwrap_or_default();
        state["robot_id"] == "robot-c" && state["connected"] == true
    })
    .await?;
    ensure!(web.json("/api/robot-a/state").await?["robot_id"] == "robot-a", "robot-a is somebody else now");
    ensure!(site.container("robot-a").await? == before, "the process of robot-a was replaced");

    add_camera(&site)?;
    until("the new camera is watched", SOON, async || {
        let camera = web.json("/streams/api/v1/cameras/new-gate").await.unwrap_or_default();
        camera["state"] == "streaming" && camera["counters"]["processed"] != json!(0)
    })
    .await?;
    site.down().await
}

/// Removes the comment signs of the documented block, and adds the robot to the list at the top.
fn with_another_robot(text: &str, entry: &str) -> anyhow::Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("the file has no block for another robot")?;
    let (block, after) = rest.split_once(END).context("the block for another robot does not end")?;
    let (heading, block) = block.split_once('\n').context("the block for another robot is empty")?;
    let block = block.replace("  # ", "  ");
    let grown = format!("{before}{BEGIN}{heading}\n{block}{END}{after}");
    let (first, list) = grown.split_once("&robots \"").context("the file has no list of robots")?;
    let (list, rest) = list.split_once('"').context("the list of robots does not end")?;
    Ok(format!("{first}&robots \"{list},{entry}\"{rest}"))
}

/// One entry more in `cameras.yaml`: the simulated street under another name.
fn add_camera(site: &Site) -> anyhow::Result<()> {
    let path = site.configs().join("cameras.yaml");
    let text = fs::read_to_string(&path).context("reading cameras.yaml")?;
    let entry = "  - {id: new-gate, name: New gate, rtsp_url: \"${SIM_RTSP_URL:-rtsp://127.0.0.1:8554}/street\"}\n";
    fs::write(&path, format!("{}\n{entry}", text.trim_end())).context("writing cameras.yaml")
}

#[test]
fn the_block_in_both_files_becomes_a_service() -> anyhow::Result<()> {
    for networking in [Networking::Bridge, Networking::Host] {
        let text = fs::read_to_string(e2e::root().join(networking.file()))?;
        let grown = with_another_robot(&text, "robot-c=http://robot-c:5000")?;
        assert!(grown.contains("\n  robot-c:\n    <<: *robot\n"), "{}", networking.file());
        assert!(grown.contains(",robot-c=http://robot-c:5000\""), "{}", networking.file());
    }
    Ok(())
}
