//! The environment, read once: an empty variable is an unset one, and a secret may come from a file.

use std::any::type_name;
use std::collections::HashMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use super::ConfigError;
use crate::Secret;

/// The environment variables of the process, or a made-up set of them. Cloning is cheap.
///
/// `NAME_FILE` gives the value of `NAME` from a file, as container secrets are mounted; setting
/// both is an error.
#[derive(Clone, Default)]
pub struct Env {
    variables: Arc<HashMap<String, String>>,
    /// Set if somebody wants to know which variables are asked for.
    asked: Option<Arc<Mutex<Vec<Asked>>>>,
}

/// A variable that a program asks for, as its code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// The Rust type that its text becomes.
    pub kind: &'static str,
    /// What it is if it is unset; nothing if it is then not set.
    pub default: Option<String>,
}

impl Env {
    /// Returns the environment of this process. Variables that are not UTF-8 are left out.
    pub fn process() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Returns an environment of these variables alone.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(_, value): &(String, String)| !value.is_empty())
            .collect();
        Self { variables: Arc::new(variables), asked: None }
    }

    /// Returns the variables that `load` asks for when none is set, in the order in which it first asks: the reference
    /// of the configuration is made of them, so that it cannot differ from what is read.
    pub fn asked_by<R>(load: impl FnOnce(&Self) -> R) -> Vec<Asked> {
        let asked = Arc::new(Mutex::new(Vec::new()));
        load(&Self { asked: Some(Arc::clone(&asked)), ..Self::default() });
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    /// Notes that a variable is asked for. The first word on a variable holds: whoever knows its default comes first.
    fn note<T>(&self, name: &str, default: Option<String>) {
        let Some(asked) = &self.asked else { return };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.iter().any(|known| known.name == name) {
            asked.push(Asked { name: name.to_owned(), kind: type_name::<T>(), default });
        }
    }

    /// Returns the text of a variable, from the variable itself or from the file `NAME_FILE` names.
    pub fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        self.note::<String>(name, None);
        let file_name = format!("{name}_FILE");
        match (self.variables.get(name), self.variables.get(&file_name)) {
            (Some(_), Some(_)) => {
                Err(ConfigError::variable(name, format!("set either {name} or {file_name}, not both")))
            }
            (Some(text), None) => Ok(Some(text.clone())),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => Err(ConfigError::variable(file_name, format!("cannot read `{path}`: {error}"))),
            },
            (None, None) => Ok(None),
        }
    }

    /// Returns the value of a variable, or `None` if it is unset or empty.
    pub fn get<T: FromStr>(&self, name: &str) -> Result<Option<T>, ConfigError>
    where
        T::Err: Display,
    {
        self.note::<T>(name, None);
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.trim().parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(ConfigError::variable(name, error.to_string())),
        }
    }

    /// Returns the value of a variable, or `default` if it is unset or empty.
    pub fn or<T: FromStr + Display>(&self, name: &str, default: T) -> Result<T, ConfigError>
    where
        T::Err: Display,
    {
        self.note::<T>(name, Some(default.to_string()));
        Ok(self.get(name)?.unwrap_or(default))
    }

    /// Returns a secret, from `NAME` or from the file that `NAME_FILE` names.
    pub fn secret(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        self.note::<Secret>(name, None);
        Ok(self.text(name)?.map(Secret::new))
    }

    /// Returns the value of a variable alone, without its `_FILE` form: what `${NAME}` in a file means.
    pub fn plain(&self, name: &str) -> Option<&str> {
        self.note::<String>(name, None);
        self.variables.get(name).map(String::as_str)
    }

    /// Returns the address to listen on: `BIND` (default 127.0.0.1) and `PORT`.
    pub fn bind(&self, default_port: u16) -> Result<SocketAddr, ConfigError> {
        let address = self.or("BIND", IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        Ok(SocketAddr::new(address, self.or("PORT", default_port)?))
    }

    /// Returns the directory of the configuration files: `CONFIG_DIR`, default `configs`.
    pub fn config_dir(&self) -> PathBuf {
        self.dir("CONFIG_DIR", "configs")
    }

    /// Returns the directory of what the process writes: `DATA_DIR`, default `data`.
    pub fn data_dir(&self) -> PathBuf {
        self.dir("DATA_DIR", "data")
    }

    /// Returns the directory of the log files, `LOG_DIR`; without it there are none.
    pub fn log_dir(&self) -> Option<PathBuf> {
        self.note::<PathBuf>("LOG_DIR", None);
        self.plain("LOG_DIR").map(PathBuf::from)
    }

    /// Returns the directory of the models: `MODELS_DIR`, default `models`.
    pub fn models_dir(&self) -> PathBuf {
        self.dir("MODELS_DIR", "models")
    }

    /// Returns the directory of downloads: `RONDA_CACHE_DIR`, else `$XDG_CACHE_HOME/ronda`, else `~/.cache/ronda`.
    pub fn cache_dir(&self) -> PathBuf {
        self.note::<PathBuf>("RONDA_CACHE_DIR", Some("$XDG_CACHE_HOME/ronda or ~/.cache/ronda".to_owned()));
        if let Some(dir) = self.plain("RONDA_CACHE_DIR") {
            return dir.into();
        }
        let base = self.plain("XDG_CACHE_HOME").map(PathBuf::from);
        let base = base.unwrap_or_else(|| self.dir("HOME", ".").join(".cache"));
        base.join("ronda")
    }

    /// Returns a directory that a variable names, or the usual one.
    pub fn dir(&self, name: &str, default: &str) -> PathBuf {
        self.note::<PathBuf>(name, Some(default.to_owned()));
        self.plain(name).unwrap_or(default).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let env = Env::of([("CAMERA_URL", "")]);
        assert_eq!(env.get::<String>("CAMERA_URL").expect("is readable"), None);
        assert_eq!(env.or("CAMERA_URL", "default".to_owned()).expect("is readable"), "default");
    }

    #[test]
    fn what_a_program_asks_for_is_told_with_its_defaults() {
        let asked = Env::asked_by(|env| {
            let _ = (env.bind(8020), env.secret("KEY"), env.get::<u64>("DAYS"), env.data_dir(), env.text("PORT"));
        });
        let asked: Vec<_> = asked.iter().map(|asked| (asked.name.as_str(), asked.default.as_deref())).collect();
        let expected = [
            ("BIND", Some("127.0.0.1")),
            ("PORT", Some("8020")),
            ("KEY", None),
            ("DAYS", None),
            ("DATA_DIR", Some("data")),
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn a_value_that_does_not_parse_names_its_variable() {
        let env = Env::of([("PORT", "eighty")]);
        let error = env.bind(8020).expect_err("not a number");
        assert_eq!(error.to_string(), "PORT: invalid digit found in string");
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("secret");
        std::fs::write(&file, "hunter2\n").expect("is written");
        let env = Env::of([("WEBHOOK_SECRET_FILE", file.to_str().expect("is UTF-8"))]);
        let secret = env.secret("WEBHOOK_SECRET").expect("is readable").expect("is set");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn a_secret_from_two_places_is_refused() {
        let env = Env::of([("KEY", "a"), ("KEY_FILE", "/run/secrets/key")]);
        let error = env.secret("KEY").expect_err("two values");
        assert_eq!(error.to_string(), "KEY: set either KEY or KEY_FILE, not both");
    }

    #[test]
    fn a_missing_secret_file_is_an_error_not_a_missing_secret() {
        let env = Env::of([("KEY_FILE", "/nowhere/key")]);
        let error = env.secret("KEY").expect_err("no file").to_string();
        assert!(error.starts_with("KEY_FILE: cannot read `/nowhere/key`"), "{error}");
    }

    #[test]
    fn the_default_address_is_loopback() {
        assert_eq!(Env::default().bind(8020).expect("is valid").to_string(), "127.0.0.1:8020");
        let env = Env::of([("BIND", "0.0.0.0"), ("PORT", "81")]);
        assert_eq!(env.bind(8020).expect("is valid").to_string(), "0.0.0.0:81");
    }

    #[test]
    fn the_cache_follows_the_desktop_convention() {
        let home = Env::of([("HOME", "/home/ana")]);
        assert_eq!(home.cache_dir(), PathBuf::from("/home/ana/.cache/ronda"));
        let xdg = Env::of([("HOME", "/home/ana"), ("XDG_CACHE_HOME", "/cache")]);
        assert_eq!(xdg.cache_dir(), PathBuf::from("/cache/ronda"));
        let own = Env::of([("XDG_CACHE_HOME", "/cache"), ("RONDA_CACHE_DIR", "/r")]);
        assert_eq!(own.cache_dir(), PathBuf::from("/r"));
    }
}
