"""Clients: requests at a rate over kept connections, by curl where HTTP/2 is needed, and connections that are held."""

import http.client
import socket
import ssl
import subprocess
import threading


class Load:
    """`clients` connections that ask for paths in turn, each `per_second` times a second, until it is stopped. They
    begin at different paths. What an answer says does not matter here: Weir's metrics do."""

    def __init__(self, address, paths, per_second=10, clients=2, tls=False):
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.paths = paths
        self.pause = 1 / per_second
        self.context = ssl._create_unverified_context() if tls else None
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number * len(paths) // clients,), daemon=True)
                        for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def _connection(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=10, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=10)

    def _run(self, turn):
        connection = self._connection()
        while not self.stopped.wait(self.pause):
            path = self.paths[turn % len(self.paths)]
            turn += 1
            try:
                connection.request("GET", path)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
        connection.close()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=20)


class Curl:
    """Runs `curl ARGUMENTS` again and again, `per_second` times a second at most."""

    def __init__(self, *arguments, per_second=5):
        self.command = ["curl", "-s", "-k", "-o", "/dev/null", "--max-time", "5", *arguments]
        self.pause = 1 / per_second
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.wait(self.pause):
            subprocess.run(self.command, check=False, stdin=subprocess.DEVNULL)

    def stop(self):
        self.stopped.set()
        self.thread.join(timeout=20)


class Held:
    """Connections whose request takes ten minutes. `more` opens further ones."""

    def __init__(self, address, path):
        self.address, self.path, self.sockets = address, path, []

    def more(self, count):
        host, _, port = self.address.rpartition(":")
        for _ in range(count):
            each = socket.create_connection((host, int(port)), timeout=5)
            each.sendall(f"GET {self.path} HTTP/1.1\r\nHost: app.test\r\n\r\n".encode())
            self.sockets.append(each)

    def stop(self):
        for each in self.sockets:
            each.close()
        self.sockets = []
