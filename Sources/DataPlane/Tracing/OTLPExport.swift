import BoringTLS
import MeshModel
import MeshProtos
import TunnelEngine

/// One attempt to send a batch to a collector, on a connection of its own.
///
/// Confined to its loop; whoever began it keeps it.
final class OTLPExport: LinkOwner, ClearLinkOwner {
    /// What became of it.
    enum Outcome: Hashable, Sendable {
        /// The collector took the batch, but for this many that it will never take.
        case taken(rejected: Int64, reason: String)
        /// It may be tried again, not before so many milliseconds where the collector said so.
        case retry(reason: String, after: UInt64?)
        /// Trying again is of no use.
        case failed(reason: String)
    }

    private let loop: EventLoop
    private let settings: OTLPSettings
    private let program: String
    private let context: TLSContext?
    private let body: [UInt8]
    private var completion: ((Outcome) -> Void)?
    private var link: Link?
    private var clearLink: ClearLink?
    private var call: StreamCall?
    private var post: HTTPPost?
    private lazy var deadline = LoopAlarm(loop: self.loop)

    /// Bytes of an answer, which says little.
    private static let answerBytes = 64 * 1024

    /// Prepares an attempt.
    /// - Parameters:
    ///   - program: who sends: its name.
    ///   - context: for TLS; nil without.
    ///   - body: the encoded request.
    ///   - completion: called once.
    init(
        loop: EventLoop,
        settings: OTLPSettings,
        program: String,
        context: TLSContext?,
        body: [UInt8],
        completion: @escaping (Outcome) -> Void
    ) {
        self.loop = loop
        self.settings = settings
        self.program = program
        self.context = context
        self.body = body
        self.completion = completion
    }

    /// Finds the collector and sends.
    func start(resolver: NameResolver) {
        let milliseconds = self.settings.milliseconds
        self.deadline.set(after: milliseconds) { [weak self] in
            self?.end(.retry(reason: "no answer within \(milliseconds) ms", after: nil))
        }
        switch self.settings.target {
        case .address(let address): self.dial(address)
        case .name(let name, let port):
            resolver.resolve(name) { [weak self] result in
                switch result {
                case .success(let ip): self?.dial(SocketAddress(ip: ip, port: port))
                case .failure(let failure): self?.end(.retry(reason: "\(name): \(failure.rawValue)", after: nil))
                }
            }
        }
    }

    /// Gives it up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.close()
    }

    private func dial(_ address: SocketAddress) {
        guard self.completion != nil else { return }
        if let context = self.context { return self.dialLink(address, context) }
        guard self.settings.wire == .grpc else { return self.sendPost(address) }
        do throws(TCPDial.Failure) {
            self.clearLink = try ClearLink(
                loop: self.loop,
                address: address,
                milliseconds: self.settings.milliseconds,
                owner: self
            )
        } catch {
            self.end(.retry(reason: "\(address): \(error)", after: nil))
        }
    }

    private func dialLink(_ address: SocketAddress, _ context: TLSContext) {
        let host: String
        switch self.settings.target {
        case .address(let address): host = "\(address.ip)"
        case .name(let name, _): host = name
        }
        do throws(LinkError) {
            self.link = try Link.dial(
                loop: self.loop,
                address: address,
                context: context,
                expecting: .host(host),
                limits: LinkLimits(),
                owner: self
            )
        } catch {
            self.end(.retry(reason: "\(address): \(error)", after: nil))
        }
    }

    private func end(_ outcome: Outcome) {
        let completion = self.completion
        self.completion = nil
        self.close()
        completion?(outcome)
    }

    private func close() {
        self.deadline.cancel()
        let (call, post, link, clearLink) = (self.call, self.post, self.link, self.clearLink)
        self.call = nil
        self.post = nil
        self.link = nil
        self.clearLink = nil
        call?.cancel()
        post?.cancel()
        link?.close(.closedLocally)
        clearLink?.close()
    }

    // MARK: HTTP/1.1

    private func sendPost(_ address: SocketAddress) {
        let request = HTTPClientRequest(
            method: "POST",
            host: "\(self.settings.target)",
            target: self.settings.path,
            fields: [
                HTTPField(name: "content-type", value: "application/x-protobuf"),
                HTTPField(name: "user-agent", value: self.userAgent),
            ]
                + self.settings.headers.map { HTTPField(name: $0.name, value: $0.value.text) },
            body: self.body
        )
        guard let request else { return self.end(.failed(reason: "the endpoint makes no valid request")) }
        self.post = HTTPPost(
            loop: self.loop,
            address: address,
            request: request,
            answerBytes: Self.answerBytes,
            milliseconds: self.settings.milliseconds
        ) { [weak self] result in
            switch result {
            case .success(let response):
                let wait = response.fields.single("retry-after").flatMap { UInt64($0) }
                self?.end(OTLPAnswer.http(status: response.status, body: response.body, retryAfter: wait))
            case .failure(let failure):
                self?.end(.retry(reason: "\(failure)", after: nil))
            }
        }
    }

    // MARK: HTTP/2

    private var userAgent: String { "tulle-\(self.program)/\(Version.text)" }

    private func send(on carrier: any StreamCarrier) {
        let isGRPC = self.settings.wire == .grpc
        guard let body = isGRPC ? GRPCMessageReader.frame(self.body) : self.body else {
            return self.end(.failed(reason: "the batch is too large"))
        }
        var headers = [
            HTTP2Header(":method", "POST"), HTTP2Header(":scheme", self.settings.usesTLS ? "https" : "http"),
            HTTP2Header(":path", isGRPC ? self.settings.signal.grpcPath : self.settings.path),
            HTTP2Header(":authority", "\(self.settings.target)"), HTTP2Header("user-agent", self.userAgent),
        ]
        if isGRPC {
            headers += [
                HTTP2Header("te", "trailers"), HTTP2Header("grpc-timeout", "\(self.settings.milliseconds)m"),
                HTTP2Header("content-type", "application/grpc"),
            ]
        } else {
            headers += [
                HTTP2Header("content-type", "application/x-protobuf"), HTTP2Header("content-length", "\(body.count)"),
            ]
        }
        headers += self.settings.headers.map { HTTP2Header($0.name, $0.value.text, sensitive: true) }
        let call = StreamCall(headers, body: body, on: carrier, answerBytes: Self.answerBytes) {
            [weak self] result in
            switch result {
            case .success(let answer):
                self?.end(isGRPC ? OTLPAnswer.grpc(answer) : OTLPAnswer.http(answer))
            case .failure(let failure):
                self?.end(.retry(reason: "request \(failure)", after: nil))
            }
        }
        if self.completion != nil { self.call = call }
    }

    // MARK: LinkOwner

    func linkOpened(_ link: Link) { self.send(on: link) }

    func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        link.reset(stream, .refusedStream)
    }

    func linkCapacityChanged(_ link: Link) {}

    func linkClosed(_ link: Link, _ error: LinkError) { self.end(.retry(reason: "\(error)", after: nil)) }

    // MARK: ClearLinkOwner

    func clearLinkOpened(_ link: ClearLink) { self.send(on: link) }

    func clearLinkClosed(_ link: ClearLink, _ error: LinkError) { self.end(.retry(reason: "\(error)", after: nil)) }
}
