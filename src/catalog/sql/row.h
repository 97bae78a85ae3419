// A row of a database's answer, and how its columns are read from left to right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sha256.h"

namespace safelight {

/// One row, by the numbers of its columns. What `text` and `bytes` return is valid until the next row.
class Row {
  public:
    virtual ~Row() = default;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double real(int column) const = 0;
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
    [[nodiscard]] virtual std::span<const std::byte> bytes(int column) const = 0;
};

/// Reads the columns of a row from left to right. What cannot be understood (written by a newer version, or
/// by hand) is remembered: ask `status` at the end.
class Columns {
  public:
    explicit Columns(const Row& row, int first = 0) : row_(row), next_(first) {}

    template <class AnyId>
    [[nodiscard]] AnyId id() {
        return AnyId{uuid()};
    }
    [[nodiscard]] Uuid uuid();
    [[nodiscard]] Sha256 sha256();
    [[nodiscard]] double real() { return row_.real(next_++); }
    /// Valid until the next row.
    [[nodiscard]] std::span<const std::byte> bytes() { return row_.bytes(next_++); }
    [[nodiscard]] std::string text() { return std::string(row_.text(next_++)); }
    [[nodiscard]] std::string_view view() { return row_.text(next_++); }
    template <class Integer = std::int64_t>
    [[nodiscard]] Integer number() {
        return static_cast<Integer>(row_.integer(next_++));
    }
    [[nodiscard]] Timestamp time() { return Timestamp{Milliseconds{row_.integer(next_++)}}; }
    [[nodiscard]] std::optional<Timestamp> optional_time();
    template <class Value>
    [[nodiscard]] Value named(std::optional<Value> (*from_name)(std::string_view)) {
        const auto value = from_name(row_.text(next_++));
        if (!value) understood_ = false;
        return value.value_or(Value{});
    }
    [[nodiscard]] bool next_is_null() const { return row_.is_null(next_); }
    void skip(int count) { next_ += count; }
    void not_understood() { understood_ = false; }
    [[nodiscard]] Status status() const;

  private:
    const Row& row_;
    int next_;
    bool understood_ = true;
};

}  // namespace safelight
