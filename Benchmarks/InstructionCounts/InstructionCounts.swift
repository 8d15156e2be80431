import Glibc

/// Runs fixed scripts of the paths that cost most, for a tool that counts the instructions of each
/// (scripts/instruction-counts.py).
///
///     InstructionCounts [tunnel|l7|policy|xds]…
///
/// It is one thread, and both ends of every connection are in it. So a script does the same work in the same order on
/// every machine, however fast that is.
@main
enum InstructionCounts {
    private static let groups: [(name: String, run: @Sendable () throws -> Void)] = [
        ("tunnel", TunnelScripts.run), ("l7", RequestScripts.run), ("policy", PolicyScripts.run),
        ("xds", DiscoveryScripts.run),
    ]

    /// No script waits for anything but itself; one that does not end is ended.
    private static let seconds: UInt32 = 300

    static func main() {
        let names = CommandLine.arguments.dropFirst()
        for name in names where !self.groups.contains(where: { $0.name == name }) {
            let known = self.groups.map(\.name).joined(separator: ", ")
            Script.fail("there are no scripts \"\(name)\"; allowed: \(known), or nothing for all", status: 64)
        }
        alarm(self.seconds)
        signal(SIGPIPE, SIG_IGN)
        for group in self.groups where names.isEmpty || names.contains(group.name) {
            do {
                try group.run()
            } catch {
                Script.fail("\(group.name): \(error)")
            }
        }
    }
}
