#!/usr/bin/env python3
"""What a program is made of, by Cargo: a bill of materials and the licence texts.

    packaging/contents.py sbom TARGET > pathproof.cdx.json
    packaging/contents.py licences TARGET > THIRD-PARTY-LICENSES.txt

Both speak of the crates that are linked into the program for TARGET, and not of what only builds or
tests it. The same sources give the same bytes: times are those of SOURCE_DATE_EPOCH.
"""

import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
# Crates bring C sources of others along, whose texts stand deeper in their folders.
TEXTS = re.compile(r"^(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([._-].*)?$", re.IGNORECASE)
NOT_TEXTS = {".rs", ".py", ".go", ".c", ".h", ".json", ".html"}


class Crates:
    """The crates of one target, each with those that it uses."""

    def __init__(self, target):
        command = ["cargo", "metadata", "--locked", "--format-version", "1"]
        command += ["--filter-platform", target]
        metadata = json.loads(subprocess.check_output(command, cwd=HERE))
        self.packages = {package["id"]: package for package in metadata["packages"]}
        nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
        self.root = metadata["resolve"]["root"]
        self.uses = {}
        waiting = [self.root]
        while waiting:
            identity = waiting.pop()
            if identity in self.uses:
                continue
            linked = (
                dependency["pkg"]
                for dependency in nodes[identity]["deps"]
                if any(kind["kind"] is None for kind in dependency["dep_kinds"])
            )
            self.uses[identity] = sorted(linked)
            waiting += self.uses[identity]

    def others(self):
        """Every crate but our own, by name and version."""
        crates = (self.packages[identity] for identity in self.uses if identity != self.root)
        return sorted(crates, key=lambda crate: (crate["name"], crate["version"]))


def url(crate):
    return f"pkg:cargo/{crate['name']}@{crate['version']}"


def expression(crate):
    """SPDX, as older crates wrote a slash for OR."""
    return re.sub(r"\s*/\s*", " OR ", crate["license"] or "")


def bill(target):
    crates = Crates(target)
    lock = tomllib.loads((HERE / "Cargo.lock").read_text())
    hashes = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    own = crates.packages[crates.root]

    def component(crate, kind):
        found = {
            "type": kind,
            "bom-ref": url(crate),
            "name": crate["name"],
            "version": crate["version"],
            "purl": url(crate),
        }
        if crate["description"]:
            found["description"] = " ".join(crate["description"].split())
        if expression(crate):
            found["licenses"] = [{"expression": expression(crate)}]
        if checksum := hashes.get((crate["name"], crate["version"])):
            found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        if crate["repository"]:
            found["externalReferences"] = [{"type": "vcs", "url": crate["repository"]}]
        return found

    others = crates.others()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    day = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": day.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(own, "application"),
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": [component(crate, "library") for crate in others],
        "dependencies": [
            {
                "ref": url(crate),
                "dependsOn": sorted(url(crates.packages[one]) for one in crates.uses[crate["id"]]),
            }
            for crate in [own, *others]
        ],
    }
    # The serial number names this content, and no other.
    content = json.dumps(document, sort_keys=True).encode()
    serial = uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=4)
    document["serialNumber"] = serial.urn
    json.dump(document, sys.stdout, indent=2)
    print()


def texts(crate):
    """The licence texts in a crate's folder, by their paths there."""
    folder = Path(crate["manifest_path"]).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and TEXTS.match(path.name) and path.suffix not in NOT_TEXTS:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield "\n".join(line.rstrip() for line in text.strip().splitlines())


def licences(target):
    crates = Crates(target)
    by_text, without = {}, []
    found_in = {crate["id"]: list(dict.fromkeys(texts(crate))) for crate in crates.others()}
    for crate in crates.others():
        found = found_in[crate["id"]]
        if not found and crate["repository"]:
            # Crates of one repository are under its texts.
            beside = (one for one in crates.others() if one["repository"] == crate["repository"])
            found = next((found_in[one["id"]] for one in beside if found_in[one["id"]]), [])
        name = f"{crate['name']} {crate['version']} ({expression(crate) or 'see its texts'})"
        for text in found:
            by_text.setdefault(text, []).append(name)
        if not found:
            without.append((name, crate["repository"] or url(crate)))
    print("pathproof is made with the crates below, each under the licences that stand behind it.")
    print("Each text stands here once, below the crates that it came with.")
    if without:
        print("\nThese crates come without a text; their licences are the ones of these names:\n")
        for name, source in without:
            print(f"  {name}\n      {source}")
    for text, names in by_text.items():
        print(f"\n{'=' * 80}\n")
        for name in names:
            print(name)
        print(f"\n{'-' * 80}\n\n{text}")


if __name__ == "__main__":
    works = {"sbom": bill, "licences": licences}
    if len(sys.argv) != 3 or sys.argv[1] not in works:
        sys.exit(__doc__)
    works[sys.argv[1]](sys.argv[2])
