/// A reader of bytes from outside, with what must hold whatever the bytes are.
///
/// `make fuzz` runs each under libFuzzer; a Swift test replays the kept inputs of each on every build.
package struct FuzzTarget: Sendable {
    /// What the runner is told, and the folder of its inputs in `Fuzz/Corpus` and `Fuzz/Crashers`.
    package let name: String
    private let body: @Sendable ([UInt8]) throws(FuzzViolation) -> Void

    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws(FuzzViolation) -> Void) {
        self.name = name
        self.body = body
    }

    /// Gives the reader one input; throws when something that must hold does not. A trap ends the process.
    package func run(_ bytes: [UInt8]) throws(FuzzViolation) { try self.body(bytes) }

    /// All of them.
    package static let all =
        FuzzTarget.http2 + FuzzTarget.http1 + FuzzTarget.discovery + FuzzTarget.dns + FuzzTarget.capture
        + FuzzTarget.certificates + FuzzTarget.texts + FuzzTarget.configuration + FuzzTarget.telemetry
        + FuzzTarget.security

    /// The target of that name.
    package static func named(_ name: String) -> FuzzTarget? { self.all.first { $0.name == name } }
}

/// Something that must hold and did not.
package struct FuzzViolation: Error, CustomStringConvertible {
    /// What should have been.
    package let description: String

    /// Throws unless `condition` holds.
    static func unless(_ condition: Bool, _ text: @autoclosure () -> String) throws(FuzzViolation) {
        if !condition { throw FuzzViolation(description: text()) }
    }
}

/// Hands out an input piece by piece, so that one byte string steers choices and carries payloads.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.rest = bytes[...] }

    var isEmpty: Bool { self.rest.isEmpty }

    /// The next byte; 0 when none is left.
    mutating func byte() -> UInt8 { self.rest.popFirst() ?? 0 }

    /// The next `count` bytes, or as many as are left.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let piece = self.rest.prefix(count)
        self.rest = self.rest.dropFirst(count)
        return Array(piece)
    }

    /// All that is left, in pieces of sizes that the first byte chooses: whole, single bytes, or in between.
    mutating func pieces() -> [[UInt8]] {
        let sizes = [Int.max, 1, 2, 3, 7, 16, 64, 1_000]
        let size = sizes[Int(self.byte() & 7)]
        var pieces: [[UInt8]] = []
        while !self.isEmpty { pieces.append(self.bytes(size)) }
        return pieces
    }
}

/// Numbers that repeat from run to run.
struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state ^ (self.state >> 29)
    }
}
