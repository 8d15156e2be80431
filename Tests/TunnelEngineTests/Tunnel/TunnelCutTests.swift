import Foundation
import Testing

@testable import TunnelEngine

/// Tunnels that die at every possible moment leave nothing behind.
@Suite(.serialized)
struct TunnelCutTests {
    /// Descriptors of this process whose local or remote port is one of these.
    private static func descriptors(of ports: Set<UInt16>) -> Int {
        var count = 0
        for descriptor in Int32(3)..<4096 {
            for call in [getsockname, getpeername] {
                var address = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let result = withUnsafeMutablePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
                }
                if result == 0, ports.contains(UInt16(bigEndian: address.sin_port)) {
                    count += 1
                    break
                }
            }
        }
        return count
    }

    private static func echo(_ listener: BlockingSocket) {
        let listener = Unchecked(listener)
        Thread.detachNewThread {
            while let accepted = listener.value.accept() {
                let socket = Unchecked(accepted)
                Thread.detachNewThread {
                    while let bytes = socket.value.receive(), !bytes.isEmpty { _ = socket.value.send(bytes) }
                    socket.value.finish()
                }
            }
        }
    }

    @Test func aCutAtAnyByteEndsBothSides() throws {
        let (listener, port) = BlockingSocket.listen()
        Self.echo(listener)
        let proxy = Box<CuttingProxy?>(nil)
        let pair = try TunnelPair(
            appPort: port,
            through: { exit in
                let made = CuttingProxy(to: exit)
                proxy.value = made
                return made.port
            }
        )
        let cutter = try #require(proxy.value)
        let ports: Set<UInt16> = [port, pair.boundEntrance, pair.exitPort, cutter.port]
        let message = [UInt8](repeating: 5, count: 300)
        var answered = 0
        for (round, budget) in stride(from: 0, through: 9000, by: 67).enumerated() {
            cutter.budget.value = budget
            cutter.isAbrupt.value = round % 2 == 1
            let client = try #require(BlockingSocket.connect(pair.boundEntrance))
            _ = client.send(message)
            var received = 0
            while let bytes = client.receive(), !bytes.isEmpty {
                received += bytes.count
                _ = client.send(message)
            }
            if received > 0 { answered += 1 }
        }
        #expect(answered > 5, "some cuts must come after the first data")
        #expect(eventually { pair.sourceCount == 2 && pair.poolLinks == 0 && pair.exitConnections == 0 })
        #expect(eventually { pair.survivors.isEmpty }, "\(pair.survivors)")
        // The four listeners stay; the entrance's and the exit's ports count once each.
        #expect(eventually { Self.descriptors(of: ports) <= 4 })
        pair.stop()
        cutter.stop()
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }

    @Test(arguments: ["complete", "reset", "refused", "unanswered", "stopped"])
    func nothingOutlivesItsConnection(ending: String) throws {
        let (listener, port) = BlockingSocket.listen()
        Self.echo(listener)
        defer { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
        var limits = TunnelPoolLimits()
        limits.responseMilliseconds = 300
        let pair = try TunnelPair(appPort: port, limits: limits)
        if ending == "refused" { pair.statusToRefuseWith.value = 503 }
        pair.isSilent.value = ending == "unanswered"
        for _ in 0..<3 {
            let client = try #require(BlockingSocket.connect(pair.boundEntrance))
            _ = client.send([1, 2, 3])
            switch ending {
            case "complete":
                client.finish()
                #expect(client.receiveAll() == [1, 2, 3])
            case "reset":
                #expect(client.receive(exactly: 3) == [1, 2, 3])
                client.abort()
            case "stopped":
                #expect(client.receive(exactly: 3) == [1, 2, 3])
                pair.stop()
                #expect(client.receive()?.isEmpty != false)
            default:
                #expect(client.receive()?.isEmpty != false)
            }
            if ending == "stopped" { break }
        }
        pair.unanswered.value = []
        #expect(eventually { pair.survivors.isEmpty }, "\(pair.survivors)")
        pair.stop()
    }

    @Test func aBurstAtADrainLeavesNobodyHanging() throws {
        let (listener, port) = BlockingSocket.listen()
        Self.echo(listener)
        defer { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        let clients = (0..<250).compactMap { _ in BlockingSocket.connect(pair.boundEntrance) }
        #expect(clients.count == 250)
        for (index, client) in clients.enumerated() {
            _ = client.send([7])
            if index == 100 { try pair.drainExit() }
        }
        var served = 0
        for client in clients {
            if client.receive(exactly: 1) == [7] { served += 1 }
            client.finish()
            _ = client.receiveAll()
        }
        #expect(served + pair.errors.value.count >= 250)
        #expect(eventually { pair.survivors.isEmpty }, "\(pair.survivors)")
        #expect(eventually { pair.exitConnections == 0 })
    }
}
