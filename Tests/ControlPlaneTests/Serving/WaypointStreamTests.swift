import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import MeshCompile
import MeshConfig
import MeshProtos
import MeshXDS
import Testing

@testable import ControlPlane

/// What waypoints get, and nobody else.
@Suite(.timeLimit(.minutes(1))) struct WaypointStreamTests {
    private static let waypoint = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/waypoint")
    private static let mine = ["NAMESPACE": "shop", "SERVICE_ACCOUNT": "waypoint"]

    private static let yaml = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/use-waypoint: waypoint}}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: istio-waypoint
          addresses: [{type: Hostname, value: waypoint.example}]
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r, namespace: shop}
        spec:
          parentRefs: [{group: '', kind: Service, name: echo}]
          rules: [{backendRefs: [{name: cart, port: 80}]}]
        """

    private static func resources(_ yaml: String = Self.yaml) -> [DeclaredResource] {
        ConfigurationReader().read(yaml, path: "mesh.yaml").documents.compactMap(\.resource)
    }

    private static func request(_ type: String, metadata: [String: String] = Self.mine) -> DeltaRequest {
        .first(type, metadata: metadata)
    }

    @Test("48, 72: a waypoint gets its settings and its services' routes, before the addresses that lead to it")
    func aWaypointGetsItsOwn() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "cart"], resources: Self.resources())
        try await plane.withClient(Self.waypoint) { client in
            try await client.discover { sending, responses in
                // Asked for the other way round.
                for type in XDSTypes.waypointInOrder.reversed() { sending.yield(Self.request(type)) }
                var all: [DeltaResponse] = []
                for _ in XDSTypes.waypointInOrder { all.append(try #require(try await responses.next())) }
                #expect(all.map(\.typeURL) == XDSTypes.waypointInOrder)
                #expect(all[0].resources.map(\.name) == ["shop/waypoint"])
                #expect(
                    all[1].resources.map(\.name) == ["shop/cart.shop.mesh.internal", "shop/echo.shop.mesh.internal"]
                )
                let echo = try #require(all[1].resources.last?.resource)
                let routes = try TulleL7.ServiceRoutes(decoding: echo.value)
                #expect(echo.typeURL == TulleL7.serviceRoutesTypeURL)
                #expect(routes.ports.first?.actions.first?.origin == "HTTPRoute/shop/r")
                for response in all { sending.yield(.answer(response)) }
                // A new service: what to do with it comes before its address.
                plane.publish(["echo", "cart", "pay"])
                let next = try #require(try await responses.next())
                #expect(next.typeURL == XDSTypes.serviceRoutes)
                #expect(next.resources.map(\.name) == ["shop/pay.shop.mesh.internal"])
                let last = try #require(try await responses.next())
                #expect(last.typeURL == XDSTypes.address)
                #expect(last.resources.contains { $0.name == "shop/pay.shop.mesh.internal" })
            }
        }
    }

    @Test("a change of a route is one resource; one of a task none")
    func onlyChangesAreSent() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "cart"], resources: Self.resources())
        try await plane.withClient(Self.waypoint) { client in
            try await client.discover { sending, responses in
                sending.yield(Self.request(XDSTypes.serviceRoutes))
                let first = try #require(try await responses.next())
                #expect(first.resources.count == 2)
                sending.yield(.answer(first))
                plane.publish(
                    ["echo", "cart"],
                    resources: Self.resources(Self.yaml.replacing("name: cart, port: 80", with: "name: echo, port: 80"))
                )
                let second = try #require(try await responses.next())
                #expect(second.resources.map(\.name) == ["shop/echo.shop.mesh.internal"])
                sending.yield(.answer(second))
                plane.publish(["echo"], resources: Self.resources())
                let third = try #require(try await responses.next())
                #expect(third.removedResources == ["shop/cart.shop.mesh.internal"])
                #expect(third.resources.map(\.name) == ["shop/echo.shop.mesh.internal"])
            }
        }
    }

    @Test(
        "another identity gets none, whatever its node says",
        arguments: [
            ("spiffe://cluster.local/ns/shop/sa/echo", ["NAMESPACE": "shop"]),
            ("spiffe://cluster.local/ns/other/sa/waypoint", ["SERVICE_ACCOUNT": "waypoint"]),
        ]
    )
    func othersGetNone(identity: String, metadata: [String: String]) async throws {
        let plane = try TestPlane()
        plane.publish(["echo"], resources: Self.resources())
        try await plane.withClient(.workload(identity)) { client in
            try await client.discover { sending, responses in
                for type in [XDSTypes.waypointSettings, XDSTypes.serviceRoutes] {
                    sending.yield(Self.request(type, metadata: metadata))
                    let response = try #require(try await responses.next())
                    #expect(response.typeURL == type)
                    #expect(response.resources.isEmpty)
                    sending.yield(.answer(response))
                    // Nor by name.
                    sending.yield(
                        .with {
                            $0.typeURL = type
                            $0.resourceNamesSubscribe = ["shop/waypoint", "shop/echo.shop.mesh.internal"]
                        }
                    )
                    let named = try #require(try await responses.next())
                    #expect(named.resources.isEmpty)
                    sending.yield(.answer(named))
                }
            }
        }
    }

    @Test("a route is Programmed when its waypoint has taken it")
    func programmed() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "cart"], resources: Self.resources())
        func condition(_ types: [DeltaServerStream.Status], identity: String) -> String? {
            let overview = plane.overview
            let connection = ConnectionTable.Connection(
                id: "1",
                remote: "",
                identity: identity,
                proof: .certificate,
                since: Date(),
                types: types
            )
            let all = RouteStatuses(overview, connections: [connection], catalog: plane.store.catalog).all
            let key = ResourceKey(kind: .httpRoute, namespace: "shop", name: "r")
            return all[key]?.first { $0.kind == .programmed }.map { "\($0.isTrue) \($0.reason)" }
        }
        var machine = DeltaServerStream(id: "s", owner: "cluster.local/ns/shop/sa/waypoint")
        let catalog = try #require(plane.store.catalog)
        let mine = "spiffe://cluster.local/ns/shop/sa/waypoint"
        #expect(condition([], identity: mine) == "false Pending")
        let push = try #require(
            try machine.receive(Self.request(XDSTypes.serviceRoutes), catalog: catalog, at: 0).first
        )
        #expect(condition(machine.status, identity: mine) == "false Pending")
        let answer = DeltaRequest.with {
            $0.typeURL = XDSTypes.serviceRoutes
            $0.responseNonce = push.nonce
        }
        var refusing = machine
        _ = try machine.receive(answer, catalog: catalog, at: 1)
        #expect(condition(machine.status, identity: mine) == "true Programmed")
        #expect(condition(machine.status, identity: "spiffe://cluster.local/ns/shop/sa/echo") == "false Pending")
        var error = answer
        error.errorDetail = GoogleRPCStatus.with { $0.message = "no" }
        _ = try refusing.receive(error, catalog: catalog, at: 1)
        #expect(condition(refusing.status, identity: mine) == "false Rejected")
    }
}
