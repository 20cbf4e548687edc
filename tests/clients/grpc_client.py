#!/usr/bin/env python3
"""Calls of a real client and a real server of gRPC (python3-grpcio) through Weir: unary, all kinds of streams,
metadata, large messages, many at once, deadlines, cancelling, errors of Weir, health checks, TLS, and servers that
restart under load. `WEIR_BIN` names the binary. Ends with 77 where grpcio is not installed: the test is skipped."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures
from pathlib import Path

SKIPPED = 77
ROOT = Path(__file__).resolve().parents[2]
LARGE = 4 * 1024 * 1024  # a message of that size is more than the default of grpcio allows
OPTIONS = [("grpc.max_receive_message_length", 2 * LARGE), ("grpc.max_send_message_length", 2 * LARGE)]
SERVICE = "test.v1.Echo"
START_SECONDS, CALL_SECONDS = 10, 20

try:
    import grpc
except ImportError:
    print("skipped: there is no grpcio for Python (deploy/packages.sh clients, or apt install python3-grpcio)")
    sys.exit(SKIPPED)


class Echo(grpc.GenericRpcHandler):
    """Messages are bytes, so nothing has to be generated."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.timeouts = []
        self.serving = True

    def service(self, details):
        kinds = {"Unary": grpc.unary_unary_rpc_method_handler(self.unary),
                 "Upload": grpc.stream_unary_rpc_method_handler(self.upload),
                 "Download": grpc.unary_stream_rpc_method_handler(self.download),
                 "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
                 "Hang": grpc.unary_stream_rpc_method_handler(self.hang),
                 "Fail": grpc.unary_unary_rpc_method_handler(self.fail)}
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self.check)
        service, _, method = details.method.lstrip("/").partition("/")
        return kinds.get(method) if service == SERVICE else None

    def unary(self, message, context):
        self.timeouts.append(context.time_remaining())
        metadata = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-initial", metadata.get("x-own", "none")),))
        context.set_trailing_metadata((("x-trailing-bin", metadata.get("x-own-bin", b"none")),))
        return message

    def upload(self, messages, _context):
        return str(sum(len(message) for message in messages)).encode()

    def download(self, message, _context):
        for i in range(int(message)):
            yield str(i).encode()

    def chat(self, messages, _context):
        yield from messages

    def hang(self, _message, context):
        context.add_callback(self.cancelled.set)
        yield b"begun"
        self.cancelled.wait(CALL_SECONDS)

    def fail(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, message.decode())

    def check(self, _message, _context):
        return b"\x08\x01" if self.serving else b"\x08\x02"


class Server:
    def __init__(self, port=0, credentials=None):
        self.handler = Echo()
        self.server = grpc.server(futures.ThreadPoolExecutor(200), handlers=(self.handler,),
                                  options=[*OPTIONS, ("grpc.so_reuseport", 0)])
        address = f"127.0.0.1:{port}"
        self.port = (self.server.add_secure_port(address, credentials) if credentials
                     else self.server.add_insecure_port(address))
        self.server.start()

    def stop(self, grace):
        self.server.stop(grace).wait()


class Weir:
    """One process with free ports."""

    def __init__(self, folder, ports, upstream="protocol: h2c", routes=""):
        endpoints = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        config = Path(folder) / "weir.yaml"
        config.write_text(f"""
server: {{ workers: 2, shutdown_timeout: 5s }}
admin: {{ address: "127.0.0.1:0" }}
listeners:
  http: {{ address: "127.0.0.1:0", protocols: [http/1.1, h2c] }}
upstreams:
  app: {{ endpoints: [ {endpoints} ], {upstream} }}
routes:
{routes}  - {{ name: all, match: {{ path_prefix: /{SERVICE} }}, upstream: app }}
""")
        binary = os.environ.get("WEIR_BIN", str(ROOT / "build/dev/bin/weir"))
        self.log = open(Path(folder) / "weir.err", "w+b")  # the process outlives this call
        self.process = subprocess.Popen([binary, "run", "-c", str(config)], stdout=subprocess.PIPE, stderr=self.log,
                                        text=True)
        self.lines = []
        ready = threading.Event()
        threading.Thread(target=self.read, args=(ready,), daemon=True).start()
        if not ready.wait(START_SECONDS):
            self.log.seek(0)
            raise AssertionError(f"weir did not start: {self.log.read().decode()}")
        facts = json.loads(self.lines[0].removeprefix("weir ready "))
        self.port = int(facts["listeners"]["http"].rpartition(":")[2])

    def read(self, ready):
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("weir ready "):
                ready.set()

    def channel(self):
        alone = ("grpc.use_local_subchannel_pool", 1)  # a connection of its own
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[*OPTIONS, alone])

    def stop(self):
        self.process.terminate()
        code = self.process.wait(START_SECONDS)
        self.log.close()
        assert code == 0, f"weir ended with {code}"


