//! Redis: one that keeps what it is told, and those that do not.

use bus::testing::RedisServer;

use crate::Desk;

fn desk(url: &str) -> Desk {
    Desk::with(&[]).set("REDIS_URL", url)
}

#[test]
fn a_server_that_keeps_what_it_is_told_is_fine() {
    let redis = RedisServer::new();
    let told = desk(&redis.url_text()).doctor("redis");
    assert_eq!(told.code, 0, "{:#}", told.report);
    let states = ["server", "keeping", "memory"].map(|subject| told.of(subject).0);
    assert_eq!(states, ["ok", "ok", "ok"]);
    assert!(told.of("server").1.contains(" answers at 127.0.0.1:"), "{}", told.of("server").1);
}

#[test]
fn a_server_that_forgets_is_refused() {
    let redis = RedisServer::new();
    redis.ask("CONFIG SET appendonly no maxmemory 100mb maxmemory-policy allkeys-lru").expect("is there");
    let told = desk(&redis.url_text()).doctor("redis");
    let (state, found, advice) = told.of("keeping");
    assert_eq!((state, found), ("failed", "it keeps nothing; a restart loses alerts that are under way"));
    assert!(advice.contains("appendonly yes"), "{advice}");
    let (state, found, _) = told.of("memory");
    assert!(state == "failed" && found.contains("maxmemory-policy allkeys-lru"), "{found}");
    assert_eq!(told.code, 1);
}

#[test]
fn a_wrong_password_and_a_dead_port_are_told_apart() {
    let mut redis = RedisServer::new();
    redis.ask("CONFIG SET requirepass s3cret").expect("is there");
    let address = redis.url_text().replace("redis://", "");
    for url in [format!("redis://:wrong@{address}"), format!("redis://{address}")] {
        let told = desk(&url).doctor("redis");
        let expected = format!("the server at {address} refuses the user name or password");
        assert_eq!(told.of("server").1, expected);
        assert!(!told.report.to_string().contains("wrong"), "a password is never shown");
    }
    assert_eq!(desk(&format!("redis://:s3cret@{address}")).doctor("redis").code, 0);

    redis.kill();
    let told = desk(&format!("redis://:s3cret@{address}")).doctor("redis");
    let (state, found, advice) = told.of("server");
    assert!(state == "failed" && found.contains(&address) && !found.contains("s3cret"), "{found}");
    assert!(advice.starts_with("start it, or correct REDIS_URL"), "{advice}");
}
