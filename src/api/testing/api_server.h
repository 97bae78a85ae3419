// The API on a real server over real parts: what tests of the handlers talk to.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/api.h"
#include "api/signed_urls.h"
#include "api/testing/client.h"
#include "base/embedded_file.h"
#include "service/testing/house.h"

namespace safelight::testing {

/// Counts how often an upload is begun and written to, and passes everything on.
class CountingIngest final : public Ingest {
  public:
    explicit CountingIngest(std::unique_ptr<Ingest> inner) : inner_(std::move(inner)) {}

    std::atomic<int> begun = 0;
    std::atomic<int> writes = 0;
    std::atomic<int> finished = 0;
    std::atomic<int> alive = 0;
    std::atomic<std::size_t> largest_write = 0;

    Result<std::unique_ptr<Upload>> begin(AccountId owner) override;

  private:
    const std::unique_ptr<Ingest> inner_;
};

class CountingUpload final : public Upload {
  public:
    CountingUpload(std::unique_ptr<Upload> inner, CountingIngest& counts)
        : inner_(std::move(inner)), counts_(counts) {
        ++counts_.begun;
        ++counts_.alive;
    }
    ~CountingUpload() override {
        inner_.reset();
        --counts_.alive;
        counts_.alive.notify_all();
    }
    Status write(std::span<const std::byte> bytes) override {
        ++counts_.writes;
        counts_.largest_write = std::max(counts_.largest_write.load(), bytes.size());
        return inner_->write(bytes);
    }
    Result<Job> finish(const UploadDetails& details) override {
        ++counts_.finished;
        return inner_->finish(details);
    }

  private:
    std::unique_ptr<Upload> inner_;
    CountingIngest& counts_;
};

inline Result<std::unique_ptr<Upload>> CountingIngest::begin(AccountId owner) {
    TRY_ASSIGN(auto upload, inner_->begin(owner));
    return std::make_unique<CountingUpload>(std::move(upload), *this);
}

inline constexpr std::uint64_t test_picture_bytes_max = 1'000'000;
inline constexpr std::uint64_t test_part_bytes = 300'000;
inline constexpr std::size_t test_pool_threads = 2;

inline constexpr EmbeddedFile test_assets[] = {
    {"index.html", "<!doctype html>start", "aa"},
    {"assets/style.css", "body{}", "bb"},
    {"api-docs/index.html", "<!doctype html>docs", "cc"},
    {"api-docs/init.js", "go()", "dd"},
};

struct ApiServerOptions {
    bool keeps_gps = false;
    bool asks_for_keys = false;
    QuotaConfig quotas{};
    UrlSigningConfig signed_urls{};
    AllowedOrigins origins{};
    EventConfig events{};
};

struct ApiServer {
    SystemClock clock;
    House house{clock};
    CountingIngest ingest;
    std::unique_ptr<ResumableIngest> resumable_ingest = house.make_resumable_ingest(
        ingest, {.bytes_max = test_picture_bytes_max, .part_bytes = test_part_bytes});
    std::unique_ptr<Library> library = house.make_library();
    AccessControl access{{.cache_ttl = Milliseconds{0}}, house.database->accounts(), clock, house.log};
    KeyRing key_ring{house.database->accounts(), house.ids, clock};
    UrlSigner url_signer;
    WebhookRegistry webhooks{house.database->webhooks(), WebhookTargets({}, {}), house.ids, clock};
    QuotaDesk quotas;
    Presets presets;
    ThreadPool pool{"api-test", test_pool_threads, 64};
    std::unique_ptr<Authenticator> bearers;
    std::unique_ptr<Authenticator> authenticator;
    std::atomic<bool> blobs_fail = false;
    const EventConfig events;
    const AllowedOrigins origins;
    std::shared_ptr<std::atomic<std::uint32_t>> open_streams =
        std::make_shared<std::atomic<std::uint32_t>>(0);
    http::Router router;
    std::unique_ptr<http::Server> server;

