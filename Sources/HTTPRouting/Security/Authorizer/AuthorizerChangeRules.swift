import MeshModel

/// Which changes of a message an authorizer may ask for.
enum AuthorizerChangeRules {
    /// The most fields or parameters of one answer.
    static let maximumChanges = 64
    /// The most bytes of their names and values.
    static let maximumBytes = 64 << 10

    /// Fields that frame a message, route it, or belong to one connection: nobody else's to change.
    private static let ours: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer",
        "upgrade", "expect", "x-forwarded-client-cert",
    ]

    /// Whether a field of that lower-case name can be changed.
    static func isOpen(_ name: String) -> Bool { HeaderRules.isName(name) && !self.ours.contains(name) }

    /// The field, after checking it.
    static func field(_ name: String, _ value: String) throws(AuthorizerFault) -> HeaderField {
        let name = name.foldedASCII
        guard self.isOpen(name) else { throw .invalidChange("field name \(self.shown(name))") }
        guard HeaderRules.isValue(value) else { throw .invalidChange("value of field \(self.shown(name))") }
        return HeaderField(name, value)
    }

    /// A name of a field that goes, after checking it.
    static func removal(_ name: String) throws(AuthorizerFault) -> String {
        let name = name.foldedASCII
        guard self.isOpen(name) else { throw .invalidChange("removal of field \(self.shown(name))") }
        return name
    }

    /// Checks the bounds of all changes together.
    static func check(count: Int, bytes: Int) throws(AuthorizerFault) {
        guard count <= self.maximumChanges else { throw .invalidChange("\(count) changes") }
        guard bytes <= self.maximumBytes else { throw .invalidChange("\(bytes) bytes of changes") }
    }

    /// A bounded form for logs.
    private static func shown(_ name: String) -> String {
        String(decoding: name.utf8.prefix(64).map { $0 > 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
