//! Who may move the robot. Pure: the time and new tokens are arguments.
//!
//! A run that is under way has the robot. An operator can take it over, for which the run is paused first; the run gets it
//! back when it goes on, which it cannot while the operator has it. What an operator has ends by itself unless it is used.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::history::RunId;
use crate::view;

/// How long an operator has the robot without using it.
const LASTS: SignedDuration = SignedDuration::from_secs(30);

/// What an operator shows to move the robot.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// Returns the token of this text.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for the one who holds it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// What an operator was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// To be shown with each command.
    pub(crate) token: Token,
    /// The operator.
    pub(crate) holder: String,
    /// When it ends unless it is used.
    pub(crate) expires_at: Timestamp,
}

/// Why somebody may not move the robot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// A run has the robot.
    #[error("run {run} is under way: the robot is moved by it alone")]
    RunActive {
        /// Which run.
        run: RunId,
    },
    /// Somebody else has the robot.
    #[error("{holder} controls the robot until {expires_at}")]
    Controlled {
        /// Who.
        holder: String,
        /// When it ends unless it is used.
        expires_at: Timestamp,
    },
    /// Nobody has the robot, and whoever wants to move it must take it first.
    #[error("take control of the robot first")]
    NoToken,
}

/// Who may move the robot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    run: Option<RunId>,
    operator: Option<Grant>,
}

impl Rights {
    /// Gives the robot to a run, at its start and when it goes on.
    pub(crate) fn take_for_run(&mut self, now: Timestamp, run: RunId) -> Result<(), Refused> {
        self.not_controlled(now)?;
        match self.run {
            Some(other) if other != run => Err(Refused::RunActive { run: other }),
            _ => {
                (self.run, self.operator) = (Some(run), None);
                Ok(())
            }
        }
    }

    /// Takes the robot from a run.
    pub(crate) fn end_run(&mut self, run: RunId) {
        self.run = self.run.filter(|active| *active != run);
    }

