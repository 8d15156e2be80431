import BoringTLS
import MeshIdentity
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Keeps valid certificates for all workloads of this process, and asks for each only once.
///
/// Confined to the control loop. What is held stays in use while renewals fail, until it expires. When it is decided by
/// ``CertificateScheduler``, how by ``CertificateFetch``.
final class CertificateKeeper {
    /// What one certificate is good for.
    private struct Key: Hashable {
        var identity: SPIFFEID
        var source: CredentialSource
    }

    private final class Holding {
        /// Whom the certificate is for, by their keys.
        var workloads: [String: ServedWorkload] = [:]
        var fetch: CertificateFetch?
        var latest: IssuedIdentity?
        /// Of certificates in files: what they looked like when they were read.
        var stamps: [FileStamp?] = []
        /// And at the last look.
        var seen: [FileStamp?] = []
    }

    private typealias Scheduler = CertificateScheduler<Key>

    private let loop: EventLoop
    private let mesh: MeshContext
    private let server: ControlServer?
    private let onIssued: (ServedWorkload, _ hasNewRoots: Bool) -> Void
    private var scheduler: Scheduler
    private var holdings: [Key: Holding] = [:]
    private var keys: [String: Key] = [:]
    private let alarm: LoopAlarm
    private let filesAlarm: LoopAlarm
    private let requests: MetricFamily<Counter>

    /// Keeps nothing yet.
    /// - Parameters:
    ///   - server: who issues certificates; nil where they are in files.
    ///   - onIssued: called for each workload after it got a new certificate.
    init(
        loop: EventLoop,
        mesh: MeshContext,
        server: ControlServer?,
        limits: CertificateKeeperLimits = CertificateKeeperLimits(),
        onIssued: @escaping (ServedWorkload, _ hasNewRoots: Bool) -> Void
    ) {
        self.loop = loop
        self.mesh = mesh
        self.server = server
        self.onIssued = onIssued
        self.scheduler = Scheduler(limits: limits)
        self.alarm = LoopAlarm(loop: loop)
        self.filesAlarm = LoopAlarm(loop: loop)
        self.requests = mesh.registry.counters(
            "tulle_certificate_requests_total",
            help: "Attempts to get a certificate, by their outcome.",
            labels: ["outcome"]
        )
    }

    /// How often certificates in files are looked at.
    private static let filesMilliseconds: UInt64 = 500

    /// Identities that are kept.
    var count: Int { self.scheduler.count }

    /// Keeps a certificate for a workload from now on; in place of what was kept for one of the same key.
    func keep(_ workload: ServedWorkload, by source: CredentialSource) {
        if let known = self.keys[workload.key] {
            if self.holdings[known]?.workloads[workload.key] === workload, known.source == source { return }
            self.forget(workload.key)
        }
        let key = Key(identity: workload.local.identity, source: source)
        guard self.scheduler.want(key, priority: .warmUp, now: self.now) else {
            return self.mesh.log.error(
                "certificate not kept",
                [
                    LogField("identity", "\(key.identity)"),
                    LogField("error", "\(self.scheduler.limits.identities) identities are kept already"),
                ]
            )
        }
        let holding = self.holdings[key] ?? Holding()
        self.holdings[key] = holding
        self.keys[workload.key] = key
        holding.workloads[workload.key] = workload
        if let latest = holding.latest { self.install(latest, in: workload) }
        self.listen(to: workload)
        if case .files = source { self.watchFiles() }
        self.run()
    }

    /// Reads certificates in files again when somebody has renewed them.
    private func watchFiles() {
        var isNeeded = false
        for (key, holding) in self.holdings {
            guard case .files(let files) = key.source else { continue }
            isNeeded = true
            let stamps = Self.stamps(files)
            // The files change one after the other: wait until two looks agree.
            let isSteady = stamps == holding.seen
            holding.seen = stamps
            if isSteady, !holding.stamps.isEmpty, stamps != holding.stamps {
                self.scheduler.hasten(key, now: self.now)
            }
        }
        guard isNeeded else { return }
        self.filesAlarm.set(after: Self.filesMilliseconds) { [weak self] in
            self?.watchFiles()
            self?.run()
        }
    }

    private static func stamps(_ files: IdentityFiles) -> [FileStamp?] {
        [files.certificates, files.key, files.roots].map { FileStamp($0) }
    }

    /// Hears from the workload's connections when they find no valid certificate.
    private func listen(to workload: ServedWorkload) {
        let me = Reference(keeper: self)
        let loop = self.loop
        let key = workload.key
        workload.identities.whenMissing {
            loop.submit { me.keeper?.urge(key) }
        }
    }

    /// `@unchecked Sendable`: read on the control loop only.
    private struct Reference: @unchecked Sendable {
        weak var keeper: CertificateKeeper?
    }

