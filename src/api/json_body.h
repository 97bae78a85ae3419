// JSON objects as bodies of requests.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "api/api.h"
#include "api/upload.h"
#include "catalog/accounts.h"
#include "http/message.h"
#include "http/task.h"

namespace safelight {

struct ObjectBody {
    Scope scope;                       // that the call needs, and that has to last while the body comes
    bool may_be_empty = false;         // then it is an empty object
    std::string_view other_type = {};  // beside application/json, if there is one
};

/// The JSON object in the body, of 16 KiB at most. Errors: as read_body_text; 415; invalid_argument.
[[nodiscard]] http::Task<Received<boost::json::object>> read_object(const ApiParts& api,
                                                                    http::Request& request, ObjectBody body);

}  // namespace safelight
