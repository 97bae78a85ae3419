// A header, or a parameter of a query.
#pragma once

#include <string>
#include <utility>

namespace safelight::s3 {

using NameValue = std::pair<std::string, std::string>;

}  // namespace safelight::s3
