//! The fuzz targets (`fuzz/`) over a bounded number of mutated seeds: the same inputs in every run,
//! without a nightly compiler. `cargo fuzz run TARGET` looks further.

use std::panic;

#[expect(unreachable_pub, reason = "a library of its own, for the fuzz targets")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use targets::{TARGETS, Target};

/// Inputs of each target at most, and their bytes: a debug build reads them within seconds.
const INPUTS: usize = 1500;
const BYTES: usize = 12 << 20;

#[test]
fn no_reader_panics_whatever_it_is_given() {
    for target in TARGETS {
        let mut numbers = Numbers(1);
        let mut n_bytes = 0;
        for input in plain().chain(target.seeds.iter().map(|seed| seed.to_vec())) {
            feed(target, &input);
        }
        for _ in 0..INPUTS {
            let input = mutated(target.seeds, &mut numbers);
            n_bytes += input.len();
            if n_bytes > BYTES {
                break;
            }
            feed(target, &input);
        }
    }
}

#[test]
fn every_fuzz_target_is_here() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.retain(|name| cfg!(feature = "pac") || name != "pac_answer");
    files.sort();
    let mut names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

fn feed(target: &Target, input: &[u8]) {
    if panic::catch_unwind(|| (target.read)(input)).is_err() {
        let shown = String::from_utf8_lossy(&input[..input.len().min(2000)]).into_owned();
        panic!("{} panics, reading {} bytes: {shown:?}", target.name, input.len());
    }
}

/// What every reader must survive, whatever its format.
fn plain() -> impl Iterator<Item = Vec<u8>> {
    let long = |text: &str| text.repeat(20_000).into_bytes();
    [
        Vec::new(),
        vec![0; 4096],
        vec![0xff; 4096],
        b"\xef\xbb\xbf".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        long("["),
        long("{\"a\":"),
        long("<a>"),
        long("a."),
        long("("),
        long("[["),
        long("\n"),
        long("9"),
    ]
    .into_iter()
}

/// A seed with one to four wounds.
fn mutated(seeds: &[&[u8]], numbers: &mut Numbers) -> Vec<u8> {
    const TOKENS: [&[u8]; 16] = [
        b"\0",
        b"\xff\xff",
        b"\"",
        b"'",
        b"\\",
        b"\n",
        b"[",
        b"{",
        b"-1",
        b"4294967296",
        b"1e999",
        b"\xf0\x9f\x92\xa5",
        b"::",
        b"/129",
        b"null",
        b"@",
    ];
    let mut input = seeds[numbers.below(seeds.len())].to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(input.len() + 1);
        let end = (at + 1 + numbers.below(24)).min(input.len());
        match numbers.below(7) {
            0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
            1 => drop(input.drain(at..end)),
            2 => drop(input.splice(at..at, TOKENS[numbers.below(TOKENS.len())].iter().copied())),
            3 => drop(input.splice(at..end, TOKENS[numbers.below(TOKENS.len())].iter().copied())),
            4 => {
                let piece = input[at..end].to_vec();
                let to = numbers.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            5 => {
                let other = seeds[numbers.below(seeds.len())];
                input.truncate(at);
                input.extend(&other[numbers.below(other.len() + 1)..]);
            }
            _ => input.truncate(at),
        }
    }
    input
}

/// A repeatable stream of numbers (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap()
    }
}
