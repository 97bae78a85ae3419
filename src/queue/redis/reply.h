// What Redis answered, as a tree. Nothing is taken for granted: a view of what is not there is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct redisReply;

namespace safelight::redis {

/// A part of a Reply, valid while that lives.
class ReplyView {
  public:
    explicit ReplyView(const redisReply* reply) : reply_(reply) {}

    [[nodiscard]] bool is_nil() const;
    [[nodiscard]] bool is_error() const;
    [[nodiscard]] bool is_array() const;
    /// Of a string, a status or an error; empty otherwise.
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    /// Of an array; 0 otherwise.
    [[nodiscard]] std::size_t size() const;
    /// Past the end, and of what is no array: nil.
    [[nodiscard]] ReplyView operator[](std::size_t index) const;

  private:
    const redisReply* reply_;  // null: nil
};

/// Of [name, value, name, value, …], as Redis describes things; nil when there is no such name.
[[nodiscard]] ReplyView value_of(ReplyView pairs, std::string_view name);

class Reply {
  public:
    explicit Reply(redisReply* reply) : reply_(reply) {}
    [[nodiscard]] ReplyView view() const { return ReplyView(reply_.get()); }

  private:
    struct Free {
        void operator()(redisReply* reply) const;
    };
    std::unique_ptr<redisReply, Free> reply_;
};

}  // namespace safelight::redis
