/// What a TLS client says first that we route by: the server's name and the protocols it speaks (RFC 8446 §4.1.2).
///
/// Read from the records as they came, without a handshake; nothing of it is proven.
package struct ClientHello: Sendable, Hashable {
    /// The host name that the client wants (RFC 6066 §3), in lower case; nil when it names none.
    package var serverName: String?
    /// The protocols that the client offers, its favourite first (RFC 7301).
    package var protocols: [String] = []

    /// What the bytes from a connection's start are.
    package enum Verdict: Sendable, Hashable {
        /// More bytes decide.
        case needsMore
        /// A ClientHello that is whole.
        case hello(ClientHello)
        /// No ClientHello, or one that breaks its own lengths or our bounds.
        case invalid
    }

    /// How many bytes of records are looked at, at most. A record holds 16 KiB, and no client needs more than one for
    /// its ClientHello; some cut it into several small ones.
    package static let limit = 18 * 1024
    /// How many records a ClientHello may be cut into.
    private static let records = 64
    /// How long the message may be.
    private static let messageBytes = 16 * 1024

    /// Reads a ClientHello from the bytes of a connection's start.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        var message: [UInt8] = []
        var at = 0
        for _ in 0..<self.records {
            // A record's head: kind, version, length.
            guard at + 5 <= bytes.count else { return self.incomplete(bytes, at) }
            let length = Int(bytes[at + 3]) << 8 | Int(bytes[at + 4])
            guard bytes[at] == 22, bytes[at + 1] == 3, length > 0, length <= 1 << 14 else { return .invalid }
            let end = min(at + 5 + length, bytes.count)
            message.append(contentsOf: bytes[(at + 5)..<end])
            if message.count >= 4 {
                let count = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
                guard message[0] == 1, count <= self.messageBytes else { return .invalid }
                if message.count >= 4 + count { return self.parse(message[4..<4 + count]) }
            } else if let kind = message.first, kind != 1 {
                return .invalid
            }
            guard at + 5 + length <= bytes.count else { return self.isAtLimit(bytes) ? .invalid : .needsMore }
            at += 5 + length
        }
        return .invalid
    }

    /// Reads a ClientHello from the bytes of a connection's start.
    package static func read(_ bytes: [UInt8]) -> Verdict { bytes.withUnsafeBytes { self.read($0) } }

    private static func isAtLimit(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.count >= self.limit }

    /// Where a record's head is not whole yet: what is there must at least be one's beginning.
    private static func incomplete(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Verdict {
        if at < bytes.count, bytes[at] != 22 { return .invalid }
        if at + 1 < bytes.count, bytes[at + 1] != 3 { return .invalid }
        return self.isAtLimit(bytes) ? .invalid : .needsMore
    }

    // MARK: The message

    private static func parse(_ message: ArraySlice<UInt8>) -> Verdict {
        var reader = Reader(message)
        // Version and random, session, cipher suites, compression methods.
        guard reader.skip(34), reader.vector(lengthBytes: 1) != nil, reader.vector(lengthBytes: 2) != nil,
            reader.vector(lengthBytes: 1) != nil
        else { return .invalid }
        var hello = ClientHello()
        // Very old clients have no extensions.
        guard !reader.isEmpty else { return .hello(hello) }
        guard let extensions = reader.vector(lengthBytes: 2), reader.isEmpty else { return .invalid }
        var rest = Reader(extensions)
        var sawName = false
        var sawProtocols = false
        while !rest.isEmpty {
            guard let kind = rest.number(2), let body = rest.vector(lengthBytes: 2) else { return .invalid }
            switch kind {
            case 0:
                guard !sawName, self.readName(body, &hello) else { return .invalid }
                sawName = true
            case 16:
                guard !sawProtocols, self.readProtocols(body, &hello) else { return .invalid }
                sawProtocols = true
            default:
                break
            }
        }
        return .hello(hello)
    }

    private static func readName(_ body: ArraySlice<UInt8>, _ hello: inout ClientHello) -> Bool {
        var reader = Reader(body)
        guard let list = reader.vector(lengthBytes: 2), reader.isEmpty else { return false }
        var names = Reader(list)
        while !names.isEmpty {
            guard let kind = names.number(1), let name = names.vector(lengthBytes: 2) else { return false }
            guard kind == 0 else { continue }
            guard hello.serverName == nil, let text = self.hostname(name) else { return false }
            hello.serverName = text
        }
        return true
    }

    /// A host name in ASCII; international ones come encoded (RFC 6066 §3).
    private static func hostname(_ bytes: ArraySlice<UInt8>) -> String? {
        guard !bytes.isEmpty, bytes.count <= 255 else { return nil }
        let isName = bytes.allSatisfy { byte in
            HTTP1Bytes.isDigit(byte) || (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
        guard isName else { return nil }
        return String(decoding: bytes.map { HTTP1Bytes.lowered($0) }, as: UTF8.self)
    }

    private static func readProtocols(_ body: ArraySlice<UInt8>, _ hello: inout ClientHello) -> Bool {
        var reader = Reader(body)
        guard let list = reader.vector(lengthBytes: 2), reader.isEmpty else { return false }
        var names = Reader(list)
        while !names.isEmpty {
            guard let name = names.vector(lengthBytes: 1), !name.isEmpty else { return false }
            // Browsers offer made-up names of other bytes, too; nobody routes by those.
            guard name.allSatisfy({ (0x21...0x7e).contains($0) }) else { continue }
            guard hello.protocols.count < 32 else { return false }
            hello.protocols.append(String(decoding: name, as: UTF8.self))
        }
        return true
    }

    /// Takes numbers and vectors from the front of bytes.
    private struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

        var isEmpty: Bool { self.rest.isEmpty }

        mutating func number(_ bytes: Int) -> Int? {
            guard self.rest.count >= bytes else { return nil }
            let number = self.rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
            self.rest = self.rest.dropFirst(bytes)
            return number
        }

        mutating func skip(_ count: Int) -> Bool {
            guard self.rest.count >= count else { return false }
            self.rest = self.rest.dropFirst(count)
            return true
        }

        /// Bytes behind their own count.
        mutating func vector(lengthBytes: Int) -> ArraySlice<UInt8>? {
            guard let count = self.number(lengthBytes), self.rest.count >= count else { return nil }
            defer { self.rest = self.rest.dropFirst(count) }
            return self.rest.prefix(count)
        }
    }
}
