import Testing

@testable import Lab

@Suite struct ContainerCapabilitiesTests {
    private static func set(user: UInt32 = 0, add: [String] = [], drop: [String] = []) -> [String] {
        ContainerCapabilities(user: user, added: add, dropped: drop).boundingSet.split(separator: ",").map(String.init)
    }

    @Test func `root has Docker's list, with what is added and without what is dropped`() {
        #expect(Self.set().first == "-all" && Self.set().contains("+chown") && !Self.set().contains("+net_admin"))
        #expect(Self.set(add: ["NET_ADMIN"]).contains("+net_admin"))
        #expect(!Self.set(drop: ["CHOWN"]).contains("+chown"))
        #expect(Self.set(drop: ["ALL"]) == ["-all"])
        #expect(Self.set(add: ["NET_ADMIN"], drop: ["ALL"]) == ["-all", "+net_admin"])
    }

    @Test func `another user has none but what is added`() {
        #expect(Self.set(user: 15301) == ["-all"])
        #expect(Self.set(user: 15301, add: ["NET_RAW"]) == ["-all", "+net_raw"])
    }

    @Test func `all may be asked for, with exceptions`() {
        #expect(Self.set(add: ["ALL"], drop: ["SYS_ADMIN"]) == ["+all", "-sys_admin"])
    }

    @Test(arguments: ["net_admin", "CAP_NET_ADMIN", "", "ROOT"])
    func `refuses other names`(_ name: String) {
        #expect(throws: LabError.self) {
            try ContainerCapabilities.check([name]) { LabError(.containerUnsupported, $0) }
        }
    }
}
