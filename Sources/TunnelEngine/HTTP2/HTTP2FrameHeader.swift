/// The nine bytes before every frame (RFC 9113 §4.1).
struct HTTP2FrameHeader: Equatable {
    /// Bytes of the header itself.
    static let byteCount = 9
    /// The largest payload before SETTINGS allow more.
    static let defaultMaxLength = 16_384

    var length: Int
    var type: UInt8
    var flags: UInt8
    var streamID: UInt32

    init(length: Int, type: FrameType, flags: UInt8 = 0, streamID: UInt32) {
        self.length = length
        self.type = type.rawValue
        self.flags = flags
        self.streamID = streamID
    }

    /// Reads nine bytes at `offset`; the caller has checked that they are there.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        let head = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let last = bytes[offset + 8]
        self.init(head: head, last: last)
    }

    /// The header whose first eight bytes are `head`, most significant first, and whose ninth is `last`.
    @inline(__always)
    init(head: UInt64, last: UInt8) {
        self.length = Int(head >> 40)
        self.type = UInt8(truncatingIfNeeded: head >> 32)
        self.flags = UInt8(truncatingIfNeeded: head >> 24)
        // The top bit is reserved and ignored.
        self.streamID = (UInt32(truncatingIfNeeded: head & 0xff_ffff) << 8 | UInt32(last)) & 0x7fff_ffff
    }

    /// Writes nine bytes.
    @inline(__always)
    func write(to memory: UnsafeMutableRawPointer) {
        let head =
            UInt64(UInt32(truncatingIfNeeded: self.length) & 0xff_ffff) << 40 | UInt64(self.type) << 32
            | UInt64(self.flags) << 24 | UInt64(self.streamID >> 8)
        memory.storeBytes(of: head.bigEndian, as: UInt64.self)
        memory.storeBytes(of: UInt8(truncatingIfNeeded: self.streamID), toByteOffset: 8, as: UInt8.self)
    }

    @inline(__always)
    func has(_ flag: UInt8) -> Bool { self.flags & flag != 0 }

    /// The frame types of RFC 9113 §6.
    enum FrameType: UInt8 {
        case data = 0
        case headers = 1
        case priority = 2
        case rstStream = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    /// The flags of RFC 9113 §6; ACK and END_STREAM share a bit.
    enum Flag {
        static let endStream: UInt8 = 0x1
        static let ack: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    /// The settings of RFC 9113 §6.5.2 and RFC 8441.
    enum Setting {
        static let headerTableSize: UInt16 = 0x1
        static let enablePush: UInt16 = 0x2
        static let maxConcurrentStreams: UInt16 = 0x3
        static let initialWindowSize: UInt16 = 0x4
        static let maxFrameSize: UInt16 = 0x5
        static let maxHeaderListSize: UInt16 = 0x6
        static let enableConnectProtocol: UInt16 = 0x8
    }
}
