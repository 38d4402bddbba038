// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let asyncAlgorithms = Target.Dependency.product(
    name: "AsyncAlgorithms",
    package: "swift-async-algorithms"
)
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let unixSignals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
let lifecycleTestKit = Target.Dependency.product(
    name: "ServiceLifecycleTestKit",
    package: "swift-service-lifecycle"
)
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A wall: the target in `folder` under `Sources/`, and everything it may import.
func library(
    _ name: String,
    in folder: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource]? = nil
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(folder)",
        resources: resources,
        swiftSettings: strict
    )
}

func tests(
    _ name: String,
    in folder: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(folder)",
        resources: resources,
        swiftSettings: strict
    )
}

/// The hostile inputs of `Tests/fuzz`: its properties with a corpus as tests, or, where the
/// environment has SANDMILL_FUZZ, with libFuzzer as a program, which `ops/fuzz` builds.
let isFuzzed = Context.environment["SANDMILL_FUZZ"] != nil
let fuzzDependencies: [Target.Dependency] = [
    "SandboxProtocol", "SandmillDocker", "SandmillEntity", "SandmillService",
]
let fuzz: [Target] =
    isFuzzed
    ? [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/fuzz/CLibFuzzer"),
        .executableTarget(
            name: "SandmillFuzz",
            dependencies: fuzzDependencies + ["CLibFuzzer"],
            path: "Tests/fuzz",
            exclude: ["CLibFuzzer", "corpus", "dictionaries", "replay"],
            sources: ["libfuzzer", "properties"],
            swiftSettings: strict
        ),
    ]
    : [
        .testTarget(
            name: "FuzzTests",
            dependencies: fuzzDependencies,
            path: "Tests/fuzz",
            exclude: ["CLibFuzzer", "corpus", "dictionaries", "libfuzzer"],
            sources: ["properties", "replay"],
            swiftSettings: strict
        )
    ]

