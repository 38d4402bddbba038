internal import Glibc
internal import SandboxProtocol

/// The program that is process 1 of each sandbox: it runs one program at a time for the worker.
public struct Agent: ~Copyable {
    private let sandbox: Sandbox
    private var unclean: UncleanSandbox?

    /// Prepares the sandbox; ends the process if that is impossible.
    public init(_ options: AgentOptions) {
        do {
            sandbox = try Sandbox(options)
        } catch {
            fail("\(error)")
        }
    }

    /// Serves the worker until it closes the stream.
    public mutating func serve() -> Never {
        sandbox.channel.send(.ready(version: FrameLimits.protocolVersion))
        sandbox.channel.flush()
        while true {
            switch sandbox.nextCommand() {
            case .run(let run): execute(run)
            case .probe(let nonce): sandbox.channel.answer(nonce)
            // The run has just ended by itself.
            case .cancel: break
            case .input: fail("the worker sent input outside a run")
            }
        }
    }

    /// Runs a program and takes the sandbox back to how it was.
    ///
    /// The reply leaves in one write, with the proof of the reset already in it. The process for the
    /// next run is forked while the worker reads it.
    private mutating func execute(_ run: Run) {
        do throws(UncleanSandbox) {
            if let unclean { throw unclean }
            try perform(run)
            try sandbox.reset.emptyWorkingDirectory()
            try sandbox.reset.checkNoObjects()
            try sandbox.interpreter.checkNothingUnreceived()
            try sandbox.interpreter.prepare()
            sandbox.channel.send(.finished(.clean))
        } catch {
            unclean = error
            sandbox.channel.send(.finished(.unclean(error.what)))
        }
        sandbox.channel.flush()
    }

    private func perform(_ run: Run) throws(UncleanSandbox) {
        let input = receiveInput(of: run)
        let marks = input.marks
        let main = try sandbox.interpreter.awaitProcess()
        var program: ProgramRun
        do throws(SystemError) {
            let stdin = try input.takeStandardInput()
            program = try ProgramRun(run, stdin: stdin, to: main, in: sandbox)
        } catch {
            return sandbox.channel.send(.failed(error.description))
        }
        sandbox.channel.send(.exited(try program.supervise()))
        program.reportTails()
        try sandbox.reset.emptyScratchPlaces()
        var collector = OutputCollector(run, inputs: marks, reportingTo: sandbox.channel)
        do throws(SystemError) {
            try collector.collect(sandbox.workingDirectory.directory)
        } catch {
            throw UncleanSandbox(what: "the output cannot be collected: \(error)")
        }
        if program.interpreterIsLost {
            throw UncleanSandbox(what: "the warm interpreter has ended")
        }
    }

    private func receiveInput(of run: Run) -> Input {
        var input = Input(of: run, in: sandbox.workingDirectory, owner: sandbox.interpreter.user)
        while !input.isComplete {
            switch sandbox.nextCommand() {
            case .input(let bytes): input.receive(bytes)
            case .probe(let nonce): sandbox.channel.answer(nonce)
            case .cancel(let token): if token == run.token { input.cancel() }
            case .run: fail("the worker sent a run within a run")
            }
        }
        return input
    }
}
