import BoringTLS
package import MeshIdentity
import MeshModel
import MeshTelemetry
package import TunnelEngine

/// Keeps valid certificates for this process and all workloads that it serves, and asks for each only once.
///
/// Confined to the control loop. What is held stays in use while renewals fail, until it expires. When it is decided by
/// ``CertificateScheduler``, how by ``CertificateFetch``.
package final class CertificateKeeper {
    /// What one certificate is good for.
    private struct Key: Hashable {
        var identity: SPIFFEID
        var source: CredentialSource
    }

    private final class Holding {
        /// Whom the certificate is for, by their keys.
        var subjects: [String: any CertificateSubject] = [:]
        var fetch: CertificateFetch?
        var latest: IssuedIdentity?
        /// Of a machine without certificate: its key and file.
        var joining: JoiningIdentity?
        /// Of certificates in files: what they looked like when they were read.
        var stamps: [FileStamp?] = []
        /// And at the last look.
        var seen: [FileStamp?] = []
    }

    private typealias Scheduler = CertificateScheduler<Key>

    private let loop: EventLoop
    private let context: ControlContext
    private let server: ControlServer?
    private let settings: Settings
    private let onIssued: (any CertificateSubject, _ hasNewRoots: Bool) -> Void
    private var scheduler: Scheduler
    private var holdings: [Key: Holding] = [:]
    private var keys: [String: Key] = [:]
    private let alarm: LoopAlarm
    private let filesAlarm: LoopAlarm
    private let requests: MetricFamily<Counter>

    /// What is asked for.
    package struct Settings: Hashable, Sendable {
        /// The validity of certificates, in seconds.
        package var lifetime: Int64
        /// Whether the subjects have the address from which this process reaches the authority.
        package var sharesAddress: Bool

        /// Joins the two.
        package init(lifetime: Int64, sharesAddress: Bool) {
            self.lifetime = lifetime
            self.sharesAddress = sharesAddress
        }
    }

    /// Keeps nothing yet.
    /// - Parameters:
    ///   - server: who issues certificates; nil where they are in files.
    ///   - onIssued: called for each subject after it got a new certificate.
    package init(
        loop: EventLoop,
        context: ControlContext,
        server: ControlServer?,
        settings: Settings,
        limits: CertificateKeeperLimits = CertificateKeeperLimits(),
        onIssued: @escaping (any CertificateSubject, _ hasNewRoots: Bool) -> Void
    ) {
        self.loop = loop
        self.context = context
        self.server = server
        self.settings = settings
        self.onIssued = onIssued
        self.scheduler = Scheduler(limits: limits)
        self.alarm = LoopAlarm(loop: loop)
        self.filesAlarm = LoopAlarm(loop: loop)
        self.requests = context.registry.counters(
            "tulle_certificate_requests_total",
            help: "Attempts to get a certificate, by their outcome.",
            labels: ["outcome"]
        )
    }

    /// How often certificates in files are looked at.
    private static let filesMilliseconds: UInt64 = 500

    /// Identities that are kept.
    package var count: Int { self.scheduler.count }

    /// Keeps a certificate for a subject from now on; in place of what was kept for one of the same key.
    package func keep(_ subject: any CertificateSubject, by source: CredentialSource) {
        if let known = self.keys[subject.key] {
            if self.holdings[known]?.subjects[subject.key] === subject, known.source == source { return }
            self.forget(subject.key)
        }
        let key = Key(identity: subject.local.identity, source: source)
        guard self.scheduler.want(key, priority: .warmUp, now: self.now) else {
            return self.context.log.error(
                "certificate not kept",
                [
                    LogField("identity", "\(key.identity)"),
                    LogField("error", "\(self.scheduler.limits.identities) identities are kept already"),
                ]
            )
        }
        let holding = self.holdings[key] ?? Holding()
        self.holdings[key] = holding
        self.keys[subject.key] = key
        holding.subjects[subject.key] = subject
        if let latest = holding.latest { self.install(latest, in: subject) }
        self.listen(to: subject)
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

    /// Hears from the subject's connections when they find no valid certificate.
    private func listen(to subject: any CertificateSubject) {
        let me = Reference(keeper: self)
        let loop = self.loop
        let key = subject.key
        subject.identities.whenMissing {
            loop.submit { me.keeper?.urge(key) }
        }
    }

    /// `@unchecked Sendable`: read on the control loop only.
    private struct Reference: @unchecked Sendable {
        weak var keeper: CertificateKeeper?
    }

    /// Makes a subject's certificate urgent: a connection waits for it.
    func urge(_ subject: String) {
        guard let key = self.keys[subject] else { return }
        _ = self.scheduler.want(key, priority: .live, now: self.now)
        self.run()
    }

    /// Keeps no certificate for the subject any longer; what is under way for it alone is given up.
    package func forget(_ subject: String) {
        guard let key = self.keys.removeValue(forKey: subject), let holding = self.holdings[key] else { return }
        holding.subjects[subject] = nil
        guard holding.subjects.isEmpty else { return }
        self.holdings[key] = nil
        self.scheduler.forget(key)
        holding.fetch?.cancel()
        self.run()
    }

    private var now: CertificateMoment {
        CertificateMoment(milliseconds: self.loop.now, epochSeconds: self.context.now)
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
        let current = holding?.latest.map(\.svid).flatMap { self.context.now < $0.notAfter ? $0 : nil }
        if case .join(let proof) = ticket.key.source, current == nil, let holding {
            let joining = holding.joining ?? JoiningIdentity(ticket.key.identity, proof, log: self.context.log)
            holding.joining = joining
            if let known = joining.recall(now: self.context.now) {
                // In the next turn, as a fetch ends.
                nonisolated(unsafe) let keeper = self
                return self.loop.submit { keeper.ended(ticket, .success(known), isKnown: true) }
            }
        }
        let order = CertificateFetch.Order(
            identity: ticket.key.identity,
            source: ticket.key.source,
            server: self.server,
            issuedRoots: holding?.latest?.bundle.anchors.certificates ?? [],
            lifetime: self.settings.lifetime,
            cluster: holding?.subjects.values.first?.local.cluster ?? "",
            current: current,
            key: current == nil ? holding?.joining?.key : nil
        )
        let context = self.context
        let fetch = CertificateFetch(loop: self.loop, order: order, bind: { context.bindAddress(toReach: $0) }) {
            [weak self] result in
            // In the next turn: a fetch may end before its beginning has returned.
            guard let self else { return }
            nonisolated(unsafe) let keeper = self
            self.loop.submit { keeper.ended(ticket, result) }
        }
        holding?.fetch = fetch
        fetch.start()
    }

    /// - Parameter isKnown: whether the certificate was issued to an earlier process.
    private func ended(
        _ ticket: Scheduler.Ticket,
        _ result: Result<IssuedIdentity, CertificateFetch.Failure>,
        isKnown: Bool = false
    ) {
        switch result {
        case .success(let issued): self.succeeded(ticket, issued, isKnown: isKnown)
        case .failure(let failure): self.failed(ticket, failure.description)
        }
        self.run()
    }

    private func succeeded(_ ticket: Scheduler.Ticket, _ issued: IssuedIdentity, isKnown: Bool) {
        let wait = self.scheduler.succeeded(
            ticket,
            notBefore: issued.svid.notBefore,
            notAfter: issued.svid.notAfter,
            now: self.now,
            chance: .random(in: 0..<1)
        )
        // Forgotten meanwhile: the certificate goes with it.
        guard let wait, let holding = self.holdings[ticket.key] else { return }
        let fetch = holding.fetch
        holding.fetch = nil
        holding.latest = issued
        if !isKnown {
            self.requests.with("issued").add()
            holding.joining?.keep(issued)
        }
        self.context.log.info(
            isKnown ? "certificate kept from before" : "certificate issued",
            [
                LogField("identity", "\(issued.svid.identity)"), LogField("serial", issued.svid.serial),
                LogField("not_after", "\(Timestamp(seconds: issued.svid.notAfter))"),
                LogField("renewal_in_seconds", wait.components.seconds),
            ]
        )
        for subject in holding.subjects.values {
            if self.settings.sharesAddress, let local = fetch?.local { subject.local.add(local.ip) }
            self.install(issued, in: subject)
        }
    }

    private func install(_ issued: IssuedIdentity, in subject: any CertificateSubject) {
        let roots = subject.identities.latest?.bundle
        do throws(IdentityError) {
            try subject.identities.install(issued)
            self.listen(to: subject)
            self.onIssued(subject, roots != nil && roots != issued.bundle)
        } catch {
            self.context.log.error(
                "certificate can't be used",
                [LogField("identity", "\(issued.svid.identity)"), LogField("error", "\(error)")]
            )
        }
    }

    private func failed(_ ticket: Scheduler.Ticket, _ reason: String) {
        guard let wait = self.scheduler.failed(ticket, now: self.now, chance: .random(in: 0..<1)) else { return }
        self.requests.with("failed").add()
        self.holdings[ticket.key]?.fetch = nil
        for subject in self.holdings[ticket.key]?.subjects.values ?? [:].values { self.listen(to: subject) }
        self.context.log.warning(
            "certificate not issued",
            [
                LogField("identity", "\(ticket.key.identity)"), LogField("error", reason),
                LogField("retry_in_milliseconds", wait.milliseconds),
            ]
        )
    }
}
