"""The manifests of each kustomization agree with the configuration that their pods get, and among each other."""

import re
import unittest

from cluster import FOLDERS, Pod, find, objects
from rig import VERSION, port_of, ports_of, program, shutdown_seconds, variables_of

GRACE_SPARE_SECONDS = 5
NAME_OF_A_SERVICE = re.compile(r"_([a-z]+)\._tcp\.([a-z-]+)\.default\.svc\.cluster\.local")


class Agreement:
    """Of the kustomization `folder`."""

    folder = ""

    def setUp(self):
        program("kubectl")
        self.pod = Pod(self.folder)

    def find(self, kind, name="weir"):
        return find(self.folder, kind, name)

    def test_container_ports_are_those_of_the_configuration(self):
        declared = {port["name"]: port["containerPort"] for port in self.pod.container["ports"]}
        self.assertEqual(declared, ports_of(self.pod.config))

    def test_probes_ask_the_admin_address(self):
        paths = {"startupProbe": "/health/live", "livenessProbe": "/health/live", "readinessProbe": "/health/ready"}
        for probe, path in paths.items():
            self.assertEqual(self.pod.container[probe]["httpGet"], {"path": path, "port": "admin"})
        self.assertEqual(self.pod.config["admin"]["address"].split(":")[0], "0.0.0.0")

    def test_services_reach_the_pods(self):
        names = {port["name"] for port in self.pod.container["ports"]}
        edge, admin = self.find( "Service"), self.find( "Service", "weir-admin")
        for service in (edge, admin):
            self.assertEqual(service["spec"]["selector"], self.pod.labels)
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, names)
        self.assertEqual({port["targetPort"] for port in edge["spec"]["ports"]}, names - {"admin"})
        self.assertEqual(edge["spec"]["externalTrafficPolicy"], "Local")

    def test_redirects_go_to_the_port_of_the_service(self):
        ports = {port["targetPort"]: port["port"] for port in self.find( "Service")["spec"]["ports"]}
        self.assertEqual(self.pod.config["listeners"]["http"]["redirect_to_https"]["port"], ports["https"])

    def test_what_selects_pods_selects_those_of_weir(self):
        self.assertEqual(self.find( "Deployment")["spec"]["selector"]["matchLabels"], self.pod.labels)
        self.assertEqual(self.find( "PodDisruptionBudget")["spec"]["selector"]["matchLabels"], self.pod.labels)
        self.assertEqual(self.find( "NetworkPolicy")["spec"]["podSelector"]["matchLabels"], self.pod.labels)
        for constraint in self.pod.spec["topologySpreadConstraints"]:
            self.assertEqual(constraint["labelSelector"]["matchLabels"], self.pod.labels)
        target = self.find( "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
        self.assertEqual((target["kind"], target["name"]), ("Deployment", "weir"))

    def test_one_owner_of_the_number_of_pods_and_room_for_a_disruption(self):
        self.assertNotIn("replicas", self.find( "Deployment")["spec"])
        fewest = self.find( "HorizontalPodAutoscaler")["spec"]["minReplicas"]
        self.assertGreater(fewest, self.find( "PodDisruptionBudget")["spec"]["maxUnavailable"])

    def test_the_policy_lets_the_ports_in(self):
        rules = self.find( "NetworkPolicy")["spec"]["ingress"]
        ports = {port["port"]: "from" in rule for rule in rules for port in rule["ports"]}
        self.assertEqual(ports, {name: name == "admin" for name in ports_of(self.pod.config)})

    def test_the_grace_is_longer_than_the_shutdown(self):
        grace = self.pod.spec["terminationGracePeriodSeconds"]
        self.assertGreaterEqual(grace, shutdown_seconds(self.pod.config) + GRACE_SPARE_SECONDS)
        self.assertNotEqual(self.pod.config["server"].get("shutdown_delay", "0s"), "0s")

    def test_every_variable_comes_from_somewhere(self):
        given = {variable["name"] for variable in self.pod.container["env"]}
        self.assertEqual(set.union(*map(variables_of, self.pod.texts.values())), given)
        self.assertTrue(all("secretKeyRef" in variable["valueFrom"] for variable in self.pod.container["env"]))

    def test_files_are_where_the_configuration_has_them(self):
        self.assertEqual(set(self.pod.mounts), {volume["name"] for volume in self.pod.spec["volumes"]})
        self.assertFalse(any("subPath" in mount for mount in self.pod.container["volumeMounts"]))
        self.assertIn("--watch", self.pod.container["args"])
        for file in self.pod.files:
            self.assertTrue(file.startswith(self.pod.mounts["config"] + "/"))
        for one in self.pod.config["listeners"]["https"]["tls"]["certificates"]:
            folder = self.pod.mounts["tls"]
            self.assertEqual(one, {"cert": f"{folder}/tls.crt", "key": f"{folder}/tls.key"})
        self.assertEqual(self.pod.config["server"]["state_dir"], self.pod.mounts["state"])
        self.assertIn("emptyDir", self.pod.volume("state"))
        for log in (self.pod.config.get("log", {}), self.pod.config.get("log", {}).get("access", {})):
            self.assertIn(log.get("output", "stdout"), ("stdout", "stderr"))

    def test_pods_pass_the_restricted_standard(self):
        context, inner = self.pod.spec["securityContext"], self.pod.container["securityContext"]
        self.assertTrue(context["runAsNonRoot"])
        self.assertGreater(context["runAsUser"], 0)
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(inner, {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                 "capabilities": {"drop": ["ALL"]}})
        self.assertFalse(self.pod.spec["automountServiceAccountToken"])
        self.assertFalse(self.find( "ServiceAccount")["automountServiceAccountToken"])
        self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(self.pod.spec))
        for kind in ("requests", "limits"):
            self.assertEqual(set(self.pod.container["resources"][kind]), {"cpu", "memory"})

    def test_the_image_has_the_version_of_this_tree(self):
        self.assertEqual(self.pod.container["image"].rsplit(":", 1)[1], VERSION)

    def test_upstreams_are_headless_services_and_name_a_port_of_theirs(self):
        services = {one["metadata"]["name"]: one["spec"] for one in objects(self.folder) if one["kind"] == "Service"}
        for upstream in self.pod.config["upstreams"].values():
            for endpoint in upstream["endpoints"]:
                port, name = NAME_OF_A_SERVICE.fullmatch(endpoint).groups()
                if name in services:
                    self.assertEqual(services[name]["clusterIP"], "None")
                    self.assertIn(port, [one["name"] for one in services[name]["ports"]])


