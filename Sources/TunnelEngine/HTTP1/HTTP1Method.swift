/// The method of a request.
enum HTTP1Method {
    private static let known: [StaticString] = [
        "get", "head", "post", "put", "delete", "options", "patch", "connect", "trace",
    ]

    /// The method's name from the bytes of a token.
    ///
    /// A known method in another case is none: a server that takes it for the known one would do what a rule on the
    /// method forbids.
    static func name(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) -> String {
        let hasLower = bytes.contains { $0 &- 0x61 < 26 }
        if hasLower, bytes.count <= 7, Self.known.contains(where: { HTTP1Bytes.isEqual(bytes, ignoringCase: $0) }) {
            throw .methodInvalid
        }
        return String(decoding: bytes.assumingMemoryBound(to: UInt8.self), as: UTF8.self)
    }

    /// Whether these are the bytes of a method that everybody knows.
    static func isCommon(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.contains { $0 &- 0x61 < 26 } && Self.known.contains { HTTP1Bytes.isEqual(bytes, ignoringCase: $0) }
    }

    /// Whether that is a method's name which ``name(_:)`` would let pass.
    static func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { units in
            let bytes = UnsafeRawBufferPointer(units)
            guard bytes.count > 0, bytes.allSatisfy(HTTP1Bytes.isToken) else { return false }
            do throws(HTTPRefusal) {
                _ = try self.name(bytes)
                return true
            } catch { return false }
        }
    }
}
