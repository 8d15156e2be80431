import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import MeshProtos
import MeshXDS
import Synchronization

/// Data planes that follow all of both types, and answer without looking at what they got.
struct SimulatedDataPlanes {
    /// How many connect at a time.
    private static let joining = 32

    let port: Int
    let count: Int
    let directory: String

    func run() async throws {
        raiseDescriptorLimit()
        let chain = try Array(Data(contentsOf: URL(fileURLWithPath: "\(self.directory)/chain")))
        let key = try Array(Data(contentsOf: URL(fileURLWithPath: "\(self.directory)/key")))
        let roots = try Array(Data(contentsOf: URL(fileURLWithPath: "\(self.directory)/roots")))
        let census = Census(count: self.count)
        let (places, free) = AsyncStream<Void>.makeStream(bufferingPolicy: .unbounded)
        for _ in 0..<Self.joining { free.yield() }
        try await withThrowingDiscardingTaskGroup { group in
            var place = places.makeAsyncIterator()
            for number in 0..<self.count {
                _ = await place.next()
                group.addTask {
                    let transport = try HTTP2ClientTransport.Posix(
                        target: .ipv4(address: "127.0.0.1", port: self.port),
                        transportSecurity: .tls { tls in
                            tls.trustRoots = .certificates([.bytes(roots, format: .pem)])
                            tls.serverCertificateVerification = .noHostnameVerification
                            tls.certificateChain = [.bytes(chain, format: .pem)]
                            tls.privateKey = .bytes(key, format: .pem)
                        },
                        // The buffers keep the size of the largest read: with the default of 8 MiB each would hold all of a
                        // mesh, and each push would be copied with it. That was most of the time that was measured.
                        config: .defaults { $0.http2.targetWindowSize = 65_535 }
                    )
                    do {
                        try await withGRPCClient(transport: transport) { client in
                            try await Self.follow(client, number: number, census: census) { free.yield() }
                        }
                    } catch {
                        // Numbers without one of them would be of another measurement.
                        FileHandle.standardError.write(Data("data plane \(number): \(error)\n".utf8))
                        exit(1)
                    }
                }
            }
        }
    }

    private static func follow(
        _ client: GRPCClient<HTTP2ClientTransport.Posix>,
        number: Int,
        census: Census,
        joined: @escaping @Sendable () -> Void
    ) async throws {
        let (requests, sending) = AsyncStream<EnvoyDiscovery.DeltaDiscoveryRequest>.makeStream()
        var options = CallOptions.defaults
        options.maxResponseMessageBytes = 256 << 20
        // The transport holds responses against the limit of requests.
        options.maxRequestMessageBytes = 256 << 20
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest { writer in
                for await request in requests { try await writer.write(request) }
            },
            descriptor: MethodDescriptor(
                fullyQualifiedService: "envoy.service.discovery.v3.AggregatedDiscoveryService",
                method: "DeltaAggregatedResources"
            ),
            serializer: RequestSerializer(),
            deserializer: HeadDeserializer(),
            options: options
        ) { response in
            for type in [XDSTypes.address, XDSTypes.authorization] {
                sending.yield(
                    .with { request in
                        request.typeURL = type
                        request.node = .with { $0.id = "ztunnel~10.0.0.1~z\(number).mesh~mesh.svc.cluster.local" }
                    }
                )
            }
            var types: Set<String> = []
            for try await push in response.messages {
                sending.yield(
                    .with {
                        $0.typeURL = push.typeURL
                        $0.responseNonce = push.nonce
                    }
                )
                if types.count < 2 {
                    types.insert(push.typeURL)
                    if types.count == 2 {
                        joined()
                        census.join()
                    }
                } else {
                    census.take(push)
                }
            }
        }
    }
}

/// Who has what. Writes a line when all have it.
final class Census: Sendable {
    private struct State {
        var joined = 0
        var taken: [String: Int] = [:]
    }

    private let count: Int
    private let state = Mutex(State())

    init(count: Int) {
        self.count = count
    }

    func join() {
        let isLast = self.state.withLock { state in
            state.joined += 1
            return state.joined == self.count
        }
        if isLast { Self.say("ready") }
    }

    func take(_ push: PushHead) {
        let isLast = self.state.withLock { state in
            state.taken[push.version, default: 0] += 1
            return state.taken[push.version] == self.count
        }
        if isLast { Self.say("taken \(push.version) \(push.size)") }
    }

    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// What must be read of a response to answer it.
struct PushHead: ProtoMessage {
    var version = ""
    var typeURL = ""
    var nonce = ""
    var size = 0

    mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
        switch field.number {
        case 1: try reader.read(&self.version, field)
        case 4: try reader.read(&self.typeURL, field)
        case 5: try reader.read(&self.nonce, field)
        default: try reader.skip(field)
        }
    }

    func encode(into writer: inout ProtoWriter) {}
}

struct RequestSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: EnvoyDiscovery.DeltaDiscoveryRequest) throws -> Bytes {
        Bytes(message.serialized)
    }
}

struct HeadDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> PushHead {
        var limits = ProtoLimits()
        limits.bytes = 256 << 20
        limits.fields = 1 << 24
        let all = bytes.withUnsafeBytes { Array($0) }
        var head = try PushHead(decoding: all, limits: limits)
        head.size = all.count
        return head
    }
}
