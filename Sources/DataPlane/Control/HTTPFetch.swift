package import MeshModel
package import TunnelEngine

/// One GET to an endpoint near us: the task's credentials or metadata, the container runtime.
///
/// Confined to its loop; held alive by it until it is over.
package final class HTTPFetch: ByteConnectionDelegate {
    /// Why nothing came back.
    package enum Failure: Error, CustomStringConvertible {
        /// TCP failed.
        case connect(TCPDial.Failure)
        /// The connection broke or took too long.
        case connection(String)
        /// The answer is no HTTP response, or too large.
        case response(HTTPClientState.Failure)
        /// The answer's status is not 200.
        case status(Int)

        /// One line for the log.
        package var description: String {
            switch self {
            case .connect(let failure): "\(failure)"
            case .connection(let text): text
            case .response(let failure): "the answer is unusable (\(failure))"
            case .status(let status): "the answer's status is \(status)"
            }
        }
    }

    private var state: HTTPClientState
    private var completion: ((Result<[UInt8], Failure>) -> Void)?

    /// How long connect and exchange may take, each.
    private static let milliseconds: UInt64 = 3_000

    /// Fetches; the completion gets the body of a 200 answer, once, and possibly before this returns.
    /// - Parameter scope: the network namespace to fetch from.
    package static func get(
        loop: EventLoop,
        address: SocketAddress,
        request: HTTPClientRequest,
        scope: SocketScope = .process,
        bodyLimit: Int = 64 * 1024,
        completion: @escaping (Result<[UInt8], Failure>) -> Void
    ) {
        let fetch = HTTPFetch(bodyLimit: bodyLimit, completion: completion)
        do throws(TCPDial.Failure) {
            _ = try TCPDial(loop: loop, to: address, scope: scope, milliseconds: Self.milliseconds) { result in
                fetch.connected(result, loop: loop, address: address, request: request)
            }
        } catch {
            fetch.finish(.failure(.connect(error)))
        }
    }

    /// Fetches from a server that listens on a unix socket.
    package static func get(
        loop: EventLoop,
        socketPath: String,
        request: HTTPClientRequest,
        bodyLimit: Int = 64 * 1024,
        completion: @escaping (Result<[UInt8], Failure>) -> Void
    ) {
        let fetch = HTTPFetch(bodyLimit: bodyLimit, completion: completion)
        let result: Result<Int32, TCPDial.Failure>
        do throws(SocketError) {
            result = .success(try UnixSocket.connect(socketPath, .stream))
        } catch {
            result = .failure(.socket(error))
        }
        let nobody = SocketAddress(ip: IPAddress(v4: 0), port: 0)
        fetch.connected(result, loop: loop, address: nobody, request: request)
    }

    private init(bodyLimit: Int, completion: @escaping (Result<[UInt8], Failure>) -> Void) {
        self.state = HTTPClientState(bodyLimit: bodyLimit)
        self.completion = completion
    }

    private func connected(
        _ result: Result<Int32, TCPDial.Failure>,
        loop: EventLoop,
        address: SocketAddress,
        request: HTTPClientRequest
    ) {
        switch result {
        case .failure(let failure):
            self.finish(.failure(.connect(failure)))
        case .success(let descriptor):
            do throws(SocketError) {
                let connection = try ByteConnection(
                    loop: loop,
                    descriptor: descriptor,
                    peer: address,
                    milliseconds: Self.milliseconds,
                    delegate: self
                )
                connection.send(request.bytes)
            } catch {
                self.finish(.failure(.connection("\(error)")))
            }
        }
    }

    private func follow(_ step: HTTPClientState.Step, _ connection: ByteConnection) {
        switch step {
        case .more: return
        case .failed(let failure): self.finish(.failure(.response(failure)))
        case .response(let response) where response.status == 200: self.finish(.success(response.body))
        case .response(let response): self.finish(.failure(.status(response.status)))
        }
        connection.close()
    }

    private func finish(_ result: Result<[UInt8], Failure>) {
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    package func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        self.follow(self.state.receive(Array(bytes)), connection)
    }

    package func receivedEnd(on connection: ByteConnection) { self.follow(self.state.ended(), connection) }

    package func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.finish(.failure(.connection(error.map { "\($0)" } ?? "connection closed")))
    }
}
