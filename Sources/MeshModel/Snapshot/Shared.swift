/// A value on the heap that copies share until one of them changes it.
///
/// For values of many fields that are handed around with each connection: a copy costs one reference.
package struct Shared<Value: Sendable>: Sendable {
    /// `@unchecked Sendable`: it is changed only while one holder has it.
    private final class Box: @unchecked Sendable {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    /// Puts a value on the heap.
    package init(_ value: Value) { self.box = Box(value) }

    /// The value; changing it copies it first where others share it.
    package var value: Value {
        get { self.box.value }
        _modify {
            if !isKnownUniquelyReferenced(&self.box) { self.box = Box(self.box.value) }
            yield &self.box.value
        }
    }

    /// Whether both are copies of one, which nobody has changed since.
    package func isSame(as other: Shared) -> Bool { self.box === other.box }
}

extension Shared: Equatable where Value: Equatable {
    package static func == (left: Shared, right: Shared) -> Bool { left.isSame(as: right) || left.value == right.value }
}

extension Shared: Hashable where Value: Hashable {
    package func hash(into hasher: inout Hasher) { self.value.hash(into: &hasher) }
}
