import GRPCCore
import MeshProtos

/// Writes our own messages for grpc-swift.
struct ProtoSerializer<Message: ProtoMessage>: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) throws -> Bytes {
        Bytes(message.serialized)
    }
}

/// Reads our own messages for grpc-swift, within limits.
struct ProtoDeserializer<Message: ProtoMessage>: MessageDeserializer {
    let limits: ProtoLimits

    /// - Parameter bytes: the largest message; fields and depth are limited along with it.
    init(bytes: Int) {
        var limits = ProtoLimits()
        limits.bytes = bytes
        // Names, versions and metadata cost several bytes a field, so an honest message stays far below.
        limits.fields = max(1024, bytes / 4)
        self.limits = limits
    }

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> Message {
        do {
            return try Message(decoding: bytes.withUnsafeBytes { Array($0) }, limits: self.limits)
        } catch {
            throw RPCError(code: .invalidArgument, message: "the message cannot be decoded: \(error)")
        }
    }
}
