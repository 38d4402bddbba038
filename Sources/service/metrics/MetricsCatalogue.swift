/// What processes count themselves: what it means, and the bounds of the histograms.
public enum MetricsCatalogue {
    /// What each metric means, by its name.
    public static let help = [
        "sandmill_http_request_seconds": "How long answers took to begin.",
        "sandmill_executions_received_total":
            "Requests that came: deliveries of the broker, which may come more than once, submissions by HTTP, "
            + "and members of batches.",
        "sandmill_executions_claimed_total": "Attempts that this worker took upon itself.",
        "sandmill_executions_duplicate_total": "Deliveries of requests that had come before.",
        "sandmill_executions_finished_total":
            "Executions whose end this process made durable, also of those that never ran.",
        "sandmill_dead_letters_total": "Messages that this process refused and kept.",
        "sandmill_leases_expired_total": "Dead workers that this one has taken over from.",
        "sandmill_sandbox_starts_total": "Sandboxes that were started.",
        "sandmill_sandbox_start_failures_total": "Sandboxes that could not be started.",
        "sandmill_sandbox_destroyed_total": "Sandboxes that were removed, and why.",
        "sandmill_queue_wait_seconds":
            "From the submission, or not_before, to the claim of the first attempt.",
        "sandmill_sandbox_wait_seconds": "From the claim to a sandbox.",
        "sandmill_run_seconds": "The time in the sandbox, with all cases.",
        "sandmill_collect_seconds":
            "From the end of the program until its output is durable.",
        "sandmill_commit_seconds": "From then until the end is durable in the record store.",
        "sandmill_end_to_end_seconds":
            "From the submission, or not_before, until the end is durable, of executions that had a claim.",
        "sandmill_store_delay_seconds":
            "How long something has waited that the record store does not take.",
        "sandmill_executions_removed_total":
            "Executions that this process removed with their files, by the cause.",
        "sandmill_results_removed_bytes_total":
            "What the files of executions took that this process removed, by the cause.",
        "sandmill_results_uploaded_bytes_total": "What this worker has put into the bucket.",
        "sandmill_results_upload_failures_total":
            "Results that could not be put into the bucket, or not be looked after there, each time anew.",
        "sandmill_records_removed_total":
            "Other records that this process removed because they had been kept for long enough.",
        "sandmill_outbox_published_total":
            "Messages of the outbox that were published, by what became of them.",
    ]

    /// The bounds of histograms, by name, in seconds.
    ///
    /// A wait may be a morning of a full queue; a run ends within its limit, which is minutes at most.
    public static let buckets = [
        "sandmill_queue_wait_seconds": waits,
        "sandmill_sandbox_wait_seconds": waits,
        "sandmill_end_to_end_seconds": waits,
        "sandmill_run_seconds": [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
            300,
        ],
    ]

    private static let waits = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900,
        3_600,
        14_400,
    ]
}
