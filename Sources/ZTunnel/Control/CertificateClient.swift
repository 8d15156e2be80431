import BoringTLS
import MeshIdentity
import MeshModel
import MeshProtos
import MeshTelemetry
import TunnelEngine

/// Keeps a valid certificate: proves who the task is, asks the control plane, renews in time.
///
/// Confined to the control loop. What is held stays in use while renewals fail, until it expires.
final class CertificateClient: ControlCallOwner {
    private let loop: EventLoop
    private let workload: ServedWorkload
    private var context: MeshContext { self.workload.mesh }
    private let token: BootstrapToken
    private let address: ControlPlaneAddress
    private let endpoint: CredentialsEndpoint
    private let region: AWSRegion
    private let onIdentity: () -> Void
    private var schedule = RotationSchedule()
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private var attempt: Attempt?
    private var renewalDue: Int64 = 0

    /// What one request needs until its answer.
    private struct Attempt {
        var key: PrivateKey
        var request: [UInt8]
        var call: ControlCall?
        var answer: [UInt8]?
    }

    /// How long the answer may take: the control plane asks STS and ECS meanwhile.
    private static let milliseconds: UInt64 = 15_000
    /// A chain of certificates is a few KiB.
    private static let answerBytes = 1 << 20

    /// Makes a client that doesn't ask yet.
    /// - Parameter onIdentity: called after each new certificate.
    init(
        loop: EventLoop,
        workload: ServedWorkload,
        token: BootstrapToken,
        address: ControlPlaneAddress,
        endpoint: CredentialsEndpoint,
        region: AWSRegion,
        onIdentity: @escaping () -> Void
    ) {
        self.loop = loop
        self.workload = workload
        self.token = token
        self.address = address
        self.endpoint = endpoint
        self.region = region
        self.onIdentity = onIdentity
    }

    /// Begins to ask, and goes on for ever.
    func start() {
        do throws(TLSError) {
            let key = try PrivateKey()
            let csr = try CertificateRequest(uri: self.workload.local.identity.uri, key: key)
            let request = IstioAuth.CertificateRequest.with {
                $0.csr = csr.pem
                $0.validityDuration = Int64(clamping: self.context.configuration.certificateLifetime / 1_000)
            }
            self.attempt = Attempt(key: key, request: request.serialized)
        } catch {
            return self.failed("certificate request: \(error)")
        }
        self.fetchCredentials()
    }

