package import MeshModel
package import MeshTelemetry

/// An answer that the proxy itself gives, with what logs and metrics say of it.
///
/// The constructors in the files beside this one are the waypoint's table of failures, one for each row; bodies and
/// details are Envoy's, byte for byte, as people search logs for them.
package struct LocalReply: Hashable, Sendable {
    /// The HTTP status; 0 where nobody is left to answer.
    package var status: Int
    package var body: [UInt8]
    /// Envoy's `RESPONSE_CODE_DETAILS`.
    package var details: String
    package var flags: OutcomeFlags
    /// What is sent beside the fields that every local reply has, with lower-case names.
    package var fields: [HeaderField]
    /// What a gRPC client is told; nil for what goes with the status.
    package var grpcStatus: GRPCStatus?
    /// Whether a connection of HTTP/1 can't be used any more: it may not be clear where the request ends.
    package var closesConnection = false

    package init(
        _ status: Int,
        details: String,
        flags: OutcomeFlags = [],
        body: String = "",
        fields: [HeaderField] = [],
        grpcStatus: GRPCStatus? = nil
    ) {
        self.status = status
        self.body = Array(body.utf8)
        self.details = details
        self.flags = flags
        self.fields = fields
        self.grpcStatus = grpcStatus
    }

    /// The head that is sent.
    ///
    /// - Parameter asGRPC: as trailers alone: gRPC clients take no other status than 200, and read what went wrong
    ///   from `grpc-status` and `grpc-message`.
    package func head(asGRPC: Bool) -> HTTPResponseHead {
        guard asGRPC else { return self.plainHead }
        let status = self.grpcStatus ?? GRPCStatus(http: self.status)
        var fields = [
            HeaderField("content-type", "application/grpc"), HeaderField("grpc-status", String(status.rawValue)),
        ]
        if !self.body.isEmpty { fields.append(HeaderField("grpc-message", Self.percentEncoded(self.body))) }
        fields.append(HeaderField("server", Self.server))
        fields += self.fields.filter { $0.name != "content-type" }
        return HTTPResponseHead(status: 200, fields: fields)
    }

    /// The bytes that follow the head; none for gRPC.
    package func payload(asGRPC: Bool) -> [UInt8] { asGRPC ? [] : self.body }

    /// What every response of a proxy of the mesh says in the field `server`, as Istio's do.
    package static let server = "istio-envoy"

    private var plainHead: HTTPResponseHead {
        var fields: [HeaderField] = []
        if self.status != 204, self.status != 304, self.status >= 200 {
            fields.append(HeaderField("content-length", String(self.body.count)))
            if !self.body.isEmpty, self.fields.first(named: "content-type") == nil {
                fields.append(HeaderField("content-type", "text/plain"))
            }
        }
        fields.append(HeaderField("server", Self.server))
        return HTTPResponseHead(status: self.status, fields: fields + self.fields)
    }

    /// As gRPC writes messages: everything but visible ASCII and the space is escaped, and the percent sign.
    private static func percentEncoded(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in bytes {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xf)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A text as it may stand in details, which are one word in a log.
    static func word(_ text: some StringProtocol) -> String {
        String(
            decoding: text.utf8.map { $0 > 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "_") },
            as: UTF8.self
        )
    }
}
