"""Each configuration of Weir below deploy/ passes `weir check`, in the layers that it is used in."""

import os
import re
import tempfile
import unittest
from pathlib import Path

import yaml

from rig import BINARIES, DEPLOY, TOKEN, certificate, output_of, variables_of

KEYS = {"server", "admin", "log", "trusted_proxies", "listeners", "upstreams", "rate_limits", "headers", "access",
        "routes"}
LAYERS = [
    ["kubernetes/base/weir.yaml"],
    ["kubernetes/base/weir.yaml", "kubernetes/overlays/production/production.yaml"],
    ["kubernetes/base/weir.yaml", "kubernetes/overlays/prometheus-operator/read-token.yaml"],
    ["kubernetes/overlays/canary/canary.yaml"],
    ["compose/weir/weir.yaml"],
    ["swarm/weir.yaml", "swarm/weir-admin.yaml"],
    ["ecs/weir.yaml"],
    ["cloud-run/weir.yaml"],
]
VALUES = {"BALANCER_SUBNETS": "10.0.0.0/20", "APP": "app.shop.internal:3000", "APP_HOST": "app.example.com"}
SECRETS = {"swarm/weir-admin.yaml": f"admin: {{ token: {TOKEN} }}\n"}    # made by the user: swarm/README.md


def is_configuration(path):
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and content.keys() <= KEYS


class Configurations(unittest.TestCase):
    def setUp(self):
        if not (BINARIES / "weir").exists():
            self.skipTest("weir is not built")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        certificate(self.folder.name, "localhost")

    def text(self, name):
        """As it is, but for the place of the certificate."""
        text = SECRETS[name] if name in SECRETS else (DEPLOY / name).read_text()
        return re.sub(r"/[\w/-]+/(tls\.(?:crt|key))", rf"{self.folder.name}/\1", text)

    def test_each_passes_without_a_word(self):
        for layers in LAYERS:
            with self.subTest(layers):
                environment, command = {"PATH": os.environ["PATH"]}, [BINARIES / "weir", "check"]
                for name in layers:
                    text = self.text(name)
                    copy = Path(self.folder.name) / name.replace("/", "-")
                    copy.write_text(text)
                    command += ["-c", copy]
                    environment |= {variable: VALUES.get(variable, TOKEN) for variable in variables_of(text)}
                self.assertRegex(output_of(*command, env=environment), r"\Aok: [^\n]*\n\Z")

    def test_none_is_left_out(self):
        found = {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*.yaml") if is_configuration(path)}
        self.assertEqual(found, {name for layers in LAYERS for name in layers} - set(SECRETS))


if __name__ == "__main__":
    unittest.main()
