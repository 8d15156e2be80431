// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Labels of a workload, as far as destinations ask for them: an extension of `istio.workload.Workload`.
    package struct WorkloadLabels: ProtoMessage {
        /// Labels.
        package var labels: [String: String] = [:]

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.labels, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.labels, 1)
        }
    }
}
