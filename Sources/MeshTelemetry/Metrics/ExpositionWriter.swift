/// Writes metric families as text.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []
    private let format: ExpositionFormat
    /// Families that are promised to stay; nil where nothing is said about that.
    private let stable: Set<String>?

    init(format: ExpositionFormat, stable: Set<String>? = nil) {
        self.format = format
        self.stable = stable
    }

    /// The lines that open a family. OpenMetrics names a counter's family without `_total`.
    mutating func family(_ name: String, help: String, type: String) {
        let shown = self.format == .openMetrics && type == "counter" ? Self.withoutTotal(name) : name
        self.put("# HELP \(shown) ")
        self.putEscaped(help, quotes: self.format == .openMetrics)
        if let stable = self.stable, !stable.contains(name) { self.put(" (unstable)") }
        self.put("\n# TYPE \(shown) \(type)\n")
    }

    /// One sample. Labels whose value is empty are left out unless asked for: to a scraper they mean the same.
    mutating func sample(
        _ name: String,
        names: [String],
        values: [String],
        extra: (name: String, value: String)? = nil,
        value: String,
        showsEmpty: Bool = false
    ) {
        self.put(name)
        var isFirst = true
        for (label, text) in zip(names, values) where showsEmpty || !text.isEmpty {
            self.putLabel(label, text, isFirst: &isFirst)
        }
        if let extra {
            self.putLabel(extra.name, extra.value, isFirst: &isFirst)
        }
        if !isFirst { self.put("}") }
        self.put(" \(value)\n")
    }

    /// Ends the text.
    consuming func finished() -> [UInt8] {
        if self.format == .openMetrics { self.put("# EOF\n") }
        return self.bytes
    }

    /// A number as both formats read it.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }

    private mutating func putLabel(_ name: String, _ value: String, isFirst: inout Bool) {
        self.put(isFirst ? "{" : ",")
        isFirst = false
        self.put(name)
        self.put("=\"")
        self.putEscaped(value, quotes: true)
        self.put("\"")
    }

    private mutating func put(_ text: String) {
        self.bytes.append(contentsOf: text.utf8)
    }

    private mutating func putEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): self.put("\\\\")
            case UInt8(ascii: "\n"): self.put("\\n")
            case UInt8(ascii: "\"") where quotes: self.put("\\\"")
            default: self.bytes.append(byte)
            }
        }
    }

    private static func withoutTotal(_ name: String) -> String {
        name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
    }
}
