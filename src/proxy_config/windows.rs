//! Windows' proxy settings, asked of `WinHTTP`: it reads the user's and the machine's, policies
//! included.

use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpGetDefaultProxyConfiguration, WinHttpGetIEProxyConfigForCurrentUser,
};
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsDomain, GetComputerNameExW};

use crate::route::{WindowsProxies, WindowsSettings};

/// The settings of this account and of the machine; what cannot be read is empty, as it is where
/// nothing was ever set.
pub(super) fn settings() -> WindowsSettings {
    WindowsSettings { user: user(), machine: machine() }
}

#[expect(unsafe_code, reason = "WinHTTP alone knows the settings as policies leave them")]
fn user() -> WindowsProxies {
    let mut config = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the pointer is to a live structure that the call fills.
    if unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut config) } == 0 {
        return WindowsProxies::default();
    }
    // SAFETY: the call succeeded, so each text is null or allocated for the caller, who takes it
    // here once.
    let [script, proxy, bypass] = unsafe {
        [config.lpszAutoConfigUrl, config.lpszProxy, config.lpszProxyBypass].map(|text| take(text))
    };
    WindowsProxies { auto_detect: config.fAutoDetect != 0, script, proxy, bypass }
}

#[expect(unsafe_code, reason = "WinHTTP alone knows the machine's settings")]
fn machine() -> WindowsProxies {
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: the pointer is to a live structure that the call fills.
    if unsafe { WinHttpGetDefaultProxyConfiguration(&raw mut info) } == 0 {
        return WindowsProxies::default();
    }
    // SAFETY: as above.
    let [proxy, bypass] = unsafe { [info.lpszProxy, info.lpszProxyBypass].map(|text| take(text)) };
    if info.dwAccessType != WINHTTP_ACCESS_TYPE_NAMED_PROXY {
        return WindowsProxies::default();
    }
    WindowsProxies { proxy, bypass, ..WindowsProxies::default() }
}

/// The text that `WinHTTP` allocated, which is freed.
///
/// # Safety
/// `text` is null, or ends with a zero and was allocated by `GlobalAlloc` for this caller.
#[expect(unsafe_code, reason = "the texts are the callee's allocations")]
unsafe fn take(text: windows_sys::core::PWSTR) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise: it is readable up to its zero, and is ours to free, once.
    unsafe {
        let mut length = 0;
        while *text.add(length) != 0 {
            length += 1;
        }
        let taken = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        GlobalFree(text.cast());
        Some(taken)
    }
}

/// The primary DNS suffix of this host (`IPGlobalProperties.DomainName`), where it has one.
#[expect(unsafe_code, reason = "the name is given by a call of the system alone")]
pub(super) fn dns_domain() -> Option<String> {
    let mut name = [0_u16; 256];
    let mut length = 256_u32;
    // SAFETY: the buffer is live and has the length given; the call writes no more than that.
    let is_given =
        unsafe { GetComputerNameExW(ComputerNameDnsDomain, name.as_mut_ptr(), &raw mut length) };
    let length = usize::try_from(length).ok().filter(|length| is_given != 0 && *length > 0)?;
    name.get(..length).map(String::from_utf16_lossy)
}
