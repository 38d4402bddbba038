import Glibc

/// The inputs that one decoder was fed, and what they cost.
struct FuzzingSession {
    private let decoder: FuzzedDecoder
    private let start = ContinuousClock.now
    private var inputs = 0
    private var memoryAtStart = 0
    /// In microseconds of processor time, whatever else runs on the machine.
    private var slowest = (time: 0, length: 0)

    init(_ decoder: FuzzedDecoder) {
        self.decoder = decoder
    }

    /// Feeds an input, and ends the process when a property does not hold.
    mutating func feed(_ input: [UInt8]) {
        let begin = clock()
        do {
            try decoder.check(input)
        } catch {
            fatalError("this does not hold: \(error)")
        }
        let time = clock() - begin
        if time > slowest.time { slowest = (time, input.count) }
        inputs += 1
        // By then every path has been taken that allocates once.
        if inputs == 10_000 { memoryAtStart = Self.peakMemory }
    }

    /// Prints a line for people.
    func printSummary() {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print(
            """
            \(decoder.rawValue): \(inputs) inputs in \(Int(seconds)) s, \
            \(Int(Double(inputs) / seconds)) inputs/s; peak memory \(memoryAtStart >> 10) MiB \
            after 10000 inputs, \(Self.peakMemory >> 10) MiB at the end; slowest input \
            \(slowest.time) us, of \(slowest.length) bytes
            """
        )
    }

    /// The most memory this process held, in KiB (getrusage(2)).
    private static var peakMemory: Int {
        var usage = rusage()
        let ourselves: CInt = 0
        unsafe getrusage(ourselves, &usage)
        return usage.ru_maxrss
    }
}
