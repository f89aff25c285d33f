"""Messages of Prometheus remote write, made by hand: protobuf and snappy's block format, for raw byte tests.

Knows just as much of the formats as a sender needs; refuses to read them. Surprising: nothing is compressed: a
snappy block of literals alone is a valid one.
"""
import struct

STALE = struct.pack("<Q", 0x7FF0000000000002)


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while True:
        n, low = n >> 7, n & 127
        if not n:
            return out + bytes([low])
        out += bytes([low | 128])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def sample(t, v):
    return varint(1 << 3 | 1) + (v if isinstance(v, bytes) else struct.pack("<d", v)) + varint(2 << 3) + varint(t)


def series_1(labels, samples):
    """labels: pairs; samples: pairs of time in ms and value (or STALE)."""
    body = b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels)
    return field(1, body + b"".join(field(2, sample(t, v)) for t, v in samples))


def message_1(*series):
    return b"".join(series_1(labels, samples) for labels, samples in series)


def message_2(*series, more=b""):
    """more: further fields of the first TimeSeries (histograms, exemplars)."""
    symbols, bodies = [""], []
    for labels, samples in series:
        refs = b""
        for text in (part for label in labels for part in label):
            if text not in symbols:
                symbols.append(text)
            refs += varint(symbols.index(text))
        bodies.append(field(1, refs) + b"".join(field(2, sample(t, v)) for t, v in samples))
    bodies[:1] = [bodies[0] + more] if bodies else []
    return b"".join(field(4, text.encode()) for text in symbols) + b"".join(field(5, body) for body in bodies)


def snappy(content):
    out = varint(len(content))
    for at in range(0, len(content), 60):
        piece = content[at:at + 60]
        out += bytes([len(piece) - 1 << 2]) + piece
    return out


HEADERS_1 = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
             "X-Prometheus-Remote-Write-Version": "0.1.0"}
HEADERS_2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
             "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "2.0.0"}
