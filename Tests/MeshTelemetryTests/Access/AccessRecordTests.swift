import Testing

@testable import MeshTelemetry

struct AccessRecordTests {
    private let recorder = LineRecorder()

    private var full: AccessRecord {
        var record = AccessRecord(direction: .outbound)
        record.source.address = "10.0.0.1:40000"
        record.source.workload = "shell"
        record.source.namespace = "demo"
        record.source.identity = "spiffe://cluster.local/ns/demo/sa/shell"
        record.source.cluster = "demo"
        record.destination.address = "10.0.0.2:15008"
        record.destination.workload = "echo"
        record.destination.namespace = "demo"
        record.destination.identity = "spiffe://cluster.local/ns/demo/sa/echo"
        record.destination.cluster = "demo"
        record.hboneAddress = "10.0.0.2:8080"
        record.service = "echo.demo.mesh.internal"
        record.bytesSent = 74
        record.bytesReceived = .max
        record.durationMilliseconds = 12
        return record
    }

    private func body(_ line: String?) -> Substring? { line?.split(separator: "\t").last }

    @Test func writesAllFieldsInOrder() {
        self.full.write(to: self.recorder.log(.plain))
        #expect(
            self.body(self.recorder.lines.first) == """
                src.addr=10.0.0.1:40000 src.workload="shell" src.namespace="demo" \
                src.identity="spiffe://cluster.local/ns/demo/sa/shell" src.cluster="demo" \
                dst.addr=10.0.0.2:15008 dst.hbone_addr=10.0.0.2:8080 dst.service="echo.demo.mesh.internal" \
                dst.workload="echo" dst.namespace="demo" dst.identity="spiffe://cluster.local/ns/demo/sa/echo" \
                dst.cluster="demo" direction="outbound" bytes_sent=74 bytes_recv=9223372036854775807 duration="12ms"

                """
        )
    }

    @Test func leavesOutWhatIsNotKnown() {
        AccessRecord(direction: .inbound).write(to: self.recorder.log(.plain))
        let body = "direction=\"inbound\" bytes_sent=0 bytes_recv=0 duration=\"0ms\"\n"
        #expect(self.body(self.recorder.lines.first) == Substring(body))
        #expect(self.recorder.lines.first?.contains("\tinfo\ttest\tconnection complete\t") == true)
    }

    @Test func endsWithTheFailureAndItsCode() {
        var record = self.full
        record.failure = .init(code: "policy_denied", message: "policy demo/deny refused it")
        record.write(to: self.recorder.log(.plain))
        let line = self.recorder.lines.first
        #expect(line?.hasSuffix("error=\"policy demo/deny refused it\" error.code=\"policy_denied\"\n") == true)
        #expect(line?.contains("\terror\ttest\tconnection complete\t") == true)
    }

    @Test func writesJSON() {
        AccessRecord(direction: .inbound).write(to: self.recorder.log(.json))
        let tail = #""direction":"inbound","bytes_sent":0,"bytes_recv":0,"duration":"0ms"}"# + "\n"
        #expect(self.recorder.lines.first?.hasSuffix(tail) == true)
    }

    @Test func writesThatAConnectionBeganAtDebugOnly() {
        self.full.writeOpened(to: self.recorder.log(.plain))
        #expect(self.recorder.lines.isEmpty)
        self.full.writeOpened(to: self.recorder.log(.plain, level: .debug))
        let line = self.recorder.lines.first ?? ""
        #expect(line.contains("\tdebug\ttest\tconnection opened\tsrc.addr=10.0.0.1:40000 "))
        #expect(line.hasSuffix("direction=\"outbound\"\n"))
    }

    @Test func writesAnEarlyRefusalWithAddressesOnly() {
        var record = self.full
        record.failure = .init(code: "recursive_call", message: "attempted recursive call to ourselves")
        record.writeRefused(to: self.recorder.log(.plain))
        let line = self.recorder.lines.first ?? ""
        #expect(line.contains("\twarn\ttest\tconnection failed\t"))
        #expect(
            self.body(line) == """
                src.addr=10.0.0.1:40000 dst.addr=10.0.0.2:15008 direction="outbound" \
                error="attempted recursive call to ourselves" error.code="recursive_call"

                """
        )
    }

    @Test func endsWithTheTraceWhereThereIsOne() {
        var record = AccessRecord(direction: .inbound)
        record.traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
        record.write(to: self.recorder.log(.json))
        let tail = #""duration":"0ms","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"# + "\n"
        #expect(self.recorder.lines.first?.hasSuffix(tail) == true)
    }

    @Test func givesCollectorsTheSameFields() {
        var record = AccessRecord(direction: .outbound)
        record.source.workload = "shell"
        record.bytesSent = 5
        record.durationMilliseconds = 12
        record.failure = .init(code: "policy_denied", message: "refused")
        let exported = record.exported(time: 7, isRefused: false, trace: nil)
        #expect(exported.body == "connection complete")
        #expect(exported.time == 7)
        #expect(
            exported.fields.map(\.name) == [
                "src.workload", "direction", "bytes_sent", "bytes_recv", "duration", "error", "error.code",
            ]
        )
        #expect(exported.fields.first { $0.name == "bytes_sent" }?.value == .number(5))
        #expect(exported.fields.first { $0.name == "duration" }?.value == .text("12ms"))
        #expect(record.exported(time: 7, isRefused: true, trace: nil).body == "connection failed")
    }
}
