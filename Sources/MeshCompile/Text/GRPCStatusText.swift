/// gRPC's statuses by name or number, as VirtualServices write them.
enum GRPCStatusText {
    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// The number; UNKNOWN for what is no status.
    static func number(_ text: String) -> UInt32 {
        if let number = DecimalText.number(text), number < Self.names.count { return number }
        return Self.names.firstIndex(of: text).map { UInt32($0) } ?? 2
    }
}
