import AMQP
import FaultyProxy

extension FaultyProxy {
    /// A proxy before the broker of the tests, whose sign of life is a heartbeat frame.
    static func beforeBroker() throws -> FaultyProxy {
        let heartbeat: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 0xCE]
        return FaultyProxy(before: try Broker.endpoint().addresses[0].port, signOfLife: heartbeat)
    }

    /// The way to that broker through this proxy.
    func endpoint(heartbeat: Duration = .seconds(10)) throws -> Endpoint {
        var endpoint = try Broker.endpoint()
        endpoint.addresses[0].host = "127.0.0.1"
        endpoint.addresses[0].port = port
        endpoint.heartbeat = heartbeat
        return endpoint
    }
}
