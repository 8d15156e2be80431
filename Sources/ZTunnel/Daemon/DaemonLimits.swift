/// Bounds of a ztunnel that serves a host.
package struct DaemonLimits: Hashable, Sendable {
    /// Tasks that are served at once; more are left alone, and the log says so.
    package var tasks = 512
    /// Containers of one host that are looked at.
    package var containers = 4_096
    /// Inspections of containers under way at once.
    package var inspections = 8
    /// Bytes of an answer of the container runtime or the ECS agent.
    package var answerBytes = 1 << 20
    /// How long after a failure a task is tried again.
    package var retryMilliseconds: UInt64 = 5_000
    /// How often the list of tasks is read without an event that asks for it.
    package var pollMilliseconds: UInt64 = 2_000
    /// How often it is read while events arrive that would tell of a change.
    package var quietPollMilliseconds: UInt64 = 30_000
    /// How long the runtime's events may take to begin, and the least wait before they are asked for again.
    package var eventMilliseconds: UInt64 = 3_000
    /// Processes of the host that are looked at to find those of containers.
    package var processes = 65_536
    /// How long a task's connections may take to end when it leaves the mesh but runs on.
    package var leaveMilliseconds: UInt64 = 5_000

    /// The bounds that are in use.
    package init() {}
}
