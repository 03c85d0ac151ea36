//! What Windows answers: the registry, the service control manager, the event log, the DNS client.
//!
//! Each function asks one question, and decides nothing.

mod registry;

use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, GetLastError, LocalFree,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    EnumerateSecurityPackagesW, FreeContextBuffer, GetUserNameExW, NameSamCompatible, SecPkgInfoW,
};
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::LookupAccountNameW;
use windows_sys::Win32::Storage::FileSystem::{
    GetFileVersionInfoSizeW, GetFileVersionInfoW, VS_FIXEDFILEINFO, VerQueryValueW,
};
use windows_sys::Win32::System::EventLog::{
    EVT_HANDLE, EvtClose, EvtNext, EvtQuery, EvtQueryChannelPath, EvtQueryReverseDirection,
    EvtRender, EvtRenderEventXml,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfigW,
    QueryServiceStatusEx, SC_HANDLE, SC_MANAGER_CONNECT, SC_STATUS_PROCESS_INFO,
    SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS, SERVICE_STATUS_PROCESS,
};

use super::{HostAnswers, InternetSettings, LogUnreadable, ServiceAnswer, SettingsUnreadable};

/// The key of the runtime's Configuration Manager.
const KEY: &str = r"SOFTWARE\Microsoft\DataTransfer\DataManagementGateway\ConfigurationManager";
/// The key of the system itself.
const SYSTEM_KEY: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
/// The most names that are taken from the DNS client: its cache holds some hundreds.
const NAMES_TAKEN: usize = 10_000;

/// This host, on Windows.
pub(super) struct Windows;

impl HostAnswers for Windows {
    fn diacmd_path(&self) -> Option<String> {
        registry::text_of_machine(KEY, "DiacmdPath")
    }

    fn service(&self, name: &str) -> Option<ServiceAnswer> {
        service(name)
    }

    fn program_files(&self) -> Option<String> {
        // A 32-bit program sees another folder in %ProgramFiles%.
        let folder = |variable| std::env::var(variable).ok();
        folder("ProgramW6432").or_else(|| folder("ProgramFiles"))
    }

    fn file_version(&self, program: &Path) -> Option<[u16; 4]> {
        file_version(program)
    }

    fn events(&self, log: &str, most: usize) -> Result<Vec<String>, LogUnreadable> {
        events(log, most).map_err(|reason| LogUnreadable { log: log.to_owned(), reason })
    }

    fn cached_names(&self) -> Option<Vec<String>> {
        cached_names()
    }

    fn account(&self) -> Option<String> {
        account()
    }

    fn build(&self) -> Option<String> {
        registry::text_of_machine(SYSTEM_KEY, "CurrentBuildNumber")
    }

    fn security_packages(&self) -> Option<Vec<String>> {
        security_packages()
    }

    fn account_sid(&self, account: &str) -> Option<String> {
        account_sid(account)
    }

    fn internet_settings(&self, sid: Option<&str>) -> Result<InternetSettings, SettingsUnreadable> {
        registry::internet_settings(sid)
    }

    fn has_settings_per_machine(&self) -> bool {
        registry::has_settings_per_machine()
    }
}

/// With the zero that Windows ends texts with.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A text up to its first zero.
fn narrow(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..end])
}

/// A text that ends with a zero.
///
/// # Safety
/// `text` is null, or readable up to its first zero.
#[expect(unsafe_code, reason = "the system gives texts by their address")]
unsafe fn text_at(text: *const u16) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe {
        let mut length = 0;
        while *text.add(length) != 0 {
            length += 1;
        }
        String::from_utf16_lossy(std::slice::from_raw_parts(text, length))
    }
}

/// What the system says of its last error.
fn last_error() -> String {
    std::io::Error::last_os_error().to_string()
}

/// This program's account as `DOMAIN\name`.
#[expect(unsafe_code, reason = "the account is given by a call of the system alone")]
pub(super) fn account() -> Option<String> {
    let mut units = [0_u16; 512];
    let mut length = u32::try_from(units.len()).ok()?;
    // SAFETY: the buffer is live and has the length given.
    let is_given =
        unsafe { GetUserNameExW(NameSamCompatible, units.as_mut_ptr(), &raw mut length) };
    is_given.then(|| narrow(&units)).filter(|account| !account.is_empty())
}

