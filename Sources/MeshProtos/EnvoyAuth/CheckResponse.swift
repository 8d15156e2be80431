extension EnvoyAuth {
    /// Whether the request may pass.
    package struct CheckResponse: ProtoMessage {
        /// What comes with either answer.
        package enum Answer: Hashable, Sendable {
            /// What the client gets.
            case denied(DeniedResponse)
            /// What changes about the request.
            case ok(OKResponse)
        }

        /// OK lets it pass.
        package var status: GoogleRPCStatus?
        /// What comes with the answer; nil for nothing.
        package var answer: Answer?
        /// Facts for other filters.
        package var dynamicMetadata: GoogleProtobuf.Struct?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.status, field)
            case 2:
                var value = DeniedResponse()
                if case .denied(let earlier) = self.answer { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.answer = .denied(value) }
            case 3:
                var value = OKResponse()
                if case .ok(let earlier) = self.answer { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.answer = .ok(value) }
            case 4: try reader.read(&self.dynamicMetadata, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.status, 1)
            switch self.answer {
            case .denied(let value): writer.writeAlways(value, 2)
            case .ok(let value): writer.writeAlways(value, 3)
            case nil: break
            }
            writer.write(self.dynamicMetadata, 4)
        }
    }

    /// The answer that the client gets.
    package struct DeniedResponse: ProtoMessage {
        /// The status.
        package var status: HTTPStatus?
        /// Its fields.
        package var headers: [HeaderValueOption] = []
        /// Its body.
        package var body: String = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.status, field)
            case 2: try reader.read(&self.headers, field)
            case 3: try reader.read(&self.body, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.status, 1)
            writer.write(self.headers, 2)
            writer.write(self.body, 3)
        }
    }

    /// What changes about a request that passes, and about its response.
    package struct OKResponse: ProtoMessage {
        /// Fields of the request.
        package var headers: [HeaderValueOption] = []
        /// Fields that the request loses.
        package var headersToRemove: [String] = []
        /// Fields of the response.
        package var responseHeadersToAdd: [HeaderValueOption] = []
        /// Parameters of the query.
        package var queryParametersToSet: [QueryParameter] = []
        /// Parameters that the query loses.
        package var queryParametersToRemove: [String] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.read(&self.headers, field)
            case 5: try reader.read(&self.headersToRemove, field)
            case 6: try reader.read(&self.responseHeadersToAdd, field)
            case 7: try reader.read(&self.queryParametersToSet, field)
            case 8: try reader.read(&self.queryParametersToRemove, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.headers, 2)
            writer.write(self.headersToRemove, 5)
            writer.write(self.responseHeadersToAdd, 6)
            writer.write(self.queryParametersToSet, 7)
            writer.write(self.queryParametersToRemove, 8)
        }
    }

    /// A status.
    package struct HTTPStatus: ProtoMessage {
        /// The code.
        package var code: Int32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.code, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.code, 1)
        }
    }
}
