//! The words and headers that filtering products, proxies and fronts are known by.

/// A product and the words of its page, lower case. All words of one alternative must occur.
pub(super) struct ProductPage {
    pub(super) product: &'static str,
    pub(super) words: &'static [&'static [&'static str]],
}

pub(super) const PAGES: &[ProductPage] = &[
    ProductPage {
        product: "Azure Firewall",
        words: &[
            &["action: deny.", "proceeding with default action"],
            &["action: deny.", "rule collection"],
        ],
    },
    ProductPage {
        product: "Barracuda",
        words: &[&["barracuda", "has been blocked"], &["barracuda web security"]],
    },
    ProductPage {
        product: "Blue Coat",
        words: &[
            &["your request was denied because of its content categorization"],
            &["notify-notifyuser"],
            &["bluecoat", "access denied"],
        ],
    },
    ProductPage { product: "Check Point", words: &[&["/usercheck/"], &["check point usercheck"]] },
    ProductPage {
        product: "Cisco Secure Web Appliance",
        words: &[
            &["notification: policy:"],
            &["this page cannot be displayed", "ironport"],
            &["based on your organization's access policies"],
        ],
    },
    ProductPage {
        product: "Cisco Umbrella",
        words: &[
            &["this site is blocked", "umbrella"],
            &["block.opendns.com"],
            &["hit-block.opendns.com"],
        ],
    },
    ProductPage { product: "Cloudflare Gateway", words: &[&["cloudflare gateway", "blocked"]] },
    ProductPage { product: "Comodo Secure DNS", words: &[&["comodo secure dns"]] },
    ProductPage { product: "ContentKeeper", words: &[&["contentkeeper"]] },
    ProductPage {
        product: "Forcepoint",
        words: &[
            &["/cgi-bin/block_message.cgi"],
            &["/cgi-bin/blockpage.cgi"],
            &["blocked by websense"],
            &["forcepoint", "blocked"],
        ],
    },
    ProductPage {
        product: "FortiGuard",
        words: &[
            &["fortiguard intrusion prevention"],
            &["fortiguard", "web page blocked"],
            &["web page blocked!"],
            &["fortinet", "web page blocked"],
            &["fortigate application control"],
        ],
    },
    ProductPage {
        product: "iboss",
        words: &[
            &["iboss", "blocked"],
            &["iboss", "restricted"],
            &["/ibreports/ibp/"],
            &["phantom technologies", "blocked"],
        ],
    },
    ProductPage { product: "IServ", words: &[&["seite gesperrt", "iserv"]] },
    ProductPage {
        product: "Juniper",
        words: &[
            &["juniper web filtering"],
            &["juniper networks", "has been blocked"],
            &["juniper enhanced web filtering"],
        ],
    },
    ProductPage { product: "Kerio Control", words: &[&["blocked by kerio control"]] },
    ProductPage { product: "Lightspeed", words: &[&["lightspeed system", "web access"]] },
    ProductPage { product: "Netskope", words: &[&["netskope", "blocked"]] },
    ProductPage {
        product: "NetSpark",
        words: &[&["netsparkmobile.com", "a=block"], &["netspark", "blocked"]],
    },
    ProductPage { product: "Olfeo", words: &[&["olfeo", "filtrage"]] },
    ProductPage {
        product: "Palo Alto Networks",
        words: &[
            &["has been blocked in accordance with company policy"],
            &["palo alto networks", "web page blocked"],
            &["url filtering", "web page blocked"],
        ],
    },
    ProductPage { product: "pfBlockerNG", words: &[&["pfblockerng"]] },
    ProductPage {
        product: "RM SafetyNet",
        words: &[
            &["rm safetynet"],
            &["safetynet", "filtered", "rm education"],
            &["snpfiltered.pl"],
        ],
    },
    ProductPage { product: "Securly", words: &[&["securly", "blocked"]] },
    ProductPage {
        product: "Skyhigh Web Gateway",
        words: &[&["mcafee web gateway"], &["skyhigh", "web gateway"]],
    },
    ProductPage { product: "Smoothwall", words: &[&["smoothwall", "blocked"]] },
    ProductPage {
        product: "SonicWall",
        words: &[
            &["content=\"siteblocked\""],
            &["sonicwall", "blocked"],
            &["nsa_banner", "web site blocked"],
        ],
    },
    ProductPage { product: "Sophos", words: &[&["sophos", "blocked"]] },
    ProductPage {
        product: "Squid",
        words: &[&["err_access_denied"], &["access control configuration prevents your request"]],
    },
    ProductPage { product: "SquidGuard", words: &[&["squidguard"]] },
    ProductPage {
        product: "Trend Micro",
        words: &[&["trend micro", "url blocking"], &["interscan web security"]],
    },
    ProductPage { product: "Untangle", words: &[&["untangle", "blocked"]] },
    ProductPage { product: "VAS Experts", words: &[&["eais.rkn.gov.ru", "nap.rkn.gov.ru"]] },
    ProductPage {
        product: "WatchGuard",
        words: &[&["watchguard", "denied"], &["request denied by watchguard"]],
    },
    ProductPage {
        product: "Zscaler",
        words: &[
            &["zscaler", "not allowed"],
            &["zscaler", "internet security by"],
            &["gateway.zscaler"],
        ],
    },
];

/// Words that belong to no product. They count only where the session does not prove the service.
pub(super) const GENERIC: ProductPage = ProductPage {
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

/// The headers that a product puts on its pages. The header must contain the value, lower case.
pub(super) const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Squid-Error", "err_access_denied", "Squid"),
    ("X-Squid-Error", "err_blocked", "Squid"),
    ("Server", "zscaler", "Zscaler"),
    ("Server", "bigip blocking", "F5"),
    ("X-Iboss", "", "iboss"),
    ("X-Fortinet", "", "FortiGuard"),
];

/// The headers that a proxy on the way is known by. The header must contain the value, lower case.
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

/// What content delivery networks write into `Via`. They are fronts of the service, not proxies.
pub(super) const CDNS: &[&str] =
    &["cloudfront", "varnish", "akamai", "fastly", "google", "azure", "ecacc", "edgecast"];

/// The pages of a service's own fronts: the header that names the front, and the words of its
/// pages, lower case (Microsoft: http.sys, IIS, Application Gateway and Front Door; Akamai, for
/// downloads).
pub(super) const FRONTS: &[(&str, &str, &[&str])] = &[
    ("Server", "microsoft-httpapi", &["<hr><p>http error "]),
    ("Server", "microsoft-iis", &["server error", "<h3>"]),
    ("Server", "microsoft-azure-application-gateway", &["<center><h1>"]),
    ("X-Azure-Ref", "", &["our services aren't available right now"]),
    ("X-Azure-Ref", "", &["the request is blocked."]),
    ("Server", "akamaighost", &["access denied", "reference"]),
];
