import BoringTLS
import MeshIdentity
import MeshModel
import MeshProtos
import MeshTelemetry
import TunnelEngine

/// One attempt to get one certificate: a key, the proof of who we are, the authority's answer.
///
/// Confined to the control loop. Whoever began it keeps it; it ends by itself, as each of its steps has a deadline.
final class CertificateFetch: ControlCallOwner {
    /// What is asked for, and of whom.
    struct Order {
        /// The identity to get.
        var identity: SPIFFEID
        /// How to prove that it is ours.
        var source: CredentialSource
        /// Who issues it; nil where none is needed.
        var server: ControlServer?
        /// Roots that came with the last certificate.
        var issuedRoots: [Certificate]
        /// The validity to ask for, in seconds.
        var lifetime: Int64
        /// The cluster, as the authority knows it.
        var cluster: String
        /// The certificate that we have, while it holds.
        var current: SVID?
        /// The key to ask for; nil makes a fresh one.
        var key: PrivateKey?

        /// The request; a node that asks for one of its workloads names it besides, as istiod has it.
        func message(csr: String) -> IstioAuth.CertificateRequest {
            .with {
                $0.csr = csr
                $0.validityDuration = self.lifetime
                guard case .bearer(_, impersonates: true) = self.source else { return }
                var metadata = GoogleProtobuf.Struct()
                metadata.fields["ImpersonatedIdentity"] = .init(.string(self.identity.uri))
                $0.metadata = metadata
            }
        }

        /// What the call carries besides the request.
        func metadata(bearer: String?) -> [HTTP2Header] {
            var metadata = [HTTP2Header("clusterid", self.cluster)] + (self.server?.headers ?? [])
            if let bearer { metadata.append(HTTP2Header("authorization", "Bearer \(bearer)", sensitive: true)) }
            return metadata
        }
    }

    /// Why there is no certificate.
    struct Failure: Error, CustomStringConvertible {
        /// One line for the operator.
        var description: String
    }

    private let loop: EventLoop
    private let order: Order
    private let bind: (IPAddress) -> SocketAddress?
    private var completion: ((Result<IssuedIdentity, Failure>) -> Void)?
    private var key: PrivateKey?
    private var request: [UInt8] = []
    private var call: ControlCall?
    private var answer: [UInt8]?
    /// The certificate that is shown to the authority.
    private var shown: SVID?
    /// The address that we reached the authority from, once we did.
    private(set) var local: SocketAddress?

    /// How long the answer may take: the control plane asks STS and ECS meanwhile.
    private static let milliseconds: UInt64 = 15_000
    /// A chain of certificates is a few KiB.
    private static let answerBytes = 1 << 20

    /// Prepares an attempt.
    /// - Parameters:
    ///   - bind: gives the address to connect from, to reach another.
    ///   - completion: called once, possibly before `start` returns, and never after `cancel`.
    init(
        loop: EventLoop,
        order: Order,
        bind: @escaping (IPAddress) -> SocketAddress?,
        completion: @escaping (Result<IssuedIdentity, Failure>) -> Void
    ) {
        self.loop = loop
        self.order = order
        self.bind = bind
        self.completion = completion
    }

    /// Begins.
    func start() {
        if case .files(let files) = self.order.source { return self.read(files) }
        do throws(TLSError) {
            let key = if let known = self.order.key { known } else { try PrivateKey() }
            let csr = try CertificateRequest(uri: self.order.identity.uri, key: key)
            self.key = key
            self.request = self.order.message(csr: csr.pem).serialized
        } catch {
            return self.fail("certificate request: \(error)")
        }
        switch self.order.source {
        case .files: return
        case .task(let role): self.fetchCredentials(role)
        case .function(let role): self.attest(role)
        case .bearer(nil, _): self.findServer(bearer: nil)
        case .join(let proof):
            self.shown = self.order.current
            self.findServer(bearer: self.shown == nil ? proof.token.text : nil)
        case .bearer(let source?, _):
            do throws(AttestationError) {
                self.findServer(bearer: try source.token())
            } catch {
                self.fail("bearer token: \(error)")
            }
        }
    }

    /// Gives it up.
    func cancel() {
        self.completion = nil
        self.call?.cancel()
        self.call = nil
    }

    private func finish(_ result: Result<IssuedIdentity, Failure>) {
        let completion = self.completion
        self.completion = nil
        self.call?.cancel()
        self.call = nil
        completion?(result)
    }

    private func fail(_ reason: String) { self.finish(.failure(Failure(description: reason))) }

    private var now: Int64 { Timestamp.now().seconds }

    // MARK: Files

