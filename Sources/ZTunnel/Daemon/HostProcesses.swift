import DataPlane
import Glibc

/// Finds the processes of containers in `/proc`, for where nobody tells them.
struct HostProcesses {
    /// What of a process means something here.
    struct Found: Hashable {
        /// Its number.
        var process: Int32
        /// Where the task's credentials are.
        var credentialsPath: String?
    }

    /// The variable that says where a task's credentials are.
    static let credentialsVariable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    private static let groupBytes = 16 * 1_024
    private static let environmentBytes = 256 * 1_024

    /// Where `/proc` of the host is.
    let root: String
    /// Processes that are looked at.
    let limit: Int

    /// Finds the first process of each container of `ids`, which are whole container ids.
    func find(_ ids: Set<String>) -> [String: Found] {
        guard !ids.isEmpty, let directory = opendir(self.root) else { return [:] }
        defer { closedir(directory) }
        var first: [String: Int32] = [:]
        var seen = 0
        while seen < self.limit, let entry = readdir(directory) {
            guard let process = Self.number(entry) else { continue }
            seen += 1
            guard let id = self.containerIDs(of: process).first(where: { ids.contains($0) }) else { continue }
            first[id] = min(first[id] ?? process, process)
        }
        return first.mapValues { Found(process: $0, credentialsPath: self.credentialsPath(of: $0)) }
    }

    /// Whether the process is still one of the container, as far as its control groups tell: a number may be given to
    /// another process at any time.
    func isProcess(_ process: Int32, of containerID: String) -> Bool {
        let ids = self.containerIDs(of: process)
        return ids.isEmpty || ids.contains(containerID)
    }

    /// Whether there is such a process.
    func isAlive(_ process: Int32) -> Bool { access("\(self.root)/\(process)", F_OK) == 0 }

    /// The container ids in the names of a process's control groups.
    private func containerIDs(of process: Int32) -> [String] {
        let bytes = SmallFile.readBytes("\(self.root)/\(process)/cgroup", limit: Self.groupBytes)
        return bytes.map { Self.containerIDs(in: $0) } ?? []
    }

    /// The 64 digit ids in the text of a `cgroup` file, for version 1 and 2 and any driver.
    static func containerIDs(in bytes: [UInt8]) -> [String] {
        var ids: [String] = []
        for run in bytes.split(whereSeparator: { !(48...57).contains($0) && !(97...102).contains($0) })
        where run.count == 64 {
            let id = String(decoding: run, as: UTF8.self)
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private func credentialsPath(of process: Int32) -> String? {
        SmallFile.readBytes("\(self.root)/\(process)/environ", limit: Self.environmentBytes).flatMap {
            Self.credentialsPath(in: $0)
        }
    }

    /// The value of the variable in an `environ` file.
    static func credentialsPath(in bytes: [UInt8]) -> String? {
        let prefix = Array("\(self.credentialsVariable)=".utf8)
        guard let variable = bytes.split(separator: 0).first(where: { $0.starts(with: prefix) }) else { return nil }
        return String(validating: variable.dropFirst(prefix.count), as: UTF8.self)
    }

    private static func number(_ entry: UnsafeMutablePointer<dirent>) -> Int32? {
        withUnsafeBytes(of: &entry.pointee.d_name) { name in
            let digits = name.prefix { $0 != 0 }
            guard (1...10).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return Int32(String(decoding: digits, as: UTF8.self))
        }
    }
}
