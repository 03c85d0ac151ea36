/* Rust's standard library asks bcryptprimitives.dll for random bytes. Debian's wine 8 has no such
   DLL; this one passes the question on to what wine has. For tests alone, beside the program. */
#include <windows.h>
#include <bcrypt.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PUCHAR buffer, SIZE_T length) {
    return BCryptGenRandom(NULL, buffer, (ULONG)length, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}
