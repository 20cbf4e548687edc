"""What bench/train does besides the jobs of bench/compare: what operators have and a comparison has not."""

import re
from dataclasses import dataclass

from . import loads, proxies
from .machine import Failure, need_binary, need_program

BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3", "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: https://shop.example.org/catalogue?page=3&sort=price", "Connection: keep-alive",
    "Cookie: session=6f1d2a97c04b4e0d; consent=all; theme=dark; _ga=GA1.2.1203405607.1718000000; basket=3",
    "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin", "Sec-Fetch-User: ?1", "Priority: u=0, i", "Cache-Control: max-age=0",
    'If-None-Match: "33a64df5-128"', "DNT: 1")
API = ("Host: api.example.com", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", 
       "X-Client: mobile", "User-Agent: shop/7.3", "Accept: application/json",
       "X-Forwarded-For: 203.0.113.9, 198.51.100.7", "X-Forwarded-Proto: https",
       "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
# A body whose end only its chunks give; wrk sends what it is given.
UPLOAD = """local head = "POST /echo HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
local chunk = "400\\r\\n" .. string.rep("x", 1024) .. "\\r\\n"
local message = head .. chunk .. chunk .. "0\\r\\n\\r\\n"
request = function() return message end
"""


@dataclass(frozen=True)
class Load:
    name: str
    title: str
    path: str = "/bytes/128"
    fields: tuple = ()     # of the request
    script: str = ""       # wrk's
    tls: bool = False
    http2: bool = False    # by h2load, over TLS
    body_bytes: int = 0    # of a POST over HTTP/2
    refused: bool = False  # every answer is an error, as it should be


LOADS = (
    Load("browser", "a browser's header fields, over TLS", path="/catalogue?page=4&sort=price", tls=True,
         fields=("Host: shop.example.org", *BROWSER)),
    Load("api", "two limits, a split and a rewritten path", path="/v1/bytes/2048?fields=name,price", fields=API),
    Load("turns", "a split by weights alone", path="/turns/bytes/128"),
    Load("chunked", "answers in chunks", path="/chunked/16384"),
    Load("upload", "a chunked body there and back", path="/echo", script=UPLOAD),
    Load("close", "a connection for each request", fields=("Connection: close",)),
    Load("fresh", "a connection to the endpoint for each request", path="/fresh/bytes/128"),
    Load("old", "a redirect", path="/old"),
    Load("lost", "404 of an endpoint", path="/status/404", refused=True),
    Load("nowhere", "404 of Weir", path="/bytes/128", fields=("Host: unknown.example.net",), refused=True),
    Load("limited", "429", path="/few/bytes/128", refused=True),
    Load("h2_browser", "a browser's header fields, over HTTP/2", path="/catalogue?page=4&sort=price", http2=True,
         fields=("Host: shop.example.org", *BROWSER)),
    Load("h2_api", "two limits, a split and a rewritten path, over HTTP/2", path="/v1/bytes/2048?fields=name,price",
         http2=True, fields=API),
    Load("h2_chunked", "answers of an unknown length, over HTTP/2", path="/chunked/16384", http2=True),
    Load("h2_upload", "a body there and back, over HTTP/2", path="/echo", http2=True, body_bytes=32768),
    Load("h2_limited", "429 over HTTP/2", path="/few/bytes/128", http2=True, refused=True),
)


class OperatorsWeir(proxies.Weir):
    """Weir with a configuration of several routes; `port` and `tls_port`."""

    def start(self):
        folder = self.stage.folder
        quoted = [f'"127.0.0.1:{port}"' for port in self.endpoints]
        app = f"endpoints: [{', '.join(quoted)}]"
        plenty = "rate: 10000000/s, burst: 10000000"
        own = "hosts: [localhost, 127.0.0.1]"
        config = self.write("weir.yaml", f"""
server: {{ workers: 1 }}
admin: {{ address: 127.0.0.1:0 }}
log: {{ access: {{ output: {folder}/weir-access.log }} }}
trusted_proxies: [127.0.0.0/8]
listeners:
  plain: {{ address: 127.0.0.1:0 }}
  secure:
    address: 127.0.0.1:0
    tls: {{ certificates: [{{ cert: {folder}/cert.pem, key: {folder}/key.pem }}] }}
upstreams:
  app: {{ {app} }}
  next: {{ balance: round_robin, endpoints: [{quoted[0]}] }}
  sessions: {{ balance: hash, hash_key: "cookie:session", {app} }}
  fresh: {{ balance: random_two, {app}, keepalive: {{ max_idle: 0 }} }}
rate_limits:
  clients: {{ key: client_ip, {plenty} }}
  users: {{ key: [route, "header:Authorization"], {plenty} }}
  few: {{ key: client_ip, rate: 1/s, burst: 1 }}
headers:
  cors: {{ response: {{ set: {{ Access-Control-Allow-Origin: "https://shop.example.org" }} }} }}
access:
  inside: {{ allow: [127.0.0.0/8, 203.0.113.0/24, 198.51.100.0/24] }}
routes:
  - name: api
    match: {{ hosts: [api.example.com], path_prefix: /v1, methods: [GET, POST], headers: {{ X-Client: "~[a-z]+" }} }}
    rate_limits: [clients, users]
    headers: [security, cors]
    access: [inside]
    split:
      targets: [{{ upstream: app, weight: 90 }}, {{ upstream: next, weight: 10 }}]
      affinity: {{ by: client_ip }}
    rewrite: {{ path: / }}
  - {{ name: shop, match: {{ hosts: ["*.example.org"] }}, rate_limits: [clients], upstream: sessions }}
  - {{ name: old, match: {{ {own}, path: /old }}, redirect: {{ to: "https://example.com/new", status: 308 }} }}
  - name: turns
    match: {{ {own}, path_prefix: /turns }}
    split: {{ targets: [{{ upstream: app, weight: 2 }}, {{ upstream: next, weight: 1 }}] }}
    rewrite: {{ path: / }}
  - {{ name: fresh, match: {{ {own}, path_prefix: /fresh }}, upstream: fresh, rewrite: {{ path: / }} }}
  - {{ name: few, match: {{ {own}, path_prefix: /few }}, rate_limits: [few], upstream: app }}
  - {{ name: all, match: {{ {own} }}, upstream: app }}
""")
        self.launch([need_binary("weir"), "run", "-c", config])
        ready = self.stage.wait_for_text(self.name, "weir ready", self.process)
        self.port, self.tls_port = (int(re.search(rf'"{name}":"127\.0\.0\.1:(\d+)"', ready).group(1))
                                    for name in ("plain", "secure"))

    def serve(self, load, seconds):
        """How many requests it answered as the load expects."""
        ask = self.ask_http2 if load.http2 else self.ask_http1
        requests, refused, report = loads.until_it_ends(lambda: ask(load, seconds))
        expected = refused if load.refused else requests - refused
        if expected == 0 or expected < 0.99 * requests:
            raise Failure(f"{load.name}: only {expected} of {requests} answers were as expected:\n{report}")
        return expected

    def ask_http2(self, load, seconds):
        """As ask_http1(). Host is a pseudo-field, and fields about a connection may not be there (RFC 9113 8.2.2)."""
        command = [need_program("h2load", "nghttp2-client"), "-t1", "-c8", "-m16", f"-D{seconds}"]
        for field in load.fields:
            if not field.startswith("Connection: "):
                command += ["-H", field.replace("Host: ", ":authority: ", 1) if field.startswith("Host: ") else field]
        if load.body_bytes:
            command += ["-d", self.write("body", "x" * load.body_bytes)]
        report = loads.run(self.scenario, [*command, f"https://127.0.0.1:{self.tls_port}{load.path}"],
                           seconds + loads.STUCK_AFTER_S)
        requests, failed = (int(re.search(rf"(\d+) {word}", report).group(1)) for word in ("done", "failed"))
        if "Application protocol: h2\n" not in report:
            raise Failure(f"{load.name}: not over HTTP/2:\n{report}")
        return requests, failed, report

    def ask_http1(self, load, seconds):
        """Requests, how many of them were refused, and the report."""
        command = [need_program("wrk"), "-t1", f"-c{self.scenario.connections}", f"-d{seconds}s"]
        if load.script:
            command += ["-s", self.write("load.lua", load.script)]
        for field in load.fields:
            command += ["-H", field]
        scheme, port = ("https", self.tls_port) if load.tls else ("http", self.port)
        report = loads.run(self.scenario, [*command, f"{scheme}://127.0.0.1:{port}{load.path}"])
        requests = int(re.search(r"(\d+) requests in", report).group(1))
        refused = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", report))
        return requests, refused, report
