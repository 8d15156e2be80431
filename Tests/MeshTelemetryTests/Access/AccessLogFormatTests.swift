import Testing

@testable import MeshTelemetry

struct AccessLogFormatTests {
    private let given = ["user-agent": "curl/8 \"x\"\n", "x-forwarded-for": "192.0.2.7"]

    private func kept(_ record: RequestRecord, _ headers: HeaderPlan) -> RequestRecord {
        var record = record
        record.keepRequestHeaders(headers) { self.given[$0] }
        record.keepResponseHeaders(headers) { self.given[$0] }
        return record
    }

    private func text(_ format: String, _ record: RequestRecord = SampleRecord.http()) throws -> String {
        var headers = HeaderPlan()
        let context = AccessLogContext(hostname: "waypoint-1") { $0 == "REGION" ? "eu-west-1" : nil }
        let made = try AccessLogFormat(text: format, context: context, headers: &headers)
        return String(decoding: made.line(self.kept(record, headers)).dropLast(), as: UTF8.self)
    }

    @Test func writesIstiosLine() throws {
        var headers = HeaderPlan()
        let format = try AccessLogFormat.standardText(headers: &headers)
        let line = String(decoding: format.line(self.kept(SampleRecord.http(), headers)), as: UTF8.self)
        #expect(
            line == """
                [2026-01-02T03:04:05.678Z] "GET /items?id=7 HTTP/1.1" 200 - via_upstream - "-" 17 99 12 9 "192.0.2.7" \
                "curl/8 \\"x\\"\\n" "f4a5c0f2-0c1d-4b3e-8f7a-001122334455" "echo.demo:8080" "10.0.1.7:8080" \
                outbound|8080||echo.demo.mesh.internal 10.0.1.2:40000 240.240.0.3:8080 10.0.1.9:50123 - default

                """
        )
    }

    @Test func writesIstiosLineForWhatNeverReachedABackend() throws {
        var headers = HeaderPlan()
        let format = try AccessLogFormat.standardText(headers: &headers)
        var record = RequestRecord(.http, start: 0)
        record.originalPath = "/old"
        record.path = "/new"
        record.flags = .downstreamConnectionTermination
        let line = String(decoding: format.line(record), as: UTF8.self)
        #expect(
            line == """
                [1970-01-01T00:00:00.000Z] "- /old -" 0 DC - - "-" 0 0 - - "-" "-" "-" "-" "-" - - - - - -

                """
        )
    }

    @Test func writesIstiosObject() throws {
        var headers = HeaderPlan()
        let format = try AccessLogFormat.standardJSON(headers: &headers)
        let line = String(decoding: format.line(self.kept(SampleRecord.http(), headers)), as: UTF8.self)
        #expect(
            line == """
                {"start_time":"2026-01-02T03:04:05.678Z","route_name":"default","method":"GET","path":"/items?id=7",\
                "protocol":"HTTP/1.1","response_code":200,"response_flags":"-","response_code_details":"via_upstream",\
                "connection_termination_details":null,"bytes_received":17,"bytes_sent":99,"duration":12,\
                "upstream_service_time":9,"x_forwarded_for":"192.0.2.7","user_agent":"curl/8 \\"x\\"\\n",\
                "request_id":"f4a5c0f2-0c1d-4b3e-8f7a-001122334455","authority":"echo.demo:8080",\
                "upstream_host":"10.0.1.7:8080","upstream_cluster":"outbound|8080||echo.demo.mesh.internal",\
                "upstream_local_address":"10.0.1.2:40000","downstream_local_address":"240.240.0.3:8080",\
                "downstream_remote_address":"10.0.1.9:50123","requested_server_name":null,\
                "upstream_transport_failure_reason":null}

                """
        )
        let short = try AccessLogFormat.standardJSON(omitsMissing: true, headers: &headers)
        let less = String(decoding: short.line(RequestRecord(.http, start: 0)), as: UTF8.self)
        #expect(
            less == """
                {"start_time":"1970-01-01T00:00:00.000Z","response_code":0,"response_flags":"-","bytes_received":0,\
                "bytes_sent":0}

                """
        )
    }

    @Test(
        "operators",
        arguments: [
            ("%%", "%"), ("a %REQ(:method)%b", "a GETb"), ("%REQ(:PATH):4%", "/ite"),
            ("%REQ_WITHOUT_QUERY(:PATH)%", "/items"),
            ("%REQ(X-NONE?USER-AGENT):4%", "curl"), ("%REQ(X-NONE)%", "-"), ("%RESP(X-FORWARDED-FOR)%", "192.0.2.7"),
            ("%TRAILER(x)%", "-"), ("%START_TIME(%Y/%m/%d %H:%M:%S.%6f %s)%", "2026/01/02 03:04:05.678901 1767323045"),
            ("%START_TIME(%F %T%z %9f %1f)%", "2026-01-02 03:04:05+0000 678901234 6"),
            ("%REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%", "1 11 0"),
            ("%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%", "12345"), ("%COMMON_DURATION(US_RX_BEG:DS_RX_END:ms)%", "-"),
            ("%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%", "10.0.1.7 8080"),
            ("%DOWNSTREAM_PEER_URI_SAN%", "spiffe://cluster.local/ns/demo/sa/shell"),
            (
                "%UPSTREAM_PEER_URI_SAN% %DOWNSTREAM_LOCAL_URI_SAN%",
                "spiffe://cluster.local/ns/demo/sa/echo spiffe://cluster.local/ns/demo/sa/waypoint"
            ),
            ("%HOSTNAME% %ENVIRONMENT(REGION)% %ENVIRONMENT(NONE)%", "waypoint-1 eu-west-1 -"),
            ("%GRPC_STATUS% %GRPC_STATUS_NUMBER%", "- -"), ("%RESPONSE_FLAGS_LONG%", "-"),
            ("%VIRTUAL_CLUSTER_NAME%", "-"),
            ("%CEL(request.headers['user-agent'].startsWith('curl') && (connection.mtls))%", "true"),
            ("%CEL(request.headers['x-none'])%", "-"), ("%FILTER_STATE(downstream_peer:FIELD:workload)%", "shell-v1"),
            ("%DYNAMIC_METADATA(jwt:sub)%", "alice"), ("%DYNAMIC_METADATA(jwt)%", "alice"),
            ("%DYNAMIC_METADATA(jwt:aud:0)%", "-"), ("%METADATA(ROUTE:istio:config)%", "-"),
            ("%DOWNSTREAM_WIRE_BYTES_RECEIVED% %BYTES_SENT%", "217 99"), ("%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "1"),
            ("%TRACE_ID%", "-"), ("%STREAM_ID% %CONNECTION_ID%", "0 0"), ("%RESPONSE_CODE_DETAILS:3%", "via"), ("", ""),
        ]
    )
    func operators(_ format: String, _ shown: String) throws {
        let record = SampleRecord.http {
            $0.metadata = [.init(filter: "jwt", key: "sub", value: "alice")]
        }
        #expect(try self.text(format, record) == shown)
    }

    @Test(
        "gRPC's status by name",
        arguments: [
            (14, "Unavailable UNAVAILABLE 14"), (1, "Canceled CANCELLED 1"), (77, "77 77 77"), (-1, "-1 -1 -1"),
        ]
    )
    func grpcStatus(_ code: Int32, _ shown: String) throws {
        let record = SampleRecord.http { $0.grpcStatus = code }
        let format = "%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)%"
        #expect(try self.text(format, record) == shown)
    }

    @Test("nothing in a value ends a quote, a line or a string of JSON")
    func escapes() throws {
        let odd = "a\"b\\c\nd\u{0}e\u{85}f\u{2028}g\u{7f}é😀"
        let record = SampleRecord.http {
            $0.path = odd
            $0.routeName = odd
        }
        let shown = "a\\\"b\\\\c\\nd\\u0000e\\u0085f\\u2028g\\u007fé😀"
        #expect(try self.text("\"%REQ(:PATH)%\"", record) == "\"\(shown)\"")
        var headers = HeaderPlan()
        let json = try AccessLogFormat(
            json: [("a\"", "%REQ(:PATH)%"), ("b", "say \"%ROUTE_NAME%\"\n")],
            context: AccessLogContext(),
            headers: &headers
        )
        let line = String(decoding: json.line(record), as: UTF8.self)
        #expect(line == "{\"a\\\"\":\"\(shown)\",\"b\":\"say \\\"\(shown)\\\"\\n\"}\n")
    }

    @Test("values are cut, at characters")
    func cuts() throws {
        #expect(try self.text("%REQ(:PATH):4%", SampleRecord.http { $0.path = "/é€x" }) == "/é")
        let long = SampleRecord.http { $0.path = String(repeating: "a", count: 100_000) }
        #expect(try self.text("%REQ(:PATH)%", long).utf8.count == 4_096 + 3)
    }

    @Test(arguments: [
        ("%", AccessLogError.malformed(at: 0)), ("a%b", .malformed(at: 1)), ("%REQ(x", .malformed(at: 0)),
        ("%REQ%", .invalidArgument(operator: "REQ", argument: "")), ("%DURATION", .malformed(at: 0)),
        ("%NO_SUCH%", .unknownOperator("NO_SUCH")), ("%REQ(x):0%", .malformed(at: 0)),
        ("%REQ(x):a%", .malformed(at: 0)), ("%REQ(a?b?c)%", .invalidArgument(operator: "REQ", argument: "a?b?c")),
        ("%DURATION(x)%", .invalidArgument(operator: "DURATION", argument: "x")),
        ("%START_TIME(%Q)%", .invalidArgument(operator: "START_TIME", argument: "%Q")),
        ("%COMMON_DURATION(A:B:ms)%", .invalidArgument(operator: "COMMON_DURATION", argument: "A:B:ms")),
        ("%METADATA(HOST:a:b)%", .invalidArgument(operator: "METADATA", argument: "HOST:a:b")),
        ("%CEL(no.such)%", .expression(.unknownAttribute("no.such"))),
        ("%REQ()%", .invalidArgument(operator: "REQ", argument: "")),
    ])
    func refuses(_ format: String, _ error: AccessLogError) {
        #expect(throws: error) { try self.text(format) }
    }

    @Test func boundsFormats() {
        #expect(throws: AccessLogError.tooLong(limit: 16_384)) { try self.text(String(repeating: "a", count: 20_000)) }
        #expect(throws: AccessLogError.tooLong(limit: 512)) {
            try self.text(String(repeating: "%DURATION%", count: 600))
        }
        #expect(throws: AccessLogError.tooManyHeaders) {
            try self.text((0..<129).map { "%REQ(h\($0))%" }.joined())
        }
    }

    @Test("damaged formats never trap")
    func damaged() {
        let bytes = Array("%REQ(A?B):7% %START_TIME(%Y)% %CEL(has(request.headers['x']))%:%%".utf8)
        for place in bytes.indices {
            for byte in [UInt8(ascii: "%"), UInt8(ascii: ")"), UInt8(ascii: ":"), 0xff, UInt8(ascii: "9")] {
                var damaged = bytes
                damaged[place] = byte
                _ = try? self.text(String(decoding: damaged, as: UTF8.self))
                _ = try? self.text(String(decoding: damaged[..<place], as: UTF8.self))
            }
        }
    }

    @Test func givesNamedFields() throws {
        var headers = HeaderPlan()
        let format = try AccessLogFormat(
            json: [("code", "%RESPONSE_CODE%"), ("none", "%TRACE_ID%"), ("what", "%REQ(:METHOD)% %ROUTE_NAME%")],
            context: AccessLogContext(),
            headers: &headers
        )
        let fields = format.fields(SampleRecord.http())
        #expect(fields.map(\.name) == ["code", "what"])
        #expect(fields.map(\.value) == [.number(200), .text("GET default")])
    }
}
