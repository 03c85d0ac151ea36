"""Runs a script of az commands, with the real az, against a Resource Manager on loopback, and
prints the rules that it then holds.

usage: unshare --net PYTHON azure.py SCRIPT SPECIFICATION

Meant for a network namespace of its own: az finds nothing but this server. It signs in with the
managed identity that App Service offers by IDENTITY_ENDPOINT, and its requests are held against
Microsoft's OpenAPI in the folder SPECIFICATION.
"""

import base64
import datetime
import ipaddress
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from specification import Specification

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg"
RULE = re.compile(re.escape(GROUP) + r"/securityRules/([^/?]+)$", re.IGNORECASE)


def token():
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    claims = {"tid": TENANT, "oid": TENANT, "exp": 4102444800}
    return ".".join([part({"alg": "none", "typ": "JWT"}), part(claims), "c2lnbmF0dXJl"])


class Manager(BaseHTTPRequestHandler):
    """As much of Resource Manager as creating rules takes."""

    protocol_version = "HTTP/1.1"
    rules = {}
    complaints = []
    specification = None

    def do_GET(self):
        path = self.path.split("?")[0]
        rule = RULE.search(path)
        if path == "/token":
            return self.answer(200, {"access_token": token(), "expires_on": "4102444800",
                                     "resource": "https://localhost/", "token_type": "Bearer"})
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            return self.complain(401, "no token")
        if path == "/subscriptions":
            return self.answer(200, {"value": [{
                "id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION,
                "displayName": "local", "state": "Enabled", "tenantId": TENANT}]})
        if path.startswith("/operations/"):
            return self.answer(200, {"status": "Succeeded"})
        if rule and rule[1] in self.rules:
            return self.answer(200, self.rules[rule[1]])
        return self.complain(404, path)

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rule = RULE.search(self.path.split("?")[0])
        if not rule:
            return self.complain(404, self.path)
        self.complaints.extend(self.specification.errors("SecurityRule", body))
        is_new = rule[1] not in self.rules
        held = body | {"id": f"{GROUP}/securityRules/{rule[1]}", "name": rule[1], "etag": 'W/"1"'}
        held["properties"] = body["properties"] | {"provisioningState": "Succeeded"}
        self.rules[rule[1]] = held
        polled = f"https://{self.headers['Host']}/operations/{rule[1]}?api-version=2024-01-01"
        return self.answer(201 if is_new else 200, held,
                           {"Azure-AsyncOperation": polled, "Retry-After": "1"})

    def complain(self, status, what):
        self.complaints.append(f"{self.command} {what}: answered with {status}")
        self.answer(status, {"error": {"code": str(status), "message": what}})

    def answer(self, status, body, headers={}):
        body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": len(body)} | headers).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve(context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Manager)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def certificate(folder):
    """az sends a token by TLS only: a certificate for localhost that it is told to trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
              .public_key(key.public_key()).serial_number(x509.random_serial_number())
              .not_valid_before(now - datetime.timedelta(days=1))
              .not_valid_after(now + datetime.timedelta(days=1))
              .add_extension(x509.SubjectAlternativeName(names), critical=False)
              .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
              .sign(key, hashes.SHA256()))
    file = folder / "server.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return file


def main():
    script, folder = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Manager.specification = Specification(folder, "networkSecurityGroup.json")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        file = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        manager = f"https://localhost:{serve(context)}"
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "AZURE_CONFIG_DIR": str(folder / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "REQUESTS_CA_BUNDLE": str(file),
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{serve()}/token",
            "IDENTITY_HEADER": "header",
            "RESOURCE_GROUP": "rg",
            "NSG": "nsg",
        }
        run = lambda *command: subprocess.run(
            command, env=environment, cwd=folder, check=True, stdout=sys.stderr)
        run("az", "cloud", "register", "--name", "local", "--skip-endpoint-discovery",
            "--endpoint-resource-manager", manager,
            "--endpoint-active-directory", manager, "--endpoint-management", manager,
            "--endpoint-active-directory-resource-id", manager,
            "--endpoint-active-directory-graph-resource-id", manager)
        run("az", "cloud", "set", "--name", "local")
        run("az", "login", "--identity")
        # Run again it writes the same rules again.
        for _ in range(2):
            run("bash", os.path.abspath(script))
        left = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert not Manager.complaints, Manager.complaints
    assert left == ["azure", "server.pem"], f"the script left {left}"
    json.dump(sorted(Manager.rules.values(), key=lambda rule: rule["properties"]["priority"]), sys.stdout)


if __name__ == "__main__":
    main()
