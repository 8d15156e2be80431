import DataPlane
import MeshModel
import Testing
import ZTunnel

@Suite("Messages of a restart") struct RestartMessageTests {
    private static let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 15_008)

    @Test(
        "each reads as it was written",
        arguments: [
            RestartMessage.hello(process: 12), .end(count: 0), .ready, .draining, .refused("why not"),
            .socket(ListenerBook.Place(workload: nil, address: Self.address)),
            .socket(ListenerBook.Place(workload: "", address: Self.address)),
            .socket(ListenerBook.Place(workload: "task with blanks", address: Self.address)),
            .socket(ListenerBook.Place(workload: "-", address: Self.address)),
        ]
    )
    func roundTrip(_ message: RestartMessage) {
        #expect(RestartMessage(message.bytes) == message)
        #expect(message.bytes.count <= RestartMessage.byteLimit)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "hello 1", "tulle-restart/2 ready", "tulle-restart/1 ready now", "tulle-restart/1 hello 0",
            "tulle-restart/1 hello -1", "tulle-restart/1 hello 99999999999", "tulle-restart/1 socket 1.2.3.4 -",
            "tulle-restart/1 socket 1.2.3.4:5 task", "tulle-restart/1 end -1", "tulle-restart/1 end 9999999",
            "tulle-restart/1 refused \u{7}", "tulle-restart/1 ",
        ]
    )
    func refusal(_ text: String) {
        #expect(RestartMessage(Array(text.utf8)) == nil)
    }
}
