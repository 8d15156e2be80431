import BoringTLS
import Foundation

/// Completes the TLS handshake on a blocking socket and then says nothing.
enum SilentTLSPeer {
    static func run(_ socket: BlockingSocket, _ role: TLSRole, _ context: TLSContext) throws {
        let session = try TLSSession(
            context: context,
            role: role,
            expectation: .anyIdentity(trustDomain: "test"),
            buffers: TLSBufferPool()
        )
        var progress = session.handshake()
        while true {
            _ = socket.send(Array(session.output))
            session.consumeOutput(session.outputCount)
            guard progress == .needsInput, let bytes = socket.receive(), !bytes.isEmpty else { break }
            bytes.withUnsafeBytes {
                session.provideCiphertext($0)
                progress = session.handshake()
                session.endCiphertext()
            }
        }
        while let bytes = socket.receive(), !bytes.isEmpty {}
    }
}
