import Foundation
import SandmillConfiguration
import SandmillEntity
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    @Test func withoutAnythingEveryDefaultHolds() throws {
        let configuration = try load("")
        #expect(configuration.broker.prefix == "sandmill")
        #expect(configuration.worker.id == "host-a")
        #expect(configuration.pools.map(\.name) == ["python"])
        #expect(configuration.pools[0].limits.defaults.memory == .mebibytes(128))
        #expect(configuration.pools[0].cpus == nil)
    }

    @Test func theFileInTheRepositorySaysTheDefaults() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "config/sandmill.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(try load(text) == load(""))
    }

    @Test func flagsComeBeforeTheEnvironmentAndThatBeforeTheFile() throws {
        let yaml = "broker: {prefix: file}\ndatabase: {schema: file}\nworker: {id: file}"
        let configuration = try load(
            yaml,
            environment: [
                "SANDMILL_DATABASE_SCHEMA": "variable", "SANDMILL_WORKER_ID": "variable",
            ],
            assignments: ["worker.id=flag"]
        )
        #expect(configuration.broker.prefix == "file")
        #expect(configuration.database.schema == "variable")
        #expect(configuration.worker.id == "flag")
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8_080), ("[::1]:0", "::1", 0),
        ("host:65535", "host", 65_535),
    ])
    func theGatewayListensWhereItIsTold(address: String, host: String, port: Int) throws {
        let configuration = try load("", environment: ["SANDMILL_GATEWAY_LISTEN": address])
        #expect(configuration.gateway.host == host)
        #expect(configuration.gateway.port == port)
    }

    @Test(arguments: ["8080", ":8080", "host:", "host:65536", "::1:8080", "[]:1", "host:x"])
    func whatIsNoAddressIsRefused(address: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load("", environment: ["SANDMILL_GATEWAY_LISTEN": address])
        }
        #expect(error?.description.contains("gateway.listen") == true)
    }

    @Test func resultsGoToABucketOnceOneIsNamedWithKeys() throws {
        let yaml =
            "results: {upload: {bucket: b-1, region: eu-central-1, when: behind, redirect: true}}"
        let keys = [
            "SANDMILL_RESULTS_UPLOAD_ACCESS_KEY": "ACCESS",
            "SANDMILL_RESULTS_UPLOAD_SECRET_KEY": "SECRET",
        ]
        #expect(try load("").upload == nil)
        let configuration = try load(yaml, environment: keys)
        let upload = try #require(configuration.upload)
        #expect(upload.endpoint == "https://s3.eu-central-1.amazonaws.com")
        #expect(upload.when == .behind)
        #expect(upload.redirects)
        #expect(upload.secretKey.text == "SECRET")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("SECRET"))
        #expect(!"\(configuration)".contains("SECRET"))
        let error = #expect(throws: ConfigurationError.self) { try load(yaml) }
        #expect(error?.description.contains("results.upload.secret_key is missing") == true)
    }

    @Test(arguments: [
        "bucket: a/b", "endpoint: s3.example.org", "endpoint: https://host/path", "region: a/b",
        "prefix: a b", "redirect: perhaps", "when: never", "encryption: rot13",
    ])
    func whatIsNoPlaceForResultsIsRefused(setting: String) throws {
        let key = setting.prefix { $0 != ":" }
        let bucket = key == "bucket" ? "" : "bucket: good, "
        let error = #expect(throws: ConfigurationError.self) {
            try load("results: {upload: {\(bucket)access_key: a, secret_key: s, \(setting)}}")
        }
        #expect(error?.description.contains("results.upload.\(key)") == true)
    }

    @Test func nobodyWaitsLongerThanTheMaximum() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load("gateway: {wait: 10s, maximum_wait: 5s}")
        }
        #expect(error?.description.contains("gateway.wait") == true)
    }

    @Test(arguments: [("90", 90.0), ("1.5", 1.5), ("500ms", 0.5), ("2m", 120), ("1d", 86_400)])
    func aTimeHasAUnitOrIsInSeconds(text: String, seconds: Double) throws {
        let configuration = try load("start_timeout: \(text)")
        #expect(configuration.startTimeout == .seconds(seconds))
    }

    @Test(arguments: ["", "-1s", "0", "0x10", "1e3", "nan", "inf", "1w", "36501d", "s", "."])
    func whatIsNoTimeIsRefused(text: String) throws {
        #expect(Duration(setting: text) == nil)
    }

    @Test func aListOfAFlagIsWrittenAsInTheFileOrWithCommas() throws {
        for text in ["[json, \"a,b\"]", "[json, 'a,b']"] {
            let configuration = try load("", assignments: ["pools.python.preload=\(text)"])
            #expect(configuration.pools[0].preload == ["json", "a,b"])
        }
        let configuration = try load("", environment: ["SANDMILL_POOLS_PYTHON_PRELOAD": "a,b"])
        #expect(configuration.pools[0].preload == ["a", "b"])
        #expect(try load("", assignments: ["pools.python.preload=[]"]).pools[0].preload == [])
    }

    @Test func aVariableThatSetsNothingIsNamed() throws {
        let configuration = try load(
            "",
            environment: [
                "SANDMILL_BROKER_URI": "x", "SANDMILL_BROKER_PREFIX": "a", "SANDMILL_TEST_X": "1",
                "OTHER": "1",
            ]
        )
        #expect(
            configuration.warnings == ["there is no setting for the variable SANDMILL_BROKER_URI"]
        )
    }

    @Test func aSecretCanComeFromAFile() throws {
        try withFile("amqp://u:p@broker/\n") { path in
            let configuration = try load("", environment: ["SANDMILL_BROKER_URL_FILE": path])
            #expect(configuration.broker.url == "amqp://u:p@broker/")
        }
    }

    @Test func aPoolOfTheFileCanBeSetByTheEnvironment() throws {
        let configuration = try load(
            "pools: {grading: {}}",
            environment: ["SANDMILL_POOLS_GRADING_SANDBOXES_MAXIMUM": "9"]
        )
        #expect(configuration.pools.map(\.name) == ["grading"])
        #expect(configuration.pools[0].sandboxes.maximum == 9)
    }

    @Test func everythingIsKeptForThirtyDaysUnlessItIsSaid() throws {
        let retention = try load("").retention
        #expect(RetentionPolicy.states.count == 8)
        for state in RetentionPolicy.states {
            #expect(retention.retention(of: state, in: "python") == .days(30))
        }
        #expect(retention.deadLetters == .days(30))
        #expect(retention.maximum == .days(90))
        #expect(retention.audit == .days(365))
        #expect(retention.holds.isEmpty)
        #expect(retention.tenantBytes == nil)
        #expect(retention.totalBytes == nil)
        #expect(retention.tenantDeadLetterBytes == .mebibytes(1_024))
    }

    @Test func aPoolKeepsWhatItSaysAndTheRestAsAllPools() throws {
        let retention = try load(
            """
            retention:
              default: 10d
              failed: 60d
              cancelled: 45s
              dead_letters: forever
              hold: [legal=yes, hold, "x=a=b"]
              tenant_bytes: 1GiB
            pools:
              a: {retention: {default: 5d, errored: forever}}
              b: {retention: {succeeded: 90m}}
              c: {}
            """,
            environment: ["SANDMILL_RETENTION_TOTAL_BYTES": "2GiB"]
        ).retention
        func time(_ state: ExecutionState, _ pool: String) -> String {
            retention.retention(of: state, in: pool).text
        }
        #expect(time(.failed, "a") == "5d")
        #expect(time(.errored, "a") == "forever")
        #expect(time(.succeeded, "b") == "90m")
        #expect(time(.failed, "b") == "60d")
        #expect(time(.cancelled, "c") == "45s")
        #expect(time(.timedOut, "of nobody") == "10d")
        #expect(retention.deadLetters == .forever)
        #expect(retention.batches == .days(10))
        #expect(retention.holds.map(\.name) == ["legal", "hold", "x"])
        #expect(retention.holds.map(\.value) == ["yes", nil, "a=b"])
        #expect(retention.tenantBytes == .mebibytes(1_024))
        #expect(retention.totalBytes == .mebibytes(2_048))
    }

    @Test(arguments: [
        ("retention: {succeeded: 0d}", "retention.succeeded is \"0d\""),
        ("retention: {failed: 30}", "retention.failed is \"30\""),
        ("retention: {default: never}", "retention.default is \"never\""),
        ("retention: {maximum: 1w}", "retention.maximum is \"1w\""),
        ("retention: {dead_letters: -1d}", "retention.dead_letters is \"-1d\""),
        ("retention: {queued: 1d}", "there is no key retention.queued"),
        ("retention: {tenant_bytes: 0}", "retention.tenant_bytes is \"0\""),
        ("retention: {total_bytes: much}", "retention.total_bytes is \"much\""),
        ("retention: {hold: [\"=yes\"]}", "retention.hold has \"=yes\""),
        (
            "pools: {p: {retention: {errored: 1.5d}}}",
            "pools.p.retention.errored is \"1.5d\""
        ),
        ("pools: {p: {retention: {audit: 1d}}}", "there is no key pools.p.retention.audit"),
    ])
    func aWrongRetentionIsRefusedByItsKey(yaml: String, problem: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try load(yaml) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func aTenantHasNoMaximumOfItsOwnUnlessItIsSaid() throws {
        #expect(try load("").pools[0].sandboxes.tenantMaximum == nil)
        let pool = try load("pools: {p: {sandboxes: {tenant_maximum: 3}}}").pools[0]
        #expect(pool.sandboxes.tenantMaximum == 3)
    }

    @Test func usersOfTheBrokerHaveTenants() throws {
        #expect(try load("broker: {users: }").broker.users == nil)
        let yaml = #"broker: {users: {a@b.c: [x, y], pipeline: "*", one: x}}"#
        let configuration = try load(
            yaml,
            environment: ["SANDMILL_BROKER_USERS_ONE": "y,z"],
            assignments: ["broker.users.two=v"]
        )
        #expect(
            configuration.broker.users
                == ["a@b.c": ["x", "y"], "pipeline": ["*"], "one": ["y", "z"], "two": ["v"]]
        )
    }

    @Test(arguments: ["{a: }", "{a: []}", "{a: [x, '*']}", "{a: [x y]}", "{}"])
    func aUserWithoutTenantsIsRefusedAndOpensNothing(users: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load("broker: {users: \(users)}")
        }
        #expect(error?.description.contains("broker.users") == true)
    }

    @Test func runtimeIsAddedByTheConfigurationAlone() throws {
        let configuration = try load(
            """
            runtimes:
              awk:
                file: main.awk
                run: [/usr/bin/awk, -f, "{entrypoint}"]
                environment: {LC_ALL: C}
                packages: [mawk]
              go:
                build_environment: {GOFLAGS: "-p=1", GOPROXY: "off"}
            pools: {p: {runtime: awk, further_runtimes: [go]}}
            """
        )
        let runtimes = configuration.pools[0].runtimes
        #expect(runtimes.map(\.name) == ["awk", "go"])
        #expect(runtimes[0].run == ["/usr/bin/awk", "-f", "{entrypoint}"])
        #expect(runtimes[0].environment == ["LC_ALL": "C"])
        #expect(runtimes[0].packages == ["mawk"])
        #expect(runtimes[1].build?.environment["GOFLAGS"] == "-p=1")
        #expect(runtimes[1].build?.environment["GOCACHE"] == "/tmp/cache")
        #expect(runtimes[1].build?.environment["GOPROXY"] == "off")
        #expect(configuration.runtimes.map(\.name) == Runtime.given.map(\.name) + ["awk"])
    }

    @Test func runtimesOfAPoolAreThoseNamedWithTheirFlags() throws {
        let pool = try load(
            """
            pools:
              p:
                runtime: sh
                further_runtimes: [c, python, sh]
                build: {c_flags: [-O0, -g], wall: 5s, cpu: 3s, memory: 300MiB}
            """
        ).pools[0]
        #expect(pool.runtimes.map(\.name) == ["sh", "c", "python"])
        let compiler = try #require(pool.runtimes[1].build)
        #expect(compiler.flags == ["-O0", "-g"])
        #expect(compiler.wall == .seconds(5))
        #expect(compiler.cpu == .seconds(3))
        #expect(compiler.memory == .mebibytes(300))
        #expect(try load("").pools[0].runtimes == [.python])
    }

    @Test(arguments: [
        ("pools: {p: {further_runtimes: [sh, ada]}}", "pools.p.further_runtimes is \"ada\""),
        ("runtimes: {zig: {file: main.zig}}", "runtimes.zig has neither build nor run"),
        ("runtimes: {zig: {run: [/usr/bin/zig]}}", "runtimes.zig.file is no name of a file"),
        (
            "runtimes: {zig: {file: main.zig, run: [zig, run]}}",
            "runtimes.zig.run begins with \"zig\", expected an absolute path"
        ),
        ("runtimes: {Zig: {file: main.zig, run: [/z]}}", "runtimes.Zig is no name of a runtime"),
        (
            "pools: {p: {runtime: java, limits: {maximum: {memory: 32MiB}, default: {memory: 1MiB}}}}",
            "pools.p.limits.maximum.memory is less than the runtime java needs"
        ),
        ("brokre: {url: x}", "test.yaml:1: there is no key brokre.url; did you mean"),
        ("broker: {prefetch: many}", "broker.prefetch is \"many\", expected a whole number"),
        ("broker: {prefetch: 0}", "broker.prefetch is \"0\", expected a whole number from 1"),
        (
            "broker: {maximum_body: 5 apples}",
            "broker.maximum_body is \"5 apples\", expected a size"
        ),
        ("worker: {drain_timeout: 5w}", "worker.drain_timeout is \"5w\", expected a time"),
        ("worker: {drain_timeout: -5s}", "expected a time above nought"),
        ("worker: {id: a b}", "worker.id is \"a b\", expected 1 to 63 letters"),
        ("log: {level: loud}", "log.level is \"loud\", expected one of debug, info"),
        ("broker: [1, 2]", "there is no key broker"),
        ("broker: {prefix: [a]}", "broker.prefix is a list of 1"),
        ("pools: {a.b: {runtime: python}}", "there is no key pools.a.b.runtime"),
        ("brokre: {}", "test.yaml:1: there is no section brokre"),
        ("pools: {\"a b\": {runtime: python}}", "pools.a b is no name of a pool"),
        (
            "pools: {p: {runtime: cobol}}",
            "pools.p.runtime is \"cobol\", expected one of python, sh"
        ),
        (
            "pools: {p: {limits: {default: {wall: 20m}}}}",
            "pools.p.limits.default.wall is above its maximum"
        ),
        (
            "pools: {p: {sandboxes: {tenant_maximum: 0}}}",
            "tenant_maximum is \"0\", expected a whole number from 1"
        ),
        ("just text", "expected sections with keys"),
        ("a: [", "not YAML"),
    ])
    func aProblemNamesKeyValueAndExpectation(yaml: String, problem: String) {
        let error = #expect(throws: ConfigurationError.self) { try load(yaml) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func everyProblemIsToldAtOnce() {
        let error = #expect(throws: ConfigurationError.self) {
            try load("broker: {prefetch: x}\nlog: {level: y}\nnonsense: 1")
        }
        #expect(error?.problems.count == 3)
    }

    @Test func aFlagWithoutAValueIsRefused() {
        #expect(throws: ConfigurationError.self) { try load("", assignments: ["broker.url"]) }
    }

    private func load(
        _ yaml: String,
        environment: [String: String] = [:],
        assignments: [String] = []
    ) throws -> Configuration {
        try withFile(yaml) { path in
            try Configuration.load(
                file: path,
                environment: environment,
                assignments: assignments,
                hostname: "host-a"
            )
        }
    }

    private func withFile<Result>(
        _ text: String,
        _ body: (String) throws -> Result
    ) throws -> Result {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "test.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return try body(file.path)
    }
}
