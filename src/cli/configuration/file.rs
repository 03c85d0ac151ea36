//! A configuration file: options by their long names, and tables of them by profile.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::option::{GivenOption, GivenValue, KnownOptions};
use super::{OptionOrigin, did_you_mean};
use crate::files;

/// The table that holds the profiles.
const PROFILE: &str = "profile";

/// What a file says, every value with its line.
#[derive(Debug)]
pub(super) struct OptionFile {
    path: PathBuf,
    options: Vec<GivenOption>,
    profiles: Vec<(String, Vec<GivenOption>)>,
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
        let mut file = Self { path: path.to_owned(), options: Vec::new(), profiles: Vec::new() };
        for (key, value) in document.get_ref() {
            if key.get_ref() == PROFILE {
                file.profiles = reader.profiles(value)?;
            } else {
                file.options.push(reader.option(key, value, None)?);
            }
        }
        Ok(file)
    }

    /// Checks every option of the file, those of profiles that are not chosen too.
    ///
    /// # Errors
    /// The first that is no option, stands on the command line only, or has another type.
    pub(super) fn check(&self, known: &KnownOptions) -> Result<()> {
        let all = self.profiles.iter().flat_map(|(_, options)| options);
        let mut all: Vec<_> = self.options.iter().chain(all).collect();
        all.sort_by_key(|option| match option.origin {
            OptionOrigin::File { line, .. } | OptionOrigin::Profile { line, .. } => line,
            _ => 0,
        });
        for option in all {
            known.check_name(&option.name, &option.origin.place())?;
            known.check_value(option)?;
        }
        Ok(())
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
        let folder = self.path.parent().unwrap_or(Path::new(""));
        for option in &mut options {
            if let GivenValue::Words(words) = &mut option.value {
                for word in words {
                    *word = known.placed(&option.name, word, folder);
                }
            }
        }
        Ok(options)
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

    fn profiles(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<(String, Vec<GivenOption>)>> {
        let place = self.place(value.span().start);
        let DeValue::Table(tables) = value.get_ref() else {
            bail!("{place}: profile is a table: write [profile.NAME]");
        };
        let mut profiles = Vec::new();
        for (name, table) in tables {
            let place = self.place(name.span().start);
            let DeValue::Table(options) = table.get_ref() else {
                bail!(
                    "{place}: a profile has a name: write [profile.NAME] above '{}'",
                    name.get_ref()
                );
            };
            let name = name.get_ref().to_string();
            let options = options.iter().map(|(key, value)| self.option(key, value, Some(&name)));
            let options = options.collect::<Result<_>>()?;
            profiles.push((name, options));
        }
        Ok(profiles)
    }

    fn option(
        &self,
        key: &Key<'_>,
        value: &Spanned<DeValue<'_>>,
        profile: Option<&str>,
    ) -> Result<GivenOption> {
        let line = self.line(key.span().start);
        let file = self.name.to_owned();
        let origin = match profile {
            None => OptionOrigin::File { file, line },
            Some(name) => OptionOrigin::Profile { name: name.to_owned(), file, line },
        };
        let name = key.get_ref().to_string();
        let value = match value.get_ref() {
            DeValue::Boolean(flag) => GivenValue::Flag(*flag),
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
