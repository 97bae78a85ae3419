#include "catalog/bulk_operations.h"

namespace safelight {

std::string_view name_of(BulkKind kind) {
    return kind == BulkKind::retry ? "retry" : "delete";
}

std::optional<BulkKind> bulk_kind_from_name(std::string_view name) {
    if (name == "retry") return BulkKind::retry;
    if (name == "delete") return BulkKind::remove;
    return std::nullopt;
}

}  // namespace safelight
