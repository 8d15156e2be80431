package import MeshModel

/// Gives virtual addresses to services.
///
/// One name gets the same addresses for as long as it lives, on every replica and after a restart. That is for the one
/// who implements it; nothing here remembers.
package protocol VirtualAddresses: Sendable {
    /// Notes services that exist, before addresses are asked for, so that nothing of theirs is taken back meanwhile.
    mutating func keep(_ names: [String])

    /// The addresses of a service, IPv4 first; empty where none is left.
    ///
    /// - Parameters:
    ///   - name: `namespace/hostname`.
    ///   - isTaken: whether somebody chose the address for themselves, which counts for more. A name that holds such a one
    ///     gets another.
    mutating func addresses(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> [IPAddress]

    /// Notes that a service is gone. Its addresses should not be given out again soon, as clients may have cached them.
    mutating func release(_ name: String)
}
