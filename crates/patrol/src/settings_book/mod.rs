//! What people set while the program runs: kept in the site's database, checked before it is kept, and known to every
//! process of the site within about a second.
//!
//! A value is, from the weakest to the strongest: the default, what is stored for the site, what is stored for this
//! robot, what the environment says. Only what somebody changed is stored, so that a better default reaches everybody. A
//! stored value that cannot be used never keeps the rest from being read: it counts as not stored and is told of.

mod change;
mod fields;
mod kind;
mod legacy;
mod prompts;
mod resolve;
mod schema;
#[cfg(test)]
mod tests;
mod typed;
mod vault;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::{Env, Stop};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::history::History;

pub(crate) use change::SettingsRefused;
pub(crate) use schema::FieldView;
pub(crate) use typed::{Provider, Settings};
pub(crate) use vault::Vault;

use change::Scope;
use resolve::{Resolved, Stored};

/// How often the database is asked whether another process changed something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The settings of this robot. Clones share them.
#[derive(Clone)]
pub(crate) struct SettingsBook {
    shared: Arc<Shared>,
}

struct Shared {
    history: History,
    vault: Vault,
    environment: BTreeMap<&'static str, Value>,
    current: watch::Sender<Arc<Snapshot>>,
    /// Held while something is changed, so that two changes of one process do not lose each other.
    changing: Mutex<()>,
}

/// Everything as of one moment.
#[derive(Debug)]
struct Snapshot {
    stored: Stored,
    resolved: Resolved,
    settings: Arc<Settings>,
}

impl SettingsBook {
    /// Opens the settings of a site: those in its database, those of `data/config/settings.json` the first time.
    pub(crate) async fn open(history: &History, env: &Env) -> anyhow::Result<Self> {
        let vault = Vault::open(history.data_dir()).context("opening the key of the stored secrets")?;
        let environment = fields::of_environment(env).context("reading settings from the environment")?;
        legacy::import_file(history, &vault).await.context("reading the settings file of the older layout")?;
        legacy::encrypt_plain(history, &vault).await.context("encrypting stored secrets")?;
        let stored = Stored::read(history).await?;
        let snapshot = Snapshot::of(stored, &environment, &vault, history.robot())?;
        snapshot.tell();
        history.set_zone(snapshot.settings.zone());
        let shared = Shared {
            history: history.clone(),
            vault,
            environment,
            current: watch::Sender::new(Arc::new(snapshot)),
            changing: Mutex::new(()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns the settings as they are.
    pub(crate) fn current(&self) -> Arc<Settings> {
        self.shared.current.borrow().settings.clone()
    }

    /// Returns a receiver that is told of every change, whichever process made it.
    pub(crate) fn changes(&self) -> SettingsChanges {
        SettingsChanges { receiver: self.shared.current.subscribe() }
    }

    /// Returns what keeps the secrets of the site.
    pub(crate) fn vault(&self) -> &Vault {
        &self.shared.vault
    }

    /// Returns every setting of the site as people may see it: secrets masked. What this robot has different is not in it,
    /// or it would be taken for what all robots have.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        self.of_site().shown()
    }

    /// Returns the same with the names of both generations, and what is stored under names nobody knows.
    pub(crate) fn shown_to_legacy(&self) -> Map<String, Value> {
        legacy::shown(&self.of_site(), &self.shared.current.borrow().stored)
    }

    fn of_site(&self) -> Resolved {
        let Shared { history, vault, environment, .. } = &*self.shared;
        Resolved::of(&self.shared.current.borrow().stored.of_site(), environment, vault, history.robot())
    }

    /// Returns what this robot has different from the site, as people may see it.
    pub(crate) fn shown_of_robot(&self) -> Map<String, Value> {
        self.shared.current.borrow().resolved.shown_of_robot()
    }

    /// Returns what there is to set.
    pub(crate) fn schema(&self) -> Vec<FieldView> {
        schema::fields(&self.shared.current.borrow().resolved, &self.shared.environment)
    }

    /// Changes settings of the site: all of them, or none if one is refused. `null` returns to the default.
    pub(crate) async fn change(&self, changes: &Map<String, Value>) -> Result<(), SettingsRefused> {
        self.apply(Scope::Site, changes).await
    }

    /// Changes what this robot has different. `null` returns to what the site has.
    pub(crate) async fn change_of_robot(&self, changes: &Map<String, Value>) -> Result<(), SettingsRefused> {
        self.apply(Scope::Robot, changes).await
    }

    /// Changes settings as the older interface does: names nobody knows are kept and returned, values that come back
    /// masked are left alone.
    pub(crate) async fn change_as_legacy(&self, changes: &Map<String, Value>) -> Result<Vec<String>, SettingsRefused> {
        let (known, unknown) = legacy::split(changes);
        self.apply(Scope::Site, &known).await?;
        let rows: Vec<_> = unknown.iter().map(|(key, value)| (key.clone(), Some(value.to_string()))).collect();
        if !rows.is_empty() {
            self.shared.history.change_site_settings(&rows).await?;
            self.reload().await?;
        }
        Ok(unknown.keys().cloned().collect())
    }

    async fn apply(&self, scope: Scope, changes: &Map<String, Value>) -> Result<(), SettingsRefused> {
        let _changing = self.shared.changing.lock().await;
        let Shared { history, vault, environment, .. } = &*self.shared;
        let stored = Stored::read(history).await?;
        let rows = change::rows(scope, changes, &stored, environment, vault, history.robot())?;
        if rows.is_empty() {
            return Ok(());
        }
        match scope {
            Scope::Site => history.change_site_settings(&rows).await?,
            Scope::Robot => history.change_own_settings(&rows).await?,
        }
        self.reload().await?;
        Ok(())
    }

    /// Watches for what other processes change, until the stop is set.
    pub(crate) async fn watch(self, stop: Stop) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.or(ticks.tick()).await.is_some() {
            self.reload().await.context("looking for changed settings")?;
        }
        Ok(())
    }

    /// Reads what is stored and tells of it if it differs from what was known.
    async fn reload(&self) -> anyhow::Result<()> {
        let Shared { history, vault, environment, current, .. } = &*self.shared;
        let stored = Stored::read(history).await?;
        if current.borrow().stored == stored {
            return Ok(());
        }
        let snapshot = Snapshot::of(stored, environment, vault, history.robot())?;
        snapshot.tell();
        history.set_zone(snapshot.settings.zone());
        info!("settings changed");
        current.send_replace(Arc::new(snapshot));
        Ok(())
    }
}

impl Snapshot {
    fn of(
        stored: Stored,
        environment: &BTreeMap<&'static str, Value>,
        vault: &Vault,
        robot: &str,
    ) -> anyhow::Result<Self> {
        let resolved = Resolved::of(&stored, environment, vault, robot);
        let settings = Arc::new(resolved.settings().context("reading the settings")?);
        Ok(Self { stored, resolved, settings })
    }

    /// Tells the operator of stored values that cannot be used.
    fn tell(&self) {
        for (key, problem) in self.resolved.problems() {
            warn!(setting = key, problem, "a stored setting cannot be used, the default counts");
        }
    }
}

/// Changes of the settings, for those who act on them.
#[derive(Debug)]
pub(crate) struct SettingsChanges {
    receiver: watch::Receiver<Arc<Snapshot>>,
}

impl SettingsChanges {
    /// Waits for the next change and returns the settings then; nothing if there will be none any more.
    pub(crate) async fn next(&mut self) -> Option<Arc<Settings>> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().settings.clone())
    }
}
