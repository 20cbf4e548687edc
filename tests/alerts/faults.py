"""The faults: how each is made, how it ends, and which alerts it has to raise."""

import signal
from dataclasses import dataclass, field
from typing import Callable

from processes import certificate, wait_for
from traffic import Held, Load


@dataclass
class Fault:
    what: str
    alerts: list  # (name, labels)
    make: Callable
    mend: Callable
    rest: list = field(default_factory=list)  # what `make` left for `mend` to stop

    def stop_rest(self):
        for each in self.rest:
            each.stop()
        self.rest.clear()


def warning(**labels):
    return {"severity": "warning", **labels}


def critical(**labels):
    return {"severity": "critical", **labels}


def origin_fault(world, name, fault, *alerts, what):
    return Fault(what, list(alerts), lambda: world.origins[name].put(f"/fault/{fault}"),
                 lambda: world.origins[name].put("/fault/none"))


def extra_load(world, what, alerts, paths, per_second=5, clients=4, well=None):
    """A fault that clients make, or that shows only in what they ask for: `well` afterwards."""
    fault = Fault(what, alerts, None, None)
    http = world.main.listeners["http"]
    fault.make = lambda: fault.rest.append(Load(http, paths, per_second, clients))

    def mend():
        fault.stop_rest()
        if well:
            world.loads.append(Load(http, [well], per_second=20))
    fault.mend = mend
    return fault


def of_endpoints(world):
    """Endpoints that die, fail, fail their checks, or have no address."""
    pair, checked = world.origins["pair-2"].address, ("checked-1", "checked-2")
    yield Fault("an endpoint of two killed", [("WeirEndpointDown", warning(upstream="pair", endpoint=pair))],
                lambda: world.origins["pair-2"].end(), lambda: world.restart_origin("pair-2"))
    yield Fault("every health check of an upstream fails",
                [("WeirUpstreamPanic", critical(upstream="checked")),
                 ("WeirUpstreamDown", critical(upstream="checked"))],
                lambda: [world.origins[name].put("/health/down") for name in checked],
                lambda: [world.origins[name].put("/health/up") for name in checked])
    yield origin_fault(world, "broken", "status/503", ("WeirErrorRateHigh", critical(route="broken")),
                       ("WeirEndpointFailing", warning(upstream="broken")), what="the only endpoint answers 503")
    yield origin_fault(world, "thin-1", "status/503", ("WeirRetryBudgetExhausted", warning(upstream="thin")),
                       what="503 from an endpoint, and no budget to retry")
    yield Fault("half of the gRPC calls end as internal", [("WeirGrpcErrorRateHigh", critical(route="grpc"))],
                lambda: world.origins["grpc"].put("/control?fail_percent=50"),
                lambda: world.origins["grpc"].put("/control?fail_percent=0"))

    def other_name():
        world.configure_main(world.main_config.replace("app.test:", "late.test:"))
        world.main.command("reload")

    def there():
        world.names.there = True
    yield Fault("a reload to a name that is not there yet", [("WeirNameUnresolved", critical(name="late.test"))],
                other_name, there)


def of_requests(world):
    """What clients notice: errors, latency, no room."""
    yield extra_load(world, "3 % of a route's answers are 500", [("WeirErrorRateHigh", warning(route="flaky"))],
                     ["/flaky/status/500", *["/flaky/"] * 31], per_second=10, well="/flaky/")
    for route, milliseconds, severity in (("slow", 700, "info"), ("slower", 1500, "warning"),
                                          ("slowest", 3000, "critical")):
        yield extra_load(world, f"requests take {milliseconds} ms",
                         [("WeirLatencyHigh", {"severity": severity, "route": route})],
                         [f"/{route}/delay/{milliseconds}"], per_second=20, well=f"/{route}/")
    yield extra_load(world, "more requests at once than max_requests",
                     [("WeirUpstreamSaturated", warning(upstream="tiny"))], ["/tiny/delay/100"], per_second=20)


