"""Reads one file that `rules emit` or a report's format wrote, or one of deploy/, with a reader that is not ours; says what it saw as JSON.

usage: read.py FORMAT FILE [SPECIFICATION]
"""

import csv
import io
import ipaddress
import json
import re
import sys
from pathlib import Path


def terraform(text):
    import hcl2

    escapes = {'\\"': '"', "$${": "${", "%%{": "%{", "\\\\": "\\"}
    bare = lambda value: unescaped(value[1:-1], escapes) if value.startswith('"') else value
    rules = []
    for block in hcl2.loads(text)["resource"]:
        for kind, named in block.items():
            for resource in named.values():
                assert bare(kind) == "azurerm_network_security_rule", kind
                one = resource.get("destination_address_prefix")
                rules.append({
                    "name": bare(resource["name"]),
                    "description": bare(resource["description"]),
                    "priority": resource["priority"],
                    "access": bare(resource["access"]),
                    "direction": bare(resource["direction"]),
                    "protocol": bare(resource["protocol"]),
                    "ports": [bare(ports) for ports in resource["destination_port_ranges"]],
                    "destinations": [bare(one)] if one else
                        [bare(prefix) for prefix in resource["destination_address_prefixes"]],
                })
    return rules


def hcl(text):
    import hcl2

    return sorted(hcl2.loads(text))


def arm_template(text):
    template = json.loads(text)
    head, tail = "[concat(parameters('networkSecurityGroupName'), '/", "')]"
    rules = []
    for resource in template["resources"]:
        assert resource["name"].startswith(head) and resource["name"].endswith(tail)
        rules.append({"name": resource["name"][len(head):-len(tail)],
                      "properties": resource["properties"]})
    return nsg_json(json.dumps(rules))


def nsg_json(text):
    return [security_rule(rule) for rule in json.loads(text)]


def security_rule(rule):
    own = rule["properties"]
    one, port = own.get("destinationAddressPrefix"), own.get("destinationPortRange")
    return {
        "name": rule["name"],
        "description": own["description"],
        "priority": own["priority"],
        "access": own["access"],
        "direction": own["direction"],
        "protocol": own["protocol"],
        "ports": [port] if port else own["destinationPortRanges"],
        "destinations": [one] if one else own["destinationAddressPrefixes"],
    }


def unescaped(text, escapes):
    pattern = "|".join(re.escape(escape) for escape in escapes)
    return re.sub(pattern, lambda found: escapes[found[0]], text)


def literals(language, text, kinds):
    """The texts between quotes, as the grammar sees them; no error in the whole file."""
    from tree_sitter import Language, Parser

    tree = Parser(Language(language)).parse(text.encode())
    found, wrong, nodes = [], [], [tree.root_node]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            wrong.append(f"{node.start_point}: {node.text.decode()[:80]}")
        # The keyword `string` is a node of that kind too.
        if node.type in kinds and node.text.startswith(b"'"):
            found.append(node.text.decode()[1:-1])
        else:
            nodes.extend(reversed(node.children))
    assert not wrong, wrong
    return found


def bicep(text):
    import tree_sitter_bicep

    found = literals(tree_sitter_bicep.language(), text, {"string"})
    escapes = {"\\'": "'", "\\$": "$", "\\\\": "\\"}
    return [unescaped(text, escapes) for text in found]


def powershell(text):
    import tree_sitter_powershell

    found = literals(tree_sitter_powershell.language(), text, {"verbatim_string_characters"})
    return [text.replace("''", "'") for text in found]


COLUMNS = {"direction", "source", "name", "address", "port", "protocol", "entry", "proof"}


def rows(text):
    read = list(csv.DictReader(text.splitlines(), strict=True))
    assert all(set(row) == COLUMNS for row in read), read
    return [dict(row, address=str(ipaddress.ip_address(row["address"]))) for row in read]


def addresses(text):
    return [str(ipaddress.ip_network(line.split("#")[0].strip())) for line in text.splitlines()]


def objects(policy, report):
    """Address objects by name, groups by name; nothing may have been left unread."""
    said = [finding for item in report.items.values() for finding in item.findings]
    assert not said, said
    found = {}
    for own in policy.addresses.values():
        kind = own.kind.value
        assert kind in ("host", "network", "fqdn"), own
        found[own.name] = own.value if kind == "fqdn" else str(ipaddress.ip_network(own.value))
    groups = {own.name: own.members for own in policy.address_groups.values()}
    return {"objects": found, "groups": groups}


def fortigate(text):
    from fwshift.parsers import fortios
    from fwshift.report import Report

    report = Report()
    return objects(fortios.parse(text.encode(), report), report)


def panos_set(text):
    from fwshift.parsers import panos, panos_set
    from fwshift.report import Report

    report = Report()
    return objects(panos.parse(panos_set.to_xml(text.encode(), report), report), report)


def change_request(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def junit(text, schema):
    """What Jenkins' schema has against it; and what a build server shows of each case."""
    import xmlschema
    from xml.etree import ElementTree

    errors = [str(error.reason) for error in xmlschema.XMLSchema(schema).iter_errors(text)]
    cases = []
    for case in ElementTree.fromstring(text).iter("testcase"):
        ends = [child.tag for child in case if child.tag != "system-out"]
        end = case.find(ends[0]) if ends else None
        cases.append({
            "classname": case.get("classname"),
            "name": case.get("name"),
            "end": ends[0] if ends else "passed",
            "type": "" if end is None else end.get("type"),
            "text": "".join(case.itertext()),
        })
    return {"errors": errors, "cases": cases}


def yaml(text):
    import yaml

    return list(yaml.safe_load_all(text))


def schema(format, text, folder):
    """What Microsoft's OpenAPI has against it."""
    from specification import Specification

    value = json.loads(text)
    if format == "azure-firewall":
        spec = Specification(folder, "firewallPolicy.json")
        return spec.errors("FirewallPolicyRuleCollectionGroup", value)
    spec = Specification(folder, "networkSecurityGroup.json")
    if format == "nsg-json":
        return [error for rule in value for error in spec.errors("SecurityRule", rule)]
    found = []
    version = spec.read(spec.file)["info"]["version"]
    for resource in value["resources"]:
        group, rules = resource["type"].removeprefix("Microsoft.Network/").split("/")
        path = f"/providers/Microsoft.Network/{group}/{{networkSecurityGroupName}}/{rules}/"
        if not any(path in known for known in spec.paths()) or resource["apiVersion"] != version:
            found.append(f"{resource['type']} of {resource['apiVersion']} is not in the specification")
        found += spec.errors("SecurityRulePropertiesFormat", resource["properties"])
    return found


READERS = {
    "terraform": terraform,
    "hcl": hcl,
    "arm-template": arm_template,
    "nsg-json": nsg_json,
    "bicep": bicep,
    "az-powershell": powershell,
    "windows-firewall": powershell,
    "csv": rows,
    "change-request": change_request,
    "edl-ip": addresses,
    "fortigate": fortigate,
    "panos-set": panos_set,
    "yaml": yaml,
}


def main():
    format, file, *specification = sys.argv[1:]
    with Path(file).open(encoding="utf-8", newline="") as opened:
        text = opened.read()
    if format == "junit":
        seen = junit(text, specification[0])
    else:
        seen = schema(format, text, specification[0]) if specification else READERS[format](text)
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
