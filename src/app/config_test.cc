#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "app/backend_urls.h"
#include "app/config_sources.h"
#include "app/settings.h"

namespace safelight::app {
namespace {

Resolved with_environment(Variables environment) {
    return resolve({{}, std::move(environment), {}});
}

TEST(Settings, EveryDefaultIsAcceptedByItsOwnRow) {
    for (const auto& setting : settings()) {
        Config config;
        const std::string shown = setting.get(config);
        EXPECT_TRUE(setting.set(config, shown))
            << setting.variable << " does not accept its default " << shown;
        EXPECT_EQ(setting.get(config), shown) << setting.variable;
    }
}

TEST(Settings, NamesAreUniqueAndMakeFlags) {
    std::set<std::string> flags;
    for (const auto& setting : settings()) {
        EXPECT_TRUE(setting.variable.starts_with("SAFELIGHT_")) << setting.variable;
        EXPECT_TRUE(flags.insert(setting.flag()).second) << setting.flag();
    }
    EXPECT_TRUE(flags.contains("--listen"));
    EXPECT_TRUE(flags.contains("--header-timeout"));
}

TEST(Settings, EachRowSetsSomethingOfItsOwn) {
    const std::map<std::string, std::string> other_values{
        {"SAFELIGHT_LISTEN", "[::1]:99"},
        {"SAFELIGHT_WORKER_HEALTH", "[::1]:98"},
        {"SAFELIGHT_ACCESS", "everyone"},
        {"SAFELIGHT_CORS_ORIGINS", "https://shop.example"},
        {"SAFELIGHT_SIGNED_URL_SECRETS", std::string(32, 'a')},
        {"SAFELIGHT_SANDBOX", "off"},
        {"SAFELIGHT_JWT_ACCOUNTS", "made"},
        {"SAFELIGHT_JWT_ALGORITHMS", "HS256"},
        {"SAFELIGHT_KEEP_GPS", "on"},
        {"SAFELIGHT_SVG", "on"},
        {"SAFELIGHT_RENDER_MEMORY", "3 GiB"},
        {"SAFELIGHT_RENDERER_MEMORY_MAX", "3 GiB"},
        {"SAFELIGHT_SOURCE_HOSTS", "*.example.com:8443"},
        {"SAFELIGHT_OUTBOUND_ALLOWED_NETWORKS", "10.0.0.0/8"},
        {"SAFELIGHT_LOG_LEVEL", "warn"},
        {"SAFELIGHT_LOG_FORMAT", "json"}};
    for (const auto& setting : settings()) {
        Config config;
        std::string value = "7 m";
        if (const auto found = other_values.find(setting.variable); found != other_values.end())
            value = found->second;
        bool changed = false;
        for (const auto& candidate : {value, std::string("7 s"), std::string("9 kB"), std::string("33")}) {
            changed =
                changed || (setting.set(config, candidate) && setting.get(config) != setting.get(Config{}));
        }
        ASSERT_TRUE(changed) << setting.variable;
        for (const auto& other : settings()) {
            if (other.variable == setting.variable) continue;
            EXPECT_EQ(other.get(config), other.get(Config{}))
                << setting.variable << " also sets " << other.variable;
        }
    }
}

TEST(Sources, TheLaterOneWins) {
    const auto resolved = resolve({{{"SAFELIGHT_WORKERS", "3"}, {"SAFELIGHT_SIDE_MAX", "100"}},
                                   {{"SAFELIGHT_WORKERS", "4"}},
                                   {{"SAFELIGHT_SIDE_MAX", "200"}}});
    EXPECT_TRUE(resolved.faults.empty());
    EXPECT_EQ(worker_threads(resolved.config), 4U);
    EXPECT_EQ(resolved.config.image.side_max_px, 200U);
    EXPECT_EQ(resolved.origin.at("SAFELIGHT_WORKERS"), "environment");
    EXPECT_EQ(resolved.origin.at("SAFELIGHT_SIDE_MAX"), "flag");
    EXPECT_EQ(resolved.origin.at("SAFELIGHT_LISTEN"), "default");
}

TEST(Settings, RenderMemoryIsWhatRenderersHoldIdleAndWhatRendersGet) {
    const Config unset;
    EXPECT_GT(memory_for_renders(unset), 0U);
    EXPECT_LT(memory_for_renders(unset), render_memory(unset));
    const auto set = with_environment({{"SAFELIGHT_RENDERS", "3"}, {"SAFELIGHT_RENDER_MEMORY", "8 GiB"}});
    EXPECT_TRUE(set.faults.empty());
    EXPECT_EQ(render_memory(set.config), 8ULL << 30U);
    const auto more = with_environment({{"SAFELIGHT_RENDERS", "4"}, {"SAFELIGHT_RENDER_MEMORY", "8 GiB"}});
    EXPECT_LT(memory_for_renders(more.config), memory_for_renders(set.config));
    // A single one is held by its address space.
    EXPECT_LT(memory_for_one_render(set.config), set.config.sandbox.memory_bytes_max);
    const auto none = with_environment({{"SAFELIGHT_RENDERS", "4"}, {"SAFELIGHT_RENDER_MEMORY", "200 MiB"}});
    EXPECT_FALSE(none.faults.empty());
}

TEST(Settings, WorkersFollowTheProcessorsUnlessTheyAreSet) {
    EXPECT_GE(worker_threads(Config{}), 2U);
    EXPECT_EQ(worker_threads(with_environment({{"SAFELIGHT_WORKERS", "0"}}).config), 0U);
    EXPECT_EQ(worker_threads(with_environment({{"SAFELIGHT_WORKERS", "auto"}}).config),
              worker_threads(Config{}));
    EXPECT_FALSE(with_environment({{"SAFELIGHT_WORKERS", "many"}}).faults.empty());
    EXPECT_FALSE(with_environment({{"SAFELIGHT_WORKERS", "4294967297"}}).faults.empty());
    EXPECT_GE(render_slots(Config{}), 2U);
    EXPECT_EQ(render_slots(with_environment({{"SAFELIGHT_RENDERS", "5"}}).config), 5U);
    EXPECT_FALSE(with_environment({{"SAFELIGHT_RENDERS", "0"}}).faults.empty());
}

TEST(Sources, EveryFaultHasALineOfItsOwn) {
    const auto resolved = with_environment({{"SAFELIGHT_LISTEN", "8080"},
                                            {"SAFELIGHT_WORKERS", "-1"},
                                            {"SAFELIGHT_LEASE", "30"},
                                            {"SAFELIGHT_LISTN", "127.0.0.1:1"}});
    ASSERT_EQ(resolved.faults.size(), 4U);
    for (const auto& name : {"SAFELIGHT_LISTEN", "SAFELIGHT_WORKERS", "SAFELIGHT_LEASE", "SAFELIGHT_LISTN"}) {
        EXPECT_TRUE(std::ranges::any_of(resolved.faults, [&](const auto& f) { return f.starts_with(name); }))
            << name;
    }
    EXPECT_NE(resolved.faults.front().find("\"30\""), std::string::npos) << resolved.faults.front();
}

TEST(Sources, ForeignVariablesAreLeftAlone) {
    EXPECT_TRUE(with_environment({{"PATH", "/bin"}, {"SAFELIGHT_BINARY", "x"}}).faults.empty());
}

TEST(Validation, ValuesHaveToGoTogether) {
    EXPECT_FALSE(with_environment({{"SAFELIGHT_BODY_BYTES_MAX", "1 MB"}}).faults.empty());
    EXPECT_FALSE(
        with_environment({{"SAFELIGHT_S3_ACCESS_KEY", "x"}, {"SAFELIGHT_BLOBS", "s3://b"}}).faults.empty());
}

TEST(Validation, OnlyAStoreWithAddressesCanBeRedirectedTo) {
    const auto folder = with_environment({{"SAFELIGHT_BLOBS_REDIRECT", "5 MB"}});
    ASSERT_EQ(folder.faults.size(), 1U);
    EXPECT_THAT(folder.faults.front(), testing::HasSubstr("SAFELIGHT_BLOBS_REDIRECT is 5 MB"));
    const auto s3 =
        with_environment({{"SAFELIGHT_BLOBS_REDIRECT", "5 MB"}, {"SAFELIGHT_BLOBS", "s3://bucket"}});
    EXPECT_THAT(s3.faults, testing::IsEmpty());
    EXPECT_EQ(s3.config.blobs_redirect_bytes, 5'000'000U);
    EXPECT_FALSE(with_environment({{"SAFELIGHT_BLOBS_REDIRECT", "off"}}).config.blobs_redirect_bytes);
    for (const auto* bad : {"on", "0 B", "", "-1"})
        EXPECT_FALSE(with_environment({{"SAFELIGHT_BLOBS_REDIRECT", bad}}).faults.empty()) << bad;
}

TEST(Validation, UrlsChooseBackends) {
    for (const auto* bad : {"mysql://db/x", "postgres://[::1/x", "sqlite:", "x.db"})
        EXPECT_FALSE(with_environment({{"SAFELIGHT_CATALOG", bad}}).faults.empty()) << bad;
    for (const auto* bad : {"", "kafka://x", "rediss://x", "redis://", "redis:6379"})
        EXPECT_FALSE(with_environment({{"SAFELIGHT_QUEUE", bad}}).faults.empty()) << bad;
    for (const auto* bad : {"s3://", "s3://key:secret@bucket", "http://bucket", "file:"})
        EXPECT_FALSE(with_environment({{"SAFELIGHT_BLOBS", bad}}).faults.empty()) << bad;
    const Resolved good =
        with_environment({{"SAFELIGHT_CATALOG", "postgresql://safelight@db:5432/safelight"},
                          {"SAFELIGHT_QUEUE", "redis://:pass@cache:6379/1"},
                          {"SAFELIGHT_BLOBS", "s3://pictures/live?endpoint=http://store:9000"}});
    EXPECT_THAT(good.faults, testing::IsEmpty());
    EXPECT_TRUE(std::holds_alternative<PostgresConfig>(*chosen_catalog(good.config)));
    EXPECT_EQ(std::get<RedisQueueConfig>(*chosen_queue(good.config)).database, 1U);
    EXPECT_EQ(std::get<S3Config>(*chosen_blobs(good.config)).prefix, "live");
}

TEST(Validation, AStandbyGoesWithPostgres) {
    const auto with = [](const char* catalog, const char* read) {
        return with_environment({{"SAFELIGHT_CATALOG", catalog}, {"SAFELIGHT_CATALOG_READ", read}});
    };
    const Resolved good = with("postgres://db/x", "postgres://standby/x");
    EXPECT_THAT(good.faults, testing::IsEmpty());
    EXPECT_EQ(std::get<PostgresConfig>(*chosen_catalog(good.config)).read_url, "postgres://standby/x");
    EXPECT_EQ(std::get<PostgresConfig>(*chosen_catalog(with("postgres://db/x", "").config)).read_url, "");
    for (const auto* bad : {"sqlite:x.db", "host=standby", "postgres://[::1/x"}) {
        const Resolved resolved = with("postgres://db/x", bad);
        ASSERT_FALSE(resolved.faults.empty()) << bad;
        EXPECT_THAT(resolved.faults.front(), testing::StartsWith("SAFELIGHT_CATALOG_READ")) << bad;
    }
    EXPECT_FALSE(with("sqlite:x.db", "postgres://standby/x").faults.empty());
    EXPECT_FALSE(with("", "postgres://standby/x").faults.empty());
}

TEST(Validation, TokensNeedWhatTheyAreCheckedBy) {
    const Variables good{{"SAFELIGHT_ACCESS", "keys"},
                         {"SAFELIGHT_JWT_ISSUER", "https://id.example"},
                         {"SAFELIGHT_JWT_AUDIENCE", "safelight"},
                         {"SAFELIGHT_JWT_JWKS", "https://id.example/keys"}};
    EXPECT_THAT(with_environment(good).faults, testing::IsEmpty());
    for (const auto& [variable, value] : Variables{{"SAFELIGHT_ACCESS", "loopback"},
                                                   {"SAFELIGHT_JWT_AUDIENCE", ""},
                                                   {"SAFELIGHT_JWT_JWKS", "http://id.example/keys"},
                                                   {"SAFELIGHT_JWT_ALGORITHMS", "HS256"},
                                                   {"SAFELIGHT_JWT_SCOPE_CLAIM", ""}}) {
        Variables bad = good;
        bad[variable] = value;
        const auto faults = with_environment(bad).faults;
        ASSERT_EQ(faults.size(), 1U) << variable;
        const bool is_about_secret = variable == "SAFELIGHT_JWT_ALGORITHMS";
        EXPECT_THAT(faults.front(), testing::HasSubstr(is_about_secret ? "SAFELIGHT_JWT_SECRET" : variable));
    }
}

TEST(Validation, UploadsToS3HaveToFitIntoTheMemory) {
    Config config;
    config.ingest.uploads_max = 100'000;
    EXPECT_TRUE(check_upload_memory(config)) << "a folder takes them as they come";
    config.blobs_url = "s3://bucket";
    const Status fits = check_upload_memory(config);
    ASSERT_FALSE(fits);
    EXPECT_THAT(fits.error().public_text, testing::HasSubstr("holds up to 12 MiB"));
    config.ingest.uploads_max = 1;
    EXPECT_TRUE(check_upload_memory(config));
    config.ingest.uploads_max = 2;
    EXPECT_TRUE(check_upload_memory(config));
    config.http.connections_max = 1'000'000;  // each may be a download
    EXPECT_FALSE(check_upload_memory(config));
}

TEST(Validation, NoFaultRepeatsAPassword) {
    for (const auto& variables :
         {Variables{{"SAFELIGHT_CATALOG", "postgres://u:SECRET@[::1/x"}},
          Variables{{"SAFELIGHT_CATALOG", "postgres://h/x"},
                    {"SAFELIGHT_CATALOG_READ", "postgres://u:SECRET@[::1/x"}},
          Variables{{"SAFELIGHT_QUEUE", "redis://u:SECRET@host:nowhere"}},
          Variables{{"SAFELIGHT_BLOBS", "s3://u:SECRET@bucket"}},
          Variables{{"SAFELIGHT_CATALOG", std::string("postgres://u:SECRET@h/\0", 24)}}}) {
        const auto faults = with_environment(variables).faults;
        ASSERT_FALSE(faults.empty());
        for (const std::string& fault : faults) EXPECT_EQ(fault.find("SECRET"), std::string::npos) << fault;
    }
}

TEST(Urls, AreShownWithoutTheirPasswords) {
    EXPECT_EQ(without_password("postgres://u:p@ss@host:5432/x"), "postgres://u:***@host:5432/x");
    EXPECT_EQ(without_password("postgres://u:a?b@host/x"), "postgres://u:***@host/x");
    EXPECT_EQ(without_password("redis://:secret@host"), "redis://:***@host");
    EXPECT_EQ(without_password("postgres://u:p/w@host/x?sslmode=require"),
              "postgres://u:***@host/x?sslmode=require");
    EXPECT_EQ(without_password("redis://host:6379/0"), "redis://host:6379/0");
    EXPECT_EQ(without_password("postgres://host/x?user=u&password=secret&a=b"),
              "postgres://host/x?user=u&password=***&a=b");
    EXPECT_EQ(without_password("host=h password=secret dbname=x"), "host=h password=*** dbname=x");
    EXPECT_EQ(without_password("127.0.0.1:8080"), "127.0.0.1:8080");
}

TEST(Validation, DoesNotListenBeyondLoopbackUnlessToldSo) {
    EXPECT_FALSE(with_environment({{"SAFELIGHT_LISTEN", "0.0.0.0:8080"}}).faults.empty());
    EXPECT_TRUE(with_environment({{"SAFELIGHT_LISTEN", "0.0.0.0:8080"}, {"SAFELIGHT_ACCESS", "everyone"}})
                    .faults.empty());
    EXPECT_TRUE(with_environment({{"SAFELIGHT_LISTEN", "0.0.0.0:8080"}, {"SAFELIGHT_ACCESS", "keys"}})
                    .faults.empty());
    EXPECT_TRUE(with_environment({{"SAFELIGHT_LISTEN", "[::1]:8080"}}).faults.empty());
}

std::string sqlite_path(const Config& config) {
    const auto choice = chosen_catalog(config);
    return choice ? std::get<SqliteConfig>(*choice).path : "";
}

TEST(Urls, GivePaths) {
    Config config;
    config.data = "/srv/data";
    EXPECT_EQ(sqlite_path(config), "/srv/data/catalog.db");
    config.catalog_url = "sqlite:///var/lib/x.db";
    EXPECT_EQ(sqlite_path(config), "/var/lib/x.db");
    config.catalog_url = "sqlite:x.db";
    EXPECT_EQ(sqlite_path(config), "x.db");
    for (const auto* bad : {"sqlite://host/x", "sqlite:", "sqlite:///", "x.db"}) {
        config.catalog_url = bad;
        EXPECT_FALSE(chosen_catalog(config)) << bad;
    }
    config.blobs_url = "file:///srv/blobs";
    EXPECT_EQ(std::get<FilesystemConfig>(*chosen_blobs(config)).root, "/srv/blobs");
}

TEST(EnvFile, ReadsWhatPeopleWrite) {
    const auto variables = parse_env_file("# comment\n\nexport A=1\nB = \"two words\" \nC='x=y'\nD=\r\n");
    ASSERT_TRUE(variables);
    EXPECT_EQ(*variables, (Variables{{"A", "1"}, {"B", "two words"}, {"C", "x=y"}, {"D", ""}}));
    const auto bad = parse_env_file("A=1\nnonsense\n=x\n");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().faults.size(), 2U);
}

}  // namespace
}  // namespace safelight::app