    private func fetchCredentials() {
        var fields: [HTTPField] = []
        do throws(AttestationError) {
            switch self.endpoint.authorization {
            case .none: break
            case .value(let value): fields.append(HTTPField(name: "Authorization", value: value))
            case .file(let path):
                let text = SmallFile.read(path, limit: CredentialsEndpoint.authorizationBytes + 2) ?? ""
                fields.append(HTTPField(name: "Authorization", value: try CredentialsEndpoint.checked(text)))
            }
        } catch {
            return self.failed("task credentials: \(error)")
        }
        guard
            let request = HTTPClientRequest(host: self.endpoint.host, target: self.endpoint.target, fields: fields)
        else { return self.failed("task credentials: \(self.endpoint) makes no valid request") }
        HTTPFetch.get(loop: self.loop, address: self.endpoint.address, request: request) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let body): self.attest(body)
            case .failure(let failure): self.failed("task credentials from \(self.endpoint): \(failure)")
            }
        }
    }

    private func attest(_ body: [UInt8]) {
        guard let attempt = self.attempt else { return }
        do throws(AttestationError) {
            let bearer = try TaskAttestation.bearerToken(
                credentials: try ContainerCredentials(body: body),
                region: self.region,
                audience: self.token.audience,
                publicKeyHash: attempt.key.publicKeyHash,
                now: self.context.now
            )
            self.address.find { [weak self] result in
                guard let self else { return }
                switch result {
                case .success(let address): self.ask(address, bearer: bearer)
                case .failure(let failure):
                    self.failed("address of \(self.address.authority): \(failure.rawValue)")
                }
            }
        } catch {
            self.failed("attestation: \(error)")
        }
    }

    private func ask(_ address: SocketAddress, bearer: String) {
        let head = GRPCRequestHead(
            path: IstioAuth.createCertificatePath,
            authority: self.address.authority,
            timeoutMilliseconds: Self.milliseconds,
            metadata: [
                HTTP2Header("authorization", "Bearer \(bearer)", sensitive: true),
                HTTP2Header("clusterid", self.workload.local.cluster),
            ]
        )
        var limits = GRPCCall.Limits()
        limits.messageBytes = Self.answerBytes
        limits.milliseconds = Self.milliseconds
        let call = ControlCall(head: head, limits: limits, owner: self)
        self.attempt?.call = call
        do {
            // The roots of the token, and those that came with the last certificate: roots may be rotated.
            let known = self.workload.identities.latest?.bundle.anchors.certificates ?? []
            let roots = self.token.trust.certificates + known.filter { !self.token.trust.certificates.contains($0) }
            let trust = try TrustAnchors(Array(roots.prefix(TrustAnchors.limit)))
            try call.start(
                loop: self.loop,
                address: address,
                from: self.context.bindAddress(toReach: address.ip),
                host: self.address.host,
                context: try TLSContext(identity: nil, trust: trust)
            )
        } catch {
            self.failed("connection to \(self.address.authority): \(error)")
        }
    }

    // MARK: ControlCallOwner

    func callBegan(_ call: ControlCall) {
        guard let attempt = self.attempt else { return }
        if let local = call.local { self.workload.local.add(local.ip) }
        call.send(attempt.request)
        call.finishSending()
    }

    func received(_ message: [UInt8], on call: ControlCall) {
        if self.attempt?.answer == nil { self.attempt?.answer = message }
    }

    func ended(_ end: ControlCall.End, on call: ControlCall) {
        guard case .status(let status) = end, status.code == .ok else {
            return self.failed("certificate from \(self.address.authority): \(end)")
        }
        guard let attempt = self.attempt, let bytes = attempt.answer else {
            return self.failed("certificate from \(self.address.authority): the answer is empty")
        }
        do {
            var limits = ProtoLimits()
            limits.bytes = Self.answerBytes
            let answer = try IstioAuth.CertificateResponse(decoding: bytes, limits: limits)
            let issued = try IssuedIdentity(
                certChain: answer.certificateChain,
                key: attempt.key,
                requested: self.workload.local.identity,
                now: self.context.now
            )
            self.succeeded(try self.workload.identities.install(issued))
        } catch {
            self.failed("certificate from \(self.address.authority): \(error)")
        }
    }

    private func succeeded(_ snapshot: IdentitySnapshot) {
        self.attempt = nil
        let now = self.context.now
        let planned = self.schedule.succeeded(
            notBefore: snapshot.svid.notBefore,
            notAfter: snapshot.svid.notAfter,
            now: now,
            chance: .random(in: 0..<1)
        )
        // An authority that dates its certificates far back must not make us ask without a pause.
        let wait = max(planned, .seconds(max(1, (snapshot.svid.notAfter - now) / 4)))
        self.context.log.info(
            "certificate issued",
            [
                LogField("identity", "\(snapshot.svid.identity)"), LogField("serial", snapshot.svid.serial),
                LogField("not_after", "\(Timestamp(seconds: snapshot.svid.notAfter))"),
                LogField("renewal_in_seconds", wait.components.seconds),
            ]
        )
        self.renewalDue = now + wait.components.seconds
        self.wait(milliseconds: wait.milliseconds)
        self.onIdentity()
    }

    private func failed(_ reason: String) {
        self.attempt?.call?.cancel()
        self.attempt = nil
        let expiry = self.workload.identities.latest?.svid.notAfter
        let wait = self.schedule.failed(expiry: expiry, now: self.context.now, chance: .random(in: 0..<1))
        self.context.log.warning(
            "certificate not issued",
            [LogField("error", reason), LogField("retry_in_milliseconds", wait.milliseconds)]
        )
        self.renewalDue = 0
        self.wait(milliseconds: wait.milliseconds)
    }

    private func wait(milliseconds: UInt64) {
        self.alarm.set(after: milliseconds) { [weak self] in
            guard let self else { return }
            // The loop's timers reach three days; a longer wait takes several.
            let left = self.renewalDue - self.context.now
            if left > 1 { self.wait(milliseconds: UInt64(left) * 1_000) } else { self.start() }
        }
    }
}
