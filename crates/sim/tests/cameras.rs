//! The simulated cameras as a stream manager sees them.

use std::net::IpAddr;
use std::time::Duration;

use domain::geometry::BBox;
use domain::picture::{Frame, Picture};
use media::{Source, SourceSettings, to_rgb};
use sim::{Cameras, Footage, Truth};

const LIMIT: Duration = Duration::from_secs(20);

/// The picture of a camera shows what the library says it showed when it was taken.
#[tokio::test]
async fn the_truth_is_in_the_picture_at_the_time_it_was_captured() {
    let cameras = yard();
    let source = open(&cameras).await;

    let mut compared = 0;
    while compared < 10 {
        let Frame { captured_at, picture, .. } = next(&source).await;
        let truth = cameras.truth("yard", captured_at).expect("the yard's truth is known");
        for Truth { label, bbox, .. } in truth.iter().filter(|truth| truth.visible == 1.0) {
            let found = bounds(&picture, label).unwrap_or_else(|| panic!("no {label} at {captured_at}"));
            let shift = [found.x1 - bbox.x1, found.y1 - bbox.y1, found.x2 - bbox.x2, found.y2 - bbox.y2];
            // The fastest shape moves 9 pixels from frame to frame; capture times before the camera's first clock
            // report are those of arrival.
            assert!(shift.iter().all(|pixels| pixels.abs() < 12.0), "{label}: {found:?} is not {bbox:?}");
            compared += 1;
        }
    }
}

#[tokio::test]
async fn a_camera_can_be_killed_and_brought_back() {
    let cameras = yard();
    let source = open(&cameras).await;
    next(&source).await;

    cameras.stop("yard").expect("it is there");
    let gone = async { while source.next().await.is_ok() {} };
    tokio::time::timeout(LIMIT, gone).await.expect("the stream ends");
    assert_eq!(cameras.list()[0].state, "stopped");

    cameras.start_again("yard").expect("it is there");
    next(&open(&cameras).await).await;
    assert!(cameras.stop("cellar").is_err());
}

fn yard() -> Cameras {
    let mounts = ["yard".parse().expect("there is a yard")];
    let nothing = Footage::in_cache("/nonexistent".as_ref());
    Cameras::start(IpAddr::from([127, 0, 0, 1]), 0, &mounts, &nothing).expect("there is a free port")
}

async fn open(cameras: &Cameras) -> Source {
    let url = cameras.url("yard").parse().expect("it is a url");
    let settings = SourceSettings { fps_target: None, ..SourceSettings::camera("yard", url) };
    tokio::time::timeout(LIMIT, Source::open(settings)).await.expect("it opens in time").expect("it opens")
}

async fn next(source: &Source) -> Frame {
    tokio::time::timeout(LIMIT, source.next()).await.expect("a frame comes in time").expect("a frame comes")
}

/// Returns the box around everything that has a label's colour.
fn bounds(picture: &Picture, label: &str) -> Option<BBox> {
    let channel = ["object", "pine", "worker"].iter().position(|known| *known == label)?;
    let rgb = to_rgb(picture);
    let (pixels, stride) = rgb.plane(0);
    let mut bounds: Option<BBox> = None;
    for y in 0..picture.size().height {
        for x in 0..picture.size().width {
            let rgb = &pixels[y as usize * stride + 3 * x as usize..][..3];
            let others = (0..3).filter(|other| *other != channel).map(|other| rgb[other]).max()?;
            if rgb[channel].saturating_sub(others) < 80 {
                continue;
            }
            let (x, y) = (x as f32, y as f32);
            let known = bounds.get_or_insert(BBox::new(x, y, x, y));
            *known = BBox::new(known.x1.min(x), known.y1.min(y), known.x2.max(x + 1.0), known.y2.max(y + 1.0));
        }
    }
    bounds
}
