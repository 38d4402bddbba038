/// The runtimes that are given: `config/sandmill.yaml` lists them as they are here.
extension Runtime {
    /// Python, in a copy of the warm interpreter.
    public static let python = Runtime(
        name: "python",
        entrypoint: "main.py",
        version: ["/usr/bin/python3", "--version"],
        packages: ["python3"]
    )

    /// The POSIX shell.
    public static let sh = Runtime(
        name: "sh",
        entrypoint: "main.sh",
        run: ["/bin/sh", "{entrypoint}"],
        version: ["/bin/sh", "-c", "echo sh"],
        packages: ["dash"]
    )

    /// JavaScript.
    public static let node = Runtime(
        name: "node",
        entrypoint: "main.js",
        run: ["/usr/bin/node", "--max-old-space-size={memory_mib}", "{entrypoint}"],
        minimumProcesses: 12,
        version: ["/usr/bin/node", "--version"],
        packages: ["nodejs"]
    )

    /// C, built by gcc.
    public static let c = Runtime(
        name: "c",
        entrypoint: "main.c",
        build: Build(
            command: [
                "/usr/bin/gcc", "-x", "c", "{flags}", "-o", "{program}", "{sources}",
                "{build_args}", "-lm",
            ],
            flags: ["-O2", "-std=gnu17"],
            sourceEndings: [".c"],
            allowedArguments: compilerArguments
        ),
        version: ["/usr/bin/gcc", "--version"],
        packages: ["gcc", "libc6-dev"]
    )

    /// C++, built by g++.
    public static let cpp = Runtime(
        name: "cpp",
        entrypoint: "main.cpp",
        build: Build(
            command: [
                "/usr/bin/g++", "-x", "c++", "{flags}", "-o", "{program}", "{sources}",
                "{build_args}", "-lm",
            ],
            flags: ["-O2", "-std=gnu++20"],
            sourceEndings: [".cpp", ".cc", ".cxx"],
            allowedArguments: compilerArguments
        ),
        version: ["/usr/bin/g++", "--version"],
        packages: ["g++"]
    )

    /// The shell that most people write for.
    public static let bash = Runtime(
        name: "bash",
        entrypoint: "main.bash",
        run: ["/bin/bash", "{entrypoint}"],
        version: ["/bin/bash", "--version"],
        packages: ["bash"]
    )

    /// Java: all classes of the program in one archive.
    public static let java = Runtime(
        name: "java",
        entrypoint: "Main.java",
        build: Build(
            command: [
                "/bin/sh", "-c",
                "/usr/bin/javac -J-XX:+UseSerialGC -encoding UTF-8 -d /tmp/classes \"$@\""
                    + " && cd /tmp/classes && zip -q0r /tmp/program.zip ."
                    + " && mv /tmp/program.zip \"$0\"",
                "{program}", "{flags}", "{build_args}", "{sources}",
            ],
            sourceEndings: [".java"],
            allowedArguments: ["-Xlint", "-Xlint:*", "-Werror", "-parameters", "-g"]
        ),
        run: [
            "/usr/bin/java", "-Xmx{memory_mib}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData", "-Dfile.encoding=UTF-8", "-cp", "{program}", "{name}",
        ],
        minimumMemory: .mebibytes(64),
        minimumProcesses: 32,
        version: ["/usr/bin/java", "--version"],
        packages: ["openjdk-17-jdk-headless", "zip"]
    )

    /// Go, with its standard library alone.
    public static let go = Runtime(
        name: "go",
        entrypoint: "main.go",
        build: Build(
            command: [
                "/usr/bin/go", "build", "{flags}", "{build_args}", "-o", "{program}", "{sources}",
            ],
            sourceEndings: [".go"],
            allowedArguments: ["-race"],
            environment: [
                "GOCACHE": "/tmp/cache", "GOPATH": "/tmp/go", "GO111MODULE": "off",
                "GOFLAGS": "-p=2",
            ]
        ),
        minimumProcesses: 32,
        version: ["/usr/bin/go", "version"],
        packages: ["golang-go", "gcc", "libc6-dev"]
    )

    /// Rust, with its standard library alone; the compiler itself finds the modules of a program.
    public static let rust = Runtime(
        name: "rust",
        entrypoint: "main.rs",
        build: Build(
            command: [
                "/usr/bin/rustc", "{flags}", "{build_args}", "-o", "{program}", "{entrypoint}",
            ],
            flags: ["--edition=2021", "-O"],
            allowedArguments: ["-O", "-g", "--edition=*"]
        ),
        minimumProcesses: 32,
        version: ["/usr/bin/rustc", "--version"],
        packages: ["rustc", "gcc", "libc6-dev"]
    )

    /// Ruby.
    public static let ruby = Runtime(
        name: "ruby",
        entrypoint: "main.rb",
        run: ["/usr/bin/ruby", "{entrypoint}"],
        minimumProcesses: 2,
        version: ["/usr/bin/ruby", "--version"],
        packages: ["ruby"]
    )

    /// Perl.
    public static let perl = Runtime(
        name: "perl",
        entrypoint: "main.pl",
        run: ["/usr/bin/perl", "{entrypoint}"],
        version: ["/usr/bin/perl", "-e", "print \"perl $^V\\n\""],
        packages: ["perl"]
    )

    /// PHP, as on a command line.
    public static let php = Runtime(
        name: "php",
        entrypoint: "main.php",
        run: [
            "/usr/bin/php", "-d", "memory_limit=-1", "-d", "display_errors=stderr", "{entrypoint}",
        ],
        version: ["/usr/bin/php", "--version"],
        packages: ["php-cli"]
    )

    /// Lua.
    public static let lua = Runtime(
        name: "lua",
        entrypoint: "main.lua",
        run: ["/usr/bin/lua5.4", "{entrypoint}"],
        version: ["/usr/bin/lua5.4", "-v"],
        packages: ["lua5.4"]
    )

    /// R.
    public static let r = Runtime(
        name: "r",
        entrypoint: "main.R",
        run: ["/usr/bin/Rscript", "--vanilla", "{entrypoint}"],
        minimumMemory: .mebibytes(64),
        minimumProcesses: 8,
        version: ["/usr/bin/Rscript", "--version"],
        packages: ["r-base-core"]
    )

    /// Those that are given.
    public static let given = [
        python, sh, node, c, cpp, bash, java, go, rust, ruby, perl, php, lua, r,
    ]

    /// The one of those given whose programs are called so.
    public static func ofFile(_ path: String) -> Runtime? {
        given.first { path.hasSuffix($0.fileEnding) }
    }

    private static let compilerArguments = [
        "-lm", "-lpthread", "-pthread", "-lrt", "-std=*", "-O*", "-D*", "-U*", "-W", "-Wall",
        "-Wextra", "-Wpedantic", "-pedantic", "-Werror", "-Wno-*", "-g",
    ]
}
