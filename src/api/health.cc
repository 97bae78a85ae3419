#include "api/handlers.h"
#include "api/json.h"

namespace safelight {
namespace {

struct Report {
    bool is_ready = true;
    std::string json;
};

/// Blocks: asks every dependency.
Report ask(const HealthParts& health) {
    Report report;
    std::string checks;
    for (const ReadinessCheck& dependency : health.readiness) {
        const Status status = dependency.check();
        if (!checks.empty()) checks += ',';
        checks += R"({"name":)";
        append_quoted(checks, dependency.name);
        if (status) {
            checks += R"(,"status":"ok"})";
            continue;
        }
        report.is_ready = report.is_ready && !dependency.is_required;
        checks += R"(,"status":"failed"})";
        health.log.warn("not_ready", {{"dependency", dependency.name},
                                      {"code", name_of(status.error().code)},
                                      {"error", status.error().log_text.empty() ? status.error().public_text
                                                                                : status.error().log_text}});
    }
    report.json = std::string(R"({"status":)") + (report.is_ready ? R"("ok")" : R"("failed")") +
                  R"(,"checks":[)" + checks + "]}";
    return report;
}

http::Response uncached(int status, std::string type, std::string text) {
    http::Response response;
    response.status = status;
    response.headers.set("Content-Type", std::move(type));
    response.headers.set("Cache-Control", "no-store");
    response.body = std::move(text);
    return response;
}

}  // namespace

Handled get_health() {
    co_return uncached(200, "application/json", R"({"status":"ok"})");
}

Handled get_readiness(const HealthParts& health) {
    auto report = co_await http::on_pool(health.pool, [&]() -> Result<Report> { return ask(health); });
    if (!report) co_return refuse(std::move(report).error());
    const int status = report->is_ready ? 200 : type_of(Problem::unavailable).status;
    http::Response response = uncached(status, "application/json", std::move(report->json));
    if (!report->is_ready) response.headers.set("Retry-After", "5");
    co_return response;
}

Handled get_metrics(const HealthParts& health) {
    // Gauges may ask the catalog.
    auto text =
        co_await http::on_pool(health.pool, [&]() -> Result<std::string> { return health.metrics.expose(); });
    if (!text) co_return refuse(std::move(text).error());
    co_return uncached(200, "text/plain; version=0.0.4; charset=utf-8", *std::move(text));
}

}  // namespace safelight
