#include "blobs/s3/s3_store.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "blobs/s3/bucket.h"
#include "blobs/s3/conditional_put.h"
#include "blobs/s3/object_names.h"
#include "blobs/s3/requester.h"
#include "blobs/s3/s3_source.h"
#include "blobs/s3/s3_writer.h"
#include "blobs/s3/writes_in_progress.h"

namespace safelight {
namespace {

constexpr std::chrono::seconds link_max = std::chrono::days(7);  // S3's limit

class RealS3Store final : public S3Store {
  public:
    RealS3Store(const S3Config& config, std::unique_ptr<s3::CredentialsProvider> credentials,
                const Clock& clock)
        : config_(config),
          clock_(clock),
          credentials_(std::move(credentials)),
          names_(config_.prefix),
          requester_(config_, *credentials_, clock_),
          bucket_(requester_, config_.list_page_max),
          check_config_(impatient(config_)),
          check_requester_(check_config_, *credentials_, clock_),
          check_bucket_(check_requester_, config_.list_page_max),
          conditional_(config_.conditional_writes),
          probe_ids_(clock_) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        return s3::start_s3_writer({config_, clock_, names_, bucket_, conditional_, writes_}, key);
    }

    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        return s3::open_s3_source(bucket_, config_, names_, key);
    }

    Status remove(BlobKey key) override {
        writes_.remove(key);
        const std::string object = names_.name_of(key);
        // Unfinished uploads first: one that is completed meanwhile has made the object that goes next.
        TRY(s3::plain(bucket_.abort_uploads_of(object)));
        return s3::plain(bucket_.remove(object));
    }

    Status list(const std::function<Status(const BlobEntry&)>& visit,
                const std::function<void(const std::string&)>& visit_foreign) override {
        std::string token;
        do {
            TRY_ASSIGN(const s3::ObjectPage page, s3::plain(bucket_.list(names_.begin(), token)));
            for (const s3::ListedObject& object : page.objects)
                TRY(show(object.name, object.size_bytes, object.modified_at, false, visit, visit_foreign));
            token = page.next_token;
        } while (!token.empty());

        s3::UploadPage page;
        do {
            TRY_ASSIGN(page, s3::plain(bucket_.list_uploads(names_.begin(), page)));
            for (const s3::ListedUpload& upload : page.uploads)
                TRY(show(upload.name, 0, upload.started_at, true, visit, visit_foreign));
        } while (!page.next_name.empty());
        return {};
    }

    /// Writes and removes a blob of a new key. If the process dies in between, it is one that no ledger
    /// knows.
    Status check() override {
        const std::string object = names_.name_of(probe_ids_.next<BlobKey>());
        auto written = probe(object);
        auto removed = s3::plain(check_bucket_.remove(object));
        return written ? removed : written;
    }

    Result<std::string> link_to(BlobKey key, const LinkOptions& options) override {
        if (options.valid_for < std::chrono::seconds(1) || options.valid_for > link_max)
            return invalid({{"valid_for", "A link is valid for 1 second to 7 days."}});
        std::vector<s3::NameValue> query;
        if (!options.content_type.empty()) query.emplace_back("response-content-type", options.content_type);
        if (!options.content_disposition.empty())
            query.emplace_back("response-content-disposition", options.content_disposition);
        return requester_.presigned_url(names_.name_of(key), std::move(query),
                                        static_cast<unsigned>(options.valid_for.count()));
    }

    Status make_bucket() override { return s3::plain(bucket_.make(config_.region)); }

  private:
    static S3Config impatient(S3Config config) {
        config.call_timeout = std::min(config.call_timeout, config.check_timeout);
        return config;
    }

    [[nodiscard]] Status show(const std::string& name, std::uint64_t size_bytes, Timestamp modified_at,
                              bool unfinished, const std::function<Status(const BlobEntry&)>& visit,
                              const std::function<void(const std::string&)>& visit_foreign) const {
        if (const auto key = names_.parse(name)) return visit({*key, size_bytes, modified_at, unfinished});
        visit_foreign(names_.short_name(name));
        return {};
    }

    /// The second PUT has to be refused, or the store does not heed the condition. Asked once.
    [[nodiscard]] Status probe(const std::string& object) {
        constexpr std::array content{std::byte{'?'}};
        const Sha256 sha256 = sha256_of(content);
        auto put = check_bucket_.put(object, content, sha256, s3::new_mark(), conditional_.is_asked_for());
        if (!put && put.error().refusal == s3::Refusal::not_implemented && conditional_.is_asked_for()) {
            conditional_.is_ignored();
            put = check_bucket_.put(object, content, sha256, s3::new_mark(), false);
        }
        // Its own first attempt, whose answer was lost: nobody else has this key.
        if (!put && put.error().refusal == s3::Refusal::exists) return {};
        if (!put) return std::unexpected(std::move(put).error().error);
        if (conditional_.is_sure() || !conditional_.is_asked_for()) return {};
        const auto again = check_bucket_.put(object, content, sha256, s3::new_mark(), true);
        if (again)
            conditional_.is_ignored();
        else if (again.error().refusal == s3::Refusal::exists && !again.error().may_have_acted)
            conditional_.is_heeded();
        return {};
    }

    const S3Config config_;
    const Clock& clock_;
    const std::unique_ptr<s3::CredentialsProvider> credentials_;
    const s3::ObjectNames names_;
    s3::Requester requester_;
    s3::Bucket bucket_;
    const S3Config check_config_;
    s3::Requester check_requester_;
    s3::Bucket check_bucket_;
    s3::ConditionalPut conditional_;
    s3::WritesInProgress writes_;
    IdGenerator probe_ids_;
};

}  // namespace

Result<std::unique_ptr<S3Store>> open_s3_store(const S3Config& config,
                                               std::unique_ptr<s3::CredentialsProvider> credentials,
                                               const Clock& clock) {
    TRY(config.validate());
    return std::make_unique<RealS3Store>(config, std::move(credentials), clock);
}

}  // namespace safelight
