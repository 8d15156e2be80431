/// The rules of all policies of one kind, with an index by principals.
struct AccessRuleSet: Sendable {
    /// How many policies there are, also those without a rule that can fit.
    private(set) var policies = 0
    private(set) var rules: [AccessRule] = []
    private var byPrincipal: [String: [Int]] = [:]
    private var others: [Int] = []

    /// Adds a policy's rules.
    mutating func add(_ rules: [AccessRule]) {
        self.policies += 1
        for rule in rules {
            let place = self.rules.count
            self.rules.append(rule)
            guard let principals = rule.principals else {
                self.others.append(place)
                continue
            }
            for principal in Set(principals) { self.byPrincipal[principal, default: []].append(place) }
        }
    }

    /// The places of the rules that some request of the connection can fit, in their order.
    func candidates(_ subject: inout AccessSubject) -> [Int] {
        var places: [Int] = []
        if let principal = subject.principals.first, let own = self.byPrincipal[principal] { places = own }
        places += self.others
        places = places.filter { self.rules[$0].canHold(&subject) }
        places.sort()
        return places
    }

    /// The first rule of `places` that the request fits.
    func first(of places: [Int], _ subject: inout AccessSubject) -> PolicyRule? {
        for place in places where self.rules[place].holds(&subject) { return self.rules[place].origin }
        return nil
    }
}
