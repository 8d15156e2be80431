/// Messages of package `istio.workload.zds`: how a node agent hands a ztunnel the pods of its node.
package enum IstioZDS {}

extension IstioZDS {
    /// `ZdsHello`: the first message of a connection, from the ztunnel.
    package struct Hello: ProtoMessage {
        /// The protocol's version; 1 is the only one.
        package var version: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.version, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) { writer.write(self.version, 1) }
    }

    /// `WorkloadInfo`: who a pod is.
    package struct WorkloadInfo: ProtoMessage {
        /// The pod's name.
        package var name = ""
        /// Its namespace.
        package var namespace = ""
        /// Its service account.
        package var serviceAccount = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.namespace, field)
            case 3: try reader.read(&self.serviceAccount, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.namespace, 2)
            writer.write(self.serviceAccount, 3)
        }
    }

    /// `AddWorkload`: serve this pod; its network namespace comes as a descriptor with the message.
    package struct AddWorkload: ProtoMessage {
        /// What tells the pod from all others.
        package var uid = ""
        /// Who it is.
        package var info: WorkloadInfo?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.uid, field)
            case 2: try reader.read(&self.info, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.uid, 1)
            writer.write(self.info, 2)
        }
    }

    /// `DelWorkload`: the pod is gone.
    package struct DeleteWorkload: ProtoMessage {
        /// Which pod.
        package var uid = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.read(&self.uid, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) { writer.write(self.uid, 2) }
    }

    /// `KeepWorkload`: the pod is still there, but its namespace can't be sent again.
    package struct KeepWorkload: ProtoMessage {
        /// Which pod.
        package var uid = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.uid, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) { writer.write(self.uid, 1) }
    }

    /// `SnapshotSent`: all pods that are there now have been named.
    package struct SnapshotSent: ProtoMessage {
        package init() {}
        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            try reader.skip(field)
        }
        package func encode(into writer: inout ProtoWriter) {}
    }
}

extension IstioZDS {
    /// `WorkloadRequest`: one demand of the node agent.
    package struct WorkloadRequest: ProtoMessage {
        /// What is demanded.
        package enum Payload: Hashable, Sendable {
            case add(AddWorkload)
            case delete(DeleteWorkload)
            case snapshotSent(SnapshotSent)
            case keep(KeepWorkload)
        }

        /// The demand; nil for one that we don't know.
        package var payload: Payload?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1:
                var add: AddWorkload?
                try reader.read(&add, field)
                if let add { self.payload = .add(add) }
            case 2:
                var delete: DeleteWorkload?
                try reader.read(&delete, field)
                if let delete { self.payload = .delete(delete) }
            case 3:
                var sent: SnapshotSent?
                try reader.read(&sent, field)
                if let sent { self.payload = .snapshotSent(sent) }
            case 5:
                var keep: KeepWorkload?
                try reader.read(&keep, field)
                if let keep { self.payload = .keep(keep) }
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.payload {
            case .add(let add): writer.writeAlways(add, 1)
            case .delete(let delete): writer.writeAlways(delete, 2)
            case .snapshotSent(let sent): writer.writeAlways(sent, 3)
            case .keep(let keep): writer.writeAlways(keep, 5)
            case nil: break
            }
        }
    }
}
