internal import Hummingbird

/// What goes with a request on its way.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who makes it.
    var caller = Caller.anybody

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}
