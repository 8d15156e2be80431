import MeshCompile
import MeshConfig
import MeshProtos
import MeshXDS
import Testing

@testable import ControlPlane

@Suite("What waypoints do, in words") struct RoutePagesTests {
    @Test func matches() {
        func path(_ kind: TulleL7.PathMatch.Kind, _ value: String) -> TulleL7.RouteMatch {
            .with {
                $0.path = .with {
                    $0.kind = kind
                    $0.value = value
                }
            }
        }
        #expect(RouteWords.match(TulleL7.RouteMatch()) == "*")
        #expect(RouteWords.match(path(.exact, "/a")) == "= /a")
        #expect(RouteWords.match(path(.segmentPrefix, "/a")) == "/a/*")
        #expect(RouteWords.match(path(.segmentPrefix, "/")) == "/*")
        #expect(RouteWords.match(path(.stringPrefix, "/a")) == "/a*")
        #expect(RouteWords.match(path(.regex, "/a.")) == "~ /a.")
        var match = path(.exact, "/a")
        match.method = .with { $0.value = "GET" }
        match.headers = [
            .with {
                $0.name = "x"
                $0.value = .with { $0.kind = .present }
                $0.invert = true
            }
        ]
        match.sourceNamespaces = ["web"]
        #expect(RouteWords.match(match) == "GET, = /a, not x: (any), from web")
    }

    @Test func services() throws {
        let routes = TulleL7.ServiceRoutes.with {
            $0.namespace = "shop"
            $0.hostname = "orders.shop.mesh.internal"
            $0.ports = [
                .with {
                    $0.port = 80
                    $0.entries = [TulleL7.RouteEntry()]
                    $0.actions = [
                        .with {
                            $0.name = "shop/r/0"
                            $0.requestTimeoutMilliseconds = 2000
                            $0.retry = TulleL7.Retry()
                            $0.forward = .with {
                                $0.clusters = [
                                    .with {
                                        $0.cluster = "outbound|80||cart"
                                        $0.weight = 3
                                    },
                                    .with {
                                        $0.weight = 1
                                        $0.failure = .with {
                                            $0.status = 500
                                            $0.reason = "no such"
                                        }
                                    },
                                ]
                            }
                        }
                    ]
                }
            ]
            $0.clusters = [
                .with {
                    $0.name = "outbound|80||cart"
                    $0.tls = .with { $0.privateKey = "secret" }
                }
            ]
        }
        let resource = ResourceCatalog.Resource(name: "shop/orders", bytes: routes.serialized)
        var resources = WaypointResources()
        resources.routes = [resource]
        let owner = WaypointIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "waypoint")
        let page = try #require(RoutePages.services(resources, of: owner).first)
        #expect(page.text("hostname") == "orders.shop.mesh.internal")
        #expect(page.text("waypoint") == "cluster.local/ns/shop/sa/waypoint")
        let route = try #require(page.list("ports").first?.list("routes").first)
        #expect(route.text("match") == "*")
        #expect(route.text("action") == "forward")
        #expect(route.texts("features") == ["timeout 2000ms", "no retries"])
        #expect(route.list("destinations").map { $0.text("reason") ?? "" } == ["", "no such"])
        #expect(!"\(page)".contains("secret"))
    }

    @Test func theRouteIsThereForWhoMaySeeIt() async throws {
        let bench = try TestAdmin()
        let answer = try await bench.call("GET", "/v1/routes?namespace=shop&name=orders")
        #expect(answer.status == 200)
        #expect((answer.json["routes"] as? [Any])?.isEmpty == true, "nothing is bound in this mesh")
        #expect(try await TestAdmin(isReady: false).call("GET", "/v1/routes").status == 503)
    }
}
