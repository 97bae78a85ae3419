// The hosts that an operator permits, as they stand in a setting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace safelight {

/// Immutable; any thread.
class HostList {
  public:
    /// Entries with commas between them: "example.com", "*.example.com" (the names below it, not itself), "*"
    /// (every host), an IP address ("192.0.2.1", "[2001:db8::1]"); each may end with ":port". Without a port
    /// an entry permits 80 and 443. Empty when one of them is nothing of that.
    [[nodiscard]] static std::optional<HostList> parse(std::string_view text);

    [[nodiscard]] std::string to_text() const;
    [[nodiscard]] bool empty() const { return entries_.empty(); }

    /// `host` as in OutboundUrl. An IP address is permitted by "*" or an entry of its own.
    [[nodiscard]] bool permits(std::string_view host, std::uint16_t port) const;

    bool operator==(const HostList&) const = default;

  private:
    struct Entry {
        std::string host;       // in lower case, without brackets; empty: every host
        bool is_below = false;  // the names below `host`
        std::optional<std::uint16_t> port = std::nullopt;

        [[nodiscard]] bool permits(std::string_view other, std::uint16_t its_port) const;
        [[nodiscard]] std::string to_text() const;
        bool operator==(const Entry&) const = default;
    };
    [[nodiscard]] static std::optional<Entry> parse_entry(std::string_view text);

    std::vector<Entry> entries_;
};

}  // namespace safelight
