import Glibc
import Testing

@testable import MeshTelemetry

struct LogWriterTests {
    /// A pipe whose reading end is drained on demand.
    private func makePipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func drain(_ descriptor: CInt) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return all }
            all += chunk.prefix(count)
        }
    }

    @Test func writesAllLinesInOrder() throws {
        let (reading, writing) = try self.makePipe()
        let writer = LogWriter(output: writing)
        for index in 0..<500 { writer.write(Array("line \(index)\n".utf8)) }
        #expect(writer.close(timeout: 5_000))
        close(writing)
        let expected = (0..<500).map { "line \($0)\n" }.joined()
        #expect(String(decoding: self.drain(reading), as: UTF8.self) == expected)
        close(reading)
    }

    @Test func losesNothingWithinTheBoundThoughTheOutputTakesLittleAtATime() throws {
        let (reading, writing) = try self.makePipe()
        // A small pipe that never blocks: every write ends somewhere within a line, and many take nothing.
        let setPipeSize: CInt = 1_031  // F_SETPIPE_SZ, which needs _GNU_SOURCE
        try #require(fcntl(writing, setPipeSize, 4_096) >= 4_096)
        try #require(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let writer = LogWriter(output: writing)
        let lines = (0..<9_000).map { "line \($0) \(String(repeating: "x", count: $0 % 300))\n" }
        for line in lines { writer.write(Array(line.utf8)) }
        var seen: [UInt8] = []
        let expected = Array(lines.joined().utf8)
        var chunk = [UInt8](repeating: 0, count: 1_777)
        while seen.count < expected.count {
            let count = read(reading, &chunk, chunk.count)
            try #require(count > 0)
            seen += chunk.prefix(count)
        }
        #expect(seen == expected)
        #expect(writer.dropped == 0)
        #expect(writer.close(timeout: 5_000))
        close(writing)
        close(reading)
    }

    @Test func dropsAndCountsLinesWhenTheReaderIsSlow() throws {
        let (reading, writing) = try self.makePipe()
        var limits = LogWriter.Limits()
        limits.lines = 100
        let writer = LogWriter(output: writing, limits: limits)
        // Nobody reads: the pipe takes 64 KiB, one batch is in the thread's hands, 100 lines wait, the rest is lost.
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4_095) + [UInt8(ascii: "\n")]
        for _ in 0..<2_000 { writer.write(line) }
        #expect(writer.dropped >= 1_700)
        // As soon as somebody reads, the writer goes on and says what was lost.
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var seen: [UInt8] = []
        let notice = Array("log lines dropped: output too slow".utf8)
        while !seen.suffix(200).contains(notice) {
            let count = read(reading, &chunk, chunk.count)
            try #require(count > 0)
            seen += chunk.prefix(count)
        }
        #expect(writer.close(timeout: 5_000))
        close(writing)
        close(reading)
    }

    @Test func dropsLinesAfterTheEnd() throws {
        let (reading, writing) = try self.makePipe()
        let writer = LogWriter(output: writing)
        #expect(writer.close(timeout: 5_000))
        #expect(writer.close())
        writer.write(Array("late\n".utf8))
        #expect(writer.dropped == 1)
        close(writing)
        #expect(self.drain(reading).isEmpty)
        close(reading)
    }

    @Test func saysWhenTheOutputDoesNotTakeItInTime() throws {
        let (reading, writing) = try self.makePipe()
        let writer = LogWriter(output: writing)
        writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
        #expect(!writer.close(timeout: 50))
        close(reading)
    }
}
