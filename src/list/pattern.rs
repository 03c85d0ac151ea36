//! The hosts of entries: literal, template or wildcard.

use std::fmt;

use crate::model::{Host, HostName, NameError};

/// The host of an entry, in the form of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// A name such as `download.microsoft.com`, or an address.
    Literal(Host),
    /// A template such as `{factory}.{region}.datafactory.azure.net`, in which a parameter stands
    /// for a label or for a part of one.
    Template(HostTemplate),
    /// Every name below a domain, at any depth, such as `*.servicebus.windows.net`.
    Wildcard(HostName),
}

/// A host with parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTemplate {
    labels: Vec<Label>,
}

/// A label of a template, which has at most one parameter between fixed texts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    before: String,
    parameter: Option<String>,
    after: String,
}

/// The reason why a text is no host of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// An asterisk is not the whole first label.
    #[error("a wildcard stands for the first label alone, as in *.contoso.com")]
    Wildcard,
    #[error("a wildcard and {{parameters}} cannot stand in one host")]
    WildcardTemplate,
    /// The braces of a label are not paired, or it has two parameters.
    #[error("a label holds at most one {{parameter}}, with both braces")]
    Braces,
    #[error("'{0}' is no name of a parameter: lower-case letters, digits and hyphens")]
    Parameter(String),
    /// The text without wildcard or parameters is no host name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl HostPattern {
    /// Reads the host of an entry.
    ///
    /// # Errors
    /// [`PatternError`] where the text has none of the three forms.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let is_template = text.contains(['{', '}']);
        if text.contains('*') {
            let domain = text.strip_prefix("*.").ok_or(PatternError::Wildcard)?;
            return match (domain.contains('*'), is_template) {
                (true, _) => Err(PatternError::Wildcard),
                (false, true) => Err(PatternError::WildcardTemplate),
                (false, false) => Ok(Self::Wildcard(HostName::parse(domain)?)),
            };
        }
        if is_template {
            return HostTemplate::parse(text).map(Self::Template);
        }
        Ok(Self::Literal(Host::parse(text)?))
    }

    /// Whether the pattern stands for `host`.
    #[must_use]
    pub fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Literal(own), _) => own == host,
            (Self::Template(template), Host::Name(name)) => template.covers(name),
            (Self::Wildcard(domain), Host::Name(name)) => {
                name != domain && name.is_within(domain.as_str())
            }
            (Self::Template(_) | Self::Wildcard(_), Host::Address(_)) => false,
        }
    }

    /// A sort key that puts the more specific pattern first: a literal, then a template, then
    /// wildcards by the depth of their domains.
    #[must_use]
    pub(super) fn breadth(&self) -> (u8, usize) {
        match self {
            Self::Literal(_) => (0, 0),
            Self::Template(_) => (1, 0),
            Self::Wildcard(domain) => (2, usize::MAX - domain.labels().count()),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(host) => host.fmt(f),
            Self::Template(template) => template.fmt(f),
            Self::Wildcard(domain) => write!(f, "*.{domain}"),
        }
    }
}

impl HostTemplate {
    fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let labels = text.split('.').map(Label::parse).collect::<Result<Vec<_>, _>>()?;
        let template = Self { labels };
        // The fixed text must be valid in a host name, whatever the values will be.
        template.name(|_| "x")?;
        Ok(template)
    }

    /// The names of the parameters in order, without repetitions.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for name in self.labels.iter().filter_map(|label| label.parameter.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The name with the values of `value` in it.
    ///
    /// # Errors
    /// [`NameError`] where the result is too long, or a value cannot be part of a name.
    pub(super) fn name<'a>(&self, value: impl Fn(&str) -> &'a str) -> Result<HostName, NameError> {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|label| {
                let value = label.parameter.as_deref().map_or("", &value);
                format!("{}{value}{}", label.before, label.after)
            })
            .collect();
        HostName::parse(&labels.join("."))
    }

    fn covers(&self, name: &HostName) -> bool {
        name.labels().count() == self.labels.len()
            && name.labels().zip(&self.labels).all(|(label, own)| own.covers(label))
    }
}

