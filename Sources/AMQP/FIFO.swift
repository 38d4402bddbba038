/// A queue whose ends cost the same however long it is.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count || head > 1_024 && head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}
