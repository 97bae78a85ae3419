#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace safelight::telemetry {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

void use_everything(Metrics& metrics) {
    metrics.http_request("GET", "/v1/jobs/{id}", 200, 1500us, 0, 700);
    metrics.http_request("POST", "/v1/jobs", 202, 40ms, 50'000, 900);
    metrics.upload("accepted", 50'000);
    metrics.upload("unsupported_image", 0);
    metrics.variant("ready");
    metrics.attempt("completed", 12ms);
    metrics.deletion();
    metrics.blobs_swept(3);
    metrics.jobs_rescued(2);
    metrics.rerender("remade");
    metrics.blob_operation("commit", "ok", 600us);
    metrics.gauge("safelight_backlog_jobs", "Jobs that wait.", [] { return 7.0; });
}

TEST(Metrics, EachFigureIsExposed) {
    Metrics metrics;
    use_everything(metrics);
    const std::string text = metrics.expose();
    for (const char* const line :
         {R"(safelight_http_requests_total{method="GET",route="/v1/jobs/{id}",status="200"} 1)",
          R"(safelight_http_request_seconds_count{method="POST",route="/v1/jobs"} 1)",
          R"(safelight_http_request_seconds_sum{method="POST",route="/v1/jobs"} 0.04)",
          R"(safelight_http_body_bytes_total{direction="in"} 50000)",
          R"(safelight_http_body_bytes_total{direction="out"} 1600)",
          R"(safelight_uploads_total{result="accepted"} 1)",
          R"(safelight_uploads_total{result="unsupported_image"} 1)", R"(safelight_upload_bytes_total 50000)",
          R"(safelight_variants_total{result="ready"} 1)",
          R"(safelight_attempts_total{result="completed"} 1)", R"(safelight_attempt_seconds_count 1)",
          R"(safelight_deletions_total 1)", R"(safelight_blobs_swept_total 3)",
          R"(safelight_jobs_rescued_total 2)", R"(safelight_rerenders_total{result="remade"} 1)",
          R"(safelight_blob_operations_total{operation="commit",result="ok"} 1)",
          R"(safelight_blob_operation_seconds_count{operation="commit"} 1)", R"(safelight_backlog_jobs 7)"}) {
        EXPECT_THAT(text, HasSubstr(line + std::string("\n")));
    }
}

TEST(Metrics, CountersWithoutLabelsAreThereFromTheStart) {
    const std::string text = Metrics().expose();
    EXPECT_THAT(text, HasSubstr("safelight_deletions_total 0\n"));
    EXPECT_THAT(text, HasSubstr("safelight_upload_bytes_total 0\n"));
}

TEST(Metrics, DurationsFallIntoTheirBuckets) {
    Metrics metrics;
    metrics.http_request("GET", "/", 200, 3ms, 0, 0);
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr(R"(_bucket{method="GET",route="/",le="0.0025"} 0)"));
    EXPECT_THAT(text, HasSubstr(R"(_bucket{method="GET",route="/",le="0.005"} 1)"));
    EXPECT_THAT(text, HasSubstr(R"(_bucket{method="GET",route="/",le="+Inf"} 1)"));
}

/// Every line is a comment of one of the two kinds, or a sample, in the grammar of the text format 0.0.4;
/// every name is introduced once.
void expect_well_formed(const std::string& text) {
    const std::regex comment(R"(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .*)");
    const std::regex sample(
        R"re([a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\"n])*",?)*\})? [-+0-9.eInfNa]+)re");
    std::set<std::string> introduced;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(std::regex_match(line, comment) || std::regex_match(line, sample)) << line;
        if (!line.starts_with("# TYPE ")) continue;
        EXPECT_TRUE(introduced.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
    EXPECT_FALSE(introduced.empty());
    EXPECT_TRUE(text.ends_with('\n'));
}

TEST(Metrics, TheExpositionParses) {
    Metrics metrics;
    use_everything(metrics);
    expect_well_formed(metrics.expose());
}

