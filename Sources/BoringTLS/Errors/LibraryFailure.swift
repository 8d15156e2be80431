internal import CNIOBoringSSL

/// The oldest entry of BoringSSL's error queue of this thread: the one nearest to the cause.
struct LibraryFailure {
    var library: UInt32
    var reason: UInt32
    var text: String

    /// Takes the first entry and empties the queue, so that it neither misleads the next caller nor keeps memory.
    static func take() -> LibraryFailure? {
        let packed = ERR_get_error()
        defer { ERR_clear_error() }
        guard packed != 0 else { return nil }
        let text = ERR_reason_error_string(packed).map { String(cString: $0) } ?? "unknown reason"
        return LibraryFailure(library: (packed >> 24) & 0xFF, reason: packed & 0xFFF, text: text)
    }

    /// The alert that the peer sent, where that is what ended the session.
    var alert: UInt32? {
        guard library == UInt32(ERR_LIB_SSL), reason >= UInt32(SSL_AD_REASON_OFFSET) else { return nil }
        return reason - UInt32(SSL_AD_REASON_OFFSET)
    }
}