/// The packages of SSPI by their names.
#[expect(unsafe_code, reason = "SSPI gives its list by its address")]
fn security_packages() -> Option<Vec<String>> {
    let (mut n_packages, mut packages): (u32, *mut SecPkgInfoW) = (0, ptr::null_mut());
    // SAFETY: both are live places for what is given.
    let status = unsafe { EnumerateSecurityPackagesW(&raw mut n_packages, &raw mut packages) };
    if status != 0 || packages.is_null() {
        return None;
    }
    // SAFETY: the call succeeded: as many structures stand there, each with a name that ends with a
    // zero, until they are given back; they are, once, after the names were copied.
    unsafe {
        let all = std::slice::from_raw_parts(packages, usize::try_from(n_packages).ok()?);
        let names = all.iter().map(|package| text_at(package.Name)).collect();
        FreeContextBuffer(packages.cast());
        Some(names)
    }
}

/// The identifier of an account of this host, of its domain, or of a service.
#[expect(unsafe_code, reason = "accounts are known to the system alone")]
fn account_sid(account: &str) -> Option<String> {
    /// The largest identifier has 68 bytes (`SECURITY_MAX_SID_SIZE`).
    const WORDS: usize = 16;
    let account = wide(account);
    let (mut sid, mut domain) = ([0_u64; WORDS], [0_u16; 512]);
    let (mut n_bytes, mut n_units) =
        (u32::try_from(size_of_val(&sid)).ok()?, u32::try_from(domain.len()).ok()?);
    let (mut kind, mut text) = (0, ptr::null_mut());
    // SAFETY: null means this host, the name ends with a zero, and both buffers are live, aligned
    // and have the sizes given.
    let is_found = unsafe {
        LookupAccountNameW(
            ptr::null(),
            account.as_ptr(),
            sid.as_mut_ptr().cast(),
            &raw mut n_bytes,
            domain.as_mut_ptr(),
            &raw mut n_units,
            &raw mut kind,
        )
    };
    // SAFETY: the call above filled in an identifier, and the pointer is to a live place.
    if is_found == 0
        || unsafe { ConvertSidToStringSidW(sid.as_mut_ptr().cast(), &raw mut text) } == 0
    {
        return None;
    }
    // SAFETY: the call succeeded: the text ends with a zero, and is ours to free, once.
    unsafe {
        let sid = text_at(text);
        LocalFree(text.cast());
        Some(sid)
    }
}

/// A handle of the service control manager, closed when it is dropped.
struct ServiceHandle(SC_HANDLE);

impl ServiceHandle {
    fn of(handle: SC_HANDLE) -> Option<Self> {
        // Lazily: a handle that is made is also closed.
        (!handle.is_null()).then(|| Self(handle))
    }
}

impl Drop for ServiceHandle {
    #[expect(unsafe_code, reason = "a handle of the system is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else closes it.
        unsafe { CloseServiceHandle(self.0) };
    }
}

/// The state of a service, and its configuration where this account may read it.
#[expect(unsafe_code, reason = "services are known to their manager alone")]
fn service(name: &str) -> Option<ServiceAnswer> {
    let name = wide(name);
    // SAFETY: null means this host and its active services.
    let manager = unsafe { OpenSCManagerW(ptr::null(), ptr::null(), SC_MANAGER_CONNECT) };
    let manager = ServiceHandle::of(manager)?;
    // SAFETY: the manager's handle is open, and the name ends with a zero.
    let open =
        |access| ServiceHandle::of(unsafe { OpenServiceW(manager.0, name.as_ptr(), access) });
    let service =
        open(SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG).or_else(|| open(SERVICE_QUERY_STATUS))?;

    let mut status = SERVICE_STATUS_PROCESS::default();
    let (size, mut needed) = (u32::try_from(size_of_val(&status)).ok()?, 0);
    // SAFETY: the structure is live and has the size given.
    let is_given = unsafe {
        QueryServiceStatusEx(
            service.0,
            SC_STATUS_PROCESS_INFO,
            (&raw mut status).cast(),
            size,
            &raw mut needed,
        )
    };
    if is_given == 0 {
        return None;
    }
    let answer = ServiceAnswer { state: status.dwCurrentState, ..ServiceAnswer::default() };
    Some(
        configuration(&service)
            .map_or(answer.clone(), |config| ServiceAnswer { state: answer.state, ..config }),
    )
}

