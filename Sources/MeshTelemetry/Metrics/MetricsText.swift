/// The metrics text, made piece by piece as somebody takes it.
package struct MetricsText: Sendable {
    private let families: [any Expositional]
    private let format: ExpositionFormat
    private let stable: Set<String>?
    private var family = 0
    private var piece = 0
    private var isEnded = false

    init(families: [any Expositional], format: ExpositionFormat, stable: Set<String>?) {
        self.families = families.map { $0.beginText() }
        self.format = format
        self.stable = stable
    }

    /// The next piece, never empty; nil at the end.
    package mutating func next() -> [UInt8]? {
        while self.family < self.families.count {
            let current = self.families[self.family]
            var writer = ExpositionWriter(format: self.format, stable: self.stable)
            current.write(piece: self.piece, to: &writer)
            self.piece += 1
            if self.piece >= current.pieceCount {
                self.family += 1
                self.piece = 0
            }
            if !writer.bytes.isEmpty { return writer.bytes }
        }
        guard !self.isEnded else { return nil }
        self.isEnded = true
        let end = ExpositionWriter(format: self.format).finished()
        return end.isEmpty ? nil : end
    }
}
