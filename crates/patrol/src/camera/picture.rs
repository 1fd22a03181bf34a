//! A picture of a camera as the hub hands it on: one for all who look.

use std::sync::OnceLock;

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use robot::Shot;

/// What stands between two pictures of an MJPEG stream.
pub(crate) const BOUNDARY: &str = "frame";

/// A picture and what is known of its age.
#[derive(Debug)]
pub(crate) struct Picture {
    /// The picture as the robot gave it.
    pub(crate) shot: Shot,
    /// When it was taken, by our clock, if the robot stamps its pictures.
    pub(crate) captured_at: Option<Timestamp>,
    /// When the robot was asked for it.
    pub(crate) asked_at: Timestamp,
    /// When it came.
    pub(crate) received_at: Timestamp,
    /// Whether another one came before it since the camera was looked at. The first may be from a buffer.
    pub(crate) follows_another: bool,
    part: OnceLock<Bytes>,
}

impl Picture {
    /// Returns the picture with what is known of its age.
    pub(crate) fn new(
        shot: Shot,
        captured_at: Option<Timestamp>,
        asked_at: Timestamp,
        received_at: Timestamp,
        follows_another: bool,
    ) -> Self {
        Self { shot, captured_at, asked_at, received_at, follows_another, part: OnceLock::new() }
    }

    /// Returns when it was taken, or else when it came.
    pub(crate) fn at(&self) -> Timestamp {
        self.captured_at.unwrap_or(self.received_at)
    }

    /// Returns whether the picture was surely taken after a moment. Without a stamp it must have been asked for after it,
    /// and differ from the one before.
    pub(crate) fn is_of_after(&self, moment: Timestamp) -> bool {
        match self.captured_at {
            Some(captured_at) => captured_at > moment,
            None => self.follows_another && self.asked_at >= moment,
        }
    }

    /// Returns whether a shot is this picture once more.
    pub(crate) fn is_again(&self, shot: &Shot) -> bool {
        match (self.shot.captured_at, shot.captured_at) {
            (Some(before), Some(now)) => before == now,
            _ => self.shot.jpeg == shot.jpeg,
        }
    }

    /// Returns the picture as a part of an MJPEG stream, which ends with the boundary, so that viewers show it at once.
    /// It is made once and shared by all viewers.
    pub(crate) fn part(&self) -> Bytes {
        let make = || {
            let jpeg = &self.shot.jpeg;
            let head = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
            let mut part = BytesMut::with_capacity(head.len() + jpeg.len() + BOUNDARY.len() + 6);
            part.put_slice(head.as_bytes());
            part.put_slice(jpeg);
            part.put_slice(format!("\r\n--{BOUNDARY}\r\n").as_bytes());
            part.freeze()
        };
        self.part.get_or_init(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).expect("is a time")
    }

    fn picture(captured_at: Option<Timestamp>, asked_at: Timestamp, follows_another: bool) -> Picture {
        let shot = Shot { jpeg: Bytes::from_static(b"jpeg"), captured_at };
        Picture::new(shot, captured_at, asked_at, asked_at, follows_another)
    }

    #[test]
    fn w12_a_picture_is_fresh_by_when_it_was_taken_not_by_when_it_was_asked_for() {
        let arrived = at(10);
        assert!(!picture(Some(at(9)), at(20), true).is_of_after(arrived));
        assert!(picture(Some(at(11)), at(20), true).is_of_after(arrived));
    }

    #[test]
    fn w12_a_picture_without_a_stamp_is_fresh_if_it_changed() {
        let arrived = at(10);
        assert!(!picture(None, at(20), false).is_of_after(arrived), "the first may be from a buffer");
        assert!(!picture(None, at(9), true).is_of_after(arrived));
        assert!(picture(None, at(11), true).is_of_after(arrived));
    }

    #[test]
    fn w33_a_part_is_made_once_for_all_viewers() {
        let picture = picture(None, at(0), false);
        assert_eq!(picture.part().as_ptr(), picture.part().as_ptr());
        assert_eq!(&picture.part()[..], b"Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\njpeg\r\n--frame\r\n");
    }
}
