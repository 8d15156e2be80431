import CMeshLinux

/// Compresses a body piece by piece as gzip (RFC 1952).
///
/// Confined to one thread.
package final class GzipEncoder {
    private let raw: OpaquePointer
    private var isEnded = false

    private static let outputBytes = 16 * 1024

    /// Begins a body; nil when there is no memory for it.
    package init?() {
        guard let raw = mesh_gzip_new() else { return nil }
        self.raw = raw
    }

    deinit { mesh_gzip_free(self.raw) }

    /// Takes a piece and gives what is ready, which is often nothing; nil after a failure.
    package func encode(_ piece: [UInt8]) -> [UInt8]? { self.write(piece, finish: false) }

    /// Ends the body and gives the rest; nil after a failure.
    package func finish() -> [UInt8]? { self.write([], finish: true) }

    private func write(_ piece: [UInt8], finish: Bool) -> [UInt8]? {
        guard !self.isEnded else { return nil }
        var compressed: [UInt8] = []
        var output = [UInt8](repeating: 0, count: Self.outputBytes)
        var position = 0
        while true {
            var taken = 0
            let written = piece.withUnsafeBufferPointer { input in
                let rest = UnsafeBufferPointer(rebasing: input[position...])
                return mesh_gzip_write(
                    self.raw,
                    rest.baseAddress,
                    rest.count,
                    &taken,
                    &output,
                    output.count,
                    finish ? 1 : 0
                )
            }
            guard written >= 0 else {
                self.isEnded = true
                return nil
            }
            compressed += output.prefix(written)
            position += taken
            if position >= piece.count, written < output.count { break }
        }
        self.isEnded = finish
        return compressed
    }
}
