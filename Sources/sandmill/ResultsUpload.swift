import Foundation
import Logging
import S3
import SandmillAPI
import SandmillConfiguration
import SandmillResults
import SandmillService

extension Configuration {
    /// The bucket that results go to; nil where they stay in the results directory.
    func makeBucket() -> ResultsBucket? {
        guard let upload else { return nil }
        return ResultsBucket(
            Bucket.Settings(
                endpoint: upload.endpoint,
                region: upload.region,
                name: upload.bucket,
                prefix: upload.prefix,
                credentials: Credentials(
                    accessKey: upload.accessKey.text,
                    secretKey: upload.secretKey.text,
                    sessionToken: upload.sessionToken?.text
                ),
                usesPathStyle: upload.usesPathStyle,
                encryption: upload.encryption.ofBucket,
                authorities: upload.caFile
            )
        )
    }

    /// What uploads the results of this worker; nil where they stay.
    func makeUpload(
        of results: ResultsDirectory,
        to bucket: ResultsBucket?,
        records: any ResultRecords,
        logger: Logger
    ) -> UploadedResults? {
        guard let upload, let bucket else { return nil }
        return UploadedResults(
            results,
            root: resultsRoot,
            to: bucket,
            upload.when == .before ? .before : .behind,
            bound: upload.spool,
            records: records,
            worker: worker.id,
            logger: logger
        )
    }

    /// What reads results: from the results directory, or from that and the bucket.
    ///
    /// - Throws: `ResultsError` where they are in the directory, and that is not there.
    func makeFiles(
        _ bucket: ResultsBucket?
    ) throws(ResultsError) -> any ResultFiles & OutputSource {
        guard let upload, let bucket else { return try OutputFiles(root: resultsRoot) }
        return StoredFiles(
            local: try? OutputFiles(root: resultsRoot),
            bucket: bucket,
            mayBeSpooled: upload.when == .behind,
            linkLifetime: upload.redirects ? .seconds(300) : nil
        )
    }

    /// What removes and lists results.
    func makeInventory(_ bucket: ResultsBucket?) -> any ResultsListing {
        let local = ResultsInventory(root: resultsRoot)
        guard let bucket else { return local }
        let isThere = FileManager.default.fileExists(atPath: resultsRoot)
        return StoredInventory(local: isThere ? local : nil, bucket: bucket)
    }
}

extension UploadConfiguration.Encryption {
    fileprivate var ofBucket: Bucket.Settings.Encryption {
        switch self {
        case .none: .none
        case .aes256: .aes256
        case .kms: .kms
        }
    }
}
