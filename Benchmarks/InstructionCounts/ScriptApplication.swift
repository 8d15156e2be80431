import MeshModel
import TunnelEngine

/// An application: answers what each of its connections receives.
final class ScriptApplication: ListenerDelegate {
    private let answer: (UnsafeRawBufferPointer, ByteConnection) -> Void
    private var listener: Listener?

    /// - Parameter answer: gets what came, and answers on the connection.
    init(
        loop: EventLoop,
        address: SocketAddress,
        answer: @escaping (UnsafeRawBufferPointer, ByteConnection) -> Void
    ) throws {
        self.answer = answer
        self.listener = try Listener(loop: loop, address: address, delegate: self)
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let connection = Connection(self.answer)
        do {
            _ = try ByteConnection(
                loop: listener.loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: 0,
                delegate: connection
            )
        } catch {
            Script.fail("application: \(error)")
        }
    }

    private final class Connection: ByteConnectionDelegate {
        private let answer: (UnsafeRawBufferPointer, ByteConnection) -> Void

        init(_ answer: @escaping (UnsafeRawBufferPointer, ByteConnection) -> Void) { self.answer = answer }

        func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
            self.answer(bytes, connection)
        }
        func receivedEnd(on connection: ByteConnection) { connection.closeWhenSent() }
        func closed(_ connection: ByteConnection, _ error: SocketError?) {}
    }
}