def held_connections(world, name, count, what, alerts, refused=False):
    weir = world.weirs[name]
    fault = Fault(what, alerts, None, None)

    def make():
        held = Held(weir.listeners["http"], "/delay/600000")
        fault.rest.append(held)
        held.more(count)
        if refused:
            fault.rest.append(Load(weir.listeners["http"], ["/"], per_second=5))
    fault.make, fault.mend = make, fault.stop_rest
    return fault


def of_process(world):
    """Bounds, the log, certificates and reloads of the process."""
    near, full = world.weirs["near"].admin, world.weirs["full"].admin
    yield held_connections(world, "near", 37, "37 of 40 connections in use",
                           [("WeirOverload", warning(instance=near))])
    yield held_connections(world, "full", 20, "all of 20 connections in use, and more come",
                           [("WeirOverload", critical(instance=full)),
                            ("WeirConnectionsRefused", warning(instance=full))],
                           refused=True)
    log = world.folder / "access.log"

    def log_to(target):
        log.unlink()
        if target:
            log.symlink_to(target)
        world.main.process.send_signal(signal.SIGUSR1)
    yield Fault("no room for the access log", [("WeirAccessLogDropped", warning(instance=world.main.admin))],
                lambda: log_to("/dev/full"), lambda: log_to(None))

    def certificates(**days):
        for name, each in days.items():
            certificate(world.folder, name, each)
        world.main.command("reload")
    yield Fault("certificates for 10 and for 2 days",
                [("WeirCertificateExpires", warning(listener="fortnight", subject="fortnight.test")),
                 ("WeirCertificateExpires", critical(listener="days", subject="days.test"))],
                lambda: certificates(fortnight=10, days=2), lambda: certificates(fortnight=90, days=90))
    config, good = world.weirs["near"].config, world.weirs["near"].config.read_text()

    def reload_near(text, status):
        config.write_text(text)
        world.weirs["near"].command("reload", status=status)
    yield Fault("a reload with an unknown key", [("WeirReloadRefused", warning(instance=near))],
                lambda: reload_near(good + "rotues: []\n", 1), lambda: reload_near(good, 0))


def guarded_reload(world):
    """Made before the others: a guard looks whether other routes fail, too."""
    def make():
        world.configure_main(world.worse_config)
        world.main.command("reload", "--guard", "5s", status=4)
        world.configure_main(world.main_config)
    return Fault("a guarded reload to an address where nothing listens",
                 [("WeirReloadTakenBack", warning(instance=world.main.admin))], make, lambda: None)


def of_rollouts(world):
    command = world.main.command
    yield Fault("an operator holds a rollout", [("WeirRolloutHeld", warning(route="held"))],
                lambda: command("rollout", "hold", "held"), lambda: command("rollout", "resume", "held"))

    def mend():
        world.origins["worse"].put("/control?fail_percent=0")
        command("rollout", "start", "taken")
    yield Fault("a canary fails half of its requests", [("WeirRolloutRolledBack", warning(route="taken"))],
                lambda: world.origins["worse"].put("/control?fail_percent=50"), mend)


def of_targets(world, monitoring):
    """What Prometheus sees of the Weirs: these are made one after another, when the others are over."""
    main = world.main.admin
    yield Fault("another Weir with another configuration", [("WeirConfigDiffers", warning(job="weir"))],
                lambda: monitoring.targets(main, world.weirs["near"].admin), lambda: monitoring.targets(main))
    yield Fault("Weir killed", [("WeirDown", critical(instance=main))], lambda: world.main.end(), world.restart_main)

    def restarts():
        for _ in range(3):
            before = monitoring.query('process_start_time_seconds{job="weir"}')
            world.restart_main()
            wait_for("the new process in Prometheus",
                     lambda: monitoring.query('process_start_time_seconds{job="weir"}') not in ([], before))
    yield Fault("Weir restarted three times", [("WeirRestarts", warning(instance=main))], restarts, lambda: None)
    yield Fault("no target", [("WeirAbsent", critical(job="weir"))], lambda: monitoring.targets(),
                lambda: monitoring.targets(main))
