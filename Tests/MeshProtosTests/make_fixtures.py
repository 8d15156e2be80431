#!/usr/bin/env python3
"""Holds MeshProtos against Python's protobuf.

    pip install grpcio-tools
    make_fixtures.py                 writes Fixtures/*.txt from Protos/ (same bytes every time)
    make_fixtures.py --check DIR     reads what the Swift tests wrote to TULLE_PROTO_OUT=DIR

A line of a fixture is `<message type> <hex>`. `samples.txt` holds one message a type whose every field says its own
name, `random.txt` holds random ones.
"""
import importlib
import pathlib
import random
import sys
import tempfile

from grpc_tools import protoc
import grpc_tools

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parent.parent / "Protos"
TYPES = [
    "istio.workload.Address", "istio.workload.Workload", "istio.workload.Service",
    "istio.security.Authorization",
    "istio.v1.auth.IstioCertificateRequest", "istio.v1.auth.IstioCertificateResponse",
    "envoy.service.discovery.v3.DeltaDiscoveryRequest", "envoy.service.discovery.v3.DeltaDiscoveryResponse",
    "envoy.service.auth.v3.CheckRequest", "envoy.service.auth.v3.CheckResponse",
    # The sample of a response takes the first member of a oneof, a denial; this holds the other.
    "envoy.service.auth.v3.OkHttpResponse",
    "google.protobuf.Struct",
    "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
    "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse",
    "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest",
    "opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse",
    "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest",
    "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse",
    # The samples of requests take the first member of a oneof, a gauge; these hold the others.
    "opentelemetry.proto.metrics.v1.Sum", "opentelemetry.proto.metrics.v1.Histogram",
]
RANDOM_PER_TYPE = 12


def load(directory):
    files = sorted(PROTOS.rglob("*.proto"))
    well_known = str(pathlib.Path(grpc_tools.__file__).parent / "_proto")
    arguments = ["protoc", f"-I{PROTOS}", f"-I{well_known}", f"--python_out={directory}"]
    if protoc.main(arguments + [str(f) for f in files]) != 0:
        sys.exit("protoc refused the files in Protos/")
    sys.path.insert(0, directory)
    # Our google/ would hide the library's package, so its generated module goes where it is looked for.
    import google
    google.__path__.append(str(pathlib.Path(directory) / "google"))
    for file in files:
        importlib.import_module(str(file.relative_to(PROTOS).with_suffix("")).replace("/", ".") + "_pb2")
    from google.protobuf import descriptor_pool, message_factory, struct_pb2  # noqa: F401
    pool = descriptor_pool.Default()
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def number(name):
    """A number that says its field: small, and different for nearly every name."""
    name = name.replace("_", "").lower()
    return sum((i + 1) * ord(c) for i, c in enumerate(name)) % 9973


def sample(message, path, depth):
    """Gives every field a value made from its name. Of a oneof the first member is taken, recursion ends at depth 0."""
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and len(oneof.fields) > 1 and field is not oneof.fields[0] and \
                field.number != oneof.fields[0].number:
            continue
        if is_map(field):
            value = field.message_type.fields_by_name["value"]
            if value.message_type is None:
                getattr(message, field.name)[field.name] = field.name
            elif depth > 0:
                sample(getattr(message, field.name)[field.name], field.name, depth - 1)
        elif field.message_type is not None:
            if depth > 0:
                target = getattr(message, field.name)
                target = target.add() if repeated(field) else target
                target.SetInParent()
                sample(target, field.name, depth - 1)
        else:
            kind = field.cpp_type
            if kind == field.CPPTYPE_STRING:
                value = field.name.encode() if field.type == field.TYPE_BYTES else field.name
            elif kind == field.CPPTYPE_BOOL:
                value = True
            elif kind == field.CPPTYPE_ENUM:
                value = field.enum_type.values[-1].number
            else:
                value = number(field.name)
            if repeated(field):
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)


