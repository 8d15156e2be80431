import MeshModel
import Testing

@testable import TunnelEngine

@Suite("Lifetimes in HTTP", .serialized)
struct HTTPLifetimeTests {
    /// Weak references to what one exchange is made of.
    private final class Watch {
        private var objects: [() -> AnyObject?] = []

        func add(_ object: AnyObject?) {
            self.objects.append { [weak object] in object }
        }

        var survivors: [String] { self.objects.compactMap { $0().map { "\(type(of: $0))" } } }
    }

    /// How a connection ends.
    enum Ending: CaseIterable { case drained, closed, cutByClient, cutByServer, resetByOwner }

    @Test("nothing outlives its connection", arguments: [HTTPVersion.http11, .http2], Ending.allCases)
    func ends(version: HTTPVersion, ending: Ending) throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let watch = Unchecked(Watch())
        try setting.sync {
            setting.server.handler = { server, stream, request, endStream in
                if ending == .drained {
                    HTTPTestServer.echo(server, stream, request, endStream)
                } else {
                    server.own(stream).consumes = false
                }
            }
        }
        do {
            let (asking, serving) = try setting.join(version)
            let (up, down) = (Unchecked(asking), Unchecked(serving))
            let owner = Unchecked(HTTPTestStream())
            try setting.sync {
                let head = HTTPRequestHead(method: "POST", authority: "a", path: "/")
                owner.value.stream = up.value.openStream(request: head, endStream: false, owner: owner.value)
                if let stream = owner.value.stream { owner.value.send([1, 2, 3], on: stream) }
                for object in [up.value, down.value, up.value.bytes, down.value.bytes, owner.value] as [AnyObject] {
                    watch.value.add(object)
                }
                watch.value.add(owner.value.stream)
            }
            #expect(setting.eventually { setting.server.streams.first?.body.count == 3 })
            if ending == .drained { #expect(setting.eventually { owner.value.isEnded }) }
            try setting.sync {
                watch.value.add(setting.server.streams.first)
                watch.value.add(setting.server.streams.first?.stream)
                switch ending {
                case .drained: up.value.drain()
                case .closed: down.value.close()
                case .cutByClient: up.value.bytes.close(isAbortive: true)
                case .cutByServer: down.value.bytes.close(isAbortive: true)
                case .resetByOwner:
                    owner.value.stream?.reset(.cancel)
                    up.value.close()
                }
            }
        }
        #expect(setting.eventually { setting.server.outcomes.count == 1 && setting.client.outcomes.count == 1 })
        try setting.sync {
            for owner in setting.server.streams {
                owner.stream = nil
                owner.onEvent = { _ in }
            }
            setting.server.streams = []
        }
        #expect(setting.eventually { watch.value.survivors.isEmpty })
        let survivors = try setting.sync { watch.value.survivors }
        #expect(survivors == [])
        #expect(try setting.sync { setting.thread.loop.heldBytes } == 0)
        #expect(try setting.sync { setting.thread.loop.sourceCount } == 0)
    }
}
