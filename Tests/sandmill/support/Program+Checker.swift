import Foundation
import Testing

extension Program {
    /// A script of the folder `clients`, run with the packages from PyPI that `ops/test` installs.
    static func checker(_ script: String, _ arguments: String...) throws -> Program {
        let python = Checkout.root.appending(path: ".sandmill/python/bin/python")
        try #require(
            FileManager.default.isExecutableFile(atPath: python.path()),
            "these tests need the Python packages that ops/test installs"
        )
        let file = Bundle.module.url(
            forResource: script,
            withExtension: "py",
            subdirectory: "clients"
        )
        return try Program(
            python,
            [try #require(file).path()] + arguments,
            in: .temporaryDirectory
        )
    }
}
