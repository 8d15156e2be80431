import MeshModel

/// What two ztunnels say to each other when one takes over from the other: one packet each, with at most one socket.
///
/// The new one says hello and gets every listening socket. When it serves all of them it says that it is ready; then the
/// old one takes no more connections and ends when its own have ended.
package enum RestartMessage: Hashable, Sendable {
    /// New to old: the first message; with the process's number.
    case hello(process: Int32)
    /// Old to new: a listening socket comes along.
    case socket(ListenerBook.Place)
    /// Old to new: so many sockets were sent.
    case end(count: Int)
    /// New to old: everything is served here now.
    case ready
    /// Old to new, as an answer to ready.
    case draining
    /// Old to new: there will be no takeover.
    case refused(String)

    /// The most bytes of a message.
    package static let byteLimit = 1_024

    private static let prefix = "tulle-restart/1 "

    /// The message's bytes.
    package var bytes: [UInt8] {
        let text =
            switch self {
            case .hello(let process): "hello \(process)"
            case .socket(let place): "socket \(place.address) \(place.workload.map { "=\($0)" } ?? "-")"
            case .end(let count): "end \(count)"
            case .ready: "ready"
            case .draining: "draining"
            case .refused(let reason): "refused \(reason)"
            }
        return Array((Self.prefix + text).utf8)
    }

    /// Reads a message; nil when it is none of this version.
    package init?(_ bytes: [UInt8]) {
        let prefix = Array(Self.prefix.utf8)
        guard bytes.count <= Self.byteLimit, bytes.starts(with: prefix) else { return nil }
        let rest = bytes.dropFirst(prefix.count)
        guard rest.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        let text = String(decoding: rest, as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? parts[1] : nil
        switch (parts.first ?? "", value) {
        case ("hello", let value?):
            guard let process = Int32(value), process > 0 else { return nil }
            self = .hello(process: process)
        case ("socket", let value?):
            let words = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2, let address = SocketAddress(parsing: words[0]) else { return nil }
            if words[1] == "-" {
                self = .socket(ListenerBook.Place(workload: nil, address: address))
            } else {
                guard words[1].hasPrefix("=") else { return nil }
                self = .socket(ListenerBook.Place(workload: String(words[1].dropFirst()), address: address))
            }
        case ("end", let value?):
            guard let count = Int(value), (0...1_000_000).contains(count) else { return nil }
            self = .end(count: count)
        case ("refused", let value?): self = .refused(String(value))
        case ("ready", nil): self = .ready
        case ("draining", nil): self = .draining
        default: return nil
        }
    }
}
