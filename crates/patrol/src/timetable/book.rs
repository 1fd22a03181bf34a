//! The file of schedules: read at the start, written whole at every change. Items of the older form stay as they are.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::schedule::{Form, Id, Schedule, ScheduleError};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};
use tokio::sync::Notify;

/// The schedules of one robot. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Timetable {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    book: Mutex<Book>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Book {
    schedules: Vec<Schedule>,
    /// Items that are no schedules: they are kept as they are, and not followed.
    unread: Vec<Value>,
    /// Whether the file may be written. One that cannot be read at all is not overwritten.
    is_broken: bool,
}

/// Why a schedule was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookError {
    /// It is none.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// There is none of this name.
    #[error("there is no schedule {0:?}")]
    Unknown(String),
    /// It cannot be kept.
    #[error("cannot keep the schedules: {0}")]
    Write(#[from] std::io::Error),
    /// The file is broken and not overwritten.
    #[error("the file of the schedules cannot be read and is not overwritten; mend it first")]
    Broken,
}

impl Timetable {
    /// Opens the schedules of a robot; those of the layout before robots had their own are taken over once. Returns also
    /// what is wrong with the file.
    pub(crate) fn open(robot_dir: &Path, data_dir: &Path) -> (Self, Option<String>) {
        let path = robot_dir.join("config").join("patrol_schedule.json");
        let earlier = data_dir.join("config").join("patrol_schedule.json");
        let from = if path.exists() { &path } else { &earlier };
        let (book, problem) = match std::fs::read(from) {
            Ok(text) => read(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Book::default(), None),
            Err(error) => (Book { is_broken: true, ..Book::default() }, Some(error.to_string())),
        };
        let shared = Shared { path, book: Mutex::new(book), changed: Notify::new() };
        (Self { shared: Arc::new(shared) }, problem)
    }

    /// Returns every schedule.
    pub(crate) fn list(&self) -> Vec<Schedule> {
        self.lock().schedules.clone()
    }

    /// Waits until something changes.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// Adds a schedule.
    pub(crate) fn add(&self, form: &Form) -> Result<Schedule, BookError> {
        let schedule = form.schedule(new_id()?)?;
        let added = schedule.clone();
        self.change(|schedules| {
            schedules.push(added);
            Ok(())
        })?;
        Ok(schedule)
    }

    /// Changes what is given in one schedule.
    pub(crate) fn edit(&self, id: &str, form: &Form) -> Result<Schedule, BookError> {
        let mut edited = None;
        self.change(|schedules| {
            let schedule = schedules.iter_mut().find(|schedule| schedule.id.as_str() == id);
            let schedule = schedule.ok_or_else(|| BookError::Unknown(id.to_owned()))?;
            *schedule = form.changed(schedule.clone())?;
            edited = Some(schedule.clone());
            Ok(())
        })?;
        edited.ok_or_else(|| BookError::Unknown(id.to_owned()))
    }

