import MeshProtos

/// Where a condition looks.
enum PayloadPlace: Hashable, Sendable {
    /// The whole body, as bytes.
    case body
    /// What the request says its body is.
    case type
    /// Any part of the body, by the number of the pattern among the policy's.
    case anywhere(Int)
    /// A value in JSON, by its number among the policy's pointers.
    case json(Int)
    /// A field of a form, by its number among the policy's.
    case form(Int)
}

/// How a value is compared.
enum PayloadTest: Sendable {
    case exists(Bool)
    case equals([String])
    case regex(RegularExpression)
    case startsWith([String])
    /// By the order of the value and a number.
    case number(String, fits: @Sendable (Int) -> Bool)
    /// In bytes for texts, in elements or members for others.
    case longer(than: Int)
    /// By one of these types.
    case media([MediaTypePattern])

    /// Whether a value fits.
    ///
    /// - Parameter converts: whether a text that is a number is one, as readers that convert have it.
    func fits(_ scalar: JSONScalar, converts: Bool) -> Bool {
        switch (self, scalar) {
        case (.exists(let wanted), _): return wanted
        case (.equals(let values), .string(let text)):
            return values.contains { value in
                value.utf8.elementsEqual(text.utf8) || (converts && JSONNumber.compare(text, value) == 0)
            }
        case (.equals(let values), .number(let text)):
            return values.contains { JSONNumber.compare(text, $0) == 0 }
        case (.equals(let values), .bool(let flag)): return values.contains(flag ? "true" : "false")
        case (.equals(let values), .null): return values.contains("null")
        case (.regex(let pattern), .string(let text)), (.regex(let pattern), .number(let text)):
            return pattern.matchesWhole(text)
        case (.startsWith(let starts), .string(let text)), (.startsWith(let starts), .number(let text)):
            return starts.contains { text.utf8.starts(with: $0.utf8) }
        case (.number(let bound, let fits), .number(let text)):
            return JSONNumber.compare(text, bound).map(fits) ?? false
        case (.number(let bound, let fits), .string(let text)):
            return converts && (JSONNumber.compare(text, bound).map(fits) ?? false)
        case (.longer(let count), .string(let text)), (.longer(let count), .number(let text)):
            return text.utf8.count > count
        case (.regex, _), (.startsWith, _), (.number, _), (.longer, _), (.media, _): return false
        }
    }

    /// Whether a list or object of so many parts fits.
    func fits(count: Int) -> Bool {
        switch self {
        case .exists(let wanted): wanted
        case .longer(let bound): count > bound
        default: false
        }
    }
}

/// A condition on one field of a body.
struct PayloadCondition: Sendable {
    let place: PayloadPlace
    let test: PayloadTest
    /// What holds where the field is missing, of the condition and of its opposite.
    let ifMissing: Bool

    /// Whether the condition, or its opposite, holds.
    ///
    /// Receivers may read a field differently: with its name in any case, a text as a number, the first or last of several
    /// values. Where the rule closes one reading that fits is enough, where it opens all have to fit.
    func holds(_ content: PayloadContent, isWide: Bool, isNegated: Bool) -> Bool {
        let outcomes = self.outcomes(content, isNegated)
        return isWide ? outcomes.contains(true) : !outcomes.contains(false)
    }

    private func outcomes(_ content: PayloadContent, _ isNegated: Bool) -> [Bool] {
        switch self.place {
        case .type:
            guard case .media(let types) = self.test else { return [isNegated] }
            // A request that names no type has none of these.
            guard !content.media.isEmpty else { return [isNegated] }
            return content.media.map { media in types.contains { $0.matches(media) } != isNegated }
        case .anywhere(let number):
            guard content.bytes > 0 else { return [self.missing(isNegated)] }
            return [content.found[number] != isNegated]
        case .body:
            switch self.test {
            case .longer(let count): return [(content.bytes > count) != isNegated]
            case .exists(let wanted): return [((content.bytes > 0) == wanted) != isNegated]
            default:
                guard content.bytes > 0 else { return [self.missing(isNegated)] }
                return self.outcomes(.string(content.text), isNegated)
            }
        case .json(let number):
            guard let value = content.values[number] else { return [self.missing(isNegated)] }
            var outcomes: [Bool]
            switch value.content {
            case .scalar(let scalar): outcomes = self.outcomes(scalar, isNegated)
            case .list(let count), .object(let count): outcomes = [self.test.fits(count: count) != isNegated]
            }
            if !value.isExact { outcomes.append(self.missing(isNegated)) }
            return outcomes
        case .form(let number):
            let values = content.fields[number]
            // A form knows texts only, so a number in one is a number.
            var outcomes = values.map { self.test.fits(.string($0.text), converts: true) != isNegated }
            if !values.contains(where: \.isExact) { outcomes.append(self.missing(isNegated)) }
            return outcomes
        }
    }

    private func outcomes(_ scalar: JSONScalar, _ isNegated: Bool) -> [Bool] {
        let plain = self.test.fits(scalar, converts: false) != isNegated
        guard case .string = scalar else { return [plain] }
        return [plain, self.test.fits(scalar, converts: true) != isNegated]
    }

    private func missing(_ isNegated: Bool) -> Bool {
        if case .exists(let wanted) = self.test { wanted == isNegated } else { self.ifMissing }
    }
}

/// A condition, or several of them joined.
indirect enum PayloadRule: Sendable {
    case all([PayloadRule])
    case any([PayloadRule])
    case none([PayloadRule])
    case field(PayloadCondition)

    /// Whether the rule, or its opposite, holds.
    func holds(_ content: PayloadContent, isWide: Bool, isNegated: Bool = false) -> Bool {
        switch (self, isNegated) {
        case (.all(let rules), false), (.any(let rules), true):
            rules.allSatisfy { $0.holds(content, isWide: isWide, isNegated: isNegated) }
        case (.any(let rules), false), (.all(let rules), true):
            rules.contains { $0.holds(content, isWide: isWide, isNegated: isNegated) }
        case (.none(let rules), false): rules.allSatisfy { $0.holds(content, isWide: isWide, isNegated: true) }
        case (.none(let rules), true): rules.contains { $0.holds(content, isWide: isWide, isNegated: false) }
        case (.field(let condition), _): condition.holds(content, isWide: isWide, isNegated: isNegated)
        }
    }
}

/// What was read of a body.
struct PayloadContent: Sendable {
    /// The bytes there were.
    var bytes = 0
    /// What the request says it is; of several types receivers may take any.
    var media: [MediaType] = []
    /// The bytes as text, where a rule needs them.
    var text = ""
    /// Whether each of the policy's patterns is anywhere in it.
    var found: [Bool] = []
    /// By pointer.
    var values: [PointedValue?] = []
    /// By form field.
    var fields: [[(text: String, isExact: Bool)]] = []
}
