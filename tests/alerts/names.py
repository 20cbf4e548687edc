"""A DNS server of two names, of which one is there from a later moment on."""

import socket
import struct
import threading


class Names:
    """Answers A with 127.0.0.1 and a second to live, AAAA with nothing; NXDOMAIN for all but app.test, and late.test
    once it is `there`."""

    def __init__(self):
        self.there = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.stopped = threading.Event()
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.is_set():
            try:
                query, client = self.socket.recvfrom(4096)
                self.socket.sendto(self._answer(query), client)
            except TimeoutError:
                continue
            except OSError:
                return

    def _answer(self, query):
        end = query.index(b"\0", 12) + 5  # name, type and class of the only question
        question = query[12:end]
        is_a = question[-4:-2] == b"\0\x01"
        known = question.startswith(b"\3app\4test\0") or (self.there and question.startswith(b"\4late\4test\0"))
        count = 1 if known and is_a else 0
        flags = 0x8180 if known else 0x8183
        head = query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0)
        return head + question + (b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04\x7f\0\0\x01" if count else b"")

    def stop(self):
        self.stopped.set()
        self.thread.join(timeout=5)
        self.socket.close()
