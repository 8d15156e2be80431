/// An enumeration on the wire: any 32-bit number may arrive, so values without a name are kept, not lost.
package protocol ProtoEnum: Hashable, Sendable {
    /// The number on the wire.
    var rawValue: Int32 { get }
    /// Any number, named or not.
    init(rawValue: Int32)
}