    /// Gives the robot to an operator, or renews what the operator has.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        holder: &str,
        token: Option<&str>,
        take_over: bool,
        new_token: impl FnOnce() -> Token,
    ) -> Result<Grant, Refused> {
        if token.is_some() && self.allow(now, token).is_ok() {
            return Ok(self.operator.clone().expect("was allowed just now"));
        }
        if !take_over {
            self.not_controlled(now)?;
            if let Some(run) = self.run {
                return Err(Refused::RunActive { run });
            }
        }
        let grant = Grant { token: new_token(), holder: holder.to_owned(), expires_at: now + LASTS };
        Ok(self.operator.insert(grant).clone())
    }

    /// Ends what an operator has.
    pub(crate) fn give_back(&mut self, token: &str) {
        self.operator.take_if(|grant| grant.token.expose() == token);
    }

    /// Says whether the holder of a token may move the robot, and renews it.
    pub(crate) fn allow(&mut self, now: Timestamp, token: Option<&str>) -> Result<(), Refused> {
        match self.operator.as_mut().filter(|grant| grant.expires_at > now) {
            Some(grant) if token == Some(grant.token.expose()) => {
                grant.expires_at = now + LASTS;
                Ok(())
            }
            _ => {
                self.allow_anybody(now)?;
                Err(Refused::NoToken)
            }
        }
    }

    /// Says whether nobody has the robot.
    pub(crate) fn allow_anybody(&self, now: Timestamp) -> Result<(), Refused> {
        self.not_controlled(now)?;
        match self.run {
            Some(run) => Err(Refused::RunActive { run }),
            None => Ok(()),
        }
    }

    /// Returns who has the robot.
    pub(crate) fn shown(&self, now: Timestamp) -> Option<view::Control> {
        if let Some(grant) = self.operator_at(now) {
            return Some(view::Control {
                holder: grant.holder.clone(),
                kind: view::ControlKind::Operator,
                expires_at: Some(grant.expires_at),
            });
        }
        let run = self.run?;
        Some(view::Control { holder: run.to_string(), kind: view::ControlKind::Run, expires_at: None })
    }

    fn operator_at(&self, now: Timestamp) -> Option<&Grant> {
        self.operator.as_ref().filter(|grant| grant.expires_at > now)
    }

    fn not_controlled(&self, now: Timestamp) -> Result<(), Refused> {
        match self.operator_at(now) {
            Some(grant) => Err(Refused::Controlled { holder: grant.holder.clone(), expires_at: grant.expires_at }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).expect("is a time")
    }

    fn take(rights: &mut Rights, now: i64, holder: &str, take_over: bool) -> Result<Grant, Refused> {
        rights.take(at(now), holder, None, take_over, || Token::new(format!("token of {holder}")))
    }

    #[test]
    fn w05_nobody_moves_the_robot_of_a_run_by_accident() {
        let mut rights = Rights::default();
        rights.take_for_run(at(0), RunId(7)).expect("is free");
        let refused = Err(Refused::RunActive { run: RunId(7) });
        assert_eq!(rights.allow_anybody(at(1)), refused);
        assert_eq!(rights.allow(at(1), Some("made up")), refused);
        assert_eq!(take(&mut rights, 1, "ana", false).map(|_| ()), refused);
    }

    #[test]
    fn w05_an_operator_takes_over_on_purpose_and_the_run_goes_on_afterwards() {
        let mut rights = Rights::default();
        rights.take_for_run(at(0), RunId(7)).expect("is free");
        let grant = take(&mut rights, 1, "ana", true).expect("takes over");
        assert_eq!(rights.allow(at(2), Some(grant.token.expose())), Ok(()));
        let controlled = Refused::Controlled { holder: "ana".to_owned(), expires_at: at(32) };
        assert_eq!(rights.take_for_run(at(3), RunId(7)), Err(controlled));
        rights.give_back(grant.token.expose());
        assert_eq!(rights.take_for_run(at(4), RunId(7)), Ok(()));
    }

    #[test]
    fn w13_two_runs_never_have_the_robot() {
        let mut rights = Rights::default();
        rights.take_for_run(at(0), RunId(7)).expect("is free");
        assert_eq!(rights.take_for_run(at(1), RunId(8)), Err(Refused::RunActive { run: RunId(7) }));
        rights.end_run(RunId(8));
        assert_eq!(rights.take_for_run(at(2), RunId(8)), Err(Refused::RunActive { run: RunId(7) }));
        rights.end_run(RunId(7));
        assert_eq!(rights.take_for_run(at(3), RunId(8)), Ok(()));
    }

    #[test]
    fn what_is_not_used_ends_by_itself() {
        let mut rights = Rights::default();
        let ana = take(&mut rights, 0, "ana", false).expect("is free");
        assert!(matches!(take(&mut rights, 29, "ben", false), Err(Refused::Controlled { .. })));
        rights.allow(at(29), Some(ana.token.expose())).expect("has it");
        assert!(take(&mut rights, 40, "ben", false).is_err(), "was renewed");
        take(&mut rights, 60, "ben", false).expect("was not used for 30 s");
        let shut_out = rights.allow(at(61), Some(ana.token.expose()));
        assert!(matches!(shut_out, Err(Refused::Controlled { holder, .. }) if holder == "ben"));
    }

    #[test]
    fn an_operator_renews_by_the_token_and_keeps_it() {
        let mut rights = Rights::default();
        let first = take(&mut rights, 0, "ana", false).expect("is free");
        let again = rights.take(at(20), "ana", Some(first.token.expose()), false, || unreachable!("has one"));
        assert_eq!(again.expect("has it"), Grant { expires_at: at(50), ..first });
    }

    #[test]
    fn whoever_wants_to_move_the_robot_takes_it_first() {
        let mut rights = Rights::default();
        assert_eq!(rights.allow(at(0), None), Err(Refused::NoToken));
        assert_eq!(rights.allow_anybody(at(0)), Ok(()), "those who know no tokens may, while nobody has it");
    }

    #[test]
    fn it_is_shown_who_has_the_robot() {
        let mut rights = Rights::default();
        assert_eq!(rights.shown(at(0)), None);
        rights.take_for_run(at(0), RunId(7)).expect("is free");
        assert_eq!(rights.shown(at(0)).expect("a run").kind, view::ControlKind::Run);
        take(&mut rights, 1, "ana", true).expect("takes over");
        assert_eq!(rights.shown(at(1)).expect("ana").holder, "ana");
        assert_eq!(rights.shown(at(60)).expect("the run again").holder, "7");
    }
}
