/// Why a server ends a stream.
package enum XDSStreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first request has no node id: INVALID_ARGUMENT.
    case nodeMissing
    /// The client asks for more types than ``XDSStreamLimits/types``: RESOURCE_EXHAUSTED.
    case tooManyTypes
    /// The client asks for more names than ``XDSStreamLimits/names``: RESOURCE_EXHAUSTED.
    case tooManyNames
    /// A name is longer than ``XDSStreamLimits/nameBytes``: INVALID_ARGUMENT.
    case nameTooLong
    /// The client fell so far behind that what was removed since is not remembered: ABORTED. It comes back and says what it has.
    case tooFarBehind

    /// The gRPC status code.
    package var grpcStatus: Int {
        switch self {
        case .nodeMissing, .nameTooLong: 3
        case .tooManyTypes, .tooManyNames: 8
        case .tooFarBehind: 10
        }
    }

    package var description: String {
        switch self {
        case .nodeMissing: "the first request of a stream must have node.id"
        case .tooManyTypes: "too many resource types on one stream"
        case .tooManyNames: "too many resource names on one stream"
        case .nameTooLong: "a resource name or type URL is too long"
        case .tooFarBehind: "the stream is too far behind; reconnect with initial_resource_versions"
        }
    }
}

/// What one stream may cost the server.
package struct XDSStreamLimits: Hashable, Sendable {
    /// How many types. Default 8.
    package var types = 8
    /// How many names of one type may be asked for on demand; the server keeps them. Default 64 Ki.
    package var names = 1 << 16
    /// How many resources of one type may be listed as held; the server compares them and forgets them. Default 1 Mi.
    package var versions = 1 << 20
    /// The longest name or type URL, in bytes: a namespace, a slash and a host name, with room. Default 512.
    package var nameBytes = 512
    /// The longest text kept of a rejection, in bytes. Default 512.
    package var errorBytes = 512

    /// The default limits.
    package init() {}
}
