import MeshModel
import Testing

@testable import TunnelEngine

/// Whatever arrives, nothing traps and the books stay in order. A failure names the seed that repeats it.
@Suite struct HTTP2FuzzTests {
    private typealias Wire = HTTP2Wire

    /// A frame that is often legal, and now and then damaged.
    private static func frame(_ random: inout SeededRandom) -> [UInt8] {
        let stream = UInt32.random(in: 0...9, using: &random)
        var payload = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let lists = [Wire.get, Wire.connect, [HTTP2Header(":status", "200")], [HTTP2Header("a", "b")]]
        var bytes: [UInt8]
        switch Int.random(in: 0...11, using: &random) {
        case 0, 1, 2:
            let flags: UInt8 = [4, 5, 4, 0].randomElement(using: &random) ?? 4
            bytes = Wire.headers(lists.randomElement(using: &random) ?? [], stream: stream | 1, flags: flags)
        case 3, 4:
            bytes = Wire.frame(.data, flags: UInt8.random(in: 0...9, using: &random), stream: stream | 1, payload)
        case 5: bytes = Wire.frame(.windowUpdate, stream: stream, Wire.word(.random(in: 0...(1 << 31), using: &random)))
        case 6: bytes = Wire.frame(.rstStream, stream: stream | 1, Wire.word(.random(in: 0...15, using: &random)))
        case 7:
            let name = UInt16.random(in: 0...9, using: &random)
            bytes = Wire.frame(.settings, Wire.setting(name, .random(in: 0...100_000, using: &random)))
        case 8: bytes = Wire.frame(.ping, flags: .random(in: 0...1, using: &random), Array(repeating: 1, count: 8))
        case 9: bytes = Wire.frame(.continuation, flags: 4, stream: stream | 1, payload)
        case 10: bytes = Wire.frame(.goAway, Wire.word(stream) + Wire.word(0) + payload)
        default:
            payload.append(0)
            bytes = Wire.frame(
                type: .random(in: 0...12, using: &random),
                flags: .random(in: 0...255, using: &random),
                stream: stream,
                payload
            )
        }
        if Int.random(in: 0...7, using: &random) == 0, let index = bytes.indices.randomElement(using: &random) {
            bytes[index] ^= UInt8(1) << UInt8.random(in: 0...7, using: &random)
        }
        return bytes
    }

