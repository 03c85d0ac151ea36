//! Sign-ins as the account of the process, by the security packages of Windows (SSPI). Its secret
//! never comes here: LSA makes the messages.

use std::ffi::c_void;
use std::ptr;

use windows_sys::Win32::Foundation::{SEC_E_INVALID_TOKEN, SEC_E_OK};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DeleteSecurityContext, FreeContextBuffer, FreeCredentialsHandle,
    ISC_REQ_CONNECTION, InitializeSecurityContextW, QueryCredentialsAttributesW, SECBUFFER_TOKEN,
    SECBUFFER_VERSION, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP,
    SecBuffer, SecBufferDesc, SecPkgCredentials_NamesW,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

use super::status::error;
use super::{SecurityContext, SecurityPackages};
use crate::model::{Host, OsError, SignInScheme};

/// The longest message of any package (`cbMaxToken` of Kerberos is 48,000 at the most).
const MESSAGE_MOST: usize = 64 * 1024;

/// The packages of this Windows.
#[derive(Debug)]
pub(super) struct Sspi;

impl SecurityPackages for Sspi {
    fn begin(&self, scheme: SignInScheme, host: &Host) -> Option<Box<dyn SecurityContext>> {
        let credentials = OwnCredentials::acquire(scheme.as_str());
        let account = credentials.as_ref().ok().and_then(OwnCredentials::account);
        let account = account.unwrap_or_default();
        let target = format!("HTTP/{host}");
        Some(Box::new(SspiContext { credentials, account, target, context: None }))
    }
}

/// A sign-in under way.
struct SspiContext {
    credentials: Result<OwnCredentials, OsError>,
    account: String,
    target: String,
    context: Option<ContextHandle>,
}

impl std::fmt::Debug for SspiContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SspiContext").field("target", &self.target).finish_non_exhaustive()
    }
}

impl SecurityContext for SspiContext {
    fn account(&self) -> String {
        self.account.clone()
    }

    fn target(&self) -> Option<String> {
        Some(self.target.clone())
    }

    fn next(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, OsError> {
        let credentials = self.credentials.as_ref().map_err(Clone::clone)?;
        initialize(credentials, &mut self.context, &wide(&self.target), challenge)
    }
}

/// A handle of the process's own credentials for one package, given back when it is dropped.
struct OwnCredentials(SecHandle);

impl OwnCredentials {
    #[expect(unsafe_code, reason = "SSPI gives credentials by their handle")]
    fn acquire(package: &str) -> Result<Self, OsError> {
        let package = wide(package);
        let mut handle = SecHandle::default();
        let mut expiry = 0;
        // SAFETY: the name ends with a zero, what is null may be, and the rest is written to.
        let status = unsafe {
            AcquireCredentialsHandleW(
                ptr::null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                ptr::null(),
                ptr::null(),
                None,
                ptr::null(),
                &raw mut handle,
                &raw mut expiry,
            )
        };
        if status == SEC_E_OK { Ok(Self(handle)) } else { Err(error(status)) }
    }

    /// Whose they are, as the package will say it.
    #[expect(unsafe_code, reason = "SSPI gives the name by its address")]
    fn account(&self) -> Option<String> {
        let mut names = SecPkgCredentials_NamesW { sUserName: ptr::null_mut() };
        let room: *mut c_void = (&raw mut names).cast();
        // SAFETY: the handle is open, and the room is that of the attribute's structure.
        let status =
            unsafe { QueryCredentialsAttributesW(&raw const self.0, SECPKG_CRED_ATTR_NAMES, room) };
        if status != SEC_E_OK || names.sUserName.is_null() {
            return None;
        }
        // SAFETY: the system gave a text that ends with a zero, and it is freed once, after it was
        // read.
        unsafe {
            let mut length = 0;
            while *names.sUserName.add(length) != 0 {
                length += 1;
            }
            let units = std::slice::from_raw_parts(names.sUserName, length);
            let account = String::from_utf16_lossy(units);
            FreeContextBuffer(names.sUserName.cast());
            Some(account)
        }
    }
}

impl Drop for OwnCredentials {
    #[expect(unsafe_code, reason = "a handle of the system is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else frees it.
        unsafe { FreeCredentialsHandle(&raw const self.0) };
    }
}

/// A security context of the system, deleted when it is dropped.
struct ContextHandle(SecHandle);

impl Drop for ContextHandle {
    #[expect(unsafe_code, reason = "a handle of the system is given back to it")]
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody else deletes it.
        unsafe { DeleteSecurityContext(&raw const self.0) };
    }
}

/// Has the package make the next message: the first, or that which answers `challenge`.
#[expect(unsafe_code, reason = "messages are made by a call of the system")]
fn initialize(
    credentials: &OwnCredentials,
    context: &mut Option<ContextHandle>,
    target: &[u16],
    challenge: Option<&[u8]>,
) -> Result<Vec<u8>, OsError> {
    let mut challenge = challenge.unwrap_or_default().to_vec();
    let mut message = vec![0_u8; MESSAGE_MOST];
    let buffer = |bytes: &mut Vec<u8>| -> Result<SecBuffer, OsError> {
        let length = u32::try_from(bytes.len()).map_err(|_| error(SEC_E_INVALID_TOKEN))?;
        let place = bytes.as_mut_ptr().cast();
        Ok(SecBuffer { cbBuffer: length, BufferType: SECBUFFER_TOKEN, pvBuffer: place })
    };
    let mut input = buffer(&mut challenge)?;
    let mut output = buffer(&mut message)?;
    let one = |buffer: &mut SecBuffer| SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: 1,
        pBuffers: buffer,
    };
    let (given, mut made) = (one(&mut input), one(&mut output));
    let before = context.as_ref().map_or(ptr::null(), |context| &raw const context.0);
    let mut after = context.as_ref().map_or_else(SecHandle::default, |context| context.0);
    let (mut attributes, mut expiry) = (0, 0);
    // SAFETY: the handles are open, the target ends with a zero, and both buffers are live and as
    // long as they say for the whole call.
    let status = unsafe {
        InitializeSecurityContextW(
            &raw const credentials.0,
            before,
            target.as_ptr(),
            ISC_REQ_CONNECTION,
            0,
            SECURITY_NATIVE_DREP,
            if before.is_null() { ptr::null() } else { &raw const given },
            0,
            &raw mut after,
            &raw mut made,
            &raw mut attributes,
            &raw mut expiry,
        )
    };
    // What is not negative is a success, with or without more to come.
    if status < SEC_E_OK {
        return Err(error(status));
    }
    if context.is_none() {
        *context = Some(ContextHandle(after));
    }
    message.truncate(usize::try_from(output.cbBuffer).unwrap_or_default());
    Ok(message)
}

/// With the zero that Windows ends texts with.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
