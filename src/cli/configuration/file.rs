//! A configuration file: options by their long names, and tables of them by profile.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::module::{ALLOW, ALLOW_TAKES};
use super::option::{GivenOption, GivenValue, KnownOptions};
use super::{OptionOrigin, did_you_mean, module};
use crate::files;

/// The table that holds the profiles.
const PROFILE: &str = "profile";
/// The table that holds the modules of `serve`.
const MODULE: &str = "module";

/// What a file says, every value with its line.
#[derive(Debug)]
pub(super) struct OptionFile {
    path: PathBuf,
    options: Vec<GivenOption>,
    profiles: Vec<(String, Vec<GivenOption>)>,
    modules: Vec<(String, Vec<GivenOption>)>,
}

impl OptionFile {
    /// Reads a file that was named.
    ///
    /// # Errors
    /// It cannot be read, or is no TOML of options.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = files::read_text(path, files::SHORT)
            .with_context(|| format!("--config: cannot read {}", path.display()))?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// It is no TOML of options.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        let name = path.display().to_string();
        let reader = FileReader { name: &name, text };
        let document = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            anyhow!("{}: {}", reader.place(at), error.message())
        })?;
        let mut file = Self {
            path: path.to_owned(),
            options: Vec::new(),
            profiles: Vec::new(),
            modules: Vec::new(),
        };
        for (key, value) in document.get_ref() {
            if key.get_ref() == PROFILE {
                file.profiles = reader.tables(value, PROFILE)?;
            } else if key.get_ref() == MODULE {
                file.modules = reader.tables(value, MODULE)?;
            } else {
                file.options.push(reader.option(key, value, None)?);
            }
        }
        Ok(file)
    }

    /// Checks every option of the file, those of modules and of profiles that are not chosen too.
    ///
    /// # Errors
    /// The first that is no option, stands on the command line only, or has another type.
    pub(super) fn check(&self, known: &KnownOptions) -> Result<()> {
        let all = self.profiles.iter().flat_map(|(_, options)| options);
        let mut all: Vec<_> = self.options.iter().chain(all).collect();
        all.sort_by_key(|option| match option.origin {
            OptionOrigin::File { line, .. }
            | OptionOrigin::Profile { line, .. }
            | OptionOrigin::Module { line, .. } => line,
            _ => 0,
        });
        for option in all {
            known.check_name(&option.name, &option.origin.place())?;
            known.check_value(option)?;
        }
        module::check(self.modules())
    }

    /// The modules of `serve`, each with what it says itself.
    pub(super) fn modules(&self) -> &[(String, Vec<GivenOption>)] {
        &self.modules
    }

    /// The folder from which relative names of files count.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Its name, for messages.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// The options of the file, and those of one of its profiles behind them.
    ///
    /// # Errors
    /// The file has no such profile.
    pub(super) fn options(
        &self,
        profile: Option<&str>,
        known: &KnownOptions,
    ) -> Result<Vec<GivenOption>> {
        let mut options = self.options.clone();
        if let Some(wanted) = profile {
            let Some((_, own)) = self.profiles.iter().find(|(name, _)| name == wanted) else {
                let names = self.profiles.iter().map(|(name, _)| name.as_str());
                let there = match names.clone().collect::<Vec<_>>().join(", ") {
                    none if none.is_empty() => "it has no profiles".to_owned(),
                    names => format!("its profiles are {names}"),
                };
                bail!(
                    "--profile {wanted}: {} has no table [profile.{wanted}]; {there}{}",
                    self.path.display(),
                    did_you_mean(wanted, names)
                );
            };
            options.extend(own.iter().cloned());
        }
        self.place(&mut options, known);
        Ok(options)
    }

    /// Counts relative names of files from this file's folder.
    pub(super) fn place(&self, options: &mut [GivenOption], known: &KnownOptions) {
        for option in options {
            if let GivenValue::Words(words) = &mut option.value {
                for word in words {
                    *word = known.placed(&option.name, word, self.folder());
                }
            }
        }
    }
}

/// Reads values, and knows where they stand.
struct FileReader<'t> {
    name: &'t str,
    text: &'t str,
}

type Key<'t> = Spanned<toml::de::DeString<'t>>;

impl FileReader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or_default().matches('\n').count() + 1
    }

    fn place(&self, at: usize) -> String {
        format!("{}:{}", self.name, self.line(at))
    }

    /// The tables `[what.NAME]` with their options.
    fn tables(
        &self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
    ) -> Result<Vec<(String, Vec<GivenOption>)>> {
        let place = self.place(value.span().start);
        let DeValue::Table(tables) = value.get_ref() else {
            bail!("{place}: {what} is a table: write [{what}.NAME]");
        };
        let mut found = Vec::new();
        for (name, table) in tables {
            let place = self.place(name.span().start);
            let DeValue::Table(options) = table.get_ref() else {
                bail!(
                    "{place}: a {what} has a name: write [{what}.NAME] above '{}'",
                    name.get_ref()
                );
            };
            let name = name.get_ref().to_string();
            let of = Some((what, &*name));
            let options = options.iter().map(|(key, value)| self.option(key, value, of));
            let options = options.collect::<Result<_>>()?;
            found.push((name, options));
        }
        Ok(found)
    }

    fn option(
        &self,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        of: Option<(&str, &str)>,
    ) -> Result<GivenOption> {
        let line = self.line(key.span().start);
        let file = self.name.to_owned();
        let origin = match of {
            None => OptionOrigin::File { file, line },
            Some((PROFILE, name)) => OptionOrigin::Profile { name: name.to_owned(), file, line },
            Some((_, name)) => OptionOrigin::Module { name: name.to_owned(), file, line },
        };
        let name = key.get_ref().to_string();
        let value = match value.get_ref() {
            DeValue::Boolean(flag) => GivenValue::Flag(*flag),
            // A number is an address to whoever reads names, and nobody means that one.
            other if name == ALLOW && holds_a_number(other) => {
                bail!("{}: {ALLOW_TAKES}", origin.place())
            }
            DeValue::Array(values) => {
                let words = values.iter().map(|value| self.word(&name, value));
                GivenValue::Words(words.collect::<Result<_>>()?)
            }
            _ => GivenValue::Words(vec![self.word(&name, value)?]),
        };
        Ok(GivenOption { name, value, origin })
    }

    fn word(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(word) => Ok(word.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            other => bail!(
                "{}: {name} is given a {}: write a text in quotes, a whole number, true or false, \
                 or a list of texts",
                self.place(value.span().start),
                other.type_str()
            ),
        }
    }
}

fn holds_a_number(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Array(values) => values.iter().any(|value| holds_a_number(value.get_ref())),
        value => matches!(value, DeValue::Integer(_)),
    }
}
