/// What brings an address along for data planes that follow only what they ask for: a workload comes with each of its
/// services, and with the node that it runs on.
package enum AddressParents {
    /// The parent that stands for a node. No service has such a name: theirs begin with a namespace and a slash.
    package static func node(_ name: String) -> String { "node:\(name)" }
}
