import GRPCCore
import MeshXDS

/// Writes responses for grpc-swift, straight from the bytes that streams share.
struct PushSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ push: DeltaPush) throws -> Bytes {
        let parts = push.parts
        var bytes = Bytes(repeating: 0, count: parts.reduce(0) { $0 + $1.count })
        bytes.withUnsafeMutableBytes { target in
            var place = target[...]
            for part in parts {
                UnsafeMutableRawBufferPointer(rebasing: place.prefix(part.count)).copyBytes(from: part)
                place = place.dropFirst(part.count)
            }
        }
        return bytes
    }
}
