"""The files for compose, Swarm, ECS and Cloud Run agree with the configuration beside them."""

import json
import os
import re
import socket
import tempfile
import unittest
import urllib.request
from pathlib import Path

import yaml

from rig import (BINARIES, DEPLOY, TOKEN, VERSION, Weir, answer_of, merged, output_of, port_of, ports_of, program,
                 shutdown_seconds, variables_of)

GRACE_SPARE_SECONDS = 5
FARGATE_STOP_SECONDS_MAX = 120
CLOUD_RUN_STOP_SECONDS = 10
FARGATE_MEMORY = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384), 4096: (8192, 30720)}


def load(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def files_of(command):
    return [command[at + 1] for at, word in enumerate(command) if word == "-c"]


def seconds_of(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def endpoints(config):
    return [endpoint for upstream in config["upstreams"].values() for endpoint in upstream["endpoints"]]


class Compose(unittest.TestCase):
    folder = DEPLOY / "compose"

    def setUp(self):
        self.file = load("compose/compose.yaml")
        self.weir = self.file["services"]["weir"]
        self.text = (self.folder / "weir/weir.yaml").read_text()
        self.config = merged(self.text)

    def test_docker_compose_takes_it(self):
        environment = {**os.environ, "WEIR_ADMIN_TOKEN": TOKEN}
        output_of(program("docker-compose"), "-f", str(self.folder / "compose.yaml"), "config", "-q", env=environment)

    def test_published_ports_are_those_that_weir_listens_on_and_the_admin_address_is_the_hosts_own(self):
        published = [str(port) for port in self.weir["ports"]]
        self.assertEqual({int(port.rsplit(":", 1)[1]) for port in published}, set(ports_of(self.config).values()))
        admin, = [port for port in published if port.endswith(f":{ports_of(self.config)['admin']}")]
        self.assertTrue(admin.startswith("127.0.0.1:"))

    def test_the_configuration_is_mounted_as_a_folder_where_the_command_has_it(self):
        file, = files_of(self.weir["command"])
        self.assertIn("--watch", self.weir["command"])
        self.assertEqual(self.weir["volumes"], [f"./weir:{Path(file).parent}:ro"])
        self.assertEqual(self.config["server"]["state_dir"], self.weir["tmpfs"][0].split(":")[0])
        self.assertEqual(variables_of(self.text), set(self.weir["environment"]))

    def test_it_stops_in_time(self):
        self.assertGreaterEqual(seconds_of(self.weir["stop_grace_period"]),
                                shutdown_seconds(self.config) + GRACE_SPARE_SECONDS)

    def test_endpoints_are_services_and_their_ports(self):
        for endpoint in endpoints(self.config):
            service, port = endpoint.split(":")
            self.assertEqual(self.file["services"][service]["environment"]["WHOAMI_PORT_NUMBER"], port)

    def test_prometheus_asks_weir_by_a_name_that_it_takes(self):
        job, = load("compose/prometheus.yaml")["scrape_configs"]
        host, port = job["static_configs"][0]["targets"][0].split(":")
        self.assertIn(host, self.config["admin"]["hosts"])
        self.assertIn(host, self.file["services"])
        self.assertEqual(int(port), port_of(self.config["admin"]["address"]))

    def test_promtool_takes_the_scrape_configuration(self):
        """With the rules beside it where this tree has them, as they are mounted."""
        promtool = program("promtool")
        mounts = dict(mount.split(":")[:2][::-1] for mount in self.file["services"]["prometheus"]["volumes"])
        config = load("compose/prometheus.yaml")
        places = [self.folder / mounts[str(Path(file).parent)] / Path(file).name for file in config["rule_files"]]
        config["rule_files"] = [str(place.resolve()) for place in places if place.exists()]
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "prometheus.yaml"
            copy.write_text(yaml.safe_dump(config))
            output_of(promtool, "check", "config", str(copy))

    def test_grafana_finds_its_source_and_its_boards(self):
        grafana = self.file["services"]["grafana"]
        self.assertEqual(grafana["environment"]["PROMETHEUS_URL"], "http://prometheus:9090")
        self.assertIn("127.0.0.1:9090:9090", self.file["services"]["prometheus"]["ports"])
        mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"])
        self.assertEqual(mounts["../grafana/provisioning"], "/etc/grafana/provisioning")
        provider = DEPLOY / "grafana/provisioning/dashboards/weir.yaml"
        if provider.exists():
            path, = [one["options"]["path"] for one in yaml.safe_load(provider.read_text())["providers"]]
            self.assertEqual(mounts["../grafana"], path)


class Swarm(unittest.TestCase):
    def setUp(self):
        self.file = load("swarm/stack.yaml")
        self.weir = self.file["services"]["weir"]
        self.config = load("swarm/weir.yaml")

    def test_docker_compose_takes_it(self):
        output_of(program("docker-compose"), "-f", str(DEPLOY / "swarm/stack.yaml"), "config", "-q")

    def test_ports_are_the_nodes_own_and_the_admin_address_is_not_published(self):
        ports = ports_of(self.config)
        self.assertEqual({port["target"] for port in self.weir["ports"]}, set(ports.values()) - {ports["admin"]})
        self.assertEqual({port["mode"] for port in self.weir["ports"]}, {"host"})
        self.assertEqual(self.weir["deploy"]["update_config"]["order"], "stop-first")    # a port is taken once a node

    def test_files_are_where_the_command_and_the_configuration_have_them(self):
        secrets = {f"/run/secrets/{secret['target']}" for secret in self.weir["secrets"]}
        configs = {config["target"] for config in self.weir["configs"]}
        certificate, = self.config["listeners"]["https"]["tls"]["certificates"]
        self.assertEqual(secrets | configs, {*files_of(self.weir["command"]), *certificate.values()})
        self.assertEqual({secret["source"] for secret in self.weir["secrets"]}, set(self.file["secrets"]))
        self.assertEqual({secret["uid"] for secret in self.weir["secrets"]}, {self.weir["user"].split(":")[0]})
        self.assertTrue((DEPLOY / "swarm" / self.file["configs"]["weir"]["file"]).exists())

    def test_it_stops_in_time(self):
        self.assertGreaterEqual(seconds_of(self.weir["stop_grace_period"]),
                                shutdown_seconds(self.config) + GRACE_SPARE_SECONDS)


class Ecs(unittest.TestCase):
    def setUp(self):
        self.task = json.loads((DEPLOY / "ecs/task-definition.json").read_text())
        self.container, = self.task["containerDefinitions"]
        self.text = (DEPLOY / "ecs/weir.yaml").read_text()
        self.config = merged(self.text)

    def test_ports_are_those_of_the_configuration(self):
        declared = {port["name"]: port["containerPort"] for port in self.container["portMappings"]}
        self.assertEqual(declared, ports_of(self.config))

    def test_every_variable_is_given_and_the_token_is_a_secret(self):
        plain, secret = ({one["name"] for one in self.container[key]} for key in ("environment", "secrets"))
        self.assertEqual(plain | secret, variables_of(self.text))
        self.assertEqual(secret, {"WEIR_ADMIN_TOKEN"})

    def test_the_image_has_the_file_of_the_command(self):
        file, = files_of(self.container["command"])
        self.assertIn(f"\nCOPY weir.yaml {file}\n", (DEPLOY / "ecs/Containerfile").read_text())

    def test_it_stops_in_time_as_fargate_allows(self):
        stop = self.container["stopTimeout"]
        self.assertGreaterEqual(stop, shutdown_seconds(self.config) + GRACE_SPARE_SECONDS)
        self.assertLessEqual(stop, FARGATE_STOP_SECONDS_MAX)

    def test_fargate_has_that_size(self):
        least, most = FARGATE_MEMORY[int(self.task["cpu"])]
        self.assertTrue(least <= int(self.task["memory"]) <= most)

    def test_it_writes_nowhere(self):
        self.assertTrue(self.container["readonlyRootFilesystem"])
        self.assertNotIn("state_dir", self.config["server"])


class CloudRun(unittest.TestCase):
    def setUp(self):
        self.spec = load("cloud-run/service.yaml")["spec"]["template"]["spec"]
        self.container, = self.spec["containers"]
        self.text = (DEPLOY / "cloud-run/weir.yaml").read_text()
        self.config = merged(self.text)

    def test_the_port_is_the_default_of_the_listener_and_no_other_is_open(self):
        port, = self.container["ports"]
        self.assertEqual(ports_of(self.config), {"http": port["containerPort"]})

    def test_the_secret_is_the_file_of_the_command(self):
        file, = files_of(self.container["args"])
        volume, = self.spec["volumes"]
        mount, = self.container["volumeMounts"]
        self.assertEqual(mount["name"], volume["name"])
        self.assertEqual(f"{mount['mountPath']}/{volume['secret']['items'][0]['path']}", file)
        self.assertEqual(variables_of(self.text), {one["name"] for one in self.container["env"]})

    def test_it_stops_in_time(self):
        self.assertLess(shutdown_seconds(self.config), CLOUD_RUN_STOP_SECONDS)

    def test_it_listens_on_the_port_that_it_is_given_and_answers_the_probes(self):
        if not (BINARIES / "weir").exists():
            self.skipTest("weir is not built")
        with socket.socket() as probe:
            probe.bind(("0.0.0.0", 0))
            port = probe.getsockname()[1]
        environment = {"PORT": str(port), "APP_HOST": "localhost"}
        weir = Weir([DEPLOY / "cloud-run/weir.yaml"], environment, watch=False, fixed=("http",), listeners=("http",))
        self.addCleanup(weir.stop)
        self.assertEqual(weir.listeners["http"], f"0.0.0.0:{port}")
        for probe in ("startupProbe", "livenessProbe"):
            path = self.container[probe]["httpGet"]["path"]
            self.assertEqual(answer_of(urllib.request.Request(f"http://127.0.0.1:{port}{path}")), (200, "ok\n"))


class Images(unittest.TestCase):
    def test_each_has_the_version_of_this_tree(self):
        for name in ("compose/compose.yaml", "swarm/stack.yaml", "ecs/task-definition.json", "ecs/Containerfile",
                     "cloud-run/service.yaml"):
            with self.subTest(name):
                found = re.findall(r"weir:(\d[\w.]*)", (DEPLOY / name).read_text())
                self.assertEqual(set(found), {VERSION})


if __name__ == "__main__":
    unittest.main()
