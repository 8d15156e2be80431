/// One stream of a connection: its state and windows. Lives from its HEADERS to its close.
///
/// Confined to the event loop of its connection.
package final class HTTP2Stream {
    /// The identifier on the wire; odd, as only clients open streams.
    package let id: UInt32
    /// Who hears of this stream. Held strongly until the stream closes, then let go.
    @exclusivity(unchecked) package var owner: (any HTTP2StreamOwner)? {
        didSet { if self.isClosed, self.owner != nil { self.owner = nil } }
    }
    /// We sent END_STREAM, or the stream is closed.
    @exclusivity(unchecked) package internal(set) var isSendClosed = false
    /// The peer sent END_STREAM, or the stream is closed.
    @exclusivity(unchecked) package internal(set) var isReceiveClosed = false
    /// Both directions ended, or one side reset the stream: no further events.
    @exclusivity(unchecked) package internal(set) var isClosed = false
    /// Why the stream was cut; nil while it lives and after a clean end.
    @exclusivity(unchecked) package internal(set) var failure: HTTP2Error.Reason?

    /// A CONNECT stream: after the answer it carries bytes only.
    @exclusivity(unchecked) var isTunnel = false
    /// Server: final response sent. Client: final response received.
    @exclusivity(unchecked) var isAnswered = false
    /// Bytes that we may still send; negative after the peer lowered its initial window.
    @exclusivity(unchecked) var sendWindow: Int
    /// Bytes that the peer may still send.
    @exclusivity(unchecked) var receiveWindow: Int
    /// Bytes given to the owner that it has not consumed yet.
    @exclusivity(unchecked) var heldBytes = 0
    /// Bytes consumed that the peer has not been told of.
    @exclusivity(unchecked) var unclaimedBytes = 0
    /// The read in which the last DATA frame arrived.
    @exclusivity(unchecked) var lastRead: UInt64 = 0
    @exclusivity(unchecked) var waiting = Waiting.notAtAll

    /// Which window the owner waits for.
    enum Waiting { case notAtAll, forStream, forConnection }

    init(id: UInt32, sendWindow: Int, receiveWindow: Int) {
        self.id = id
        self.sendWindow = sendWindow
        self.receiveWindow = receiveWindow
    }
}
