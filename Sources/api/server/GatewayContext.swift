internal import Hummingbird
internal import NIOCore

/// What goes with a request on its way.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who makes it.
    var caller = Caller.anybody

    /// The connection that it came by.
    let channel: any Channel

    init(source: Source) {
        channel = source.channel
        coreContext = CoreRequestContextStorage(source: source)
    }
}