    /// Removes a schedule.
    pub(crate) fn remove(&self, id: &str) -> Result<(), BookError> {
        self.change(|schedules| {
            let before = schedules.len();
            schedules.retain(|schedule| schedule.id.as_str() != id);
            if schedules.len() == before { Err(BookError::Unknown(id.to_owned())) } else { Ok(()) }
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Schedule>) -> Result<(), BookError>) -> Result<(), BookError> {
        let mut book = self.lock();
        if book.is_broken {
            return Err(BookError::Broken);
        }
        let mut schedules = book.schedules.clone();
        change(&mut schedules)?;
        let mut items: Vec<Value> = Vec::with_capacity(schedules.len() + book.unread.len());
        for schedule in &schedules {
            items.push(serde_json::to_value(schedule).map_err(std::io::Error::from)?);
        }
        items.extend(book.unread.iter().cloned());
        let path = &self.shared.path;
        std::fs::create_dir_all(path.parent().unwrap_or(path))?;
        store::write_whole(path, &pretty(&items)?)?;
        book.schedules = schedules;
        self.shared.changed.notify_one();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a file. An item that is no schedule does not hide the others.
fn read(text: &[u8]) -> (Book, Option<String>) {
    let items: Vec<Value> = match serde_json::from_slice(text) {
        Ok(items) => items,
        Err(error) => return (Book { is_broken: true, ..Book::default() }, Some(error.to_string())),
    };
    let mut book = Book::default();
    let mut problems = Vec::new();
    for item in items {
        match serde_json::from_value::<Schedule>(item.clone()) {
            Ok(schedule) => book.schedules.push(schedule),
            Err(error) => {
                problems.push(format!("{item}: {error}"));
                book.unread.push(item);
            }
        }
    }
    (book, (!problems.is_empty()).then(|| problems.join("; ")))
}

/// Writes as the older program does: four blanks.
fn pretty(items: &[Value]) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    items.serialize(&mut serializer).map_err(std::io::Error::from)?;
    Ok(text)
}

/// Eight hexadecimal digits, as the first ones of a UUID.
fn new_id() -> Result<Id, ScheduleError> {
    Id::try_from(format!("{:08x}", fastrand::u32(..)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(value: Value) -> Form {
        serde_json::from_value(value).expect("is a form")
    }

    fn write(dir: &Path, text: &str) {
        let config = dir.join("robot-a/config");
        std::fs::create_dir_all(&config).expect("is made");
        std::fs::write(config.join("patrol_schedule.json"), text).expect("is written");
    }

    fn open(dir: &Path) -> (Timetable, Option<String>) {
        Timetable::open(&dir.join("robot-a"), dir)
    }

    fn file(dir: &Path) -> Value {
        let text = std::fs::read(dir.join("robot-a/config/patrol_schedule.json")).expect("is there");
        serde_json::from_slice(&text).expect("is JSON")
    }

    #[test]
    fn items_of_the_older_program_stay_as_they_are() {
        let dir = tempfile::tempdir().expect("a directory");
        let items = json!([{"id": "1a2b3c4d", "time": "08:05", "days": [0, 1], "enabled": false}]);
        write(dir.path(), &items.to_string());
        let (timetable, problem) = open(dir.path());
        assert_eq!((timetable.list().len(), problem), (1, None));
        let added = timetable.add(&form(json!({"time": "22:00"}))).expect("is added");
        let written = file(dir.path());
        assert_eq!(written[0], items[0]);
        assert_eq!(written[1]["id"], added.id.as_str());
    }

    #[test]
    fn the_file_of_the_earlier_layout_is_taken_over() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("config")).expect("is made");
        let items = json!([{"id": "1", "time": "08:00", "days": [0], "enabled": true}]).to_string();
        std::fs::write(dir.path().join("config/patrol_schedule.json"), items).expect("is written");
        let (timetable, _) = open(dir.path());
        timetable.edit("1", &form(json!({"enabled": false}))).expect("is changed");
        assert_eq!(file(dir.path())[0]["enabled"], false);
        timetable.remove("1").expect("is removed");
        assert_eq!(open(dir.path()).0.list(), []);
    }

    #[test]
    fn an_item_that_is_no_schedule_hides_no_other_and_is_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let odd = json!({"id": "2", "time": "soon"});
        let items = json!([odd, {"id": "1", "time": "08:00", "days": [0], "enabled": true}]);
        write(dir.path(), &items.to_string());
        let (timetable, problem) = open(dir.path());
        assert!(problem.is_some_and(|problem| problem.contains("soon")));
        timetable.remove("1").expect("is removed");
        assert_eq!(file(dir.path()), json!([odd]));
    }

    #[test]
    fn a_file_that_is_no_json_is_not_overwritten() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path(), "[{");
        let (timetable, problem) = open(dir.path());
        assert!(problem.is_some());
        let refused = timetable.add(&form(json!({"time": "08:00"}))).expect_err("is refused");
        assert!(matches!(refused, BookError::Broken), "{refused}");
    }

    #[test]
    fn an_unknown_schedule_is_not_changed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (timetable, _) = open(dir.path());
        let refused = timetable.edit("9", &form(json!({"enabled": true}))).expect_err("is unknown");
        assert_eq!(refused.to_string(), "there is no schedule \"9\"");
        assert!(timetable.remove("9").is_err());
    }
}
