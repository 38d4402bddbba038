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

func product(_ name: String, of package: String) -> Target.Dependency {
    .product(name: name, package: package)
}

let argumentParser = product("ArgumentParser", of: "swift-argument-parser")
let asyncAlgorithms = product("AsyncAlgorithms", of: "swift-async-algorithms")
let coreMetrics = product("CoreMetrics", of: "swift-metrics")
let histogram = product("Histogram", of: "hdrhistogram-swift")
let httpTypes = product("HTTPTypes", of: "swift-http-types")
let hummingbird = product("Hummingbird", of: "hummingbird")
let lifecycleTestKit = product("ServiceLifecycleTestKit", of: "swift-service-lifecycle")
let logging = product("Logging", of: "swift-log")
let metrics = product("Metrics", of: "swift-metrics")
let mustache = product("Mustache", of: "swift-mustache")
let nioCore = product("NIOCore", of: "swift-nio")
let nioHTTP1 = product("NIOHTTP1", of: "swift-nio")
let nioHTTPTypes = product("NIOHTTPTypes", of: "swift-nio-extras")
let nioHTTPTypesHTTP1 = product("NIOHTTPTypesHTTP1", of: "swift-nio-extras")
let serviceLifecycle = product("ServiceLifecycle", of: "swift-service-lifecycle")
let unixSignals = product("UnixSignals", of: "swift-service-lifecycle")
let yams = product("Yams", of: "Yams")

/// What nearly every part of Sandmill builds on.
let core: [Target.Dependency] = ["SandmillEntity", "SandmillService"]

/// The target in `folder` under `Sources/`, and everything it may import.
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

func executable(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(folder)",
        swiftSettings: strict
    )
}

/// What several targets of tests share.
func support(
    _ name: String,
    in folder: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(folder)",
        exclude: exclude,
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
        dependencies: dependencies + ["TestSupport"],
        path: "Tests/\(folder)",
        resources: resources,
        swiftSettings: strict
    )
}

/// A C library, with the one-line shims that its variadic functions need.
func system(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(
        name: name,
        path: "Sources/\(name)",
        pkgConfig: pkgConfig,
        providers: [.apt([package])]
    )
}

