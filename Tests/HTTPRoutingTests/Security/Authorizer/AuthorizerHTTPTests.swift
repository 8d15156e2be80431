import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

/// Asking an authorizer by HTTP (S15).
struct AuthorizerHTTPTests {
    private func plan(_ fill: (inout TulleL7.Authorizer) -> Void = { _ in }) -> AuthorizerPlan {
        AuthorizerPlan(
            .with {
                $0.name = "ext"
                fill(&$0)
            }
        )
    }

    private func names(_ fields: [HeaderField]) -> [String] { fields.map { "\($0.name): \($0.value)" } }

    @Test func theCheckHasWhatIsListed() {
        let plan = self.plan {
            $0.pathPrefix = "/check"
            $0.headersToCheck = ["X-Ext-Authz", "x-a-*", "*-b"]
            $0.headersToAdd = [
                .with {
                    $0.name = "x-a-1"
                    $0.value = "ours"
                },
                .with {
                    $0.name = "X-New"
                    $0.value = "n"
                },
            ]
        }
        let view = Sample.request(
            "PUT",
            "/a",
            query: "q=1",
            fields: [
                HeaderField("x-ext-authz", "allow"), HeaderField("x-a-1", "theirs"), HeaderField("x-a-2", "2"),
                HeaderField("y-b", "3"), HeaderField("authorization", "Basic x"), HeaderField("cookie", "c=1"),
                HeaderField("content-length", "99"), HeaderField("x-aa", "4"),
            ]
        )
        let (head, body) = plan.check(view, body: nil)
        #expect(head.method == "PUT")
        #expect(head.path == "/check/a?q=1")
        #expect(head.authority == "b.apps")
        #expect(
            self.names(head.fields) == [
                "x-ext-authz: allow", "x-a-1: ours", "x-a-2: 2", "y-b: 3", "authorization: Basic x", "x-new: n",
                "content-length: 0",
            ]
        )
        #expect(body.isEmpty)
        #expect(plan.body == nil)
        #expect(plan.timeout == 600_000)
    }

    @Test func theCheckHasTheBodysBeginning() throws {
        let plan = self.plan {
            $0.maxBodyBytes = 4
            $0.allowsPartialBody = true
            $0.timeoutMilliseconds = 5
        }
        #expect(plan.timeout == 5)
        var body = try #require(plan.body)
        #expect(body.take(Array("ab".utf8)) == .reading)
        #expect(body.take(Array("cdef".utf8)) == .complete)
        #expect(body.take(Array("g".utf8)) == .complete)
        let (head, bytes) = plan.check(Sample.request("POST"), body: body)
        #expect(bytes == Array("abcd".utf8))
        #expect(self.names(head.fields) == ["x-envoy-auth-partial-body: true", "content-length: 4"])
        var exact = try #require(plan.body)
        #expect(exact.take(Array("abcd".utf8)) == .reading)
        #expect(exact.finish() == .complete)
        #expect(!exact.isPartial)
        #expect(
            plan.check(Sample.request(), body: exact).head.fields.first(named: "x-envoy-auth-partial-body") == "false"
        )
    }

    @Test func bodiesThatAreTooLarge() throws {
        var body = try #require(self.plan { $0.maxBodyBytes = 4 }.body)
        #expect(body.take(Array("abcde".utf8)) == .tooLarge)
        #expect(body.finish() == .tooLarge)
        #expect(AuthorizerDenial.tooLarge.status == 413)
    }

    @Test func anAllowanceChangesWhatIsListed() {
        let plan = self.plan {
            $0.headersUpstreamOnAllow = ["x-user", "x-up-*"]
            $0.headersDownstreamOnAllow = ["x-down"]
        }
        let head = HTTPResponseHead(
            status: 200,
            fields: [
                HeaderField("x-user", "u"), HeaderField("x-up-1", "a"), HeaderField("x-up-1", "b"),
                HeaderField("x-down", "d"), HeaderField("content-length", "0"), HeaderField("x-other", "o"),
            ]
        )
        guard case .allow(let changes) = plan.answer(head, body: []) else { return #expect(Bool(false)) }
        #expect(self.names(changes.responseFields) == ["x-down: d"])
        var view = Sample.request(fields: [HeaderField("x-user", "spoofed"), HeaderField("x-up-1", "spoofed")])
        changes.apply(to: &view)
        #expect(self.names(view.fields) == ["x-user: u", "x-up-1: a", "x-up-1: b"])
        #expect(self.plan().answer(head, body: []) == .allow(AuthorizerChanges()))
    }

    @Test func aDenialIsWhatTheClientGets() {
        let head = HTTPResponseHead(
            status: 302,
            fields: [
                HeaderField("location", "/login"), HeaderField("set-cookie", "a=1"), HeaderField("x-b", "2"),
                HeaderField("content-length", "2"), HeaderField("connection", "close"),
                HeaderField("transfer-encoding", "chunked"),
            ]
        )
        func fields(_ plan: AuthorizerPlan) -> [String] {
            guard case .deny(let denial) = plan.answer(head, body: Array("no".utf8)), denial.status == 302,
                denial.body == Array("no".utf8), denial.detail == "ext_authz_denied"
            else { return ["?"] }
            return self.names(denial.fields)
        }
        #expect(fields(self.plan()) == ["location: /login", "set-cookie: a=1", "x-b: 2"])
        #expect(fields(self.plan { $0.headersDownstreamOnDeny = ["x-*"] }) == ["location: /login", "x-b: 2"])
    }

    @Test(arguments: [500, 503, 599, 100, 600])
    func failures(_ status: Int) {
        let head = HTTPResponseHead(status: status)
        #expect(self.plan().answer(head, body: []) == .deny(AuthorizerDenial(status: 403, detail: "ext_authz_error")))
        let other = self.plan { $0.statusOnError = 503 }
        #expect(other.answer(to: .unavailable) == .deny(AuthorizerDenial(status: 503, detail: "ext_authz_error")))
        let open = self.plan { $0.failsOpen = true }
        #expect(open.answer(head, body: []) == .allow(AuthorizerChanges()))
        #expect(open.answer(to: .unavailable) == .allow(AuthorizerChanges()))
    }

    @Test func changesThatCannotBeMadeNeverPass() {
        let plan = self.plan {
            $0.failsOpen = true
            $0.headersUpstreamOnAllow = ["*"]
        }
        let bad = [
            [HeaderField("x-a", "1\r\nx: 2")], (0..<65).map { HeaderField("x-\($0)", "1") },
            [
                HeaderField("x-a", String(repeating: "a", count: 65 << 10))
            ],
        ]
        for fields in bad {
            guard case .deny = plan.answer(HTTPResponseHead(status: 200, fields: fields), body: []) else {
                #expect(Bool(false), "\(fields.count)")
                continue
            }
        }
        let framing = ["content-length", "host", "transfer-encoding", "x-forwarded-client-cert", ":path"]
        let head = HTTPResponseHead(status: 200, fields: framing.map { HeaderField($0, "x") })
        #expect(plan.answer(head, body: []) == .allow(AuthorizerChanges()), "they are the answer's own")
    }
}
