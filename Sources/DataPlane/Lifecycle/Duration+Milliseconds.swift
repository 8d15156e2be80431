extension Duration {
    /// The duration in whole milliseconds, at least 0.
    package var milliseconds: UInt64 {
        let parts = self.components
        let whole = parts.seconds.multipliedReportingOverflow(by: 1_000)
        guard !whole.overflow else { return parts.seconds < 0 ? 0 : UInt64(Int64.max) }
        return UInt64(max(0, whole.partialValue)) + UInt64(max(0, parts.attoseconds / 1_000_000_000_000_000))
    }
}
