"""The jobs: what is asked for, how, and what Weir's CPU time may be of the others'."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    against: str  # best (of the rivals: ratios.RIVALS), haproxy, floor; absolute: none
    ratio: float  # at most; absolute: the cost itself


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    path: str = "/bytes/128"
    tls: bool = False
    http2: bool = False          # with clients: by ALPN, or without TLS by prior knowledge
    h2c: bool = False            # with endpoints, in place of HTTP/1.1
    grpc: bool = False           # calls with one message of `body_bytes` less its prefix, and the same back
    full: bool = False           # rate limit, security headers, JSON access log
    connections: int = 64
    streams: int = 1             # requests at once on a connection
    workers: int = 1
    body_bytes: int = 0          # of a POST
    load: str = "wrk"            # wrk | h2load | handshakes | resumed | idle
    floor: bool = False          # the relays run beside them
    recorded: bool = True        # it is in what --record measures; the others when they are named
    longer: int = 1              # a measurement lasts so many times as long: connections, or large answers, have begun
    targets: tuple = field(default=())

    @property
    def scheme(self):
        return "https" if self.tls else "http"


RELAYS = ("floor", "asio", "beast")  # measuring sticks, in jobs with `floor` only
HTTP2_ONLY = ("nghttpx",)  # in jobs over HTTP/2


def takes_part(name, scenario):
    """Whether the proxy of that name runs in the job."""
    return (scenario.floor or name not in RELAYS) and (scenario.http2 or name not in HTTP2_ONLY)


def best(ratio):
    return Target("best", ratio)


def over_http2(name, title, **other):
    """A job of few connections with many requests at once on each."""
    return Scenario(name, title, http2=True, load="h2load", connections=8, streams=16, **other)


SCENARIOS = (
    Scenario("plain", "128 bytes, kept connections", floor=True, targets=(best(0.92), Target("floor", 1.20))),
    Scenario("full", "the same with rate limit, security headers and JSON access log", full=True,
             targets=(best(0.90),)),
    Scenario("tls", "128 bytes over TLS 1.3, kept connections", tls=True, targets=(best(0.92),)),
    Scenario("tlsnew", "a full TLS 1.3 handshake for each request", tls=True, load="handshakes", targets=(best(1.00),)),
    Scenario("tlsresumed", "a resumed TLS 1.3 handshake for each request", tls=True, load="resumed",
             targets=(best(1.00),)),
    Scenario("64k", "64 KiB answers", path="/bytes/65536", targets=(Target("haproxy", 0.90),)),
    Scenario("1m", "1 MiB answers", path="/bytes/1048576", connections=16, targets=(best(0.95),)),
    Scenario("tls1m", "1 MiB answers over TLS 1.3", path="/bytes/1048576", tls=True, connections=16,
             targets=(best(0.95),)),
    Scenario("post16k", "POST of 16 KiB", path="/status/200", body_bytes=16384, targets=(best(0.92),)),
    Scenario("conns", "128 bytes, 4,000 connections", connections=4000, longer=3, targets=(best(0.95),)),
    Scenario("idle", "memory of an idle connection", load="idle", connections=10_000,
             targets=(Target("absolute", 2.0),)),
    Scenario("idletls", "memory of an idle TLS connection", tls=True, load="idle", connections=10_000,
             targets=(best(0.90),)),
    over_http2("h2", "128 bytes over HTTP/2, 8 connections of 16 streams", targets=(best(0.85),)),
    over_http2("h2_tls", "the same over TLS 1.3", tls=True, targets=(best(0.85),)),
    over_http2("h2_big", "1 MiB answers over HTTP/2", path="/bytes/1048576", longer=3, targets=(best(0.95),)),
    over_http2("h2_h2c", "128 bytes over HTTP/2 on both sides", h2c=True,
               targets=(Target("haproxy", 0.70),)),
    over_http2("grpc", "gRPC calls with 128 bytes each way", path="/bench.v1.Echo/Call", h2c=True, grpc=True,
               body_bytes=128, targets=(best(0.85),)),
    Scenario("h2_idle", "memory of an idle connection of HTTP/2 over TLS", tls=True, http2=True, load="idle",
             connections=10_000),
    Scenario("workers2", "128 bytes, two workers on two CPUs", full=True, workers=2),
)


def by_name(name):
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)
