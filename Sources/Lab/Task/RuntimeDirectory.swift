import Foundation
import Glibc
import Synchronization

/// A directory that every user of the machine may read, for what containers run and where they start.
///
/// The project may lie under a home directory that unprivileged containers can't enter, so programs are copied here.
package final class RuntimeDirectory: Sendable {
    /// Absolute path.
    package let root: String
    private let lock = Mutex(())

    /// The directory of the lab with this id; nothing is made yet.
    package init(labID: String) { self.root = "/tmp/tulle-lab-\(labID)" }

    /// Makes the directory; the ledger knows of it before.
    package func make(ledger: Ledger) throws {
        try ledger.willMake(.directory(path: self.root))
        // Fails if something is there already: then it isn't ours, and /tmp is everyone's.
        guard mkdir(self.root, 0o755) == 0 else {
            throw LabError(.foreignResource, "can't make \(self.root): \(String(cString: strerror(errno)))")
        }
        chmod(self.root, 0o755)
    }

    /// Copies an image's files to where containers find them, if they changed since the last copy.
    package func install(_ image: ImageTable.Image, named name: String) throws {
        for (inside, source) in image.files ?? [:] {
            let target = ContainerPlan.copyPath(of: inside, image: name, runtime: self.root)
            try self.lock.withLock { _ in
                var original = stat()
                guard stat(source, &original) == 0 else {
                    throw LabError(
                        .notFound,
                        "image \(name) needs \(source): \(String(cString: strerror(errno))); build it first, or give the"
                            + " image another file in the lab's configuration"
                    )
                }
                var copy = stat()
                if stat(target, &copy) == 0, copy.st_size == original.st_size,
                    copy.st_mtim.tv_sec >= original.st_mtim.tv_sec
                {
                    return
                }
                let directory = (target as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                chmod("\(self.root)/images", 0o755)
                chmod(directory, 0o755)
                try ProgramFile.copy(from: source, to: target)
            }
        }
    }

    /// Makes the directory that a container starts in, owned by its user.
    package func makeScratch(_ plan: ContainerPlan) throws {
        guard plan.directory.hasPrefix("\(self.root)/") else { return }
        try FileManager.default.createDirectory(atPath: plan.directory, withIntermediateDirectories: true)
        var path = (plan.directory as NSString).deletingLastPathComponent
        while path.count > self.root.count {
            chmod(path, 0o755)
            path = (path as NSString).deletingLastPathComponent
        }
        chmod(plan.directory, 0o700)
        chown(plan.directory, plan.user, plan.group)
    }

    /// Removes what a task had here.
    package func removeScratch(taskID: String) {
        try? FileManager.default.removeItem(atPath: "\(self.root)/tasks/\(taskID)")
    }
}
