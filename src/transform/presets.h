// Named transforms of the configuration.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transform/transform.h"

namespace safelight {

/// 1–64 characters of a–z, 0–9, '-' and '_', beginning with a letter or digit.
[[nodiscard]] bool is_variant_name(std::string_view name);

/// One variant that is asked for.
struct VariantRequest {
    std::string name;
    Transform transform;

    bool operator==(const VariantRequest&) const = default;
};

/// Tells one state of a preset from another: the first 12 hexadecimal digits of its rendition_key. Equal
/// transforms have equal versions.
[[nodiscard]] std::string version_of(const Transform& transform);

/// Immutable after construction; any thread may read.
class Presets {
  public:
    /// Only `thumbnail`: fit inside 100×100, never enlarged, same format as the original.
    Presets();

    /// `thumbnail` and those of {"presets": {"name": {transform}, …}}, which may redefine it; a transform is
    /// an object, or a string in the compact spelling. Errors: invalid_argument with every fault at once,
    /// each with its pointer into the document (RFC 6901).
    [[nodiscard]] static Result<Presets> parse(std::string_view json);

    [[nodiscard]] const Transform* find(std::string_view name) const;
    [[nodiscard]] const std::map<std::string, Transform, std::less<>>& all() const { return transforms_; }

  private:
    std::map<std::string, Transform, std::less<>> transforms_;
};

/// How many variants one request may ask for.
inline constexpr std::size_t variants_per_request_max = 32;

/// Reads what clients write in `variants`: preset names separated by commas ("thumbnail,square"), or a JSON
/// list of preset names and {"name": …, "transform": …} objects, the transform in either spelling. An empty
/// text asks for none. Errors: invalid_argument with faults below `pointer`; a name twice is a fault.
[[nodiscard]] Result<std::vector<VariantRequest>> parse_variants(std::string_view text,
                                                                 const Presets& presets,
                                                                 std::string_view pointer);

}  // namespace safelight
