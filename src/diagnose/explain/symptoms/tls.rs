//! Texts of .NET, Schannel and WinHTTP about TLS.

use super::super::symptom::{Rank, Symptom, source};
use crate::model::Cause;

pub(super) const SYMPTOMS: &[Symptom] = &[
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Could not establish trust relationship for the SSL/TLS secure channel",
            "could not establish trust relationship",
            "SSL/TLS certificate not trusted",
            "ssl/tls cert is not trusted",
            "RemoteCertificateChainErrors",
            "UntrustedRoot",
            "PartialChain",
            "SEC_E_UNTRUSTED_ROOT",
            "CERT_E_UNTRUSTEDROOT",
            "0x80090325",
            "0x800B0109",
            "self-signed certificate in certificate chain",
            "unable to get local issuer certificate",
            "The certificate chain was issued by an authority that is not trusted",
            "trust chain that cannot be verified",
            "chain building failed",
        ],
        meaning: "TLS reached something whose certificate this host does not accept: TLS \
                  inspection whose root is not installed, or a chain that was sent incomplete.",
        checks: &[
            "pathproof check: who issued the certificate, and for which names",
            "an exemption from TLS inspection, or its root in the machine's store (not the user's)",
            "this host's clock",
        ],
        causes: &[
            Cause::TlsIntercepted,
            Cause::TlsUntrusted,
            Cause::TlsExpired,
            Cause::TlsNotYetValid,
        ],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &["The remote certificate is invalid", "The remote certificate was rejected"],
        meaning: "The certificate that was presented is refused. The words that follow say why: \
                  the chain, the name, or the dates.",
        checks: &["pathproof check: the chain that was presented, and what was expected"],
        causes: &[
            Cause::TlsUntrusted,
            Cause::TlsNameMismatch,
            Cause::TlsExpired,
            Cause::TlsIntercepted,
        ],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "RemoteCertificateNameMismatch",
            "SEC_E_WRONG_PRINCIPAL",
            "0x80090322",
            "CERT_E_CN_NO_MATCH",
            "0x800B010F",
            "The target principal name is incorrect",
            "no alternative certificate subject name matches",
            "The expected DNS identity of the remote endpoint was",
        ],
        meaning: "The certificate is for another name: the connection reached another service, or \
                  a gateway's own page. Between nodes it is the certificate chosen for remote \
                  access.",
        checks: &[
            "pathproof check: the names in the certificate, and the address that presented it",
            "DNS: whether the name leads to the right address",
            "between nodes: the last DNS name in the certificate must be the node's",
        ],
        causes: &[Cause::TlsNameMismatch, Cause::DnsSinkhole],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "NotTimeValid",
            "SEC_E_CERT_EXPIRED",
            "0x80090328",
            "CERT_E_EXPIRED",
            "0x800B0101",
            "certificate has expired",
            "certificate is not yet valid",
            "A required certificate is not within its validity period",
        ],
        meaning: "A certificate of the chain is outside its dates, or this host's clock is wrong.",
        checks: &[
            "w32tm /query /status: this host's clock",
            "pathproof check: whose dates, and which certificate of the chain",
        ],
        causes: &[Cause::TlsExpired, Cause::TlsNotYetValid, Cause::HostClockSkew],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Could not create SSL/TLS secure channel",
            "12175",
            "ERROR_WINHTTP_SECURE_FAILURE",
            "do not possess a common algorithm",
            "SEC_E_ALGORITHM_MISMATCH",
            "0x80090331",
            "The client and server cannot communicate",
            "A call to SSPI failed",
            "unsupported protocol version",
            "alert protocol version",
            "alert protocol_version",
            "alert: ProtocolVersion",
            "0x8009030E",
        ],
        meaning: "The two sides agree on no TLS version or cipher suite, or this host could not \
                  use its own certificate or settings.",
        checks: &[
            "that TLS 1.2 is enabled on this host and for .NET (SchUseStrongCrypto, \
             SystemDefaultTlsVersions)",
            "pathproof check: the TLS version and alert that come back",
        ],
        causes: &[Cause::TlsVersion, Cause::TlsAlert],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "The message or signature supplied for verification has been altered",
            "SEC_E_MESSAGE_ALTERED",
            "0x8009030F",
            "The token supplied to the function is invalid",
            "SEC_E_INVALID_TOKEN",
            "0x80090308",
            "The handshake failed due to an unexpected packet format",
            "WRONG_VERSION_NUMBER",
        ],
        meaning: "What answered does not speak TLS: a proxy, a filter's page in clear text, or \
                  another service on that port.",
        checks: &[
            "pathproof check: the first bytes that came back",
            "whether this network leaves by a proxy only",
        ],
        causes: &[Cause::TlsNotTls, Cause::HttpBlockPage, Cause::RouteProxyRequired],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "0x8009030D",
            "SEC_E_UNKNOWN_CREDENTIALS",
            "The credentials supplied to the package were not recognized",
            "Cannot choose the certificate",
        ],
        meaning: "The service's account cannot use the private key of the certificate chosen for \
                  remote access.",
        checks: &[
            "give the account the right to read the private key, or import the certificate anew \
             (certutil -importpfx FILE AT_KEYEXCHANGE)",
        ],
        causes: &[],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "revocation server was offline",
            "unable to check revocation",
            "RevocationStatusUnknown",
            "OfflineRevocation",
            "CRYPT_E_REVOCATION_OFFLINE",
            "0x80092013",
            "CRYPT_E_NO_REVOCATION_CHECK",
            "0x80092012",
            "The revocation function was unable to check revocation",
        ],
        meaning: "Windows could not ask whether a certificate is revoked: port 80 to the \
                  revocation hosts is closed.",
        checks: &[
            "pathproof check --with revocation",
            "certutil -urlfetch -verify with the certificate",
            "the WinHTTP proxy of the machine (netsh winhttp show proxy), which Windows uses for \
             this",
        ],
        causes: &[Cause::TlsRevocationUnreachable],
        source: source::GUIDE,
    },
    Symptom {
        rank: Rank::Sentence,
        texts: &[
            "The SSL connection could not be established, see inner exception",
            "The SSL connection could not be established",
            "Authentication failed, see inner exception",
            "AuthenticationException",
            "SecureChannelFailure",
            "TrustFailure",
        ],
        meaning: ".NET's outer words for a TLS handshake that failed. The inner exception says \
                  why.",
        checks: &[
            "the inner exception: pathproof explain with its words",
            "pathproof check: whether it is the chain, the name, the version or a reset",
        ],
        causes: &[Cause::TlsUntrusted, Cause::TlsIntercepted, Cause::TlsReset, Cause::TlsVersion],
        source: source::DOTNET,
    },
    Symptom {
        rank: Rank::Reason,
        texts: &[
            "Received an unexpected EOF or 0 bytes from the transport stream",
            "remote party has closed the transport stream",
            "The handshake failed due to an unexpected end of file",
            "SSL_ERROR_SYSCALL",
            "unexpected eof while reading",
        ],
        meaning: "The connection was closed in the middle of the TLS handshake: a filter that \
                  judges the server name, or a far end that does not want this TLS version.",
        checks: &[
            "pathproof check: whether it falls at the ClientHello, and on which addresses",
            "the firewall's application (FQDN, SNI) rules for the name",
        ],
        causes: &[Cause::TlsClosed, Cause::TlsReset, Cause::TlsVersion],
        source: source::DOTNET,
    },
];
