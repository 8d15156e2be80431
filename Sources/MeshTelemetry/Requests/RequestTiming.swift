/// When the parts of a request happened, in microseconds after its first byte; what did not happen is nil.
package struct RequestTiming: Sendable {
    /// A moment of a request.
    package enum Point: Int, CaseIterable, Sendable {
        /// The first byte from the client.
        case requestBegin
        /// The last byte from the client.
        case requestEnd
        /// A connection to the backend was begun.
        case connectBegin
        /// It stood.
        case connectEnd
        /// Its handshake was done.
        case handshakeEnd
        /// The first byte to the backend.
        case forwardBegin
        /// The last byte to the backend.
        case forwardEnd
        /// The first byte from the backend.
        case answerBegin
        /// The last byte from the backend.
        case answerEnd
        /// The first byte to the client.
        case responseBegin
        /// The last byte to the client.
        case responseEnd

        /// The name in the access log's `COMMON_DURATION`.
        package var name: String {
            switch self {
            case .requestBegin: "DS_RX_BEG"
            case .requestEnd: "DS_RX_END"
            case .connectBegin: "US_CX_BEG"
            case .connectEnd: "US_CX_END"
            case .handshakeEnd: "US_HS_END"
            case .forwardBegin: "US_TX_BEG"
            case .forwardEnd: "US_TX_END"
            case .answerBegin: "US_RX_BEG"
            case .answerEnd: "US_RX_END"
            case .responseBegin: "DS_TX_BEG"
            case .responseEnd: "DS_TX_END"
            }
        }
    }

    /// The mark of what did not happen; a request of half a million years reads as unfinished.
    private static let none = UInt64.max

    private var points = InlineArray<11, UInt64>(repeating: Self.none)

    /// Nothing but the beginning.
    package init() { self.points[Point.requestBegin.rawValue] = 0 }

    /// Microseconds from the first byte to `point`.
    package subscript(_ point: Point) -> UInt64? {
        get {
            let value = self.points[point.rawValue]
            return value == Self.none ? nil : value
        }
        set { self.points[point.rawValue] = newValue ?? Self.none }
    }

    /// Microseconds between two points; nil unless both happened, in that order.
    package func between(_ first: Point, _ second: Point) -> UInt64? {
        guard let begin = self[first], let end = self[second], end >= begin else { return nil }
        return end - begin
    }
}
