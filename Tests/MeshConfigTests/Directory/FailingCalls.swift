import Foundation
import Synchronization

@testable import MeshConfig

/// The system's calls, some of which fail as told. Tests may run as root, who may read everything.
final class FailingCalls: Sendable {
    private let codes = Mutex<[String: Int32]>([:])
    private let root: String

    /// Calls about paths below a directory.
    init(root: String) throws { self.root = try FileSystem.realPath(root) }

    /// From now on listing a folder, or following a link, fails.
    func list(_ path: String, fails code: Int32?) { self.set("list", path, code) }

    /// From now on reading a file fails.
    func read(_ path: String, fails code: Int32?) { self.set("read", path, code) }

    /// From now on asking what a path is fails.
    func status(_ path: String, fails code: Int32?) { self.set("status", path, code) }

    private func set(_ call: String, _ path: String, _ code: Int32?) {
        let full = path.isEmpty ? self.root : "\(self.root)/\(path)"
        self.codes.withLock { $0["\(call) \(full)"] = code }
    }

    private func check(_ call: String, _ path: String) throws(FileSystem.Failure) {
        if let code = self.codes.withLock({ $0["\(call) \(path)"] }) { throw FileSystem.Failure(code) }
    }

    var calls: FileCalls {
        FileCalls(
            realPath: { (path) throws(FileSystem.Failure) in
                try self.check("list", path)
                return try FileSystem.realPath(path)
            },
            names: { (folder, limit) throws(FileSystem.Failure) in
                try self.check("list", folder)
                return try FileSystem.names(in: folder, limit: limit)
            },
            status: { (path) throws(FileSystem.Failure) in
                try self.check("status", path)
                return try FileSystem.status(path)
            },
            read: { (path, limit) throws(FileSystem.Failure) in
                try self.check("read", path)
                return try FileSystem.read(path, limit: limit)
            }
        )
    }
}
