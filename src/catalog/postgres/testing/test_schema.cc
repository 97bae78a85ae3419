#include "catalog/postgres/testing/test_schema.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace safelight::postgres {
namespace {

std::string unused_name() {
    static const SystemClock clock;
    static IdGenerator ids{clock};
    std::string name = "test_" + ids.next<JobId>().to_string();
    std::ranges::replace(name, '-', '_');
    return name;
}

}  // namespace

std::string test_server_url() {
    const char* url = std::getenv("SAFELIGHT_TEST_POSTGRES");
    if (url == nullptr || *url == '\0')
        throw std::runtime_error("SAFELIGHT_TEST_POSTGRES is not set: ./test starts the server and sets it");
    return url;
}

RawDatabase::RawDatabase(const std::string& url) : handle_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(handle_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_.get()));
    PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
}

std::string RawDatabase::run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle_.get(), sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return "";
    const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    return sqlstate == nullptr ? "lost" : sqlstate;
}

void RawDatabase::must(const std::string& sql) {
    if (!run(sql).empty()) throw std::runtime_error(sql + ": " + PQerrorMessage(handle_.get()));
}

std::vector<std::string> RawDatabase::column(const std::string& sql, int number) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle_.get(), sql.c_str()), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        throw std::runtime_error(sql + ": " + PQerrorMessage(handle_.get()));
    std::vector<std::string> values;
    for (int row = 0; row < PQntuples(result.get()); ++row)
        values.emplace_back(PQgetvalue(result.get(), row, number));
    return values;
}

std::string RawDatabase::value(const std::string& sql) {
    const auto values = column(sql);
    return values.empty() ? "" : values.front();
}

TestSchema::TestSchema(std::string server_url) : server_url_(std::move(server_url)), name_(unused_name()) {
    RawDatabase(server_url_).must("CREATE SCHEMA " + name_);
}

TestSchema::~TestSchema() {
    try {
        RawDatabase raw(server_url_);
        static_cast<void>(raw.run("DROP SCHEMA " + name_ + " CASCADE"));
    } catch (const std::exception&) {  // the server of a test that ends it
    }
}

std::string TestSchema::url_of(const std::string& server_url) const {
    return server_url + "?options=-csearch_path%3D" + name_ + "&application_name=" + name_;
}

PostgresConfig TestSchema::config() const {
    PostgresConfig config;
    config.url = url();
    return config;
}

std::string TestSchema::ours(const std::string& condition) const {
    // An application's name is cut off at 63 characters; this one is shorter.
    return "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = '" + name_ + "' AND " +
           condition;
}

void wait_until(const std::function<bool()>& condition, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("never: " + what);
        std::this_thread::sleep_for(Milliseconds{5});
    }
}

Job job_of(IdGenerator& ids, BlobKey blob, Timestamp now) {
    Job job;
    job.image.id = ids.next<ImageId>();
    job.id = ids.next<JobId>();
    job.owner = default_account();
    job.metadata_json = "{}";
    job.updated_at = now;
    job.image.blob = blob;
    job.image.facts.width_px = 1;
    job.image.facts.height_px = 1;
    job.image.variants.resize(2);
    job.image.variants[0].name = "a";
    job.image.variants[1].name = "b";
    return job;
}

}  // namespace safelight::postgres
