"""A DNS server on loopback, over UDP, that answers each A question with the addresses of the moment."""

import socket
import struct
import threading

TTL_S = 1
TYPE_A, CLASS_IN = 1, 1
HEAD_BYTES = 12


def question_end(message):
    """Where the first question ends; its type comes with it."""
    at = HEAD_BYTES
    while message[at]:
        at += 1 + message[at]
    return at + 5, struct.unpack_from("!H", message, at + 1)[0]


def answer(message, addresses):
    """The response to a question about any name: A records, and none of the other types."""
    end, kind = question_end(message)
    shown = addresses if kind == TYPE_A else []
    head = message[:2] + struct.pack("!HHHHH", 0x8580, 1, len(shown), 0, 0)  # an authoritative answer without error
    records = b"".join(struct.pack("!HHHIH", 0xC000 | HEAD_BYTES, TYPE_A, CLASS_IN, TTL_S, 4) + socket.inet_aton(each)
                       for each in shown)
    return head + message[HEAD_BYTES:end] + records


class DnsServer:
    """`port` on 127.0.0.1; `addresses` may be replaced at any time."""

    def __init__(self, addresses):
        self.addresses = list(addresses)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", ("127.0.0.1", self.port))  # less than a head: the end
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            message, sender = self.socket.recvfrom(4096)
            if len(message) < HEAD_BYTES:
                return
            try:
                reply = answer(message, self.addresses)
            except (IndexError, struct.error):
                continue  # not a question
            self.socket.sendto(reply, sender)