def path(method):
    return f"/{SERVICE}/{method}"


def expect_status(status, call):
    """The error that `call` ends with."""
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == status, f"{error.code()} in place of {status}: {error.details()}"
        return error
    raise AssertionError(f"the call succeeded, and {status} was expected")


def unary_calls(channel, _server):
    assert channel.unary_unary(path("Unary"))(b"hello", timeout=CALL_SECONDS) == b"hello"
    assert channel.unary_unary(path("Unary"))(b"", timeout=CALL_SECONDS) == b""


def metadata(channel, _server):
    answer, call = channel.unary_unary(path("Unary")).with_call(
        b"x", metadata=(("x-own", "value"), ("x-own-bin", bytes(range(256)))), timeout=CALL_SECONDS)
    assert answer == b"x"
    assert dict(call.initial_metadata())["x-initial"] == "value"
    assert dict(call.trailing_metadata())["x-trailing-bin"] == bytes(range(256))


def streams(channel, _server):
    sent = [bytes([i]) * (i * 100) for i in range(100)]
    total = channel.stream_unary(path("Upload"))(iter(sent), timeout=CALL_SECONDS)
    assert int(total) == sum(map(len, sent))
    got = list(channel.unary_stream(path("Download"))(b"500", timeout=CALL_SECONDS))
    assert got == [str(i).encode() for i in range(500)]
    assert list(channel.stream_stream(path("Chat"))(iter(sent), timeout=CALL_SECONDS)) == sent


def a_conversation(channel, _server):
    """Each message is answered before the next one is sent: nothing waits for more."""
    turn = threading.Semaphore(1)

    def say():
        for i in range(50):
            assert turn.acquire(timeout=CALL_SECONDS)
            yield str(i).encode()

    for i, answer in enumerate(channel.stream_stream(path("Chat"))(say(), timeout=CALL_SECONDS)):
        assert answer == str(i).encode()
        turn.release()


def large_messages(channel, _server):
    message = os.urandom(LARGE)
    assert channel.unary_unary(path("Unary"))(message, timeout=CALL_SECONDS) == message
    assert list(channel.stream_stream(path("Chat"))(iter([message] * 4), timeout=CALL_SECONDS)) == [message] * 4


def many_at_once(channel, _server):
    calls = [channel.unary_unary(path("Unary")).future(str(i).encode() * 100, timeout=CALL_SECONDS) for i in range(100)]
    assert [call.result() for call in calls] == [str(i).encode() * 100 for i in range(100)]


def deadlines(channel, server):
    """The server has what is left; the client gets its status in time."""
    server.handler.timeouts.clear()
    channel.unary_unary(path("Unary"))(b"x", timeout=10)
    assert 5 < server.handler.timeouts[0] < 11, server.handler.timeouts  # grpcio rounds
    begun = time.monotonic()
    expect_status(grpc.StatusCode.DEADLINE_EXCEEDED,
                  lambda: list(channel.unary_stream(path("Hang"))(b"x", timeout=0.5)))
    assert time.monotonic() - begun < 5
    assert server.handler.cancelled.wait(CALL_SECONDS), "it did not reach the server"
    server.handler.cancelled.clear()


def cancelling(channel, server):
    call = channel.unary_stream(path("Hang"))(b"x", timeout=CALL_SECONDS)
    assert next(call) == b"begun"
    call.cancel()
    assert server.handler.cancelled.wait(CALL_SECONDS), "it did not reach the server"
    server.handler.cancelled.clear()


