internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillService

/// Values of ours in JSON columns.
enum StoredJSON {
    private static let encoder = JSONEncoder()
    private static let decoder = JSONDecoder()

    /// Encodes a value of ours, which always has a JSON form.
    static func encode(_ value: some Encodable) -> String {
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            preconditionFailure("a value of ours has no JSON form: \(error)")
        }
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type,
        from json: JSON
    ) throws(StoreError) -> Value {
        do {
            return try decoder.decode(type, from: Data(json.text.utf8))
        } catch {
            throw StoreError(.internal, "a JSON column holds what this version cannot read")
        }
    }
}
