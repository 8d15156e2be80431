/// Which end of a connection we are.
package enum HTTP2Role: Sendable {
    /// Opens streams.
    case client
    /// Answers them.
    case server
}

/// One HTTP/2 connection (RFC 9113) without I/O: bytes go in by ``receive(_:now:)``, events come out to the owners,
/// and bytes to send wait in ``output``.
///
/// DATA takes no buffer here: arriving payload is handed on from the caller's buffer, and leaving payload is sent by
/// the caller behind nine bytes of ``writeDataHeader(_:length:endStream:into:)``. Confined to one event loop.
///
/// State is marked `@exclusivity(unchecked)`, here and in ``HTTP2Stream`` and ``HTTP2Output``: the checks at run time
/// took most of a DATA frame's time. No access lasts across a call to an owner, so none can overlap.
package final class HTTP2Connection {
    /// Client or server.
    package let role: HTTP2Role
    /// The limits in force.
    package let limits: HTTP2Limits
    /// Control frames and header blocks to send. Send all of it before any DATA.
    package let output = HTTP2Output()
    /// Who hears of the connection.
    @exclusivity(unchecked) package weak var owner: (any HTTP2ConnectionOwner)?

    // MARK: What the connection is

    /// Why the connection ended; nil while it works.
    @exclusivity(unchecked) package internal(set) var failure: HTTP2Error?
    /// The peer's stream limit: 100 until its SETTINGS arrive, then what they say.
    @exclusivity(unchecked) package internal(set) var peerMaxConcurrentStreams = 100
    /// The peer's SETTINGS allow extended CONNECT (RFC 8441).
    @exclusivity(unchecked) package internal(set) var peerAllowsExtendedConnect = false
    /// The peer's SETTINGS arrived.
    @exclusivity(unchecked) package internal(set) var hasPeerSettings = false
    /// The GOAWAY we sent last; nil before. Server: streams above it are ignored.
    @exclusivity(unchecked) var sentGoAwayID: UInt32?
    /// The GOAWAY that arrived last.
    @exclusivity(unchecked) var receivedGoAwayID: UInt32?
    @exclusivity(unchecked) var isStarted = false
    @exclusivity(unchecked) var isReceiving = false

    // MARK: Streams

    @exclusivity(unchecked) var streams = HTTP2StreamTable()
    @exclusivity(unchecked) var closedStreams: HTTP2ClosedStreams
    /// Client: the identifier of the next stream.
    @exclusivity(unchecked) var nextStreamID: UInt32 = 1
    /// Server: the highest identifier that the peer used.
    @exclusivity(unchecked) var lastPeerStreamID: UInt32 = 0
    /// Streams that wait for the connection's window, in turn.
    @exclusivity(unchecked) var blocked: [HTTP2Stream] = []

    // MARK: Windows and settings

    @exclusivity(unchecked) var sendWindow = HTTP2Window.initial
    @exclusivity(unchecked) var receiveWindow = HTTP2Window.initial
    @exclusivity(unchecked) var unclaimedBytes = 0
    @exclusivity(unchecked) var peerInitialWindow = HTTP2Window.initial
    @exclusivity(unchecked) var peerMaxFrame = HTTP2FrameHeader.defaultMaxLength
    @exclusivity(unchecked) var peerMaxHeaderList = Int.max
    @exclusivity(unchecked) var unansweredSettings = 0
    @exclusivity(unchecked) var unansweredPings = 0
    @exclusivity(unchecked) var encoder = HPACKEncoder()
    @exclusivity(unchecked) var decoder: HPACKDecoder

    // MARK: Limits

    @exclusivity(unchecked) var flood: HTTP2FloodGuard
    @exclusivity(unchecked) var answers = HTTP2WaitingAnswers()

    // MARK: Reading

    @exclusivity(unchecked) var phase: Phase
    /// Bytes left of what ``phase`` reads.
    @exclusivity(unchecked) var remaining = 0
    /// The frame being read.
    @exclusivity(unchecked) var frame = HTTP2FrameHeader(length: 0, type: .data, streamID: 0)
    /// The first bytes of a frame header that arrived in pieces.
    @exclusivity(unchecked) var headBytes: UInt64 = 0
    @exclusivity(unchecked) var headCount = 0
    /// Where DATA goes.
    @exclusivity(unchecked) var dataStream: HTTP2Stream?
    @exclusivity(unchecked) var padding = 0
    /// Payload that arrived in pieces. Never more than one header block.
    @exclusivity(unchecked) var assembly: [UInt8] = []
    @exclusivity(unchecked) var continuation: HTTP2Continuation?
    /// Counts calls of `receive`.
    @exclusivity(unchecked) var readCount: UInt64 = 0

    /// What the next byte belongs to.
    enum Phase { case preface, frameHeader, padLength, data, payload, skip }

    /// A connection that has sent nothing yet; call ``start()``. `owner` is held weakly.
    package init(role: HTTP2Role, limits: HTTP2Limits, owner: (any HTTP2ConnectionOwner)? = nil) {
        let limits = limits.clamped
        self.role = role
        self.limits = limits
        self.owner = owner
        self.closedStreams = HTTP2ClosedStreams(capacity: limits.rememberedStreams)
        self.decoder = HPACKDecoder(listLimit: limits.headerListBytes)
        self.flood = HTTP2FloodGuard(limits: limits)
        self.phase = role == .server ? .preface : .frameHeader
        self.remaining = role == .server ? HTTP2Preface.bytes.utf8CodeUnitCount : 0
    }

    /// Open streams.
    package var activeStreams: Int { self.streams.count }

    /// No new streams: the connection failed, or one side said GOAWAY.
    package var isClosing: Bool {
        self.failure != nil || self.sentGoAwayID != nil || self.receivedGoAwayID != nil
    }

    /// ``openStream(headers:endStream:owner:)`` would find a free stream.
    package var canOpenStream: Bool {
        self.role == .client && self.isStarted && !self.isClosing
            && self.streams.count < self.peerMaxConcurrentStreams && self.nextStreamID <= 0x7fff_ffff
    }

    var isFailed: Bool { self.failure != nil }
}

