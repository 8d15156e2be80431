import Glibc
import Testing

@testable import TunnelEngine

struct GzipEncoderTests {
    /// What the system's own gzip makes of the bytes.
    private func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
        var template = Array("/tmp/tulle-gzip-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        try #require(written == bytes.count)
        let pipe = try #require(popen("gzip -dc <\(path)", "r"))
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            output += chunk.prefix(count)
        }
        try #require(pclose(pipe) == 0)
        return output
    }

    @Test(arguments: [0, 1, 1_000, 65_536, 300_000])
    func comesBackAsItWas(_ count: Int) throws {
        var random = SystemRandomNumberGenerator()
        // Half of it repeats, half does not.
        let bytes = (0..<count).map { $0 % 8 < 4 ? UInt8($0 % 7) : UInt8.random(in: 0...255, using: &random) }
        let encoder = try #require(GzipEncoder())
        var compressed: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...50_000))
            rest = rest.dropFirst(piece.count)
            compressed += try #require(encoder.encode(Array(piece)))
        }
        compressed += try #require(encoder.finish())
        #expect(try self.decompress(compressed) == bytes)
    }

    @Test func makesTextSmaller() throws {
        let text = Array(String(repeating: "istio_tcp_sent_bytes_total{reporter=\"source\"} 1\n", count: 1_000).utf8)
        let encoder = try #require(GzipEncoder())
        let compressed = try #require(encoder.encode(text)) + (encoder.finish() ?? [])
        #expect(compressed.count < text.count / 20)
    }

    @Test func takesNothingAfterItsEnd() throws {
        let encoder = try #require(GzipEncoder())
        #expect(encoder.finish() != nil)
        #expect(encoder.encode([1]) == nil)
        #expect(encoder.finish() == nil)
    }
}
