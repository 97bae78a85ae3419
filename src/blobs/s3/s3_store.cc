#include "blobs/s3/s3_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "blobs/s3/bucket.h"
#include "blobs/s3/conditional_put.h"
#include "blobs/s3/endurance.h"
#include "blobs/s3/object_names.h"
#include "blobs/s3/read_budget.h"
#include "blobs/s3/requester.h"
#include "blobs/s3/s3_source.h"
#include "blobs/s3/s3_writer.h"
#include "blobs/s3/writes_in_progress.h"

namespace safelight {
namespace {

constexpr int check_writes_max = 4;
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
          read_budget_(config_.read_budget_bytes) {}

    Result<std::unique_ptr<BlobWriter>> create(BlobKey key) override {
        return s3::start_s3_writer({config_, clock_, names_, bucket_, conditional_, writes_}, key);
    }

    Result<std::unique_ptr<ByteSource>> open(BlobKey key) override {
        return s3::open_s3_source(bucket_, read_budget_, config_, names_, key);
    }

    Status remove(BlobKey key) override {
        const std::string object = names_.name_of(key);
        TRY(call_off(key, object));
        return s3::plain(bucket_.remove(object));
    }

    std::vector<Status> remove_many(std::span<const BlobKey> keys) override {
        std::vector<Status> statuses;
        statuses.reserve(keys.size());
        while (!keys.empty()) {
            const auto batch = keys.first(std::min(keys.size(), s3::Bucket::batch_max));
            for (Status& status : remove_batch(batch)) statuses.push_back(std::move(status));
            keys = keys.subspan(batch.size());
        }
        return statuses;
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

    Status check() override { return s3::plain(probe(check_bucket_)); }

    Result<std::string> link_to(BlobKey key, const LinkOptions& options) override {
        if (options.valid_for < std::chrono::seconds(1) || options.valid_for > link_max)
            return invalid({{"valid_for", "A link is valid for 1 second to 7 days."}});
        std::vector<s3::NameValue> query;
        if (!options.content_type.empty()) query.emplace_back("response-content-type", options.content_type);
        if (!options.content_disposition.empty())
            query.emplace_back("response-content-disposition", options.content_disposition);
        return requester_.presigned_url(options.method == LinkMethod::head ? "HEAD" : "GET",
                                        names_.name_of(key), std::move(query),
                                        static_cast<unsigned>(options.valid_for.count()));
    }

    Status ensure_bucket() override {
        auto written = probe(bucket_);
        if (written || written.error().refusal != s3::Refusal::no_bucket)
            return s3::plain(std::move(written));
        TRY(s3::plain(bucket_.make(config_.region)));
        // One that was there already may be full, or not be ours to write to.
        return s3::plain(probe(bucket_));
    }

  private:
    static S3Config impatient(S3Config config) {
        config.call_timeout = std::min(config.call_timeout, config.check_timeout);
        return config;
    }

    [[nodiscard]] Status show(const std::string& name, std::uint64_t size_bytes, Timestamp modified_at,
                              bool unfinished, const std::function<Status(const BlobEntry&)>& visit,
                              const std::function<void(const std::string&)>& visit_foreign) const {
        if (name == names_.check_name()) return {};
        if (const auto key = names_.parse(name)) return visit({*key, size_bytes, modified_at, unfinished});
        visit_foreign(names_.short_name(name));
        return {};
    }

    /// Writers of the key, and its unfinished uploads, come to nothing. Goes before the removal of the
    /// object: an upload that is completed meanwhile has made what goes next. A removal can wait: it is not
    /// what finds out whether a store that was just silent has come back, since a client may be waiting.
    [[nodiscard]] Status call_off(BlobKey key, const std::string& object) {
        writes_.remove(key);
        if (requester_.was_just_silent())
            return s3::plain(s3::Outcome<void>(
                s3::unavailable("not asked to remove " + object + ": the S3 store was just silent")));
        return s3::plain(bucket_.abort_uploads_of(object));
    }

    /// The uploads one by one, since not every store lists those of many names at once; then the objects
    /// together, and by themselves those that did not go that way.
    [[nodiscard]] std::vector<Status> remove_batch(std::span<const BlobKey> keys) {
        s3::Endurance endurance;
        std::vector<Status> statuses;
        std::vector<std::string> objects;
        std::vector<std::size_t> places;  // of `objects` among `keys`
        for (const BlobKey key : keys) {
            std::string object = names_.name_of(key);
            statuses.push_back(endurance.attempt([&] { return call_off(key, object); }));
            if (!statuses.back()) continue;
            objects.push_back(std::move(object));
            places.push_back(statuses.size() - 1);
        }
        const std::vector<bool> are_gone = remove_together(objects);
        for (std::size_t i = 0; i < objects.size(); ++i) {
            if (are_gone[i]) continue;
            statuses[places[i]] = endurance.attempt([&] { return s3::plain(bucket_.remove(objects[i])); });
        }
        return statuses;
    }

    /// For each object whether it is gone; those that are not may still be removed one by one.
    [[nodiscard]] std::vector<bool> remove_together(std::span<const std::string> objects) {
        std::vector<bool> none(objects.size());
        if (objects.size() < 2 || !knows_batches_) return none;
        auto removed = bucket_.remove_batch(objects);
        if (removed) return *std::move(removed);
        if (removed.error().refusal == s3::Refusal::not_implemented) knows_batches_ = false;
        return none;
    }

    [[nodiscard]] static bool is_overtaken(const s3::Outcome<void>& written) {
        return !written && written.error().refusal == s3::Refusal::not_understood;
    }

    /// Writes the object of that purpose, which stays. Once it is there, a PUT that has to make it has to be
    /// refused, or the store does not heed the condition: asked once.
    [[nodiscard]] s3::Outcome<void> probe(s3::Bucket& bucket) {
        constexpr std::array content{std::byte{'?'}};
        const Sha256 sha256 = sha256_of(content);
        const std::string object = names_.check_name();
        auto written = bucket.put(object, content, sha256, s3::new_mark(), false);
        // A write that another check overtakes in the same instant is answered by Swift without an entity
        // tag.
        for (int i = 1; i < check_writes_max && is_overtaken(written); ++i)
            written = bucket.put(object, content, sha256, s3::new_mark(), false);
        TRY(written);
        if (conditional_.is_sure() || !conditional_.is_asked_for()) return {};
        const auto again = bucket.put(object, content, sha256, s3::new_mark(), true);
        if (again || again.error().refusal == s3::Refusal::not_implemented)
            conditional_.is_ignored();
        else if (again.error().refusal == s3::Refusal::exists)
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
    s3::ReadBudget read_budget_;
    std::atomic<bool> knows_batches_ = true;  // until it says that it does not
};

}  // namespace

Result<std::unique_ptr<S3Store>> open_s3_store(const S3Config& config,
                                               std::unique_ptr<s3::CredentialsProvider> credentials,
                                               const Clock& clock) {
    TRY(config.validate());
    return std::make_unique<RealS3Store>(config, std::move(credentials), clock);
}

}  // namespace safelight