#[expect(unsafe_code, reason = "services are known to their manager alone")]
fn configuration(service: &ServiceHandle) -> Option<ServiceAnswer> {
    // Words of 8 bytes, since the structure at the beginning holds addresses. It is at most 8 KiB.
    let mut words = [0_u64; 1024];
    let (size, mut needed) = (u32::try_from(size_of_val(&words)).ok()?, 0);
    let config: *mut QUERY_SERVICE_CONFIGW = words.as_mut_ptr().cast();
    // SAFETY: the buffer is live, aligned for the structure and has the size given.
    if unsafe { QueryServiceConfigW(service.0, config, size, &raw mut needed) } == 0 {
        return None;
    }
    // SAFETY: the call succeeded, so the structure is filled, and its texts are null or end with a
    // zero within the buffer.
    unsafe {
        Some(ServiceAnswer {
            state: 0,
            start: Some((*config).dwStartType),
            account: text_at((*config).lpServiceStartName),
            command: text_at((*config).lpBinaryPathName),
        })
    }
}

/// The file version of a program's version resource.
#[expect(unsafe_code, reason = "version resources are read by calls of the system")]
fn file_version(program: &Path) -> Option<[u16; 4]> {
    let name = wide(program.to_str()?);
    let mut ignored = 0;
    // SAFETY: the name ends with a zero.
    let size = unsafe { GetFileVersionInfoSizeW(name.as_ptr(), &raw mut ignored) };
    // Words of 8 bytes keep the structures within aligned.
    let mut words = vec![0_u64; usize::try_from(size).ok()?.div_ceil(8)];
    if size == 0 {
        return None;
    }
    // SAFETY: the buffer is live and at least as large as said.
    if unsafe { GetFileVersionInfoW(name.as_ptr(), 0, size, words.as_mut_ptr().cast()) } == 0 {
        return None;
    }
    let (root, mut found, mut length) = (wide("\\"), ptr::null_mut(), 0);
    // SAFETY: the block is what the call above filled, and the path ends with a zero.
    let is_found = unsafe {
        VerQueryValueW(words.as_ptr().cast(), root.as_ptr(), &raw mut found, &raw mut length)
    };
    if is_found == 0 || usize::try_from(length).ok()? < size_of::<VS_FIXEDFILEINFO>() {
        return None;
    }
    // SAFETY: the call succeeded: the address is within the block, of a structure of that length.
    let info = unsafe { found.cast::<VS_FIXEDFILEINFO>().read_unaligned() };
    let halves = |word: u32| [(word >> 16) as u16, (word & 0xffff) as u16];
    let ([major, minor], [build, revision]) =
        (halves(info.dwFileVersionMS), halves(info.dwFileVersionLS));
    Some([major, minor, build, revision])
}

/// A handle of the event log, closed when it is dropped.
struct EventHandle(EVT_HANDLE);

impl Drop for EventHandle {
    #[expect(unsafe_code, reason = "a handle of the system is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else closes it.
        unsafe { EvtClose(self.0) };
    }
}