impl fmt::Display for HostTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, label) in self.labels.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(&label.before)?;
            if let Some(parameter) = &label.parameter {
                write!(f, "{{{parameter}}}")?;
            }
            f.write_str(&label.after)?;
        }
        Ok(())
    }
}

impl Label {
    fn parse(text: &str) -> Result<Self, PatternError> {
        let lower = text.to_lowercase();
        let Some((before, rest)) = lower.split_once('{') else {
            if lower.contains('}') {
                return Err(PatternError::Braces);
            }
            return Ok(Self { before: lower, parameter: None, after: String::new() });
        };
        let (parameter, after) = rest.split_once('}').ok_or(PatternError::Braces)?;
        if before.contains('}') || parameter.contains('{') || after.contains(['{', '}']) {
            return Err(PatternError::Braces);
        }
        if !is_word(parameter) {
            return Err(PatternError::Parameter(parameter.to_owned()));
        }
        Ok(Self {
            before: before.to_owned(),
            parameter: Some(parameter.to_owned()),
            after: after.to_owned(),
        })
    }

    fn covers(&self, label: &str) -> bool {
        if self.parameter.is_none() {
            return label == self.before;
        }
        label
            .strip_prefix(self.before.as_str())
            .and_then(|rest| rest.strip_suffix(self.after.as_str()))
            .is_some_and(|value| !value.is_empty())
    }
}

/// Whether `text` can be an id: lower-case letters, digits and hyphens, a letter first.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_and_shown() {
        for (text, expected) in [
            ("Download.Microsoft.com.", Ok("download.microsoft.com")),
            ("*.ServiceBus.windows.net", Ok("*.servicebus.windows.net")),
            ("{factory}.{region}.x.net", Ok("{factory}.{region}.x.net")),
            ("{workspace}-ondemand.sql.x.net.", Ok("{workspace}-ondemand.sql.x.net")),
            ("10.0.0.1", Ok("10.0.0.1")),
            ("*", Err("first label")),
            ("a.*.net", Err("first label")),
            ("*.*.net", Err("first label")),
            ("a*.x.net", Err("first label")),
            ("*.{region}.net", Err("cannot stand in one host")),
            ("{a}{b}.net", Err("at most one")),
            ("{a.net", Err("at most one")),
            ("a}.net", Err("at most one")),
            ("{}.net", Err("no name of a parameter")),
            ("{a b}.net", Err("no name of a parameter")),
            ("{a}..net", Err("two dots")),
            ("a b.net", Err("' '")),
            ("", Err("empty")),
        ] {
            match (HostPattern::parse(text), expected) {
                (Ok(pattern), Ok(shown)) => assert_eq!(pattern.to_string(), shown, "{text}"),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{text}: {error}");
                }
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }

    #[test]
    fn patterns_cover_whole_labels() {
        for (pattern, host, expected) in [
            ("*.x.net", "a.x.net", true),
            ("*.x.net", "b.a.x.net", true),
            ("*.x.net", "x.net", false),
            ("*.x.net", "ax.net", false),
            ("{f}.{r}.x.net", "a.b.x.net", true),
            ("{f}.{r}.x.net", "a.x.net", false),
            ("{f}.{r}.x.net", "a.b.c.x.net", false),
            ("{w}-ondemand.x.net", "a-ondemand.x.net", true),
            ("{w}-ondemand.x.net", "-ondemand.x.net", false),
            ("{w}-ondemand.x.net", "a-demand.x.net", false),
            ("a.net", "a.net", true),
            ("a.net", "b.net", false),
            ("*.0.0.1", "10.0.0.1", false),
        ] {
            let host = Host::parse(host).unwrap();
            let covers = HostPattern::parse(pattern).unwrap().covers(&host);
            assert_eq!(covers, expected, "{pattern} {host}");
        }
    }

    #[test]
    fn the_more_specific_goes_first() {
        let breadth = |text| HostPattern::parse(text).unwrap().breadth();
        assert!(breadth("a.x.net") < breadth("{a}.x.net"));
        assert!(breadth("{a}.x.net") < breadth("*.x.net"));
        assert!(breadth("*.blob.x.net") < breadth("*.x.net"));
    }
}