    /// What the owner of an end does now and then, between and inside events.
    private static func act(_ end: HTTP2TestEnd, _ random: inout SeededRandom) {
        guard let stream = end.streams.randomElement(using: &random) else {
            if end.connection.role == .client { _ = end.open() }
            return
        }
        let connection = end.connection!
        switch Int.random(in: 0...9, using: &random) {
        case 0: connection.reset(stream, .cancel)
        case 1: connection.finish(stream)
        case 2: _ = connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false)
        case 3: _ = connection.sendHeaders(stream, [HTTP2Header("a", "b")], endStream: true)
        case 4: connection.consumed(stream, .random(in: 0...100, using: &random))
        case 5: _ = end.send(stream, Array(repeating: 0, count: 90_000), endStream: Bool.random(using: &random))
        case 6: _ = connection.sendCapacity(stream)
        case 7: connection.ping(7)
        case 8 where Int.random(in: 0...50, using: &random) == 0: connection.shutdownGracefully()
        default: if connection.role == .client { _ = end.open() }
        }
    }

    private static func check(_ end: HTTP2TestEnd, seed: UInt64) {
        let connection = end.connection!
        let open = end.streams.filter { !$0.isClosed }
        #expect(connection.activeStreams == open.count, "seed \(seed)")
        #expect(connection.activeStreams <= max(connection.limits.concurrentStreams, 300), "seed \(seed)")
        #expect(end.streams.allSatisfy { !$0.isClosed || $0.owner == nil }, "seed \(seed)")
        if connection.failure == nil {
            // Every byte of the receive window is somewhere: free, to be told, or held.
            let held = end.streams.reduce(0) { $0 + $1.heldBytes }
            let inFlight = connection.phase == .frameHeader || connection.phase == .payload ? 0 : connection.remaining
            let sum = connection.receiveWindow + connection.unclaimedBytes + held
            #expect(sum + inFlight >= connection.limits.connectionWindow, "seed \(seed)")
            #expect(sum <= connection.limits.connectionWindow, "seed \(seed)")
        }
    }

    @Test(arguments: [HTTP2Role.server, .client])
    func mutatedFramesNeverTrap(_ role: HTTP2Role) {
        let base = UInt64.random(in: 0...UInt64.max)
        for round in 0..<600 {
            let seed = base &+ UInt64(round)
            var random = SeededRandom(seed: seed)
            let end = HTTP2TestEnd.ready(role)
            end.consumes = Bool.random(using: &random)
            end.onRequest = { [unowned end] stream in
                guard stream.id % 4 == 1 else { return }
                _ = end.connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false)
            }
            if role == .client { for _ in 0..<4 { _ = end.open() } }
            for step in 0..<40 {
                end.now = UInt64(step) * 100
                var rest = Self.frame(&random)[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...30, using: &random))
                    rest = rest.dropFirst(piece.count)
                    end.receive(Array(piece))
                }
                Self.act(end, &random)
                Self.check(end, seed: seed)
                if end.connection.failure != nil { break }
            }
            #expect(end.connection.failure == nil || end.connection.activeStreams == 0, "seed \(seed)")
        }
    }

    @Test func randomBytesNeverTrap() {
        let base = UInt64.random(in: 0...UInt64.max)
        for round in 0..<4_000 {
            var random = SeededRandom(seed: base &+ UInt64(round))
            let end = HTTP2TestEnd.ready(Bool.random(using: &random) ? .client : .server)
            var bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Small lengths reach further than random ones.
            if round % 2 == 0 { bytes.replaceSubrange(0..<4, with: [0, 0, UInt8(round % 60), UInt8(round % 10)]) }
            end.receive(bytes)
            Self.check(end, seed: base &+ UInt64(round))
        }
    }

    @Test func randomHeaderBlocksNeverTrap() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var decoder = HPACKDecoder(listLimit: 4096)
        var accepted = 0
        for _ in 0..<20_000 {
            var block = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if block.count > 3, Bool.random(using: &random) { block.replaceSubrange(0..<3, with: [0x40, 1, 0x61]) }
            block.withUnsafeBytes {
                if let headers = try? decoder.decode($0) {
                    accepted += 1
                    #expect(headers.reduce(0) { $0 + $1.listSize } <= 4096, "seed \(seed)")
                }
            }
        }
        #expect(accepted > 0)
    }

    @Test func anyCutOfTheSameBytesGivesTheSameEvents() throws {
        let base = UInt64.random(in: 0...UInt64.max)
        for round in 0..<150 {
            let seed = base &+ UInt64(round)
            var random = SeededRandom(seed: seed)
            let bytes = (0..<25).flatMap { _ in Self.frame(&random) }
            let whole = HTTP2TestEnd.ready(.server)
            let cut = HTTP2TestEnd.ready(.server)
            let wholeError = whole.receive(bytes)
            var cutError: HTTP2Error?
            for byte in bytes where cutError == nil { cutError = cut.receive([byte]) }
            #expect(wholeError == cutError, "seed \(seed)")
            #expect(whole.events == cut.events, "seed \(seed)")
            #expect(whole.listeners.map(\.bytes) == cut.listeners.map(\.bytes), "seed \(seed)")
            #expect(whole.takeOutput() == cut.takeOutput(), "seed \(seed)")
        }
    }

    /// Many tunnels at once through two ends that see only random pieces, with tight windows: every byte arrives.
    @Test func tunnelsCarryEveryByteThroughRandomCuts() throws {
        let base = UInt64.random(in: 0...UInt64.max)
        for round in 0..<15 {
            let seed = base &+ UInt64(round)
            var random = SeededRandom(seed: seed)
            var limits = HTTP2Limits()
            limits.streamWindow = 65_535
            limits.connectionWindow = 70_000
            let client = HTTP2TestEnd(.client, limits: limits)
            let server = HTTP2TestEnd(.server, limits: limits)
            server.onRequest = { [unowned server] stream in
                #expect(server.connection.sendHeaders(stream, [HTTP2Header(":status", "200")], endStream: false))
            }
            for _ in 0..<6 { _ = client.open() }
            HTTP2ConnectionTests.pump(client, server, &random)
            let sizes = client.streams.map { _ in Int.random(in: 0...150_000, using: &random) }
            var left = sizes
            while left.contains(where: { $0 >= 0 }) {
                for (index, stream) in client.streams.enumerated() where left[index] >= 0 {
                    let part = [UInt8](repeating: UInt8(index), count: min(left[index], 30_000))
                    let ends = part.count == left[index]
                    let result = client.send(stream, part, endStream: ends)
                    left[index] -= result.sent
                    if ends, result.sent == part.count { left[index] = -1 }
                    var rest = result.wire[...]
                    while !rest.isEmpty {
                        let piece = rest.prefix(Int.random(in: 1...20_000, using: &random))
                        rest = rest.dropFirst(piece.count)
                        #expect(server.receive(Array(piece)) == nil, "seed \(seed)")
                    }
                    HTTP2ConnectionTests.pump(client, server, &random)
                }
            }
            for (index, listener) in server.listeners.enumerated() {
                #expect(listener.isEnded && listener.bytes.count == sizes[index], "seed \(seed)")
                #expect(listener.bytes.allSatisfy { $0 == UInt8(index) }, "seed \(seed)")
            }
        }
    }
}
