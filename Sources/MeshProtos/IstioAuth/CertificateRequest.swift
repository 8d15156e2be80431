/// Messages of package `istio.v1.auth`: the certificate service.
package enum IstioAuth {
    /// The path of the gRPC method.
    package static let createCertificatePath = "/istio.v1.auth.IstioCertificateService/CreateCertificate"
}

extension IstioAuth {
    /// `IstioCertificateRequest`: asks for a certificate.
    package struct CertificateRequest: ProtoMessage {
        /// The PKCS#10 request as PEM.
        package var csr = ""
        /// The lifetime asked for, in seconds.
        package var validityDuration: Int64 = 0
        /// Facts for the authority.
        package var metadata: GoogleProtobuf.Struct?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.csr, field)
            case 3: try reader.read(&self.validityDuration, field)
            case 4: try reader.read(&self.metadata, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.csr, 1)
            writer.write(self.validityDuration, 3)
            writer.write(self.metadata, 4)
        }
    }
}

extension IstioAuth {
    /// `IstioCertificateResponse`: the certificate.
    package struct CertificateResponse: ProtoMessage {
        /// PEM: the leaf, then the intermediates, one each; the last one is the root bundle.
        package var certificateChain: [String] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.certificateChain, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.certificateChain, 1)
        }
    }
}
