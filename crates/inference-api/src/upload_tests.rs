//! Tests of reading uploads.

use axum::http::header;

use super::*;
use crate::budget::Budget;

const NAMES: Names = Names { file: "file", any_file: false, confidence: "conf" };
const LIMIT: usize = 64 << 10;

/// One part of a form: its headers after `form-data; `, and its content.
type Part<'a> = (&'a str, &'a [u8]);

fn form_body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(format!("--XX\r\nContent-Disposition: form-data; {headers}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

fn request(kind: &str, body: impl Into<Body>) -> Request {
    Request::post("/infer").header(header::CONTENT_TYPE, kind).body(body.into()).expect("is a request")
}

fn form(parts: &[Part<'_>]) -> Request {
    request("multipart/form-data; boundary=XX", form_body(parts))
}

fn intake(request: Request) -> Intake {
    Intake { request, limit: LIMIT, held: Budget::of_bytes(4 * LIMIT).growing() }
}

async fn read_named(request: Request, names: Names) -> Result<Form, Fault> {
    read_form(intake(request), names).await.map(|(form, _)| form)
}

async fn read(parts: &[Part<'_>]) -> Result<Form, Fault> {
    read_named(form(parts), NAMES).await
}

fn content(form: &Form) -> Option<&[u8]> {
    form.image.as_ref().map(|image| image.bytes.as_ref())
}

#[tokio::test]
async fn the_image_and_the_confidence_are_found_among_other_parts() {
    let form = read(&[
        ("name=\"api_key\"", b"secret"),
        ("name=\"conf\"", b"0.5"),
        ("name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/JPEG", b"pixels"),
    ]);
    let form = form.await.expect("is a form");
    assert_eq!(content(&form), Some(&b"pixels"[..]));
    assert_eq!(form.image.and_then(|image| image.declared).as_deref(), Some("image/jpeg"));
    assert_eq!(form.confidence.as_deref(), Some("0.5"));
}

#[tokio::test]
async fn an_upload_without_a_type_or_file_name_is_taken() {
    let form = read(&[("name=\"file\"", b"pixels")]).await.expect("is a form");
    assert_eq!(content(&form), Some(&b"pixels"[..]));
}

#[tokio::test]
async fn another_file_will_do_only_where_the_route_says_so() {
    let parts: [Part<'_>; 1] = [("name=\"photo\"; filename=\"a.jpg\"", b"pixels")];
    assert!(read(&parts).await.expect("is a form").image.is_none());
    let lenient = Names { any_file: true, ..NAMES };
    let form = read_named(form(&parts), lenient).await.expect("is a form");
    assert_eq!(content(&form), Some(&b"pixels"[..]));
}

#[tokio::test]
async fn the_named_part_wins_over_another_file_whatever_their_order() {
    let lenient = Names { any_file: true, ..NAMES };
    let other: Part<'_> = ("name=\"photo\"; filename=\"a.jpg\"", b"other");
    let named: Part<'_> = ("name=\"file\"; filename=\"b.jpg\"", b"named");
    for parts in [[other, named], [named, other]] {
        let form = read_named(form(&parts), lenient).await.expect("is a form");
        assert_eq!(content(&form), Some(&b"named"[..]));
    }
}

#[tokio::test]
async fn an_upload_at_the_limit_is_read_and_one_byte_more_is_refused() {
    let largest = vec![7; LIMIT];
    let form = read(&[("name=\"file\"", &largest)]).await.expect("is at the limit");
    assert_eq!(content(&form).map(<[u8]>::len), Some(LIMIT));
    let larger = vec![7; LIMIT + 1];
    let fault = read(&[("name=\"file\"", &larger)]).await.expect_err("is too large");
    assert!(matches!(fault, Fault::TooManyBytes { limit: LIMIT }), "{fault:?}");
}

#[tokio::test]
async fn a_body_that_is_no_form_is_a_form_without_parts() {
    for kind in ["image/jpeg", "application/x-www-form-urlencoded", ""] {
        let form = read_named(request(kind, "pixels"), NAMES).await.expect("is read");
        assert!(form.image.is_none(), "{kind}");
    }
}

#[tokio::test]
async fn a_form_that_ends_too_early_is_malformed() {
    let mut body = form_body(&[("name=\"file\"", b"pixels")]);
    body.truncate(body.len() - 12);
    for request in [
        request("multipart/form-data; boundary=XX", body),
        request("multipart/form-data; boundary=XX", "no boundary anywhere"),
        request("multipart/form-data", "no boundary announced"),
    ] {
        let fault = read_named(request, NAMES).await.expect_err("is no form");
        assert!(matches!(fault, Fault::Malformed(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn endless_parts_are_refused() {
    let parts = vec![("name=\"x\"", &b""[..]); MAX_PARTS + 1];
    let fault = read(&parts).await.expect_err("too many");
    assert!(matches!(fault, Fault::Malformed(_)), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_is_given_up() {
    let stalled = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let fault = read_named(request("multipart/form-data; boundary=XX", stalled), NAMES).await;
    assert!(matches!(fault, Err(Fault::Slow)), "{fault:?}");
}

#[tokio::test]
async fn a_plain_body_is_read_up_to_its_limit() {
    let of = |bytes| intake(request("application/json", vec![b' '; bytes]));
    let (body, _held) = read_body(of(LIMIT)).await.expect("is at the limit");
    assert_eq!(body.len(), LIMIT);
    let fault = read_body(of(LIMIT + 1)).await.expect_err("is larger");
    assert!(matches!(fault, Fault::TooManyBytes { .. }), "{fault:?}");
}

#[tokio::test]
async fn an_upload_for_which_there_is_no_memory_is_refused_as_busy() {
    let budget = Budget::of_bytes(LIMIT / 2);
    let tight = |request| Intake { request, limit: LIMIT, held: budget.growing() };
    let pieces = |of: usize| {
        let piece = |_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024]));
        let pieces: Vec<_> = (0..of / 1024).map(piece).collect();
        Body::from_stream(futures::stream::iter(pieces))
    };
    let (body, held) = read_body(tight(request("application/json", pieces(LIMIT / 2)))).await.expect("just fits");
    assert_eq!(body.len(), LIMIT / 2);
    let fault = read_body(tight(request("application/json", pieces(1024)))).await.expect_err("nothing is left");
    assert!(matches!(fault, Fault::Busy), "{fault:?}");
    let fault = read_form(tight(form(&[("name=\"file\"", b"pixels")])), NAMES).await.expect_err("nothing is left");
    assert!(matches!(fault, Fault::Busy), "{fault:?}");
    drop(held);
    assert!(read_form(tight(form(&[("name=\"file\"", b"pixels")])), NAMES).await.is_ok());
}

#[test]
fn an_upload_gets_the_room_that_it_announces_up_to_the_limit() {
    assert_eq!(announced_bytes(&request("image/jpeg", vec![0; 100]), LIMIT), 100);
    assert_eq!(announced_bytes(&request("image/jpeg", vec![0; LIMIT * 2]), LIMIT), LIMIT);
    let unknown = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(announced_bytes(&request("image/jpeg", unknown), LIMIT), LIMIT);
}

mod random {
    use proptest::prelude::*;

    use super::*;

    fn blocking<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("the system has threads to give").block_on(work)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever bytes arrive under whatever boundary, reading them ends, without a panic, with a form or a clear fault.
        #[test]
        fn any_body_is_a_form_or_a_fault(
            boundary in "[A-Za-z0-9'()+_,./:=?-]{0,70}",
            body in proptest::collection::vec(any::<u8>(), 0..2048),
        ) {
            let request = request(&format!("multipart/form-data; boundary={boundary}"), body);
            if let Err(fault) = blocking(read_named(request, NAMES)) {
                prop_assert!(fault.status().is_client_error(), "{fault:?}");
            }
        }

        /// Content comes out as it went in, however it is cut into chunks.
        #[test]
        fn content_survives_any_chunking(content in proptest::collection::vec(any::<u8>(), 0..4096), cut in 1usize..257) {
            // The boundary itself cannot be part of the content; a real client would choose another one.
            prop_assume!(!content.windows(4).any(|window| window == b"--XX"));
            let body = form_body(&[("name=\"conf\"", b"0.5"), ("name=\"file\"; filename=\"a\"", &content)]);
            let chunks: Vec<_> = body.chunks(cut).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect();
            let request = request("multipart/form-data; boundary=XX", Body::from_stream(futures::stream::iter(chunks)));
            let form = blocking(read_named(request, NAMES)).expect("is a form");
            prop_assert_eq!(super::content(&form), Some(&content[..]));
            prop_assert_eq!(form.confidence.as_deref(), Some("0.5"));
        }
    }
}
