package import MeshModel
package import TunnelEngine

/// One HTTP/1.1 request on a connection of its own, whose answer counts with its status and fields.
///
/// Confined to its loop; held alive by it until it is over.
package final class HTTPPost: ByteConnectionDelegate {
    private var state: HTTPClientState
    private var dial: TCPDial?
    private var connection: ByteConnection?
    private var completion: ((Result<HTTPClientState.Response, HTTPFetch.Failure>) -> Void)?

    /// Sends the request.
    /// - Parameters:
    ///   - milliseconds: how long connect and exchange may take, each.
    ///   - isPatient: whether the exchange may take for ever, as the server answers when something happens.
    ///   - completion: gets whatever the server answers; called once, possibly before this returns.
    @discardableResult
    package init(
        loop: EventLoop,
        address: SocketAddress,
        request: HTTPClientRequest,
        answerBytes: Int,
        milliseconds: UInt64,
        isPatient: Bool = false,
        completion: @escaping (Result<HTTPClientState.Response, HTTPFetch.Failure>) -> Void
    ) {
        self.state = HTTPClientState(bodyLimit: answerBytes)
        self.completion = completion
        do throws(TCPDial.Failure) {
            self.dial = try TCPDial(loop: loop, to: address, milliseconds: milliseconds) { result in
                let wait = isPatient ? 0 : milliseconds
                self.connected(result, loop: loop, address: address, request: request, milliseconds: wait)
            }
        } catch {
            self.finish(.failure(.connect(error)))
        }
    }

    /// Gives it up; the completion is not called.
    package func cancel() {
        self.completion = nil
        self.dial?.cancel()
        self.dial = nil
        self.connection?.close()
    }

    private func connected(
        _ result: Result<Int32, TCPDial.Failure>,
        loop: EventLoop,
        address: SocketAddress,
        request: HTTPClientRequest,
        milliseconds: UInt64
    ) {
        self.dial = nil
        switch result {
        case .failure(let failure):
            self.finish(.failure(.connect(failure)))
        case .success(let descriptor):
            do throws(SocketError) {
                let connection = try ByteConnection(
                    loop: loop,
                    descriptor: descriptor,
                    peer: address,
                    milliseconds: milliseconds,
                    delegate: self
                )
                self.connection = connection
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
        case .response(let response): self.finish(.success(response))
        }
        connection.close()
    }

    private func finish(_ result: Result<HTTPClientState.Response, HTTPFetch.Failure>) {
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    package func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        self.follow(self.state.receive(Array(bytes)), connection)
    }

    package func receivedEnd(on connection: ByteConnection) { self.follow(self.state.ended(), connection) }

    package func closed(_ connection: ByteConnection, _ error: SocketError?) {
        self.connection = nil
        self.finish(.failure(.connection(error.map { "\($0)" } ?? "connection closed")))
    }
}