    explicit ApiServer(const ApiServerOptions& options = {})
        : ingest(house.make_ingest({.bytes_max = test_picture_bytes_max, .keeps_gps = options.keeps_gps})),
          url_signer(options.signed_urls, clock),
          quotas(
              options.quotas,
              {.clock = clock, .ids = house.ids, .store = house.database->upload_quotas(), .log = house.log}),
          bearers(options.asks_for_keys ? make_bearer_authenticator(access, nullptr, pool)
                                        : make_open_authenticator()),
          authenticator(make_signed_url_authenticator(*bearers, url_signer)),
          events(options.events),
          origins(options.origins) {
        register_routes(router, parts_with(*library, *authenticator));
        server = serve(router);
    }
    ~ApiServer() { server->drain(); }

    [[nodiscard]] Client client() const { return {server->port()}; }

    /// What another API over the same house is made of.
    [[nodiscard]] ApiParts parts_with(Library& its_library, Authenticator& its_authenticator,
                                      const OriginalLinks& links = {}) {
        return {.clock = clock,
                .ingest = ingest,
                .resumable_ingest = *resumable_ingest,
                .library = its_library,
                .watch = house.watch,
                .changes = house.database->changes(),
                .authenticator = its_authenticator,
                .keys = key_ring,
                .url_signer = url_signer,
                .webhooks = webhooks,
                .quotas = quotas,
                .idempotency = {.store = house.database->idempotency()},
                .pool = pool,
                .ending_pool = pool,
                .log = house.log,
                .metrics = house.metrics,
                .presets = presets,
                .default_variants = value_of(parse_variants("thumbnail", presets, "")),
                .formats = house.renderer.formats(),
                .picture_bytes_max = test_picture_bytes_max,
                .links = links,
                .events = events,
                .open_streams = open_streams,
                .readiness = {{"catalog", [this] { return house.database->check(); }},
                              {"blobs", [this] { return check_blobs(); }}},
                .web_assets = test_assets};
    }
    /// On a port of its own. `its_router` outlives the server.
    [[nodiscard]] std::unique_ptr<http::Server> serve(http::Router& its_router) {
        http::ServerConfig config;
        config.port = 0;
        return value_of(http::start_server(config, its_router, make_hooks(house.log, house.metrics, origins),
                                           pool, house.ids));
    }

    [[nodiscard]] Status check_blobs() const {
        if (blobs_fail) return failure(ErrorCode::unavailable, "public words", "disk /dev/secret is gone");
        return {};
    }

    /// Does the work of a worker: every pending variant gets bytes of its own, or all fail with `error`.
    void work_on(JobId id, const std::optional<VariantError>& error = std::nullopt,
                 const std::optional<Look>& look = std::nullopt) {
        const auto claim = value_of(house.claims.claim(id, Milliseconds{60'000}, clock.now()));
        if (!claim) throw std::runtime_error("nothing to claim");
        std::vector<VariantOutcome> outcomes;
        for (const Variant& variant : claim->pending) {
            VariantOutcome outcome{.name = variant.name, .content = std::nullopt, .error = error};
            if (!error) outcome.content = store("bytes of " + variant.name);
            outcomes.push_back(std::move(outcome));
        }
        (void)value_of(house.claims.complete(id, claim->attempt, outcomes, look, clock.now()));
        house.watch.notify(id);
    }

    [[nodiscard]] static std::string picture(std::size_t size_bytes = 1'000) {
        const auto bytes = make_picture(size_bytes);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    [[nodiscard]] static JobId id_of(const Reply& reply) {
        return JobId::parse(std::string(reply.json().at("id").as_string())).value();
    }
    [[nodiscard]] static std::string image_of(const Reply& reply) {
        return "/v1/images/" + std::string(reply.json().at("image").at("id").as_string());
    }

  private:
    VariantContent store(std::string_view text) {
        const BlobKey key = house.ids.next<BlobKey>();
        const BlobKey keys[] = {key};
        if (!house.ledger.reserve(keys, clock.now() + Milliseconds{60'000}))
            throw std::runtime_error("reserve");
        const auto info = value_of(put(*house.blobs, key, std::as_bytes(std::span(text))));
        return {.blob = key,
                .format = Format::jpeg,
                .width_px = 100,
                .height_px = 75,
                .size_bytes = info.size_bytes,
                .sha256 = info.sha256};
    }
};

}  // namespace safelight::testing
