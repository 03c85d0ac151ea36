//! Values of the registry, as 64-bit programs see them.

use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_SUCCESS,
};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_QUERY_VALUE, RRF_RT_REG_BINARY,
    RRF_RT_REG_DWORD, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegCloseKey, RegGetValueW,
    RegOpenKeyExW,
};

use super::{narrow, wide};
use crate::host::{InternetSettings, SettingsUnreadable};

/// An account's own settings, below its part of the registry.
const SETTINGS: &str = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
/// What policies say of them, for the machine.
const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
/// How long a value may be, bytes: exceptions of a proxy are a list.
const LONGEST: u32 = 1 << 20;

/// A text of the machine's part.
pub(super) fn text_of_machine(key: &str, value: &str) -> Option<String> {
    text(HKEY_LOCAL_MACHINE, key, value).filter(|text| !text.is_empty())
}

/// Whether policies take their own settings from all accounts.
pub(super) fn has_settings_per_machine() -> bool {
    number(HKEY_LOCAL_MACHINE, POLICY, "ProxySettingsPerUser") == Some(0)
}

/// The settings of an account; of this program's own where none is given.
pub(super) fn internet_settings(sid: Option<&str>) -> Result<InternetSettings, SettingsUnreadable> {
    let (root, key) = match sid {
        Some(sid) => {
            check_loaded(sid)?;
            (HKEY_USERS, format!(r"{sid}\{SETTINGS}"))
        }
        None => (HKEY_CURRENT_USER, SETTINGS.to_owned()),
    };
    Ok(InternetSettings {
        connection: bytes(
            root,
            &format!(r"{key}\Connections"),
            "DefaultConnectionSettings",
            RRF_RT_REG_BINARY,
        ),
        proxy_enable: number(root, &key, "ProxyEnable"),
        proxy_server: text(root, &key, "ProxyServer"),
        proxy_override: text(root, &key, "ProxyOverride"),
        auto_config_url: text(root, &key, "AutoConfigURL"),
    })
}

/// Whether the part of an account is there and may be read.
#[expect(unsafe_code, reason = "the registry is read by calls of the system")]
fn check_loaded(sid: &str) -> Result<(), SettingsUnreadable> {
    let key = wide(sid);
    let mut opened = ptr::null_mut();
    // SAFETY: the name ends with a zero, and the pointer is to a live place for the key.
    let code =
        unsafe { RegOpenKeyExW(HKEY_USERS, key.as_ptr(), 0, KEY_QUERY_VALUE, &raw mut opened) };
    match code {
        ERROR_SUCCESS => {
            // SAFETY: the key was opened above, and nobody else closes it.
            unsafe { RegCloseKey(opened) };
            Ok(())
        }
        ERROR_FILE_NOT_FOUND => Err(SettingsUnreadable::NotLoaded),
        ERROR_ACCESS_DENIED => Err(SettingsUnreadable::Denied),
        code => {
            let error = std::io::Error::from_raw_os_error(code.cast_signed());
            Err(SettingsUnreadable::Other(error.to_string()))
        }
    }
}

fn text(root: HKEY, key: &str, value: &str) -> Option<String> {
    let bytes = bytes(root, key, value, RRF_RT_REG_SZ)?;
    let (pairs, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    Some(narrow(&units))
}

fn number(root: HKEY, key: &str, value: &str) -> Option<u32> {
    let bytes = bytes(root, key, value, RRF_RT_REG_DWORD)?;
    bytes.first_chunk().map(|own| u32::from_le_bytes(*own))
}

/// A value of one of these types; `None` where there is none that may be read.
#[expect(unsafe_code, reason = "the registry is read by calls of the system")]
fn bytes(root: HKEY, key: &str, value: &str, types: u32) -> Option<Vec<u8>> {
    let (key, value) = (wide(key), wide(value));
    let mut size = 4 * 1024;
    loop {
        let mut bytes = vec![0_u8; usize::try_from(size).ok()?];
        // SAFETY: the texts end with a zero, and the buffer is live and has the size given.
        let code = unsafe {
            RegGetValueW(
                root,
                key.as_ptr(),
                value.as_ptr(),
                types | RRF_SUBKEY_WOW6464KEY,
                ptr::null_mut(),
                bytes.as_mut_ptr().cast(),
                &raw mut size,
            )
        };
        match code {
            ERROR_SUCCESS => {
                bytes.truncate(usize::try_from(size).ok()?);
                return Some(bytes);
            }
            ERROR_MORE_DATA if size <= LONGEST && usize::try_from(size).ok()? > bytes.len() => {}
            _ => return None,
        }
    }
}
