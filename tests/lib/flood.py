"""Load that no decent client makes, from raw sockets: for tests/e2e/test_overload.py and tests/bench/overload.py.

Knows how to open many connections, send slowly, read never, and what a process holds (resident set, descriptors);
refuses to know what is right. Linux.
"""
import gzip
import os
import resource
import socket


def raise_descriptors():
    """As many files as the system lets this process have; returns how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def connect(port, source="127.0.0.1", buffer=None, timeout=30):
    peer = socket.socket()
    if buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    peer.settimeout(timeout)
    peer.bind((source, 0))
    peer.connect(("127.0.0.1", port))
    return peer


class Crowd:
    """Many connections that are closed together."""

    def __init__(self, port, n, first=b"", **more):
        self.peers = []
        for _ in range(n):
            try:
                peer = connect(port, **more)
                self.peers.append(peer)
                if first:
                    peer.sendall(first)
            except OSError:
                pass

    def send(self, piece):
        """How many could be sent it."""
        sent = 0
        for peer in self.peers:
            try:
                peer.sendall(piece)
                sent += 1
            except OSError:
                pass
        return sent

    def close(self):
        for peer in self.peers:
            peer.close()
        self.peers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answers(peer, limit=1 << 20):
    """What comes until the peer closes or says no more; a reset is an end."""
    seen = b""
    try:
        while len(seen) < limit and (more := peer.recv(65536)):
            seen += more
    except OSError:
        pass
    return seen


def metric(text, name):
    """The value of a metric in the text of /metrics; 0 where it is missing."""
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0.0


def head(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def json_bombs(size):
    """(name, path, body) of JSON whose tree would be many times its text."""
    return [("objects", "/v1/forecast", b'{"series":[' + b"{}," * (size // 3) + b"{}]}"),
            ("lists", "/v1/forecast", b'{"x":[' + b"[]," * (size // 3) + b"1]}"),
            ("depth", "/v2/forecast", b"[" * size),
            ("keys", "/v1/forecast", b"{" + b",".join(b'"%x":1' % i for i in range(size // 14)) + b"}"),
            ("numbers", "/v1/timeseries/forecast", b'{"inputs":[' + b"1," * (size // 2) + b"1]}"),
            ("digits", "/v1/forecast", b'{"horizon":' + b"7" * size + b"}")]


def gzip_bomb(size, times=1):
    """That many zeros, packed once or several times over."""
    body = b"\0" * size
    for _ in range(times):
        body = gzip.compress(body, 9)
    return body
