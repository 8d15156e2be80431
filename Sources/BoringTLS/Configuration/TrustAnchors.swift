/// The roots that a peer's chain must lead to.
package struct TrustAnchors: Sendable, Hashable {
    /// The roots that could be read; never empty.
    package let certificates: [Certificate]
    /// One line for each part of the bundle that could not be used; worth a log line, at most 16 are kept.
    package let problems: [String]

    /// The most roots one bundle may hold.
    package static let limit = 64

    /// Reads a bundle of PEM certificates; broken ones are left out and reported, as long as one is good.
    ///
    /// - Parameter limit: how many roots are allowed; more than ``limit`` for a system's store only.
    /// - Throws: ``TLSError`` `invalid_configuration` when no certificate can be used, or there are too many.
    package init(pem: String, limit: Int = Self.limit) throws(TLSError) {
        let blocks: [PEMBlock]
        do {
            blocks = try PEMBlock.parse(pem)
        } catch {
            throw TLSError(.invalidConfiguration, "trust bundle: \(error)")
        }
        var certificates: [Certificate] = []
        var problems: [String] = []
        for (index, block) in blocks.enumerated() where block.label == "CERTIFICATE" {
            do {
                let certificate = try Certificate(der: block.bytes)
                if !certificates.contains(certificate) { certificates.append(certificate) }
            } catch {
                if problems.count < 16 { problems.append("trust bundle, block \(index + 1): \(error)") }
            }
        }
        try self.init(certificates, problems: problems, limit: limit)
    }

    /// Takes parsed roots.
    ///
    /// - Parameter limit: how many roots are allowed.
    /// - Throws: ``TLSError`` `invalid_configuration` when the list is empty or over ``limit``.
    package init(_ certificates: [Certificate], limit: Int = Self.limit) throws(TLSError) {
        try self.init(certificates, problems: [], limit: limit)
    }

    private init(_ certificates: [Certificate], problems: [String], limit: Int) throws(TLSError) {
        guard !certificates.isEmpty else {
            let why = problems.first.map { ": \($0)" } ?? ""
            throw TLSError(.invalidConfiguration, "trust bundle holds no usable PEM certificate\(why)")
        }
        guard certificates.count <= limit else {
            throw TLSError(
                .invalidConfiguration,
                "trust bundle holds \(certificates.count) certificates; at most \(limit) are allowed"
            )
        }
        self.certificates = certificates
        self.problems = problems
    }
}
