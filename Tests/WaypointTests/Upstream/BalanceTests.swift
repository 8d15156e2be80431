import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("Which endpoint", .serialized)
struct BalanceTests {
    private func hash(_ kind: TulleL7.HashKey.Kind, _ name: String, cookie: Bool = false)
        -> (inout TulleL7.ServiceRoutes) -> Void
    {
        { resource in
            resource.cluster {
                $0.loadBalancer = .with {
                    $0.algorithm = .ringHash
                    $0.hash = .with {
                        $0.kind = kind
                        $0.name = name
                        $0.makesCookie = cookie
                        $0.cookiePath = "/"
                        $0.cookieSeconds = 60
                    }
                }
            }
        }
    }

    @Test("a header keeps a client on one endpoint")
    func header() throws {
        try withBench(3, routes: self.hash(.header, "x-user")) { bench, backends in
            for user in 0..<12 {
                let answers = try (0..<3).map { _ in
                    try bench.request(.get("/", HeaderField("x-user", "u\(user)"))).text
                }
                #expect(Set(answers).count == 1)
            }
            #expect(backends.filter { !$0.requests.isEmpty }.count > 1)
        }
    }

    @Test("a cookie is made for who has none, and keeps its endpoint")
    func cookie() throws {
        try withBench(3, routes: self.hash(.cookie, "stick", cookie: true)) { bench, _ in
            for _ in 0..<4 {
                let first = try bench.request(.get("/"))
                let cookie = try #require(first["set-cookie"])
                #expect(cookie.hasPrefix("stick="))
                #expect(cookie.contains("Max-Age=60; Path=/"))
                let value = String(cookie.prefix { $0 != ";" })
                for _ in 0..<3 {
                    let again = try bench.request(.get("/", HeaderField("cookie", value)))
                    #expect(again.text == first.text)
                    #expect(again["set-cookie"] == nil)
                }
            }
        }
    }

    /// The first endpoint is of version 1, all others of version 2.
    private static let versions: @Sendable (inout MeshChange) -> Void = { change in
        for index in change.workloads.indices where change.workloads[index].uid.hasPrefix("demo/echo-") {
            change.workloads[index].labels = ["version": change.workloads[index].uid == "demo/echo-0" ? "1" : "2"]
        }
    }

    private static func subset(_ version: String) -> TulleL7.Cluster {
        WaypointBench.cluster("outbound|80|v\(version)|echo.demo.mesh.internal") {
            $0.subset = "v\(version)"
            $0.subsetLabels = ["version": version]
        }
    }

    @Test("a subset has its endpoints alone; one without any is 503, UH, and one that is not there 503, NC")
    func subsets() throws {
        try withBench(
            3,
            mesh: Self.versions,
            routes: { resource in
                resource.clusters += ["1", "2", "3"].map { Self.subset($0) }
                resource.clusters.append(
                    WaypointBench.cluster("outbound|80|none|echo.demo.mesh.internal") {
                        $0.subset = "none"
                        $0.missing = true
                    }
                )
                for name in ["v1", "v2", "v3", "none"] {
                    resource.route({ $0.path = .with { $0.value = "/\(name)" } }) {
                        $0.forward = .to("outbound|80|\(name)|echo.demo.mesh.internal")
                    }
                }
                resource.route({ $0.path = .with { $0.value = "/unknown" } }) { $0.forward = .to("outbound|80||gone") }
            }
        ) { bench, backends in
            for _ in 0..<6 {
                #expect(try bench.request(.get("/v1")).text == "echo-0")
                #expect(try bench.request(.get("/v2")).text != "echo-0")
            }
            #expect(backends[0].requests.count == 6)
            let empty = try bench.request(.get("/v3"))
            #expect(empty.status == 503)
            #expect(bench.logs("GET /v3 ", " 503 U"))
            let none = try bench.request(.get("/none"))
            #expect(none.status == 503)
            #expect(bench.logs("GET /none ", " 503 NC cluster_not_found"))
            #expect(try bench.request(.get("/unknown")).status >= 500)
        }
    }

