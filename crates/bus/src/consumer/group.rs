//! The commands of a group, one function each.

use std::time::Duration;

use redis::Cmd;

use super::Start;
use crate::connection::Connection;
use crate::entry::{Entry, RawEntry, ReadReply, entries};
use crate::{BusError, EntryId, Inspector, RedisUrl, metrics};

/// How long one read waits for a message.
const WAIT: Duration = Duration::from_secs(1);
/// How many messages one read takes. Few, so that another member can take a share.
const BATCH: usize = 10;
/// How many messages the stream of dead ones keeps.
const DEAD_MAX_LEN: u64 = 10_000;

/// Takes members off the list that are silent for `ARGV[3]` ms and hold nothing. A script, because a
/// member that got a message in between would lose it.
const REMOVE_DEAD: &str = r"
local removed = 0
for _, facts in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local member = {}
  for i = 1, #facts, 2 do member[facts[i]] = facts[i + 1] end
  if member.name ~= ARGV[2] and member.pending == 0 and member.idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], member.name)
    removed = removed + 1
  end
end
return removed
";

/// Takes this member off the list if it holds nothing.
const REMOVE_SELF: &str = r"
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return -1
";

/// A group of one stream, seen by one of its members.
pub(super) struct Group {
    /// For reads, which wait.
    reads: Connection,
    /// For everything else, so that an acknowledgement does not wait behind a read.
    commands: Connection,
    stream: String,
    group: String,
    member: String,
}

impl Group {
    pub(super) fn open(url: &RedisUrl, stream: &str, group: &str, member: String) -> Result<Self, BusError> {
        Ok(Self {
            reads: Connection::waiting(url, WAIT)?,
            commands: Connection::open(url)?,
            stream: stream.to_owned(),
            group: group.to_owned(),
            member,
        })
    }

    pub(super) fn member(&self) -> &str {
        &self.member
    }

    /// Makes the group, and the stream if need be. Returns whether it was not there.
    pub(super) async fn create(&self, start: Start) -> Result<bool, BusError> {
        let first = match start {
            Start::Beginning => "0",
            Start::Now => "$",
        };
        let mut command = command("XGROUP", &["CREATE"]);
        command.arg(&self.stream).arg(&self.group).arg(first).arg("MKSTREAM");
        match self.commands.send::<()>(&command).await {
            Err(error) if error.is_existing_group() => Ok(false),
            made => made.map(|()| true),
        }
    }

    /// Reads what this member got and did not acknowledge. On the connection of reads: a read that
    /// was given up may still be under way there, and must have got its messages before.
    pub(super) async fn read_own(&self, after: EntryId) -> Result<Vec<Entry>, BusError> {
        let mut command = self.read_command();
        command.arg("STREAMS").arg(&self.stream).arg(after.to_string());
        entries(self.reads.send::<ReadReply>(&command).await?)
    }

    /// Waits a moment for what nobody got yet.
    pub(super) async fn read_new(&self) -> Result<Vec<Entry>, BusError> {
        let mut command = self.read_command();
        command.arg("BLOCK").arg(WAIT.as_millis() as u64);
        command.arg("STREAMS").arg(&self.stream).arg(">");
        entries(self.reads.send::<ReadReply>(&command).await?)
    }

    /// Takes what was not acknowledged for `idle`, from whoever got it. Also returns how many more
    /// there would have been, had the stream not been trimmed.
    pub(super) async fn take_over(&self, idle: Duration) -> Result<(Vec<Entry>, u64), BusError> {
        let mut command = command("XAUTOCLAIM", &[]);
        command.arg(&self.stream).arg(&self.group).arg(&self.member);
        command.arg(idle.as_millis() as u64).arg("0").arg("COUNT").arg(BATCH);
        let (_, raw, trimmed): (String, Vec<RawEntry>, Vec<String>) = self.commands.send(&command).await?;
        let taken: Result<Vec<Entry>, BusError> = raw.into_iter().map(Entry::try_from).collect();
        Ok((taken?, trimmed.len() as u64))
    }

    /// Returns how many times each of these was delivered.
    pub(super) async fn deliveries(&self, entries: &[Entry]) -> Result<Vec<u64>, BusError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = redis::pipe();
        for entry in entries {
            let id = entry.id.to_string();
            commands.cmd("XPENDING").arg(&self.stream).arg(&self.group).arg(&id).arg(&id).arg(1);
        }
        let states: Vec<Vec<(String, String, u64, u64)>> = self.commands.send_all(&commands).await?;
        Ok(states.iter().map(|state| state.first().map_or(1, |(_, _, _, count)| *count)).collect())
    }

    pub(super) async fn ack(&self, id: EntryId) -> Result<(), BusError> {
        let mut command = command("XACK", &[]);
        command.arg(&self.stream).arg(&self.group).arg(id.to_string());
        self.commands.send(&command).await
    }

    /// Moves a message to the stream of dead ones, in one step with its acknowledgement.
    pub(super) async fn put_aside(&self, id: EntryId, dead: &str, json: &[u8], cause: &str) -> Result<(), BusError> {
        let mut commands = redis::pipe();
        commands.atomic();
        commands.cmd("XADD").arg(dead).arg("MAXLEN").arg("~").arg(DEAD_MAX_LEN).arg("*");
        commands.arg("data").arg(json).arg("cause").arg(cause);
        commands.arg("entry").arg(id.to_string()).arg("group").arg(&self.group).ignore();
        commands.cmd("XACK").arg(&self.stream).arg(&self.group).arg(id.to_string()).ignore();
        self.commands.send_all(&commands).await
    }

    pub(super) async fn remove_dead(&self, silence: Duration) -> Result<(), BusError> {
        let mut command = command("EVAL", &[REMOVE_DEAD, "1"]);
        command.arg(&self.stream).arg(&self.group).arg(&self.member);
        command.arg(silence.as_millis() as u64);
        self.commands.send::<u64>(&command).await.map(|_| ())
    }

    pub(super) async fn remove_self(&self) -> Result<(), BusError> {
        let mut command = command("EVAL", &[REMOVE_SELF, "1"]);
        command.arg(&self.stream).arg(&self.group).arg(&self.member);
        match self.commands.send::<i64>(&command).await {
            Err(error) if error.is_missing_group() => Ok(()),
            removed => removed.map(|_| ()),
        }
    }

    /// Notes in the metrics how far behind the group is.
    pub(super) async fn note_state(&self) -> Result<(), BusError> {
        let groups = Inspector::on(self.commands.clone()).groups(&self.stream).await?;
        if let Some(state) = groups.iter().find(|state| state.name == self.group) {
            metrics::pending(&self.stream).set(state.pending.try_into().unwrap_or(i64::MAX));
            metrics::lag(&self.stream).set(state.lag.unwrap_or(0).try_into().unwrap_or(i64::MAX));
        }
        Ok(())
    }

    fn read_command(&self) -> Cmd {
        let mut command = command("XREADGROUP", &["GROUP"]);
        command.arg(&self.group).arg(&self.member).arg("COUNT").arg(BATCH);
        command
    }
}

fn command(name: &str, first: &[&str]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(first);
    command
}
