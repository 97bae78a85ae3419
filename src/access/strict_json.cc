#include "access/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace safelight {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Looks at the names of members alone, and stops at the first that its object has already.
class NameChecker {
  public:
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_key_size = -1;
    static constexpr std::size_t max_string_size = -1;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        objects_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        objects_.pop_back();
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(std::string_view part, std::size_t, error_code&) {
        name_ += part;
        return true;
    }
    bool on_key(std::string_view part, std::size_t, error_code& error) {
        name_ += part;
        if (objects_.back().insert(std::exchange(name_, {})).second) return true;
        error = json::error::exception;  // any error will do
        return false;
    }
    bool on_string_part(std::string_view, std::size_t, error_code&) { return true; }
    bool on_string(std::string_view, std::size_t, error_code&) { return true; }
    bool on_number_part(std::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, std::string_view, error_code&) { return true; }
    bool on_uint64(std::uint64_t, std::string_view, error_code&) { return true; }
    bool on_double(double, std::string_view, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(std::string_view, error_code&) { return true; }
    bool on_comment(std::string_view, error_code&) { return true; }

  private:
    std::vector<std::set<std::string>> objects_;  // names so far, of each object that is open
    std::string name_;
};

}  // namespace

std::optional<json::object> parse_strict_object(std::string_view text, std::size_t depth_max) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<NameChecker> names(options);
    error_code error;
    if (names.write_some(false, text.data(), text.size(), error) != text.size() || error) return std::nullopt;
    json::value value = json::parse(text, error, {}, options);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

}  // namespace safelight