    @Test("R6: five failures in a row eject an endpoint, and it comes back")
    func ejects() throws {
        let answer: TestBackend.Answer = { TestBackend.Reply($0.head.path == "/bad" ? 500 : 200, $0.backend) }
        try withBench(
            2,
            routes: { resource in
                resource.cluster {
                    $0.loadBalancer = .with { $0.algorithm = .roundRobin }
                    $0.outliers = .with {
                        $0.consecutive5xx = 5
                        $0.maxEjectionPercent = 50
                        $0.baseEjectionMilliseconds = 300
                        $0.intervalMilliseconds = 20
                    }
                }
            },
            answer: answer
        ) { bench, backends in
            while backends[0].requests.count < 5 || backends[1].requests.count < 5 {
                #expect(try bench.request(.get("/bad")).status == 500)
                if try bench.statistics().ejected > 0 { break }
            }
            #expect(try bench.statistics().ejected == 1)
            let texts = try (0..<6).map { _ in try bench.request(.get("/")).text }
            #expect(Set(texts).count == 1)
            #expect(
                eventually {
                    bench.tick()
                    return (try? bench.statistics().ejected) == 0
                }
            )
            #expect(Set(try (0..<6).map { _ in try bench.request(.get("/")).text }).count == 2)
        }
    }

    @Test("with all endpoints ejected it is 503, UH")
    func ejectsAll() throws {
        try withBench(
            routes: { resource in
                resource.cluster {
                    $0.outliers = .with {
                        $0.consecutive5xx = 5
                        $0.maxEjectionPercent = 100
                    }
                }
            },
            answer: { _ in TestBackend.Reply(500) }
        ) { bench, backends in
            for _ in 0..<5 { #expect(try bench.request(.get("/")).status == 500) }
            let answer = try bench.request(.get("/"))
            #expect(answer.status == 503)
            #expect(answer.text == "no healthy upstream")
            #expect(bench.logs(" 503 UH no_healthy_upstream"))
            #expect(backends[0].requests.count == 5)
        }
    }

    @Test("an endpoint that says so is asked no more, and asked again when it is well", arguments: [0, 1, 2])
    func health(_ kind: Int) throws {
        let kinds: [TulleL7.HealthCheck.Kind] = [.tcp, .http, .grpc]
        let state = SickState()
        let answer: TestBackend.Answer = { request in
            let isSick = state.isSick && request.backend == "echo-0"
            switch request.head.path {
            case "/healthz": return TestBackend.Reply(isSick ? 503 : 200)
            case "/grpc.health.v1.Health/Check":
                return .with {
                    $0.fields = [HeaderField("content-type", "application/grpc")]
                    $0.body = GRPCFrame.wrap([0x08, isSick ? 2 : 1])
                    $0.trailers = [HeaderField("grpc-status", "0")]
                }
            default: return TestBackend.Reply(200, request.backend)
            }
        }
        try withBench(
            2,
            routes: { resource in
                resource.cluster {
                    $0.healthCheck = .with {
                        $0.kind = kinds[kind]
                        $0.path = "/healthz"
                        $0.intervalMilliseconds = 100
                        $0.timeoutMilliseconds = 500
                        $0.unhealthyThreshold = 1
                        $0.healthyThreshold = 1
                    }
                }
            },
            answer: answer
        ) { (bench, backends) throws in
            #expect(try bench.request(.get("/")).status == 200)
            if kind == 0 { backends[0].stop() }
            state.isSick = true
            #expect(
                eventually {
                    bench.tick()
                    return (try? bench.statistics().healthy) == 1
                }
            )
            for _ in 0..<6 { #expect(try bench.request(.get("/")).text == "echo-1") }
            guard kind > 0 else { return }
            state.isSick = false
            #expect(
                eventually {
                    bench.tick()
                    return (try? bench.statistics().healthy) == 2
                }
            )
            #expect(eventually { (try? bench.request(.get("/")).text) == "echo-0" })
        }
    }
}

/// Whether an application is sick at the moment.
private final class SickState: Sendable {
    private let value = Atomic<Bool>(false)

    var isSick: Bool {
        get { self.value.load(ordering: .relaxed) }
        set { self.value.store(newValue, ordering: .relaxed) }
    }
}