/// What the gateway's page is made of, embedded in the program.
let pageAssets: [Resource] = [
    "access.mustache", "batch.mustache", "batches.mustache", "bulk-action.mustache",
    "confirm.mustache", "dead-letter.mustache", "dead-letters.mustache", "execution.mustache",
    "executions.mustache", "layout.mustache", "overview.mustache", "page.js", "problem.mustache",
    "queues.mustache",
    "sign-in.mustache", "style.css", "try.mustache", "workers.mustache",
].map { .embedInCode("page/assets/\($0)") }

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
            dependencies: fuzzDependencies + ["TestSupport"],
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
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        system("CRabbitMQ", pkgConfig: "librabbitmq", package: "librabbitmq-dev"),
        system("CPostgreSQL", pkgConfig: "libpq", package: "libpq-dev"),
        system("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
        system("CCrypto", pkgConfig: "libcrypto", package: "libssl-dev"),
        system("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),

        // General wrappers that know nothing about executions.
        library("Threads", in: "Threads", ["CLinux"]),
        library("Hashing", in: "Hashing", ["CCrypto"]),
        library("Backoff", in: "Backoff"),
        library("AMQP", in: "AMQP", ["Backoff", "CRabbitMQ", "Hashing", "Threads"]),
        library("PostgreSQL", in: "PostgreSQL", ["CPostgreSQL", "Threads"]),
        library("Curl", in: "Curl", ["CCurl", "Threads"]),
        library("S3", in: "S3", ["Backoff", "Curl", "Hashing"]),
        library("Prometheus", in: "Prometheus", [coreMetrics]),
        library("Gzip", in: "Gzip", ["CZlib"]),

        // The sandbox side: the frames, and the program that is PID 1 in each sandbox.
        library("SandboxProtocol", in: "SandboxProtocol"),
        .target(name: "CSandboxAgent", path: "Sources/CSandboxAgent"),
        library("SandboxAgentCore", in: "SandboxAgentCore", ["CSandboxAgent", "SandboxProtocol"]),
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
            ["Backoff", "Gzip", "SandmillEntity", logging, metrics, serviceLifecycle]
        ),
        library("SandmillClient", in: "client", core + ["Hashing"]),
        library("SandmillRepository", in: "repository", core + ["PostgreSQL"]),
        library(
            "SandmillDocker",
            in: "adapter/docker",
            core + ["Curl", "SandboxProtocol", logging]
        ),
        library(
            "SandmillRabbitMQ",
            in: "adapter/rabbitmq",
            core + ["AMQP", "Backoff", "Hashing", logging, serviceLifecycle]
        ),
        library("SandmillOTLP", in: "adapter/otlp", core + ["Curl"]),
        library(
            "SandmillResults",
            in: "adapter/results",
            core + ["Backoff", "Hashing", "S3", "Threads", logging, metrics, serviceLifecycle]
        ),
        library(
            "SandmillAPI",
            in: "api",
            core + [
                "Backoff", "Hashing", "Prometheus", asyncAlgorithms, httpTypes, hummingbird,
                logging, metrics,
                mustache, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1,
                serviceLifecycle,
            ],
            resources: [.embedInCode("openapi.json")] + pageAssets
        ),
        library("SandmillConfiguration", in: "configuration", core + [yams]),

        // The composition root, and the benchmark.
        executable(
            "sandmill",
            in: "sandmill",
            core + [
                "Backoff", "CLinux", "Prometheus", "SandmillAPI", "SandmillClient",
                "SandmillConfiguration",
                "SandmillDocker", "SandmillOTLP", "SandmillRabbitMQ", "SandmillRepository",
                "SandmillResults", "S3", argumentParser, logging, metrics, serviceLifecycle,
                unixSignals,
            ]
        ),
        executable(
            "SandmillBench",
            in: "bench",
            core + [
                "PostgreSQL", "SandmillClient", "SandmillConfiguration", "SandmillDocker",
                "SandmillRabbitMQ", "SandmillRepository", "SandmillResults",
                argumentParser, histogram, logging, serviceLifecycle,
            ]
        ),

        // Tests, named and placed as what they test.
        support("TestSupport", in: "support", [logging]),
        support("FaultyProxy", in: "proxy"),
        support("PrivateBroker", in: "broker", ["AMQP", "FaultyProxy"]),
        support("PrivateBucket", in: "bucket", exclude: ["store.py"]),
        support("StoreConformance", in: "conformance", core),
        support("SandboxFixture", in: "sandboxes", core + ["SandmillDocker", logging]),
        tests(
            "AMQPTests",
            in: "AMQP",
            ["AMQP", "Backoff", "Hashing", "FaultyProxy", "PrivateBroker"]
        ),
        tests("BackoffTests", in: "Backoff", ["Backoff"]),
        tests("AbuseTests", in: "abuse", core + ["SandboxFixture", "SandmillDocker"]),
        tests(
            "APITests",
            in: "api",
            core + [
                "Prometheus", "SandmillAPI", "SandmillRabbitMQ", "SandmillRepository",
                "SandmillResults", httpTypes, hummingbird, logging,
            ]
        ),
        tests("ClientTests", in: "client", core + ["SandmillClient"]),
        tests(
            "ConfigurationTests",
            in: "configuration",
            ["SandmillConfiguration", "SandmillEntity"]
        ),
        tests("CurlTests", in: "Curl", ["Curl"], resources: [.copy("server.py")]),
        tests(
            "DockerTests",
            in: "adapter/docker",
            core + ["Curl", "SandboxFixture", "SandboxProtocol", "SandmillDocker", logging],
            resources: [.copy("assignment.txt"), .copy("endings.txt")]
        ),
        tests("HashingTests", in: "Hashing", ["Hashing"]),
        tests("EntityTests", in: "entity", ["SandmillEntity"]),
        tests("GzipTests", in: "Gzip", ["Gzip"]),
        tests("PostgreSQLTests", in: "PostgreSQL", ["PostgreSQL"]),
        tests("PrometheusTests", in: "Prometheus", ["Prometheus", coreMetrics]),
        tests(
            "RabbitMQTests",
            in: "adapter/rabbitmq",
            core + ["AMQP", "FaultyProxy", "SandmillRabbitMQ", logging]
        ),
        tests(
            "RepositoryTests",
            in: "repository",
            core + ["PostgreSQL", "SandmillRepository", "StoreConformance", logging]
        ),
        tests(
            "ResultsTests",
            in: "adapter/results",
            core + [
                "Hashing", "FaultyProxy", "PrivateBucket", "S3", "SandmillResults",
                "StoreConformance", logging, serviceLifecycle, lifecycleTestKit,
            ]
        ),
        tests("S3Tests", in: "S3", ["FaultyProxy", "Hashing", "PrivateBucket", "S3"]),
        tests("SandboxAgentTests", in: "SandboxAgent", ["SandboxAgentCore", "SandboxProtocol"]),
        tests("SandboxProtocolTests", in: "SandboxProtocol", ["SandboxProtocol"]),
        tests(
            "SandmillTests",
            in: "sandmill",
            core + [
                "Hashing", "FaultyProxy", "PrivateBroker", "PrivateBucket",
                "SandmillConfiguration", "SandmillOTLP",
                "sandmill", logging,
            ],
            resources: [.copy("clients")]
        ),
        tests(
            "ServiceTests",
            in: "service",
            core + ["Hashing", "StoreConformance", logging, serviceLifecycle, lifecycleTestKit]
        ),
        tests("ThreadsTests", in: "Threads", ["Threads"]),
    ] + fuzz
)
