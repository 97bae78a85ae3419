#include "catalog/accounts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace safelight {
namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 3> scope_names{{
    {Scope::images_read, "images:read"},
    {Scope::images_write, "images:write"},
    {Scope::admin, "admin"},
}};

constexpr std::size_t name_bytes_max = 128;

/// Control characters, C1 among them, and what turns the direction of writing: a name is shown on terminals.
bool steers_a_terminal(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t offset) {
            return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
        };
        if (byte(0) < 0x20 || byte(0) == 0x7f) return true;
        if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return true;
        if (byte(0) == 0xe2 && byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) return true;
        if (byte(0) == 0xe2 && byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9) return true;
    }
    return false;
}

}  // namespace

std::string_view name_of(Scope scope) {
    for (const auto& [known, name] : scope_names) {
        if (known == scope) return name;
    }
    return "";
}

std::optional<Scope> scope_from_name(std::string_view name) {
    for (const auto& [scope, known] : scope_names) {
        if (known == name) return scope;
    }
    return std::nullopt;
}

std::vector<Scope> Scopes::list() const {
    std::vector<Scope> scopes;
    for (const auto& [scope, name] : scope_names) {
        if (has(scope)) scopes.push_back(scope);
    }
    return scopes;
}

std::string Scopes::to_text() const {
    std::string text;
    for (const Scope scope : list()) {
        if (!text.empty()) text += ' ';
        text += name_of(scope);
    }
    return text;
}

std::optional<Scopes> Scopes::from_text(std::string_view text) {
    Scopes scopes;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view name = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (name.empty()) continue;
        const auto scope = scope_from_name(name);
        if (!scope) return std::nullopt;
        scopes.add(*scope);
    }
    if (scopes.empty()) return std::nullopt;
    return scopes;
}

bool is_valid(const ApiKey& key, Timestamp now) {
    return !key.revoked_at && (!key.expires_at || now < *key.expires_at);
}

Status check_account_name(std::string_view name, std::string_view pointer) {
    const bool is_good =
        !name.empty() && name.size() <= name_bytes_max && is_utf8(name) && !steers_a_terminal(name);
    if (is_good) return {};
    return invalid(
        {{std::string(pointer), "A name has 1 to 128 bytes of UTF-8 without control characters."}});
}

std::unexpected<Error> no_account() {
    return failure(ErrorCode::not_found, "There is no such account.");
}

std::unexpected<Error> no_key() {
    return failure(ErrorCode::not_found, "There is no such key.");
}

std::unexpected<Error> key_is_over() {
    return failure(ErrorCode::conflict, "The key is not valid any more; make a new one instead.");
}

}  // namespace safelight
