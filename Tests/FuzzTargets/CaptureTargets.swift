import DataPlane
import ZTunnel

extension FuzzTarget {
    /// What applications and our own small HTTP endpoints' clients send.
    static let capture = [
        FuzzTarget("proxy-negotiation") { bytes throws(FuzzViolation) in try Self.negotiate(bytes) },
        FuzzTarget("http-server") { bytes throws(FuzzViolation) in
            var input = FuzzInput(bytes)
            var state = HTTPServerState()
            var requests = 0
            for piece in input.pieces() {
                if case .request = state.receive(piece) { requests += 1 }
            }
            try FuzzViolation.unless(requests <= 1, "\(requests) requests on one connection")
        },
        FuzzTarget("http-client") { bytes throws(FuzzViolation) in
            var input = FuzzInput(bytes)
            let limit = 1_024
            var state = HTTPClientState(bodyLimit: limit)
            var steps = input.pieces().map { state.receive($0) }
            steps.append(state.ended())
            let ends = steps.filter { $0 != .more }
            try FuzzViolation.unless(ends.count == 1, "\(ends.count) outcomes of one request")
            if case .response(let response)? = ends.first {
                try FuzzViolation.unless(response.body.count <= limit, "a body of \(response.body.count) bytes")
                try FuzzViolation.unless((100...999).contains(response.status), "status \(response.status)")
            }
        },
    ]

    /// SOCKS 5 and HTTP: either refuses, or asks for one destination and passes early bytes on unchanged.
    private static func negotiate(_ bytes: [UInt8]) throws(FuzzViolation) {
        var input = FuzzInput(bytes)
        let choice = input.byte()
        var negotiation = ExplicitProxyNegotiation()
        var output = 0
        var pieces = input.pieces()[...]
        while let piece = pieces.popFirst() {
            let step = negotiation.receive(piece)
            output += step.output.count
            try FuzzViolation.unless(output < 8_192, "\(output) bytes of answers")
            switch step.next {
            case .more: continue
            case .refuse: return
            case .connect(let target):
                if case .name(let name, let port) = target {
                    try FuzzViolation.unless(
                        (1...253).contains(name.utf8.count) && port > 0 && !name.utf8.contains { $0 <= 0x20 },
                        "the target \(name):\(port)"
                    )
                }
                guard choice & 0x80 == 0 else {
                    _ = negotiation.failed(DialFailure.allCases[Int(choice & 7)])
                    return
                }
                let request = negotiation.requestBody
                let early = negotiation.connected().toUpstream
                if var body = request {
                    for piece in pieces {
                        let count = body.count(of: piece)
                        try FuzzViolation.unless((0...piece.count).contains(count), "\(count) of \(piece.count) bytes")
                    }
                } else {
                    try FuzzViolation.unless(bytes.count >= early.count, "more early bytes than came")
                    try FuzzViolation.unless(piece.suffix(early.count).elementsEqual(early), "early bytes changed")
                }
                return
            }
        }
    }
}
