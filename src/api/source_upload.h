// A picture that this server fetches from where its client says.
#pragma once

#include <cstdint>

#include "api/problems.h"
#include "api/upload.h"
#include "outbound/failure.h"

namespace safelight {

/// The whole of POST /v1/jobs with a JSON body up to the job, where api.sources has a client. The picture
/// goes the way of an upload, with its limits and checks, while the request is open. `call` may be null; of a
/// call that was served before nothing is fetched. Ends soon when the client goes away, or may not any more.
/// Begins `quota`.
[[nodiscard]] http::Task<Received<Job>> receive_source(const ApiParts& api, const Principal& principal,
                                                       http::Request& request, IdempotentCall* call,
                                                       UploadQuota& quota);

/// What is told of a fetch that failed: nothing that the other server said but its status, and nothing of
/// names and addresses inside of the operator's networks.
[[nodiscard]] Refusal refusal_of(const OutboundFailure& failed, std::uint64_t picture_bytes_max);

}  // namespace safelight
