import CertificateAuthority
import ControlPlane
import Foundation
import MeshConfig
import MeshModel
import Synchronization
import Testing

@Suite struct AdminAPITests {
    private static func mesh(_ namespace: String, isAdministrator: Bool = false) throws -> AdminCaller {
        .mesh(
            try SPIFFEID(parsing: "spiffe://cluster.local/ns/\(namespace)/sa/echo"),
            isAdministrator: isAdministrator
        )
    }

    private func names(_ json: [String: Any], _ list: String) -> [String] {
        (json[list] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    private func errorCode(_ json: [String: Any]) -> String? { (json["error"] as? [String: Any])?["code"] as? String }

    @Test func resourcesAreAppliedListedAndDeleted() async throws {
        let bench = try TestAdmin()
        let text = "Gateway shop waypoint one\nGateway bank waypoint bad\n"
        var answer = try await bench.call("POST", "/v1/resources?dryRun=true", text, type: "application/yaml")
        #expect(answer.status == 200)
        var results = try #require(answer.json["results"] as? [[String: Any]])
        #expect(results.map { $0["action"] as? String } == ["created", "refused"])
        let diagnostics = try #require(results[1]["diagnostics"] as? [[String: Any]])
        #expect(
            diagnostics[0].mapValues { "\($0)" } == [
                "file": "-", "line": "2", "field": "spec", "reason": "is 'bad'", "severity": "error",
                "code": "value_unusable",
            ]
        )
        #expect(try await bench.call("GET", "/v1/resources").json["items"] as? [String] == [])

        answer = try await bench.call("POST", "/v1/resources", text, type: "application/yaml")
        answer = try await bench.call("POST", "/v1/resources", "Gateway shop waypoint two", type: "text/yaml")
        results = try #require(answer.json["results"] as? [[String: Any]])
        #expect(results.map { $0["action"] as? String } == ["configured"])
        let items = try #require(
            try await bench.call("GET", "/v1/resources?kind=Gateway&namespace=shop&name=waypoint").json["items"]
                as? [[String: Any]]
        )
        #expect(items.count == 1)
        #expect(items[0]["kind"] as? String == "Gateway")
        #expect(items[0]["apiVersion"] as? String == "gateway.networking.k8s.io/v1")
        #expect((items[0]["spec"] as? [String: Any])?["content"] as? String == "two")
        let status = try #require(items[0]["status"] as? [String: Any])
        #expect(status["state"] as? String == "accepted")
        #expect((status["origin"] as? [String: Any])?["file"] as? String == "-")
        #expect((status["conditions"] as? [[String: Any]])?.first?["type"] as? String == "Accepted")

        answer = try await bench.call("DELETE", "/v1/resources/Gateway/shop/waypoint")
        #expect(answer.status == 200)
        answer = try await bench.call("DELETE", "/v1/resources/Gateway/shop/waypoint")
        #expect(answer.status == 404)
        #expect(self.errorCode(answer.json) == "not_found")
    }

