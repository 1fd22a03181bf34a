//! Alerts on the standard output, whole and in order, written by a thread of their own: a pipe that
//! nobody reads must not block the process.

use std::io::{self, Write};
use std::thread;

use domain::alert::Alert;
use domain::services::StdoutFormat;
use tokio::sync::{mpsc, oneshot};

use super::Attempt;

/// How many alerts wait for the writer; then deliveries wait.
const QUEUE: usize = 16;

/// The writer of alerts.
#[derive(Debug)]
pub(crate) struct Stdout {
    texts: mpsc::Sender<(String, oneshot::Sender<io::Result<()>>)>,
    format: StdoutFormat,
}

impl Stdout {
    /// Starts the writer.
    pub(super) fn start(mut output: impl Write + Send + 'static, format: StdoutFormat) -> io::Result<Self> {
        let (texts, mut wanted) = mpsc::channel::<(String, oneshot::Sender<io::Result<()>>)>(QUEUE);
        thread::Builder::new().name("alerts to stdout".to_owned()).spawn(move || {
            while let Some((text, done)) = wanted.blocking_recv() {
                let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
                // Whoever asked may have been stopped.
                let _ = done.send(written);
            }
        })?;
        Ok(Self { texts, format })
    }

    pub(super) async fn deliver(&self, body: &str) -> Attempt {
        let text = match self.format {
            StdoutFormat::Lines => format!("{body}\n"),
            StdoutFormat::Pretty => match pretty(body) {
                Ok(text) => format!("{text}\n"),
                Err(error) => return Attempt::Refused { reason: format!("cannot be read: {error}") },
            },
        };
        let (done, written) = oneshot::channel();
        let sent = self.texts.send((text, done)).await;
        match written.await {
            Ok(Ok(())) if sent.is_ok() => Attempt::Delivered,
            Ok(Err(error)) => Attempt::try_later(format!("cannot write: {error}")),
            _ => Attempt::try_later("the writer has ended"),
        }
    }
}

fn pretty(body: &str) -> serde_json::Result<String> {
    let alert: Alert = serde_json::from_str(body)?;
    serde_json::to_string_pretty(&alert)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no holder panics").extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn written(format: StdoutFormat) -> String {
        let paper = Paper::default();
        let stdout = Stdout::start(paper.clone(), format).expect("there are threads");
        for camera in ["gate", "yard"] {
            assert_eq!(stdout.deliver(&body(camera)).await, Attempt::Delivered);
        }
        let bytes = paper.0.lock().expect("no holder panics").clone();
        String::from_utf8(bytes).expect("is text")
    }

    /// Returns an alert as it is in the book.
    fn body(camera: &str) -> String {
        let json = format!(
            r#"{{"camera_id":"{camera}","timestamp":"2026-11-20T07:00:00Z","alert_id":"1","detection":
            {{"class_id":0,"class_name":"object","confidence":0.5,"bbox":[0,0,2,2],"is_unknown":false}}}}"#
        );
        let alert: Alert = serde_json::from_str(&json).expect("is an alert");
        serde_json::to_string(&alert).expect("can be written")
    }

    #[tokio::test]
    async fn lines_are_one_alert_each() {
        assert_eq!(written(StdoutFormat::Lines).await, format!("{}\n{}\n", body("gate"), body("yard")));
    }

    #[tokio::test]
    async fn pretty_is_indented_by_two_and_keeps_the_order_of_keys() {
        let written = written(StdoutFormat::Pretty).await;
        assert!(written.starts_with("{\n  \"camera_id\": \"gate\",\n  \"timestamp\": "), "{written}");
        let alerts: Vec<Alert> =
            serde_json::Deserializer::from_str(&written).into_iter().map(|alert| alert.expect("is an alert")).collect();
        assert_eq!(alerts.iter().map(|alert| alert.camera_id.as_str()).collect::<Vec<_>>(), ["gate", "yard"]);
    }

    #[tokio::test]
    async fn a_pipe_that_broke_is_tried_later() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let stdout = Stdout::start(Broken, StdoutFormat::Lines).expect("there are threads");
        assert_eq!(stdout.deliver("{}").await, Attempt::try_later("cannot write: broken pipe"));
    }
}
