#!/usr/bin/env python3
"""Writes Sources/MeshProtos/TulleL7 from Protos/tulle/l7.proto: one file for each message of the package.

The messages of other packages are written by hand, as only parts of them are ours; this package is ours whole, and
large. Comments of the .proto become documentation."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTO = "tulle/l7.proto"
TARGET = ROOT / "Sources/MeshProtos/TulleL7"
NAMESPACE = "TulleL7"
PACKAGE = ".tulle.l7.v1."
FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {FIELD.TYPE_STRING: ("String", '""'), FIELD.TYPE_UINT32: ("UInt32", "0"), FIELD.TYPE_BOOL: ("Bool", "false"),
           FIELD.TYPE_BYTES: ("[UInt8]", "[]")}
KEYWORDS = {"operator", "protocol", "default", "extension", "where", "in", "continue"}


def camel(name: str) -> str:
    head, *rest = re.sub("_ms$", "_milliseconds", name.lower()).split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def declared(name: str) -> str:
    return f"`{name}`" if name in KEYWORDS else name


class Writer:
    def __init__(self, comments: dict[tuple[int, ...], str]):
        self.comments = comments

    def comment(self, path: tuple[int, ...], fallback: str, indent: str) -> str:
        text = self.comments.get(path, "").strip() or fallback
        return "".join(f"{indent}/// {line.strip()}".rstrip() + "\n" for line in text.split("\n"))

    def type_name(self, field: FIELD) -> str:
        if field.type in SCALARS:
            return SCALARS[field.type][0]
        return NAMESPACE + "." + field.type_name.removeprefix(PACKAGE)

    def is_map(self, message, field) -> bool:
        return any(nested.options.map_entry and field.type_name.endswith("." + nested.name)
                   for nested in message.nested_type) and field.type == FIELD.TYPE_MESSAGE

    def enum(self, enum, path, scope: str) -> str:
        out = f"\nextension {scope} {{\n" + self.comment(path, "Its kinds.", "    ")
        out += f"    package struct {enum.name}: ProtoEnum {{\n        package let rawValue: Int32\n"
        out += "        package init(rawValue: Int32) { self.rawValue = rawValue }\n\n"
        for index, value in enumerate(enum.value):
            words = value.name.lower().replace("_", " ")
            out += self.comment(path + (2, index), f"`{value.name}`." if words else "", "        ")
            out += f"        package static let {declared(camel(value.name))} = Self(rawValue: {value.number})\n"
        return out + "    }\n}\n"

    def message(self, message, path, scope: str) -> str:
        full = f"{scope}.{message.name}"
        out = f"\nextension {scope} {{\n" + self.comment(path, f"A {message.name}.", "    ")
        out += f"    package struct {message.name}: ProtoMessage {{\n"
        reads, writes = "", ""
        for index, field in enumerate(message.field):
            name = camel(field.name)
            kind = self.type_name(field)
            repeated = field.label == FIELD.LABEL_REPEATED
            if self.is_map(message, field):
                spelled = "[String: String] = [:]"
            elif repeated:
                spelled = f"[{kind}] = []"
            elif field.type == FIELD.TYPE_MESSAGE:
                spelled = f"{kind}?"
            elif field.type == FIELD.TYPE_ENUM:
                spelled = f"{kind} = {kind}(rawValue: 0)"
            else:
                spelled = f"{kind} = {SCALARS[field.type][1]}"
            words = field.name.replace("_", " ")
            out += self.comment(path + (2, index), f"{words[0].upper()}{words[1:]}.", "        ")
            out += f"        package var {declared(name)}: {spelled}\n"
            reads += f"            case {field.number}: try reader.read(&self.{name}, field)\n"
            writes += f"            writer.write(self.{name}, {field.number})\n"
        out += "\n        package init() {}\n\n"
        out += "        package mutating func decode(\n            _ field: ProtoField,\n"
        out += "            from reader: inout ProtoReader\n        ) throws(ProtoError) {\n"
        out += "            switch field.number {\n" + reads + "            default: try reader.skip(field)\n"
        out += "            }\n        }\n\n        package func encode(into writer: inout ProtoWriter) {\n" + writes
        out += "        }\n    }\n}\n"
        for index, nested in enumerate(message.enum_type):
            out += self.enum(nested, path + (4, index), full)
        for index, nested in enumerate(message.nested_type):
            if not nested.options.map_entry:
                out += self.message(nested, path + (3, index), full)
        return out


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        described = pathlib.Path(directory) / "l7.pb"
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I", ROOT / "Protos", "--include_source_info",
                        f"--descriptor_set_out={described}", PROTO], check=True)
        file = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes()).file[0]
    comments = {tuple(place.path): re.sub(r"^ ", "", place.leading_comments, flags=re.M)
                for place in file.source_code_info.location}
    writer = Writer(comments)
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    head = "// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.\n"
    types = "".join(f"    /// The type URL of ``{name}``.\n    package static let {camel_type}TypeURL = "
                    f'"type.googleapis.com/tulle.l7.v1.{name}"\n'
                    for name, camel_type in (("ServiceRoutes", "serviceRoutes"), ("WaypointSettings", "waypointSettings"),
                                             ("WorkloadLabels", "workloadLabels")))
    (TARGET / "TulleL7.swift").write_text(
        head + "\n/// Messages of package `tulle.l7.v1`: what waypoints are told beside workloads and services.\n"
        f"package enum {NAMESPACE} {{\n{types}}}\n")
    for index, message in enumerate(file.message_type):
        (TARGET / f"{message.name}.swift").write_text(head + writer.message(message, (4, index), NAMESPACE))
    paths = sorted(str(path) for path in TARGET.glob("*.swift"))
    subprocess.run(["swift", "format", "format", "--in-place", *paths], check=True)
    print(f"l7-messages: {len(paths)} files")


main()
