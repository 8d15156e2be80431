/// Messages of package `istio.workload`: the workloads and services of the mesh, as Istio's ambient mode sends them.
package enum IstioWorkload {
    /// The type URL of ``Address``.
    package static let addressTypeURL = "type.googleapis.com/istio.workload.Address"
}

extension IstioWorkload {
    /// One resource of the address stream: a workload or a service.
    package struct Address: ProtoMessage {
        /// The two kinds of address.
        package enum Kind: Hashable, Sendable {
            case workload(Workload)
            case service(Service)
        }

        /// Which of the two; nil when the sender knows a third kind.
        package var kind: Kind?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1:
                var value = Workload()
                if case .workload(let earlier) = self.kind { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.kind = .workload(value) }
            case 2:
                var value = Service()
                if case .service(let earlier) = self.kind { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.kind = .service(value) }
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.kind {
            case .workload(let value): writer.writeAlways(value, 1)
            case .service(let value): writer.writeAlways(value, 2)
            case nil: break
            }
        }
    }
}
