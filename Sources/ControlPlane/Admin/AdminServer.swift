import CertificateAuthority
package import Logging
package import MeshModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// An admin port: HTTP/1.1, one request a connection; plain on loopback, or with client certificates of the mesh.
package final class AdminServer: Sendable {
    /// The most connections at once; scrapers and people need few.
    private static let connections = 64
    /// The longest silence on a connection.
    private static let idle: TimeAmount = .seconds(15)
    /// The longest time until a request has come whole: silence is not the only way to hold a place.
    private static let request: Duration = .seconds(30)

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private let address: MeshModel.SocketAddress
    private let tls: ServingTLS?
    private let access: AdminAccess
    private let answer: @Sendable (AdminRequest) async -> AdminAnswer
    private let logger: Logger
    private let bound: AsyncStream<Int>
    private let binding: AsyncStream<Int>.Continuation

    /// Makes a server; `run` listens.
    ///
    /// - Parameters:
    ///   - tls: for a port that wants a client certificate; nil for a plain one.
    ///   - access: who may do what.
    ///   - answer: does what a request asks for.
    package init(
        address: MeshModel.SocketAddress,
        tls: ServingTLS? = nil,
        access: AdminAccess = AdminAccess(),
        logger: Logger,
        answer: @escaping @Sendable (AdminRequest) async -> AdminAnswer
    ) {
        self.address = address
        self.tls = tls
        self.access = access
        self.answer = answer
        self.logger = logger
        (self.bound, self.binding) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The port that is listened on, once it is.
    package var port: Int? {
        get async { await self.bound.first { _ in true } }
    }

    private var isLoopback: Bool { self.address.ip.isLoopback }

    /// Serves until cancelled.
    ///
    /// - Throws: when the address cannot be listened on.
    package func run() async throws {
        let tls = self.tls
        let open = ConnectionCount(limit: Self.connections)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "\(self.address.ip)", port: Int(self.address.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard open.admit() else {
                        channel.close(promise: nil)
                        throw AdminFault(.unavailable, "too many connections")
                    }
                    channel.closeFuture.whenComplete { _ in open.release() }
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls.adminContext)) }
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idle))
                    try pipeline.addHandler(IdleCloser())
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        self.binding.yield(server.channel.localAddress?.port ?? 0)
        self.binding.finish()
        self.logger.info(
            "admin port open",
            metadata: ["address": "\(self.address)", "tls": "\(self.tls == nil ? "no" : "client certificates")"]
        )
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await self.serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        // A connection that breaks is its caller's affair.
        try? await connection.executeThenClose { inbound, outbound in
            let reading = try await withDeadline(Self.request) { try await self.read(inbound, connection.channel) }
            guard let reading else { return }
            let answer: AdminAnswer
            switch reading.request {
            case .success(let request):
                answer = await self.answer(request)
                if request.method != "GET", request.method != "HEAD" {
                    self.logger.info(
                        "admin request",
                        metadata: [
                            "http.method": "\(request.method)", "http.path": "\(Self.loggable(request))",
                            "http.status": "\(answer.status)", "src.identity": "\(request.caller.name)",
                        ]
                    )
                }
            case .failure(let fault):
                answer = .failure(fault)
            }
            try await outbound.write(contentsOf: Self.parts(answer, isHead: reading.isHead))
        }
    }

    /// The path for the log: a token that somebody pasted whole holds a secret behind its id.
    private static func loggable(_ request: AdminRequest) -> String {
        let isToken = request.path.count > 2 && request.path[1] == "tokens"
        let path = isToken ? "/v1/tokens/\(request.path[2].prefix(8))" : request.pathText
        return PlainLine.of(path, bytes: 256)
    }

    private struct Reading: Sendable {
        var request: Result<AdminRequest, AdminFault>
        var isHead: Bool
    }

    /// Reads one request; nil when the connection ended before.
    private func read(
        _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>,
        _ channel: any Channel
    ) async throws -> Reading? {
        var head: NIOHTTP1.HTTPRequestHead?
        var body: [UInt8] = []
        for try await part in inbound {
            switch part {
            case .head(let start):
                head = start
                do throws(AdminFault) {
                    try AdminGuard(isLoopback: self.isLoopback && self.tls == nil).check(start)
                } catch {
                    return Reading(request: .failure(error), isHead: start.method == .HEAD)
                }
            case .body(let bytes):
                guard body.count + bytes.readableBytes <= AdminRequest.bodyBytes else {
                    let fault = AdminFault(.tooLarge, "the body has more than \(AdminRequest.bodyBytes) bytes")
                    return Reading(request: .failure(fault), isHead: false)
                }
                body += bytes.readableBytesView
            case .end:
                guard let head else { return nil }
                return Reading(request: await self.request(head, body, channel), isHead: head.method == .HEAD)
            }
        }
        return nil
    }

    private func request(
        _ head: NIOHTTP1.HTTPRequestHead,
        _ body: [UInt8],
        _ channel: any Channel
    ) async -> Result<AdminRequest, AdminFault> {
        do throws(AdminFault) {
            return .success(
                try AdminRequest(
                    method: head.method.rawValue,
                    target: head.uri,
                    contentType: body.isEmpty ? "" : try AdminGuard.mediaType(head.headers),
                    body: body,
                    caller: try await self.caller(channel)
                )
            )
        } catch {
            return .failure(error)
        }
    }

    private func caller(_ channel: any Channel) async throws(AdminFault) -> AdminCaller {
        guard self.tls != nil else { return self.access.caller(isLoopback: self.isLoopback) }
        let certificate = try? await channel.nioSSL_peerCertificate().get()
        guard let peer = certificate.flatMap({ PeerHandler.peer($0, trustDomains: self.access.trustDomains) }) else {
            throw AdminFault(.unauthenticated, "the client certificate names no identity of this mesh")
        }
        return self.access.caller(peer.identity)
    }

    private static func parts(_ answer: AdminAnswer, isHead: Bool) -> [HTTPServerResponsePart] {
        let headers: HTTPHeaders = [
            "content-type": answer.contentType, "content-length": "\(answer.body.count)", "cache-control": "no-store",
            "x-content-type-options": "nosniff", "connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        return [.head(head)] + (isHead ? [] : [.body(.byteBuffer(ByteBuffer(bytes: answer.body)))]) + [.end(nil)]
    }
}

/// Closes a connection that was silent for too long.
private final class IdleCloser: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
