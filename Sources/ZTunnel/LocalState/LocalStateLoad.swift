import DataPlane

/// A local state as it was read, and by what to tell whether the file has changed since.
package struct LocalStateLoad: Sendable {
    /// What was read.
    package var state: LocalState
    /// The file's stamp before it was read; nil for text that never changes.
    var stamp: FileStamp?

    /// Reads the source once.
    package init(_ source: LocalStateSource) throws(LocalStateError) {
        switch source {
        case .inline(let text):
            self.state = try LocalState(yaml: Array(text.utf8))
        case .file(let path):
            // Before the content, so that a change in between shows as one.
            self.stamp = FileStamp(path)
            guard let bytes = SmallFile.readBytes(path, limit: LocalState.byteLimit) else {
                throw LocalStateError("the file can't be read, or has more than \(LocalState.byteLimit) bytes")
            }
            self.state = try LocalState(yaml: bytes)
        }
    }
}
