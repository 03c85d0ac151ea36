//! What name servers and operating systems say.

use pathproof::model::{
    Answer, ChainLink, DnsFailure, Exchange, Family, HostName, LinkData, Lookup, OsError, Resolver,
    ResponseCode, Transport,
};

use super::{ip, ms, socket};

/// An error of Linux by its symbol.
pub(crate) fn errno(symbol: &str) -> OsError {
    let code = match symbol {
        "EPERM" => 1,
        "EACCES" => 13,
        "EINVAL" => 22,
        "EMFILE" => 24,
        "EADDRNOTAVAIL" => 99,
        "ENETUNREACH" => 101,
        "ECONNRESET" => 104,
        "ETIMEDOUT" => 110,
        "ECONNREFUSED" => 111,
        "EHOSTUNREACH" => 113,
        _ => panic!("{symbol} has no code here"),
    };
    OsError { code, symbol: symbol.to_owned() }
}

/// A question for A and AAAA and what comes of it.
pub(crate) struct Ask<'a> {
    resolver: Resolver,
    is_by_hosts_file: bool,
    aliases: &'a [&'a str],
    addresses: &'a [&'a str],
    end: Result<ResponseCode, DnsFailure>,
    is_loop: bool,
    /// `-4`, `-6`.
    only: Option<Family>,
}

/// Addresses, from the one name server of the scene.
pub(crate) fn gives<'a>(addresses: &'a [&'a str]) -> Ask<'a> {
    Ask {
        resolver: Resolver::Server(socket("10.0.0.53:53")),
        is_by_hosts_file: false,
        aliases: &[],
        addresses,
        end: Ok(ResponseCode::NoError),
        is_loop: false,
        only: None,
    }
}

impl<'a> Ask<'a> {
    /// No address, but a response code.
    pub(crate) fn code(code: ResponseCode) -> Self {
        Self { end: Ok(code), ..gives(&[]) }
    }

    /// No answer at all.
    pub(crate) fn fails(failure: DnsFailure) -> Self {
        Self { end: Err(failure), ..gives(&[]) }
    }

    pub(crate) fn silence() -> Self {
        Self::fails(DnsFailure::TimedOut { asked: 3 })
    }

    /// Aliases that lead back to the first of them.
    pub(crate) fn looping(aliases: &'a [&'a str]) -> Self {
        Self { is_loop: true, aliases, ..gives(&[]) }
    }

    /// Of one family alone.
    pub(crate) fn only(self, family: Family) -> Self {
        Self { only: Some(family), ..self }
    }

    /// Through these aliases.
    pub(crate) fn via(self, aliases: &'a [&'a str]) -> Self {
        Self { aliases, ..self }
    }

    /// Of another name server.
    pub(crate) fn at(self, server: &str) -> Self {
        Self { resolver: Resolver::Server(socket(server)), ..self }
    }

    /// Of the operating system itself.
    pub(crate) fn of_system(self) -> Self {
        Self { resolver: Resolver::System, ..self }
    }

    /// Of the operating system, whose hosts file names the host.
    pub(crate) fn of_hosts_file(self) -> Self {
        Self { is_by_hosts_file: true, ..self.of_system() }
    }

    pub(crate) fn of(self, name: &HostName) -> Lookup {
        let transport = match self.resolver {
            Resolver::Server(_) => Transport::Udp,
            Resolver::System if self.is_by_hosts_file => Transport::HostsFile,
            Resolver::System => Transport::System,
        };
        let families = [Family::V4, Family::V6].into_iter();
        let families = families.filter(|family| self.only.is_none_or(|only| only == *family));
        let exchanges = families.map(|family| Exchange {
            family,
            result: self.end.clone().map(|code| self.answer(name, family, code)),
            transport,
            took: if self.end.is_ok() { ms(3) } else { ms(5_000) },
        });
        Lookup { resolver: self.resolver, name: name.clone(), exchanges: exchanges.collect() }
    }

    fn answer(&self, name: &HostName, family: Family, code: ResponseCode) -> Answer {
        let mut owner = name.clone();
        let mut chain = Vec::new();
        for alias in self.aliases {
            let target = HostName::parse(alias).expect("a name");
            let data = LinkData::Alias(target.clone());
            chain.push(ChainLink { name: owner, ttl: 60, data });
            owner = target;
        }
        let addresses = self.addresses.iter().map(|address| ip(address));
        for address in addresses.filter(|address| Family::of(*address) == family) {
            let data = LinkData::Address(address);
            chain.push(ChainLink { name: owner.clone(), ttl: 30, data });
        }
        Answer { code, chain, is_loop: self.is_loop, is_cut: false }
    }
}
