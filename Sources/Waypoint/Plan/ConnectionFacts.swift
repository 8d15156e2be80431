import HTTPRouting

/// What routing knows of a connection; policies of ztunnels have a type of that name, too.
typealias ConnectionFacts = HTTPRouting.ConnectionFacts
