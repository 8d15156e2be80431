/// Why a connection or one of its streams failed.
///
/// A connection error ends the connection: GOAWAY is queued and every stream was reset. A stream error ends one
/// stream and is found in ``HTTP2Stream/failure``.
package struct HTTP2Error: Error, Sendable, Hashable {
    /// The code that goes on the wire.
    package var code: HTTP2ErrorCode
    /// What exactly was wrong: a closed set, fit for logs and metric labels.
    package var reason: Reason

    package init(_ code: HTTP2ErrorCode, _ reason: Reason) {
        self.code = code
        self.reason = reason
    }

    /// What was wrong. Raw values are stable: they appear in logs, metrics and GOAWAY debug data.
    package enum Reason: String, Sendable, CaseIterable {
        // Framing
        case badPreface = "bad_preface"
        case firstFrameNotSettings = "first_frame_not_settings"
        case frameTooLarge = "frame_too_large"
        case frameLengthWrong = "frame_length_wrong"
        case paddingTooLong = "padding_too_long"
        case frameOnStreamZero = "frame_on_stream_zero"
        case frameNotOnStreamZero = "frame_not_on_stream_zero"
        case frameOnIdleStream = "frame_on_idle_stream"
        case frameOnClosedStream = "frame_on_closed_stream"
        case streamIDInvalid = "stream_id_invalid"
        case pushPromiseRefused = "push_promise_refused"
        case continuationExpected = "continuation_expected"
        case continuationUnexpected = "continuation_unexpected"
        // Settings and flow control
        case settingInvalid = "setting_invalid"
        case initialWindowInvalid = "initial_window_invalid"
        case windowExceeded = "window_exceeded"
        case windowOverflow = "window_overflow"
        case windowIncrementZero = "window_increment_zero"
        case goAwayRaised = "goaway_raised"
        // Header compression
        case hpackTruncated = "hpack_truncated"
        case hpackIntegerTooLarge = "hpack_integer_too_large"
        case hpackIndexInvalid = "hpack_index_invalid"
        case hpackHuffmanInvalid = "hpack_huffman_invalid"
        case hpackTableSizeInvalid = "hpack_table_size_invalid"
        case headerListTooLarge = "header_list_too_large"
        case headerBlockTooLarge = "header_block_too_large"
        // Messages
        case headerNameInvalid = "header_name_invalid"
        case headerValueInvalid = "header_value_invalid"
        case headerForbidden = "header_forbidden"
        case hostMismatch = "host_mismatch"
        case pseudoHeaderUnknown = "pseudo_header_unknown"
        case pseudoHeaderDuplicate = "pseudo_header_duplicate"
        case pseudoHeaderMisplaced = "pseudo_header_misplaced"
        case pseudoHeaderMissing = "pseudo_header_missing"
        case pseudoHeaderInvalid = "pseudo_header_invalid"
        case trailersInvalid = "trailers_invalid"
        case dataBeforeHeaders = "data_before_headers"
        // Limits
        case tooManyStreams = "too_many_streams"
        case resetFlood = "reset_flood"
        case streamErrorFlood = "stream_error_flood"
        case controlFlood = "control_flood"
        case windowUpdateFlood = "window_update_flood"
        case unknownFrameFlood = "unknown_frame_flood"
        case emptyDataFlood = "empty_data_flood"
        case smallDataFlood = "small_data_flood"
        case continuationFlood = "continuation_flood"
        case outputFlood = "output_flood"
        // Ours
        case closedLocally = "closed_locally"
        case transportClosed = "transport_closed"
        case peerReset = "peer_reset"
        case peerGoAway = "peer_goaway"
        case reentrantReceive = "reentrant_receive"
    }
}

extension HTTP2Error: CustomStringConvertible {
    package var description: String { "\(self.code): \(self.reason.rawValue)" }
}