    /// Makes a workload's certificate urgent: a connection waits for it.
    func urge(_ workload: String) {
        guard let key = self.keys[workload] else { return }
        _ = self.scheduler.want(key, priority: .live, now: self.now)
        self.run()
    }

    /// Keeps no certificate for the workload any longer; what is under way for it alone is given up.
    func forget(_ workload: String) {
        guard let key = self.keys.removeValue(forKey: workload), let holding = self.holdings[key] else { return }
        holding.workloads[workload] = nil
        guard holding.workloads.isEmpty else { return }
        self.holdings[key] = nil
        self.scheduler.forget(key)
        holding.fetch?.cancel()
        self.run()
    }

    private var now: CertificateMoment {
        CertificateMoment(milliseconds: self.loop.now, epochSeconds: self.mesh.now)
    }

    /// Begins all fetches that are due, and sets the alarm for the next one.
    private func run() {
        while let ticket = self.scheduler.next(now: self.now) { self.begin(ticket) }
        if let wait = self.scheduler.wait(now: self.now) {
            self.alarm.set(after: max(1, wait)) { [weak self] in self?.run() }
        } else {
            self.alarm.cancel()
        }
    }

    private func begin(_ ticket: Scheduler.Ticket) {
        let holding = self.holdings[ticket.key]
        if case .files(let files) = ticket.key.source { holding?.stamps = Self.stamps(files) }
        let order = CertificateFetch.Order(
            identity: ticket.key.identity,
            source: ticket.key.source,
            server: self.server,
            issuedRoots: holding?.latest?.bundle.anchors.certificates ?? [],
            lifetime: Int64(clamping: self.mesh.configuration.certificateLifetime / 1_000),
            cluster: holding?.workloads.values.first?.local.cluster ?? "",
            current: holding?.latest.map(\.svid).flatMap { self.mesh.now < $0.notAfter ? $0 : nil }
        )
        let mesh = self.mesh
        let fetch = CertificateFetch(loop: self.loop, order: order, bind: { mesh.bindAddress(toReach: $0) }) {
            [weak self] result in
            // In the next turn: a fetch may end before its beginning has returned.
            guard let self else { return }
            nonisolated(unsafe) let keeper = self
            self.loop.submit { keeper.ended(ticket, result) }
        }
        holding?.fetch = fetch
        fetch.start()
    }

    private func ended(_ ticket: Scheduler.Ticket, _ result: Result<IssuedIdentity, CertificateFetch.Failure>) {
        switch result {
        case .success(let issued): self.succeeded(ticket, issued)
        case .failure(let failure): self.failed(ticket, failure.description)
        }
        self.run()
    }

    private func succeeded(_ ticket: Scheduler.Ticket, _ issued: IssuedIdentity) {
        let wait = self.scheduler.succeeded(
            ticket,
            notBefore: issued.svid.notBefore,
            notAfter: issued.svid.notAfter,
            now: self.now,
            chance: .random(in: 0..<1)
        )
        // Forgotten meanwhile: the certificate goes with it.
        guard let wait, let holding = self.holdings[ticket.key] else { return }
        self.requests.with("issued").add()
        let fetch = holding.fetch
        holding.fetch = nil
        holding.latest = issued
        self.mesh.log.info(
            "certificate issued",
            [
                LogField("identity", "\(issued.svid.identity)"), LogField("serial", issued.svid.serial),
                LogField("not_after", "\(Timestamp(seconds: issued.svid.notAfter))"),
                LogField("renewal_in_seconds", wait.components.seconds),
            ]
        )
        for workload in holding.workloads.values {
            // A dedicated ztunnel shares its workload's address.
            if self.mesh.configuration.mode == .dedicated, let local = fetch?.local { workload.local.add(local.ip) }
            self.install(issued, in: workload)
        }
    }

    private func install(_ issued: IssuedIdentity, in workload: ServedWorkload) {
        let roots = workload.identities.latest?.bundle
        do throws(IdentityError) {
            try workload.identities.install(issued)
            self.listen(to: workload)
            self.onIssued(workload, roots != nil && roots != issued.bundle)
        } catch {
            self.mesh.log.error(
                "certificate can't be used",
                [LogField("identity", "\(issued.svid.identity)"), LogField("error", "\(error)")]
            )
        }
    }

    private func failed(_ ticket: Scheduler.Ticket, _ reason: String) {
        guard let wait = self.scheduler.failed(ticket, now: self.now, chance: .random(in: 0..<1)) else { return }
        self.requests.with("failed").add()
        self.holdings[ticket.key]?.fetch = nil
        for workload in self.holdings[ticket.key]?.workloads.values ?? [:].values { self.listen(to: workload) }
        self.mesh.log.warning(
            "certificate not issued",
            [
                LogField("identity", "\(ticket.key.identity)"), LogField("error", reason),
                LogField("retry_in_milliseconds", wait.milliseconds),
            ]
        )
    }
}
