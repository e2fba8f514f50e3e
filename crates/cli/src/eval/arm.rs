//! Arms of an experiment: under which settings, by which model, on which server is asked.
//!
//! Owns their notation. Called by [`super`].

use std::collections::HashSet;

use postgres::Config;
use text2sql_core::protocol::Failure;

use super::failed;

/// A set of settings.
#[derive(Debug, Clone, Default)]
pub struct Arm {
    /// Unique in a run.
    pub name: String,
    /// Names of settings with their values.
    pub settings: Vec<(String, String)>,
    /// The server, if it is another one than the run's, as libpq would have it.
    pub server: Option<String>,
}

impl Arm {
    /// Of `NAME` or `NAME:SETTING=VALUE;SETTING=VALUE`, where the setting `server` is where to ask.
    fn parse(text: &str) -> Result<Self, Failure> {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let mut arm = Self { name: name.to_owned(), ..Self::default() };
        for setting in settings.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let Some((name, value)) = setting.split_once('=') else {
                return Err(failed(&format!("\"{setting}\" is no setting: NAME=VALUE")));
            };
            match (name.trim(), value.trim()) {
                ("server", value) => {
                    server(value)?;
                    arm.server = Some(value.to_owned());
                }
                (name, value) => arm.settings.push((name.to_owned(), value.to_owned())),
            }
        }
        Ok(arm)
    }

    /// Its settings as text. Where it asks is left out: there may be a password in it.
    pub fn told(&self) -> String {
        let each = self.settings.iter().map(|(name, value)| format!("{name}={value}"));
        each.collect::<Vec<_>>().join("; ")
    }
}

/// A server, as libpq would have it.
///
/// # Errors
/// Where it is not written so.
pub fn server(text: &str) -> Result<Config, Failure> {
    text.parse().map_err(|error| failed(&format!("\"{text}\" is no server: {error}")))
}

/// All arms of a run: each set of settings with each model, if models are named.
///
/// # Errors
/// Where a text is no arm, or two have one name.
pub fn matrix(arms: &[String], models: &[String]) -> Result<Vec<Arm>, Failure> {
    let arms = arms.iter().map(|text| Arm::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let with_model = |arm: &Arm, model: &String| {
        let mut arm = arm.clone();
        arm.name = format!("{model}/{}", arm.name);
        arm.settings.push(("text2sql.model".to_owned(), model.clone()));
        arm
    };
    let all: Vec<Arm> = if models.is_empty() {
        arms
    } else {
        models.iter().flat_map(|model| arms.iter().map(|arm| with_model(arm, model))).collect()
    };
    let names: HashSet<&str> = all.iter().map(|arm| arm.name.as_str()).collect();
    if names.len() < all.len() {
        return Err(failed("two arms have one name"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arm: &Arm) -> Vec<(&str, &str)> {
        arm.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn an_arm_is_a_name_and_settings() {
        let arm = Arm::parse("names:text2sql.constrained=names; text2sql.max_repairs = 2").unwrap();
        assert_eq!(arm.name, "names");
        assert_eq!(
            settings(&arm),
            [("text2sql.constrained", "names"), ("text2sql.max_repairs", "2")]
        );
        assert!(Arm::parse("plain").unwrap().settings.is_empty());
        assert!(Arm::parse("plain:on").is_err());
    }

    #[test]
    fn an_arm_can_ask_another_server() {
        let arm = Arm::parse("gpu:server=host=/tmp port=5433;text2sql.constrained=off").unwrap();
        assert_eq!(arm.server.as_deref(), Some("host=/tmp port=5433"));
        assert_eq!(arm.settings.len(), 1);
        assert!(Arm::parse("gpu:server=port=none").is_err());
    }

    #[test]
    fn models_and_settings_make_a_matrix() {
        let text = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = matrix(&text(&["a:x.y=1", "b"]), &text(&["small", "large"])).unwrap();
        let names: Vec<&str> = all.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(names, ["small/a", "small/b", "large/a", "large/b"]);
        assert_eq!(settings(&all[0]), [("x.y", "1"), ("text2sql.model", "small")]);
        assert_eq!(matrix(&text(&["a"]), &[]).unwrap().len(), 1);
        assert!(matrix(&text(&["a", "a:x.y=1"]), &[]).is_err());
        assert!(matrix(&text(&["a"]), &text(&["small", "small"])).is_err());
    }
}
