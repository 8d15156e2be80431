import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

struct SOCKS5NegotiationTests {
    private static let greeting: [UInt8] = [5, 1, 0]
    private static let v4Request: [UInt8] = [5, 1, 0, 1, 10, 0, 0, 7, 0x1f, 0x90]
    private static let v6Request: [UInt8] =
        [5, 1, 0, 4] + [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1, 0, 80]

    private static func nameRequest(_ name: String, port: UInt16 = 80) -> [UInt8] {
        [5, 1, 0, 3, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(port >> 8), UInt8(port & 0xff)]
    }

    @Test(arguments: [
        (Self.v4Request, "10.0.0.7:8080"), (Self.v6Request, "[2001:db8::1]:80"),
        (Self.nameRequest("Echo.Demo."), "echo.demo:80"), (Self.nameRequest("192.0.2.9"), "192.0.2.9:80"),
        (
            Self.nameRequest(String(repeating: "a", count: 63) + "." + String(repeating: "b", count: 63), port: 65535),
            String(repeating: "a", count: 63) + "." + String(repeating: "b", count: 63) + ":65535"
        ),
    ])
    func readsTargets(_ request: [UInt8], _ target: String) {
        var socks = SOCKS5Negotiation()
        #expect(socks.receive(Self.greeting) == CaptureStep(output: [5, 0], next: .more))
        guard case .connect(let found) = socks.receive(request).next else {
            Issue.record("no target")
            return
        }
        #expect(found.description == target)
    }

    @Test func readsAnyFragmentation() {
        let wire = Self.greeting + Self.nameRequest("echo.demo")
        for cut in 0...wire.count {
            var socks = SOCKS5Negotiation()
            var output: [UInt8] = []
            var last = CaptureStep(next: .more)
            for part in [wire[..<cut], wire[cut...]] where !part.isEmpty {
                last = socks.receive(part)
                output += last.output
            }
            #expect(output == [5, 0])
            #expect(last.next == .connect(.name("echo.demo", port: 80)))
        }
    }

    @Test func keepsWhatFollowsTheRequest() {
        var socks = SOCKS5Negotiation()
        let step = socks.receive(Self.greeting + Self.v4Request + Array("hello".utf8))
        #expect(step.output == [5, 0])
        #expect(socks.early == Array("hello".utf8))
    }

    @Test(
        arguments: [
            ([4, 1, 0, 80], CaptureRefusal.socksMalformed, []),
            ([5, 0], .socksMethodRefused, [5, 0xff]),
            ([5, 2, 1, 2], .socksMethodRefused, [5, 0xff]),
            ([5, 1, 0, 4], .socksMalformed, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 2], .socksCommandRefused, [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 1], .socksMalformed, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 0, 2, 0], .socksAddressTypeRefused, [5, 0, 5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 0, 3, 0], .targetInvalid, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 0, 3, 1, 0xff, 0, 80], .targetInvalid, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 0, 3, 3, 0x61, 0, 0x62, 0, 80], .targetInvalid, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
            ([5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 0], .targetInvalid, [5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
        ] as [([UInt8], CaptureRefusal, [UInt8])]
    )
    func refuses(_ wire: [UInt8], _ refusal: CaptureRefusal, _ output: [UInt8]) {
        var socks = SOCKS5Negotiation()
        #expect(socks.receive(wire) == CaptureStep(output: output, next: .refuse(refusal)))
        #expect(socks.receive(Self.greeting).next == .more)
    }

    @Test(
        arguments: [
            (DialFailure.refused, 5), (.hostUnreachable, 4), (.networkUnreachable, 3), (.timedOut, 4),
            (.nameNotFound, 4),
            (.noHealthyUpstream, 4), (.denied, 2), (.tunnelFailed, 1), (.internalFailure, 1),
        ] as [(DialFailure, UInt8)]
    )
    func tellsWhyADialFailed(_ failure: DialFailure, _ code: UInt8) {
        var socks = SOCKS5Negotiation()
        _ = socks.receive(Self.greeting + Self.v4Request)
        #expect(socks.failed(failure) == [5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test func neverTrapsOnGarbage() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            var socks = SOCKS5Negotiation()
            for _ in 0..<4 {
                var bytes = (0..<Int.random(in: 0...24)).map { _ in UInt8.random(in: 0...7, using: &generator) }
                if Bool.random() { bytes.insert(contentsOf: Self.greeting, at: 0) }
                _ = socks.receive(bytes)
            }
        }
    }
}
