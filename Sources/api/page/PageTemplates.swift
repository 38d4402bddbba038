internal import FoundationEssentials
internal import HTTPTypes
import Hashing
internal import Hummingbird
internal import Mustache

/// The templates of the page, and what a browser loads beside them.
struct PageTemplates: Sendable {
    /// A screen's template.
    enum Name: String, CaseIterable {
        case access
        case batch
        case batches
        case bulkAction = "bulk-action"
        case confirm
        case deadLetter = "dead-letter"
        case deadLetters = "dead-letters"
        case execution
        case executions
        case layout
        case overview
        case problem
        case queues
        case signIn = "sign-in"
        case tryIt = "try"
        case workers
    }

    /// What a browser keeps and asks for anew when it is another.
    let version: String

    private let library: MustacheLibrary

    /// Parses the templates, which are part of the program.
    init() {
        var library = MustacheLibrary()
        for name in Name.allCases {
            do {
                let text = String(decoding: name.source, as: UTF8.self)
                try library.register(text, named: name.rawValue)
            } catch {
                preconditionFailure("the template \(name.rawValue) has an error: \(error)")
            }
        }
        self.library = library
        let assets = PackageResources.style_css + PackageResources.page_js
        version = String(SHA256.hash(assets).hexadecimal.prefix(8))
    }

    /// Fills a template with a view, escaping what it says.
    func render(_ name: Name, _ view: Any) -> String {
        guard let text = library.render(view, withTemplate: name.rawValue) else {
            preconditionFailure("every template is registered")
        }
        return text
    }

    /// What a browser loads by that name.
    static func asset(_ name: String) -> Response? {
        let (type, bytes): (String, [UInt8])
        switch name {
        case "style.css": (type, bytes) = ("text/css; charset=utf-8", PackageResources.style_css)
        case "page.js": (type, bytes) = ("text/javascript; charset=utf-8", PackageResources.page_js)
        default: return nil
        }
        return Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "max-age=31536000, immutable"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

extension PageTemplates.Name {
    fileprivate var source: [UInt8] {
        switch self {
        case .access: PackageResources.access_mustache
        case .batch: PackageResources.batch_mustache
        case .batches: PackageResources.batches_mustache
        case .bulkAction: PackageResources.bulk_action_mustache
        case .confirm: PackageResources.confirm_mustache
        case .deadLetter: PackageResources.dead_letter_mustache
        case .deadLetters: PackageResources.dead_letters_mustache
        case .execution: PackageResources.execution_mustache
        case .executions: PackageResources.executions_mustache
        case .layout: PackageResources.layout_mustache
        case .overview: PackageResources.overview_mustache
        case .problem: PackageResources.problem_mustache
        case .queues: PackageResources.queues_mustache
        case .signIn: PackageResources.sign_in_mustache
        case .tryIt: PackageResources.try_mustache
        case .workers: PackageResources.workers_mustache
        }
    }
}
