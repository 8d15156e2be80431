import Glibc

/// A system call that failed.
package struct SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The errno value.
    package let code: Int32
    /// The call that failed, for the log.
    package let call: StaticStringName

    package init(code: Int32, call: StaticStringName) {
        self.code = code
        self.call = call
    }

    /// Returns `result` when it is no error number.
    static func check(_ result: Int32, _ call: StaticStringName) throws(SocketError) -> Int32 {
        if result < 0 { throw SocketError(code: -result, call: call) }
        return result
    }

    /// `connect: Connection refused (111)`.
    package var description: String { "\(self.call.text): \(Self.text(self.code)) (\(self.code))" }

    /// Whether the descriptor simply has nothing to do now.
    package var isWouldBlock: Bool { self.code == EAGAIN }

    /// The system's words for an errno value.
    package static func text(_ code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress else { return "error" }
            buffer.initialize(repeating: 0)
            guard strerror_r(code, base, 127) == 0 else { return "error" }
            return String(cString: base)
        }
    }
}

/// The name of a system call: a literal, so that an error stays two words and needs no allocation.
package struct StaticStringName: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String
    package init(stringLiteral text: String) { self.text = text }
}
