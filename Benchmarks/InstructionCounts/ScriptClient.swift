import DataPlane
import MeshModel
import TunnelEngine

/// A client that asks a ztunnel's proxy port for a destination, and then sends one message after the other, each when the
/// one before has come back.
final class ScriptClient: ByteConnectionDelegate {
    private let message: [UInt8]
    private var missing = 0
    private var connection: ByteConnection?
    private var isOpen = false
    private var isOver = false
    /// Called when the connection stands, and whenever a message has come back.
    var onAnswer: (() -> Void)?
    /// Called when the connection is gone.
    var onClosed: (() -> Void)?

    private static let accepted = "HTTP/1.1 200 Connection established\r\n\r\n".utf8.count

    /// Connects.
    init(
        loop: EventLoop,
        proxy: IPAddress,
        destination: SocketAddress,
        message: [UInt8],
        onAnswer: @escaping () -> Void
    ) {
        self.message = message
        self.onAnswer = onAnswer
        self.missing = Self.accepted
        let peer = SocketAddress(ip: proxy, port: MeshPorts.proxy)
        do {
            _ = try TCPDial(loop: loop, to: peer) { result in
                guard case .success(let descriptor) = result else { Script.fail("the proxy port can't be reached") }
                self.begin(descriptor, peer, destination, loop)
            }
        } catch {
            Script.fail("the proxy port can't be reached: \(error)")
        }
    }

    private func begin(_ descriptor: Int32, _ peer: SocketAddress, _ destination: SocketAddress, _ loop: EventLoop) {
        do {
            let connection = try ByteConnection(
                loop: loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: 0,
                delegate: self
            )
            self.connection = connection
            connection.send(Array("CONNECT \(destination) HTTP/1.1\r\n\r\n".utf8))
        } catch {
            Script.fail("client: \(error)")
        }
    }

    /// Sends the message.
    func send() {
        self.missing = self.message.count
        self.connection?.send(self.message)
    }

    /// Ends the connection.
    func close() {
        self.isOver = true
        self.connection?.close()
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
        if !self.isOpen, !bytes.starts(with: "HTTP/1.1 200".utf8) {
            Script.fail("refused: \(String(decoding: bytes, as: UTF8.self))")
        }
        self.isOpen = true
        self.missing -= bytes.count
        guard self.missing >= 0 else { Script.fail("\(-self.missing) bytes more came back than were sent") }
        if self.missing == 0 { self.onAnswer?() }
    }

    func receivedEnd(on connection: ByteConnection) { Script.fail("the connection was ended") }

    func closed(_ connection: ByteConnection, _ error: SocketError?) {
        guard self.isOver else { Script.fail("the connection was cut") }
        self.connection = nil
        self.onAnswer = nil
        self.onClosed?()
        self.onClosed = nil
    }
}
