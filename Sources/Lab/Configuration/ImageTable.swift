import Foundation

/// What stands for a container image in the lab: programs of the host.
///
/// An image without an entry runs its `entryPoint` and `command` as they are, with the host's files.
package struct ImageTable: Sendable, Equatable, Codable {
    /// One image: what it runs by itself, and files it has that the host hasn't.
    package struct Image: Sendable, Equatable, Codable {
        /// What is run if the definition has no entryPoint.
        package var entryPoint: [String]?
        /// What follows if the definition has neither entryPoint nor command.
        package var command: [String]?
        /// Environment below the definition's.
        package var environment: [String: String]?
        /// User if the definition names none.
        package var user: String?
        /// Path inside the image → file of the host. Each is copied to where any user can read it.
        package var files: [String: String]?
    }

    /// Image name → image. A name without tag or digest stands for all of them.
    package var images: [String: Image]

    package init(images: [String: Image]) { self.images = images }

    /// The entry for an image name: exact first, then without digest and tag.
    package func image(named name: String) -> Image {
        if let exact = self.images[name] { return exact }
        var bare = name.split(separator: "@", maxSplits: 1).first.map(String.init) ?? name
        if let found = self.images[bare] { return found }
        // A colon after the last slash begins a tag; one before it belongs to a registry's port.
        let last = bare.lastIndex(of: "/") ?? bare.startIndex
        if let colon = bare[last...].lastIndex(of: ":") { bare = String(bare[..<colon]) }
        return self.images[bare] ?? Image()
    }

    /// The table with another's entries put over it.
    package func merging(_ other: ImageTable) -> ImageTable {
        ImageTable(images: self.images.merging(other.images) { _, theirs in theirs })
    }

    /// Reads a lab configuration file: JSON with one key, `images`.
    package static func read(path: String) throws -> ImageTable {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LabError(.invalidConfiguration, "can't read configuration \(path)")
        }
        do {
            return try JSONDecoder().decode(ImageTable.self, from: data)
        } catch {
            throw LabError(
                .invalidConfiguration,
                "configuration \(path): write it as {\"images\": {\"<name>\": {\"entryPoint\": […]}}}: \(error)"
            )
        }
    }

    /// The images the lab brings itself.
    ///
    /// `scripts` is the project's scripts/lab directory, `programs` the directory of the built programs.
    package static func standard(scripts: String, programs: String) -> ImageTable {
        let workload = ["/usr/bin/python3", "/workload.py"]
        let files = ["/workload.py": "\(scripts)/images/workload.py"]
        func program(_ name: String) -> Image {
            Image(entryPoint: ["/\(name)"], files: ["/\(name)": "\(programs)/\(name)"])
        }
        return ImageTable(images: [
            "tulle/ztunnel": program("ztunnel"),
            "tulle/tulled": program("tulled"),
            "tulle/tulle": program("tulle"),
            "tulle/echo": Image(entryPoint: workload, command: ["http", "8080"], files: files),
            "tulle/workload": Image(entryPoint: workload, command: ["idle"], files: files),
            "curlimages/curl": Image(command: ["sleep", "infinity"]),
            "nginx": Image(
                command: ["nginx", "-p", ".", "-c", "/nginx.conf", "-g", "daemon off;"],
                files: ["/nginx.conf": "\(scripts)/images/nginx.conf"]
            ),
        ])
    }
}
