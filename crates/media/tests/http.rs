//! Cameras that send JPEG pictures over HTTP, as webcams and single-board computers do.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use media::{Codec, SourceError, jpeg};
use support::{SIZE, number, numbered, open, read, read_to_the_end, settings};

const PICTURES: u32 = 40;

/// What the webcam of a test does with whoever calls.
#[derive(Clone, Copy)]
enum Manner {
    /// Sends all pictures, then hangs up.
    Sends,
    /// Sends ten pictures and then nothing, with the line open.
    FallsSilent,
    /// Answers with a status and nothing else.
    Refuses(&'static str),
}

/// Starts a webcam on loopback; its thread serves one caller after another until the test's process ends.
fn webcam(manner: Manner) -> String {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            // Who hangs up in the middle has seen enough.
            let _ = serve(caller, manner);
        }
    });
    format!("http://{address}/mjpeg")
}

fn serve(mut caller: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut request = BufReader::new(caller.try_clone()?).lines();
    while request.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let count = match manner {
        Manner::Refuses(status) => {
            return write!(caller, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Manner::Sends => PICTURES,
        Manner::FallsSilent => 10,
    };
    write!(
        caller,
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\nConnection: close\r\n\r\n"
    )?;
    for count in 0..count {
        let coded = jpeg::encode(&numbered(count, SIZE), 90).expect("the picture can be encoded");
        write!(caller, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", coded.len())?;
        caller.write_all(&coded)?;
        caller.write_all(b"\r\n")?;
        thread::sleep(Duration::from_millis(40));
    }
    if matches!(manner, Manner::FallsSilent) {
        thread::sleep(Duration::from_secs(30));
    }
    Ok(())
}

#[tokio::test]
async fn a_webcam_gives_its_pictures_in_order_until_it_hangs_up() {
    let source = open(settings(&webcam(Manner::Sends))).await.expect("the webcam is there");

    let (frames, end) = read_to_the_end(&source).await;

    let numbers: Vec<_> = frames.iter().map(|frame| number(&frame.picture)).collect();
    assert!(numbers.is_sorted() && numbers.len() > PICTURES as usize / 2, "{numbers:?}");
    assert!(frames.is_sorted_by_key(|frame| frame.captured_at));
    assert_eq!(source.info().codec, Codec::Mjpeg);
    assert_eq!(source.info().size, SIZE);
    assert_eq!(end, SourceError::Ended { name: "gate".to_owned() });
}

#[tokio::test]
async fn a_webcam_that_falls_silent_is_found_out() {
    let source = open(settings(&webcam(Manner::FallsSilent))).await.expect("the webcam is there");
    read(&source, 3).await;

    let (_, end) = read_to_the_end(&source).await;

    assert!(matches!(end, SourceError::Silent { .. }), "{end}");
}

#[tokio::test]
async fn what_a_webcam_refuses_is_told_by_its_reason() {
    let refusal = |status| async move { open(settings(&webcam(Manner::Refuses(status)))).await.err() };
    let name = || "gate".to_owned();

    assert_eq!(refusal("401 Unauthorized").await, Some(SourceError::Unauthorized { name: name() }));
    assert_eq!(refusal("404 Not Found").await, Some(SourceError::NotFound { name: name() }));
    let broken = refusal("503 Service Unavailable").await;
    assert!(matches!(broken, Some(SourceError::Connect { .. })), "{broken:?}");
}
