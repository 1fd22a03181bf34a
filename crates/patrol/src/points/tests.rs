//! The promises of the point book.

use super::*;

struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    fn book(&self) -> PointBook {
        PointBook::open(self.dir.path(), &self.dir.path().join("robot-a")).expect("is opened")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("is in a directory")).expect("is made");
        std::fs::write(path, content).expect("is written");
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("robot-a/config/points.json")).expect("is there")
    }
}

fn point(id: &str, x: f64, y: f64) -> Waypoint {
    Waypoint::at(id, format!("Point {id}"), x, y)
}

fn place(id: &str, name: &str, x: f64) -> Place {
    Place { id: id.to_owned(), name: name.to_owned(), x, y: 0.0, theta: 0.5 }
}

fn ids(points: &[Waypoint]) -> Vec<&str> {
    points.iter().map(|point| point.id.as_str()).collect()
}

#[tokio::test]
async fn without_a_file_there_are_no_waypoints() {
    let site = Site::new();
    assert_eq!(site.book().list().await.expect("is readable"), []);
    assert_eq!(site.book().routes().await.expect("is readable"), Vec::<String>::new());
}

#[tokio::test]
async fn the_file_keeps_the_form_and_the_foreign_keys_of_the_older_program() {
    let site = Site::new();
    site.write("robot-a/config/points.json", r#"[{"id":"1","name":"大廳","x":1,"y":2,"colour":"red"},{"id":"2"}]"#);
    let book = site.book();
    assert_eq!(ids(&book.list().await.expect("is readable")), ["1"], "an entry that is no waypoint hides no other");
    book.put(point("3", 5.0, 6.0)).await.expect("is saved");
    let text = site.text();
    assert!(text.starts_with("[\n    {\n        \"id\": \"1\",\n        \"name\": \"大廳\""), "{text}");
    assert!(text.contains("\"colour\": \"red\"") && text.contains("\"id\": \"2\""), "{text}");
}

#[tokio::test]
async fn the_waypoints_of_the_older_layout_are_taken_over_once() {
    let site = Site::new();
    site.write("config/points.json", r#"[{"id":"1","name":"Gate","x":1,"y":2,"theta":0,"prompt":"?","enabled":true}]"#);
    let book = site.book();
    assert_eq!(ids(&book.list().await.expect("is readable")), ["1"]);
    book.remove("1").await.expect("is there");
    assert_eq!(site.book().list().await.expect("is readable"), []);
}

#[tokio::test]
async fn a_waypoint_is_put_changed_and_removed() {
    let site = Site::new();
    let book = site.book();
    let id = book.put(Waypoint { id: String::new(), ..point("", 1.0, 2.0) }).await.expect("is saved");
    assert!(id.parse::<i64>().is_ok_and(|millis| millis > 1_700_000_000_000), "{id}");
    book.put(Waypoint { id: id.clone(), ..point("", 3.0, 4.0) }).await.expect("is saved");
    book.update(&id, point("ignored", 5.0, 6.0)).await.expect("is there");
    let points = book.list().await.expect("is readable");
    assert_eq!((ids(&points), points[0].x), (vec![id.as_str()], 5.0));
    assert!(matches!(book.update("nobody", point("", 0.0, 0.0)).await, Err(PointsError::Absent(_))));
    book.remove(&id).await.expect("is there");
    assert!(matches!(book.remove(&id).await, Err(PointsError::Absent(_))));
}

#[tokio::test]
async fn a_waypoint_that_cannot_be_reached_by_anybody_is_refused() {
    let book = Site::new().book();
    for wrong in [
        point("1", f64::NAN, 0.0),
        point("1", 0.0, f64::INFINITY),
        Waypoint { theta: 7.0, ..point("1", 0.0, 0.0) },
        Waypoint { name: " ".to_owned(), ..point("1", 0.0, 0.0) },
    ] {
        assert!(matches!(book.put(wrong.clone()).await, Err(PointsError::Refused(_))), "{wrong:?}");
        assert!(matches!(book.replace(vec![wrong], None).await, Err(PointsError::Refused(_))));
    }
    let many = (0..=MOST_POINTS).map(|index| point(&index.to_string(), 0.0, 0.0)).collect();
    assert!(matches!(book.replace(many, None).await, Err(PointsError::Refused(_))));
    assert_eq!(book.list().await.expect("is readable"), []);
}

#[tokio::test]
async fn who_did_not_see_the_last_change_does_not_overwrite_it() {
    let book = Site::new().book();
    let empty = book.read().await.expect("is readable").tag();
    let first = book.replace(vec![point("1", 0.0, 0.0)], Some(&empty)).await.expect("nobody else changed them");
    let late = book.replace(vec![point("2", 0.0, 0.0)], Some(&empty)).await;
    assert!(matches!(late, Err(PointsError::Changed)), "{late:?}");
    book.replace(vec![point("2", 0.0, 0.0)], Some(&first.tag())).await.expect("has seen it");
}

#[tokio::test]
async fn ids_that_occur_twice_become_two() {
    let book = Site::new().book();
    let points = vec![point("1", 0.0, 0.0), point("1", 1.0, 0.0), point("", 2.0, 0.0)];
    let points = book.replace(points, None).await.expect("is saved").points;
    let distinct: std::collections::BTreeSet<&str> = ids(&points).into_iter().collect();
    assert_eq!((distinct.len(), points[0].id.as_str()), (3, "1"));
}

#[tokio::test]
async fn places_of_the_robot_are_taken_over_once() {
    let book = Site::new().book();
    let places = [place("L01-long-id", "Desk", 1.0), place("L01-long-other", "Door", 2.0), place("x", "Desk", 1.001)];
    let taken = book.take_over(&places).await.expect("is saved");
    assert_eq!((taken.added, taken.skipped), (vec!["Desk".to_owned(), "Door".to_owned()], vec!["Desk".to_owned()]));
    let points = book.list().await.expect("is readable");
    assert!(points[0].id.ends_with("_L01-long") && points[0].id != points[1].id, "{points:?}");
    assert_eq!((points[0].source.as_deref(), points[0].theta), (Some("robot"), 0.5));
    let again = book.take_over(&places).await.expect("is saved");
    assert_eq!((again.added.len(), again.total_points, again.total_robot_locations), (0, 2, 3));
}

#[tokio::test]
async fn waypoints_are_put_in_order() {
    let book = Site::new().book();
    let points = vec![point("a", 1.0, 3.0), point("b", 3.0, 1.0), point("c", 2.0, 2.0)];
    book.replace(points, None).await.expect("is saved");
    for (strategy, expected) in [
        (Strategy::Up, ["b", "c", "a"]),
        (Strategy::Down, ["a", "c", "b"]),
        (Strategy::Right, ["a", "c", "b"]),
        (Strategy::Left, ["b", "c", "a"]),
    ] {
        let points = book.arrange(strategy, (0.0, 0.0)).await.expect("is saved").points;
        assert_eq!(ids(&points), expected, "{strategy:?}");
    }
    book.replace(vec![point("far", 9.0, 0.0), point("near", 1.0, 0.0), point("mid", 5.0, 1.0)], None)
        .await
        .expect("is saved");
    let off = Waypoint { enabled: false, ..point("off", 2.0, 0.0) };
    book.put(off).await.expect("is saved");
    let points = book.arrange(Strategy::Shortest, (0.0, 0.0)).await.expect("is saved").points;
    assert_eq!(points.last().map(|point| point.id.as_str()), Some("off"));
    let round = |order: &[&str]| ids(&points)[..3] == *order;
    assert!(round(&["near", "far", "mid"]) || round(&["mid", "far", "near"]), "{:?}", ids(&points));
}

#[tokio::test]
async fn a_round_is_kept_by_name() {
    let site = Site::new();
    let book = site.book();
    for name in ["夜間", "day_1"] {
        book.save_route(name, vec![point("1", 0.0, 0.0)]).await.expect("is saved");
    }
    assert_eq!(book.routes().await.expect("is readable"), ["day_1", "夜間"]);
    assert_eq!(book.route("夜間").await.expect("is readable").map(|route| route.len()), Some(1));
    assert_eq!(book.route("other").await.expect("is readable"), None);
    book.delete_route("day_1").await.expect("is there");
    assert!(matches!(book.delete_route("day_1").await, Err(PointsError::Absent(_))));
}

#[tokio::test]
async fn no_name_of_a_route_leads_out_of_its_directory() {
    let site = Site::new();
    site.write("robot-a/config/routes/../secret.json", "[]");
    let book = site.book();
    for name in ["", "../secret", "a/b", "..", "a.b", "a b", &"x".repeat(65)] {
        assert!(matches!(book.save_route(name, Vec::new()).await, Err(PointsError::Refused(_))), "{name:?}");
        assert_eq!(book.route(name).await.expect("is readable"), None, "{name:?}");
        assert!(matches!(book.delete_route(name).await, Err(PointsError::Absent(_))), "{name:?}");
    }
}
