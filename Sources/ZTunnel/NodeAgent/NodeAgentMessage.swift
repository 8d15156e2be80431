import MeshProtos
package import TunnelEngine

/// What a node agent demands, read from one packet of its socket (package `istio.workload.zds`).
package enum NodeAgentMessage: Sendable {
    /// Serve the pod whose namespace this is.
    case add(uid: String, info: WorkloadInfo, namespace: NetworkNamespace)
    /// The pod is gone.
    case delete(uid: String)
    /// The pod is still there.
    case keep(uid: String)
    /// All pods that are there have been named.
    case snapshotSent

    /// Why a packet is no demand.
    package struct Malformation: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, for the node agent and the log.
        package var description: String
    }

    /// The size of a packet, in bytes, on both sides.
    package static let packetBytes = 1_024
    /// What we say first: protocol version 1.
    package static var hello: [UInt8] { IstioZDS.Hello.with { $0.version = 1 }.serialized }

    /// Reads a packet. A message without descriptors must have none, so that no namespace is mixed up with another.
    package init(_ packet: UnixMessage) throws(Malformation) {
        guard !packet.isCut else {
            let text = "packet is longer than \(Self.packetBytes) bytes, or has too many descriptors"
            throw Malformation(description: text)
        }
        let request: IstioZDS.WorkloadRequest
        do throws(ProtoError) {
            request = try IstioZDS.WorkloadRequest(decoding: packet.bytes)
        } catch {
            throw Malformation(description: "packet is no request: \(error)")
        }
        if case .add(let add) = request.payload {
            self = try Self.add(add, packet.descriptors)
            return
        }
        guard packet.descriptors.isEmpty else {
            throw Malformation(description: "\(packet.descriptors.count) descriptors came with a request that has none")
        }
        switch request.payload {
        case .delete(let delete): self = .delete(uid: try Self.checked(delete.uid))
        case .keep(let keep): self = .keep(uid: try Self.checked(keep.uid))
        case .snapshotSent: self = .snapshotSent
        case .add, nil: throw Malformation(description: "request is of no known kind")
        }
    }

    private static func add(
        _ add: IstioZDS.AddWorkload,
        _ descriptors: [OwnedDescriptor]
    ) throws(Malformation) -> NodeAgentMessage {
        let uid = try self.checked(add.uid)
        guard descriptors.count == 1, let descriptor = descriptors.first else {
            let text = "\(descriptors.count) descriptors came with pod \(uid); exactly 1 is expected"
            throw Malformation(description: text)
        }
        guard let info = add.info else { throw Malformation(description: "pod \(uid) came without workload_info") }
        guard let workload = WorkloadInfo(info) else {
            throw Malformation(description: "pod \(uid) has a name, namespace or service account that none may have")
        }
        do throws(SocketError) {
            let namespace = try NetworkNamespace(descriptor: try descriptor.duplicate())
            return .add(uid: uid, info: workload, namespace: namespace)
        } catch {
            throw Malformation(description: "the descriptor of pod \(uid) is unusable: \(error)")
        }
    }

    private static func checked(_ uid: String) throws(Malformation) -> String {
        guard (1...253).contains(uid.utf8.count), uid.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Malformation(description: "uid must be 1 to 253 visible ASCII characters")
        }
        return uid
    }

    /// The answer to a request: nil is success. Its text is cut so that it fits a packet.
    package static func answer(_ error: String?) -> [UInt8] {
        let text = String(decoding: (error ?? "").utf8.prefix(Self.packetBytes - 128), as: UTF8.self)
        return IstioZDS.WorkloadResponse.with { $0.ack = .with { $0.error = text } }.serialized
    }
}

extension WorkloadInfo {
    /// Takes what the node agent said, if an identity can be made of it.
    fileprivate init?(_ wire: IstioZDS.WorkloadInfo) {
        self.init(parsing: "\(wire.namespace)/\(wire.name)/\(wire.serviceAccount)")
    }
}
