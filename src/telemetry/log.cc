#include "telemetry/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "telemetry/log_line.h"

namespace safelight::telemetry {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// The lines are made here, since spdlog's patterns do not escape; spdlog's sink keeps each in one piece.
class StderrLogger final : public Logger {
  public:
    StderrLogger(Level level, LogFormat format)
        : format_(format),
          colour_(format == LogFormat::text && ::isatty(STDERR_FILENO) == 1),
          out_("safelight", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        out_.set_pattern("%v");
        out_.set_level(to_spdlog(level));
    }

    void log(Level level, std::string_view event, std::initializer_list<Field> fields) override {
        const auto severity = to_spdlog(level);
        if (!out_.should_log(severity)) return;
        const Event entry{clock_.now(), level, event, {fields.begin(), fields.size()}};
        const std::string line =
            format_ == LogFormat::json ? to_json_line(entry) : to_text_line(entry, colour_);
        out_.log(severity, spdlog::string_view_t(line.data(), line.size()));
    }

  private:
    const LogFormat format_;
    const bool colour_;
    const SystemClock clock_;  // the time of a log line is the time at which it was written, also in tests
    spdlog::logger out_;       // own synchronisation
};

class SilentLogger final : public Logger {
  public:
    void log(Level, std::string_view, std::initializer_list<Field>) override {}
};

}  // namespace

std::unique_ptr<Logger> make_stderr_logger(Level level, LogFormat format) {
    return std::make_unique<StderrLogger>(level, format);
}

std::unique_ptr<Logger> make_silent_logger() {
    return std::make_unique<SilentLogger>();
}

}  // namespace safelight::telemetry
