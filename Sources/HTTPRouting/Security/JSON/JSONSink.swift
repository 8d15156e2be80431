/// A JSON value without parts.
package enum JSONScalar: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case string(String)
}

/// Takes what a ``JSONScanner`` reads, in the order of the text.
package protocol JSONSink {
    /// An object or array begins.
    mutating func open(isObject: Bool)
    /// The name of the member whose value follows.
    mutating func name(_ name: String)
    /// A value without parts.
    mutating func scalar(_ value: JSONScalar)
    /// The object or array ends that began last.
    mutating func close()
}