    @Test(arguments: [
        ("GET", "/v1/resources?kind=Pod", "", 400), ("POST", "/v1/resources?dryRun=maybe", "Gateway a b c", 400),
        ("POST", "/v1/resources", "", 400), ("PUT", "/v1/resources", "x", 405),
        ("DELETE", "/v1/resources/AuthorizationPolicy/a.b/c", "", 400),
        ("DELETE", "/v1/resources/Gateway/shop/a%00b", "", 400), ("DELETE", "/v1/resources/Gateway/shop/..", "", 400),
        ("DELETE", "/v1/resources/Gateway/-/x", "", 400), ("DELETE", "/v1/resources/MeshConfig/shop/x", "", 400),
        ("DELETE", "/v1/resources/Pod/shop/x", "", 400), ("GET", "/v1/resources/Gateway/shop/x", "", 405),
        ("GET", "/v1/nothing", "", 404), ("GET", "/v1", "", 404), ("GET", "/v1/services/a/b", "", 404),
        ("POST", "/v1/services", "{}", 405), ("POST", "/bootstrap", "{}", 405), ("GET", "/nothing", "", 404),
        ("POST", "/v1/tokens", "{", 400), ("POST", "/v1/tokens", #"{"namespace":"shop"}"#, 400),
        ("DELETE", "/v1/tokens/none", "", 404), ("POST", "/v1/rotation/sideways", "", 404),
        ("GET", "/v1/rotation/begin", "", 405), ("POST", "/v1/rotation/finish", "", 409),
        ("POST", "/v1/rotation/finish?force=1", "", 400), ("GET", "/v1/sessions", "", 405),
        ("DELETE", "/v1/sessions/a", "", 404), ("GET", "/v1/certificates?limit=0", "", 400),
    ])
    func whatCannotBeDoneSaysWhy(_ method: String, _ target: String, _ body: String, _ status: Int) async throws {
        let answer = try await TestAdmin().call(method, target, body)
        #expect(answer.status == status)
        #expect(self.errorCode(answer.json) != nil)
    }

    @Test func whatIsInvalidUTF8IsNoYAML() async throws {
        let bench = try TestAdmin()
        let request = try AdminRequest(
            method: "POST",
            target: "/v1/resources",
            contentType: "application/yaml",
            body: [0x61, 0xff],
            caller: .loopback(mayWrite: true)
        )
        #expect(await bench.api.answer(request).status == 400)
    }

    @Test func tokensShowTheirSecretOnce() async throws {
        let bench = try TestAdmin()
        let wish = #"{"namespace":"shop","serviceAccount":"vm","ttlSeconds":60}"#
        let made = try await bench.call("POST", "/v1/tokens", wish)
        #expect(made.status == 201)
        #expect(made.json["token"] as? String == "secret-of-t0")
        #expect(made.json["expires"] as? String == "2023-11-14T22:14:20Z")
        let listed = try await bench.answer("GET", "/v1/tokens")
        #expect(!String(decoding: listed.body, as: UTF8.self).contains("secret"))
        #expect(try await bench.call("DELETE", "/v1/tokens/t0").status == 200)
        let tokens = try #require(try await bench.call("GET", "/v1/tokens").json["tokens"] as? [[String: Any]])
        #expect(tokens.map { $0["state"] as? String } == ["revoked"])
        #expect("\(MadeToken(entry: bench.tokens.stored.withLock { $0[0] }, token: "s3cret"))" == "MadeToken(t0)")
    }

    @Test func rotationIsTakenStepByStep() async throws {
        let bench = try TestAdmin()
        #expect(try await bench.call("GET", "/v1/rotation").json["phase"] as? String == "idle")
        #expect(try await bench.call("POST", "/v1/rotation/begin").json["phase"] as? String == "begin")
        #expect(try await bench.call("POST", "/v1/rotation/finish?force=true").json["phase"] as? String == "finish")
    }

    @Test func sessionsAreEnded() async throws {
        let bench = try TestAdmin()
        let answer = try await bench.call("DELETE", "/v1/sessions")
        #expect(answer.status == 200)
        #expect(answer.json["ended"] as? String == "2023-11-14T22:13:20Z")
        bench.sessions.isUnavailable.withLock { $0 = true }
        #expect(try await bench.call("DELETE", "/v1/sessions").status == 503)
        let reader = try AdminRequest(method: "DELETE", target: "/v1/sessions", caller: .loopback(mayWrite: false))
        #expect(await bench.api.answer(reader).status == 403)
    }

    @Test(arguments: ["resources", "tokens", "rotation"])
    func aRouteWithoutProviderSaysSo(_ name: String) async throws {
        let bench = try TestAdmin()
        let request = try AdminRequest(method: "GET", target: "/v1/\(name)", caller: .loopback(mayWrite: true))
        let answer = await AdminAPI(pages: bench.pages).answer(request)
        #expect(answer.status == 501)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("no administration of \(name)"))
    }

    @Test func theCompiledMeshIsShownAsZtunnelsShowIt() async throws {
        let bench = try TestAdmin()
        let workloads = try #require(
            try await bench.call("GET", "/v1/workloads").json["workloads"] as? [[String: Any]]
        )
        #expect(workloads.count == 2)
        let orders = try #require(workloads.first { $0["namespace"] as? String == "shop" })
        #expect(orders["workloadIps"] as? [String] == ["10.0.12.1"])
        #expect(orders["protocol"] as? String == "HBONE")
        #expect(orders["status"] as? String == "Healthy")
        #expect(orders["trustDomain"] as? String == "cluster.local")
        #expect((orders["uid"] as? String)?.contains("/Task/shop/") == true)
        #expect(orders["services"] as? [String] == ["shop/orders.shop.mesh.internal"])

        let services = try #require(try await bench.call("GET", "/v1/services").json["services"] as? [[String: Any]])
        let service = try #require(services.first { $0["namespace"] as? String == "shop" })
        #expect((service["vips"] as? [String])?.first?.hasPrefix("/240.240.") == true)
        #expect(service["ports"] as? [String: Int] == ["80": 8080])
        let endpoints = try #require(service["endpoints"] as? [String: [String: Any]])
        #expect(endpoints.count == 1)
        #expect(endpoints.values.first?["status"] as? String == "Healthy")

        let policies = try #require(try await bench.call("GET", "/v1/policies").json["policies"] as? [[String: Any]])
        #expect(policies.count == 1)
        #expect(policies[0]["action"] as? String == "Deny")
        #expect(policies[0]["scope"] as? String == "WorkloadSelector")
        let rules = try #require(policies[0]["rules"] as? [[[[String: Any]]]])
        #expect(rules[0][0][0]["destinationPorts"] as? [Int] == [80])
        #expect(rules[0][0][0]["sourceIps"] as? [String] == ["10.0.0.0/8"])
        #expect((rules[0][0][0]["notPrincipals"] as? [[String: Any]])?.first?.keys.first == "Presence")
        #expect(try await bench.answer("GET", "/v1/services").body == bench.answer("GET", "/v1/services").body)
    }

