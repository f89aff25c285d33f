#!/usr/bin/env python3
"""Makes vectors.h: messages and blocks as other people's encoders write them (packages protobuf and cramjam).

    python3 tests/wire/make_vectors.py > tests/wire/vectors.h
"""
import struct

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

F = descriptor_pb2.FieldDescriptorProto
KINDS = {"double": F.TYPE_DOUBLE, "int64": F.TYPE_INT64, "string": F.TYPE_STRING, "uint32": F.TYPE_UINT32,
         "uint64": F.TYPE_UINT64}
# message: (field, number, kind, repeated); a kind that is none of the above is a message.
V1 = {"WriteRequest": [("timeseries", 1, "TimeSeries", True), ("metadata", 3, "MetricMetadata", True)],
      "TimeSeries": [("labels", 1, "Label", True), ("samples", 2, "Sample", True), ("exemplars", 3, "Exemplar", True),
                     ("histograms", 4, "Histogram", True)],
      "Label": [("name", 1, "string", False), ("value", 2, "string", False)],
      "Sample": [("value", 1, "double", False), ("timestamp", 2, "int64", False)],
      "Exemplar": [("labels", 1, "Label", True), ("value", 2, "double", False), ("timestamp", 3, "int64", False)],
      "Histogram": [("count_int", 1, "uint64", False), ("sum", 3, "double", False)],
      "MetricMetadata": [("type", 1, "uint32", False), ("metric_family_name", 2, "string", False)]}
V2 = {"Request": [("symbols", 4, "string", True), ("timeseries", 5, "TimeSeries", True)],
      "TimeSeries": [("labels_refs", 1, "uint32", True), ("samples", 2, "Sample", True),
                     ("histograms", 3, "Histogram", True), ("exemplars", 4, "Exemplar", True),
                     ("metadata", 5, "Metadata", False), ("created_timestamp", 6, "int64", False)],
      "Sample": V1["Sample"], "Histogram": V1["Histogram"],
      "Exemplar": [("labels_refs", 1, "uint32", True), ("value", 2, "double", False), ("timestamp", 3, "int64", False)],
      "Metadata": [("type", 1, "uint32", False), ("help_ref", 3, "uint32", False)]}


def schema(package, messages):
    """A function from a message's name to its class."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            message.field.add(name=field, number=number, type=KINDS.get(kind, F.TYPE_MESSAGE),
                              type_name=None if kind in KINDS else f".{package}.{kind}",
                              label=F.LABEL_REPEATED if repeated else F.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))


STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def write_1():
    request = schema("v1", V1)("WriteRequest")()
    up = request.timeseries.add()
    for name, value in (("__name__", "up"), ("instance", "a:9090"), ("job", "näve")):
        up.labels.add(name=name, value=value)
    up.samples.add(value=1.5, timestamp=1764000000000)
    up.samples.add(value=float("nan"), timestamp=1764000015000)
    up.samples.add(value=0.0, timestamp=1764000030000)
    exemplar = up.exemplars.add(value=3.0, timestamp=1764000000001)
    exemplar.labels.add(name="trace_id", value="abc")
    gone = request.timeseries.add()
    gone.labels.add(name="__name__", value="gone_total")
    gone.samples.add(value=-2e300, timestamp=-5)
    gone.samples.add(value=STALE, timestamp=1764000015000)
    bare = request.timeseries.add()
    bare.labels.add(name="__name__", value="latency")
    bare.histograms.add(count_int=7, sum=0.5)
    request.metadata.add(type=1, metric_family_name="up")
    return request.SerializeToString()


def write_2():
    request = schema("v2", V2)("Request")()
    request.symbols.extend(["", "__name__", "up", "job", "node", "http.requests", "whatever it does"])
    up = request.timeseries.add(labels_refs=[1, 2, 3, 4], created_timestamp=12)
    up.samples.add(value=1.0, timestamp=1764000000000)
    up.metadata.type, up.metadata.help_ref = 2, 6
    dotted = request.timeseries.add(labels_refs=[1, 5])
    dotted.samples.add(value=STALE, timestamp=1764000000000)
    dotted.exemplars.add(labels_refs=[3, 4], value=1.0, timestamp=1)
    request.timeseries.add(labels_refs=[1, 5, 3, 4]).histograms.add(count_int=7)
    return request.SerializeToString()


def text():
    """Runs, far repeats, and what does not repeat."""
    rows = "".join(f"node_cpu_seconds_total{{cpu=\"{i}\",mode=\"idle\"}} {i * i * 7919 % 1000003}\n" for i in range(40))
    return (rows + "x" * 300 + "ab" * 40 + rows[:500]).encode()


def show(name, data):
    print(f"__attribute__((unused)) static const unsigned char {name}[] = {{")
    for at in range(0, len(data), 16):
        print("    " + " ".join(f"0x{byte:02x}," for byte in data[at:at + 16]))
    print("};\n")


def main():
    print("/* Made by make_vectors.py from the encoders of the packages protobuf 4.25.3 and cramjam 2.14.0; the\n"
          " * script says what is in them. */\n"
          "#ifndef TESTS_WIRE_VECTORS_H\n#define TESTS_WIRE_VECTORS_H\n")
    for name, data in (("text", text()), ("write_1", write_1()), ("write_2", write_2())):
        show(f"vector_{name}", data)
        show(f"vector_{name}_snappy", bytes(cramjam.snappy.compress_raw(data)))
    print("#endif")


if __name__ == "__main__":
    main()