def errors(channel, _server):
    failed = expect_status(grpc.StatusCode.FAILED_PRECONDITION,
                           lambda: channel.unary_unary(path("Fail"))("nicht möglich".encode(), timeout=CALL_SECONDS))
    assert failed.details() == "nicht möglich", failed.details()
    expect_status(grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary(path("None"))(b"", timeout=CALL_SECONDS))
    own = expect_status(grpc.StatusCode.UNIMPLEMENTED,
                        lambda: channel.unary_unary("/no.such.Service/Call")(b"", timeout=CALL_SECONDS))
    assert "proxy-status" in dict(own.initial_metadata() or own.trailing_metadata()), "an error of Weir's own"


STEPS = (unary_calls, metadata, streams, a_conversation, large_messages, many_at_once, deadlines, cancelling, errors)


def unavailable(folder):
    weir = Weir(folder, [1], upstream="protocol: h2c, retry: { attempts: 0 }")
    with weir.channel() as channel:
        expect_status(grpc.StatusCode.UNAVAILABLE,
                      lambda: channel.unary_unary(path("Unary"))(b"", timeout=CALL_SECONDS))
    weir.stop()


def restarts_under_load(folder):
    """Three servers, one after the other, end in good order and come back: no call fails."""
    servers = [Server() for _ in range(3)]
    ports = [server.port for server in servers]
    # A server of grpcio answers CANCELLED to what comes in the moment in which it stops.
    again = "retry: { attempts: 2, on: [ connect, reset_before_response, grpc_cancelled, grpc_unavailable ] }"
    weir = Weir(folder, ports, upstream=f"protocol: h2c, health_check: {{ type: grpc, interval: 200ms }}, {again}")
    over, failed, answered = threading.Event(), [], [0] * 4

    def load(number):
        with weir.channel() as channel:
            call = channel.unary_unary(path("Unary"))
            while not over.is_set():
                try:
                    assert call(b"x" * 100, timeout=CALL_SECONDS) == b"x" * 100
                    answered[number] += 1
                except grpc.RpcError as error:
                    failed.append(f"{error.code()}: {error.details()}")

    threads = [threading.Thread(target=load, args=(number,)) for number in range(len(answered))]
    for thread in threads:
        thread.start()
    for turn in range(6):
        time.sleep(1)
        servers[turn % 3].stop(2)
        servers[turn % 3] = Server(ports[turn % 3])
    time.sleep(1)
    over.set()
    for thread in threads:
        thread.join()
    assert min(answered) > 0, answered
    weir.stop()
    logged = [line for line in weir.lines if line.startswith("{") and json.loads(line).get("grpc_status") != 0]
    assert not failed, f"{len(failed)} of {sum(answered)} calls failed: {failed[:3]}\n{''.join(logged[:3])}"
    for server in servers:
        server.stop(0)


def over_tls(folder):
    """The server chooses HTTP/2 by ALPN, as grpcio does it."""
    key, cert = Path(folder) / "key.pem", Path(folder) / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    server = Server(credentials=grpc.ssl_server_credentials([(key.read_bytes(), cert.read_bytes())]))
    for protocol in ("h2", "auto"):
        weir = Weir(folder, [server.port], upstream=f"protocol: {protocol}, tls: {{ ca: \"{cert}\" }}")
        with weir.channel() as channel:
            unary_calls(channel, server)
            streams(channel, server)
        weir.stop()
    server.stop(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--direct", action="store_true", help="the same calls without Weir in between")
    options = parser.parse_args()
    server = Server()
    with tempfile.TemporaryDirectory(prefix="weir-grpc-") as folder:
        weir = None if options.direct else Weir(folder, [server.port])
        direct = grpc.insecure_channel(f"127.0.0.1:{server.port}", options=OPTIONS)
        channel = direct if options.direct else weir.channel()
        with channel:
            for step in STEPS[:-1] if options.direct else STEPS:
                step(channel, server)
                print(f"ok: {step.__name__}", flush=True)
        server.stop(0)
        if weir:
            weir.stop()
            for step in (unavailable, over_tls, restarts_under_load):
                step(folder)
                print(f"ok: {step.__name__}", flush=True)


if __name__ == "__main__":
    main()
