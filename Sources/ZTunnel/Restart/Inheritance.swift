import Glibc
package import TunnelEngine

/// What a running ztunnel passed on to this one, which is about to take its place.
package struct Inheritance: Sendable {
    /// The connection to the running ztunnel: while it lasts, that one goes on serving.
    package let connection: OwnedDescriptor
    /// Its listening sockets.
    package let sockets: [ListenerBook.Entry]

    /// Why nothing was passed on.
    package enum Refusal: Error, Sendable, CustomStringConvertible {
        /// Nobody listens at the path: this is no restart.
        case nobody
        /// The socket could not be used.
        case socket(SocketError)
        /// Another user's process answers.
        case stranger(UInt32)
        /// It did not answer, or not all, in time.
        case timedOut
        /// It said something that this version does not understand.
        case malformed
        /// It does not want to be replaced.
        case refused(String)

        package var description: String {
            switch self {
            case .nobody: "no ztunnel runs"
            case .socket(let error): "\(error)"
            case .stranger(let user): "user \(user) answers, and not our own"
            case .timedOut: "the running ztunnel did not answer in time"
            case .malformed: "the running ztunnel said something unknown; it may be of another version"
            case .refused(let reason): "the running ztunnel refused: \(reason)"
            }
        }
    }

    /// The most sockets that are taken over.
    static let socketLimit = 100_000

    /// Asks the ztunnel that listens at `path` for its sockets; waits for its answer, before any thread runs.
    package init(path: String, milliseconds: Int = 5_000) throws(Refusal) {
        let end = Self.now + milliseconds
        do throws(SocketError) {
            self.connection = OwnedDescriptor(try UnixSocket.connect(path, .packets))
        } catch {
            throw error.code == ENOENT || error.code == ECONNREFUSED ? .nobody : .socket(error)
        }
        guard let user = UnixSocket.peerUser(self.connection.number) else { throw .nobody }
        guard user == geteuid() else { throw .stranger(user) }
        do throws(SocketError) {
            try UnixSocket.send(RestartMessage.hello(process: getpid()).bytes, to: self.connection.number)
        } catch {
            throw .socket(error)
        }
        var sockets: [ListenerBook.Entry] = []
        while true {
            let message = try Self.next(self.connection.number, until: end)
            switch RestartMessage(message.bytes) {
            case .socket(let place):
                guard message.descriptors.count == 1, let socket = message.descriptors.first,
                    Socket.isListening(socket.number), sockets.count < Self.socketLimit
                else { throw .malformed }
                sockets.append((place, socket))
            case .end(let count):
                guard count == sockets.count else { throw .malformed }
                self.sockets = sockets
                return
            case .refused(let reason): throw .refused(reason)
            default: throw .malformed
            }
        }
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    private static func next(_ descriptor: Int32, until end: Int) throws(Refusal) -> UnixMessage {
        while true {
            let message: UnixMessage
            do throws(SocketError) {
                message = try UnixSocket.receive(descriptor, capacity: RestartMessage.byteLimit)
            } catch {
                guard error.code == EAGAIN || error.code == EINTR else { throw .socket(error) }
                let left = end - Self.now
                guard left > 0 else { throw .timedOut }
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&wait, 1, Int32(clamping: left))
                continue
            }
            // An empty message is the end: the other side is gone.
            guard !message.bytes.isEmpty else { throw .nobody }
            guard !message.isCut else { throw .malformed }
            return message
        }
    }
}
