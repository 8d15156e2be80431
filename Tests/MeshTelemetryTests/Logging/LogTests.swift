import Synchronization
import Testing

@testable import MeshTelemetry

/// Keeps what was logged.
final class LineRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { self.kept.withLock { $0 } }

    func log(_ format: LogFormat, level: LogLevel = .info) -> Log {
        Log(scope: "test", format: format, threshold: Log.Threshold(level)) { line in
            self.kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }
}

struct LogTests {
    private let recorder = LineRecorder()
    private let time = Timestamp(seconds: 0)

    @Test func writesPlainLines() {
        self.recorder.log(.plain).write(
            .warning,
            "peer refused",
            [LogField("peer", .bare("10.0.0.1:80")), LogField("reason", "no \"luck\""), LogField("tries", 3)],
            time: self.time
        )
        #expect(
            self.recorder.lines == [
                "1970-01-01T00:00:00.000000Z\twarn\ttest\tpeer refused\t"
                    + "peer=10.0.0.1:80 reason=\"no \\\"luck\\\"\" tries=3\n"
            ]
        )
    }

    @Test func writesJSONLines() {
        self.recorder.log(.json).write(
            .error,
            "peer refused",
            [LogField("peer", .bare("10.0.0.1:80")), LogField("tries", -3)],
            time: self.time
        )
        #expect(
            self.recorder.lines == [
                #"{"level":"error","time":"1970-01-01T00:00:00.000000Z","scope":"test","message":"peer refused","#
                    + #""peer":"10.0.0.1:80","tries":-3}"# + "\n"
            ]
        )
    }

    @Test func showsOnlyWantedLevelsAndFollowsChanges() {
        let log = self.recorder.log(.plain, level: .warning)
        log.info("one")
        log.warning("two")
        log.threshold.set(.debug)
        log.scoped("other").debug("three")
        let shown = self.recorder.lines.map { $0.split(separator: "\t").dropFirst().joined(separator: " ") }
        #expect(shown == ["warn test two\n", "debug other three\n"])
    }

    @Test func givesAScopeALevelOfItsOwn() throws {
        let log = self.recorder.log(.plain)
        let access = log.scoped("access")
        log.threshold.filter = try LogFilter(parsing: "error,access=debug,dns=off")
        #expect(access.isWritten(.debug))
        #expect(!log.isWritten(.warning))
        #expect(!log.scoped("dns").isWritten(.error))
        log.threshold.reset()
        #expect(log.isWritten(.info))
        #expect(!access.isWritten(.debug))
    }

    @Test func showsWhatALineBelongsTo() {
        let span = LogSpan("inbound", [LogField("id", "4bf9"), LogField("peer", .bare("10.0.0.1:4"))])
        for format in LogFormat.allCases {
            self.recorder.log(format).write(.info, "cut", [LogField("tries", 1)], in: span, time: self.time)
        }
        #expect(
            self.recorder.lines == [
                "1970-01-01T00:00:00.000000Z\tinfo\ttest:inbound{id=\"4bf9\" peer=10.0.0.1:4}\tcut\ttries=1\n",
                #"{"level":"info","time":"1970-01-01T00:00:00.000000Z","scope":"test","message":"cut","tries":1,"#
                    + #""inbound":{"id":"4bf9","peer":"10.0.0.1:4"}}"# + "\n",
            ]
        )
    }

    @Test func neverEvaluatesTheFactsOfASilentLine() {
        var evaluated = false
        func fields() -> [LogField] {
            evaluated = true
            return []
        }
        self.recorder.log(.plain).debug("quiet", fields())
        #expect(!evaluated)
    }

    @Test(arguments: LogFormat.allCases)
    func keepsForgedLinesInsideTheirField(_ format: LogFormat) {
        let hostile = "a\n1970 error\r\u{2028}\u{1b}[31m\u{85}"
        self.recorder.log(format).info("x", [LogField("v", hostile), LogField("b", .bare(hostile))])
        let line = self.recorder.lines.first ?? ""
        #expect(line.filter { $0 == "\n" }.count == 1)
        let escaped = #""a\n1970 error\r\u2028\u001b[31m\u0085""#
        #expect(line.components(of: escaped) == 2)
    }

    @Test func cutsLongText() {
        let limit = LogLine.maximumValueBytes
        self.recorder.log(.plain).info("x", [LogField("v", String(repeating: "é", count: limit))])
        #expect(self.recorder.lines.first?.hasSuffix("\"" + String(repeating: "é", count: limit / 2) + "…\"\n") == true)
    }

    @Test func showsTextAtTheLimitWhole() {
        let text = String(repeating: "x", count: LogLine.maximumValueBytes)
        self.recorder.log(.plain).info("x", [LogField("v", text)])
        #expect(self.recorder.lines.first?.hasSuffix("\"\(text)\"\n") == true)
    }
}

extension String {
    /// How often `part` occurs without overlap.
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
