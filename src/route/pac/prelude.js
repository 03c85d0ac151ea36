// The functions a PAC may call: Netscape's ("Navigator Proxy Auto-Config File Format") and
// Microsoft's for IPv6 ("IPv6-Aware Proxy Helper API Definitions"). What needs DNS, this host's
// addresses or the clock is asked of `host`, which Rust provides.
'use strict';
(function (global, host) {
  const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
  const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

  // A script of hundreds of rules compares one host with hundreds of constants, again and again:
  // what was once read of a constant is kept, and the host's address for one evaluation.
  const LONGEST_CACHE = 10000;
  const globs = new Map();
  const bits = new Map();
  let resolvedName;
  let resolvedBits;

  function remember(cache, key, value) {
    if (cache.size < LONGEST_CACHE) cache.set(key, value);
    return value;
  }

  // An IPv4 address as a number; -1 where it is none.
  function bitsOf(text) {
    const known = bits.get(text);
    return known === undefined ? remember(bits, text, host.bits(String(text))) : known;
  }

  function bitsOfHost(name) {
    if (name !== resolvedName) {
      const address = host.resolve4(String(name));
      resolvedName = name;
      resolvedBits = address === '' ? -1 : bitsOf(address);
    }
    return resolvedBits;
  }

  // Mozilla's rule since Firefox 49, and Netscape's own examples: a range may wrap around.
  function within(low, now, high) {
    return low <= high ? low <= now && now <= high : low <= now || now <= high;
  }

  // The arguments without a trailing "GMT", and the moment they are compared with.
  function moment(list) {
    const args = Array.from(list);
    const isGmt = args.length > 0 && String(args[args.length - 1]).toUpperCase() === 'GMT';
    if (isGmt) args.pop();
    const [year, month, date, day, hour, minute, second] = host.now(isGmt);
    return { args, year, month, date, day, hour, minute, second };
  }

  // A pattern as a test of texts.
  function glob(pattern) {
    const known = globs.get(pattern);
    if (known !== undefined) return known;
    const rest = pattern.slice(1);
    if (pattern.startsWith('*') && !/[*?]/.test(rest)) {
      return remember(globs, pattern, (text) => text.endsWith(rest));
    }
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.');
    const compiled = new RegExp('^' + source + '$', 's');
    return remember(globs, pattern, (text) => compiled.test(text));
  }

  const isNothing = (name) => name === null || name === undefined;

  const functions = {
    isPlainHostName: (name) => !String(name).includes('.') && !String(name).includes(':'),
    dnsDomainIs: (name, domain) => String(name).endsWith(String(domain)),
    localHostOrDomainIs: (name, full) =>
      String(name) === String(full) ||
      (!String(name).includes('.') && String(full).startsWith(String(name) + '.')),
    isResolvable: (name) => !isNothing(name) && host.resolve4(String(name)) !== '',
    isInNet: (name, pattern, mask) => {
      // What did not resolve is in no network, and no name to ask for.
      if (isNothing(name)) return false;
      const net = bitsOf(pattern);
      const ones = bitsOf(mask);
      // Read first: where they are no addresses, nothing needs to be asked.
      if (net < 0 || ones < 0) return false;
      const address = bitsOfHost(name);
      return address >= 0 && (address & ones) === (net & ones);
    },
    dnsResolve: (name) => (isNothing(name) ? null : host.resolve4(String(name)) || null),
    convert_addr: (address) => Math.max(0, bitsOf(address)),
    myIpAddress: () => host.ownAddress(),
    dnsDomainLevels: (name) => String(name).split('.').length - 1,
    shExpMatch: (text, pattern) => glob(String(pattern))(String(text)),
    isInNetEx: (name, prefix) => !isNothing(name) && host.isInNetEx(String(name), String(prefix)),
    isResolvableEx: (name) => !isNothing(name) && host.resolveAll(String(name)) !== '',
    dnsResolveEx: (name) => (isNothing(name) ? '' : host.resolveAll(String(name))),
    myIpAddressEx: () => host.ownAddresses(),
    sortIpAddressList: (list) => host.sort(String(list)) || false,
    getClientVersion: () => '1.0',
    alert: () => {},

    weekdayRange() {
      const { args, day } = moment(arguments);
      const days = args.map((name) => DAYS.indexOf(String(name).toUpperCase()));
      if (days.length < 1 || days.length > 2 || days.includes(-1)) return false;
      return within(days[0], day, days[days.length - 1]);
    },

    // Days are 1 to 31, months are names, whatever is larger is a year.
    dateRange() {
      const { args, year, month, date } = moment(arguments);
      const parts = args.map((value) => {
        const index = MONTHS.indexOf(String(value).toUpperCase());
        if (index >= 0) return { kind: 'month', value: index };
        const number = parseInt(value, 10);
        return { kind: number > 31 ? 'year' : 'date', value: number };
      });
      if (parts.length === 0 || parts.some((part) => Number.isNaN(part.value))) return false;
      const isPair =
        parts.length % 2 === 0 &&
        parts.slice(0, parts.length / 2).every((p, i) => p.kind === parts[parts.length / 2 + i].kind);
      const half = isPair ? parts.length / 2 : parts.length;
      const key = (list) => {
        const get = (kind, or) => (list.find((part) => part.kind === kind) || { value: or }).value;
        return (get('year', 0) * 12 + get('month', 0)) * 32 + get('date', 0);
      };
      const has = (kind) => parts.slice(0, half).some((part) => part.kind === kind);
      const now =
        ((has('year') ? year : 0) * 12 + (has('month') ? month : 0)) * 32 + (has('date') ? date : 0);
      const low = key(parts.slice(0, half));
      const high = isPair ? key(parts.slice(half)) : low;
      // Years do not come round again.
      return has('year') ? low <= now && now <= high : within(low, now, high);
    },

    // With hours and minutes alone the last one counts to its end.
    timeRange() {
      const { args, hour, minute, second } = moment(arguments);
      const numbers = args.map(Number);
      if (numbers.length === 0 || numbers.some(Number.isNaN)) return false;
      const seconds = (h, m, s) => (h * 60 + m) * 60 + s;
      const now = seconds(hour, minute, second);
      switch (numbers.length) {
        case 1:
          return hour === numbers[0];
        case 2:
          return within(numbers[0], hour, numbers[1]);
        case 4:
          return within(
            seconds(numbers[0], numbers[1], 0), now, seconds(numbers[2], numbers[3], 59));
        case 6:
          return within(seconds(...numbers.slice(0, 3)), now, seconds(...numbers.slice(3)));
        default:
          return false;
      }
    },
  };
  for (const name of Object.keys(functions)) {
    Object.defineProperty(global, name, { value: functions[name], writable: true, configurable: true });
  }

  // The clock that a script sees is the one handed in.
  const SystemDate = global.Date;
  global.Date = new Proxy(SystemDate, {
    construct: (target, args, made) =>
      Reflect.construct(target, args.length === 0 ? [host.milliseconds()] : args, made),
    apply: () => new SystemDate(host.milliseconds()).toString(),
    get: (target, name) =>
      name === 'now' ? () => host.milliseconds() : Reflect.get(target, name),
  });

  // Called before each evaluation.
  return () => {
    resolvedName = undefined;
  };
});