class Base(Agreement, unittest.TestCase):
    folder = "base"


class Production(Agreement, unittest.TestCase):
    folder = "overlays/production"

    def test_two_pods_never_share_a_node(self):
        spread = {one["topologyKey"]: one["whenUnsatisfiable"] for one in self.pod.spec["topologySpreadConstraints"]}
        self.assertEqual(spread["kubernetes.io/hostname"], "DoNotSchedule")


class Canary(Agreement, unittest.TestCase):
    folder = "overlays/canary"

    def test_each_side_is_a_service_of_the_overlay(self):
        names = [NAME_OF_A_SERVICE.fullmatch(upstream["endpoints"][0])[2]
                 for upstream in self.pod.config["upstreams"].values()]
        self.assertEqual(names, ["app-stable", "app-canary"])
        for name in names:
            self.find("Service", name)


class PrometheusOperator(Agreement, unittest.TestCase):
    folder = "overlays/prometheus-operator"

    def test_the_monitor_selects_the_admin_service_and_shows_the_read_token(self):
        monitor, service = self.find("ServiceMonitor")["spec"], self.find("Service", "weir-admin")
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), service["metadata"]["labels"].items())
        self.assertEqual(service["metadata"]["labels"][monitor["jobLabel"]], "weir")
        self.assertNotIn("app.kubernetes.io/part-of", self.find("Service")["metadata"]["labels"])
        endpoint, = monitor["endpoints"]
        port, = service["spec"]["ports"]
        self.assertEqual((endpoint["port"], endpoint["path"]), (port["name"], "/metrics"))
        self.assertEqual(port["port"], port_of(self.pod.config["admin"]["address"]))
        given = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in self.pod.container["env"]}
        self.assertEqual(endpoint["authorization"]["credentials"], given["WEIR_READ_TOKEN"])


class Folders(unittest.TestCase):
    def test_each_is_tested(self):
        self.assertEqual(FOLDERS, sorted(one.folder for one in Agreement.__subclasses__()))


if __name__ == "__main__":
    unittest.main()