def scalar(field, rng):
    kind = field.cpp_type
    if kind == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return rng.randbytes(rng.choice([0, 1, 4, 16, 200]))
        return "".join(rng.choice("abcxyz/.-_*é€😀") for _ in range(rng.choice([0, 1, 7, 30, 200])))
    if kind == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind == field.CPPTYPE_ENUM:
        return rng.choice([0, 1, 2, 5, 77, 2**31 - 1, -1])
    if kind == field.CPPTYPE_DOUBLE:
        return rng.choice([0.0, 1.5, -2e300, rng.random()])
    low, high = {field.CPPTYPE_INT32: (-2**31, 2**31 - 1), field.CPPTYPE_INT64: (-2**63, 2**63 - 1),
                 field.CPPTYPE_UINT32: (0, 2**32 - 1), field.CPPTYPE_UINT64: (0, 2**64 - 1)}[kind]
    return rng.choice([0, 1, 127, 128, low, high, rng.randint(low, high)])


def randomise(message, rng, depth):
    for field in message.DESCRIPTOR.fields:
        if rng.random() < 0.4:
            continue
        count = rng.choice([0, 1, 1, 2, 5]) if repeated(field) else 1
        if is_map(field):
            key, value = (field.message_type.fields_by_name[n] for n in ("key", "value"))
            for _ in range(count):
                # The closing mark keeps keys from being prefixes of each other: Python's protobuf (upb) orders those
                # the other way around than Go, C++ and we do.
                name = scalar(key, rng) + "!"
                if value.message_type is None:
                    getattr(message, field.name)[name] = scalar(value, rng)
                elif depth > 0:
                    target = getattr(message, field.name)[name]
                    randomise(target, rng, depth - 1)
        elif field.message_type is not None:
            for _ in range(count if depth > 0 else 0):
                target = getattr(message, field.name)
                target = target.add() if repeated(field) else target
                target.SetInParent()
                randomise(target, rng, depth - 1)
        elif repeated(field):
            getattr(message, field.name).extend(scalar(field, rng) for _ in range(count))
        else:
            setattr(message, field.name, scalar(field, rng))


def write(classes):
    out = HERE / "Fixtures"
    out.mkdir(exist_ok=True)
    samples, randoms = [], []
    for name in TYPES:
        message = classes(name)()
        sample(message, name, 5)
        samples.append(f"{name} {message.SerializeToString(deterministic=True).hex()}\n")
        rng = random.Random(name)
        for _ in range(RANDOM_PER_TYPE):
            message = classes(name)()
            randomise(message, rng, 3)
            data = message.SerializeToString(deterministic=True)
            if len(data) <= 1500:
                randoms.append(f"{name} {data.hex()}\n")
    (out / "samples.txt").write_text("".join(samples))
    (out / "random.txt").write_text("".join(randoms))
    print(f"{len(samples)} samples, {len(randoms)} random messages")


def has_unknown(message):
    from google.protobuf import unknown_fields
    if len(unknown_fields.UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type is not None:
                if any(has_unknown(v) for v in value.values()):
                    return True
        elif any(has_unknown(v) for v in (value if repeated(field) else [value])):
            return True
    return False


def check(classes, directory):
    lines = (pathlib.Path(directory) / "swift.txt").read_text().splitlines()
    for line in lines:
        name, _, text = line.partition(" ")
        data = bytes.fromhex(text)
        message = classes(name).FromString(data)
        if has_unknown(message):
            sys.exit(f"{name}: Swift wrote a field that Protos/ does not have: {text}")
        if message.SerializeToString(deterministic=True) != data:
            sys.exit(f"{name}: Python writes other bytes than Swift for {text}")
    if not lines:
        sys.exit("the Swift tests wrote nothing")
    print(f"{len(lines)} messages written by Swift are equal in Python")


def main():
    with tempfile.TemporaryDirectory() as directory:
        classes = load(directory)
        if sys.argv[1:2] == ["--check"] and len(sys.argv) == 3:
            check(classes, sys.argv[2])
        elif len(sys.argv) == 1:
            write(classes)
        else:
            sys.exit(__doc__)


main()
