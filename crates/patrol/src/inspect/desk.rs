//! Which model is asked: the one that the settings name. It is set up anew when they change, and only then, because it
//! remembers what its server can do.

use std::sync::{Arc, Mutex, PoisonError};

use domain::secret::Secret;
use vlm::{Gemini, Model, OpenAi, SetupError, Vila, VilaServer};

use crate::settings_book::{Provider, Settings};

/// Keeps the model that was set up last.
pub(super) struct Desk {
    gemini: Option<String>,
    last: Mutex<Option<(Choice, Arc<dyn Model>)>>,
}

/// What settings say of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Gemini { key: Secret, model: String },
    OpenAi { base: String, key: Secret, model: String },
    Vila { server: VilaServer, model: String },
}

impl Desk {
    pub(super) fn new(gemini: Option<String>) -> Self {
        Self { gemini, last: Mutex::default() }
    }

    /// Returns the model that the settings name; if there is none, why.
    pub(super) fn model(&self, settings: &Settings) -> Result<Arc<dyn Model>, String> {
        let choice = choice(settings)?;
        // Nothing panics while it holds the lock.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, model)) = last.as_ref().filter(|(before, _)| *before == choice) {
            return Ok(Arc::clone(model));
        }
        let model = self.set_up(&choice).map_err(|error| error.to_string())?;
        *last = Some((choice, Arc::clone(&model)));
        Ok(model)
    }

    fn set_up(&self, choice: &Choice) -> Result<Arc<dyn Model>, SetupError> {
        Ok(match choice {
            Choice::Gemini { key, model } => Arc::new(Gemini::new(key.clone(), model, self.gemini.as_deref())?),
            Choice::OpenAi { base, key, model } => Arc::new(OpenAi::new(base, Some(key.clone()), model)?),
            Choice::Vila { server, model } => Arc::new(Vila::new(server, model)?),
        })
    }
}

fn choice(settings: &Settings) -> Result<Choice, String> {
    let is_blank = |text: &str| text.trim().is_empty();
    match settings.vlm_provider {
        Provider::Gemini if is_blank(settings.gemini_api_key.reveal()) => Err("no key for Gemini is set".to_owned()),
        Provider::Gemini => Ok(Choice::Gemini {
            key: Secret::new(settings.gemini_api_key.reveal().trim()),
            model: settings.gemini_model.clone(),
        }),
        Provider::Openai if is_blank(&settings.openai_base_url) => {
            Err("no address of an OpenAI-compatible server is set".to_owned())
        }
        Provider::Openai => Ok(Choice::OpenAi {
            base: settings.openai_base_url.clone(),
            key: Secret::new(settings.openai_api_key.reveal().trim()),
            model: settings.openai_model.clone(),
        }),
        Provider::Vila => {
            let server = if is_blank(&settings.vila_alert_url) {
                VilaServer::Chat(settings.vila_server_url.clone())
            } else {
                VilaServer::Alert(settings.vila_alert_url.clone())
            };
            Ok(Choice::Vila { server, model: settings.vila_model.clone() })
        }
    }
}

/// Returns the word of a provider in metrics.
pub(super) fn word(provider: Provider) -> &'static str {
    match provider {
        Provider::Gemini => "gemini",
        Provider::Openai => "openai",
        Provider::Vila => "vila",
    }
}
