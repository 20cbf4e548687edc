"""Prometheus and Alertmanager of Debian with the files of deploy/prometheus, in shortened time, and the webhook that
Alertmanager calls.

Shortened: every duration in the rules (windows in brackets, `for`, `offset`) and in Alertmanager's configuration is
divided by FACTOR. Thresholds, labels and texts stay as they are shipped."""

import json
import math
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from processes import ROOT, Failure, Program, answers, ask, free_port, wait_for

FACTOR = 30
SHIPPED = ROOT / "deploy/prometheus"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

PROMETHEUS = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [{rules}]
alerting:
  alertmanagers: [{{ static_configs: [{{ targets: ["{alertmanager}"] }}] }}]
scrape_configs:
  - job_name: weir
    file_sd_configs: [{{ files: ["{folder}/weir-targets.json"], refresh_interval: 1s }}]
"""
# A job of its own: these are no replicas of the others.
JOB = """  - job_name: {name}
    static_configs: [{{ targets: ["{address}"] }}]
"""


def shortened(duration):
    number, unit = re.fullmatch(r"(\d+)([smhd])", duration).groups()
    return f"{max(1, int(number) * SECONDS[unit] * 1000 // FACTOR)}ms"


def shortened_rules(text):
    text = re.sub(r"\[(\d+[smhd])\]", lambda found: f"[{shortened(found[1])}]", text)
    return re.sub(r"^( *for: |.*\boffset )(\d+[smhd])", lambda found: found[1] + shortened(found[2]), text, flags=re.M)


def shortened_alertmanager(text, webhook):
    text = re.sub(r"^(.*_(?:wait|interval): )(\d+[smhd])$", lambda found: found[1] + shortened(found[2]), text,
                  flags=re.M)
    text = text.replace("http://127.0.0.1:9094/alerts", webhook)
    # What is sent nowhere is seen here, too.
    return text.replace("- name: none", f"- name: none\n    webhook_configs: [{{ url: '{webhook}' }}]")


class Receiver:
    """The webhook: which alerts came, and when."""

    def __init__(self):
        self.seen = []  # (time, status, labels, annotations)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                now = time.monotonic()
                receiver.seen += [(now, one["status"], one["labels"], one["annotations"]) for one in message["alerts"]]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def first(self, status, labels, since):
        """The first message of that status whose alert has all of these labels, from `since` on, or None."""
        for when, is_status, has, annotations in list(self.seen):
            if when >= since and is_status == status and labels.items() <= has.items():
                return when, annotations
        return None

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Monitoring:
    def __init__(self, folder, others):
        self.folder = Path(folder)
        self.receiver = Receiver()
        self.prometheus = f"127.0.0.1:{free_port()}"
        self.alertmanager = f"127.0.0.1:{free_port()}"
        rules, config, alerts = (self.folder / name for name in ("rules.yaml", "prometheus.yaml", "alertmanager.yaml"))
        rules.write_text(shortened_rules((SHIPPED / "rules.yaml").read_text()))
        alerts.write_text(shortened_alertmanager((SHIPPED / "alertmanager.yaml").read_text(), self.receiver.url))
        config.write_text(PROMETHEUS.format(rules=rules, alertmanager=self.alertmanager, folder=self.folder)
                          + "".join(JOB.format(name=name, address=address) for name, address in others.items()))
        self.targets()
        self.programs = []

    def start(self):
        self.programs.append(Program(self.folder, "alertmanager", "prometheus-alertmanager",
                                     f"--config.file={self.folder}/alertmanager.yaml",
                                     f"--storage.path={self.folder}/alerts", "--cluster.listen-address=",
                                     f"--web.listen-address={self.alertmanager}"))
        self.programs.append(Program(self.folder, "prometheus", "prometheus",
                                     f"--config.file={self.folder}/prometheus.yaml",
                                     f"--storage.tsdb.path={self.folder}/series", "--rules.alert.resend-delay=1s",
                                     f"--web.listen-address={self.prometheus}"))
        wait_for("Prometheus", lambda: answers(self.prometheus, "/-/ready"))
        wait_for("Alertmanager", lambda: answers(self.alertmanager, "/-/ready"))

    def targets(self, *addresses):
        """Which Weirs the job `weir` has: the file is replaced in one step."""
        path = self.folder / "weir-targets.json"
        fresh = self.folder / "weir-targets.new"
        fresh.write_text(json.dumps([{"targets": list(addresses)}] if addresses else []))
        fresh.rename(path)

    def query(self, expression):
        answer = json.loads(ask(self.prometheus, "/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
        if answer["status"] != "success":
            raise Failure(f"{expression}: {answer}")
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]

    def holds(self, expression):
        return any(not math.isnan(value) for _, value in self.query(expression))

    def stop(self):
        for program in self.programs:
            program.end()
        self.receiver.stop()
