/// The metrics text, made piece by piece as somebody takes it.
package struct MetricsText: Sendable {
    private var readings: MetricReadings
    private let format: ExpositionFormat
    private let stable: Set<String>?
    private var isEnded = false

    init(readings: MetricReadings, format: ExpositionFormat, stable: Set<String>?) {
        self.readings = readings
        self.format = format
        self.stable = stable
    }

    /// The next piece, never empty; nil at the end.
    package mutating func next() -> [UInt8]? {
        if let reading = self.readings.next() {
            var writer = ExpositionWriter(format: self.format, stable: self.stable)
            writer.write(reading)
            return writer.bytes
        }
        guard !self.isEnded else { return nil }
        self.isEnded = true
        let end = ExpositionWriter(format: self.format).finished()
        return end.isEmpty ? nil : end
    }
}
