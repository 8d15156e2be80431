/// Writes leveled lines for one scope: a constant message and named facts.
///
/// Copies share output, format and levels; a change of levels takes effect at once everywhere.
package struct Log: Sendable {
    private let sink: @Sendable ([UInt8]) -> Void
    private let format: LogFormat
    private let scope: StaticString
    private let gate: Threshold.Gate
    /// Which lines are written; may be changed while the program runs.
    package let threshold: Threshold

    /// Makes a log.
    /// - Parameters:
    ///   - scope: the part of the program, such as `inbound`.
    ///   - format: plain or JSON.
    ///   - threshold: the shared levels.
    ///   - sink: takes each line with its newline; must not block.
    package init(
        scope: StaticString,
        format: LogFormat,
        threshold: Threshold,
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.scope = scope
        self.format = format
        self.threshold = threshold
        self.gate = threshold.gate(scope)
        self.sink = sink
    }

    /// The same log for another part of the program.
    package func scoped(_ scope: StaticString) -> Log {
        Log(scope: scope, format: self.format, threshold: self.threshold, sink: self.sink)
    }

    /// Whether lines of this level are written.
    package func isWritten(_ level: LogLevel) -> Bool { self.gate.isOpen(to: level) }

    /// Writes a line if its level is wanted; `fields` is not evaluated otherwise.
    package func write(
        _ level: LogLevel,
        _ message: StaticString,
        _ fields: @autoclosure () -> [LogField] = [],
        in span: LogSpan? = nil,
        time: Timestamp = .now()
    ) {
        guard self.isWritten(level) else { return }
        var line = LogLine(format: self.format, time: time, level: level, scope: self.scope, message: message, in: span)
        for field in fields() { line.add(field) }
        if let span { line.close(span) }
        self.sink(line.finished())
    }

    /// A human must act.
    package func error(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) {
        self.write(.error, message, fields())
    }

    /// Degraded but coping.
    package func warning(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) {
        self.write(.warning, message, fields())
    }

    /// A rare change of state.
    package func info(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) {
        self.write(.info, message, fields())
    }

    /// One line a connection at most.
    package func debug(_ message: StaticString, _ fields: @autoclosure () -> [LogField] = []) {
        self.write(.debug, message, fields())
    }
}
