internal import Glibc
internal import SandboxProtocol

/// The program that is process 1 of each sandbox: it runs one program at a time for the worker.
public struct Agent: ~Copyable {
    private let sandbox: Sandbox
    private var proof: ResetProof
    private var unclean: UncleanSandbox?
    /// What an earlier run has built and was to keep; closed if there is none.
    private var kept = Descriptor()

    /// Prepares the sandbox; ends the process if that is impossible.
    public init(_ options: AgentOptions) {
        do {
            sandbox = try Sandbox(options)
            proof = try ResetProof(
                places: sandbox.reset.places,
                sockets: sandbox.sockets
            )
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
            case .proceed: fail("the worker tells a program to start that was not built")
            case .forget: forget()
            }
        }
    }

    /// Drops the program that is kept, and shows that it is gone.
    private mutating func forget() {
        kept.close()
        finish { agent throws(UncleanSandbox) in try agent.proof.checkNoFiles() }
    }

    /// Runs a program and takes the sandbox back to how it was.
    ///
    /// The reply leaves in one write, with the proof of the reset already in it. The process for the
    /// next run is forked while the worker reads it.
    private mutating func execute(_ run: Run) {
        if !run.start.isKept { kept.close() }
        finish { agent throws(UncleanSandbox) in
            let oomKills = agent.sandbox.group.oomKills()
            try agent.perform(run)
            try agent.sandbox.reset.emptyWorkingDirectory()
            try agent.checkNoObjects()
            try agent.proof.checkNoFiles(besides: agent.kept)
            try agent.sandbox.prepareZygotes()
            // What the kernel has killed may be there for a while, but it forks no more.
            if agent.sandbox.group.oomKills() != oomKills { try agent.sandbox.awaitZygotes() }
        }
    }

    /// Says how `body` leaves the sandbox; once it is not clean, nothing is done in it any more.
    private mutating func finish(
        _ body: (inout Agent) throws(UncleanSandbox) -> Void
    ) {
        do throws(UncleanSandbox) {
            if let unclean { throw unclean }
            try body(&self)
            sandbox.channel.send(.finished(.clean))
        } catch {
            unclean = error
            sandbox.channel.send(.finished(.unclean(error.what)))
        }
        sandbox.channel.flush()
    }

    /// Takes in the files, builds the program if it must be, runs it and collects its output.
    private mutating func perform(_ run: Run) throws(UncleanSandbox) {
        try sandbox.awaitZygotes()
        let zygote = sandbox.zygote(for: run.start)
        let build: Run.Build? = if case .built(let build, _) = run.start { build } else { nil }
        // The process that waits becomes the compiler. What it makes runs as another user.
        let owner = build == nil ? zygote.user : sandbox.nextUser()
        let input = receiveInput(of: run, owner: owner)
        let marks = input.marks
        let stdin: StandardInput
        do throws(SystemError) {
            stdin = try input.takeStandardInput()
        } catch {
            return sandbox.channel.send(.failed(error.description))
        }
        var executable = Descriptor()
        var isCancelled = false
        if let build {
            executable = try make(build, of: run, by: zygote)
            guard executable.isOpen else { return }
            try zygote.prepare(as: owner)
            if build.isKept { kept = try Self.duplicate(executable) }
            isCancelled = awaitProceed(of: run)
        } else if run.start.isKept {
            guard kept.isOpen else { fail("the worker asks for a program that is not kept") }
            executable = try Self.duplicate(kept)
        }
        let launch = Launch(run, by: zygote, executable: executable)
        guard try execute(launch, of: run, stdin: stdin, isCancelled) else { return }
        var collector = OutputCollector(run, inputs: marks, reportingTo: sandbox.channel)
        do throws(SystemError) {
            try collector.collect(sandbox.workingDirectory.directory)
        } catch {
            throw UncleanSandbox(what: "the output cannot be collected: \(error)")
        }
    }

    /// Runs the program; returns whether it could be started.
    private func execute(
        _ launch: consuming Launch,
        of run: Run,
        stdin: consuming StandardInput,
        _ isCancelled: Bool
    ) throws(UncleanSandbox) -> Bool {
        var program: ProgramRun
        do throws(SystemError) {
            program = try ProgramRun(launch, token: run.token, stdin: stdin, in: sandbox)
        } catch {
            sandbox.channel.send(.failed(error.description))
            return false
        }
        if isCancelled { try program.cancel() }
        try program.supervise()
        sandbox.makeRoomForCollecting()
        let exit = program.takeExit()
        program.reportRest()
        sandbox.channel.send(.exited(exit))
        program.reportTails()
        try sandbox.reset.emptyScratchPlaces()
        return true
    }

    /// Runs the compiler and takes what it made; closed if that failed.
    ///
    /// The compiler can read the working directory but write nothing there. Its product is open,
    /// has no name any more, and is nobody's to change; nothing else of it is left.
    private mutating func make(
        _ build: Run.Build,
        of run: Run,
        by zygote: Zygote
    ) throws(UncleanSandbox) -> Descriptor {
        var compiler: ProgramRun
        do throws(SystemError) {
            try sandbox.workingDirectory.setWritable(false)
            compiler = try ProgramRun(
                Launch(build, of: run, by: zygote),
                token: run.token,
                stdin: StandardInput(size: 0, spool: Descriptor()),
                in: sandbox
            )
        } catch {
            throw UncleanSandbox(what: "the compiler cannot be started: \(error)")
        }
        try compiler.supervise()
        let exit = compiler.takeExit()
        let product = exit.isSuccess ? sandbox.takeProduct(of: build) : Descriptor()
        if product.isOpen {
            sandbox.channel.send(.built(exit, output: compiler.beginningOfErrors()))
        } else {
            compiler.reportRest()
            sandbox.channel.send(.notBuilt(exit))
            compiler.reportTails()
        }
        try sandbox.reset.emptyScratchPlaces()
        try checkNoObjects()
        do throws(SystemError) {
            try sandbox.workingDirectory.setWritable(true)
        } catch {
            throw UncleanSandbox(what: error.description)
        }
        return product
    }

    private static func duplicate(
        _ program: borrowing Descriptor
    ) throws(UncleanSandbox) -> Descriptor {
        do throws(SystemError) {
            return try program.duplicate()
        } catch {
            throw UncleanSandbox(what: error.description)
        }
    }

    /// Checks that nothing of a program is left but files.
    private mutating func checkNoObjects() throws(UncleanSandbox) {
        try sandbox.checkNothingLost()
        try proof.checkNoObjects(
            sandbox.group,
            sandbox.sockets,
            processes: sandbox.processes.count + 1
        )
    }

    private func receiveInput(of run: Run, owner: uid_t) -> Input {
        var input = Input(of: run, in: sandbox.workingDirectory, owner: owner)
        while !input.isComplete {
            switch sandbox.nextCommand() {
            case .input(let bytes): input.receive(bytes)
            case .probe(let nonce): sandbox.channel.answer(nonce)
            case .cancel(let token): if token == run.token { input.cancel() }
            case .run, .forget, .proceed: fail("the worker sent a run within a run")
            }
        }
        return input
    }

    /// Waits until the worker lets the program start that was built; returns whether it was cancelled
    /// meanwhile.
    private func awaitProceed(of run: Run) -> Bool {
        sandbox.channel.flush()
        var isCancelled = false
        while true {
            switch sandbox.nextCommand() {
            case .proceed: return isCancelled
            case .probe(let nonce): sandbox.channel.answer(nonce)
            case .cancel(let token): isCancelled = isCancelled || token == run.token
            case .run, .input, .forget: fail("the worker sent a run within a run")
            }
        }
    }
}

extension Run.Start {
    fileprivate var isKept: Bool {
        if case .kept = self { true } else { false }
    }
}

extension Report.Exit {
    fileprivate var isSuccess: Bool { status == .code(0) && kill == .none }
}
