internal import SandmillEntity

extension RetentionPolicy {
    /// Reads the section `retention`, and that of each pool.
    ///
    /// What a pool does not say is as the section says it: a key of the pool, then `default` of the pool, then
    /// the key of the section, then its `default`.
    init(_ reader: inout SettingsReader, pools names: [String]) {
        let section = "retention"
        let usual = reader.retention("\(section).default") ?? .days(30)
        self.init(usual, maximum: reader.retention("\(section).maximum") ?? .days(90))
        for state in Self.states {
            states[state] = reader.retention("\(section).\(state.rawValue)") ?? usual
        }
        for name in names {
            let key = "pools.\(name).retention"
            let usual = reader.retention("\(key).default")
            var own = states
            for state in Self.states {
                let time = reader.retention("\(key).\(state.rawValue)") ?? usual
                if let time { own[state] = time }
            }
            if own != states { pools[name] = own }
        }
        deadLetters = reader.retention("\(section).dead_letters") ?? usual
        batches = reader.retention("\(section).batches") ?? usual
        removed = reader.retention("\(section).removed") ?? usual
        bulkActions = reader.retention("\(section).bulk_actions") ?? usual
        audit = reader.retention("\(section).audit") ?? .days(365)
        let key = "\(section).hold"
        for text in reader.list(key, default: []) {
            guard let hold = LabelHold(text: text) else {
                reader.refuse(key, "has \"\(text)\", expected a label such as hold or legal=yes")
                continue
            }
            holds.append(hold)
        }
        tenantBytes = reader.optionalBytes("\(section).tenant_bytes")
        totalBytes = reader.optionalBytes("\(section).total_bytes")
        tenantDeadLetterBytes = reader.bytes(
            "\(section).tenant_dead_letter_bytes",
            default: .mebibytes(1_024)
        )
    }
}
