//! Tasks that end, fail, panic and do not listen, in paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;
use tokio::time::{Instant, sleep};

use super::*;

const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn all_tasks_end_when_the_stop_is_set() {
    let stop = Stop::new();
    let mut tasks = Tasks::new(stop.clone());
    let polite = stop.clone();
    tasks.vital("polite", async move {
        polite.stopped().await;
        Ok(())
    });
    let inner = stop.clone();
    tasks.restarted("camera", move || {
        let stop = inner.clone();
        async move {
            stop.stopped().await;
            Ok(())
        }
    });
    stop.stop();
    let began = Instant::now();
    assert!(tasks.run(GRACE).await.is_ok());
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_vital_failure_stops_the_others_and_is_told() {
    let stop = Stop::new();
    let mut tasks = Tasks::new(stop.clone());
    tasks.vital("http", async { bail!("the port is gone") });
    let waiting = stop.clone();
    tasks.vital("other", async move {
        waiting.stopped().await;
        Ok(())
    });
    let error = tasks.run(GRACE).await.expect_err("a vital task failed");
    assert_eq!(format!("{error:#}"), "task `http` failed: the port is gone");
    assert!(stop.is_stopped());
}

#[tokio::test(start_paused = true)]
async fn a_vital_task_that_just_ends_is_a_failure() {
    let mut tasks = Tasks::new(Stop::new());
    tasks.vital("http", async { Ok(()) });
    let error = tasks.run(GRACE).await.expect_err("nobody asked it to end");
    assert_eq!(error.to_string(), "task `http` ended by itself");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_failure_of_its_task() {
    let mut tasks = Tasks::new(Stop::new());
    tasks.vital("http", async { panic!("out of cheese") });
    let error = tasks.run(GRACE).await.expect_err("it panicked");
    assert_eq!(format!("{error:#}"), "task `http` failed: panicked: out of cheese");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ignores_the_stop_is_cut_off_after_the_grace() {
    let stop = Stop::new();
    let mut tasks = Tasks::new(stop.clone());
    tasks.vital("deaf", std::future::pending());
    stop.stop();
    let began = Instant::now();
    assert!(tasks.run(GRACE).await.is_ok());
    assert_eq!(began.elapsed(), GRACE);
}

#[tokio::test(start_paused = true)]
async fn a_failure_while_stopping_is_told() {
    let stop = Stop::new();
    let mut tasks = Tasks::new(stop.clone());
    let asked = stop.clone();
    tasks.vital("writer", async move {
        asked.stopped().await;
        bail!("the disk is full")
    });
    stop.stop();
    let error = tasks.run(GRACE).await.expect_err("could not write");
    assert_eq!(format!("{error:#}"), "task `writer` failed: the disk is full");
}

#[tokio::test(start_paused = true)]
async fn attempts_that_fail_end_or_panic_begin_again_after_growing_pauses() {
    let stop = Stop::new();
    let began = Instant::now();
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = Tasks::new(stop.clone());
    let (noted, last) = (times.clone(), stop.clone());
    tasks.restarted("camera", move || {
        let attempt = {
            let mut times = noted.lock().expect("no holder panics");
            times.push(began.elapsed());
            times.len()
        };
        let last = last.clone();
        async move {
            match attempt {
                1 => bail!("refused"),
                2 => Ok(()),
                3 => panic!("out of cheese"),
                _ => {
                    last.stop();
                    Ok(())
                }
            }
        }
    });
    tasks.run(GRACE).await.expect("a restarted task never fails the process");
    let times = times.lock().expect("no holder panics");
    let pauses: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    assert_eq!(pauses.len(), 3, "{pauses:?}");
    for (pause, step) in pauses.iter().zip([0.5, 1.0, 2.0]) {
        assert!((step / 2.0..step + 0.01).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_when_the_stop_is_set() {
    let stop = Stop::new();
    let attempts = Arc::new(AtomicUsize::new(0));
    let mut tasks = Tasks::new(stop.clone());
    let counted = attempts.clone();
    tasks.restarted("camera", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { bail!("refused") }
    });
    let began = Instant::now();
    let later = stop.clone();
    tokio::spawn(async move {
        sleep(Duration::from_millis(100)).await;
        later.stop();
    });
    tasks.run(GRACE).await.expect("stops at once");
    assert_eq!(began.elapsed(), Duration::from_millis(100));
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}
