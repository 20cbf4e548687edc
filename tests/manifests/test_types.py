"""Every object and file is what the programs that read it take: types.mjs."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from cluster import FOLDERS, objects
from rig import DEPLOY, ROOT, program

MODULES = ROOT / "build/manifests/node_modules"


def cases():
    found = [{"name": f"{folder}: {one['kind']} {one['metadata']['name']}", "as": "kubernetes", "object": one}
             for folder in FOLDERS for one in objects(folder)]
    for name, reader in {"compose/compose.yaml": "compose", "swarm/stack.yaml": "compose",
                         "cloud-run/service.yaml": "cloud-run", "ecs/task-definition.json": "ecs"}.items():
        found.append({"name": name, "as": reader, "object": yaml.safe_load((DEPLOY / name).read_text())})
    return found


WRONG = [
    ("kubernetes", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "weir"},
                    "spec": {"externalTraficPolicy": "Local"}}, "externalTraficPolicy"),
    ("kubernetes", {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {}}}, "selector"),
    ("kubernetes", {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
                    "spec": {"selector": {}, "endpoints": [{"prot": "admin"}]}}, "prot"),
    ("cloud-run", {"spec": {"template": {"spec": {"containers": [{"prots": []}]}}}}, "prots"),
    ("ecs", {"family": "weir", "containerDefinitions": [], "networkMode": "bridged"}, "bridged"),
    ("compose", {"services": {"weir": {"image": "weir", "stop_grace": "1s"}}}, "stop_grace"),
]


def problems(checked):
    """The lines of types.mjs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "objects.json"
        file.write_text(json.dumps(checked))
        command = [program("node"), str(ROOT / "tests/manifests/types.mjs"), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    *lines, summary = done.stdout.splitlines() or [""]
    if summary != f"{len(checked)} objects, {len(lines)} problems":
        raise AssertionError(done.stdout + done.stderr)
    return lines


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        program("kubectl")
        if not MODULES.exists():
            raise unittest.SkipTest("tests/manifests/install.sh has not been called")
        wrong = [{"name": f"wrong {at}", "as": reader, "object": one} for at, (reader, one, _) in enumerate(WRONG)]
        cls.lines = problems(cases() + wrong)    # at once: the types are read for seconds

    def test_all_are_taken(self):
        self.assertEqual([line for line in self.lines if not line.startswith("wrong ")], [])

    def test_wrong_ones_are_not(self):
        for at, (_, _, word) in enumerate(WRONG):
            with self.subTest(word):
                self.assertTrue([line for line in self.lines if line.startswith(f"wrong {at}: ") and word in line])


if __name__ == "__main__":
    unittest.main()
