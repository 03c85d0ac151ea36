//! What products and fronts are known by.

/// A product and the words of its page, lower case; every word of one alternative must occur.
pub(super) struct Page {
    pub(super) product: &'static str,
    pub(super) words: &'static [&'static [&'static str]],
}

pub(super) const PAGES: &[Page] = &[
    Page {
        product: "Azure Firewall",
        words: &[
            &["action: deny.", "proceeding with default action"],
            &["action: deny.", "rule collection"],
        ],
    },
    Page {
        product: "Barracuda",
        words: &[&["barracuda", "has been blocked"], &["barracuda web security"]],
    },
    Page {
        product: "Blue Coat",
        words: &[
            &["your request was denied because of its content categorization"],
            &["notify-notifyuser"],
            &["bluecoat", "access denied"],
        ],
    },
    Page { product: "Check Point", words: &[&["/usercheck/"], &["check point usercheck"]] },
    Page {
        product: "Cisco Secure Web Appliance",
        words: &[
            &["notification: policy:"],
            &["this page cannot be displayed", "ironport"],
            &["based on your organization's access policies"],
        ],
    },
    Page {
        product: "Cisco Umbrella",
        words: &[
            &["this site is blocked", "umbrella"],
            &["block.opendns.com"],
            &["hit-block.opendns.com"],
        ],
    },
    Page { product: "Cloudflare Gateway", words: &[&["cloudflare gateway", "blocked"]] },
    Page { product: "Comodo Secure DNS", words: &[&["comodo secure dns"]] },
    Page { product: "ContentKeeper", words: &[&["contentkeeper"]] },
    Page {
        product: "Forcepoint",
        words: &[
            &["/cgi-bin/block_message.cgi"],
            &["/cgi-bin/blockpage.cgi"],
            &["blocked by websense"],
            &["forcepoint", "blocked"],
        ],
    },
    Page {
        product: "FortiGuard",
        words: &[
            &["fortiguard intrusion prevention"],
            &["fortiguard", "web page blocked"],
            &["web page blocked!"],
            &["fortinet", "web page blocked"],
            &["fortigate application control"],
        ],
    },
    Page {
        product: "iboss",
        words: &[
            &["iboss", "blocked"],
            &["iboss", "restricted"],
            &["/ibreports/ibp/"],
            &["phantom technologies", "blocked"],
        ],
    },
    Page { product: "IServ", words: &[&["seite gesperrt", "iserv"]] },
    Page {
        product: "Juniper",
        words: &[
            &["juniper web filtering"],
            &["juniper networks", "has been blocked"],
            &["juniper enhanced web filtering"],
        ],
    },
    Page { product: "Kerio Control", words: &[&["blocked by kerio control"]] },
    Page { product: "Lightspeed", words: &[&["lightspeed system", "web access"]] },
    Page { product: "Netskope", words: &[&["netskope", "blocked"]] },
    Page {
        product: "NetSpark",
        words: &[&["netsparkmobile.com", "a=block"], &["netspark", "blocked"]],
    },
    Page { product: "Olfeo", words: &[&["olfeo", "filtrage"]] },
    Page {
        product: "Palo Alto Networks",
        words: &[
            &["has been blocked in accordance with company policy"],
            &["palo alto networks", "web page blocked"],
            &["url filtering", "web page blocked"],
        ],
    },
    Page { product: "pfBlockerNG", words: &[&["pfblockerng"]] },
    Page {
        product: "RM SafetyNet",
        words: &[
            &["rm safetynet"],
            &["safetynet", "filtered", "rm education"],
            &["snpfiltered.pl"],
        ],
    },
    Page { product: "Securly", words: &[&["securly", "blocked"]] },
    Page {
        product: "Skyhigh Web Gateway",
        words: &[&["mcafee web gateway"], &["skyhigh", "web gateway"]],
    },
    Page { product: "Smoothwall", words: &[&["smoothwall", "blocked"]] },
    Page {
        product: "SonicWall",
        words: &[
            &["content=\"siteblocked\""],
            &["sonicwall", "blocked"],
            &["nsa_banner", "web site blocked"],
        ],
    },
    Page { product: "Sophos", words: &[&["sophos", "blocked"]] },
    Page {
        product: "Squid",
        words: &[&["err_access_denied"], &["access control configuration prevents your request"]],
    },
    Page { product: "SquidGuard", words: &[&["squidguard"]] },
    Page {
        product: "Trend Micro",
        words: &[&["trend micro", "url blocking"], &["interscan web security"]],
    },
    Page { product: "Untangle", words: &[&["untangle", "blocked"]] },
    Page { product: "VAS Experts", words: &[&["eais.rkn.gov.ru", "nap.rkn.gov.ru"]] },
    Page {
        product: "WatchGuard",
        words: &[&["watchguard", "denied"], &["request denied by watchguard"]],
    },
    Page {
        product: "Zscaler",
        words: &[
            &["zscaler", "not allowed"],
            &["zscaler", "internet security by"],
            &["gateway.zscaler"],
        ],
    },
];

/// Words of no product, which count only where the session does not prove the service.
pub(super) const GENERIC: Page = Page {
    product: "an unnamed filter",
    words: &[
        &["blocked by", "administrator"],
        &["access denied", "web gateway"],
        &["access denied", "web filter"],
        &["blocked", "web filter"],
        &["blocked", "url category"],
        &["blocked", "category:"],
        &["blocked", "your organization"],
        &["access denied", "url category"],
        &["access denied", "content filter"],
        &["access denied", "internet usage policy"],
    ],
};

/// Headers that a product puts on its pages; the value, lower case, must occur.
pub(super) const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Squid-Error", "err_access_denied", "Squid"),
    ("X-Squid-Error", "err_blocked", "Squid"),
    ("Server", "zscaler", "Zscaler"),
    ("Server", "bigip blocking", "F5"),
    ("X-Iboss", "", "iboss"),
    ("X-Fortinet", "", "FortiGuard"),
];

/// Headers by which a proxy on the way is known; the value, lower case, must occur.
pub(super) const MIDDLEBOXES: &[(&str, &str)] = &[
    ("X-Squid-Error", ""),
    ("Proxy-Status", ""),
    ("X-Cache-Lookup", ""),
    ("Proxy-Connection", ""),
    ("Server", "squid"),
    ("Server", "bluecoat"),
    ("Server", "zscaler"),
    ("Server", "mcafee"),
    ("Server", "skyhigh"),
    ("Server", "envoy-egress"),
    ("Server", "tinyproxy"),
    ("Server", "privoxy"),
    ("Server", "forcepoint"),
    ("Server", "websense"),
    ("Server", "mikrotik httpproxy"),
    ("Proxy-Agent", ""),
    ("Via", ""),
];

/// What a content delivery network writes into `Via`: the service's own front.
pub(super) const CDNS: &[&str] =
    &["cloudfront", "varnish", "akamai", "fastly", "google", "azure", "ecacc", "edgecast"];

/// A page that a service's own front shows: the header that names the front, and words of its pages,
/// lower case. (Microsoft: http.sys, IIS, Application Gateway and Front Door; Akamai, for downloads.)
pub(super) const FRONTS: &[(&str, &str, &[&str])] = &[
    ("Server", "microsoft-httpapi", &["<hr><p>http error "]),
    ("Server", "microsoft-iis", &["server error", "<h3>"]),
    ("Server", "microsoft-azure-application-gateway", &["<center><h1>"]),
    ("X-Azure-Ref", "", &["our services aren't available right now"]),
    ("X-Azure-Ref", "", &["the request is blocked."]),
    ("Server", "akamaighost", &["access denied", "reference"]),
];