/// The bytes that a client sends first (RFC 9113 §3.4).
enum HTTP2Preface {
    static let bytes: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
}

/// Counts the answers in ``HTTP2Connection/output`` that the peer has not read: a lower bound, never too high.
///
/// One answer is the fence. While it waits, everything behind it waits too.
struct HTTP2WaitingAnswers {
    private var fence: UInt64 = 0
    /// Bytes of answers behind the fence.
    private(set) var bytes = 0

    /// An answer of `count` bytes is about to be appended.
    mutating func queue(_ count: Int, in output: HTTP2Output) {
        if output.consumedBytes >= self.fence {
            self.fence = output.consumedBytes &+ UInt64(output.count + count)
            self.bytes = 0
        } else {
            self.bytes += count
        }
    }
}

/// A header block that goes on in CONTINUATION frames.
struct HTTP2Continuation {
    var streamID: UInt32
    var endStream: Bool
    var frames = 0
}

/// How recent streams ended, so that frames still under way are told from violations. The oldest are forgotten.
struct HTTP2ClosedStreams {
    enum Ending { case ended, resetByUs, resetByPeer }

    private let capacity: Int
    private var entries: [(id: UInt32, ending: Ending)] = []
    private var next = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// How that stream ended; nil when it is forgotten or was never open.
    func ending(of id: UInt32) -> Ending? {
        self.entries.last { $0.id == id }?.ending
    }

    mutating func remember(_ id: UInt32, _ ending: Ending) {
        if self.entries.count < self.capacity {
            self.entries.append((id, ending))
        } else {
            self.entries[self.next] = (id, ending)
            self.next = (self.next + 1) % self.capacity
        }
    }
}