    private func read(_ files: IdentityFiles) {
        var texts: [String] = []
        for path in [files.certificates, files.key, files.roots] {
            guard let text = SmallFile.read(path, limit: PEMBlock.textLimit) else {
                return self.fail("file \(path.prefix(255)) can't be read, or is too large")
            }
            texts.append(text)
        }
        do {
            let issued = try IssuedIdentity(
                certChain: [texts[0], texts[2]],
                key: try PrivateKey(pkcs8PEM: texts[1]),
                requested: self.order.identity,
                now: self.now
            )
            self.finish(.success(issued))
        } catch {
            self.fail("certificate in \(files.certificates.prefix(255)): \(error)")
        }
    }

    // MARK: Proof

    private func fetchCredentials(_ role: TaskRole) {
        var fields: [HTTPField] = []
        do throws(AttestationError) {
            switch role.endpoint.authorization {
            case .none: break
            case .value(let value): fields.append(HTTPField(name: "Authorization", value: value))
            case .file(let path):
                let text = SmallFile.read(path, limit: CredentialsEndpoint.authorizationBytes + 2) ?? ""
                fields.append(HTTPField(name: "Authorization", value: try CredentialsEndpoint.checked(text)))
            }
        } catch {
            return self.fail("task credentials: \(error)")
        }
        guard let request = HTTPClientRequest(host: role.endpoint.host, target: role.endpoint.target, fields: fields)
        else { return self.fail("task credentials: \(role.endpoint) makes no valid request") }
        HTTPFetch.get(loop: self.loop, address: role.endpoint.address, request: request, scope: role.scope) {
            [weak self] result in
            guard let self, self.completion != nil else { return }
            switch result {
            case .success(let body): self.attest(role, body)
            case .failure(let failure): self.fail("task credentials from \(role.endpoint): \(failure)")
            }
        }
    }

    private func attest(_ role: TaskRole, _ body: [UInt8]) {
        guard let key = self.key else { return }
        do throws(AttestationError) {
            let bearer = try TaskAttestation.bearerToken(
                credentials: try ContainerCredentials(body: body),
                region: role.region,
                audience: role.audience,
                publicKeyHash: key.publicKeyHash,
                now: self.now
            )
            self.findServer(bearer: bearer)
        } catch {
            self.fail("attestation: \(error)")
        }
    }

    private func attest(_ role: FunctionRole) {
        guard let key = self.key else { return }
        do throws(AttestationError) {
            let bearer = try TaskAttestation.bearerToken(
                keys: role.credentials,
                region: role.region,
                audience: role.audience,
                publicKeyHash: key.publicKeyHash,
                now: self.now
            )
            self.findServer(bearer: bearer)
        } catch {
            self.fail("attestation: \(error)")
        }
    }

    // MARK: Call

    private func findServer(bearer: String?) {
        guard let server = self.order.server else { return self.fail("no authority is configured; set CA_ADDRESS") }
        server.address.find { [weak self] result in
            guard let self, self.completion != nil else { return }
            switch result {
            case .success(let address): self.ask(server, address, bearer: bearer)
            case .failure(let failure):
                self.fail("address of \(server.address.authority): \(failure.rawValue)")
            }
        }
    }

    private func ask(_ server: ControlServer, _ address: SocketAddress, bearer: String?) {
        let head = GRPCRequestHead(
            path: IstioAuth.createCertificatePath,
            authority: server.address.authority,
            timeoutMilliseconds: Self.milliseconds,
            metadata: self.order.metadata(bearer: bearer)
        )
        var limits = GRPCCall.Limits()
        limits.messageBytes = Self.answerBytes
        limits.milliseconds = Self.milliseconds
        let call = ControlCall(head: head, limits: limits, owner: self)
        self.call = call
        do {
            try call.start(
                loop: self.loop,
                address: address,
                from: self.bind(address.ip),
                host: server.address.host,
                alternatives: server.alternatives,
                context: try server.roots.context(issued: self.order.issuedRoots, identity: self.shown)
            )
        } catch {
            self.fail("connection to \(server.address.authority): \(error)")
        }
    }

    // MARK: ControlCallOwner

    func callBegan(_ call: ControlCall) {
        self.local = call.local
        call.send(self.request)
        call.finishSending()
    }

    func received(_ message: [UInt8], on call: ControlCall) {
        if self.answer == nil { self.answer = message }
    }

    func ended(_ end: ControlCall.End, on call: ControlCall) {
        self.call = nil
        let name = self.order.server.map(\.address.authority) ?? ""
        guard case .status(let status) = end, status.code == .ok else { return self.fail("answer of \(name): \(end)") }
        guard let key = self.key, let bytes = self.answer else { return self.fail("answer of \(name): it is empty") }
        do {
            var limits = ProtoLimits()
            limits.bytes = Self.answerBytes
            let answer = try IstioAuth.CertificateResponse(decoding: bytes, limits: limits)
            let issued = try IssuedIdentity(
                certChain: answer.certificateChain,
                key: key,
                requested: self.order.identity,
                now: self.now
            )
            self.finish(.success(issued))
        } catch {
            self.fail("answer of \(name): \(error)")
        }
    }
}
