import Foundation

/// Reads small text files without trusting their size.
enum BoundedFile {
    /// Why a file was not read.
    enum Failure: Error, CustomStringConvertible {
        case unreadable(String)
        case tooLarge(limit: Int)
        case invalidText

        var description: String {
            switch self {
            case .unreadable(let reason): "cannot be read: \(reason)"
            case .tooLarge(let limit): "has more than \(limit) bytes"
            case .invalidText: "is not UTF-8 text"
            }
        }
    }

    static func text(_ path: String, limit: Int) throws(Failure) -> String {
        let data: Data?
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            data = try handle.read(upToCount: limit + 1)
        } catch {
            throw .unreadable(error.localizedDescription)
        }
        let bytes = data ?? Data()
        guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText }
        return text
    }
}
