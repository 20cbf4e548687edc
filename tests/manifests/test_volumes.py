"""A running Weir sees the volumes of its pod as kubelet changes them, and stops as the Deployment expects it."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import yaml

from cluster import Pod
from rig import BINARIES, TOKEN, Origin, Volume, Weir, answer_of, certificate, program, wait_for

ENVIRONMENT = {"WEIR_ADMIN_TOKEN": TOKEN, "WEIR_READ_TOKEN": "a-token-that-reads"}


class Running:
    """Weir with the volumes of a pod, on ports that the kernel chose, in front of one app."""

    def __init__(self, folder, **environment):
        program("openssl")
        if not (BINARIES / "weir").exists():
            raise unittest.SkipTest("weir is not built")
        self.root = tempfile.TemporaryDirectory()
        os.chmod(self.root.name, 0o755)
        self.pod = Pod(folder)
        self.texts = self.pod.localised(self.root.name)
        self.config = Volume(self.root.name + self.pod.mounts["config"], self.texts)
        self.tls = Volume(self.root.name + self.pod.mounts["tls"], self.new_certificate())
        state = Path(self.root.name + self.pod.mounts["state"])
        state.mkdir(parents=True)
        state.chmod(0o777)
        self.origin = Origin()
        upstreams = {f"WEIR__UPSTREAMS__{name.upper()}__ENDPOINTS": f"['{self.origin.address}']"
                     for name in self.pod.config["upstreams"]}
        files = [self.root.name + file for file in self.pod.files]
        self.weir = Weir(files, {**ENVIRONMENT, **upstreams, **environment}, writable=state)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.weir.stop()
        self.origin.stop()
        self.root.cleanup()

    def new_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = certificate(folder, "edge")
        return {"tls.crt": cert, "tls.key": key}

    def get(self, path, ca):
        host = self.weir.listeners["https"].replace("127.0.0.1", "localhost")
        return answer_of(urllib.request.Request(f"https://{host}{path}"), ca=ca)

    def trusts(self, ca):
        try:
            return self.get("/", ca)[0] == 200
        except urllib.error.URLError:
            return False


def with_route(text, path, body):
    config = yaml.safe_load(text)
    config["routes"].insert(0, {"name": "added", "match": {"path": path}, "respond": {"status": 200, "body": body}})
    return yaml.safe_dump(config)


class Volumes(unittest.TestCase):
    def test_a_changed_config_map_is_loaded_once_and_a_wrong_one_is_refused(self):
        with Running("base") as pod:
            ca, text = (pod.tls.folder / "tls.crt").read_text(), pod.texts["weir.yaml"]
            self.assertEqual(pod.get("/", ca)[0], 200)
            for generation, body in enumerate(("two", "three"), start=2):
                pod.config.publish({"weir.yaml": with_route(text, "/added", body)})
                wait_for("the new route answers", lambda: pod.get("/added", ca) == (200, body))
                self.assertEqual(pod.weir.metric("weir_config_generation"), generation)
            pod.config.publish({"weir.yaml": text.replace("upstream: app", "upstream: appp")})
            wait_for("the wrong one is refused", lambda: pod.weir.metric("weir_config_last_reload_success") == 0)
            self.assertEqual(pod.get("/added", ca), (200, "three"))
            pod.config.publish({"weir.yaml": with_route(text, "/added", "four")})
            wait_for("the next one is loaded", lambda: pod.get("/added", ca) == (200, "four"))
            self.assertEqual(pod.weir.metric("weir_config_last_reload_success"), 1)

    def test_two_layers_that_change_in_one_step_are_one_reload(self):
        with Running("overlays/production") as pod:
            ca = (pod.tls.folder / "tls.crt").read_text()
            changed = dict(pod.texts)
            changed["weir.yaml"] = changed["weir.yaml"].replace("slow_start: 10s", "slow_start: 11s")
            changed["production.yaml"] = with_route(changed["production.yaml"], "/added", "both")
            self.assertNotEqual(changed["weir.yaml"], pod.texts["weir.yaml"])
            pod.config.publish(changed)
            wait_for("both are loaded", lambda: pod.get("/added", ca) == (200, "both"))
            self.assertEqual(pod.weir.metric("weir_config_generation"), 2)

    def test_a_renewed_certificate_is_served(self):
        with Running("base") as pod:
            old, renewed = (pod.tls.folder / "tls.crt").read_text(), pod.new_certificate()
            self.assertTrue(pod.trusts(old))
            self.assertFalse(pod.trusts(renewed["tls.crt"]))
            pod.tls.publish(renewed)
            wait_for("the renewed one is served", lambda: pod.trusts(renewed["tls.crt"]))
            self.assertFalse(pod.trusts(old))

    def test_it_runs_as_the_security_context_says(self):
        with Running("base") as pod:
            if not pod.weir.wrapped:
                self.skipTest("needs root, unshare and setpriv")
            status = Path(f"/proc/{pod.weir.process.pid}/status").read_text()
            facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            self.assertEqual(facts["Uid"].split(), [str(pod.pod.spec["securityContext"]["runAsUser"])] * 4)
            self.assertEqual([facts[name] for name in ("CapPrm", "CapEff", "CapBnd")], ["0" * 16] * 3)
            self.assertEqual(facts["NoNewPrivs"], "1")
            enter = ["nsenter", "-t", str(pod.weir.process.pid), "-m"]
            self.assertNotEqual(subprocess.run([*enter, "touch", "/written"], capture_output=True).returncode, 0)
            self.assertTrue(any(Path(pod.root.name + pod.pod.mounts["state"]).iterdir()))


class Probes(unittest.TestCase):
    def test_they_are_answered_without_a_token_also_where_reading_needs_one(self):
        for folder, without_token in (("base", 200), ("overlays/prometheus-operator", 401)):
            with self.subTest(folder), Running(folder) as pod:
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    self.assertEqual(pod.weir.ask(pod.pod.container[probe]["httpGet"]["path"])[0], 200)
                self.assertEqual(pod.weir.ask("/metrics")[0], without_token)
                self.assertEqual(pod.weir.ask("/metrics", ENVIRONMENT["WEIR_READ_TOKEN"])[0], 200)

    def test_a_pod_that_ends_is_not_ready_serves_on_and_leaves_with_0(self):
        with Running("base", WEIR__SERVER__SHUTDOWN_DELAY="3s") as pod:
            ca = (pod.tls.folder / "tls.crt").read_text()
            begun = time.monotonic()
            pod.weir.process.send_signal(signal.SIGTERM)
            wait_for("it is not ready", lambda: pod.weir.ask("/health/ready")[0] == 503)
            self.assertEqual(pod.weir.ask("/health/live")[0], 200)
            self.assertEqual(pod.get("/", ca)[0], 200)    # a new connection
            self.assertEqual(pod.weir.process.wait(timeout=30), 0)
            self.assertGreaterEqual(time.monotonic() - begun, 3)
            address, port = pod.weir.listeners["https"].rsplit(":", 1)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection((address, int(port)), timeout=5).close()


if __name__ == "__main__":
    unittest.main()
