// The values of a statement, in the binary form in which the server takes them. Their types are told to the
// server too, so that none is guessed from the text.
#pragma once

#include <postgres_ext.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/sha256.h"

namespace safelight::postgres {

/// Every value is copied.
class Parameters {
  public:
    template <class... Values>
    [[nodiscard]] static Parameters of(const Values&... values) {
        Parameters parameters;
        (parameters.add(values), ...);
        return parameters;
    }

    [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
    [[nodiscard]] const Oid* types() const { return types_.data(); }
    /// For the calls of libpq; valid as long as this lives and nothing is added.
    struct Arrays {
        std::vector<const char*> values;  // null: NULL
        std::vector<int> lengths;
        std::vector<int> formats;
    };
    [[nodiscard]] Arrays arrays() const;

  private:
    void add(bool value);
    void add(const char* value) = delete;  // would be taken for a bool
    void add(double value);
    void add(std::string_view value);
    void add(std::span<const std::byte> value);
    void add(const Uuid& value);
    void add(std::span<const Uuid> values);
    void add(std::span<const std::string> values);
    void add_integer(std::int64_t value);

    template <class Integer>
        requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
    void add(Integer value) {
        add_integer(static_cast<std::int64_t>(value));
    }
    void add(Timestamp value) { add_integer(value.time_since_epoch().count()); }
    template <class Tag>
    void add(const Id<Tag>& value) {
        add(value.uuid);
    }
    template <class Tag>
    void add(std::span<const Id<Tag>> ids) {
        std::vector<Uuid> uuids;
        uuids.reserve(ids.size());
        for (const auto& id : ids) uuids.push_back(id.uuid);
        add(std::span<const Uuid>(uuids));
    }
    void add(const Sha256& value) { add(std::span<const std::byte>(value.bytes)); }
    template <class Value>
    void add(const std::optional<Value>& value) {
        add(value.value_or(Value{}));  // for its type
        if (!value) values_.back().reset();
    }
    void push(Oid type, std::string bytes);

    std::vector<Oid> types_;
    std::vector<std::optional<std::string>> values_;
};

}  // namespace safelight::postgres
