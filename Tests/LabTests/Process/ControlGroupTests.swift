import Foundation
import Testing

@testable import Lab

@Suite struct ControlGroupTests {
    @Test func `finds the unified hierarchy among the mounts`() throws {
        let directory = NSTemporaryDirectory() + "tulle-mounts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let mounts = "\(directory)/mountinfo"
        func hierarchy(_ text: String) throws -> String? {
            try text.write(toFile: mounts, atomically: true, encoding: .utf8)
            return ControlGroup.hierarchy(mounts: mounts)
        }
        let first = "30 24 0:26 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n"
        #expect(try hierarchy(first) == nil)
        #expect(
            try hierarchy(first + "31 24 0:27 / \(directory) rw shared:10 master:1 - cgroup2 cgroup2 rw\n") == directory
        )
        #expect(try hierarchy("31 24 0:27 / /does/not/exist rw - cgroup2 cgroup2 rw\n") == nil)
        #expect(try hierarchy("torn - cgroup2\nline") == nil)
    }

    @Test func `is named as the agent names it`() {
        let group = ControlGroup(hierarchy: "/h", taskID: "t")
        #expect(group.path(of: "c") == "/h/ecs/t/c")
    }
}
