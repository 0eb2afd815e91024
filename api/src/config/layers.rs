//! Settings from several places, one over the other: the file, the environment, flags.

use super::table::{Keys, NOT_SETTINGS, NOT_SETTINGS_BEGIN, SETTINGS, Setting, values};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use toml::Table;

/// The two ways to give the secret of tokens, which stand for one setting.
const TOKEN_SECRETS: [&str; 2] = ["hs256_secret", "hs256_secret_file"];

/// A place that a value comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    File,
    Variable,
    Flag,
}

impl Source {
    fn of(self, setting: &Setting) -> String {
        match self {
            Self::File => "the file".to_owned(),
            Self::Variable => format!("the variable {}", setting.variable()),
            Self::Flag => format!("the flag --{}", setting.flag()),
        }
    }
}

/// The values that were given so far, and the place of each.
#[derive(Debug)]
pub(super) struct Layers {
    table: Table,
    sources: BTreeMap<&'static str, Source>,
}

impl Layers {
    /// Begins with the keys of a file.
    pub(super) fn of_file(table: Table) -> Self {
        let keys = SETTINGS.iter().map(|setting| setting.key);
        let keys = keys.filter(|key| table.contains_key(*key));
        Self { sources: keys.map(|key| (key, Source::File)).collect(), table }
    }

    /// Puts texts over the values from below.
    ///
    /// # Errors
    /// A sentence that names the variable or the flag.
    pub(super) fn put(
        &mut self,
        given: &[(&'static Setting, String)],
        source: Source,
    ) -> Result<(), String> {
        if given.iter().any(|(setting, _)| TOKEN_SECRETS.contains(&setting.key)) {
            for key in TOKEN_SECRETS {
                self.table.remove(key);
                self.sources.remove(key);
            }
        }
        for (setting, text) in given {
            let value = setting.value(text);
            let alone = Table::from_iter([(setting.key.to_owned(), value.clone())]);
            alone.try_into::<Keys>().map_err(|error| {
                format!("{} is not right: {}", source.of(setting), error.message())
            })?;
            self.table.insert(setting.key.to_owned(), value);
            self.sources.insert(setting.key, source);
        }
        Ok(())
    }

    /// Returns the values of all settings, the defaults below those that were given.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub(super) fn keys(&self) -> Result<Keys, String> {
        self.table.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }

    /// Writes the values as a file that can be read again, with the place of each. Secrets and
    /// settings without a value are comments: a secret read back as `***` would be another one.
    pub(super) fn print(&self, keys: &Keys) -> String {
        let values = values(keys);
        let mut text = String::new();
        for setting in SETTINGS {
            let key = setting.key;
            let place = self.sources.get(key).map(|source| source.of(setting));
            let place = place.as_deref().unwrap_or("default");
            let mark = if setting.is_secret() { "# " } else { "" };
            // Writing to a String cannot fail.
            _ = match values.get(key) {
                Some(value) => writeln!(text, "{mark}{key} = {value} # {place}"),
                None => writeln!(text, "# {key} is not set"),
            };
        }
        text
    }
}

/// Returns the settings among the variables of an environment.
///
/// # Errors
/// A sentence that names a variable that looks like a setting and is none, and the nearest one.
pub(super) fn variables(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(&'static Setting, String)>, String> {
    let mut given = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with("KIRANA_")) else { continue };
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) {
            let text =
                value.into_string().map_err(|_| format!("the variable {name} is not UTF-8"))?;
            given.push((setting, text));
        } else if !NOT_SETTINGS.contains(&name)
            && !NOT_SETTINGS_BEGIN.iter().any(|begin| name.starts_with(begin))
        {
            return Err(format!("the variable {name} is not a setting{}", nearest(name)));
        }
    }
    Ok(given)
}

/// Returns the words that propose the setting with the most similar variable.
fn nearest(name: &str) -> String {
    let likeness = |setting: &Setting| strsim::jaro_winkler(name, &setting.variable());
    let nearest = SETTINGS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.map_or_else(String::new, |nearest| format!(": did you mean {}?", nearest.variable()))
}
