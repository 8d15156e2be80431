import Glibc
import Testing

@testable import MeshProtos

/// Holds our codec against the bytes of Python's protobuf (`make_fixtures.py`).
@Suite struct OracleTests {
    static let samples = Fixture.load("samples.txt")
    static let random = Fixture.load("random.txt")

    @Test func fixturesAreThere() {
        #expect(Self.samples.count == Fixture.types.count)
        #expect(Self.random.count > 90)
    }

    @Test("writes the same bytes as Python", arguments: samples + random)
    func roundTrip(_ fixture: Fixture) throws {
        let type = try #require(fixture.messageType)
        let message = try type.init(decoding: fixture.bytes)
        #expect(message.serialized == fixture.bytes, "\(fixture.type)")
    }

    @Test("each field carries the value that says its name", arguments: samples)
    func fieldNumbers(_ fixture: Fixture) throws {
        let type = try #require(fixture.messageType)
        checkFields(of: try type.init(decoding: fixture.bytes), depth: 5)
    }

    @Test("hands its own messages to Python, when asked to")
    func writesForPython() throws {
        guard let folder = getenv("TULLE_PROTO_OUT").map({ String(cString: $0) }) else { return }
        let file = try #require(fopen("\(folder)/swift.txt", "w"))
        defer { fclose(file) }
        for (type, message) in Messages.all {
            let line = "\(type) \(message.serialized.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())\n"
            fputs(line, file)
        }
    }

    /// Our names where they are not the proto's.
    private static let renamed = [
        "iscanonical": "canonical", "isdryrun": "dryrun", "timetolive": "ttl", "certificatechain": "certchain",
        "ingressuseswaypoint": "ingressusewaypoint", "proto": "protocol",
    ]

    private func checkFields(of message: any ProtoMessage, depth: Int) {
        for child in Mirror(reflecting: message).children {
            let label = (child.label ?? "").lowercased()
            self.check(child.value, Self.renamed[label] ?? label, depth: depth, in: "\(Swift.type(of: message))")
        }
    }

    private func check(_ value: Any, _ name: String, depth: Int, in owner: String) {
        let place = Comment(rawValue: "\(owner).\(name)")
        switch value {
        case let text as String: #expect(plain(text) == name, place)
        case let bytes as [UInt8] where type(of: value) == [UInt8].self:
            #expect(plain(String(decoding: bytes, as: UTF8.self)) == name, place)
        case let number as UInt32: #expect(number == Self.number(name), place)
        case let number as Int32: #expect(number == Self.number(name), place)
        case let number as Int64: #expect(number == Self.number(name), place)
        case let number as UInt64: #expect(number == Self.number(name), place)
        case let number as Double: #expect(number == Double(Self.number(name) as Int64), place)
        case let flag as Bool: #expect(flag, place)
        case let number as any ProtoEnum: #expect(number.rawValue > 0, place)
        case let map as [String: String] where type(of: value) == [String: String].self:
            #expect(map.count == 1 && map.allSatisfy { plain($0.key) == name && $0.key == $0.value }, place)
        case let message as any ProtoMessage: self.checkFields(of: message, depth: depth - 1)
        default: self.checkContainer(value, name, depth: depth, in: owner)
        }
    }

    /// Optionals, arrays, maps and oneofs; those of messages are empty at depth 0.
    private func checkContainer(_ value: Any, _ name: String, depth: Int, in owner: String) {
        let children = Mirror(reflecting: value).children
        let place = Comment(rawValue: "\(owner).\(name)")
        if depth > 0 { #expect(children.count == 1, place) }
        for child in children {
            if let pair = child.value as? (key: String, value: any ProtoMessage) {
                self.checkFields(of: pair.value, depth: depth - 1)
            } else if Mirror(reflecting: child.value).displayStyle == .tuple {
                for member in Mirror(reflecting: child.value).children where member.label == "value" {
                    self.check(member.value, name, depth: depth, in: owner)
                }
            } else if Mirror(reflecting: value).displayStyle == .optional,
                Mirror(reflecting: child.value).displayStyle == .enum
            {
                // A oneof: its payload goes by the name of the member.
                for payload in Mirror(reflecting: child.value).children {
                    self.check(payload.value, (payload.label ?? "").lowercased(), depth: depth, in: owner)
                }
            } else {
                self.check(child.value, name, depth: depth, in: owner)
            }
        }
    }

    private func plain(_ text: String) -> String { text.filter { $0 != "_" }.lowercased() }

    private static func number<N: FixedWidthInteger>(_ name: String) -> N {
        N(name.utf8.enumerated().reduce(0) { $0 + ($1.offset + 1) * Int($1.element) } % 9973)
    }
}
