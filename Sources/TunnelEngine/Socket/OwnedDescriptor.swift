import Glibc

/// A descriptor that is closed when nobody holds it any more.
package final class OwnedDescriptor: Sendable {
    /// The number, valid as long as this object lives.
    package let number: Int32

    /// Takes over an open descriptor.
    package init(_ number: Int32) {
        self.number = number
    }

    deinit { Glibc.close(self.number) }

    /// A second descriptor of the same thing, closed on exec, which the caller must close.
    package func duplicate() throws(SocketError) -> Int32 {
        let copy = fcntl(self.number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SocketError(code: errno, call: "dup") }
        return copy
    }
}
