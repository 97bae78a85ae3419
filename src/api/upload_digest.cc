#include "api/upload_digest.h"

#include "base/sha256.h"

namespace safelight {
namespace {

class DigestUpload final : public Upload {
  public:
    Status write(std::span<const std::byte> bytes) override {
        hasher_.update(bytes);
        size_bytes_ += bytes.size();
        return {};
    }

    Result<Job> finish(const UploadDetails& details) override {
        if (size_bytes_ == 0) return failure(ErrorCode::empty_payload, "The content is empty.");
        Job job;
        job.image.size_bytes = size_bytes_;
        job.image.sha256 = hasher_.finish();
        if (details.expected_sha256 && *details.expected_sha256 != job.image.sha256)
            return failure(ErrorCode::digest_mismatch, "The content is not what its digest says.");
        return job;
    }

  private:
    Sha256Hasher hasher_;
    std::uint64_t size_bytes_ = 0;
};

class DigestIngest final : public Ingest {
  public:
    Result<std::unique_ptr<Upload>> begin(AccountId) override { return std::make_unique<DigestUpload>(); }
};

}  // namespace

std::unique_ptr<Ingest> make_digest_ingest() {
    return std::make_unique<DigestIngest>();
}

}  // namespace safelight
