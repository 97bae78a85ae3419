// Reads the members of one JSON object and gathers every fault with its pointer.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transform/hundredths.h"
#include "transform/names.h"

namespace safelight {

/// RFC 6901: "~" and "/" in a member's name.
[[nodiscard]] std::string escape_pointer(std::string_view name);

/// Each getter is empty when the member is absent, and also when it is not what it should be; then a fault
/// has been added. `object` and `faults` must outlive the reader.
class ObjectReader {
  public:
    ObjectReader(const boost::json::object& object, std::string pointer, std::vector<Fault>& faults)
        : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

    void allow_only(std::initializer_list<std::string_view> names);

    [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }
    std::optional<std::uint32_t> whole_number(std::string_view name, std::uint32_t min, std::uint32_t max);
    std::optional<Hundredths> decimal(std::string_view name, Hundredths min, Hundredths max);
    /// Degrees clockwise, `most` at most in either direction, as what is below a full turn of `full`.
    std::optional<Hundredths> angle(std::string_view name, Hundredths most, Hundredths full);
    std::optional<bool> boolean(std::string_view name);
    std::optional<std::string> text(std::string_view name);
    std::optional<ObjectReader> object(std::string_view name);

    template <class Value, std::size_t Count>
    std::optional<Value> choice(std::string_view name, const std::array<Named<Value>, Count>& names) {
        const auto word = text(name);
        if (!word) return std::nullopt;
        const auto value = value_in(names, *word);
        if (!value) fault(name, "\"" + std::string(name) + "\" is one of: " + choices(names) + ".");
        return value;
    }

    void fault(std::string_view name, std::string detail);
    /// Of the object as a whole.
    void fault(std::string detail);

  private:
    const boost::json::object& object_;
    std::string pointer_;
    std::vector<Fault>& faults_;
};

}  // namespace safelight
