/// A thing outside the lab's process that the lab makes and must remove.
package enum Resource: Codable, Sendable, Hashable {
    /// The bridge that the tasks are plugged into, with its addresses.
    case bridge(name: String)
    /// A task's network namespace, with all that lives in it.
    case namespace(name: String)
    /// The host's end of a task's veth pair.
    case link(name: String)
    /// A directory with everything in it.
    case directory(path: String)
    /// A directory that goes only if nothing is left in it, because others may use it too.
    case emptyDirectory(path: String)
    /// A control group with those below it and all their processes.
    case controlGroup(path: String)
    /// A rule in the host's filter table that lets bridged frames pass; arguments after `-A` or `-D`.
    case forwardRule(arguments: [String])
    /// All processes whose environment holds `TULLE_LAB_ID=<id>`.
    case processes(labID: String)
}
