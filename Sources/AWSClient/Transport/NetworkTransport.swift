import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// HTTP/1.1 over TCP and TLS, with async-http-client.
package final class NetworkTransport: HTTPTransport {
    private let client: HTTPClient

    /// - Parameters:
    ///   - caBundlePath: a PEM file of the roots to trust in place of the system's; `nil` for the system's.
    ///   - identity: what to show to servers that ask for a certificate; `nil` for none.
    ///   - connectTimeout: how long connecting, TLS included, may take.
    package init(
        caBundlePath: String? = nil,
        identity: TransportIdentity? = nil,
        connectTimeout: Duration = .seconds(5)
    ) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let caBundlePath {
            tls.trustRoots = .file(caBundlePath)
        }
        if let identity {
            tls.certificateChain = identity.chain.map { .certificate($0) }
            tls.privateKey = .privateKey(identity.key)
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connectTimeout))
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func send(
        _ request: TransportRequest,
        deadline: Duration,
        bodyLimit: Int
    ) async throws -> TransportResponse {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers {
            outgoing.headers.add(name: header.name, value: header.value)
        }
        if !request.body.isEmpty {
            outgoing.body = .bytes(ByteBuffer(bytes: request.body))
        }
        let client = self.client
        let prepared = outgoing
        do {
            return try await withDeadline(deadline, orThrow: TransportError.timedOut) {
                let response = try await client.execute(prepared, timeout: TimeAmount(deadline))
                let body = try await response.body.collect(upTo: bodyLimit)
                return TransportResponse(
                    status: Int(response.status.code),
                    headers: response.headers.map { (name: $0.name, value: $0.value) },
                    body: Array(body.readableBytesView)
                )
            }
        } catch {
            throw Self.transportError(error)
        }
    }

    package func shutdown() async {
        try? await self.client.shutdown()
    }

    private static func transportError(_ error: any Error) -> any Error {
        switch error {
        case is TransportError, is CancellationError: error
        case is NIOTooManyBytesError: TransportError.bodyTooLarge
        case let error as HTTPClientError where error == .cancelled: CancellationError()
        case let error as HTTPClientError
        where [.deadlineExceeded, .connectTimeout, .readTimeout, .tlsHandshakeTimeout].contains(error):
            TransportError.timedOut
        case let error as NIOSSLError: TransportError.certificateRefused("\(error)")
        default: TransportError.failed("\(error)")
        }
    }
}
