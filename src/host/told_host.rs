//! A host that answers as a test tells it.

use std::collections::BTreeMap;
use std::path::Path;

use super::{
    HostAnswers, InternetSettings, LogUnreadable, SERVICE, ServiceAnswer, SettingsUnreadable,
};

/// What the host answers; nothing where nothing is told.
#[derive(Default)]
pub(crate) struct ToldHost {
    pub(crate) diacmd: Option<String>,
    pub(crate) service: Option<ServiceAnswer>,
    pub(crate) programs: Option<String>,
    pub(crate) cached_names: Vec<String>,
    /// The identifiers of accounts by their names.
    pub(crate) accounts: BTreeMap<String, String>,
    pub(crate) own_settings: InternetSettings,
    /// The settings of accounts by their identifiers; those of others are not loaded.
    pub(crate) settings: BTreeMap<String, Result<InternetSettings, SettingsUnreadable>>,
    pub(crate) has_settings_per_machine: bool,
}

impl HostAnswers for ToldHost {
    fn diacmd_path(&self) -> Option<String> {
        self.diacmd.clone()
    }

    fn service(&self, name: &str) -> Option<ServiceAnswer> {
        self.service.clone().filter(|_| name == SERVICE)
    }

    fn program_files(&self) -> Option<String> {
        self.programs.clone()
    }

    fn file_version(&self, program: &Path) -> Option<[u16; 4]> {
        program.ends_with("diahost.exe").then_some([5, 44, 8984, 1])
    }

    fn events(&self, _: &str, _: usize) -> Result<Vec<String>, LogUnreadable> {
        Ok(Vec::new())
    }

    fn cached_names(&self) -> Vec<String> {
        self.cached_names.clone()
    }

    fn account_sid(&self, account: &str) -> Option<String> {
        self.accounts.get(account).cloned()
    }

    fn internet_settings(&self, sid: Option<&str>) -> Result<InternetSettings, SettingsUnreadable> {
        let Some(sid) = sid else { return Ok(self.own_settings.clone()) };
        self.settings.get(sid).cloned().unwrap_or(Err(SettingsUnreadable::NotLoaded))
    }

    fn has_settings_per_machine(&self) -> bool {
        self.has_settings_per_machine
    }
}
