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

    /// A family, or a part of one.
    mutating func write(_ reading: MetricReading) {
        switch reading.kind {
        case .counter: self.open(reading, type: "counter")
        case .gauge: self.open(reading, type: "gauge")
        case .histogram: self.open(reading, type: "histogram")
        }
        for point in reading.points { self.write(point, of: reading) }
    }

    private mutating func open(_ reading: MetricReading, type: String) {
        if !reading.isContinued { self.family(reading.name, help: reading.help, type: type) }
    }

    private mutating func write(_ point: MetricReading.Point, of reading: MetricReading) {
        switch point.value {
        case .count(let count): self.sample(reading.name, point, reading, value: "\(count)")
        case .level(let level): self.sample(reading.name, point, reading, value: "\(level)")
        case .number(let number): self.sample(reading.name, point, reading, value: Self.text(number))
        case .histogram(let counts, let sum):
            guard case .histogram(let bounds) = reading.kind else { return }
            let texts = bounds.map { Self.bound($0, isPlain: reading.hasPlainBounds) } + ["+Inf"]
            var running: UInt64 = 0
            for (text, count) in zip(texts, counts) {
                running &+= count
                self.sample(reading.name + "_bucket", point, reading, bound: text, value: "\(running)")
            }
            self.sample(reading.name + "_sum", point, reading, value: Self.text(sum))
            self.sample(reading.name + "_count", point, reading, value: "\(running)")
        }
    }

    private static func bound(_ bound: Double, isPlain: Bool) -> String {
        if isPlain, let whole = UInt64(exactly: bound) { return "\(whole)" }
        return self.text(bound)
    }

    /// The lines that open a family. OpenMetrics names a counter's family without `_total`.
    private mutating func family(_ name: String, help: String, type: String) {
        let shown = self.format == .openMetrics && type == "counter" ? Self.withoutTotal(name) : name
        self.put("# HELP \(shown) ")
        self.putEscaped(help, quotes: self.format == .openMetrics)
        if let stable = self.stable, !stable.contains(name) { self.put(" (unstable)") }
        self.put("\n# TYPE \(shown) \(type)\n")
    }

    /// One sample. Labels whose value is empty are left out unless asked for: to a scraper they mean the same.
    private mutating func sample(
        _ name: String,
        _ point: MetricReading.Point,
        _ reading: MetricReading,
        bound: String? = nil,
        value: String
    ) {
        self.put(name)
        var isFirst = true
        for (label, text) in zip(point.names, point.values) where reading.showsEmpty || !text.isEmpty {
            self.putLabel(label, text, isFirst: &isFirst)
        }
        if let bound { self.putLabel("le", bound, isFirst: &isFirst) }
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
