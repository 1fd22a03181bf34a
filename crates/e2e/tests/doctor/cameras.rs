//! Cameras: one that works, and each way in which one does not.

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use media::Codec;
use media::serve::{Film, RtspServer, ServeSettings};

use crate::Desk;

/// Two seconds of a grey bar that moves, so many pictures per second.
fn film(fps: u32) -> Film {
    let size = Size::new(320, 240);
    let picture = |number: u32| {
        let mut pixels = vec![90; 320 * 240 * 3];
        let begin = (number as usize * 960) % (320 * 240 * 3 - 9600);
        pixels[begin..begin + 9600].fill(200);
        Picture::rgb(size, 320 * 3, Bytes::from(pixels)).expect("the pixels fill it")
    };
    Film::encode(size, fps, &Codec::H264, (0..fps * 2).map(picture)).expect("can be encoded")
}

fn server(credentials: Option<(&str, &str)>, fps: u32) -> RtspServer {
    let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let server = RtspServer::start(ServeSettings { credentials, ..ServeSettings::loopback() }).expect("starts");
    server.mount("gate", film(fps));
    server
}

fn entry(id: &str, url: &str, more: &str) -> String {
    format!("- {{id: {id}, rtsp_url: \"{url}\"{more}}}\n")
}

#[test]
fn a_camera_that_works_is_described() {
    let server = server(Some(("ana", "s3cret")), 15);
    let cameras = format!("cameras:\n{}", entry("gate", &server.url("gate"), ", fps_target: 10"));
    let told = Desk::with(&[("cameras.yaml", &cameras)]).doctor("cameras");
    let (state, found, _) = told.of("gate");
    assert_eq!((told.code, state), (0, "ok"), "{found}");
    assert!(found.starts_with("H.264 of 320x240, first frame after "), "{found}");
    let fps: f64 = found.rsplit(", ").next().and_then(|text| text.split(' ').next()?.parse().ok()).expect("a number");
    assert!((13.0..17.0).contains(&fps), "15 are sent: {found}");
    assert!(!told.report.to_string().contains("s3cret"), "a password is never shown");
}

#[test]
fn each_way_in_which_a_camera_fails_has_its_own_words() {
    let server = server(Some(("ana", "s3cret")), 15);
    let wrong = server.url("gate").replace("s3cret", "wrong");
    let nowhere = server.url("gate").replace("/gate", "/lane");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let closed = listener.local_addr().expect("is bound").port();
    drop(listener);
    let cameras = [
        entry("password", &wrong, ""),
        entry("path", &nowhere, ""),
        entry("port", &format!("rtsp://127.0.0.1:{closed}/gate"), ""),
        entry("name", "rtsp://no-such-camera.invalid/gate", ""),
        entry("off", "rtsp://no-such-camera.invalid/gate", ", enabled: false"),
    ];
    let told = Desk::with(&[("cameras.yaml", &format!("cameras:\n{}", cameras.concat()))]).doctor("cameras");
    let expected = [
        (
            "password",
            "the camera refuses the user name or password",
            "correct them in rtsp_url; an @ in a password is written %40",
        ),
        ("path", "the camera has no such stream", "correct the path in rtsp_url"),
        (
            "port",
            &format!("127.0.0.1 is there and refuses connections at port {closed}"),
            "correct the port in rtsp_url",
        ),
        ("name", "nobody knows the name \"no-such-camera.invalid\"", "correct the host in rtsp_url"),
    ];
    for (subject, found, advice) in expected {
        let told = told.of(subject);
        assert_eq!((told.0, told.1), ("failed", found));
        assert!(told.2.starts_with(advice), "{}", told.2);
    }
    assert_eq!(told.code, 1);
    assert_eq!(told.report["checks"].as_array().map(Vec::len), Some(4), "a camera that is off is left alone");
}

#[test]
fn a_camera_that_is_silent_or_too_slow_is_told() {
    // Two machines: one that is asked for a picture it does not have lets others wait.
    let (slow, still) = (server(None, 6), server(None, 6));
    still.silence_mount("gate").expect("is there");
    let cameras = [entry("slow", &slow.url("gate"), ", fps_target: 20"), entry("still", &still.url("gate"), "")];
    let told = Desk::with(&[("cameras.yaml", &format!("cameras:\n{}", cameras.concat()))]).doctor("cameras");
    let (state, found, advice) = told.of("slow");
    assert!(state == "warning" && found.ends_with("and fps_target wants 20"), "{found}");
    assert!(advice.starts_with("raise the frame rate in the camera's own settings"), "{advice}");
    let (state, found, _) = told.of("still");
    assert_eq!((state, found), ("failed", "the camera lets us in and sends no picture for 10 s"));
}
