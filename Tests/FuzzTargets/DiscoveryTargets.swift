import DataPlane
import MeshModel
import MeshProtos
import MeshXDS
import TunnelEngine
import ZTunnel

extension FuzzTarget {
    /// Messages of the control plane, and what becomes of them.
    static let discovery = [
        FuzzTarget("proto-discovery") { bytes throws(FuzzViolation) in
            try Self.roundTrip(EnvoyDiscovery.DeltaDiscoveryResponse.self, bytes)
            try Self.roundTrip(EnvoyDiscovery.DeltaDiscoveryRequest.self, bytes)
        },
        FuzzTarget("proto-workload") { bytes throws(FuzzViolation) in
            try Self.roundTrip(IstioWorkload.Address.self, bytes)
            try Self.roundTrip(IstioWorkload.Workload.self, bytes)
        },
        FuzzTarget("proto-service") { bytes throws(FuzzViolation) in
            try Self.roundTrip(IstioWorkload.Service.self, bytes)
        },
        FuzzTarget("proto-authorization") { bytes throws(FuzzViolation) in
            try Self.roundTrip(IstioSecurity.Authorization.self, bytes)
        },
        FuzzTarget("proto-certificate") { bytes throws(FuzzViolation) in
            try Self.roundTrip(IstioAuth.CertificateResponse.self, bytes)
            try Self.roundTrip(GoogleProtobuf.Struct.self, bytes)
            try Self.roundTrip(GoogleRPCStatus.self, bytes)
        },
        FuzzTarget("node-agent") { bytes throws(FuzzViolation) in
            try Self.roundTrip(IstioZDS.WorkloadRequest.self, bytes)
            try Self.roundTrip(IstioZDS.WorkloadResponse.self, bytes)
            _ = try? NodeAgentMessage(UnixMessage(bytes: bytes, descriptors: [], isCut: false))
        },
        FuzzTarget("state-address") { bytes throws(FuzzViolation) in
            try Self.apply(XDSTypes.address, name: Self.addressName(bytes), bytes)
        },
        FuzzTarget("state-authorization") { bytes throws(FuzzViolation) in
            try Self.apply(XDSTypes.authorization, name: Self.policyName(bytes), bytes)
        },
        FuzzTarget("xds-response") { bytes throws(FuzzViolation) in try Self.answer(bytes) },
    ]

    /// What is read and written again reads as the same, and its bytes stay the same from then on.
    private static func roundTrip<M: ProtoMessage>(_ type: M.Type, _ bytes: [UInt8]) throws(FuzzViolation) {
        guard let message = try? M(decoding: bytes) else { return }
        let written = message.serialized
        guard let again = try? M(decoding: written) else {
            throw FuzzViolation(description: "\(M.self) does not read what it wrote")
        }
        // NaN differs from itself, so bytes are compared.
        try FuzzViolation.unless(again.serialized == written, "\(M.self) changes when it is read and written")
    }

    /// The name by which a resource is taken over, so that its conversion is reached.
    private static func addressName(_ bytes: [UInt8]) -> String {
        switch (try? IstioWorkload.Address(decoding: bytes))?.kind {
        case .workload(let workload): workload.uid
        case .service(let service): "\(service.namespace)/\(service.hostname)"
        case nil: "x"
        }
    }

    private static func policyName(_ bytes: [UInt8]) -> String {
        let policy = try? IstioSecurity.Authorization(decoding: bytes)
        return policy.map { "\($0.namespace)/\($0.name)" } ?? "x"
    }

    /// Adds a resource, adds it again, removes it: what is left must be what was there before.
    private static func apply(_ typeURL: String, name: String, _ bytes: [UInt8]) throws(FuzzViolation) {
        let state = MeshState()
        let resource = EnvoyDiscovery.Resource.with {
            $0.name = name
            $0.version = "1"
            $0.resource = .with {
                $0.typeURL = typeURL
                $0.value = bytes
            }
        }
        var client = DeltaClient(node: .init(), types: [(typeURL, .wildcard)])
        _ = client.streamOpened()
        for removes in [false, false, true] {
            let update = client.receive(
                .with {
                    $0.typeURL = typeURL
                    if removes { $0.removedResources = [name] } else { $0.resources = [resource] }
                }
            )
            let rejected = state.apply(update)
            let known = state.snapshot.workloadCount + state.snapshot.serviceCount + state.snapshot.policyCount
            try FuzzViolation.unless(known <= 1, "one resource became \(known)")
            if !rejected.isEmpty { try FuzzViolation.unless(known == 0, "a rejected resource is in use") }
            _ = client.acknowledge(update, rejected: rejected)
        }
        try FuzzViolation.unless(state.snapshot == MeshSnapshot(), "something outlives its removal")
    }

    /// A whole response of whatever content.
    private static func answer(_ bytes: [UInt8]) throws(FuzzViolation) {
        guard let response = try? EnvoyDiscovery.DeltaDiscoveryResponse(decoding: bytes) else { return }
        let state = MeshState()
        var client = DeltaClient(node: .init(), types: XDSTypes.inOrder.map { ($0, .wildcard) })
        _ = client.streamOpened()
        for typeURL in XDSTypes.inOrder {
            var response = response
            response.typeURL = typeURL
            for index in response.resources.indices { response.resources[index].resource?.typeURL = typeURL }
            let update = client.receive(response)
            let rejected = state.apply(update)
            let request = client.acknowledge(update, rejected: rejected)
            let text = request.errorDetail?.message.utf8.count ?? 0
            try FuzzViolation.unless(text <= 8_192, "a NACK of \(text) bytes")
        }
    }
}