    @Test func aMeshIdentityReadsItsOwnNamespace() async throws {
        let bench = try TestAdmin()
        _ = try await bench.call("POST", "/v1/resources", "Gateway shop a x\nGateway bank b x", type: "text/yaml")
        _ = try await bench.call("POST", "/v1/tokens", #"{"namespace":"bank","serviceAccount":"vm"}"#)
        bench.journal.append(
            IssuanceRecord(
                time: Date(),
                outcome: "issued",
                identity: "spiffe://cluster.local/ns/bank/sa/ledger",
                serial: "01",
                expires: Date(timeIntervalSinceNow: 60)
            )
        )
        let shop = try Self.mesh("shop")
        for (page, list) in [("services", "orders"), ("workloads", "")] {
            let all = try await bench.call("GET", "/v1/\(page)").json[page] as? [[String: Any]]
            #expect(all?.count == 2)
            let own = try await bench.call("GET", "/v1/\(page)", as: shop).json[page] as? [[String: Any]]
            #expect(own?.map { $0["namespace"] as? String } == ["shop"], "\(list)")
            let foreign = try await bench.call("GET", "/v1/\(page)?namespace=bank", as: shop).json[page] as? [Any]
            #expect(foreign?.isEmpty == true)
        }
        let items = try await bench.call("GET", "/v1/resources", as: shop).json["items"] as? [[String: Any]]
        #expect(items?.count == 1)
        #expect((try await bench.call("GET", "/v1/tokens", as: shop).json["tokens"] as? [Any])?.isEmpty == true)
        let journal = try await bench.call("GET", "/v1/certificates", as: shop).json["journal"] as? [Any]
        #expect(journal?.isEmpty == true)
        let bank = try await bench.call("GET", "/v1/certificates", as: Self.mesh("bank")).json["journal"] as? [Any]
        #expect(bank?.count == 1)
        for (method, target) in [
            ("POST", "/v1/resources"), ("DELETE", "/v1/resources/Gateway/shop/a"), ("POST", "/v1/tokens"),
            ("DELETE", "/v1/tokens/t0"), ("POST", "/v1/rotation/begin"), ("GET", "/debug/registry"),
        ] {
            #expect(try await bench.call(method, target, as: shop).status == 403, "\(method) \(target)")
        }
        let administrator = try Self.mesh("ops", isAdministrator: true)
        #expect(try await bench.call("DELETE", "/v1/resources/Gateway/shop/a", as: administrator).status == 200)
        #expect((try await bench.call("GET", "/v1/services", as: administrator).json["services"] as? [Any])?.count == 2)
    }

    @Test func withoutTheRightToWriteThereIsReading() async throws {
        let bench = try TestAdmin()
        let reader = AdminCaller.loopback(mayWrite: false)
        #expect(try await bench.call("POST", "/v1/rotation/begin", as: reader).status == 403)
        #expect(bench.rotation.steps.withLock { $0.isEmpty })
        #expect(try await bench.call("GET", "/v1/rotation", as: reader).status == 200)
        #expect(try await bench.call("GET", "/v1/services", as: .stranger).status == 403)
        #expect(try await bench.answer("GET", "/metrics", as: .stranger).status == 200)
    }

    @Test func certificatesAreListedNewestFirstAndFiltered() async throws {
        let bench = try TestAdmin()
        for number in 0..<3 {
            bench.journal.append(
                IssuanceRecord(
                    time: Date(),
                    outcome: number == 1 ? "refused" : "issued",
                    code: number == 1 ? "task_not_found" : nil,
                    identity: "spiffe://cluster.local/ns/shop/sa/s\(number)",
                    serial: "0\(number)",
                    expires: Date(timeIntervalSinceNow: number == 0 ? -60 : 60)
                )
            )
        }
        let all = try await bench.call("GET", "/v1/certificates").json
        let certificates = try #require(all["certificates"] as? [[String: Any]])
        #expect(certificates.map { $0["type"] as? String } == ["Root", "Intermediate", "Leaf", "Leaf"])
        #expect(certificates.map { $0["serialNumber"] as? String } == [nil, nil, "02", "00"])
        #expect(certificates.map { $0["state"] as? String }.suffix(2) == ["Available", "Unavailable"])
        let journal = try #require(all["journal"] as? [[String: Any]])
        #expect(journal.map { $0["serial"] as? String } == ["02", "01", "00"])
        for (query, serials) in [
            ("outcome=refused", ["01"]), ("identity=spiffe://cluster.local/ns/shop/sa/s0", ["00"]), ("limit=1", ["02"]),
            ("serial=01", ["01"]), ("namespace=bank", []),
        ] {
            let some = try await bench.call("GET", "/v1/certificates?\(query)").json["journal"] as? [[String: Any]]
            #expect(some?.map { $0["serial"] as? String } == serials, "\(query)")
        }
    }

    @Test func theVersionSaysWhichMeshItIs() async throws {
        let json = try await TestAdmin().call("GET", "/v1/version").json
        #expect(json["version"] as? String == ControlPlaneVersion.text)
        #expect(json["trustDomain"] as? String == "cluster.local")
        #expect(json["ready"] as? Bool == true)
        #expect((try await TestAdmin().call("GET", "/v1/findings").json["findings"] as? [Any]) != nil)
    }

    @Test(arguments: ["services", "workloads", "policies"])
    func aMeshThatWasNotLookedAtIsNoEmptyOne(_ name: String) async throws {
        let bench = try TestAdmin(isReady: false)
        let answer = try await bench.call("GET", "/v1/\(name)")
        #expect(answer.status == 503)
        let error = answer.json["error"] as? [String: String]
        #expect(error?["code"] == "unavailable")
        #expect(error?["message"]?.hasPrefix("discovery has not finished, it runs since 20") == true)
        #expect(error?["message"]?.hasSuffix("waiting for us-east-1") == true)
        let version = try await bench.call("GET", "/v1/version").json
        #expect(version["ready"] as? Bool == false)
        #expect(version["awaited"] as? String == error?["message"])
        #expect((version["replica"] as? String)?.isEmpty == false)
        #expect(try await bench.call("GET", "/v1/proxies").status == 200)
    }

    @Test func namesInPathsMayHoldAnything() throws {
        let request = try AdminRequest(
            method: "DELETE",
            target: "/v1//tokens/a%2Fb%20c?x=1&x=2&y=%26",
            caller: .loopback(mayWrite: true)
        )
        #expect(request.path == ["v1", "tokens", "a/b c"])
        #expect(request.query == ["x": "2", "y": "&"])
        for target in ["v1", "http://evil.example/v1", "/%ff", "//evil.example/v1"] {
            #expect(throws: AdminFault.self, "\(target)") {
                try AdminRequest(method: "GET", target: target, caller: .stranger)
            }
        }
    }
}
