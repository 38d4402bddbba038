internal import PostgreSQL
public import SandmillService

extension Database {
    /// Says who keeps the server from removing rows that ended long ago, and how to mend that.
    ///
    /// Of sessions of other users only a member of `pg_read_all_stats` learns.
    ///
    /// - Parameter age: How long somebody may hold a snapshot, and how long a transaction may be prepared. Of
    ///   a replication slot the time is not known: it may keep back a million transactions.
    /// - Returns: A sentence for each, the oldest first.
    /// - Throws: ``StoreError``.
    public func oldSnapshots(
        age: Duration = .seconds(600)
    ) async throws(StoreError) -> [String] {
        try await access {
            try await pool.query(Self.oldSnapshots, [age / .seconds(1)]).map { try $0["sentence"] }
        }
    }

    private static let oldSnapshots = """
        select sentence
        from (
            select age(backend_xmin) as transactions, format(
                'process %s of Postgres (%s, user %s) holds a snapshot for %s min, so that no dead row '
                'is removed: have it end its transaction, or: select pg_terminate_backend(%s)',
                pid, coalesce(nullif(application_name, ''), 'without a name'), usename,
                ceil(date_part('epoch', clock_timestamp() - xact_start) / 60), pid) as sentence
            from pg_stat_activity
            where backend_xmin is not null and pid <> pg_backend_pid()
                and backend_type <> 'autovacuum worker'
                and (datname = current_database() or datname is null)
                and xact_start <= clock_timestamp() - make_interval(secs => $1)
            union all
            select age(xmin), format(
                'the replication slot %s keeps back %s transactions, so that no dead row is removed: '
                'have its standby catch up, or: select pg_drop_replication_slot(%L)',
                slot_name, age(xmin), slot_name)
            from pg_replication_slots where age(xmin) > 1000000
            union all
            select age(transaction), format(
                'a transaction is prepared for %s min, so that no dead row is removed: commit it, or: '
                'rollback prepared %L',
                ceil(date_part('epoch', clock_timestamp() - prepared) / 60), gid)
            from pg_prepared_xacts
            where database = current_database()
                and prepared <= clock_timestamp() - make_interval(secs => $1)
        ) as holder
        order by transactions desc
        """
}