/// The newest events of a log as XML; none where there is no log of that name.
#[expect(unsafe_code, reason = "event logs are read by calls of the system")]
fn events(log: &str, most: usize) -> Result<Vec<String>, String> {
    const AT_ONCE: usize = 64;
    /// How long one batch may take, milliseconds.
    const PATIENCE: u32 = 5_000;
    let (log, all) = (wide(log), wide("*"));
    let flags = EvtQueryChannelPath | EvtQueryReverseDirection;
    // SAFETY: 0 is this host, and the texts end with a zero.
    let query = unsafe { EvtQuery(0, log.as_ptr(), all.as_ptr(), flags) };
    if query == 0 {
        // SAFETY: it only reads the error of this thread.
        let code = unsafe { GetLastError() };
        return if code == ERROR_EVT_CHANNEL_NOT_FOUND {
            Ok(Vec::new())
        } else {
            Err(last_error())
        };
    }
    let query = EventHandle(query);
    let mut texts = Vec::new();
    while texts.len() < most {
        let (mut handles, mut n_returned) = ([0_isize; AT_ONCE], 0);
        // SAFETY: the query is open, and the buffer has room for as many handles as said.
        let is_given = unsafe {
            EvtNext(
                query.0,
                u32::try_from(AT_ONCE).unwrap_or(1),
                handles.as_mut_ptr(),
                PATIENCE,
                0,
                &raw mut n_returned,
            )
        };
        // The end of the log is an error too, and so is silence: what was read is what there is.
        if is_given == 0 {
            break;
        }
        let n_returned = usize::try_from(n_returned).unwrap_or(0).min(AT_ONCE);
        let batch: Vec<EventHandle> =
            handles[..n_returned].iter().copied().map(EventHandle).collect();
        texts.extend(batch.iter().filter_map(rendered));
    }
    Ok(texts)
}

/// An event as XML.
#[expect(unsafe_code, reason = "event logs are read by calls of the system")]
fn rendered(event: &EventHandle) -> Option<String> {
    let mut units = vec![0_u16; 4 * 1024];
    loop {
        let (mut used, mut properties) = (0, 0);
        let size = u32::try_from(units.len() * 2).ok()?;
        // SAFETY: the event is open, and the buffer is live and has the size given.
        let is_given = unsafe {
            EvtRender(
                0,
                event.0,
                EvtRenderEventXml,
                size,
                units.as_mut_ptr().cast(),
                &raw mut used,
                &raw mut properties,
            )
        };
        if is_given != 0 {
            return Some(narrow(&units));
        }
        // SAFETY: it only reads the error of this thread.
        let is_short = unsafe { GetLastError() } == ERROR_INSUFFICIENT_BUFFER;
        let needed = usize::try_from(used).ok()?.div_ceil(2);
        if !is_short || needed <= units.len() {
            return None;
        }
        units.resize(needed, 0);
    }
}

/// An entry of the DNS client's cache, as `DnsGetCacheDataTable` links them.
#[repr(C)]
struct CacheEntry {
    next: *const CacheEntry,
    name: *const u16,
    record_type: u16,
    data_length: u16,
    flags: u32,
}

/// The names that the DNS client holds. The call is what `ipconfig /displaydns` uses; Microsoft
/// does not document it, so it is asked for by name, and a system without it has no answer.
#[expect(unsafe_code, reason = "the DNS client is asked by a call of the system")]
fn cached_names() -> Option<Vec<String>> {
    type GetTable = unsafe extern "system" fn(*mut *const CacheEntry) -> i32;
    let library = wide("dnsapi.dll");
    // SAFETY: the name ends with a zero, and only the system's own folder is looked in.
    let library =
        unsafe { LoadLibraryExW(library.as_ptr(), ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
    if library.is_null() {
        return None;
    }
    // SAFETY: the library is loaded and stays so, and the name ends with a zero.
    let call = unsafe { GetProcAddress(library, c"DnsGetCacheDataTable".as_ptr().cast()) }?;
    // SAFETY: a function of that name takes the address of the first entry and gives a BOOL.
    let get_table: GetTable = unsafe { std::mem::transmute(call) };
    let mut entry: *const CacheEntry = ptr::null();
    // SAFETY: the pointer is to a live place for the address.
    if unsafe { get_table(&raw mut entry) } == 0 {
        return None;
    }
    let mut names = Vec::new();
    // The table is not given back: who frees it is not documented, and it is read once a run.
    while !entry.is_null() && names.len() < NAMES_TAKEN {
        // SAFETY: the call succeeded: each entry is readable, and its name ends with a zero.
        unsafe {
            names.push(text_at((*entry).name));
            entry = (*entry).next;
        }
    }
    Some(names)
}
