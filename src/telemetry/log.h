// Structured logs: an event and its fields; text on a terminal, one JSON object a line otherwise.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace safelight::telemetry {

enum class Level { debug, info, warn, error };
enum class LogFormat { text, json };

struct Field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
    Field(std::string_view n, double v) : name(n), value(v) {}
    template <class Integer>
        requires std::is_integral_v<Integer>
    Field(std::string_view n, Integer v) : name(n), value(widen(v)) {}

  private:
    template <class Integer>
    static auto widen(Integer v) {
        if constexpr (std::is_signed_v<Integer>) {
            return static_cast<std::int64_t>(v);
        } else {
            return static_cast<std::uint64_t>(v);
        }
    }
};

/// Any thread may call. Never pass keys, tokens, or bytes of a client's picture; text is escaped.
class Logger {
  public:
    virtual ~Logger() = default;
    virtual void log(Level level, std::string_view event, std::initializer_list<Field> fields) = 0;

    void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
        log(Level::debug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<Field> fields = {}) {
        log(Level::info, event, fields);
    }
    void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
        log(Level::warn, event, fields);
    }
    void error(std::string_view event, std::initializer_list<Field> fields = {}) {
        log(Level::error, event, fields);
    }
};

/// Writes to standard error, a line for each event of `level` or above.
[[nodiscard]] std::unique_ptr<Logger> make_stderr_logger(Level level, LogFormat format);
/// Drops everything; for tests.
[[nodiscard]] std::unique_ptr<Logger> make_silent_logger();

}  // namespace safelight::telemetry
