//! What browsers and others get for a path. The tests hold for the built pages as for the notice in their place.

use axum::body::to_bytes;

use super::*;

async fn get(path: &str, headers: &[(HeaderName, &str)]) -> Response {
    let headers =
        headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("is a header value"))).collect();
    page(Method::GET, path.parse().expect("is a path"), headers).await
}

fn header_of(answer: &Response, name: HeaderName) -> &str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("is text"))
}

async fn body(answer: Response) -> String {
    let bytes = to_bytes(answer.into_body(), 1 << 24).await.expect("is whole");
    String::from_utf8(bytes.to_vec()).expect("is text")
}

fn style_sheet() -> String {
    Files::iter().find(|name| name.ends_with(".css")).expect("there is a style sheet").into_owned()
}

#[tokio::test]
async fn the_first_page_is_checked_again_and_guarded() {
    let answer = get("/", &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header_of(&answer, header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(header_of(&answer, header::CACHE_CONTROL), "no-cache");
    assert_eq!(header_of(&answer, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    let policy = header_of(&answer, header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(body(answer).await.contains("<title>Ronda"));
}

#[tokio::test]
async fn no_page_needs_what_the_policy_forbids() {
    let html = body(get("/", &[]).await).await;
    for forbidden in ["<style", "style=", "javascript:", "onclick=", "http://", "https://"] {
        assert!(!html.contains(forbidden), "`{forbidden}` in the page");
    }
    assert_eq!(html.matches("<script").count(), html.matches("<script ").count(), "no script within the page");
}

#[tokio::test]
async fn an_address_typed_by_a_person_shows_the_first_page() {
    let browser = [(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in ["/wall", "/some/where", "/cameras/gate-1"] {
        assert_eq!(get(path, &browser).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(get("/assets/gone.js", &browser).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_program_that_asks_for_nothing_of_ours_is_told_so() {
    for path in ["/streams/api/v1/cameras", "/wall", "/.gitkeep", "/../Cargo.toml", "/assets"] {
        assert_eq!(get(path, &[(header::ACCEPT, "application/json")]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_are_only_read() {
    let answer = page(Method::POST, "/".parse().expect("is a path"), HeaderMap::new()).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header_of(&answer, header::ALLOW), "GET, HEAD");
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let tag = header_of(&get("/", &[]).await, header::ETAG).to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = get("/", &[(header::IF_NONE_MATCH, &known)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header_of(&answer, header::ETAG), tag);
        assert_eq!(body(answer).await, "");
    }
    assert_eq!(get("/", &[(header::IF_NONE_MATCH, "\"other\"")]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn files_with_a_hash_in_their_name_are_kept_for_good() {
    let name = style_sheet();
    let answer = get(&format!("/{name}"), &[]).await;
    assert_eq!(header_of(&answer, header::CONTENT_TYPE), "text/css; charset=utf-8");
    let kept = if name.starts_with(UNCHANGING) { "public, max-age=31536000, immutable" } else { "no-cache" };
    assert_eq!(header_of(&answer, header::CACHE_CONTROL), kept);
}

#[tokio::test]
async fn a_compressed_form_is_sent_where_there_is_one_and_it_is_taken() {
    let path = format!("/{}", style_sheet());
    for encoding in [Encoding::Brotli, Encoding::Gzip] {
        let name = encoding.name().expect("has a name");
        let answer = get(&path, &[(header::ACCEPT_ENCODING, name)]).await;
        let there_is_one = Files::get(&format!("{}{}", style_sheet(), encoding.suffix())).is_some();
        assert_eq!(there_is_one, ARE_BUILT);
        assert_eq!(header_of(&answer, header::CONTENT_ENCODING), if there_is_one { name } else { "" });
        assert_eq!(header_of(&answer, header::CONTENT_TYPE), "text/css; charset=utf-8");
        assert_eq!(header_of(&answer, header::VARY), "accept-encoding");
    }
    let plain = get(&path, &[]).await;
    assert_eq!(header_of(&plain, header::CONTENT_ENCODING), "");
}

#[test]
fn forms_of_a_file_have_tags_of_their_own() {
    let file = || Files::get(INDEX).expect("there is a first page");
    assert_ne!(tag(&file(), Encoding::Gzip), tag(&file(), Encoding::Identity));
}
