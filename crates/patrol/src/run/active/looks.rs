//! The looks of a run: the pictures of each visit, what is written down of them, and their verdicts.

use domain::patrol::event::RunEventKind;
use domain::patrol::run::{Event, Ticket, Trouble};
use domain::patrol::{CameraSide, Verdict, Waypoint};
use jiff::Timestamp;
use tracing::{error, warn};

use super::super::wrap;
use super::Active;
use crate::history::{NewInspection, Photo, Settlement};
use crate::inspect::{Job, Settled};
use crate::metrics;

/// A picture that is on disk.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) visit: usize,
    image_path: String,
    captured_at: Timestamp,
}

impl Kept {
    fn photo(&self) -> Photo {
        Photo { path: self.image_path.clone(), captured_at: self.captured_at }
    }
}

impl Active {
    /// Returns what the run should hear of a verdict.
    pub(in crate::run) async fn settled(&self, settled: &Settled) -> Vec<Event> {
        let Some(visit) = self.visits.get(&settled.inspection).copied() else { return Vec::new() };
        let verdict = settled.verdict;
        let point = self.run.plan().waypoint(visit).map(|waypoint| waypoint.name.clone());
        self.publish(RunEventKind::Inspected, point, Some(verdict), verdict.to_string()).await;
        vec![Event::Judged { visit, verdict }]
    }

    /// Returns what the run should hear of all verdicts that there are.
    pub(in crate::run) async fn settled_in_records(&self) -> Vec<Event> {
        match self.app.history.inspections(self.id).await {
            Ok(rows) => {
                let judged = rows.iter().filter_map(|row| Some((self.visits.get(&row.id)?, row.verdict?)));
                judged.map(|(visit, verdict)| Event::Judged { visit: *visit, verdict }).collect()
            }
            Err(cause) => {
                error!(run = self.id.0, "verdicts cannot be read: {cause}");
                Vec::new()
            }
        }
    }

    /// Waits for a fresh picture of a visit, and keeps it.
    pub(super) fn shoot(&mut self, ticket: Ticket, visit: usize, side: CameraSide, after: Timestamp) {
        let (app, id, started_at) = (self.app.clone(), self.id, self.started_at);
        let (post, kept) = (self.post.clone(), self.kept.0.clone());
        let limit = self.run.plan().limits.picture;
        let name = self.run.plan().waypoint(visit).map(|waypoint| waypoint.name.clone()).unwrap_or_default();
        self.helpers.spawn(async move {
            let event = match wrap::fresh_picture(&app, (id, started_at), &name, side, after, limit).await {
                Ok((image_path, captured_at)) => {
                    let _ = kept.send(Kept { visit, image_path, captured_at });
                    Event::Photo { ticket, captured_at }
                }
                Err(cause) => {
                    warn!(run = id.0, point = name, "no fresh picture: {cause:#}");
                    Event::NoPhoto { ticket }
                }
            };
            let _ = post.send(event);
        });
    }

    /// Has the pictures of a visit judged. Pictures that cannot be given to the model are an error, never an OK.
    pub(super) async fn judge(&mut self, visit: usize) {
        if let Err(cause) = self.give_to_model(visit).await {
            error!(run = self.id.0, "the pictures of a waypoint cannot be judged: {cause:#}");
            metrics::verdict(Verdict::Error);
            if let Some(id) = self.inspections[visit] {
                let answer = format!("Error: {cause:#}");
                let settlement = Settlement::without_answer(Timestamp::now(), Verdict::Error, "Not Judged", answer);
                if let Err(cause) = self.app.history.settle(id, &settlement).await {
                    error!(run = self.id.0, "an inspection stays without a verdict: {cause}");
                }
            }
            let _ = self.post.send(Event::Judged { visit, verdict: Verdict::Error });
        }
    }

    async fn give_to_model(&mut self, visit: usize) -> anyhow::Result<()> {
        let mut pictures = self.pictures.remove(&visit).unwrap_or_default();
        // Those of an attempt that was broken off come first, and are not of this look.
        let wanted = self.run.plan().waypoint(visit).map_or(1, Waypoint::photo_count);
        let left_over = pictures.len().saturating_sub(usize::try_from(wanted).unwrap_or(usize::MAX));
        pictures.drain(..left_over);
        let new = self.inspection(visit, "Success".to_owned(), &pictures);
        let (point_id, prompt) = (new.point_id.clone(), new.prompt.clone());
        let id = self.app.history.add_inspection(&new).await?;
        self.inspections[visit] = Some(id);
        self.visits.insert(id, visit);
        let pictures = pictures.into_iter().map(|kept| kept.image_path).collect();
        self.app.inspector.enqueue(Job { inspection: id, run: Some(self.id), pictures, prompt, point_id }).await
    }

    /// Writes down a visit that came to nothing, and why.
    pub(super) async fn record(&mut self, visit: usize, verdict: Verdict, trouble: &Trouble) {
        metrics::verdict(verdict);
        let new = self.inspection(visit, trouble.moving_status(), &[]);
        let point = new.point_name.clone();
        let answer = match verdict {
            Verdict::Unreachable => "Move Failed",
            Verdict::Stale => "No Fresh Picture",
            _ => "Cancelled",
        };
        let recorded = async {
            let id = self.app.history.add_inspection(&new).await?;
            let settlement = Settlement::without_answer(Timestamp::now(), verdict, answer, trouble.to_string());
            self.app.history.settle(id, &settlement).await?;
            anyhow::Ok(id)
        };
        match recorded.await {
            Ok(id) => {
                self.inspections[visit] = Some(id);
                self.app.tell_verdict(id).await;
            }
            Err(cause) => error!(run = self.id.0, point, "what became of a waypoint is not recorded: {cause:#}"),
        }
        self.publish(RunEventKind::Inspected, Some(point), Some(verdict), trouble.to_string()).await;
    }

    fn inspection(&self, visit: usize, moving_status: String, pictures: &[Kept]) -> NewInspection {
        let empty = || Waypoint::at("", "", 0.0, 0.0);
        let waypoint = self.run.plan().waypoint(visit).cloned().unwrap_or_else(empty);
        let first = pictures.first();
        NewInspection {
            run: self.id,
            at: Timestamp::now(),
            prompt: format!("[Location: {}] {}", waypoint.name, waypoint.question()),
            point_id: waypoint.id,
            point_name: waypoint.name,
            x: waypoint.x,
            y: waypoint.y,
            theta: waypoint.theta,
            moving_status,
            image_path: first.map(|kept| kept.image_path.clone()),
            captured_at: first.map(|kept| kept.captured_at),
            more_photos: pictures.iter().skip(1).map(Kept::photo).collect(),
            round: self.run.round(),
        }
    }
}
