/// What the kernel says about a descriptor, as epoll's event bits.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, a connection or an end of stream can be taken.
    package static let readable = Readiness(rawValue: 0x001)
    /// Urgent TCP data is on its way: a read stops short at its mark although more follows.
    package static let urgent = Readiness(rawValue: 0x002)
    /// The send buffer has room, or a connect was decided.
    package static let writable = Readiness(rawValue: 0x004)
    /// The socket failed; its error is pending.
    package static let failed = Readiness(rawValue: 0x008)
    /// Both directions are shut.
    package static let hungUp = Readiness(rawValue: 0x010)
    /// The peer will send no more.
    package static let readEnded = Readiness(rawValue: 0x2000)

    /// Whether there is something to read, be it an end or an error.
    var asksForRead: Bool { !self.isDisjoint(with: [.readable, .urgent, .readEnded, .failed, .hungUp]) }
    /// Whether a short read does not mean that nothing is left: no further edge may come.
    var asksForReadToTheEnd: Bool { !self.isDisjoint(with: [.urgent, .readEnded, .failed, .hungUp]) }
}
