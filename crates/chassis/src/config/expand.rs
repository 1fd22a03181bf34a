//! `${NAME}` and `${NAME:-default}` in a text.

use std::borrow::Cow;

use super::Env;

/// Returns the text with every `${NAME}` replaced by the variable's value. `${NAME:-default}` gives
/// the default if the variable is unset or empty; `$${` stands for `${` itself; any other `$` is
/// left alone, because passwords contain it.
pub(super) fn expand<'t>(text: &'t str, env: &Env) -> Result<Cow<'t, str>, String> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if let Some(before) = rest[..start].strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        expanded.push_str(&rest[..start]);
        let reference = &rest[start + 2..];
        let end = reference.find('}').ok_or_else(|| "`${` without a closing `}`".to_owned())?;
        expanded.push_str(&value_of(&reference[..end], env)?);
        rest = &reference[end + 1..];
    }
    expanded.push_str(rest);
    Ok(Cow::Owned(expanded))
}

fn value_of(reference: &str, env: &Env) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(format!("`{name}` is not the name of an environment variable"));
    }
    let value = env.text(name).map_err(|error| error.to_string())?;
    value
        .or(default.map(str::to_owned))
        .ok_or_else(|| format!("the environment variable `{name}` is not set, and `${{{name}}}` gives no default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Env {
        Env::of([("USER", "ana"), ("PASSWORD", "a$b{c}"), ("EMPTY", "")])
    }

    #[test]
    fn a_reference_becomes_the_value() {
        let url = expand("rtsp://${USER}:${PASSWORD}@gate", &site()).expect("all are set");
        assert_eq!(url, "rtsp://ana:a$b{c}@gate");
    }

    #[test]
    fn a_default_stands_in_for_an_unset_or_empty_variable() {
        assert_eq!(expand("${HOST:-gate}/${EMPTY:-x}", &site()).expect("has defaults"), "gate/x");
        assert_eq!(expand("[${HOST:-}]", &site()).expect("has a default"), "[]");
        assert_eq!(expand("${USER:-bob}", &site()).expect("is set"), "ana");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = expand("${HOST}", &site()).expect_err("is unset");
        assert_eq!(error, "the environment variable `HOST` is not set, and `${HOST}` gives no default");
    }

    #[test]
    fn a_dollar_that_starts_no_reference_is_itself() {
        assert_eq!(expand("pa$$word$", &site()).expect("no reference"), "pa$$word$");
        assert_eq!(expand("$${USER} ${USER}", &site()).expect("is set"), "${USER} ana");
    }

    #[test]
    fn a_broken_reference_is_refused() {
        assert_eq!(expand("${USER", &site()).expect_err("is open"), "`${` without a closing `}`");
        assert_eq!(
            expand("${US ER}", &site()).expect_err("is no name"),
            "`US ER` is not the name of an environment variable"
        );
    }
}
