/// Takes a sandbox back to how it was before a run.
///
/// It works when no process of the program is left, so that what was emptied stays empty. That it has
/// worked is for ``ResetProof`` to show.
struct SandboxReset: ~Copyable {
    private let workingDirectory: WritablePlace
    private let scratchPlaces: [WritablePlace]

    /// Names all directories that programs can write to.
    init(workingDirectory: WritablePlace, scratchPlaces: [WritablePlace]) {
        self.workingDirectory = workingDirectory
        self.scratchPlaces = scratchPlaces
    }

    /// All the directories that programs can write to.
    var places: [WritablePlace] { [workingDirectory] + scratchPlaces }

    /// Empties all but the working directory, and sets the times of devices.
    ///
    /// It comes before the output is collected: what a program has put there counts towards the
    /// memory limit, of which the agent needs a little.
    func emptyScratchPlaces() throws(UncleanSandbox) {
        for place in scratchPlaces { try place.empty() }
        try DeviceTimes.reset()
    }

    /// Empties the working directory.
    func emptyWorkingDirectory() throws(UncleanSandbox) {
        try workingDirectory.empty()
    }
}
