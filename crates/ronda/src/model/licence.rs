//! Which licences bind those who merely run a model, so that it is fetched only after they agreed.

/// Tells whether one must agree to this licence first. `accepted` holds what the operator agreed to.
///
/// Copyleft licences are asked about; a model without a stated licence is, too.
pub(super) fn needs_consent(licence: &str, accepted: &[String]) -> bool {
    let binding = ["AGPL", "GPL", "SSPL", "CC-BY-NC"].iter().any(|family| licence.starts_with(family));
    let unknown = licence.is_empty() || licence == "NOASSERTION";
    (binding || unknown) && !accepted.iter().any(|given| is_same(given, licence))
}

/// The sentence that asks for consent.
pub(super) fn request(name: &str, licence: &str) -> String {
    format!(
        "model {name} is under {licence}, which binds whoever offers it over a network; \
         to fetch it, agree with `ronda model fetch {name} --accept-licence {}`",
        bare(licence)
    )
}

/// An SPDX licence without its `-only` or `-or-later`.
fn bare(licence: &str) -> &str {
    licence.strip_suffix("-only").or_else(|| licence.strip_suffix("-or-later")).unwrap_or(licence)
}

fn is_same(given: &str, licence: &str) -> bool {
    bare(given).eq_ignore_ascii_case(bare(licence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(licence: &str) -> Vec<String> {
        vec![licence.to_owned()]
    }

    #[test]
    fn a_permissive_model_is_fetched_without_asking() {
        for licence in ["Apache-2.0", "MIT", "LicenseRef-darknet", "BSD-3-Clause"] {
            assert!(!needs_consent(licence, &[]), "{licence}");
        }
    }

    #[test]
    fn a_copyleft_model_is_fetched_only_after_consent_to_that_licence() {
        assert!(needs_consent("AGPL-3.0", &[]));
        assert!(needs_consent("AGPL-3.0-only", &accepted("GPL-3.0")));
        assert!(!needs_consent("AGPL-3.0-only", &accepted("agpl-3.0")));
        assert!(!needs_consent("AGPL-3.0", &accepted("AGPL-3.0-or-later")));
    }

    #[test]
    fn a_model_without_a_licence_is_asked_about() {
        assert!(needs_consent("NOASSERTION", &accepted("MIT")));
        assert!(needs_consent("", &[]));
    }

    #[test]
    fn the_request_names_the_option_that_answers_it() {
        let sentence = request("yolov8n", "AGPL-3.0-only");
        assert!(sentence.ends_with("`ronda model fetch yolov8n --accept-licence AGPL-3.0`"), "{sentence}");
    }
}
