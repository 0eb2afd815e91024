//! The flags of `serve`, made from the table of settings.

use super::table::{SETTINGS, Setting};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use std::fmt::Write as _;

/// The settings that the command line gave, each with its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(pub(super) Vec<(&'static Setting, String)>);

impl Given {
    /// Returns the data directory alone, as other commands give it.
    pub(crate) fn data(dir: Option<String>) -> Self {
        let data = SETTINGS.iter().find(|setting| setting.key == "data");
        Self(data.into_iter().zip(dir).collect())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().filter(|setting| !setting.is_secret()).fold(command, |command, setting| {
            let arg = Arg::new(setting.key).long(setting.flag()).value_name(setting.unit);
            command.arg(arg.help(help(setting)).help_heading("Settings"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS.iter().filter(|setting| !setting.is_secret()) {
            if let Some(text) = matches.get_one::<String>(setting.key) {
                self.0.push((setting, text.clone()));
            }
        }
        Ok(())
    }
}

fn help(setting: &Setting) -> String {
    let default = setting.default().map(|default| format!(" [default: {default}]"));
    format!("{}{}", setting.meaning(), default.unwrap_or_default())
}

/// Returns the end of the help of `serve`: secrets, other places for settings, and examples.
pub(crate) fn after_help() -> String {
    let mut text = "Secrets, in the file or the environment only:\n".to_owned();
    for setting in SETTINGS.iter().filter(|setting| setting.is_secret()) {
        // Writing to a String cannot fail.
        _ = writeln!(text, "  {} ({}): {}", setting.variable(), setting.key, setting.meaning());
    }
    text.push_str(
        "\nA flag goes over a variable, a variable over the file. The flag --body-bytes-max is the \
         key\nbody_bytes_max of the file and the variable KIRANA_BODY_BYTES_MAX, and so are the \
         others.\n\n\
         Examples:\n  kirana serve --demo\n  \
         kirana serve --data /var/lib/kirana --listen 0.0.0.0:8080 --config /etc/kirana.toml\n  \
         kirana serve --config /etc/kirana.toml --print-config",
    );
    text
}
