/// What a metric says at a moment: a family, or a part of a large one.
///
/// Families are read into these, and text and exports are made from them.
package struct MetricReading: Sendable {
    /// What kind of metric it is.
    package enum Kind: Sendable {
        /// It only grows.
        case counter
        /// It goes up and down.
        case gauge
        /// Counts by upper bound, without the infinite one.
        case histogram(bounds: [Double])
    }

    /// What a series says.
    package enum Value: Sendable {
        /// A count.
        case count(UInt64)
        /// A whole number.
        case level(Int64)
        /// A number with a fraction.
        case number(Double)
        /// Counts by bucket, not cumulative, one more than bounds; and the sum of what was counted.
        case histogram(counts: [UInt64], sum: Double)
    }

    /// One series.
    package struct Point: Sendable {
        /// Label names.
        package let names: [String]
        /// Their values, by position.
        package let values: [String]
        /// What it says.
        package var value: Value

        /// Joins the parts.
        package init(names: [String], values: [String], value: Value) {
            self.names = names
            self.values = values
            self.value = value
        }
    }

    /// The family.
    package let name: String
    /// What it is, for people.
    package let help: String
    /// What kind of metric it is.
    package let kind: Kind
    /// Whether an earlier reading has begun the family.
    package var isContinued = false
    /// Whether labels without a value are shown in text.
    package var showsEmpty = false
    /// Whether whole bounds are shown without a fraction in text.
    package var hasPlainBounds = false
    /// The series.
    package var points: [Point]

    /// Joins the parts.
    package init(name: String, help: String, kind: Kind, points: [Point]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.points = points
    }
}

/// All metrics of a moment, read piece by piece.
package struct MetricReadings: Sendable {
    private let families: [any Readable]
    private var family = 0
    private var piece = 0

    init(families: [any Readable]) {
        // A family with many series fixes here which ones these readings have.
        self.families = families.map { $0.begin() }
    }

    /// The next reading, never empty; nil at the end.
    package mutating func next() -> MetricReading? {
        while self.family < self.families.count {
            let current = self.families[self.family]
            let reading = current.read(piece: self.piece)
            self.piece += 1
            if self.piece >= current.pieceCount {
                self.family += 1
                self.piece = 0
            }
            if let reading, !reading.points.isEmpty { return reading }
        }
        return nil
    }
}

/// Something that can be read as metrics.
protocol Readable: Sendable {
    /// The families that it has.
    var names: [String] { get }
    /// In how many pieces it is read.
    var pieceCount: Int { get }
    /// Reads one of the pieces; nil when there is nothing.
    func read(piece: Int) -> MetricReading?
    /// What one round of reading goes by.
    func begin() -> any Readable
}

extension Readable {
    var pieceCount: Int { 1 }

    func begin() -> any Readable { self }
}
