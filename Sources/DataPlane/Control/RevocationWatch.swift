package import BoringTLS
package import MeshTelemetry
package import TunnelEngine

/// Keeps the revocations of `CRL_PATH` in force: reads the file, and again whenever it changes.
///
/// Confined to the control loop. A missing file revokes nothing until it comes; one that can't be used, or that is
/// taken away, leaves in force what was read before.
package final class RevocationWatch {
    private let path: String
    private let register: RevocationRegister
    private let log: Log
    private let onChange: () -> Void
    private let failures: MetricFamily<Counter>
    private var seen: FileStamp?
    private let alarm: LoopAlarm

    /// How often the file is looked at: what is revoked is out within this and the time to judge all links.
    static let milliseconds: UInt64 = 1_000

    /// Reads nothing yet.
    /// - Parameter onChange: called after each new set: the peers of live links must be judged then.
    package init(
        loop: EventLoop,
        path: String,
        register: RevocationRegister,
        registry: MetricsRegistry,
        log: Log,
        onChange: @escaping () -> Void
    ) {
        self.path = path
        self.register = register
        self.log = log
        self.onChange = onChange
        self.alarm = LoopAlarm(loop: loop)
        self.failures = registry.counters(
            "tulle_crl_load_failures_total",
            help: "Revocation files that could not be used."
        )
    }

    /// Reads the file, and goes on watching it.
    package func start() {
        self.look()
        self.alarm.set(after: Self.milliseconds) { [weak self] in self?.start() }
    }

    /// Looks once.
    func look() {
        guard let stamp = FileStamp(self.path) else {
            if self.seen != nil {
                self.seen = nil
                self.log.warning("revocation file is gone; its revocations stay in force", self.fields)
            }
            return
        }
        guard stamp != self.seen else { return }
        // Also when it can't be used: it is told once, and looked at again when it changes.
        self.seen = stamp
        guard let bytes = SmallFile.readBytes(self.path, limit: RevocationSet.byteLimit + 1) else {
            return self.failed("can't be read, or has more than \(RevocationSet.byteLimit) bytes")
        }
        do throws(RevocationError) {
            let set = try RevocationSet(file: bytes)
            self.register.replace(set)
            self.log.info(
                "revocations in force",
                self.fields + [LogField("lists", set.listCount), LogField("certificates", set.entryCount)]
            )
            self.onChange()
        } catch {
            self.failed("\(error)")
        }
    }

    private func failed(_ reason: String) {
        self.failures.with().add()
        self.log.warning("revocation file is not used", self.fields + [LogField("error", reason)])
    }

    private var fields: [LogField] { [LogField("path", self.path)] }
}
