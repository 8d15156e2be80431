import Foundation
import Glibc

/// A container's control group in the unified hierarchy, named as the ECS agent names it.
///
/// `/proc/<pid>/cgroup` of a container's processes then ends with `/ecs/<task id>/<container id>`, which is how one
/// finds the processes of a container when only its id is known. The lab sets no limits in it.
package struct ControlGroup: Sendable {
    /// The directory of all tasks; it may be other labs' too.
    package let parent: String
    /// The task's own directory, with one directory a container in it.
    package let path: String

    /// The groups of a task under the hierarchy's mount point.
    package init(hierarchy: String, taskID: String) {
        self.parent = "\(hierarchy)/ecs"
        self.path = "\(self.parent)/\(taskID)"
    }

    /// Where cgroup2 is mounted and can be written; nil if it can't, as in most unprivileged containers.
    package static func hierarchy(mounts: String = "/proc/self/mountinfo") -> String? {
        guard let text = try? String(contentsOfFile: mounts, encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") {
            // Optional fields end with a lone dash; the file system's type follows it, the mount point is the fifth.
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2, halves[1].hasPrefix("cgroup2 ") else { continue }
            let fields = halves[0].split(separator: " ")
            guard fields.count >= 5 else { continue }
            let point = String(fields[4])
            if access(point, W_OK) == 0 { return point }
        }
        return nil
    }

    /// Makes the groups of the task's containers.
    package func make(containers: [String], ledger: Ledger) throws {
        if !FileManager.default.fileExists(atPath: self.parent) {
            try ledger.willMake(.emptyDirectory(path: self.parent))
        }
        try Self.makeDirectory(self.parent)
        try ledger.willMake(.controlGroup(path: self.path))
        try Self.makeDirectory(self.path)
        for container in containers { try Self.makeDirectory(self.path(of: container)) }
    }

    /// The group of one container.
    package func path(of container: String) -> String { "\(self.path)/\(container)" }

    /// Kills what is in a group and below it, and removes it.
    ///
    /// Fails if something is still there after two seconds.
    package static func remove(_ path: String) async throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        if let file = fopen("\(path)/cgroup.kill", "w") {
            fputs("1", file)
            fclose(file)
        }
        for _ in 0..<100 {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] { rmdir("\(path)/\(name)") }
            if rmdir(path) == 0 || errno == ENOENT { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LabError(.commandFailed, "can't remove \(path): \(String(cString: strerror(errno)))")
    }

    private static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw LabError(.commandFailed, "can't make \(path): \(String(cString: strerror(errno)))")
        }
    }
}
