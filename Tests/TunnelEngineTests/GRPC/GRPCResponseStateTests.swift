import MeshModel
import Testing

@testable import TunnelEngine

struct GRPCResponseStateTests {
    private static let head = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc+proto")]

    private func data(_ state: inout GRPCResponseState, _ bytes: [UInt8], end: Bool = false) -> (GRPCStatus?, [[UInt8]])
    {
        var messages: [[UInt8]] = []
        let status = bytes.withUnsafeBytes { state.receive($0, endStream: end) { messages.append($0) } }
        return (status, messages)
    }

    @Test func followsACallToItsTrailers() {
        var state = GRPCResponseState(messageLimit: 100)
        #expect(state.receive(headers: [HTTP2Header(":status", "103")], endStream: false) == nil)
        #expect(state.receive(headers: Self.head, endStream: false) == nil)
        let (status, messages) = self.data(&state, [0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 0])
        #expect(status == nil)
        #expect(messages == [[9], []])
        #expect(state.receive(headers: [HTTP2Header("grpc-status", "0")], endStream: true) == GRPCStatus(.ok))
        #expect(state.receive(headers: [HTTP2Header("grpc-status", "1")], endStream: true) == nil)
    }

    @Test(arguments: [
        (
            [
                HTTP2Header(":status", "200"), HTTP2Header("grpc-status", "7"),
                HTTP2Header("grpc-message", "no%20way%0A"),
            ],
            GRPCStatus(.permissionDenied, "no way\n")
        ),
        ([HTTP2Header(":status", "200"), HTTP2Header("grpc-status", "99")], GRPCStatus(.unknown)),
        ([HTTP2Header(":status", "200"), HTTP2Header("grpc-status", "-1")], GRPCStatus(.unknown)),
        ([HTTP2Header(":status", "503")], GRPCStatus(.unavailable, "http status 503 without grpc-status")),
        ([HTTP2Header(":status", "401")], GRPCStatus(.unauthenticated, "http status 401 without grpc-status")),
        (
            [HTTP2Header(":status", "200"), HTTP2Header("content-type", "text/html")],
            GRPCStatus(.unknown, "content-type is not application/grpc")
        ),
        ([HTTP2Header("x", "y")], GRPCStatus(.internalError, "response without :status")),
        (Self.head, GRPCStatus(.unknown, "response without grpc-status")),
    ])
    func readsResponsesWithoutBody(_ headers: [HTTP2Header], _ status: GRPCStatus) {
        var state = GRPCResponseState(messageLimit: 100)
        #expect(state.receive(headers: headers, endStream: true) == status)
    }

    @Test func refusesDataBeforeHeaders() {
        var state = GRPCResponseState(messageLimit: 100)
        #expect(self.data(&state, [0]).0?.code == .internalError)
        #expect(self.data(&state, [0]).0 == nil)
    }

    @Test func givesUpOnAMessageOverTheLimit() {
        var state = GRPCResponseState(messageLimit: 2)
        _ = state.receive(headers: Self.head, endStream: false)
        let (status, messages) = self.data(&state, [0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 3])
        #expect(status == GRPCStatus(.resourceExhausted, "message of 3 bytes exceeds the limit of 2"))
        #expect(messages == [[1, 2]])
    }

    @Test func noticesAnEndWithinAMessageAndOneWithoutTrailers() {
        var cut = GRPCResponseState(messageLimit: 100)
        _ = cut.receive(headers: Self.head, endStream: false)
        _ = self.data(&cut, [0, 0])
        #expect(cut.receive(headers: [HTTP2Header("grpc-status", "0")], endStream: true)?.code == .internalError)
        var bare = GRPCResponseState(messageLimit: 100)
        _ = bare.receive(headers: Self.head, endStream: false)
        #expect(self.data(&bare, [], end: true).0?.code == .unknown)
    }
}