TEST(Metrics, HostileLabelsAreEscaped) {
    Metrics metrics;
    metrics.http_request("GE\"T", "/a\\b\nsafelight_forged 1", 200, 1ms, 0, 0);
    metrics.upload("\xff\xfe", 1);
    const std::string text = metrics.expose();
    expect_well_formed(text);
    EXPECT_THAT(text, HasSubstr(R"(method="GE\"T",route="/a\\b\nsafelight_forged 1")"));
    EXPECT_THAT(text, HasSubstr("result=\"\uFFFD\uFFFD\""));
}

TEST(Metrics, LabelsDoNotRunIntoEachOther) {
    Metrics metrics;
    metrics.blob_operation("ab", "c", 1us);
    metrics.blob_operation("a", "bc", 1us);
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr(R"({operation="ab",result="c"} 1)"));
    EXPECT_THAT(text, HasSubstr(R"({operation="a",result="bc"} 1)"));
}

TEST(Metrics, TheNumberOfSeriesIsBounded) {
    Metrics metrics;
    constexpr std::size_t values = Metrics::series_max + 500;
    for (std::size_t i = 0; i < values; ++i) metrics.upload("result " + std::to_string(i), 0);
    metrics.upload("result 0", 0);
    const std::string text = metrics.expose();
    EXPECT_EQ(count_of(text, "safelight_uploads_total{"), Metrics::series_max + 1);
    EXPECT_THAT(text, HasSubstr(R"(safelight_uploads_total{result="other"} 500)"));
    EXPECT_THAT(text, HasSubstr(R"(safelight_uploads_total{result="result 0"} 2)"));
}

TEST(Metrics, AGaugeIsAskedAtEachExposure) {
    Metrics metrics;
    double level = 1;
    metrics.gauge("level", "A level.", [&] { return level; });
    EXPECT_THAT(metrics.expose(), HasSubstr("# TYPE level gauge\nlevel 1\n"));
    level = 2.5;
    EXPECT_THAT(metrics.expose(), HasSubstr("\nlevel 2.5\n"));
    metrics.gauge("level", "Another level.", [] { return 9.0; });
    EXPECT_THAT(metrics.expose(), HasSubstr("\nlevel 9\n"));
    metrics.remove_gauge("level");
    metrics.remove_gauge("level");
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("level")));
}

TEST(Metrics, AGaugeThatCannotBeReadIsLeftOutAlone) {
    Metrics metrics;
    metrics.gauge("broken", "Throws.", []() -> double { throw std::runtime_error("gone"); });
    metrics.gauge("unknown", "Not known now.", [] { return std::numeric_limits<double>::quiet_NaN(); });
    metrics.gauge("working", "Works.", [] { return 1.0; });
    const std::string text = metrics.expose();
    EXPECT_THAT(text, Not(HasSubstr("broken")));
    EXPECT_THAT(text, Not(HasSubstr("unknown")));
    EXPECT_THAT(text, HasSubstr("\nworking 1\n"));
}

TEST(Metrics, AGaugesNameHasToBeOne) {
    Metrics metrics;
    for (const char* const name : {"", "1st", "a-b", "a b", "a\nb"}) {
        EXPECT_THROW(metrics.gauge(name, "help", [] { return 0.0; }), std::invalid_argument) << name;
    }
}

TEST(Metrics, ARemovedGaugeIsNeverReadAgain) {
    Metrics metrics;
    std::jthread scraper([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) (void)metrics.expose();
    });
    for (int i = 0; i < 200; ++i) {
        auto component = std::make_unique<double>(i);
        metrics.gauge("component", "Goes away.", [value = component.get()] { return *value; });
        metrics.remove_gauge("component");
        component.reset();
    }
}

TEST(Metrics, ThreadsCountTogether) {
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 1'000; ++j)
                    metrics.http_request("GET", "/" + std::to_string(j % 10), 200, 1ms, 1, 1);
            });
        }
    }
    const std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr(R"({method="GET",route="/3",status="200"} 400)"));
    EXPECT_THAT(text, HasSubstr(R"({direction="in"} 4000)"));
}

}  // namespace
}  // namespace safelight::telemetry