let package = Package(
    name: "sandmill",
    products: [
        .executable(name: "sandmill", targets: ["sandmill"]),
        .executable(name: "sandbox-agent", targets: ["SandboxAgent"]),
        .executable(name: "sandmill-bench", targets: ["SandmillBench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The C libraries, each with the one-line shims its variadic functions need.
        .systemLibrary(
            name: "CRabbitMQ",
            path: "Sources/CRabbitMQ",
            pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]
        ),
        .systemLibrary(
            name: "CPostgreSQL",
            path: "Sources/CPostgreSQL",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]
        ),
        .systemLibrary(
            name: "CCurl",
            path: "Sources/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),

        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),

        // General wrappers that know nothing about executions.
        library("Threads", in: "Threads", ["CLinux"]),
        library("AMQP", in: "AMQP", ["CRabbitMQ", "Threads", crypto]),
        library("PostgreSQL", in: "PostgreSQL", ["CPostgreSQL", "Threads"]),
        library("Curl", in: "Curl", ["CCurl", "Threads"]),
        library("Prometheus", in: "Prometheus", [coreMetrics]),

        // The sandbox side: the frames, and the program that is PID 1 in each sandbox.
        library("SandboxProtocol", in: "SandboxProtocol"),
        .target(name: "CSandboxAgent", path: "Sources/CSandboxAgent"),
        library(
            "SandboxAgentCore",
            in: "SandboxAgentCore",
            ["CSandboxAgent", "SandboxProtocol"]
        ),
        .executableTarget(
            name: "SandboxAgent",
            dependencies: ["SandboxAgentCore"],
            path: "Sources/SandboxAgent",
            swiftSettings: strict + [.unsafeFlags(["-static-executable"])],
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),

        // The layers.
        library("SandmillEntity", in: "entity"),
        library(
            "SandmillService",
            in: "service",
            ["SandmillEntity", logging, metrics, serviceLifecycle]
        ),
        library(
            "SandmillRepository",
            in: "repository",
            ["SandmillEntity", "SandmillService", "PostgreSQL"]
        ),
        library(
            "SandmillDocker",
            in: "adapter/docker",
            ["SandmillEntity", "SandmillService", "Curl", "SandboxProtocol", logging]
        ),
        library(
            "SandmillRabbitMQ",
            in: "adapter/rabbitmq",
            ["SandmillEntity", "SandmillService", "AMQP", logging, serviceLifecycle]
        ),
        library(
            "SandmillResults",
            in: "adapter/results",
            ["SandmillEntity", "SandmillService", "Threads", crypto, logging]
        ),
        library(
            "SandmillAPI",
            in: "api",
            [
                "Prometheus", "SandmillEntity", "SandmillService", asyncAlgorithms, crypto,
                httpTypes, hummingbird, logging, metrics, nioCore, nioHTTP1, nioHTTPTypes,
                serviceLifecycle,
            ],
            resources: [.embedInCode("openapi.json")]
        ),
        library(
            "SandmillConfiguration",
            in: "configuration",
            ["SandmillEntity", yams]
        ),

        // The composition root, and the benchmark.
        .executableTarget(
            name: "sandmill",
            dependencies: [
                "Prometheus", "SandmillAPI", "SandmillConfiguration", "SandmillDocker",
                "SandmillEntity", "SandmillRabbitMQ", "SandmillRepository", "SandmillResults",
                "SandmillService", argumentParser, crypto, logging, metrics, serviceLifecycle,
                unixSignals,
            ],
            path: "Sources/sandmill",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "SandmillBench",
            dependencies: [
                "SandmillConfiguration", "SandmillDocker", "SandmillEntity", "SandmillRabbitMQ",
                "SandmillService", argumentParser, histogram, logging, serviceLifecycle,
            ],
            path: "Sources/bench",
            swiftSettings: strict
        ),

        // Tests, named and placed as what they test.
        .target(name: "FaultyProxy", path: "Tests/proxy", swiftSettings: strict),
        .target(
            name: "PrivateBroker",
            dependencies: ["AMQP", "FaultyProxy"],
            path: "Tests/broker",
            swiftSettings: strict
        ),
        .target(
            name: "StoreConformance",
            dependencies: ["SandmillEntity", "SandmillService"],
            path: "Tests/conformance",
            swiftSettings: strict
        ),
        .target(
            name: "SandboxFixture",
            dependencies: ["SandmillDocker", "SandmillEntity", "SandmillService", logging],
            path: "Tests/sandboxes",
            swiftSettings: strict
        ),
        tests("CurlTests", in: "Curl", ["Curl"], resources: [.copy("server.py")]),
        tests(
            "DockerTests",
            in: "adapter/docker",
            [
                "Curl", "SandboxFixture", "SandboxProtocol", "SandmillDocker", "SandmillEntity",
                "SandmillService", logging,
            ]
        ),
        tests(
            "AbuseTests",
            in: "abuse",
            ["SandboxFixture", "SandmillDocker", "SandmillEntity", "SandmillService"]
        ),
        tests("SandboxProtocolTests", in: "SandboxProtocol", ["SandboxProtocol"]),
        tests(
            "SandboxAgentTests",
            in: "SandboxAgent",
            ["SandboxAgentCore", "SandboxProtocol"]
        ),
        tests("PrometheusTests", in: "Prometheus", ["Prometheus", coreMetrics]),
        tests(
            "APITests",
            in: "api",
            [
                "Prometheus", "SandmillAPI", "SandmillEntity", "SandmillRabbitMQ",
                "SandmillRepository", "SandmillResults", "SandmillService", httpTypes,
                hummingbird, logging,
            ]
        ),
        tests("ThreadsTests", in: "Threads", ["Threads"]),
        tests("EntityTests", in: "entity", ["SandmillEntity"]),
        tests(
            "ServiceTests",
            in: "service",
            [
                "SandmillEntity", "SandmillService", "StoreConformance", crypto, logging,
                serviceLifecycle, lifecycleTestKit,
            ]
        ),
        tests("AMQPTests", in: "AMQP", ["AMQP", "FaultyProxy", "PrivateBroker", crypto]),
        tests(
            "ConfigurationTests",
            in: "configuration",
            ["SandmillConfiguration", "SandmillEntity"]
        ),
        tests(
            "ResultsTests",
            in: "adapter/results",
            ["SandmillEntity", "SandmillResults", "SandmillService", crypto]
        ),
        tests(
            "RabbitMQTests",
            in: "adapter/rabbitmq",
            [
                "AMQP", "FaultyProxy", "SandmillEntity", "SandmillRabbitMQ", "SandmillService",
                logging,
            ]
        ),
        tests("PostgreSQLTests", in: "PostgreSQL", ["PostgreSQL"]),
        tests(
            "CommandTests",
            in: "commands",
            ["sandmill", "SandmillConfiguration", "SandmillEntity", "SandmillService"]
        ),
        tests(
            "SandmillTests",
            in: "sandmill",
            [
                "FaultyProxy", "PrivateBroker", "SandmillEntity", "SandmillService", "sandmill",
                crypto,
            ],
            resources: [.copy("clients")]
        ),
        tests(
            "RepositoryTests",
            in: "repository",
            [
                "PostgreSQL", "SandmillEntity", "SandmillRepository", "SandmillService",
                "StoreConformance",
            ]
        ),
    ] + fuzz
)
