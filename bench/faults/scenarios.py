"""The faults: what happens to the endpoints, and how it is undone. Endpoints are numbered from 1; the first one is the
one that fails."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Endpoint 1 begins to misbehave, and stops it."""

    name: str
    title: str
    command: str = ""  # of weir-origin's /fault/
    begun: bool = False  # part of the response is with the client when it shows

    def begin(self, endpoints):
        endpoints[0].misbehave(self.command)

    def end(self, endpoints):
        endpoints[0].misbehave("none")

    def tick(self, endpoints, elapsed_s):
        """Called all the time while it lasts."""

    all_endpoints = False  # no other endpoint is left


class Killed(Fault):
    def begin(self, endpoints):
        endpoints[0].kill()

    def end(self, endpoints):
        endpoints[0].restart()


class Stopped(Fault):
    def begin(self, endpoints):
        endpoints[0].pause()

    def end(self, endpoints):
        endpoints[0].resume()


class AllDown(Fault):
    all_endpoints = True

    def begin(self, endpoints):
        for endpoint in endpoints:
            endpoint.kill()

    def end(self, endpoints):
        for endpoint in endpoints:
            endpoint.begin()
        for endpoint in endpoints:
            endpoint.finish()


class Flapping(Fault):
    """Down in the even seconds."""

    def begin(self, endpoints):
        endpoints[0].kill()

    def tick(self, endpoints, elapsed_s):
        running = endpoints[0].process.poll() is None
        if int(elapsed_s) % 2 == 1 and not running:
            endpoints[0].restart()
        elif int(elapsed_s) % 2 == 0 and running:
            endpoints[0].kill()

    def end(self, endpoints):
        if endpoints[0].process.poll() is not None:
            endpoints[0].restart()


DNS = "dns"  # has a course of its own: trial.run_dns()

SCENARIOS = (
    Killed("killed", "killed, started again"),
    Stopped("stopped", "SIGSTOP: it hangs; SIGCONT"),
    Fault("status_500", "500 to everything", "status/500"),
    Fault("half_500", "500 to half of the requests", "status/500?percent=50"),
    Fault("reset", "accepts, reads, resets", "reset"),
    Fault("half", "half a response, then a close", "half", begun=True),
    Fault("garbage", "answers what is not HTTP", "garbage"),
    Fault("slow", "ten times slower: 200 ms", "slow/200"),
    Fault("cut", "RST in the middle of the body", "cut", begun=True),
    Fault("stale", "closes kept connections exactly when they are used again", "close"),
    AllDown("all_down", "all five killed, started again"),
    Flapping("flapping", "killed and started again every second"),
    Fault(DNS, "the DNS answer changes: two of five addresses replaced, the old two killed after the TTL"),
)


def by_name(name):
    return next((each for each in SCENARIOS if each.name == name), None)
