import Testing

@testable import MeshTelemetry

struct ExpressionTests {
    private func value(_ text: String, _ record: RequestRecord = SampleRecord.http()) throws -> ExpressionValue? {
        var headers = HeaderPlan()
        let expression = try Expression(parsing: text, headers: &headers)
        var record = record
        let given = ["x-tenant": "blue", "user-agent": "curl/8", "content-type": "text/plain", "x-time": "t"]
        record.keepRequestHeaders(headers) { given[$0] }
        record.keepResponseHeaders(headers) { given[$0] }
        record.keepTrailers(headers) { given[$0] }
        return Expression.evaluate(expression.root, record)
    }

    @Test(
        "is true",
        arguments: [
            "response.code >= 200", "response.code == 200 && request.method == 'GET'", "!(response.code > 200)",
            "response.code < 200 || response.code <= 200", "response.code in [500, 200]", "!(response.code in [])",
            "request.path.startsWith(\"/items\")", "request.url_path == '/items'", "request.query == 'id=7'",
            "request.path.endsWith('=7')", "request.path.contains('ms?')", "request.headers['x-tenant'] == 'blue'",
            "request.headers[\"X-Tenant\"] != 'red'", "'x-tenant' in request.headers", "!('x-none' in request.headers)",
            "has(request.headers['x-tenant'])", "!has(request.headers['x-none'])", "request.useragent == 'curl/8'",
            "response.headers['content-type'].startsWith('text/')", "response.trailers['x-time'] == 't'",
            "connection.mtls", "connection.mtls == true", "response.flags == 0", "request.duration > duration('12ms')",
            "request.duration < duration(\"1.5s\")", "destination.port == 8080", "source.address == '10.0.1.9:50123'",
            "request.size == 17", "xds.route_name == 'default'", "downstream_peer.workload == 'shell-v1'",
            "filter_state.upstream_peer.namespace == 'demo'", "filter_state['downstream_peer'].app == 'shell'",
            "request.host.lowerAscii() == 'echo.demo:8080'", "size(request.method) == 3", "request.method.size() == 3",
            "int('7') == 7", "string(response.code) == '200'", "response.code == 200 ? true : false",
            "request.method + '!' == 'GET!'", "-1 < 0", "response.code >= 400u || true", "[1, 2] == [1, 2]",
            "has(response.code) && response.code != 500", "request.protocol == 'HTTP/1.1'",
            // What fails on one side does not matter where the other decides.
            "request.headers['x-none'] == 'a' || response.code == 200",
            "response.code == 200 || request.headers['x-none'] == 'a'",
        ]
    )
    func isTrue(_ text: String) throws {
        #expect(try self.value(text) == .truth(true))
    }

    @Test(
        "is false or fails, never true",
        arguments: [
            "response.code > 200", "response.code == '200'", "request.method > 5", "request.headers['x-none'] == 'a'",
            "!(request.headers['x-none'] == 'a')", "request.headers['x-none'] != 'a'", "response.code",
            "request.method",
            "response.grpc_status == 0", "connection.mtls && request.headers['x-none'] == 'b'", "int('x') == 0",
            "!response.code", "response.code ? true : true", "request.method in 5", "response.code + 1 == 201",
            "upstream.transport_failure_reason == ''", "5 in request.method",
        ]
    )
    func isNotTrue(_ text: String) throws {
        #expect(try self.value(text) != .truth(true))
        var headers = HeaderPlan()
        #expect(try !Expression(parsing: text, headers: &headers).isTrue(of: SampleRecord.http()))
    }

    @Test(arguments: [
        ("", ExpressionError.unexpectedEnd), ("response.code >", .unexpectedEnd), ("(true", .unexpectedEnd),
        ("response.code >= 4x", .invalidNumber(at: 17)), ("true true", .unexpected("true", at: 5)),
        ("response.code = 2", .unexpected("character", at: 14)), ("'abc", .invalidString(at: 0)),
        ("'a\\qb'", .invalidString(at: 0)), ("1.5", .invalidNumber(at: 0)),
        ("99999999999999999999", .invalidNumber(at: 0)), ("no.such", .unknownAttribute("no.such")),
        ("request.headers", .unknownAttribute("request.headers")), ("f(1)", .unknownFunction("f")),
        ("request.path.matches('a+')", .unknownFunction("matches")), ("has()", .unknownFunction("has")),
        ("duration('soon') == duration('1s')", .unknownFunction("duration")),
        ("request.headers[5]", .unexpected("number", at: 16)),
        ("a.b.c.d.e.f.g.h.i.j", .unknownAttribute("a.b.c.d.e.f.g.h")),
        ("1 < 2 < 3", .unexpected("<", at: 6)), ("é", .unexpected("character", at: 0)),
    ])
    func refuses(_ text: String, _ error: ExpressionError) {
        var headers = HeaderPlan()
        #expect(throws: error) { try Expression(parsing: text, headers: &headers) }
        #expect(headers == HeaderPlan())
    }

    @Test func boundsLengthWordsAndDepth() {
        var headers = HeaderPlan()
        #expect(throws: ExpressionError.tooLong(limit: 4_096)) {
            try Expression(parsing: String(repeating: " ", count: 4_097), headers: &headers)
        }
        let many = Array(repeating: "true", count: 300).joined(separator: "||")
        #expect(throws: ExpressionError.tooComplex) { try Expression(parsing: many, headers: &headers) }
        for text in ["(", "!", "[", "true ? true : "] {
            #expect(throws: ExpressionError.tooComplex) {
                try Expression(parsing: String(repeating: text, count: 100) + "true", headers: &headers)
            }
        }
    }

    @Test func boundsTheHeaders() {
        var headers = HeaderPlan()
        let ask = { (index: Int) in "request.headers['h\(index)'] == 'x'" }
        for start in stride(from: 0, to: 128, by: 32) {
            let text = (start..<start + 32).map(ask).joined(separator: " || ")
            #expect(throws: Never.self) { try Expression(parsing: text, headers: &headers) }
        }
        #expect(throws: ExpressionError.tooManyHeaders) { try Expression(parsing: ask(128), headers: &headers) }
        // Known ones are found again.
        #expect(throws: Never.self) { try Expression(parsing: ask(5), headers: &headers) }
    }

    @Test(
        "labels",
        arguments: [
            ("'test'", "test"), ("response.code", "200"), ("connection.mtls", "true"), ("[1]", "unknown"),
            ("has(request.headers['x-none']) ? request.headers['x-none'] : 'none'", "none"),
            ("request.headers['x-none']", "unknown"), ("string(destination.port)", "8080"),
        ]
    )
    func label(_ text: String, _ label: String) throws {
        var headers = HeaderPlan()
        #expect(try Expression(parsing: text, headers: &headers).label(of: SampleRecord.http()) == label)
    }

    @Test("cut and damaged texts never trap")
    func damaged() {
        let text = "has(request.headers['a\\'b']) && (response.code in [1,2] ? 'x' : \"y\") == 'x' || !connection.mtls"
        let bytes = Array(text.utf8)
        for place in bytes.indices {
            for byte in [UInt8(ascii: "("), UInt8(ascii: "'"), UInt8(ascii: "."), 0, 0xff, UInt8(ascii: "[")] {
                var damaged = bytes
                damaged[place] = byte
                for piece in [damaged[...], damaged[..<place], damaged[place...]] {
                    var headers = HeaderPlan()
                    let expression = try? Expression(parsing: String(decoding: piece, as: UTF8.self), headers: &headers)
                    _ = expression?.isTrue(of: SampleRecord.http())
                }
            }
        }
    }
}
