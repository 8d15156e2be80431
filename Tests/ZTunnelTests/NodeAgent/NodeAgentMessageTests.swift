import DataPlane
import Glibc
import MeshProtos
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite("Node agent's messages")
struct NodeAgentMessageTests {
    private static func namespace() -> OwnedDescriptor { OwnedDescriptor(open("/proc/self/ns/net", O_RDONLY)) }

    private static func packet(
        _ payload: IstioZDS.WorkloadRequest.Payload?,
        _ descriptors: [OwnedDescriptor] = [],
        isCut: Bool = false
    ) -> UnixMessage {
        UnixMessage(
            bytes: IstioZDS.WorkloadRequest.with { $0.payload = payload }.serialized,
            descriptors: descriptors,
            isCut: isCut
        )
    }

    private static func add(uid: String = "uid-1", name: String = "pod") -> IstioZDS.AddWorkload {
        .with { add in
            add.uid = uid
            add.info = .with {
                $0.name = name
                $0.namespace = "shop"
                $0.serviceAccount = "web"
            }
        }
    }

    /// The bytes that upstream's own encoder writes for `AddWorkload{uid:"a", info{name:"n", namespace:"s",
    /// service_account:"w"}}`, counted out by hand.
    @Test("the wire form of an added pod is protobuf's")
    func wireForm() throws {
        let info: [UInt8] = [0x0a, 1, 0x6e, 0x12, 1, 0x73, 0x1a, 1, 0x77]
        let bytes: [UInt8] = [0x0a, 14, 0x0a, 1, 0x61, 0x12, 9] + info
        let message = try NodeAgentMessage(UnixMessage(bytes: bytes, descriptors: [Self.namespace()], isCut: false))
        guard case .add(let uid, let pod, let namespace) = message else {
            Issue.record("read as \(message)")
            return
        }
        #expect(uid == "a")
        #expect([pod.name, pod.namespace, pod.serviceAccount] == ["n", "s", "w"])
        #expect(namespace == NetworkNamespace.home)
    }

    @Test("deletion has its uid in field 2, keep in field 1")
    func fieldNumbers() throws {
        let delete = try NodeAgentMessage(UnixMessage(bytes: [0x12, 3, 0x12, 1, 0x61], descriptors: [], isCut: false))
        if case .delete("a") = delete {} else { Issue.record("read as \(delete)") }
        let keep = try NodeAgentMessage(UnixMessage(bytes: [0x2a, 3, 0x0a, 1, 0x61], descriptors: [], isCut: false))
        if case .keep("a") = keep {} else { Issue.record("read as \(keep)") }
        let sent = try NodeAgentMessage(UnixMessage(bytes: [0x1a, 0], descriptors: [], isCut: false))
        if case .snapshotSent = sent {} else { Issue.record("read as \(sent)") }
    }

    @Test("hello is version 1, and answers are an ack with or without an error")
    func ours() {
        #expect(NodeAgentMessage.hello == [0x08, 1])
        #expect(NodeAgentMessage.answer(nil) == [0x0a, 0])
        #expect(NodeAgentMessage.answer("no") == [0x0a, 4, 0x0a, 2, 0x6e, 0x6f])
        #expect(NodeAgentMessage.answer(String(repeating: "é", count: 2_000)).count <= NodeAgentMessage.packetBytes)
    }

    @Test("an added pod needs exactly one descriptor, which is a network namespace")
    func descriptorsOfAdd() {
        let pod = IstioZDS.WorkloadRequest.Payload.add(Self.add())
        #expect(Self.refusal(Self.packet(pod)) == "0 descriptors came with pod uid-1; exactly 1 is expected")
        #expect(
            Self.refusal(Self.packet(pod, [Self.namespace(), Self.namespace()]))
                == "2 descriptors came with pod uid-1; exactly 1 is expected"
        )
        let file = OwnedDescriptor(open("/etc/hostname", O_RDONLY))
        #expect(Self.refusal(Self.packet(pod, [file]))?.hasPrefix("the descriptor of pod uid-1 is unusable") == true)
    }

    @Test("a descriptor with any other request is refused")
    func strayDescriptors() {
        let delete = IstioZDS.DeleteWorkload.with { $0.uid = "uid-1" }
        for payload: IstioZDS.WorkloadRequest.Payload in [
            .delete(delete), .keep(.with { $0.uid = "uid-1" }), .snapshotSent(.init()),
        ] {
            #expect(
                Self.refusal(Self.packet(payload, [Self.namespace()]))
                    == "1 descriptors came with a request that has none"
            )
        }
    }

    @Test("an added pod without info, or with names that no identity has, is refused")
    func info() {
        let bare = IstioZDS.AddWorkload.with { $0.uid = "uid-1" }
        #expect(Self.refusal(Self.packet(.add(bare), [Self.namespace()])) == "pod uid-1 came without workload_info")
        for name in ["", "a/b", "a b", String(repeating: "x", count: 300)] {
            #expect(
                Self.refusal(Self.packet(.add(Self.add(name: name)), [Self.namespace()]))?
                    .hasPrefix("pod uid-1 has a name") == true
            )
        }
    }

    @Test("a packet that is cut, no protobuf, of no known kind, or with a wild uid is refused")
    func malformed() {
        #expect(Self.refusal(Self.packet(.snapshotSent(.init()), isCut: true))?.hasPrefix("packet is longer") == true)
        let garbage = UnixMessage(bytes: [0xff, 0xff, 0xff], descriptors: [], isCut: false)
        #expect(Self.refusal(garbage)?.hasPrefix("packet is no request") == true)
        #expect(Self.refusal(Self.packet(nil)) == "request is of no known kind")
        #expect(Self.refusal(Self.packet(.keep(.init()))) == "uid must be 1 to 253 visible ASCII characters")
        #expect(
            Self.refusal(Self.packet(.keep(.with { $0.uid = "a\nb" })))
                == "uid must be 1 to 253 visible ASCII characters"
        )
    }

    @Test("no sequence of bytes makes the reader trap")
    func fuzz() {
        var random = SystemRandomNumberGenerator()
        let seed = Self.packet(.add(Self.add())).bytes
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = Self.refusal(UnixMessage(bytes: bytes, descriptors: [], isCut: false))
        }
    }

    private static func refusal(_ packet: UnixMessage) -> String? {
        do {
            _ = try NodeAgentMessage(packet)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
