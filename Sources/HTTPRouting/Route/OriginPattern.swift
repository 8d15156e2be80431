/// An origin of the Gateway API's CORS filter: `*`, `scheme://host[:port]`, or one whose host begins with `*.`, which
/// stands for one label or more.
struct OriginPattern: Sendable, Hashable {
    private enum Form: Hashable, Sendable {
        case any
        case exact([UInt8])
        case labels(before: [UInt8], after: [UInt8])
    }

    private let form: Form

    init(_ text: String) throws(RouteFault) {
        let bytes = Array(text.utf8)
        guard bytes != [UInt8(ascii: "*")] else {
            self.form = .any
            return
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            bytes[colon...].starts(with: "://".utf8), bytes.count > colon + 3,
            !bytes[..<colon].contains(UInt8(ascii: "*"))
        else { throw .origin(text) }
        let host = colon + 3
        guard let star = bytes.firstIndex(of: UInt8(ascii: "*")) else {
            self.form = .exact(bytes)
            return
        }
        guard star == host, bytes.count > star + 2, bytes[star + 1] == UInt8(ascii: "."),
            !bytes[(star + 1)...].contains(UInt8(ascii: "*"))
        else { throw .origin(text) }
        self.form = .labels(before: Array(bytes[..<star]), after: Array(bytes[(star + 1)...]))
    }

    var isAny: Bool { self.form == .any }

    func matches(_ origin: Span<UInt8>) -> Bool {
        switch self.form {
        case .any: return true
        case .exact(let bytes): return origin.count == bytes.count && origin.has(bytes, at: 0)
        case .labels(let before, let after):
            let end = origin.count - after.count
            guard end > before.count, origin.has(before, at: 0), origin.has(after, at: end) else { return false }
            // Nothing but a host's bytes may stand for the labels: no user, no port, no path.
            for position in before.count..<end where !Self.isHostByte(origin[position]) { return false }
            return true
        }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
