import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Asking an authorizer by gRPC (S15, CVE-2023-27488).
struct AuthorizerGRPCTests {
    private func plan(_ fill: (inout TulleL7.Authorizer) -> Void = { _ in }) -> AuthorizerPlan {
        AuthorizerPlan(
            .with {
                $0.name = "ext"
                $0.grpc = true
                fill(&$0)
            }
        )
    }

    private let facts = CheckFacts(requestID: "r-1", httpVersion: "HTTP/2", time: 1_234_567_890_123, bodyBytes: 7)

    private func option(_ name: String, _ value: String, append: Bool? = nil) -> EnvoyAuth.HeaderValueOption {
        .with {
            $0.header = .with {
                $0.key = name
                $0.value = value
            }
            if let append { $0.append = .with { $0.value = append } }
        }
    }

    @Test func theCheckTellsTheRequest() throws {
        let view = Sample.request(
            "POST",
            "/a",
            query: "q=1",
            fields: [
                HeaderField("x-a", "1"), HeaderField("x-a", "2"), HeaderField("cookie", "a=1"),
                HeaderField("cookie", "b=2"),
            ],
            connection: Sample.connection(serverName: "s.example")
        )
        let plan = self.plan {
            $0.headersToAdd = [
                .with {
                    $0.name = "X-Mesh"
                    $0.value = "m"
                }
            ]
        }
        let check = try plan.check(view, body: nil, facts: self.facts)
        let attributes = try #require(check.attributes)
        #expect(attributes.source?.principal == "spiffe://td/ns/ns-1/sa/a")
        #expect(attributes.source?.address?.socketAddress?.address == "10.0.0.1")
        #expect(attributes.source?.address?.socketAddress?.portValue == 41_000)
        #expect(attributes.destination?.principal == "spiffe://td/ns/apps/sa/waypoint")
        #expect(attributes.destination?.address?.socketAddress?.portValue == 8080)
        #expect(attributes.tlsSession?.sni == "s.example")
        #expect(attributes.request?.time?.seconds == 1_234_567_890)
        #expect(attributes.request?.time?.nanos == 123_000_000)
        let http = try #require(attributes.request?.http)
        #expect(http.id == "r-1")
        #expect(http.path == "/a?q=1")
        #expect(http.query == "q=1")
        #expect(http.size == 7)
        #expect(http.protocol == "HTTP/2")
        #expect(
            http.headers == [
                ":method": "POST", ":path": "/a?q=1", ":authority": "b.apps", ":scheme": "http", "x-a": "1,2",
                "cookie": "a=1; b=2", "x-mesh": "m",
            ]
        )
        let listed = try self.plan { $0.headersToCheck = ["x-*"] }.check(view, body: nil, facts: self.facts)
        #expect(listed.attributes?.request?.http?.headers["cookie"] == nil)
        #expect(listed.attributes?.request?.http?.headers["x-a"] == "1,2")
        #expect(try EnvoyAuth.CheckRequest(decoding: check.serialized) == check)
    }

    @Test func connectionsAreAskedAboutWithoutARequest() {
        let check = self.plan().check(Sample.connection(peer: nil))
        #expect(check.attributes?.source?.principal == "")
        #expect(check.attributes?.request == nil)
        #expect(check.attributes?.tlsSession == nil)
    }

    @Test func bodiesAreTextOrBytes() throws {
        func http(_ bytes: [UInt8], limit: UInt32, packs: Bool) throws -> EnvoyAuth.HTTPRequest? {
            let plan = self.plan {
                $0.maxBodyBytes = limit
                $0.allowsPartialBody = true
                $0.packsBytes = packs
            }
            var body = try #require(plan.body)
            _ = body.take(bytes)
            _ = body.finish()
            return try plan.check(Sample.request(), body: body, facts: self.facts).attributes?.request?.http
        }
        let word = Array("caf\u{e9}".utf8)
        #expect(try http(word, limit: 10, packs: false)?.body == "caf\u{e9}")
        #expect(try http(word, limit: 10, packs: false)?.headers["x-envoy-auth-partial-body"] == "false")
        #expect(try http(word, limit: 4, packs: false)?.body == "caf", "cut within a character")
        #expect(try http(word, limit: 4, packs: false)?.headers["x-envoy-auth-partial-body"] == "true")
        #expect(try http([0xFF, 0xFE], limit: 10, packs: true)?.rawBody == [0xFF, 0xFE])
        #expect(throws: AuthorizerFault.unsendable) { try http([0xFF, 0xFE], limit: 10, packs: false) }
        let open = self.plan { $0.failsOpen = true }
        #expect(open.answer(to: .unsendable) == .deny(AuthorizerDenial(status: 403, detail: "ext_authz_error")))
    }

    @Test func anAllowanceChangesTheRequest() {
        let response = EnvoyAuth.CheckResponse.with {
            $0.status = GoogleRPCStatus()
            $0.answer = .ok(
                .with {
                    $0.headers = [
                        self.option("X-User", "u"), self.option("x-more", "2", append: true),
                        self.option("x-empty", ""), self.option("x-more", "3", append: true),
                    ]
                    var absent = self.option("x-there", "ours")
                    absent.appendAction = .addIfAbsent
                    var fresh = self.option("x-fresh", "ours")
                    fresh.appendAction = .addIfAbsent
                    var replaced = self.option("x-there", "replaced")
                    replaced.appendAction = .overwriteIfExists
                    var missing = self.option("x-missing", "replaced")
                    missing.appendAction = .overwriteIfExists
                    $0.headers += [absent, fresh, replaced, missing]
                    $0.headersToRemove = ["X-Secret"]
                    $0.responseHeadersToAdd = [self.option("x-answer", "a")]
                    $0.queryParametersToSet = [
                        .with {
                            $0.key = "user"
                            $0.value = "a&b=c"
                        }
                    ]
                    $0.queryParametersToRemove = ["token"]
                }
            )
        }
        guard case .allow(let changes) = self.plan().answer(response) else { return #expect(Bool(false)) }
        var view = Sample.request(
            query: "token=1&user=x&k=v",
            fields: [
                HeaderField("x-user", "spoofed"), HeaderField("x-more", "1"), HeaderField("x-secret", "s"),
                HeaderField("x-there", "theirs"), HeaderField("x-empty", "kept"),
            ]
        )
        changes.apply(to: &view)
        #expect(
            view.fields.map { "\($0.name): \($0.value)" } == [
                "x-user: u", "x-more: 1", "x-there: replaced", "x-empty: kept", "x-fresh: ours", "x-more: 2",
                "x-more: 3",
            ]
        )
        #expect(view.query == "k=v&user=a%26b%3Dc")
        #expect(changes.responseFields == [HeaderField("x-answer", "a")])
    }

    @Test func denials() {
        func answer(_ code: Int32, _ denied: EnvoyAuth.DeniedResponse?) -> AuthorizerAnswer {
            self.plan { $0.failsOpen = true }.answer(
                .with {
                    $0.status = .with { $0.code = code }
                    $0.answer = denied.map { .denied($0) }
                }
            )
        }
        let body = EnvoyAuth.DeniedResponse.with {
            $0.status = .with { $0.code = 401 }
            $0.headers = [self.option("x-why", "because")]
            $0.body = "no"
        }
        let full = AuthorizerDenial(status: 401, fields: [HeaderField("x-why", "because")], body: Array("no".utf8))
        #expect(answer(7, body) == .deny(full))
        #expect(answer(16, nil) == .deny(AuthorizerDenial(status: 403)))
        #expect(answer(7, .init()) == .deny(AuthorizerDenial(status: 403)))
        let error = AuthorizerAnswer.deny(AuthorizerDenial(status: 403, detail: "ext_authz_error"))
        #expect(answer(0, body) == error, "a denial that says OK is no permission")
        #expect(answer(7, .with { $0.status = .with { $0.code = 100 } }) == error)
        #expect(self.plan().answer(.init()) == error, "nothing was said")
        #expect(self.plan().answer(.with { $0.status = GoogleRPCStatus() }) == .allow(AuthorizerChanges()))
        let both = EnvoyAuth.CheckResponse.with {
            $0.status = .with { $0.code = 7 }
            $0.answer = .ok(.init())
        }
        #expect(self.plan().answer(both) == error)
    }

    @Test(arguments: [
        (":path", "/x"), ("host", "evil"), ("Content-Length", "5"), ("transfer-encoding", "chunked"), ("x a", "1"),
        ("", "1"), ("x-a", "1\r\nx-b: 2"), ("x-a", "\0"), ("x-a", " 1"), ("x-forwarded-client-cert", "By=evil"),
    ])
    func changesThatCannotBeMadeNeverPass(_ name: String, _ value: String) {
        let plan = self.plan { $0.failsOpen = true }
        func isRefused(_ fill: (inout EnvoyAuth.OKResponse) -> Void) -> Bool {
            let response = EnvoyAuth.CheckResponse.with { $0.answer = .ok(.with(fill)) }
            guard case .deny(let denial) = plan.answer(response) else { return false }
            return denial.detail == "ext_authz_error"
        }
        #expect(isRefused { $0.headers = [self.option(name, value)] })
        #expect(isRefused { $0.responseHeadersToAdd = [self.option(name, value)] })
        if name != "x-a" { #expect(isRefused { $0.headersToRemove = [name] }) }
        #expect(isRefused { $0.headers = [.init()] })
        #expect(
            isRefused {
                $0.headers = [
                    .with {
                        $0.header = .with {
                            $0.key = "x"
                            $0.rawValue = [0xFF]
                        }
                    }
                ]
            }
        )
        #expect(isRefused { $0.headersToRemove = Array(repeating: "x", count: 65) })
        #expect(isRefused { $0.queryParametersToSet = [.init()] })
    }
}
