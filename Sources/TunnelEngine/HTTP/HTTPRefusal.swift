/// Why an HTTP message is not accepted. Raw values are stable: they appear in logs and metrics.
///
/// What a request's sender gets to see of it, and what the access log says, are Envoy's: status, response flag, detail,
/// body.
package enum HTTPRefusal: String, Error, Sendable, Hashable, CaseIterable {
    // Lines and fields
    case lineInvalid = "line_invalid"
    case requestLineInvalid = "request_line_invalid"
    case statusLineInvalid = "status_line_invalid"
    case versionInvalid = "version_invalid"
    case methodInvalid = "method_invalid"
    case targetInvalid = "target_invalid"
    case schemeInvalid = "scheme_invalid"
    case fieldNameInvalid = "field_name_invalid"
    case fieldValueInvalid = "field_value_invalid"
    case fieldFolded = "field_folded"
    case notUTF8 = "not_utf8"
    case hostMissing = "host_missing"
    case hostRepeated = "host_repeated"
    case hostInvalid = "host_invalid"
    case hostMismatch = "host_mismatch"
    // Framing
    case lengthInvalid = "length_invalid"
    case lengthsDiffer = "lengths_differ"
    case lengthAndChunked = "length_and_chunked"
    case lengthMismatch = "length_mismatch"
    case transferEncodingUnknown = "transfer_encoding_unknown"
    case transferEncodingInHTTP10 = "transfer_encoding_in_http10"
    case chunkInvalid = "chunk_invalid"
    case chunkExtensionTooLong = "chunk_extension_too_long"
    case upgradeUnexpected = "upgrade_unexpected"
    // Limits
    case headTooLarge = "head_too_large"
    case tooManyFields = "too_many_fields"
    case tooManyInformational = "too_many_informational"
    case versionTooLow = "version_too_low"
    case headTimeout = "head_timeout"

    /// The status of the answer to a request.
    package var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields: 431
        case .transferEncodingUnknown: 501
        case .versionTooLow: 426
        case .headTimeout: 408
        default: 400
        }
    }

    /// The response flag for the access log, where a request is refused; `-` for none.
    package var flag: String {
        switch self {
        case .headTooLarge, .tooManyFields, .versionTooLow, .headTimeout, .hostMissing: "-"
        default: "DPE"
        }
    }

    /// The response code detail for the access log, where a request is refused.
    package var detail: String {
        switch self {
        case .headTooLarge: "request_headers_too_large"
        case .tooManyFields: "http.too_many_headers"
        case .versionTooLow: "low_version"
        case .headTimeout: "request_header_timeout"
        case .hostMissing: "missing_host_header"
        case .transferEncodingUnknown: "http1.invalid_transfer_encoding"
        case .lengthAndChunked: "http1.content_length_and_chunked_not_allowed"
        default: "http1.codec_error"
        }
    }

    /// The body of the answer to a request.
    package var body: String {
        switch self {
        case .versionTooLow, .headTimeout, .hostMissing: ""
        case .headTooLarge, .tooManyFields: "Request Header Fields Too Large"
        case .transferEncodingUnknown: "Not Implemented"
        default: "Bad Request"
        }
    }
}
